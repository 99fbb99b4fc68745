//! What the configuration says of requests that were logged: which location they came to, what ends its connections, and
//! by which formats its logs are written.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use hashbrown::HashMap;
use lint_finding::{LikelyCause, LogReport, Outcome, Place, RefusingLine, Severity};
use nginx_semantics::{
    Configuration, ContextId, ContextKind, DirectiveName, Effective, Effort, Ending, Files, ListenAddress,
    NameMatch, Scope, ServerSelection, Socket, defaults, effective, select_server, server_names,
};
use ws_logs::{Escape, LayerLimit, Location, LogFormat, Logged, NamedFormat, Resolver};
use ws_model::layers::{Layer, all as layer_presets};
use ws_model::{Answerer, Browser, Endpoint, IdleLimit, Model, handshake_request, open_sockets};
use ws_rules::symptoms::{rules_of, symptoms_of};

use crate::on_disk::OnDisk;
use crate::{Settings, Task, hints, judged, layers_of, of_layout, rows};

/// The statuses with which handshakes are refused, and that symptoms are known of.
const STATUSES: [u16; 20] =
    [200, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 421, 426, 429, 497, 500, 501, 502, 503, 504];

/// So many lines are told of one location.
const MOST_REFUSING: usize = 8;

/// So many certificates are told of one address.
const MOST_CERTIFICATES: usize = 3;

/// One `http` block.
struct Part<'m, 's> {
    model: &'m Model<'s>,
    sockets: Vec<Socket<'s>>,
    servers: Vec<ContextId>,
    /// By server: the names of the files that it logs to, without folders.
    logs: OnceCell<HashMap<ContextId, BTreeSet<String>>>,
}

/// A configuration that logged requests are looked up in.
pub struct Configured<'m, 's> {
    parts: Vec<Part<'m, 's>>,
    layers: Vec<Layer>,
    outcome: Outcome,
    on_disk: Option<OnDisk<'m>>,
    /// The lines of [`Configured::formats`].
    lines: Vec<Place>,
    formats: Vec<NamedFormat>,
    /// By number of a location: its part and context.
    known: RefCell<Vec<(usize, ContextId)>>,
    numbers: RefCell<HashMap<(usize, ContextId), usize>>,
    /// By part and context: lines by which nginx itself refuses requests that come there.
    refusing: RefCell<HashMap<(usize, ContextId), BTreeSet<RefusingLine>>>,
    /// By status: the rules that may explain it.
    explained: BTreeMap<u16, BTreeSet<&'static str>>,
}

/// Reads a configuration and looks logged requests up in it.
pub fn logs<T>(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    work: impl FnOnce(&Configured<'_, '_>) -> T,
) -> T {
    judged(files, arguments, scope, settings, (), |task, outcome, on_disk, ()| {
        let Task { loaded, settings, found, .. } = *task;
        let models: Vec<Model<'_>> = loaded
            .layouts
            .iter()
            .map(|layout| {
                let settings = of_layout(loaded, layout, settings, found);
                Model::new(Configuration::new(&loaded.sources, layout), &hints(&settings))
            })
            .collect();
        let mut configured = Configured {
            parts: Vec::new(),
            layers: layers_of(task),
            outcome,
            on_disk,
            lines: Vec::new(),
            formats: Vec::new(),
            known: RefCell::default(),
            numbers: RefCell::default(),
            refusing: RefCell::default(),
            explained: explained(),
        };
        for model in &models {
            let configuration = model.configuration;
            for http in configuration.of_kind(ContextKind::Http) {
                let children = configuration.children(http).iter().copied();
                let servers =
                    children.filter(|&child| configuration.context(child).kind == ContextKind::Server);
                let part = Part {
                    model,
                    sockets: open_sockets(configuration, http),
                    servers: servers.collect(),
                    logs: OnceCell::new(),
                };
                configured.add_formats(configuration, http);
                configured.parts.push(part);
            }
        }
        work(&configured)
    })
}

