//! What is told of requests without following them is what following them says.

use std::sync::Arc;

use nginx_semantics::Ending;

use crate::common::label;
use crate::exchange::{NEW, handshake, with_exchanges};

/// Where handshakes go straight to in the first server, path by path; followed too, they get there on one way with the
/// same request.
fn straight(http: &str, paths: &[&str]) -> Vec<Option<String>> {
    with_exchanges(http, NEW, |exchanges, server| {
        let of_path = |path: &str| {
            let request = Arc::new(handshake(path));
            let location =
                exchanges.straight_to(server, path).filter(|_| exchanges.is_let_in(server, &request))?;
            let followed = exchanges.run(server, Arc::clone(&request));
            let ending = &followed.only_way().expect("one way").ending;
            let passed = match ending {
                Ending::Passed(passed) => Some(passed),
                _ => None,
            };
            let passed = passed.expect("it is passed on");
            assert_eq!(passed.context, location, "{path}");
            let sent = exchanges.straight_request(server, location, &request);
            let fields = |request| format!("{:?}", exchanges.fields(request));
            assert_eq!(sent.as_ref().map(fields), passed.request.as_ref().map(fields), "{path}");
            let rest = sent.zip(passed.request.as_ref()).map(|(one, other)| {
                let is_same =
                    (&one.target, &one.peer, one.version) == (&other.target, &other.peer, other.version);
                is_same
                    && (one.is_tls, &one.server_name, &one.method)
                        == (other.is_tls, &other.server_name, &other.method)
            });
            assert!(rest.unwrap_or(true), "{path}");
            Some(label(exchanges.configuration, location))
        };
        paths.iter().map(|path| of_path(path)).collect()
    })
}

#[test]
fn what_only_passes_on_is_told_without_following_it() {
    const MAP: &str =
        "map $uri $part { ~^/chat/(?<room>.*)$ $room; } map $http_upgrade $c { default upgrade; '' close; }";
    for location in [
        "location /chat/ { proxy_pass http://127.0.0.1:9000; }",
        "location /chat/ { proxy_pass http://127.0.0.1:9000/b/; proxy_set_header X-Room $part; proxy_set_header Connection $c; }",
        "location ~ ^/(?<name>chat)/(.*)$ { proxy_pass http://127.0.0.1:9000; proxy_set_header X-Name $name$2; }",
        "proxy_set_header Host $host; proxy_http_version 1.1; location /chat/ { proxy_pass https://a; proxy_ssl_server_name on; }",
        "set_real_ip_from 127.0.0.0/8; location / { fastcgi_pass 127.0.0.1:9000; }",
        "location /chat/ { uwsgi_pass a; limit_req zone=a; include /not/given/*.conf; }",
        "error_page 404 /404; location /chat/ { proxy_pass http://a; location /chat/b { return 403; } }",
    ] {
        let found =
            straight(&format!("{MAP} server {{ {location} }}"), &["/chat/a", "/chat/a?b=c", "/chat/%41"]);
        let [plain, with_query, _] = found.as_slice() else { panic!("three") };
        assert!(plain.is_some() && with_query.is_some(), "{location}: {found:?}");
    }
}

#[test]
fn what_asks_changes_or_answers_is_followed() {
    for server in [
        "rewrite ^/a /b; location / { proxy_pass http://a; }",
        "set $a b; location / { proxy_pass http://a; }",
        "if ($http_upgrade) { return 403; } location / { proxy_pass http://a; }",
        "deny all; location / { proxy_pass http://a; }",
        "auth_basic a; location / { proxy_pass http://a; }",
        "auth_request /b; location / { proxy_pass http://a; }",
        "location / { internal; proxy_pass http://a; }",
        "location / { proxy_pass http://a; break; }",
        "location / { proxy_pass http://a; if ($arg_a) { set $b c; } }",
        "location / { proxy_pass http://a; try_files $uri /b; }",
        "location / { proxy_pass http://a; limit_except POST { deny all; } }",
        "location / { proxy_pass http://$host; }",
        "location / { proxy_pass tcp://a; }",
        "location / { proxy_pass http://; }",
        "location / { root /srv; }",
        "location /chat/a/ { proxy_pass http://a; }",
        "location ~ ^/(?R)$ { proxy_pass http://a; }",
    ] {
        assert_eq!(straight(&format!("server {{ {server} }}"), &["/chat/a"]), [None], "{server}");
    }
    let passes = "server { location / { proxy_pass http://a; } }";
    let odd = ["", "*", "chat", "/a//b", "/%2F/b", "/../b", "http://b/a", &format!("/{}", "a".repeat(5000))];
    assert!(straight(passes, &odd).iter().all(Option::is_none));
}
