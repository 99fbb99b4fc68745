//! A location that carries WebSockets, with all that is known of it.

use std::borrow::Cow;
use std::sync::Arc;

use nginx_semantics::placeholder::is_unknown;
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, Effective, LocationName, Modifier, Pass,
    Place, Target, effective,
};
use nginx_syntax::lossy;

use crate::applications::{Application, OriginCheck};
use crate::evidence::{Doubt, Evidence, EvidenceKind, LinesFrom};
use crate::handshake::HandshakeFacts;
use crate::idle::IdleLimit;
use crate::standing::Standing;

/// A WebSocket endpoint.
#[derive(Debug)]
pub struct Endpoint<'s> {
    /// The configuration that it is part of.
    pub configuration: Configuration<'s>,
    /// The `location`, or the `if` or `limit_except` with a `proxy_pass` of its own.
    pub context: ContextId,
    /// The `proxy_pass`, `uwsgi_pass` or `scgi_pass`.
    pub pass: Pass<'s>,
    /// Why it is called one; never empty.
    pub evidence: Vec<Evidence>,
    /// What the evidence comes to.
    pub standing: Standing,
    /// What speaks against it, where its lines are all that speaks for it, or may do so: the socket of another program is
    /// beside it.
    pub doubt: Option<Doubt>,
    /// What is kept of what the upstream receives; `None` for modules that forward the client's header fields by themselves.
    pub handshake: Option<HandshakeFacts>,
    /// What ends a silent connection.
    pub idle: IdleLimit<'s>,
    /// The target of the pass, its variables evaluated where they are known.
    pub target: Target,
    /// The `upstream` block of the name that the target has for its host, be there a port or not.
    pub block: Option<ContextId>,
    /// The words of `server_name`.
    pub server_names: Arc<[String]>,
    /// The words of each `listen`.
    pub listens: Arc<[String]>,
}

