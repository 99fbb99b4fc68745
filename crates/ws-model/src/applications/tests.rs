//! Tests of the application table: that it is whole, and that its marks can be relied on.

use std::collections::BTreeSet;

use super::*;

/// Ports that never identify an application: several rows of the table, or well-known programs without
/// WebSockets, use each of them.
const WEAK_PORTS: &[u16] = &[
    80, 443, 1234, 1337, 3000, 3001, 4000, 5000, 5001, 7000, 8000, 8001, 8008, 8080, 8081, 8082, 8083, 8084,
    8088, 8090, 8443, 8765, 8787, 8888, 9000, 9001, 9090, 9091, 9200, 9443, 9999, 10000,
];

fn application(id: &str) -> &'static Application {
    all().iter().find(|application| application.id == id).unwrap()
}

#[test]
fn no_row_is_skipped() {
    assert_eq!(table::data_lines().count(), all().len());
    assert_eq!(all().len(), 247);
}

#[test]
fn ids_are_unique_and_sorted() {
    assert!(all().is_sorted_by(|left, right| left.id < right.id));
}

#[test]
fn every_row_has_a_name_and_public_sources() {
    for application in all() {
        assert!(!application.name.is_empty() && !application.sources.is_empty(), "{}", application.id);
        for source in application.sources {
            let (owner, file) = source.split_once('/').unwrap();
            let in_repository = !owner.is_empty() && file.contains(':');
            assert!(source.starts_with("https://") || in_repository, "{}: {source}", application.id);
        }
    }
}

#[test]
fn every_row_says_something() {
    for application in all() {
        let identifies =
            !application.names.is_empty() || application.paths.iter().any(|path| path.distinctive);
        let knows = application.heartbeat.is_some() || application.uses_websocket() == Some(false);
        assert!(identifies || knows, "{}", application.id);
    }
}

#[test]
fn names_are_lower_case_and_belong_to_one_application() {
    let mut seen = BTreeSet::new();
    for application in all() {
        for name in application.names.iter().chain(application.weak_names) {
            assert_eq!(*name, name.to_lowercase());
            assert!(!name.is_empty() && seen.insert(name), "{}: {name}", application.id);
        }
    }
}

#[test]
fn weak_ports_are_marked_weak() {
    for application in all() {
        for port in application.ports {
            assert_eq!(port.weak, WEAK_PORTS.contains(&port.number), "{}: {port:?}", application.id);
            let has_it = |other: &&Application| other.ports.iter().any(|own| own.number == port.number);
            let users = all().iter().filter(has_it).count();
            assert!(users >= 1 && (users == 1 || port.shared), "{}: {port:?}", application.id);
        }
    }
}

