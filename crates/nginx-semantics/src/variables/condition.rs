//! The condition of an `if` (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_if_condition`).

use std::borrow::Cow;

use super::evaluate::Evaluator;
use super::value::Value;
use crate::configuration::Directive;
use crate::pattern::Pattern;

/// Whether the condition holds; `None` where that cannot be said, a test of files among it.
pub(super) fn holds(evaluator: &Evaluator<'_, '_>, condition: &Directive<'_>, depth: u32) -> Option<bool> {
    let words = words(condition);
    let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
    let value = |word: &[u8]| evaluator.value_at(word, depth);
    match words.as_slice() {
        [variable] if variable.starts_with(b"$") => {
            value(variable).test(|value| !matches!(value, b"" | b"0"))
        }
        [variable, b"=", other] => equal(&value(variable), &value(other)),
        [variable, b"!=", other] => equal(&value(variable), &value(other)).map(|equal| !equal),
        [variable, b"~", regex] => matches(&value(variable), regex, false),
        [variable, b"~*", regex] => matches(&value(variable), regex, true),
        [variable, b"!~", regex] => matches(&value(variable), regex, false).map(|matched| !matched),
        [variable, b"!~*", regex] => matches(&value(variable), regex, true).map(|matched| !matched),
        _ => None,
    }
}

/// The words between the brackets, which are glued to the first and the last word or stand alone.
fn words<'s>(condition: &Directive<'s>) -> Vec<Cow<'s, [u8]>> {
    let mut words: Vec<Cow<'s, [u8]>> = condition.arguments().collect();
    if let Some(first) = words.first_mut() {
        *first = first.strip_prefix(b"(").map(<[u8]>::to_vec).unwrap_or_default().into();
    }
    if let Some(last) = words.last_mut() {
        *last = last.strip_suffix(b")").map(<[u8]>::to_vec).unwrap_or_default().into();
    }
    let is_bracket =
        |index: usize, word: &[u8], count: usize| word.is_empty() && (index == 0 || index + 1 == count);
    let count = words.len();
    words
        .into_iter()
        .enumerate()
        .filter(|(index, word)| !is_bracket(*index, word, count))
        .map(|(_, word)| word)
        .collect()
}

fn equal(one: &Value, other: &Value) -> Option<bool> {
    match (one, other.as_known()) {
        (Value::NotEmpty, Some(b"")) => Some(false),
        (one, Some(other)) => one.test(|value| value == other),
        (_, None) => None,
    }
}

fn matches(value: &Value, regex: &[u8], caseless: bool) -> Option<bool> {
    let pattern = Pattern::new(regex, caseless).ok()?;
    let answers: Option<Vec<bool>> =
        value.alternatives()?.iter().map(|value| pattern.is_match(value)).collect();
    let answers = answers?;
    let first = *answers.first()?;
    answers.iter().all(|&answer| answer == first).then_some(first)
}
