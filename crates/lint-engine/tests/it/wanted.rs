//! What `snippet` prints: nothing is found in it, whatever it is for.

use std::path::PathBuf;

use lint_engine::{Application, Preset, Settings, Wanted, applications, layers, lint};
use nginx_semantics::{MemoryFiles, Scope, VersionRange};

const MAIN: &str =
    "worker_shutdown_timeout 1h;\nevents { worker_connections 1024; }\nhttp {\n    include ws.conf;\n}\n";

fn wanted(application: Option<&'static Application>, versions: &str, servers: &[&str]) -> Wanted {
    Wanted {
        path: None,
        servers: servers.iter().map(|&server| server.to_owned()).collect(),
        is_tls: false,
        name: "chat.example.com".to_owned(),
        versions: versions.parse().expect("versions"),
        application,
        layers: Vec::new(),
    }
}

/// What is said of a text, alone or as a part of a configuration.
fn found(text: &str, versions: VersionRange) -> Vec<String> {
    let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
    let settings = Settings { versions: Some(versions), ..Settings::default() };
    let mut all = Vec::new();
    for with_main in [true, false] {
        let mut files = MemoryFiles::new();
        files.insert("/t/ws.conf", text.as_bytes());
        if with_main {
            files.insert("/t/nginx.conf", MAIN.as_bytes());
        }
        let outcome = lint(&files, &[PathBuf::from("/t")], &scope, &settings);
        assert_eq!(outcome.summary.endpoints, 1, "{text}");
        all.extend(outcome.findings.iter().map(|one| format!("{}: {}", one.rule.name, one.message)));
    }
    all
}

#[test]
fn nothing_is_found_in_it_for_any_application_and_version() {
    let known = applications::all().iter().filter(|one| one.uses_websocket() != Some(false));
    let all: Vec<Option<&'static Application>> = known.map(Some).chain([None]).collect();
    for application in all {
        for versions in ["1.18-1.31", "1.22.1", "1.30"] {
            for servers in [&["127.0.0.1:8080"][..], &["10.0.0.11:8080", "10.0.0.12:8080"]] {
                let wanted = wanted(application, versions, servers);
                let text = wanted.text().expect("a text");
                let found = found(&text, wanted.versions);
                assert_eq!(
                    found,
                    [""; 0],
                    "{:?} {versions} {servers:?}\n{text}",
                    application.map(|one| one.id)
                );
            }
        }
    }
}

#[test]
fn what_is_in_front_is_told_with_its_limit() {
    for layer in layers::all() {
        let wanted = Wanted { layers: vec![layer], ..wanted(None, "1.26", &["127.0.0.1:8080"]) };
        let text = wanted.text().expect("a text");
        assert_eq!(found(&text, wanted.versions), [""; 0], "{text}");
        let Preset { name, idle, .. } = layer;
        if let layers::IdlePreset::Seconds(seconds) = idle {
            assert!(
                text.contains(&format!("# {name} closes a WebSocket that is silent for {seconds} s")),
                "{text}"
            );
        }
        assert!(text.contains("real_ip_header") || layer.passes == layers::Passes::No, "{text}");
    }
}

#[test]
fn a_path_of_ones_own_counts_more_than_the_applications() {
    let socket_io = applications::all().iter().find(|one| one.id == "socket-io");
    let own = wanted(socket_io, "1.26", &["127.0.0.1:8080"]);
    assert_eq!(own.path(), "/socket.io/");
    assert_eq!(Wanted { path: Some("/live/".to_owned()), ..own }.path(), "/live/");
    assert_eq!(wanted(None, "1.26", &["a:1"]).path(), "/ws/");
}

#[test]
fn back_ends_with_tls_are_asked_by_their_name() {
    let wanted = Wanted { is_tls: true, ..wanted(None, "1.26", &["app.internal:8443"]) };
    let text = wanted.text().expect("a text");
    assert!(text.contains("proxy_pass https://websocket_backend;"), "{text}");
    assert!(text.contains("proxy_ssl_name app.internal;"), "{text}");
}

#[test]
fn a_unix_socket_gives_no_name_for_a_certificate() {
    for (servers, name) in [
        (&["unix:/run/app.sock"][..], "chat.example.com"),
        (&["unix:/run/app.sock", "app.internal:8443"], "app.internal"),
    ] {
        let wanted = Wanted { is_tls: true, ..wanted(None, "1.26", servers) };
        let text = wanted.text().expect("a text");
        assert!(text.contains(&format!("proxy_ssl_name {name};")), "{text}");
        assert_eq!(found(&text, wanted.versions), [""; 0], "{text}");
    }
}
