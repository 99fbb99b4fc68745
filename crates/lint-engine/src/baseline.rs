//! Findings that are known: they are counted, and only others are told.
//!
//! A baseline has no line numbers: it counts findings by file, rule and fingerprint, so that it holds while lines move. One
//! more finding of the same kind is a new one.

use std::collections::BTreeMap;

use lint_finding::{Baseline, BaselineRow, Finding, Outcome};

/// The findings of an outcome as a baseline has them, sorted. What nginx refuses to start with is not among them: hidden in
/// a list, the next deployment would fail unseen.
pub fn baseline(outcome: &Outcome) -> Vec<BaselineRow> {
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for finding in outcome.findings.iter().filter(|finding| !finding.is_refusal()) {
        *counts.entry(key(outcome, finding)).or_default() += 1;
    }
    rows(counts)
}

/// Takes the findings that a baseline has out of an outcome, and keeps what it has in vain.
pub fn apply_baseline(outcome: &mut Outcome, known: &[BaselineRow]) {
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for BaselineRow { path, rule, fingerprint, count } in known {
        let all = counts.entry((path.clone(), rule.clone(), fingerprint.clone())).or_default();
        *all = all.saturating_add(*count);
    }
    let all = std::mem::take(&mut outcome.findings);
    let mut is_known = |finding: &Finding| {
        let left = counts.get_mut(&key(outcome, finding)).filter(|left| **left > 0 && !finding.is_refusal());
        left.map(|left| *left -= 1).is_some()
    };
    let (unchanged, new): (Vec<Finding>, Vec<Finding>) =
        all.into_iter().partition(|finding| is_known(finding));
    outcome.findings = new;
    outcome.summary.known = unchanged.len();
    outcome.baseline = Some(Baseline { unchanged, absent: rows(counts) });
    outcome.count_findings();
}

fn rows(counts: BTreeMap<(String, String, String), u64>) -> Vec<BaselineRow> {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    counts.map(|((path, rule, fingerprint), count)| BaselineRow { path, rule, fingerprint, count }).collect()
}

fn key(outcome: &Outcome, finding: &Finding) -> (String, String, String) {
    let path = outcome.path(finding.primary.place.file).to_owned();
    (path, finding.rule.name.to_owned(), finding.fingerprint_v2.unnumbered().to_string())
}
