//! Which socket a request comes to, and what happens there before its server has it.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeSet;
use std::sync::Arc;

use nginx_semantics::{
    BackEnd, ClientRequest, Configuration, ContextId, ContextKind, Directive, DirectiveName, Effective,
    Effort, Exchange, Exchanges, Listen, ListenAddress, NameMatch, NginxVersion, Premises, Presence,
    ServerSelection, Socket, UpstreamRequest, demands_certificate, effective, first_server, misdirecting,
    select_server, sockets,
};
use nginx_syntax::lossy;

use crate::browser::Browser;
use crate::model::Model;
use crate::prospect::{Answerer, Prospect, Verdict};
use crate::reading::{Reading, read};
use crate::url::Url;
use crate::walk::handshake_request;

/// Since this version a cleartext socket with `http2` takes HTTP/1.1 too (changes of nginx 1.25.1).
const HTTP1_BESIDE_HTTP2: NginxVersion = NginxVersion::new(1, 25, 1);

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'q> {
    /// The URL.
    pub url: &'q Url,
    /// The socket, where the user names it.
    pub via: Option<&'q ListenAddress>,
}

/// The sockets of TCP whose `listen` lines were given.
pub fn open_sockets<'s>(configuration: Configuration<'s>, http: ContextId) -> Vec<Socket<'s>> {
    let mut all = sockets(configuration, http);
    for socket in &mut all {
        socket.listens.retain(|listen| {
            listen.directive.is_some() || configuration.context(listen.server).presence == Presence::Given
        });
    }
    all.retain(|socket| !socket.listens.is_empty() && !socket.is_quic());
    all
}

/// The sockets that a request may come to: the one that the user names, else that of the URL's address, else those for
/// all addresses, else all of the port. One of a name may be at any address.
pub fn sockets_for<'a, 's>(sockets: &'a [Socket<'s>], asked: Asked<'_>) -> Vec<&'a Socket<'s>> {
    if let Some(via) = asked.via {
        let exact: Vec<_> = sockets.iter().filter(|socket| socket.address == *via).collect();
        let is_of_family = |socket: &&Socket<'_>| {
            let ListenAddress::Ip(ip, port) = via else { return false };
            socket.address.port() == Some(*port) && (is_all(socket, *ip) || may_be(socket, *ip))
        };
        return match exact.is_empty() {
            true => sockets.iter().filter(is_of_family).collect(),
            false => exact,
        };
    }
    let of_port: Vec<_> =
        sockets.iter().filter(|socket| socket.address.port() == Some(asked.url.port)).collect();
    if let Some(ip) = asked.url.ip() {
        let exact =
            |socket: &&&Socket<'_>| matches!(&socket.address, ListenAddress::Ip(own, _) if *own == ip);
        if let Some(socket) = of_port.iter().find(exact) {
            return vec![*socket];
        }
        return of_port.into_iter().filter(|socket| is_all(socket, ip) || may_be(socket, ip)).collect();
    }
    let is_named = |socket: &&&Socket<'_>| matches!(&socket.address, ListenAddress::Name(name, _) if *name == asked.url.host);
    if let Some(socket) = of_port.iter().find(is_named) {
        return vec![*socket];
    }
    if asked.url.is_localhost() {
        let is_loopback =
            |socket: &&&Socket<'_>| matches!(&socket.address, ListenAddress::Ip(own, _) if own.is_loopback());
        let loopback: Vec<_> = of_port.iter().filter(is_loopback).copied().collect();
        if !loopback.is_empty() {
            return loopback;
        }
    }
    let is_open = |socket: &Socket<'_>| matches!(socket.address, ListenAddress::Name(..));
    let has_any = of_port.iter().any(|socket| socket.address.is_wildcard());
    let may_be_met = |socket: &&Socket<'_>| !has_any || socket.address.is_wildcard() || is_open(socket);
    of_port.into_iter().filter(may_be_met).collect()
}

/// Whether a socket takes all addresses of the family of one; one of IPv6 takes those of IPv4 too if its line says so
/// (`ipv6only=off`).
fn is_all(socket: &Socket<'_>, ip: IpAddr) -> bool {
    let ListenAddress::Ip(own, _) = &socket.address else { return false };
    let takes_both = || own.is_ipv6() && socket.listens.iter().any(|listen| listen.has("ipv6only=off"));
    own.is_unspecified() && (own.is_ipv4() == ip.is_ipv4() || takes_both())
}

/// Whether a socket may be at an address: see [`Listen::may_be`].
fn may_be(socket: &Socket<'_>, ip: IpAddr) -> bool {
    socket.listens.iter().any(|listen| listen.may_be(ip))
}

