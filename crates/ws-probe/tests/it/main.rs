//! Probes of servers on loopback, each of which does one thing.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod ends;
mod fallbacks;
mod hostile;
mod plain;
mod reconnects;
mod server;
mod tls;
