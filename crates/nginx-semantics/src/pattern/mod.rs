//! The regexes of a configuration, evaluated as far as that can be done truthfully.
//!
//! nginx matches the regexes of `location`, `map`, `server_name` and the like with PCRE2, on bytes and
//! without UTF mode. This program has no PCRE2: it uses the `regex` crate, whose syntax looks the same and
//! differs in places. A linter that says which location takes a request must not be wrong about it, so a
//! pattern is walked over first, and every construct that is not known to mean the same in both engines makes
//! the answer "cannot say". A test compares the two engines on generated patterns.
//!
//! Not modelled: PCRE2's match limit (nginx then answers 500), and a PCRE2 built with another newline than LF.

mod class;
mod error;
mod list;
mod names;
mod quantifier;
mod refusal;
#[cfg(test)]
mod tests;
mod translate;
mod wider;

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use regex::bytes::{Regex, RegexBuilder};

use crate::placeholder;

pub use error::{certain_error, count_captures};
pub(crate) use list::PatternList;
pub use names::group_names;
pub use refusal::NotEvaluated;
use translate::GROUP;

/// The longest pattern that is looked at. Real ones have a few hundred bytes.
const MAX_LENGTH: usize = 4096;

/// What the compiled form of a pattern may take. The `regex` crate's own limit is ten times as much, which
/// takes a noticeable time to build.
const MAX_COMPILED: usize = 1 << 20;

/// What nearly all take, and their automata.
const MAX_SMALL: usize = 1 << 16;

/// What all that are kept may take.
const MAX_KEPT: usize = 1 << 28;

/// A regex of the configuration, as far as it can be evaluated as nginx's PCRE2 would.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Shared, for a clone of a regex begins without what it has learnt.
    regex: Arc<Regex>,
    /// What it takes at most, in bytes.
    size: usize,
    /// Whether case does not count.
    caseless: bool,
    groups: usize,
    names: Arc<[(String, usize)]>,
    dollar: bool,
    captures_agree: bool,
    /// Whether it is that of nginx; else it also matches where that does not.
    is_exact: bool,
}

