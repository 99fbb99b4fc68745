//! How an `upstream` block shares requests out among its servers.
//!
//! Each method replaces the one before it, whose line is without effect then, and `sticky` wraps the one before it
//! (`http/modules/ngx_http_upstream_*_module.c`, all of which set `peer.init_upstream`; nginx warns `load balancing method
//! redefined`).

use std::collections::HashSet;
use std::sync::OnceLock;

use nginx_syntax::lossy;

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, Directive, Presence};
use crate::placeholder::is_unknown;
use crate::upstream::{Peer, peers};
use crate::variables::{Part, parts};

/// A way to choose a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `ip_hash`
    IpHash,
    /// `hash`
    Hash,
    /// `least_conn`
    LeastConn,
    /// `least_time`
    LeastTime,
    /// `random`
    Random,
}

impl Method {
    fn of(name: DirectiveName) -> Option<Self> {
        Some(match name {
            DirectiveName::IP_HASH => Self::IpHash,
            DirectiveName::HASH => Self::Hash,
            DirectiveName::LEAST_CONN => Self::LeastConn,
            DirectiveName::LEAST_TIME => Self::LeastTime,
            DirectiveName::RANDOM => Self::Random,
            _ => return None,
        })
    }

    /// Whether it sends a client to the same server again.
    pub fn is_sticky(self) -> bool {
        matches!(self, Self::IpHash | Self::Hash)
    }

    /// Whether it refuses `backup` on the lines behind it (`ngx_http_upstream_server`, `uscf->flags`).
    pub fn refuses_backup(self) -> bool {
        matches!(self, Self::IpHash | Self::Hash | Self::Random)
    }
}

/// Variables that are not the same for two requests of a client that polls: the query has a time or a number in it, and
/// the first request no session (`sid`) yet.
const OF_A_REQUEST: [&[u8]; 11] = [
    b"arg_sid",
    b"args",
    b"connection",
    b"msec",
    b"query_string",
    b"realip_remote_port",
    b"remote_port",
    b"request",
    b"request_id",
    b"request_length",
    b"request_uri",
];

/// An `upstream` block, read.
#[derive(Debug, Clone)]
pub struct Balancing<'s> {
    /// The methods, in order; the last one is in effect.
    pub methods: Vec<(Method, Directive<'s>)>,
    /// nginx's own `sticky` lines, in order: `cookie`, `route` or `learn`.
    pub sticky: Vec<Directive<'s>>,
    /// `keepalive`.
    pub keepalive: Option<Directive<'s>>,
    /// The `server` lines, in order.
    pub peers: Vec<Peer<'s>>,
    configuration: Configuration<'s>,
    /// The block.
    upstream: ContextId,
    /// Whether something may choose otherwise: a directive of another module, or a file that was not given.
    pub may_differ: bool,
    /// What [`Balancing::sharing`] found.
    sharing: OnceLock<usize>,
    /// The numbers of [`Balancing::doors`].
    doors: OnceLock<Vec<usize>>,
    /// What [`Balancing::last_backup`] found.
    last_backup: OnceLock<Option<Directive<'s>>>,
    /// What [`Balancing::most_connections`] found.
    most_connections: OnceLock<Option<u32>>,
}

