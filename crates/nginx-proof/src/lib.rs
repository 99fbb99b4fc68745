//! Real nginx binaries, and whether they do what the rules say.
//!
//! The lower half runs any configuration: [`Binary`] finds nginx, [`Running`] rewrites the files so that they run on
//! loopback, starts nginx between a client and back ends of its own, and tries one [`Probe`] after another: single
//! requests, tunnels, streamed answers, series of reconnects. [`observe`] does all of it in one call.
//! The upper half does so with the blocks of every rule's page: [`prove`] compares what was seen with what the page and
//! the linter say for that version, [`document`] makes `docs/proofs.md` of it.
//!
//! Everything is bounded in time and taken down again: threads, the nginx process, its folder.

mod backend;
mod binaries;
mod certificate;
mod claims;
mod client;
mod conduct;
mod document;
mod error;
mod expected;
pub mod generate;
pub mod harm;
mod http;
mod instance;
mod judge;
pub mod model;
mod observe;
mod page;
mod ports;
mod probe;
mod proofs;
mod rewrite;
mod rfc6455;
mod running;
mod statements;
mod syntax;

pub use backend::{Backends, Manner, Received};
pub use binaries::{Binary, HOW_TO_GET, binaries, found, root, say, statement};
pub use conduct::{Conduct, Delivery, Framing, Stream};
pub use document::{DOCUMENT, WANTED, document, is_complete, section};
pub use error::Error;
pub use http::Head;
pub use instance::Verdict;
pub use observe::{Observation, Setup, observe};
pub use page::Heading;
pub use probe::{Answered, Browser, Close, Closer, Exchange, Probe, Seen};
pub use proofs::{Proof, prove, prove_rule};
pub use rewrite::{Listen, Place, Rewritten, Surroundings, rewrite};
pub use running::{Reloader, Running};
pub use syntax::{Case, Once, Plan, SyntaxReport, prove_once, prove_syntax};
