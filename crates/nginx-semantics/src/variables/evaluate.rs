//! Evaluates values for one request in one location.

use super::definitions::{Definition, Variables};
use super::script::{Part, parts};
use super::value::Value;
use super::{condition, map};
use crate::catalogue::{self, DirectiveName};
use crate::configuration::{Configuration, ContextId, ContextKind, Directive};

/// Variables that use variables that use variables: nginx itself gives up on cycles
/// (`http/ngx_http_variables.c:ngx_http_get_indexed_variable`).
const MOST_DEPTH: u32 = 16;

/// What nginx's own variables are for a request.
pub trait Request {
    /// The value of a built-in variable, its name in lower case.
    fn variable(&self, name: &[u8]) -> Value;
}

/// Evaluates for one request that ends in one context.
#[derive(Clone, Copy)]
pub struct Evaluator<'a, 's> {
    /// The configuration.
    pub configuration: Configuration<'s>,
    /// Its variables.
    pub variables: &'a Variables<'s>,
    /// The request.
    pub request: &'a dyn Request,
    /// The location, or pseudo-location.
    pub context: ContextId,
}

impl<'a, 's> Evaluator<'a, 's> {
    /// The value of a text with variables.
    pub fn value(&self, text: &[u8]) -> Value {
        self.value_at(text, 0)
    }

