//! What a configuration says of a probed request, beside what was seen of it.

use std::path::PathBuf;

use lint_engine::{Probed, Query, Settings, Url, probed, probed_alone};
use lint_finding::{
    AnswerSeen, DifferenceKind, HoldEnd, HoldSeen, ProbeComparison, ProbeFailure, ProbeFault, ProbeReport,
    ProbeSeen, ProbeVerdict, ReasonKind, Reconnected, ReconnectsSeen, Severity,
};
use nginx_semantics::{MemoryFiles, Scope};

const FOLDER: &str = "/etc/nginx";

const UPGRADE: &str =
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

/// A main file with one server of port 80.
fn server(lines: &str) -> String {
    format!("events {{}}\nhttp {{\nserver {{\nlisten 80;\n{}\n}}\n}}\n", lines.replace("UPGRADE", UPGRADE))
}

fn answered(status: u16, fields: &[(&str, &str)]) -> ProbeSeen {
    let headers = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let failure =
        (status != 101).then(|| ProbeFailure { kind: ProbeFault::OtherStatus, text: String::new() });
    ProbeSeen {
        answer: Some(AnswerSeen { status, headers, ..AnswerSeen::default() }),
        failure,
        ..ProbeSeen::default()
    }
}

/// A 101 whose connection ended after some seconds of silence.
fn ended(end: HoldEnd, seconds: u64) -> ProbeSeen {
    let hold = HoldSeen {
        asked_ms: 200_000,
        ping_every_ms: None,
        lasted_ms: seconds * 1000 + 20,
        silent_ms: seconds * 1000 + 10,
        end,
        messages: 0,
        pings: 0,
        pings_every_ms: None,
        pings_sent: 0,
        pongs: 0,
        slowest_pong_ms: None,
    };
    ProbeSeen { hold: Some(hold), ..answered(101, &[]) }
}

fn compared_with(files: &[(&str, &str)], seen: ProbeSeen) -> ProbeReport {
    introduced(files, seen, false)
}

/// The same behind a line of the PROXY protocol, or not.
fn introduced(files: &[(&str, &str)], seen: ProbeSeen, is_introduced: bool) -> ProbeReport {
    let folder = PathBuf::from(FOLDER);
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(folder.join(path), *text);
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let url = Url::parse("ws://example.com/ws?token=t0k3n").expect("a URL");
    let query = Query { has_no_certificate: true, ..Query::handshake(url) };
    let hide = |text: &str| text.replace("t0k3n", "(hidden)");
    let met = Probed {
        query: &query,
        address: None,
        seen,
        verdict: ProbeVerdict::Fails,
        is_introduced,
        hide: &hide,
    };
    probed(&memory, &[folder.join("nginx.conf")], &scope, &Settings::default(), met)
}

fn compared(conf: &str, seen: ProbeSeen) -> ProbeComparison {
    compared_with(&[("nginx.conf", conf)], seen).comparison.expect("a comparison")
}

fn kinds(comparison: &ProbeComparison) -> Vec<ReasonKind> {
    comparison.differences.iter().flat_map(|one| &one.reasons).map(|reason| reason.kind).collect()
}

const HOUR: &str = "location /ws { UPGRADE proxy_pass http://app; proxy_read_timeout 1h; }";

#[test]
fn an_end_at_60_s_with_a_limit_of_an_hour_is_that_of_something_in_front() {
    let comparison = compared(&server(HOUR), ended(HoldEnd::Fin, 60));
    let [difference] = comparison.differences.as_slice() else { panic!("{comparison:?}") };
    assert_eq!(difference.what, DifferenceKind::Idle);
    let first = &difference.reasons[0];
    assert_eq!((first.kind, first.text.as_str()), (ReasonKind::Layer, "something in front closes first"));
    let names: Vec<&str> = first.layers.iter().map(|guess| guess.name.as_str()).collect();
    assert!(names.contains(&"AWS Application Load Balancer") && !names.contains(&"Cloudflare"), "{names:?}");
    // Of 100 s another one.
    let comparison = compared(&server(HOUR), ended(HoldEnd::Fin, 100));
    let names: Vec<&str> =
        comparison.differences[0].reasons[0].layers.iter().map(|guess| guess.name.as_str()).collect();
    assert!(names.contains(&"Cloudflare"), "{names:?}");
}

