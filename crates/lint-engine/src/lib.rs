//! Chooses rules, runs them over roots and fragments, gathers the outcome.

mod settings;

use std::path::PathBuf;

use lint_finding::Outcome;
use nginx_semantics::{Files, Scope};

pub use settings::{Selector, Settings, UnknownRule, find_rule};

/// Judges what the arguments mean.
pub fn lint(files: &dyn Files, arguments: &[PathBuf], scope: &Scope, settings: &Settings) -> Outcome {
    let _ = (files, arguments, scope, settings);
    Outcome::default()
}
