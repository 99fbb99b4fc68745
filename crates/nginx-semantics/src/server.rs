//! The names and sockets of servers, and which of them takes a request (`http/ngx_http.c:ngx_http_server_names`,
//! `http/ngx_http_request.c:ngx_http_find_virtual_server`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nginx_syntax::lossy;

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive};
use crate::effective::{Effective, effective};
use crate::names::Names;
use crate::placeholder;

/// The words of all `server_name` lines, in order; empty where none is written.
pub fn server_names(configuration: Configuration<'_>, server: ContextId) -> Vec<String> {
    let lines = configuration.named(server, DirectiveName::SERVER_NAME);
    lines.flat_map(|line| line.arguments()).map(|word| lossy(&word).into_owned()).collect()
}

/// The words of each `listen` line, in order; empty where none is written, which means `*:80` for root
/// (`http/ngx_http.c:ngx_http_add_listen`, `http/ngx_http_core_module.c:ngx_http_core_server`).
pub fn listens(configuration: Configuration<'_>, server: ContextId) -> Vec<String> {
    configuration.named(server, DirectiveName::LISTEN).map(|line| line.arguments_text()).collect()
}

/// The address of a socket that nginx listens on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListenAddress {
    /// An address of this machine, or all of one family: `0.0.0.0`, `::`.
    Ip(IpAddr, u16),
    /// A name that is resolved when nginx starts, but for those that every machine has for itself.
    Name(String, u16),
    /// A Unix socket.
    Unix(String),
    /// Not known: a placeholder stands in it.
    Unknown(String),
}

/// The names that every machine has for itself in /etc/hosts. `localhost` may be `::1` besides
/// (`core/ngx_inet.c:ngx_inet_resolve_host` takes all addresses of a name).
const LOOPBACK: [(&str, IpAddr); 3] = [
    ("localhost", IpAddr::V4(Ipv4Addr::LOCALHOST)),
    ("ip6-localhost", IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ("ip6-loopback", IpAddr::V6(Ipv6Addr::LOCALHOST)),
];

impl ListenAddress {
    /// `*:80`, what a server without `listen` has.
    pub const DEFAULT: Self = Self::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 80);

    /// Reads the first word of a `listen`, whose port may be a range: an address for each of these ports, in order. One of
    /// very many ports is not known.
    pub fn all_of(word: &str) -> Vec<Self> {
        match range(word) {
            Some((host, first, last)) if first <= last && last - first < MOST_PORTS => {
                let of = |port: u16| match host {
                    Some(host) => Self::parse(&format!("{host}:{port}")),
                    None => Self::parse(&port.to_string()),
                };
                (first..=last).map(of).collect()
            }
            _ => vec![Self::parse(word)],
        }
    }

    /// The same with the first port of a range.
    pub fn first_of(word: &str) -> Self {
        Self::all_of(word).into_iter().next().unwrap_or_else(|| Self::Unknown(word.to_owned()))
    }

    /// Reads the first word of a `listen` (`core/ngx_inet.c:ngx_parse_url`). What a range of ports is, [`Self::all_of`] says.
    pub fn parse(word: &str) -> Self {
        if placeholder::is_unknown(word.as_bytes()) || range(word).is_some() {
            return Self::Unknown(word.to_owned());
        }
        if let Some(path) = word.strip_prefix("unix:") {
            return Self::Unix(path.to_owned());
        }
        if let Ok(port) = word.parse() {
            return Self::Ip(Ipv4Addr::UNSPECIFIED.into(), port);
        }
        let (host, port) = match word.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(80)),
            _ => (word, 80),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare {
            "*" => Self::Ip(Ipv4Addr::UNSPECIFIED.into(), port),
            bare => match bare.parse::<IpAddr>() {
                Ok(ip) => Self::Ip(ip, port),
                Err(_) => {
                    let name = host.to_ascii_lowercase();
                    let own = LOOPBACK.iter().find(|(own, _)| *own == name);
                    own.map_or(Self::Name(name, port), |(_, ip)| Self::Ip(*ip, port))
                }
            },
        }
    }

    /// The port, where it has one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Ip(_, port) | Self::Name(_, port) => Some(*port),
            Self::Unix(_) | Self::Unknown(_) => None,
        }
    }

    /// Whether it takes all addresses of its family.
    pub fn is_wildcard(&self) -> bool {
        matches!(self, Self::Ip(ip, _) if *ip == IpAddr::V4(Ipv4Addr::UNSPECIFIED) || *ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED))
    }
}

/// As many ports of a range are told apart.
const MOST_PORTS: u16 = 128;

