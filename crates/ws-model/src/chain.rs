//! Several nginxes in a row: which location takes what an endpoint of another configuration passes on.
//!
//! Two things must fit: the address that `proxy_pass` goes to is one that the other listens on, and the `Host` that is
//! sent leads to a server there. An address alone says little, as each machine has a `127.0.0.1` and a port 80 of its
//! own.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Effort, Ending, ListenAddress, NameMatch, Pass, PassModule,
    Passed, ServerSelection, Target, has_variables, listens, peers, select_server, server_names, sockets,
    upstream,
};

use crate::browser::Browser;
use crate::endpoint::Endpoint;
use crate::handshake::{Handshake, LineValues};
use crate::idle::IdleLimit;
use crate::model::Model;
use crate::sockets::OpenSocket;
use crate::walk::{Walks, handshake_request, is_settled};

/// What [`crate::walk`] sends as `Host` to a server without a name.
const MADE_UP: &str = "example.com";

/// What an endpoint passes on, as far as it is known.
#[derive(Debug, Clone)]
pub struct Outlet {
    /// The location.
    pub endpoint: ContextId,
    /// Host and port of each server that it may go to.
    destinations: Vec<(String, u16)>,
    /// The `Host` that is sent, in lower case and without port.
    host: Option<String>,
    /// The request target that is sent.
    target: String,
    is_tls: bool,
}

/// A configuration of the run with the sockets that it opens.
#[derive(Debug)]
pub struct Listener<'s> {
    /// The configuration.
    pub configuration: Configuration<'s>,
    sockets: Vec<OpenSocket<'s>>,
    /// The numbers of those of TCP by port.
    by_port: HashMap<u16, Vec<usize>>,
    /// Of Unix sockets by path.
    by_path: HashMap<String, Vec<usize>>,
}

/// Where the nginxes of a run listen: whatever passes its requests elsewhere leads to none of them.
#[derive(Debug, Default)]
pub struct Doors {
    ports: HashSet<u16>,
    paths: HashSet<String>,
}

impl Doors {
    /// Those of all listeners.
    pub fn of<'l, 's: 'l>(listeners: impl IntoIterator<Item = &'l Listener<'s>>) -> Self {
        let mut this = Self::default();
        for listener in listeners {
            this.ports.extend(listener.by_port.keys());
            this.paths.extend(listener.by_path.keys().cloned());
        }
        this
    }

    fn has(&self, host: &str, port: u16) -> bool {
        match host.strip_prefix("unix:") {
            Some(path) => self.paths.contains(path),
            None => self.ports.contains(&port),
        }
    }

    /// Whether an endpoint may pass requests to one of them.
    fn may_be_met(&self, model: &Model<'_>, endpoint: &Endpoint<'_>) -> bool {
        if has_variables(&endpoint.pass.target()) {
            return true;
        }
        match endpoint.block.and_then(|block| model.balancing(block)) {
            Some(balancing) => balancing.doors().any(|peer| self.has(&peer.address, peer.port)),
            None => self.has(&endpoint.target.host, endpoint.target.port_or_default()),
        }
    }
}

/// Which of several listeners listen where, by their numbers in order: each outlet leads to few of thousands.
#[derive(Debug, Default)]
pub struct ByDoor {
    ports: HashMap<u16, Vec<usize>>,
    paths: HashMap<String, Vec<usize>>,
}

impl ByDoor {
    /// Those of these listeners.
    pub fn of<'l, 's: 'l>(listeners: impl IntoIterator<Item = &'l Listener<'s>>) -> Self {
        let mut this = Self::default();
        for (number, listener) in listeners.into_iter().enumerate() {
            let (ports, paths) = (listener.by_port.keys(), listener.by_path.keys());
            ports.for_each(|port| this.ports.entry(*port).or_default().push(number));
            paths.for_each(|path| this.paths.entry(path.clone()).or_default().push(number));
        }
        this
    }

    /// The listeners that may take what outlets pass on.
    pub fn behind(&self, outlets: &[Outlet]) -> BTreeSet<usize> {
        let at = |(host, port): &(String, u16)| match host.strip_prefix("unix:") {
            Some(path) => self.paths.get(path),
            None => self.ports.get(port),
        };
        let destinations = outlets.iter().flat_map(|outlet| &outlet.destinations);
        destinations.filter_map(at).flatten().copied().collect()
    }
}

