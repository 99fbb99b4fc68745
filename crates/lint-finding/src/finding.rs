//! One finding: a rule's statement about a place, with the lines that explain it.

use std::borrow::Cow;
use std::fmt;

use nginx_syntax::Span;

use crate::{Fingerprint, Place, RuleMeta};

/// A text of a finding: most are the same in all findings of a rule, and are not copied.
pub type Text = Cow<'static, str>;

/// How bad it is, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Shown on request only.
    Pedantic,
    /// Costs something, breaks nothing.
    Info,
    /// Fails for some: part of the version range, part of the back ends, or after a while.
    Warning,
    /// Cannot work.
    Error,
}

impl Severity {
    /// The lower-case word used in every format and option.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pedantic => "pedantic",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How sure we are that this is a WebSocket endpoint and that the value is what we think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A guess from names alone.
    Low,
    /// A value may come from a file that was not given, or the evidence is indirect.
    Medium,
    /// Everything that matters was read.
    High,
}

impl Confidence {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Why a secondary label is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelRole {
    /// Orientation: the location, the block.
    Context,
    /// A link of the why-chain: this line set, dropped or changed the value.
    Because,
}

/// A text at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is said about it; may be empty on the primary label.
    pub message: Text,
    /// Why it is there.
    pub role: LabelRole,
}

/// Whether an edit may be applied unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// Other traffic on the location keeps its meaning, or gets what the author wrote elsewhere.
    Safe,
    /// A person should look.
    Unsafe,
}

impl Applicability {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// Replace the bytes of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub place: Place,
    /// The new bytes.
    pub replacement: Vec<u8>,
}

/// Edits that cure a finding together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What they do, in the imperative.
    pub title: Text,
    /// Whether they may be applied unseen.
    pub applicability: Applicability,
    /// Disjoint, sorted by place.
    pub edits: Vec<Edit>,
}

/// The endpoint that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointName {
    /// The first server name, or the listen address; empty when neither is written.
    pub server: String,
    /// The location as written after the word `location`, or the path.
    pub location: String,
    /// Whether it is a path that the user names and no location that proxies serves.
    pub is_path: bool,
    /// The line that opens the location, where there is one.
    pub place: Option<Place>,
}

/// What the message of an error begins with that keeps nginx from starting.
const REFUSES: &str = "nginx refuses to start";

/// What a rule says about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static RuleMeta,
    /// How bad it is here.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// What nginx does, starting in lower case, without a full stop.
    pub message: Text,
    /// The remedy.
    pub help: Option<Text>,
    /// The bytes of `help` that are the command which shows whether it is cured; see [`Finding::verify`].
    pub verify: Option<Span>,
    /// The line to blame; its message may be empty.
    pub primary: Label,
    /// The rest of the explanation, in the order of the chain.
    pub labels: Vec<Label>,
    /// The edit, where there is a mechanical one.
    pub fix: Option<Box<Fix>>,
    /// What `--unsafe-fixes` writes in place of a safe `fix`: it does more, and other requests may get something else.
    pub unsafe_fix: Option<Box<Fix>>,
    /// The endpoint, where it is about one.
    pub endpoint: Option<Box<EndpointName>>,
    /// Stable across edits elsewhere in the tree; see [`crate::fingerprint`].
    pub fingerprint: Fingerprint,
    /// Stable also where folders and files are renamed and where another server includes the line.
    pub fingerprint_v2: Fingerprint,
}

impl Finding {
    /// Whether it says that nginx refuses to start.
    pub fn is_refusal(&self) -> bool {
        self.severity == Severity::Error && self.message.starts_with(REFUSES)
    }

    /// The command that shows whether it is cured: `curl …` or `openssl …`.
    pub fn verify(&self) -> Option<&str> {
        let Span { start, end } = self.verify?;
        self.help.as_ref()?.get(start as usize..end as usize)
    }
}

/// A finding that a comment suppresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// What is suppressed.
    pub finding: Finding,
    /// The reason that the comment gives.
    pub reason: String,
    /// The comment.
    pub comment: Place,
}
