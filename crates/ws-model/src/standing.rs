//! How much speaks for an endpoint: what all its evidence comes to.
//!
//! Lines for an upgrade are copied from location to location, inherited, and included from files that many share, so by
//! themselves they are weak evidence; a name beside them, an application or the user's word is what makes them strong.

use std::collections::{BTreeMap, HashMap};

use nginx_semantics::{ContextId, ContextKind, Place};

use crate::endpoint::Endpoint;
use crate::evidence::{Doubt, Evidence, EvidenceKind, LinesFrom};

/// How much speaks for an endpoint, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The user says so.
    Declared,
    /// It serves the path of a known application's WebSocket; where nothing but the name of what it proxies to tells the
    /// application, it has lines for an upgrade too.
    Application,
    /// It has lines for an upgrade, and a name or a comment that says WebSocket.
    LinesAndName,
    /// Lines for an upgrade are written in this location, and nothing else speaks of WebSockets.
    OwnLines,
    /// Only a name or a comment says WebSocket.
    Name,
    /// Nothing but lines from an outer level, or from an included file.
    SharedLines,
    /// Nothing but lines, and something is known to speak against them.
    Doubtful,
}

impl Standing {
    /// Of an endpoint, and what speaks against it.
    fn of(endpoint: &Endpoint<'_>, sibling: Option<Place>) -> (Self, Option<Doubt>) {
        // Beside a location that surely carries the socket, what speaks of the upstream or the server speaks of that one.
        let counts = |one: &&Evidence| {
            (sibling.is_none() || !one.is_indirect) && !(one.is_copied && endpoint.lines_from().is_some())
        };
        let has = |kind: EvidenceKind| endpoint.evidence.iter().filter(counts).any(|one| one.kind == kind);
        let lines = endpoint.lines_from();
        let doubt = sibling.map(Doubt::Beside).or(endpoint.doubt);
        let standing = if has(EvidenceKind::Declared) {
            Self::Declared
        } else if has(EvidenceKind::ApplicationPath) || (has(EvidenceKind::Application) && lines.is_some()) {
            Self::Application
        } else if lines.is_none() {
            Self::Name
        } else if has(EvidenceKind::Name) && !matches!(doubt, Some(Doubt::NoSocket(_))) {
            Self::LinesAndName
        } else if has(EvidenceKind::Name) {
            // A name is no evidence where the application is known to have no WebSocket; lines may be for another one.
            return (if lines == Some(LinesFrom::Here) { Self::OwnLines } else { Self::SharedLines }, doubt);
        } else if doubt.is_some() {
            return (Self::Doubtful, doubt);
        } else if lines == Some(LinesFrom::Here) {
            Self::OwnLines
        } else {
            Self::SharedLines
        };
        (standing, None)
    }
}

/// The endpoints that surely carry WebSockets, by server; those of fragments without one are beside each other.
#[derive(Debug, Default)]
pub(crate) struct Carriers(BTreeMap<Option<ContextId>, Beside>);

/// Those of a server, in order.
#[derive(Debug, Default)]
struct Beside {
    all: Vec<Carrier>,
    /// The numbers of those whose back end is not known.
    of_variables: Vec<usize>,
    /// By host and port: the numbers of the others.
    by_back_end: HashMap<(String, Option<u16>), Vec<usize>>,
}

#[derive(Debug)]
struct Carrier {
    location: Option<ContextId>,
    at: Place,
}

impl Beside {
    fn add(&mut self, endpoint: &Endpoint<'_>) {
        let number = self.all.len();
        self.all.push(Carrier { location: location(endpoint), at: endpoint.at() });
        if has_unknown_back_end(endpoint) {
            self.of_variables.push(number);
        } else {
            self.by_back_end.entry(back_end(endpoint)).or_default().push(number);
        }
    }

    /// The first of some that is of another location.
    fn first_of(&self, numbers: &[usize], own: Option<ContextId>) -> Option<usize> {
        let is_other = |number: &usize| self.all.get(*number).is_some_and(|carrier| carrier.location != own);
        numbers.iter().copied().find(is_other)
    }

    /// The first of another location that may have the back end of an endpoint.
    fn sharing(&self, endpoint: &Endpoint<'_>) -> Option<&Carrier> {
        let own = location(endpoint);
        let same = self.by_back_end.get(&back_end(endpoint)).map(Vec::as_slice).unwrap_or_default();
        let first = [self.of_variables.as_slice(), same].map(|numbers| self.first_of(numbers, own));
        self.all.get(first.into_iter().flatten().min()?)
    }
}

impl Carriers {
    /// Those among these endpoints.
    pub(crate) fn of(endpoints: &[Endpoint<'_>]) -> Self {
        let mut this = Self::default();
        for endpoint in endpoints.iter().filter(|endpoint| carries_surely(endpoint)) {
            this.0.entry(server(endpoint)).or_default().add(endpoint);
        }
        this
    }

    /// Settles the standing of endpoints beside these.
    pub(crate) fn settle(&self, endpoints: &mut [Endpoint<'_>]) {
        for endpoint in endpoints {
            let own = location(endpoint);
            let beside = self.0.get(&server(endpoint));
            let first = beside.and_then(|beside| beside.all.iter().find(|carrier| carrier.location != own));
            // Lines of its own before what is surely another back end are for the socket of that one.
            let sibling = match beside.filter(|_| first.is_some()) {
                Some(beside)
                    if !has_unknown_back_end(endpoint) && endpoint.lines_from() == Some(LinesFrom::Here) =>
                {
                    beside.sharing(endpoint)
                }
                _ => first,
            };
            (endpoint.standing, endpoint.doubt) = Standing::of(endpoint, sibling.map(|carrier| carrier.at));
            endpoint.doubt = endpoint.doubt.or(first.map(|carrier| Doubt::Beside(carrier.at)));
        }
    }
}

/// Whether a variable is in the host of what an endpoint passes on to.
fn has_unknown_back_end(endpoint: &Endpoint<'_>) -> bool {
    endpoint.target.host.contains('$')
}

fn back_end(endpoint: &Endpoint<'_>) -> (String, Option<u16>) {
    (endpoint.target.host.clone(), endpoint.target.port)
}

/// The server of an endpoint.
fn server(endpoint: &Endpoint<'_>) -> Option<ContextId> {
    endpoint.configuration.enclosing(endpoint.context, ContextKind::Server)
}

/// The location of an endpoint, of one around an `if` too.
fn location(endpoint: &Endpoint<'_>) -> Option<ContextId> {
    endpoint.configuration.enclosing(endpoint.context, ContextKind::Location)
}

/// Whether the location itself is what the evidence for a WebSocket is about, so that its neighbours are not meant.
fn carries_surely(endpoint: &Endpoint<'_>) -> bool {
    endpoint.evidence.iter().any(|one| match one.kind {
        EvidenceKind::Declared => one.path.is_some() || one.at.is_some(),
        EvidenceKind::ApplicationPath => true,
        EvidenceKind::Name => one.is_about_path && endpoint.lines_from().is_some(),
        EvidenceKind::Configured | EvidenceKind::Application => false,
    })
}
