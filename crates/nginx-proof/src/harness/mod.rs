//! A real nginx between clients and back ends of our own, for any configuration; it knows nothing of rules and pages.
//!
//! [`Binary`] finds nginx, [`Running`] rewrites the files so that they run on loopback, starts nginx, and tries one
//! [`Probe`] after another: single requests, tunnels, streamed answers, series of reconnects. [`observe`] does all of it
//! in one call. Everything is bounded in time and taken down again: threads, the nginx process, its folder.

pub(crate) mod backend;
mod binaries;
pub(crate) mod certificate;
mod client;
mod conduct;
mod error;
mod http;
mod instance;
mod observe;
mod ports;
mod probe;
mod rewrite;
pub(crate) mod rfc6455;
mod running;

pub use backend::{Backends, Manner, Received};
pub(crate) use binaries::branch;
pub use binaries::{Binary, HOW_TO_GET, WANTED, binaries, found, is_complete, number, root, say, statement};
pub use certificate::certificate_params;
pub use conduct::{Conduct, Delivery, Framing, Stream};
pub use error::Error;
pub use http::Head;
pub use instance::Verdict;
pub use observe::{Observation, Setup, observe};
pub use probe::{Answered, Browser, Close, Closer, Exchange, Probe, Seen};
pub use rewrite::{Listen, Place, Rewritten, Surroundings, rewrite};
pub use running::{Reloader, Running};
