//! Everything that rules ask of one configuration.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use nginx_semantics::defaults::HTTP11_BY_DEFAULT;
use nginx_semantics::{
    Balancing, Configuration, ContextId, ContextKind, Directive, DirectiveName, Evaluator, LocationName,
    Locations, Modifier, Pass, PassModule, Place, Request, Selection, Target, Variables, VersionRange,
    in_parts, normalize_path, raised, upstream,
};
use nginx_syntax::lossy;

use crate::browser::{AnyOrdinaryRequest, Browser, HandshakeRequest, has_token};
use crate::endpoint::Endpoint;
use crate::evidence::{
    Declaration, Evidence, EvidenceKind, Known, LinesFrom, Subject, declaration, segments_of,
};
use crate::facts::Facts;
use crate::handshake::{Handshake, HandshakeFacts, LineValues};
use crate::idle::IdleLimit;
use crate::layers::Layer;
use crate::limits::Zones;
use crate::lookup::StartupName;
use crate::paths::LostPath;
use crate::sent::SentLines;
use crate::sockets::Sockets;
use crate::standing::{Carriers, Standing};
use crate::subrequests::{Asked, Paths};
use crate::summary::Summary;
use crate::walk::PathsToNamed;
use crate::words::ServerWords;

/// So many locations are looked at by one thread before it takes more.
const PASSES_AT_A_TIME: usize = 128;

/// So many times as many are looked at until what was found there is taken.
const CHUNKS_AT_A_TIME: usize = 64;

