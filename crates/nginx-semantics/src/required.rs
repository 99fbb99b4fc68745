//! What a configuration says about the version of nginx that reads it.

use std::collections::BTreeSet;

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextKind};
use crate::version::VersionRange;

/// The range without the versions that do not know a directive of the configuration.
pub fn raised(range: VersionRange, configuration: Configuration<'_>) -> VersionRange {
    let mut seen = BTreeSet::new();
    for (id, context) in configuration.contexts() {
        if !context.kind.has_entries() && context.kind != ContextKind::Other {
            seen.extend(configuration.directives(id).map(|directive| directive.name()));
        }
    }
    let since = |name: &DirectiveName| name.rows().iter().map(|row| row.name_since).min();
    let newest = seen.iter().filter_map(since).max();
    match newest {
        Some(newest) if newest > range.min => VersionRange { min: newest, max: range.max.max(newest) },
        _ => range,
    }
}