/// Whether one of the chosen sockets is only perhaps at the address that is asked for.
pub fn is_open(chosen: &[&Socket<'_>], asked: Asked<'_>) -> bool {
    let ip = match asked.via {
        Some(ListenAddress::Ip(ip, _)) => Some(*ip),
        Some(_) => None,
        None => asked.url.ip(),
    };
    chosen.iter().any(|socket| match &socket.address {
        ListenAddress::Name(name, _) => asked.via.is_some() || *name != asked.url.host,
        ListenAddress::Ip(own, _) => ip.is_some_and(|ip| *own != ip && !own.is_unspecified()),
        ListenAddress::Unix(_) | ListenAddress::Unknown(_) => false,
    })
}

/// The address that the request arrives at; 0.0.0.0 or `::` where it is any of the machine's.
pub fn local_address(socket: &Socket<'_>, asked: Asked<'_>) -> Option<SocketAddr> {
    let ListenAddress::Ip(ip, port) = &socket.address else { return None };
    let ip = match (asked.via, asked.url.ip()) {
        _ if !ip.is_unspecified() => *ip,
        (Some(ListenAddress::Ip(via, _)), _) if !via.is_unspecified() => *via,
        (None, Some(url)) => url,
        _ => *ip,
    };
    Some(SocketAddr::new(ip, *port))
}

/// What ends the connection before there is a request.
pub fn barred<'s>(
    configuration: Configuration<'s>,
    socket: &Socket<'s>,
    request: &ClientRequest,
    version: NginxVersion,
) -> Option<Verdict<'s>> {
    // A placeholder may stand for `ssl` and `http2`.
    if socket.listens.iter().any(Listen::has_unknown) {
        return None;
    }
    if request.is_tls && !socket.is_tls() {
        let own = socket.listens.first().and_then(|listen| listen.directive);
        let text = "no TLS is spoken here: nginx answers the client's TLS with 400 in plain text, which the client takes for a failed TLS handshake";
        return Some(Verdict::new(None, Answerer::Nginx, text, own, Prospect::Fails));
    }
    if let Some(line) = rejecting(configuration, socket, request) {
        return Some(rejected(line));
    }
    let http2 = socket.listens.iter().find(|listen| listen.has("http2"))?;
    let is_http2_alone = !socket.is_tls() && version < HTTP1_BESIDE_HTTP2;
    is_http2_alone.then(|| {
        let text = format!(
            "nothing but HTTP/2 is spoken here before nginx {HTTP1_BESIDE_HTTP2}, as `http2` without `ssl` says: the connection is closed"
        );
        Verdict::new(None, Answerer::Nobody, text, http2.directive, Prospect::Fails)
    })
}

/// The line that ends the TLS of a request, in the server of the name that the client says there
/// (`http/ngx_http_request.c:ngx_http_ssl_servername`).
fn rejecting<'s>(
    configuration: Configuration<'s>,
    socket: &Socket<'s>,
    request: &ClientRequest,
) -> Option<Directive<'s>> {
    if !request.is_tls || !configuration.has_any(DirectiveName::SSL_REJECT_HANDSHAKE) {
        return None;
    }
    let name = request.sni.as_deref().map(str::to_ascii_lowercase);
    match select_server(configuration, socket, name.as_deref())? {
        ServerSelection::Server(server, _) => rejects(configuration, server),
        ServerSelection::CannotSay(_) => None,
    }
}

