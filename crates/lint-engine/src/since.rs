//! Findings about what was changed, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use hashbrown::HashMap;
use lint_finding::{FileId, Finding, LabelRole, Outcome, Place};
use nginx_syntax::{NoVocabulary, Source, Span, parse};

/// What was changed in a file, by lines of the file as it is, 1-based.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangedLines {
    /// Whether all of it is new.
    pub is_new: bool,
    /// Lines that were added or changed.
    pub lines: Vec<RangeInclusive<u32>>,
    /// Behind which lines others were taken away; 0 for the top.
    pub removed_behind: BTreeSet<u32>,
}

/// Leaves the findings whose line or why-chain was changed, out of whose block a line was taken away, or which are not in
/// `before`, what was found of the tree as it was; the others are returned. `changed` has the files by what they are called,
/// `renamed` what those were called that had another name. What nginx refuses to start with stays: the next deployment needs
/// all of the tree.
pub fn only_changed(
    outcome: &mut Outcome,
    changed: &BTreeMap<String, ChangedLines>,
    renamed: &BTreeMap<String, String>,
    before: Option<&Outcome>,
) -> Vec<Finding> {
    let all = std::mem::take(&mut outcome.findings);
    let mut blocks = Blocks::default();
    let mut known = before.map(Known::new);
    let (kept, others): (Vec<Finding>, Vec<Finding>) = all.into_iter().partition(|finding| {
        finding.is_refusal()
            || touches(outcome, finding, changed, &mut blocks)
            || known.as_mut().is_some_and(|known| !known.has(outcome, finding, renamed))
    });
    outcome.summary.not_changed = others.len();
    outcome.findings = kept;
    outcome.count_findings();
    others
}

/// What was found of a tree as it was, by file.
struct Known<'o>(HashMap<&'o str, Vec<&'o Finding>>);

impl<'o> Known<'o> {
    fn new(before: &'o Outcome) -> Self {
        let mut all: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in &before.findings {
            let path = before.path(finding.primary.place.file);
            all.entry(path).or_default().push(finding);
        }
        Self(all)
    }

    /// Whether a finding was there before: by the blocks around it, or by what is in effect there, for a change of either
    /// makes no new one. Each stands for one.
    fn has(&mut self, outcome: &Outcome, finding: &Finding, renamed: &BTreeMap<String, String>) -> bool {
        let path = outcome.path(finding.primary.place.file);
        let path = renamed.get(path).map_or(path, String::as_str);
        let Some(all) = self.0.get_mut(path) else { return false };
        let is_same = |before: &&Finding| {
            before.rule.name == finding.rule.name
                && (before.fingerprint == finding.fingerprint
                    || before.fingerprint_v2.unnumbered() == finding.fingerprint_v2.unnumbered())
        };
        let Some(found) = all.iter().position(is_same) else { return false };
        all.swap_remove(found);
        true
    }
}

fn touches(
    outcome: &Outcome,
    finding: &Finding,
    changed: &BTreeMap<String, ChangedLines>,
    blocks: &mut Blocks,
) -> bool {
    let because = finding.labels.iter().filter(|label| label.role == LabelRole::Because);
    let mut places = std::iter::once(&finding.primary).chain(because).map(|label| label.place);
    places.any(|place| {
        let Some((path, first, last)) = lines(outcome, place) else { return false };
        let Some(file) = changed.get(path) else { return false };
        let meets = |lines: &RangeInclusive<u32>| *lines.start() <= last && *lines.end() >= first;
        if file.is_new || file.lines.iter().any(meets) {
            return true;
        }
        if file.removed_behind.is_empty() {
            return false;
        }
        let (first, last) = blocks.around(outcome, place).unwrap_or((first, last));
        file.removed_behind.range(first..=last).next().is_some()
    })
}

/// The blocks of files out of which lines were taken away.
#[derive(Default)]
struct Blocks(BTreeMap<FileId, Vec<Span>>);

impl Blocks {
    /// The first and the last line of the innermost block that a place is in or opens.
    fn around(&mut self, outcome: &Outcome, place: Place) -> Option<(u32, u32)> {
        let source = &outcome.file(place.file)?.source;
        let all = self.0.entry(place.file).or_insert_with(|| {
            let tree = parse(source.bytes(), &NoVocabulary);
            let blocks = tree.nodes().filter(|node| tree.children(*node).next().is_some());
            blocks.map(|node| tree.span(node)).collect()
        });
        let at = place.span.start;
        let around = all.iter().filter(|block| block.start <= at && at < block.end);
        let inner = around.min_by_key(|block| block.end - block.start)?;
        Some((source.line(inner.start), source.line(inner.end)))
    }
}

/// The first and the last line of a place.
fn lines(outcome: &Outcome, place: Place) -> Option<(&str, u32, u32)> {
    let source: &Source = &outcome.file(place.file)?.source;
    Some((outcome.path(place.file), source.line(place.span.start), source.line(place.span.end)))
}
