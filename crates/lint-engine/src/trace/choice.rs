//! Which socket a request comes to, and which server of it takes it.

use std::sync::Arc;

use core::net::{IpAddr, SocketAddr};

use lint_finding::{Place, Prospect, Remark, Responder, Stage, TraceAnswer, TraceRun, TraceStep, TraceWay};
use nginx_semantics::{
    BackEnd, Configuration, ContextId, ContextKind, Directive, DirectiveName, Exchanges, Listen,
    ListenAddress, NameMatch, NameMiss, NginxVersion, Premises, Presence, ServerSelection, Socket,
    UpstreamRequest, first_server, misdirecting, name_rivals, placeholder, select_server, server_names,
    sockets,
};
use nginx_syntax::lossy;
use ws_model::{Reading, read};

use super::{Follow, Followed, Query, server_text};

/// Since this version a cleartext socket with `http2` takes HTTP/1.1 too (changes of nginx 1.25.1).
const HTTP1_BESIDE_HTTP2: NginxVersion = NginxVersion::new(1, 25, 1);

/// As many names or addresses that lose are shown.
const MOST_RIVALS: usize = 6;

/// As many addresses are shown where none is the one that was asked for.
const MOST_ADDRESSES: usize = 20;

/// The sockets of TCP whose `listen` lines were given.
pub(super) fn open_sockets<'s>(configuration: Configuration<'s>, http: ContextId) -> Vec<Socket<'s>> {
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
pub(super) fn sockets_for<'a, 's>(sockets: &'a [Socket<'s>], query: &Query) -> Vec<&'a Socket<'s>> {
    if let Some(via) = &query.via {
        let exact: Vec<_> = sockets.iter().filter(|socket| socket.address == *via).collect();
        let is_of_family = |socket: &&Socket<'_>| {
            let ListenAddress::Ip(ip, asked) = via else { return false };
            socket.address.port() == Some(*asked) && (is_all(socket, *ip) || may_be(socket, *ip))
        };
        return match exact.is_empty() {
            true => sockets.iter().filter(is_of_family).collect(),
            false => exact,
        };
    }
    let of_port: Vec<_> =
        sockets.iter().filter(|socket| socket.address.port() == Some(query.url.port)).collect();
    if let Some(ip) = query.url.ip() {
        let exact =
            |socket: &&&Socket<'_>| matches!(&socket.address, ListenAddress::Ip(own, _) if *own == ip);
        if let Some(socket) = of_port.iter().find(exact) {
            return vec![*socket];
        }
        return of_port.into_iter().filter(|socket| is_all(socket, ip) || may_be(socket, ip)).collect();
    }
    let is_named = |socket: &&&Socket<'_>| matches!(&socket.address, ListenAddress::Name(name, _) if *name == query.url.host);
    if let Some(socket) = of_port.iter().find(is_named) {
        return vec![*socket];
    }
    let is_open = |socket: &Socket<'_>| matches!(socket.address, ListenAddress::Name(..));
    let has_any = of_port.iter().any(|socket| socket.address.is_wildcard());
    let may_be_met = |socket: &&Socket<'_>| !has_any || socket.address.is_wildcard() || is_open(socket);
    of_port.into_iter().filter(may_be_met).collect()
}

/// Whether a socket takes all addresses of the family of one.
fn is_all(socket: &Socket<'_>, ip: IpAddr) -> bool {
    matches!(&socket.address, ListenAddress::Ip(own, _) if own.is_unspecified() && own.is_ipv4() == ip.is_ipv4())
}

/// Whether a socket may be at an address: see [`Listen::may_be`].
fn may_be(socket: &Socket<'_>, ip: IpAddr) -> bool {
    socket.listens.iter().any(|listen| listen.may_be(ip))
}

