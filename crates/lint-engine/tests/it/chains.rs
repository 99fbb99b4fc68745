//! Main files of one run that stand in a row.

use std::path::PathBuf;

use lint_engine::{Settings, lint};
use nginx_semantics::{MemoryFiles, Scope};

use crate::snippet::ready;

/// Lints these arguments of `/repo`: where findings about chains stand, with severity and message.
fn run_with(settings: &Settings, files: &[(&str, String)], arguments: &[&str]) -> Vec<String> {
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(PathBuf::from("/repo").join(path), ready(text));
    }
    let scope = Scope { given: vec!["/repo".into()], working_folder: "/repo".into(), ..Scope::default() };
    let arguments: Vec<PathBuf> = arguments.iter().map(|path| PathBuf::from("/repo").join(path)).collect();
    let outcome = lint(&memory, &arguments, &scope, settings);
    let chains = outcome.findings.iter().filter(|finding| finding.rule.name == "chain-timeouts-misaligned");
    let shown = |finding: &lint_finding::Finding| {
        let file = &outcome.file(finding.primary.place.file).expect("a file").source;
        let line = file.line(finding.primary.place.span.start);
        format!("{}:{line} {}: {}", file.path(), finding.severity, finding.message)
    };
    chains.map(shown).collect()
}

fn run(files: &[(&str, String)], arguments: &[&str]) -> Vec<String> {
    run_with(&Settings::default(), files, arguments)
}

/// A main file with one server; the location begins on its sixth line, with `target` and `limit` on the seventh and
/// eighth.
fn root(server: &str, location: &str, target: &str, limit: &str) -> String {
    format!(
        "events {{}}\nhttp {{\nserver {{\n{server}\n\nlocation {location} {{\nproxy_pass {target};\n{limit}\n{LINES}\n}}\n}}\n}}\n"
    )
}

const LINES: &str = "proxy_http_version 1.1; proxy_set_header Host $host; \
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

const HOUR: &str = "proxy_read_timeout 1h;";
const MINUTES: &str = "proxy_read_timeout 10m;";
const APP: &str = "http://10.9.9.9:9000";

