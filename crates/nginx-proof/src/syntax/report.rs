//! What was seen, counted.

use std::collections::BTreeMap;
use std::fmt;

use nginx_semantics::NginxVersion;

use super::case::Case;
use super::compare::Outcome;
use super::message::Class;

/// All cases of a run.
#[derive(Debug, Clone, Default)]
pub struct SyntaxReport {
    cases: BTreeMap<NginxVersion, usize>,
    origins: BTreeMap<&'static str, usize>,
    mutations: BTreeMap<String, usize>,
    accepted: usize,
    refused: BTreeMap<Class, usize>,
    /// By nginx's words, what is quoted left out.
    beyond: BTreeMap<String, usize>,
    not_known: BTreeMap<&'static str, usize>,
    /// What a build takes though its release does not.
    backported: BTreeMap<NginxVersion, Vec<&'static str>>,
    /// A description of each case in which the program and nginx differ, by its number.
    pub differences: BTreeMap<usize, String>,
}

impl SyntaxReport {
    pub(super) fn add(&mut self, index: usize, version: NginxVersion, case: &Case, outcome: Outcome) {
        *self.cases.entry(version).or_default() += 1;
        *self.origins.entry(case.origin).or_default() += 1;
        for kind in &case.mutations {
            *self.mutations.entry(format!("{kind:?}")).or_default() += 1;
        }
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Refused(class) => *self.refused.entry(class).or_default() += 1,
            Outcome::Beyond(message) => {
                let text = message.map_or_else(|| "no message".to_owned(), |message| unquoted(&message.text));
                *self.beyond.entry(text).or_default() += 1;
            }
            Outcome::NotKnown(what) => *self.not_known.entry(what).or_default() += 1,
            Outcome::Differ(what) => drop(self.differences.insert(index, what)),
        }
    }

    pub(super) fn backported(&mut self, version: NginxVersion, names: Vec<&'static str>) {
        if !names.is_empty() {
            self.backported.insert(version, names);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        fn add<K: Ord>(to: &mut BTreeMap<K, usize>, from: BTreeMap<K, usize>) {
            for (key, count) in from {
                *to.entry(key).or_default() += count;
            }
        }
        add(&mut self.cases, other.cases);
        add(&mut self.origins, other.origins);
        add(&mut self.mutations, other.mutations);
        add(&mut self.refused, other.refused);
        add(&mut self.beyond, other.beyond);
        add(&mut self.not_known, other.not_known);
        self.accepted += other.accepted;
        self.differences.extend(other.differences);
    }

    /// How many there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.cases.values().sum()
    }

    /// In how many nginx's first word was on something that syntax does not decide.
    #[must_use]
    pub fn beyond(&self) -> usize {
        self.beyond.values().sum()
    }

    /// In how many the program says that it does not know.
    #[must_use]
    pub fn not_known(&self) -> usize {
        self.not_known.values().sum()
    }

    /// In how many both refused the same on the same line.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.values().sum()
    }

    /// How many kinds of refusals, and of mutations, were met.
    #[must_use]
    pub fn kinds(&self) -> (usize, usize) {
        (self.refused.len(), self.mutations.len())
    }

    /// What nginx said beyond syntax, most often first.
    #[must_use]
    pub fn beyond_by_words(&self) -> Vec<(&str, usize)> {
        let mut words: Vec<_> = self.beyond.iter().map(|(text, count)| (text.as_str(), *count)).collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        words
    }
}

/// nginx's words without those of the configuration.
fn unquoted(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let parts: Vec<&str> = text.split('"').step_by(2).collect();
    parts.join("…")
}

impl fmt::Display for SyntaxReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: Vec<(String, usize)>| {
            counts.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(", ")
        };
        let total = self.total();
        let cases = self.cases.iter().map(|(version, count)| (version.to_string(), *count)).collect();
        let origins = self.origins.iter().map(|(origin, count)| ((*origin).to_owned(), *count)).collect();
        writeln!(f, "{total} cases: nginx {}; made of {}", list(cases), list(origins))?;
        writeln!(f, "{:>7}  accepted by both", self.accepted)?;
        for (class, count) in &self.refused {
            writeln!(f, "{count:>7}  refused by both, same line: {}", class.name())?;
        }
        writeln!(f, "{:>7}  beyond syntax: setters, values, files", self.beyond())?;
        for (what, count) in &self.not_known {
            writeln!(f, "{count:>7}  not compared: {what}")?;
        }
        for (version, names) in &self.backported {
            let names = names.join(", ");
            writeln!(f, "         the build of {version} takes {names}, which its release does not")?;
        }
        writeln!(f, "{:>7}  differ", self.differences.len())?;
        let mutations = self.mutations.iter().map(|(kind, count)| (kind.clone(), *count)).collect();
        write!(f, "mutations: {}", list(mutations))
    }
}