/// Whether one of the chosen sockets is only perhaps at the address that is asked for.
pub(super) fn is_open(chosen: &[&Socket<'_>], query: &Query) -> bool {
    let asked = match &query.via {
        Some(ListenAddress::Ip(ip, _)) => Some(*ip),
        Some(_) => None,
        None => query.url.ip(),
    };
    chosen.iter().any(|socket| match &socket.address {
        ListenAddress::Name(name, _) => query.via.is_some() || *name != query.url.host,
        ListenAddress::Ip(own, _) => asked.is_some_and(|ip| *own != ip && !own.is_unspecified()),
        ListenAddress::Unix(_) | ListenAddress::Unknown(_) => false,
    })
}

/// The `stream` servers of the port.
pub(super) fn streams(configuration: Configuration<'_>, query: &Query) -> Vec<String> {
    let servers = configuration.of_kind(ContextKind::StreamServer);
    let lines = servers.flat_map(|server| configuration.named(server, DirectiveName::LISTEN));
    let is_it = |line: &Directive<'_>| {
        let address = ListenAddress::parse(&lossy(&line.argument(0).unwrap_or_default()));
        query.via.as_ref().map_or(address.port() == Some(query.url.port), |via| *via == address)
    };
    lines.filter(is_it).map(|line| line.text_line()).collect()
}

/// Why no server takes the request.
pub(super) fn no_socket(query: &Query, mut open: Vec<String>, streams: &[String]) -> String {
    if let Some(stream) = streams.first() {
        return format!(
            "a server of `stream` listens there (`{stream}`): it passes bytes on without reading them, so what answers is behind it"
        );
    }
    open.sort();
    open.dedup();
    let asked = match &query.via {
        Some(via) => format!("at {via}"),
        None => format!("on port {}", query.url.port),
    };
    match open.as_slice() {
        [] => format!("no server listens {asked}: what was given has no server that listens at all"),
        open => {
            let more = open.len().saturating_sub(MOST_ADDRESSES);
            let shown = open.get(..MOST_ADDRESSES.min(open.len())).unwrap_or_default().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("no server listens {asked}: there are {shown}{more}")
        }
    }
}

/// The address that the request arrives at; 0.0.0.0 or `::` where it is any of the machine's.
pub(super) fn local_address(socket: &Socket<'_>, query: &Query) -> Option<SocketAddr> {
    let ListenAddress::Ip(ip, port) = &socket.address else { return None };
    let ip = match (&query.via, query.url.ip()) {
        _ if !ip.is_unspecified() => *ip,
        (Some(ListenAddress::Ip(via, _)), _) if !via.is_unspecified() => *via,
        (None, Some(url)) => url,
        _ => *ip,
    };
    Some(SocketAddr::new(ip, *port))
}

pub(super) fn place(line: &Directive<'_>) -> Place {
    line.visible().at()
}

pub(super) fn step(stage: Stage, text: impl Into<String>, place: Option<Place>) -> TraceStep {
    TraceStep { stage, text: text.into(), place, remarks: Vec::new() }
}

pub(super) fn remark(text: impl Into<String>, place: Option<Place>) -> Remark {
    Remark { text: text.into(), place }
}

