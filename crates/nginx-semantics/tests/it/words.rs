//! Small things that nginx does with the words of a request: names of fields, captures, ports, lengths. As nginx.

use nginx_semantics::ClientRequest;

use crate::exchange::{NEW, OLD, client_fields, handshake, run, target};

/// A handshake with more fields behind its own.
fn with(fields: &[(&str, &str)]) -> ClientRequest {
    let mut request = handshake("/ws");
    request.headers.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    request
}

#[test]
fn names_of_fields() {
    let odd = with(&[("X_U", "1"), ("X.D", "2"), ("X_U.D", "3"), ("X-P", "4")]);
    let on = "underscores_in_headers on;";
    let off = "ignore_invalid_headers off;";
    for (lines, expected) in [
        ("", "X-P"),
        (on, "X_U X-P"),
        (off, "X_U X.D X_U.D X-P"),
        (&format!("{on} {off}"), "X_U X.D X_U.D X-P"),
        (&format!("server {{ listen 80 default_server; }} {on}"), "X_U X-P"),
    ] {
        let http = match lines.strip_prefix("server") {
            // Behind `Host`, the server counts that it names.
            Some(_) => format!(
                "server {{ server_name example.com; {on} location / {{ proxy_pass http://b; }} }} \
                 server {{ listen 80 default_server; }}"
            ),
            None => format!("server {{ {lines} location / {{ proxy_pass http://b; }} }}"),
        };
        let mut sent = client_fields(&http, NEW, &odd);
        sent.retain(|name| name.starts_with('X'));
        assert_eq!(sent.join(" "), expected, "{lines}");
    }
    let http = "server { underscores_in_headers on; location / { return 302 /$http_x_u-$http_x_p; } }";
    assert_eq!(run(http, NEW, &odd), "302 to /1-4 by return 302 /$http_x_u-$http_x_p");
    // Before `Host`, the default server reads them.
    let http = "server { server_name example.com; return 302 /$http_x_u-$http_x_v; } \
        server { listen 80 default_server; underscores_in_headers on; }";
    let mut early = with(&[("X_V", "2")]);
    early.headers.insert(0, ("X_U".to_owned(), b"1".to_vec()));
    assert_eq!(run(http, NEW, &early), "302 to /1- by return 302 /$http_x_u-$http_x_v");
    early.target = b"http://example.com/ws".to_vec();
    assert_eq!(run(http, NEW, &early), "302 to /- by return 302 /$http_x_u-$http_x_v");
    let http = "server { underscores_in_headers on; location / { return 302 /$http_x_u-$http_x_p; } }";
    for name in ["", "X Y", "X\x7f"] {
        assert_eq!(run(http, NEW, &with(&[(name, "1")])), "400 BadRequest", "{name:?}");
    }
}

#[test]
fn captures_are_escaped_where_nginx_escapes_them() {
    let table = [
        ("location ~ ^/l/(.*)$ { set $u $1; proxy_pass http://127.0.0.1/$u; }", "/l/a%20b", "/a%20b"),
        ("location ~ ^/l/(.*)$ { set $u $1; proxy_pass http://127.0.0.1/$u; }", "/l/a+b", "/a%2Bb"),
        // Nothing in the path was escaped, so nothing is.
        ("location ~ ^/l/(.*)$ { set $u $1; proxy_pass http://127.0.0.1/$u; }", "/l/a;b", "/a;b"),
        ("location ~ ^/l/(.*)$ { proxy_pass http://127.0.0.1/$1; }", "/l/a%3Bb", "/a;b"),
        (
            "location ~ ^/l/(.*)$ { if ($arg_a = $1) { return 403; } proxy_pass http://b; }",
            "/l/a+b?a=a%2Bb",
            "403 by return 403",
        ),
        // A `rewrite` that has matched ends it.
        (
            "location ~ ^/l/(.*)$ { rewrite ^/l/(.*)$ /m/; set $u $1; break; proxy_pass http://127.0.0.1/$u; }",
            "/l/a+b",
            "/a+b",
        ),
        (
            "location / { rewrite ^ http://h$request_uri permanent; }",
            "/a%3Bb%20c",
            "301 to http://h/a;b%20c by rewrite ^ http://h$request_uri permanent",
        ),
        (
            "location / { rewrite ^/(.*) /n/$1 redirect; }",
            "/a%3Bb%26c%20d",
            "302 to /n/a;b&c%20d by rewrite ^/(.*) /n/$1 redirect",
        ),
        ("location ~ ^/l/(.*)$ { return 301 /$1; }", "/l/a%3Bb", "301 to /a;b by return 301 /$1"),
    ];
    for (server, path, expected) in table {
        assert_eq!(target(server, path), expected, "{server}");
    }
}

#[test]
fn addresses_that_are_none_and_arguments_alone() {
    let table = [
        ("location /ws { proxy_pass http://b?z=1; }", "/ws/a", "?z=1/a"),
        ("set $b 127.0.0.1; location /ws { proxy_pass http://$b?z=1; }", "/ws/a", "/?z=1"),
        ("location ~ ^/(ws)/ { proxy_pass http://127.0.0.1:900$1; }", "/ws/x", "500 NoUpstream"),
        ("location ~ ^/(.*)/ { proxy_pass http://127.0.0.1:$1; }", "/65535/x", "/65535/x"),
        ("location ~ ^/(.*)/ { proxy_pass http://127.0.0.1:$1; }", "/65536/x", "500 NoUpstream"),
        ("location ~ ^/(.*)/ { proxy_pass http://127.0.0.1:$1; }", "/0/x", "500 NoUpstream"),
        ("location ~ ^/p(.*)/ { proxy_pass http://127.0.0.1:$1; }", "/p/x", "500 NoUpstream"),
    ];
    for (server, path, expected) in table {
        assert_eq!(target(server, path), expected, "{server}");
    }
}

#[test]
fn the_length_of_a_body_that_is_set() {
    for (body, expected) in
        [("x", "1"), ("''", "0"), ("'é$request_method'", "5"), ("$request_id", "NotEmpty")]
    {
        let http = format!("server {{ location / {{ proxy_set_body {body}; proxy_pass http://b; }} }}");
        let seen = run(&http, NEW, &handshake("/ws"));
        assert!(seen.ends_with(&format!("| Content-Length: {expected}")), "{body}: {seen}");
    }
}

#[test]
fn the_name_of_a_server() {
    for (name, expected) in [("A.Test", "a.test"), (".A.Test", "a.test"), ("~^A", "~^A"), ("''", "")] {
        let http = format!("server {{ server_name {name}; return 308 http://$server_name/; }}");
        let seen = run(&http, OLD, &handshake("/ws"));
        assert_eq!(seen.split(' ').nth(2), Some(format!("http://{expected}/").as_str()), "{name}");
    }
}
