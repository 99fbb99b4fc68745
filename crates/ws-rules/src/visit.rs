//! The way of the rules through a model: the configuration as a whole, then one server after the other.
//!
//! Servers are visited by several threads, some at a time, and what is found there is handed over in their order: the
//! outcome does not depend on the threads. What a stop needs beside the model ([`Walks`]) is dropped with it.

use std::sync::Arc;

use lint_finding::{Finding, RuleMeta};
use nginx_semantics::{ContextId, ContextKind, Effort, Pass, in_parts};
use ws_model::{Endpoint, Model, Walks};

use crate::{Context, Findings, RULES, Rule, Said};

/// So many pieces are visited at a time, until what was found there is taken.
const AT_A_TIME: usize = 16;
/// The passes of one piece: a server with more is visited in several.
const MOST_PASSES: usize = 512;

/// Where a visit stops.
#[derive(Debug, Clone, Copy)]
pub enum Stop<'v, 's> {
    /// At the configuration as a whole.
    Configuration,
    /// At a `proxy_pass` or its kin, in this location.
    Pass(ContextId, &'v Pass<'s>),
    /// At a WebSocket endpoint.
    Endpoint(&'v Endpoint<'s>),
}

impl Stop<'_, '_> {
    /// The location, where it is one.
    pub fn context(&self) -> Option<ContextId> {
        match self {
            Self::Configuration => None,
            Self::Pass(location, _) => Some(*location),
            Self::Endpoint(endpoint) => Some(endpoint.context),
        }
    }

    /// Whether a finding that a rule makes here is about this stop, as those of all rules are: an endpoint is named, a
    /// `*_pass` is blamed. So whoever wants the findings of a few locations needs no others.
    pub fn is_of(&self, finding: &Finding) -> bool {
        match self {
            Self::Configuration => true,
            Self::Pass(_, pass) => {
                let line = pass.directive.visible().at();
                let blamed = finding.primary.place;
                line.file == blamed.file && (line.span.start..line.span.end).contains(&blamed.span.start)
            }
            Self::Endpoint(endpoint) => finding.endpoint.as_ref().is_some_and(|name| {
                name.server == endpoint.server_name() && name.location == endpoint.location_text()
            }),
        }
    }
}

/// What stands together in a server, or in fragments without one; of a server with very many passes a part.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'m, 's> {
    /// Its `*_pass` directives.
    pub passes: &'m [(ContextId, Pass<'s>)],
    /// Its endpoints.
    pub endpoints: &'m [Endpoint<'s>],
}

/// The pieces of the servers that a model looks at, in order.
fn pieces<'m, 's>(model: &'m Model<'s>) -> Vec<Piece<'m, 's>> {
    let server = |context: ContextId| model.configuration.enclosing(context, ContextKind::Server);
    let (mut passes, mut endpoints) = (model.passes.as_slice(), model.endpoints.as_slice());
    let mut pieces = Vec::new();
    while let Some((first, _)) = passes.first() {
        let around = server(*first);
        let is_own = |(context, _): &&(ContextId, Pass<'s>)| server(*context) == around;
        let count = passes.iter().take(MOST_PASSES).take_while(is_own).count();
        let (own, others) = passes.split_at(count);
        // Each endpoint has one of the passes, and both are in the order of their contexts.
        let last = own.last().map(|(context, _)| *context);
        let count = endpoints.partition_point(|endpoint| Some(endpoint.context) <= last);
        let (with_socket, others_with_socket) = endpoints.split_at(count);
        if model.is_looked_at(*first) {
            pieces.push(Piece { passes: own, endpoints: with_socket });
        }
        (passes, endpoints) = (others, others_with_socket);
    }
    pieces
}

/// Whether any rule says something of an endpoint: one of those that were asked, or would if it were.
fn is_said(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    asked: &[&dyn Rule],
    found: &Findings,
    is_it: &dyn Fn(&Finding) -> bool,
) -> bool {
    let was_asked = |rule: &RuleMeta| asked.iter().any(|asked| asked.meta().name == rule.name);
    found.iter().any(is_it)
        || RULES.iter().any(|rule| {
            let mut others = Findings::default();
            if !was_asked(rule.meta()) {
                rule.endpoint(cx, endpoint, &mut others);
            }
            // What is said of every `*_pass` is found at another stop.
            rule.pass(cx, endpoint.context, &endpoint.pass, &mut others);
            others.iter().any(is_it)
        })
}

/// Goes through one model once and calls every rule at each stop. `at` says what is kept of a stop and its findings, in
/// some thread; `keep` gets that in order: the configuration first, then one server after the other, each with its passes
/// before its endpoints. Findings about endpoints that are among what was `said` are not made in full: they have no
/// fingerprints, and do not say why it is an endpoint.
pub fn visit<'s, T: Send>(
    rules: &[&dyn Rule],
    model: &Model<'s>,
    said: Option<&Arc<Said>>,
    at: &(dyn Fn(&Context<'_, 's>, Stop<'_, 's>, Vec<Finding>) -> T + Sync),
    keep: &mut (dyn FnMut(T) + Send),
) {
    visit_some(rules, model, said, &|_| None, at, keep);
}

