//! The rules, one file each, with its page beside it.
//!
//! A rule reads facts of the [`ws_model::Model`], not syntax; it cannot fail, do I/O or see another rule's findings.
//! [`RULES`] is the whole registry: documentation, selection and output read it.

mod certificates;
mod commercial;
mod compiled;
mod context;
mod edit;
mod excerpt;
mod listening;
mod logging;
mod map_entry;
mod map_place;
#[cfg(test)]
mod pki;
mod refused;
mod remedies;
mod repair;
mod repeat;
mod rules;
mod secret;
mod setting;
mod startup;
mod streaming;
#[cfg(test)]
mod testing;
mod traffic;
mod upstreams;
mod verify;
mod ways;

use lint_finding::{Finding, RuleMeta};
use nginx_semantics::{ContextId, FileId, Pass, SourceFile};
use ws_model::chain::Link;
use ws_model::{Endpoint, Model, Walks};

pub use context::{Context, FindingBuilder, Findings, Stake, confidence, place};
pub use edit::Edits;
pub use rules::RULES;

/// A rule: a card, and one or more visits of the model, each of which does nothing by default.
pub trait Rule: Sync {
    /// Its card.
    fn meta(&self) -> &'static RuleMeta;

    /// Once for each configuration.
    fn configuration(&self, _cx: &Context<'_, '_>, _out: &mut Findings) {}

    /// Once for each WebSocket endpoint.
    fn endpoint(&self, _cx: &Context<'_, '_>, _endpoint: &Endpoint<'_>, _out: &mut Findings) {}

    /// Once for each `proxy_pass` and its kin, endpoint or not.
    fn pass(&self, _cx: &Context<'_, '_>, _location: ContextId, _pass: &Pass<'_>, _out: &mut Findings) {}

    /// Once for each two configurations of a run that stand in a row, by what one passes to the other.
    fn link(&self, _link: &Link<'_, '_>, _out: &mut Findings) {}

    /// Once for each judged file, however many contexts reach it.
    fn file(&self, _id: FileId, _file: &SourceFile, _out: &mut Findings) {}
}

/// Where a visit stops.
#[derive(Debug, Clone, Copy)]
pub enum Stop<'v, 's> {
    /// At the configuration as a whole.
    Configuration,
    /// At a `proxy_pass` or its kin, in this location.
    Pass(ContextId),
    /// At a WebSocket endpoint.
    Endpoint(&'v Endpoint<'s>),
}

impl Stop<'_, '_> {
    /// The location, where it is one.
    pub fn context(&self) -> Option<ContextId> {
        match self {
            Self::Configuration => None,
            Self::Pass(location) => Some(*location),
            Self::Endpoint(endpoint) => Some(endpoint.context),
        }
    }
}

/// Goes through one model once and calls every rule at each stop; `leave` gets what they have found there. The endpoints of
/// a server come one after the other.
pub fn visit<'s>(
    rules: &[&dyn Rule],
    model: &Model<'s>,
    leave: &mut dyn FnMut(&Context<'_, 's>, Stop<'_, 's>, Vec<Finding>),
) {
    let walks = Walks::new(model);
    let cx = Context { model, walks: &walks };
    let mut stop = |stop: Stop<'_, 's>, ask: &dyn Fn(&dyn Rule, &mut Findings)| {
        let mut found = Findings::default();
        rules.iter().for_each(|rule| ask(*rule, &mut found));
        leave(&cx, stop, found.into_vec());
    };
    stop(Stop::Configuration, &|rule, out| rule.configuration(&cx, out));
    for (location, pass) in &model.passes {
        stop(Stop::Pass(*location), &|rule, out| rule.pass(&cx, *location, pass, out));
    }
    for endpoint in &model.endpoints {
        stop(Stop::Endpoint(endpoint), &|rule, out| rule.endpoint(&cx, endpoint, out));
    }
}
