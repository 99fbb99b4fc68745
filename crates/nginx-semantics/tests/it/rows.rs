//! What nginx sends to an upstream, where it redirects and which location it runs: facts that each were seen on real
//! nginx binaries, one a row.

use nginx_semantics::{ClientRequest, NginxVersion, Pass, misplaced_location, misplaced_uri};

use crate::common::{load_root, only};
use crate::exchange::{NEW, OLD, also, handshake, run, run_sub, server_name_in_tls, target};

/// With a separate place for `Host` (1.31.4).
const NEWEST: NginxVersion = NginxVersion::new(1, 31, 4);

/// A handshake with more fields.
fn with(target: &str, fields: &[(&str, &str)]) -> ClientRequest {
    let mut request = handshake(target);
    request.headers.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    request
}

/// What a location with these lines sends, without the location's name.
fn sent(lines: &str, version: NginxVersion) -> String {
    let http = format!("server {{ location / {{ proxy_pass http://b:8080; {lines} }} }}");
    let seen = run(&http, version, &handshake("/ws"));
    seen.strip_prefix("[/] GET /ws ").map_or(seen.clone(), str::to_owned)
}

#[test]
fn what_the_upstream_sees() {
    let both = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
    let table = [
        ("", "1.0 | Host: b:8080 | Connection: close", "1.1 | Host: b:8080"),
        ("proxy_http_version 1.1;", "1.1 | Host: b:8080 | Connection: close", "1.1 | Host: b:8080"),
        (
            "proxy_set_header Upgrade $http_upgrade;",
            "1.0 | Upgrade: websocket | Host: b:8080 | Connection: close",
            "1.1 | Upgrade: websocket | Host: b:8080",
        ),
        (
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;",
            "1.1 | Upgrade: websocket | Host: b:8080 | Connection: close",
            "1.1 | Upgrade: websocket | Host: b:8080",
        ),
        (
            both,
            "1.0 | Upgrade: websocket | Connection: upgrade | Host: b:8080",
            "1.1 | Upgrade: websocket | Connection: upgrade | Host: b:8080",
        ),
    ];
    for (lines, old, new) in table {
        for (version, expected) in
            [(OLD, old), (NginxVersion::new(1, 29, 6), old), (NginxVersion::new(1, 29, 7), new), (NEW, new)]
        {
            assert_eq!(sent(lines, version), expected, "{lines} {version}");
        }
    }
}

#[test]
fn before_1_29_7_http_2_has_no_connection_either() {
    for version in [NginxVersion::new(1, 29, 4), NEW] {
        assert_eq!(sent("proxy_http_version 2;", version), "2 | Host: b:8080", "{version}");
    }
}

