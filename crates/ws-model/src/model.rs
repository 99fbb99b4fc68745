//! Everything that rules ask of one configuration.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use nginx_semantics::defaults::HTTP11_BY_DEFAULT;
use nginx_semantics::dispatch::{Build, Refusal, refusals};
use nginx_semantics::{
    Balancing, Configuration, ContextId, ContextKind, Directive, DirectiveName, Evaluator, Locations, Pass,
    Request, Variables, VersionRange, raised,
};
use nginx_syntax::lossy;

use crate::arrival::Arrival;
use crate::browser::{AnyOrdinaryRequest, Browser, HandshakeRequest, has_token};
use crate::candidates::{Earlier, KeptCandidates};
use crate::endpoint::Endpoint;
use crate::evidence::{Declaration, declaration};
use crate::facts::Facts;
use crate::handshake::{Handshake, LineValues};
use crate::layers::Layer;
use crate::limits::Zones;
use crate::lookup::StartupName;
use crate::named::LeadIns;
use crate::paths::LostPath;
use crate::sent::SentLines;
use crate::sockets::Sockets;
use crate::subrequests::{Asked, Paths};
use crate::summary::Summary;
use crate::url::Url;
use crate::words::ServerWords;

/// What the user says about WebSockets.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The versions to judge for, where the user names them.
    pub versions: Option<VersionRange>,
    /// Paths that carry WebSockets in every server.
    pub websocket_paths: Vec<String>,
    /// URLs that carry WebSockets, each in the server that gets it.
    pub websocket_urls: Vec<Url>,
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

impl Hints {
    /// Whether the user names any path or URL.
    pub(crate) fn names_any(&self) -> bool {
        !self.websocket_paths.is_empty() || !self.websocket_urls.is_empty()
    }
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
    /// The paths of [`Hints::not_websocket`] by which a location is no endpoint that would be one.
    pub denied_paths: BTreeSet<String>,
    /// Paths that the user names and of which nothing can be said, with the line that is in the way.
    pub unclear_paths: Vec<(String, Directive<'s>)>,
    /// Where the URLs that the user names come to.
    pub arrivals: Vec<Arrival<'s>>,
    /// The servers whose endpoints are found; `None`: those of all, and of fragments without one.
    pub(crate) looked_at: Option<BTreeSet<ContextId>>,
    /// Where the paths lead that the user insists on.
    pub(crate) insisted: BTreeSet<ContextId>,
    /// The contexts that serve what the user names.
    pub(crate) named: BTreeSet<ContextId>,
    /// What is known of all endpoints together.
    pub(crate) summary: Summary,
    /// The locations of the endpoints.
    pub(crate) endpoint_locations: BTreeSet<ContextId>,
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
    /// See [`Model::refusals`].
    pub(crate) refusals: OnceLock<Vec<Refusal>>,
    /// By server: what leads to its named locations.
    pub(crate) lead_ins: Facts<LeadIns>,
}

impl<'s> Model<'s> {
    /// Finds the endpoints.
    pub fn new(configuration: Configuration<'s>, hints: &Hints) -> Self {
        let mut this = Self::without_endpoints(configuration, hints);
        this.find_endpoints(None, false);
        this
    }

    /// The same, and what is to be kept of it for the next version. Where what was found `earlier` holds, it is not looked
    /// for again.
    pub fn again(
        configuration: Configuration<'s>,
        hints: &Hints,
        earlier: Option<&Earlier<'_>>,
    ) -> (Self, KeptCandidates) {
        let mut this = Self::without_endpoints(configuration, hints);
        let kept = this.find_endpoints(earlier, true);
        (this, kept)
    }

    /// For those who ask what becomes of requests: no endpoint is looked for until
    /// [`Model::find_endpoints_of`] says in which servers.
    pub fn without_endpoints(configuration: Configuration<'s>, hints: &Hints) -> Self {
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
        Self {
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
            denied_paths: BTreeSet::new(),
            unclear_paths: Vec::new(),
            arrivals: Vec::new(),
            looked_at: None,
            insisted: BTreeSet::new(),
            named: BTreeSet::new(),
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
            refusals: OnceLock::new(),
            lead_ins: Facts::of(configuration, ContextKind::Server),
        }
    }

    /// Finds the endpoints of some servers. Those of others are none for the rules, which visit these servers alone; what
    /// is asked of the configuration as a whole is asked of all of it.
    pub fn find_endpoints_of(&mut self, servers: BTreeSet<ContextId>) {
        self.looked_at = Some(servers);
        self.find_endpoints(None, false);
    }

    /// Whether the endpoints of the server around a context are looked for.
    pub fn is_looked_at(&self, context: ContextId) -> bool {
        self.looked_at.as_ref().is_none_or(|servers| {
            let server = self.configuration.enclosing(context, ContextKind::Server);
            server.is_some_and(|server| servers.contains(&server))
        })
    }

    /// All that an endpoint's upstream receives, made anew; `None` for modules that forward the client's header fields by
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
                if all.get(id.index()) == Some(&false) {
                    if let Some(around) = context.parent.and_then(|parent| all.get_mut(parent.index())) {
                        *around = false;
                    }
                }
            }
            all
        });
        all.get(level.index()).copied().unwrap_or(true)
    }

    /// What every nginx of these versions refuses, line by line, judged once for all who ask.
    pub fn refusals(&self) -> &[Refusal] {
        self.refusals.get_or_init(|| refusals(self.configuration, &Build::any(self.versions)))
    }

    /// Whether nginx surely refuses a line, so that it does not get to serve anything.
    pub fn is_refused(&self) -> bool {
        !self.refusals().is_empty()
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
}
