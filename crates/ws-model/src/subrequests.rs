//! Locations that nginx asks on its own account, for `auth_request`, `mirror` and the like.

use std::collections::{BTreeMap, BTreeSet};

use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, Effective, Effort, Ending, LocationName, Modifier,
    Pass, PassModule, Selection, Step, Value, Way, catalogue, effective, has_variables,
};

use crate::browser::{AnyOrdinaryRequest, Browser, has_token};
use crate::endpoint::Endpoint;
use crate::evidence::EvidenceKind;
use crate::handshake::{Handshake, Header, Line, LineValues};
use crate::model::Model;

/// The directives that lead a request of a client to another location of its server.
const LEADING: [&str; 4] = ["rewrite", "try_files", "error_page", "index"];

/// Modules of nginx that may send a request on to any location, by a program of the author's.
const PROGRAMS: [&str; 3] = ["js_content", "perl", "random_index"];

/// Those whose first word nginx asks for in a subrequest (`http/modules/ngx_http_auth_request_module.c`,
/// `ngx_http_mirror_module.c`, `ngx_http_addition_filter_module.c`).
const ASKING: [&str; 4] = ["auth_request", "mirror", "add_before_body", "add_after_body"];

/// What leads requests to the locations of each server, and what asks them.
#[derive(Debug, Default)]
pub(crate) struct Paths<'s> {
    /// [`LEADING`], by server; those of `http` under `None`.
    leading: BTreeMap<Option<ContextId>, Vec<Directive<'s>>>,
    /// [`ASKING`], likewise.
    asking: BTreeMap<Option<ContextId>, Vec<Directive<'s>>>,
    /// The locations whose back ends may send requests on, by server.
    answers: BTreeMap<Option<ContextId>, Vec<Option<ContextId>>>,
    /// The servers with programs that may do so; `None` stands for all of them.
    programs: BTreeSet<Option<ContextId>>,
    /// The servers that may hold more of them, in files that were not given; `None` stands for all of them.
    open: BTreeSet<Option<ContextId>>,
}

/// What the subrequests of a server reach.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The locations that a subrequest surely may end in.
    locations: BTreeSet<ContextId>,
    /// Those that an `error_page` in effect there may send it on to, and so on: what the back end answers, or whether it
    /// answers at all, nobody can say.
    on_errors: BTreeSet<ContextId>,
    /// Whether one of them goes where nobody can say: by a variable, or because a back end says so in
    /// `X-Accel-Redirect`.
    is_astray: bool,
}

/// What an upgrade needs, as far as the request of a location may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carried {
    /// An `Upgrade` field.
    pub upgrade: bool,
    /// `upgrade` in `Connection`.
    pub connection: bool,
    /// HTTP/1.1.
    pub version: bool,
}

/// What the requests of a location carry of an upgrade, by what the client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CarriedBy {
    /// The handshakes of browsers.
    pub handshakes: Carried,
    /// Requests that ask for no upgrade.
    pub others: Carried,
}

impl CarriedBy {
    /// What either of two has.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { handshakes: self.handshakes.or(other.handshakes), others: self.others.or(other.others) }
    }
}

impl Carried {
    /// What either of two has.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            upgrade: self.upgrade || other.upgrade,
            connection: self.connection || other.connection,
            version: self.version || other.version,
        }
    }

    /// Whether this is more of an upgrade than the other.
    pub fn exceeds(self, other: Self) -> bool {
        let is_whole = |it: Self| it.upgrade && it.connection && it.version;
        self.upgrade && !other.upgrade
            || self.connection && !other.connection
            || is_whole(self) && !is_whole(other)
    }
}

