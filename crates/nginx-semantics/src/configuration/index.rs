//! What is looked up often, sorted once: directives by name, contexts by kind, upstreams by name.

use super::{ContextId, ContextKind, DirectiveRef, Layout};
use crate::catalogue::DirectiveName;
use crate::sources::Sources;

impl Layout {
    /// How many blocks stand around each of its blocks.
    pub fn depths(&self) -> impl Iterator<Item = usize> + '_ {
        self.contexts.iter().map(|context| context.depth as usize)
    }

    /// Indexes by name what was placed; to be done once all is.
    pub(crate) fn index(&mut self, sources: &Sources) {
        for context in self.contexts.iter_mut().filter(|context| !context.kind.has_entries()) {
            let name = |at: &DirectiveRef| {
                sources.get(at.file).map_or(DirectiveName::UNKNOWN, |file| file.name(at.node))
            };
            context.by_name = context.directives.iter().map(name).zip(0..).collect();
            context.by_name.sort_unstable();
        }
        self.by_kind = self.contexts.iter().map(|context| context.kind).zip((0..).map(ContextId)).collect();
        self.by_kind.sort_unstable();
        let upstreams = self.contexts.iter().zip((0..).map(ContextId));
        let upstreams = upstreams.filter(|(context, _)| context.kind == ContextKind::Upstream);
        for (context, id) in upstreams {
            let Some(opener) = context.opener else { continue };
            let Some(file) = sources.get(opener.file) else { continue };
            let Some(name) = file.word(opener.node, 1) else { continue };
            let name = name.to_ascii_lowercase();
            self.upstreams.entry(name).or_default().push(id);
        }
    }
}
