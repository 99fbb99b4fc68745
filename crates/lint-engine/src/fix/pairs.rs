//! Which finding of a later version of the files is which one of the version before.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::hash::Hash;

use hashbrown::HashMap;
use lint_finding::{FileId, Finding};

use crate::plan::Moves;

/// What makes findings of one rule comparable: the file and the endpoint, or what is said.
type Group<'a> = (&'static str, u32, Option<(&'a str, &'a str)>);

fn group(finding: &Finding) -> Group<'_> {
    let endpoint = finding.endpoint.as_ref();
    let endpoint = endpoint.map(|name| (name.server.as_str(), name.location.as_str()));
    (finding.rule.name, finding.primary.place.file.0, endpoint)
}

/// Two versions of what was found, compared.
pub(super) struct Compared<'a> {
    /// What is still there, with what it became.
    pub(super) pairs: Vec<(&'a Finding, &'a Finding)>,
    /// What was not there before.
    pub(super) new: Vec<&'a Finding>,
}

/// Compares the findings of each group, groups in their order, and what became of each `old` one in the order of `old`.
pub(super) fn compared<'a>(old: &'a [Finding], new: &'a [Finding], moves: &Moves) -> Vec<Compared<'a>> {
    let mut groups: HashMap<Group<'a>, (Vec<&'a Finding>, Vec<&'a Finding>)> = HashMap::new();
    for finding in old {
        groups.entry(group(finding)).or_default().0.push(finding);
    }
    for finding in new {
        groups.entry(group(finding)).or_default().1.push(finding);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(group, _)| *group);
    groups
        .into_iter()
        .map(|((.., endpoint), (old, new))| paired(old, new, moves, endpoint.is_some()))
        .collect()
}

/// A finding is known by its place, by its words, or where it is about an endpoint by that.
fn paired<'a>(
    mut old: Vec<&'a Finding>,
    new: Vec<&'a Finding>,
    moves: &Moves,
    is_of_endpoint: bool,
) -> Compared<'a> {
    let mut open = Open { is_open: vec![true; new.len()], new: &new, pairs: Vec::new() };
    let moved = |one: &'a Finding| {
        let place = one.primary.place;
        moves.moved(place.file, place.span.start)
    };
    open.take(&mut old, moved, |other| other.primary.place.span.start);
    open.take(&mut old, |one| [one.fingerprint], |other| other.fingerprint);
    let words = |one: &'a Finding| if is_of_endpoint { "" } else { &*one.message };
    open.take(&mut old, |one| [words(one)], words);
    let Open { is_open, pairs, .. } = open;
    let new = new.into_iter().zip(is_open).filter(|(_, is_open)| *is_open).map(|(finding, _)| finding);
    Compared { pairs, new: new.collect() }
}

/// So few findings are looked through faster than they are put in order.
const FEW: usize = 16;

/// The findings that no older one was found to be.
struct Open<'n, 'a> {
    is_open: Vec<bool>,
    new: &'n [&'a Finding],
    pairs: Vec<(&'a Finding, &'a Finding)>,
}

impl<'a> Open<'_, 'a> {
    /// Pairs each older one with the first open one whose key is one of its own; the others stay in `old`.
    fn take<K: Hash + Eq, const N: usize>(
        &mut self,
        old: &mut Vec<&'a Finding>,
        keys: impl Fn(&'a Finding) -> [K; N],
        key: impl Fn(&'a Finding) -> K,
    ) {
        if old.is_empty() || self.pairs.len() == self.new.len() {
            return;
        }
        let mut by_key: HashMap<K, VecDeque<usize>> = HashMap::new();
        let is_short = self.new.len() <= FEW;
        if !is_short {
            for (number, finding) in self.new.iter().enumerate() {
                by_key.entry(key(finding)).or_default().push_back(number);
            }
        }
        let Self { is_open, new, pairs } = self;
        old.retain(|one| {
            let keys = keys(one);
            let mut first = |wanted: &K| {
                let is_open = |number: &usize| is_open.get(*number) == Some(&true);
                if is_short {
                    return (0..new.len()).find(|number| {
                        is_open(number) && new.get(*number).is_some_and(|one| key(one) == *wanted)
                    });
                }
                let numbers = by_key.get_mut(wanted)?;
                // Nothing opens again.
                while numbers.front().is_some_and(|number| !is_open(number)) {
                    numbers.pop_front();
                }
                numbers.front().copied()
            };
            let found = keys.iter().filter_map(&mut first).min();
            let Some((number, other)) = found.and_then(|number| Some((number, *new.get(number)?))) else {
                return true;
            };
            if let Some(is_open) = is_open.get_mut(number) {
                *is_open = false;
            }
            pairs.push((one, other));
            false
        });
    }
}

/// Rule, file and message.
type Words<'a> = (&'static str, FileId, &'a str);

/// What was found before, by what is said.
pub(super) struct Before<'a> {
    findings: &'a [Finding],
    by_words: OnceCell<HashMap<Words<'a>, Vec<&'a Finding>>>,
}

impl<'a> Before<'a> {
    pub(super) fn new(findings: &'a [Finding]) -> Self {
        Self { findings, by_words: OnceCell::new() }
    }

    /// Whether the same was said of the same line before, with another location as the first that it is about.
    pub(super) fn had(&self, finding: &Finding, moves: &Moves) -> bool {
        let by_words = self.by_words.get_or_init(|| {
            let mut all: HashMap<Words<'_>, Vec<&Finding>> = HashMap::new();
            for one in self.findings {
                let key = (one.rule.name, one.primary.place.file, &*one.message);
                all.entry(key).or_default().push(one);
            }
            all
        });
        let place = finding.primary.place;
        let mut same =
            by_words.get(&(finding.rule.name, place.file, &*finding.message)).into_iter().flatten();
        same.any(|one| {
            one.severity >= finding.severity
                && moves.moved(place.file, one.primary.place.span.start).contains(&place.span.start)
        })
    }
}
