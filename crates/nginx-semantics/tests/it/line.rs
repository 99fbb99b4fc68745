//! What nginx reads before it knows the host, and the URLs that it makes of paths: facts that each were seen on real nginx
//! binaries, one a row.

use nginx_semantics::{
    ClientRequest, ContextKind, ListenAddress, ServerSelection, first_server, misdirecting,
    normalize_path_as, select_server, server_names, sockets,
};

use crate::common::{load_root, only};
use crate::exchange::{NEW, OLD, handshake, run};

/// A handshake for a host, over TLS where a name is given, to a port of this machine.
fn to(host: &str, target: &str, sni: Option<&str>, port: u16) -> ClientRequest {
    let mut request = handshake(target);
    request.headers.retain(|(name, _)| name != "Host");
    if !host.is_empty() {
        request.headers.insert(0, ("Host".to_owned(), host.into()));
    }
    request.sni = sni.map(str::to_owned);
    request.is_tls = sni.is_some();
    request.local = Some(([127, 0, 0, 1], port).into());
    request
}

#[test]
fn paths_with_empty_names() {
    let table = [
        ("/a//b", Some("/a/b"), Some("/a//b")),
        ("//", Some("/"), Some("//")),
        ("/a//", Some("/a/"), Some("/a//")),
        ("/a//..", Some("/"), Some("/a/")),
        ("//..", None, Some("/")),
        ("//../..", None, None),
        ("/a/..//..", None, Some("/")),
        ("/a/..//../..", None, None),
        ("/a/.//b/", Some("/a/b/"), Some("/a//b/")),
        ("/a%2f%2Fb//.", Some("/a/b/"), Some("/a//b//")),
        ("/a/b/../c/.", Some("/a/c/"), Some("/a/c/")),
        ("/..", None, None),
        ("/", Some("/"), Some("/")),
    ];
    for (uri, merged, apart) in table {
        let path = |merges| normalize_path_as(uri.as_bytes(), merges);
        let path = |merges| path(merges).map(|path| String::from_utf8(path).unwrap());
        assert_eq!(path(true).as_deref(), merged, "{uri} merged");
        assert_eq!(path(false).as_deref(), apart, "{uri}");
    }
}

#[test]
fn merge_slashes_is_for_matching_alone() {
    let table = [
        ("location /ws/ { proxy_pass http://b; }", "[/ws/] GET //ws//a", "404 NoFile"),
        ("location //ws { proxy_pass http://b; }", "404 NoFile", "[//ws] GET //ws//a"),
        ("location / { proxy_pass http://b; }", "[/] GET //ws//a", "[/] GET //ws//a"),
        ("location / { proxy_pass http://b/; }", "[/] GET /ws/a", "[/] GET //ws//a"),
        ("location ~ ^/ws { proxy_pass http://b; }", "[~ ^/ws] GET //ws//a", "404 NoFile"),
        ("location ~ ^//ws { proxy_pass http://b; }", "404 NoFile", "[~ ^//ws] GET //ws//a"),
        ("location / { return 302 $uri; }", "302 to /ws/a", "302 to //ws//a"),
        (
            "rewrite ^/(.*)$ /x/$1; location /x { proxy_pass http://b; }",
            "[/x] GET /x/ws/a",
            "[/x] GET /x//ws//a",
        ),
    ];
    for (server, on, off) in table {
        for (switch, expected) in [("", on), ("merge_slashes on;", on), ("merge_slashes Off;", off)] {
            for http in [format!("server {{ {switch} {server} }}"), format!("{switch} server {{ {server} }}")]
            {
                let seen = run(&http, OLD, &handshake("//ws//a"));
                assert!(seen.starts_with(expected), "{http}: {seen}");
            }
        }
    }
    // What the client sends as `/x` is `/x` either way.
    assert_eq!(
        run("merge_slashes off; server { return 302 $uri; }", OLD, &handshake("/x")),
        "302 to /x by return 302 $uri"
    );
}

