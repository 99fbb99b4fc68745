//! What users see, on outcomes built by hand.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

mod build;
mod endpoints;
mod formats;
mod graph;
mod hostile;
mod human;
mod json;
mod layout;
mod logs;
mod probe;
mod properties;
mod schema;
mod trace;
