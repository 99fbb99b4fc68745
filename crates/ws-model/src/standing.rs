//! How much speaks for an endpoint: what all its evidence comes to.
//!
//! Lines for an upgrade are copied from location to location, inherited, and included from files that many share, so by
//! themselves they are weak evidence; a name beside them, an application or the user's word is what makes them strong.

use std::collections::BTreeMap;

use nginx_semantics::{At, ContextId, ContextKind};

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
    fn of(endpoint: &Endpoint<'_>, sibling: Option<At>) -> (Self, Option<Doubt>) {
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
pub(crate) struct Carriers(BTreeMap<Option<ContextId>, Vec<Carrier>>);

#[derive(Debug)]
struct Carrier {
    location: Option<ContextId>,
    at: At,
    host: String,
    port: Option<u16>,
}

impl Carriers {
    /// Those among these endpoints.
    pub(crate) fn of(endpoints: &[Endpoint<'_>]) -> Self {
        let mut this = Self::default();
        for endpoint in endpoints.iter().filter(|endpoint| carries_surely(endpoint)) {
            this.0.entry(server(endpoint)).or_default().push(Carrier {
                location: location(endpoint),
                at: endpoint.at(),
                host: endpoint.target.host.clone(),
                port: endpoint.target.port,
            });
        }
        this
    }

    /// Settles the standing of endpoints beside these.
    pub(crate) fn settle(&self, endpoints: &mut [Endpoint<'_>]) {
        for endpoint in endpoints {
            let own = location(endpoint);
            // Lines of its own before what is surely another back end are for the socket of that one.
            let is_own_back_end = |carrier: &Carrier| {
                let [one, other] = [&carrier.host, &endpoint.target.host];
                endpoint.lines_from() == Some(LinesFrom::Here)
                    && !one.contains('$')
                    && !other.contains('$')
                    && (one, carrier.port) != (other, endpoint.target.port)
            };
            let beside = self.0.get(&server(endpoint)).into_iter().flatten();
            let beside: Vec<_> = beside.filter(|carrier| carrier.location != own).collect();
            let sibling = beside.iter().find(|carrier| !is_own_back_end(carrier)).map(|carrier| carrier.at);
            (endpoint.standing, endpoint.doubt) = Standing::of(endpoint, sibling);
            endpoint.doubt = endpoint.doubt.or(beside.first().map(|carrier| Doubt::Beside(carrier.at)));
        }
    }
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
