//! Comments that suppress findings: what they cover, until when, and those that cover nothing.

use std::path::{Path, PathBuf};

use lint_engine::{Config, Settings, lint};
use lint_finding::Outcome;
use nginx_semantics::{MemoryFiles, Scope};

use crate::settings::{ENDPOINT, rules};
use crate::snippet::ready;

/// 2026-11-30, noon.
const NOW: i64 = 1_796_040_000;

fn judged(text: &str, settings: Settings) -> Outcome {
    let mut files = MemoryFiles::new();
    let text = format!("events {{}}\nhttp {{\n{text}\n}}\n").replace("ENDPOINT", ENDPOINT);
    files.insert(Path::new("/repo/nginx.conf"), ready(&text));
    let scope = Scope { given: vec!["/repo".into()], working_folder: "/repo".into(), ..Scope::default() };
    let settings = Settings { config: Config::Isolated, now: Some(NOW), ..settings };
    lint(&files, &[PathBuf::from("/repo")], &scope, &settings)
}

fn run(text: &str) -> Outcome {
    judged(text, Settings::default())
}

/// Rules of what is left, reasons of what is suppressed, and what is said of comments.
fn told(outcome: &Outcome) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    (
        outcome.findings.iter().map(|finding| finding.rule.name).collect(),
        outcome.suppressed.iter().map(|one| one.reason.as_str()).collect(),
        outcome.notices.iter().map(|notice| notice.message.as_str()).collect(),
    )
}

#[test]
fn a_file_wide_comment_covers_all_of_the_file() {
    let text = "# nginx-ws-lint: ignore-file[lifetime] they ping\nserver {\nlocation /a/ws {\nENDPOINT\n}\nlocation /b/ws {\nENDPOINT\n}\n}";
    assert_eq!(told(&run(text)), (vec![], vec!["they ping"; 2], vec![]));
    // The nearer comment gives the reason.
    let text = text.replace("location /b/ws {", "location /b/ws { # nginx-ws-lint: ignore[lifetime] b pings");
    assert_eq!(told(&run(&text)), (vec![], vec!["they ping", "b pings"], vec![]));
}

#[test]
fn a_date_ends_it() {
    let text = |until: &str| {
        format!(
            "server {{\nlocation /ws {{\n# nginx-ws-lint: ignore[lifetime] until={until} they ping\nENDPOINT\n}}\n}}"
        )
    };
    assert_eq!(told(&run(&text("2026-11-30"))), (vec![], vec!["they ping"], vec![]));
    let said = "this comment suppresses nothing any more: it expired on 2026-11-29";
    assert_eq!(told(&run(&text("2026-11-29"))), (vec!["short-read-timeout"], vec![], vec![said]));
    let said = "this comment suppresses nothing: `soon` is no date; write it as `until=2027-01-31`";
    assert_eq!(told(&run(&text("soon"))), (vec!["short-read-timeout"], vec![], vec![said]));
}

#[test]
fn what_nginx_refuses_is_hidden_at_its_line_by_its_rule_alone() {
    let text = |comment: &str, on_line: &str| {
        format!(
            "# {comment}\nserver {{\nlocation /ws {{\nENDPOINT proxy_read_timeout 1h;\nproxy_buffering maybe; # {on_line}\n}}\n}}"
        )
    };
    let (group, whole, line) = (
        "nginx-ws-lint: ignore-file[configuration] later",
        "nginx-ws-lint: ignore-file[directive-not-allowed-here] later",
        "nginx-ws-lint: ignore[directive-not-allowed-here] a module of ours takes it",
    );
    let rule = run(&text("", "")).findings.first().map(|finding| finding.rule.name).unwrap_or_default();
    let of_rule = |comment: &str| comment.replace("directive-not-allowed-here", rule);
    for (comment, on_line) in
        [(group, ""), (&of_rule(whole), ""), ("", "nginx-ws-lint: ignore[configuration] later")]
    {
        let outcome = run(&text(comment, on_line));
        let said = "this comment does not hide what nginx refuses to start with";
        assert!(told(&outcome).2.iter().any(|message| message.starts_with(said)), "{comment} {on_line}");
        assert!(rules(&outcome).iter().any(|found| found.ends_with(&format!("error {rule}"))), "{outcome:?}");
    }
    let outcome = run(&text("", &of_rule(line)));
    assert_eq!(told(&outcome), (vec![], vec!["a module of ours takes it"], vec![]));
    assert_eq!(outcome.summary.suppressed_refusals, 1);
}

