//! From an outcome to output version 1.

use std::sync::Arc;

use lint_finding::{self as finding, Outcome, Place, Severity};

use super::rows::{Rows, Trace};
use super::v1;
use crate::ToolInfo;
use crate::position::{Position, line_of};

pub(crate) fn output<'a>(outcome: &'a Outcome, tool: &ToolInfo<'a>) -> v1::Output<'a> {
    v1::Output {
        schema: v1::SCHEMA,
        version: v1::VERSION,
        tool: v1::Tool { name: tool.name, version: tool.version, commit: tool.commit },
        findings: findings(outcome),
        suppressed: Rows::new(outcome, &outcome.suppressed, suppressed),
        baseline: outcome.baseline.as_ref().map(|known| v1::Baseline {
            unchanged: known.unchanged.len(),
            absent: Rows::new(outcome, &known.absent, absent),
        }),
        endpoints: Rows::new(outcome, &outcome.endpoints, endpoint),
        settings: settings(outcome),
        summary: summary(outcome),
        notices: notices(outcome),
        files: Rows::new(outcome, &outcome.reports, file),
        passed_over: &outcome.passed_over,
        excluded: &outcome.excluded,
        fixes: outcome.fixes.as_ref().map(|report| fixes(outcome, report)),
    }
}

pub(super) fn suppressed<'a>(outcome: &'a Outcome, one: &'a finding::Suppressed) -> v1::Suppressed<'a> {
    let reason = one.reason.as_str();
    let finding = v1::Finding { suppressed: Some(reason), ..finding(outcome, &one.finding) };
    let (file, line) = line_of(outcome, one.comment);
    v1::Suppressed { finding, reason, comment: v1::Line { file, line } }
}

fn absent<'a>(_: &'a Outcome, one: &'a finding::BaselineRow) -> v1::Absent<'a> {
    v1::Absent { file: &one.path, rule: &one.rule, fingerprint: &one.fingerprint, count: one.count }
}

pub(super) fn file<'a>(_: &'a Outcome, report: &'a finding::FileReport) -> v1::File<'a> {
    let reason = report.reason.as_ref();
    v1::File {
        path: &report.path,
        status: report.status.name(),
        reason: reason.map(|reason| reason.code),
        text: reason.map(|reason| reason.text.as_str()),
        part_of: &report.part_of,
        adopted_by: report.adopted_by.as_deref(),
        block: report.block,
    }
}

pub(super) fn findings(outcome: &Outcome) -> Rows<'_, finding::Finding, v1::Finding<'_>> {
    Rows::new(outcome, &outcome.findings, finding)
}

pub(super) fn notices(outcome: &Outcome) -> Rows<'_, finding::Notice, v1::Notice<'_>> {
    Rows::new(outcome, &outcome.notices, notice)
}

pub(super) fn settings(outcome: &Outcome) -> Rows<'_, finding::SettingsInEffect, v1::SettingsInEffect<'_>> {
    Rows::new(outcome, &outcome.settings, |_, settings| v1::SettingsInEffect {
        file: &settings.file,
        rules_off: &settings.rules_off,
        paths_denied: &settings.paths_denied,
    })
}

pub(super) fn summary(outcome: &Outcome) -> v1::Summary {
    let summary = &outcome.summary;
    v1::Summary {
        files: summary.files,
        not_judged: summary.not_judged,
        not_nginx: summary.not_nginx,
        passed_over: summary.passed_over,
        excluded: summary.excluded,
        endpoints: summary.endpoints,
        proxied_locations: summary.proxied_locations,
        errors: summary.errors,
        warnings: summary.warnings,
        info: summary.infos,
        suppressed: summary.suppressed,
        suppressed_refusals: summary.suppressed_refusals,
        known: summary.known,
        not_changed: summary.not_changed,
        hidden_by_settings: summary.hidden_by_settings,
        lowered_by_settings: summary.lowered_by_settings,
        denied_by_comments: summary.denied_by_comments,
        endpoints_denied_by_comments: summary.endpoints_denied_by_comments,
        unknown_lines: summary.unknown_lines,
        fixable: summary.fixable,
        fixable_safely: summary.fixable_safely,
    }
}

pub(super) fn finding<'a>(outcome: &'a Outcome, finding: &'a finding::Finding) -> v1::Finding<'a> {
    let (file, range) = range(outcome, finding.primary.place);
    v1::Finding {
        rule: finding.rule.name,
        group: finding.rule.group.name(),
        level: level(finding.rule.severity),
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        message: &finding.message,
        help: finding.help.as_deref(),
        verify: finding.verify(),
        url: (!finding.rule.docs.is_empty()).then_some(v1::Page(finding.rule.name)),
        fingerprint: v1::Hash(finding.fingerprint),
        fingerprints: v1::Fingerprints { v2: v1::Hash(finding.fingerprint_v2) },
        file,
        range,
        view: view(outcome, finding.primary.place),
        label: Some(finding.primary.message.as_ref()).filter(|message| !message.is_empty()),
        labels: Rows::new(outcome, &finding.labels, label),
        trace: Trace { outcome, labels: &finding.labels },
        fix: finding.fix.as_ref().map(|fix| self::fix(outcome, fix)),
        unsafe_fix: finding.unsafe_fix.as_ref().map(|fix| self::fix(outcome, fix)),
        endpoint: finding
            .endpoint
            .as_ref()
            .map(|name| v1::EndpointName { server: &name.server, location: &name.location }),
        suppressed: None,
    }
}