/// How two configurations of a run belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// They are one.
    Same,
    /// The user named each on the command line.
    Named,
    /// They were found in one folder.
    Found,
}

/// How well an address fits, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is that one.
    Exact,
    /// It may be.
    Open,
}

/// One nginx of a chain, and what it does with the tunnel.
#[derive(Debug)]
pub struct Hop<'m, 's> {
    /// Its configuration.
    pub model: &'m Model<'s>,
    /// The location, or an `if` or the like in it.
    pub context: ContextId,
    /// What passes the request on.
    pub pass: Pass<'s>,
    /// What ends a silent connection.
    pub idle: IdleLimit<'s>,
    /// The endpoint, where it is known for one.
    pub endpoint: Option<&'m Endpoint<'s>>,
}

/// Two nginxes in a row.
#[derive(Debug)]
pub struct Link<'m, 's> {
    /// The one that is nearer to the client.
    pub outer: Hop<'m, 's>,
    /// The one that it passes handshakes to.
    pub inner: Hop<'m, 's>,
}

impl<'s> Model<'s> {
    /// What an endpoint of a main file passes on, where that is the same for every client, and may come to one of these
    /// doors; `None` for the doors: to any.
    pub fn outlet(
        &self,
        walks: &Walks<'_, 's>,
        endpoint: &Endpoint<'_>,
        doors: Option<&Doors>,
    ) -> Option<Outlet> {
        self.configuration.root()?;
        if doors.is_some_and(|doors| !doors.may_be_met(self, endpoint)) {
            return None;
        }
        let exchange =
            walks.walk_to(endpoint).filter(|exchange| endpoint.is_configured() && is_settled(exchange))?;
        let Ending::Passed(passed) = &exchange.only_way()?.ending else { return None };
        let request = passed.request.as_ref().filter(|_| passed.context == endpoint.context)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let peer = Target::parse(request.peer.as_known()?);
        let destinations = match upstream(self.configuration, endpoint.context, &peer.host) {
            Some(upstream) => peers(self.configuration, upstream).map(|peer| peer.destination()).collect(),
            None if peer.host.starts_with("unix:") => vec![(peer.host, 0)],
            None => vec![(peer.host, peer.port.unwrap_or(if request.is_tls { 443 } else { 80 }))],
        };
        let fields = self.field(request, "Host");
        let host = text(fields.sent.first()?.value.as_known()?)?.to_ascii_lowercase();
        let host = Target::parse(host.as_bytes()).host;
        let is_made_up = host == MADE_UP && !endpoint.server_names.iter().any(|name| name == MADE_UP);
        Some(Outlet {
            endpoint: endpoint.context,
            destinations,
            host: (!is_made_up).then_some(host),
            target: text(request.target.as_known()?)?,
            is_tls: request.is_tls,
        })
    }
}