fn explained() -> BTreeMap<u16, BTreeSet<&'static str>> {
    let rules = |status: u16| {
        let symptoms = symptoms_of(&status.to_string());
        let keys = symptoms.into_iter().flat_map(|symptom| symptom.causes);
        keys.flat_map(|key| rules_of(key)).map(|rule| rule.name).collect()
    };
    STATUSES.into_iter().map(|status| (status, rules(status))).collect()
}

/// The name of a file, without folders.
fn file_name(path: &[u8]) -> String {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    nginx_syntax::lossy(name).into_owned()
}

impl<'m, 's> Configured<'m, 's> {
    /// The formats of its logs, each with the files that are written by it.
    #[must_use]
    pub fn formats(&self) -> Vec<NamedFormat> {
        self.formats.clone()
    }

    /// A report with what it says of formats and files.
    #[must_use]
    pub fn complete(&self, mut report: LogReport) -> LogReport {
        for input in &mut report.inputs {
            input.place = input.line.and_then(|line| self.lines.get(line).copied());
        }
        report.outcome = self.outcome.clone();
        report
    }

    fn place(&self, place: Place) -> Place {
        self.on_disk.as_ref().map_or(place, |on_disk| on_disk.place(place))
    }

    fn add_formats(&mut self, configuration: Configuration<'s>, http: ContextId) {
        // Those that are written by a format, by its name.
        let mut files: BTreeMap<Vec<u8>, BTreeSet<String>> = BTreeMap::new();
        let is_inside = |context: ContextId| configuration.levels(context).any(|level| level == http);
        for (context, _) in configuration.contexts().filter(|(context, _)| is_inside(*context)) {
            for line in configuration.named(context, DirectiveName::ACCESS_LOG) {
                let file = line.argument(0).unwrap_or_default();
                let format = line.argument(1).map_or_else(|| b"combined".to_vec(), |name| name.to_vec());
                files.entry(format).or_default().insert(file_name(&file));
            }
        }
        let files_of = |name: &[u8]| files.get(name).into_iter().flatten().cloned().collect();
        for line in configuration.named(http, DirectiveName::LOG_FORMAT) {
            let Some(name) = line.argument(0) else { continue };
            let mut escape = Escape::Default;
            let mut text = Vec::new();
            for word in line.arguments().skip(1) {
                match word.as_ref() {
                    b"escape=json" => escape = Escape::Json,
                    b"escape=none" => escape = Escape::None,
                    b"escape=default" => {}
                    word => text.extend_from_slice(word),
                }
            }
            let Some(format) = LogFormat::new(&text, escape) else { continue };
            let files = files_of(&name);
            let name = format!("`log_format {}`", nginx_syntax::lossy(&name));
            self.formats.push(NamedFormat { name, line: Some(self.lines.len()), files, format });
            self.lines.push(self.place(line.visible().at()));
        }
        if let Some(format) = LogFormat::combined() {
            let name = "combined".to_owned();
            self.formats.push(NamedFormat { name, line: None, files: files_of(b"combined"), format });
        }
    }

