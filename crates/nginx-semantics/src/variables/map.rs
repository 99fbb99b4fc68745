//! `map`, evaluated as nginx does (`http/modules/ngx_http_map_module.c`, `ngx_http_variables.c:ngx_http_map_find`):
//! literal keys whatever their case, then regexes in order, then `default`, then the empty value.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::evaluate::{Evaluator, Moment};
use super::script::{Part, lower, parts};
use super::value::{Bytes, Value};
use crate::configuration::{Configuration, ContextId, Directive};
use crate::mistakes::{Mistake, makes};
use crate::pattern::{Pattern, PatternList};
use crate::placeholder;

/// The entries of a map, sorted by what they are.
#[derive(Debug)]
pub(super) struct Entries<'s> {
    /// By key in lower case: nginx compares without case.
    literals: BTreeMap<Vec<u8>, Directive<'s>>,
    /// Of `hostnames`, tried behind the literals.
    wildcards: Vec<Wildcard<'s>>,
    regexes: PatternList<Directive<'s>>,
    default: Option<Directive<'s>>,
    /// A key with a placeholder, or an include that was not given: what does not match a literal may match there.
    is_open: bool,
    is_volatile: bool,
    /// Whether the value of an entry has variables: then it depends on the request.
    has_variables: bool,
    /// What comes out for an input that is not known, and for one that is only known not to be empty, where no value has
    /// variables.
    possible: [OnceLock<Possible>; 2],
}

/// A key of a map with `hostnames`, in lower case.
#[derive(Debug)]
struct Wildcard<'s> {
    /// `.example.com` of `*.example.com` and of `.example.com`; `www.` of `www.*`.
    text: Vec<u8>,
    /// Whether the text is the beginning of what matches, else its end.
    is_beginning: bool,
    entry: Directive<'s>,
}

impl<'s> Wildcard<'s> {
    fn new(key: &[u8], entry: Directive<'s>) -> Option<Self> {
        let head = key.strip_prefix(b"*").filter(|rest| rest.first() == Some(&b'.'));
        let tail = key.strip_suffix(b"*").filter(|rest| rest.last() == Some(&b'.'));
        let is_beginning = tail.is_some();
        let text = head.or(tail).or(Some(key).filter(|key| key.first() == Some(&b'.')))?;
        Some(Self { text: text.to_ascii_lowercase(), is_beginning, entry })
    }

    fn is_match(&self, input: &[u8]) -> bool {
        let is_it =
            if self.is_beginning { input.starts_with(&self.text) } else { input.ends_with(&self.text) };
        is_it && input.len() > self.text.len()
    }
}

/// What all entries that may match come to.
#[derive(Debug)]
struct Possible {
    value: Value,
    /// How many values were looked at for it.
    steps: u32,
}

impl<'s> Entries<'s> {
    pub(super) fn new(configuration: Configuration<'s>, map: ContextId) -> Self {
        let is_open = configuration.context(map).unseen().next().is_some();
        let mut entries = Self {
            literals: BTreeMap::new(),
            wildcards: Vec::new(),
            regexes: PatternList::default(),
            default: None,
            is_open,
            is_volatile: false,
            has_variables: false,
            possible: [OnceLock::new(), OnceLock::new()],
        };
        // From this line on, keys may be wildcards.
        let mut has_hostnames = false;
        for entry in configuration.directives(map) {
            let key = entry.name_bytes();
            if entry.argument(0).is_none() {
                has_hostnames |= key.as_ref() == b"hostnames";
                entries.is_volatile |= key.as_ref() == b"volatile";
                continue;
            }
            entries.has_variables |= entry.argument(0).is_some_and(|value| value.contains(&b'$'));
            match key.as_ref() {
                key if placeholder::is_unknown(key) => entries.is_open = true,
                b"default" => entries.default = Some(entry),
                [b'~', b'*', regex @ ..] => entries.regexes.push(configuration.pattern(regex, true), entry),
                [b'~', regex @ ..] => entries.regexes.push(configuration.pattern(regex, false), entry),
                // A backslash makes a literal of `default`, `~…` and the like.
                [b'\\', literal @ ..] | literal => {
                    if let Some(wildcard) = Wildcard::new(literal, entry).filter(|_| has_hostnames) {
                        // The name itself is one that `.example.com` means.
                        let own = literal.strip_prefix(b".").map(<[u8]>::to_ascii_lowercase);
                        if let Some(own) = own {
                            entries.literals.entry(own).or_insert(entry);
                        }
                        entries.wildcards.push(wildcard);
                        continue;
                    }
                    entries.literals.entry(literal.to_ascii_lowercase()).or_insert(entry);
                }
            }
        }
        entries
    }

