//! Which server takes a request.

use nginx_semantics::{ContextKind, ListenAddress, ServerSelection, select_server, server_names, sockets};

use crate::common::{load_root, only};

/// The first name of the server that takes a request at `address` for `host`, and why.
fn select(http: &str, address: &str, host: Option<&str>) -> String {
    let loaded = load_root(&format!("events {{}}\nhttp {{\n{http}\n}}\n"), &[]);
    let configuration = only(&loaded);
    let http = configuration.of_kind(ContextKind::Http).next().unwrap();
    let address = ListenAddress::parse(address);
    let sockets = sockets(configuration, http);
    let Some(socket) = sockets.iter().find(|socket| socket.address == address) else {
        return "no socket".to_owned();
    };
    match select_server(configuration, socket, host).unwrap() {
        ServerSelection::Server(server, why) => {
            format!("{} {why:?}", server_names(configuration, server).first().cloned().unwrap_or_default())
        }
        ServerSelection::CannotSay(_) => "cannot say".to_owned(),
    }
}

#[test]
fn names_are_tried_in_the_order_of_their_kinds() {
    let http = "server { server_name default.example; }
        server { server_name regex ~^ws\\d+\\.EXAMPLE\\.com$; }
        server { server_name trailing ws.*; }
        server { server_name leading *.example.com; }
        server { server_name dot .example.net; }
        server { server_name long *.b.example.com; }
        server { server_name Exact.example.com; }
        server { server_name ~(?=x) odd; }";
    let table = [
        ("exact.example.com", "Exact.example.com Exact(\"Exact.example.com\")"),
        ("example.net", "dot Exact(\".example.net\")"),
        ("a.example.net", "dot LeadingWildcard(\".example.net\")"),
        // As nginx: the asterisk stands for nothing before a dot.
        (".example.net", "dot LeadingWildcard(\".example.net\")"),
        (".example.com", "leading LeadingWildcard(\"*.example.com\")"),
        ("ws.example.com", "leading LeadingWildcard(\"*.example.com\")"),
        ("a.b.example.com", "long LeadingWildcard(\"*.b.example.com\")"),
        ("ws.example.org", "trailing TrailingWildcard(\"ws.*\")"),
        ("dot", "dot Exact(\"dot\")"),
        ("other.org", "cannot say"),
    ];
    for (host, expected) in table {
        assert_eq!(select(http, "80", Some(host)), expected, "{host}");
    }
}

#[test]
fn a_name_that_is_taken_is_ignored() {
    let http = "server { server_name one *.a.test b.test; }
        server { server_name two .a.test; }
        server { server_name three a.test; }
        server { server_name four .b.test; }";
    let table = [
        ("x.a.test", "one LeadingWildcard(\"*.a.test\")"),
        // `.a.test` is ignored because of `*.a.test`, and `a.test` because of `.a.test`.
        ("a.test", "one First"),
        ("b.test", "one Exact(\"b.test\")"),
        ("x.b.test", "one First"),
    ];
    for (host, expected) in table {
        assert_eq!(select(http, "80", Some(host)), expected, "{host}");
    }
}

#[test]
fn the_default_server_takes_the_rest() {
    let two = "server { listen 80; server_name a; } server { listen 80 default_server; server_name b; }
        server { listen 127.0.0.1:80; server_name c; } server { listen [::]:80; server_name d; }";
    let table = [
        ("80", Some("x"), "b Default"),
        ("*:80", Some("a"), "a Exact(\"a\")"),
        // A server of `*:80` is never asked for a connection that meets `127.0.0.1:80`.
        ("127.0.0.1:80", Some("a"), "c First"),
        ("[::]:80", Some("a"), "d First"),
        ("81", Some("a"), "no socket"),
    ];
    for (address, host, expected) in table {
        assert_eq!(select(two, address, host), expected, "{address} {host:?}");
    }
    let nameless = "server { server_name a; } server { server_name b \"\"; } server { return 404; }";
    assert_eq!(select(nameless, "80", None), "b Exact(\"\")");
}

#[test]
fn of_servers_with_one_name_the_first_takes_it() {
    let http = "server { listen 80; server_name first a; } server { listen 80; server_name second a; }
        server { listen 80; server_name _; } server { listen 81; server_name third a; }";
    let table = [
        ("80", "a", "first Exact(\"a\")"),
        ("80", "second", "second Exact(\"second\")"),
        ("81", "a", "third Exact(\"a\")"),
        // A placeholder that no host is, which is why it takes nothing but what is left to it.
        ("80", "x", "first First"),
    ];
    for (address, host, expected) in table {
        assert_eq!(select(http, address, Some(host)), expected, "{address} {host}");
    }
    assert_eq!(select("server { } server { server_name a; }", "80", Some("x")), " First");
}

