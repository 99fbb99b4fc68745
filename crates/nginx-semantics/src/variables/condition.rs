//! The condition of an `if` (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_if_condition`).

use std::borrow::Cow;

use super::evaluate::{Evaluator, Moment};
use super::value::Value;
use crate::catalogue::is_builtin_variable;
use crate::configuration::Directive;

/// Whether the condition holds; `None` where that cannot be said, a test of files among it.
pub(super) fn holds(
    evaluator: &Evaluator<'_, '_>,
    condition: &Directive<'_>,
    moment: Moment<'_>,
    depth: u32,
) -> Option<bool> {
    let words = condition_words(condition);
    let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
    let (&variable, test) = words.split_first()?;
    let variable = variable.strip_prefix(b"$")?;
    let value = variable_value(evaluator, variable, moment, depth);
    let other = |text: &[u8]| evaluator.value_at(text, moment, depth);
    match test {
        [] => value.test(|value| !matches!(value, b"" | b"0")),
        [b"=", text] => equal(&value, &other(text)),
        [b"!=", text] => equal(&value, &other(text)).map(|equal| !equal),
        [b"~", regex] => matches(evaluator, &value, regex, false, moment),
        [b"~*", regex] => matches(evaluator, &value, regex, true, moment),
        [b"!~", regex] => matches(evaluator, &value, regex, false, moment).map(|matched| !matched),
        [b"!~*", regex] => matches(evaluator, &value, regex, true, moment).map(|matched| !matched),
        _ => None,
    }
}

/// All that follows the `$` is the name: in `if ($http_upgrade='websocket')` it is `http_upgrade='websocket'`, a header
/// that no request has, and nginx accepts it because any name may follow `http_`.
fn variable_value(evaluator: &Evaluator<'_, '_>, name: &[u8], moment: Moment<'_>, depth: u32) -> Value {
    let name = name.to_ascii_lowercase();
    if name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        evaluator.variable(&name, moment, depth + 1)
    } else if is_builtin_variable(&name) {
        Value::empty()
    } else {
        Value::Unknown
    }
}

/// The words between the brackets of an `if`, which are glued to the first and the last word or stand alone.
pub fn condition_words<'s>(condition: &Directive<'s>) -> Vec<Cow<'s, [u8]>> {
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

fn matches(
    evaluator: &Evaluator<'_, '_>,
    value: &Value,
    regex: &[u8],
    caseless: bool,
    moment: Moment<'_>,
) -> Option<bool> {
    let pattern = evaluator.configuration.pattern(regex, caseless)?;
    if let (Moment::With(gathered), Some(value)) = (moment, value.as_known()) {
        return gathered.tests(&pattern, value);
    }
    if let Moment::With(gathered) = moment {
        gathered.forget_captures();
    }
    let answers: Option<Vec<bool>> =
        value.alternatives()?.iter().map(|value| pattern.is_match(value)).collect();
    let answers = answers?;
    let first = *answers.first()?;
    answers.iter().all(|&answer| answer == first).then_some(first)
}