    /// Whether it is evaluated anew whenever it is asked for.
    pub(super) fn is_volatile(&self) -> bool {
        self.is_volatile
    }

    fn literal(&self, input: &[u8]) -> Option<&Directive<'s>> {
        let found = self.literals.get(&*lower(input));
        let is_same = |entry: &&Directive<'_>| entry.name_bytes().as_ref() == input;
        found.filter(|entry| !makes(Mistake::MapKeysCaseSensitive) || is_same(entry))
    }

    /// The wildcard that decides: the longest of those for ends, else of those for beginnings (`ngx_hash_find_combined`).
    fn wildcard(&self, input: &[u8]) -> Option<&Directive<'s>> {
        let input = lower(input);
        let found = self.wildcards.iter().filter(|wildcard| wildcard.is_match(&input));
        found.max_by_key(|one| (!one.is_beginning, one.text.len())).map(|one| &one.entry)
    }

    /// The regexes that are tried for `input`: none where it is empty (`ngx_http_map_find`).
    fn regexes(&self, input: &[u8]) -> impl Iterator<Item = &(Option<Pattern>, Directive<'s>)> {
        let has_input = !input.is_empty();
        has_input.then(|| self.regexes.candidates(input)).into_iter().flatten()
    }
}

/// The value of the variable that the map defines.
pub(super) fn evaluate(
    evaluator: &Evaluator<'_, '_>,
    map: ContextId,
    moment: Moment<'_>,
    depth: u32,
) -> Value {
    let Some(opener) = evaluator.configuration.opener(map) else { return Value::Unknown };
    let source = opener.argument(0).unwrap_or_default();
    let Some(entries) = evaluator.variables.entries(evaluator.configuration, map) else {
        return Value::Unknown;
    };
    let outcome = |entry: &Directive<'_>| outcome(evaluator, entry, moment, depth);
    let default = || entries.default.as_ref().map_or_else(Value::empty, outcome);
    let input = evaluator.value_at(&source, moment, depth);
    match &input {
        Value::OneOf(inputs) => {
            let find = |input: &Bytes| find(entries, input, &outcome, &default, moment);
            inputs.iter().map(find).reduce(Value::or).unwrap_or(Value::Unknown)
        }
        Value::NotEmpty | Value::Unknown if entries.is_open => Value::Unknown,
        Value::NotEmpty | Value::Unknown => {
            let is_possible = |key: &[u8]| input == Value::Unknown || !key.is_empty();
            let all = || {
                let literals = entries.literals.iter().filter(|(key, _)| is_possible(key));
                let regexes = entries.regexes.iter().map(|(_, entry)| entry);
                let wildcards = entries.wildcards.iter().map(|wildcard| &wildcard.entry);
                literals.map(|(_, entry)| entry).chain(wildcards).chain(regexes)
            };
            let [of_any, of_text] = &entries.possible;
            let possible = if input == Value::Unknown { of_any } else { of_text };
            let possible = || {
                possible.get_or_init(|| {
                    let known = |entry: &Directive<'_>| Value::known(entry.argument(0).unwrap_or_default());
                    let default = entries.default.as_ref();
                    let (mut value, mut steps) =
                        (default.map_or_else(Value::empty, known), u32::from(default.is_some()));
                    for entry in all() {
                        value = value.or(known(entry));
                        steps = steps.saturating_add(1);
                    }
                    Possible { value, steps }
                })
            };
            // Thousands of locations may ask for the same thousands of entries.
            if !entries.has_variables && evaluator.takes(possible().steps, depth) {
                return possible().value.clone();
            }
            all().map(outcome).fold(default(), Value::or)
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
    let entries = evaluator.variables.entries(evaluator.configuration, map)?;
    if let Some(entry) = entries.literal(input).or_else(|| entries.wildcard(input)) {
        return Some(Some(*entry));
    }
    if entries.is_open {
        return None;
    }
    for (pattern, entry) in entries.regexes(input) {
        if pattern.as_ref()?.is_match(input)? {
            return Some(Some(*entry));
        }
    }
    Some(entries.default)
}

fn find<'s>(
    entries: &Entries<'s>,
    input: &[u8],
    outcome: &dyn Fn(&Directive<'s>) -> Value,
    default: &dyn Fn() -> Value,
    moment: Moment<'_>,
) -> Value {
    let literal = entries.literal(input).or_else(|| entries.wildcard(input));
    let is_passed_over = makes(Mistake::MapRegexFirst) && {
        let mut regexes = entries.regexes(input).filter_map(|(pattern, _)| pattern.as_ref());
        regexes.any(|pattern| pattern.is_match(input) == Some(true))
    };
    if let Some(entry) = literal.filter(|_| !is_passed_over) {
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
    for (pattern, entry) in entries.regexes(input) {
        let is_match = |pattern: &Pattern| match moment {
            Moment::With(gathered) => gathered.matches(pattern, input),
            Moment::Content => pattern.is_match(input),
        };
        match pattern.as_ref().and_then(is_match) {
            Some(false) => {}
            Some(true) if matches!(moment, Moment::With(gathered) if gathered.is_followed()) => {
                add(outcome(entry));
                return possible.unwrap_or(Value::Unknown);
            }
            Some(true) => {
                let captured = pattern.as_ref().and_then(|pattern| captured(pattern, input, entry));
                add(captured.unwrap_or_else(|| outcome(entry)));
                return possible.unwrap_or(Value::Unknown);
            }
            None => add(outcome(entry)),
        }
    }
    if entries.default.is_none() && makes(Mistake::NoDefaultUnchanged) {
        add(Value::known(input));
    } else {
        add(default());
    }
    possible.unwrap_or(Value::Unknown)
}

/// The value of an entry that is made of what its own regex captured: `$1`, `$name`. Other variables in it may run
/// regexes of their own, which replace `$1` (`http/ngx_http_variables.c:ngx_http_regex_exec`); `None` then.
fn captured(pattern: &Pattern, input: &[u8], entry: &Directive<'_>) -> Option<Value> {
    let value = entry.argument(0)?;
    let captures = pattern.captures(input)??;
    let mut text = Vec::new();
    for part in parts(&value) {
        match part {
            Part::Literal(bytes) => text.extend_from_slice(bytes),
            // A group that took no part leaves the variable empty.
            Part::Capture(number) => {
                text.extend_from_slice(captures.get(usize::from(number)).unwrap_or_default());
            }
            Part::Variable(name) => {
                let is_it = |group: &&str| group.as_bytes().eq_ignore_ascii_case(name);
                let groups: Vec<&str> = pattern.capture_names().filter(is_it).collect();
                let [group] = groups.as_slice() else { return None };
                text.extend_from_slice(captures.named(group).unwrap_or_default());
            }
            Part::Invalid => return None,
        }
    }
    Some(Value::known(text))
}

fn outcome(evaluator: &Evaluator<'_, '_>, entry: &Directive<'_>, moment: Moment<'_>, depth: u32) -> Value {
    let value = entry.argument(0).unwrap_or_default();
    evaluator.value_at(&value, moment, depth)
}
