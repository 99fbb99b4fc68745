//! The project's own tasks: documents that are generated, and the one command that checks everything.
//!
//! `cargo xtask gen` writes what [`documents`] makes, `cargo xtask check` compares, `cargo xtask ci` is what a change
//! has to pass.

mod bench;
mod ci;
mod compare;
mod demo;
mod documents;
mod error;
mod examples;
mod fuzz;
mod generate;
mod instructions;
mod new_rule;
mod pool;
mod program;
mod rules;

use std::path::PathBuf;

pub use bench::bench_peers;
pub use ci::ci;
pub use compare::compare;
pub use documents::{Document, check, documents, write};
pub use error::Error;
pub use fuzz::fuzz;
pub use instructions::instructions;
pub use new_rule::new_rule;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    crates.ancestors().nth(2).map_or(crates.clone(), PathBuf::from)
}
