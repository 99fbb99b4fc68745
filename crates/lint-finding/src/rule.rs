//! What is known of a rule before it runs.

use std::fmt;

/// The promise of the checklist that a rule serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The upgrade to 101.
    Handshake,
    /// What ends an open connection.
    Lifetime,
    /// More than one back end.
    Balancing,
    /// Proxies in front.
    Layers,
    /// HTTP versions and TLS.
    Protocol,
    /// Buffers, compression, caches.
    Buffering,
    /// What the logs show.
    Observability,
    /// How many connections fit.
    Capacity,
    /// What else gets through.
    Security,
    /// The files themselves.
    Configuration,
}

impl Group {
    /// All groups in the order in which they are listed.
    pub const ALL: &'static [Self] = &[
        Self::Handshake,
        Self::Lifetime,
        Self::Balancing,
        Self::Layers,
        Self::Protocol,
        Self::Buffering,
        Self::Observability,
        Self::Capacity,
        Self::Security,
        Self::Configuration,
    ];

    /// The lower-case word used in every format and option.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Lifetime => "lifetime",
            Self::Balancing => "balancing",
            Self::Layers => "layers",
            Self::Protocol => "protocol",
            Self::Buffering => "buffering",
            Self::Observability => "observability",
            Self::Capacity => "capacity",
            Self::Security => "security",
            Self::Configuration => "configuration",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a rule's findings carry an edit, where the surroundings allow one, and of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixKind {
    /// There is no mechanical remedy.
    None,
    /// One after which other traffic keeps its meaning.
    Safe,
    /// One that is for `--unsafe-fixes`.
    Unsafe,
    /// Of either kind, as its surroundings are.
    Either,
}

impl FixKind {
    /// The lower-case word used in rules.md.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "no",
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Either => "safe or unsafe",
        }
    }
}

/// What a finding of a rule tells of a handshake that cannot succeed: `handshake-fails` is silent where another rule
/// tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tells {
    /// Nothing: it is about handshakes that succeed in the end, or of which only some fail, or about something else.
    Nothing,
    /// Why it fails, where people act on the finding.
    Failure,
    /// What is wrong with the request that the back end gets, where people act on the finding: why it fails, unless nginx
    /// itself answers before that matters.
    Request,
    /// What is wrong with the socket or its TLS, where people act on the finding: why the handshake of a URL fails that
    /// comes there, and of no other.
    Socket,
    /// Why no connection lives, where it is an error: a limit of no time at all.
    Expiry,
    /// That another location is set up for it, whatever the severity.
    Elsewhere,
    /// Why it fails where the back end has nothing against it but its `Host`, and people act on the finding.
    MissingHost,
}

/// A rule's card: everything that rules.md, `rules` and `explain` show.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleMeta {
    /// Kebab-case, names the defect; a contract.
    pub name: &'static str,
    /// The group; a contract.
    pub group: Group,
    /// The highest severity that a finding of it has.
    pub severity: crate::Severity,
    /// One line, no full stop.
    pub summary: &'static str,
    /// The version of this program that first had it.
    pub since: &'static str,
    /// Whether findings carry an edit.
    pub fix: FixKind,
    /// What findings tell of handshakes that cannot succeed.
    pub tells: Tells,
    /// The Markdown page: docs/rules/NAME.md.
    pub docs: &'static str,
}

impl RuleMeta {
    /// Whether it speaks about the logs and processes of a main file rather than about one location: its findings are
    /// one for each main file, however many lines or locations are concerned.
    pub fn is_once_per_root(&self) -> bool {
        self.group == Group::Observability || ONCE_PER_ROOT.contains(&self.name)
    }
}

/// Beside the group that is about logs.
const ONCE_PER_ROOT: [&str; 5] = [
    "dead-peer-undetected",
    "no-shutdown-timeout",
    "nofile-below-connections",
    "small-header-buffers",
    "worker-connections-budget",
];