#[test]
fn the_line_is_read_by_the_server_that_the_connection_has() {
    let answer = "location / { return 302 x$uri; }";
    let own = |lines: &str| format!("listen 80; listen 81; listen 443 ssl; {lines} {answer}");
    let http = |first: &str, second: &str| {
        // The first server of the text is the one that is run.
        format!(
            "server {{ server_name b.test; {} }} server {{ server_name a.test; listen 80 default_server; listen 443 ssl default_server; {first} }}",
            own(second)
        )
    };
    let off = "merge_slashes off;";
    let table = [
        // The default server of the socket reads it, whatever the host.
        (http("", off), None, 80, "302 to x/x"),
        (http(off, ""), None, 80, "302 to x//x"),
        // It is the first server itself on the other socket.
        (http("", off), None, 81, "302 to x//x"),
        // Over TLS the one of the name in TLS does.
        (http("", off), Some("b.test"), 443, "302 to x//x"),
        (http("", off), Some("B.Test"), 443, "302 to x//x"),
        (http("", off), Some("a.test"), 443, "302 to x/x"),
        (http("", off), Some("none.test"), 443, "302 to x/x"),
    ];
    for (http, sni, port, expected) in table {
        let seen = run(&http, OLD, &to("b.test", "//x", sni, port));
        assert!(seen.starts_with(expected), "{http} {sni:?} {port}: {seen}");
    }
    let unknown = ClientRequest { local: None, ..to("b.test", "//x", None, 0) };
    assert_eq!(run(&http("", off), OLD, &unknown), "cannot say: value");
    assert!(run(&http(off, off), OLD, &unknown).starts_with("302 to x//x"));
    let long = format!("/{}", "x".repeat(1100));
    let small = "large_client_header_buffers 2 1k;";
    for (http, expected) in [(http("", small), "302 to x/xx"), (http(small, ""), "414 BadRequest")] {
        let seen = run(&http, OLD, &to("b.test", &long, None, 80));
        assert!(seen.starts_with(expected), "{http}: {seen}");
    }
}

#[test]
fn a_url_in_the_request_line_has_the_host() {
    let table = [
        ("http://c.test/a//b?q", "302 to x c.test /a//b?q /a/b q"),
        ("HTTPS://C.test:99", "302 to x c.test / / "),
        ("ws://C.test?q", "302 to x c.test ?q / q"),
        ("http://c.test.:80/", "302 to x c.test / / "),
        ("http://c..test/", "400 BadRequest"),
        ("9://c.test/x", "400 BadRequest"),
        ("http:/c.test/x", "400 BadRequest"),
    ];
    for (target, expected) in table {
        let seen = run("server { return 302 \"x $host $request_uri $uri $args\"; }", OLD, &handshake(target));
        assert_eq!(seen.split(" by ").next().unwrap(), expected, "{target}");
    }
}

#[test]
fn the_host_that_a_request_names() {
    let table: [(&[&str], &str); 15] = [
        (&["a.test"], "x a.test"),
        (&["A.Test:99"], "x a.test"),
        (&["a.test."], "x a.test"),
        (&["a.test.:80"], "x a.test"),
        (&[".a.test"], "x .a.test"),
        (&["[::1]:8080"], "x [::1]"),
        // HTTP/1.1 has to name one, and one only, and it has to be one.
        (&[], "400"),
        (&["a.test", "a.test"], "400"),
        (&[""], "400"),
        (&["."], "400"),
        (&[":80"], "400"),
        (&["a.test.."], "400"),
        (&["a..test"], "400"),
        (&["a/b"], "400"),
        (&["a b"], "400"),
    ];
    let http = "server { error_page 400 = /refused; location /refused { return 400; } location / { return 302 \"x $host\"; } }";
    for (hosts, expected) in table {
        let mut request = to("", "/", None, 80);
        request.headers.extend(hosts.iter().map(|host| ("Host".to_owned(), host.as_bytes().to_vec())));
        let seen = run(http, OLD, &request);
        let seen = seen.split(" by ").next().unwrap();
        assert_eq!(seen.strip_prefix("302 to ").unwrap_or(seen), expected, "{hosts:?}");
    }
    // Nor does a host in the request line spare it the field.
    assert_eq!(run(http, OLD, &to("", "http://a.test/", None, 80)), "400 by return 400");
    // HTTP/1.0 need not name one, and what is refused leads to `error_page` like any other refusal.
    let old = ClientRequest { is_http10: true, ..to("", "/", None, 80) };
    let http = "server { server_name .b.test; return 302 \"x $host $server_protocol $request\"; }";
    assert!(run(http, OLD, &old).starts_with("302 to x b.test HTTP/1.0 GET / HTTP/1.0 by"));
    let lost = "server { error_page 400 = /x; location = /x { return 204; } }";
    for request in [to("", "/", None, 80), to("a", "/%zz", None, 80), to("a", "/..", None, 80)] {
        assert_eq!(run(lost, NEW, &request), "204 by return 204");
    }
}

