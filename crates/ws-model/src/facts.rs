//! Facts about blocks of one kind, each worked out when it is asked for first, and once however many threads ask.

use std::sync::OnceLock;

use hashbrown::HashMap;
use nginx_semantics::{Configuration, ContextId, ContextKind};

/// A fact about each block of a kind.
#[derive(Debug)]
pub(crate) struct Facts<T>(HashMap<ContextId, OnceLock<T>>);

impl<T> Facts<T> {
    /// None is known yet.
    pub(crate) fn of(configuration: Configuration<'_>, kind: ContextKind) -> Self {
        Self(configuration.of_kind(kind).map(|id| (id, OnceLock::new())).collect())
    }

    /// That of a block; `None` where it is of another kind.
    pub(crate) fn get(&self, block: ContextId, find: impl FnOnce() -> T) -> Option<&T> {
        Some(self.0.get(&block)?.get_or_init(find))
    }
}