impl<'s> Listener<'s> {
    /// `None` for fragments, which no nginx runs by themselves.
    pub fn new(configuration: Configuration<'s>) -> Option<Self> {
        configuration.root()?;
        let https = configuration.of_kind(ContextKind::Http);
        let sockets: Vec<OpenSocket<'s>> =
            https.flat_map(|http| sockets(configuration, http)).map(OpenSocket::new).collect();
        let mut by_port: HashMap<u16, Vec<usize>> = HashMap::new();
        let mut by_path: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, open) in sockets.iter().enumerate().filter(|(_, open)| !open.is_quic) {
            match (&open.socket.address, open.socket.address.port()) {
                (ListenAddress::Unix(path), _) => by_path.entry(path.clone()).or_default().push(number),
                (_, Some(port)) => by_port.entry(port).or_default().push(number),
                (_, None) => {}
            }
        }
        Some(Self { configuration, sockets, by_port, by_path })
    }

    /// The server that takes what an endpoint of another configuration, or of this one, passes on.
    pub fn server(&self, outlet: &Outlet, outer: Configuration<'_>, relation: Relation) -> Option<ContextId> {
        let at = |(host, port): &(String, u16)| match host.strip_prefix("unix:") {
            Some(path) => self.by_path.get(path),
            None => self.by_port.get(port),
        };
        let numbers: BTreeSet<usize> = outlet.destinations.iter().filter_map(at).flatten().copied().collect();
        let sockets = numbers.into_iter().filter_map(|number| self.sockets.get(number));
        let sockets = sockets.filter(|open| open.is_tls == outlet.is_tls).map(|open| &open.socket);
        let fitting = sockets.filter_map(|socket| {
            let fits = outlet.destinations.iter().filter_map(|to| fit(to, &socket.address, relation));
            Some((fits.min()?, socket))
        });
        let (fit, socket) = fitting.min_by_key(|(fit, _)| *fit)?;
        let selection = select_server(self.configuration, socket, outlet.host.as_deref())?;
        let ServerSelection::Server(server, why) = selection else { return None };
        let is_only = socket.listens.iter().all(|listen| listen.server == server);
        if outlet.host.is_none() && !is_only {
            return None;
        }
        let has_name = |name: &str| is_telling(name) && !self.is_variant(outer, name);
        let is_by_name = matches!(why, NameMatch::Exact(_) | NameMatch::LeadingWildcard(_))
            && outlet.host.as_deref().is_some_and(has_name);
        let names = server_names(self.configuration, server);
        let is_destination = |(host, _): &(String, u16)| names.contains(host) && has_name(host);
        let is_it = match (fit, relation) {
            (Fit::Exact, _) => true,
            (Fit::Open, Relation::Named) if !is_common(&socket.address) => true,
            (Fit::Open, _) => is_by_name || outlet.destinations.iter().any(is_destination),
        };
        is_it.then_some(server)
    }

    /// Whether both have a server of this name on a port: they are the same site, set up twice.
    fn is_variant(&self, outer: Configuration<'_>, name: &str) -> bool {
        let ports = |configuration: Configuration<'_>| -> Vec<Option<u16>> {
            let servers = configuration.of_kind(ContextKind::Server);
            let named =
                servers.filter(|&server| server_names(configuration, server).iter().any(|one| one == name));
            let port = |listen: &String| {
                ListenAddress::first_of(listen.split(' ').next().unwrap_or_default()).port()
            };
            named.flat_map(|server| listens(configuration, server)).map(|listen| port(&listen)).collect()
        };
        let others = ports(outer);
        ports(self.configuration).iter().any(|port| others.contains(port))
    }
}

/// Whether a connection to a host and a port comes to a socket of a configuration, for which `has_name` says whether a
/// server there has a name. Who connects may send any `Host`, so addresses alone decide, as strictly as
/// [`Listener::server`] does.
pub fn leads_to(
    destination: &(String, u16),
    address: &ListenAddress,
    relation: Relation,
    has_name: impl FnOnce(&str) -> bool,
) -> bool {
    match (fit(destination, address, relation), relation) {
        (Some(Fit::Exact), _) => true,
        (Some(Fit::Open), Relation::Named) if !is_common(address) => true,
        (Some(Fit::Open), _) => is_telling(&destination.0) && has_name(&destination.0),
        (None, _) => false,
    }
}

/// Whether every machine listens there.
fn is_common(address: &ListenAddress) -> bool {
    matches!(address.port(), Some(80 | 443))
}

