//! Facts about blocks of one kind, each worked out when it is asked for first, and once however many threads ask.

use std::sync::OnceLock;

use nginx_semantics::{Configuration, ContextId, ContextKind};

/// A fact about each block of a kind, or of a few; in the order of the blocks.
#[derive(Debug)]
pub(crate) struct Facts<T>(Vec<(ContextId, OnceLock<T>)>);

impl<T> Facts<T> {
    /// None is known yet.
    pub(crate) fn of(configuration: Configuration<'_>, kind: ContextKind) -> Self {
        Self::of_any(configuration, &[kind])
    }

    /// The same for several kinds.
    pub(crate) fn of_any(configuration: Configuration<'_>, kinds: &[ContextKind]) -> Self {
        let blocks = kinds.iter().flat_map(|kind| configuration.of_kind(*kind));
        let mut all: Vec<_> = blocks.map(|id| (id, OnceLock::new())).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        Self(all)
    }

    /// That of a block; `None` where it is of another kind.
    pub(crate) fn get(&self, block: ContextId, find: impl FnOnce() -> T) -> Option<&T> {
        let at = self.0.binary_search_by_key(&block, |(id, _)| *id).ok()?;
        let (_, fact) = self.0.get(at)?;
        Some(fact.get_or_init(find))
    }
}
