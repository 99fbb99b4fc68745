//! Which locations are WebSocket endpoints: candidates with the evidence for them, and what their neighbours say of it.
//!
//! What is found of each candidate by itself is kept for the next version of the configuration (`kept`), what neighbours say
//! is asked anew.

mod kept;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use nginx_semantics::{
    ContextId, ContextKind, DirectiveName, LocationName, Modifier, Pass, PassModule, Place, Selection,
    Target, in_parts, normalize_path, upstream,
};

use crate::browser::{Browser, HandshakeRequest};
use crate::endpoint::Endpoint;
use crate::evidence::{Declaration, Evidence, EvidenceKind, Known, LinesFrom, Subject, segments_of};
use crate::handshake::{Handshake, HandshakeFacts};
use crate::idle::IdleLimit;
use crate::model::{Hints, Model};
use crate::standing::{Carriers, Standing};
use crate::summary::Summary;

pub use kept::{Earlier, KeptCandidates};

/// So many locations are looked at by one thread before it takes more.
const PASSES_AT_A_TIME: usize = 128;

/// So many times as many are looked at until what was found there is taken.
const CHUNKS_AT_A_TIME: usize = 64;

/// What was found of some locations, each by itself.
struct Found<'s> {
    /// The levels of lines for an upgrade that some of them has in effect.
    in_effect: BTreeSet<ContextId>,
    /// Those that may be endpoints.
    candidates: Vec<Endpoint<'s>>,
    /// What the next version of the configuration may ask for.
    kept: KeptCandidates,
}

impl<'s> Model<'s> {
    /// Finds the endpoints of the servers that are looked at, and what is to be kept of it, if it `keeps` anything. Where
    /// what was found `earlier` holds, it is not looked for again.
    pub(crate) fn find_endpoints(&mut self, earlier: Option<&Earlier<'_>>, keeps: bool) -> KeptCandidates {
        let hints = self.hints.clone();
        let mut declared = self.declared_paths();
        self.lost_paths = mem::take(&mut declared.lost);
        self.unclear_paths = mem::take(&mut declared.unclear);
        self.arrivals = mem::take(&mut declared.arrivals);
        self.insisted = mem::take(&mut declared.insisted);
        self.named = declared.contexts.keys().copied().collect();
        let declare = |candidates: &mut Vec<Endpoint<'s>>, assumes: bool| {
            for endpoint in candidates.iter_mut() {
                let paths = declared.contexts.get(&endpoint.context).into_iter().flatten();
                endpoint.evidence.extend(paths.map(|path| Evidence {
                    path: Some(path.clone()),
                    ..Evidence::new(
                        EvidenceKind::Declared,
                        format!("--ws-path says that `{path}` carries WebSockets"),
                        None,
                    )
                }));
                if assumes {
                    let text = "--assume-websocket takes every proxied location for one";
                    endpoint.evidence.push(Evidence::new(EvidenceKind::Declared, text, None));
                }
            }
        };
        let is_own = |(context, _): &&(ContextId, Pass<'s>)| self.is_looked_at(*context);
        let own: Option<Vec<_>> =
            self.looked_at.is_some().then(|| self.passes.iter().filter(is_own).copied().collect());
        let passes = own.as_deref().unwrap_or(&self.passes);
        let find = |passes: &[_]| self.candidates(passes, &declared.contexts, earlier, keeps);
        let mut found = find(passes);
        // Whether lines of an outer level are lost shows in all locations below it.
        if own.is_some() && found.candidates.iter().any(|endpoint| endpoint.lost_level().is_some()) {
            found = find(&self.passes);
        }
        let Found { in_effect, mut candidates, kept } = found;
        declare(&mut candidates, hints.assume_websocket);
        add_lost_intentions(&mut candidates, &in_effect);
        candidates.retain(|endpoint| self.is_looked_at(endpoint.context));
        drop_indirect(&mut candidates);
        let denied = self.denied_by_path(&hints);
        candidates.retain(|endpoint| {
            let paths = denied.get(&endpoint.context).filter(|_| !self.insisted.contains(&endpoint.context));
            if !endpoint.evidence.is_empty() {
                self.denied_paths.extend(paths.into_iter().flatten().map(|path| (*path).to_owned()));
            }
            paths.is_none()
        });
        self.endpoints = proven(candidates);
        // A 101 would end what they are asked for, whatever lines they have or inherit.
        let is_asked = |endpoint: &Endpoint<'s>| self.is_for_subrequests(endpoint.context);
        let asked: BTreeSet<ContextId> =
            self.endpoints.iter().filter(|one| is_asked(one)).map(|one| one.context).collect();
        self.endpoints.retain(|endpoint| !asked.contains(&endpoint.context));
        let mut endpoints = mem::take(&mut self.endpoints);
        self.drop_handed_over(&mut endpoints);
        self.endpoints = endpoints;
        let locations = self.endpoints.iter();
        let locations = locations
            .filter_map(|endpoint| self.configuration.enclosing(endpoint.context, ContextKind::Location));
        self.endpoint_locations = locations.collect();
        let carriers = Carriers::of(&self.endpoints);
        carriers.settle(&mut self.endpoints);
        self.summary = Summary::of(&self.endpoints);
        let known = Known::default();
        let mut unsupported = self.unsupported_candidates(&known);
        declare(&mut unsupported, false);
        self.unsupported = proven(unsupported);
        carriers.settle(&mut self.unsupported);
        let mut unproxied = self.unproxied_candidates(&known);
        declare(&mut unproxied, false);
        self.unproxied = proven(unproxied);
        carriers.settle(&mut self.unproxied);
        kept
    }

