//! Whether the program's reader and dispatcher say what `nginx -t` says, on configurations that nobody would write.
//!
//! A [`Case`] is a configuration of the repository, or one made of the directive catalogue, with mutations of its tokens
//! and bytes. nginx's verdict is compared with [`nginx_semantics::dispatch::read`]: whether it refuses, what, and on which
//! line. What nginx's setters say of values, and what it finds only when it opens files and merges blocks, is beyond
//! syntax: there the program must have seen nothing wrong up to that place.

mod case;
mod compare;
pub(crate) mod message;
mod modules;
mod mutation;
mod once;
mod ours;
mod report;
mod run;
pub(crate) mod seeds;
mod synthesis;
pub(crate) mod verdict;

pub use case::Case;
pub use once::{Once, prove_once};
pub use report::SyntaxReport;
pub use run::{Plan, prove_syntax};
