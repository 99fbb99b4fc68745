//! Excerpts: what is drawn where.

use insta::assert_snapshot;
use lint_report::Style;

use crate::build::{PLAIN, concise, drawn, marked, two_labels};

#[test]
fn two_labels_in_one_excerpt() {
    assert_snapshot!(drawn(&two_labels(), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:6:9]
     4 │     location /ws/ {
       ·     ──────┬──────
       ·           ╰── this location proxies WebSocket traffic
     5 │         proxy_pass http://app;
     6 │         proxy_set_header Upgrade $http_upgrade;
       ·         ───────────────────────────────────────
     7 │     }
       ╰────
    ");
    assert_snapshot!(concise(&two_labels()), @"app.conf:6:9: error[missing-connection-header] `Connection` is not forwarded, so nginx sends `Connection: close`");
}

#[test]
fn ascii_without_colour() {
    let style = Style { unicode: false, ..PLAIN };
    assert_snapshot!(drawn(&two_labels(), &style), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ,-[app.conf:6:9]
     4 |     location /ws/ {
       :     ^^^^^^|^^^^^^
       :           `-- this location proxies WebSocket traffic
     5 |         proxy_pass http://app;
     6 |         proxy_set_header Upgrade $http_upgrade;
       :         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
     7 |     }
       `----
    ");
}

#[test]
fn the_primary_label_has_the_colour_of_the_severity() {
    let style = Style { color: true, ..PLAIN };
    assert_snapshot!(drawn(&two_labels(), &style).replace('\x1b', "^"), @"
    ^[31merror[missing-connection-header]:^[0m `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[^[36;1;4mapp.conf:6:9^[0m]
     ^[2m4^[0m │     location /ws/ {
       · ^[36m    ──────┬──────^[0m
       ·           ^[36m╰── ^[36mthis location proxies WebSocket traffic^[0m^[0m
     ^[2m5^[0m │         proxy_pass http://app;
     ^[2m6^[0m │         proxy_set_header Upgrade $http_upgrade;
       · ^[31m        ───────────────────────────────────────^[0m
     ^[2m7^[0m │     }
       ╰────
    ");
}

#[test]
fn a_label_far_away_has_an_excerpt_of_its_own() {
    let text = format!("http {{\n‹proxy_http_version 1.0;›\n{}‹!listen 80;›\n}}\n", "#\n".repeat(20));
    assert_snapshot!(drawn(&marked(&text, &["set here"]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:2:1]
     1 │ http {
     2 │ proxy_http_version 1.0;
       · ───────────┬───────────
       ·            ╰── set here
     3 │ #
       ╰────
        ╭─[app.conf:23:1]
     22 │ #
     23 │ listen 80;
        · ──────────
     24 │ }
        ╰────
    ");
}

#[test]
fn a_label_close_by_shares_the_excerpt() {
    let text = format!("http {{\n‹proxy_http_version 1.0;›\n{}‹!listen 80;›\n}}\n", "#\n".repeat(4));
    assert_snapshot!(drawn(&marked(&text, &["set here"]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:7:1]
     1 │ http {
     2 │ proxy_http_version 1.0;
       · ───────────┬───────────
       ·            ╰── set here
     3 │ #
     4 │ #
     5 │ #
     6 │ #
     7 │ listen 80;
       · ──────────
     8 │ }
       ╰────
    ");
}

#[test]
fn several_labels_on_a_line() {
    let text = "a ‹bb› ‹!ccc› ‹dddd›;";
    assert_snapshot!(drawn(&marked(text, &["first", "last"]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:1:6]
     1 │ a bb ccc dddd;
       ·   ─┬ ─┬─ ──┬─
       ·    │  │    ╰── last
       ·    │  ╰── here
       ·    ╰── first
       ╰────
    ");
}

#[test]
fn of_overlapping_labels_the_primary_one_is_drawn() {
    let text = "‹!proxy_set_header ‹Upgrade› websocket;›\n";
    assert_snapshot!(drawn(&marked(text, &["the name"]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:1:1]
     1 │ proxy_set_header Upgrade websocket;
       · ───────────────────────────────────
       ╰────
      note: app.conf:1: the name
    ");
}

#[test]
fn a_primary_label_over_several_lines() {
    let text =
        "http {\n    ‹!map ‹$http_upgrade› $x {\n        default upgrade;\n        '' close;\n    }›\n}\n";
    assert_snapshot!(drawn(&marked(text, &["of the client"]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:2:5]
     1 │     http {
     2 │ ╭─▶     map $http_upgrade $x {
       · │           ──────┬──────
       · │                 ╰── of the client
     3 │ │           default upgrade;
     4 │ │           '' close;
     5 │ ╰─▶     }
     6 │     }
       ╰────
    ");
}

#[test]
fn a_very_long_block_is_known_by_its_first_line() {
    let text = format!("‹!http {{\n{}}}›\n", "#\n".repeat(40));
    assert_snapshot!(drawn(&marked(&text, &[]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:1:1]
     1 │ http {
       · ──────
     2 │ #
       ╰────
    ");
}

#[test]
fn the_end_of_the_file() {
    assert_snapshot!(drawn(&marked("http {\n    listen 80;\n‹!›", &[]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:3:1]
     2 │     listen 80;
     3 │
       · ▲
       ╰────
    ");
    assert_snapshot!(drawn(&marked("http {‹!›", &[]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:1:7]
     1 │ http {
       ·       ▲
       ╰────
    ");
    assert_snapshot!(drawn(&marked("‹!›", &[]), &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
       ╭─[app.conf:1:1]
     1 │
       · ▲
       ╰────
    ");
}
