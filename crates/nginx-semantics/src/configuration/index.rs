//! What is looked up often, worked out once: directives by name, blocks by the level around them, contexts by kind,
//! upstreams by name, and what is in effect where nothing is set.

use super::{Context, ContextId, ContextKind, Layout, NOWHERE, Part, Presence, position};
use crate::catalogue::DirectiveName;
use crate::sources::Sources;
use crate::upstream::PassModule;

impl Layout {
    /// How many blocks stand around each of its blocks.
    pub fn depths(&self) -> impl Iterator<Item = usize> + '_ {
        self.contexts.iter().map(|context| context.depth as usize)
    }

    /// Indexes what was placed; to be done once all is.
    pub(crate) fn index(&mut self, sources: &Sources) {
        self.contexts.shrink_to_fit();
        self.directives.shrink_to_fit();
        self.index_names();
        self.index_children();
        self.index_unset();
        self.index_nearest();
        self.by_kind = self.contexts.iter().map(|context| context.kind).zip((0..).map(ContextId)).collect();
        self.by_kind.sort_unstable();
        self.index_upstreams(sources);
    }

    fn index_upstreams(&mut self, sources: &Sources) {
        let named = |context: &Context| {
            let opener = context.opener.filter(|_| context.kind == ContextKind::Upstream)?;
            let name = sources.get(opener.file)?.word(opener.node, 1)?;
            Some(name.to_ascii_lowercase().into_boxed_slice())
        };
        let contexts = self.contexts.iter().zip((0..).map(ContextId));
        let mut all: Vec<(Box<[u8]>, ContextId)> =
            contexts.filter_map(|(context, id)| Some((named(context)?, id))).collect();
        all.sort_unstable();
        (self.upstream_names, self.upstreams) = all.into_iter().unzip();
    }

    /// By name what stands in each context, which names there are, and the passes.
    fn index_names(&mut self) {
        self.by_name.shrink_to_fit();
        self.present = vec![false; DirectiveName::count()];
        for context in self.contexts.iter_mut().filter(|context| !context.kind.has_entries()) {
            let Part { start, end } = context.directives;
            let Some(names) = self.by_name.get_mut(start as usize..end as usize) else { continue };
            for (name, place) in &*names {
                if let Some(present) = self.present.get_mut(name.index()) {
                    *present = true;
                }
                if PassModule::of(*name).is_some() {
                    context.pass = *place;
                }
            }
            names
                .sort_unstable_by_key(|(name, place)| (u64::from(name.number().0) << 32) | u64::from(*place));
        }
    }

    /// The blocks of each context, in order: parents come before their children.
    fn index_children(&mut self) {
        let parents: Vec<Option<ContextId>> = self.contexts.iter().map(|context| context.parent).collect();
        let count = |context: &mut Context| context.children.end += 1;
        for parent in parents.iter().flatten() {
            self.contexts.get_mut(parent.0 as usize).map(count);
        }
        let mut start = 0;
        for context in &mut self.contexts {
            let count = context.children.end;
            context.children = Part { start, end: start };
            start += count;
        }
        self.children = vec![ContextId(0); start as usize];
        for (parent, child) in parents.iter().zip((0..).map(ContextId)) {
            let Some(parent) = parent.and_then(|parent| self.contexts.get_mut(parent.0 as usize)) else {
                continue;
            };
            if let Some(place) = self.children.get_mut(parent.children.end as usize) {
                *place = child;
            }
            parent.children.end += 1;
        }
    }

    /// The `http` and the server around each context; parents come before their children.
    fn index_nearest(&mut self) {
        for index in 0..self.contexts.len() {
            let Some(context) = self.contexts.get(index) else { continue };
            let around = context.parent.and_then(|parent| self.contexts.get(parent.0 as usize));
            let (http, server) =
                around.map_or((NOWHERE, NOWHERE), |around| (around.nearest_http, around.nearest_server));
            if let Some(context) = self.contexts.get_mut(index) {
                let (is_http, is_server) =
                    (context.kind == ContextKind::Http, context.kind == ContextKind::Server);
                context.nearest_http = if is_http { position(index) } else { http };
                context.nearest_server = if is_server { position(index) } else { server };
            }
        }
    }

    /// What is in effect in each context for what no level sets.
    fn index_unset(&mut self) {
        for index in 0..self.contexts.len() {
            let Some(context) = self.contexts.get(index) else { continue };
            let around = context.parent.and_then(|parent| self.contexts.get(parent.0 as usize));
            let (gap, is_assumed) =
                around.map_or((NOWHERE, false), |around| (around.nearest_gap, around.is_assumed));
            let is_level = context.kind.keeps_values();
            let has_gap = is_level && context.gaps.iter().any(|gap| !gap.is_pattern);
            let is_partial = is_level && (context.presence != Presence::Given || !context.gaps.is_empty());
            if let Some(context) = self.contexts.get_mut(index) {
                context.nearest_gap = if has_gap { position(index) } else { gap };
                context.is_assumed = is_assumed || is_partial;
            }
        }
    }
}
