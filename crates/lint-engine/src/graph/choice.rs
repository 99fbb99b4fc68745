//! Which nodes a picture has room for.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use lint_finding::{NodeKind, Severity};
use nginx_semantics::ContextId;

use super::GraphOf;

/// A node before it is drawn. Nodes are drawn in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    /// The part.
    pub(super) part: usize,
    pub(super) kind: NodeKind,
    pub(super) id: Id,
}

/// Which one of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Id {
    /// A block of the part.
    Block(ContextId),
    /// A row of a table of the part.
    Row(usize),
}

/// What is shown or left out as a whole: a location with all that it needs, or a server without any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) part: usize,
    pub(super) server: ContextId,
    pub(super) location: Option<ContextId>,
    /// Whether the server was given.
    pub(super) has_server: bool,
    /// Whether it is one of the servers that were named.
    pub(super) is_wanted: bool,
    /// The first ones are shown: those with the worst findings, endpoints among them first, in the order of the files.
    pub(super) rank: (Reverse<(Option<Severity>, bool)>, usize, ContextId),
}

/// An edge before it is drawn: from, to, what is said at it, and whether it ties a back end to a socket.
pub(super) type Edge = (Key, Key, Option<String>, bool);

/// What was chosen so far.
pub(super) struct Choice {
    most: usize,
    keys: BTreeSet<Key>,
    edges: BTreeSet<Edge>,
}

impl Choice {
    pub(super) fn new(most: usize) -> Self {
        Self { most, keys: BTreeSet::new(), edges: BTreeSet::new() }
    }

    /// Makes room for what stands behind what is shown: half as much again.
    pub(super) fn widen(&mut self) {
        self.most = self.most.saturating_add(self.most / 2);
    }

    /// Takes a unit if there is room for all that it needs.
    pub(super) fn take(&mut self, unit: &Unit, edges: impl FnOnce(&Unit) -> Vec<Edge>) {
        if self.keys.len() >= self.most || self.has(key(unit)) {
            return;
        }
        let edges = edges(unit);
        let ends = edges.iter().flat_map(|(from, to, ..)| [*from, *to]);
        let new: BTreeSet<Key> = ends.filter(|key| !self.keys.contains(key)).collect();
        if self.keys.len() + new.len() <= self.most {
            self.keys.extend(new);
            self.edges.extend(edges.into_iter().filter(|(from, to, ..)| from != to));
        }
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.keys.contains(&key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.keys.iter().copied()
    }

    /// The nodes in the order of the picture: by part and kind, then as in the files; back ends as something leads to them.
    pub(super) fn in_order(&self) -> Vec<Key> {
        let mut first: HashMap<Key, usize> = HashMap::new();
        for (number, (_, to, ..)) in self.edges.iter().enumerate() {
            first.entry(*to).or_insert(number);
        }
        let mut keys: Vec<Key> = self.keys().collect();
        keys.sort_by_key(|key| {
            let met = first.get(key).filter(|_| key.kind == NodeKind::Peer);
            (key.part, key.kind, met.copied().unwrap_or_default(), *key)
        });
        keys
    }

    pub(super) fn add_edge(&mut self, from: Key, to: Key, label: Option<String>, is_link: bool) {
        self.edges.insert((from, to, label, is_link));
    }

    pub(super) fn into_edges(self) -> BTreeSet<Edge> {
        self.edges
    }

    /// What is left out of the units that were asked for.
    pub(super) fn notes(&self, units: &[Unit], wanted: &GraphOf) -> Vec<String> {
        let left: Vec<&Unit> = units.iter().filter(|unit| !self.has(key(unit))).collect();
        if left.is_empty() {
            return Vec::new();
        }
        let is_out = |unit: &&&Unit| {
            let key = Key { part: unit.part, kind: NodeKind::Server, id: Id::Block(unit.server) };
            unit.has_server && !self.has(key)
        };
        let servers: BTreeSet<_> = left.iter().filter(is_out).map(|unit| (unit.part, unit.server)).collect();
        let locations = left.iter().filter(|unit| unit.location.is_some()).count();
        let with = |least: Severity| {
            left.iter()
                .filter(|unit| matches!(unit.rank.0, Reverse((Some(worst), _)) if worst >= least))
                .count()
        };
        let counts = [count(servers.len(), "server"), count(locations, "location")];
        let bad = match with(Severity::Warning) {
            0 => String::new(),
            bad => format!(", {bad} of them with warnings or errors"),
        };
        vec![format!(
            "left out: {}{bad}; --server NAME draws one server, --most N draws more than {} nodes",
            counts.into_iter().flatten().collect::<Vec<_>>().join(" and "),
            wanted.most
        )]
    }
}

/// The node that a unit is about.
fn key(unit: &Unit) -> Key {
    match unit.location {
        Some(location) => Key { part: unit.part, kind: NodeKind::Location, id: Id::Block(location) },
        None => Key { part: unit.part, kind: NodeKind::Server, id: Id::Block(unit.server) },
    }
}

/// How many there are of something; `None` for none.
pub(super) fn count(number: usize, noun: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{number} {noun}s")),
    }
}