/// The same, but no rule is asked about a piece of which `known` has what `keep` gets.
pub fn visit_some<'s, T: Send>(
    rules: &[&dyn Rule],
    model: &Model<'s>,
    said: Option<&Arc<Said>>,
    known: &(dyn Fn(&Piece<'_, 's>) -> Option<Vec<T>> + Sync),
    at: &(dyn Fn(&Context<'_, 's>, Stop<'_, 's>, Vec<Finding>) -> T + Sync),
    keep: &mut (dyn FnMut(T) + Send),
) {
    let count = model.passes.len();
    let of_rule = |rule: &&dyn Rule, ()| {
        let mut found = Findings::default();
        let walks = Walks::new(model, Effort::whole(&model.variables));
        rule.configuration(&Context { model, walks: &walks }, &mut found);
        found.into_vec()
    };
    let mut found = Vec::new();
    in_parts(count, &[rules], (), of_rule, |(), _| (), &mut |more| found.extend(more));
    let walks = Walks::new(model, Effort::whole(&model.variables));
    keep(at(&Context { model, walks: &walks }, Stop::Configuration, found));

    let pieces = pieces(model);
    let parts: Vec<&[Piece<'_, 's>]> = pieces.chunks(AT_A_TIME).collect();
    // The pieces of a part share what the parts before have left.
    let share = |(left, part): (usize, usize)| left / parts.get(part).map_or(1, |part| part.len().max(1));
    let of_piece = |piece: &Piece<'_, 's>, state| {
        if let Some(known) = known(piece) {
            return (0, known);
        }
        let walks = Walks::new(model, Effort::new(share(state)));
        let cx = Context { model, walks: &walks };
        let stop = |stop: Stop<'_, 's>, ask: &dyn Fn(&dyn Rule, &mut Findings)| {
            let mut found = Findings::default();
            rules.iter().for_each(|rule| ask(*rule, &mut found));
            at(&cx, stop, found.into_vec())
        };
        let passes = piece.passes.iter().map(|(location, pass)| {
            stop(Stop::Pass(*location, pass), &|rule, out| rule.pass(&cx, *location, pass, out))
        });
        let endpoints = piece.endpoints.iter().map(|endpoint| {
            let mut found = Findings::after(said);
            rules.iter().for_each(|rule| rule.endpoint(&cx, endpoint, &mut found));
            let mut unsaid = Findings::default();
            let is_said = |is_it: &dyn Fn(&Finding) -> bool| is_said(&cx, endpoint, rules, &found, is_it);
            rules.iter().for_each(|rule| rule.unsaid(&cx, endpoint, &is_said, &mut unsaid));
            let mut all = found.into_vec();
            all.extend(unsaid.into_vec());
            at(&cx, Stop::Endpoint(endpoint), all)
        });
        let kept: Vec<T> = passes.chain(endpoints).collect();
        (walks.effort().run_again(), kept)
    };
    let next = |(left, part): (usize, usize), made: &[(usize, Vec<T>)]| {
        let spent: usize = made.iter().map(|(run_again, _)| *run_again).sum();
        (left.saturating_sub(spent), part + 1)
    };
    let whole = Effort::whole(&model.variables).most();
    in_parts(count, &parts, (whole, 0), of_piece, next, &mut |(_, kept)| {
        kept.into_iter().for_each(&mut *keep);
    });
}