    /// The servers that may have taken a request, by what its line tells.
    fn servers(&self, request: &Logged<'_>) -> Vec<(usize, ContextId)> {
        let mut all: Vec<(usize, ContextId)> = Vec::new();
        // Those that a socket selects by the host. Where no port is logged, a request for a name is likelier to have come
        // to a socket with that name than to the default server of another.
        let mut by_name: Vec<(usize, ContextId)> = Vec::new();
        for (number, part) in self.parts.iter().enumerate() {
            let configuration = part.model.configuration;
            let first_is = |server: &ContextId, name: &str| {
                server_names(configuration, *server).first().is_some_and(|first| first == name)
            };
            let named: Vec<ContextId> = match request.server_name {
                Some(name) => part.servers.iter().copied().filter(|server| first_is(server, name)).collect(),
                None => Vec::new(),
            };
            match request.host {
                _ if !named.is_empty() => all.extend(named.into_iter().map(|server| (number, server))),
                Some(host) => {
                    // As nginx compares it: without the port, in lower case.
                    let host = match host.rsplit_once(':') {
                        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
                        _ => host,
                    };
                    let host = host.to_ascii_lowercase();
                    let may_be = |socket: &&Socket<'s>| {
                        request.port.is_none_or(|port| socket.address.port().is_none_or(|own| own == port))
                            && request.is_tls.is_none_or(|is_tls| is_tls == socket.is_tls())
                    };
                    for socket in part.sockets.iter().filter(may_be) {
                        let selected = select_server(configuration, socket, Some(&host));
                        let Some(ServerSelection::Server(server, why)) = selected else { continue };
                        let is_by_name = !matches!(why, NameMatch::Default | NameMatch::First);
                        for list in std::iter::once(&mut all).chain(is_by_name.then_some(&mut by_name)) {
                            if !list.contains(&(number, server)) {
                                list.push((number, server));
                            }
                        }
                    }
                }
                None => all.extend(part.servers.iter().map(|server| (number, *server))),
            }
        }
        if !by_name.is_empty() {
            all = by_name;
        }
        // The log tells which server wrote it, where it is not that of several.
        if all.len() > 1 {
            let writes = |&(number, server): &(usize, ContextId)| {
                let logs = self.parts.get(number).map(Part::logs).and_then(|logs| logs.get(&server));
                logs.is_some_and(|logs| logs.iter().any(|log| ws_logs::is_rotated_from(request.file, log)))
            };
            let writing: Vec<_> = all.iter().copied().filter(writes).collect();
            if !writing.is_empty() {
                return writing;
            }
        }
        all
    }

    /// The locations that a request ends in, on any way.
    fn contexts(&self, part: usize, server: ContextId, request: &Logged<'_>) -> BTreeSet<ContextId> {
        let Some(Part { model, sockets, .. }) = self.parts.get(part) else { return BTreeSet::new() };
        let names = server_names(model.configuration, server);
        let host = request.host.map(str::to_owned).or(names.into_iter().next()).unwrap_or_default();
        let own = sockets.iter().find(|socket| socket.listens.iter().any(|listen| listen.server == server));
        let is_tls = request.is_tls.unwrap_or_else(|| own.is_some_and(Socket::is_tls));
        let handshake = handshake_request(Browser::Chrome, &host, request.target, is_tls);
        let effort = Effort::whole(&model.variables);
        let handshake = Arc::new(handshake);
        let exchange =
            model.strict_exchanges(model.versions.max, &effort).run(server, Arc::clone(&handshake));
        let passed: BTreeSet<ContextId> = exchange
            .ways
            .iter()
            .filter_map(
                |way| if let Ending::Passed(passed) = &way.ending { Some(passed.context) } else { None },
            )
            .collect();
        let answered = exchange.ways.iter().filter_map(|way| match &way.ending {
            Ending::Answered(answer) => Some(answer.context),
            _ => None,
        });
        let found: BTreeSet<ContextId> = if passed.is_empty() { answered.collect() } else { passed };
        let found: BTreeSet<ContextId> =
            found.into_iter().map(|context| self.location_of(part, context)).collect();
        for verdict in exchange.ways.iter().map(|way| model.verdict(way, &handshake)) {
            let (Some(status), Some(line)) = (verdict.status, verdict.line) else { continue };
            if verdict.by != Answerer::Nginx || status == 101 {
                continue;
            }
            let line = RefusingLine { status, text: verdict.text, place: self.place(line.visible().at()) };
            let mut refusing = self.refusing.borrow_mut();
            for &context in &found {
                let lines = refusing.entry((part, context)).or_default();
                if lines.len() < MOST_REFUSING {
                    lines.insert(line.clone());
                }
            }
        }
        found
    }

    /// The endpoint that a request came to, or its location: an `if` or a `limit_except` that is no endpoint is a part of
    /// the location around it.
    fn location_of(&self, part: usize, context: ContextId) -> ContextId {
        let Some(configuration) = self.parts.get(part).map(|part| part.model.configuration) else {
            return context;
        };
        let is_part = |level: &ContextId| {
            matches!(configuration.context(*level).kind, ContextKind::If | ContextKind::LimitExcept)
                && self.endpoint(part, *level).is_none()
        };
        configuration.levels(context).find(|level| !is_part(level)).unwrap_or(context)
    }

    /// Those of all servers that speak TLS, with the address that they listen on.
    fn certificates(&self) -> impl Iterator<Item = (&ListenAddress, ContextId, Configuration<'s>)> {
        self.parts.iter().flat_map(|part| {
            let sockets = part.sockets.iter().filter(|socket| socket.is_tls());
            sockets.flat_map(|socket| {
                let servers = socket.listens.iter().map(|listen| listen.server);
                servers.map(|server| (&socket.address, server, part.model.configuration))
            })
        })
    }

    fn endpoint(&self, part: usize, context: ContextId) -> Option<&'m Endpoint<'s>> {
        let endpoints = &self.parts.get(part)?.model.endpoints;
        let at = endpoints.binary_search_by_key(&context, |endpoint| endpoint.context).ok()?;
        endpoints.get(at)
    }

    fn causes(&self, endpoint: &Endpoint<'_>) -> Vec<LikelyCause> {
        let (server, location) = (endpoint.server_name(), endpoint.location_text());
        let is_its = |name: &lint_finding::EndpointName| name.server == server && name.location == location;
        let findings = self.outcome.findings.iter().filter(|finding| {
            finding.severity > Severity::Pedantic && finding.endpoint.as_deref().is_some_and(is_its)
        });
        let mut causes: Vec<LikelyCause> = findings
            .flat_map(|finding| {
                let explains = move |rules: &BTreeSet<&'static str>| rules.contains(finding.rule.name);
                let statuses = self.explained.iter().filter(move |(_, rules)| explains(rules));
                statuses.map(|(&status, _)| LikelyCause {
                    status,
                    severity: finding.severity,
                    rule: finding.rule.name,
                    message: finding.message.clone().into_owned(),
                    place: finding.primary.place,
                })
            })
            .collect();
        causes.sort_by_key(|cause| (cause.status, std::cmp::Reverse(cause.severity)));
        causes
    }
}