#[test]
fn regexes_of_names_are_tried_in_order_and_have_case_only_where_they_have_no_capital() {
    let http = "server { server_name first; }
        server { server_name one ~^ws\\d\\.example; }
        server { server_name two ~^WT\\d\\.example ~^wu; }
        server { server_name three ~example$; }
        server { server_name ws1.example; }";
    let table = [
        ("ws1.example", "ws1.example Exact(\"ws1.example\")"),
        ("ws2.example", "one Regex(\"^ws\\\\d\\\\.example\")"),
        // The host is in lower case, so that a capital would never match.
        ("wt2.example", "two Regex(\"^WT\\\\d\\\\.example\")"),
        ("wu.example", "two Regex(\"^wu\")"),
        ("x.example", "three Regex(\"example$\")"),
        ("ws2", "first First"),
    ];
    for (host, expected) in table {
        assert_eq!(select(http, "80", Some(host)), expected, "{host}");
    }
}

#[test]
fn requests_without_a_host() {
    let table = [
        ("server { server_name a; } server { server_name c \"\"; }", "c Exact(\"\")"),
        // A server without `server_name` has the name "".
        ("server { server_name a; } server { listen 80; }", " Exact(\"\")"),
        ("server { server_name a; } server { server_name _; }", "a First"),
        ("server { server_name a; } server { listen 80 default_server; server_name b; }", "b Default"),
    ];
    for (http, expected) in table {
        assert_eq!(select(http, "80", None), expected, "{http}");
    }
}

#[test]
fn the_families_are_sockets_of_their_own() {
    let http = "server { listen 80; server_name a; } server { listen [::]:81; server_name b; }";
    let table =
        [("80", "a Exact(\"a\")"), ("[::]:80", "no socket"), ("81", "no socket"), ("[::]:81", "b First")];
    for (address, expected) in table {
        assert_eq!(select(http, address, Some("a")), expected, "{address}");
    }
}

#[test]
fn the_first_server_is_that_of_the_first_include() {
    let site = |name: &str| format!("server {{ listen 80; server_name {name}; }}\n");
    let (a, b, own) = (site("a"), site("b"), site("own"));
    for (main, expected) in [
        (format!("include sites/*.conf; {own}"), "a"),
        (format!("{own} include sites/*.conf;"), "own"),
        ("include sites/b.conf; include sites/a.conf;".to_owned(), "b"),
    ] {
        let others = [("sites/b.conf", b.as_str()), ("sites/a.conf", a.as_str())];
        let loaded = load_root(&format!("events {{}}\nhttp {{ {main} }}\n"), &others);
        let configuration = only(&loaded);
        let http = configuration.of_kind(ContextKind::Http).next().unwrap();
        let server = sockets(configuration, http)[0].default().unwrap().server;
        assert_eq!(server_names(configuration, server), [expected], "{main}");
    }
}

#[test]
fn addresses_are_read() {
    for (word, expected) in [
        ("8080", "*:8080"),
        ("*:81", "*:81"),
        ("127.0.0.1", "127.0.0.1:80"),
        ("[::1]:443", "[::1]:443"),
        ("[::]", "[::]:80"),
        ("LocalHost:8000", "127.0.0.1:8000"),
        ("ip6-localhost:8000", "[::1]:8000"),
        ("App.internal:8000", "app.internal:8000"),
        ("unix:/run/nginx.sock", "unix:/run/nginx.sock"),
    ] {
        assert_eq!(ListenAddress::parse(word).to_string(), expected);
    }
}

/// A range opens a socket for each of its ports.
#[test]
fn ranges_are_several_addresses() {
    let shown = |word: &str| {
        let all = ListenAddress::all_of(word);
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    for (word, expected) in [
        ("8000-8002", "*:8000 *:8001 *:8002"),
        ("127.0.0.1:8000-8001", "127.0.0.1:8000 127.0.0.1:8001"),
        ("[::1]:443-443", "[::1]:443"),
        ("*:1-60000", "*:1-60000"),
        ("8010-8000", "8010-8000"),
        ("my-host", "my-host:80"),
        ("my-host:81", "my-host:81"),
        ("unix:/run/1-2", "unix:/run/1-2"),
    ] {
        assert_eq!(shown(word), expected, "{word}");
    }
    let text = "events {} http { server { listen 8000-8002; server_name a; } server { listen 8001; server_name b; } }";
    let loaded = load_root(text, &[]);
    let configuration = only(&loaded);
    let http = configuration.of_kind(ContextKind::Http).next().unwrap();
    let all = sockets(configuration, http);
    let count: Vec<(String, usize)> =
        all.iter().map(|socket| (socket.address.to_string(), socket.listens.len())).collect();
    assert_eq!(count, [("*:8000".to_owned(), 1), ("*:8001".to_owned(), 2), ("*:8002".to_owned(), 1)]);
}
