//! What must hold for the repository as a whole.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod architecture;
mod causes;
mod documents;
mod files;
mod instructions;
mod json;
mod links;
mod packages;
mod tidy;
