//! Findings that are known: they are counted, and only others are told.
//!
//! A baseline has no line numbers: it counts findings by file, rule and fingerprint, so that it holds while lines move. One
//! more finding of the same kind is a new one.

use std::collections::{BTreeMap, BTreeSet};

use lint_finding::{Baseline, BaselineRow, FileStatus, Finding, Outcome, RuleMeta};

use crate::settings::{Settings, find_rule};

/// The rule about comments that suppress nothing.
const UNUSED_SUPPRESSION: &str = "unused-suppression";

/// The findings of an outcome as a baseline has them, sorted. What nginx refuses to start with is not among them: hidden in
/// a list, the next deployment would fail unseen.
pub fn baseline(outcome: &Outcome) -> Vec<BaselineRow> {
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for finding in outcome.findings.iter().filter(|finding| !finding.is_refusal()) {
        *counts.entry(key(outcome, finding)).or_default() += 1;
    }
    rows(counts)
}

/// Takes the findings that a baseline has out of an outcome, and keeps what it has in vain: of rules that ran in files that
/// were judged, or that `is_gone` says are no more. What a run did not look at may still be there, and so may what settings
/// hide; if the run is not `whole`, it judged a part of what the baseline was made of, where findings may look otherwise.
/// `unchanged` are findings that were taken out already because nobody changed their lines: the baseline has them too, and
/// they come first, so that of two equal ones the one that was changed is the new one.
pub fn apply_baseline(
    outcome: &mut Outcome,
    unchanged: Vec<Finding>,
    known: &[BaselineRow],
    settings: &Settings,
    is_whole: bool,
    is_gone: impl Fn(&str) -> bool,
) {
    let is_judged = |status| matches!(status, FileStatus::Judged | FileStatus::Included);
    let reports = outcome.reports.iter().filter(|report| is_judged(report.status));
    let judged: BTreeSet<&str> = reports.map(|report| report.path.as_str()).collect();
    let off: BTreeSet<&str> =
        outcome.settings.iter().flat_map(|settings| &settings.rules_off).copied().collect();
    let was_looked_for = |row: &BaselineRow| {
        // A rule that this program does not have finds nothing.
        let ran = find_rule(&row.rule).map_or(true, |rule| {
            settings.selects_anywhere(rule) && !off.contains(rule.name) && may_judge(rule, settings)
        });
        ran && (is_whole && judged.contains(row.path.as_str()) || is_gone(&row.path))
    };
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    let mut passed_over: BTreeSet<(String, String, String)> = BTreeSet::new();
    for row in known {
        let BaselineRow { path, rule, fingerprint, count } = row;
        if !was_looked_for(row) {
            passed_over.insert((path.clone(), rule.clone(), fingerprint.clone()));
        }
        let all = counts.entry((path.clone(), rule.clone(), fingerprint.clone())).or_default();
        *all = all.saturating_add(*count);
    }
    let all = std::mem::take(&mut outcome.findings);
    // What nginx refuses is told although an earlier SARIF file has it, and is not gone either.
    let mut is_known = |finding: &Finding| {
        let left = counts.get_mut(&key(outcome, finding)).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some() && !finding.is_refusal()
    };
    let (mut unchanged, not_known): (Vec<Finding>, Vec<Finding>) =
        unchanged.into_iter().partition(|finding| is_known(finding));
    let (more, new): (Vec<Finding>, Vec<Finding>) = all.into_iter().partition(|finding| is_known(finding));
    unchanged.extend(more);
    outcome.findings = new;
    outcome.summary.known = unchanged.len();
    // Each is counted once.
    outcome.summary.not_changed = not_known.len();
    counts.retain(|key, _| !passed_over.contains(key));
    let mut hidden: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for BaselineRow { path, rule, fingerprint, count } in &outcome.without_settings {
        hidden.insert((path.clone(), rule.clone(), fingerprint.clone()), *count);
    }
    for finding in unchanged.iter().chain(&not_known).chain(&outcome.findings) {
        if let Some(hidden) = hidden.get_mut(&key(outcome, finding)) {
            *hidden = hidden.saturating_sub(1);
        }
    }
    for (key, left) in &mut counts {
        *left = left.saturating_sub(hidden.get(key).copied().unwrap_or(0));
    }
    outcome.baseline = Some(Baseline { unchanged, absent: rows(counts), is_sarif: false });
    outcome.count_findings();
}

/// Whether a rule that runs can find all that it finds. A comment is unused if no rule needs it, so all of them have to run,
/// for all versions.
fn may_judge(rule: &RuleMeta, settings: &Settings) -> bool {
    let is_whole = settings.select.is_empty() && settings.ignore.is_empty() && settings.versions.is_none();
    is_whole || rule.name != UNUSED_SUPPRESSION
}

fn rows(counts: BTreeMap<(String, String, String), u64>) -> Vec<BaselineRow> {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    counts.map(|((path, rule, fingerprint), count)| BaselineRow { path, rule, fingerprint, count }).collect()
}

fn key(outcome: &Outcome, finding: &Finding) -> (String, String, String) {
    let path = outcome.path(finding.primary.place.file).to_owned();
    (path, finding.rule.name.to_owned(), finding.fingerprint_v2.unnumbered().to_string())
}
