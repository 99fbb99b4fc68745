//! Known applications: by the path of the location, or by what it proxies to.

use nginx_semantics::pattern::Pattern;
use nginx_semantics::{Modifier, Pass, Selection, peers, upstream};

use super::{Evidence, EvidenceKind, Subject, segments_of};
use crate::applications::{self, Application, PathKind, WsPath};

pub(super) fn collect(subject: &Subject<'_, '_>, evidence: &mut Vec<Evidence>) {
    let mut named = names(subject);
    by_path(subject, &named, evidence);
    named.extend(ports(subject));
    by_regex(subject, &named, evidence);
    by_upstream(subject, named, evidence);
}

/// An application, and in words what points to it.
type Named = (&'static Application, String);

/// The location's name holds a path that nothing but a WebSocket has.
fn by_path(subject: &Subject<'_, '_>, named: &[Named], evidence: &mut Vec<Evidence>) {
    if subject.is_named_location() || super::name::is_plain_http(subject) {
        return;
    }
    let segments = segments_of(&subject.name, subject.is_regex());
    let paths = segments.iter().flat_map(|segment| applications::by_first_segment(segment));
    let found = paths.filter(|(_, path)| holds(&segments, path));
    let is_named = |application: &Application| named.iter().any(|(other, _)| other.id == application.id);
    // The application that is named elsewhere, else those whose path is the longest, and of these the one that the path
    // is called after.
    let rank = |(application, path): &(&'static Application, &'static WsPath)| {
        (is_named(application), path.text.trim_matches('/').len(), is_called_after(application, path))
    };
    let found: Vec<_> = found.collect();
    let best = found.iter().map(rank).max();
    let mut ranked = found.into_iter().filter(|one| Some(rank(one)) == best);
    let Some((application, path)) = ranked.next() else { return };
    // Of several that share a path nobody can say which it is: frameworks do, and what is built with them.
    let others: Vec<_> = ranked.collect();
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
        path: is_one_path.then(|| path.text.to_owned()),
        is_about_path: true,
        ..Evidence::new(kind, text, Some(subject.location_at()))
    });
}

/// The location's name matches, or is, the regex of an application that is named elsewhere.
fn by_regex(subject: &Subject<'_, '_>, named: &[Named], evidence: &mut Vec<Evidence>) {
    for (application, _) in named {
        let mut paths =
            application.paths.iter().filter(|path| path.distinctive && path.kind == PathKind::Regex);
        let is_it = |path: &&WsPath| {
            if subject.is_regex() {
                segments_of(&subject.name, true) == segments_of(path.text.as_bytes(), true)
            } else {
                let pattern = Pattern::new(path.text.as_bytes(), false).ok();
                pattern.and_then(|pattern| pattern.is_match(&subject.name)) == Some(true)
            }
        };
        if paths.any(|path| is_it(&path)) {
            let text = format!("its name is that of the WebSocket of {}", application.name);
            evidence.push(Evidence {
                application: Some(application),
                is_about_path: true,
                ..Evidence::new(EvidenceKind::ApplicationPath, text, Some(subject.location_at()))
            });
            return;
        }
    }
}

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
    let same = |window: &[String]| window.iter().zip(&wanted).all(|(a, b)| a == b);
    match path.kind {
        PathKind::Exact | PathKind::Suffix => segments.windows(wanted.len()).last().is_some_and(same),
        PathKind::Prefix => segments.windows(wanted.len()).any(same),
        PathKind::Regex => false,
    }
}

/// The location proxies to a known application and would serve the path of its WebSocket.
fn by_upstream(subject: &Subject<'_, '_>, named: Vec<Named>, evidence: &mut Vec<Evidence>) {
    for (application, why) in named {
        if application.uses_websocket() != Some(true)
            || evidence.iter().any(|one| one.application.is_some_and(|known| known.id == application.id))
        {
            continue;
        }
        if is_another_port(subject, application) {
            continue;
        }
        let Some((path, is_distinctive)) = served_path(subject, application) else { continue };
        evidence.push(Evidence {
            application: Some(application),
            path: Some(path),
            is_indirect: !is_distinctive,
            ..Evidence::new(EvidenceKind::Application, why, Some(subject.pass.directive.at()))
        });
    }
}

/// Whether a port of the application's host is written that is none of the application's, nor one of HTTP in general: of
/// several services on one host it is another.
fn is_another_port(subject: &Subject<'_, '_>, application: &Application) -> bool {
    const OF_ANYTHING: [u16; 6] = [80, 443, 3000, 8000, 8080, 8443];
    let is_other = |port: u16| {
        !OF_ANYTHING.contains(&port) && !application.ports.iter().any(|known| known.number == port)
    };
    !application.ports.is_empty() && subject.target.port.is_some_and(is_other)
}

