//! What is said of a probe: for programs as its schema says, for people without anything that a terminal obeys.

use insta::assert_snapshot;
use lint_finding::{
    AnswerSeen, CertificateSeen, Confidence, ConnectAttempt, ConnectResult, Difference, DifferenceKind,
    FileId, HoldEnd, HoldSeen, LayerGuess, LayerSign, LikelyReason, Outcome, Place, PollingKind, PollingSeen,
    PollingStep, PredictedField, Prediction, ProbeCause, ProbeComparison, ProbeFailure, ProbeFault,
    ProbeReport, ProbeSeen, ProbeVerdict, ProbedRequest, Prospect, ReasonKind, Reconnected, ReconnectsSeen,
    Responder, Severity, TlsSeen, TraceIdle,
};
use lint_report::Style;

use crate::build::file;
use crate::trace::{TOOL, written};

/// A report with one of each, its texts those of a stranger.
pub(crate) fn report(text: &str, end: HoldEnd) -> ProbeReport {
    let owned = || text.to_owned();
    let pairs = || vec![(owned(), owned()), ("Server".to_owned(), owned())];
    let place = Place { file: FileId(0), span: Default::default() };
    let failure = || Some(ProbeFailure { kind: ProbeFault::OtherStatus, text: owned() });
    let guess = |is_declared| LayerGuess { name: owned(), is_declared };
    let certificate = |days_left| CertificateSeen {
        subject: owned(),
        issuer: owned(),
        names: vec![owned()],
        more_names: 2,
        not_before: "2026-01-01".to_owned(),
        not_after: "2026-03-01".to_owned(),
        days_left,
        is_self_issued: false,
    };
    let attempt = |result| ConnectAttempt { address: owned(), is_ipv6: false, result };
    let results = [ConnectResult::Failed(owned()), ConnectResult::Connected(3), ConnectResult::NotTried];
    let reconnected = |failure, back_end: Option<&str>| Reconnected {
        address: Some(owned()),
        status: Some(101),
        failure,
        back_end: back_end.map(str::to_owned),
        took_ms: 1,
    };
    let reason = |kind, layers| LikelyReason { kind, text: owned(), place: Some(place), layers };
    let reasons = || {
        vec![
            reason(ReasonKind::Layer, vec![guess(true), guess(false)]),
            reason(ReasonKind::OtherConfiguration, Vec::new()),
        ]
    };
    let difference = |what| Difference { what, predicted: owned(), observed: owned(), reasons: reasons() };
    let prediction = |agrees, condition| Prediction {
        versions: owned(),
        assumptions: vec![owned()],
        status: Some(101),
        by: Responder::Backend,
        text: owned(),
        place: Some(place),
        location: Some(owned()),
        fields: vec![PredictedField { name: owned(), value: owned(), place }],
        idle: Some(TraceIdle {
            directive: "proxy_read_timeout",
            milliseconds: Some(90_000),
            is_default: true,
            place: Some(place),
        }),
        handshake: Prospect::Succeeds,
        agrees,
        condition,
    };
    let step = |is_ok| PollingStep { request: owned(), status: Some(200), text: owned(), is_ok, took_ms: 1 };
    ProbeReport {
        seen: ProbeSeen {
            request: ProbedRequest { url: owned(), browser: "chrome", line: owned(), headers: pairs() },
            attempts: results.map(attempt).to_vec(),
            tls: Some(TlsSeen {
                version: Some(owned()),
                alpn: Some(owned()),
                name: Some(owned()),
                chain: vec![certificate(-3), certificate(7)],
                took_ms: 12,
            }),
            answer: Some(AnswerSeen {
                status: 400,
                reason: owned(),
                version: owned(),
                headers: pairs(),
                took_ms: 5,
            }),
            failure: failure(),
            hold: Some(HoldSeen {
                asked_ms: 90_000,
                ping_every_ms: Some(20_000),
                lasted_ms: 60_040,
                silent_ms: 1_234,
                end,
                messages: 1,
                pings: 2,
                pings_every_ms: Some(25_000),
                pings_sent: 3,
                pongs: 2,
                slowest_pong_ms: Some(7),
            }),
            reconnects: Some(ReconnectsSeen {
                asked: 3,
                each: vec![reconnected(None, Some("A")), reconnected(failure(), Some("B"))],
                told_by: Some(owned()),
                back_ends: Some(2),
            }),
            polling: Some(PollingSeen {
                kind: PollingKind::SocketIo,
                steps: vec![step(true), step(false)],
                works: false,
            }),
        },
        verdict: ProbeVerdict::Fails,
        layers: vec![LayerSign { name: owned(), is_of_other: false, field: owned() }],
        guesses: vec![guess(true), guess(false)],
        comparison: Some(ProbeComparison {
            problem: Some(owned()),
            is_refused: true,
            predicted: vec![prediction(true, Some(owned())), prediction(false, None)],
            agrees: Some(false),
            differences: [DifferenceKind::Status, DifferenceKind::Header, DifferenceKind::Idle]
                .map(difference)
                .to_vec(),
            causes: vec![ProbeCause {
                severity: Severity::Error,
                confidence: Confidence::High,
                rule: "missing-connection-header",
                message: owned(),
                place,
            }],
        }),
        outcome: Outcome { files: vec![file(text, b"events {}\n".to_vec())], ..Outcome::default() },
    }
}

/// One that knows nothing.
pub(crate) fn empty() -> ProbeReport {
    ProbeReport {
        seen: ProbeSeen::default(),
        verdict: ProbeVerdict::Unknown,
        layers: Vec::new(),
        guesses: Vec::new(),
        comparison: None,
        outcome: Outcome::default(),
    }
}

/// Each way in which a connection can end.
pub(crate) fn ends(text: &str) -> [HoldEnd; 7] {
    let reason = text.to_owned();
    [
        HoldEnd::StillOpen,
        HoldEnd::CloseFrame { code: Some(1011), reason },
        HoldEnd::Fin,
        HoldEnd::FinInFrame,
        HoldEnd::Reset,
        HoldEnd::NotFrames(text.to_owned()),
        HoldEnd::TooLarge,
    ]
}

const PLAIN: Style =
    Style { color: false, unicode: true, width: 90, folds: true, verbose: false, summary: false };

#[test]
fn nothing_gets_through() {
    let hostile = "\x1b[31m<script>\u{202e}\n::error::a\r##[error]b\0";
    for end in ends(hostile) {
        let report = report(hostile, end);
        for (unicode, width) in [(false, 0), (true, 40), (true, 100), (false, 500)] {
            let style = Style { unicode, width, verbose: true, ..PLAIN };
            let text = written(|out| lint_report::probe(&report, &style, out));
            assert!(!text.contains(['\x1b', '\r', '\0', '\u{202e}']), "{text:?}");
            let is_command = |line: &str| line.trim_start().starts_with("::error") || line.contains("##[");
            assert!(!text.lines().any(is_command), "{text}");
            assert!(unicode || text.is_ascii(), "{text}");
        }
        let json = written(|out| lint_report::probe_json(&report, &TOOL, out));
        assert!(!json.contains(['\x1b', '\r', '\0', '\u{202e}']), "{json:?}");
    }
    assert!(!written(|out| lint_report::probe(&empty(), &PLAIN, out)).is_empty());
}

#[test]
fn a_report_for_people() {
    let mut report = report("a", HoldEnd::Fin);
    let comparison = report.comparison.as_mut().unwrap();
    (comparison.problem, comparison.is_refused) = (None, false);
    assert_snapshot!(written(|out| lint_report::probe(&report, &PLAIN, out)));
}
