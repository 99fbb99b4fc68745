//! Why a location is called a WebSocket endpoint: collected and shown, not guessed.

mod application;
mod comment;
mod configured;
mod name;

use std::cell::RefCell;
use std::collections::BTreeMap;

use nginx_semantics::{
    At, Configuration, ContextId, ContextKind, Locations, Modifier, Pass, Selection, Target,
};

use crate::applications::Application;
use crate::handshake::Handshake;

pub(crate) use comment::{Declaration, declaration};
pub use name::says_websocket;
pub(crate) use name::{comment_says_websocket, named_word, segments_of};

/// What kind of evidence it is, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// The user says so.
    Declared,
    /// The configuration handles an upgrade there.
    Configured,
    /// It serves a path at which a known application has its WebSocket.
    ApplicationPath,
    /// It proxies to a known application, by name or by the application's own port, and serves its WebSocket's path.
    Application,
    /// A name or a comment says so.
    Name,
}

/// One reason.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its kind.
    pub kind: EvidenceKind,
    /// In words that continue "treated as a WebSocket endpoint because".
    pub text: String,
    /// The line that shows it.
    pub at: Option<At>,
    /// The application that it names.
    pub application: Option<&'static Application>,
    /// The path of the WebSocket, where it is known.
    pub path: Option<String>,
    /// Whether the location's own path is what says so.
    pub is_about_path: bool,
    /// Whether it speaks of what is proxied to, or of the server, so that another location may be the one that is meant.
    pub is_indirect: bool,
}

/// By server and path: the location that serves it.
pub(crate) type Served = BTreeMap<(ContextId, &'static str), Option<ContextId>>;

/// A location with a `*_pass` of its own, as the collectors read it.
pub(crate) struct Subject<'m, 's> {
    pub(crate) configuration: Configuration<'s>,
    pub(crate) locations: &'m Locations<'s>,
    pub(crate) context: ContextId,
    pub(crate) server: Option<ContextId>,
    /// The words of its `server_name`.
    pub(crate) server_names: &'m [String],
    pub(crate) pass: Pass<'s>,
    /// The target with its variables evaluated as far as they are known.
    pub(crate) target: &'m Target,
    pub(crate) handshake: Option<&'m Handshake<'s>>,
    /// Which location of a server serves an application's path: asked again for every location that proxies to it.
    pub(crate) served: &'m RefCell<Served>,
    /// How the location compares and its name; of the enclosing location for `if` and `limit_except`.
    pub(crate) modifier: Modifier,
    pub(crate) name: Vec<u8>,
}

impl Subject<'_, '_> {
    /// Everything but what the user says and what other locations tell.
    pub(crate) fn collect(&self) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        configured::collect(self, &mut evidence);
        application::collect(self, &mut evidence);
        if !name::is_plain_http(self) {
            name::collect(self, &mut evidence);
        }
        evidence
    }

    /// The location of `server` that serves `path`, where that can be said.
    fn serving(&self, server: ContextId, path: &'static str) -> Option<ContextId> {
        let mut served = self.served.borrow_mut();
        *served.entry((server, path)).or_insert_with(|| {
            match self.locations.select(server, path.as_bytes()) {
                Selection::Location(location) => Some(location),
                Selection::Server | Selection::SlashRedirect(_) | Selection::CannotSay { .. } => None,
            }
        })
    }

    fn is_named_location(&self) -> bool {
        self.modifier == Modifier::Named
    }

    /// The line to show for the location.
    fn location_at(&self) -> At {
        let opener = self.configuration.opener(self.context);
        opener.map_or_else(|| self.pass.directive.at(), |opener| opener.at())
    }
}

impl Evidence {
    pub(crate) fn new(kind: EvidenceKind, text: impl Into<String>, at: Option<At>) -> Self {
        Self {
            kind,
            text: text.into(),
            at,
            application: None,
            path: None,
            is_about_path: false,
            is_indirect: false,
        }
    }
}

impl Subject<'_, '_> {
    pub(crate) fn is_regex(&self) -> bool {
        matches!(self.modifier, Modifier::Regex | Modifier::CaselessRegex)
    }

    /// Whether it is the location that takes whatever the others leave.
    pub(crate) fn serves_everything(&self) -> bool {
        matches!(self.modifier, Modifier::Prefix | Modifier::PriorityPrefix) && self.name == b"/"
    }

    /// The location itself, or the one that an `if` or `limit_except` belongs to.
    pub(crate) fn location(&self) -> ContextId {
        let is_location =
            |context: &ContextId| self.configuration.context(*context).kind == ContextKind::Location;
        self.configuration.levels(self.context).find(is_location).unwrap_or(self.context)
    }
}