/// Applications that the upstream, its servers or the server's own name is called after.
fn names(subject: &Subject<'_, '_>) -> Vec<Named> {
    let mut hosts = vec![subject.target.host.clone()];
    hosts.extend(peers_of(subject).into_iter().map(|(host, _)| host));
    let mut found = Vec::new();
    for host in hosts {
        for application in words(&host).iter().flat_map(|word| applications::by_name_token(word)) {
            found.push((
                application,
                format!("it proxies to `{host}`, which is called after {}", application.name),
            ));
        }
    }
    if let Some(last) = last_segment(subject) {
        for application in words(&last).iter().flat_map(|word| applications::by_name_token(word)) {
            found.push((application, format!("its path is called after {}", application.name)));
        }
    }
    if subject.serves_everything() {
        for name in subject.server_names {
            let first = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
            for application in applications::by_name_token(&first) {
                found.push((
                    application,
                    format!("its server is called `{name}`, after {}", application.name),
                ));
            }
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

/// Applications that own the port, which nothing else uses.
fn ports(subject: &Subject<'_, '_>) -> Vec<Named> {
    let ports = subject.target.port.into_iter().chain(peers_of(subject).into_iter().map(|(_, port)| port));
    let mut found = Vec::new();
    for number in ports {
        let owners: Vec<&'static Application> = applications::by_port(number).collect();
        let is_weak = |application: &&&Application| {
            application.ports.iter().any(|port| port.number == number && port.weak)
        };
        let all_use_it = owners.iter().all(|application| application.uses_websocket() == Some(true));
        if owners.iter().any(|application| is_weak(&application)) || !all_use_it {
            continue;
        }
        // Several owners that all use WebSockets still make it an endpoint, but not a known application's.
        if let Some(application) = owners.first() {
            found.push((*application, format!("port {number} is {}'s", application.name)));
        }
    }
    found
}

/// As many servers of an upstream are looked at: they run the same application.
const MOST_PEERS: usize = 16;

/// The servers of the upstream block that the target names, as host and port.
fn peers_of(subject: &Subject<'_, '_>) -> Vec<(String, u16)> {
    let Some(block) = upstream(subject.configuration, subject.context, &subject.target.host) else {
        return Vec::new();
    };
    let peer = |peer: nginx_semantics::Peer<'_>| {
        let host = peer.address.rsplit_once(':').map_or(peer.address.as_str(), |(host, _)| host).to_owned();
        (host, peer.port)
    };
    peers(subject.configuration, block).take(MOST_PEERS).map(peer).collect()
}

/// A path of the application's WebSocket that this location serves, and whether nothing but a WebSocket has it: as it
/// is, or below the location's own name where the application is mounted there.
fn served_path(subject: &Subject<'_, '_>, application: &'static Application) -> Option<(String, bool)> {
    let server = subject.server?;
    let location = subject.location();
    let mut sockets: Vec<&'static WsPath> =
        application.paths.iter().filter(|path| path.kind != PathKind::Regex).collect();
    sockets.sort_by_key(|path| !path.distinctive);
    if let Some(path) = sockets.iter().find(|path| subject.serving(server, path.text) == Some(location)) {
        return Some((path.text.to_owned(), path.distinctive));
    }
    let mount = mount(subject, application)?;
    let mountable = sockets.into_iter().filter(|path| path.kind == PathKind::Suffix);
    let below = mountable.map(|path| (format!("{mount}{}", path.text), path.distinctive));
    let serves =
        |path: &str| subject.locations.select(server, path.as_bytes()) == Selection::Location(location);
    below.into_iter().find(|(path, _)| serves(path))
}

/// The prefix under which the application as a whole is mounted: the location's name, when it is called after it, or
/// when the server proxies nothing else.
fn mount(subject: &Subject<'_, '_>, application: &Application) -> Option<String> {
    let last = last_segment(subject)?;
    let mount = String::from_utf8_lossy(&subject.name).trim_end_matches('/').to_owned();
    let is_called_after = words(&last).iter().any(|word| application.names.contains(&word.as_str()));
    (is_called_after || is_all_that_is_proxied(subject)).then_some(mount)
}

/// The last segment of a prefix.
fn last_segment(subject: &Subject<'_, '_>) -> Option<String> {
    let is_prefix = matches!(subject.modifier, Modifier::Prefix | Modifier::PriorityPrefix);
    segments_of(&subject.name, false).pop().filter(|_| is_prefix)
}

/// Whether the server proxies nothing else, as far as anybody can see.
fn is_all_that_is_proxied(subject: &Subject<'_, '_>) -> bool {
    let Some(server) = subject.server.map(|server| subject.configuration.context(server)) else {
        return false;
    };
    let mut others = server.children.iter().filter(|&&context| context != subject.location());
    server.gaps.is_empty()
        && !others.any(|&context| Pass::in_effect(subject.configuration, context).is_some())
}