impl Part<'_, '_> {
    fn logs(&self) -> &HashMap<ContextId, BTreeSet<String>> {
        self.logs.get_or_init(|| {
            let configuration = self.model.configuration;
            let mut logs: HashMap<ContextId, BTreeSet<String>> = HashMap::new();
            // A server without lines of its own writes to the files of `http`.
            for &server in &self.servers {
                let level = |level: &ContextId| {
                    configuration.named(*level, DirectiveName::ACCESS_LOG).next().is_some()
                };
                let Some(level) = configuration.levels(server).find(level) else { continue };
                let lines = configuration.named(level, DirectiveName::ACCESS_LOG);
                let files = lines.map(|line| file_name(&line.argument(0).unwrap_or_default()));
                logs.entry(server).or_default().extend(files);
            }
            for (context, _) in configuration.contexts() {
                let Some(server) = configuration.enclosing(context, ContextKind::Server) else { continue };
                for line in configuration.named(context, DirectiveName::ACCESS_LOG) {
                    let file = file_name(&line.argument(0).unwrap_or_default());
                    logs.entry(server).or_default().insert(file);
                }
            }
            logs
        })
    }
}

impl Resolver for Configured<'_, '_> {
    fn is_there(&self) -> bool {
        true
    }

    fn locate(&self, request: &Logged<'_>) -> Option<usize> {
        let servers = self.servers(request);
        let mut found: BTreeSet<(usize, ContextId)> = BTreeSet::new();
        for &(part, server) in &servers {
            found.extend(self.contexts(part, server, request).into_iter().map(|context| (part, context)));
        }
        let only =
            |all: &BTreeSet<(usize, ContextId)>| (all.len() == 1).then(|| all.first().copied()).flatten();
        let endpoints: BTreeSet<_> =
            found.iter().copied().filter(|&(part, context)| self.endpoint(part, context).is_some()).collect();
        let key = only(&found).or_else(|| only(&endpoints))?;
        Some(*self.numbers.borrow_mut().entry(key).or_insert_with(|| {
            let mut known = self.known.borrow_mut();
            known.push(key);
            known.len() - 1
        }))
    }

