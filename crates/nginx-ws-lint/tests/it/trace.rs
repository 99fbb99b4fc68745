//! `trace`: one request step by step.

use insta::assert_snapshot;

use crate::run::{Run, Tree};

/// The three lines of a handshake that gets through.
const UPGRADE: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
    proxy_set_header Connection upgrade; proxy_set_header Host $host;";

/// Traces through one version with these lines in `http`; `UPGRADE` stands for the lines of a handshake.
fn trace(http: &str, url: &str, options: &[&str]) -> Run {
    let text = format!("events {{}}\nhttp {{\n{}\n}}\n", http.replace("UPGRADE;", UPGRADE));
    let tree = Tree::new(&[("nginx.conf", &text)]);
    let fixed = ["trace", url, "nginx.conf", "--nginx-version", "1.28.0", "--select", "handshake"];
    tree.run(&[&fixed, options].concat())
}

const SITES: &str = "\
upstream app { least_conn; zone app 64k; server 10.0.0.1:8000 weight=2; server unix:/run/app.sock down; }
server { listen 80 default_server; server_name _; return 444; }
server { listen 80; server_name www.example.com *.example.com; return 301 https://example.com$request_uri; }
server {
    listen 80;
    server_name example.com;
    UPGRADE;
    location / { try_files $uri @app; }
    location ^~ /ws/ { proxy_pass http://app/live/; proxy_read_timeout 5m; }
    location ~ chat { proxy_pass http://app; }
    location = /ws/exact { proxy_pass http://app; }
    location @app { proxy_pass http://app; proxy_set_header X-Real-IP $remote_addr; }
}
server { listen 8080; server_name example.com; return 404; }";

#[test]
fn the_steps_of_a_handshake() {
    assert_snapshot!(trace(SITES, "ws://example.com/ws/chat?room=1", &[]).shown());
}

#[test]
fn files_that_may_be_there() {
    assert_snapshot!(trace(SITES, "ws://example.com/other", &["--client-ip", "192.0.2.1"]).shown());
}

#[test]
fn an_ordinary_request() {
    assert_snapshot!(trace(SITES, "http://example.com/ws/chat", &["--plain-get"]).shown());
}

#[test]
fn an_ordinary_request_that_is_made_a_handshake() {
    let http = "server { listen 80; location / { proxy_set_header Upgrade websocket; proxy_pass http://127.0.0.1:1; } }";
    let run = trace(http, "http://example.com/", &["--plain-get", "--format", "json"]);
    assert!(run.stdout.contains("an upgrade that the client did not ask for"), "{}", run.stdout);
}

#[test]
fn a_host_that_nobody_has() {
    assert_snapshot!(trace(SITES, "ws://exampel.com/ws/", &[]).shown());
}

#[test]
fn what_a_configuration_does_not_tell() {
    let http = "server { listen 80; UPGRADE;
        set $app a;
        if ($ssl_client_verify = SUCCESS) { set $app b; }
        if ($cookie_beta) { set $app c; }
        rewrite ^/old/(.*)$ /ws/$1 last;
        location /ws/ { auth_request /auth; limit_conn perip 10; proxy_pass http://127.0.0.1:8000; }
        location = /auth { internal; proxy_pass http://127.0.0.1:9000; }
    }
    limit_conn_zone $remote_addr zone=perip:1m;";
    assert_snapshot!(trace(http, "ws://localhost/old/a", &["-H", "Cookie: beta=1"]).shown());
}

#[test]
fn sockets_of_one_address_each() {
    let http =
        "server { listen 10.0.0.1:80; server_name a; UPGRADE; location / { proxy_pass http://127.0.0.1:1; } }
        server { listen 10.0.0.2:80; server_name b; return 403; }";
    assert_snapshot!(trace(http, "ws://a/", &[]).shown());
    let code = |options: &[&str]| trace(http, "ws://a/", options).code;
    assert_eq!(code(&["--via-listen", "10.0.0.1:80"]), Some(0));
    assert_eq!(code(&["--via-listen", "10.0.0.2:80"]), Some(1));
    assert_eq!(code(&["--via-listen", "10.0.0.3:80"]), Some(2));
    assert_eq!(trace(http, "ws://10.0.0.1/", &[]).code, Some(0));
    assert_eq!(trace(http, "ws://10.0.0.2/", &[]).code, Some(1));
}

#[test]
fn findings_of_another_server_of_the_name_are_not_on_the_way() {
    let location = |connection: &str| {
        format!(
            "server_name a.test; proxy_http_version 1.1; location /ws/ {{ proxy_pass http://127.0.0.1:1;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection {connection}; }}"
        )
    };
    let (good, bad) = (location("upgrade"), location("''"));
    let http = format!("server {{ listen 8080; {good} }} server {{ listen 80; {bad} }}");
    let is_blamed = |url: &str| trace(&http, url, &[]).stdout.contains("  error ");
    assert!(!is_blamed("ws://a.test:8080/ws/"), "{}", trace(&http, "ws://a.test:8080/ws/", &[]).stdout);
    assert!(is_blamed("ws://a.test/ws/"), "{}", trace(&http, "ws://a.test/ws/", &[]).stdout);
}

#[test]
fn sockets_of_names() {
    let ok = "UPGRADE; location / { proxy_pass http://127.0.0.1:1; }";
    let code = |lines: &str, url: &str, options: &[&str]| {
        let http = format!("server {{ {lines} {ok} }} server {{ listen 8080; return 403; }}");
        trace(&http, url, options).code
    };
    // Every machine has this one for itself, by IPv6 perhaps.
    assert_eq!(code("listen localhost:8080;", "ws://127.0.0.1:8080/", &["-H", "Host: a"]), Some(0));
    assert_eq!(code("listen LocalHost:8080;", "ws://a:8080/", &["--via-listen", "127.0.0.1:8080"]), Some(0));
    assert_eq!(code("listen localhost:8080;", "ws://[::1]:8080/", &["-H", "Host: a"]), Some(2));
    assert_eq!(code("listen localhost:8080;", "ws://10.0.0.1:8080/", &[]), Some(1));
    assert_eq!(code("listen ip6-localhost:8080;", "ws://[::1]:8080/", &[]), Some(0));
    // Any other name may be any address, so that no server takes the request for sure.
    for options in [&[] as &[&str], &["--via-listen", "10.0.0.1:8080"]] {
        assert_eq!(code("listen app.internal:8080;", "ws://a:8080/", options), Some(2), "{options:?}");
    }
    assert_eq!(code("listen app.internal:8080;", "ws://10.0.0.1:8080/", &[]), Some(2));
    assert_eq!(code("listen app.internal:8080;", "ws://app.internal:8080/", &[]), Some(0));
    assert_eq!(code("listen app.internal:8080; return 404;", "ws://10.0.0.1:8080/", &[]), Some(1));
    assert_eq!(code("listen app.internal:81;", "ws://10.0.0.1:81/", &[]), Some(2));
}

#[test]
fn a_socket_of_one_address_takes_what_comes_to_it_whatever_the_names() {
    let http = "server { listen 80; server_name a; UPGRADE; location / { proxy_pass http://127.0.0.1:1; } }
        server { listen 10.0.0.1:80; server_name b; return 403; }";
    let code = |url: &str, options: &[&str]| trace(http, url, options).code;
    let table: [(&str, &[&str], i32); 6] = [
        ("ws://a/", &[], 0),
        ("ws://10.0.0.2/", &["-H", "Host: a"], 0),
        ("ws://10.0.0.1/", &["-H", "Host: a"], 1),
        ("ws://a/", &["--via-listen", "10.0.0.1:80"], 1),
        // Nor does `listen 80` take IPv6.
        ("ws://[::1]/", &["-H", "Host: a"], 2),
        ("ws://a/", &["--via-listen", "[::1]:80"], 2),
    ];
    for (url, options, expected) in table {
        assert_eq!(code(url, options), Some(expected), "{url} {options:?}");
    }
}

/// `localhost` is a loopback address (RFC 6761 section 6.3), and `ipv6only=off` makes a socket of IPv6 take IPv4 too
/// (`ngx_http_core_listen`).
#[test]
fn this_machine_by_name_and_a_socket_of_both_families() {
    let both = "server { listen 127.0.0.1:80; UPGRADE; location / { proxy_pass http://a; } } \
        server { listen 80; return 404; }";
    let code = |http: &str, url: &str| trace(http, url, &[]).code;
    assert_eq!(code(both, "ws://localhost/"), Some(0));
    assert_eq!(code(both, "ws://app.localhost/"), Some(0));
    assert_eq!(code(both, "ws://example.com/"), Some(1));
    let elsewhere = "server { listen 80; UPGRADE; location / { proxy_pass http://a; } } \
        server { listen 192.0.2.1:80; return 404; }";
    assert_eq!(code(elsewhere, "ws://localhost/"), Some(0));
    let of_ipv6 = |more: &str| {
        format!("server {{ listen [::]:80{more}; UPGRADE; location / {{ proxy_pass http://a; }} }}")
    };
    assert_eq!(code(&of_ipv6(" ipv6only=off"), "ws://127.0.0.1/"), Some(0));
    assert_eq!(code(&of_ipv6(""), "ws://127.0.0.1/"), Some(2));
}

/// Browsers send more fields than those of the handshake, such as `User-Agent`: they are not empty, whatever they say.
#[test]
fn fields_that_every_browser_sends() {
    let server = |before: &str| {
        format!("server {{ listen 80; {before} UPGRADE; location / {{ proxy_pass http://a; }} }}")
    };
    for before in [
        "if ($http_user_agent = \"\") { return 444; }",
        "if ($http_accept_language = '') { return 403; }",
        "if ($http_user_agent ~* curl) { return 403; }",
    ] {
        let run = trace(&server(before), "ws://a/", &[]);
        assert_eq!(run.code, Some(0), "{}", run.shown());
    }
    let run = trace(&server("if ($http_x_token = '') { return 403; }"), "ws://a/", &[]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
}

/// A look-ahead that many configurations have says nothing of paths that are without what stands before it.
#[test]
fn a_look_ahead_that_cannot_match_leaves_the_answer_known() {
    let http = r"server { listen 80; location ~ /\.(?!well-known).* { deny all; } UPGRADE;
        location /ws { proxy_pass http://a; } location /no { return 403; } }";
    let code = |url: &str| trace(http, url, &[]).code;
    assert_eq!([code("ws://a/ws"), code("ws://a/no"), code("ws://a/.git/ws")], [Some(0), Some(1), Some(2)]);
}

#[test]
fn hosts_and_clients_as_fields_tell_them() {
    let http = "server { listen 80; set_real_ip_from 10.0.0.0/8; UPGRADE; location / { deny 192.0.2.1; proxy_pass http://127.0.0.1:1; } }";
    let code = |options: &[&str]| trace(http, "ws://a/", options).code;
    assert_eq!(code(&["-H", "Host:"]), Some(1));
    assert_eq!(code(&["-H", "Host: a..b"]), Some(1));
    assert_eq!(code(&["--client-ip", "10.0.0.1"]), Some(0));
    assert_eq!(code(&["--client-ip", "10.0.0.1", "-H", "X-Real-IP: 192.0.2.1"]), Some(1));
    assert_eq!(code(&["--client-ip", "192.0.2.9", "-H", "X-Real-IP: 192.0.2.1"]), Some(0));
}

#[test]
fn tls_where_there_is_none_and_none_where_there_is() {
    let http = "server { listen 80; return 200; }
        server { listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; error_page 497 https://example.com$request_uri; }";
    assert_snapshot!("tls_on_a_plain_socket", trace(http, "wss://example.com:80/ws", &[]).shown());
    assert_snapshot!("no_tls_on_a_tls_socket", trace(http, "ws://example.com:443/ws", &[]).shown());
}

#[test]
fn the_name_in_tls_and_another_host() {
    let http =
        "ssl_certificate a.pem; ssl_certificate_key a.key; server { listen 443 ssl; server_name example.com; UPGRADE; location /ws/ { proxy_pass http://a; } }
        server { listen 443 ssl; server_name secret.example.com; ssl_verify_client on; return 204; }";
    assert_snapshot!(trace(http, "wss://example.com/ws/", &["-H", "Host: secret.example.com"]).shown());
    assert_eq!(trace(http, "wss://secret.example.com/ws/", &["-H", "Host: example.com"]).code, Some(0));
}

#[test]
fn redirects_have_the_scheme_and_the_port_of_the_socket() {
    let http = "server { listen 8080; location /ws/ { UPGRADE; proxy_pass http://127.0.0.1:1; } }";
    let run = trace(http, "ws://example.com:8080/ws?a", &["--format", "json"]);
    assert!(run.stdout.contains(r#""location": "http://example.com:8080/ws/?a""#), "{}", run.stdout);
}

#[test]
fn the_name_in_the_tls_to_the_back_end() {
    let http = "server { listen 80; UPGRADE; location /a { proxy_pass https://a.test:8443; }
        location /b { proxy_pass https://a.test; proxy_ssl_server_name on; } }";
    let said = |path: &str| trace(http, &format!("ws://example.com{path}"), &["--format", "json"]).stdout;
    assert!(said("/a").contains(": to a.test:8443 over TLS without a server name"), "{}", said("/a"));
    assert!(said("/b").contains(": to a.test over TLS for `a.test`"), "{}", said("/b"));
}

#[test]
fn what_no_configuration_tells_of_a_back_end_is_said_beside() {
    let beside = |lines: &str| {
        let http = format!(
            "server {{ listen 80; location / {{ proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; {lines} }} }}"
        );
        let run = trace(&http, "ws://example.com/ws", &["--format", "json"]);
        let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let answer = &value["runs"][0]["ways"][0]["answer"];
        format!("{}{}", answer["instead"], answer["remarks"])
    };
    let table = [
        (
            "proxy_http_version 1.1; proxy_pass https://127.0.0.1:8443;",
            "502 from nginx instead, if nothing listens there, or it speaks no TLS",
        ),
        (
            "proxy_pass http://127.0.0.1:8000;",
            "502 from nginx instead, if nothing listens there, or it speaks TLS",
        ),
        (
            "proxy_pass http://127.0.0.1:8000; error_page 500 502 = /sorry;",
            "it speaks TLS, and `error_page 500 502 = /sorry` takes its place",
        ),
        ("uwsgi_pass 127.0.0.1:8000;", "502 from nginx instead, if nothing listens there\""),
        ("proxy_pass http://a;", "others refuse it with 400, 426, 501 or 505"),
        (
            "proxy_pass http://a; proxy_http_version 1.1; proxy_set_header Host '';",
            "403 from the back end instead, if it compares `Origin` with `Host`",
        ),
    ];
    for (lines, expected) in table {
        let said = beside(lines);
        assert!(said.contains(expected), "{lines}: {said}");
    }
}

#[test]
fn exit_codes() {
    let code = |lines: &str, options: &[&str]| {
        let http = format!("server {{ listen 80; {lines} }}");
        trace(&http, "ws://example.com/ws", options).code
    };
    let pass = |more: &str| format!("location / {{ UPGRADE; proxy_pass http://127.0.0.1:8000; {more} }}");
    assert_eq!(code(&pass(""), &[]), Some(0));
    assert_eq!(code("location / { proxy_pass http://127.0.0.1:8000; }", &[]), Some(1));
    assert_eq!(code("location / { proxy_pass http://127.0.0.1:8000; }", &["--plain-get"]), Some(0));
    assert_eq!(code(&pass(""), &["-H", "Sec-WebSocket-Version: 8"]), Some(1));
    assert_eq!(code(&pass(""), &["-H", "Upgrade:"]), Some(1));
    assert_eq!(code(&pass("proxy_hide_header Upgrade;"), &[]), Some(1));
    assert_eq!(code(&pass("proxy_read_timeout 0;"), &[]), Some(1));
    assert_eq!(code(&pass("proxy_set_header Sec-WebSocket-Key $ssl_client_serial;"), &[]), Some(2));
    assert_eq!(code(&pass("deny 10.0.0.0/8;"), &[]), Some(0));
    assert_eq!(code(&pass("deny 10.0.0.0/8;"), &["--client-ip", "10.1.1.1"]), Some(1));
    assert_eq!(code("location / { uwsgi_pass 127.0.0.1:8000; }", &[]), Some(0));
    assert_eq!(code("location / { grpc_pass 127.0.0.1:8000; }", &[]), Some(1));
    assert_eq!(code("error_page 404 @ws; location @ws { UPGRADE; proxy_pass http://a; }", &[]), Some(1));
    assert_eq!(code("location ~ (?=w) { return 404; }", &[]), Some(2));
    // A file that was not given may set what is missing.
    assert_eq!(code("include /opt/x.conf; location / { proxy_pass http://127.0.0.1:8000; }", &[]), Some(2));
    // The PROXY protocol is a matter of who comes.
    assert_eq!(trace("server { listen 80 proxy_protocol; return 404; }", "ws://a/", &[]).code, Some(1));
}

#[test]
fn no_server_listens() {
    let run = trace("server { listen 8080; }", "wss://example.com/ws", &[]);
    assert_snapshot!(run.shown());
    let stream = Tree::new(&[(
        "nginx.conf",
        "events {}\nstream { server { listen 443; proxy_pass 10.0.0.1:443; } }\n",
    )]);
    let run = stream.run(&["trace", "wss://example.com/ws", "nginx.conf"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stdout.contains("a `stream` server listens there (`listen 443`)"), "{}", run.stdout);
}

#[test]
fn what_is_no_request_is_refused() {
    for (arguments, word) in [
        (&["trace"][..], "<URL>"),
        (&["trace", "example.com/ws"], "ws://, wss://, http:// or https://"),
        (&["trace", "ws://a/", "-H", "X"], "NAME: VALUE"),
        (&["trace", "ws://a/", "-H", "a b: c"], "header field"),
        (&["trace", "ws://a/", "--via-listen", "a.example:80"], "10.0.0.1:443"),
        (&["trace", "ws://a/", "--client-ip", "a"], "--client-ip"),
    ] {
        let run = Tree::new(&[]).run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.stderr.contains(word), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn versions_that_differ_are_told_apart() {
    let text = "events {}\nhttp { server { listen 80; location / { proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:8000; } } }\n";
    let tree = Tree::new(&[("nginx.conf", text)]);
    let run = tree.run(&["trace", "ws://a/", "nginx.conf", "--select", "handshake"]);
    assert_snapshot!(run.shown());
}

#[test]
fn where_nginx_does_not_start_nothing_succeeds() {
    let server = |lines: &str| {
        format!("server {{ listen 80; location /ws {{ UPGRADE; proxy_pass http://127.0.0.1:1; {lines} }} }}")
    };
    let end = "nginx does not start: the handshake cannot succeed";
    for http in [
        server("proxy_read_timeout 1q;"),
        server("add_header X $nowhere;"),
        server("location /ws {} location /ws {}"),
        server("") + " server { listen 81; location / { proxy_pass 127.0.0.1:1; } }",
        server("") + " server { listen 443; location = a { return 204 }",
        "upstream a {} server { listen 81; }".to_owned(),
    ] {
        let run = trace(&http, "ws://a/ws", &[]);
        assert!(run.stdout.contains(end) && run.code == Some(1), "{http}: {}", run.shown());
    }
    assert!(!trace(&server(""), "ws://a/ws", &[]).stdout.contains(end));
}

/// A server without the blocks around it: what its own lines decide is decided.
#[test]
fn of_a_fragment_a_failure_follows_from_the_lines_given() {
    let code = |lines: &str, host: &str| {
        let text = format!("server {{ listen 80; server_name a.test; location /ws {{ {lines} }} }}\n");
        let tree = Tree::new(&[("site.conf", &text)]);
        let run = tree.run(&["trace", &format!("ws://{host}/ws"), "site.conf", "--nginx-version", "1.28.0"]);
        (run.code, run.stdout.contains("unless a file that was not given changes it"))
    };
    let pass = "proxy_pass http://127.0.0.1:1; proxy_http_version 1.1;";
    let whole =
        format!("{pass} proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;");
    assert_eq!(code("return 403;", "a.test"), (Some(1), false));
    assert_eq!(code(&format!("{pass} proxy_set_header Upgrade $http_upgrade;"), "a.test"), (Some(1), false));
    assert_eq!(code(&whole.replace("1.1", "1.0"), "a.test"), (Some(1), false));
    assert_eq!(code(&whole, "a.test"), (Some(0), false));
    // `http` may have the lines, another server the name, and a file the rest.
    assert_eq!(code(pass, "a.test"), (Some(2), true));
    assert_eq!(code(&whole.replace("proxy_http_version 1.1;", ""), "a.test"), (Some(2), true));
    assert_eq!(code("return 403;", "b.test"), (Some(2), true));
    assert_eq!(code("include x/y.conf; return 403;", "a.test"), (Some(2), true));
    assert_eq!(code(&format!("include x/y.conf; {whole}"), "a.test"), (Some(0), true));
}

#[test]
fn text_that_was_not_given_is_not_shown() {
    let secret = "proxy_set_header X-Secret 0123456789; proxy_set_header Upgrade $http_upgrade;\n\
        proxy_set_header Connection upgrade; proxy_http_version 1.1; proxy_pass http://secret.internal:8000;\n\
        if ($ssl_client_verify = secretcookie) { rewrite ^ /secretpath break; }\n";
    let tree = Tree::new(&[("outside/secret.conf", secret), ("given/nginx.conf", "")]);
    let include = tree.path("outside/secret.conf");
    let text = format!(
        "events {{}}\nhttp {{ server {{ listen 80; location /ws {{ include {}; }} }} }}\n",
        include.display()
    );
    std::fs::write(tree.path("given/nginx.conf"), text).unwrap();
    for format in ["human", "json"] {
        let run = tree.run(&["trace", "ws://a/ws", "given", "--host-includes", "--format", format]);
        for secret in ["0123456789", "secret.internal", "X-Secret", "secretcookie", "secretpath"] {
            assert!(!run.stdout.contains(secret), "{secret}: {}", run.stdout);
        }
        assert!(run.stdout.contains("(not shown)"), "{}", run.stdout);
    }
    for line in ["try_files /x /secretpath", "rewrite ^ /secretpath last", "error_page 404 /secretpath"] {
        std::fs::write(tree.path("outside/secret.conf"), format!("{line};\n")).unwrap();
        let run = tree.run(&["trace", "ws://a/ws", "given", "--host-includes"]);
        assert!(run.stdout.contains("(not shown)"), "{}", run.stdout);
        assert!(!run.stdout.contains("secretpath"), "{line}: {}", run.stdout);
    }
    let run = tree.run(&["endpoints", "given", "--host-includes", "--format", "json"]);
    assert!(!run.stdout.contains("secret.internal"), "{}", run.stdout);
}

#[test]
fn of_several_roots_the_one_with_the_name_counts() {
    let root = |name: &str, lines: &str| {
        format!("events {{}}\nhttp {{ server {{ listen 80; server_name {name}; {lines} }} }}\n")
    };
    let (one, other) = (root("a.example", "return 403;"), root("b.example", "return 404;"));
    let tree = Tree::new(&[("one/nginx.conf", &one), ("other/nginx.conf", &other)]);
    let roots = |url: &str| {
        let run = tree.run(&["trace", url, ".", "--format", "json"]);
        let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let runs = value["runs"].as_array().unwrap().iter();
        runs.map(|run| run["root"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(roots("ws://b.example/"), ["other/nginx.conf"]);
    assert_eq!(roots("ws://c.example/"), ["one/nginx.conf", "other/nginx.conf"]);
}

#[test]
fn a_fragment_alone_says_nothing_for_sure() {
    let text = "server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } }\n";
    let run = Tree::new(&[("site.conf", text)]).run(&["trace", "ws://a/", "site.conf"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stdout.contains("unless a file that was not given changes it"), "{}", run.stdout);
}

#[test]
fn json_is_json() {
    let run = trace(SITES, "ws://example.com/ws/chat", &["--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(value["schema"], "urn:nginx-ws-lint:trace:v1");
    assert_eq!(value["handshake"], "succeeds");
    let way = &value["runs"][0]["ways"][0];
    assert_eq!(way["answer"]["status"], 101);
    assert_eq!(way["sent"]["line"], "GET /live/chat HTTP/1.1");
    let upgrade = &way["sent"]["fields"][0];
    assert_eq!((&upgrade["name"], &upgrade["origin"]), (&"Upgrade".into(), &"set".into()));
    assert_eq!((&upgrade["file"], &upgrade["line"]), (&"nginx.conf".into(), &9.into()));
}

#[test]
fn colours_and_narrow_terminals() {
    let tree = Tree::new(&[(
        "nginx.conf",
        "events {}\nhttp { server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } } }\n",
    )]);
    let arguments = ["trace", "ws://a/", "nginx.conf", "--nginx-version", "1.28.0", "--color"];
    assert!(tree.run(&[&arguments[..], &["always"]].concat()).stdout.contains("\x1b[31manswer"));
    assert!(!tree.run(&[&arguments[..], &["never"]].concat()).stdout.contains('\x1b'));
    let narrow = Tree::new(&[(
        "nginx.conf",
        "events {}\nhttp { server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } } }\n",
    )])
    .env("COLUMNS", "50");
    assert_snapshot!(narrow.run(&[&arguments[..], &["never", "--select", "capacity"]].concat()).shown());
}

/// The rules of the findings on the way.
fn rules_on_the_way(http: &str, url: &str) -> Vec<String> {
    let run = trace(http, url, &["--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = value.get("findings").and_then(serde_json::Value::as_array).unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_server_of_the_same_name_elsewhere_is_not_on_the_way() {
    let server = |listen: u16, connection: &str| {
        format!(
            "server {{ listen {listen}; server_name a.test; location /ws/ {{ proxy_pass http://127.0.0.1:1; UPGRADE; }} }}"
        )
        .replace("UPGRADE;", &UPGRADE.replace("Connection upgrade", &format!("Connection {connection}")))
    };
    let http = format!("{}\n{}", server(8080, "upgrade"), server(80, "close"));
    assert_eq!(rules_on_the_way(&http, "ws://a.test:8080/ws/"), Vec::<String>::new());
    assert_eq!(rules_on_the_way(&http, "ws://a.test/ws/"), ["wrong-connection-header"]);
}

/// The line that decides is on the way, wherever the request ends.
#[test]
fn an_if_that_was_left_is_on_the_way() {
    let text = "events {}\nhttp {\n    server {\n        listen 80;\n        proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection upgrade;\n        location /ws/ {\n            if ($http_upgrade) { proxy_pass http://127.0.0.1:1; }\n            if ($http_connection ~ Upgrade) { set $x 1; }\n        }\n    }\n}\n";
    let tree = Tree::new(&[("nginx.conf", text)]);
    let run = tree.run(&["trace", "ws://a.test/ws/", "nginx.conf"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.contains("handshake-fails: no handshake for `/ws/` can succeed"), "{}", run.shown());
}

/// What a password lets through is a way too, and what nginx does not start with is said of every request.
#[test]
fn passwords_and_refusals() {
    let http = "server { listen 80; auth_basic x; auth_basic_user_file users;
        location /ws/ { UPGRADE; proxy_pass http://127.0.0.1:9000; } }";
    let run = trace(http, "ws://a/ws/", &[]);
    assert_eq!(run.code, Some(0));
    let (with, without) = (run.stdout.find("if `auth_basic x` lets"), run.stdout.find("else:"));
    assert!(with.is_some() && with < without, "{}", run.stdout);
    assert!(run.stdout.contains("answer    401 from nginx: `auth_basic x` says so"), "{}", run.stdout);
    // One that is sent may be wrong.
    let run = trace(http, "ws://a/ws/", &["--header", "Authorization: Basic eDp5"]);
    assert_eq!(run.stdout.matches("lets the request through (assumed").count(), 1, "{}", run.stdout);

    let refused = trace("server { listen 80; root on on; }", "http://a/", &["--plain-get"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stdout.contains("\nnginx does not start: directive-not-allowed-here"),
        "{}",
        refused.stdout
    );
}

#[test]
fn tls_that_is_rejected() {
    let http = "server { listen 443 ssl default_server; ssl_reject_handshake on; }
        server { listen 443 ssl; server_name a; ssl_certificate a.pem; ssl_certificate_key a.key;
        location /ws/ { UPGRADE; proxy_pass http://127.0.0.1:9000; } }";
    let run = trace(http, "wss://b/ws/", &[]);
    assert_eq!(run.code, Some(1));
    let said = "the handshake cannot succeed: handshake-fails (nginx.conf:3)";
    assert!(run.stdout.contains(said), "{}", run.stdout);
    assert!(run.stdout.contains("`ssl_reject_handshake on` ends it with the alert"), "{}", run.stdout);
    assert_eq!(trace(http, "wss://a/ws/", &[]).code, Some(0));
}

/// Each path of `/many/` may take more ways than are followed; that of the URL has one.
#[test]
fn ways_of_other_paths_leave_a_trace_complete() {
    let tests: String = (0..6).map(|number| format!("if ($arg_a{number}) {{ set $x {number}; }} ")).collect();
    let http = format!(
        "server {{ listen 80; location /ws/ {{ UPGRADE; proxy_pass http://127.0.0.1:9000; }}
         location /many/ws/ {{ {tests} UPGRADE; proxy_pass http://127.0.0.1:9000; }} }}"
    );
    let run = trace(&http, "ws://a/ws/", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(!run.stdout.contains("ways"), "{}", run.stdout);
}

#[test]
fn no_blank_between_quotes_and_what_follows_them() {
    let http = "server { listen 80; location / { if ($http_x = \"\") { return 403; } root /srv; } }";
    let run = trace(http, "ws://a/", &[]);
    assert!(run.stdout.contains("`if ($http_x = \"\")` holds"), "{}", run.stdout);
}
