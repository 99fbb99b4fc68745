//! Follows one request and writes down what happens, for people and programs.
//!
//! What nginx does is known to `nginx-semantics`, what a back end makes of it to `ws-model`; here are the words.

mod after;
mod besides;
mod choice;
mod possible;
mod query;
mod sent;
mod way;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use lint_finding::{FileId, Finding, Prospect, RuleMeta, Severity, Trace, TraceRun, TracedRequest};
use nginx_semantics::budgets::ADDRESSES;
use nginx_semantics::{
    CHANGES, ClientRequest, Configuration, ContextId, ContextKind, Effort, Files, Loaded, NginxVersion,
    Scope, Socket, SourceFile, VersionRange, listens, load, server_names,
};
use nginx_syntax::Span;
use ws_model::layers::Layer;
use ws_model::{Endpoint, Model, is_open, local_address, open_sockets, sockets_for};
use ws_rules::{Findings, visit};

use crate::gather::Gathered;
use crate::on_disk::OnDisk;
use crate::settings::{SettingsFiles, Told};
use crate::{
    Finishing, Settings, Task, as_set, finish_with, hints, layers_of, notices, of_layout, rules, silenced,
};

pub use query::Query;
pub use ws_model::{Url, UrlError};

/// Follows a request through what the arguments mean.
pub fn trace(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    query: &Query,
) -> Trace {
    trace_with_layers(files, arguments, scope, settings, query).0
}

/// The same with the proxies in front that settings name.
pub(crate) fn trace_with_layers(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    query: &Query,
) -> (Trace, Vec<Layer>) {
    let found = SettingsFiles::new(files, scope, &settings.config);
    let given = (arguments, scope);
    let (arguments, scope) = as_set(files, arguments, scope, &found);
    let loaded = load(files, &arguments, &scope);
    let task = Task { loaded: &loaded, settings, found: &found, scope: &scope, arguments: &arguments };
    let mut trace = follow(&task, query);
    let reload = |arguments: &[PathBuf], scope: &Scope| load(files, arguments, scope);
    silenced::account(&mut trace.outcome, &task, given, reload, |task| follow(task, query).outcome);
    if let Some(on_disk) = OnDisk::of(&loaded) {
        on_disk.trace(&mut trace);
    }
    (trace, layers_of(&task))
}

/// A request on its way through one `http` block of one version.
struct Follow<'a, 's> {
    query: &'a Query,
    request: Arc<ClientRequest>,
    model: &'a Model<'s>,
    http: ContextId,
    version: NginxVersion,
    effort: &'a Effort,
}

impl<'s> Follow<'_, 's> {
    fn configuration(&self) -> Configuration<'s> {
        self.model.configuration
    }
}

/// What becomes of the request in one run, with the contexts that it came through.
struct Followed {
    run: TraceRun,
    visited: Vec<ContextId>,
    /// Whether a name of the server is the reason that it takes the request.
    is_named: bool,
}

