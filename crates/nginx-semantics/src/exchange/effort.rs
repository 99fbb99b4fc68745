//! What it costs to follow requests, so that a small configuration with many ways cannot take for ever.

use std::cell::Cell;

use crate::budgets;
use crate::variables::Variables;

/// How many lines requests ran through, and how many more they may.
///
/// Each part of the work has one of its own: where threads shared one, it would hang on their order which request is
/// followed on its first way alone.
#[derive(Debug)]
pub struct Effort {
    /// How many lines there may be on the ways beside the first one of each request.
    most: usize,
    run: Cell<usize>,
    run_again: Cell<usize>,
}

impl Effort {
    /// With so many lines on other ways than the first one of a request at most.
    pub fn new(most: usize) -> Self {
        Self { most, run: Cell::default(), run_again: Cell::default() }
    }

    /// With all that may be spent on a configuration.
    pub fn whole(variables: &Variables<'_>) -> Self {
        Self::new(budgets::LINES_OF_WAYS.max(variables.lines().saturating_mul(budgets::LINES_OF_WRITTEN)))
    }

    /// How many lines there may be on the ways beside the first one of each request.
    pub fn most(&self) -> usize {
        self.most
    }

    /// How many lines requests ran through so far.
    pub fn run(&self) -> usize {
        self.run.get()
    }

    /// How many of them not on the first way of a request.
    pub fn run_again(&self) -> usize {
        self.run_again.get()
    }

    /// Counts the lines that a request ran through on its first way, or on another one.
    pub(super) fn count(&self, lines: usize, is_first: bool) {
        self.run.set(self.run.get().saturating_add(lines));
        if !is_first {
            self.run_again.set(self.run_again.get().saturating_add(lines));
        }
    }

    /// Whether only the first way of each request is followed from now on.
    pub(super) fn is_spent(&self) -> bool {
        self.run_again.get() > self.most
    }
}
