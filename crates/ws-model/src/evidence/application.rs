//! Known applications: by the path of the location, or by the name of what it proxies to. A port names none: half the world
//! listens on any of them.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use nginx_semantics::{
    Configuration, ContextId, DirectiveName, LocationName, Modifier, Pass, Selection, peers,
};
use nginx_syntax::lossy;

use super::{Doubt, Evidence, EvidenceKind, Subject, segments_of};
use crate::applications::{self, Application, PathKind, RegexPath, WsPath};

/// Adds the evidence, and returns why the location's application has no WebSocket there, if that is known.
pub(super) fn collect(subject: &Subject<'_, '_>, evidence: &mut Vec<Evidence>) -> Option<Doubt> {
    let back_end = subject.back_end();
    let elsewhere = names_elsewhere(subject, &back_end);
    let mut named = elsewhere.clone();
    named.extend(names_of_path(subject));
    by_path(subject, &named, &elsewhere, evidence);
    by_regex(subject, &named, evidence);
    by_asked_path(subject, evidence);
    let doubt = doubt(subject, &named);
    by_upstream(subject, &named, evidence);
    doubt.filter(|_| evidence.iter().all(|one| one.application.is_none()))
}

/// An application, and what points to it.
type Named<'n> = (&'static Application, Why<'n>);

