//! What was not given may set anything: silence where the location has it, hedged words where outer levels do.

use lint_engine::{Layer, Selector};
use lint_finding::{Finding, Outcome, Severity};
use proptest::prelude::*;
use ws_rules::RULES;

use crate::snippet::{Snippet, listed};

/// A file that no tree has.
const GAP: &str = "include /opt/elsewhere/settings.conf;\n";

/// Lines that a level may have without being wrong, whatever the missing file holds.
const LINES: &[&str] = &[
    "proxy_set_header Host $host;\n",
    "proxy_set_header X-Real-IP $remote_addr;\n",
    "proxy_set_header Upgrade $http_upgrade;\n",
    "proxy_set_header Connection $connection_upgrade;\n",
    "proxy_set_header Connection $http_connection;\n",
    "proxy_set_header Upgrade $elsewhere;\n",
    "proxy_set_header Connection $elsewhere;\n",
    "proxy_set_header Host $elsewhere;\n",
    "proxy_set_header Host $proxy_host;\n",
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n",
    "proxy_set_header Sec-WebSocket-Key $elsewhere;\n",
    "proxy_pass_request_headers off;\n",
    "proxy_hide_header Upgrade;\n",
    "proxy_method $elsewhere;\n",
    "proxy_buffering off;\n",
    "proxy_send_timeout 3600s;\n",
    "proxy_connect_timeout 5s;\n",
    "keepalive_timeout 65;\n",
    "limit_rate_after 1;\n",
    "access_log logs/access.log;\n",
    "proxy_cache_bypass $http_upgrade;\n",
    "proxy_cache pages;\n",
    "auth_request /cable;\n",
    "mirror /signalr;\n",
    "ssi on;\n",
    "limit_conn addr 1;\n",
    "limit_req zone=addr;\n",
    "error_page 404 @elsewhere;\n",
    "deny all;\n",
    "proxy_set_header Origin '';\n",
    "gzip on;\n",
    "proxy_ssl_server_name on;\n",
];

/// What limits count, as a variable that the missing file may well define.
const ZONES: &str =
    "limit_conn_zone $elsewhere zone=addr:1m;\nlimit_req_zone $elsewhere zone=addr:1m rate=1r/s;\n";

/// What only a location may have of them.
const REWRITES: [&str; 3] =
    ["", "rewrite ^/nowhere$ /elsewhere permanent;\n", "rewrite ^/(.*)$ /app/$1 break;\n"];

const LOCATIONS: [&str; 8] =
    ["/ws/", "= /socket.io/", "^~ /cable", "~* ^/websocket", "~ ^/w", "/", "/api/live/websocket", "/signalr"];

const PASSES: &[&str] = &[
    "proxy_pass http://127.0.0.1:9000;\n",
    "proxy_pass http://grafana:3000;\n",
    "proxy_pass https://$backend;\n",
    "proxy_pass https://ws.example.com;\n",
    "proxy_pass http://shared;\n",
    "uwsgi_pass unix:/run/app.sock;\n",
    "scgi_pass 127.0.0.1:4000;\n",
    "proxy_pass http://127.0.0.1:9000;\ntry_files $uri /index.html;\n",
    "proxy_pass http://127.0.0.1:9000;\nreturn 302 /login;\n",
    "proxy_pass http://127.0.0.1:9000;\nlimit_except POST { deny all; }\n",
];

const LISTENS: [&str; 5] = [
    "",
    "listen 80 http2;\n",
    "listen 443 quic;\n",
    "listen 443 ssl;\n",
    "listen 80;\nlarge_client_header_buffers 2 1k;\n",
];

const UPSTREAMS: [&str; 4] = ["", "least_conn;\n", "ip_hash;\n", "keepalive 8;\nleast_conn;\n"];

/// Lines of one level: each at most once, as nginx wants it.
fn lines() -> impl Strategy<Value = String> {
    prop::sample::subsequence(LINES.to_vec(), 0..5).prop_map(|lines| lines.concat())
}

/// Where locations have the gap.
#[derive(Debug, Clone, Copy)]
enum Inside {
    /// In each.
    Gap,
    /// In none, and no line but those that pass the request on: only outer levels have gaps.
    Nothing,
}

/// A location, with the gap before or behind its lines, and inside another one where it is deep.
fn location(inside: Inside) -> impl Strategy<Value = String> {
    let name = prop::sample::select(LOCATIONS.to_vec());
    let pass = (prop::sample::select(PASSES.to_vec()), prop::sample::select(REWRITES.to_vec()));
    let pass = pass.prop_map(|(pass, rewrite)| format!("{rewrite}{pass}"));
    (name, pass, lines(), any::<bool>(), any::<bool>()).prop_map(move |(name, pass, lines, first, deep)| {
        let (inside, deep) = match (inside, first) {
            (Inside::Nothing, _) => (pass, false),
            (Inside::Gap, true) => (format!("{GAP}{pass}{lines}"), deep),
            (Inside::Gap, false) => (format!("{pass}{lines}{GAP}"), deep),
        };
        if deep {
            format!("location '' {{\n{lines}{GAP}location {name} {{\n{inside}}}\n}}\n")
        } else {
            format!("location {name} {{\n{inside}}}\n")
        }
    })
}

