//! The sockets of servers, gathered once for all their locations: thousands of servers may share one.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, Listen, Presence, Socket, effective, sockets,
};

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
    /// Whether a line says `ipv6only=off`: at `[::]` it takes IPv4 too then.
    pub takes_both_families: bool,
    /// See [`Model::is_surely_without_tls`].
    is_surely_without_tls: OnceLock<bool>,
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
            takes_both_families: lines().any(|line| line.arguments().any(|word| *word == *b"ipv6only=off")),
            is_surely_without_tls: OnceLock::new(),
            socket,
        }
    }
}

/// The sockets of an `http` block.
#[derive(Debug)]
pub(crate) struct Sockets<'s> {
    /// Whether all of its servers were given as a whole, and the block itself.
    pub(crate) is_whole: bool,
    all: Vec<Arc<OpenSocket<'s>>>,
    /// By server, in the order in which they are first named.
    of_server: BTreeMap<ContextId, Vec<Arc<OpenSocket<'s>>>>,
}

impl<'s> Sockets<'s> {
    fn new(model: &Model<'s>, http: ContextId) -> Self {
        let configuration = model.configuration;
        let mut of_server: BTreeMap<ContextId, Vec<Arc<OpenSocket<'s>>>> = BTreeMap::new();
        let all = sockets(configuration, http).into_iter();
        let all: Vec<_> = all.map(|socket| Arc::new(OpenSocket::new(socket))).collect();
        for socket in &all {
            for listen in &socket.socket.listens {
                let own = of_server.entry(listen.server).or_default();
                // The lines of a server stand together.
                if !own.last().is_some_and(|last| Arc::ptr_eq(last, socket)) {
                    own.push(Arc::clone(socket));
                }
            }
        }
        let is_whole = |level: ContextId| {
            let level = configuration.context(level);
            level.presence == Presence::Given && level.gaps.is_empty()
        };
        let servers = configuration.children(http).iter().copied();
        let mut servers = servers.filter(|&child| configuration.context(child).kind == ContextKind::Server);
        Self { is_whole: is_whole(http) && servers.all(is_whole), all, of_server }
    }
}

/// Parameters that have nothing to do with what is spoken (`http/ngx_http_core_module.c:ngx_http_core_listen`). Behind
/// `proxy_protocol` there is something that may have ended TLS; and what is not nginx's own may be `quic` by another name.
const HARMLESS: [&[u8]; 14] = [
    b"default_server",
    b"default",
    b"bind",
    b"reuseport",
    b"deferred",
    b"http2",
    b"backlog",
    b"rcvbuf",
    b"sndbuf",
    b"setfib",
    b"fastopen",
    b"accept_filter",
    b"ipv6only",
    b"so_keepalive",
];

/// Whether a `listen` names an address as nginx wants it, and no placeholder for one.
pub fn is_plain(listen: &Listen<'_>) -> bool {
    let Some(word) = listen.directive.and_then(|line| line.argument(0)) else { return true };
    word.iter().all(|byte| byte.is_ascii_alphanumeric() || b".:*[]_-/".contains(byte))
}

impl<'s> Model<'s> {
    /// Whether all of an `http` or a server was given, and is understood: what a template puts there may be a certificate,
    /// and so may what OpenResty's Lua finds.
    pub fn is_understood(&self, id: ContextId) -> bool {
        let configuration = self.configuration;
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let is_odd = |line: Directive<'_>| {
            let name = line.name_bytes();
            !name.iter().all(is_name) || name.starts_with(b"ssl_certificate_by_lua")
        };
        let known = self.understood.get(id, || {
            let level = configuration.context(id);
            level.presence == Presence::Given
                && level.gaps.is_empty()
                && !configuration.directives(id).any(is_odd)
        });
        known.copied().unwrap_or_default()
    }

    /// Whether nothing in the lines of a socket and in their servers may make nginx speak TLS there, `ssl` on a line aside.
    pub fn is_surely_without_tls(&self, socket: &OpenSocket<'_>) -> bool {
        let is_harmless =
            |word: &[u8]| HARMLESS.contains(&word.split(|byte| *byte == b'=').next().unwrap_or(word));
        let is_on =
            |server: ContextId| effective(self.configuration, server, DirectiveName::SSL).is_on(false);
        let is_known = |listen: &Listen<'_>| {
            let mut words = listen.directive.iter().flat_map(|line| line.arguments().skip(1));
            is_plain(listen)
                && self.is_understood(listen.server)
                && words.all(|word| is_harmless(&word))
                && !is_on(listen.server)
        };
        *socket.is_surely_without_tls.get_or_init(|| socket.socket.listens.iter().all(is_known))
    }

    /// The sockets of an `http` block, in the order in which they are first named.
    pub fn open_sockets(&self, http: ContextId) -> &[Arc<OpenSocket<'s>>] {
        self.sockets_in(http).map(|sockets| sockets.all.as_slice()).unwrap_or_default()
    }

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
