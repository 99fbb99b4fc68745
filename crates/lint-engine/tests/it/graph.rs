//! What leads where.

use std::path::PathBuf;

use lint_engine::{GraphOf, Settings, graph};
use lint_finding::{Graph, NodeKind, Severity};
use nginx_semantics::{MemoryFiles, Scope};

const ALL: GraphOf = GraphOf { is_of_includes: false, servers: Vec::new(), most: 120 };

fn scope() -> Scope {
    Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() }
}

fn drawn_in(scope: &Scope, files: &[(&str, &str)], arguments: &[&str], wanted: &GraphOf) -> Graph {
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(PathBuf::from("/t").join(path), *text);
    }
    let arguments: Vec<PathBuf> = arguments.iter().map(|path| PathBuf::from("/t").join(path)).collect();
    graph(&memory, &arguments, scope, &Settings::default(), wanted)
}

fn drawn(files: &[(&str, &str)], wanted: &GraphOf) -> Graph {
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    drawn_in(&scope(), files, &names, wanted)
}

/// Each edge as `from -> to`, with what is said at it; `=>` for a back end that is a socket.
fn edges(graph: &Graph) -> Vec<String> {
    let title = |node: usize| graph.nodes.get(node).map_or("?", |node| node.title.as_str());
    let shown = |edge: &lint_finding::GraphEdge| {
        let arrow = if edge.is_link { "=>" } else { "->" };
        let label = edge.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
        format!("{} {arrow} {}{label}", title(edge.from), title(edge.to))
    };
    graph.edges.iter().map(shown).collect()
}

/// The text of a main file around servers and upstreams.
fn main_file(http: &str) -> String {
    format!("events {{}}\nhttp {{\n{http}\n}}\n")
}

const CHAT: &str =
    "upstream chat { least_conn; server 10.0.0.1:80 weight=2 max_fails=3; server 10.0.0.2:80 backup; }
