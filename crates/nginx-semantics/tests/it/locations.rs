//! Location search.

use nginx_semantics::{LocationName, Selection, normalize_path};

use crate::common::{label, load_root, only, select};

/// Who serves the path in a server with these locations: the words of the location, `301 LOCATION`, or `server`.
fn selected(locations: &str, uri: &str) -> String {
    let loaded = load_root(&format!("events {{}}\nhttp {{ server {{ {locations} }} }}\n"), &[]);
    let configuration = only(&loaded);
    match select(configuration, uri) {
        Selection::Location(location) => label(configuration, location),
        Selection::Server => "server".to_owned(),
        Selection::SlashRedirect(location) => format!("301 {}", label(configuration, location)),
        Selection::CannotSay { location, .. } => format!("? {}", label(configuration, location)),
    }
}

fn check(table: &[(&str, &str, &str)]) {
    for (locations, uri, expected) in table {
        assert_eq!(selected(locations, uri), *expected, "{uri} in {locations}");
    }
}

#[test]
fn exact_then_longest_prefix_then_regexes_in_order() {
    check(&[
        ("location = /ws {} location /ws {} location ~ ws {}", "/ws", "= /ws"),
        ("location /ws {} location = /ws {}", "/ws/x", "/ws"),
        ("location / {} location /w {} location /ws {}", "/wsx", "/ws"),
        ("location / {} location /w {} location /ws {}", "/x", "/"),
        ("location /ws {}", "/x", "server"),
        ("location /ws {} location ~ ^/w {}", "/ws", "~ ^/w"),
        ("location /app.js {} location ~ \\.(js|css)$ {}", "/app.js", "~ \\.(js|css)$"),
        ("location ~ ^/w {} location ~ ^/ws {}", "/ws", "~ ^/w"),
        ("location ~ ^/WS {} location ~* ^/WS {}", "/ws", "~* ^/WS"),
        ("location ^~ /ws {} location ~ ws {}", "/ws", "^~ /ws"),
        // `^~` helps only the longest prefix.
        ("location ^~ /w {} location /ws {} location ~ ws {}", "/ws", "~ ws"),
        ("location ^~ /w {} location ~ ws {}", "/ws", "^~ /w"),
        // Case counts on Linux.
        ("location /ws {}", "/WS", "server"),
        // The first of two equal regexes wins, and nginx does not mind.
        ("location ~ x { root /1; } location ~ x { root /2; } location / {}", "/x", "~ x"),
        // `/` is a prefix like any other.
        ("location / {} location ~ ws {}", "/ws", "~ ws"),
        ("location ^~ / {} location ~ ws {}", "/ws", "^~ /"),
        // A final slash counts.
        ("location /ws/ {}", "/ws", "server"),
        ("location /ws/ {}", "/ws/", "/ws/"),
        // Named locations are never found by a path.
        ("location @ws {} location / {}", "/@ws", "/"),
    ]);
}

#[test]
fn nested_locations() {
    check(&[
        ("location /w { location /ws {} }", "/ws/a", "/ws"),
        ("location /w { location /ws {} }", "/wx", "/w"),
        ("location /w { location = /ws {} } location ~ ws {}", "/ws", "= /ws"),
        // `^~` on a nested location does not protect from the regexes of the level outside.
        ("location /w { location ^~ /ws {} } location ~ ws {}", "/ws", "~ ws"),
        ("location /w { location /ws {} } location ~ ws {}", "/ws", "~ ws"),
        ("location /w { location ~ s {} } location ~ ws {}", "/ws", "~ s"),
        // Regexes inside a `^~` location are tried all the same.
        ("location ^~ /w { location ~ s {} } location ~ ws {}", "/ws", "~ s"),
        ("location ^~ /w { location ^~ /ws { location ~ s {} } location ~ w {} }", "/ws", "~ s"),
        // The regex that was found is searched in turn, the outer ones not again.
        ("location ~ ^/w { location ~ s$ {} } location ~ ws {}", "/ws", "~ s$"),
        ("location ~ ^/w { location ~ s$ {} } location ~ wx {}", "/wx", "~ ^/w"),
        // Inside a regex location nginx never looks at names, only at regexes.
        ("location ~ /ws { location /ws/ {} location = /ws/a {} }", "/ws/a", "~ /ws"),
        ("location ~ /ws { location /ws/ { proxy_pass http://a; } }", "/ws", "~ /ws"),
        ("location ~ /ws { location = /ws/ {} location ~ /$ {} }", "/ws/", "~ /$"),
    ]);
}

