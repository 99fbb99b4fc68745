//! What requests go through: sockets, servers, locations, upstreams and their peers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lint_finding::{Graph, GraphEdge, GraphNode, GraphPart, NodeKind};
use nginx_semantics::placeholder::is_unknown;
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, Pass, PassModule, Peer, Presence,
    Target, balancing, peers, server_names, upstream,
};
use nginx_syntax::lossy;

use super::choice::{Choice, Edge, Id, Key, Unit};
use super::marks::{Marks, block};
use super::parts::{Part, Parts};
use super::{GraphOf, MetEndpoint};

/// As many sockets of a server are shown, as many of its names, and as many peers of an upstream.
const SOCKETS: usize = 8;
const NAMES: usize = 3;
const PEERS: usize = 12;

/// What stands for the words of a file outside the given paths.
const NOT_SHOWN: &str = "(not shown)";

/// The endpoints of each layout.
pub(super) type Met = [BTreeMap<ContextId, MetEndpoint>];

/// A back end as it is drawn.
struct BackEnd {
    title: String,
    /// Where connections go; `None` if that is not known.
    destination: Option<(String, u16)>,
}

/// What is drawn of a part, and what leads where in it.
struct Drawn<'p, 's> {
    number: usize,
    part: &'p Part<'s>,
    /// By block; nothing for those that were not met.
    endpoints: &'p BTreeMap<ContextId, MetEndpoint>,
    back_ends: Vec<BackEnd>,
    /// The numbers of those that are known, by destination, and of the others by title.
    known: HashMap<(String, u16), usize>,
    vague: HashMap<String, usize>,
    /// What `upstream` blocks lead to.
    groups: HashMap<ContextId, Vec<(usize, Option<String>)>>,
    /// The sockets of each server.
    doors: HashMap<ContextId, Vec<usize>>,
    /// How many locations of a server pass nothing on and are not drawn.
    silent: HashMap<ContextId, usize>,
}

/// The names of servers that no server has.
pub(super) fn unknown<'n>(parts: &Parts<'_>, names: &'n [String]) -> Vec<&'n String> {
    let has =
        |name: &str| parts.0.iter().any(|part| servers(part).any(|server| is_named(part, server, name)));
    names.iter().filter(|name| !has(name)).collect()
}

/// Draws them.
pub(super) fn graph(parts: &Parts<'_>, met: &Met, marks: &Marks, wanted: &GraphOf) -> Graph {
    let none = BTreeMap::new();
    let mut drawn: Vec<Drawn<'_, '_>> = Vec::new();
    let mut units = Vec::new();
    for (number, part) in parts.0.iter().enumerate() {
        let mut one = Drawn::new(number, part, met.get(part.layout).unwrap_or(&none));
        units.extend(one.units(marks, wanted));
        drawn.push(one);
    }
    let mut choice = Choice::new(wanted.most);
    units.sort_by_key(|unit| unit.rank);
    let (chosen, others): (Vec<Unit>, Vec<Unit>) = units.into_iter().partition(|unit| unit.is_wanted);
    for unit in &chosen {
        choice.take(unit, |unit| edges(&mut drawn, unit));
    }
    link(parts, &mut drawn, &mut choice, &chosen, &others);
    let mut graph = Graph {
        parts: parts
            .0
            .iter()
            .enumerate()
            .map(|(number, part)| GraphPart { title: part.title.clone(), findings: marks.of_part(number) })
            .collect(),
        notes: choice.notes(&chosen, wanted),
        ..Graph::default()
    };
    let keys = choice.in_order();
    let numbers: HashMap<Key, usize> = keys.iter().enumerate().map(|(number, key)| (*key, number)).collect();
    graph.nodes = keys.iter().filter_map(|key| drawn.get(key.part)?.node(*key, marks)).collect();
    let edge = |(from, to, label, is_link): Edge| {
        Some(GraphEdge { from: *numbers.get(&from)?, to: *numbers.get(&to)?, label, is_link })
    };
    graph.edges = choice.into_edges().into_iter().filter_map(edge).collect();
    graph
}

