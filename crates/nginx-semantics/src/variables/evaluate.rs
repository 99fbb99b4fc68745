//! Evaluates values for one request in one location.

use std::cell::{Cell, RefCell};

use hashbrown::HashMap;
use smallvec::{SmallVec, smallvec};

use super::definitions::Variables;
use super::gathered::Gathered;
use super::map::Entries;
use super::script::{Part, lower, parts};
use super::value::Value;
use super::{clients, condition, map, rewrite};
use crate::catalogue;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive};
use crate::placeholder;

/// Variables that use variables that use variables: nginx itself gives up on cycles
/// (`http/ngx_http_variables.c:ngx_http_get_indexed_variable`).
const MOST_DEPTH: u32 = 16;

/// What nginx's own variables are for a request.
pub trait Request {
    /// The value of a built-in variable, its name in lower case.
    fn variable(&self, name: &[u8]) -> Value;
}

/// As many values are looked at to find one: maps on maps that use one another many times over would never end.
const MOST_STEPS: u32 = 10_000;

/// Evaluates for one request that ends in one context.
pub struct Evaluator<'a, 's> {
    /// The configuration.
    pub(super) configuration: Configuration<'s>,
    /// Its variables.
    pub(super) variables: &'a Variables<'s>,
    /// The request.
    request: &'a dyn Request,
    /// The location, or pseudo-location.
    pub(super) context: ContextId,
    /// How many values were looked at to find this one.
    steps: Cell<u32>,
    /// Whether it was asked which lines of the rewrite module the request runs through.
    ran: Cell<bool>,
    /// The maps that were evaluated for it after the rewrite phases, by how deep: maps that use one another many times
    /// over are evaluated once.
    evaluated: RefCell<HashMap<(ContextId, u32), Value>>,
}

/// When a value is looked at: `set` counts from the moment on in which it runs.
#[derive(Clone, Copy)]
pub(super) enum Moment<'m> {
    /// After the rewrite phases.
    Content,
    /// With what was gathered so far.
    With(&'m Gathered),
}

impl<'a, 's> Evaluator<'a, 's> {
    /// Evaluates for `request` in `context`: a location, or pseudo-location.
    pub fn new(
        configuration: Configuration<'s>,
        variables: &'a Variables<'s>,
        request: &'a dyn Request,
        context: ContextId,
    ) -> Self {
        let (steps, ran, evaluated) = (Cell::default(), Cell::default(), RefCell::default());
        Self { configuration, variables, request, context, steps, ran, evaluated }
    }

    /// Whether the last value may be another one elsewhere in the same `http`.
    pub fn hangs_on_place(&self) -> bool {
        self.ran.get()
    }

    /// Begins a new value.
    fn start(&self) {
        self.steps.set(0);
        self.ran.set(false);
        self.evaluated.borrow_mut().clear();
    }