/// What is called after an application.
#[derive(Clone, Copy)]
enum Why<'n> {
    /// What is proxied to.
    Host(&'n str),
    /// The image of what is proxied to, by the compose file: of this service.
    Image(&'n str, &'n str),
    /// The server.
    Server(&'n str),
    /// The path.
    Path(&'static Application),
    /// A name of one of these, where a port or a path speaks for the application too.
    Weak(&'n str),
    /// A header line that its documentation has: this field.
    Line(&'static str),
}

impl Why<'_> {
    /// In words that continue "treated as a WebSocket endpoint because".
    fn words(self, application: &Application) -> String {
        match self {
            Self::Host(host) => format!("it proxies to `{host}`, which is called after {}", application.name),
            Self::Image(service, image) => {
                format!(
                    "it proxies to `{service}`, whose image `{image}` is called after {}",
                    application.name
                )
            }
            Self::Server(name) => format!("its server is called `{name}`, after {}", application.name),
            Self::Path(application) => format!("its path is called after {}", application.name),
            Self::Weak(name) => format!("`{name}` is called after {}", application.name),
            Self::Line(field) => {
                format!("it sets `{field}` as the documentation of {} says", application.name)
            }
        }
    }
}

/// What a location proxies to, and the applications that this is called after: the locations of a server share a few.
#[derive(Debug)]
pub(crate) struct BackEnd {
    /// The host of the target, and those of the servers of its `upstream`.
    hosts: Vec<Host>,
    /// The ports of these servers.
    ports: Vec<u16>,
}

/// A name, and the applications that it is called after.
pub(crate) struct Host {
    name: String,
    /// The service whose image has the name.
    service: Option<String>,
    applications: Vec<&'static Application>,
    /// Those whose name is a common word.
    weak: Vec<&'static Application>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Host {
    pub(crate) fn new(name: String) -> Self {
        let words = words(&name);
        let all =
            |of: &dyn Fn(&str) -> Vec<&'static Application>| words.iter().flat_map(|word| of(word)).collect();
        let applications = all(&|word| applications::by_name_token(word).collect());
        let weak = all(&|word| applications::by_weak_name(word).collect());
        Self { name, service: None, applications, weak }
    }

    /// The image of a service. The last part names it, unless that is a word for any program: `vaultwarden/server`.
    fn of_image(configuration: Configuration<'_>, service: &str) -> Option<Self> {
        const ANY: [&str; 8] = ["app", "backend", "core", "frontend", "server", "ui", "web", "service"];
        let image = configuration.containers().image(service)?;
        let mut parts = image.rsplit('/').filter(|part| !ANY.contains(part));
        let Self { applications, weak, .. } = Self::new(parts.next()?.to_owned());
        Some(Self { name: image, service: Some(service.to_owned()), applications, weak })
    }
}

impl BackEnd {
    pub(crate) fn new(configuration: Configuration<'_>, block: Option<ContextId>, host: &str) -> Self {
        let mut hosts = vec![Host::new(host.to_owned())];
        hosts.extend(Host::of_image(configuration, host));
        let mut ports = Vec::new();
        for peer in block.into_iter().flat_map(|block| peers(configuration, block)).take(MOST_PEERS) {
            let host = peer.address.rsplit_once(':').map_or(peer.address.as_str(), |(host, _)| host);
            hosts.push(Host::new(host.to_owned()));
            hosts.extend(Host::of_image(configuration, host));
            ports.push(peer.port);
        }
        Self { hosts, ports }
    }
}

/// The location's name holds a path that nothing but a WebSocket has.
fn by_path(
    subject: &Subject<'_, '_>,
    named: &[Named<'_>],
    elsewhere: &[Named<'_>],
    evidence: &mut Vec<Evidence>,
) {
    if subject.is_named_location() || super::name::is_plain_http(subject) {
        return;
    }
    let segments = subject.segments;
    let paths = segments.iter().flat_map(|segment| applications::by_first_segment(segment));
    let found = paths.filter(|(_, path)| holds(segments, path));
    let is_named = |application: &Application| named.iter().any(|(other, _)| other.id == application.id);
    let is_named_elsewhere =
        |application: &Application| elsewhere.iter().any(|(other, _)| other.id == application.id);
    // The application that is named elsewhere, else those whose path is the longest, and of these the one whose own port
    // is proxied to, or that the path is called after.
    let rank = |(application, path): &(&'static Application, &'static WsPath)| {
        let length = path.text.trim_matches('/').len();
        (
            is_named_elsewhere(application),
            length,
            has_own_port(subject, application),
            is_named(application),
            is_called_after(application, path),
        )
    };
    let found: Vec<_> = found.collect();
    let best = found.iter().map(rank).max();
    let mut ranked = found.into_iter().filter(|one| Some(rank(one)) == best);
    let Some((application, path)) = ranked.next() else { return };
    // Of several that share a path nobody can say which it is: frameworks do, and what is built with them. One that has
    // another of its paths in the same server is told from the rest.
    let others: Vec<_> = ranked.collect();
    let is_it =
        |(application, _): &(&'static Application, &'static WsPath)| has_another_path(subject, application);
    let (application, path, others) =
        match std::iter::once((application, path)).chain(others.iter().copied()).find(is_it) {
            Some((it, its)) if !is_named(application) => (it, its, Vec::new()),
            _ => (application, path, others),
        };
    let is_only_one = others.iter().all(|(other, _)| other.id == application.id);
    // Nor where it is to the letter: some have `/websocket`, others `/websocket/`.
    let is_one_path = others.iter().all(|(_, other)| other.text == path.text);
    let text = if is_only_one {
        format!("`{}` is where {} has its WebSocket", path.text, application.name)
    } else {
        format!("`{}` is where several applications have their WebSocket", path.text)
    };
    // The path as a whole, or an end of several segments, is the application's; a single word elsewhere is but a name.
    let length = path.text.split('/').filter(|segment| !segment.is_empty()).count();
    let is_whole = length == segments.len() || (length > 1 && path.kind == PathKind::Suffix);
    let kind = if is_whole { EvidenceKind::ApplicationPath } else { EvidenceKind::Name };
    evidence.push(Evidence {
        application: is_only_one.then_some(application),
        path: is_one_path.then(|| asked_path(application, path)),
        is_about_path: true,
        ..Evidence::new(kind, text, Some(subject.location_at()))
    });
}

/// Whether it proxies to the application's own port, which tells those apart that have the same path.
fn has_own_port(subject: &Subject<'_, '_>, application: &Application) -> bool {
    subject
        .target
        .port
        .is_some_and(|port| application.ports.iter().any(|own| own.number == port && !own.weak))
}

/// What a handshake asks for at a path of the table, which may be the beginning of it only.
fn asked_path(application: &Application, path: &WsPath) -> String {
    let example = application.example.filter(|example| example.starts_with(path.text));
    example.unwrap_or(path.text).to_owned()
}

/// The location's name matches, or is, a regex that nothing but the WebSocket of an application has; of several, the
/// application that is named elsewhere is meant.
fn by_regex(subject: &Subject<'_, '_>, named: &[Named<'_>], evidence: &mut Vec<Evidence>) {
    if subject.is_named_location()
        || super::name::is_plain_http(subject)
        || evidence.iter().any(|one| one.kind == EvidenceKind::ApplicationPath)
    {
        return;
    }
    let is_it = |regex: &&RegexPath| {
        if subject.is_regex() { subject.segments == regex.segments } else { regex.is_match(&subject.name) }
    };
    let found: Vec<_> = applications::regexes().iter().filter(is_it).map(|regex| regex.application).collect();
    let is_named = |application: &Application| named.iter().any(|(other, _)| other.id == application.id);
    let meant = found.iter().find(|application| is_named(application));
    let Some(application) = meant.or(found.first()) else { return };
    let is_only_one = meant.is_some() || found.iter().all(|other| other.id == application.id);
    let text = if is_only_one {
        format!("its name is that of the WebSocket of {}", application.name)
    } else {
        "its name is that of the WebSocket of several applications".to_owned()
    };
    evidence.push(Evidence {
        application: is_only_one.then_some(*application),
        path: application.example.filter(|_| is_only_one && subject.is_regex()).map(str::to_owned),
        is_about_path: true,
        ..Evidence::new(EvidenceKind::ApplicationPath, text, Some(subject.location_at()))
    });
}

/// The `proxy_pass` asks the back end for the path of an application's WebSocket, whatever the location is called.
fn by_asked_path(subject: &Subject<'_, '_>, evidence: &mut Vec<Evidence>) {
    let Some(uri) = subject.target.uri.as_deref() else { return };
    if super::name::is_plain_http(subject) || evidence.iter().any(|one| one.application.is_some()) {
        return;
    }
    let path = uri.split('?').next().unwrap_or_default();
    let segments = segments_of(path.as_bytes(), false);
    let found = segments.iter().flat_map(|segment| applications::by_first_segment(segment));
    let found: Vec<_> = found.filter(|(_, path)| holds(&segments, path)).collect();
    let is_named = |one: &&(&'static Application, &'static WsPath)| {
        segments.iter().any(|segment| one.0.names.contains(&segment.replace(['.', '-', '_'], "").as_str()))
    };
    let called = found.iter().find(is_named);
    let called =
        called.or_else(|| found.iter().find(|(application, path)| is_called_after(application, path)));
    let Some((application, path)) = called.or(found.first()) else { return };
    let is_only_one = called.is_some() || found.iter().all(|(other, _)| other.id == application.id);
    let text = if is_only_one {
        format!("it asks for `{}`, where {} has its WebSocket", path.text, application.name)
    } else {
        format!("it asks for `{}`, where several applications have their WebSocket", path.text)
    };
    evidence.push(Evidence {
        application: is_only_one.then_some(*application),
        is_about_path: true,
        ..Evidence::new(EvidenceKind::ApplicationPath, text, Some(subject.pass.directive.at()))
    });
}

/// Whether another location of the server has a path that no other application of the table has.
fn has_another_path(subject: &Subject<'_, '_>, application: &Application) -> bool {
    let Some(server) = subject.server else { return false };
    let mut known = subject.known.told_by_path.borrow_mut();
    let told = known.entry(server).or_insert_with(|| told_by_path(subject.configuration, server));
    let own = subject.location();
    told.get(application.id).is_some_and(|locations| locations.iter().any(|location| *location != own))
}

/// The locations of a server that have a path which one application alone has, by its id.
pub(super) fn told_by_path(configuration: Configuration<'_>, server: ContextId) -> ToldByPath {
    let mut told = ToldByPath::new();
    for &location in configuration.children(server) {
        let name = configuration.opener(location).and_then(|opener| LocationName::of(&opener));
        let Some(name) = name else { continue };
        let is_regex = matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex);
        let segments = segments_of(&name.name, is_regex);
        let known = segments.iter().flat_map(|segment| applications::by_first_segment(segment));
        let mut known =
            known.filter(|(_, path)| holds(&segments, path)).map(|(application, _)| application.id);
        if let Some(first) = known.next() {
            if known.all(|other| other == first) {
                told.entry(first).or_default().push(location);
            }
        }
    }
    told
}

/// See [`told_by_path`].
pub(super) type ToldByPath = BTreeMap<&'static str, Vec<ContextId>>;

/// Whether the path is called after the application: of all that have `/socket.io/`, Socket.IO itself is meant.
fn is_called_after(application: &Application, path: &WsPath) -> bool {
    let mut segments = path.text.split('/').filter(|segment| !segment.is_empty());
    segments.any(|segment| {
        let segment = segment.replace(['.', '-', '_'], "");
        application.names.iter().any(|name| name.contains(&segment))
    })
}

/// Whether the segments of a location's name have those of the path in a row, at the end where the kind says so.
fn holds(segments: &[String], path: &WsPath) -> bool {
    let wanted: Vec<&str> = path.text.split('/').filter(|segment| !segment.is_empty()).collect();
    if wanted.is_empty() || wanted.len() > segments.len() {
        return false;
    }
    let same = |window: &[String]| window.iter().zip(&wanted).all(|(a, b)| a.eq_ignore_ascii_case(b));
    match path.kind {
        PathKind::Exact | PathKind::Suffix => segments.windows(wanted.len()).last().is_some_and(same),
        PathKind::Prefix => segments.windows(wanted.len()).any(same),
        PathKind::Regex => false,
    }
}

/// The location proxies to a known application and would serve the path of its WebSocket.
fn by_upstream(subject: &Subject<'_, '_>, named: &[Named<'_>], evidence: &mut Vec<Evidence>) {
    for &(application, why) in named {
        if application.uses_websocket() != Some(true)
            || evidence.iter().any(|one| one.application.is_some_and(|known| known.id == application.id))
        {
            continue;
        }
        let Some((path, is_distinctive)) = served_path(subject, application) else { continue };
        evidence.push(Evidence {
            application: Some(application),
            path: Some(path),
            is_indirect: !is_distinctive,
            ..Evidence::new(
                EvidenceKind::Application,
                why.words(application),
                Some(subject.pass.directive.at()),
            )
        });
    }
}

/// Adds the framework that a location is proxied to, where the location itself is surely for WebSockets: what is built with
/// a framework has them at any path, and keeps them open as the framework does.
pub(super) fn collect_framework(subject: &Subject<'_, '_>, evidence: &mut Vec<Evidence>) {
    let is_meant = subject.lines_from() == Some(super::LinesFrom::Here)
        && evidence.iter().any(|one| one.kind == EvidenceKind::Name && !one.is_copied && !one.is_indirect)
        && evidence.iter().all(|one| one.application.is_none());
    if !is_meant {
        return;
    }
    let is_framework = |application: &Application| {
        application.uses_websocket() == Some(true) && application.paths.iter().all(|path| !path.distinctive)
    };
    let back_end = subject.back_end();
    let named = names_elsewhere(subject, &back_end);
    let named = named.into_iter().filter(|(application, _)| is_framework(application));
    evidence.extend(named.map(|(application, why)| Evidence {
        application: Some(application),
        is_indirect: true,
        ..Evidence::new(EvidenceKind::Application, why.words(application), Some(subject.pass.directive.at()))
    }));
}

/// Why a location that proxies to a known application carries no WebSocket of it, if that is known.
fn doubt(subject: &Subject<'_, '_>, named: &[Named<'_>]) -> Option<Doubt> {
    let (application, _) = named.first()?;
    if named.iter().all(|(application, _)| application.uses_websocket() == Some(false)) {
        return Some(Doubt::NoSocket(application));
    }
    let is_elsewhere = |(application, _): &Named<'_>| {
        application.uses_websocket() == Some(false) || serves_no_path(subject, application)
    };
    named.iter().all(is_elsewhere).then_some(Doubt::ServedElsewhere(application))
}

/// Whether it is sure that none of the paths of the application's WebSocket comes to this location, wherever the
/// application is mounted.
fn serves_no_path(subject: &Subject<'_, '_>, application: &Application) -> bool {
    let Some(server) = subject.server else { return false };
    // With a URI part, the application sees other paths than the location.
    if subject.is_named_location() || subject.target.uri.is_some() || application.paths.is_empty() {
        return false;
    }
    // A pattern without an example may be anything.
    if application.example.is_none() && application.paths.iter().any(|path| path.kind == PathKind::Regex) {
        return false;
    }
    let is_prefix = matches!(subject.modifier, Modifier::Prefix | Modifier::PriorityPrefix);
    let mount = lossy(&subject.name).trim_end_matches('/').to_owned();
    let mounts = if is_prefix { vec![String::new(), mount] } else { vec![String::new()] };
    application.socket_paths().iter().all(|path| {
        mounts.iter().all(|mount| {
            // With and without a slash at the end: the author of a location for it may have meant either.
            let trimmed = path.text.trim_end_matches('/');
            ["", "/"].iter().all(|end| {
                let asked = format!("{mount}{trimmed}{end}");
                match subject.locations.select(server, asked.as_bytes()) {
                    Selection::Location(location) | Selection::SlashRedirect(location) => {
                        location != subject.location()
                    }
                    Selection::Server => true,
                    Selection::CannotSay { .. } => false,
                }
            })
        })
    })
}

/// Applications that the location's path is called after.
fn names_of_path<'n>(subject: &Subject<'_, '_>) -> Vec<Named<'n>> {
    let words = last_segment(subject).map(words).unwrap_or_default();
    let found = words.iter().flat_map(|word| applications::by_name_token(word));
    found.map(|application| (application, Why::Path(application))).collect()
}

/// Applications that the upstream, its servers, or the server's own name is called after.
fn names_elsewhere<'n>(subject: &Subject<'n, '_>, back_end: &'n BackEnd) -> Vec<Named<'n>> {
    let mut found = Vec::new();
    by_weak_name(subject, back_end, &mut found);
    by_header_line(subject, back_end, &mut found);
    for host in &back_end.hosts {
        let why = match &host.service {
            Some(service) => Why::Image(service, &host.name),
            None => Why::Host(&host.name),
        };
        found.extend(host.applications.iter().map(|application| (*application, why)));
    }
    if subject.serves_everything() {
        for host in subject.server_hosts {
            let name = &host.name;
            let first = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
            let named = applications::by_name_token(&first);
            found.extend(named.map(|application| (application, Why::Server(name))));
        }
    }
    found
}

/// The name as a whole, its parts, and its parts in pairs: `home-assistant`, `grafana_backend`.
fn words(host: &str) -> Vec<String> {
    // Addresses name nobody.
    if host.starts_with(|character: char| character.is_ascii_digit() || matches!(character, '[' | '$')) {
        return Vec::new();
    }
    let host = host.to_ascii_lowercase();
    let parts: Vec<&str> = host.split(['-', '_', '.', ':', '/']).filter(|part| !part.is_empty()).collect();
    let pairs = parts.windows(2).flat_map(|pair| [pair.join("-"), pair.join("_"), pair.concat()]);
    let single =
        parts.iter().flat_map(|part| [Some(*part), without_suffix(part)]).flatten().map(str::to_owned);
    let mut words: Vec<String> = std::iter::once(host.clone()).chain(single).chain(pairs).collect();
    words.sort();
    words.dedup();
    words
}

/// `grafanaproxy` is called after Grafana.
fn without_suffix(part: &str) -> Option<&str> {
    const SUFFIXES: [&str; 10] =
        ["proxy", "server", "backend", "app", "web", "service", "svc", "node", "nodes", "upstream"];
    SUFFIXES.iter().find_map(|suffix| part.strip_suffix(suffix)).filter(|rest| !rest.is_empty())
}

/// Applications whose name is a common word, where the location's own path or the port is theirs too.
fn by_weak_name<'n>(subject: &Subject<'n, '_>, back_end: &'n BackEnd, found: &mut Vec<Named<'n>>) {
    let names = back_end.hosts.iter().chain(subject.server_hosts);
    for (name, application) in
        names.flat_map(|host| host.weak.iter().map(|application| (&host.name, *application)))
    {
        let has_port = proxies_to_port_of(subject, back_end, application);
        let has_path = || application.paths.iter().any(|path| holds(subject.segments, path));
        if has_port || has_path() {
            found.push((application, Why::Weak(name)));
        }
    }
}

/// Whether one of the application's ports is proxied to, be it one that others have too.
fn proxies_to_port_of(subject: &Subject<'_, '_>, back_end: &BackEnd, application: &Application) -> bool {
    let is_own = |port: u16| application.ports.iter().any(|own| own.number == port);
    subject.target.port.is_some_and(is_own) || back_end.ports.iter().any(|&port| is_own(port))
}

/// Applications whose documentation has a header line that is written here.
fn by_header_line(subject: &Subject<'_, '_>, back_end: &BackEnd, found: &mut Vec<Named<'_>>) {
    for line in subject.configuration.named(subject.context, DirectiveName::PROXY_SET_HEADER) {
        let mut words = line.arguments();
        let (Some(field), Some(value)) = (words.next(), words.next()) else { continue };
        for (application, known) in applications::by_header_line(&field, &value) {
            if known.distinctive || proxies_to_port_of(subject, back_end, application) {
                found.push((application, Why::Line(known.field)));
            }
        }
    }
}

/// As many servers of an upstream are looked at: they run the same application.
const MOST_PEERS: usize = 16;

impl Subject<'_, '_> {
    /// What the location proxies to.
    fn back_end(&self) -> Rc<BackEnd> {
        let block = self.block;
        let mut known = self.known.back_ends.borrow_mut();
        if let Some(back_end) = known.get(&block).and_then(|hosts| hosts.get(&self.target.host)) {
            return Rc::clone(back_end);
        }
        let back_end = Rc::new(BackEnd::new(self.configuration, block, &self.target.host));
        let hosts = known.entry(block).or_default();
        Rc::clone(hosts.entry(self.target.host.clone()).or_insert(back_end))
    }
}

/// A path of the application's WebSocket that this location serves, and whether nothing but a WebSocket has it: as it
/// is, or below the location's own name where the application is mounted there.
fn served_path(subject: &Subject<'_, '_>, application: &'static Application) -> Option<(String, bool)> {
    let server = subject.server?;
    let location = subject.location();
    let sockets = application.socket_paths();
    // An application that is mounted below a path has its WebSocket there too; else the path is as it is.
    let below = mount(subject, application).into_iter().flat_map(|mount| {
        let mountable = sockets.iter().filter(|path| path.kind == PathKind::Suffix);
        mountable.map(|path| (below(&mount, path.text), path.distinctive)).collect::<Vec<_>>()
    });
    let serves =
        |path: &str| subject.locations.select(server, path.as_bytes()) == Selection::Location(location);
    // Below a path that only begins what clients ask for another location may serve that.
    let asked = |path: &WsPath| match application.example {
        Some(example) if path.kind == PathKind::Prefix && example.starts_with(path.text) => example,
        _ => path.text,
    };
    let as_it_is = sockets.iter().find(|path| subject.serving(server, asked(path)) == Some(location));
    let as_it_is = as_it_is.map(|path| (path.text.to_owned(), path.distinctive));
    as_it_is
        .or_else(|| below_prefix(subject, &sockets))
        .or_else(|| below.into_iter().find(|(path, _)| serves(path)))
}

/// The location's own path, where it is longer than one below which all of the application's sockets are.
fn below_prefix(subject: &Subject<'_, '_>, sockets: &[WsPath]) -> Option<(String, bool)> {
    let is_path = matches!(subject.modifier, Modifier::Exact | Modifier::Prefix | Modifier::PriorityPrefix);
    let name = String::from_utf8(subject.name.to_vec()).ok().filter(|_| is_path)?;
    let above = sockets.iter().find(|path| path.kind == PathKind::Prefix && name.starts_with(path.text))?;
    Some((name, above.distinctive))
}

/// A path below a mount that may have its beginning, or all of it, already.
fn below(mount: &str, path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match mount.ends_with(trimmed) {
        true => format!("{mount}{}", path.strip_prefix(trimmed).unwrap_or_default()),
        false => format!("{mount}{path}"),
    }
}

/// The prefix under which the application as a whole is mounted: the location's name, when it is called after it, or
/// when the server proxies nothing else.
fn mount(subject: &Subject<'_, '_>, application: &Application) -> Option<String> {
    let last = last_segment(subject)?;
    let mount = lossy(&subject.name).trim_end_matches('/').to_owned();
    let is_called_after = words(last).iter().any(|word| application.names.contains(&word.as_str()));
    (is_called_after || is_all_that_is_proxied(subject)).then_some(mount)
}

/// The last segment of a prefix.
fn last_segment<'n>(subject: &Subject<'n, '_>) -> Option<&'n str> {
    let is_prefix = matches!(subject.modifier, Modifier::Prefix | Modifier::PriorityPrefix);
    subject.segments.last().filter(|_| is_prefix).map(String::as_str)
}

/// Whether the server proxies nothing else, as far as anybody can see.
fn is_all_that_is_proxied(subject: &Subject<'_, '_>) -> bool {
    let Some(server) = subject.server else { return false };
    let children = subject.configuration.children(server).iter();
    let mut others = children.filter(|&&context| context != subject.location());
    subject.configuration.context(server).gaps.is_empty()
        && !others.any(|&context| Pass::in_effect(subject.configuration, context).is_some())
}
