//! Where no configuration is given.

use ws_logs::{LayerLimit, Location, Logged, Resolver};

/// No configuration.
pub(crate) struct Nothing;

impl Resolver for Nothing {
    fn is_there(&self) -> bool {
        false
    }

    fn locate(&self, _: &Logged<'_>) -> Option<usize> {
        None
    }

    fn location(&self, _: usize) -> Option<Location> {
        None
    }

    fn layers(&self) -> Vec<LayerLimit> {
        Vec::new()
    }
}
