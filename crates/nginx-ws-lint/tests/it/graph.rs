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

/// Each address of the machine itself is one of its own, and `localhost` is two of them.
#[test]
fn addresses_of_the_machine_are_told_apart() {
    let server = |listen: &str| {
        format!("server {{ listen {listen}; location / {{ proxy_pass http://10.0.0.1; }} }}\n")
    };
    let text = format!(
        "events {{}}\nhttp {{\nserver {{\nlisten 80;\nlocation /a {{ proxy_pass http://127.0.0.1:8081; }}\nlocation /b {{ proxy_pass http://localhost:8081; }}\nlocation /c {{ proxy_pass http://[::1]:8081; }}\nlocation /d {{ proxy_pass http://127.0.0.2:8081; }}\n}}\n{}{}{}}}\n",
        server("127.0.0.1:8081"),
        server("127.0.0.2:8081"),
        server("[::1]:8081")
    );
    let tree = Tree::new(&[("nginx.conf", text.as_str())]);
    let run = tree.run(&["graph", "nginx.conf", "--format", "dot"]);
    let node = |title: &str, is_peer: bool| {
        let mut lines = run.stdout.lines().filter(|line| line.contains(&format!("\"{title}\"")));
        let found = lines.find(|line| line.contains("cylinder") == is_peer);
        found
            .and_then(|line| line.split_whitespace().next())
            .unwrap_or_else(|| panic!("{title}\n{}", run.stdout))
    };
    let leads = |from: &str, to: &str| {
        let edge = format!("{} -> {}", node(from, true), node(to, false));
        run.stdout.lines().any(|line| line.trim_start().starts_with(&edge))
    };
    let all = ["127.0.0.1:8081", "127.0.0.2:8081", "[::1]:8081"];
    for from in all {
        for to in all {
            assert_eq!(leads(from, to), from == to, "{from} {to}\n{}", run.stdout);
        }
    }
    for (to, is_it) in [("127.0.0.1:8081", true), ("127.0.0.2:8081", false), ("[::1]:8081", true)] {
        assert_eq!(leads("localhost:8081", to), is_it, "{to}\n{}", run.stdout);
    }
}

/// Of a template one way is drawn, and which is said.
#[test]
fn the_branch_that_is_drawn_is_said() {
    let text = "server {\n    location / {\n        {% if tls %}\n        proxy_pass https://a:443;\n        {% else %}\n        proxy_pass http://b;\n        {% endif %}\n    }\n}\n";
    let tree = Tree::new(&[("site.conf.j2", text)]);
    let run = tree.run(&["graph", "."]);
    let said = "note: of 2 ways through the branches of site.conf.j2, the one where `tls` holds is drawn\n";
    assert!(run.stderr.contains(said), "{}", run.shown());
}
