//! What is not chosen, and why.

use nginx_semantics::{
    ContextKind, ListenAddress, Locations, ServerSelection, location_rivals, name_rivals, normalize_path,
    select_server, sockets,
};

use crate::common::{label, load_root, only};

/// What loses in the first server for a path.
fn losers(locations: &str, path: &str) -> String {
    let text = format!("events {{}}\nhttp {{ server {{\n{locations}\n}} }}\n");
    let loaded = load_root(&text, &[]);
    let configuration = only(&loaded);
    let server = configuration.of_kind(ContextKind::Server).next().unwrap();
    let path = normalize_path(path.as_bytes()).unwrap();
    let locations = Locations::new(configuration);
    let selection = locations.select(server, &path);
    let rivals = location_rivals(&locations, server, &path, &selection).into_iter();
    let words = rivals.map(|rival| format!("{} {:?}", label(configuration, rival.location), rival.why));
    words.collect::<Vec<_>>().join("; ")
}

#[test]
fn locations_that_lose_say_why() {
    let table = [
        ("location / {} location = /ws {} location ~ ws {}", "/ws", "/ BehindExact; ~ ws BehindExact"),
        ("location / {} location /ws/ {} location /ws/a {}", "/ws/b", "/ Shorter"),
        ("location ^~ /ws/ {} location ~ ws {}", "/ws/b", "~ ws BehindPriority"),
        ("location /ws/ {} location ~ ^/w {} location ~ s/ {}", "/ws/b", "/ws/ BehindRegex; ~ s/ Later"),
        ("location /ws/ { proxy_pass http://a; } location / {}", "/ws", "/ Shorter"),
        ("location /ws/ {} location / {}", "/ws", "/ws/ SlashApart"),
        ("location /WS/ {} location = /ws/a/ {}", "/ws/a", "/WS/ CaseApart; = /ws/a/ SlashApart"),
        (
            "location /a/ { location /a/b/ {} location /a/b/c {} } location / {}",
            "/a/b/c",
            "/ Shorter; /a/b/ Shorter",
        ),
        ("location @ws {} location /x {}", "/ws", ""),
    ];
    for (locations, path, expected) in table {
        assert_eq!(losers(locations, path), expected, "{locations} {path}");
    }
}

#[test]
fn names_that_lose_say_why() {
    let http = "server { listen 80; server_name example.com; }
        server { listen 80; server_name *.example.com www.example.com; }
        server { listen 80; server_name examples.com ~^exam; }
        server { listen 81; listen 10.0.0.1:82; server_name example.com; }
        server { listen 80; server_name other.org; }";
    let loaded = load_root(&format!("events {{}}\nhttp {{\n{http}\n}}\n"), &[]);
    let configuration = only(&loaded);
    let http = configuration.of_kind(ContextKind::Http).next().unwrap();
    let sockets = sockets(configuration, http);
    let socket = sockets.iter().find(|socket| socket.address == ListenAddress::DEFAULT).unwrap();
    let Some(ServerSelection::Server(server, _)) = select_server(configuration, socket, Some("example.com"))
    else {
        panic!("a server")
    };
    let rivals = name_rivals(configuration, http, socket, "example.com", server).into_iter();
    let words: Vec<String> = rivals.map(|rival| format!("{} {:?}", rival.name, rival.why)).collect();
    assert_eq!(
        words,
        [
            "*.example.com Bare",
            "www.example.com Similar",
            "examples.com Similar",
            "~^exam Loses",
            "example.com Elsewhere([Ip(0.0.0.0, 81), Ip(10.0.0.1, 82)])",
        ]
    );
}