    /// What some locations are by themselves.
    fn candidates(
        &self,
        passes: &[(ContextId, Pass<'s>)],
        declared: &BTreeMap<ContextId, Vec<String>>,
        earlier: Option<&Earlier<'_>>,
        keeps: bool,
    ) -> Found<'s> {
        let (mut in_effect, mut candidates) = (BTreeSet::new(), Vec::new());
        let mut kept = KeptCandidates::default();
        let of_some = |passes: &&[(ContextId, Pass<'s>)], ()| {
            let known = Known::default();
            let (mut levels, mut some) = (BTreeSet::new(), Vec::new());
            let mut own = keeps.then(KeptCandidates::default);
            for &(context, pass) in *passes {
                let is_declared = self.hints.assume_websocket || declared.contains_key(&context);
                let earlier = earlier.filter(|_| !is_declared);
                let Some(endpoint) = self.by_itself((context, pass), &known, earlier, own.as_mut()) else {
                    continue;
                };
                if endpoint.is_configured() {
                    levels.extend(self.configuration.levels(context));
                }
                // Nothing but these may become one, and large trees have many more locations that pass requests on.
                let has_lost = endpoint.lost_level().is_some();
                if is_declared || has_lost || !endpoint.evidence.is_empty() {
                    some.push(endpoint);
                }
            }
            (levels, some, own)
        };
        let chunks: Vec<_> = passes.chunks(PASSES_AT_A_TIME).collect();
        let parts: Vec<_> = chunks.chunks(CHUNKS_AT_A_TIME).collect();
        in_parts(passes.len(), &parts, (), of_some, |(), _| (), &mut |(levels, some, own)| {
            in_effect.extend(levels);
            candidates.extend(some);
            kept.extend(own.unwrap_or_default());
        });
        Found { in_effect, candidates, kept }
    }

    /// Lines that the target of a subrequest inherits or includes are not meant for it.
    fn drop_inherited_of_subrequests(&self, endpoint: &mut Endpoint<'s>) {
        if self.is_asked(endpoint.context)
            && endpoint.lines_from().is_some_and(|lines| lines != LinesFrom::Here)
        {
            endpoint.evidence.retain(|evidence| evidence.kind != EvidenceKind::Configured);
        }
    }

    /// A location that can carry WebSockets, with the evidence that its own lines and names give.
    fn candidate(&self, context: ContextId, pass: Pass<'s>, known: &Known<'s>) -> Option<Endpoint<'s>> {
        let idle = IdleLimit::new(self.configuration, context, pass.module)?;
        self.candidate_with(context, pass, idle, known)
    }

    /// The same with an idle limit that is known, or means nothing.
    pub(crate) fn candidate_with(
        &self,
        context: ContextId,
        pass: Pass<'s>,
        idle: IdleLimit<'s>,
        known: &Known<'s>,
    ) -> Option<Endpoint<'s>> {
        let configuration = self.configuration;
        let opener = configuration.opener(context);
        let comment = self
            .location_of(context)
            .and_then(|location| self.declaration(&location))
            .or_else(|| self.declaration(&pass.directive));
        let is_denied = comment == Some(Declaration::NotWebSocket) && !self.insisted.contains(&context);
        // That nginx answers before it would pass a handshake on is what whoever declares one has to be told.
        let is_declared = comment == Some(Declaration::WebSocket) || self.named.contains(&context);
        if is_denied || !(is_declared || self.takes_handshakes(context)) {
            return None;
        }
        let handshake = || Handshake::new(configuration, &self.variables, context, &known.values);
        let is_proxy = pass.module == PassModule::Proxy;
        // Most locations are none for WebSockets, and nobody asks what their upstream receives.
        let asked = (is_proxy && Handshake::may_have_upgrade_lines(configuration, context)).then(handshake);
        let name = self.location_of(context).and_then(|location| LocationName::of(&location));
        let LocationName { modifier, name } =
            name.unwrap_or(LocationName { modifier: Modifier::Named, name: Cow::default() });
        let target = self.target(context, &pass);
        let block = upstream(configuration, context, &target.host);
        let server = configuration.enclosing(context, ContextKind::Server);
        let words = server.and_then(|server| self.server_words(server));
        let segments = segments_of(&name, matches!(modifier, Modifier::Regex | Modifier::CaselessRegex));
        let subject = Subject {
            configuration,
            locations: &self.locations,
            context,
            server,
            server_names: words.map(|words| &*words.names).unwrap_or_default(),
            server_hosts: words.map(|words| words.hosts.as_slice()).unwrap_or_default(),
            pass,
            block,
            target: &target,
            handshake: asked.as_ref(),
            known,
            modifier,
            segments: &segments,
            name,
        };
        let (mut evidence, doubt) = subject.collect();
        // No client gets to an internal location by itself; one that handles the upgrade is led to.
        let is_internal = configuration.named(context, DirectiveName::INTERNAL).next().is_some();
        if is_internal && !asked.as_ref().is_some_and(Handshake::is_configured) {
            evidence.clear();
        }
        if comment == Some(Declaration::WebSocket) {
            let at: Option<Place> = opener.map(|opener| opener.at());
            evidence.push(Evidence::new(EvidenceKind::Declared, "a comment declares it", at));
        }
        // A word of the author's own, in the YAML file.
        if let Some(location) = self.location_of(context).filter(is_declared_by_annotation) {
            let text = "`nginx.org/websocket-services` names its service";
            evidence.push(Evidence::new(EvidenceKind::Declared, text, Some(location.at())));
        }
        let may_be_declared = self.hints.assume_websocket || self.hints.names_any();
        let is_one = is_proxy && (may_be_declared || !evidence.is_empty());
        let handshake = asked.or_else(|| is_one.then(handshake));
        let (server_names, listens) = self.words_around(context);
        Some(Endpoint {
            configuration,
            context,
            pass,
            handshake: handshake
                .map(|handshake| HandshakeFacts::of(configuration, context, pass, &handshake)),
            evidence,
            standing: Standing::Doubtful,
            doubt,
            idle,
            target,
            block,
            server_names,
            listens,
        })
    }

