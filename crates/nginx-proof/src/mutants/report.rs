//! What was seen of mutants, counted.

use std::collections::BTreeMap;
use std::fmt;

use nginx_semantics::NginxVersion;

use super::Kind;
use super::draw::Mutant;
use super::run::{Said, Word, is_unknown_directive};
use crate::syntax::message::Message;

/// The mutants of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// All.
    pub mutants: usize,
    /// Those that every nginx refuses.
    pub rejected: usize,
    /// Of these, those with an unknown directive, which are not counted any further: a module may have it.
    pub unknown: usize,
    /// Of the others, those that lint names for every version, with an error at nginx's line.
    pub named: usize,
    /// Of these, those that lint names in nginx's words.
    pub in_words: usize,
}

impl Count {
    /// How many have to be named.
    pub fn known(&self) -> usize {
        self.rejected - self.unknown
    }

    fn add(&mut self, other: Self) {
        self.mutants += other.mutants;
        self.rejected += other.rejected;
        self.unknown += other.unknown;
        self.named += other.named;
        self.in_words += other.in_words;
    }
}

/// All mutants of a run.
#[derive(Debug, Clone, Default)]
pub struct MutantReport {
    kinds: BTreeMap<Kind, Count>,
    /// What lint says that nginx refuses, and nginx does not.
    pub false_rejections: Vec<String>,
    /// What nginx refuses, and lint does not name.
    pub missed: Vec<String>,
    missed_by_words: BTreeMap<String, usize>,
    /// Those that only some versions refuse: how many (mutant, version) there were, and how many lint names.
    some: (usize, usize),
}

impl MutantReport {
    pub(super) fn add(
        &mut self,
        mutant: &Mutant,
        versions: &[NginxVersion],
        words: &[Word],
        said: &[Vec<Said>],
    ) {
        let count = self.kinds.entry(mutant.kind).or_default();
        count.mutants += 1;
        let what = || format!("{:?} in {} `{}`", mutant.kind, mutant.origin, mutant.new.trim());
        for ((word, said), version) in words.iter().zip(said).zip(versions) {
            if *word == Word::Accepted
                && let Some(first) = said.first()
            {
                let at = first.places.first();
                self.false_rejections.push(format!(
                    "nginx {version} takes {}, and lint says: {} at {at:?}\n{}",
                    what(),
                    first.message,
                    text(mutant)
                ));
            }
        }
        let rejected: Vec<&Message> = words.iter().filter_map(rejection).collect();
        let is_named = |message: &Message, said: &[Said]| said.iter().any(|said| is_at(said, message));
        if rejected.len() < words.len() {
            for (word, said) in words.iter().zip(said) {
                if let Some(message) = rejection(word).filter(|message| !is_unknown_directive(message)) {
                    self.some.0 += 1;
                    self.some.1 += usize::from(is_named(message, said));
                }
            }
            return;
        }
        count.rejected += 1;
        if rejected.iter().any(|message| is_unknown_directive(message)) {
            count.unknown += 1;
            return;
        }
        let missing =
            rejected.iter().zip(said).zip(versions).find(|((message, said), _)| !is_named(message, said));
        let in_words = |message: &Message, said: &[Said]| {
            said.iter().any(|said| is_at(said, message) && has_words(said, message))
        };
        match missing {
            None => {
                count.named += 1;
                count.in_words +=
                    usize::from(rejected.iter().zip(said).all(|(message, said)| in_words(message, said)));
            }
            Some(((message, said), version)) => {
                let shown = String::from_utf8_lossy(&message.text).into_owned();
                let said: Vec<&str> = said.iter().map(|said| said.message.as_str()).collect();
                let said = if said.is_empty() { "nothing".to_owned() } else { said.join(" | ") };
                self.missed.push(format!(
                    "{}: nginx {version} says `{shown}` in {:?}, lint says {said}",
                    what(),
                    message.place
                ));
                let words: Vec<&str> = shown.split('"').step_by(2).collect();
                *self.missed_by_words.entry(words.join("…")).or_default() += 1;
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            self.kinds.entry(kind).or_default().add(count);
        }
        self.false_rejections.extend(other.false_rejections);
        self.missed.extend(other.missed);
        for (words, count) in other.missed_by_words {
            *self.missed_by_words.entry(words).or_default() += count;
        }
        self.some.0 += other.some.0;
        self.some.1 += other.some.1;
    }

    /// All kinds together.
    #[must_use]
    pub fn total(&self) -> Count {
        let mut total = Count::default();
        for count in self.kinds.values() {
            total.add(*count);
        }
        total
    }

    /// nginx's words of what is not named, most often first.
    #[must_use]
    pub fn missed_by_words(&self) -> Vec<(&str, usize)> {
        let mut words: Vec<_> =
            self.missed_by_words.iter().map(|(text, count)| (text.as_str(), *count)).collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        words
    }
}

fn rejection(word: &Word) -> Option<&Message> {
    match word {
        Word::Rejected(message) => Some(message),
        Word::Accepted | Word::Elsewhere => None,
    }
}

/// Whether lint points at the line of nginx, or says the same where nginx names no line.
fn is_at(said: &Said, message: &Message) -> bool {
    match &message.place {
        Some((path, line)) => {
            said.places.iter().any(|(own, first, last)| own == path && first <= line && line <= last)
        }
        None => has_words(said, message),
    }
}

fn has_words(said: &Said, message: &Message) -> bool {
    said.message.contains(&*String::from_utf8_lossy(&message.text))
}

fn text(mutant: &Mutant) -> String {
    let Some((path, bytes)) = mutant.files.get(mutant.edited) else { return String::new() };
    format!("    --- {path}\n{}", String::from_utf8_lossy(bytes))
}

impl fmt::Display for MutantReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, of: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a share of a few thousands")]
            let share = if of == 0 { 100.0 } else { part as f64 * 100.0 / of as f64 };
            format!("{share:.1} %")
        };
        writeln!(f, "| kind | mutants | refused by all | unknown directive | named | in nginx's words |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        let mut row = |name: &str, count: &Count| {
            let known = count.known();
            writeln!(
                f,
                "| {name} | {} | {} | {} | {} ({}) | {} |",
                count.mutants,
                count.rejected,
                count.unknown,
                count.named,
                percent(count.named, known),
                percent(count.in_words, known)
            )
        };
        for (kind, count) in &self.kinds {
            row(kind.name(), count)?;
        }
        row("all", &self.total())?;
        let (some, named) = self.some;
        writeln!(f, "refused by some versions only: {named} of {some} named")?;
        write!(f, "refused by lint alone: {}", self.false_rejections.len())
    }
}
