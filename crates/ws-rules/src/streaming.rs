//! What happens to answers that a back end streams: the fallback of clients whose WebSocket fails.
//!
//! After 101 nginx passes bytes on as they come, whatever these directives say
//! (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`).

use nginx_semantics::{DirectiveName, Effective, PassModule, defaults, effective};
use ws_model::Endpoint;
use ws_model::applications::Application;

use crate::Context;

/// What the help says first of all.
pub(crate) const NOT_THE_WEBSOCKET: &str =
    "an open WebSocket is passed on as it comes either way; this is about clients that fall back to HTTP";

/// The directive that buffers answers of an endpoint's pass, and its value in effect; `None` without one.
pub(crate) fn buffering<'s>(
    cx: &Context<'_, 's>,
    endpoint: &Endpoint<'_>,
) -> Option<(DirectiveName, Effective<'s>)> {
    let name = match endpoint.pass.module {
        PassModule::Proxy => DirectiveName::PROXY_BUFFERING,
        PassModule::Uwsgi => DirectiveName::UWSGI_BUFFERING,
        PassModule::Scgi => DirectiveName::SCGI_BUFFERING,
        PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => return None,
    };
    Some((name, effective(cx.configuration(), endpoint.context, name)))
}

/// Whether the value in effect is `on`, written or by default.
pub(crate) fn is_on(value: &Effective<'_>, default: bool) -> bool {
    match value {
        Effective::Set(declared) => {
            let word = declared.directives.first().and_then(|directive| directive.argument(0));
            word.is_some_and(|word| word.eq_ignore_ascii_case(b"on"))
        }
        Effective::Default { .. } => default,
        Effective::Unknown(_) => false,
    }
}

/// When the end of a streamed answer is known only by the close of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unframed {
    /// In every version: the module knows no chunks, or the request is one of HTTP/1.0.
    Always,
    /// Before 1.29.7, whose requests are of HTTP/1.0 by default.
    Before,
}

/// Whether answers come without framing: to HTTP/1.0 nobody sends chunks (RFC 9112 section 6.1).
pub(crate) fn unframed(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> Option<Unframed> {
    let Some(handshake) = &cx.handshake(endpoint) else { return Some(Unframed::Always) };
    if handshake.version.source.is_set() {
        return (handshake.version.written.as_deref() == Some("1.0")).then_some(Unframed::Always);
    }
    if !handshake.sends_http10_by_default(cx.versions()) {
        None
    } else if cx.versions().any_since(defaults::HTTP11_BY_DEFAULT) {
        Some(Unframed::Before)
    } else {
        Some(Unframed::Always)
    }
}

/// The application whose fallback is one long answer, with that fallback: polling is none, each of its answers ends.
pub(crate) fn streams(endpoint: &Endpoint<'_>) -> Option<(&'static Application, &'static str)> {
    endpoint.applications().into_iter().find_map(|application| {
        let fallback =
            application.fallback.filter(|fallback| matches!(*fallback, "xhr-streaming" | "sse"))?;
        Some((application, fallback))
    })
}