#[test]
fn layers_of_the_settings_come_first() {
    let settings = "[[layers]]\nname = \"kong\"\n";
    let conf = server(HOUR);
    let files = [("nginx.conf", conf.as_str()), (".nginx-ws-lint.toml", settings)];
    let comparison = compared_with(&files, ended(HoldEnd::Reset, 60)).comparison.unwrap();
    let layers = &comparison.differences[0].reasons[0].layers;
    assert!(layers[0].is_declared && layers[0].name.contains("Kong") && layers.len() > 3, "{layers:?}");
}

#[test]
fn an_end_at_the_limit_agrees_and_names_the_finding() {
    let short = "location /ws { UPGRADE proxy_pass http://app; proxy_read_timeout 30s; }";
    let default = "location /ws { UPGRADE proxy_pass http://app; }";
    for (lines, seconds) in [(short, 30), (default, 60)] {
        let comparison = compared(&server(lines), ended(HoldEnd::Fin, seconds));
        assert_eq!((comparison.agrees, comparison.differences.len()), (Some(true), 0), "{comparison:?}");
        let rules: Vec<&str> = comparison.causes.iter().map(|cause| cause.rule).collect();
        assert_eq!(rules, ["short-read-timeout"]);
    }
}

#[test]
fn a_close_frame_is_none_of_nginx() {
    let end = || HoldEnd::CloseFrame { code: Some(1001), reason: String::new() };
    for (lines, seconds) in [(HOUR, 30), ("location /ws { UPGRADE proxy_pass http://app; }", 60)] {
        let comparison = compared(&server(lines), ended(end(), seconds));
        assert_eq!(kinds(&comparison), [ReasonKind::BackEnd], "{comparison:?}");
        assert!(comparison.causes.is_empty(), "{comparison:?}");
    }
}

#[test]
fn an_end_inside_a_frame_is_first_that_of_the_back_end() {
    let comparison = compared(&server(HOUR), ended(HoldEnd::FinInFrame, 7));
    let [difference] = comparison.differences.as_slice() else { panic!("{comparison:?}") };
    assert!(difference.observed.contains("in the middle of a frame"), "{difference:?}");
    let kinds = kinds(&comparison);
    assert_eq!(kinds[0], ReasonKind::BackEnd);
    assert_eq!(kinds.iter().filter(|kind| **kind == ReasonKind::BackEnd).count(), 1);
    // A back end that stops in the middle is ended by nginx's limit all the same.
    let default = "location /ws { UPGRADE proxy_pass http://app; }";
    let comparison = compared(&server(default), ended(HoldEnd::FinInFrame, 60));
    assert_eq!((comparison.agrees, comparison.differences.len()), (Some(true), 0), "{comparison:?}");
}

#[test]
fn what_stays_open_beyond_the_limit_runs_another_configuration() {
    let lines = "location /ws { UPGRADE proxy_pass http://app; proxy_read_timeout 30s; }";
    let comparison = compared(&server(lines), ended(HoldEnd::StillOpen, 90));
    assert_eq!(kinds(&comparison), [ReasonKind::OtherConfiguration, ReasonKind::Traffic, ReasonKind::Layer]);
    let comparison = compared(&server(HOUR), ended(HoldEnd::StillOpen, 90));
    assert!(comparison.differences.is_empty());
}

#[test]
fn a_proxy_that_gives_itself_away_is_the_first_reason() {
    let report = compared_with(
        &[("nginx.conf", &server(HOUR))],
        answered(404, &[("Server", "cloudflare"), ("CF-RAY", "8a")]),
    );
    assert_eq!(report.layers.iter().map(|sign| sign.name.as_str()).collect::<Vec<_>>(), ["Cloudflare"]);
    let comparison = report.comparison.unwrap();
    assert_eq!(comparison.agrees, Some(false));
    assert_eq!(kinds(&comparison), [ReasonKind::Layer, ReasonKind::BackEnd, ReasonKind::OtherConfiguration]);
}

#[test]
fn a_status_of_gateways_is_possible_where_no_one_answers() {
    let comparison = compared(&server(HOUR), answered(502, &[]));
    assert_eq!(comparison.agrees, Some(true));
    assert!(comparison.predicted[0].condition.is_some(), "{comparison:?}");
    // What may be, and is not known to be.
    assert!(comparison.causes.iter().all(|cause| cause.severity == Severity::Info), "{comparison:?}");
}