impl<'s> Balancing<'s> {
    /// Reads a block.
    pub fn of(configuration: Configuration<'s>, upstream: ContextId) -> Self {
        let lines: Vec<Directive<'s>> = configuration.directives(upstream).collect();
        let is_own = |line: &&Directive<'s>| {
            line.name() == DirectiveName::STICKY
                && line.argument(0).is_some_and(|form| matches!(&*form, b"cookie" | b"route" | b"learn"))
        };
        let sticky: Vec<Directive<'s>> = lines.iter().filter(is_own).copied().collect();
        let is_known = |line: &Directive<'s>| {
            let is_upstreams = line.name().rows().iter().any(|row| row.module.contains("_upstream_"));
            is_upstreams && (line.name() != DirectiveName::STICKY || is_own(&line))
                || matches!(line.name(), DirectiveName::RESOLVER | DirectiveName::SERVER)
        };
        let this = configuration.context(upstream);
        // Those of all blocks are kept to the end.
        let mut methods: Vec<_> =
            lines.iter().filter_map(|line| Some((Method::of(line.name())?, *line))).collect();
        methods.shrink_to_fit();
        let mut peers: Vec<_> = peers(configuration, upstream).collect();
        peers.shrink_to_fit();
        Self {
            methods,
            keepalive: lines.iter().find(|line| line.name() == DirectiveName::KEEPALIVE).copied(),
            peers,
            may_differ: !this.gaps.is_empty()
                || this.presence != Presence::Given
                || !lines.iter().all(is_known),
            sticky,
            configuration,
            upstream,
            sharing: OnceLock::new(),
            doors: OnceLock::new(),
            last_backup: OnceLock::new(),
            most_connections: OnceLock::new(),
        }
    }

    /// The method in effect; `None` for round robin.
    pub fn method(&self) -> Option<(Method, Directive<'s>)> {
        self.methods.last().copied()
    }

    /// The `hash` in effect whose key is another one for each request of a client.
    pub fn hash_of_requests(&self) -> Option<Directive<'s>> {
        let (_, line) = self.method().filter(|(method, _)| *method == Method::Hash)?;
        let key = line.argument(0)?;
        let mut names = parts(&key).into_iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        let first = names.next()?;
        std::iter::once(first)
            .chain(names)
            .any(|name| OF_A_REQUEST.contains(&name.as_slice()))
            .then_some(line)
    }

    /// Whether a line stands before another one.
    pub fn is_before(&self, first: &Directive<'s>, second: &Directive<'s>) -> bool {
        let lines = self.configuration.references(self.upstream);
        let at = |wanted: &Directive<'s>| lines.iter().position(|line| *line == wanted.reference);
        at(first) < at(second)
    }

    /// The method behind a line, if one follows it.
    pub fn method_behind(&self, line: &Directive<'s>) -> Option<(Method, Directive<'s>)> {
        self.methods.iter().find(|(_, method)| self.is_before(line, method)).copied()
    }

    /// The first server of each port, and those at Unix sockets.
    pub fn doors(&self) -> impl Iterator<Item = &Peer<'s>> {
        let doors = self.doors.get_or_init(|| {
            let mut ports = HashSet::new();
            let mut is_new = |peer: &Peer<'s>| peer.address.starts_with("unix:") || ports.insert(peer.port);
            let peers = self.peers.iter().enumerate();
            peers.filter(|(_, peer)| is_new(peer)).map(|(number, _)| number).collect()
        });
        doors.iter().filter_map(|number| self.peers.get(*number))
    }

    /// The last server that waits as `backup`.
    pub fn last_backup(&self) -> Option<Directive<'s>> {
        *self.last_backup.get_or_init(|| {
            self.peers.iter().filter(|peer| peer.has("backup")).map(|peer| peer.directive).next_back()
        })
    }

    /// The connections that `max_conns` allows to all servers together; `None` where one of them has no such limit.
    pub fn most_connections(&self) -> Option<u32> {
        let most = |peer: &Peer<'s>| -> Option<u32> {
            let words = peer.directive.arguments().skip(1);
            let mut values = words.filter_map(|word| lossy(&word).strip_prefix("max_conns=")?.parse().ok());
            values.next().filter(|most| *most > 0)
        };
        *self.most_connections.get_or_init(|| {
            self.peers.iter().map(most).try_fold(0_u32, |all, one| Some(all.saturating_add(one?)))
        })
    }

    /// How many back ends share the requests: servers that are `down` or wait as `backup` do not, and one that is named
    /// twice is one. One with a placeholder behind its address may be either.
    pub fn sharing(&self) -> usize {
        let may_be_either =
            |peer: &Peer<'s>| peer.directive.arguments().skip(1).any(|word| is_unknown(&word));
        let takes_part = |peer: &&Peer<'s>| !peer.has("backup") && !peer.has("down") && !may_be_either(peer);
        *self.sharing.get_or_init(|| {
            // All ways to say this machine as one: what listens there is most often the same program.
            let server = |peer: &Peer<'s>| match peer.destination() {
                (host, port) if matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]") => {
                    ("localhost".to_owned(), port)
                }
                other => other,
            };
            let mut all: Vec<_> = self.peers.iter().filter(takes_part).map(server).collect();
            all.sort();
            all.dedup();
            all.len()
        })
    }
}