/// The host, the first port and the last one of an address with a range of ports (nginx 1.15.10).
fn range(word: &str) -> Option<(Option<&str>, u16, u16)> {
    if word.starts_with("unix:") {
        return None;
    }
    let (host, ports) = match word.rsplit_once(':') {
        Some((host, ports)) if !ports.contains(']') => (Some(host), ports),
        _ => (None, word),
    };
    let (first, last) = ports.split_once('-')?;
    Some((host, first.parse().ok()?, last.parse().ok()?))
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port) => write!(f, "*:{port}"),
            Self::Ip(IpAddr::V4(ip), port) => write!(f, "{ip}:{port}"),
            Self::Ip(IpAddr::V6(ip), port) => write!(f, "[{ip}]:{port}"),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(path) => write!(f, "unix:{path}"),
            Self::Unknown(word) => write!(f, "{word}"),
        }
    }
}

/// A `listen` of a server.
#[derive(Debug, Clone)]
pub struct Listen<'s> {
    /// The server.
    pub server: ContextId,
    /// The line; `None` for a server that has none.
    pub directive: Option<Directive<'s>>,
    /// Where.
    pub address: ListenAddress,
}

impl Listen<'_> {
    /// Whether the line may mean an address that is not known here: that of a name, or `::1` besides 127.0.0.1.
    pub fn may_be(&self, ip: IpAddr) -> bool {
        let is_localhost = || {
            let word = self.directive.and_then(|line| line.argument(0));
            word.is_some_and(|word| word.split(|byte| *byte == b':').next() == Some(b"localhost"))
        };
        matches!(self.address, ListenAddress::Name(..))
            || ip == IpAddr::V6(Ipv6Addr::LOCALHOST) && is_localhost()
    }

    /// Whether the line has a parameter such as `ssl`.
    pub fn has(&self, parameter: &str) -> bool {
        self.directive.is_some_and(|line| line.arguments().skip(1).any(|word| word == parameter.as_bytes()))
    }

    /// Whether it may have parameters that are not known, because placeholders stand for them.
    pub fn has_unknown(&self) -> bool {
        self.directive.is_some_and(|line| line.has_unknown())
    }

    fn is_default(&self) -> bool {
        self.has("default_server") || self.has("default")
    }
}

/// A socket with the servers that share it.
#[derive(Debug, Clone)]
pub struct Socket<'s> {
    /// Where.
    pub address: ListenAddress,
    /// The lines that open it, in order: the servers that a request may meet there.
    pub listens: Vec<Listen<'s>>,
    /// The names of these servers, gathered when a host is looked for first.
    names: OnceLock<Names>,
    /// What the lines say together, read when it is asked for first: thousands of servers may share a socket, and every
    /// request asks.
    together: OnceLock<Together>,
}

/// What the lines of a socket say together.
#[derive(Debug, Clone, Copy)]
struct Together {
    is_tls: bool,
    is_quic: bool,
    /// The first line with `default_server`, by its number.
    default: Option<usize>,
}

impl<'s> Socket<'s> {
    /// Whether TLS is spoken there: one line with `ssl` is enough for all its servers
    /// (`http/ngx_http.c:ngx_http_add_addresses`).
    pub fn is_tls(&self) -> bool {
        self.together().is_tls
    }

    /// Whether it is one of QUIC, which is another socket than the TCP one of the same address.
    pub fn is_quic(&self) -> bool {
        self.together().is_quic
    }

    /// The server that takes what no name takes: the one with `default_server`, else the first.
    pub fn default(&self) -> Option<&Listen<'s>> {
        self.listens.get(self.together().default.unwrap_or_default())
    }

    /// Whether a line of the server opens it: the lines are in the order of their servers.
    pub(crate) fn is_of(&self, server: ContextId) -> bool {
        self.listens.binary_search_by_key(&server, |listen| listen.server).is_ok()
    }

    fn together(&self) -> Together {
        *self.together.get_or_init(|| Together {
            is_tls: self.listens.iter().any(|listen| listen.has("ssl")),
            is_quic: self.listens.iter().any(|listen| listen.has("quic")),
            default: self.listens.iter().position(Listen::is_default),
        })
    }
}

/// Why a server takes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch {
    /// One of its names is the host.
    Exact(String),
    /// `*.example.com` or `.example.com`: the longest of those that match.
    LeadingWildcard(String),
    /// `www.*`: the longest of those that match.
    TrailingWildcard(String),
    /// `~regex`: the first that matches.
    Regex(String),
    /// None of the names on the socket is the host's: the server with `default_server`.
    Default,
    /// None of the names is, and none has `default_server`: the first server of the socket.
    First,
}

/// Which server takes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerSelection {
    /// This one.
    Server(ContextId, NameMatch),
    /// A regex on the way cannot be evaluated, or a placeholder stands in a name; it belongs to this server.
    CannotSay(ContextId),
}

/// How a name that is no regex matches a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It is the host.
    Exact,
    /// `*.example.com` or `.example.com`: so many bytes behind the asterisk.
    Leading(usize),
    /// `www.*`: so many bytes before it.
    Trailing(usize),
}

