//! How often each rule finds something, the most frequent first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use lint_finding::{Applicability, Finding, Outcome, Severity};

use crate::{Style, columns, human, silenced, summary};

/// What is counted of a rule.
#[derive(Default)]
struct Count {
    findings: usize,
    safe: usize,
    unsafe_: usize,
    worst: Option<Severity>,
}

/// A table, and the counts of the human format below it.
pub(crate) fn write(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    for finding in &outcome.findings {
        counts.entry(finding.rule.name).or_default().add(finding);
    }
    let mut counts: Vec<(&'static str, Count)> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (Reverse(count.findings), *name));
    let rows: Vec<[String; 4]> = counts.iter().map(|(name, count)| count.row(name)).collect();
    // A few words that no terminal is too narrow for.
    let wide = &Style { width: style.width.max(80), ..*style };
    if !rows.is_empty() && columns::write(["COUNT", "SEVERITY", "RULE", "FIXABLE"], &rows, wide, out)? {
        writeln!(out)?;
    }
    let mut lines = Vec::new();
    summary::write(outcome, false, &mut lines)?;
    silenced::write_below_summary(outcome, &mut lines)?;
    human::fold(&lines, style, out)
}

impl Count {
    fn add(&mut self, finding: &Finding) {
        self.findings += 1;
        self.worst = self.worst.max(Some(finding.severity));
        match finding.fix.as_ref().map(|fix| fix.applicability) {
            Some(Applicability::Safe) => self.safe += 1,
            Some(Applicability::Unsafe) => self.unsafe_ += 1,
            None => {}
        }
    }

    fn row(&self, name: &str) -> [String; 4] {
        let severity = self.worst.map_or("", Severity::name);
        let fixable = [(self.safe, "safely"), (self.unsafe_, "unsafely")];
        let fixable: Vec<String> =
            fixable.iter().filter(|(n, _)| *n > 0).map(|(n, how)| format!("{n} {how}")).collect();
        [self.findings.to_string(), severity.to_owned(), name.to_owned(), fixable.join(", ")]
    }
}