#[test]
fn subrequests() {
    let http = "server { deny all; proxy_set_header Upgrade $http_upgrade; if ($uri = /rewritten) { return 403; }
        location / { proxy_pass http://b; } location = /auth { internal; auth_basic x; auth_basic_user_file u; proxy_pass http://b/x; }
        location /auth/ { proxy_pass http://b; } location = /copy { internal; proxy_pass http://127.0.0.1$request_uri; } }";
    let table = [
        // Internal locations are open to it, the access phase is not run, and the query is not its own.
        ("/auth", "[= /auth] GET /x 1.0 | Upgrade: websocket | Host: b | Connection: close"),
        ("/copy", "[= /copy] GET /ws?a 1.0 | Upgrade: websocket | Host: 127.0.0.1 | Connection: close"),
        ("/auth/%61", "[/auth/] GET /auth/%2561 1.0 | Upgrade: websocket | Host: b | Connection: close"),
        ("/rewritten", "403 by return 403"),
    ];
    for (uri, expected) in table {
        assert_eq!(run_sub(http, &handshake("/ws?a"), uri), expected, "{uri}");
    }
    assert_eq!(run(http, OLD, &handshake("/ws?a")), "403 by deny all");
}

#[test]
fn the_host_that_is_sent() {
    for (pass, host) in [
        ("http://b", "b"),
        ("http://b:80", "b"),
        ("http://b:8080/x", "b:8080"),
        ("https://b:443", "b"),
        ("https://b:80", "b:80"),
        ("http://unix:/run/a.sock", "localhost"),
    ] {
        let http = format!("server {{ location = /ws {{ proxy_pass {pass}; }} }}");
        let seen = run(&http, OLD, &handshake("/ws"));
        assert!(seen.contains(&format!(" | Host: {host} |")), "{pass}: {seen}");
    }
    // Until 1.31.3 each line is sent, and an empty one is not; since 1.31.4 the last counts and comes first, and an empty
    // one is the default for HTTP/1.1.
    let twice = "proxy_set_header X y; proxy_set_header Host a; proxy_set_header Host c;";
    let empty = "proxy_set_header Host a; proxy_set_header Host '';";
    for (lines, version, expected) in [
        (twice, NEW, "1.1 | X: y | Host: a | Host: c"),
        (twice, NEWEST, "1.1 | Host: c | X: y"),
        ("proxy_set_header Host '';", NEW, "1.1"),
        ("proxy_set_header Host '';", NEWEST, "1.1 | Host: b:8080"),
        ("proxy_set_header Host ''; proxy_http_version 1.0;", NEWEST, "1.0"),
        ("proxy_set_header Host ''; proxy_http_version 2;", NEW, "2"),
        ("proxy_set_header Host ''; proxy_http_version 2;", NEWEST, "2 | Host: b:8080"),
        (empty, NginxVersion::new(1, 31, 3), "1.1 | Host: a"),
        (empty, NEW, "1.1 | Host: a"),
        (empty, NEWEST, "1.1 | Host: b:8080"),
    ] {
        assert_eq!(sent(lines, version), expected, "{lines} {version}");
    }
}

#[test]
fn fields_of_the_client() {
    let fields = [
        ("TE", "trailers"),
        ("Keep-Alive", "1"),
        ("Expect", "x"),
        ("Proxy-Connection", "close"),
        ("If-Modified-Since", "x"),
        ("If-Unmodified-Since", "x"),
        ("If-None-Match", "x"),
        ("If-Match", "x"),
        ("Range", "x"),
        ("If-Range", "x"),
        ("Origin", "http://a"),
        ("Cookie", "a=b"),
        ("Authorization", "x"),
        ("Accept-Encoding", "gzip"),
        ("Sec-WebSocket-Protocol", "a"),
    ];
    let client = |lines: &str, version| {
        let http = format!("server {{ location / {{ proxy_pass http://b; {lines} }} }}");
        crate::exchange::client_fields(&http, version, &with("/ws", &fields))
    };
    let kept = [
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Key",
        "Proxy-Connection",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "If-None-Match",
        "If-Match",
        "Range",
        "If-Range",
        "Origin",
        "Cookie",
        "Authorization",
        "Accept-Encoding",
        "Sec-WebSocket-Protocol",
    ];
    const CACHED: [&str; 6] =
        ["If-Modified-Since", "If-Unmodified-Since", "If-None-Match", "If-Match", "Range", "If-Range"];
    let without = |names: &[&str]| kept.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>();
    let table = [
        ("", OLD, without(&[])),
        ("", NEW, without(&[])),
        ("", NginxVersion::new(1, 31, 0), without(&["Proxy-Connection"])),
        // A cache asks for the whole, whenever that was changed.
        ("proxy_cache a;", OLD, without(&CACHED)),
        ("proxy_cache off;", OLD, without(&[])),
        // Whatever a line names is the line's, whatever its case.
        ("proxy_set_header origin '';", OLD, without(&["Origin"])),
        ("proxy_set_header Sec-Websocket-Key x;", OLD, without(&["Sec-WebSocket-Key"])),
        ("proxy_pass_request_headers off;", OLD, Vec::new()),
    ];
    for (lines, version, expected) in table {
        assert_eq!(client(lines, version), expected, "{lines} {version}");
    }
}

#[test]
fn the_length_of_a_body_is_computed() {
    let sent = |lines: &str, fields: &[(&str, &str)]| {
        let http = format!("server {{ location / {{ proxy_pass http://b; {lines} }} }}");
        let request = ClientRequest { method: "POST".to_owned(), ..with("/ws", fields) };
        let own = crate::exchange::client_fields(&http, NEW, &request);
        assert!(!own.iter().any(|name| name == "Content-Length" || name == "Transfer-Encoding"), "{own:?}");
        run(&http, NEW, &request).trim_start_matches("[/] POST /ws ").to_owned()
    };
    let (length, chunks) = ([("Content-Length", "2")], [("Transfer-Encoding", "chunked")]);
    let off = "proxy_request_buffering off;";
    let old = "proxy_http_version 1.0; proxy_set_header Connection '';";
    let table = [
        ("", &length, "1.1 | Host: b | Content-Length: 2"),
        (off, &length, "1.1 | Host: b | Content-Length: 2"),
        // What comes in chunks is read first, and has a length then.
        ("", &chunks, "1.1 | Host: b | Content-Length: NotEmpty"),
        (off, &chunks, "1.1 | Host: b | Transfer-Encoding: chunked"),
        (&format!("{off} {old}"), &chunks, "1.0 | Host: b | Content-Length: NotEmpty"),
    ];
    for (lines, fields, expected) in table {
        assert_eq!(sent(lines, fields), expected, "{lines}");
    }
}

#[test]
fn targets_after_internal_redirects() {
    let rest = "location /y { proxy_pass http://b; } location @y { proxy_pass http://b; }";
    let table = [
        // To a URI: what was decoded is sent, and only `rewrite` keeps the query.
        ("location / { rewrite ^/ws(.*)$ /y$1; }", "/ws//a%20b?q", "/y/a%20b?q"),
        ("location / { error_page 418 = /y; return 418; }", "/ws?q", "/y"),
        ("location / { error_page 418 = /y$is_args$args; return 418; }", "/ws?q", "/y?q"),
        ("location / { try_files /none /y; }", "/ws?q", "/y"),
        ("location / { error_page 418 = /y$uri; return 418; }", "/ws//a%20b?q", "/y/ws/a%20b"),
        ("location / { try_files /none /y$uri; }", "/ws//a%20b?q", "/y/ws/a%20b"),
        // To a name: nothing changes.
        ("location / { error_page 418 = @y; return 418; }", "/w%73//a?q", "/w%73//a?q"),
        ("location / { try_files /none @y; }", "/w%73//a?q", "/w%73//a?q"),
        // The scheme in any case.
        ("location /ws { proxy_pass HTTP://b/x; }", "/ws", "/x"),
        ("location /ws { proxy_pass WSS://b$uri; }", "/ws", "500 NoUpstream"),
        ("location /ws { proxy_pass b$uri; }", "/ws", "500 NoUpstream"),
    ];
    for (server, path, expected) in table {
        assert_eq!(target(&format!("{server} {rest}"), path), expected, "{server}");
    }
}

#[test]
fn the_missing_slash_and_what_comes_before_it() {
    let table = [
        ("location /ws/ { tunnel_pass a; }", "404 NoFile"),
        (
            "rewrite ^/ws$ /y; location /ws/ { proxy_pass http://b; } location /y { proxy_pass http://c; }",
            "/y",
        ),
        (
            "location /ws/ { auth_basic x; auth_basic_user_file u; proxy_pass http://b; }",
            "301 to /ws/ slash of /ws/",
        ),
        (
            "location /ws/ { proxy_pass http://b; } location ~ ^/ws(/|$) { return 204; }",
            "301 to /ws/ slash of /ws/",
        ),
        ("location ~ ^/ws(/|$) { proxy_pass http://b; }", "/ws"),
    ];
    for (server, expected) in table {
        assert_eq!(target(server, "/ws"), expected, "{server}");
    }
}

#[test]
fn lines_of_the_server_run_again_after_a_redirect_to_a_uri() {
    let rest = "if ($uri = /y) { return 403; } location /y { return 204; } location @y { return 204; }";
    let table = [
        ("location / { error_page 418 = /y; return 418; }", "403 by return 403"),
        ("location / { try_files /none /y; }", "403 by return 403"),
        ("location / { rewrite ^ /y last; }", "204 by return 204"),
        ("location / { error_page 418 = @y; return 418; }", "204 by return 204"),
        // In the order of the text.
        ("rewrite ^ /y; location / { return 418; }", "403 by return 403"),
    ];
    for (server, expected) in table {
        assert_eq!(target(&format!("{server} {rest}"), "/ws"), expected, "{server}");
    }
    assert_eq!(target("return 418; rewrite ^ /y; location / { return 204; }", "/ws"), "418 by return 418");
}

#[test]
fn the_order_of_the_phases() {
    let table = [
        // rewrite, then access, then try_files, then the content.
        ("proxy_pass http://b; deny all; return 204;", "204 by return 204"),
        ("proxy_pass http://b; try_files $uri =404; deny all;", "403 by deny all"),
        (
            "proxy_pass http://b; try_files $uri =404; auth_basic x; auth_basic_user_file u;",
            "401 by auth_basic x",
        ),
        ("proxy_pass http://b; try_files $uri /index.html;", "404 NoFile"),
        ("root /srv;", "404 NoFile"),
        ("return 204; proxy_pass http://b;", "204 by return 204"),
        ("rewrite ^ https://x/y;", "302 to https://x/y by rewrite ^ https://x/y"),
        ("rewrite ^ http://x/y;", "302 to http://x/y by rewrite ^ http://x/y"),
        ("rewrite ^ $scheme://x/y;", "302 to http://x/y by rewrite ^ $scheme://x/y"),
        ("error_page 418 =101 @y; return 418;", "[@y] as 101"),
        ("error_page 418 /n/x; return 418;", "[/n/] as 418"),
        ("error_page 418 = /n/x; return 418;", "[/n/]"),
        // Of two locations with one name the first counts.
        ("error_page 418 = @z; return 418;", "204 by return 204"),
    ];
    let rest = "location = /index.html { root /srv; } location /n/ { proxy_pass http://n; } location @y { proxy_pass http://n; } location @z { return 204; } \
                location @z { return 205; }";
    for (lines, expected) in table {
        let seen = run(&format!("server {{ location / {{ {lines} }} {rest} }}"), OLD, &handshake("/ws"));
        assert_eq!(seen.split(" GET").next().unwrap_or_default(), expected, "{lines}");
    }
}

#[test]
fn what_counts_and_copies_a_request_on_its_way_to_the_content() {
    let table: [(&str, Option<&[&str]>); 7] = [
        ("", Some(&[])),
        ("limit_conn c 1;", Some(&["limit_conn c 1"])),
        ("mirror /copy;", Some(&["mirror /copy"])),
        ("mirror off;", Some(&[])),
        // `return` comes before all of them, access rules and `try_files` before the copy.
        ("mirror /copy; return 204;", None),
        ("mirror /copy; deny all;", None),
        ("mirror /copy; try_files /none =404;", None),
    ];
    for (lines, expected) in table {
        let http = format!("limit_req zone=r; server {{ location / {{ proxy_pass http://b; {lines} }} }}");
        let expected = expected.map(|lines| {
            let (counts, copies): (Vec<&str>, Vec<&str>) =
                lines.iter().partition(|line| line.starts_with("limit"));
            [copies, vec!["limit_req zone=r"], counts].concat()
        });
        let seen = also(&http);
        assert_eq!(
            seen.as_deref().map(|lines| lines.iter().map(String::as_str).collect()),
            expected,
            "{lines}"
        );
    }
}

#[test]
fn the_headers_are_those_of_the_location_that_passes_on() {
    let table = [
        // The named location's own.
        ("proxy_set_header A 1; error_page 418 = @y; return 418;", "[@y] GET /ws 1.0 | B: 2 |"),
        // Those of the location around an `if`.
        (
            "proxy_set_header A 1; if ($http_upgrade) { proxy_pass http://c; }",
            "[($http_upgrade)] GET /ws 1.0 | A: 1 |",
        ),
        ("proxy_set_header A 1; limit_except POST { proxy_pass http://c; }", "[POST] GET /ws 1.0 | A: 1 |"),
    ];
    for (lines, expected) in table {
        let rest = "location @y { proxy_pass http://n; proxy_set_header B 2; }";
        let seen = run(&format!("server {{ location / {{ {lines} }} {rest} }}"), OLD, &handshake("/ws"));
        assert!(seen.starts_with(expected), "{lines}: {seen}");
    }
}

#[test]
fn limit_except_takes_head_for_get() {
    let server = "server { location / { proxy_pass http://b; limit_except GET { deny all; } } }";
    for (method, expected) in [("GET", "[/]"), ("HEAD", "[/]"), ("POST", "403"), ("OPTIONS", "403")] {
        let request = ClientRequest { method: method.to_owned(), ..handshake("/ws") };
        let seen = run(server, OLD, &request);
        assert_eq!(seen.split(' ').next().unwrap_or_default(), expected, "{method}");
    }
}

#[test]
fn the_method_after_error_page() {
    let rest = "location /y { proxy_pass http://b; } location @y { proxy_pass http://b; }";
    let table = [
        ("= /y", "POST", "[/y] GET"),
        ("/y", "POST", "[/y] as 418 GET"),
        ("= /y", "HEAD", "[/y] HEAD"),
        ("= @y", "POST", "[@y] POST"),
    ];
    for (page, method, expected) in table {
        let http = format!("server {{ location / {{ error_page 418 {page}; return 418; }} {rest} }}");
        let seen = run(&http, OLD, &ClientRequest { method: method.to_owned(), ..handshake("/ws") });
        assert!(seen.starts_with(expected), "{page} {method}: {seen}");
    }
}

#[test]
fn ten_changes_of_the_uri_and_no_more() {
    let chain = |step: &dyn Fn(usize) -> String, changes: usize| {
        let steps: String =
            (0..changes).map(|at| format!("location = /{at} {{ {} }}", step(at + 1))).collect();
        let http = format!("server {{ {steps} location = /{changes} {{ return 204; }} }}");
        run(&http, OLD, &handshake("/0"))
    };
    let steps: [&dyn Fn(usize) -> String; 3] =
        [&|to| format!("rewrite ^ /{to} last;"), &|to| format!("try_files /none /{to};"), &|to| {
            format!("recursive_error_pages on; error_page 418 = /{to}; return 418;")
        }];
    for step in steps {
        assert_eq!(chain(step, 10), "204 by return 204");
        assert_eq!(chain(step, 11), "500 RedirectLimit");
    }
    // One that leads to itself.
    for lines in ["rewrite ^ /ws last;", "try_files /none /ws;"] {
        let http = format!("server {{ location /ws {{ {lines} }} }}");
        assert_eq!(run(&http, OLD, &handshake("/ws")), "500 RedirectLimit", "{lines}");
    }
}

#[test]
fn the_client_that_a_proxy_tells_is_the_one_that_access_rules_ask() {
    let trusted = "set_real_ip_from 127.0.0.0/8; set_real_ip_from 10.0.0.0/8;";
    let list = "real_ip_header X-Forwarded-For;";
    let told = [("X-Forwarded-For", "192.0.2.1, 10.0.0.1"), ("X-Real-IP", "192.0.2.2")];
    let table = [
        ("", "127.0.0.1"),
        (trusted, "192.0.2.2"),
        (&format!("{trusted} {list}"), "10.0.0.1"),
        (&format!("{trusted} {list} real_ip_recursive on;"), "192.0.2.1"),
        ("set_real_ip_from 10.0.0.0/8;", "127.0.0.1"),
        (&format!("{trusted} real_ip_header X-None;"), "127.0.0.1"),
        (&format!("{trusted} real_ip_header sec-websocket-version;"), "127.0.0.1"),
    ];
    for (lines, expected) in table {
        let client = format!("deny {expected}; allow all; proxy_pass http://b;");
        for http in [
            format!("{lines} server {{ location / {{ {client} }} }}"),
            format!("server {{ location / {{ {lines} {client} }} }}"),
        ] {
            let seen = run(&http, OLD, &with("/ws", &told));
            assert_eq!(seen, format!("403 by deny {expected}"), "{http}");
        }
        // What stands in a server or around it counts before the first line of the server runs.
        let http = format!("{lines} server {{ return 302 x$remote_addr; }}");
        assert!(run(&http, OLD, &with("/ws", &told)).starts_with(&format!("302 to x{expected} ")), "{http}");
    }
    // What stands in a location counts behind its `return`, and before its access rules.
    let http = "server { location / { set_real_ip_from 127.0.0.1; return 302 x$remote_addr; } }";
    assert!(run(http, OLD, &with("/ws", &told)).starts_with("302 to x127.0.0.1 "));
    // What is not known is not guessed.
    for lines in
        ["set_real_ip_from proxy.test;", "set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;"]
    {
        let http = format!("server {{ location / {{ {lines} deny 127.0.0.1; proxy_pass http://b; }} }}");
        assert_eq!(run(&http, OLD, &with("/ws", &told)).lines().count(), 2, "{lines}");
    }
}

#[test]
fn a_uri_part_is_refused_where_it_replaces_no_name() {
    let table = [
        ("location / { proxy_pass http://a/; }", false),
        ("location = /x { proxy_pass http://a/y; }", false),
        ("location ^~ /x { proxy_pass http://a/y; }", false),
        ("location ~ x { proxy_pass http://a; }", false),
        ("location ~ x { proxy_pass http://a/; }", true),
        ("location ~*x { proxy_pass HTTPS://a/y; }", true),
        ("location @x { proxy_pass http://a:8080/y; }", true),
        ("location / { if ($x) { proxy_pass http://a/; } }", true),
        ("location / { if ($x) { proxy_pass http://unix:/a; } }", false),
        ("location / { if ($x) { proxy_pass http://unix:/a:/b; } }", true),
        ("location / { limit_except GET { proxy_pass http://a?b; } }", true),
        ("location /x { location ~ y { proxy_pass http://a/; } }", true),
        // With variables it is all that is sent.
        ("location ~ x { proxy_pass http://a/$uri; }", false),
        ("location ~ x { fastcgi_pass a:9000; }", false),
    ];
    for (server, expected) in table {
        let loaded = load_root(&format!("events {{}}\nhttp {{ server {{ {server} }} }}\n"), &[]);
        let configuration = only(&loaded);
        let is_refused = configuration.contexts().any(|(context, _)| {
            Pass::directly_in(configuration, context)
                .is_some_and(|pass| misplaced_uri(configuration, context, &pass).is_some())
        });
        assert_eq!(is_refused, expected, "{server}");
    }
}

#[test]
fn locations_that_may_not_stand_in_others() {
    let table = [
        ("location /a { location /b { } }", "location \"/b\" is outside location \"/a\""),
        ("location /a { location = /ab { } }", ""),
        ("location /ab { location /a { } }", "location \"/a\" is outside location \"/ab\""),
        ("location ^~ /a { location /A { } }", "location \"/A\" is outside location \"/a\""),
        ("location '' { location /a { } }", ""),
        ("location = /a { location /ab { } }", "location \"/ab\" cannot be inside the exact location \"/a\""),
        ("location = /a { location ~ b { } }", "location \"b\" cannot be inside the exact location \"/a\""),
        ("location @a { location /ab { } }", "location \"/ab\" cannot be inside the named location \"@a\""),
        ("location @a { location ~ b { } }", "location \"b\" cannot be inside the named location \"@a\""),
        ("location /a { location @ab { } }", "named location \"@ab\" can be on the server level only"),
        ("location ~* /a { location @b { } }", "named location \"@b\" can be on the server level only"),
        // A name is compared with the text of the regex around it.
        ("location ~ /a { location /ab { } }", ""),
        ("location ~ ^/a { location /ab { } }", "location \"/ab\" is outside location \"^/a\""),
        ("location /a { location ~ b { location ~ c { } } }", ""),
    ];
    for (server, expected) in table {
        let loaded = load_root(&format!("events {{}}\nhttp {{ server {{ {server} }} }}\n"), &[]);
        let configuration = only(&loaded);
        let refused =
            configuration.contexts().filter_map(|(context, _)| misplaced_location(configuration, context));
        let words: Vec<String> = refused.map(|refusal| refusal.to_string()).collect();
        assert_eq!(words.join("; "), expected, "{server}");
    }
}

#[test]
fn the_name_in_the_tls_to_the_upstream() {
    let on = "proxy_ssl_server_name on;";
    let table = [
        ("proxy_pass http://a;".to_owned(), "plain -"),
        (format!("{on} proxy_pass http://a;"), "plain -"),
        // None by default, whatever `proxy_ssl_name` is.
        ("proxy_pass https://a:8443;".to_owned(), "-"),
        ("proxy_ssl_name y.test; proxy_pass https://a;".to_owned(), "-"),
        (format!("{on} proxy_pass https://a:8443;"), "a"),
        (format!("{on} proxy_pass https://UP2/;"), "up2"),
        (format!("{on} set $v up2; proxy_pass https://$v;"), "up2"),
        (format!("{on} proxy_ssl_name $host; proxy_pass https://a;"), "example.com"),
        (format!("{on} proxy_ssl_name $http_host; proxy_pass https://a;"), "Example.com"),
        (format!("{on} proxy_ssl_name x.test:99; proxy_pass https://a;"), "x.test"),
        // No address is.
        (format!("{on} proxy_ssl_name 10.0.0.1; proxy_pass https://a;"), "-"),
        (format!("{on} proxy_ssl_name [::1]:8; proxy_pass https://a;"), "-"),
        (format!("{on} proxy_ssl_name ''; proxy_pass https://a;"), "-"),
        (format!("{on} proxy_pass https://127.0.0.1:8443;"), "-"),
    ];
    for (lines, expected) in table {
        assert_eq!(server_name_in_tls(&lines).as_deref(), Some(expected), "{lines}");
    }
}