#[test]
fn a_101_that_browsers_refuse_is_not_the_predicted_one() {
    let mut seen = answered(101, &[]);
    seen.failure = Some(ProbeFailure { kind: ProbeFault::BadHandshake, text: "it does not fit".to_owned() });
    assert_eq!(compared(&server(HOUR), seen).agrees, Some(false));
}

#[test]
fn where_nothing_was_seen_nothing_is_compared() {
    let failed = |kind| ProbeSeen {
        failure: Some(ProbeFailure { kind, text: String::new() }),
        ..ProbeSeen::default()
    };
    for kind in [ProbeFault::NameNotFound, ProbeFault::Unreachable, ProbeFault::TimeOver, ProbeFault::Expired]
    {
        let comparison = compared(&server(HOUR), failed(kind));
        assert_eq!((comparison.agrees, comparison.differences.len()), (None, 0), "{kind:?}");
        assert_eq!(comparison.predicted.len(), 1);
    }
    // Nothing listens there, and the configuration says so too.
    let elsewhere = server(HOUR).replace("listen 80", "listen 8080");
    assert_eq!(compared(&elsewhere, failed(ProbeFault::ConnectionRefused)).agrees, Some(true));
    assert_eq!(compared(&server(HOUR), failed(ProbeFault::ConnectionRefused)).agrees, Some(false));
}

#[test]
fn fields_that_are_added_are_compared() {
    let lines = "add_header X-A 1; add_header X-B 2 always; add_header X-C $host always; location /ws { UPGRADE proxy_pass http://app; }";
    let of = |comparison: &ProbeComparison| {
        comparison.differences.iter().map(|one| one.predicted.clone()).collect::<Vec<_>>()
    };
    // Without `always`, a field is not added to a 101.
    assert_eq!(of(&compared(&server(lines), answered(101, &[]))), ["`X-B: 2`"]);
    assert_eq!(of(&compared(&server(lines), answered(101, &[("x-b", "2")]))), [""; 0]);
    assert_eq!(of(&compared(&server(lines), answered(101, &[("X-B", "3")]))), ["`X-B: 2`"]);
    // One in the location drops those of the server.
    let lines = lines.replace("location /ws {", "location /ws { add_header X-D 4 always;");
    assert_eq!(of(&compared(&server(&lines), answered(101, &[]))), ["`X-D: 4`"]);
}

#[test]
fn secrets_of_the_url_are_not_told() {
    let lines = "location /ws { return 301 https://$host$request_uri; }";
    let comparison =
        compared(&server(lines), answered(301, &[("Location", "https://example.com/ws?(hidden)")]));
    assert_eq!((comparison.agrees, comparison.differences.len()), (Some(true), 0), "{comparison:?}");
    assert!(!format!("{comparison:?}").contains("t0k3n"), "{comparison:?}");
    let comparison = compared(&server(lines), answered(301, &[("Location", "https://other.example.com/")]));
    assert_eq!(comparison.differences[0].what, DifferenceKind::Header);
    assert!(!format!("{comparison:?}").contains("t0k3n"), "{comparison:?}");
}

#[test]
fn without_a_configuration_candidates_are_told_all_the_same() {
    let report = probed_alone(ended(HoldEnd::Fin, 55), ProbeVerdict::Fails);
    assert!(report.comparison.is_none());
    assert_eq!(
        report.guesses.iter().map(|guess| guess.name.as_str()).collect::<Vec<_>>(),
        ["Heroku's router"]
    );
    assert!(probed_alone(ended(HoldEnd::StillOpen, 55), ProbeVerdict::Works).guesses.is_empty());
    assert!(probed_alone(ended(HoldEnd::Fin, 0), ProbeVerdict::Fails).guesses.is_empty());
}