/// The `ssl_reject_handshake on` in effect.
fn rejects(configuration: Configuration<'_>, server: ContextId) -> Option<Directive<'_>> {
    match effective(configuration, server, DirectiveName::SSL_REJECT_HANDSHAKE) {
        all @ Effective::Set(_) if !all.is_on(false) => None,
        Effective::Set(declared) => declared.directives.first().copied(),
        Effective::Default { .. } | Effective::Unknown(_) => None,
    }
}

fn rejected(line: Directive<'_>) -> Verdict<'_> {
    let text = format!(
        "no TLS: `{}` ends it with the alert `unrecognized_name`, before there is a request",
        line.text_line()
    );
    Verdict::new(None, Answerer::Nobody, text, Some(line), Prospect::Fails)
}

impl<'s> Model<'s> {
    /// What ends the TLS of every browser that comes to a server: it says the same name there as in the request.
    pub(crate) fn rejected(&self, server: ContextId) -> Option<Verdict<'s>> {
        let line = rejects(self.configuration, server)?;
        let own = self.sockets_of(server);
        let is_tls = !own.is_empty() && own.iter().all(|socket| socket.is_tls);
        is_tls.then(|| rejected(line))
    }
}

/// Whether a server takes a request that comes to a socket.
#[derive(Debug, Clone, Copy)]
pub enum Admission<'s> {
    /// It does.
    Taken,
    /// The socket speaks TLS and the request does not: 497, with the line that says `ssl`.
    Plain(Option<Directive<'s>>),
    /// The client sends no certificate and the server demands one: 496, with the line that does.
    Uncertified(Directive<'s>),
    /// The host is another one than that named in TLS, and a line asks for a certificate: 421 of the server of that name.
    Misdirected(Directive<'s>, ContextId),
}

/// What a strict back end answers to a handshake; what one answers to another request is not known.
fn strict<'s>(exchanges: &Exchanges<'_, 's>, request: &UpstreamRequest<'s>) -> Option<u16> {
    let fields = exchanges.fields(request);
    let is_handshake = fields.of("Sec-WebSocket-Key").next().is_some();
    match read(&request.method, request.version, &fields) {
        _ if !is_handshake => None,
        Reading::Switches => Some(101),
        Reading::Refuses(fault) => Some(fault.status()),
        Reading::CannotSay(_) => None,
    }
}

impl<'s> Model<'s> {
    /// Follows requests where the disk is not known, the host is the client's own, and back ends are strict.
    pub fn strict_exchanges<'m>(&'m self, version: NginxVersion, effort: &'m Effort) -> Exchanges<'m, 's> {
        let back_end = Some(strict as BackEnd);
        let premises = Premises {
            has_files: true,
            is_host_told: true,
            is_browser: true,
            back_end,
            ..Premises::default()
        };
        Exchanges { premises, ..self.exchanges(version, effort) }
    }

    /// Whether `server` takes a request.
    pub fn admission(
        &self,
        socket: &Socket<'s>,
        server: ContextId,
        request: &ClientRequest,
        is_tls: bool,
    ) -> Admission<'s> {
        if !socket.is_tls() {
            return Admission::Taken;
        }
        if !is_tls {
            let listen = socket.listens.iter().find(|listen| listen.has("ssl"));
            return Admission::Plain(listen.and_then(|listen| listen.directive));
        }
        let (sni, host) = (request.sni.as_deref(), request.host());
        match misdirecting(self.configuration, socket, sni, host.as_deref(), server) {
            Some(line) => {
                // Its own server is not taken any more (ngx_http_set_virtual_server).
                let first = first_server(self.configuration, socket, sni).unwrap_or(server);
                Admission::Misdirected(line, first)
            }
            None => match self.demanded(server, request) {
                Some(line) if request.has_no_certificate => Admission::Uncertified(line),
                _ => Admission::Taken,
            },
        }
    }

    /// The line by which a server answers 400 to a request over TLS without a certificate
    /// (`http/ngx_http_request.c:ngx_http_process_request`).
    pub fn demanded(&self, server: ContextId, request: &ClientRequest) -> Option<Directive<'s>> {
        demands_certificate(self.configuration, server).filter(|_| request.is_tls)
    }
}

/// Whether a server of `stream` listens on a port, or may.
fn is_listened_to(configuration: Configuration<'_>, port: u16) -> bool {
    let servers = configuration.of_kind(ContextKind::StreamServer);
    let mut lines = servers.flat_map(|server| configuration.named(server, DirectiveName::LISTEN));
    lines.any(|line| {
        let all = ListenAddress::all_of(&lossy(&line.argument(0).unwrap_or_default()));
        all.iter().any(|address| !matches!(address.port(), Some(other) if other != port))
    })
}

/// Where a URL that the user names comes to.
#[derive(Debug, Clone)]
pub struct Arrival<'s> {
    /// The URL.
    pub url: Url,
    /// The `listen` line of the socket.
    pub listen: Option<Directive<'s>>,
    /// The server that takes it, and whether it has the name.
    pub server: Option<(ContextId, bool)>,
    /// The handshake.
    pub request: Arc<ClientRequest>,
    /// What becomes of it in the server.
    pub exchange: Option<Arc<Exchange<'s>>>,
    /// What ends it before.
    pub bar: Option<Verdict<'s>>,
    /// The locations that pass it on, or would.
    pub(crate) contexts: BTreeSet<ContextId>,
}