fn label<'a>(outcome: &'a Outcome, label: &'a finding::Label) -> v1::Label<'a> {
    let (file, range) = range(outcome, label.place);
    v1::Label { file, range, view: view(outcome, label.place), message: &label.message }
}

pub(super) fn step<'a>(outcome: &'a Outcome, label: &'a finding::Label) -> v1::Step<'a> {
    let (file, line) = line_of(outcome, label.place);
    v1::Step { file, line, message: &label.message }
}

fn fix<'a>(outcome: &'a Outcome, fix: &'a finding::Fix) -> v1::Fix<'a> {
    let edits = Rows::new(outcome, &fix.edits, edit);
    v1::Fix { title: &fix.title, applicability: fix.applicability.name(), edits }
}

fn edit<'a>(outcome: &'a Outcome, edit: &'a finding::Edit) -> v1::Edit<'a> {
    let (file, range) = range(outcome, edit.place);
    let bytes = &edit.replacement;
    let digits = || bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let replacement_hex = std::str::from_utf8(bytes).is_err().then(digits);
    let view = view(outcome, edit.place);
    v1::Edit { file, range, view, replacement: String::from_utf8_lossy(bytes), replacement_hex }
}

fn fixes<'a>(outcome: &'a Outcome, report: &'a finding::FixReport) -> v1::Fixes<'a> {
    fn row<'a>(_: &'a Outcome, row: &'a finding::FixRow) -> v1::FixRow<'a> {
        v1::FixRow {
            rule: row.rule.name,
            title: &row.title,
            applicability: row.applicability.name(),
            file: &row.path,
            line: row.line,
            reason: row.reason.as_deref(),
        }
    }
    v1::Fixes {
        applied: Rows::new(outcome, &report.applied, row),
        dropped: Rows::new(outcome, &report.dropped, row),
        files: &report.files,
    }
}

pub(super) fn endpoint<'a>(outcome: &'a Outcome, row: &'a finding::EndpointRow) -> v1::Endpoint<'a> {
    let (file, range) = range(outcome, row.place);
    v1::Endpoint {
        file,
        line: range.start.line,
        range,
        view: view(outcome, row.place),
        server_names: &row.server_names,
        listens: &row.listens,
        location: &row.location,
        evidence: Rows::new(outcome, &row.evidence, evidence),
        confidence: row.confidence.name(),
        upstream: &row.upstream,
        handshake: v1::Handshake {
            http_version: setting(outcome, &row.http_version),
            upgrade: setting(outcome, &row.upgrade),
            connection: setting(outcome, &row.connection),
            host: setting(outcome, &row.host),
            headers: Rows::new(outcome, &row.other_headers, header),
        },
        idle_timeout: setting(outcome, &row.idle_timeout),
    }
}

fn evidence<'a>(outcome: &'a Outcome, evidence: &'a finding::EvidenceRow) -> v1::Evidence<'a> {
    let (file, line) = optional_line(outcome, evidence.place);
    v1::Evidence { kind: evidence.kind.name(), text: &evidence.text, file, line }
}

fn header<'a>(outcome: &'a Outcome, (name, setting): &'a (Arc<str>, finding::Setting)) -> v1::Header<'a> {
    v1::Header { name, setting: self::setting(outcome, setting) }
}

fn setting<'a>(outcome: &'a Outcome, setting: &'a finding::Setting) -> v1::Setting<'a> {
    let (file, line) = optional_line(outcome, setting.place);
    v1::Setting {
        value: setting.value.as_deref(),
        origin: setting.origin.name(),
        file,
        line,
        note: setting.note.as_deref(),
    }
}

pub(super) fn notice<'a>(outcome: &'a Outcome, notice: &'a finding::Notice) -> v1::Notice<'a> {
    let (file, line) = optional_line(outcome, notice.place);
    v1::Notice {
        code: notice.code.name(),
        message: &notice.message,
        file: file.or(notice.path.as_deref()),
        line,
        incomplete: notice.incomplete,
    }
}

fn range(outcome: &Outcome, place: Place) -> (&str, v1::Range) {
    let Position { path, span, start, end } = Position::of(outcome, place);
    let start = v1::Point { line: start.line, column: start.column, offset: span.start };
    let end = v1::Point { line: end.line, column: end.column, offset: span.end };
    (path, v1::Range { start, end })
}

/// The text inside a file that a place is of.
fn view(outcome: &Outcome, place: Place) -> Option<v1::View<'_>> {
    let view = outcome.file(place.file)?.view.as_deref()?;
    let (_, line) = line_of(outcome, place);
    let line = line.saturating_sub(view.first_line) + 1;
    Some(v1::View { name: &view.name, path: view.path.as_deref(), host: view.host.as_deref(), line })
}

pub(super) fn optional_line(outcome: &Outcome, place: Option<Place>) -> (Option<&str>, Option<u32>) {
    let at = place.map(|place| line_of(outcome, place));
    (at.map(|(file, _)| file), at.map(|(_, line)| line))
}

/// What kind of rule has this as its highest severity.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error | Severity::Warning => "correctness",
        Severity::Info => "suspicious",
        Severity::Pedantic => "pedantic",
    }
}
