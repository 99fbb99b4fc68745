//! What nginx does with one request, as tables. Each was seen on a real nginx too: the proofs generate their like.

use std::fmt::Write;

use nginx_semantics::{
    AnsweredBy, BackEnd, ClientRequest, ContextId, ContextKind, Effort, Ending, Exchange, Exchanges,
    HeaderSource, Locations, NginxVersion, Obstacle, Passed, Premises, Step, UpstreamVersion, Value,
    Variables,
};

use crate::common::{label, load_root, only};

pub(crate) const OLD: NginxVersion = NginxVersion::new(1, 22, 1);
pub(crate) const NEW: NginxVersion = NginxVersion::new(1, 30, 0);

pub(crate) fn handshake(target: &str) -> ClientRequest {
    let headers = [
        ("Host", "Example.com:8080"),
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    ClientRequest {
        method: "GET".to_owned(),
        is_http10: false,
        target: target.into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec().into(),
        is_tls: false,
        sni: None,
        has_no_certificate: false,
        client: Some([127, 0, 0, 1].into()),
        local: None,
    }
}

fn text(value: &Value) -> String {
    value.as_known().map_or_else(|| format!("{value:?}"), |value| String::from_utf8_lossy(value).into_owned())
}

/// Runs the first server of `http` for a request, and writes down each way.
pub(crate) fn run(http: &str, version: NginxVersion, request: &ClientRequest) -> String {
    run_or(http, version, request, None, Premises::default())
}

/// The same where files may be there and the host is the client's own.
pub(crate) fn run_on_disk(http: &str, request: &ClientRequest) -> String {
    let premises = Premises { has_files: true, is_host_told: true, ..Premises::default() };
    run_or(http, OLD, request, None, premises)
}

/// The same where back ends are told what to answer.
pub(crate) fn run_told(http: &str, request: &ClientRequest, back_end: BackEnd) -> String {
    run_or(http, OLD, request, None, Premises { back_end: Some(back_end), ..Premises::default() })
}

/// The same of the subrequest for a URI.
pub(crate) fn run_sub(http: &str, request: &ClientRequest, uri: &str) -> String {
    run_or(http, OLD, request, Some(uri), Premises::default())
}

/// Something about the exchanges with the first server of an `http`.
pub(crate) fn with_exchanges<T>(
    http: &str,
    version: NginxVersion,
    ask: impl FnOnce(&Exchanges<'_, '_>, ContextId) -> T,
) -> T {
    with_premises(http, version, Premises::default(), ask)
}

/// The same where more is taken for granted.
pub(crate) fn with_premises<T>(
    http: &str,
    version: NginxVersion,
    premises: Premises,
    ask: impl FnOnce(&Exchanges<'_, '_>, ContextId) -> T,
) -> T {
    let loaded = load_root(&format!("events {{}}\nhttp {{\n{http}\n}}\n"), &[]);
    let configuration = only(&loaded);
    let variables = Variables::new(configuration);
    let locations = Locations::new(configuration);
    let effort = Effort::whole(&variables);
    let exchanges = Exchanges {
        configuration,
        variables: &variables,
        locations: &locations,
        version,
        effort: &effort,
        premises,
    };
    let server = configuration.of_kind(ContextKind::Server).next().expect("a server");
    ask(&exchanges, server)
}

fn run_or(
    http: &str,
    version: NginxVersion,
    request: &ClientRequest,
    sub: Option<&str>,
    premises: Premises,
) -> String {
    with_premises(http, version, premises, |exchanges, server| {
        let exchange = match sub {
            Some(uri) => exchanges.run_subrequest(server, request.clone(), uri.as_bytes()),
            None => exchanges.run(server, request.clone()),
        };
        let Exchange { ways, is_cut } = exchange;
        assert!(!is_cut);
        let mut all = Vec::new();
        for way in ways {
            let mut line = String::new();
            for step in &way.steps {
                let _ = match step {
                    Step::If { is_known: false, holds, .. } => write!(line, "if {holds}? "),
                    Step::Found { path, .. } => write!(line, "{}? ", String::from_utf8_lossy(path)),
                    Step::Intercepted { status, is_known, .. } => {
                        write!(line, "{status}{} ", if *is_known { "!" } else { "?" })
                    }
                    Step::Checked { is_known: false, refused, .. } => {
                        write!(line, "{}? ", if refused.is_some() { "refused" } else { "let in" })
                    }
                    _ => Ok(()),
                };
            }
            match way.ending {
                Ending::Answered(answer) => {
                    let _ = write!(line, "{}", answer.status);
                    if let Some(location) = answer.location {
                        let _ = write!(line, " to {}", text(&location));
                    }
                    let by = match answer.by {
                        AnsweredBy::Directive(directive) => format!("by {}", directive.text_line()),
                        AnsweredBy::MissingSlash(location) => {
                            format!("slash of {}", label(exchanges.configuration, location))
                        }
                        other => format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
                    };
                    let _ = write!(line, " {by}");
                }
                Ending::Passed(passed) => {
                    let where_ = label(exchanges.configuration, passed.context);
                    let _ = write!(line, "[{where_}]");
                    if let Some(status) = passed.status {
                        let _ = write!(line, " as {status}");
                    }
                    if let Some(request) = passed.request {
                        let version = match request.version {
                            UpstreamVersion::Http10 => "1.0",
                            UpstreamVersion::Http11 => "1.1",
                            UpstreamVersion::Http2 => "2",
                        };
                        let (method, target) = (text(&request.method), text(&request.target));
                        let _ = write!(line, " {method} {target} {version}");
                        let own = |header: &&nginx_semantics::UpstreamHeader<'_>| {
                            !matches!(header.source, HeaderSource::Client)
                        };
                        for header in exchanges.fields(&request).sent.iter().filter(own) {
                            let _ = write!(line, " | {}: {}", header.name, text(&header.value));
                        }
                    }
                }
                Ending::CannotSay(obstacle) => {
                    let why = match obstacle {
                        Obstacle::Regex(_) => "regex",
                        Obstacle::Value(_) => "value",
                        Obstacle::Module(_) => "module",
                        Obstacle::Defect(_) => "defect",
                        Obstacle::NoServer => "server",
                    };
                    let _ = write!(line, "cannot say: {why}");
                }
            }
            all.push(line);
        }
        all.join("\n")
    })
}

