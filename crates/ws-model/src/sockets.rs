//! The sockets of servers, gathered once for all their locations: thousands of servers may share one.

use std::collections::BTreeMap;
use std::sync::Arc;

use nginx_semantics::{ContextId, ContextKind, Directive, Presence, Socket, sockets};

use crate::model::Model;

/// A socket, and what its `listen` lines say together.
#[derive(Debug)]
pub struct OpenSocket<'s> {
    /// The socket.
    pub socket: Socket<'s>,
    /// Whether TLS is spoken there.
    pub is_tls: bool,
    /// Whether it is one of QUIC.
    pub is_quic: bool,
    /// The first line with `http2`.
    pub http2: Option<Directive<'s>>,
    /// Whether a line has `so_keepalive`, and not `off`: it is for all servers of the socket.
    pub is_probed: bool,
}

impl<'s> OpenSocket<'s> {
    pub(crate) fn new(socket: Socket<'s>) -> Self {
        let lines = || socket.listens.iter().filter_map(|listen| listen.directive);
        let is_probing = |line: Directive<'s>| {
            line.arguments()
                .any(|word| word.starts_with(b"so_keepalive=") && word.as_ref() != b"so_keepalive=off")
        };
        Self {
            is_tls: socket.is_tls(),
            is_quic: socket.is_quic(),
            http2: socket
                .listens
                .iter()
                .filter(|listen| listen.has("http2"))
                .find_map(|listen| listen.directive),
            is_probed: lines().any(is_probing),
            socket,
        }
    }
}

/// The sockets of an `http` block.
#[derive(Debug)]
pub(crate) struct Sockets<'s> {
    /// Whether all of its servers were given as a whole, and the block itself.
    pub(crate) is_whole: bool,
    /// By server, in the order in which they are first named.
    of_server: BTreeMap<ContextId, Vec<Arc<OpenSocket<'s>>>>,
}

impl<'s> Sockets<'s> {
    fn new(model: &Model<'s>, http: ContextId) -> Self {
        let configuration = model.configuration;
        let mut of_server: BTreeMap<ContextId, Vec<Arc<OpenSocket<'s>>>> = BTreeMap::new();
        for socket in sockets(configuration, http) {
            let socket = Arc::new(OpenSocket::new(socket));
            for listen in &socket.socket.listens {
                let own = of_server.entry(listen.server).or_default();
                // The lines of a server stand together.
                if !own.last().is_some_and(|last| Arc::ptr_eq(last, &socket)) {
                    own.push(Arc::clone(&socket));
                }
            }
        }
        let is_whole = |level: ContextId| {
            let level = configuration.context(level);
            level.presence == Presence::Given && level.gaps.is_empty()
        };
        let servers = configuration.children(http).iter().copied();
        let mut servers = servers.filter(|&child| configuration.context(child).kind == ContextKind::Server);
        Self { is_whole: is_whole(http) && servers.all(is_whole), of_server }
    }
}

impl<'s> Model<'s> {
    /// The sockets at which a server listens; none for a server outside of `http`.
    pub fn sockets_of(&self, server: ContextId) -> &[Arc<OpenSocket<'s>>] {
        let http = self.configuration.enclosing(server, ContextKind::Http);
        let sockets = http.and_then(|http| self.sockets_in(http));
        sockets.and_then(|sockets| sockets.of_server.get(&server)).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn sockets_in(&self, http: ContextId) -> Option<&Sockets<'s>> {
        self.sockets.get(http, || Sockets::new(self, http))
    }
}
