//! What nginx's logs say about WebSockets: bytes of logs in, a report as plain data out.
//!
//! A [`Book`] takes the bytes of each log as they come, and what it keeps does not grow with them: percentiles come of
//! histograms, steps of time become wider, and of what multiplies (paths, peers, messages) so many are told apart. It knows
//! no disk. What a request comes to is asked of a [`Resolver`], which stands for the configuration.
//!
//! Lines are hostile: what does not fit is counted, and nothing in a line is obeyed.

mod book;
mod carrier;
mod certificates;
mod fine;
mod format;
mod heat;
mod lifetimes;
mod messages;
mod moment;
mod places;
mod record;
mod repeats;
mod report;
mod series;
mod shape;
mod splitter;
mod status;
mod storms;
mod tally;
mod ties;

pub use book::{Book, LogId};
pub use format::{Escape, LogFormat};
pub use places::{IdleLimit, LayerLimit, Location, Logged, Resolver};
pub use report::is_by;
pub use shape::{NamedFormat, is_rotated_from, kind_of};
pub use status::{StatusError, status_page};
