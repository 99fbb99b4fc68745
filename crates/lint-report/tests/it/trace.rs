//! Whatever stands in a trace or in a table, no control character gets through.

use lint_finding::{
    Confidence, EndpointRow, EndpointTable, EvidenceKind, EvidenceRow, FieldOrigin, Instead, Origin, Outcome,
    PeerRow, Place, Prospect, Remark, Responder, SentField, SentRequest, Setting, Severity, Stage, TableRow,
    Tls, Trace, TraceAnswer, TraceRun, TraceStep, TraceWay, TracedRequest,
};
use lint_report::{Style, ToolInfo};
use nginx_syntax::Span;
use proptest::prelude::*;

use crate::build::{file, finding, label, place};

pub(crate) const TOOL: ToolInfo<'_> = ToolInfo { name: "nginx-ws-lint", version: "0.1.0", commit: None };

fn outcome(text: &str) -> Outcome {
    let mut finding = finding(label(0, Span::new(0, 4), text), Vec::new());
    finding.message = text.to_owned().into();
    Outcome { files: vec![file(text, "a\nb c\n")], findings: vec![finding], ..Outcome::default() }
}

/// A trace with the text wherever one can stand.
pub(crate) fn trace(text: &str, is_several: bool) -> Trace {
    let at = Some(place(0, Span::new(2, 3)));
    let owned = || text.to_owned();
    let remark = || Remark { text: owned(), place: at };
    let step = |stage| TraceStep { stage, text: owned(), place: at, remarks: vec![remark()] };
    let field =
        |origin| SentField { name: owned(), value: Some(owned()), origin, place: at, note: Some(owned()) };
    let way = |handshake, by| TraceWay {
        assumptions: vec![owned()],
        steps: vec![step(Stage::Location)],
        sent: Some(SentRequest {
            line: owned(),
            fields: vec![field(FieldOrigin::Set), field(FieldOrigin::Client)],
            dropped: vec![field(FieldOrigin::Lost)],
        }),
        answer: TraceAnswer {
            status: Some(101),
            by,
            reason: None,
            location: Some(owned()),
            text: owned(),
            place: at,
            instead: vec![Instead { status: 502, by: Responder::Nginx, condition: owned(), place: at }],
            remarks: vec![remark()],
            handshake,
        },
        after: vec![step(Stage::Idle)],
        idle: None,
        fields: Vec::new(),
        possible: Vec::new(),
    };
    let mut ways = vec![way(Prospect::Succeeds, Responder::Backend)];
    if is_several {
        ways.push(way(Prospect::Fails, Responder::Nginx));
    }
    let run = TraceRun {
        versions: owned(),
        root: Some(owned()),
        listen: owned(),
        steps: vec![step(Stage::Listen), step(Stage::Server)],
        ways,
        is_cut: is_several,
        has_proxy_protocol: false,
        handshake: Prospect::Succeeds,
    };
    Trace {
        is_refused: false,
        request: TracedRequest {
            url: owned(),
            is_handshake: true,
            line: owned(),
            headers: vec![(owned(), owned())],
            client: None,
        },
        runs: if is_several { vec![run.clone(), run] } else { vec![run] },
        problem: is_several.then(owned),
        handshake: Prospect::Succeeds,
        verify: owned(),
        outcome: outcome(text),
    }
}

pub(crate) fn table(text: &str) -> EndpointTable {
    let at: Place = place(0, Span::new(2, 3));
    let owned = || text.to_owned();
    let setting = || Setting {
        value: Some(text.into()),
        origin: Origin::Here,
        place: Some(at),
        note: Some(text.into()),
    };
    let peer = || PeerRow { text: owned(), place: at };
    let endpoint = EndpointRow {
        place: at,
        server_names: [owned()].into(),
        listens: [owned()].into(),
        location: owned(),
        evidence: vec![EvidenceRow { kind: EvidenceKind::Named, text: text.into(), place: Some(at) }],
        confidence: Confidence::High,
        upstream: owned(),
        http_version: setting(),
        upgrade: setting(),
        connection: Setting { origin: Origin::Default, ..setting() },
        host: setting(),
        other_headers: [(text.into(), setting())].into(),
        idle_timeout: setting(),
    };
    let row = TableRow {
        endpoint,
        tls: Tls::Yes,
        group: Some(owned()),
        peers: [peer(), peer()].into(),
        balancing: [peer()].into(),
        findings: vec![(Severity::Error, "a-rule")],
    };
    EndpointTable { rows: vec![row], outcome: outcome(text) }
}

pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn is_clean(text: &str, color: bool) -> bool {
    text.chars()
        .all(|c| c == '\n' || (color && c == '\u{1b}') || !(c.is_control() || "\u{202e}\u{2028}".contains(c)))
}

fn all_formats(text: &str, style: &Style, is_several: bool) -> Vec<(bool, String)> {
    let (trace, table) = (trace(text, is_several), table(text));
    let csv = written(|out| lint_report::endpoints_csv(&table, out)).replace("\r\n", "\n");
    vec![
        (style.color, written(|out| lint_report::trace(&trace, style, out))),
        (style.color, written(|out| lint_report::endpoints(&table, style, out))),
        (false, written(|out| lint_report::trace_json(&trace, &TOOL, out))),
        (false, written(|out| lint_report::endpoints_json(&table, &TOOL, out))),
        (false, written(|out| lint_report::endpoints_markdown(&table, out))),
        (false, csv),
    ]
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_gets_through(
        text in any::<String>(),
        (color, unicode, verbose, is_several) in any::<(bool, bool, bool, bool)>(),
        width in 0usize..300,
    ) {
        let style = Style { color, unicode, width, folds: false, verbose, summary: true };
        for (color, text) in all_formats(&text, &style, is_several) {
            prop_assert!(is_clean(&text, color), "{text:?}");
        }
    }
}

#[test]
fn escape_sequences_become_visible() {
    let style = Style { color: false, unicode: true, width: 100, folds: false, verbose: true, summary: true };
    for (_, text) in all_formats("\u{1b}]0;x\u{7}\u{202e}\n`", &style, true) {
        assert!(is_clean(&text, false), "{text:?}");
        assert!(
            text.contains("\\x1b]0;x\\x07")
                || text.contains("\\u001b]0;x\\u0007")
                || text.contains("\\\\x1b\\]0;x"),
            "{text}"
        );
    }
}

#[test]
fn a_cell_is_no_formula_and_no_markup() {
    let table = table("=cmd|' /C calc'!A0,\"x\"");
    let csv = written(|out| lint_report::endpoints_csv(&table, out));
    assert!(csv.contains("\"'=cmd|' /C calc'!A0,\"\"x\"\"\""), "{csv}");
    let table = super::trace::table("a|b`c<script>_d_[e](f)");
    let markdown = written(|out| lint_report::endpoints_markdown(&table, out));
    assert!(markdown.contains(r"| a\|b\`c&lt;script&gt;\_d\_\[e\](f) |"), "{markdown}");
}
