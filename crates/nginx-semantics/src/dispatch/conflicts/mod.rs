//! What nginx refuses of several lines together: names that nothing defines, or two things do, and sizes that do not fit
//! each other.
//!
//! nginx finds some of it while it reads, at the later line; other things when it merges the levels, where its message
//! names the closing brace of `http`; and zones without a size when it makes them, where no line is named.

mod blocks;
mod buffers;
mod heads;
mod listens;
mod names;
mod zones;

use crate::configuration::{Configuration, ContextId, ContextKind, Directive, Presence};

/// Where nginx says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// At the line itself.
    Here,
    /// At the closing brace of this block.
    AtEndOf(ContextId),
    /// Without a line.
    Nowhere,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    /// Define the zone, or correct its name.
    DefineZone,
    /// Define the cache, or correct its name.
    DefineCache,
    /// Define the format above, or correct its name.
    DefineFormat,
    /// One of the two has to have another name.
    Rename,
    /// One of the two has to go.
    DropOne,
    /// The block needs a server.
    AddServer,
    /// The block needs a server that is no backup.
    AddPrimary,
    /// Buffers of the module of this prefix have to fit.
    FitBuffers(&'static str),
    /// Use `root`, or another kind of location.
    NoAlias,
    /// Shares are too many.
    LessShares,
    /// Correct the text with variables.
    Script,
    /// Move the line below `proxy_pass`.
    BelowPass,
    /// Give the addresses in place of `default`.
    NoDefault,
    /// Large buffers have to be as large as the pool.
    FitPool,
    /// The server needs a certificate, or no TLS.
    AddCertificate,
    /// One of the lines with this name needs a size.
    SizeZone,
    /// All sizes of one name have to be the same.
    SameSize,
    /// Write a name or a wildcard that nginx takes.
    CorrectName,
}

/// A line that nginx refuses because of others.
#[derive(Debug, Clone)]
pub struct Conflict<'s> {
    /// The line to blame.
    pub line: Directive<'s>,
    /// The block that it stands in.
    pub block: ContextId,
    /// nginx's message without ` in FILE:LINE`.
    pub message: String,
    /// Another line that has to do with it.
    pub other: Option<Directive<'s>>,
    /// Where nginx says it.
    pub reported: Reported,
    /// What helps.
    pub cure: Cure,
}

/// All of them, those of a kind together.
pub fn conflicts(configuration: Configuration<'_>) -> Vec<Conflict<'_>> {
    let mut all = Vec::new();
    zones::find(configuration, &mut all);
    names::find(configuration, &mut all);
    listens::find(configuration, &mut all);
    buffers::find(configuration, &mut all);
    heads::find(configuration, &mut all);
    blocks::find(configuration, &mut all);
    all
}

/// Whether all that is in `http` was given, so that what is defined nowhere is not defined.
fn is_closed(configuration: Configuration<'_>) -> bool {
    configuration.root().is_some()
        && configuration.contexts().all(|(_, context)| {
            context.presence != Presence::Given
                || context.unseen().next().is_none()
                || matches!(
                    context.kind,
                    ContextKind::Main
                        | ContextKind::Events
                        | ContextKind::Stream
                        | ContextKind::Mail
                        | ContextKind::Types
                )
        })
}

/// The `http` around a context.
fn http_of(configuration: Configuration<'_>, context: ContextId) -> Option<ContextId> {
    configuration.enclosing(context, ContextKind::Http)
}
