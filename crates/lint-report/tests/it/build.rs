//! Outcomes from text in which `‹` and `›` enclose the labels.

use std::sync::Arc;

use lint_finding::{
    Confidence, File, FileId, Finding, FixKind, Group, Label, LabelRole, Outcome, Place, RuleMeta, Severity,
    fingerprint, fingerprint_v2,
};
use lint_report::Style;
use nginx_syntax::{Source, Span};

pub(crate) static RULE: RuleMeta = RuleMeta {
    name: "missing-connection-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`Connection` is not forwarded",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: lint_finding::Tells::Nothing,
    docs: "# missing-connection-header",
};

pub(crate) const MESSAGE: &str = "`Connection` is not forwarded, so nginx sends `Connection: close`";

/// Without colour, in Unicode.
pub(crate) const PLAIN: Style =
    Style { color: false, unicode: true, width: 100, folds: false, verbose: false, summary: true };

pub(crate) fn file(path: &str, bytes: impl Into<Vec<u8>>) -> File {
    File {
        source: Arc::new(Source::new(path, bytes.into()).unwrap()),
        may_be_shown: true,
        view: None,
        raw_path: None,
    }
}

pub(crate) fn label(file: u32, span: Span, message: &str) -> Label {
    Label { place: place(file, span), message: message.to_owned().into(), role: LabelRole::Because }
}

pub(crate) fn place(file: u32, span: Span) -> Place {
    Place { file: FileId(file), span }
}

pub(crate) fn finding(primary: Label, labels: Vec<Label>) -> Finding {
    Finding {
        rule: &RULE,
        severity: Severity::Error,
        confidence: Confidence::High,
        message: MESSAGE.into(),
        help: None,
        primary,
        labels,
        fix: None,
        unsafe_fix: None,
        endpoint: None,
        fingerprint: fingerprint([]),
        fingerprint_v2: fingerprint_v2([]),
        verify: None,
    }
}

/// An outcome with one finding in `app.conf`: the first pair of brackets encloses the primary label, which has no
/// message, and the others take `messages` in turn.
pub(crate) fn marked(text: &str, messages: &[&str]) -> Outcome {
    let (bytes, spans) = unmark(text);
    let labels = spans[1..].iter().zip(messages).map(|(&span, message)| label(0, span, message));
    let finding = finding(label(0, spans[0], ""), labels.collect());
    let mut outcome = Outcome { files: vec![file("app.conf", bytes)], ..Outcome::default() };
    outcome.summary.files = 1;
    outcome.summary.endpoints = 1;
    outcome.summary.errors = 1;
    outcome.findings.push(finding);
    outcome
}

/// A `location` and a directive in it, the latter to blame.
pub(crate) fn two_labels() -> Outcome {
    let text = "server {\n    listen 80;\n\n    ‹location /ws/› {\n        proxy_pass http://app;\n        \
        ‹!proxy_set_header Upgrade $http_upgrade;›\n    }\n}\n";
    marked(text, &["this location proxies WebSocket traffic"])
}

/// `‹›` are taken out; the label with a `!` after its opening bracket comes first.
fn unmark(text: &str) -> (Vec<u8>, Vec<Span>) {
    let (mut bytes, mut open, mut spans) = (String::new(), Vec::new(), Vec::new());
    let at = |bytes: &String| u32::try_from(bytes.len()).unwrap();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '‹' => open.push((at(&bytes), chars.next_if_eq(&'!').is_none())),
            '›' => {
                let (start, is_secondary) = open.pop().unwrap();
                spans.push((is_secondary, Span::new(start, at(&bytes))));
            }
            c => bytes.push(c),
        }
    }
    spans.sort();
    (bytes.into_bytes(), spans.into_iter().map(|(_, span)| span).collect())
}

pub(crate) fn human(outcome: &Outcome, style: &Style) -> String {
    let mut out = Vec::new();
    lint_report::human(outcome, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The findings alone.
pub(crate) fn drawn(outcome: &Outcome, style: &Style) -> String {
    let text = human(outcome, style);
    text[..text.find("\n1 file judged, ").unwrap()].to_owned()
}

pub(crate) fn concise(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    lint_report::concise(outcome, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn json(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    let tool = lint_report::ToolInfo { name: "nginx-ws-lint", version: "0.1.0", commit: None };
    lint_report::json(outcome, &tool, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