/// What stands inside `http`: lines, and servers with locations; the gap at each level.
fn http(inside: Inside) -> impl Strategy<Value = String> {
    let listen = prop::sample::select(LISTENS.to_vec());
    let server = (listen, lines(), prop::collection::vec(location(inside), 1..3));
    let server = server.prop_map(|(listen, lines, mut locations)| {
        // nginx refuses two of one name, whatever the missing files hold.
        locations.sort();
        locations.dedup_by_key(|location| location.lines().next().unwrap_or_default().to_owned());
        format!("server {{\n{listen}{lines}{GAP}{}}}\n", locations.concat())
    });
    let shared = prop::sample::select(UPSTREAMS.to_vec()).prop_map(|method| {
        format!("upstream shared {{\n{method}server 10.0.0.1:80;\nserver 10.0.0.2:80;\n{GAP}}}\n")
    });
    (lines(), shared, prop::collection::vec(server, 1..3))
        .prop_map(|(lines, shared, servers)| format!("{lines}{GAP}{shared}{}", servers.concat()))
}

/// One, or unknown.
fn version() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(vec!["1.18", "1.22.1", "1.30"]))
}

/// What all rules say, those that are pedantic too.
fn all_rules(text: String, version: Option<&str>) -> Outcome {
    let mut snippet = Snippet::bare(text);
    if let Some(version) = version {
        snippet = snippet.version(version);
    }
    snippet.settings.assume_websocket = true;
    snippet.settings.expected_connections = Some(1 << 40);
    snippet.settings.layers = vec![Layer { name: "aws-alb".to_owned(), ..Layer::default() }];
    snippet.settings.select = RULES.iter().map(|rule| Selector::Rule(rule.meta().name)).collect();
    snippet.run()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unknown_values_raise_nothing(http in http(Inside::Gap), version in version()) {
        let text = format!("{GAP}events {{\n{GAP}}}\nhttp {{\n{ZONES}{http}}}\n");
        let outcome = all_rules(text.clone(), version);
        prop_assert!(outcome.summary.endpoints > 0);
        prop_assert!(outcome.findings.is_empty(), "{text}\n{}", listed(&outcome.findings));
    }

    /// A file that was not given around the locations leaves what would be said without it: hedged, and no fix.
    #[test]
    fn what_outer_levels_may_set_is_hedged(http in http(Inside::Nothing), version in version()) {
        let text = format!("{GAP}events {{\n{GAP}}}\nhttp {{\n{ZONES}{http}}}\n");
        let outcome = all_rules(text.clone(), version);
        let is_hedged = |finding: &Finding| {
            finding.message.contains("(unless a file that was not given sets it)")
                && finding.severity <= Severity::Warning
                && finding.fix.is_none()
                && finding.unsafe_fix.is_none()
        };
        prop_assert!(outcome.findings.iter().all(is_hedged), "{text}\n{}", listed(&outcome.findings));
    }

    #[test]
    fn fragments_never_miss_a_variable(http in http(Inside::Gap), drop_gaps in any::<bool>()) {
        let text = if drop_gaps { http.replace(GAP, "") } else { http };
        let outcome = Snippet::bare(text.clone()).run();
        let is_wrong = outcome.findings.iter().any(|finding| finding.rule.name == "undefined-variable");
        prop_assert!(!is_wrong, "{text}\n{}", listed(&outcome.findings));
    }
}

/// What the property would pass for want of endpoints: the same lines without a gap do raise findings.
#[test]
fn without_gaps_the_same_lines_are_blamed() {
    let text = "events {}
http {
    proxy_set_header Connection upgrade;
    server {
        location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_set_header Host $host; }
        location /cable { proxy_pass http://127.0.0.1:9000; proxy_set_header Upgrade $http_upgrade; }
        location /signalr { uwsgi_pass unix:/run/app.sock; }
    }
}
";
    let silent = text
        .replace('{', &format!("{{ {GAP}"))
        .replace("events { include /opt/elsewhere/settings.conf;\n}", "events {}");
    assert!(Snippet::bare(text).blamed().len() >= 4, "{:?}", Snippet::bare(text).blamed());
    assert!(Snippet::bare(silent).blamed().is_empty());
}

/// A path that the user names is served by what was not given, as far as anybody knows.
#[test]
fn nothing_is_said_against_a_path_beside_what_was_not_read() {
    let text = |lines: &str| {
        format!(
            "events {{}} http {{ server {{ listen 80; server_name a.example; {lines} location /p/ {{ proxy_pass http://127.0.0.1:1; }} }} }}"
        )
    };
    let blamed = |lines: &str, path: &str| {
        let mut snippet = Snippet::bare(text(lines));
        snippet.settings.websocket_paths.push(path.to_owned());
        let outcome = snippet.run();
        let is_unclear = outcome.notices.iter().any(|one| one.message.contains("cannot be said"));
        let is_blamed = outcome.findings.iter().any(|one| one.rule.name == "handshake-intercepted");
        assert!(is_blamed != is_unclear, "{lines} {path}: {:#?}", outcome.notices);
        is_blamed
    };
    for lines in [
        "location / { root /srv; @ }",
        "location / { try_files $uri /index.html; @ }",
        "@ location / { root /srv; }",
        "@ location / { try_files $uri /index.html; }",
        "@",
    ] {
        for path in ["/live", "ws://a.example/live"] {
            assert!(blamed(&lines.replace('@', ""), path), "{lines} {path}");
            assert!(!blamed(&lines.replace('@', GAP), path), "{lines} {path}");
        }
    }
}