fn follow(task: &Task<'_>, query: &Query) -> Trace {
    let &Task { loaded, settings, found, scope, .. } = task;
    let request = query.request();
    let mut gathered = Gathered::default();
    notices::of_skipped(loaded, &mut gathered);
    let (mut followed, mut elsewhere) = (Vec::new(), Vec::new());
    // What refuses main files in which no server takes the request.
    let mut refused = Vec::new();
    let mut streams = Vec::new();
    let mut meeting = Meeting::Sure;
    for layout in &loaded.layouts {
        let mut settings = of_layout(loaded, layout, settings, found);
        if !query.is_plain {
            let named = match &query.via {
                None => query.url.text.clone(),
                // It is not the socket that others get to.
                Some(_) => query.path().to_owned(),
            };
            settings.websocket_paths.push(named);
        }
        let configuration = Configuration::new(&loaded.sources, layout);
        let mut model = Model::without_endpoints(configuration, &hints(&settings));
        notices::of_includes(configuration, &mut gathered);
        streams.extend(choice::streams(configuration, query));
        let mut of_layout: Vec<(Vec<Followed>, Vec<ContextId>)> = Vec::new();
        for http in configuration.of_kind(ContextKind::Http) {
            let sockets = open_sockets(configuration, http);
            elsewhere.extend(sockets.iter().map(|socket| socket.address.to_string()));
            let chosen = sockets_for(&sockets, query.asked());
            if is_open(&chosen, query.asked()) {
                let has_all = chosen.iter().any(|socket| socket.address.is_wildcard());
                meeting = if has_all { Meeting::OneOf } else { Meeting::Perhaps };
            }
            let beyond = chosen.get(ADDRESSES).and_then(|socket| socket.listens.first()?.directive);
            if let Some(line) = beyond {
                notices::of_addresses(configuration, &line, chosen.len(), &mut gathered);
            }
            let chosen = chosen.into_iter().take(ADDRESSES);
            let all: Vec<Followed> =
                chosen.flat_map(|socket| versions(&model, http, socket, &sockets, query, &request)).collect();
            if all.is_empty() {
                continue;
            }
            let visited: Vec<ContextId> = all.iter().flat_map(|one| one.visited.iter().copied()).collect();
            of_layout.push((all, visited));
        }
        // What other paths come to is no question here.
        notices::of_ways(&model, &mut gathered);
        // Whose endpoints are looked for shows only now: those of other servers are on nobody's way.
        let visited = of_layout.iter().flat_map(|(_, visited)| visited);
        let servers = visited.filter_map(|&context| configuration.enclosing(context, ContextKind::Server));
        model.find_endpoints_of(servers.collect());
        if of_layout.is_empty() {
            let mut refusals = on_the_way(loaded, &model, &[], query.path(), &settings, found);
            refusals.retain(Finding::is_refusal);
            refused.push((refusals, settings.clone()));
        }
        for (all, visited) in of_layout {
            let findings = on_the_way(loaded, &model, &visited, query.path(), &settings, found);
            followed.push((all, findings, settings.clone()));
        }
    }
    // Of several roots those count where a server has the name.
    let is_named = |all: &[Followed]| all.iter().any(|one| one.is_named);
    if followed.iter().any(|(all, ..)| is_named(all)) {
        followed.retain(|(all, ..)| is_named(all));
    }
    let mut runs = Vec::new();
    let mut is_refused = false;
    for (all, findings, settings) in followed {
        is_refused |= findings.iter().any(Finding::is_refusal);
        gathered.findings(findings, &Told::new(&settings, &loaded.sources, found));
        runs.extend(merged(all.into_iter().map(|one| one.run).collect()));
    }
    if runs.is_empty() {
        for (findings, settings) in refused {
            is_refused |= !findings.is_empty();
            gathered.findings(findings, &Told::new(&settings, &loaded.sources, found));
        }
    }
    let problem = runs.is_empty().then(|| choice::no_socket(query, elsewhere, &streams));
    // Rules saw what is on the way alone.
    let ran = |_: &SourceFile, _: &RuleMeta| false;
    let finishing = Finishing { loaded, settings, found, scope, unused: BTreeMap::new() };
    let outcome = finish_with(&finishing, gathered, loaded.judged.len(), ran);
    let prospects = runs.iter().map(|run| run.handshake);
    let handshake = match whole(prospects, meeting, query) {
        Prospect::NotAsked => Prospect::NotAsked,
        _ if is_refused => Prospect::Fails,
        handshake => handshake,
    };
    Trace {
        request: traced(query, &request),
        problem,
        handshake,
        is_refused,
        runs,
        verify: query.curl(),
        outcome,
    }
}

/// Whether the sockets that are followed are those that the request comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meeting {
    /// It may come to each of them.
    Sure,
    /// It comes to one of them, and what a name is resolved to says to which.
    OneOf,
    /// It comes to one of them or to none.
    Perhaps,
}

/// It cannot where it cannot in one of the runs.
fn whole(prospects: impl Iterator<Item = Prospect>, meeting: Meeting, query: &Query) -> Prospect {
    if query.is_plain {
        return Prospect::NotAsked;
    }
    let all: Vec<Prospect> = prospects.collect();
    let is_same = |one: Prospect| all.iter().all(|other| *other == one);
    match meeting {
        Meeting::Sure => {}
        _ if is_same(Prospect::Fails) => {}
        Meeting::OneOf if is_same(Prospect::Succeeds) => {}
        Meeting::OneOf | Meeting::Perhaps => return Prospect::Unknown,
    }
    if all.contains(&Prospect::Fails) {
        Prospect::Fails
    } else if all.is_empty() || all.contains(&Prospect::Unknown) {
        Prospect::Unknown
    } else {
        Prospect::Succeeds
    }
}

fn traced(query: &Query, request: &ClientRequest) -> TracedRequest {
    let lossy = |bytes: &[u8]| nginx_syntax::lossy(bytes).into_owned();
    TracedRequest {
        url: query.url.text.clone(),
        is_handshake: !query.is_plain,
        line: format!("{} {} HTTP/1.1", request.method, lossy(&request.target)),
        headers: request.headers.iter().map(|(name, value)| (name.clone(), lossy(value))).collect(),
        client: query.client.map(|client| client.to_string()),
    }
}