#[test]
fn header_lines_are_sound() {
    for application in all() {
        for line in application.lines {
            assert!(line.field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{line:?}");
            // One that is not its own needs a port beside it.
            assert!(line.distinctive || !application.ports.is_empty(), "{}: {line:?}", application.id);
        }
    }
}

#[test]
fn paths_are_sound() {
    for path in all().iter().flat_map(|application| application.paths) {
        match path.kind {
            PathKind::Regex => {
                regex::Regex::new(path.text).unwrap();
            }
            _ => assert!(path.text.starts_with('/'), "{path:?}"),
        }
        // Proves nothing: ordinary requests have such paths as well.
        assert!(
            !path.distinctive || !["/", "/ws", "/ws/", "/api", "/graphql"].contains(&path.text),
            "{path:?}"
        );
    }
}

#[test]
fn heartbeats_are_sound() {
    for application in all() {
        let Some(heartbeat) = application.heartbeat else { continue };
        let silent = heartbeat.by == HeartbeatBy::Nobody;
        assert_eq!(heartbeat.seconds == 0, silent, "{}", application.id);
        assert!(heartbeat.seconds <= 600, "{}", application.id);
    }
}

#[test]
fn lookups() {
    let named: Vec<_> = by_name_token("uptime-kuma").map(|application| application.id).collect();
    assert_eq!(named, ["uptime-kuma"]);
    assert_eq!(by_name_token("phoenix").count(), 0, "a weak name");
    assert_eq!(by_name_token("").count(), 0);
    let weakly: Vec<_> = by_weak_name("hedgedoc").map(|application| application.id).collect();
    assert_eq!(weakly, ["hedgedoc2"]);
    assert!(
        by_first_segment("api").any(|(application, _)| application.id == "archisteamfarm"),
        "`/Api/NLog`"
    );
    assert!(regexes().iter().any(|regex| regex.application.id == "mattermost"));
    let is_distinctive = |path: &WsPath| path.distinctive && path.kind == PathKind::Regex;
    let paths = all().iter().flat_map(|application| application.paths).filter(|path| is_distinctive(path));
    assert_eq!(regexes().len(), paths.count());
}

#[test]
fn examples_are_paths_of_their_rows() {
    for application in all() {
        let Some(example) = application.example else { continue };
        let is_one = application.paths.iter().any(|path| match path.kind {
            PathKind::Exact => path.text == example,
            PathKind::Prefix => example.starts_with(path.text),
            PathKind::Suffix => example.ends_with(path.text),
            PathKind::Regex => regex::Regex::new(path.text).unwrap().is_match(example),
        });
        assert!(is_one, "{}: {example}", application.id);
        assert_eq!(application.socket_paths().first().map(|path| path.text), Some(example));
    }
}

#[test]
fn every_distinctive_regex_has_a_path_to_show() {
    // Of these, every path has a part that no example can stand for: a commit, a key, whatever the user called it.
    const WITHOUT: [&str; 10] = [
        "code-server",
        "nextcloud",
        "octoprint",
        "openvscode-server",
        "scrypted",
        "shiny-server",
        "sockjs",
        "tactical-rmm",
        "xray-v2ray",
        "signalr-core",
    ];
    for RegexPath { application, segments, .. } in regexes() {
        let is_shown = application.example.is_some() || WITHOUT.contains(&application.id);
        assert!(is_shown, "{}: {segments:?}", application.id);
    }
}

#[test]
fn facts_that_rules_rely_on() {
    let socket_io = application("socket-io");
    assert_eq!(socket_io.fallback, Some("long-polling"));
    let heartbeat = Heartbeat { seconds: 25, by: HeartbeatBy::Server, sure: Sure::High };
    assert_eq!(socket_io.heartbeat, Some(heartbeat));
    assert_eq!(socket_io.needs_affinity, Some(Affinity::PollingOnly));
    assert_eq!(socket_io.rejects_http10, Some(false));
    assert_eq!(application("comfyui").heartbeat.unwrap().by, HeartbeatBy::Nobody);
    assert_eq!(application("cockpit").checks_origin, Some(OriginCheck::Host));
    assert_eq!(application("grafana").checks_origin, Some(OriginCheck::Host));
    assert_eq!(application("rails-actioncable").needs_forwarded_proto, Some(true));
    assert_eq!(application("socket-io").needs_forwarded_proto, None);
    // Meteor is told its address by `ROOT_URL`; it asks for the field only with a package or a setting of its own.
    for id in ["meteor", "rocketchat", "wekan", "mempool"] {
        assert_eq!(application(id).needs_forwarded_proto, None, "{id}");
    }
    assert_eq!(application("btcpay").needs_forwarded_proto, Some(true));
    assert_eq!(application("btcpay").example, Some("/_blazor"));
    assert_eq!(application("mempool").example, Some("/api/v1/ws"));
    assert_eq!(application("prometheus").uses_websocket(), Some(false));
    assert_eq!(application("dash").uses_websocket(), None);
    assert_eq!(application("nats-websocket").heartbeat.unwrap().seconds, 120);
    assert!(application("novnc-websockify").is_silent() && application("zigbee2mqtt").is_silent());
    assert!(!application("dozzle").is_silent(), "its clients listen to server-sent events");
    assert!(!application("socket-io").is_silent() && !application("prometheus").is_silent());
    assert_eq!(application("vite").heartbeat.unwrap().seconds, 30);
    assert!(application("headscale").upgrade_tokens.contains(&"tailscale-control-protocol"));
}

#[test]
fn a_regex_is_tried_where_its_literal_text_is() {
    for (regex, text) in [
        ("/api/agent-invocation/[^/]+$", "/api/agent-invocation/"),
        ("^/cockpit(\\+[^/]+)?/socket$", "/cockpit"),
        ("^/(c|l)ool/(.*)/ws$", "ool/"),
        ("/terminal\\.ws", "/terminal"),
        ("/a\\.socket", "socket"),
        ("/api/kernels?/x", "/api/kernel"),
        ("/ab{2}/x*y+z", "/a"),
        ("x*y*z?", ""),
        ("abc", "abc"),
        ("/a|/b", ""),
        ("/a/(x|y)|/b", ""),
        ("/a/(xyz(longer)|y)/", "/a/"),
    ] {
        // Of several that are equally long the first.
        assert_eq!(literal_in(regex), text, "{regex}");
    }
    for regex in regexes() {
        assert!(Pattern::new(regex.text.as_bytes(), false).is_ok(), "{}", regex.text);
    }
}
