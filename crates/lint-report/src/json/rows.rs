//! Lists whose rows are made one at a time, while they are written.

use std::fmt::{Debug, Formatter, Result as FmtResult};

use lint_finding::{Label, LabelRole, Outcome};
use serde::{Serialize, Serializer};

/// A list of an outcome. Its rows in the output's shape are never all in memory: the output is many times the input.
pub(crate) struct Rows<'a, T, R> {
    outcome: &'a Outcome,
    rows: &'a [T],
    row: fn(&'a Outcome, &'a T) -> R,
}

impl<'a, T, R> Rows<'a, T, R> {
    /// The list of what `row` makes of each of `rows`.
    pub(crate) fn new(outcome: &'a Outcome, rows: &'a [T], row: fn(&'a Outcome, &'a T) -> R) -> Self {
        Self { outcome, rows, row }
    }
}

impl<T, R: Serialize> Serialize for Rows<'_, T, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| (self.row)(self.outcome, row)))
    }
}

impl<T: Debug, R> Debug for Rows<'_, T, R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.debug_list().entries(self.rows).finish()
    }
}

/// The labels of a finding that say why.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    pub(crate) outcome: &'a Outcome,
    pub(crate) labels: &'a [Label],
}

impl Serialize for Trace<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let because = self.labels.iter().filter(|label| label.role == LabelRole::Because);
        serializer.collect_seq(because.map(|label| super::convert::step(self.outcome, label)))
    }
}
