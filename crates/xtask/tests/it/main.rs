//! What must hold for the repository as a whole.

mod architecture;
mod documents;
mod files;
mod links;
mod tidy;
