//! Which `Host` is the browser's own, and what is said where it is not.

use crate::testing::{check, found, help};

/// With a complete handshake for `@`.
fn with(text: &str) -> String {
    text.replace('@', "proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;")
}

#[test]
fn an_application_that_compares_makes_it_a_warning() {
    let findings = check(&with(
        r#"
server {
    listen 80;
    server_name chat.example.com;
    location /api/v4/websocket {
        @
        proxy_pass http://mattermost.lan:8065;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends `Host: mattermost.lan:8065` to the upstream, and the `Origin` of its pages names `chat.example.com`
    }
}
"#,
    ));
    assert!(
        help(&findings[0]).starts_with("add to this location:\n    proxy_set_header Host $http_host;\n"),
        "{}",
        help(&findings[0])
    );
}

#[test]
fn a_location_for_pages_beside_that_of_the_handshake() {
    check(&with(
        r#"
server {
    listen 80;
    server_name chat.example.com;
    location / {
        @
        proxy_pass http://mattermost.lan:8065;
        proxy_set_header Host chat.internal;
                             #^^^^^^^^^^^^^ info: nginx sends `Host: chat.internal` to the upstream, and the `Origin` of its pages names `chat.example.com`
    }
    location /api/v4/websocket {
        @
        proxy_set_header Host $http_host;
        proxy_pass http://mattermost.lan:8065;
    }
}
"#
    ).replace("Connection upgrade", "Connection $http_connection"));
}

#[test]
fn unknown_back_ends_make_it_info_and_only_where_the_name_is_known() {
    check(&with(
        r#"
server {
    listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    server_name _ app.example.com;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends `Host: 127.0.0.1:9000` to the upstream, and the `Origin` of its pages names `app.example.com`
    }
    location /ws/two {
        @
        proxy_set_header Host $proxy_host;
                             #^^^^^^^^^^^ info: nginx sends `Host: backend.lan` to the upstream, and…
        proxy_pass http://backend.lan;
    }
}
server {
    listen 80;
    location /ws/ { @ proxy_pass http://127.0.0.1:9000; }
}
server {
    listen 80;
    server_name localhost;
    location /ws/ { @ proxy_pass http://127.0.0.1:9000; }
}
"#,
    ));
}

#[test]
fn ports_that_are_lost_or_added() {
    let findings = check(&with(
        r#"
server {
    listen 8443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    server_name app.example.com;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $host;
                             #^^^^^ info: nginx sends `Host: app.example.com` to the upstream, and the `Origin` of a page at port 8443 has the port
    }
}
server {
    listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $host:$server_port;
                             #^^^^^^^^^^^^^^^^^^ info: nginx sends another `Host` to the upstream, and the `Origin` of a page at port 443 has no port
    }
}
"#,
    ));
    assert!(findings.iter().all(|finding| finding.fix.is_some()));
}

#[test]
fn no_host_at_all() {
    let findings = check(&with(
        r#"
server {
    listen 80;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host "";
                             #^^ warning: nginx sends no `Host` to the upstream, and HTTP/1.1 requires one
    }
}
"#,
    ));
    assert!(findings[0].fix.is_some());
    // HTTP/1.0 requires none, and one of two lines is enough.
    for lines in [
        "proxy_set_header Host ''; proxy_http_version 1.0;",
        "proxy_set_header Host ''; proxy_set_header Host $http_host;",
    ] {
        let text = with(&format!(
            "server {{ listen 80; location /ws/ {{ @ proxy_pass http://127.0.0.1:9000; {lines} }} }}"
        ));
        let text = if lines.contains("1.0") { text.replacen("proxy_http_version 1.1;", "", 1) } else { text };
        let findings = found(&text);
        let is_own = |finding: &&lint_finding::Finding| finding.message.contains("no `Host`");
        assert!(!findings.iter().any(|finding| is_own(&finding)), "{lines}: {findings:?}");
    }
}

#[test]
fn silent_where_the_two_are_the_same() {
    for (listen, host) in [
        ("443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key", "$host"),
        ("80", "$http_host"),
        ("8443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key", "$http_host"),
        ("8443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key", "$host:$server_port"),
        ("80", "$server_name"),
        ("80", "App.example.com"),
        // Handed on from another port, as likely as not.
        ("8080", "$host"),
        // Another name of the server.
        ("80", "www.example.com"),
    ] {
        let text = with(&format!(
            "server {{ listen {listen}; server_name app.example.com www.example.com; location /ws/ {{ @ proxy_pass http://127.0.0.1:9000; \
             proxy_set_header Host {host}; }} }}"
        ));
        let findings = found(&text);
        assert!(findings.is_empty(), "{listen} {host}: {findings:?}");
    }
}

#[test]
fn silent_where_nobody_compares_or_nothing_is_known() {
    for lines in [
        "proxy_pass http://127.0.0.1:9000; proxy_set_header Origin '';",
        "proxy_pass http://127.0.0.1:9000; proxy_set_header X-Forwarded-Host $host;",
        "proxy_pass http://127.0.0.1:9000; include /opt/elsewhere.conf;",
        "proxy_pass http://127.0.0.1:9000; set $backend x; proxy_set_header Host $elsewhere;",
        // Another site of the world's.
        "proxy_pass https://sockets.example.org;",
    ] {
        let text = with(&format!(
            "server {{ listen 80; server_name app.example.com; location /ws/ {{ @ {lines} }} }}"
        ));
        let mut findings = found(&text);
        findings.retain(|finding| finding.rule.name == "host-not-forwarded");
        assert!(findings.is_empty(), "{lines}: {findings:?}");
    }
    // An application that takes any origin.
    let text = "server { listen 80; server_name app.example.com; location /api/websocket { @ proxy_pass http://homeassistant.lan:8123; } }";
    assert!(found(&with(text)).is_empty(), "{:?}", found(&with(text)));
}