    fn location(&self, number: usize) -> Option<Location> {
        let (part, context) = *self.known.borrow().get(number)?;
        let model = self.parts.get(part)?.model;
        let configuration = model.configuration;
        let endpoint = self.endpoint(part, context);
        let pass = model.passes.binary_search_by_key(&context, |(context, _)| *context).ok();
        let pass = pass.and_then(|at| model.passes.get(at)).map(|(_, pass)| pass);
        let idle = match (endpoint, pass) {
            (Some(endpoint), _) => Some(endpoint.idle),
            (None, Some(pass)) => IdleLimit::new(configuration, context, pass.module),
            (None, None) => None,
        };
        let opener = configuration.opener(context);
        let pass_line = pass.map(|pass| pass.directive.visible().at());
        let server = configuration.enclosing(context, ContextKind::Server);
        let names = server.map(|server| server_names(configuration, server)).unwrap_or_default();
        let limit = idle.and_then(|idle| {
            let set = idle.source.directive().map(|line| line.visible().at());
            Some(ws_logs::IdleLimit {
                directive: idle.directive_name.as_str(),
                milliseconds: idle.milliseconds?,
                place: self.place(set.or(pass_line)?),
                is_default: set.is_none(),
            })
        });
        let http10 = endpoint.and_then(|endpoint| model.handshake(endpoint)).and_then(|handshake| {
            let version = handshake.version;
            match (version.source.directive(), version.written.as_deref()) {
                (Some(line), Some("1.0")) => Some(line.visible().at()),
                (None, _)
                    if version.source.is_default()
                        && !model.versions.any_since(defaults::HTTP11_BY_DEFAULT) =>
                {
                    pass_line
                }
                _ => None,
            }
        });
        let place = endpoint.map(Endpoint::at).or_else(|| opener.map(|line| line.visible().name_at()))?;
        let idle_timeout = idle.map(|idle| {
            let mut setting = rows::idle(&idle);
            setting.place = setting.place.map(|place| self.place(place));
            setting
        });
        let is_location = configuration.context(context).kind.is_location_like();
        let location = match endpoint {
            Some(endpoint) => endpoint.location_text(),
            None if is_location => opener.map(|opener| opener.arguments_text()).unwrap_or_default(),
            None => "(server)".to_owned(),
        };
        Some(Location {
            server: endpoint
                .map_or_else(|| names.first().cloned().unwrap_or_default(), Endpoint::server_name),
            location,
            place: self.place(place),
            is_endpoint: endpoint.is_some(),
            is_only_websocket: endpoint.is_some_and(|endpoint| !endpoint.may_serve_ordinary_requests()),
            idle: limit,
            idle_timeout,
            http10: http10.map(|place| self.place(place)),
            causes: endpoint.map(|endpoint| self.causes(endpoint)).unwrap_or_default(),
            refusing: self
                .refusing
                .borrow()
                .get(&(part, context))
                .map(|lines| lines.iter().cloned().collect())
                .unwrap_or_default(),
        })
    }

    fn layers(&self) -> Vec<LayerLimit> {
        layer_limits(&self.layers)
    }