/// An edge that waits an hour, and what stands behind it.
fn pair(target: &str, server: &str) -> [(&'static str, String); 2] {
    [
        ("edge.conf", root("listen 80; server_name app.example.org;", "/ws/", target, HOUR)),
        ("inner.conf", root(server, "/", APP, MINUTES)),
    ]
}

const BOTH: [&str; 2] = ["edge.conf", "inner.conf"];
const TOLD: &str = "edge.conf:8 info: this limit of 1h has no effect: the nginx behind it closes the WebSocket after 10m without traffic";

#[test]
fn two_that_are_named_need_an_address_and_the_server_of_the_host() {
    assert_eq!(run(&pair("http://127.0.0.1:8081", "listen 8081;"), &BOTH), [TOLD]);
    assert_eq!(
        run(&pair("http://inner:8081", "listen [::]:8081 default_server; server_name _;"), &BOTH),
        [TOLD]
    );
    assert_eq!(run(&pair("http://unix:/run/inner.sock", "listen unix:/run/inner.sock;"), &BOTH), [TOLD]);
    for (target, server) in [
        ("http://127.0.0.1:8082", "listen 8081;"),
        ("http://10.0.0.5:8081", "listen 10.0.0.6:8081;"),
        ("http://10.0.0.5:8081", "listen 127.0.0.1:8081;"),
        ("https://127.0.0.1:8081", "listen 8081;"),
        ("http://unix:/run/inner.sock", "listen unix:/run/other.sock;"),
        // Everyone's port.
        ("http://10.0.0.5", "listen 80;"),
        ("http://$backend:8081", "listen 8081;"),
    ] {
        assert_eq!(run(&pair(target, server), &BOTH), [""; 0], "{target}");
    }
}

#[test]
fn two_in_one_folder_share_a_name_or_an_address() {
    for (target, server) in [
        ("http://127.0.0.1:8081", "listen 8081; server_name app.example.org;"),
        ("http://10.0.0.5:8081", "listen 8081; server_name .example.org;"),
        ("http://10.0.0.5", "listen 10.0.0.5:80;"),
        ("http://inner.example.org:8081", "listen 8081; server_name inner.example.org;"),
        ("http://unix:/run/inner.sock", "listen unix:/run/inner.sock;"),
    ] {
        assert_eq!(run(&pair(target, server), &[""]), [TOLD], "{target} {server}");
    }
    for (target, server) in [
        ("http://127.0.0.1:8081", "listen 8081;"),
        ("http://127.0.0.1:8081", "listen 8081; server_name localhost;"),
        ("http://localhost:8081", "listen 127.0.0.1:8081; server_name other.example.org;"),
        ("http://inner:8081", "listen 8081; server_name inner;"),
        // The same site again, for another machine.
        ("http://app:80", "listen 80; server_name app.example.org;"),
    ] {
        assert_eq!(run(&pair(target, server), &[""]), [""; 0], "{target} {server}");
    }
}

#[test]
fn the_longer_limit_is_the_one_that_never_counts() {
    let mut files = pair("http://127.0.0.1:8081", "listen 8081;");
    files[0].1 = files[0].1.replace(HOUR, "proxy_read_timeout 30s;");
    assert_eq!(
        run(&files, &BOTH),
        [
            "inner.conf:8 info: this limit of 10m has no effect: the nginx in front of it closes the WebSocket after 30s without traffic"
        ]
    );
    files[1].1 = files[1].1.replace(MINUTES, "");
    assert_eq!(
        run(&files, &BOTH),
        [
            "inner.conf:7 info: the limit of 60s, the default of `proxy_read_timeout`, has no effect: the nginx in front of it closes the WebSocket after 30s without traffic"
        ]
    );
}

#[test]
fn what_no_other_rule_sees_is_a_warning() {
    let mut files = pair("http://127.0.0.1:8081", "listen 8081;");
    let location = format!("proxy_pass {APP};\n{MINUTES}\n{LINES}");
    files[1].1 = files[1].1.replace(&location, "uwsgi_pass unix:/run/app.sock;");
    assert_eq!(
        run(&files, &BOTH),
        [
            "edge.conf:8 warning: this limit of 1h has no effect: the nginx behind it closes the WebSocket after 60s without traffic"
        ]
    );
}

#[test]
fn three_in_a_row_and_two_servers_of_one() {
    let middle = root("listen 8081;", "/", "http://pool", MINUTES)
        .replace("server {\n", "upstream pool { server 127.0.0.1:8082; }\nserver {\n");
    let files = [
        ("edge.conf", root("listen 80; server_name app.example.org;", "/ws/", "http://127.0.0.1:8081", HOUR)),
        ("middle.conf", middle),
        ("last.conf", root("listen 127.0.0.1:8082;", "/", APP, "proxy_read_timeout 9m;")),
    ];
    let found = run(&files, &["edge.conf", "middle.conf", "last.conf"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].starts_with("middle.conf:9 info: this limit of 10m has no effect"), "{found:?}");

    let one = root("listen 80;", "/ws/", "http://127.0.0.1:8081", HOUR).replace(
        "server {\n",
        &format!(
            "server {{ listen 8081; location / {{ {LINES} {MINUTES} proxy_pass {APP}; }} }}\nserver {{\n"
        ),
    );
    let found = run(&[("nginx.conf", one.clone())], &[""]);
    assert_eq!(found.len(), 1, "{found:?}");
    let elsewhere = one.replace("http://127.0.0.1:8081", "http://10.0.0.5:8081");
    assert_eq!(run(&[("nginx.conf", elsewhere)], &[""]), [""; 0]);
}

#[test]
fn silent_where_nothing_is_wrong_or_known() {
    let files = pair("http://127.0.0.1:8081", "listen 8081;");
    let heartbeat = |seconds: u64| Settings { heartbeat_ms: Some(seconds * 1_000), ..Settings::default() };
    assert_eq!(run_with(&heartbeat(25), &files, &BOTH), [""; 0]);
    assert_eq!(run_with(&heartbeat(600), &files, &BOTH), [TOLD]);
    for (from, to) in [
        (MINUTES, HOUR),
        (MINUTES, "include /opt/other.conf;"),
        (MINUTES, "return 403;"),
        (MINUTES, "if ($remote_addr = 10.0.0.1) { return 403; }"),
        // No tunnel, and so nothing that a timer ends.
        (LINES, "proxy_http_version 1.1;"),
        ("location / {", "location ~ ^/(?=ws) {"),
    ] {
        let mut files = files.clone();
        files[1].1 = files[1].1.replace(from, to);
        assert_ne!(files[1].1, pair("http://127.0.0.1:8081", "listen 8081;")[1].1, "{from}");
        assert_eq!(run(&files, &BOTH), [""; 0], "{to}");
    }
    let polled = files.clone().map(|(path, text)| (path, text.replace("/ws/", "/socket.io/")));
    assert_eq!(run(&polled, &BOTH), [""; 0]);
}
