//! What nginx's dispatcher and its setters say of a configuration.
//!
//! nginx reads one statement after another and gives each to `core/ngx_conf_file.c:ngx_conf_handler`, or inside `map` and
//! its kin to a handler of the block. It is refused there by its name, place, end and number of words, or given to a
//! setter, which judges the values ([`Refused`]). [`read`] goes through a main file and what it includes in that order, as far as
//! nginx's reader gets; [`refusals`] asks the same of every context of a [`crate::Configuration`], fragments included,
//! over the mended trees. nginx stops at the first refusal; both go on. [`conflicts`] tells what is refused of
//! several lines together, and functions of their own what some setters make of passes, maps and certificates.

mod build;
mod conflicts;
mod entries;
mod judge;
mod read;
mod refusal;
mod refusals;
mod setters;
mod values;

pub use build::{Build, Modules};
pub use conflicts::{Conflict, Cure, Reported, conflicts};
pub use judge::{Doubt, Verdict};
pub use read::{Reading, Step, read};
pub use refusal::RefusalKind;
pub use refusals::{Refusal, refusals};
pub use setters::{
    RefusedEntry, ValueRefusal, refused_entries, refused_http_version, refused_port, refused_prefix,
    refused_verify,
};
pub use values::{Refused, Takes};
