//! The harm test: whether edits of a configuration do harm to any request.
//!
//! A tree is drawn ([`Origin`]): spliced of the blocks of many configurations, or generated, with subrequests, secrets,
//! gaps and files put in that only nginx sees. What nginx refuses of it is taken out until it starts. Then the linter's
//! safe fixes, or whatever else edits it, make another tree of it, and nginx is asked the same before and after. What
//! counts as harm, [`compare`](self) says; a tree that is harmed is made as small as it can be and printed with the
//! request and both answers.

mod ask;
mod compare;
pub(crate) mod dice;
mod pool;
mod repair;
mod run;
mod splice;
mod tree;

pub use compare::Answer;
pub use pool::Pool;
pub use run::{
    Asks, Edited, Fixer, Harmed, Harms, Kind, Origin, Trial, all_fixes, harm_to, harms, safe_fixes,
};
pub use tree::Tree;