#[test]
fn the_url_of_a_redirect() {
    // HTTP/1.1 would have to name a host.
    let to = |host: &str, target: &str, sni, port| {
        let request = to(host, target, sni, port);
        ClientRequest { is_http10: host.is_empty(), ..request }
    };
    let server = |lines: &str| {
        format!("server {{ server_name .a.test b.test; location /ws/ {{ proxy_pass http://b; {lines} }} }}")
    };
    let table = [
        ("", "b.test", None, 80, "http://b.test/ws/?x"),
        ("", "b.test", None, 8080, "http://b.test:8080/ws/?x"),
        // The port is the socket's own, and the host has neither port nor capitals.
        ("", "B.test:99", None, 8080, "http://b.test:8080/ws/?x"),
        ("", "b.test.", None, 80, "http://b.test/ws/?x"),
        ("", "[::1]:90", None, 8080, "http://[::1]:8080/ws/?x"),
        ("", "", None, 8080, "http://127.0.0.1:8080/ws/?x"),
        // What ended TLS in front of nginx does not count: it is http.
        ("", "b.test", Some("b.test"), 443, "https://b.test/ws/?x"),
        ("", "b.test", Some("b.test"), 80, "https://b.test:80/ws/?x"),
        ("", "b.test", Some("b.test"), 8443, "https://b.test:8443/ws/?x"),
        ("port_in_redirect off;", "b.test", None, 8080, "http://b.test/ws/?x"),
        ("server_name_in_redirect on;", "b.test", None, 8080, "http://a.test:8080/ws/?x"),
        ("absolute_redirect off;", "b.test", None, 8080, "/ws/?x"),
        ("absolute_redirect off; server_name_in_redirect on;", "b.test", None, 80, "/ws/?x"),
    ];
    // What a proxy in front of nginx ended, and told.
    let mut told = to("b.test", "/ws", None, 80);
    told.headers.push(("X-Forwarded-Proto".to_owned(), b"https".to_vec()));
    assert_eq!(run(&server(""), NEW, &told), "301 to http://b.test/ws/ slash of /ws/");
    for (lines, host, sni, port, expected) in table {
        let seen = run(&server(lines), NEW, &to(host, "/ws?x", sni, port));
        assert_eq!(seen, format!("301 to {expected} slash of /ws/"), "{lines} {host} {port}");
    }
    // Every path in `Location` is made one.
    let table = [
        ("return 301 /x;", "http://b.test:81/x"),
        ("return 307 $uri$is_args$args;", "http://b.test:81/ws?x"),
        ("return 301 //x;", "http://b.test:81//x"),
        ("return 301 x;", "x"),
        ("return 301 https://c/x;", "https://c/x"),
        ("rewrite ^ /x? redirect;", "http://b.test:81/x"),
        ("location / { port_in_redirect off; return 303 /x; }", "http://b.test/x"),
        ("location / { return 308 /x; } absolute_redirect off;", "/x"),
    ];
    for (lines, expected) in table {
        let seen = run(&format!("server {{ {lines} }}"), NEW, &to("b.test", "/ws?x", None, 81));
        assert_eq!(seen.split(' ').nth(2), Some(expected), "{lines}: {seen}");
    }
    let unknown = ClientRequest { local: None, ..to("b.test", "/ws", None, 0) };
    assert_eq!(run(&server(""), NEW, &unknown), "301 to /ws/ slash of /ws/");
}

#[test]
fn the_name_in_tls_chooses_first_and_the_host_then() {
    let http = |a: &str, c: &str| {
        format!(
            "server {{ listen 443 ssl; server_name a.test; {a} }} server {{ listen 443 ssl; server_name b.test *.b.test; }} server {{ listen 443 ssl; server_name c.test; {c} }}"
        )
    };
    let verify = "ssl_verify_client optional_no_ca;";
    let table = [
        // Name in TLS, host; the server until the host is known, the one after it, and whether 421 is the answer.
        ("", verify, "b.test", "a.test", "b.test a.test"),
        ("", verify, "X.b.test", "b.test", "b.test b.test"),
        ("", verify, "none.test", "b.test", "a.test b.test"),
        ("", verify, "b.test", "none.test", "b.test a.test"),
        ("", verify, "b.test", "c.test", "b.test c.test 421"),
        ("", verify, "c.test", "c.test", "c.test c.test"),
        ("", verify, "C.test", "c.test", "c.test c.test"),
        ("", verify, "", "c.test", "a.test c.test"),
        // A name that no server has does not count, and the default server does.
        ("", verify, "none.test", "c.test", "a.test c.test"),
        (verify, "", "c.test", "none.test", "c.test a.test 421"),
        (verify, "", "none.test", "other.test", "a.test a.test"),
        (verify, "ssl_verify_client off;", "a.test", "c.test", "a.test c.test"),
    ];
    for (a, c, sni, host, expected) in table {
        let loaded = load_root(&format!("events {{}}\nhttp {{\n{}\n}}\n", http(a, c)), &[]);
        let configuration = only(&loaded);
        let http = configuration.of_kind(ContextKind::Http).next().unwrap();
        let sockets = sockets(configuration, http);
        assert_eq!(sockets[0].address, ListenAddress::parse("443"));
        let sni = Some(sni).filter(|sni| !sni.is_empty());
        let name = |server| server_names(configuration, server)[0].clone();
        let first = first_server(configuration, &sockets[0], sni).unwrap();
        let Some(ServerSelection::Server(then, _)) = select_server(configuration, &sockets[0], Some(host))
        else {
            panic!("a server")
        };
        let refused = misdirecting(configuration, &sockets[0], sni, Some(host), then);
        let refused = if refused.is_some() { " 421" } else { "" };
        assert_eq!(format!("{} {}{refused}", name(first), name(then)), expected, "{sni:?} {host}");
    }
}