/// One file of a machine was given, and what it includes was not: that is said, and the rest is compared.
#[test]
fn an_include_that_is_not_here_is_named() {
    for place in ["events {}\ninclude mods/ws.conf;\n", "events {}\n"] {
        let lines = match place.contains("mods") {
            true => HOUR.to_owned(),
            false => format!("include mods/ws.conf; {HOUR}"),
        };
        let conf = server(&lines).replacen("events {}", place.trim_end(), 1);
        // Nothing shows whether the file is there.
        let refused = compared(&conf, answered(426, &[]));
        assert_eq!(refused.agrees, Some(false), "{refused:?}");
        let first = &refused.differences[0].reasons[0];
        assert_eq!((first.kind, first.place.is_some()), (ReasonKind::Include, true), "{first:?}");
        assert!(first.text.contains("the included file is not there"), "{first:?}");
        assert_eq!(refused.differences[0].predicted, "101");
        let works = compared(&conf, answered(101, &[]));
        assert_eq!((works.agrees, works.differences.len()), (Some(true), 0), "{works:?}");
        let rules: Vec<&str> = refused.causes.iter().map(|cause| cause.rule).collect();
        assert_eq!(rules, ["include-not-found"]);
    }
    // What nginx refuses otherwise does not run.
    let comparison = compared(
        &server("location /ws { proxy_http_version 3.7; proxy_pass http://app; }"),
        answered(101, &[]),
    );
    assert_eq!(comparison.agrees, Some(false), "{comparison:?}");
    assert!(
        !comparison.causes.is_empty() && comparison.causes[0].rule != "include-not-found",
        "{comparison:?}"
    );
    assert_eq!(kinds(&comparison)[0], ReasonKind::OtherConfiguration);
}

/// With the zones that limits count in.
fn zoned(conf: &str) -> String {
    let zones = "limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s;\nlimit_conn_zone $binary_remote_addr zone=b:1m;";
    conf.replacen("http {", &format!("http {{\n{zones}"), 1)
}

/// Where a line makes just this status possible at this time, it is the first reason.
#[test]
fn a_line_that_makes_it_possible_is_the_first_reason() {
    let after = |status: u16, took_ms: u64| {
        let mut seen = answered(status, &[]);
        seen.answer.as_mut().unwrap().took_ms = took_ms;
        seen
    };
    let location =
        |lines: &str| zoned(&server(&format!("location /ws {{ UPGRADE proxy_pass http://app; {lines} }}")));
    for (lines, seen, first) in [
        ("proxy_read_timeout 1s;", after(504, 1_003), Some("`proxy_read_timeout 1s`")),
        ("proxy_read_timeout 1s;", after(504, 300), None),
        ("proxy_read_timeout 1h;", after(504, 1_003), None),
        ("", after(504, 60_010), Some("the default of `proxy_read_timeout`")),
        ("proxy_connect_timeout 2s;", after(504, 2_001), Some("`proxy_connect_timeout 2s`")),
        ("limit_req zone=a;", after(503, 2), Some("`limit_req zone=a`")),
        ("limit_req zone=a; limit_req_status 429;", after(429, 2), Some("`limit_req zone=a`")),
        ("limit_req zone=a; limit_req_status 429;", after(503, 2), None),
        ("limit_req zone=a; limit_req_dry_run on;", after(503, 2), None),
        ("limit_conn b 1;", after(503, 2), Some("`limit_conn b 1`")),
        ("", after(503, 2), None),
    ] {
        let comparison = compared(&location(lines), seen);
        assert_eq!(comparison.agrees, Some(false), "{lines}");
        let reason = &comparison.differences[0].reasons[0];
        match first {
            Some(first) => {
                assert_eq!(reason.kind, ReasonKind::Line, "{lines}: {reason:?}");
                assert!(reason.text.contains(first) && reason.place.is_some(), "{lines}: {reason:?}");
            }
            None => assert_ne!(reason.kind, ReasonKind::Line, "{lines}: {reason:?}"),
        }
    }
}

