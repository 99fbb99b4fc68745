//! Ways of writing that work on a real nginx: nothing above info is said about any of them.

use lint_finding::Severity;

use crate::snippet::Snippet;

/// A main file with this in `http`.
fn root(http: &str) -> String {
    format!("events {{}}\nhttp {{\n{http}\n}}\n")
}

/// A location that is complete.
const WS: &str = "proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; \
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; proxy_read_timeout 1h;";

const PLAIN: &str = "proxy_pass http://127.0.0.1:9000;";

/// Texts for the inside of a server, `WS` and `PLAIN` replaced.
const QUIET: &[(&str, &str)] = &[
    (
        "418 to a named location",
        "location / { error_page 418 = @ws; if ($http_upgrade) { return 418; } PLAIN } location @ws { WS }",
    ),
    (
        "rewritten to another location",
        "location / { if ($http_upgrade = websocket) { rewrite ^ /_ws$uri last; } PLAIN } location /_ws { WS }",
    ),
    ("upgrades refused on purpose", "location /api { if ($http_upgrade) { return 403; } PLAIN }"),
    (
        "a proxy_pass of its own for upgrades",
        "location / { if ($http_upgrade) { proxy_pass http://127.0.0.1:9001; } \
        proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_read_timeout 1h; PLAIN }",
    ),
    (
        "siblings of a SockJS endpoint",
        "location ~ ^/sockjs/[^/]+/[^/]+/xhr { PLAIN } location ~ ^/sockjs/.*/websocket$ { WS }",
    ),
    ("negotiation over plain HTTP", "location /signalr/negotiate { PLAIN } location /signalr { WS }"),
    (
        "the target of auth_request",
        "location /ws { auth_request /ws/auth; WS } location /ws/auth { internal; PLAIN }",
    ),
    (
        "publishing by POST",
        "location /ws/publish { limit_except POST { deny all; } PLAIN } location /ws { WS }",
    ),
    (
        "a block for other methods",
        "location /ws { limit_except GET { proxy_pass http://127.0.0.1:9002; } WS }",
    ),
    ("a token by HTTP", "location /api/websocket/token { PLAIN } location /api/websocket { WS }"),
    (
        "a comment about another place",
        "\n# websockets are handled in /ws\nlocation /api { PLAIN }\nlocation /ws { WS }",
    ),
    (
        "a leftover of a template",
        "location / { proxy_cache_bypass $http_upgrade; PLAIN } location /ws { WS }",
    ),
    ("health of the endpoint", "location = /ws/health { PLAIN } location /ws/ { WS }"),
    ("the port for S3, which has no WebSockets", "location / { proxy_pass http://minio:9000; }"),
    ("declared plain", "\n# nginx-ws-lint: not-websocket\nlocation /ws { PLAIN }"),
];

#[test]
fn nothing_above_info() {
    for (name, text) in QUIET {
        let text = text.replace("WS", WS).replace("PLAIN", PLAIN);
        let outcome = Snippet::bare(root(&format!("server {{ listen 8081; {text} }}"))).run();
        let loud: Vec<_> =
            outcome.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
        assert!(loud.is_empty(), "{name}: {loud:#?}");
    }
}

/// The same lines at an outer level and in the location's snippet: what the other locations drop was not meant for them.
#[test]
fn lines_outside_and_in_a_snippet() {
    let text = root(
        "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_http_version 1.1; proxy_read_timeout 1h; \
         server { listen 8081; location /ws { include p.conf; proxy_pass http://127.0.0.1:9000; } \
         location / { include q.conf; proxy_pass http://127.0.0.1:9000; } }",
    );
    let outcome = Snippet::bare(text)
        .file("p.conf", "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $host;")
        .file("q.conf", "proxy_set_header Host $host;")
        .run();
    assert!(
        outcome.findings.iter().all(|finding| finding.severity <= Severity::Info),
        "{:#?}",
        outcome.findings
    );
}

/// Two defects at one place are two findings.
#[test]
fn one_word_with_two_undefined_variables() {
    let text = root(
        "server { listen 8081; location / { proxy_set_header X \"$foo$bar\"; proxy_pass http://127.0.0.1:9000; } }",
    );
    let outcome = Snippet::bare(text).run();
    let undefined: Vec<_> = outcome.findings.iter().map(|finding| finding.message.as_ref()).collect();
    assert_eq!(undefined.len(), 2, "{undefined:?}");
}

/// A value that is inherited through a level which was not wholly given may be overridden there.
#[test]
fn inherited_through_a_gap() {
    let text = root(
        "proxy_read_timeout 30s; server { listen 8081; location /ws { include missing/*.conf; proxy_pass http://127.0.0.1:9000; \
         proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }",
    );
    let outcome = Snippet::bare(text).run();
    let [finding] = outcome.findings.as_slice() else { panic!("{:#?}", outcome.findings) };
    assert_eq!(finding.rule.name, "short-read-timeout");
    assert!(finding.message.ends_with("(unless a file that was not given sets it)"), "{}", finding.message);
}

/// A path of `--ws-path` that nginx answers itself is a finding, and so is one that no location takes: of several servers
/// that proxy something one is blamed. Where none does, it is named.
#[test]
fn a_path_that_nothing_serves() {
    let server = |port: u16| {
        format!("server {{ listen {port}; location /chat/ {{ proxy_pass http://127.0.0.1:9000; }} }}")
    };
    let run = |http: String, path: &str| {
        let mut snippet = Snippet::bare(root(&http));
        snippet.settings.websocket_paths = vec![path.to_owned()];
        let outcome = snippet.run();
        let rules: Vec<_> = outcome.findings.iter().map(|finding| finding.rule.name).collect();
        let is_named = |notice: &lint_finding::Notice| {
            notice.message == format!("no location that proxies serves `{path}` of --ws-path")
        };
        (rules, outcome.notices.iter().any(is_named))
    };
    assert_eq!(run(server(8081), "/chat"), (vec!["handshake-redirected"], false));
    assert_eq!(run(server(8081), "/nothing"), (vec!["handshake-intercepted"], false));
    let two = server(8081) + &server(8082);
    assert_eq!(run(two, "/nothing"), (vec!["handshake-intercepted"], false));
    let none = "server { listen 8081; return 204; } server { listen 8082; return 204; }";
    assert_eq!(run(none.to_owned(), "/nothing"), (vec![], true));
}

/// The only server is meant, even where it proxies nothing.
#[test]
fn a_path_that_ends_at_files_of_the_only_server() {
    let server = "server { listen 8081; root /srv; location / { try_files $uri /index.html; } }";
    let blamed = |http: String| {
        let mut snippet = Snippet::bare(root(&http));
        snippet.settings.websocket_paths = vec!["/ws".to_owned()];
        snippet.blamed()
    };
    assert_eq!(blamed(server.to_owned()), ["handshake-intercepted"]);
    assert!(blamed(format!("{server} server {{ listen 8082; return 204; }}")).is_empty());
}

/// Where the user says that everything is a WebSocket, TCP proxies are too.
#[test]
fn every_tcp_proxy() {
    let text = "events {} stream { server { listen 9443; proxy_pass app:8000; proxy_timeout 10s; } }";
    let mut snippet = Snippet::bare(text);
    assert!(snippet.blamed().is_empty());
    snippet.settings.assume_websocket = true;
    assert_eq!(snippet.blamed(), ["stream-timeout"]);
}