/// How well a destination fits a socket.
fn fit((host, port): &(String, u16), address: &ListenAddress, relation: Relation) -> Option<Fit> {
    if let ListenAddress::Unix(path) = address {
        return (host.strip_prefix("unix:") == Some(path)).then_some(Fit::Exact);
    }
    if address.port() != Some(*port) {
        return None;
    }
    let is_same = relation == Relation::Same;
    if is_loopback(host) {
        let here = if is_same { Fit::Exact } else { Fit::Open };
        let is_it = match address {
            ListenAddress::Ip(ip, _) => comes_to(host, *ip),
            ListenAddress::Name(name, _) => {
                name == host || (name == "localhost" && matches!(host.as_str(), "127.0.0.1" | "[::1]"))
            }
            ListenAddress::Unix(_) | ListenAddress::Unknown(_) => false,
        };
        return is_it.then_some(here);
    }
    match (host.as_str(), address) {
        (host, ListenAddress::Name(name, _)) => (name == host).then_some(Fit::Exact),
        // What a server listens on everywhere may be any machine's, but nginx does not go around to itself.
        _ if address.is_wildcard() => (!is_same).then_some(Fit::Open),
        (host, ListenAddress::Ip(ip, _)) => match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(other) => (other == *ip).then_some(Fit::Exact),
            Err(_) => (!is_same && !ip.is_loopback()).then_some(Fit::Open),
        },
        (_, ListenAddress::Unix(_) | ListenAddress::Unknown(_)) => None,
    }
}

/// Whether a host is an address of the machine itself: `localhost`, `127.0.0.2`, `[::1]`.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || address_of(host).is_some_and(|ip| ip.is_loopback())
}

fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Whether a connection to a host of the machine itself comes to a socket at this address: one at the same address, or at
/// all addresses of its family.
fn comes_to(host: &str, socket: IpAddr) -> bool {
    let own = match address_of(host) {
        Some(ip) => [ip, ip],
        // nginx takes both that it is resolved to.
        None => [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
    };
    own.into_iter().any(|ip| ip == socket || (socket.is_unspecified() && ip.is_ipv4() == socket.is_ipv4()))
}

/// Whether a name is one that not every other configuration has too.
fn is_telling(name: &str) -> bool {
    name.contains('.') && name.parse::<IpAddr>().is_err() && !name.starts_with("localhost.")
}

/// The hop of an outlet and that of the server that takes it; `None` where it is not known which location that is, or
/// one of them passes no handshake on.
pub fn link<'m, 's>(
    outer: &'m Model<'s>,
    outlet: &Outlet,
    inner: &'m Model<'s>,
    server: ContextId,
) -> Option<Link<'m, 's>> {
    let of = |model: &'m Model<'s>, context| {
        model.endpoints.iter().find(move |endpoint| endpoint.context == context)
    };
    let endpoint = of(outer, outlet.endpoint)?;
    let host = outlet.host.as_deref().unwrap_or(MADE_UP);
    let request = handshake_request(Browser::Chrome, host, &outlet.target, outlet.is_tls);
    let effort = Effort::whole(&inner.variables);
    let exchange = inner.exchanges(inner.versions.max, &effort).run(server, request);
    let way = exchange.only_way().filter(|_| is_settled(&exchange))?;
    let Ending::Passed(passed) = &way.ending else { return None };
    let Passed { pass, context, .. } = **passed;
    let idle = IdleLimit::new(inner.configuration, context, pass.module)?;
    let is_configured = pass.module != PassModule::Proxy
        || Handshake::new(inner.configuration, &inner.variables, context, &LineValues::default())
            .is_configured();
    let is_round = context == outlet.endpoint && std::ptr::eq(outer, inner);
    (is_configured && !is_round).then(|| Link {
        outer: Hop {
            model: outer,
            context: endpoint.context,
            pass: endpoint.pass,
            idle: endpoint.idle,
            endpoint: Some(endpoint),
        },
        inner: Hop { model: inner, context, pass, idle, endpoint: of(inner, context) },
    })
}
