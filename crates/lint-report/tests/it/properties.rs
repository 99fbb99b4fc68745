//! Whatever a file holds and wherever labels point, no format panics or lets a control character through.

use lint_finding::{Notice, NoticeCode, Outcome};
use lint_report::Style;
use nginx_syntax::Span;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::build::{concise, file, finding, human, json, label};
use crate::formats::in_all;

/// Short files full of what is awkward.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        "[a-z ;{}]{0,40}".prop_map(String::into_bytes),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "\r",
            "\t",
            "\u{1b}[0m",
            "\u{202e}",
            "\u{301}",
            "語",
            "\u{feff}",
            "\u{ad}",
            "##[error]",
            "##",
            "[",
            "::",
            "::error::"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

/// What is awkward in names and messages.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), bytes().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let spans = vec((0u32..2, 0u32..1500, 0u32..200), 1..6);
    (bytes(), bytes(), text(), spans, any::<bool>()).prop_map(|(one, two, text, spans, is_shown)| {
        let mut labels =
            spans.iter().map(|&(file, start, len)| label(file, Span::new(start, start + len), &text));
        let mut finding = finding(labels.next().unwrap(), labels.collect());
        finding.message = text.clone().into();
        finding.help = Some(text.clone().into());
        let notice = Notice {
            code: NoticeCode::TooLarge,
            message: text.clone(),
            place: Some(finding.primary.place),
            path: None,
            incomplete: true,
        };
        let mut files = vec![file(&text, one), file("two", two)];
        files[1].may_be_shown = is_shown;
        Outcome { files, findings: vec![finding], notices: vec![notice], ..Outcome::default() }
    })
}

fn is_clean(text: &str, color: bool) -> bool {
    text.chars()
        .all(|c| c == '\n' || (color && c == '\u{1b}') || !(c.is_control() || "\u{202e}\u{2028}".contains(c)))
}

/// Whether a CI system would obey some line, by the rules that `nginx-ws-lint/tests/it/ci_logs.rs` takes from its source.
fn is_command(text: &str) -> bool {
    text.lines().any(|line| {
        let opens = line.trim_start().strip_prefix("::").is_some_and(|rest| rest.contains("::"));
        opens || line.contains("##[")
    })
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_gets_through(
        outcome in outcome(),
        color: bool,
        unicode: bool,
        width in 0usize..300,
    ) {
        let text = human(&outcome, &Style { color, unicode, width, folds: false, verbose: true, summary: true });
        prop_assert!(is_clean(&text, color) && !is_command(&text), "{text:?}");
        prop_assert!(!text.contains("Failed to read"), "{text}");
        let text = concise(&outcome);
        prop_assert!(is_clean(&text, false) && !is_command(&text), "{text:?}");
        prop_assert_eq!(text.lines().count(), 2);
        let text = json(&outcome);
        prop_assert!(is_clean(&text, false) && !is_command(&text), "{text:?}");
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        for (name, text) in in_all(&outcome) {
            prop_assert!(is_clean(&text, false), "{name}: {text:?}");
            // Of GitHub's commands there are those that we mean, a line each.
            if name == "github" {
                prop_assert_eq!(text.lines().count(), 2);
                prop_assert!(text.lines().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")));
                prop_assert!(!text.contains("##["), "{text:?}");
            } else {
                prop_assert!(!is_command(&text), "{name}: {text:?}");
            }
            match name {
                "jsonl" => text.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap())),
                "sarif" | "gitlab" | "rdjson" => drop(serde_json::from_str::<serde_json::Value>(&text).unwrap()),
                "junit" | "checkstyle" => {
                    let mut reader = quick_xml::Reader::from_str(&text);
                    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
                }
                _ => {}
            }
        }
    }
}
