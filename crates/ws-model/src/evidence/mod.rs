//! Why a location is called a WebSocket endpoint: collected and shown, not guessed.

mod application;
mod comment;
mod configured;
mod name;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hashbrown::HashMap;
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, Locations, Modifier, Pass, Place, Selection, Target,
};

use crate::applications::Application;
use crate::handshake::{Handshake, LineValues};

pub(crate) use application::Host;
use application::{BackEnd, ToldByPath};
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
    pub text: Cow<'static, str>,
    /// The line that shows it.
    pub at: Option<Place>,
    /// The application that it names.
    pub application: Option<&'static Application>,
    /// The path of the WebSocket, where it is known.
    pub path: Option<String>,
    /// Whether the location's own path is what says so.
    pub is_about_path: bool,
    /// Whether it speaks of what is proxied to, or of the server, so that another location may be the one that is meant.
    pub is_indirect: bool,
    /// Whether people copy it along with the lines for an upgrade, so that it adds nothing to them.
    pub is_copied: bool,
}

/// What speaks against a location whose lines are for an upgrade.
#[derive(Debug, Clone, Copy)]
pub enum Doubt {
    /// What it proxies to is called after an application that has no WebSocket.
    NoSocket(&'static Application),
    /// What it proxies to is called after an application whose WebSocket has none of the location's paths.
    ServedElsewhere(&'static Application),
    /// Another location of the server is surely the one for WebSockets: its opening line.
    Beside(Place),
}

/// Where the lines for an upgrade come from that are in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinesFrom {
    /// They are written in the location itself.
    Here,
    /// A file that the location includes has them, as others may.
    Include,
    /// An outer level has them.
    Outer,
}

impl LinesFrom {
    /// Of what the upstream receives in a context; `None` where no line is for an upgrade.
    pub(crate) fn of(
        configuration: Configuration<'_>,
        context: ContextId,
        pass: Pass<'_>,
        handshake: &Handshake<'_>,
    ) -> Option<Self> {
        let lines = handshake.upgrade.lines.iter().chain(&handshake.connection.lines);
        let line = lines
            .into_iter()
            .find(|line| crate::handshake::is_upgrade_line(line) && !is_given(&line.directive))?;
        let location = configuration.enclosing(context, ContextKind::Location);
        let is_inside = handshake.level.is_some_and(|level| {
            level == context
                || configuration
                    .enclosing(level, ContextKind::Location)
                    .is_some_and(|it| Some(it) == location)
        });
        let opener = configuration.opener(context).unwrap_or(pass.directive);
        Some(match (is_inside, line.directive.at().file == opener.at().file) {
            (false, _) => Self::Outer,
            (true, false) => Self::Include,
            (true, true) => Self::Here,
        })
    }
}

/// Whether an ingress controller writes a line for every location, so that it speaks for none.
pub(crate) fn is_given(line: &Directive<'_>) -> bool {
    line.file().is_some_and(|file| file.is_given(line.at().span.start))
}

/// What is proxied to, by the host of the target.
type ByHost = HashMap<String, Rc<BackEnd>>;

/// What locations share, asked again for every one of them.
#[derive(Debug, Default)]
pub(crate) struct Known<'s> {
    /// By server and path of an application: the location that serves it.
    served: RefCell<BTreeMap<(ContextId, &'static str), Option<ContextId>>>,
    /// By server: the locations whose path tells their application.
    told_by_path: RefCell<BTreeMap<ContextId, ToldByPath>>,
    /// By `upstream` block and host.
    back_ends: RefCell<HashMap<Option<ContextId>, ByHost>>,
    /// What lines for the upstream are worth.
    pub(crate) values: LineValues<'s>,
}

/// A location with a `*_pass` of its own, as the collectors read it.
pub(crate) struct Subject<'m, 's> {
    pub(crate) configuration: Configuration<'s>,
    pub(crate) locations: &'m Locations<'s>,
    pub(crate) context: ContextId,
    pub(crate) server: Option<ContextId>,
    /// The words of its `server_name`.
    pub(crate) server_names: &'m [String],
    /// The same as hosts.
    pub(crate) server_hosts: &'m [Host],
    pub(crate) pass: Pass<'s>,
    /// The `upstream` block that has its host's name.
    pub(crate) block: Option<ContextId>,
    /// The target with its variables evaluated as far as they are known.
    pub(crate) target: &'m Target,
    pub(crate) handshake: Option<&'m Handshake<'s>>,
    pub(crate) known: &'m Known<'s>,
    /// How the location compares and its name; of the enclosing location for `if` and `limit_except`.
    pub(crate) modifier: Modifier,
    pub(crate) name: Cow<'s, [u8]>,
    /// Its segments.
    pub(crate) segments: &'m [String],
}

impl Subject<'_, '_> {
    /// Everything but what the user says and what other locations tell; and what is known to speak against it.
    pub(crate) fn collect(&self) -> (Vec<Evidence>, Option<Doubt>) {
        let mut evidence = Vec::new();
        let is_plain_http = name::is_plain_http(self);
        // A health check or a picture that inherits the lines is not meant by them.
        if !is_plain_http || self.lines_from() == Some(LinesFrom::Here) {
            configured::collect(self, &mut evidence);
        }
        let doubt = application::collect(self, &mut evidence);
        if !is_plain_http {
            name::collect(self, &mut evidence);
        }
        application::collect_framework(self, &mut evidence);
        for one in &mut evidence {
            one.path = one.path.take().filter(|path| self.may_serve(path));
        }
        (evidence, doubt)
    }

    /// Whether no other location of its server is known to serve a path.
    fn may_serve(&self, path: &str) -> bool {
        let Some(server) = self.server else { return true };
        match self.locations.select(server, path.as_bytes()) {
            Selection::Location(location) | Selection::SlashRedirect(location) => location == self.location(),
            Selection::Server => false,
            Selection::CannotSay { .. } => true,
        }
    }

    /// Where the lines for an upgrade come from.
    pub(crate) fn lines_from(&self) -> Option<LinesFrom> {
        LinesFrom::of(self.configuration, self.context, self.pass, self.handshake?)
    }

    /// The location of `server` that serves `path`, where that can be said.
    fn serving(&self, server: ContextId, path: &'static str) -> Option<ContextId> {
        let mut served = self.known.served.borrow_mut();
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
    fn location_at(&self) -> Place {
        let opener = self.configuration.opener(self.context);
        opener.map_or_else(|| self.pass.directive.at(), |opener| opener.at())
    }
}

impl Evidence {
    pub(crate) fn new(kind: EvidenceKind, text: impl Into<Cow<'static, str>>, at: Option<Place>) -> Self {
        Self {
            kind,
            text: text.into(),
            at,
            application: None,
            path: None,
            is_about_path: false,
            is_indirect: false,
            is_copied: false,
        }
    }
}

impl Subject<'_, '_> {
    pub(crate) fn is_regex(&self) -> bool {
        matches!(self.modifier, Modifier::Regex | Modifier::CaselessRegex)
    }

    /// Whether it is the location that takes whatever the others leave.
    pub(crate) fn serves_everything(&self) -> bool {
        matches!(self.modifier, Modifier::Prefix | Modifier::PriorityPrefix) && *self.name == *b"/"
    }

    /// The location itself, or the one that an `if` or `limit_except` belongs to.
    pub(crate) fn location(&self) -> ContextId {
        let is_location =
            |context: &ContextId| self.configuration.context(*context).kind == ContextKind::Location;
        self.configuration.levels(self.context).find(is_location).unwrap_or(self.context)
    }
}
