//! What became of the fixes, for a person at a terminal: what was fixed where, what is left, and how to get more.

use std::io::{self, Write};

use lint_finding::{Applicability, FixReport, FixRow, Outcome};

use crate::summary::count;
use crate::{Style, escape, human, silenced};

/// The fixes that were applied, a line each, and the count of them.
pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let Some(report) = &outcome.fixes else { return Ok(()) };
    rows(report, "fixed", out)?;
    writeln!(out, "{}", counted(outcome, report, "fixed"))
}

/// The same for fixes that would be applied.
pub(crate) fn write_dry(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(report) = outcome.fixes.as_ref().filter(|_| style.summary) else { return Ok(()) };
    let mut lines = Vec::new();
    rows(report, "would fix", &mut lines)?;
    writeln!(lines, "{}", counted(outcome, report, "would fix"))?;
    silenced::write(outcome, &mut lines)?;
    human::fold(&lines, style, out)
}

fn rows(report: &FixReport, verb: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<&FixRow> = report.applied.iter().collect();
    rows.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for row in rows {
        let remark = if row.applicability == Applicability::Unsafe { ", unsafe" } else { "" };
        let (path, title) = (escape(&row.path), escape(&row.title));
        writeln!(out, "{verb} {path}:{}: {title} [{}{remark}]", row.line, row.rule.name)?;
    }
    Ok(())
}

fn counted(outcome: &Outcome, report: &FixReport, verb: &str) -> String {
    let mut text = match report.applied.len() {
        0 => format!("nothing {}", if verb == "fixed" { "fixed" } else { "to fix" }),
        n => format!("{verb} {} in {}", count(n, "finding"), count(report.files.len(), "file")),
    };
    if !report.dropped.is_empty() {
        text.push_str(&format!(", {} not applied", count(report.dropped.len(), "fix")));
    }
    let summary = &outcome.summary;
    let more = summary.fixable.saturating_sub(summary.fixable_safely);
    let is_asked =
        report.applied.iter().chain(&report.dropped).any(|row| row.applicability == Applicability::Unsafe);
    if more > 0 && !is_asked {
        text.push_str(&format!("; --unsafe-fixes has {more} more"));
    }
    text
}