/// Each handshake is compared, not the first one alone.
#[test]
fn handshakes_that_follow_are_compared_too() {
    let conf = zoned(&server("location /ws { UPGRADE proxy_pass http://app; limit_req zone=a; }"));
    let one = |status: u16| Reconnected {
        address: None,
        status: Some(status),
        failure: answered(status, &[]).failure,
        back_end: None,
        took_ms: 1,
    };
    let told = |statuses: &[u16]| {
        let each = statuses.iter().map(|status| one(*status)).collect();
        let reconnects = ReconnectsSeen { asked: statuses.len(), each, told_by: None, back_ends: None };
        let seen = ProbeSeen { reconnects: Some(reconnects), ..answered(statuses[0], &[]) };
        let comparison = compared(&conf, seen);
        comparison
            .differences
            .iter()
            .map(|one| (one.observed.clone(), one.reasons[0].kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&[101, 101, 101]), []);
    // Possible where no one answers there.
    assert_eq!(told(&[101, 502]), []);
    assert_eq!(told(&[101, 503, 101, 503]), [("503 (handshake 2 and 1 more)".to_owned(), ReasonKind::Line)]);
    assert_eq!(
        told(&[101, 503, 404]),
        [
            ("503 (handshake 2)".to_owned(), ReasonKind::Line),
            ("404 (handshake 3)".to_owned(), ReasonKind::BackEnd)
        ]
    );
    // One that succeeds behind one that did not.
    assert_eq!(told(&[503, 101]), [("503".to_owned(), ReasonKind::Line)]);
}

/// The line of the PROXY protocol is no request.
#[test]
fn a_socket_that_expects_no_proxy_line_is_named() {
    let plain = server(HOUR);
    let expecting = plain.replace("listen 80", "listen 80 proxy_protocol");
    let files = |conf: &str| [("nginx.conf".to_owned(), conf.to_owned())];
    let of = |conf: &str, seen: ProbeSeen, is_introduced| {
        let files = files(conf);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        introduced(&files, seen, is_introduced).comparison.unwrap()
    };
    let comparison = of(&plain, answered(400, &[]), true);
    assert_eq!((comparison.agrees, comparison.causes.len()), (Some(true), 0), "{comparison:?}");
    let first = &comparison.predicted[0];
    assert!(
        first.text.contains("this `listen` has no `proxy_protocol`") && first.place.is_some(),
        "{first:?}"
    );
    assert_eq!(of(&plain, answered(101, &[]), true).agrees, Some(false));
    assert_eq!(of(&expecting, answered(101, &[]), true).agrees, Some(true));
    // What is missing the other way round is no fault of the fields that a back end gets.
    let lines =
        "proxy_set_header X-A 1; location /ws { UPGRADE proxy_pass http://app; proxy_read_timeout 1h; }";
    let closed = ProbeSeen {
        failure: Some(ProbeFailure { kind: ProbeFault::ClosedWithoutAnswer, text: String::new() }),
        ..ProbeSeen::default()
    };
    let expecting = server(lines).replace("listen 80", "listen 80 proxy_protocol");
    let comparison = of(&expecting, closed, false);
    assert_eq!(comparison.agrees, Some(true), "{comparison:?}");
    let rules: Vec<&str> = comparison.causes.iter().map(|cause| cause.rule).collect();
    assert!(!rules.contains(&"proxy-headers-not-inherited"), "{rules:?}");
}

/// What the back end does, where nginx passes it on.
#[test]
fn what_a_back_end_does_itself_is_said() {
    let mut bad = answered(101, &[]);
    bad.failure = Some(ProbeFailure { kind: ProbeFault::BadHandshake, text: "does not fit".to_owned() });
    let comparison = compared(&server(HOUR), bad);
    let first = &comparison.differences[0].reasons[0];
    assert_eq!(first.kind, ReasonKind::BackEnd, "{first:?}");
    assert!(first.text.contains("the back end itself answers so") && first.place.is_some(), "{first:?}");
    // One that is not strict.
    let lines = "location /ws { proxy_http_version 1.1; proxy_pass http://app; }";
    let comparison = compared(&server(lines), answered(101, &[]));
    assert_eq!(comparison.agrees, Some(false));
    let first = &comparison.differences[0].reasons[0];
    assert!(first.kind == ReasonKind::BackEnd && first.text.contains("is not strict"), "{first:?}");
}

/// A reload ends what is open where a line says so, and not before its time.
#[test]
fn a_reload_may_end_a_connection() {
    let conf = format!("worker_shutdown_timeout 20s;\n{}", server(HOUR));
    let first = |seconds: u64| {
        let comparison = compared(&conf, ended(HoldEnd::Fin, seconds));
        let reason = comparison.differences[0].reasons[0].clone();
        (reason.kind, reason.text)
    };
    let (kind, text) = first(37);
    assert_eq!(kind, ReasonKind::Line);
    assert!(text.contains("a reload may have ended it: `worker_shutdown_timeout 20s`"), "{text}");
    assert_ne!(first(10).0, ReasonKind::Line);
    // A limit that is known of something in front is likelier.
    assert_eq!(first(60).0, ReasonKind::Layer);
}

/// nginx's own refusals name the line and say why.
#[test]
fn what_nginx_refuses_itself_has_a_reason() {
    let lines = format!("ssl_certificate a; ssl_certificate_key b; {HOUR}");
    let conf = server(&lines).replace("listen 80", "listen 80 ssl");
    let comparison = compared(&conf, answered(400, &[]));
    let first = &comparison.predicted[0];
    assert!(first.text.contains("the request is plain HTTP, and this socket speaks TLS"), "{first:?}");
    assert!(first.place.is_some());
}
