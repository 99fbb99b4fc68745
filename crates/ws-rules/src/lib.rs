//! The rules, one file each.

use lint_finding::RuleMeta;

/// A rule.
pub trait Rule: Sync {
    /// Its card.
    fn meta(&self) -> &'static RuleMeta;
}

/// All rules, sorted by name.
pub static RULES: &[&dyn Rule] = &[];