impl<'s> Arrival<'s> {
    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.url.target.split('?').next().unwrap_or_default()
    }

    /// Whether a location passes it on, or would.
    pub fn comes_to(&self, location: ContextId) -> bool {
        self.contexts.contains(&location)
    }

    /// Whether one of the endpoints of a model passes it on, or one that cannot is judged by itself.
    pub fn has_endpoint(&self, model: &Model<'s>) -> bool {
        let is_one = |context: &ContextId| {
            let mut others = model.unsupported.iter().chain(&model.unproxied);
            model.endpoints.binary_search_by_key(context, |endpoint| endpoint.context).is_ok()
                || others.any(|endpoint| endpoint.context == *context)
        };
        self.contexts.iter().any(is_one)
    }
}

impl<'s> Model<'s> {
    /// Where a URL comes to, in all sockets that may be meant; none where it cannot be said which one is.
    pub(crate) fn arrivals(&self, url: &Url, effort: &Effort) -> Vec<Arrival<'s>> {
        let configuration = self.configuration;
        let asked = Asked { url, via: None };
        let version = self.versions.max;
        let mut all = Vec::new();
        for http in configuration.of_kind(ContextKind::Http) {
            let sockets = open_sockets(configuration, http);
            let chosen = sockets_for(&sockets, asked);
            // A socket of a name, or several of addresses where the host is a name: which one it is nobody knows here.
            let has_all = chosen.iter().any(|socket| socket.address.is_wildcard());
            if is_open(&chosen, asked) || (url.ip().is_none() && !has_all && chosen.len() > 1) {
                continue;
            }
            for socket in chosen {
                let mut request =
                    handshake_request(Browser::Chrome, &url.authority(), &url.target, url.is_tls);
                request.local = local_address(socket, asked);
                // Whether a password that comes along is right is not known.
                request.headers.push(("Authorization".to_owned(), b"Basic".to_vec()));
                let request = Arc::new(request);
                let own = |server| socket.listens.iter().find(|listen| listen.server == server);
                let first = socket.listens.first().and_then(|listen| listen.directive);
                let mut arrival = Arrival {
                    url: url.clone(),
                    listen: first,
                    server: None,
                    request: Arc::clone(&request),
                    exchange: None,
                    bar: barred(configuration, socket, &request, version),
                    contexts: BTreeSet::new(),
                };
                if arrival.bar.is_none() {
                    let Some(ServerSelection::Server(server, why)) =
                        select_server(configuration, socket, request.host().as_deref())
                    else {
                        continue;
                    };
                    let exchanges = self.strict_exchanges(version, effort);
                    arrival.exchange =
                        Some(Arc::new(match self.admission(socket, server, &request, url.is_tls) {
                            Admission::Taken => exchanges.run(server, Arc::clone(&request)),
                            Admission::Plain(_) => exchanges.run_refused(server, Arc::clone(&request), 497),
                            Admission::Uncertified(_) => {
                                exchanges.run_refused(server, Arc::clone(&request), 496)
                            }
                            Admission::Misdirected(_, first) => {
                                exchanges.run_refused(first, Arc::clone(&request), 421)
                            }
                        }));
                    arrival.listen = own(server).and_then(|listen| listen.directive);
                    arrival.server = Some((server, !matches!(why, NameMatch::Default | NameMatch::First)));
                }
                all.push(arrival);
            }
        }
        let has_socket = |http| {
            let sockets = open_sockets(configuration, http);
            sockets.iter().any(|socket| !matches!(socket.address.port(), Some(port) if port != url.port))
        };
        let https: Vec<_> = configuration.of_kind(ContextKind::Http).collect();
        if let Some(&first) = https.first() {
            if !https.iter().any(|&http| has_socket(http))
                && !self.is_partial_at(first)
                && !is_listened_to(configuration, url.port)
            {
                let text = format!("no server listens on port {}", url.port);
                let line = configuration.opener(first);
                let bar = Verdict::new(None, Answerer::Nobody, text, line, Prospect::Fails);
                let request = handshake_request(Browser::Chrome, &url.authority(), &url.target, url.is_tls);
                all.push(Arrival {
                    url: url.clone(),
                    listen: None,
                    server: None,
                    request: Arc::new(request),
                    exchange: None,
                    bar: Some(bar),
                    contexts: BTreeSet::new(),
                });
            }
        }
        all
    }

    /// Whether a file that was not given may have more servers.
    fn is_partial_at(&self, http: ContextId) -> bool {
        let configuration = self.configuration;
        let is_open = |level: ContextId| {
            let context = configuration.context(level);
            context.presence != Presence::Given || context.unseen().next().is_some()
        };
        let servers = configuration.children(http).iter().copied();
        let is_server = |&child: &ContextId| configuration.context(child).kind == ContextKind::Server;
        configuration.levels(http).any(is_open) || servers.filter(is_server).any(is_open)
    }
}
