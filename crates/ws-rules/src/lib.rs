//! The rules, one file each; `pages` leads to docs/rules, where the page of each is.
//!
//! A rule reads facts of the [`ws_model::Model`], not syntax; it cannot fail, do I/O or see another rule's
//! findings; one that says what no other does may ask whether they say it.
//! [`RULES`] is the whole registry: documentation, selection and output read it.

mod asked;
mod certain;
mod certificates;
mod commercial;
mod compiled;
mod conflicts;
mod context;
mod edit;
mod excerpt;
mod fingerprint;
mod given;
mod hostless;
mod logging;
mod lost_query;
mod map_entry;
mod map_place;
mod misspelt;
#[cfg(test)]
mod pki;
mod refused;
mod remedies;
mod repair;
mod repeat;
mod rules;
mod said;
mod secret;
mod setting;
mod startup;
mod streaming;
pub mod symptoms;
mod takes;
#[cfg(test)]
mod testing;
mod traffic;
mod undefined;
mod unset;
mod verify;
mod visit;
mod ways;

use lint_finding::{Finding, Place, RuleMeta};
use nginx_semantics::{ContextId, FileId, Pass, SourceFile};
use nginx_syntax::{Source, Span};
use ws_model::Endpoint;
use ws_model::chain::Link;

pub use context::{Context, FindingBuilder, Findings, Stake, confidence};
pub use edit::Edits;
pub use rules::RULES;
pub use said::Said;
pub use visit::{Piece, Stop, visit, visit_some};

/// Whether a finding of which this is true is made at a stop.
pub type IsSaid<'f> = dyn Fn(&dyn Fn(&Finding) -> bool) -> bool + 'f;

/// A rule: a card, and one or more visits of the model, each of which does nothing by default.
pub trait Rule: Sync {
    /// Its card.
    fn meta(&self) -> &'static RuleMeta;

    /// Once for each configuration.
    fn configuration(&self, _cx: &Context<'_, '_>, _out: &mut Findings) {}

    /// Once for each WebSocket endpoint.
    fn endpoint(&self, _cx: &Context<'_, '_>, _endpoint: &Endpoint<'_>, _out: &mut Findings) {}

    /// Once for each WebSocket endpoint, after all that other rules say of it: `is_said` tells whether one of
    /// these says what it is asked about. They are asked whichever rules are selected, so that nothing that the user does
    /// not want to hear is said in other words.
    fn unsaid(
        &self,
        _cx: &Context<'_, '_>,
        _endpoint: &Endpoint<'_>,
        _is_said: &IsSaid<'_>,
        _out: &mut Findings,
    ) {
    }

    /// Once for each `proxy_pass` and its kin, endpoint or not.
    fn pass(&self, _cx: &Context<'_, '_>, _location: ContextId, _pass: &Pass<'_>, _out: &mut Findings) {}

    /// Once for each two configurations of a run that stand in a row, by what one passes to the other.
    fn link(&self, _link: &Link<'_, '_>, _out: &mut Findings) {}

    /// Once for each judged file, however many contexts reach it.
    fn file(&self, _id: FileId, _file: &SourceFile, _out: &mut Findings) {}

    /// Once for each comment that names rules which find nothing there, when all others have spoken.
    fn suppression(&self, _comment: &UnusedNames<'_>, _out: &mut Findings) {}
}

/// A comment that is to suppress findings, and what it names in vain.
#[derive(Debug, Clone, Copy)]
pub struct UnusedNames<'a> {
    /// The file of the comment.
    pub source: &'a Source,
    /// Whether the comment stands in nginx's text, which edits are made in.
    pub is_in_text: bool,
    /// The comment.
    pub comment: Place,
    /// Where it names rules and groups, in order.
    pub names: &'a [Span],
    /// Those of them that suppress nothing.
    pub unused: &'a [Span],
}
