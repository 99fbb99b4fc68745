//! The checklist that people paste from: each snippet says what it should and no more.

use lint_finding::Confidence;

use crate::snippet::{Snippet, root};

const MAP: &str = "map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
}";

const LINES: [&str; 4] = [
    "proxy_pass http://127.0.0.1:8080;",
    "proxy_http_version 1.1;",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Connection $connection_upgrade;",
];

const BASELINE: &str = include_str!("baseline.conf");

/// The first snippet with more lines in its location, and without those that start with `without`.
fn first(more: &str, without: &str) -> Snippet {
    let kept = LINES.iter().filter(|line| without.is_empty() || !line.starts_with(without));
    let lines: Vec<&str> = kept.copied().chain([more]).collect();
    Snippet::bare(root(MAP, &format!("location /ws/ {{\n{}\n}}", lines.join("\n"))))
}

#[test]
fn the_first_snippet_as_written_closes_after_the_default() {
    assert_eq!(first("", "").blamed(), ["short-read-timeout"]);
}

#[test]
fn with_a_read_timeout_nothing_is_wrong() {
    assert!(first("proxy_read_timeout 3600s;", "").blamed().is_empty());
}

#[test]
fn without_upgrade() {
    let snippet = first("proxy_read_timeout 3600s;", "proxy_set_header Upgrade");
    assert_eq!(snippet.blamed(), ["missing-upgrade-header"]);
}

#[test]
fn without_connection() {
    let snippet = first("proxy_read_timeout 3600s;", "proxy_set_header Connection");
    assert_eq!(snippet.blamed(), ["missing-connection-header"]);
}

#[test]
fn without_the_http_version() {
    let snippet = first("proxy_read_timeout 3600s;", "proxy_http_version");
    assert_eq!(snippet.version("1.22").blamed(), ["http10-upstream"]);
    let snippet = first("proxy_read_timeout 3600s;", "proxy_http_version");
    assert!(snippet.version("1.30").blamed().is_empty());
}

#[test]
fn without_the_map() {
    let server = format!("location /ws/ {{\n{}\nproxy_read_timeout 3600s;\n}}", LINES.join("\n"));
    assert_eq!(Snippet::bare(root("", &server)).blamed(), ["undefined-variable"]);
}

#[test]
fn with_the_timeouts_of_the_second() {
    let timeouts = "proxy_connect_timeout 15s;\nproxy_send_timeout 60s;\nproxy_read_timeout 3600s;";
    assert!(first(timeouts, "").blamed().is_empty());
    assert_eq!(first(&timeouts.replace("3600s", "30s"), "").blamed(), ["short-read-timeout"]);
}

#[test]
fn with_the_buffering_of_the_sixth_and_the_log_of_the_seventh() {
    let log = "log_format ws '$remote_addr - $host [$time_local] '
    '\"$request\" $status $body_bytes_sent '
    'rt=$request_time urt=$upstream_response_time '
    'ua=\"$http_user_agent\" up=\"$upstream_addr\"';";
    let lines = LINES.join("\n");
    let server = format!(
        "access_log /var/log/nginx/ws_access.log ws;
error_log /var/log/nginx/ws_error.log warn;
location /ws/ {{\n{lines}\nproxy_buffering off;\ngzip off;\nproxy_read_timeout 3600s;\n}}"
    );
    assert!(Snippet::bare(root(&format!("{MAP}\n{log}"), &server)).blamed().is_empty());
}

#[test]
fn the_baseline_as_a_fragment() {
    let snippet = Snippet::bare(BASELINE);
    assert!(snippet.blamed().is_empty());
    assert_eq!(snippet.run().summary.endpoints, 1);
}

#[test]
fn the_baseline_as_a_fragment_without_its_read_timeout() {
    let snippet = Snippet::bare(BASELINE.replace("        proxy_read_timeout 3600s;\n", ""));
    assert_eq!(snippet.blamed(), ["short-read-timeout"]);
    let findings = snippet.run().findings;
    assert_eq!(findings[0].confidence, Confidence::Medium);
    assert!(findings[0].message.ends_with(" (unless a file that was not given sets it)"));
}
