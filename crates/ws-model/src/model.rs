//! Everything that rules ask of one configuration.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use nginx_semantics::{
    At, Configuration, ContextId, ContextKind, Directive, DirectiveName, Evaluator, LocationName, Locations,
    Modifier, Pass, PassModule, Selection, Target, Variables, VersionRange, normalize_path,
};

use crate::browser::{Browser, HandshakeRequest, has_token};
use crate::endpoint::Endpoint;
use crate::evidence::{Declaration, Evidence, EvidenceKind, Subject, declaration};
use crate::handshake::Handshake;
use crate::idle::IdleLimit;

/// What the user says about WebSockets.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The versions to judge for, where the user names them.
    pub versions: Option<VersionRange>,
    /// Paths that carry WebSockets in every server.
    pub websocket_paths: Vec<String>,
    /// Whether every proxied location is an endpoint.
    pub assume_websocket: bool,
}

/// A configuration as WebSockets see it.
#[derive(Debug)]
pub struct Model<'s> {
    /// The configuration.
    pub configuration: Configuration<'s>,
    /// Its variables.
    pub variables: Variables<'s>,
    /// Its locations.
    pub locations: Locations<'s>,
    /// The versions that it is judged for.
    pub versions: VersionRange,
    /// The WebSocket endpoints, in the order of their contexts.
    pub endpoints: Vec<Endpoint<'s>>,
    /// The `*_pass` directives of all locations, endpoints or not.
    pub passes: Vec<(ContextId, Pass<'s>)>,
    /// By `http`: what [`Model::connection_variable`] found.
    connection_variables: RefCell<BTreeMap<ContextId, Option<String>>>,
}

impl<'s> Model<'s> {
    /// Finds the endpoints.
    pub fn new(configuration: Configuration<'s>, hints: &Hints) -> Self {
        let variables = Variables::new(configuration);
        let locations = Locations::new(configuration);
        let versions = hints.versions.unwrap_or_else(|| raised(VersionRange::DISTRIBUTIONS, configuration));
        let passes: Vec<_> = configuration
            .contexts()
            .filter_map(|(id, context)| {
                let pass = context.kind.is_location_like().then(|| own_pass(configuration, id))??;
                Some((id, pass))
            })
            .collect();
        let mut this = Self {
            configuration,
            variables,
            locations,
            versions,
            endpoints: Vec::new(),
            passes,
            connection_variables: RefCell::default(),
        };
        this.find_endpoints(hints);
        this
    }

    fn find_endpoints(&mut self, hints: &Hints) {
        let declared = self.declared_by_path(hints);
        let mut candidates: Vec<Endpoint<'s>> =
            self.passes.iter().filter_map(|&(context, pass)| self.candidate(context, pass)).collect();
        for endpoint in &mut candidates {
            let context = endpoint.context;
            if let Some(path) = declared.get(&context) {
                let text = format!("--ws-path says that `{path}` carries WebSockets");
                endpoint.evidence.push(Evidence {
                    path: Some(path.clone()),
                    ..Evidence::new(EvidenceKind::Declared, text, None)
                });
            }
            if hints.assume_websocket {
                let text = "--assume-websocket takes every proxied location for one";
                endpoint.evidence.push(Evidence::new(EvidenceKind::Declared, text, None));
            }
        }
        add_lost_intentions(&mut candidates);
        drop_indirect(&mut candidates);
        candidates.retain(|endpoint| !endpoint.evidence.is_empty());
        for endpoint in &mut candidates {
            endpoint.evidence.sort_by_key(|evidence| evidence.kind);
        }
        self.endpoints = candidates;
    }

    /// A location that can carry WebSockets, with the evidence that its own lines and names give.
    fn candidate(&self, context: ContextId, pass: Pass<'s>) -> Option<Endpoint<'s>> {
        let configuration = self.configuration;
        let opener = configuration.opener(context);
        let comment = self
            .location_of(context)
            .and_then(|location| declaration(&location))
            .or_else(|| declaration(&pass.directive));
        if comment == Some(Declaration::NotWebSocket)
            || matches!(pass.module, PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached)
        {
            return None;
        }
        let handshake = (pass.module == PassModule::Proxy)
            .then(|| Handshake::new(configuration, &self.variables, context));
        let idle = IdleLimit::new(configuration, context, pass.module);
        let name = self.location_of(context).and_then(|location| LocationName::of(&location));
        let LocationName { modifier, name } =
            name.unwrap_or(LocationName { modifier: Modifier::Named, name: Vec::new() });
        let subject = Subject {
            configuration,
            locations: &self.locations,
            context,
            server: configuration.enclosing(context, ContextKind::Server),
            pass,
            target: self.target(context, &pass),
            handshake: handshake.as_ref(),
            modifier,
            name,
        };
        let mut evidence = subject.collect();
        if comment == Some(Declaration::WebSocket) {
            let at: Option<At> = opener.map(|opener| opener.at());
            evidence.push(Evidence::new(EvidenceKind::Declared, "a comment declares it", at));
        }
        Some(Endpoint { configuration, context, pass, evidence, handshake, idle })
    }

    /// The `location` line around a context, or of it.
    fn location_of(&self, context: ContextId) -> Option<Directive<'s>> {
        self.configuration.opener(self.configuration.enclosing(context, ContextKind::Location)?)
    }

