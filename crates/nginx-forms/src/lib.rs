//! nginx configuration in the forms that people keep it in: templates, YAML, heredocs, dumps.
//!
//! Each form finds the nginx text in a host file and gives out *views*: bytes for the parser with a map back to the file
//! that the person edits. What a form reads, and what it leaves out, docs/forms.md says.

mod build;
pub mod chart;
pub mod cluster;
pub mod compose;
mod dump;
pub mod environment;
pub mod envsubst;
mod form;
mod hcl;
mod heredoc;
mod ingress;
mod lexer;
mod lines;
mod markup;
pub mod mounts;
mod omnibus;
mod pieces;
mod quotes;
mod redirect;
mod script;
pub mod template;
mod unset;
mod variables;
mod view;
mod yaml;

pub use build::ViewBuilder;
pub use dump::{is_dump, message};
pub use form::{Form, Found, has_ingress, has_other_routes, unread_annotations, views, views_in};
pub use ingress::{Controller, Ignored, Rendered};
pub use view::{Escape, Refusal, View, WrittenAs};