/// The parts of a range within which every nginx does the same with the same configuration.
fn parts(range: VersionRange) -> Vec<VersionRange> {
    let mut starts = vec![range.min];
    starts.extend(CHANGES.into_iter().filter(|&version| range.min < version && version <= range.max));
    let ends = starts.iter().skip(1).map(|&next| Some(next)).chain([None]);
    starts
        .iter()
        .zip(ends)
        .map(|(&min, next)| VersionRange { min, max: next.map_or(range.max, before) })
        .collect()
}

/// The release before one, in words at least: 1.29.6 before 1.29.7, 1.22.x before 1.23.0.
fn before(version: NginxVersion) -> NginxVersion {
    match version.patch {
        0 => NginxVersion::new(version.major, version.minor.saturating_sub(1), NginxVersion::ANY_PATCH),
        patch => NginxVersion::new(version.major, version.minor, patch - 1),
    }
}

/// The runs of one socket, neighbours that do the same taken together.
fn versions<'s>(
    model: &Model<'s>,
    http: ContextId,
    socket: &Socket<'s>,
    sockets: &[Socket<'s>],
    query: &Query,
    request: &ClientRequest,
) -> Vec<Followed> {
    let mut all: Vec<(VersionRange, Followed)> = Vec::new();
    for part in parts(model.versions) {
        let mut request = request.clone();
        request.local = local_address(socket, query.asked());
        let effort = Effort::whole(&model.variables);
        let follow =
            Follow { query, request: Arc::new(request), model, http, version: part.max, effort: &effort };
        let followed = follow.through(socket, sockets);
        match all.last_mut() {
            Some((range, same)) if same.run == followed.run => range.max = part.max,
            _ => all.push((part, followed)),
        }
    }
    for (range, followed) in &mut all {
        followed.run.versions = match range.min == range.max {
            true => range.min.to_string(),
            false => format!("{} to {}", range.min, range.max),
        };
    }
    all.into_iter().map(|(_, followed)| followed).collect()
}

/// Sockets that lead to the same are one: `*:443` and `[::]:443` stand side by side in most configurations.
fn merged(runs: Vec<TraceRun>) -> Vec<TraceRun> {
    let mut all: Vec<TraceRun> = Vec::new();
    for run in runs {
        let is_same = |other: &&mut TraceRun| {
            other.versions == run.versions
                && other.ways == run.ways
                && other.steps.get(1..) == run.steps.get(1..)
        };
        match all.iter_mut().find(is_same) {
            Some(same) => same.listen = format!("{}, {}", same.listen, run.listen),
            None => all.push(run),
        }
    }
    all
}

/// The locations that the request comes to, and their servers.
struct OnTheWay {
    /// The path of the request.
    path: String,
    /// What people call the servers that it comes to.
    servers: HashSet<String>,
    /// The endpoints among them, by the names of server and location: another server may have one of the same names.
    endpoints: HashSet<(String, String)>,
    /// By file: where their lines are.
    lines: HashMap<FileId, Vec<Span>>,
    /// The same of endpoints of the same names that the request does not come to.
    others: HashMap<FileId, Vec<Span>>,
}

impl OnTheWay {
    fn new(model: &Model<'_>, visited: &[ContextId], path: &str) -> Self {
        let configuration = model.configuration;
        let is_location = |id: ContextId| configuration.context(id).kind.is_location_like();
        let mut contexts: HashSet<ContextId> = HashSet::new();
        for &context in visited {
            contexts.extend(configuration.levels(context).filter(|&level| is_location(level)));
        }
        let endpoints = model.endpoints.iter().filter(|endpoint| contexts.contains(&endpoint.context));
        let endpoints: HashSet<(String, String)> =
            endpoints.map(|endpoint| (endpoint.server_name(), endpoint.location_text())).collect();
        let is_other = |endpoint: &&Endpoint<'_>| {
            !contexts.contains(&endpoint.context)
                && endpoints.contains(&(endpoint.server_name(), endpoint.location_text()))
        };
        let others = model.endpoints.iter().filter(is_other).flat_map(|endpoint| {
            let levels = configuration.levels(endpoint.context);
            levels.take_while(|&level| configuration.context(level).kind != ContextKind::Http)
        });
        let others = lines_of(configuration, others);
        contexts.extend(visited);
        let lines = lines_of(configuration, contexts);
        let servers =
            visited.iter().filter_map(|&context| configuration.enclosing(context, ContextKind::Server));
        let name = |server| {
            let names = server_names(configuration, server).into_iter();
            names.chain(listens(configuration, server)).next().unwrap_or_default()
        };
        let servers = servers.map(name).collect();
        Self { path: path.to_owned(), servers, endpoints, lines, others }
    }

    /// Whether a finding is about them.
    fn has(&self, finding: &Finding) -> bool {
        let place = finding.primary.place;
        let covers = |line: &Span| line.start <= place.span.start && place.span.start < line.end;
        let is_in = |lines: &HashMap<FileId, Vec<Span>>| {
            lines.get(&place.file).is_some_and(|lines| lines.iter().any(covers))
        };
        match &finding.endpoint {
            // That of a path which no endpoint serves is none.
            Some(name) if name.is_path => name.location == self.path && self.servers.contains(&name.server),
            Some(name) => {
                self.endpoints.contains(&(name.server.clone(), name.location.clone()))
                    && (is_in(&self.lines) || !is_in(&self.others))
            }
            None => is_in(&self.lines),
        }
    }
}

