//! What settings and comments of a tree hide is counted, and the user's own word counts more.

use lint_engine::{Config, FILE_NAME, Settings, lint};
use nginx_semantics::{MemoryFiles, Scope};

use crate::settings::{ENDPOINT, MAIN, SHORT, rules, run};
use crate::snippet::ready;

/// A finding that paths of the settings keep from being found is counted too: other files are read, or they are read as
/// something else.
#[test]
fn what_paths_of_settings_hide_is_counted() {
    let included = "events {}\nhttp {\n    server {\n        include /m/ws.conf;\n    }\n}\n";
    let own = "events {}\nhttp {\n    server {\n        include ws.conf;\n    }\n}\n";
    let location = "location /ws/ { ENDPOINT }\n";
    let long = "location /ws/ { ENDPOINT proxy_read_timeout 1h; }\n";
    for (settings, main, hidden, left) in [
        // The linter is shown another text than nginx reads.
        ("prefix = \"good\"", own, 1, 0),
        // The same words in another file are another finding.
        ("prefix = \"same\"", own, 1, 1),
        ("path-map = { \"/m\" = \"good\" }", included, 1, 0),
        ("path-map = { \"/elsewhere\" = \"good\" }", included, 0, 1),
        // Read as a main file, a fragment is nothing.
        ("roots = [\"ws.conf\"]", "events {}\n", 1, 0),
        ("roots = [\"nginx.conf\"]", own, 0, 1),
    ] {
        let files = [
            ("nginx.conf", main),
            ("ws.conf", location),
            ("good/ws.conf", long),
            ("same/ws.conf", location),
            (FILE_NAME, settings),
        ];
        let arguments: &[&str] =
            if settings.contains("roots") { &["nginx.conf", "ws.conf"] } else { &["nginx.conf"] };
        let outcome = run(&files, arguments, Config::Found);
        let of_rule = outcome.findings.iter().filter(|finding| finding.rule.name == SHORT);
        assert_eq!(
            (outcome.summary.hidden_by_settings, of_rule.count()),
            (hidden, left),
            "{settings} {:?}",
            rules(&outcome)
        );
    }
}

/// Whatever a comment does to hide a finding or an endpoint, it is counted.
#[test]
fn what_comments_deny_is_counted() {
    for (main, findings, endpoints) in [
        ("location /ws/ { ENDPOINT }", 0, 0),
        ("location /ws/ { # nginx-ws-lint: websocket\n ENDPOINT }", 0, 0),
        ("location /ws/ { # nginx-ws-lint: not-websocket\n ENDPOINT }", 1, 1),
        ("location /ws/ {\n # nginx-ws-lint: not-websocket, no socket\n ENDPOINT }", 0, 0),
        ("#nginx-ws-lint: not-websocket\nlocation /ws/ { ENDPOINT }", 1, 1),
        ("location /ws/ { ENDPOINT # nginx-ws-lint: not-websocket\n }", 0, 0),
        // An endpoint without a finding is denied too.
        ("location /ws/ { # nginx-ws-lint: not-websocket\n ENDPOINT proxy_read_timeout 1h; }", 0, 1),
        ("location /api/ { # nginx-ws-lint: not-websocket\n proxy_pass http://127.0.0.1:9000; }", 0, 0),
        // Beside a location that a comment declares, this one is doubtful.
        (
            "location /a/ { # nginx-ws-lint: websocket\n ENDPOINT proxy_read_timeout 1h; } location / { proxy_pass http://127.0.0.1:9000; proxy_set_header Upgrade $http_upgrade; }",
            1,
            0,
        ),
    ] {
        let text = format!("events {{}}\nhttp {{\nserver {{\n{main}\n}}\n}}\n");
        for config in [Config::Found, Config::Isolated] {
            let summary = run(&[("nginx.conf", &text)], &[""], config).summary;
            assert_eq!(
                (summary.denied_by_comments, summary.endpoints_denied_by_comments),
                (findings, endpoints),
                "{main}"
            );
            assert_eq!((summary.hidden_by_settings, summary.suppressed), (0, 0), "{main}");
        }
    }
}

#[test]
fn a_comment_that_puts_a_fragment_elsewhere_is_counted() {
    let location = "location /ws/ { ENDPOINT }\n";
    for (comment, findings, endpoints) in [
        ("", 0, 0),
        ("# nginx-ws-lint: context http,server\n", 0, 0),
        ("# nginx-ws-lint: context main\n", 1, 1),
        ("# nginx-ws-lint: context stream\n", 1, 1),
        ("# nginx-ws-lint: context upstream\n", 1, 1),
        ("# nginx-ws-lint: context nowhere\n", 0, 0),
    ] {
        let outcome = run(&[("ws.conf", &format!("{comment}{location}"))], &["ws.conf"], Config::Found);
        let summary = outcome.summary;
        assert_eq!(
            (summary.denied_by_comments, summary.endpoints_denied_by_comments),
            (findings, endpoints),
            "{comment} {:?}",
            rules(&outcome)
        );
    }
}

/// What a setting and a comment both hide is hidden by the setting: neither may say that the other one did it.
#[test]
fn what_settings_and_comments_hide_together_is_counted_once() {
    for (settings, comment) in [
        ("heartbeat = 20", "ignore[short-read-timeout] x"),
        ("[rules]\nlifetime = \"off\"", "ignore[short-read-timeout] x"),
        ("heartbeat = 20", "not-websocket"),
        ("not-websocket = [\"/ws/\"]", "not-websocket"),
        ("not-websocket = [\"/ws/\"]", "ignore[short-read-timeout] x"),
    ] {
        let main = MAIN.replace("location /ws/ {", &format!("location /ws/ {{ # nginx-ws-lint: {comment}"));
        let run = |files: &[(&str, &str)]| run(files, &[""], Config::Found).summary;
        let summary = run(&[("nginx.conf", &main), (FILE_NAME, settings)]);
        assert_eq!(summary.hidden_by_settings, 1, "{settings} {comment}");
        assert_eq!((summary.suppressed, summary.denied_by_comments), (0, 0), "{settings} {comment}");
        let summary = run(&[("nginx.conf", &main)]);
        assert_eq!(summary.suppressed + summary.denied_by_comments, 1, "{comment}");
    }
}

/// The user's own word counts more than what the tree says.
#[test]
fn a_path_of_the_command_line_wins() {
    let main = MAIN.replace("location /ws/ {", "location /ws/ { COMMENT");
    for comment in ["", "# nginx-ws-lint: not-websocket\n"] {
        for (settings, is_denied) in [
            ("", !comment.is_empty()),
            ("not-websocket = [\"/ws/\"]", true),
            ("websocket-paths = [\"/ws/\"]", !comment.is_empty()),
        ] {
            for path in ["", "/ws/", "/ws/a", "/other"] {
                let mut memory = MemoryFiles::new();
                let text = main.replace("COMMENT", comment).replace("ENDPOINT", ENDPOINT);
                memory.insert("/repo/nginx.conf", ready(&text));
                memory.insert("/repo/.nginx-ws-lint.toml", settings);
                let scope =
                    Scope { given: vec!["/repo".into()], working_folder: "/repo".into(), ..Scope::default() };
                let paths = [path].into_iter().filter(|path| !path.is_empty()).map(str::to_owned);
                let given = Settings { websocket_paths: paths.collect(), ..Settings::default() };
                let outcome = lint(&memory, &["/repo".into()], &scope, &given);
                let expected = usize::from(!is_denied || path.starts_with("/ws/"));
                assert_eq!(outcome.endpoints.len(), expected, "{comment} {settings} {path}");
            }
        }
    }
}