    pub(super) fn value_at(&self, text: &[u8], depth: u32) -> Value {
        if depth > MOST_DEPTH {
            return Value::Unknown;
        }
        let part = |part: Part<'_>| match part {
            Part::Literal(bytes) => Value::known(bytes),
            Part::Variable(name) => self.variable(&name.to_ascii_lowercase(), depth + 1),
            Part::Capture(_) | Part::Invalid => Value::Unknown,
        };
        parts(text).into_iter().map(part).reduce(Value::then).unwrap_or_else(Value::empty)
    }

    /// `name` in lower case, without `$`.
    fn variable(&self, name: &[u8], depth: u32) -> Value {
        let definitions = self.variables.definitions(name);
        if definitions.is_empty() {
            return if catalogue::is_builtin_variable(name) {
                self.request.variable(name)
            } else {
                Value::Unknown
            };
        }
        let sets: Vec<_> =
            definitions.iter().filter(|definition| matches!(definition, Definition::Set(..))).collect();
        if !sets.is_empty() {
            return self.set(name, &sets, depth);
        }
        let maps: Option<Vec<ContextId>> = definitions
            .iter()
            .map(|definition| match definition {
                Definition::Map(map) => Some(*map),
                Definition::Set(..) | Definition::Opaque(_) => None,
            })
            .collect();
        let Some(maps) = maps else { return Value::Unknown };
        self.visible_maps(&maps)
            .into_iter()
            .map(|map| map::evaluate(self, map, depth))
            .reduce(Value::or)
            .unwrap_or(Value::Unknown)
    }

    /// The maps that can be meant: of several in one `http` the last one wins; fragments that no root joins each have
    /// their own, and one of another fragment counts where there is none nearer.
    fn visible_maps(&self, maps: &[ContextId]) -> Vec<ContextId> {
        let http_of = |context| self.configuration.enclosing(context, ContextKind::Http);
        let own: Vec<_> = self.configuration.levels(self.context).collect();
        let is_own = |map: &&ContextId| http_of(**map).is_some_and(|http| own.contains(&http));
        match maps.iter().rfind(is_own) {
            Some(&last) => vec![last],
            None => maps.to_vec(),
        }
    }

    /// A variable that `set` defines: the rewrite phases of the server and of the location run in order
    /// (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_handler`).
    fn set(&self, name: &[u8], sets: &[&Definition<'s>], depth: u32) -> Value {
        let path = self.rewrite_path();
        let mut value = None;
        for &level in &path {
            value = self.run(level, &path, name, value, depth);
        }
        let server = self.configuration.enclosing(self.context, ContextKind::Server);
        let is_elsewhere = |definition: &&&Definition<'s>| match definition {
            Definition::Set(_, context) => {
                let around = self.configuration.context(*context);
                let level = if around.kind == ContextKind::ServerIf { around.parent } else { Some(*context) };
                let level = level.filter(|level| !path.contains(level));
                // An `if` on the way was run above; one in another location was not.
                let parent = level.and_then(|level| self.configuration.context(level).parent);
                level.is_some()
                    && !parent.is_some_and(|parent| path.contains(&parent) && around.kind == ContextKind::If)
                    && self.configuration.enclosing(*context, ContextKind::Server) == server
            }
            Definition::Map(_) | Definition::Opaque(_) => false,
        };
        match value {
            Some(value) => value,
            // An internal redirect from another location brings the value along.
            None if sets.iter().any(|definition| is_elsewhere(&definition)) => Value::Unknown,
            None if path.iter().any(|&level| !self.configuration.context(level).gaps.is_empty()) => {
                Value::Unknown
            }
            None => Value::empty(),
        }
    }

    /// The contexts whose rewrite directives a request runs on the way to this location, in order.
    fn rewrite_path(&self) -> Vec<ContextId> {
        let mut path: Vec<ContextId> = Vec::new();
        for level in self.configuration.levels(self.context) {
            match self.configuration.context(level).kind {
                ContextKind::If | ContextKind::LimitExcept => path.push(level),
                // Outer locations are not run through: their directives are not inherited.
                ContextKind::Location
                    if !path
                        .iter()
                        .any(|&inner| self.configuration.context(inner).kind == ContextKind::Location) =>
                {
                    path.push(level);
                }
                ContextKind::Server => path.push(level),
                _ => {}
            }
        }
        path.reverse();
        path
    }

    /// The value after the rewrite directives of one level; `None` while nothing has set it.
    fn run(
        &self,
        level: ContextId,
        path: &[ContextId],
        name: &[u8],
        before: Option<Value>,
        depth: u32,
    ) -> Option<Value> {
        let mut value = before;
        for directive in self.configuration.directives(level) {
            match directive.name() {
                DirectiveName::SET if sets(&directive, name) => {
                    let text = directive.argument(1).unwrap_or_default();
                    value = Some(if mentions(&text, name) {
                        Value::Unknown
                    } else {
                        self.value_at(&text, depth + 1)
                    });
                }
                DirectiveName::IF => {
                    let Some(inside) =
                        self.opened_by(level, &directive).filter(|inside| !path.contains(inside))
                    else {
                        continue;
                    };
                    let set =
                        self.configuration.named(inside, DirectiveName::SET).rfind(|set| sets(set, name));
                    let Some(set) = set else { continue };
                    let then = self.value_at(&set.argument(1).unwrap_or_default(), depth + 1);
                    value = match condition::holds(self, &directive, depth + 1) {
                        Some(true) => Some(then),
                        Some(false) => value,
                        None => Some(then.or(value.unwrap_or_else(Value::empty))),
                    };
                }
                _ => {}
            }
        }
        value
    }

    fn opened_by(&self, level: ContextId, directive: &Directive<'s>) -> Option<ContextId> {
        let is_it =
            |child: &&ContextId| self.configuration.context(**child).opener == Some(directive.reference);
        self.configuration.context(level).children.iter().find(is_it).copied()
    }

    /// The map that defines a variable (its name in any case, without `$`), where just one is meant, with the entry that
    /// decides for this request; `None` inside where no entry matches and there is no `default`.
    pub fn deciding_entry(&self, name: &[u8]) -> Option<(ContextId, Option<Directive<'s>>)> {
        let maps: Option<Vec<ContextId>> = self
            .variables
            .definitions(name)
            .iter()
            .map(|definition| match definition {
                Definition::Map(map) => Some(*map),
                Definition::Set(..) | Definition::Opaque(_) => None,
            })
            .collect();
        let maps = self.visible_maps(&maps?);
        let [map] = maps.as_slice() else { return None };
        Some((*map, map::deciding_entry(self, *map)?))
    }

    /// Whether the condition of an `if` holds for this request; `None` where that cannot be said.
    pub fn condition(&self, condition: &Directive<'_>) -> Option<bool> {
        condition::holds(self, condition, 0)
    }
}

fn sets(directive: &Directive<'_>, name: &[u8]) -> bool {
    let target = directive.argument(0).unwrap_or_default();
    target.strip_prefix(b"$").is_some_and(|target| target.eq_ignore_ascii_case(name))
}

fn mentions(text: &[u8], name: &[u8]) -> bool {
    parts(text).iter().any(|part| matches!(part, Part::Variable(other) if other.eq_ignore_ascii_case(name)))
}