/// What a unit leads through, in its part.
fn edges(drawn: &mut [Drawn<'_, '_>], unit: &Unit) -> Vec<Edge> {
    drawn.get_mut(unit.part).map(|part| part.edges(unit)).unwrap_or_default()
}

/// Ties the back ends that are shown to the sockets that they are, with a server behind each.
fn link(
    parts: &Parts<'_>,
    drawn: &mut [Drawn<'_, '_>],
    choice: &mut Choice,
    chosen: &[Unit],
    others: &[Unit],
) {
    let mut waiting: Vec<Key> = choice.keys().filter(|key| key.kind == NodeKind::Peer).collect();
    let mut seen: BTreeSet<Key> = waiting.iter().copied().collect();
    choice.widen();
    while let Some(peer) = waiting.pop() {
        let back_end = drawn.get(peer.part).and_then(|part| part.back_end_of(peer.id));
        let Some(destination) = back_end.and_then(|back_end| back_end.destination.clone()) else { continue };
        for (part, door) in parts.behind(peer.part, &destination) {
            let socket = Key { part, kind: NodeKind::Socket, id: Id::Row(door) };
            let behind = parts.0.get(part).and_then(|one| one.doors.get(door));
            let is_behind = |unit: &&Unit| {
                unit.part == part && behind.is_some_and(|door| door.servers.contains(&unit.server))
            };
            for unit in chosen.iter().chain(others).filter(is_behind) {
                choice.take(unit, |unit| edges(drawn, unit));
            }
            if choice.has(socket) {
                choice.add_edge(peer, socket, None, true);
            }
        }
        waiting.extend(choice.keys().filter(|key| key.kind == NodeKind::Peer && seen.insert(*key)));
    }
}

/// All servers of a part, those of `stream` last.
fn servers<'s>(part: &Part<'s>) -> impl Iterator<Item = ContextId> + use<'s> {
    let configuration = part.configuration;
    [ContextKind::Server, ContextKind::StreamServer]
        .into_iter()
        .flat_map(move |kind| configuration.of_kind(kind))
}

/// Whether a server has a name, or a wildcard for it.
fn is_named(part: &Part<'_>, server: ContextId, name: &str) -> bool {
    server_names(part.configuration, server).iter().any(|own| {
        let covers = |end: &str| {
            name.len() > end.len() && name.to_ascii_lowercase().ends_with(&end.to_ascii_lowercase())
        };
        own.eq_ignore_ascii_case(name)
            || own.strip_prefix('*').is_some_and(covers)
            || own.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(name) || covers(own))
    })
}

impl<'p, 's> Drawn<'p, 's> {
    fn new(number: usize, part: &'p Part<'s>, endpoints: &'p BTreeMap<ContextId, MetEndpoint>) -> Self {
        let mut doors: HashMap<ContextId, Vec<usize>> = HashMap::new();
        for (number, door) in part.doors.iter().enumerate() {
            for server in &door.servers {
                doors.entry(*server).or_default().push(number);
            }
        }
        Self {
            number,
            part,
            endpoints,
            back_ends: Vec::new(),
            known: HashMap::new(),
            vague: HashMap::new(),
            groups: HashMap::new(),
            doors,
            silent: HashMap::new(),
        }
    }

