//! The words that rules share about answers that a back end streams.
//!
//! After 101 nginx passes bytes on as they come, whatever the directives for buffers say
//! (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`).

/// What the help says first of all.
pub(crate) const NOT_THE_WEBSOCKET: &str =
    "an open WebSocket is passed on as it comes either way; this is about clients that fall back to HTTP";