impl<'s> Endpoint<'s> {
    /// The `location` (or `if`, `limit_except`) line; `None` at the top of a fragment that is included into one.
    pub fn location(&self) -> Option<Directive<'s>> {
        self.configuration.opener(self.context)
    }

    /// The word `location` (or `if`, `limit_except`); the `*_pass` where no such line was given.
    pub fn at(&self) -> Place {
        self.location().map_or_else(|| self.pass.directive.at(), |location| location.name_at())
    }

    /// What stands behind the word `location`.
    pub fn location_text(&self) -> String {
        self.location().map(|location| location.arguments_text()).unwrap_or_default()
    }

    /// The value in effect for a directive where its requests end.
    pub fn effective(&self, name: DirectiveName) -> Effective<'s> {
        effective(self.configuration, self.context, name)
    }

    /// The location that lines for it belong into, in words: neither `if` nor `limit_except` takes them.
    pub fn location_words(&self) -> &'static str {
        match self.configuration.context(self.context).kind {
            ContextKind::If => "the location around this `if`",
            ContextKind::LimitExcept => "the location around this `limit_except`",
            _ => "this location",
        }
    }

    /// What people call its server: the first name, else the first listen address; empty where neither is written.
    pub fn server_name(&self) -> String {
        self.server_names.first().or(self.listens.first()).cloned().unwrap_or_default()
    }

    /// Whether `server_name` has the host, or a wildcard for it; regexes are not asked.
    pub fn has_name(&self, host: &str) -> bool {
        let host = host.as_bytes();
        // With the dot before it.
        let below = |domain: &[u8]| {
            let from = host.len().checked_sub(domain.len());
            from.and_then(|from| host.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(domain))
        };
        self.server_names.iter().map(String::as_bytes).any(|name| match name {
            [b'*', b'.', ..] => name.get(1..).is_some_and(below),
            [b'.', domain @ ..] => host.eq_ignore_ascii_case(domain) || below(name),
            _ => host.eq_ignore_ascii_case(name),
        })
    }

    /// Whether an include that was not given, around the location, may change what is missing: that may be said, and
    /// nothing be edited.
    pub fn is_hedged(&self) -> bool {
        self.idle.is_hedged || self.handshake.is_some_and(|handshake| handshake.is_hedged)
    }

    /// Whether nothing but lines for an upgrade and the name of what it proxies to, or of its server, tell a known
    /// application.
    pub fn is_only_named_application(&self) -> bool {
        self.standing == Standing::Application
            && self.evidence.iter().all(|evidence| {
                matches!(evidence.kind, EvidenceKind::Application | EvidenceKind::Configured)
                    || evidence.is_copied
            })
    }

    /// The strongest kind of evidence.
    pub fn strongest(&self) -> EvidenceKind {
        self.evidence.iter().map(|evidence| evidence.kind).min().unwrap_or(EvidenceKind::Name)
    }

    /// Whether lines for an upgrade are in effect; false for modules that need none.
    pub fn is_configured(&self) -> bool {
        self.handshake.is_some_and(|handshake| handshake.is_configured)
    }

    /// The outer level whose lines for an upgrade it drops, and the first of these lines.
    pub(crate) fn lost_level(&self) -> Option<(ContextId, Option<Place>)> {
        self.handshake?.lost
    }

    /// Where its lines for an upgrade come from; `None` if it has none.
    pub fn lines_from(&self) -> Option<LinesFrom> {
        // Names in the path do not make lines that the location inherits meant for it, where it is none of WebSockets.
        if self.evidence.iter().all(|evidence| evidence.kind != EvidenceKind::Configured) {
            return None;
        }
        // Without lines in effect, they are lost ones of an outer level, or an `if` that tests for an upgrade.
        let is_lost = self.handshake.is_some_and(|handshake| handshake.lost.is_some());
        let lines = self.handshake.and_then(|handshake| handshake.lines);
        Some(lines.unwrap_or(if is_lost { LinesFrom::Outer } else { LinesFrom::Here }))
    }

    /// In words that continue "treated as a WebSocket endpoint because": the evidence that decided its standing.
    pub fn why(&self) -> String {
        let text = |is_it: &dyn Fn(&Evidence) -> bool| {
            self.evidence.iter().find(|evidence| is_it(evidence)).map(|evidence| evidence.text.to_string())
        };
        let of = |kind: EvidenceKind| text(&|evidence| evidence.kind == kind);
        let first = || text(&|_| true).unwrap_or_default();
        let lines = || of(EvidenceKind::Configured).unwrap_or_else(first);
        match self.standing {
            Standing::Declared | Standing::Name => first(),
            Standing::Application => of(EvidenceKind::ApplicationPath)
                .or_else(|| of(EvidenceKind::Application))
                .unwrap_or_else(first),
            Standing::LinesAndName => {
                let is_name =
                    |evidence: &Evidence| evidence.kind == EvidenceKind::Name && !evidence.is_copied;
                let name = text(&|evidence| is_name(evidence) && evidence.application.is_some())
                    .or_else(|| text(&|evidence| is_name(evidence) && evidence.is_about_path))
                    .or_else(|| text(&is_name));
                format!("{} and {}", lines(), name.unwrap_or_default())
            }
            Standing::OwnLines => lines(),
            Standing::SharedLines => match self.lines_from() {
                Some(LinesFrom::Outer) => format!("{} at an outer level", lines()),
                _ => format!("{} in a file that it includes", lines()),
            },
            Standing::Doubtful => format!("{}, {}", lines(), self.doubt_text()),
        }
    }

    /// What speaks against it, in words that continue "it is, ".
    fn doubt_text(&self) -> String {
        match self.doubt {
            Some(Doubt::NoSocket(application)) => format!("although {} has no WebSocket", application.name),
            Some(Doubt::ServedElsewhere(application)) => {
                format!("although no path of the WebSocket of {} comes here", application.name)
            }
            Some(Doubt::Beside(_)) => {
                "although another location of its server is the one for WebSockets".to_owned()
            }
            None => String::new(),
        }
    }

    /// Whether the evidence is more than a name: declared, configured, or an application's own path.
    pub fn is_certain(&self) -> bool {
        matches!(
            self.strongest(),
            EvidenceKind::Declared | EvidenceKind::Configured | EvidenceKind::ApplicationPath
        )
    }

    /// Whether it is the location that takes what the others leave.
    pub fn is_catch_all(&self) -> bool {
        let name = self.location().and_then(|location| LocationName::of(&location));
        name.is_some_and(|name| name.modifier == Modifier::Prefix && name.name.as_ref() == b"/")
    }

    /// Whether it is the location that takes what the others leave, and only a path that the user names makes it one.
    pub fn is_declared_catch_all(&self) -> bool {
        self.is_catch_all() && self.evidence.iter().all(|evidence| evidence.kind == EvidenceKind::Declared)
    }

    /// The path of a WebSocket that this location serves only because it takes what the others leave: one that the user
    /// names, or an application's, and nothing else speaks of WebSockets here.
    pub fn caught_path(&self) -> Option<&str> {
        let name = self.location_name()?;
        let is_catch_all = name.modifier == Modifier::Prefix && *name.name == *b"/";
        let is_other = |evidence: &Evidence| {
            !matches!(evidence.kind, EvidenceKind::Declared | EvidenceKind::Application)
        };
        if !is_catch_all || self.evidence.iter().any(is_other) {
            return None;
        }
        let declared = self.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Declared);
        declared.chain(&self.evidence).find_map(|evidence| evidence.path.as_deref())
    }

    /// Whether it may serve ordinary requests too: nothing in its own path speaks of WebSockets.
    pub fn may_serve_ordinary_requests(&self) -> bool {
        !self.evidence.iter().any(|evidence| evidence.is_about_path)
    }

    /// The applications that the evidence names, each once.
    pub fn applications(&self) -> Vec<&'static Application> {
        let mut all: Vec<&'static Application> =
            self.evidence.iter().filter_map(|evidence| evidence.application).collect();
        all.sort_by_key(|application| application.id);
        all.dedup_by_key(|application| application.id);
        all
    }

    /// The application that compares the host of `Origin` with `Host`, `Some(None)` where nothing is known of the back end,
    /// and `None` where it is known not to.
    pub fn origin_checker(&self) -> Option<Option<&'static Application>> {
        let applications = self.applications();
        let compares = |application: &&&Application| {
            matches!(application.checks_origin, Some(OriginCheck::Host | OriginCheck::ForwardedHost))
        };
        let known = applications.iter().find(compares).copied();
        let is_known = |application: &&Application| application.checks_origin.is_some();
        let nobody_does = known.is_none() && !applications.is_empty() && applications.iter().all(is_known);
        (!nobody_does).then_some(known)
    }

    /// The paths to try for it: those that are known to carry its WebSocket, else its name and two below it.
    pub(crate) fn sample_paths(&self) -> Vec<String> {
        let Some(example) = self.example_path() else { return Vec::new() };
        let mut known: Vec<String> =
            self.evidence.iter().filter_map(|evidence| evidence.path.clone()).collect();
        let name = self.location_name();
        let name = match name.as_ref().map(|name| name.modifier) {
            Some(Modifier::Exact) => return vec![example],
            Some(Modifier::Prefix | Modifier::PriorityPrefix) => {
                name.map(|name| name.name).unwrap_or_default()
            }
            _ => Cow::default(),
        };
        known.retain(|path| path.as_bytes().starts_with(&name));
        if !known.is_empty() {
            known.sort();
            known.dedup();
            return known;
        }
        let slash = if example.ends_with('/') { "" } else { "/" };
        let below = ["a", "a/b"].map(|end| format!("{example}{slash}{end}"));
        std::iter::once(example).chain(below).collect()
    }

    /// Whether its path is known: it is an exact one, or the evidence names it.
    pub fn knows_path(&self, path: &str) -> bool {
        let is_exact = || self.location_name().is_some_and(|name| name.modifier == Modifier::Exact);
        self.evidence.iter().any(|evidence| evidence.path.as_deref() == Some(path)) || is_exact()
    }

    /// The words behind `location`, of the one around an `if` or `limit_except` too.
    pub fn location_name(&self) -> Option<LocationName<'s>> {
        let mut levels = self.configuration.levels(self.context);
        let location =
            levels.find(|&level| self.configuration.context(level).kind == ContextKind::Location)?;
        LocationName::of(&self.configuration.opener(location)?)
    }

    /// A path that this location serves, as a client sends it; `None` where its name does not tell.
    pub fn example_path(&self) -> Option<String> {
        let levels = self.configuration.levels(self.context);
        let location = levels
            .filter(|&level| self.configuration.context(level).kind == ContextKind::Location)
            .find_map(|level| self.configuration.opener(level))?;
        let name = LocationName::of(&location)?;
        let path = self.evidence.iter().find_map(|evidence| evidence.path.clone());
        if is_unknown(&name.name) {
            return path;
        }
        match name.modifier {
            Modifier::Exact => Some(as_sent(&lossy(&name.name))),
            Modifier::Prefix | Modifier::PriorityPrefix => {
                let own = lossy(&name.name).into_owned();
                Some(path.filter(|path| path.starts_with(&own)).unwrap_or_else(|| as_sent(&own)))
            }
            Modifier::Regex | Modifier::CaselessRegex | Modifier::Named => path,
        }
    }
}

/// Whether a host name is one that people write where the reader's own belongs: `<app>`, `your-domain.com`. The brackets
/// of a regex, `~^(?<app>.+)\.example$`, are its own.
pub(crate) fn is_placeholder(name: &str) -> bool {
    const WORDS: [&str; 5] = ["your", "yourdomain", "yourapp", "changeme", "placeholder"];
    let mut words = name.split(|character: char| !character.is_ascii_alphanumeric());
    let has_brackets = match name.starts_with('~') {
        true => name.match_indices('<').any(|(at, _)| {
            let before = name.get(..at).unwrap_or_default();
            !["?", "?P", "\\k", "\\g"].iter().any(|opens| before.ends_with(opens))
        }),
        false => name.contains(['<', '>']),
    };
    has_brackets || words.any(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

/// A location's name as a client sends it: what would end the path, or be decoded, is quoted.
fn as_sent(name: &str) -> String {
    let mut sent = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '%' | '?' | '#' | ' ' => sent.push_str(&format!("%{:02X}", u32::from(character))),
            other => sent.push(other),
        }
    }
    sent
}
