//! The model against reality: what [`nginx_semantics::Exchanges`] says of random configurations, and what nginx does.

mod check;
mod document;
mod outcome;
mod predict;
mod regression;
mod run;

pub use check::{Difference, ask, compare};
pub use document::{CASES, MODEL_COMMAND, MODEL_DOCUMENT, SEARCHED, SEED, model_document};
pub use outcome::{Asked, Outcome};
pub use predict::{Predicted, predict};
pub use regression::Regression;
pub use run::{Found, Run, run};
