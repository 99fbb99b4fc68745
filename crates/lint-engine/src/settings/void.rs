//! Entries of `[rules]` and `[[overrides]]` without which every rule would say the same.

use std::collections::{BTreeMap, BTreeSet};

use lint_finding::{RuleMeta, Severity};
use ws_rules::RULES;

use super::{FileSettings, Level, ProblemKind, Selector, SettingsProblem};

/// `None` for `[rules]`, or the number of the override, and the number of the entry in it.
type Entry = (Option<usize>, usize);

/// Entries of `[rules]` that change nothing in a file that no override names.
pub(super) fn at_top(settings: &FileSettings) -> impl Iterator<Item = SettingsProblem> {
    let mut counts = Counts::default();
    counts.others.extend((0..settings.levels.len()).map(|entry| ((None, entry), false)));
    counts.in_files(settings, &[]);
    counts.problems(settings, |(of, _)| of.is_none())
}

/// Entries of overrides that change nothing in the files of a run, by the overrides that count for each, in order.
pub(super) fn in_files(
    settings: &FileSettings,
    counting: &BTreeSet<Vec<usize>>,
) -> impl Iterator<Item = SettingsProblem> {
    let mut counts = Counts::default();
    for &number in counting.iter().flatten() {
        let entries = settings.overrides.get(number).map_or(0, |one| one.levels.len());
        counts.others.extend((0..entries).map(|entry| ((Some(number), entry), false)));
    }
    for overrides in counting.iter().filter(|overrides| !overrides.is_empty()) {
        counts.in_files(settings, overrides);
    }
    counts.problems(settings, |(of, _)| of.is_some())
}

/// What entries come to.
#[derive(Default)]
struct Counts {
    /// Those without which some rule would say something else.
    needed: BTreeSet<Entry>,
    /// The others, with whether some rule would take what they say if the others were not there.
    others: BTreeMap<Entry, bool>,
}

impl Counts {
    /// Follows all rules in files for which these overrides count.
    fn in_files(&mut self, settings: &FileSettings, overrides: &[usize]) {
        for rule in RULES.iter().map(|rule| rule.meta()) {
            self.of_rule(settings, overrides, rule);
        }
    }

    fn of_rule(&mut self, settings: &FileSettings, overrides: &[usize], rule: &RuleMeta) {
        // What counts first stands first.
        let of = |of: Option<usize>| {
            let levels = match of {
                Some(number) => settings.overrides.get(number).map(|one| one.levels.as_slice()),
                None => Some(settings.levels.as_slice()),
            };
            let all = levels.unwrap_or_default().iter().enumerate().rev();
            let matching = all.filter(|(_, (selector, ..))| selector.matches(rule));
            let (own, group): (Vec<_>, Vec<_>) =
                matching.partition(|(_, (selector, ..))| matches!(selector, Selector::Rule(_)));
            own.into_iter().chain(group).map(move |(number, (_, level, _))| ((of, number), *level))
        };
        let numbers = overrides.iter().rev().map(|number| Some(*number)).chain([None]);
        let mut chain = numbers.flat_map(of);
        let Some((top, level)) = chain.next() else { return };
        // What nginx refuses is told by the rule's own entry alone, so one beside the group's may say more than it seems to.
        if top.0.is_none() && rule.severity == Severity::Error && is_own(settings, top) {
            self.needed.insert(top);
        }
        // Of entries that say the same the last one of the chain counts; the others may go.
        let mut last = top;
        let mut differs = false;
        for (entry, other) in chain {
            if other != level {
                differs = true;
                break;
            }
            *self.others.entry(last).or_default() = true;
            last = entry;
        }
        let is_default = level == Level::Off && rule.severity == Severity::Pedantic;
        if differs || !is_default {
            self.needed.insert(last);
        } else {
            *self.others.entry(last).or_default() = true;
        }
    }

    fn problems(
        self,
        settings: &FileSettings,
        is_asked: impl Fn(&Entry) -> bool,
    ) -> impl Iterator<Item = SettingsProblem> {
        let Self { needed, others } = self;
        let unneeded =
            others.into_iter().filter(move |(entry, _)| !needed.contains(entry) && is_asked(entry));
        unneeded.filter_map(move |((of, number), is_same)| {
            let levels = match of {
                Some(of) => &settings.overrides.get(of)?.levels,
                None => &settings.levels,
            };
            let (selector, level, span) = levels.get(number)?;
            let name = selector.name();
            let message = match (is_same, level) {
                (true, Level::Off) => format!("this changes nothing: `{name}` is off without it too"),
                (true, Level::At(severity)) => format!(
                    "this changes nothing: `{name}` is `{}` without it too, by another entry",
                    severity.name()
                ),
                (false, _) => {
                    format!("this changes nothing: another entry about the same rules counts more than `{name}` here")
                }
            };
            Some(unused((*span, message)))
        })
    }
}

fn is_own(settings: &FileSettings, (_, number): Entry) -> bool {
    settings.levels.get(number).is_some_and(|(selector, ..)| matches!(selector, Selector::Rule(_)))
}

fn unused((span, message): (nginx_syntax::Span, String)) -> SettingsProblem {
    SettingsProblem { span, message, kind: ProblemKind::Unused }
}
