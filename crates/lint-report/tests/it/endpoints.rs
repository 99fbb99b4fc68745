//! The listing of `--verbose` and the same rows in JSON.

use insta::assert_snapshot;
use lint_finding::{Confidence, EndpointRow, EvidenceKind, EvidenceRow, Origin, Outcome, Place, Setting};
use lint_report::Style;
use nginx_syntax::Span;

use crate::build::{PLAIN, human, json, marked, place};

fn setting(value: Option<&str>, origin: Origin, place: Option<Place>, note: Option<&str>) -> Setting {
    Setting { value: value.map(Into::into), origin, place, note: note.map(Into::into) }
}

fn outcome() -> Outcome {
    let text = "server {\n    ‹!location› /ws/ {\n        proxy_pass http://app;\n    }\n}\n";
    let mut outcome = marked(text, &[]);
    let at = outcome.findings[0].primary.place;
    outcome.findings.clear();
    outcome.summary.errors = 0;
    outcome.summary.proxied_locations = 3;
    outcome.endpoints = vec![EndpointRow {
        place: at,
        server_names: ["app.example".into(), "*.app.example".into()].into(),
        listens: ["443 ssl".into()].into(),
        location: "~ ^/ws/".into(),
        evidence: vec![
            EvidenceRow {
                kind: EvidenceKind::Named,
                text: "the location is called `ws`".into(),
                place: Some(at),
            },
            EvidenceRow { kind: EvidenceKind::Declared, text: "--ws-path /ws/".into(), place: None },
        ],
        confidence: Confidence::Medium,
        upstream: "http://app".into(),
        http_version: setting(Some("1.1"), Origin::Default, None, Some("since 1.29.7")),
        upgrade: setting(None, Origin::Default, None, None),
        connection: setting(Some("close"), Origin::Default, None, None),
        host: setting(Some("$host"), Origin::Inherited, Some(place(0, Span::at(0))), None),
        other_headers: [("X-Real-IP".into(), setting(Some("$remote_addr"), Origin::Here, Some(at), None))]
            .into(),
        idle_timeout: setting(None, Origin::Unknown, None, None),
    }];
    outcome
}

#[test]
fn verbose_lists_endpoints_with_provenance() {
    assert_snapshot!(human(&outcome(), &Style { verbose: true, ..PLAIN }), @"
    location ~ ^/ws/ (app.conf:2)
      server        app.example *.app.example
      listen        443 ssl
      upstream      http://app
      evidence      named: the location is called `ws` (app.conf:2)
      evidence      declared: --ws-path /ws/
      confidence    medium
      HTTP version  1.1 (default; since 1.29.7)
      Upgrade       nothing (default)
      Connection    close (default)
      Host          $host (inherited, app.conf:1)
      X-Real-IP     $remote_addr (here, app.conf:2)
      idle timeout  unknown

    1 file judged, 1 WebSocket endpoint
    no findings
    ");
}

#[test]
fn json_has_them_always() {
    assert_snapshot!(json(&outcome()));
}
