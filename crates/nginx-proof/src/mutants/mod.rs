//! Whether lint names what `nginx -t` refuses, on mutants of configurations that all nginx binaries accept.
//!
//! `syntax` compares the reader and the dispatcher, message by message, on damage that nobody would write. Here it is the
//! other way round: a mutant has one mistake of a kind that people make ([`kind`]), in a configuration that was right, and
//! the question is what users are told. Lint may refuse nothing that nginx accepts, and of what nginx refuses it has to
//! name most, at nginx's line.
//!
//! To widen it: a line in [`wrong`], or a branch in [`shape`]. What a mutant is made of are the fixtures, the pages of the
//! rules, the generator's configurations and the folder `mutants`, whose files have as many directives as possible.

mod draw;
mod kind;
mod report;
mod run;
mod shape;
mod wrong;

pub use kind::Kind;
pub use report::{Count, MutantReport};
pub use run::{MutantPlan, prove_mutants};
