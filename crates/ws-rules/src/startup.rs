//! Host names that nginx looks up when it starts, those that belong together as one.

use std::collections::{HashMap, HashSet};

use nginx_semantics::{ContextId, Directive, DirectiveRef};
use ws_model::{Endpoint, StartupName};

/// Names that are one, or of one `upstream`.
#[derive(Default)]
pub(crate) struct Groups<'m, 's> {
    pub(crate) all: Vec<Names<'m, 's>>,
    /// The number of the first one with a name, and with one of an `upstream`.
    by_host: HashMap<String, usize>,
    by_upstream: HashMap<ContextId, usize>,
    /// The lines that are in one, by its number.
    known: HashSet<(usize, DirectiveRef)>,
    /// The `upstream` blocks of which all names are in one.
    whole: HashSet<(usize, ContextId)>,
}

/// The names of one `upstream`, and these in other places; never empty.
pub(crate) struct Names<'m, 's> {
    pub(crate) endpoint: &'m Endpoint<'s>,
    pub(crate) names: Vec<StartupName<'s>>,
    /// The `*_pass` lines that take the upstream of the first by a variable.
    pub(crate) caught: Vec<Directive<'s>>,
}

impl<'m, 's> Groups<'m, 's> {
    /// Adds the names of an endpoint to the first group that has the first of them, or its `upstream`.
    pub(crate) fn add(
        &mut self,
        endpoint: &'m Endpoint<'s>,
        names: &[StartupName<'s>],
        first: &StartupName<'s>,
        caught: Option<Directive<'s>>,
    ) {
        let of_upstream = first.upstream.and_then(|upstream| self.by_upstream.get(&upstream));
        let known = self.by_host.get(&first.host).into_iter().chain(of_upstream).copied().min();
        let number = known.unwrap_or(self.all.len());
        if known.is_none() {
            self.all.push(Names { endpoint, names: Vec::new(), caught: Vec::new() });
        }
        let Some(group) = self.all.get_mut(number) else { return };
        group.caught.extend(caught);
        // Thousands of locations may pass on to thousands of servers, and the names of a block come together.
        if first.upstream.is_some_and(|upstream| !self.whole.insert((number, upstream))) {
            return;
        }
        for name in names {
            if !self.known.insert((number, name.directive.reference)) {
                continue;
            }
            let first_of = |before: &mut usize| *before = number.min(*before);
            self.by_host.entry(name.host.clone()).and_modify(first_of).or_insert(number);
            if let Some(upstream) = name.upstream {
                self.by_upstream.entry(upstream).and_modify(first_of).or_insert(number);
            }
            group.names.push(name.clone());
        }
    }
}