/// By file: where the lines of blocks are, with those that open them.
fn lines_of(
    configuration: Configuration<'_>,
    contexts: impl IntoIterator<Item = ContextId>,
) -> HashMap<FileId, Vec<Span>> {
    let mut lines: HashMap<FileId, Vec<Span>> = HashMap::new();
    for context in contexts {
        for line in configuration.directives(context).chain(configuration.opener(context)) {
            let place = line.visible().at();
            lines.entry(place.file).or_default().push(place.span);
        }
    }
    lines
}

/// The findings about the locations that the request comes to, and about their server; and those that say that nginx does
/// not start, which are asked for whatever rules are selected.
fn on_the_way(
    loaded: &Loaded,
    model: &Model<'_>,
    visited: &[ContextId],
    path: &str,
    settings: &Settings,
    settings_files: &SettingsFiles<'_>,
) -> Vec<Finding> {
    let told = Told::new(settings, &loaded.sources, settings_files);
    let way = OnTheWay::new(model, visited, path);
    let all = Settings { select: Vec::new(), ..settings.clone() };
    let mut found = Vec::new();
    visit(&rules(&all), model, None, &|_, _, more| more, &mut |more| found.extend(more));
    let files = files_of(model.configuration);
    for (id, file) in loaded.sources.iter().filter(|(id, file)| files.contains(id) && !file.is_builtin) {
        let mut of_file = Findings::default();
        rules(&all).iter().for_each(|rule| rule.file(id, file, &mut of_file));
        found.extend(of_file.into_vec());
    }
    let is_whole = model.configuration.root().is_some();
    found.retain(|finding| {
        let is_here = way.has(finding);
        (finding.is_refusal() && (is_whole || is_here))
            || (finding.severity > Severity::Pedantic && is_here && told.selects(finding))
    });
    found
}

/// The files that lines of a configuration are in.
fn files_of(configuration: Configuration<'_>) -> HashSet<FileId> {
    let openers = configuration.contexts().filter_map(|(_, context)| context.opener);
    openers.map(|line| line.file).chain(configuration.root()).collect()
}

/// What people call a server.
fn server_text(configuration: Configuration<'_>, server: ContextId) -> String {
    let names: Vec<String> =
        server_names(configuration, server).into_iter().filter(|name| !name.is_empty()).collect();
    let is_shown = |line: nginx_semantics::Directive<'_>| line.may_be_shown();
    if !configuration.named(server, nginx_semantics::DirectiveName::SERVER_NAME).all(is_shown) {
        return "(not shown)".to_owned();
    }
    match names.as_slice() {
        [] => "the server without a name".to_owned(),
        [name] => format!("`{name}`"),
        [name, more @ ..] => format!("`{name}` ({} more)", more.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_parted_where_nginx_changes() {
        let shown = |min: (u16, u16, u16), max: (u16, u16, u16)| -> Vec<String> {
            let version = |(major, minor, patch)| NginxVersion::new(major, minor, patch);
            parts(VersionRange { min: version(min), max: version(max) })
                .iter()
                .map(|part| format!("{} {}", part.min, part.max))
                .collect()
        };
        assert_eq!(shown((1, 24, 0), (1, 24, 0)), ["1.24.0 1.24.0"]);
        assert_eq!(shown((1, 31, 0), (1, 31, 99)), ["1.31.0 1.31.3", "1.31.4 1.31.x"]);
        assert_eq!(
            shown((1, 18, 0), (1, 30, 99)),
            ["1.18.0 1.22.x", "1.23.0 1.29.3", "1.29.4 1.29.6", "1.29.7 1.30.x"]
        );
    }
}
