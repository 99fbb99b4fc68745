//! What is said of logs: for programs as its schema says, for people without anything that a terminal obeys.

use lint_finding::{
    Cliff, CliffCause, FileId, HeatMap, LayerGuess, LifetimeBar, Lifetimes, LikelyCause, LogEndpoint,
    LogInput, LogKind, LogReport, LogServer, LogSymptom, Moment, Observation, PeerTraffic, Place,
    RefusingLine, Severity, StatusPage, Traffic,
};
use lint_report::Style;

use crate::trace::{TOOL, written};

/// A report with one of each, its names those of a stranger.
pub(crate) fn report(name: &str) -> LogReport {
    let place = Place { file: FileId(0), span: Default::default() };
    let bar = LifetimeBar { from_ms: 30_000, to_ms: 60_000, count: 3 };
    let traffic = Traffic {
        handshakes: 5,
        succeeded: 3,
        refusals: vec![(400, 2)],
        lifetimes: Some(Lifetimes { count: 3, p50: 1, p90: 2, p99: 3, max: 4, bars: vec![bar] }),
        bytes_sent: Some(7),
        bytes_received: None,
        peak_open: Some(0.5),
        step_s: 60,
        moments: vec![Moment { start: 1_714_550_400, handshakes: 5, refused: 2, disconnects: 3, open: 0.5 }],
        most_disconnects: 3.0,
        peers: ["", name]
            .map(|address| PeerTraffic {
                address: address.to_owned(),
                handshakes: 5,
                succeeded: 3,
                failed_over: 1,
            })
            .to_vec(),
    };
    let guess = |is_declared| vec![LayerGuess { name: name.to_owned(), is_declared }];
    let causes = [
        CliffCause::Limit { directive: "proxy_read_timeout", milliseconds: 60_000, place, is_default: true },
        CliffCause::Limit { directive: "proxy_read_timeout", milliseconds: 90, place, is_default: false },
        CliffCause::Layers(guess(true)),
        CliffCause::Layers(Vec::new()),
        CliffCause::NoConfiguration(guess(false)),
    ];
    let cliff = |cause| Cliff { at_ms: 60_010, within_ms: 20, count: 3, of: 3, timed_out: Some(2), cause };
    let input = LogInput {
        path: name.to_owned(),
        kind: LogKind::Access,
        format: name.to_owned(),
        place: Some(place),
        line: None,
        lacks: vec!["$request_time"],
        lines: 9,
        bytes: 99,
        unreadable: 1,
        cut: 1,
        control: 1,
        is_half: true,
        sent: Some("$bytes_sent"),
        repeats: None,
        clock_back: 1,
        problem: Some(name.to_owned()),
    };
    let cause = LikelyCause {
        status: 400,
        severity: Severity::Error,
        rule: "missing-connection-header",
        message: name.to_owned(),
        place,
    };
    LogReport {
        inputs: vec![input],
        requests: 9,
        unplaced: 1,
        has_access: true,
        has_configuration: true,
        span: Some((1_714_550_400, 1_714_550_460)),
        total: traffic.clone(),
        servers: vec![LogServer { server: name.to_owned(), traffic: traffic.clone() }],
        endpoints: vec![LogEndpoint {
            server: name.to_owned(),
            location: name.to_owned(),
            place: Some(place),
            idle_timeout: None,
            traffic,
            cliffs: causes.map(cliff).to_vec(),
            causes: vec![cause],
            refusing: vec![RefusingLine { status: 403, text: name.to_owned(), place }],
        }],
        symptoms: vec![LogSymptom {
            title: "a",
            meaning: "b",
            causes: &["not-nginx"],
            next: "c",
            lines: 2,
            tied: 1,
            span: Some((1, 2)),
            example: name.to_owned(),
        }],
        unexplained: 1,
        reloads: vec![1_714_550_400],
        observations: vec![
            Observation::ReconnectStorm { at: 1, disconnects: 2, handshakes: 3, usual: 0 },
            Observation::RefusedAfterReload { at: 1, refused: 2, of: 3 },
            Observation::RefusingPeer {
                endpoint: 0,
                address: name.to_owned(),
                refused: 2,
                of: 3,
                others_refused: 0,
                others_of: 3,
            },
            Observation::OldHttpVersion { endpoint: 7, refused: 5, place },
            Observation::CertificateRefused {
                listen: name.to_owned(),
                reload: Some(1),
                span: (1, 2),
                mended: None,
                alerts: vec![("unknown ca", 2)],
                places: vec![place],
            },
            Observation::ReloadFailed { at: 1, text: name.to_owned(), place: Some(place) },
        ],
        heat: HeatMap {
            start: 1_714_550_400,
            step_s: 60,
            rows_from_ms: vec![0, 100],
            columns: vec![vec![1, 0], vec![0, 9]],
        },
        status: Some(StatusPage { source: name.to_owned(), active: 1, accepted: None, dropped: Some(2) }),
        ..LogReport::default()
    }
}

#[test]
fn nothing_gets_through() {
    let hostile = "\x1b[31m<script>\u{202e}\n::error::a\r##[error]b\0";
    let report = report(hostile);
    for unicode in [false, true] {
        for width in [0, 40, 100, 500] {
            let style = Style { color: false, unicode, width, folds: true, verbose: true, summary: true };
            let text = written(|out| lint_report::logs(&report, &style, out));
            assert!(!text.contains(['\x1b', '\r', '\0', '\u{202e}']), "{text:?}");
            let is_command = |line: &str| line.trim_start().starts_with("::error") || line.contains("##[");
            assert!(!text.lines().any(is_command), "{text}");
            assert!(unicode || text.is_ascii(), "{text}");
        }
    }
    let page = written(|out| lint_report::logs_html(&report, &TOOL, out));
    assert!(!page.contains(['\x1b', '\r', '\0', '\u{202e}']) && !page.contains("<script"), "{page}");
    // The shares of peers are there too, and those that are not counted one by one.
    assert_eq!(page.matches("<td>100.0%</td><td>60.0%</td><td>1</td>").count(), 2, "{page}");
    assert!(page.contains("<h2>Peers</h2>") && page.contains("<td>(others)</td><td>5</td>"), "{page}");
    let rows = written(|out| lint_report::logs_csv(&report, out));
    assert_eq!(rows.matches("\r\n").count(), 2, "{rows:?}");
    assert!(!rows.contains(['\x1b', '\0', '\u{202e}']), "{rows:?}");
    // Of an empty report everything can be written too.
    let empty = LogReport::default();
    let style = Style { color: true, unicode: true, width: 80, folds: true, verbose: true, summary: true };
    for text in [
        written(|out| lint_report::logs(&empty, &style, out)),
        written(|out| lint_report::logs_html(&empty, &TOOL, out)),
        written(|out| lint_report::logs_csv(&empty, out)),
    ] {
        assert!(!text.is_empty());
    }
}