impl Comparison {
    /// `None` where it does not match; the host is in lower case.
    pub(crate) fn of(name: &str, host: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let exact = lower.strip_prefix('.').unwrap_or(&lower);
        if exact == host && !lower.starts_with("*.") {
            return Some(Self::Exact);
        }
        if let Some(tail) = lower.strip_prefix('*').or_else(|| lower.starts_with('.').then_some(&*lower)) {
            return host.ends_with(tail).then_some(Self::Leading(tail.len()));
        }
        let head = lower.strip_suffix('*')?;
        (host.len() > head.len() && host.starts_with(head)).then_some(Self::Trailing(head.len()))
    }
}

/// The sockets of an `http` block, in the order in which they are first named.
pub fn sockets<'s>(configuration: Configuration<'s>, http: ContextId) -> Vec<Socket<'s>> {
    let mut sockets: Vec<Socket<'s>> = Vec::new();
    // By address, and whether it is one of QUIC.
    let mut known: BTreeMap<(ListenAddress, bool), usize> = BTreeMap::new();
    let servers = configuration.children(http).iter().copied();
    for server in servers.filter(|&server| configuration.context(server).kind == ContextKind::Server) {
        let mut lines: Vec<Listen<'s>> = configuration
            .named(server, DirectiveName::LISTEN)
            .filter_map(|line| Some((line, ListenAddress::all_of(&lossy(&line.argument(0)?)))))
            .flat_map(|(line, all)| {
                all.into_iter().map(move |address| Listen { server, directive: Some(line), address })
            })
            .collect();
        if lines.is_empty() {
            lines.push(Listen { server, directive: None, address: ListenAddress::DEFAULT });
        }
        for line in lines {
            let index = *known.entry((line.address.clone(), line.has("quic"))).or_insert(sockets.len());
            match sockets.get_mut(index) {
                Some(socket) => socket.listens.push(line),
                None => sockets.push(Socket {
                    address: line.address.clone(),
                    listens: vec![line],
                    names: OnceLock::new(),
                    together: OnceLock::new(),
                }),
            }
        }
    }
    sockets
}

/// The server that a connection has before a request says a host: the one that takes the name in TLS (SNI), else the
/// default of the socket (`http/ngx_http_request.c:ngx_http_init_connection`, `ngx_http_ssl_servername`). Its lines read
/// the request line.
pub fn first_server(
    configuration: Configuration<'_>,
    socket: &Socket<'_>,
    sni: Option<&str>,
) -> Option<ContextId> {
    let default = socket.default()?.server;
    let sni = sni.map(str::to_ascii_lowercase);
    Some(match sni.and_then(|sni| select_server(configuration, socket, Some(&sni))) {
        Some(ServerSelection::Server(server, _) | ServerSelection::CannotSay(server)) => server,
        None => default,
    })
}

/// The line that makes 421 of a request for `host` that `server` takes: another name was taken in TLS, and it asks for
/// certificates of clients (`http/ngx_http_request.c:ngx_http_set_virtual_server`).
pub fn misdirecting<'s>(
    configuration: Configuration<'s>,
    socket: &Socket<'s>,
    sni: Option<&str>,
    host: Option<&str>,
    server: ContextId,
) -> Option<Directive<'s>> {
    let sni = sni?.to_ascii_lowercase();
    if host == Some(sni.as_str()) {
        return None;
    }
    // A name that no server has is not kept.
    let is_default = |why: &NameMatch| matches!(why, NameMatch::Default | NameMatch::First);
    match select_server(configuration, socket, Some(&sni))? {
        ServerSelection::Server(_, why) if !is_default(&why) => {}
        _ => return None,
    }
    verifies_clients(configuration, server)
        .filter(|line| line.argument(0).is_some_and(|word| word != b"off".as_slice()))
}

/// The line by which a server answers 400 to clients without a certificate: with `optional` it answers none of them so.
pub fn demands_certificate<'s>(configuration: Configuration<'s>, server: ContextId) -> Option<Directive<'s>> {
    verifies_clients(configuration, server)
        .filter(|line| line.argument(0).is_some_and(|word| word == b"on".as_slice()))
}

/// The `ssl_verify_client` in effect.
fn verifies_clients(configuration: Configuration<'_>, server: ContextId) -> Option<Directive<'_>> {
    match effective(configuration, server, DirectiveName::SSL_VERIFY_CLIENT) {
        Effective::Set(declared) => declared.directives.first().copied(),
        Effective::Default { .. } | Effective::Unknown(_) => None,
    }
}

/// Which server of a socket takes a request for `host`: in lower case, without port and final dot; `None` for a request
/// that names none.
pub fn select_server(
    configuration: Configuration<'_>,
    socket: &Socket<'_>,
    host: Option<&str>,
) -> Option<ServerSelection> {
    let names = socket.names.get_or_init(|| Names::of(configuration, socket));
    if let Some(selection) = names.select(configuration, host.unwrap_or_default()) {
        return Some(selection);
    }
    let default = socket.default()?;
    let why = if default.is_default() { NameMatch::Default } else { NameMatch::First };
    Some(ServerSelection::Server(default.server, why))
}
