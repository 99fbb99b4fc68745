//! The request as the client sends it.

use std::net::{IpAddr, SocketAddr};

/// A request of HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequest {
    /// As sent: `GET`.
    pub method: String,
    /// The path with its query, as sent.
    pub target: Vec<u8>,
    /// The fields in order, `Host` among them; names as sent.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whether it comes over TLS.
    pub is_tls: bool,
    /// From where.
    pub client: Option<IpAddr>,
    /// The address that it arrives at.
    pub local: Option<SocketAddr>,
}
