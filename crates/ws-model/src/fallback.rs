//! What happens to answers that a back end streams: the fallback of clients whose WebSocket fails.

use nginx_semantics::{DirectiveName, Effective, PassModule, defaults};

use crate::applications::Application;
use crate::endpoint::Endpoint;
use crate::walk::Walks;

impl<'s> Endpoint<'s> {
    /// The directive that buffers the answers of its pass, and its value in effect; `None` without one.
    pub fn buffering(&self) -> Option<(DirectiveName, Effective<'s>)> {
        let name = match self.pass.module {
            PassModule::Proxy => DirectiveName::PROXY_BUFFERING,
            PassModule::Uwsgi => DirectiveName::UWSGI_BUFFERING,
            PassModule::Scgi => DirectiveName::SCGI_BUFFERING,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => return None,
        };
        Some((name, self.effective(name)))
    }

    /// The application whose fallback is one long answer, with that fallback: polling is none, each of its answers ends.
    pub fn streamed_fallback(&self) -> Option<(&'static Application, &'static str)> {
        self.applications().into_iter().find_map(|application| {
            let fallback =
                application.fallback.filter(|fallback| matches!(*fallback, "xhr-streaming" | "sse"))?;
            Some((application, fallback))
        })
    }
}

/// When the end of a streamed answer is known only by the close of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unframed {
    /// In every version: the module knows no chunks, or the request is one of HTTP/1.0.
    Always,
    /// Before 1.29.7, whose requests are of HTTP/1.0 by default.
    Before,
}

impl Walks<'_, '_> {
    /// Whether answers come without framing: to HTTP/1.0 nobody sends chunks (RFC 9112 section 6.1).
    pub fn unframed(&self, endpoint: &Endpoint<'_>) -> Option<Unframed> {
        let Some(handshake) = &self.handshake(endpoint) else { return Some(Unframed::Always) };
        if handshake.version.source.is_set() {
            return (handshake.version.written.as_deref() == Some("1.0")).then_some(Unframed::Always);
        }
        if !handshake.sends_http10_by_default(self.model.versions) {
            None
        } else if self.model.versions.any_since(defaults::HTTP11_BY_DEFAULT) {
            Some(Unframed::Before)
        } else {
            Some(Unframed::Always)
        }
    }
}
