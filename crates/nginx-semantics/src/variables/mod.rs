//! Variables: who defines them, and what they are for a given request.

mod captures;
mod clients;
mod condition;
mod definitions;
mod evaluate;
mod gathered;
mod map;
mod rewrite;
mod script;
mod value;

pub use captures::has_regex_or_unseen;
pub use condition::condition_words;
pub use definitions::{Cut, CutReason, Definition, Variables};
pub use evaluate::{Evaluator, Request};
pub(crate) use gathered::{Gathered, GatheredThen};
pub(crate) use script::lower;
pub use script::{Part, Parts, has_variables, parts, variable_names};
pub use value::{Bytes, Value};
