//! What a request gathers on its way through the phases: values of `set`, what regexes captured, what maps came out as.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::value::Value;
use crate::exchange::Escape;
use crate::pattern::{Captures, Pattern};

/// By name in lower case.
type ByName = BTreeMap<Vec<u8>, Value>;

/// What a request has gathered so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered {
    set: ByName,
    trail: Option<RefCell<Trail>>,
    /// See [`Gathered::escape_captures`].
    escapes: Cell<bool>,
}

/// The same at a moment, for later.
#[derive(Debug, Clone)]
pub(crate) struct GatheredThen {
    set: ByName,
    trail: Option<Trail>,
}

impl GatheredThen {
    /// Goes on from there.
    pub(crate) fn resume(&self) -> Gathered {
        Gathered {
            set: self.set.clone(),
            trail: self.trail.clone().map(RefCell::new),
            escapes: Cell::default(),
        }
    }
}

/// What is kept only while a request is followed step by step: it depends on the order in which nginx looks at things.
#[derive(Debug, Clone, Default)]
struct Trail {
    /// nginx evaluates a map once and keeps the value, unless it is `volatile`
    /// (`http/ngx_http_variables.c:ngx_http_get_indexed_variable`).
    maps: ByName,
    captures: Captured,
    named: ByName,
}

/// What the last regex that matched has captured.
#[derive(Debug, Clone, Default)]
pub(crate) enum Captured {
    #[default]
    Nothing,
    Groups(Captures),
    Unknown,
}

impl Gathered {
    /// For a request that is followed step by step.
    pub(crate) fn followed() -> Self {
        Self { set: ByName::new(), trail: Some(RefCell::default()), escapes: Cell::default() }
    }

    /// What there is now, for later; nothing is left.
    pub(crate) fn take(&mut self) -> GatheredThen {
        let Self { set, trail, .. } = std::mem::take(self);
        GatheredThen { set, trail: trail.map(RefCell::into_inner) }
    }

    /// Whether nothing is missed: what has no value here was given none.
    pub(crate) fn is_followed(&self) -> bool {
        self.trail.is_some()
    }

    /// What `set` gave; `name` in lower case.
    pub(crate) fn value(&self, name: &[u8]) -> Option<&Value> {
        self.set.get(name)
    }

    /// `set`; `name` in lower case.
    pub(crate) fn set(&mut self, name: Vec<u8>, value: Value) {
        self.set.insert(name, value);
    }

    /// What a map came out as, if it was evaluated before.
    pub(super) fn map(&self, name: &[u8]) -> Option<Value> {
        self.trail.as_ref()?.borrow().maps.get(name).cloned()
    }

    /// Keeps what a map came out as.
    pub(super) fn keep_map(&self, name: &[u8], value: &Value) {
        if let Some(trail) = &self.trail {
            trail.borrow_mut().maps.insert(name.to_vec(), value.clone());
        }
    }

    /// Whether `$1` to `$9` of a text are escaped from now on, as in arguments; not those of a map that the text reads
    /// (`http/ngx_http_script.c:ngx_http_script_copy_capture_code`).
    pub(crate) fn escape_captures(&self, escapes: bool) {
        self.escapes.set(escapes);
    }

    /// `$1` to `$9` of the text that is evaluated.
    pub(super) fn capture_of_text(&self, number: u8) -> Value {
        let value = self.capture(number);
        if self.escapes.get() { value.map(|bytes| Escape::Arguments.apply(bytes)) } else { value }
    }

    /// `$1` to `$9`: what the regex that matched last has captured, whatever it stood in.
    pub(super) fn capture(&self, number: u8) -> Value {
        match self.trail.as_ref().map(|trail| trail.borrow().captures.clone()) {
            Some(Captured::Nothing) => Value::empty(),
            Some(Captured::Groups(captures)) => {
                Value::known(captures.get(usize::from(number)).unwrap_or_default())
            }
            Some(Captured::Unknown) | None => Value::Unknown,
        }
    }

    /// What a named group captured; `name` in lower case.
    pub(super) fn named(&self, name: &[u8]) -> Value {
        let Some(trail) = &self.trail else { return Value::Unknown };
        trail.borrow().named.get(name).cloned().unwrap_or_else(Value::empty)
    }

    /// Nothing is captured any more; gives back what was. A subrequest has the variables of its request, and captures of its
    /// own (`http/ngx_http_core_module.c:ngx_http_subrequest`).
    pub(crate) fn take_captures(&self) -> Captured {
        self.trail.as_ref().map(|trail| std::mem::take(&mut trail.borrow_mut().captures)).unwrap_or_default()
    }

    /// Puts back what [`Gathered::take_captures`] has taken.
    pub(crate) fn restore_captures(&self, captures: Captured) {
        if let Some(trail) = &self.trail {
            trail.borrow_mut().captures = captures;
        }
    }

    /// What a pattern captured is not known, nor whether it matched.
    pub(crate) fn may_match(&self, pattern: &Pattern) {
        self.forget_captures();
        if let Some(trail) = &self.trail {
            let names = pattern.capture_names().map(|name| name.to_ascii_lowercase().into_bytes());
            trail.borrow_mut().named.extend(names.map(|name| (name, Value::Unknown)));
        }
    }

    /// Whether a pattern matches; keeps what it captures (`http/ngx_http_variables.c:ngx_http_regex_exec`).
    pub(crate) fn matches(&self, pattern: &Pattern, subject: &[u8]) -> Option<bool> {
        let is_match = pattern.is_match(subject)?;
        if let Some(trail) = self.trail.as_ref().filter(|_| is_match) {
            let captured = pattern.captures(subject).flatten();
            for name in pattern.capture_names() {
                let value = captured.as_ref().map_or(Value::Unknown, |captured| {
                    Value::known(captured.named(name).unwrap_or_default())
                });
                trail.borrow_mut().named.insert(name.to_ascii_lowercase().into_bytes(), value);
            }
            trail.borrow_mut().captures = captured.map_or(Captured::Unknown, Captured::Groups);
        }
        Some(is_match)
    }

    /// The same for `rewrite` and the condition of an `if`: one that does not match leaves nothing captured
    /// (`http/ngx_http_script.c:ngx_http_script_regex_start_code`); those of maps and locations leave what was.
    pub(crate) fn tests(&self, pattern: &Pattern, subject: &[u8]) -> Option<bool> {
        let is_match = self.matches(pattern, subject);
        if is_match == Some(false) {
            self.tested_in_vain();
        }
        is_match
    }

    /// A `rewrite` or the condition of an `if` did not match.
    pub(crate) fn tested_in_vain(&self) {
        if let Some(trail) = &self.trail {
            trail.borrow_mut().captures = Captured::Nothing;
        }
    }

    /// A regex has matched something that is not known.
    pub(super) fn forget_captures(&self) {
        if let Some(trail) = &self.trail {
            trail.borrow_mut().captures = Captured::Unknown;
        }
    }
}
