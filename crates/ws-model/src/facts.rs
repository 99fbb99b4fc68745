//! Facts about blocks of one kind, each worked out when it is asked for first, and once however many threads ask.

use std::sync::OnceLock;

use hashbrown::HashMap;
use nginx_semantics::{Configuration, ContextId, ContextKind};

/// A fact about each block of a kind, or of a few.
#[derive(Debug)]
pub(crate) struct Facts<T>(HashMap<ContextId, OnceLock<T>>);

impl<T> Facts<T> {
    /// None is known yet.
    pub(crate) fn of(configuration: Configuration<'_>, kind: ContextKind) -> Self {
        Self::of_any(configuration, &[kind])
    }

    /// The same for several kinds.
    pub(crate) fn of_any(configuration: Configuration<'_>, kinds: &[ContextKind]) -> Self {
        let blocks = kinds.iter().flat_map(|kind| configuration.of_kind(*kind));
        Self(blocks.map(|id| (id, OnceLock::new())).collect())
    }

    /// That of a block; `None` where it is of another kind.
    pub(crate) fn get(&self, block: ContextId, find: impl FnOnce() -> T) -> Option<&T> {
        Some(self.0.get(&block)?.get_or_init(find))
    }
}
