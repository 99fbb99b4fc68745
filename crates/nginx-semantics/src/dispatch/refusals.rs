//! Every context of a configuration, over the mended trees.

use super::judge::{Level, Words, judge};
use super::{Build, RefusalKind, Verdict};
use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, DirectiveRef};
use crate::parallel::in_parallel;

/// A directive that nginx's dispatcher refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub directive: DirectiveRef,
    /// The block that it stands in.
    pub context: ContextId,
    /// Why.
    pub kind: RefusalKind,
}

/// What the dispatcher refuses, context by context in the order of the files. What nginx's reader refuses is not among
/// it, and what stands in blocks that are not known is not judged.
pub fn refusals(configuration: Configuration<'_>, build: &Build) -> Vec<Refusal> {
    let contexts: Vec<ContextId> = configuration.contexts().map(|(id, _)| id).collect();
    let of_context = |&id: &ContextId| of_context(configuration, id, build);
    in_parallel(&contexts, of_context).into_iter().flatten().collect()
}

/// What it refuses in one block.
fn of_context(configuration: Configuration<'_>, id: ContextId, build: &Build) -> Vec<Refusal> {
    let opener = configuration.opener(id).map_or(DirectiveName::UNKNOWN, |opener| opener.name());
    let mut level = Level::new(configuration.context(id).kind, opener);
    let refused = configuration.directives(id).filter_map(|directive| {
        let (file, node) = (directive.file()?, directive.reference.node);
        // One that does not end is the syntax error that the reader meets first.
        file.tree.terminator(node)?;
        let words = file.words(node).collect();
        let statement = Words { name: directive.name(), file, words, opens: file.tree.is_block(node) };
        match judge(&mut level, &statement, build) {
            Verdict::Refused(kind) => Some(Refusal { directive: directive.reference, context: id, kind }),
            Verdict::Taken | Verdict::Unknown(_) => None,
        }
    });
    refused.collect()
}