/// What the user says about WebSockets.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The versions to judge for, where the user names them.
    pub versions: Option<VersionRange>,
    /// Paths that carry WebSockets in every server.
    pub websocket_paths: Vec<String>,
    /// Those of them that count whatever comments and [`Self::not_websocket`] say: the user's own, not the tree's.
    pub insisted_paths: Vec<String>,
    /// Paths that carry none in any server, whatever they look like.
    pub not_websocket: Vec<String>,
    /// Whether comments for this program are passed over.
    pub ignores_comments: bool,
    /// Whether every proxied location is an endpoint.
    pub assume_websocket: bool,
    /// How often either side of every WebSocket sends something, in milliseconds.
    pub heartbeat_ms: Option<u64>,
    /// The shortest idle limit that is enough, in milliseconds.
    pub min_read_timeout_ms: Option<u64>,
    /// How many WebSockets are open at once.
    pub expected_connections: Option<u64>,
    /// The proxies in front of nginx, from the outside in.
    pub layers: Vec<Layer>,
    /// The time by which certificates are judged, in seconds since 1970; `None`: their dates are not judged.
    pub now: Option<i64>,
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
    /// What the user says.
    pub hints: Hints,
    /// The WebSocket endpoints, in the order of their contexts.
    pub endpoints: Vec<Endpoint<'s>>,
    /// The `*_pass` directives of all locations, endpoints or not.
    pub passes: Vec<(ContextId, Pass<'s>)>,
    /// Locations that would be endpoints if the module of their `*_pass` could upgrade.
    pub unsupported: Vec<Endpoint<'s>>,
    /// Locations that would be endpoints if they had the `*_pass` of the location around them, which is shown as theirs.
    pub unproxied: Vec<Endpoint<'s>>,
    /// Paths that the user names and that do not get to an upstream that could take a handshake.
    pub lost_paths: Vec<LostPath<'s>>,
    /// Paths that the user names and of which nothing can be said, with the line that is in the way.
    pub unclear_paths: Vec<(String, Directive<'s>)>,
    /// Where the paths lead that the user insists on.
    insisted: BTreeSet<ContextId>,
    /// What is known of all endpoints together.
    pub(crate) summary: Summary,
    /// The locations of the endpoints.
    endpoint_locations: BTreeSet<ContextId>,
    /// By number of a context, see [`Model::has_only_endpoints`].
    only_endpoints: OnceLock<Vec<bool>>,
    /// The `http` blocks of which [`Model::keeps_connections`] is true.
    kept: OnceLock<BTreeSet<Option<ContextId>>>,
    /// By `http`: what [`Model::connection_variable`] chooses from.
    connection_variables: Facts<Vec<String>>,
    /// See [`Model::reads_captures`].
    pub(crate) captures_read: OnceLock<bool>,
    /// By `http`: its sockets.
    pub(crate) sockets: Facts<Sockets<'s>>,
    /// See [`Model::sent_lines`].
    pub(crate) sent_lines: OnceLock<SentLines>,
    /// What leads requests to locations.
    pub(crate) request_paths: OnceLock<Paths<'s>>,
    /// By server: what its subrequests reach.
    pub(crate) asked: Facts<Asked>,
    /// By `upstream` block: what [`Model::balancing`] read.
    balancing: Facts<Balancing<'s>>,
    /// By `upstream` block: its names that are looked up once.
    pub(crate) names_of_blocks: Facts<Vec<StartupName<'s>>>,
    /// By server: its words.
    pub(crate) server_words: Facts<ServerWords>,
    /// By `http` and server: see [`Model::is_understood`].
    pub(crate) understood: Facts<bool>,
    /// By host and port: the first of the passes without variables, in [`Model::passes`].
    pub(crate) literals: OnceLock<HashMap<(String, u16), usize>>,
    /// What `limit_conn` and `limit_req` name.
    pub(crate) zones: OnceLock<Zones<'s>>,
    /// By server: the paths of the locations that name an `@name`.
    pub(crate) paths_to_named: Facts<PathsToNamed>,
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
                let pass =
                    context.kind.is_location_like().then(|| Pass::directly_in(configuration, id))??;
                Some((id, pass))
            })
            .collect();
        let mut this = Self {
            configuration,
            variables,
            locations,
            versions,
            hints: hints.clone(),
            endpoints: Vec::new(),
            passes,
            unsupported: Vec::new(),
            unproxied: Vec::new(),
            lost_paths: Vec::new(),
            unclear_paths: Vec::new(),
            insisted: BTreeSet::new(),
            summary: Summary::default(),
            endpoint_locations: BTreeSet::new(),
            only_endpoints: OnceLock::new(),
            kept: OnceLock::new(),
            connection_variables: Facts::of(configuration, ContextKind::Http),
            captures_read: OnceLock::new(),
            sockets: Facts::of(configuration, ContextKind::Http),
            sent_lines: OnceLock::new(),
            request_paths: OnceLock::new(),
            asked: Facts::of(configuration, ContextKind::Server),
            balancing: Facts::of(configuration, ContextKind::Upstream),
            names_of_blocks: Facts::of(configuration, ContextKind::Upstream),
            server_words: Facts::of(configuration, ContextKind::Server),
            understood: Facts::of_any(configuration, &[ContextKind::Http, ContextKind::Server]),
            literals: OnceLock::new(),
            zones: OnceLock::new(),
            paths_to_named: Facts::of(configuration, ContextKind::Server),
        };
        this.find_endpoints(hints);
        this
    }

    fn find_endpoints(&mut self, hints: &Hints) {
        let declared = self.declared_paths(&hints.websocket_paths);
        (self.lost_paths, self.unclear_paths) = (declared.lost, declared.unclear);
        let is_insisted = |paths: &[String]| paths.iter().any(|path| hints.insisted_paths.contains(path));
        let insisted = declared.contexts.iter().filter(|(_, paths)| is_insisted(paths));
        self.insisted = insisted.map(|(context, _)| *context).collect();
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
        // The levels of lines for an upgrade that some location has in effect.
        let mut in_effect: BTreeSet<ContextId> = BTreeSet::new();
        let mut candidates: Vec<Endpoint<'s>> = Vec::new();
        let of_some = |passes: &&[(ContextId, Pass<'s>)], ()| {
            let known = Known::default();
            let (mut levels, mut some) = (BTreeSet::new(), Vec::new());
            for &(context, pass) in *passes {
                let Some(mut endpoint) = self.candidate(context, pass, &known) else { continue };
                if endpoint.is_configured() {
                    levels.extend(self.configuration.levels(context));
                }
                self.drop_inherited_of_subrequests(&mut endpoint);
                // Nothing but these may become one, and large trees have many more locations that pass requests on.
                let has_lost = endpoint.handshake.is_some_and(|handshake| handshake.lost.is_some());
                let is_declared = hints.assume_websocket || declared.contexts.contains_key(&context);
                if is_declared || has_lost || !endpoint.evidence.is_empty() {
                    some.push(endpoint);
                }
            }
            (levels, some)
        };
        let chunks: Vec<_> = self.passes.chunks(PASSES_AT_A_TIME).collect();
        let parts: Vec<_> = chunks.chunks(CHUNKS_AT_A_TIME).collect();
        in_parts(self.passes.len(), &parts, (), of_some, |(), _| (), &mut |(levels, some)| {
            in_effect.extend(levels);
            candidates.extend(some);
        });
        declare(&mut candidates, hints.assume_websocket);
        add_lost_intentions(&mut candidates, &in_effect);
        drop_indirect(&mut candidates);
        let denied = self.denied_by_path(hints);
        candidates.retain(|endpoint| {
            !denied.contains(&endpoint.context) || self.insisted.contains(&endpoint.context)
        });
        self.endpoints = proven(candidates);
        // A 101 would end what they are asked for, whatever lines they have or inherit.
        let is_asked = |endpoint: &Endpoint<'s>| self.is_for_subrequests(endpoint.context);
        let asked: BTreeSet<ContextId> =
            self.endpoints.iter().filter(|one| is_asked(one)).map(|one| one.context).collect();
        self.endpoints.retain(|endpoint| !asked.contains(&endpoint.context));
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
        if is_denied || !self.takes_handshakes(context) {
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
        let may_be_declared = self.hints.assume_websocket || !self.hints.websocket_paths.is_empty();
        let is_one = is_proxy && (may_be_declared || !evidence.is_empty());
        let handshake = asked.or_else(|| is_one.then(handshake));
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
            server_names: words.map_or_else(|| Arc::from([]), |words| Arc::clone(&words.names)),
            listens: words.map_or_else(|| Arc::from([]), |words| Arc::clone(&words.listens)),
        })
    }

    /// All that an endpoint's upstream receives, made anew; `None` for modules that pass the client's header fields on by
    /// themselves.
    pub fn handshake(&self, endpoint: &Endpoint<'_>) -> Option<Handshake<'s>> {
        self.handshake_with(endpoint, &LineValues::default())
    }

    /// The same with what is known of the values of lines.
    pub(crate) fn handshake_with(
        &self,
        endpoint: &Endpoint<'_>,
        values: &LineValues<'s>,
    ) -> Option<Handshake<'s>> {
        endpoint.handshake?;
        Some(Handshake::new(self.configuration, &self.variables, endpoint.context, values))
    }

    /// What a comment at a directive declares, unless comments are passed over.
    pub(crate) fn declaration(&self, directive: &Directive<'_>) -> Option<Declaration> {
        if self.hints.ignores_comments { None } else { declaration(directive) }
    }

    /// Whether all locations at or below a level that pass requests on are endpoints, and no file that was not given may hold
    /// more.
    pub fn has_only_endpoints(&self, level: ContextId) -> bool {
        let all = self.only_endpoints.get_or_init(|| {
            let configuration = self.configuration;
            let is_endpoint = |context: ContextId| {
                let location = configuration.enclosing(context, ContextKind::Location);
                location.is_some_and(|location| self.endpoint_locations.contains(&location))
            };
            let contexts: Vec<_> = configuration.contexts().collect();
            let mut all: Vec<bool> = contexts
                .iter()
                .map(|(id, context)| {
                    let passes = || self.passes.binary_search_by_key(id, |(context, _)| *context).is_ok();
                    context.unseen().next().is_none() && (!passes() || is_endpoint(*id))
                })
                .collect();
            // Parents come before their children.
            for (id, context) in contexts.iter().rev() {
                if all.get(id.index()) == Some(&false)
                    && let Some(around) = context.parent.and_then(|parent| all.get_mut(parent.index()))
                {
                    *around = false;
                }
            }
            all
        });
        all.get(level.index()).copied().unwrap_or(true)
    }

    /// How an `upstream` block shares requests out, read once for all endpoints that name it.
    pub fn balancing(&self, block: ContextId) -> Option<&Balancing<'s>> {
        self.balancing.get(block, || Balancing::of(self.configuration, block))
    }

    /// The line that makes an endpoint's upstream keep connections: `keepalive`, or the block itself since nginx 1.29.7.
    pub fn keepalive(&self, endpoint: &Endpoint<'_>) -> Option<Directive<'s>> {
        let configuration = self.configuration;
        let block = endpoint.block?;
        match configuration.named(block, DirectiveName::KEEPALIVE).next() {
            Some(keepalive) => (keepalive.argument(0).as_deref() != Some(b"0")).then_some(keepalive),
            None if self.versions.all_since(HTTP11_BY_DEFAULT) => configuration.opener(block),
            None => None,
        }
    }

    /// Whether the upstream of any endpoint of an `http` keeps connections.
    pub fn keeps_connections(&self, http: Option<ContextId>) -> bool {
        let kept = self.kept.get_or_init(|| {
            let keeping = self.endpoints.iter().filter(|endpoint| self.keepalive(endpoint).is_some());
            keeping
                .map(|endpoint| self.configuration.enclosing(endpoint.context, ContextKind::Http))
                .collect()
        });
        kept.contains(&http)
    }

    /// Evaluates for a request that ends in `context`.
    pub fn evaluator<'a>(&'a self, request: &'a dyn Request, context: ContextId) -> Evaluator<'a, 's> {
        Evaluator::new(self.configuration, &self.variables, request, context)
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

    /// The `location` line around a context, or of it.
    pub(crate) fn location_of(&self, context: ContextId) -> Option<Directive<'s>> {
        self.configuration.opener(self.configuration.enclosing(context, ContextKind::Location)?)
    }

    /// The variable, with its `$`, of a map that makes `Connection` right for every browser's handshake that comes to a
    /// context, and surely asks for no upgrade with any other request: any map will do, under whatever name, in the `http`
    /// that the context belongs to, unless a regex runs when it is read: what it captures takes the place of what `$1`
    /// stood for.
    pub fn connection_variable(&self, context: ContextId) -> Option<String> {
        let http = self.configuration.enclosing(context, ContextKind::Http)?;
        let known = self.connection_variables.get(http, || self.find_connection_variables(http))?;
        // A `set` of the server or the location may say otherwise.
        known.iter().find(|name| self.is_right_for_connection(context, name.as_bytes())).cloned()
    }

    fn find_connection_variables(&self, http: ContextId) -> Vec<String> {
        let configuration = self.configuration;
        let all = configuration.levels(http).flat_map(|level| configuration.children(level));
        let names = all.filter_map(|&map| {
            let opener =
                configuration.opener(map).filter(|_| configuration.context(map).kind == ContextKind::Map)?;
            let name = opener.argument(1)?;
            let is_right = !self.may_run_regex(&name) && self.is_right_for_connection(http, &name);
            is_right.then(|| lossy(&name).into_owned())
        });
        names.collect()
    }

    fn is_right_for_connection(&self, context: ContextId, name: &[u8]) -> bool {
        let says_upgrade = |value: &[u8]| has_token(value, "upgrade");
        let is_right = Browser::ALL.iter().all(|&browser| {
            self.evaluator(&HandshakeRequest(browser), context).value(name).surely(says_upgrade)
        });
        let of_others = || self.evaluator(&AnyOrdinaryRequest, context).value(name);
        is_right && of_others().surely(|value| !says_upgrade(value))
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

    /// The locations that serve paths of which the user says that they carry no WebSockets.
    fn denied_by_path(&self, hints: &Hints) -> BTreeSet<ContextId> {
        let paths = hints.not_websocket.iter().filter_map(|path| normalize_path(path.as_bytes()));
        let servers: Vec<ContextId> = self.configuration.of_kind(ContextKind::Server).collect();
        paths
            .flat_map(|path| servers.iter().map(move |&server| (server, path.clone())).collect::<Vec<_>>())
            .filter_map(|(server, path)| match self.locations.select(server, &path) {
                Selection::Location(location) => Some(location),
                _ => None,
            })
            .collect()
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
            let (level, _) = endpoint.handshake?.lost?;
            Some((level, endpoint.target.host.clone(), endpoint.target.port))
        })
        .collect();
    for endpoint in candidates {
        let Some((level, at)) = endpoint.handshake.and_then(|handshake| handshake.lost) else { continue };
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
