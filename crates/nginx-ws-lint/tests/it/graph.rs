//! `graph`.

use insta::assert_snapshot;

use crate::run::Tree;

const TEXT: &str = "events {}
http {
    upstream chat { server 10.0.0.1:8000; server 10.0.0.2:8000 backup; }
    include sites/*.conf;
    include gone.conf;
}
";

const SITE: &str = "server {
    listen 80;
    server_name chat.test;
    location /ws/ {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_pass http://chat;
    }
}
";

fn tree() -> Tree {
    Tree::new(&[("nginx.conf", TEXT), ("sites/chat.conf", SITE)])
}

fn shown(options: &[&str]) -> String {
    tree().run(&[&["graph", "nginx.conf", "--nginx-version", "1.28.0"], options].concat()).shown()
}

#[test]
fn formats() {
    assert_snapshot!("mermaid", shown(&[]));
    assert_snapshot!("dot", shown(&["--format", "dot"]));
    assert_snapshot!("svg", shown(&["--format", "svg"]));
    assert_snapshot!("includes", shown(&["--includes"]));
}

#[test]
fn what_is_left_out_is_said() {
    let run = tree().run(&["graph", "nginx.conf", "--most", "1"]);
    let said = "note: left out: 1 server and 1 location, 1 of them with warnings or errors; \
        --server NAME draws one server, --most N draws more than 1 nodes\n";
    assert!(run.stderr.ends_with(said), "{}", run.shown());
    assert_eq!(run.code, Some(0));
    let run = tree().run(&["graph", "nginx.conf", "--most", "1", "--quiet"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.shown());
}

#[test]
fn a_server_that_is_not_there_is_no_empty_success() {
    let run = tree().run(&["graph", "nginx.conf", "--server", "char.test"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stderr.contains("warning: no server has the name `char.test`\n"), "{}", run.shown());
    let run = tree().run(&["graph", "nginx.conf", "--server", "chat.test"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let run = tree().run(&["graph", "nginx.conf", "--server", "chat.test", "--includes"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
}
