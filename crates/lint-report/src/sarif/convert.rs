//! From a finding to a result.

use std::collections::BTreeMap;

use lint_finding::{
    BaselineRow, Edit, Finding, Fix, Label, LabelRole, Outcome, Place, RuleMeta, Severity, Suppressed,
};

use super::types::{self, Message};
use super::uri;
use crate::position::Position;
use crate::remedy;

/// As many locations of a result GitHub takes.
const MOST_LOCATIONS: usize = 1_000;

/// The key by which GitHub knows a result again.
const PRIMARY: &str = "primaryLocationLineHash";

/// The places of rules in the catalogue.
#[derive(Debug)]
pub(super) struct Ids(BTreeMap<&'static str, usize>);

impl Ids {
    pub(super) fn new(rules: &[&'static RuleMeta]) -> Self {
        Self(rules.iter().map(|rule| rule.name).zip(0..).collect())
    }
}

/// The level of a severity, as SARIF calls it.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Pedantic => "note",
    }
}

pub(super) fn result<'a>(
    outcome: &'a Outcome,
    finding: &'a Finding,
    ids: &Ids,
    baseline_state: Option<&'static str>,
    suppressed: Option<&'a Suppressed>,
) -> types::Finding<'a> {
    let message = match remedy::text(outcome, finding) {
        Some(help) => Message::new(format!("{}\n\n{help}", finding.message)),
        None => Message::new(finding.message.as_ref()),
    };
    let primary = || at_label(outcome, &finding.primary);
    let labels = || finding.labels.iter().take(MOST_LOCATIONS);
    let why = labels().filter(|label| label.role == LabelRole::Because);
    let mut flow: Vec<types::ThreadFlowLocation<'_>> =
        why.map(|label| types::ThreadFlowLocation { location: at_label(outcome, label) }).collect();
    let code_flows = (!flow.is_empty()).then(|| {
        flow.push(types::ThreadFlowLocation { location: primary() });
        [types::CodeFlow { thread_flows: [types::ThreadFlow { locations: flow }] }]
    });
    let related_locations = labels()
        .zip(1..)
        .map(|(label, id)| types::Location { id: Some(id), ..at_label(outcome, label) })
        .collect();
    let fixes = [&finding.fix, &finding.unsafe_fix].into_iter().flatten();
    let suppression = |one: &'a Suppressed| types::Suppression {
        kind: "inSource",
        status: "accepted",
        justification: &one.reason,
        location: location(outcome, one.comment, None),
    };
    let endpoint = finding.endpoint.as_ref();
    types::Finding {
        rule_id: finding.rule.name,
        rule_index: ids.0.get(finding.rule.name).copied(),
        level: level(finding.severity),
        message,
        locations: [primary()],
        related_locations,
        code_flows,
        partial_fingerprints: fingerprints(finding),
        fixes: fixes.map(|one| fix(outcome, one)).collect(),
        suppressions: suppressed.map(|one| [suppression(one)]),
        baseline_state,
        properties: Some(types::Properties {
            confidence: finding.confidence.name(),
            verify: finding.verify(),
            endpoint: endpoint
                .map(|name| types::EndpointName { server: &name.server, location: &name.location }),
        }),
    }
}

/// Findings of the baseline that are not there any more: of where they were, only the file is known.
pub(super) fn absent<'a>(one: &'a BaselineRow, ids: &Ids) -> types::Finding<'a> {
    types::Finding {
        rule_id: &one.rule,
        rule_index: ids.0.get(one.rule.as_str()).copied(),
        level: "none",
        message: Message::new(format!("{} of the baseline is not found any more", one.rule)),
        locations: [in_file(&one.path)],
        related_locations: Vec::new(),
        code_flows: None,
        partial_fingerprints: BTreeMap::from([("nginxWsLint/v2", one.fingerprint.clone())]),
        fixes: Vec::new(),
        suppressions: None,
        baseline_state: Some("absent"),
        properties: None,
    }
}

fn fingerprints(finding: &Finding) -> BTreeMap<&'static str, String> {
    let own = finding.fingerprint_v2;
    BTreeMap::from([
        (PRIMARY, format!("{}:{}", own.digits(), own.number())),
        ("nginxWsLint/v1", finding.fingerprint.to_string()),
        ("nginxWsLint/v2", own.to_string()),
    ])
}

fn at_label<'a>(outcome: &'a Outcome, label: &'a Label) -> types::Location<'a> {
    location(outcome, label.place, Some(&label.message))
}

/// A place with what is said about it.
pub(super) fn location<'a>(outcome: &'a Outcome, place: Place, text: Option<&'a str>) -> types::Location<'a> {
    let (artifact_location, region) = (uri::artifact_of(outcome, place.file), Some(region(outcome, place)));
    types::Location {
        id: None,
        physical_location: types::PhysicalLocation { artifact_location, region },
        message: text.filter(|text| !text.is_empty()).map(Message::new),
    }
}

/// A file as a whole.
pub(super) fn in_file<'a>(path: &str) -> types::Location<'a> {
    let physical_location =
        types::PhysicalLocation { artifact_location: uri::artifact(path.as_bytes()), region: None };
    types::Location { id: None, physical_location, message: None }
}

fn region(outcome: &Outcome, place: Place) -> types::Region {
    let Position { span, start, end, .. } = Position::of(outcome, place);
    types::Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_offset: span.start,
        byte_length: span.end - span.start,
    }
}

fn fix<'a>(outcome: &'a Outcome, fix: &'a Fix) -> types::Fix<'a> {
    let files = fix.edits.chunk_by(|one, other| one.place.file == other.place.file);
    let change = |edits: &'a [Edit]| {
        let artifact_location = uri::artifact_of(outcome, edits.first()?.place.file);
        let replacements = edits.iter().map(|edit| replacement(outcome, edit)).collect();
        Some(types::ArtifactChange { artifact_location, replacements })
    };
    types::Fix {
        description: Message::new(fix.title.as_ref()),
        artifact_changes: files.filter_map(change).collect(),
        properties: types::FixProperties { applicability: fix.applicability.name() },
    }
}

fn replacement<'a>(outcome: &Outcome, edit: &'a Edit) -> types::Replacement<'a> {
    let content = match std::str::from_utf8(&edit.replacement) {
        Ok(text) => types::Content::Text(text),
        Err(_) => types::Content::Binary(data_encoding::BASE64.encode(&edit.replacement)),
    };
    types::Replacement {
        deleted_region: region(outcome, edit.place),
        inserted_content: (!edit.replacement.is_empty()).then_some(content),
    }
}
