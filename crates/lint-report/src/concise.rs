//! One line per finding, for editors, `grep` and snapshots of whole trees.

use std::io::{self, Write};

use lint_finding::Outcome;

use crate::escape;
use crate::position::{Position, place_of_notice};

pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    for finding in &outcome.findings {
        let Position { path, start, .. } = Position::of(outcome, finding.primary.place);
        let (path, message) = (escape(path), escape(&finding.message));
        let (severity, rule) = (finding.severity, finding.rule.name);
        write!(out, "{path}:{}:{}: {severity}[{rule}] {message}", start.line, start.column)?;
        // Where it is on the machine that was dumped.
        let place = outcome.file(finding.primary.place.file).and_then(|file| file.view.as_deref());
        if let Some((view, path)) = place.and_then(|view| Some((view, view.path.as_deref()?))) {
            let host = view.host.as_deref().map(|host| format!("{host}:")).unwrap_or_default();
            let line = start.line.saturating_sub(view.first_line) + 1;
            write!(out, " ({}{}:{line})", escape(&host), escape(path))?;
        }
        writeln!(out)?;
    }
    // Without these a run that did not do what was asked looks like a clean one.
    for notice in outcome.notices.iter().filter(|notice| notice.incomplete) {
        if let Some(place) = place_of_notice(outcome, notice) {
            write!(out, "{place}: ")?;
        }
        writeln!(out, "warning[{}] {}", notice.code.name(), escape(&notice.message))?;
    }
    Ok(())
}