#[test]
fn odd_names() {
    check(&[
        ("location =/ws {}", "/ws", "=/ws"),
        ("location ^~/ws {} location ~ ws {}", "/ws", "^~/ws"),
        ("location ~^/ws$ {}", "/ws", "~^/ws$"),
        ("location ~*^/WS$ {}", "/ws", "~*^/WS$"),
        ("location ~*\\.x$ {}", "/a.X", "~*\\.x$"),
        ("location ws {} location / {}", "/ws", "/"),
        ("location '' {}", "/ws", "''"),
        ("location '' {} location ~ ws {}", "/ws", "~ ws"),
        ("location \"/a b\" {}", "/a%20b", "\"/a b\""),
        ("location ~ ^/a\\.b$ {}", "/a.b", "~ ^/a\\.b$"),
        ("location ~ \"^/a{2}$\" {}", "/aa", "~ \"^/a{2}$\""),
    ]);
}

#[test]
fn a_final_slash_is_added_by_a_redirect() {
    const P: &str = "proxy_pass http://a;";
    let with = |text: &str| text.replace("PASS", P);
    let table = [
        ("location /ws/ { PASS }", "/ws", "301 /ws/"),
        ("location /ws/ { PASS }", "/ws?x=1", "301 /ws/"),
        ("location = /ws/ { PASS }", "/ws", "301 = /ws/"),
        ("location ^~ /ws/ { PASS }", "/ws", "301 ^~ /ws/"),
        ("location /w { location /ws/ { PASS } }", "/ws", "301 /ws/"),
        ("location /ws/ { fastcgi_pass a; }", "/ws", "301 /ws/"),
        ("location /ws/ { uwsgi_pass a; }", "/ws", "301 /ws/"),
        ("location /ws/ { scgi_pass a; }", "/ws", "301 /ws/"),
        ("location /ws/ { grpc_pass a; }", "/ws", "301 /ws/"),
        ("location /ws/ { memcached_pass a; }", "/ws", "301 /ws/"),
        ("location /ws/ { proxy_pass http://$host; }", "/ws", "301 /ws/"),
        // It comes before regexes and before `location /`.
        ("location / { root /x; } location /ws/ { PASS } location ~ ws {}", "/ws", "301 /ws/"),
        // An exact or longer name for the path prevents it.
        ("location = /ws {} location /ws/ { PASS }", "/ws", "= /ws"),
        ("location /ws {} location /ws/ { PASS }", "/ws", "/ws"),
        // Not for a *_pass inside `if` or `limit_except`, nor without one.
        ("location /ws/ { if ($http_upgrade) { PASS } }", "/ws", "server"),
        ("location /ws/ { limit_except GET { PASS } }", "/ws", "server"),
        ("location /ws/ { root /x; }", "/ws", "server"),
        ("location /ws/ { return 200; }", "/ws", "server"),
        ("location / {} location /ws/ { location /ws/a { PASS } }", "/ws", "/"),
        ("location ~ ^/ws(/|$) { PASS }", "/ws", "~ ^/ws(/|$)"),
        ("location /ws { PASS }", "/wsx", "/ws"),
    ];
    for (locations, uri, expected) in table {
        assert_eq!(selected(&with(locations), uri), expected, "{uri} in {locations}");
    }
}

#[test]
fn a_regex_that_cannot_be_read_says_so_only_where_it_is_tried() {
    check(&[
        ("location ~ (?=x) {} location / {}", "/ws", "? ~ (?=x)"),
        ("location ~ ws {} location ~ (?=x) {}", "/ws", "~ ws"),
        ("location ^~ /ws {} location ~ (?=x) {}", "/ws", "^~ /ws"),
        ("location = /ws {} location ~ (?=x) {}", "/ws", "= /ws"),
    ]);
}

#[test]
fn names_that_nginx_refuses_are_no_locations() {
    let loaded =
        load_root("events {} http { server { location ~~ x {} location {} location a b c {} } }", &[]);
    let configuration = only(&loaded);
    let names = configuration.of_kind(nginx_semantics::ContextKind::Location);
    assert!(names.filter_map(|id| LocationName::of(&configuration.opener(id).unwrap())).next().is_none());
    assert_eq!(select(configuration, "/x"), Selection::Server);
}

#[test]
fn paths_are_compared_decoded() {
    let table = [
        ("/%77s", Some("/ws")),
        ("/ws?a=/b", Some("/ws")),
        ("/ws#x", Some("/ws")),
        ("//ws//a", Some("/ws/a")),
        ("/a/../ws", Some("/ws")),
        ("/a/%2e%2e/ws", Some("/ws")),
        ("/a%2fb/..", Some("/a/")),
        ("/./ws/.", Some("/ws/")),
        ("/ws/..", Some("/")),
        ("/%3fx", Some("/?x")),
        ("/%23x", Some("/#x")),
        ("/..", None),
        ("/a/../..", None),
        ("/%00", None),
        ("/%zz", None),
        ("/%2", None),
        ("ws", None),
        ("", None),
    ];
    for (uri, path) in table {
        let expected = path.map(|path| path.as_bytes().to_vec());
        assert_eq!(normalize_path(uri.as_bytes()), expected, "{uri}");
    }
}
