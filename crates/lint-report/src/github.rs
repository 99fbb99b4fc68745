//! Workflow commands, which GitHub's runner shows beside the lines of a pull request.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>. Of a step it shows the first ten
//! of each kind, so the most severe findings come first. All else that these lines hold is escaped: the only commands in
//! them are ours.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::io::{self, Write};

use lint_finding::{Finding, Outcome, Severity};

use crate::position::{Position, line_of};
use crate::{escape, remedy};

pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let mut findings: Vec<&Finding> = outcome.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    for finding in findings {
        let Position { path, start, end, .. } = Position::of(outcome, finding.primary.place);
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Pedantic => "notice",
        };
        write!(out, "::{command} file={},line={}", property(path), start.line)?;
        // Columns of several lines mean nothing, and make the runner drop the annotation.
        if start.line == end.line {
            write!(out, ",endLine={},col={},endColumn={}", end.line, start.column, end.column)?;
        } else {
            write!(out, ",endLine={}", end.line)?;
        }
        write!(out, ",title={}::{}", property(finding.rule.name), data(&finding.message))?;
        if let Some(help) = remedy::text(outcome, finding) {
            write!(out, "%0A{}", data(&help))?;
        }
        writeln!(out)?;
    }
    for notice in outcome.notices.iter().filter(|notice| notice.incomplete) {
        let at = match (notice.place, &notice.path) {
            (Some(place), _) => {
                let (path, line) = line_of(outcome, place);
                format!("file={},line={line},", property(path))
            }
            (None, Some(path)) => format!("file={},", property(path)),
            (None, None) => String::new(),
        };
        writeln!(out, "::warning {at}title={}::{}", property(notice.code.name()), data(&notice.message))?;
    }
    Ok(())
}

/// The text of a command: `actions/toolkit`'s `escapeData`.
fn data(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(escape).collect();
    lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command: `escapeProperty` there.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
