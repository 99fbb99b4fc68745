//! Where the server of an endpoint listens.

use std::sync::Arc;

use nginx_semantics::{ContextId, ContextKind, Presence};

use crate::endpoint::Endpoint;
use crate::model::Model;
use crate::sockets::OpenSocket;

/// The sockets of an endpoint's server, with all servers that share them.
#[derive(Debug)]
pub struct Listening<'s> {
    /// The server.
    pub server: ContextId,
    /// Those of TCP, and Unix sockets.
    pub sockets: Vec<Arc<OpenSocket<'s>>>,
    /// Those of QUIC.
    pub quic: Vec<Arc<OpenSocket<'s>>>,
}

impl<'s> Model<'s> {
    /// Where an endpoint's server listens; `None` where a file that was not given may have more of it.
    pub fn listening(&self, endpoint: &Endpoint<'_>) -> Option<Listening<'s>> {
        let configuration = self.configuration;
        let server = configuration.enclosing(endpoint.context, ContextKind::Server)?;
        let http = configuration.enclosing(server, ContextKind::Http)?;
        let this = configuration.context(server);
        let is_open = this.presence != Presence::Given || !this.gaps.is_empty();
        if is_open || configuration.context(http).gaps.iter().any(|gap| !gap.is_pattern) {
            return None;
        }
        let own = self.sockets_of(server);
        let (quic, sockets) = own.iter().cloned().partition(|socket| socket.is_quic);
        Some(Listening { server, sockets, quic })
    }
}