#[test]
fn what_suppresses_nothing_is_told_with_its_fix() {
    let text = "server {\n    location /ws {\n        # nginx-ws-lint: ignore[short-read-timeout, http10-upstream] x\n        ENDPOINT\n    }\n    location / { # nginx-ws-lint: ignore[capacity] y\n        root /srv;\n    }\n    # nginx-ws-lint: ignore[capacity] z\n    root /srv;\n}";
    let outcome = run(text);
    let [partly, behind, alone] = outcome.findings.as_slice() else { panic!("{:?}", rules(&outcome)) };
    assert_eq!(partly.message, "`http10-upstream` finds nothing here that this comment could suppress");
    assert_eq!(behind.message, "this comment suppresses nothing: `capacity` finds nothing here");
    let source = outcome.files[0].source.bytes();
    let text = |finding: &lint_finding::Finding| {
        let edit = &finding.fix.as_ref().expect("a fix").edits[0];
        let span = edit.place.span;
        (String::from_utf8_lossy(span.of(source)).into_owned(), edit.replacement.clone())
    };
    assert_eq!(
        text(partly),
        ("short-read-timeout, http10-upstream".to_owned(), b"short-read-timeout".to_vec())
    );
    assert_eq!(text(behind), (" # nginx-ws-lint: ignore[capacity] y".to_owned(), vec![]));
    assert_eq!(text(alone), ("    # nginx-ws-lint: ignore[capacity] z\n".to_owned(), vec![]));
}

#[test]
fn rules_that_did_not_run_are_no_reason() {
    let text = "server {\nlocation /ws {\n# nginx-ws-lint: ignore[http10-upstream, capacity] x\nENDPOINT proxy_read_timeout 1h;\n}\n}";
    let unused = |ignore: &[&str]| {
        let ignore = ignore.iter().map(|name| name.parse().expect("a rule")).collect();
        let outcome = judged(text, Settings { ignore, ..Settings::default() });
        outcome.findings.iter().map(|finding| finding.message.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        unused(&[]),
        ["this comment suppresses nothing: `http10-upstream`, `capacity` finds nothing here"]
    );
    assert_eq!(
        unused(&["worker-connections-budget"]),
        ["`http10-upstream` finds nothing here that this comment could suppress"]
    );
    assert_eq!(unused(&["handshake", "capacity"]), [""; 0]);
    assert_eq!(unused(&["unused-suppression"]), [""; 0]);
}

#[test]
fn a_comment_that_suppresses_the_complaint_about_itself_does() {
    let text = "server {\nlocation / {\n# nginx-ws-lint: ignore[capacity, unused-suppression] both systems read this\nroot /srv;\n}\n}";
    assert_eq!(told(&run(text)).0, ["unused-suppression"; 0]);
}

#[test]
fn an_auditor_sees_all() {
    let text = "server {\nlocation /ws {\n# nginx-ws-lint: ignore[lifetime] they ping\nENDPOINT\n}\n}";
    let outcome = judged(text, Settings { no_ignores: true, ..Settings::default() });
    assert_eq!(told(&outcome), (vec!["short-read-timeout"], vec![], vec![]));
}

/// What a run does not know may be what a comment is for.
#[test]
fn a_comment_that_may_be_needed_elsewhere_is_left_alone() {
    let unused = |text: &str, settings: Settings| {
        let outcome = judged(text, settings);
        outcome.findings.iter().any(|finding| finding.rule.name == "unused-suppression")
    };
    let text = "server {\nlocation /ws {\n# nginx-ws-lint: ignore[http10-upstream] x\nENDPOINT proxy_read_timeout 1h;\n}\n}";
    assert!(unused(text, Settings::default()));
    assert!(!unused(text, Settings { versions: "1.30".parse().ok(), ..Settings::default() }));
    assert!(!unused(&text.replace("ENDPOINT", "include /opt/not-given.conf; ENDPOINT"), Settings::default()));
    assert!(!unused(&text.replace("http10-upstream", "outer-layer-closes-first"), Settings::default()));
}

#[test]
fn a_line_keeps_its_end() {
    let text = "server {\r\n    listen 80; # nginx-ws-lint: ignore[http10-upstream] x\r\n    root /srv;\r\n}";
    let outcome = run(text);
    let [finding] = outcome.findings.as_slice() else { panic!("{:?}", rules(&outcome)) };
    let edit = &finding.fix.as_ref().expect("a fix").edits[0];
    let removed = edit.place.span.of(outcome.files[0].source.bytes());
    assert_eq!(removed, b" # nginx-ws-lint: ignore[http10-upstream] x");
}