    fn configuration(&self) -> Configuration<'s> {
        self.part.configuration
    }

    fn block(&self, kind: NodeKind, block: ContextId) -> Key {
        Key { part: self.number, kind, id: Id::Block(block) }
    }

    fn row(&self, kind: NodeKind, row: usize) -> Key {
        Key { part: self.number, kind, id: Id::Row(row) }
    }

    fn back_end_of(&self, id: Id) -> Option<&BackEnd> {
        match id {
            Id::Row(row) => self.back_ends.get(row),
            Id::Block(_) => None,
        }
    }

    /// What can be shown: each location of a server that passes requests on or of which something is said, and a server
    /// without any by itself.
    fn units(&mut self, marks: &Marks, wanted: &GraphOf) -> Vec<Unit> {
        let configuration = self.configuration();
        let mut locations: BTreeMap<Option<ContextId>, Vec<ContextId>> = BTreeMap::new();
        for (context, level) in configuration.contexts() {
            if !level.kind.is_location_like() || block(configuration, context) != Some(context) {
                continue;
            }
            let server = configuration.enclosing(context, ContextKind::Server);
            let is_drawn = Pass::directly_in(configuration, context).is_some()
                || self.endpoints.contains_key(&context)
                || marks.worst(self.number, context).is_some();
            if is_drawn {
                locations.entry(server).or_default().push(context);
            } else if let Some(server) = server {
                *self.silent.entry(server).or_default() += 1;
            }
        }
        let mut units = Vec::new();
        for server in servers(self.part) {
            let is_given = configuration.context(server).presence != Presence::Absent;
            let own = locations.remove(&Some(server)).unwrap_or_default();
            if !is_given && own.is_empty() {
                continue;
            }
            let is_wanted = wanted.servers.is_empty()
                || wanted.servers.iter().any(|name| is_named(self.part, server, name));
            let at_server = marks.worst(self.number, server);
            let unit = |location: Option<ContextId>| {
                let worst = location.and_then(|location| marks.worst(self.number, location)).max(at_server);
                let at = location.unwrap_or(server);
                let is_endpoint = self.endpoints.contains_key(&at);
                Unit {
                    part: self.number,
                    server,
                    location,
                    has_server: is_given,
                    is_wanted,
                    rank: (std::cmp::Reverse((worst, is_endpoint)), self.number, at),
                }
            };
            let locations = own.into_iter().map(|location| unit(Some(location)));
            let before = units.len();
            units.extend(locations);
            if units.len() == before {
                units.push(unit(None));
            }
        }
        units
    }

    /// What leads where on the way through a unit.
    fn edges(&mut self, unit: &Unit) -> Vec<Edge> {
        let mut edges = Vec::new();
        let server = self.block(NodeKind::Server, unit.server);
        let configuration = self.configuration();
        if unit.has_server {
            let doors = self.doors.get(&unit.server).map(Vec::as_slice).unwrap_or_default();
            for number in doors.iter().take(shown(doors.len(), SOCKETS)) {
                let is_default =
                    self.part.doors.get(*number).is_some_and(|door| door.default == Some(unit.server));
                let label = is_default.then(|| "default".to_owned());
                edges.push((self.row(NodeKind::Socket, *number), server, label, false));
            }
        }
        let (at, from) = match unit.location {
            Some(location) => (location, self.block(NodeKind::Location, location)),
            None => (unit.server, server),
        };
        if unit.location.is_some() && unit.has_server {
            edges.push((server, from, None, false));
        }
        // What stands alone is kept by an edge to itself, which is not drawn.
        edges.push((from, from, None, false));
        let is_stream = configuration.context(at).kind == ContextKind::StreamServer;
        let (line, module) = match Pass::directly_in(configuration, at) {
            Some(pass) => (Some(pass.directive), pass.module),
            None if is_stream => {
                (configuration.named(at, DirectiveName::PROXY_PASS).next_back(), PassModule::Proxy)
            }
            None => (None, PassModule::Proxy),
        };
        let Some(line) = line else { return edges };
        let target = match self.endpoints.get(&at) {
            Some(met) => met.target.clone(),
            None => Target::parse(&line.argument(0).unwrap_or_default()),
        };
        let label = spoken(module, &target, is_stream);
        match self.group(at, &target, is_stream) {
            Some(group) => {
                let upstream = self.block(NodeKind::Upstream, group);
                edges.push((from, upstream, label, false));
                for (peer, label) in self.peers(group) {
                    edges.push((upstream, self.row(NodeKind::Peer, peer), label, false));
                }
            }
            None => {
                let peer = self.literal(&line, &target, is_stream);
                edges.push((from, self.row(NodeKind::Peer, peer), label, false));
            }
        }
        edges
    }

    /// The `upstream` block that a target names.
    fn group(&self, at: ContextId, target: &Target, is_stream: bool) -> Option<ContextId> {
        let name = match target.port {
            Some(port) => format!("{}:{port}", target.host),
            None => target.host.clone(),
        };
        let configuration = self.configuration();
        if !is_stream {
            return upstream(configuration, at, &name);
        }
        configuration.of_kind(ContextKind::StreamUpstream).find(|&group| {
            let own = configuration.opener(group).and_then(|opener| opener.argument(0));
            own.is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()))
        })
    }

    /// The peers of a block, the first of many.
    fn peers(&mut self, group: ContextId) -> Vec<(usize, Option<String>)> {
        if let Some(known) = self.groups.get(&group) {
            return known.clone();
        }
        let all: Vec<Peer<'s>> = peers(self.configuration(), group).collect();
        let mut shown: Vec<(usize, Option<String>)> = Vec::new();
        for peer in all.iter().take(self::shown(all.len(), PEERS)) {
            let number = match peer.directive.may_be_shown() {
                true if peer.directive.has_unknown() => self.unclear(peer.address.clone()),
                true => self.back_end(peer.address.clone(), peer.destination()),
                false => self.unclear(NOT_SHOWN.to_owned()),
            };
            let is_told =
                |word: &String| matches!(word.as_str(), "backup" | "down") || word.starts_with("weight=");
            let words: Vec<String> = match peer.directive.may_be_shown() {
                true => peer.parameters().into_iter().filter(is_told).collect(),
                false => Vec::new(),
            };
            shown.push((number, (!words.is_empty()).then(|| words.join(" "))));
        }
        let rest = all.len() - self::shown(all.len(), PEERS);
        if rest > 0 {
            // Those of each block for themselves.
            self.back_ends.push(BackEnd { title: format!("… {rest} more peers"), destination: None });
            shown.push((self.back_ends.len() - 1, None));
        }
        self.groups.insert(group, shown.clone());
        shown
    }

    /// What a `*_pass` names that is no block.
    fn literal(&mut self, line: &Directive<'_>, target: &Target, is_stream: bool) -> usize {
        if !line.may_be_shown() {
            return self.unclear(NOT_SHOWN.to_owned());
        }
        let written = line.argument(0).unwrap_or_default();
        if target.has_variables || target.host.is_empty() || is_unknown(&written) {
            return self.unclear(lossy(&written).into_owned());
        }
        if target.host.starts_with("unix:") {
            return self.back_end(target.host.clone(), (target.host.clone(), 0));
        }
        let port = match (target.port, is_stream) {
            (None, true) => return self.unclear(target.host.clone()),
            _ => target.port_or_default(),
        };
        self.back_end(format!("{}:{port}", target.host), (target.host.clone(), port))
    }

    fn back_end(&mut self, title: String, destination: (String, u16)) -> usize {
        let Self { back_ends, known, .. } = self;
        *known.entry(destination.clone()).or_insert_with(|| {
            back_ends.push(BackEnd { title, destination: Some(destination) });
            back_ends.len() - 1
        })
    }

    /// One of which it is not known where connections go.
    fn unclear(&mut self, title: String) -> usize {
        let Self { back_ends, vague, .. } = self;
        *vague.entry(title.clone()).or_insert_with(|| {
            back_ends.push(BackEnd { title, destination: None });
            back_ends.len() - 1
        })
    }

    /// The node of a key.
    fn node(&self, key: Key, marks: &Marks) -> Option<GraphNode> {
        let node = |title: String, lines: Vec<String>| GraphNode::new(key.kind, self.number, title, lines);
        let configuration = self.configuration();
        let of_block = |context: ContextId, title: String, mut lines: Vec<String>| {
            let met = self.endpoints.get(&context);
            lines.extend(met.map(|met| format!("WebSocket, {}", met.idle)));
            GraphNode {
                place: configuration.opener(context).map(|opener| opener.visible().at()),
                is_endpoint: met.is_some(),
                findings: marks.at(self.number, context),
                ..node(title, lines)
            }
        };
        Some(match (key.kind, key.id) {
            (NodeKind::Server, Id::Block(server)) => {
                let (title, lines) = self.server(server);
                of_block(server, title, lines)
            }
            (NodeKind::Location, Id::Block(location)) => {
                of_block(location, self.location(location), Vec::new())
            }
            (NodeKind::Upstream, Id::Block(group)) => {
                let title = configuration.opener(group).map(|opener| opener.text_line()).unwrap_or_default();
                let lines = balancing(configuration, group);
                of_block(group, title, lines.iter().map(Directive::text_line).collect())
            }
            (NodeKind::Socket, Id::Row(row)) => {
                let door = self.part.doors.get(row)?;
                let speaks = (!door.speaks.is_empty()).then(|| door.speaks.join(", "));
                GraphNode { place: door.place, ..node(door.title.clone(), speaks.into_iter().collect()) }
            }
            (NodeKind::Peer, id) => {
                let back_end = self.back_end_of(id)?;
                GraphNode {
                    is_vague: back_end.destination.is_none(),
                    ..node(back_end.title.clone(), Vec::new())
                }
            }
            _ => return None,
        })
    }

    /// The title of a server, and what else is to be said about it.
    fn server(&self, server: ContextId) -> (String, Vec<String>) {
        let configuration = self.configuration();
        let lines = configuration.named(server, DirectiveName::SERVER_NAME);
        let names: Vec<String> = lines
            .flat_map(|line| match line.may_be_shown() {
                true => line.arguments().map(|word| lossy(&word).into_owned()).collect(),
                false => vec![NOT_SHOWN.to_owned()],
            })
            .collect();
        let is_stream = configuration.context(server).kind == ContextKind::StreamServer;
        let word = if is_stream { "stream server" } else { "server" };
        let shown = shown(names.len(), NAMES);
        let mut lines: Vec<String> = names.iter().take(shown).skip(1).cloned().collect();
        if names.len() > shown {
            lines.push(format!("… {} more names", names.len() - shown));
        }
        let title = match names.first() {
            Some(name) => format!("{word} {name}"),
            None if is_stream => word.to_owned(),
            None => format!("{word} without a name"),
        };
        let sockets = self.doors.get(&server).map_or(0, Vec::len);
        let shown = self::shown(sockets, SOCKETS);
        if sockets > shown {
            lines.push(format!("… {} more sockets", sockets - shown));
        }
        match self.silent.get(&server) {
            Some(1) => lines.push("1 location passes nothing on".to_owned()),
            Some(count) => lines.push(format!("{count} locations pass nothing on")),
            None => {}
        }
        (title, lines)
    }

    /// The title of a location, with those around an `if`.
    fn location(&self, location: ContextId) -> String {
        let configuration = self.configuration();
        let own = configuration.opener(location).map(|opener| opener.text_line());
        let own = own.unwrap_or_else(|| "lines of a location".to_owned());
        let is_pseudo = configuration.context(location).kind != ContextKind::Location;
        let around = configuration.context(location).parent.filter(|_| is_pseudo);
        match around.and_then(|around| configuration.opener(around)) {
            Some(around) => format!("{}, {own}", around.text_line()),
            None => own,
        }
    }
}

/// How many of several are shown: one more than `most` stands where it would be counted.
fn shown(all: usize, most: usize) -> usize {
    if all <= most + 1 { all } else { most }
}

/// What is spoken with a back end, if it is not HTTP.
fn spoken(module: PassModule, target: &Target, is_stream: bool) -> Option<String> {
    let word = match module {
        PassModule::Proxy if is_stream => "TCP",
        PassModule::Proxy if target.scheme == "https" => "TLS",
        PassModule::Proxy => return None,
        PassModule::Grpc if target.scheme == "grpcs" => "gRPC, TLS",
        PassModule::Grpc => "gRPC",
        PassModule::Uwsgi => "uwsgi",
        PassModule::Scgi => "SCGI",
        PassModule::Fastcgi => "FastCGI",
        PassModule::Memcached => "memcached",
    };
    Some(word.to_owned())
}
