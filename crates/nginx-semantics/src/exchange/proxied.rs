//! The request that `proxy_pass` sends (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_create_request`).

use crate::configuration::Directive;
use crate::variables::Value;

/// What `proxy_pass` sends.
#[derive(Debug, Clone)]
pub struct UpstreamRequest<'s> {
    /// The method.
    pub method: Value,
    /// The request target.
    pub target: Value,
    /// The protocol's version.
    pub version: UpstreamVersion,
    /// The header fields in the order in which they are sent; those whose value is known to be empty are not.
    pub headers: Vec<UpstreamHeader<'s>>,
    /// `proxy_set_header` lines whose value is empty, and client's fields that are not passed on: not sent.
    pub dropped: Vec<UpstreamHeader<'s>>,
    /// The host of the URL, as an `upstream` or an address: `host`, `host:port`, `unix:/path`.
    pub peer: Value,
    /// Whether it goes over TLS.
    pub is_tls: bool,
}

/// The version of the protocol to the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
}

/// A field that is sent, or would be if its value were not empty.
#[derive(Debug, Clone)]
pub struct UpstreamHeader<'s> {
    /// As sent.
    pub name: String,
    /// What is sent.
    pub value: Value,
    /// Where it comes from.
    pub source: HeaderSource<'s>,
}

/// Where a field comes from.
#[derive(Debug, Clone, Copy)]
pub enum HeaderSource<'s> {
    /// This `proxy_set_header`.
    Set(Directive<'s>),
    /// nginx's default.
    Default,
    /// The client.
    Client,
}