/// The client's own fields that are sent.
pub(crate) fn client_fields(http: &str, version: NginxVersion, request: &ClientRequest) -> Vec<String> {
    with_exchanges(http, version, |exchanges, server| {
        let exchange = exchanges.run(server, request.clone());
        let Some(Ending::Passed(passed)) = exchange.only_way().map(|way| &way.ending) else {
            return Vec::new();
        };
        let fields = passed.request.iter().map(|request| exchanges.fields(request));
        let own = fields
            .flat_map(|fields| fields.sent)
            .filter(|header| matches!(header.source, HeaderSource::Client));
        own.map(|header| header.name.into_owned()).collect()
    })
}

/// Something of how the first server passes a handshake on; none where it does not.
fn of_passed<T>(http: &str, read: impl FnOnce(&Passed<'_>) -> Option<T>) -> Option<T> {
    with_exchanges(http, NEW, |exchanges, server| {
        let exchange = exchanges.run(server, handshake("/ws"));
        let Some(Ending::Passed(passed)) = exchange.only_way().map(|way| &way.ending) else { return None };
        read(passed)
    })
}

/// The lines that count a request or copy it before it is passed on; none where it is not.
pub(crate) fn also(http: &str) -> Option<Vec<String>> {
    of_passed(http, |passed| Some(passed.also.iter().map(nginx_semantics::Directive::text_line).collect()))
}

/// The name that the first location of a server sends in TLS, and whether it speaks TLS at all.
pub(crate) fn server_name_in_tls(lines: &str) -> Option<String> {
    let http = format!("upstream Up2 {{ server b; }} server {{ location / {{ {lines} }} }}");
    of_passed(&http, |passed| {
        let request = passed.request.as_ref()?;
        let name = request.server_name.as_ref().map_or_else(|| "-".to_owned(), text);
        Some(if request.is_tls { name } else { format!("plain {name}") })
    })
}

/// The target that is sent, or all that is written down.
pub(crate) fn target(server: &str, path: &str) -> String {
    let seen = run(&format!("server {{ {server} }}"), OLD, &handshake(path));
    match seen.split_once("] GET ") {
        Some((_, rest)) => rest.split(' ').next().unwrap_or_default().to_owned(),
        None => seen,
    }
}

#[test]
fn the_uri_of_proxy_pass() {
    let odd = "/ws/a%20b//c?x=1";
    let table = [
        ("location /ws/ { proxy_pass http://b; }", odd, odd),
        ("location /ws/ { proxy_pass http://b/; }", odd, "/a%20b/c?x=1"),
        ("location /ws/ { proxy_pass http://b/app; }", "/ws/chat", "/appchat"),
        ("location /ws { proxy_pass http://b/; }", "/ws/chat", "//chat"),
        ("location = /ws { proxy_pass http://b/x; }", "/ws?a", "/x?a"),
        ("set $b 127.0.0.1; location /ws/ { proxy_pass http://$b/; }", "/ws/chat?x=1", "/"),
        ("set $b 127.0.0.1; location /ws/ { proxy_pass http://$b; }", "/ws/chat?x=1", "/ws/chat?x=1"),
        (
            "set $b 127.0.0.1; location /ws/ { proxy_pass http://$b$request_uri; }",
            "/ws/chat?x=1",
            "/ws/chat?x=1",
        ),
        ("location /ws { rewrite ^/ws/(.*)$ /$1 break; proxy_pass http://b; }", "/ws/a?q", "/a?q"),
        ("location /ws { rewrite ^/ws/(.*)$ /$1 break; proxy_pass http://b/app/; }", "/ws/a", "/a"),
        ("location /ws { rewrite ^/ws/(.*)$ /$1? break; proxy_pass http://b; }", "/ws/a?q", "/a"),
        ("location /ws { rewrite ^/ws/(.*)$ /x?p=$1 break; proxy_pass http://b; }", "/ws/a?q", "/x?p=a&q"),
        ("location /ws { proxy_pass http://unix:/run/a.sock:/uri; }", "/ws/a", "/uri/a"),
        ("location ~ ^/ws/(.*) { proxy_pass http://127.0.0.1/$1$is_args$args; }", "/ws/a?b", "/a?b"),
        (
            "location / { try_files $uri /x$is_args$args; } location /x { proxy_pass http://b; }",
            "/ws?a",
            "/x?a",
        ),
        ("location / { try_files $uri /x; } location /x { proxy_pass http://b; }", "/ws?a", "/x"),
        ("location / { try_files $uri @x; } location @x { proxy_pass http://b; }", "/w%73?a", "/w%73?a"),
        ("location / { error_page 404 = /x; } location /x { proxy_pass http://b; }", "/ws?a", "/x"),
        ("location /ws { proxy_pass ws://b; }", "/ws", "500 NoUpstream"),
        ("location /ws { proxy_pass http://$host; }", "/ws", "502 NoUpstream"),
        ("location /ws { proxy_pass http://localhost:81$request_uri; }", "/ws", "502 NoUpstream"),
        ("location /ws { proxy_pass http://b:80$request_uri; }", "/ws", "502 NoUpstream"),
        (
            "location /ws { proxy_pass http://localhost:81$request_uri; } location /x { proxy_pass http://localhost:81; }",
            "/ws",
            "/ws",
        ),
    ];
    for (server, path, expected) in table {
        assert_eq!(target(server, path), expected, "{server}");
    }
}

#[test]
fn the_missing_slash() {
    let pass = "proxy_pass http://b;";
    let table = [
        (
            format!("location /ws/ {{ {pass} }} location / {{ {pass} }}"),
            "/ws?x=1",
            "301 to /ws/?x=1 slash of /ws/",
        ),
        (
            format!("location /ws/ {{ {pass} }} location ~ ws {{ {pass} }}"),
            "/ws",
            "301 to /ws/ slash of /ws/",
        ),
        (format!("location = /ws/ {{ {pass} }}"), "/ws", "301 to /ws/ slash of = /ws/"),
        (format!("location /ws/ {{ {pass} deny all; }}"), "/ws", "301 to /ws/ slash of /ws/"),
        (format!("location /ws/ {{ {pass} }} location = /ws {{ {pass} }}"), "/ws", "/ws"),
        (format!("location /ws/ {{ {pass} }} location /ws {{ {pass} }}"), "/ws", "/ws"),
        ("location /ws/ { return 200; }".to_owned(), "/ws", "404 NoFile"),
        (format!("return 403; location /ws/ {{ {pass} }}"), "/ws", "403 by return 403"),
        ("set $a 1; location /ws/ { if ($a) { proxy_pass http://b; } }".to_owned(), "/ws", "404 NoFile"),
    ];
    for (server, path, expected) in table {
        assert_eq!(target(&server, path), expected, "{server}");
    }
}

#[test]
fn the_headers_that_are_sent() {
    let upgrade = "proxy_set_header Upgrade $http_upgrade;";
    let table = [
        ("", "GET /ws 1.0 | Host: b | Connection: close", "GET /ws 1.1 | Host: b"),
        (
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;",
            "GET /ws 1.1 | Upgrade: websocket | Host: b | Connection: close",
            "GET /ws 1.1 | Upgrade: websocket | Host: b",
        ),
        (
            "proxy_set_header connection upgrade; proxy_set_header Connection close; proxy_set_header Host $http_host;",
            "GET /ws 1.0 | connection: upgrade | Connection: close | Host: Example.com:8080",
            "GET /ws 1.1 | connection: upgrade | Connection: close | Host: Example.com:8080",
        ),
        (
            "proxy_set_header Host \"\"; proxy_set_header Connection \"\"; proxy_set_header X $host;",
            "GET /ws 1.0 | X: example.com",
            "GET /ws 1.1 | X: example.com",
        ),
        ("proxy_method POST;", "POST /ws 1.0 | Host: b | Connection: close", "POST /ws 1.1 | Host: b"),
    ];
    for (lines, old, new) in table {
        let http = format!("{upgrade} server {{ {lines} location / {{ proxy_pass http://b; }} }}");
        let http =
            if lines.is_empty() || lines.contains("method") { http.replace(upgrade, "") } else { http };
        for (version, expected) in [(OLD, old), (NEW, new)] {
            assert_eq!(run(&http, version, &handshake("/ws")), format!("[/] {expected}"), "{lines}");
        }
    }
}

#[test]
fn what_runs_before_the_proxy() {
    let table = [
        (
            "return 301 https://$host$request_uri;",
            "301 to https://example.com/ws?a by return 301 https://$host$request_uri",
        ),
        ("if ($scheme = http) { return 301 https://x; }", "301 to https://x by return 301 https://x"),
        ("deny all;", "403 by deny all"),
        ("allow 127.0.0.0/8; deny all;", "[/]"),
        ("deny 127.0.0.1; allow all;", "403 by deny 127.0.0.1"),
        ("auth_basic x; auth_basic_user_file u;", "401 by auth_basic x"),
        ("auth_basic x;", "[/]"),
        ("satisfy any; auth_basic x; auth_basic_user_file u; allow 127.0.0.1; deny all;", "[/]"),
        ("satisfy any; auth_basic x; auth_basic_user_file u; deny all;", "401 by auth_basic x"),
        ("satisfy any; auth_basic x; deny all;", "403 by deny all"),
        (
            "auth_request /auth;",
            "let in? [/]\nrefused? 401 by auth_request /auth\nrefused? 403 by auth_request /auth\nrefused? 500 by auth_request /auth",
        ),
        ("internal;", "404 Internal"),
        ("try_files $uri $uri/ =404;", "404 by try_files $uri $uri/ =404"),
        ("limit_except POST { deny all; }", "403 by deny all"),
        ("limit_except GET { deny all; }", "[/]"),
        // The location's own lines are not run for a method that limit_except restricts.
        ("limit_except POST { allow all; } return 418;", "[POST]"),
        ("return 444;", "444 by return 444"),
        ("return 204;", "204 by return 204"),
        ("error_page 418 = @x; return 418;", "[@x]"),
        ("error_page 418 @x; return 418;", "[@x] as 418"),
        ("error_page 418 =200 @x; return 418;", "[@x] as 200"),
        ("error_page 418 = @missing; return 418;", "500 NoNamedLocation"),
        ("error_page 403 https://x/; deny all;", "302 to https://x/ by error_page 403 https://x/"),
        ("rewrite ^ /other last;", "500 RedirectLimit"),
        ("rewrite ^ https://x/y permanent;", "301 to https://x/y?a by rewrite ^ https://x/y permanent"),
        ("rewrite ^/(.*) /b/$1 break;", "[/]"),
        ("if ($http_upgrade) { proxy_pass http://c; }", "[($http_upgrade)]"),
        ("if ($http_upgrade) { set $y 1; } if ($y) { add_header X y; } try_files /none =404;", "[($y)]"),
    ];
    for (lines, expected) in table {
        let server =
            format!("location / {{ proxy_pass http://b; {lines} }} location @x {{ proxy_pass http://n; }}");
        let seen = run(&format!("server {{ {server} }}"), OLD, &handshake("/ws?a"));
        let seen: Vec<_> = seen
            .lines()
            .map(|line| {
                line.split_once("] ").map_or(line.to_owned(), |(start, rest)| {
                    let status = rest.strip_prefix("as ").and_then(|rest| rest.split(' ').next());
                    status.map_or(format!("{start}]"), |status| format!("{start}] as {status}"))
                })
            })
            .collect();
        assert_eq!(seen.join("\n"), expected, "{lines}");
    }
}

#[test]
fn every_way_is_followed_where_it_cannot_be_told() {
    let server =
        "server { location / { if ($upstream_addr) { return 403; } if ($ssl_cipher) { return 401; } } }";
    let expected =
        "if true? 403 by return 403\nif false? if true? 401 by return 401\nif false? if false? 404 NoFile";
    assert_eq!(run(server, OLD, &handshake("/")), expected);
}

#[test]
fn variables_on_the_way() {
    let maps = "map $a $m { default none; x first; y second; } map $a $v { volatile; default none; x first; y second; }
        map $http_upgrade $captured { ~^(web)(?<rest>.*)$ $2-$rest-$1; }";
    let table = [
        // A map keeps the value that it came out as first.
        ("set $a x; set $b $m; set $a y; proxy_set_header X $m-$v;", "first-second"),
        ("set $a y; proxy_set_header X $m;", "second"),
        ("proxy_set_header X $captured;", "socket-socket-web"),
        ("if ($uri ~ ^/(.)(.)) { set $b $2$1; } proxy_set_header X $b;", "sw"),
        ("set $args z=1; proxy_set_header X $arg_z$is_args$args;", "1?z=1"),
        ("proxy_set_header X $proxy_host:$proxy_port;", "b:80"),
        ("proxy_set_header X $proxy_add_x_forwarded_for;", "127.0.0.1"),
        ("proxy_set_header X $request_uri-$uri;", "/%77s?a-/ws"),
        ("proxy_set_header X $unset; if ($uri = /none) { set $unset 1; }", ""),
    ];
    for (lines, expected) in table {
        let http =
            format!("{maps} server {{ location ~ ^/ws(?<tail>.*)$ {{ proxy_pass http://b; {lines} }} }}");
        let seen = run(&http, OLD, &handshake("/%77s?a"));
        let value = seen.split(" | ").find_map(|part| part.strip_prefix("X: ")).unwrap_or_default();
        assert_eq!(value, expected, "{lines}: {seen}");
    }
}

#[test]
fn what_no_buffer_takes_is_refused() {
    let http = "server { large_client_header_buffers 2 1k; location / { return 204; } }";
    assert_eq!(run(http, NEW, &handshake("/ws")), "204 by return 204");
    let mut request = handshake("/ws");
    request.headers.push(("Cookie".to_owned(), vec![b'x'; 1100]));
    assert_eq!(run(http, NEW, &request), "400 BadRequest");
    assert_eq!(run(http, NEW, &handshake(&format!("/{}", "x".repeat(1100)))), "414 BadRequest");
    // What ends in the first buffer goes to no other one.
    let first = http.replace("large_", "client_header_buffer_size 2k; large_");
    assert_eq!(run(&first, NEW, &request), "204 by return 204");
    // It is that of the server that the connection has until the host is known.
    let named = format!("{first} server {{ listen 80 default_server; }}");
    assert_eq!(run(&named, NEW, &request), "400 BadRequest");
    request.headers.insert(0, ("X".to_owned(), vec![b'x'; 900]));
    assert_eq!(run(&first, NEW, &request), "400 BadRequest");
    assert_eq!(run(&first, NEW, &handshake(&format!("/{}", "x".repeat(1100)))), "204 by return 204");
}

#[test]
fn subrequests_reach_internal_locations_and_are_not_checked() {
    let http = "server { deny all; location = /auth { internal; proxy_pass http://127.0.0.1:9/a; } }";
    with_exchanges(http, NEW, |exchanges, server| {
        let exchange = exchanges.run_subrequest(server, handshake("/ws"), b"/auth");
        let way = exchange.only_way().unwrap();
        assert!(matches!(&way.ending, Ending::Passed(_)), "{way:?}");
        let refused = exchanges.run_refused(server, handshake("/ws"), 497);
        let Ending::Answered(answer) = &refused.only_way().unwrap().ending else { panic!("an answer") };
        assert_eq!(answer.status, 400);
    });
}

#[test]
fn cookies_are_read() {
    let http = "server { location / { return 302 /$cookie_ROOM-$cookie_b-$cookie_none; } }";
    let mut request = handshake("/ws");
    request.headers.push(("Cookie".to_owned(), b"a=1; room=x=y; b=".to_vec()));
    assert_eq!(run(http, NEW, &request), "302 to /x=y-- by return 302 /$cookie_ROOM-$cookie_b-$cookie_none");
}

/// As nginx: the last one of a location sets the handler, wherever `*_pass` stands.
#[test]
fn of_several_content_handlers_the_last_one_answers() {
    for (lines, expected) in [
        ("proxy_pass http://127.0.0.1:1; stub_status;", "200 by stub_status"),
        ("proxy_pass http://127.0.0.1:1; empty_gif;", "200 by empty_gif"),
        ("proxy_pass http://127.0.0.1:1; flv;", "404 NoFile"),
        ("proxy_pass http://127.0.0.1:1; mp4;", "404 NoFile"),
        (
            "proxy_pass http://127.0.0.1:1; if ($http_upgrade) { set $a b; } stub_status;",
            "200 by stub_status",
        ),
        ("empty_gif; stub_status;", "200 by stub_status"),
    ] {
        let seen = run(&format!("server {{ location / {{ {lines} }} }}"), OLD, &handshake("/ws"));
        assert_eq!(seen, expected, "{lines}");
    }
    for lines in ["stub_status; proxy_pass http://127.0.0.1:1;", "empty_gif; proxy_pass http://127.0.0.1:1;"]
    {
        let seen = run(&format!("server {{ location / {{ {lines} }} }}"), OLD, &handshake("/ws"));
        assert!(seen.starts_with("[/] GET /ws"), "{lines}: {seen}");
    }
    let post = ClientRequest { method: "POST".to_owned(), ..handshake("/ws") };
    assert_eq!(run("server { location / { stub_status; } }", OLD, &post), "405 by stub_status");
}

/// As nginx 1.22.1, 1.26.3 and 1.30.6, with each byte in each place.
#[test]
fn hosts_that_newer_releases_refuse() {
    let status = |host: &[u8], version| {
        let mut request = handshake("/");
        if let Some((_, value)) = request.headers.iter_mut().find(|(name, _)| name == "Host") {
            *value = host.to_vec();
        }
        run("server { return 204; }", version, &request).split(' ').next().map(str::to_owned)
    };
    let all = Some("204".to_owned());
    let none = Some("400".to_owned());
    let taken: [&[u8]; 14] = [
        b"a",
        b".a",
        b"a.",
        b"a:",
        b"a:0",
        b"a:00080",
        b"a:65535",
        b"[::1]",
        b"[]:1",
        b"[a.]:80",
        b"%zz",
        b"a_b~!$&'()*+,;=",
        b"[.]",
        b"A.B",
    ];
    for host in taken {
        assert_eq!((status(host, OLD), status(host, NEW)), (all.clone(), all.clone()), "{host:?}");
    }
    let taken_before: [&[u8]; 16] = [
        b"user@x",
        b"a:99999",
        b"a:65536",
        b"[::1",
        b"[::1]x",
        b"[::1].",
        b"a|b",
        b"a:b",
        b"a:1:2",
        b"a]",
        b"[",
        b"a#b",
        b"a\"b",
        "\u{e9}.com".as_bytes(),
        b"[a%b]",
        b"a:.1",
    ];
    for host in taken_before {
        assert_eq!((status(host, OLD), status(host, NEW)), (all.clone(), none.clone()), "{host:?}");
    }
    let never: [&[u8]; 8] = [b"", b".", b"..", b"a..b", b"[..]", b"a/b", b"a b", b":80"];
    for host in never {
        assert_eq!((status(host, OLD), status(host, NEW)), (none.clone(), none.clone()), "{host:?}");
    }
}

/// As nginx: how many fields of so many bytes it takes.
#[test]
fn all_fields_together_have_to_fit_the_buffers() {
    let is_taken = |server: &str, size: usize, count: usize| {
        let mut request = handshake("/");
        let own = [("Host".to_owned(), b"x".to_vec()), ("Connection".to_owned(), b"close".to_vec())];
        let field = |number: usize| (format!("X-{number:03}"), vec![b'v'; size - "X-000: \r\n".len()]);
        request.headers = own.into_iter().chain((0..count).map(field)).collect();
        run(&format!("server {{ {server} return 204; }}"), OLD, &request).starts_with("204")
    };
    for (server, size, most) in [
        ("", 1000, 32),
        ("", 700, 45),
        ("large_client_header_buffers 2 1k;", 1000, 2),
        ("large_client_header_buffers 2 1k;", 700, 3),
        ("client_header_buffer_size 4k; large_client_header_buffers 2 1k;", 1000, 6),
        ("client_header_buffer_size 4k; large_client_header_buffers 2 2k;", 700, 9),
    ] {
        assert!(is_taken(server, size, most), "{server} {most} of {size}");
        assert!(!is_taken(server, size, most + 1), "{server} {} of {size}", most + 1);
    }
}

/// As nginx: below an `alias` the name of the location is taken off the last word too, where that has variables.
#[test]
fn the_last_word_of_try_files_below_an_alias() {
    for (name, last, expected) in [
        ("/", "/ws$is_args$args", "404 NoFile"),
        ("/a/", "/a/b$is_args$args", "404 NoFile"),
        ("/a/", "/b$is_args$args", "[/b] GET /b"),
        ("/a/", "/b", "[/b] GET /b"),
        ("~ ^/a", "/b$is_args$args", "[/b] GET /b"),
    ] {
        let http = format!(
            "server {{ location {name} {{ alias html/; try_files /missing {last}; }} location /b {{ proxy_pass http://127.0.0.1:1; }} }}"
        );
        let seen = run(&http, OLD, &handshake("/a/x"));
        assert!(seen.starts_with(expected), "{name} {last}: {seen}");
    }
}

/// As nginx: who waits for the client's body gets none with a subrequest, but that of `proxy_set_body`.
#[test]
fn a_subrequest_may_have_a_body_of_its_own() {
    let back_end: BackEnd = |_, _| Some(204);
    let premises = Premises { back_end: Some(back_end), answers_subrequests: true, ..Premises::default() };
    for (line, expected) in [("", "500"), ("proxy_set_body x;", "[/]")] {
        let http = format!(
            "server {{ {line} location / {{ auth_request /auth; proxy_pass http://127.0.0.1:1; }} location = /auth {{ proxy_pass http://127.0.0.1:2; }} }}"
        );
        let mut request = ClientRequest { method: "POST".to_owned(), ..handshake("/") };
        request.headers.push(("Content-Length".to_owned(), b"3".to_vec()));
        let seen = run_or(&http, OLD, &request, None, premises);
        assert!(seen.starts_with(expected), "{line}: {seen}");
    }
}
