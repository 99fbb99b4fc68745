//! `endpoints`: every endpoint at a glance.

use insta::assert_snapshot;

use crate::run::Tree;

const TEXT: &str = "events {}
http {
    upstream app { ip_hash; server 10.0.0.1:8000; server 10.0.0.2:8000 weight=2; }
    upstream one { server 10.0.0.3:8000; }
    server {
        listen 80;
        listen 443 ssl;
        server_name example.com www.example.com;
        proxy_http_version 1.1;
        location /ws/ {
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_pass http://app;
        }
        location /socket.io/ { proxy_pass http://one; }
    }
    server {
        listen 8080;
        server_name =cmd|a;
        location ~ ^/(live|chat)$ {
            include /opt/elsewhere/proxy.conf;
            proxy_pass http://10.0.0.4:8000;
        }
    }
}
";

fn tree() -> Tree {
    Tree::new(&[("nginx.conf", TEXT)])
}

fn shown(tree: &Tree, options: &[&str]) -> String {
    let fixed = [
        "endpoints",
        "nginx.conf",
        "--nginx-version",
        "1.28.0",
        "--assume-websocket",
        "--select",
        "handshake",
    ];
    tree.run(&[&fixed, options].concat()).shown()
}

#[test]
fn a_table_where_there_is_room() {
    assert_snapshot!(shown(&tree().env("COLUMNS", "250"), &[]));
}

#[test]
fn blocks_where_there_is_none() {
    assert_snapshot!(shown(&tree().env("COLUMNS", "60"), &[]));
}

#[test]
fn provenance() {
    assert_snapshot!(shown(&tree(), &["-v"]));
}

#[test]
fn other_formats() {
    assert_snapshot!("markdown", shown(&tree(), &["--format", "markdown"]));
    assert_snapshot!("csv", shown(&tree(), &["--format", "csv"]));
    let json = shown(&tree(), &["--format", "json"]);
    // The commit that it was built from is that of the day.
    let (before, tool) = json.split_once("  \"tool\": {").unwrap();
    let (_, after) = tool.split_once("  },\n").unwrap();
    assert_snapshot!("json", format!("{before}{after}"));
}

#[test]
fn the_same_lines_in_two_servers_are_two_endpoints() {
    let text = "events {}\nhttp {\n\
        server { listen 80; server_name a; include ws.inc; }\n\
        server { listen 80; server_name b; include ws.inc; }\n}\n";
    let include =
        "location /ws/ { proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:1; }\n";
    let tree = Tree::new(&[("nginx.conf", text), ("ws.inc", include)]);
    let run = tree.run(&["endpoints", "nginx.conf", "--format", "csv"]);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 3), "{}", run.stdout);
}

#[test]
fn nothing_found_and_nothing_read() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp { server { listen 80; } }\n")]);
    let run = tree.run(&["endpoints", "nginx.conf"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "no WebSocket endpoint\n"));
    assert_eq!(tree.run(&["endpoints", "missing.conf"]).code, Some(2));
}
