//! One WebSocket handshake as a browser sends it, and what comes of it: connection, TLS, answer, and how a held
//! connection ends. It knows nothing of nginx.
//!
//! [`probe`] contacts one URL, one connection at a time, and ends by [`Plan::max_time`] whatever the server does. It
//! follows no redirect, and nothing that it returns holds a credential.

mod boundary;
mod connect;
mod cookies;
mod fallback;
mod frames;
mod head;
mod hold;
mod peer;
mod plan;
mod request;
mod run;
mod secrets;
mod tls;
mod wire;

pub use cookies::cookies;
pub use fallback::kind_of;
pub use plan::{Browser, Family, Plan, Resolve, ResolveError, without_user};
pub use request::sent;
pub use run::{get, probe};
pub use secrets::Secrets;
pub use tls::{RootsError, roots_of_pem};
