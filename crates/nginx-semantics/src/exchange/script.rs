//! Long rewrite phases: most of hundreds of `rewrite` lines do not match, and one look at the path tells which.

use std::collections::HashMap;

use crate::catalogue::DirectiveName as N;
use crate::configuration::{Configuration, ContextId, Directive};
use crate::pattern::PatternList;
use crate::placeholder;

/// With fewer `rewrite` lines each is tried.
const MANY: usize = 16;

/// The lines of a rewrite phase in a level, in order.
pub(super) fn lines<'s>(configuration: Configuration<'s>, level: ContextId) -> Vec<Directive<'s>> {
    configuration.named_any(level, &[N::SET, N::IF, N::BREAK, N::RETURN, N::REWRITE])
}

/// The levels with many `rewrite` lines.
#[derive(Debug, Default)]
pub(crate) struct LongScripts(HashMap<ContextId, LongScript>);

impl LongScripts {
    pub(crate) fn of(configuration: Configuration<'_>) -> Self {
        let levels = configuration.contexts().map(|(id, _)| id);
        let long = levels.filter(|&level| configuration.named(level, N::REWRITE).nth(MANY).is_some());
        Self(long.map(|level| (level, LongScript::of(configuration, level))).collect())
    }

    pub(super) fn get(&self, level: ContextId) -> Option<&LongScript> {
        self.0.get(&level)
    }
}

/// What is known of the lines of one of them.
#[derive(Debug)]
pub(super) struct LongScript {
    /// The `rewrite` lines that can be evaluated, by their numbers.
    rewrites: PatternList<usize>,
    /// By the number of a line: that of the next one, itself included, that is none of these.
    other: Vec<usize>,
}

impl LongScript {
    fn of(configuration: Configuration<'_>, level: ContextId) -> Self {
        let lines = lines(configuration, level);
        let mut rewrites = PatternList::default();
        let mut other: Vec<usize> = (0..lines.len()).collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.name() == N::REWRITE) {
            let is_known = line.argument(2).is_none_or(|flag| !placeholder::is_unknown(&flag));
            let pattern = configuration.pattern(&line.argument(0).unwrap_or_default(), false);
            if let Some(pattern) = pattern.filter(|_| is_known) {
                rewrites.push(Some(pattern), number);
                other.get_mut(number).into_iter().for_each(|other| *other = usize::MAX);
            }
        }
        let mut next = lines.len();
        for (number, other) in other.iter_mut().enumerate().rev() {
            next = if *other == usize::MAX { next } else { number };
            *other = next;
        }
        Self { rewrites, other }
    }
}

/// How far a request is in a long script.
#[derive(Debug)]
pub(super) struct Progress<'l> {
    script: &'l LongScript,
    /// The number of the next line.
    at: usize,
    /// The lines that may match a path, in order, and the path.
    candidates: Option<(Vec<u8>, Vec<usize>)>,
}

impl<'l> Progress<'l> {
    pub(super) fn new(script: &'l LongScript) -> Self {
        Self { script, at: 0, candidates: None }
    }

    /// How many `rewrite` lines stand next that surely do not match the path. They count as run, and so does the line
    /// behind them.
    pub(super) fn vain(&mut self, path: &[u8]) -> usize {
        let from = self.at;
        let other = self.script.other.get(from).copied().unwrap_or(from);
        if other > from {
            let known = self.candidates.take().filter(|(of, _)| of == path);
            let (_, candidates) = &*self.candidates.insert(known.unwrap_or_else(|| {
                let all = self.script.rewrites.candidates(path).map(|(_, number)| *number);
                (path.to_vec(), all.collect())
            }));
            let next = candidates.partition_point(|number| *number < from);
            self.at = candidates.get(next).map_or(other, |candidate| other.min(*candidate));
        }
        let count = self.at - from;
        self.at += 1;
        count
    }
}
