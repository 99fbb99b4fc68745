//! Which directives nginx refuses to read twice in one block: each that the catalogue marks so is asked of nginx.

use nginx_semantics::catalogue::{self, Contexts, Directive};

use super::message::{Class, Message};
use super::modules;
use super::verdict::Bench;
use crate::{Binary, Error};

/// Words that directives take: some of them are right for each. The second line has others, right or wrong: a setter's first
/// question is whether there was a line before, and one that asks about words first may take a second line.
const WORDS: [&str; 17] = [
    // `internal` takes none.
    "",
    "8s",
    "1",
    "off",
    "1.1",
    "4 8k",
    "2 8",
    "any",
    "$host",
    "a b",
    "8k",
    "/dev/null",
    "127.0.0.1",
    "optional",
    "on",
    "build",
    "GET",
];

/// What nginx says of the directives that may stand once.
#[derive(Debug, Default)]
pub struct Once {
    /// So many are refused the second time.
    pub refused: usize,
    /// Those that are not, or not with all words, or to which no word was known.
    pub not_seen: Vec<&'static str>,
}

/// Asks a binary for each row of the catalogue that may stand once and that it has.
///
/// # Errors
/// When the system or the binary fails.
pub fn prove_once(binary: &Binary) -> Result<Once, Error> {
    let build = modules::build(binary)?;
    let mut bench = Bench::new()?;
    let mut once = Once::default();
    for row in catalogue::directives().iter().filter(|row| row.once && build.has(row)) {
        let mut test = |lines: &str| -> Result<_, Error> {
            let Some(text) = around(row, lines) else { return Ok(None) };
            bench.test(binary, &[("nginx.conf".to_owned(), text.into_bytes())]).map(Some)
        };
        let is_about_it = |message: &Message| {
            message.class() == Class::Duplicate
                && message.text.starts_with(format!("\"{}\"", row.name).as_bytes())
        };
        let (mut is_refused, mut is_taken) = (false, false);
        for words in WORDS {
            let end = if row.block { " {}" } else { ";" };
            let line = |words: &str| format!("{} {words}{end}\n", row.name);
            let words_of = words.split(' ').filter(|word| !word.is_empty());
            let other: Vec<String> = words_of.map(|word| format!("9{word}")).collect();
            let Some(twice) = test(&[line(words), line(&other.join(" "))].concat())? else { break };
            if twice.message.as_ref().is_some_and(is_about_it) {
                is_refused = true;
            } else {
                // Wrong words say nothing.
                is_taken |= test(&line(words))?.is_some_and(|once| once.is_accepted);
            }
        }
        if is_refused && !is_taken {
            once.refused += 1;
        } else {
            once.not_seen.push(row.name);
        }
    }
    Ok(once)
}

/// Lines in the innermost block that takes them.
fn around(row: &Directive, lines: &str) -> Option<String> {
    let takes = |context| row.contexts.contains(context);
    Some(if takes(Contexts::HTTP_LOCATION) {
        format!("events {{}} http {{ server {{ location / {{\n{lines}}} }} }}")
    } else if takes(Contexts::HTTP_SERVER) {
        format!("events {{}} http {{ server {{\n{lines}}} }}")
    } else if takes(Contexts::HTTP) {
        format!("events {{}} http {{\n{lines}}}")
    } else if takes(Contexts::HTTP_UPSTREAM) {
        format!("events {{}} http {{ upstream u {{ server 127.0.0.1;\n{lines}}} }}")
    } else if takes(Contexts::EVENTS) {
        format!("events {{\n{lines}}}")
    } else if takes(Contexts::MAIN) {
        format!("{lines}events {{}}")
    } else {
        return None;
    })
}
