//! Setters that many directives share.

use super::{Refused, Takes, number, script};
use crate::catalogue::{Directive, Setter, WordList};
use crate::dispatch::Build;
use crate::dispatch::judge::Words;
use crate::{size, time};

pub(super) fn refused(statement: &Words<'_>, row: &Directive, build: &Build) -> Option<Refused> {
    let word = || statement.c_string(1);
    let invalid = |takes, what| Some(Refused::of_directive(statement, 1, takes, what));
    match row.setter {
        Setter::Other => None,
        Setter::Milliseconds => {
            let takes = Takes::Time { seconds: false };
            time::parse_ms(&word()).map_or_else(|| invalid(takes, "invalid value"), |_| None)
        }
        Setter::Seconds => {
            let takes = Takes::Time { seconds: true };
            time::parse_seconds(&word()).map_or_else(|| invalid(takes, "invalid value"), |_| None)
        }
        Setter::Size => {
            let takes = Takes::Size { gigabytes: false };
            size::parse(&word()).map_or_else(|| invalid(takes, "invalid value"), |_| None)
        }
        Setter::Offset => {
            let takes = Takes::Size { gigabytes: true };
            size::parse_offset(&word()).map_or_else(|| invalid(takes, "invalid value"), |_| None)
        }
        Setter::Number(bounds) => match (number(&word()), bounds) {
            (None, _) => invalid(Takes::Number, "invalid number"),
            (Some(number), Some((least, most))) if !(least.into()..=most.into()).contains(&number) => {
                let message = format!("value must be between {least} and {most}");
                Some(Refused::new(1, Takes::Between(least, most), message))
            }
            _ => None,
        },
        Setter::Buffers => {
            let is_right = number(&word()).is_some_and(|count| count > 0)
                && size::parse(&statement.c_string(2)).is_some_and(|size| size > 0);
            if is_right { None } else { invalid(Takes::Buffers, "invalid value") }
        }
        Setter::Word(list) => of_list(statement, 1, list, build),
        Setter::Words(list) => {
            (1..statement.words.len()).find_map(|word| of_list(statement, word, list, build))
        }
        Setter::Path => {
            let levels: Option<Vec<u64>> =
                (2..statement.words.len()).map(|word| number(&statement.c_string(word))).collect();
            // Three levels, with a slash for each, have to fit.
            let is_right = levels.is_some_and(|levels| {
                levels.iter().all(|level| *level > 0)
                    && levels.iter().sum::<u64>() + levels.len() as u64 <= 10 + levels.len() as u64
            });
            if is_right { None } else { invalid(Takes::Levels, "invalid value") }
        }
        Setter::Script => script::refused(statement, 1),
        Setter::ScriptSize => {
            let value = word();
            if value.contains(&b'$') {
                script::refused(statement, 1)
            } else if size::parse(&value).is_none() {
                invalid(Takes::Size { gigabytes: false }, "invalid value")
            } else {
                None
            }
        }
        Setter::Scripts => (1..statement.words.len()).find_map(|word| script::refused(statement, word)),
    }
}

fn of_list(statement: &Words<'_>, word: usize, list: WordList, build: &Build) -> Option<Refused> {
    let value = statement.c_string(word);
    let mut known = list.words(build.versions);
    if known.any(|known| known.as_bytes().eq_ignore_ascii_case(&value)) {
        return None;
    }
    Some(Refused::quoted(word, Takes::OneOf(list), "invalid value", &value))
}