server { listen 80 default_server; server_name _; return 301 https://$host$request_uri; }
server { listen 80; listen [::]:443 ssl; server_name a.test b.test;
    location /ws/ { proxy_pass http://chat; proxy_set_header Upgrade $http_upgrade; }
    location /grpc/ { grpc_pass grpc://10.0.0.9:50051; }
    location /files/ { root /srv; }
    location /any/ { proxy_pass http://$where; if ($http_upgrade) { proxy_pass https://10.0.0.2:80; } }
}";

#[test]
fn requests_go_through_sockets_servers_locations_and_upstreams() {
    let graph = drawn(&[("nginx.conf", &main_file(CHAT))], &ALL);
    assert_eq!(
        edges(&graph),
        [
            "*:80 -> server _ (default)",
            "*:80 -> server a.test",
            "[::]:443 -> server a.test",
            "server a.test -> location /ws/",
            "server a.test -> location /grpc/",
            "server a.test -> location /any/",
            "server a.test -> location /any/, if ($http_upgrade)",
            "location /ws/ -> upstream chat",
            "location /grpc/ -> 10.0.0.9:50051 (gRPC)",
            "location /any/ -> http://$where",
            "location /any/, if ($http_upgrade) -> 10.0.0.2:80 (TLS)",
            "upstream chat -> 10.0.0.1:80 (weight=2)",
            "upstream chat -> 10.0.0.2:80 (backup)",
        ]
    );
    let node = |title: &str| graph.nodes.iter().find(|node| node.title == title).unwrap();
    assert_eq!(node("[::]:443").lines, ["TLS"]);
    assert_eq!(node("server a.test").lines, ["b.test", "1 location passes nothing on"]);
    assert_eq!(node("upstream chat").lines, ["least_conn"]);
    assert_eq!(node("location /ws/").lines, ["WebSocket, idle limit 60s"]);
    assert!(node("location /ws/").is_endpoint);
    assert!(node("http://$where").is_vague);
    assert!(!node("10.0.0.2:80").is_vague);
}

#[test]
fn findings_stand_where_they_belong() {
    let graph = drawn(&[("nginx.conf", &main_file(CHAT))], &ALL);
    let rules = |title: &str| -> Vec<&str> {
        let node = graph.nodes.iter().find(|node| node.title == title).unwrap();
        let warnings = node.findings.iter().filter(|(severity, _)| *severity >= Severity::Warning);
        warnings.map(|(_, rule)| *rule).collect()
    };
    assert_eq!(rules("location /ws/"), ["missing-connection-header", "short-read-timeout"]);
    assert_eq!(rules("server a.test"), ["tls-without-certificate"]);
    assert_eq!(rules("location /any/"), ["undefined-variable"]);
    assert_eq!(rules("location /grpc/"), [""; 0]);
    // Each finding is somewhere.
    let mut marked: Vec<&str> = graph
        .nodes
        .iter()
        .flat_map(|node| &node.findings)
        .chain(graph.parts.iter().flat_map(|part| &part.findings))
        .map(|(_, rule)| *rule)
        .collect();
    marked.sort_unstable();
    marked.dedup();
    let mut found: Vec<&str> = graph.outcome.findings.iter().map(|finding| finding.rule.name).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(marked, found);
}

/// What an include brings into two servers is marked in both.
#[test]
fn a_line_in_two_blocks_is_marked_at_each() {
    let main = main_file(
        "server { listen 80; server_name a; include ws.inc; }\nserver { listen 81; server_name b; include ws.inc; }",
    );
    let part = "location /ws/ { proxy_pass http://10.0.0.1; proxy_set_header Upgrade $http_upgrade; }\n";
    let graph = drawn_in(&scope(), &[("nginx.conf", &main), ("ws.inc", part)], &["nginx.conf"], &ALL);
    let marked = graph.nodes.iter().filter(|node| {
        node.kind == NodeKind::Location
            && node.findings.iter().any(|(_, rule)| *rule == "missing-connection-header")
    });
    assert_eq!(marked.count(), 2);
}

const STREAM: &str = "events {}
stream {
    upstream tls { server 127.0.0.1:8443; server unix:/run/tls.sock; }
    server { listen 443; proxy_pass tls; }
}
http {
    server { listen 127.0.0.1:8443; listen unix:/run/tls.sock; server_name in; location / { proxy_pass http://10.0.0.1; } }
}
";

#[test]
fn a_back_end_may_be_a_socket_of_the_same_nginx() {
    assert_eq!(
        edges(&drawn(&[("nginx.conf", STREAM)], &ALL)),
        [
            "127.0.0.1:8443 -> server in",
            "unix:/run/tls.sock -> server in",
            "*:443 -> stream server",
            "stream server -> upstream tls (TCP)",
            "server in -> location /",
            "location / -> 10.0.0.1:80",
            "upstream tls -> 127.0.0.1:8443",
            "upstream tls -> unix:/run/tls.sock",
            "127.0.0.1:8443 => 127.0.0.1:8443",
            "unix:/run/tls.sock => unix:/run/tls.sock",
        ]
    );
}

/// An edge, and what stands behind it.
fn pair() -> [(&'static str, String); 2] {
    let edge = main_file(
        "server { listen 80; server_name shop.test; location / { proxy_pass http://inner.test:8080; } }
         server { listen 80; server_name other.test; location / { proxy_pass http://127.0.0.1:9090; } }",
    );
    let inner = main_file(
        "server { listen 8080; server_name inner.test; location /ws/ { proxy_pass http://10.0.0.1; } }
         server { listen 9090; server_name local.test; location / { proxy_pass http://10.0.0.2; } }",
    );
    [("edge.conf", edge), ("inner.conf", inner)]
}

#[test]
fn several_nginxes_are_a_chain() {
    let [edge, inner] = pair();
    let links = |scope: &Scope, wanted: &GraphOf| -> Vec<String> {
        let files = [(edge.0, edge.1.as_str()), (inner.0, inner.1.as_str())];
        let graph = drawn_in(scope, &files, &[edge.0, inner.0], wanted);
        edges(&graph).into_iter().filter(|edge| edge.contains("=>")).collect()
    };
    let both = ["inner.test:8080 => *:8080", "127.0.0.1:9090 => *:9090"];
    assert_eq!(links(&scope(), &ALL), both);
    // What stands behind a chosen server is shown with it, and nothing else.
    let one = GraphOf { servers: vec!["shop.test".to_owned()], ..ALL };
    assert_eq!(links(&scope(), &one), both[..1]);
}

#[test]
fn what_was_dumped_on_two_machines_has_no_common_localhost() {
    let dump = |text: &str| {
        format!(
            "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n# configuration file /etc/nginx/nginx.conf:\n{text}\n"
        )
    };
    let [(_, edge), (_, inner)] = pair();
    let files = [("edge.txt", dump(&edge)), ("inner.txt", dump(&inner))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut named = scope();
    named.hosts =
        [("/t/edge.txt".into(), "web1".to_owned()), ("/t/inner.txt".into(), "web2".to_owned())].into();
    named.named = vec!["/t/edge.txt".into(), "/t/inner.txt".into()];
    let graph = drawn_in(&named, &files, &["edge.txt", "inner.txt"], &ALL);
    let titles: Vec<&str> = graph.parts.iter().map(|part| part.title.as_str()).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles[0].starts_with("web1: ") && titles[1].starts_with("web2: "), "{titles:?}");
    let links: Vec<String> = edges(&graph).into_iter().filter(|edge| edge.contains("=>")).collect();
    assert_eq!(links, ["inner.test:8080 => *:8080"]);
    assert!(graph.nodes.iter().any(|node| !node.findings.is_empty()));
}

#[test]
fn a_server_is_found_by_its_names_and_wildcards() {
    let text = main_file(
        "server { listen 80; server_name *.a.test; location / { proxy_pass http://10.0.0.1; } }
         server { listen 80; server_name .b.test; location / { proxy_pass http://10.0.0.2; } }",
    );
    for (name, expected) in [
        ("x.a.test", Some("server *.a.test")),
        ("*.A.test", Some("server *.a.test")),
        ("a.test", None),
        ("b.test", Some("server .b.test")),
        ("x.b.test", Some("server .b.test")),
        ("xb.test", None),
    ] {
        let graph = drawn(&[("nginx.conf", &text)], &GraphOf { servers: vec![name.to_owned()], ..ALL });
        let server = graph.nodes.iter().find(|node| node.kind == NodeKind::Server);
        assert_eq!(server.map(|node| node.title.as_str()), expected, "{name}");
        assert_eq!(graph.outcome.is_incomplete(), expected.is_none(), "{name}");
    }
}

#[test]
fn the_worst_is_shown_where_there_is_no_room_for_all() {
    let server = |number: usize| {
        let lines = if number == 70 { "proxy_set_header Upgrade $http_upgrade;" } else { "" };
        format!(
            "server {{ listen 80; server_name s{number}.test; location /a/ {{ {lines} proxy_pass http://many; }} }}\n"
        )
    };
    let peers: String = (0..40).map(|peer| format!("server 10.0.0.{peer}:80;")).collect();
    let servers: String = (0..100).map(server).collect();
    let text = main_file(&format!("upstream many {{ {peers} }}\n{servers}"));
    let graph = drawn(&[("nginx.conf", &text)], &GraphOf { most: 30, ..ALL });
    assert!(graph.nodes.len() <= 30, "{}", graph.nodes.len());
    let has = |title: &str| graph.nodes.iter().any(|node| node.title == title);
    assert!(has("server s70.test") && has("… 28 more peers"), "{:?}", edges(&graph));
    let shown = graph.nodes.iter().filter(|node| node.kind == NodeKind::Server).count();
    let left = 100 - shown;
    let expected = format!(
        "left out: {left} servers and {left} locations; --server NAME draws one server, --most N draws more than 30 nodes"
    );
    assert_eq!(graph.notes, [expected]);
}

#[test]
fn files_include_files() {
    let files = [
        (
            "nginx.conf",
            "events {}\nhttp {\n    include sites/*.conf;\n    include gone.conf;\n    include mime.types;\n}\n",
        ),
        (
            "sites/a.conf",
            "server {\n    listen 80;\n    include x.inc;\n    location /ws/ {\n        include x.inc;\n        proxy_pass http://10.0.0.1;\n    }\n}\n",
        ),
        ("sites/b.conf", "include sites/b.conf;\n"),
        ("sites/empty.conf", ""),
        ("x.inc", "proxy_set_header Upgrade $http_upgrade;\n"),
    ];
    let graph = drawn_in(&scope(), &files, &["."], &GraphOf { is_of_includes: true, ..ALL });
    assert_eq!(
        edges(&graph),
        [
            "nginx.conf -> sites/a.conf (line 3)",
            "nginx.conf -> sites/b.conf (line 3)",
            "nginx.conf -> sites/empty.conf (line 3)",
            "sites/a.conf -> x.inc (lines 3, 5)",
            "sites/b.conf -> sites/b.conf (line 1)",
            "nginx.conf -> gone.conf (line 4)",
        ]
    );
    let marks = |title: &str| -> Vec<&str> {
        let node = graph.nodes.iter().find(|node| node.title == title && !node.is_vague).unwrap();
        node.findings.iter().map(|(_, rule)| *rule).collect()
    };
    assert!(marks("nginx.conf").contains(&"include-not-found"), "{:?}", marks("nginx.conf"));
    assert!(marks("x.inc").contains(&"missing-connection-header"), "{:?}", marks("x.inc"));
    let few = drawn_in(&scope(), &files, &["."], &GraphOf { is_of_includes: true, most: 3, ..ALL });
    let shown: Vec<&str> = few.nodes.iter().map(|node| node.title.as_str()).collect();
    assert_eq!(
        shown,
        [
            "nginx.conf",
            "sites/a.conf",
            "sites/b.conf",
            "… 1 more file",
            "… 1 more file",
            "… 1 more file",
            "sites/b.conf",
            "gone.conf"
        ]
    );
    assert_eq!(few.notes, ["left out: 2 files; --most N draws more than 3 nodes"]);
}

#[test]
fn words_of_files_that_were_not_given_stay_there() {
    let mut memory = MemoryFiles::new();
    memory.insert("/t/nginx.conf", main_file("include /secret/site.conf;\nserver { listen 80; }").as_str());
    memory.insert(
        "/secret/site.conf",
        "upstream hidden { server secret-host:1; }\nserver { listen 666; server_name secret; location /hidden/ { proxy_pass http://hidden; } }\n",
    );
    let scope = Scope { host_includes: true, ..scope() };
    let graph = graph(&memory, &["/t/nginx.conf".into()], &scope, &Settings::default(), &ALL);
    let text = format!("{:?} {:?} {:?}", graph.parts, graph.nodes, graph.edges);
    assert!(graph.nodes.iter().any(|node| node.kind == NodeKind::Location), "{text}");
    for word in ["secret", "hidden", "666"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}