impl<'s> Follow<'_, 's> {
    /// From the socket on.
    pub(super) fn through(&self, socket: &Socket<'s>, sockets: &[Socket<'s>]) -> Followed {
        let mut run = TraceRun {
            versions: String::new(),
            root: self.root(),
            listen: socket.address.to_string(),
            steps: vec![self.listen(socket, sockets)],
            ways: Vec::new(),
            is_cut: false,
            handshake: Prospect::Unknown,
        };
        let mut visited = Vec::new();
        let mut is_named = false;
        match self.before_the_server(socket) {
            Some(answer) => run.ways.push(only(answer)),
            None => is_named = self.server(socket, &mut run, &mut visited),
        }
        run.handshake = self.prospect(&run.ways);
        Followed { run, visited, is_named }
    }

    fn root(&self) -> Option<String> {
        let configuration = self.configuration();
        let file = configuration.sources.get(configuration.root()?)?;
        Some(file.source.path().to_owned())
    }

    /// It can where it can on one way.
    fn prospect(&self, ways: &[TraceWay]) -> Prospect {
        let has = |prospect| ways.iter().any(|way| way.answer.handshake == prospect);
        match () {
            () if self.query.is_plain => Prospect::NotAsked,
            () if has(Prospect::Succeeds) => Prospect::Succeeds,
            () if has(Prospect::Unknown) || ways.is_empty() => Prospect::Unknown,
            () => Prospect::Fails,
        }
    }

    fn listen(&self, socket: &Socket<'s>, sockets: &[Socket<'s>]) -> TraceStep {
        let query = self.query;
        let why = match (&query.via, query.url.ip()) {
            _ if is_open(&[socket], query) => {
                "its name is resolved when nginx starts, and may be that of this address or not".to_owned()
            }
            (Some(via), _) if *via == socket.address => "as asked for".to_owned(),
            (Some(via), _) => format!("no socket is at {via} alone, so that for all addresses takes it"),
            (None, Some(ip)) if !socket.address.is_wildcard() => {
                format!("it is the one of {ip}")
            }
            (None, Some(ip)) => format!("no socket is at {ip} alone, so that for all addresses takes it"),
            (None, None) if socket.address.is_wildcard() => {
                format!("it takes port {} of all addresses", query.url.port)
            }
            (None, None) => format!(
                "the address decides: `{}` may be one of several; --via-listen says which",
                query.url.host
            ),
        };
        let tls = if socket.is_tls() { " with TLS" } else { "" };
        let line = socket.listens.first().and_then(|listen| listen.directive);
        let text = format!("{}{tls}: {why}", socket.address);
        let mut step = step(Stage::Listen, text, line.map(|line| place(&line)));
        if line.is_none() {
            step.remarks.push(remark("no `listen` is written, which means *:80 for root", None));
        }
        let others = sockets.iter().filter(|other| {
            let is_same_port = other.address.port() == socket.address.port();
            other.address != socket.address && is_same_port && !other.address.is_wildcard()
        });
        for other in others.clone().take(MOST_RIVALS) {
            let line = other.listens.first().and_then(|listen| listen.directive);
            let text = format!("not {}: it takes what comes to that address", other.address);
            step.remarks.push(remark(text, line.map(|line| place(&line))));
        }
        let more = others.skip(MOST_RIVALS).count();
        if more > 0 {
            step.remarks.push(remark(format!("nor {more} more addresses"), None));
        }
        if let Some(listen) = socket.listens.iter().find(|listen| listen.has("proxy_protocol")) {
            let text =
                "the PROXY protocol is spoken here: who connects without it, as a browser does, is cut off";
            step.remarks.push(remark(text, listen.directive.map(|line| place(&line))));
        }
        step
    }

    /// What ends the connection before there is a request.
    fn before_the_server(&self, socket: &Socket<'s>) -> Option<TraceAnswer> {
        let line = |parameter: &str| {
            let listen = socket.listens.iter().find(|listen| listen.has(parameter));
            listen.and_then(|listen| listen.directive).map(|line| place(&line))
        };
        // A placeholder may stand for `ssl` and `http2`.
        if socket.listens.iter().any(Listen::has_unknown) {
            return None;
        }
        if self.query.url.is_tls && !socket.is_tls() {
            let own = socket.listens.first().and_then(|listen| listen.directive).map(|line| place(&line));
            return Some(answer(
                None,
                Responder::Nginx,
                "no TLS is spoken here: nginx answers the client's TLS with 400 in plain text, which the client takes for a failed TLS handshake",
                own,
                Prospect::Fails,
            ));
        }
        let is_http2_alone = !socket.is_tls()
            && self.version < HTTP1_BESIDE_HTTP2
            && socket.listens.iter().any(|listen| listen.has("http2"));
        is_http2_alone.then(|| {
            let text = format!(
                "nothing but HTTP/2 is spoken here before nginx {HTTP1_BESIDE_HTTP2}, as `http2` without `ssl` says: the connection is closed"
            );
            answer(None, Responder::Nobody, text, line("http2"), Prospect::Fails)
        })
    }

    /// The server and all that follows; whether one of its names is why it takes the request.
    fn server(&self, socket: &Socket<'s>, run: &mut TraceRun, visited: &mut Vec<ContextId>) -> bool {
        let configuration = self.configuration();
        let host = self.request.host();
        let (server, why) = match select_server(configuration, socket, host.as_deref()) {
            Some(ServerSelection::Server(server, why)) => (server, why),
            Some(ServerSelection::CannotSay(server)) => {
                let opener = configuration.opener(server).map(|line| place(&line));
                let mut names = server_names(configuration, server).into_iter();
                let text = match names.any(|name| placeholder::is_unknown(name.as_bytes())) {
                    true => "a placeholder stands in a `server_name`, so any server may take it",
                    false => "a regex of `server_name` cannot be evaluated here, so any server may take it",
                };
                run.steps.push(step(Stage::Server, text, opener));
                run.ways.push(only(answer(None, Responder::Unknown, text, opener, Prospect::Unknown)));
                return true;
            }
            None => return false,
        };
        let own = socket.listens.iter().find(|listen| listen.server == server);
        if let (Some(step), Some(own)) = (run.steps.first_mut(), own) {
            step.place = own.directive.map(|line| place(&line));
        }
        run.steps.push(self.server_step(socket, server, &why, host.as_deref().unwrap_or_default()));
        visited.push(server);
        let exchanges = self.exchanges();
        let exchange = if socket.is_tls() && !self.query.url.is_tls {
            // 497: "The plain HTTP request was sent to HTTPS port".
            let mut text = step(Stage::Access, "the request is not TLS, and the socket is: 497", None);
            let listen = socket.listens.iter().find(|listen| listen.has("ssl"));
            text.place = listen.and_then(|listen| listen.directive).map(|line| place(&line));
            run.steps.push(text);
            exchanges.run_refused(server, Arc::clone(&self.request), 497)
        } else if let Some(line) = self.misdirected(socket, server) {
            let text = format!(
                "the client names `{}` in TLS and another host here, and `{}` asks for a certificate: 421",
                self.request.sni.as_deref().unwrap_or_default(),
                line.text_line()
            );
            run.steps.push(step(Stage::Access, text, Some(place(&line))));
            // Its own server is not taken any more (ngx_http_set_virtual_server).
            let first = first_server(configuration, socket, self.request.sni.as_deref()).unwrap_or(server);
            exchanges.run_refused(first, Arc::clone(&self.request), 421)
        } else {
            exchanges.run(server, Arc::clone(&self.request))
        };
        run.is_cut = exchange.is_cut;
        let told: Vec<TraceWay> = exchange.ways.iter().map(|way| self.way(server, way, visited)).collect();
        let besides =
            exchange.ways.iter().zip(&told).flat_map(|(way, words)| self.besides(server, way, words));
        let besides: Vec<TraceWay> = besides.collect();
        // What differs in a subrequest alone is told once.
        for way in told.into_iter().chain(besides) {
            if !run.ways.contains(&way) {
                run.ways.push(way);
            }
        }
        if let Some(listen) = socket.listens.iter().find(|listen| listen.has("proxy_protocol")) {
            for way in &mut run.ways {
                way.assumptions.insert(0, "a proxy in front speaks the PROXY protocol".to_owned());
            }
            let at = listen.directive.map(|line| place(&line));
            let text = "no answer: nginx waits for a line of the PROXY protocol, and closes the connection";
            let mut direct = only(answer(None, Responder::Nobody, text, at, Prospect::Fails));
            direct.assumptions.push("the client comes by itself".to_owned());
            run.ways.push(direct);
        }
        !matches!(why, NameMatch::Default | NameMatch::First)
    }

    /// What nginx does, where the disk is not known, the host is the client's own, and back ends are strict.
    pub(super) fn exchanges(&self) -> Exchanges<'_, 's> {
        let back_end = Some(strict as BackEnd);
        let premises = Premises { has_files: true, is_host_told: true, back_end, answers_subrequests: false };
        Exchanges { premises, ..self.model.exchanges(self.version, self.effort) }
    }

    /// The line that makes 421 of a host that is not the one named in TLS.
    fn misdirected(&self, socket: &Socket<'s>, server: ContextId) -> Option<Directive<'s>> {
        let (sni, host) = (self.request.sni.as_deref(), self.request.host());
        let is_tls = socket.is_tls() && self.query.url.is_tls;
        is_tls.then(|| misdirecting(self.configuration(), socket, sni, host.as_deref(), server)).flatten()
    }

    fn server_step(&self, socket: &Socket<'s>, server: ContextId, why: &NameMatch, host: &str) -> TraceStep {
        let configuration = self.configuration();
        let count = {
            let mut servers: Vec<ContextId> = socket.listens.iter().map(|listen| listen.server).collect();
            servers.dedup();
            servers.len()
        };
        let who = server_text(configuration, server);
        let shown = |name: &str| match who.as_str() {
            "(not shown)" => "a name that is not shown".to_owned(),
            _ => format!("`{name}`"),
        };
        let reason = match why {
            NameMatch::Exact(name) => format!("its name {} is the host", shown(name)),
            NameMatch::LeadingWildcard(name) | NameMatch::TrailingWildcard(name) => {
                format!("its name {} takes the host, and no exact name does", shown(name))
            }
            NameMatch::Regex(name) => format!("its regex {} is the first that takes the host", shown(name)),
            NameMatch::Default | NameMatch::First if count == 1 => {
                "it is the only one of the socket, whatever the host".to_owned()
            }
            NameMatch::Default => format!("no name of the socket takes `{host}`, and it is the default"),
            NameMatch::First => {
                format!("no name of the socket takes `{host}`, and it is the first of the socket")
            }
        };
        let opener = configuration.opener(server).map(|line| place(&line));
        let mut step = step(Stage::Server, format!("{who}: {reason}"), opener);
        let rivals = name_rivals(configuration, self.http, socket, host, server);
        let more = rivals.len().saturating_sub(MOST_RIVALS);
        for rival in rivals.iter().take(MOST_RIVALS) {
            let name = match rival.directive.may_be_shown() {
                true => format!("`{}`", rival.name),
                false => "(not shown)".to_owned(),
            };
            let text = match &rival.why {
                NameMiss::Loses => {
                    format!(
                        "not {name}: it takes the host too, but exact names come first, then the longest wildcard, then the first regex, and of the same names the first"
                    )
                }
                NameMiss::Elsewhere(addresses) => {
                    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                    format!("not {name}: its server does not listen here, but at {}", addresses.join(", "))
                }
                NameMiss::Bare => format!("not {name}: an asterisk stands for at least one label"),
                NameMiss::Similar => format!("not {name}: it is another name"),
            };
            step.remarks.push(remark(text, Some(place(&rival.directive))));
        }
        if more > 0 {
            step.remarks.push(remark(format!("and {more} more names that lose"), None));
        }
        step
    }
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

/// A way that is over before there is one.
fn only(answer: TraceAnswer) -> TraceWay {
    TraceWay { assumptions: Vec::new(), steps: Vec::new(), sent: None, answer, after: Vec::new() }
}

pub(super) fn answer(
    status: Option<u16>,
    by: Responder,
    text: impl Into<String>,
    place: Option<Place>,
    handshake: Prospect,
) -> TraceAnswer {
    let text = text.into();
    TraceAnswer {
        status,
        by,
        reason: None,
        location: None,
        text,
        place,
        instead: Vec::new(),
        remarks: Vec::new(),
        handshake,
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn where_nothing_listens_all_that_do_are_named() {
        let url = crate::trace::Url::parse("wss://example.com/ws").unwrap();
        let query = Query { url, headers: Vec::new(), client: None, via: None, is_plain: false };
        let open = vec![ListenAddress::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 80).to_string(); 2];
        assert_eq!(no_socket(&query, open, &[]), "no server listens on port 443: there are *:80");
    }
}