    /// The variable, with its `$`, of a map that makes `Connection` right for every browser's handshake: any map will
    /// do, under whatever name, in the `http` that the context belongs to.
    pub fn connection_variable(&self, context: ContextId) -> Option<String> {
        let http = self.configuration.enclosing(context, ContextKind::Http)?;
        let mut known = self.connection_variables.borrow_mut();
        known.entry(http).or_insert_with(|| self.find_connection_variable(http)).clone()
    }

    fn find_connection_variable(&self, http: ContextId) -> Option<String> {
        let configuration = self.configuration;
        configuration.levels(http).flat_map(|level| &configuration.context(level).children).find_map(|&map| {
            let opener =
                configuration.opener(map).filter(|_| configuration.context(map).kind == ContextKind::Map)?;
            let name = opener.argument(1)?;
            let is_right = Browser::ALL.iter().all(|&browser| {
                let request = HandshakeRequest(browser);
                let evaluator =
                    Evaluator { configuration, variables: &self.variables, request: &request, context: http };
                evaluator.value(&name).surely(|value| has_token(value, "upgrade"))
            });
            is_right.then(|| String::from_utf8_lossy(&name).into_owned())
        })
    }

    /// The target of a pass, its variables evaluated where they are known.
    fn target(&self, context: ContextId, pass: &Pass<'s>) -> Target {
        let written = pass.target();
        let request = HandshakeRequest(Browser::Chrome);
        let evaluator = Evaluator {
            configuration: self.configuration,
            variables: &self.variables,
            request: &request,
            context,
        };
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

    /// The locations that serve the paths that the user names, over all servers.
    fn declared_by_path(&self, hints: &Hints) -> BTreeMap<ContextId, String> {
        let mut declared = BTreeMap::new();
        for server in self.configuration.of_kind(ContextKind::Server) {
            for path in &hints.websocket_paths {
                let Some(normal) = normalize_path(path.as_bytes()) else { continue };
                let Selection::Location(location) = self.locations.select(server, &normal) else { continue };
                let serving = self.fallback(server, location).unwrap_or(location);
                let inside = self.configuration.context(serving).children.iter().copied();
                for context in std::iter::once(serving).chain(
                    inside.filter(|&child| self.configuration.context(child).kind != ContextKind::Location),
                ) {
                    declared.entry(context).or_insert_with(|| path.clone());
                }
            }
        }
        declared
    }

    /// The named location that the last word of `try_files` leads to, in a location that does not proxy.
    fn fallback(&self, server: ContextId, location: ContextId) -> Option<ContextId> {
        if own_pass(self.configuration, location).is_some() {
            return None;
        }
        let try_files = self.configuration.named(location, DirectiveName::TRY_FILES).next()?;
        let last = try_files.arguments().last().filter(|word| word.starts_with(b"@"))?;
        let mut children = self.configuration.context(server).children.iter().copied();
        children.find(|&child| {
            let opener =
                self.configuration.opener(child).filter(|opener| opener.name() == DirectiveName::LOCATION);
            opener.and_then(|opener| opener.argument(0)).is_some_and(|name| name == last)
        })
    }
}

/// The pass that stands directly in a context.
fn own_pass<'s>(configuration: Configuration<'s>, context: ContextId) -> Option<Pass<'s>> {
    let pass = Pass::in_effect(configuration, context)?;
    let is_own = configuration.context(context).directives.contains(&pass.directive.reference);
    is_own.then_some(pass)
}

/// Upgrade lines at an outer level that not one location gets were meant for those that drop them.
fn add_lost_intentions(candidates: &mut [Endpoint<'_>]) {
    let in_effect: BTreeSet<ContextId> = candidates
        .iter()
        .filter_map(|endpoint| endpoint.handshake.as_ref())
        .filter(|handshake| handshake.is_configured())
        .filter_map(|handshake| handshake.level)
        .collect();
    for endpoint in candidates {
        let Some(lost) = endpoint.handshake.as_ref().and_then(|handshake| handshake.lost.as_ref()) else {
            continue;
        };
        if in_effect.contains(&lost.level) {
            continue;
        }
        let text = "an outer level sets `Upgrade` for its locations, and no location gets it";
        let at = lost.lines.first().map(|line| line.directive.at());
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
}

/// The range without the versions that do not know a directive of the configuration.
fn raised(range: VersionRange, configuration: Configuration<'_>) -> VersionRange {
    let mut seen = BTreeSet::new();
    for (id, context) in configuration.contexts() {
        if !context.kind.has_entries() && context.kind != ContextKind::Other {
            seen.extend(configuration.directives(id).map(|directive| directive.name()));
        }
    }
    let since = |name: &DirectiveName| name.rows().iter().map(|row| row.name_since).min();
    let newest = seen.iter().filter_map(since).max();
    match newest {
        Some(newest) if newest > range.min => VersionRange { min: newest, max: range.max.max(newest) },
        _ => range,
    }
}