    /// Counts one more step; whether there were too many.
    pub(super) fn is_enough(&self) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        self.steps.get() > MOST_STEPS
    }

    /// Counts so many steps at once, unless they are too many or too deep.
    pub(super) fn takes(&self, steps: u32, depth: u32) -> bool {
        let all = self.steps.get().saturating_add(steps);
        let is_taken = depth <= MOST_DEPTH && all <= MOST_STEPS;
        if is_taken {
            self.steps.set(all);
        }
        is_taken
    }

    /// The value of a text with variables.
    pub fn value(&self, text: &[u8]) -> Value {
        self.start();
        self.value_at(text, Moment::Content, 0)
    }

    pub(super) fn value_at(&self, text: &[u8], moment: Moment<'_>, depth: u32) -> Value {
        if depth > MOST_DEPTH || self.is_enough() {
            return Value::Unknown;
        }
        if memchr::memchr(b'$', text).is_none() {
            return Value::known(text);
        }
        let part = |part: Part<'_>| match part {
            Part::Literal(bytes) => Value::known(bytes),
            Part::Variable(name) if placeholder::is_name(name) && placeholder::is_unknown(text) => {
                Value::Unknown
            }
            Part::Variable(name) => self.variable(&lower(name), moment, depth + 1),
            Part::Capture(number) => match moment {
                Moment::With(gathered) if depth == 0 => gathered.capture_of_text(number),
                Moment::With(gathered) => gathered.capture(number),
                Moment::Content => Value::Unknown,
            },
            Part::Invalid => Value::Unknown,
        };
        parts(text).into_iter().map(part).reduce(Value::then).unwrap_or_else(Value::empty)
    }

    /// `name` in lower case, without `$`.
    pub(super) fn variable(&self, name: &[u8], moment: Moment<'_>, depth: u32) -> Value {
        let Some(variable) = self.variables.variable(name) else {
            return self.without_set(name, moment, depth);
        };
        if variable.has_opaque {
            let block = variable.clients();
            return block.map_or(Value::Unknown, |block| clients::evaluate(self, block, moment, depth));
        }
        if variable.has_capture {
            return match moment {
                // Whether a `set` or the regex came last is not kept.
                Moment::With(gathered) if variable.is_capture() => gathered.named(name),
                Moment::With(_) | Moment::Content => Value::Unknown,
            };
        }
        if variable.sets.is_empty() {
            return self.without_set(name, moment, depth);
        }
        self.ran.set(true);
        if self.variables.is_scripted(self.context) {
            return Value::Unknown;
        }
        let run;
        let gathered = match moment {
            Moment::With(gathered) => gathered,
            Moment::Content => {
                run = rewrite::run(self, depth);
                &run
            }
        };
        match gathered.value(name) {
            Some(value) => value.clone(),
            None if rewrite::is_incomplete(self) => Value::Unknown,
            None if !gathered.is_followed() && rewrite::may_be_set_elsewhere(self, variable) => {
                Value::Unknown
            }
            None => self.without_set(name, moment, depth),
        }
    }

    /// What a variable is as long as no `set` has run: `set` leaves the handler of a map or of nginx's own variable in
    /// place (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_set`).
    pub(super) fn without_set(&self, name: &[u8], moment: Moment<'_>, depth: u32) -> Value {
        let variable = self.variables.variable(name);
        let maps = variable.map(|variable| variable.maps.as_slice()).unwrap_or_default();
        if maps.is_empty() {
            return if catalogue::is_builtin_variable(name) {
                self.request.variable(name)
            } else if variable.is_none() {
                Value::Unknown
            } else {
                Value::empty()
            };
        }
        if let Moment::With(gathered) = moment {
            if let Some(kept) = gathered.map(name) {
                return kept;
            }
        }
        let maps = self.visible_maps(maps);
        let values = maps.iter().map(|&map| self.map(map, moment, depth));
        let value = values.reduce(Value::or).unwrap_or(Value::Unknown);
        if let Moment::With(gathered) = moment {
            if !maps
                .iter()
                .any(|&map| self.variables.entries(self.configuration, map).is_some_and(Entries::is_volatile))
            {
                gathered.keep_map(name, &value);
            }
        }
        value
    }

    fn map(&self, map: ContextId, moment: Moment<'_>, depth: u32) -> Value {
        if matches!(moment, Moment::With(_)) {
            return map::evaluate(self, map, moment, depth);
        }
        let key = (map, depth);
        if let Some(known) = self.evaluated.borrow().get(&key) {
            return known.clone();
        }
        let value = map::evaluate(self, map, moment, depth);
        // What was cut off is not what it is.
        if self.steps.get() <= MOST_STEPS {
            self.evaluated.borrow_mut().insert(key, value.clone());
        }
        value
    }

    /// The maps that can be meant: of several in one `http` the last one wins; fragments that no root joins each have
    /// their own, and one of another fragment counts where there is none nearer.
    fn visible_maps(&self, maps: &[ContextId]) -> SmallVec<[ContextId; 1]> {
        let http_of = |context| self.configuration.enclosing(context, ContextKind::Http);
        let own = http_of(self.context);
        let is_own = |map: &&ContextId| own.is_some() && http_of(**map) == own;
        match maps.iter().rfind(is_own) {
            Some(&last) => smallvec![last],
            None => maps.iter().copied().collect(),
        }
    }

    /// The map that defines a variable (its name in any case, without `$`), where just one is meant, with the entry that
    /// decides for this request; `None` inside where no entry matches and there is no `default`.
    pub fn deciding_entry(&self, name: &[u8]) -> Option<(ContextId, Option<Directive<'s>>)> {
        let variable = self.variables.variable(&name.to_ascii_lowercase())?;
        if variable.has_opaque || variable.has_capture || !variable.sets.is_empty() {
            return None;
        }
        let maps = self.visible_maps(&variable.maps);
        let [map] = maps.as_slice() else { return None };
        Some((*map, map::deciding_entry(self, *map)?))
    }

    /// Whether the condition of an `if` holds for this request; `None` where that cannot be said.
    pub fn condition(&self, condition: &Directive<'_>) -> Option<bool> {
        self.start();
        condition::holds(self, condition, Moment::Content, 0)
    }

    /// The same with what a request has gathered so far.
    pub(crate) fn condition_with(&self, condition: &Directive<'_>, gathered: &Gathered) -> Option<bool> {
        self.start();
        condition::holds(self, condition, Moment::With(gathered), 0)
    }

    /// The value of a text with variables, with what a request has gathered so far.
    pub(crate) fn value_with(&self, text: &[u8], gathered: &Gathered) -> Value {
        self.start();
        self.value_at(text, Moment::With(gathered), 0)
    }
}
