//! What a configuration says of a probed request, beside what was seen of it.

use std::path::PathBuf;

use lint_engine::{Probed, Query, Settings, Url, probed, probed_alone};
use lint_finding::{
    AnswerSeen, DifferenceKind, HoldEnd, HoldSeen, ProbeComparison, ProbeFailure, ProbeFault, ProbeReport,
    ProbeSeen, ProbeVerdict, ReasonKind, Severity,
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
    let folder = PathBuf::from(FOLDER);
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(folder.join(path), *text);
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let url = Url::parse("ws://example.com/ws?token=t0k3n").expect("a URL");
    let query = Query {
        url,
        headers: Vec::new(),
        client: None,
        via: None,
        is_plain: false,
        has_no_certificate: true,
    };
    let hide = |text: &str| text.replace("t0k3n", "(hidden)");
    let met = Probed { query: &query, address: None, seen, verdict: ProbeVerdict::Fails, hide: &hide };
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
    let comparison =
        compared(&server("location /ws { proxy_pass http://app; proxy_read_timeout; }"), answered(101, &[]));
    assert_eq!(comparison.agrees, Some(false), "{comparison:?}");
    assert!(
        !comparison.causes.is_empty() && comparison.causes[0].rule != "include-not-found",
        "{comparison:?}"
    );
    assert_eq!(kinds(&comparison)[0], ReasonKind::OtherConfiguration);
}