impl Pattern {
    /// Reads a pattern as nginx hands it to PCRE2, with the option for `~*` or without.
    ///
    /// # Errors
    ///
    /// When the pattern is malformed, or has something in which PCRE2 and the `regex` crate differ or may.
    pub fn new(pattern: &[u8], caseless: bool) -> Result<Self, NotEvaluated> {
        if pattern.len() > MAX_LENGTH {
            return Err(NotEvaluated::TooLong { limit: MAX_LENGTH });
        }
        if placeholder::is_unknown(pattern) {
            return Err(NotEvaluated::Placeholder);
        }
        let translation = translate::translate(pattern)?;
        let mut builder = RegexBuilder::new(&translation.source);
        builder.unicode(false).case_insensitive(caseless);
        let small = builder.size_limit(MAX_SMALL).dfa_size_limit(MAX_SMALL).build();
        let size = if small.is_ok() { MAX_SMALL } else { MAX_COMPILED };
        let large = |_| builder.size_limit(MAX_COMPILED).dfa_size_limit(2 * MAX_COMPILED).build();
        let regex = small.or_else(large).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => NotEvaluated::TooLarge,
            _ => NotEvaluated::Engine,
        })?;
        Ok(Self {
            size,
            regex: Arc::new(regex),
            caseless,
            groups: translation.groups,
            names: translation.names.into(),
            dollar: translation.dollar,
            captures_agree: translation.captures_agree,
            is_exact: true,
        })
    }

    /// The same, and of a pattern with look-around assertions what is left without them: that says where nginx's does not
    /// match, and nothing of where it does.
    ///
    /// # Errors
    ///
    /// As of [`Pattern::new`], for all else in a pattern.
    fn or_wider(pattern: &[u8], caseless: bool) -> Result<Self, NotEvaluated> {
        let read = |pattern: &[u8]| Self::new(pattern, caseless);
        let inexact = |read| Self { is_exact: false, ..read };
        read(pattern).or_else(|why| wider::wider(pattern, why, read).map(inexact))
    }

    /// Whether the pattern matches somewhere in the subject; `None` where that cannot be said.
    #[must_use]
    pub fn is_match(&self, subject: &[u8]) -> Option<bool> {
        let is_match = self.same_for(subject).then(|| self.regex.is_match(subject));
        is_match.filter(|is_match| self.is_exact || !is_match)
    }

    /// What the groups hold after the first match: `Some(None)` where there is no match, `None` where it cannot
    /// be said, which is more often than with [`Pattern::is_match`].
    #[must_use]
    pub fn captures(&self, subject: &[u8]) -> Option<Option<Captures>> {
        if !self.same_for(subject) {
            return None;
        }
        if !self.captures_agree || !self.is_exact {
            // Without a match there is nothing to disagree about.
            return if self.regex.is_match(subject) { None } else { Some(None) };
        }
        let found = self.regex.captures(subject).map(|found| Captures {
            groups: std::iter::once(found.get(0))
                .chain((1..=self.groups).map(|number| found.name(&format!("{GROUP}{number}"))))
                .map(|group| group.map(|group| group.as_bytes().to_vec()))
                .collect(),
            names: Arc::clone(&self.names),
        });
        Some(found)
    }

    /// The names of the named groups, in their order: `(?<n>..)`, `(?'n'..)` and `(?P<n>..)`.
    pub fn capture_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    /// Whether both engines see the same in the subject. To PCRE2 `$` is also true before a final LF
    /// (pcre2pattern(3), "Circumflex and dollar"), to the `regex` crate only at the very end.
    fn same_for(&self, subject: &[u8]) -> bool {
        !(self.dollar && subject.ends_with(b"\n"))
    }
}

/// Patterns that are compiled when they are asked for first: the same few stand in thousands of servers, a `rewrite` of a
/// server is tried for each request that is followed, and to build a regex takes a hundred times as long as to try it.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Where case counts, and where it does not; `None` for what cannot be evaluated.
    by_text: [HashMap<Vec<u8>, Option<Pattern>>; 2],
    /// What they take at most, in bytes.
    size: usize,
}

impl Patterns {
    pub(crate) fn get(&self, regex: &[u8], caseless: bool) -> Option<Pattern> {
        // What a thread that panicked has put there is whole.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { by_text: [sensitive, insensitive], size } = &mut *kept;
        if let Some(pattern) = if caseless { &*insensitive } else { &*sensitive }.get(regex) {
            return pattern.clone();
        }
        let pattern = Pattern::or_wider(regex, caseless).ok();
        *size += pattern.as_ref().map_or(0, |pattern| pattern.size) + regex.len();
        if *size > MAX_KEPT {
            sensitive.clear();
            insensitive.clear();
            *size = 0;
        }
        let known = if caseless { insensitive } else { sensitive };
        known.insert(regex.to_vec(), pattern.clone());
        pattern
    }
}

/// What the groups of a [`Pattern`] hold after a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captures {
    /// By their numbers; the first is the whole match.
    groups: Vec<Option<Vec<u8>>>,
    names: Arc<[(String, usize)]>,
}

impl Captures {
    /// What the group of this number holds: 1 is `$1`, and 0 the whole match. `None` where there is no such
    /// group or it took no part in the match; the variable is then empty.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&[u8]> {
        self.groups.get(number)?.as_deref()
    }

    /// What the group of this name holds.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&[u8]> {
        let (_, number) = self.names.iter().find(|(other, _)| other == name)?;
        self.get(*number)
    }

    /// What the groups hold, `$1` first.
    pub fn numbered(&self) -> impl Iterator<Item = Option<&[u8]>> {
        self.groups.iter().skip(1).map(Option::as_deref)
    }
}
