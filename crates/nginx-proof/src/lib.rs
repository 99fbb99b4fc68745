//! Real nginx binaries, and whether they do what the rules say.
//!
//! The lower half, `harness`, runs any configuration: [`Running`] starts a [`Binary`] between clients and back ends, and
//! [`observe`] tries [`Probe`]s on it.
//! The upper half proves something by it, each module one thing: `pages`, the blocks of every rule's page ([`prove`],
//! [`document`]); [`model`], what the model says of random configurations of [`generate`]; [`harm`], that safe fixes harm no
//! request; `syntax`, which configurations nginx refuses ([`prove_syntax`], [`prove_once`]); `mutants`, that lint names what is
//! wrong with these ([`prove_mutants`]); `examples`, the commands of docs/probe.md and what they print ([`executed`]).

mod examples;
pub mod generate;
pub mod harm;
mod harness;
pub mod model;
mod mutants;
mod pages;
mod syntax;

pub use examples::{EXAMPLES, executed};
pub use harness::{
    Answered, Backends, Binary, Browser, Close, Closer, Conduct, Delivery, Error, Exchange, Framing,
    HOW_TO_GET, Head, Listen, Manner, Observation, Place, Probe, Received, Reloader, Rewritten, Running,
    Seen, Setup, Stream, Surroundings, Verdict, WANTED, binaries, certificate_params, found, is_complete,
    number, observe, rewrite, root, say, statement,
};
pub use mutants::{Count, Kind, MutantPlan, MutantReport, prove_mutants};
pub use pages::{DOCUMENT, Heading, PageBlock, Proof, document, page_blocks, prove, prove_rule, section};
pub use syntax::{Case, Once, Plan, SyntaxReport, prove_once, prove_syntax};