impl<'s> Model<'s> {
    /// Whether clients do not come to the location of a context: it is `internal`, and no line of its server leads to it.
    pub fn is_closed_to_clients(&self, context: ContextId) -> bool {
        let configuration = self.configuration;
        let Some(location) = configuration.enclosing(context, ContextKind::Location) else { return false };
        let name = configuration.opener(location).and_then(|opener| LocationName::of(&opener));
        let is_internal = configuration.named(location, DirectiveName::INTERNAL).next().is_some();
        let Some(name) = name.filter(|_| is_internal) else { return false };
        let is_plain = !matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex);
        // With variables and with regexes, which path it is shows at run time only.
        let leads = |line: &Directive<'_>| {
            let mut words = line.arguments().filter(|word| word.starts_with(b"/") || word.contains(&b'$'));
            words.any(|word| {
                let fixed = word.iter().position(|byte| *byte == b'$').and_then(|at| word.get(..at));
                !is_plain
                    || word.starts_with(&name.name)
                    || fixed.is_some_and(|fixed| name.name.starts_with(fixed))
            })
        };
        !of_server(&self.paths().leading, configuration.enclosing(context, ContextKind::Server)).any(leads)
    }

    /// Whether clients surely do not come to the location of a context, whatever back ends answer: one that says
    /// `X-Accel-Redirect` sends the client's request on to any location of its server, be it `internal`
    /// (`http/ngx_http_upstream.c:ngx_http_upstream_process_headers`), and so may programs in nginx and modules that are
    /// not its own.
    pub fn is_surely_closed_to_clients(&self, context: ContextId) -> bool {
        let configuration = self.configuration;
        let Some(location) = configuration.enclosing(context, ContextKind::Location) else { return false };
        let server = configuration.enclosing(context, ContextKind::Server);
        let name = configuration.opener(location).and_then(|opener| LocationName::of(&opener));
        // Which files an index or a directory has, nobody can say.
        let is_plain = name.is_some_and(|name| {
            !matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex | Modifier::Named)
        });
        let mut answers = self.paths().answers.get(&server).into_iter().flatten();
        let has_program = self.may_run_program(server);
        is_plain
            && self.is_closed_to_clients(context)
            && !self.is_server_open(context)
            && !answers.any(|other| *other != Some(location))
            && !has_program
    }

    /// Whether a program in nginx or a module that is not its own may send requests of a server to any of its locations.
    pub(crate) fn may_run_program(&self, server: impl Into<Option<ContextId>>) -> bool {
        [None, server.into()].iter().any(|level| self.paths().programs.contains(level))
    }

    /// Whether an answer to what is passed on in a context may send the request on.
    fn is_obeyed(&self, context: ContextId, module: PassModule) -> bool {
        let Some(name) = ignoring(module) else { return false };
        match effective(self.configuration, context, catalogue::lookup(name.as_bytes())) {
            Effective::Set(set) => {
                let mut words = set.directives.iter().flat_map(Directive::arguments);
                !words.any(|word| word.eq_ignore_ascii_case(b"X-Accel-Redirect"))
            }
            Effective::Default { .. } | Effective::Unknown(_) => true,
        }
    }

    /// Whether `auth_request`, `mirror` or the like surely may ask for the location of a context, clients too or not.
    pub(crate) fn is_asked(&self, context: ContextId) -> bool {
        let configuration = self.configuration;
        let location = configuration.enclosing(context, ContextKind::Location);
        let server = configuration.enclosing(context, ContextKind::Server);
        location
            .zip(server)
            .is_some_and(|(at, server)| self.asked(server).is_some_and(|asked| asked.locations.contains(&at)))
    }

    /// Whether nobody but `auth_request`, `mirror` or the like asks for the location of a context: a 101 would end what
    /// it is asked for (`http/ngx_http_upstream.c:ngx_http_upstream_upgrade`).
    pub fn is_for_subrequests(&self, context: ContextId) -> bool {
        self.is_closed_to_clients(context) && self.is_asked(context)
    }

    /// Whether a subrequest may ask for the location of a context, in doubt too: where a file that was not given may
    /// hold an `auth_request`, a location counts that no client reaches, and one of which only inherited handshake lines
    /// say that it carries WebSockets.
    pub fn may_be_asked(&self, context: ContextId) -> bool {
        let configuration = self.configuration;
        let Some(location) = configuration.enclosing(context, ContextKind::Location) else { return false };
        let Some(server) = configuration.enclosing(context, ContextKind::Server) else { return false };
        let Some(asked) = self.asked(server) else { return false };
        if asked.is_astray || asked.locations.contains(&location) || asked.on_errors.contains(&location) {
            return true;
        }
        self.is_server_open(context)
            && (self.is_closed_to_clients(context) || self.is_endpoint_by_inheritance(context))
    }

    /// Whether a file that was not given may hold lines of the server of a context, which lead or ask elsewhere.
    pub fn is_server_open(&self, context: ContextId) -> bool {
        let server = self.configuration.enclosing(context, ContextKind::Server);
        [None, server].iter().any(|level| self.paths().open.contains(level))
    }

    /// What the requests of each location carry of an upgrade, for those that WebSockets or subrequests come to.
    pub fn carried(&self) -> BTreeMap<ContextId, CarriedBy> {
        let mut carried: BTreeMap<ContextId, CarriedBy> = BTreeMap::new();
        let mut add = |context: ContextId, handshake: &Handshake<'_>| {
            let known = carried.entry(context).or_default();
            *known = known.or(self.carried_by(context, handshake));
        };
        let values = LineValues::default();
        for endpoint in &self.endpoints {
            if let Some(handshake) = self.handshake_with(endpoint, &values) {
                add(endpoint.context, &handshake);
            }
        }
        for (context, pass) in &self.passes {
            let is_known = || self.endpoint_of(*context).is_some();
            if pass.module == PassModule::Proxy && !is_known() && self.may_be_asked(*context) {
                add(*context, &Handshake::new(self.configuration, &self.variables, *context, &values));
            }
        }
        carried
    }

    fn carried_by(&self, context: ContextId, handshake: &Handshake<'_>) -> CarriedBy {
        let is_http10 = handshake.version.written.as_deref() == Some("1.0")
            || handshake.sends_http10_by_default(self.versions);
        let evaluator = self.evaluator(&AnyOrdinaryRequest, context);
        let by = |values: &dyn Fn(&Line<'_>) -> Vec<Value>| {
            let may = |header: &Header<'_>, asks: fn(&[u8]) -> bool| {
                let mut values = header.lines.iter().flat_map(values);
                header.source.is_unknown() || values.any(|value| !value.surely(|value| !asks(value)))
            };
            Carried {
                upgrade: may(&handshake.upgrade, |value| !value.is_empty()),
                connection: may(&handshake.connection, |value| has_token(value, "upgrade")),
                version: !is_http10,
            }
        };
        CarriedBy {
            handshakes: by(&|line| Browser::ALL.map(|browser| line.value(browser).clone()).to_vec()),
            others: by(&|line| vec![evaluator.value(&line.written)]),
        }
    }

    fn endpoint_of(&self, context: ContextId) -> Option<&Endpoint<'s>> {
        let at = self.endpoints.binary_search_by_key(&context, |endpoint| endpoint.context).ok()?;
        self.endpoints.get(at)
    }

    /// Whether nothing but handshake lines of an outer level makes it an endpoint.
    fn is_endpoint_by_inheritance(&self, context: ContextId) -> bool {
        self.endpoint_of(context).is_some_and(|endpoint| {
            let is_own = endpoint.handshake.is_none_or(|handshake| handshake.is_here);
            !is_own
                && !endpoint.is_catch_all()
                && endpoint
                    .evidence
                    .iter()
                    .all(|evidence| evidence.kind == EvidenceKind::Configured && !evidence.is_about_path)
        })
    }

    fn asked(&self, server: ContextId) -> Option<&Asked> {
        self.asked.get(server, || self.find_asked(server))
    }

    fn find_asked(&self, server: ContextId) -> Asked {
        let effort = Effort::whole(&self.variables);
        let mut asked = Asked::default();
        for uri in of_server(&self.paths().asking, Some(server)).filter_map(|line| line.argument(0)) {
            // `auth_request off`
            if !uri.starts_with(b"/") {
                continue;
            }
            for way in &self.subrequest(server, "/", &uri, &effort).ways {
                asked.locations.extend(locations_on(way));
                asked.locations.extend(self.ends_in(way));
                asked.is_astray |= matches!(way.ending, Ending::CannotSay(_));
            }
        }
        self.follow_errors(server, &mut asked, &effort);
        let reached = asked.locations.iter().chain(&asked.on_errors).flat_map(|&at| self.blocks_of(at));
        asked.is_astray |= reached.into_iter().any(|context| {
            let pass = Pass::directly_in(self.configuration, context);
            pass.is_some_and(|pass| self.is_obeyed(context, pass.module))
        });
        asked
    }

    /// Adds where `error_page` may send what is asked. nginx obeys it in subrequests too
    /// (`http/ngx_http_special_response.c:ngx_http_special_response_handler`): for what it answers by itself, a back end
    /// that is down among them, and with `proxy_intercept_errors` for any status of the back end.
    fn follow_errors(&self, server: ContextId, asked: &mut Asked, effort: &Effort) {
        let mut open: Vec<ContextId> = asked.locations.iter().copied().collect();
        while let Some(location) = open.pop() {
            for line in self.error_pages(location) {
                let Some(target) = line.arguments().last() else { continue };
                let (found, is_astray) = self.on_error(server, &target, effort);
                asked.is_astray |= is_astray;
                for location in found {
                    if !asked.locations.contains(&location) && asked.on_errors.insert(location) {
                        open.push(location);
                    }
                }
            }
        }
    }

    /// The lines in effect in a location, and those of the `if` and `limit_except` blocks in it.
    fn error_pages(&self, location: ContextId) -> Vec<Directive<'s>> {
        let configuration = self.configuration;
        let mut lines = match effective(configuration, location, DirectiveName::ERROR_PAGE) {
            Effective::Set(set) => set.directives,
            Effective::Default { .. } | Effective::Unknown(_) => Vec::new(),
        };
        for block in self.blocks_of(location).into_iter().skip(1) {
            lines.extend(configuration.named(block, DirectiveName::ERROR_PAGE));
        }
        lines
    }

    /// A location, then the `if` and `limit_except` blocks in it, however deep.
    fn blocks_of(&self, location: ContextId) -> Vec<ContextId> {
        let configuration = self.configuration;
        let mut all = vec![location];
        let mut at = 0;
        while let Some(&context) = all.get(at) {
            let children = configuration.children(context).iter().copied();
            all.extend(children.filter(|&child| configuration.context(child).kind != ContextKind::Location));
            at += 1;
        }
        all
    }

    /// The locations that the target of an `error_page` leads to, and whether it leads where nobody can say.
    fn on_error(&self, server: ContextId, target: &[u8], effort: &Effort) -> (BTreeSet<ContextId>, bool) {
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        let mut found = BTreeSet::new();
        if target.starts_with(b"@") {
            let configuration = self.configuration;
            let is_it = |child: &ContextId| {
                let name = configuration.opener(*child).and_then(|opener| LocationName::of(&opener));
                name.is_some_and(|name| name.modifier == Modifier::Named && name.name == target)
            };
            found.extend(configuration.children(server).iter().copied().filter(is_it));
            // Where that one sends it is not followed.
            let leads_on = |location: &ContextId| {
                self.blocks_of(*location).into_iter().any(|block| {
                    let mut lines = configuration.directives(block);
                    lines.any(|line| ["rewrite", "try_files"].contains(&line.name().as_str()))
                })
            };
            let is_astray = has_variables(target) || found.iter().any(leads_on);
            return (found, is_astray);
        }
        if has_variables(path) {
            // A URL is the client's business.
            let is_url = path.starts_with(b"http://") || path.starts_with(b"https://");
            return (found, !is_url);
        }
        let mut is_astray = false;
        if path.starts_with(b"/") {
            for way in &self.subrequest(server, "/", path, effort).ways {
                found.extend(locations_on(way));
                found.extend(self.ends_in(way));
                is_astray |= matches!(way.ending, Ending::CannotSay(_));
            }
        }
        (found, is_astray)
    }

    fn ends_in(&self, way: &Way<'_>) -> Option<ContextId> {
        let Ending::Passed(passed) = &way.ending else { return None };
        self.configuration.enclosing(passed.context, ContextKind::Location)
    }

    fn paths(&self) -> &Paths<'s> {
        self.request_paths.get_or_init(|| {
            let configuration = self.configuration;
            let asking = ASKING.map(|name| catalogue::lookup(name.as_bytes()));
            let leading = LEADING.map(|name| catalogue::lookup(name.as_bytes()));
            let programs = PROGRAMS.map(|name| catalogue::lookup(name.as_bytes()));
            let mut paths = Paths::default();
            for (id, context) in configuration.contexts() {
                let server = configuration.enclosing(id, ContextKind::Server);
                let is_http = server.is_some() || context.kind == ContextKind::Http;
                if is_http && context.unseen().next().is_some() {
                    paths.open.insert(server);
                }
                for line in configuration.directives(id) {
                    if leading.contains(&line.name()) {
                        paths.leading.entry(server).or_default().push(line);
                    } else if asking.contains(&line.name()) {
                        paths.asking.entry(server).or_default().push(line);
                    }
                    let is_program = line.name().rows().is_empty() || programs.contains(&line.name());
                    if is_http && is_program && !context.kind.has_entries() {
                        paths.programs.insert(server);
                    }
                }
            }
            for (context, pass) in &self.passes {
                if self.is_obeyed(*context, pass.module) {
                    let server = configuration.enclosing(*context, ContextKind::Server);
                    let location = configuration.enclosing(*context, ContextKind::Location);
                    paths.answers.entry(server).or_default().push(location);
                }
            }
            paths
        })
    }
}

/// What keeps a module from obeying header fields of the answer; `None` for one whose answers have none.
fn ignoring(module: PassModule) -> Option<&'static str> {
    Some(match module {
        PassModule::Proxy => "proxy_ignore_headers",
        PassModule::Fastcgi => "fastcgi_ignore_headers",
        PassModule::Uwsgi => "uwsgi_ignore_headers",
        PassModule::Scgi => "scgi_ignore_headers",
        PassModule::Grpc => "grpc_ignore_headers",
        PassModule::Memcached => return None,
    })
}

/// The lines of a server and those around it.
fn of_server<'p, 's>(
    lines: &'p BTreeMap<Option<ContextId>, Vec<Directive<'s>>>,
    server: Option<ContextId>,
) -> impl Iterator<Item = &'p Directive<'s>> {
    let own = server.is_some().then(|| lines.get(&server)).flatten();
    lines.get(&None).into_iter().chain(own).flatten()
}

/// Every location that is found on a way.
fn locations_on(way: &Way<'_>) -> impl Iterator<Item = ContextId> {
    way.steps.iter().filter_map(|step| match step {
        Step::Selected { selection: Selection::Location(location), .. } | Step::Named(location) => {
            Some(*location)
        }
        _ => None,
    })
}