    fn certificates_at(&self, listen: &str) -> Vec<Place> {
        let port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let is_it = |address: &ListenAddress| {
            address.to_string() == listen || port.is_some() && address.port() == port
        };
        let mut all: Vec<Place> = Vec::new();
        for (_, server, configuration) in self.certificates().filter(|(address, ..)| is_it(address)) {
            let Effective::Set(declared) = effective(configuration, server, DirectiveName::SSL_CERTIFICATE)
            else {
                continue;
            };
            for line in declared.directives {
                let place = self.place(line.visible().at());
                if all.len() < MOST_CERTIFICATES && !all.contains(&place) {
                    all.push(place);
                }
            }
        }
        all
    }

    fn certificate_of(&self, file: &str) -> Option<Place> {
        let names = [DirectiveName::SSL_CERTIFICATE, DirectiveName::SSL_CERTIFICATE_KEY];
        let is_it = |word: &[u8]| {
            // nginx completes paths by its own folder.
            let word = nginx_syntax::lossy(word);
            file == word || !word.starts_with('/') && file.ends_with(&format!("/{word}"))
        };
        self.certificates().find_map(|(_, server, configuration)| {
            names.iter().find_map(|name| {
                let Effective::Set(declared) = effective(configuration, server, *name) else { return None };
                let mut lines = declared.directives.into_iter();
                let line = lines.find(|line| line.argument(0).is_some_and(|word| is_it(&word)))?;
                Some(self.place(line.visible().at()))
            })
        })
    }
}

/// No configuration: requests are told apart by their paths.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotConfigured;

impl Resolver for NotConfigured {
    fn is_there(&self) -> bool {
        false
    }

    fn locate(&self, _request: &Logged<'_>) -> Option<usize> {
        None
    }

    fn location(&self, _number: usize) -> Option<Location> {
        None
    }

    fn layers(&self) -> Vec<LayerLimit> {
        layer_limits(&[])
    }
}

/// The limits of the proxies that the settings name, and of all others that are known well enough: those on silence and
/// those on the life of a connection.
pub(crate) fn layer_limits(declared: &[Layer]) -> Vec<LayerLimit> {
    let limits = |layer: &Layer, is_declared: bool| {
        let name = layer.shown();
        let limit = move |limit: ws_model::layers::LayerLimit| LayerLimit {
            name: name.clone(),
            is_declared,
            milliseconds: limit.milliseconds,
        };
        layer.limits().map(limit)
    };
    let others =
        layer_presets().iter().map(|preset| Layer { name: preset.id.to_owned(), ..Layer::default() });
    let others = others.filter(|other| {
        other.preset().is_none_or(|preset| {
            !declared.iter().any(|layer| layer.preset().is_some_and(|known| known.id == preset.id))
        })
    });
    let declared_limits = declared.iter().flat_map(|layer| limits(layer, true));
    declared_limits.chain(others.flat_map(|layer| limits(&layer, false))).collect()
}

#[cfg(test)]
mod tests {
    use super::layer_limits;
    use ws_model::applications::Sure;
    use ws_model::layers::{IdlePreset, all};

    /// A layer may close silent connections and old ones: a log shows either.
    #[test]
    fn every_limit_of_the_table_may_be_behind_a_step() {
        let limits = layer_limits(&[]);
        let mut told = 0;
        for preset in all().iter().filter(|preset| preset.sure > Sure::Low) {
            let idle = match preset.idle {
                IdlePreset::Seconds(seconds) => Some(seconds),
                IdlePreset::Unknown | IdlePreset::Unlimited => None,
            };
            for seconds in idle.into_iter().chain(preset.lifetime_s) {
                let milliseconds = u64::from(seconds) * 1_000;
                let is_it = |limit: &ws_logs::LayerLimit| {
                    limit.name == preset.name && limit.milliseconds == milliseconds
                };
                assert!(limits.iter().any(is_it), "{}: {seconds}", preset.id);
                told += 1;
            }
        }
        assert_eq!(limits.len(), told);
    }
}