    /// Whether a handshake that comes to the context is passed on by its own `*_pass`.
    fn takes_handshakes(&self, context: ContextId) -> bool {
        let configuration = self.configuration;
        let this = configuration.context(context);
        if this.kind == ContextKind::LimitExcept {
            // The block is for all methods but those that are named, and a handshake is a GET.
            let is_get = |method: Cow<'_, [u8]>| method.eq_ignore_ascii_case(b"GET");
            return !configuration.opener(context).is_some_and(|opener| opener.arguments().any(is_get));
        }
        let request = HandshakeRequest(Browser::Chrome);
        let evaluator = self.evaluator(&request, context);
        let ends_phase = |inside: ContextId| {
            configuration.directives(inside).any(|directive| match directive.name() {
                DirectiveName::RETURN => true,
                DirectiveName::REWRITE => directive.argument(2).is_none_or(|flag| flag.as_ref() != b"break"),
                _ => false,
            })
        };
        !configuration.children(context).iter().any(|&child| {
            let condition = configuration.opener(child).filter(|opener| opener.name() == DirectiveName::IF);
            condition.is_some_and(|condition| evaluator.condition(&condition) == Some(true))
                && (ends_phase(child) || Pass::directly_in(configuration, child).is_some())
        })
    }

    /// The target of a pass, its variables evaluated where they are known.
    fn target(&self, context: ContextId, pass: &Pass<'s>) -> Target {
        let written = pass.target();
        let request = HandshakeRequest(Browser::Chrome);
        let evaluator = self.evaluator(&request, context);
        let pieces = nginx_semantics::parts(&written).into_iter().map(|part| match part {
            nginx_semantics::Part::Variable(name) => {
                let text = [b"${", name, b"}"].concat();
                evaluator.value(&text).as_known().map_or(text.clone(), <[u8]>::to_vec)
            }
            nginx_semantics::Part::Literal(bytes) => bytes.to_vec(),
            nginx_semantics::Part::Capture(_) | nginx_semantics::Part::Invalid => b"$".to_vec(),
        });
        Target::parse(&pieces.collect::<Vec<_>>().concat())
    }

