//! One row of the table of endpoints.

use std::sync::Arc;

use crate::{Confidence, Outcome, Place, Severity};

/// Where an effective value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Set in the location itself.
    Here,
    /// Inherited from an outer level.
    Inherited,
    /// The default of the nginx version.
    Default,
    /// The default, unless a file that was not given sets it.
    Assumed,
    /// Something visible may change it, but cannot be read.
    Unknown,
}

impl Origin {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Inherited => "inherited",
            Self::Default => "default",
            Self::Assumed => "assumed",
            Self::Unknown => "unknown",
        }
    }
}

/// An effective value with its provenance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting {
    /// As text: what is sent, or how long; `None` when nothing is sent or nothing is known.
    pub value: Option<Arc<str>>,
    /// Where it comes from.
    pub origin: Origin,
    /// The directive that set it.
    pub place: Option<Place>,
    /// What else is to be said, such as the versions that a default holds for.
    pub note: Option<Arc<str>>,
}

/// What kind of evidence makes a location an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// The user said so: a comment, `--ws-path`, `--assume-websocket`.
    Declared,
    /// The configuration handles an upgrade there.
    Configured,
    /// It serves a path, or proxies to, a known application.
    Application,
    /// A name says so.
    Named,
}

impl EvidenceKind {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Configured => "configured",
            Self::Application => "application",
            Self::Named => "named",
        }
    }
}

/// One reason to call a location an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EvidenceRow {
    /// Its kind.
    pub kind: EvidenceKind,
    /// In words.
    pub text: Arc<str>,
    /// The line that shows it.
    pub place: Option<Place>,
}

/// A WebSocket endpoint with the values in effect there; what many of them have in common is shared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointRow {
    /// The word `location` of its block (or `if`, `limit_except`).
    pub place: Place,
    /// As written in `server_name`.
    pub server_names: Arc<[String]>,
    /// As written in `listen`.
    pub listens: Arc<[String]>,
    /// As written after the word `location`.
    pub location: String,
    /// Why it is called one.
    pub evidence: Vec<EvidenceRow>,
    /// How sure that makes us.
    pub confidence: Confidence,
    /// The argument of `proxy_pass`, `uwsgi_pass`, …
    pub upstream: String,
    /// HTTP version of the request to the upstream.
    pub http_version: Setting,
    /// `Upgrade` as sent to the upstream for a browser's handshake.
    pub upgrade: Setting,
    /// `Connection` as sent to the upstream for a browser's handshake.
    pub connection: Setting,
    /// `Host` as sent to the upstream.
    pub host: Setting,
    /// Other `proxy_set_header` lines: name and value.
    pub other_headers: Arc<[(Arc<str>, Setting)]>,
    /// How long neither side may send before nginx closes.
    pub idle_timeout: Setting,
}

/// A server of an `upstream`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PeerRow {
    /// Address and parameters as written.
    pub text: String,
    /// The line.
    pub place: Place,
}

/// An endpoint in one server, with what is known of its surroundings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableRow {
    /// The endpoint.
    pub endpoint: EndpointRow,
    /// Which of the sockets speak TLS: all, none or some.
    pub tls: Tls,
    /// The name of the `upstream` that it goes to, where there is one.
    pub group: Option<String>,
    /// The servers of that `upstream`, in order.
    pub peers: Arc<[PeerRow]>,
    /// The lines that choose among them; none: in turn.
    pub balancing: Arc<[PeerRow]>,
    /// The findings about it: severity and rule, the worst first.
    pub findings: Vec<(Severity, &'static str)>,
}

/// Whether clients come over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tls {
    /// On all sockets.
    Yes,
    /// On none.
    No,
    /// On some.
    Both,
    /// The server's `listen` lines were not given.
    Unknown,
}

impl Tls {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Both => "both",
            Self::Unknown => "unknown",
        }
    }
}

/// Every endpoint of a run.
#[derive(Debug, Clone, Default)]
pub struct EndpointTable {
    /// Sorted by file path and offset, then by server.
    pub rows: Vec<TableRow>,
    /// The files that places point into, and notices.
    pub outcome: Outcome,
}
