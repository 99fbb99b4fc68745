//! For screen readers: no drawing, one thought a line, the most important first.

use std::io::{self, Write};

use lint_finding::{Finding, Outcome, Severity};

use crate::human::by_severity;
use crate::position::{Position, path_line, place_of_notice};
use crate::{capitalised, escape, files, remedy, silenced, summary};

pub(crate) fn write(outcome: &Outcome, has_summary: bool, out: &mut dyn Write) -> io::Result<()> {
    let all = outcome.findings.len();
    for (number, finding) in by_severity(outcome).into_iter().enumerate() {
        let severity = match finding.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Info => "Info",
            Severity::Pedantic => "Pedantic remark",
        };
        writeln!(out, "{severity}, {} of {all}.", number + 1)?;
        write_finding(outcome, finding, out)?;
        writeln!(out)?;
    }
    for notice in outcome.notices.iter().filter(|notice| has_summary || notice.incomplete) {
        let place = place_of_notice(outcome, notice).map(|place| format!("{place}: ")).unwrap_or_default();
        writeln!(out, "Note: {place}{}.", escape(&notice.message))?;
    }
    if has_summary {
        summary::write(outcome, outcome.fixes.is_some(), out)?;
        silenced::write_below_summary(outcome, out)?;
    } else if let Some(skipped) = files::unsaid(outcome) {
        writeln!(out, "Note: {skipped}.")?;
    }
    Ok(())
}

fn write_finding(outcome: &Outcome, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let Position { path, start, .. } = Position::of(outcome, finding.primary.place);
    writeln!(out, "{}.", capitalised(&escape(&finding.message)))?;
    writeln!(out, "File {}, line {}, column {}.", escape(path), start.line, start.column)?;
    if let Some(text) = text_of_line(outcome, finding) {
        writeln!(out, "The line: {text}")?;
    }
    for label in std::iter::once(&finding.primary).chain(&finding.labels) {
        if !label.message.is_empty() {
            writeln!(out, "At {}: {}.", path_line(outcome, label.place), escape(&label.message))?;
        }
    }
    if let Some(help) = remedy::text(outcome, finding) {
        for (number, line) in help.lines().enumerate() {
            let lead = if number == 0 { "Remedy: " } else { "" };
            writeln!(out, "{lead}{}", escape(line.trim()))?;
        }
    }
    if let Some(fix) = &finding.fix {
        let option = match fix.applicability {
            lint_finding::Applicability::Safe => "--fix",
            lint_finding::Applicability::Unsafe => "--fix --unsafe-fixes",
        };
        writeln!(out, "{option} does this: {}.", escape(&fix.title))?;
    }
    writeln!(out, "Rule {}.", finding.rule.name)
}

/// The line where it begins, as far as it may be shown and is short enough to listen to.
fn text_of_line(outcome: &Outcome, finding: &Finding) -> Option<String> {
    const LONGEST: usize = 200;
    let file = outcome.file(finding.primary.place.file).filter(|file| file.may_be_shown)?;
    let line = file.source.line(finding.primary.place.span.start);
    let text = file.source.slice(file.source.line_span(line)).trim_ascii();
    let text = crate::escape_bytes(text);
    (!text.is_empty() && text.len() <= LONGEST).then_some(text)
}
