//! All rules at a glance.

use std::io::{self, Write};

use lint_finding::RuleMeta;

use crate::wrap::wrap;
use crate::{Style, columns};

/// A table where it fits, else two lines and more for each rule.
pub(crate) fn write(rules: &[&RuleMeta], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let row = |rule: &&RuleMeta| {
        [rule.name, rule.group.name(), rule.severity.name(), rule.fix.name(), rule.summary].map(str::to_owned)
    };
    let rows: Vec<[String; 5]> = rules.iter().map(row).collect();
    if columns::write(["NAME", "GROUP", "SEVERITY", "FIX", "SUMMARY"], &rows, style, out)? {
        return Ok(());
    }
    let (bold, plain) = if style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    for [name, group, severity, fix, summary] in &rows {
        writeln!(out, "{bold}{name}{plain}")?;
        let facts = format!("{group}, {severity}, fix: {fix}");
        for line in [facts, summary.clone()].iter().flat_map(|text| wrap(text, style.width.saturating_sub(2)))
        {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}
