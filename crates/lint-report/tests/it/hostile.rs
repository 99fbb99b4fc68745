//! Files that were written to deceive, or by another program, or in another decade.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lint_finding::Outcome;
use lint_report::Style;
use nginx_syntax::Span;

use crate::build::{PLAIN, concise, drawn, file, finding, human, json, label, marked};

fn outcome(bytes: Vec<u8>, span: Span) -> Outcome {
    let mut outcome = marked("‹!›", &[]);
    outcome.files = vec![file("app.conf", bytes)];
    outcome.findings = vec![finding(label(0, span, "here"), Vec::new())];
    outcome
}

#[test]
fn crlf_and_tabs() {
    let text = "server {\r\n\tlisten\t‹80›;\r\n\t\t‹!proxy_pass\thttp://a;›\r\n}\r\n";
    assert_snapshot!(drawn(&marked(text, &["the port"]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:3:3]
     1 │ server {
     2 │     listen  80;
       ·             ─┬
       ·              ╰── the port
     3 │         proxy_pass  http://a;
       ·         ─────────────────────
     4 │ }
       ╰────
    ");
}

#[test]
fn escape_sequences_and_bidirectional_controls() {
    let text = "# \u{1b}[2J\u{202e}\nset $a ‹!\"\u{1b}[31m\u{202e}x\u{2066}\u{7}\"›; # \u{9b}1m\u{2028}\n";
    let mut outcome = marked(text, &[]);
    outcome.findings[0].message = "`\u{1b}]0;x\u{7}` and\nanother line".into();
    assert_snapshot!(drawn(&outcome, &PLAIN), @r#"
    error[missing-connection-header]: `\x1b]0;x\x07` and\nanother line
       ╭─[app.conf:2:8]
     1 │ # \x1b[2J\u{202e}
     2 │ set $a "\x1b[31m\u{202e}x\u{2066}\x07"; # \u{9b}1m\u{2028}
       ·        ───────────────────────────────
       ╰────
    "#);
    assert_snapshot!(concise(&outcome), @r"app.conf:2:8: error[missing-connection-header] `\x1b]0;x\x07` and\nanother line");
}

#[test]
fn wide_and_combining_characters() {
    assert_snapshot!(drawn(&marked("# 日本語 e\u{301}\nset $a \"日本\" ‹!\"語e\u{301}\"›;\n", &[]), &PLAIN), @r#"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:2:13]
     1 │ # 日本語 é
     2 │ set $a "日本" "語é";
       ·               ─────
       ╰────
    "#);
}

#[test]
fn latin_1() {
    let outcome = outcome(b"# caf\xe9\nlocation /caf\xe9/ {}\n".to_vec(), Span::new(16, 22));
    assert_snapshot!(drawn(&outcome, &PLAIN), @r"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:2:10]
     1 │ # caf\xe9
     2 │ location /caf\xe9/ {}
       ·          ────┬────
       ·              ╰── here
       ╰────
    ");
    assert_snapshot!(concise(&outcome), @"app.conf:2:10: error[missing-connection-header] `Connection` is not forwarded, so nginx sends `Connection: close`");
}

#[test]
fn a_line_that_is_too_long() {
    let text = format!("{}‹!proxy_pass http://a;› {}\n", "set $a b; ".repeat(30), "set $c d; ".repeat(30));
    let style = Style { width: 60, ..PLAIN };
    assert_snapshot!(drawn(&marked(&text, &[]), &style), @"
    error[missing-connection-header]: `Connection` is not
      forwarded, so nginx sends `Connection: close`
       ╭─[app.conf:1:301]
     1 │ …t $a b; set $a b; proxy_pass http://a; set $c d; set …
       ·                    ────────────────────
       ╰────
    ");
    assert_snapshot!(drawn(&marked(&text, &[]), &Style { unicode: false, ..style }), @"
    error[missing-connection-header]: `Connection` is not
      forwarded, so nginx sends `Connection: close`
       ,-[app.conf:1:301]
     1 | ...t $a b; set $a b; proxy_pass http://a; set $c d; ...
       :                      ^^^^^^^^^^^^^^^^^^^^
       `----
    ");
}

#[test]
fn a_label_that_is_too_long() {
    let text = format!("    ‹!log_format x {};›\n", "\"$remote_addr\" ".repeat(30));
    assert_snapshot!(drawn(&marked(&text, &[]), &Style { width: 60, ..PLAIN }), @r#"
    error[missing-connection-header]: `Connection` is not
      forwarded, so nginx sends `Connection: close`
       ╭─[app.conf:1:5]
     1 │     log_format x "$remote_addr" "$remote_addr" "$remot…
       ·     ──────────────────────────────────────────────────
       ╰────
    "#);
}

#[test]
fn ten_megabytes_on_one_line() {
    for at in [0, 5_000_000, 9_999_990] {
        let outcome = outcome(vec![b'a'; 10_000_000], Span::new(at, at + 10));
        let before = Instant::now();
        let text = human(&outcome, &PLAIN);
        assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
        assert!(text.len() < 5000, "{}", text.len());
        assert!(text.contains(&format!("app.conf:1:{}", at + 1)), "{text}");
    }
}

#[test]
fn labels_outside_of_the_file_and_the_wrong_way_round() {
    let mut outcome = outcome(b"a\nb".to_vec(), Span::new(90, 7));
    outcome.findings[0].labels = vec![label(7, Span::new(0, 1), "in no file")];
    assert_snapshot!(drawn(&outcome, &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:2:2]
     1 │ a
     2 │ b
       ·  ▲
       ·  ╰── here
       ╰────
      note: ?:1: in no file
    ");
}

#[test]
fn no_control_character_is_in_json_but_all_are_after_parsing() {
    let hostile = "\u{1b}\u{7f}\u{85}\u{2028}\u{202e}\u{2066}\u{e0001}\t\n\u{feff}";
    let mut outcome = outcome(Vec::new(), Span::at(0));
    outcome.findings[0].message = hostile.into();
    let text = json(&outcome);
    assert!(
        text.contains(r#""message": "\u001b\u007f\u0085\u2028\u202e\u2066\udb40\udc01\t\n\ufeff""#),
        "{text}"
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["findings"][0]["message"], hostile);
}
