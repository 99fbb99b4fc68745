//! Where the server of an endpoint listens.

use std::sync::Arc;

use nginx_semantics::{ContextId, ContextKind, Presence};
use ws_model::{Endpoint, OpenSocket};

use crate::Context;

/// The sockets of an endpoint's server, with all servers that share them.
pub(crate) struct Listening<'s> {
    /// The server.
    pub(crate) server: ContextId,
    /// Those of TCP, and Unix sockets.
    pub(crate) sockets: Vec<Arc<OpenSocket<'s>>>,
    /// Those of QUIC.
    pub(crate) quic: Vec<Arc<OpenSocket<'s>>>,
}

impl<'s> Listening<'s> {
    /// `None` where a file that was not given may have more of them.
    pub(crate) fn of(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>) -> Option<Self> {
        let configuration = cx.configuration();
        let server = configuration.enclosing(endpoint.context, ContextKind::Server)?;
        let http = configuration.enclosing(server, ContextKind::Http)?;
        let this = configuration.context(server);
        let is_open = this.presence != Presence::Given || !this.gaps.is_empty();
        if is_open || configuration.context(http).gaps.iter().any(|gap| !gap.is_pattern) {
            return None;
        }
        let own = cx.model.sockets_of(server);
        let (quic, sockets) = own.iter().cloned().partition(|socket| socket.is_quic);
        Some(Self { server, sockets, quic })
    }
}
