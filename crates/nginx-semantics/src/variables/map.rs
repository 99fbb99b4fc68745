//! `map`, evaluated as nginx does (`http/modules/ngx_http_map_module.c`, `ngx_http_variables.c:ngx_http_map_find`):
//! literal keys whatever their case, then regexes in order, then `default`, then the empty value.

use std::borrow::Cow;

use super::evaluate::Evaluator;
use super::script::{Part, parts};
use super::value::Value;
use crate::configuration::{ContextId, Directive};
use crate::pattern::Pattern;

/// The entries of a map, sorted by what they are.
struct Entries<'s> {
    literals: Vec<(Cow<'s, [u8]>, Directive<'s>)>,
    regexes: Vec<(Option<Pattern>, Directive<'s>)>,
    default: Option<Directive<'s>>,
    /// Wildcard host names, or an include that was not given: what does not match a literal may match there.
    is_open: bool,
}

impl<'s> Entries<'s> {
    fn new(evaluator: &Evaluator<'_, 's>, map: ContextId) -> Self {
        let configuration = evaluator.configuration;
        let is_open = !configuration.context(map).gaps.is_empty();
        let mut entries = Self { literals: Vec::new(), regexes: Vec::new(), default: None, is_open };
        for entry in configuration.directives(map) {
            let key = entry.name_bytes();
            if entry.argument(0).is_none() {
                entries.is_open |= key.as_ref() == b"hostnames";
                continue;
            }
            match key.as_ref() {
                b"default" => entries.default = Some(entry),
                [b'~', b'*', regex @ ..] => entries.regexes.push((Pattern::new(regex, true).ok(), entry)),
                [b'~', regex @ ..] => entries.regexes.push((Pattern::new(regex, false).ok(), entry)),
                [b'\\', rest @ ..] => entries.literals.push((Cow::Owned(rest.to_vec()), entry)),
                _ => entries.literals.push((key, entry)),
            }
        }
        entries
    }
}

/// The value of the variable that the map defines.
pub(super) fn evaluate(evaluator: &Evaluator<'_, '_>, map: ContextId, depth: u32) -> Value {
    let Some(opener) = evaluator.configuration.opener(map) else { return Value::Unknown };
    let source = opener.argument(0).unwrap_or_default();
    let entries = Entries::new(evaluator, map);
    let outcome = |entry: &Directive<'_>| outcome(evaluator, entry, depth);
    let default = || entries.default.as_ref().map_or_else(Value::empty, outcome);
    match evaluator.value_at(&source, depth) {
        Value::OneOf(inputs) => {
            let find = |input: &Vec<u8>| find(&entries, input, &outcome, &default);
            inputs.iter().map(find).reduce(Value::or).unwrap_or(Value::Unknown)
        }
        Value::NotEmpty | Value::Unknown if entries.is_open => Value::Unknown,
        Value::NotEmpty | Value::Unknown => {
            let literals = entries.literals.iter().map(|(_, entry)| outcome(entry));
            let regexes = entries.regexes.iter().map(|(_, entry)| outcome(entry));
            literals.chain(regexes).fold(default(), Value::or)
        }
    }
}

/// The entry that decides the value of a map for its known input; `Some(None)` where nothing matches and there is no
/// `default`, `None` where that cannot be said.
pub(super) fn deciding_entry<'s>(
    evaluator: &Evaluator<'_, 's>,
    map: ContextId,
) -> Option<Option<Directive<'s>>> {
    let source = evaluator.configuration.opener(map)?.argument(0)?;
    let input = evaluator.value(&source);
    let input = input.as_known()?;
    let entries = Entries::new(evaluator, map);
    if let Some((_, entry)) = entries.literals.iter().find(|(key, _)| key.eq_ignore_ascii_case(input)) {
        return Some(Some(*entry));
    }
    if entries.is_open {
        return None;
    }
    for (pattern, entry) in &entries.regexes {
        match pattern.as_ref()?.is_match(input)? {
            true => return Some(Some(*entry)),
            false => {}
        }
    }
    Some(entries.default)
}

fn find<'s>(
    entries: &Entries<'s>,
    input: &[u8],
    outcome: &dyn Fn(&Directive<'s>) -> Value,
    default: &dyn Fn() -> Value,
) -> Value {
    if let Some((_, entry)) = entries.literals.iter().find(|(key, _)| key.eq_ignore_ascii_case(input)) {
        return outcome(entry);
    }
    if entries.is_open {
        return Value::Unknown;
    }
    let mut possible: Option<Value> = None;
    let mut add = |value: Value| {
        possible = Some(match possible.take() {
            Some(before) => before.or(value),
            None => value,
        });
    };
    for (pattern, entry) in &entries.regexes {
        match pattern.as_ref().and_then(|pattern| pattern.is_match(input)) {
            Some(false) => {}
            Some(true) => {
                add(outcome(entry));
                return possible.unwrap_or(Value::Unknown);
            }
            None => add(outcome(entry)),
        }
    }
    add(default());
    possible.unwrap_or(Value::Unknown)
}

fn outcome(evaluator: &Evaluator<'_, '_>, entry: &Directive<'_>, depth: u32) -> Value {
    let value = entry.argument(0).unwrap_or_default();
    if parts(&value).iter().any(|part| matches!(part, Part::Capture(_))) {
        return Value::Unknown;
    }
    evaluator.value_at(&value, depth)
}