    /// The locations that serve paths of which the user says that they carry no WebSockets, with these paths.
    fn denied_by_path<'h>(&self, hints: &'h Hints) -> BTreeMap<ContextId, Vec<&'h str>> {
        let mut denied: BTreeMap<ContextId, Vec<&'h str>> = BTreeMap::new();
        let servers: Vec<ContextId> = match hints.not_websocket.is_empty() {
            true => Vec::new(),
            false => self.configuration.of_kind(ContextKind::Server).collect(),
        };
        for path in &hints.not_websocket {
            let Some(normal) = normalize_path(path.as_bytes()) else { continue };
            for &server in &servers {
                if let Selection::Location(location) = self.locations.select(server, &normal) {
                    denied.entry(location).or_default().push(path);
                }
            }
        }
        denied
    }
}

/// Those with evidence, the strongest first.
fn proven(mut candidates: Vec<Endpoint<'_>>) -> Vec<Endpoint<'_>> {
    candidates.retain(|endpoint| !endpoint.evidence.is_empty());
    for endpoint in &mut candidates {
        endpoint.evidence.sort_by_key(|evidence| evidence.kind);
        endpoint.evidence.shrink_to_fit();
    }
    candidates.shrink_to_fit();
    candidates
}

/// Upgrade lines at an outer level, below which not one location has any in effect, were meant for those that drop them.
fn add_lost_intentions(candidates: &mut [Endpoint<'_>], in_effect: &BTreeSet<ContextId>) {
    // Of several that drop them, those that speak of WebSockets were meant, and not what else the same back end gets.
    let meant: BTreeSet<_> = candidates
        .iter()
        .filter(|endpoint| !endpoint.evidence.is_empty())
        .filter_map(|endpoint| {
            let (level, _) = endpoint.lost_level()?;
            Some((level, endpoint.target.host.clone(), endpoint.target.port))
        })
        .collect();
    for endpoint in candidates {
        let Some((level, at)) = endpoint.lost_level() else { continue };
        let back_end = (level, endpoint.target.host.clone(), endpoint.target.port);
        let is_of_another = endpoint.evidence.is_empty() && meant.contains(&back_end);
        if in_effect.contains(&level) || is_of_another {
            continue;
        }
        let text = "an outer level sets `Upgrade` for its locations, and no location gets it";
        endpoint.evidence.push(Evidence::new(EvidenceKind::Configured, text, at));
    }
}

/// Where one location of a server is surely an endpoint, what merely names its upstream or server speaks of that one.
fn drop_indirect(candidates: &mut [Endpoint<'_>]) {
    let server =
        |endpoint: &Endpoint<'_>| endpoint.configuration.enclosing(endpoint.context, ContextKind::Server);
    let is_direct = |endpoint: &&Endpoint<'_>| endpoint.is_certain();
    let served: BTreeSet<ContextId> = candidates.iter().filter(is_direct).filter_map(server).collect();
    for endpoint in candidates.iter_mut().filter(|endpoint| !endpoint.is_certain()) {
        if server(endpoint).is_some_and(|server| served.contains(&server)) {
            endpoint.evidence.retain(|evidence| !evidence.is_indirect);
        }
    }
    // Of an application, the location that serves a path which nothing but its WebSocket has is meant.
    let of = |evidence: &Evidence, is_indirect: bool| {
        let is_it = evidence.kind == EvidenceKind::Application && evidence.is_indirect == is_indirect;
        evidence.application.filter(|_| is_it).map(|application| application.id)
    };
    let meant: BTreeSet<(ContextId, &str)> = candidates
        .iter()
        .filter_map(|endpoint| Some((server(endpoint)?, endpoint)))
        .flat_map(|(server, endpoint)| {
            endpoint.evidence.iter().filter_map(move |evidence| Some((server, of(evidence, false)?)))
        })
        .collect();
    for endpoint in candidates {
        let Some(server) = server(endpoint) else { continue };
        let is_of_another =
            |evidence: &Evidence| of(evidence, true).is_some_and(|id| meant.contains(&(server, id)));
        endpoint.evidence.retain(|evidence| !is_of_another(evidence));
    }
}

/// Whether an annotation of the `Ingress` that a location is written for says that it carries WebSockets.
fn is_declared_by_annotation(location: &nginx_semantics::Directive<'_>) -> bool {
    let hosted = location.file().and_then(nginx_semantics::SourceFile::hosted);
    let rendered = hosted.and_then(|hosted| hosted.view().rendered());
    rendered.is_some_and(|rendered| rendered.is_declared(location.at().span.start))
}
