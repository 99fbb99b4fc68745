//! What became of the fixes of a run.

use crate::{Applicability, RuleMeta};

/// A fix that was applied, or was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixRow {
    /// The rule of the finding.
    pub rule: &'static RuleMeta,
    /// What the edits do, in the imperative.
    pub title: String,
    /// Whether they are safe: as the rule says, and not changing any other location.
    pub applicability: Applicability,
    /// The file of the finding, as it is shown.
    pub path: String,
    /// The line of the finding in the file as it was.
    pub line: u32,
    /// Why it was not applied; `None` where it was.
    pub reason: Option<String>,
}

/// What became of the fixes of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FixReport {
    /// What was applied, in the order in which it was.
    pub applied: Vec<FixRow>,
    /// What was to be applied and is not, in order of place.
    pub dropped: Vec<FixRow>,
    /// The files that changed, as they are shown, sorted.
    pub files: Vec<String>,
}
