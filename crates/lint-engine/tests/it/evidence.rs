//! Evidence decides severity: the same line is an error, a warning, info or nothing by what speaks for a WebSocket.

use lint_finding::{Finding, Severity};

use crate::snippet::{Snippet, listed};

/// Lines for an upgrade, without time.
const UP: &str =
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

/// A server with `UP` for `@`, below `http` lines.
fn judged(http: &str, server: &str) -> Vec<Finding> {
    Snippet::bare(text(http, server)).run().findings
}

fn text(http: &str, server: &str) -> String {
    format!("events {{}}\nhttp {{\n{http}\nserver {{ listen 8081;\n{server}\n}}\n}}\n").replace('@', UP)
}

/// The severity of a rule's finding, if there is one.
fn severity(findings: &[Finding], rule: &str) -> Option<Severity> {
    let mut all = findings.iter().filter(|finding| finding.rule.name == rule);
    let first = all.next().map(|finding| finding.severity);
    assert!(all.all(|finding| Some(finding.severity) == first), "{rule} has several severities");
    first
}

/// What is to be judged, the rule, and how severe its only findings are.
type Row = (&'static str, &'static str, &'static str, Option<Severity>);

#[track_caller]
fn check(rows: &[Row]) {
    for (name, server, rule, expected) in rows {
        let findings = judged("", server);
        assert_eq!(severity(&findings, rule), *expected, "{name}: {findings:#?}");
    }
}

const WARNING: Option<Severity> = Some(Severity::Warning);
const INFO: Option<Severity> = Some(Severity::Info);
const ERROR: Option<Severity> = Some(Severity::Error);

#[test]
fn time_is_a_warning_only_where_more_than_lines_speaks_for_it() {
    const RULE: &str = "short-read-timeout";
    check(&[
        ("lines alone", "location / { @ proxy_pass http://127.0.0.1:9000; }", RULE, INFO),
        ("a path", "location /ws/ { @ proxy_pass http://127.0.0.1:9000; }", RULE, WARNING),
        (
            "a part of a path",
            "location /chat-websocket/ { @ proxy_pass http://127.0.0.1:9000; }",
            RULE,
            WARNING,
        ),
        (
            "a server's name",
            "server_name ws.example.com; location / { @ proxy_pass http://127.0.0.1:9000; }",
            RULE,
            WARNING,
        ),
        (
            "a comment",
            "\n# WebSocket of the game\nlocation /game/ { @ proxy_pass http://127.0.0.1:9000; }",
            RULE,
            WARNING,
        ),
        (
            "a declaration",
            "\n# nginx-ws-lint: websocket\nlocation /game/ { @ proxy_pass http://127.0.0.1:9000; }",
            RULE,
            WARNING,
        ),
        (
            "a line that is copied along",
            "location / { @ proxy_cache_bypass $http_upgrade; proxy_pass http://127.0.0.1:9000; }",
            RULE,
            INFO,
        ),
        ("lines of the server", "@ location /app/ { proxy_pass http://127.0.0.1:9000; }", RULE, INFO),
        ("a name alone", "location /ws/ { proxy_pass http://127.0.0.1:9000; }", RULE, WARNING),
        (
            "shorter than usual pings",
            "location / { @ proxy_pass http://127.0.0.1:9000; proxy_read_timeout 5s; }",
            RULE,
            WARNING,
        ),
        (
            "no time at all",
            "@ location /app/ { proxy_pass http://127.0.0.1:9000; proxy_read_timeout 0; }",
            RULE,
            ERROR,
        ),
    ]);
}

#[test]
fn a_sibling_that_carries_the_socket_takes_the_blame_off() {
    const REST: &str = "location ~ ^/(printer|api|server)/ { proxy_pass http://127.0.0.1:7125; proxy_set_header Upgrade $http_upgrade; }";
    const RULE: &str = "missing-connection-header";
    let socket = "location /websocket { @ proxy_pass http://127.0.0.1:7125; proxy_read_timeout 1h; }";
    let other = "location /websocket { @ proxy_pass http://127.0.0.1:7126; proxy_read_timeout 1h; }";
    assert_eq!(severity(&judged("", REST), RULE), ERROR, "the author's own lines");
    assert_eq!(severity(&judged("", &format!("{socket} {REST}")), RULE), INFO, "beside the socket");
    let variable = REST.replace("7125;", "7125$request_uri;");
    assert_eq!(
        severity(&judged("", &format!("{socket} {variable}")), RULE),
        INFO,
        "which may be the same back end"
    );
    assert_eq!(
        severity(&judged("", &format!("{other} {REST}")), RULE),
        ERROR,
        "the socket of another program"
    );
    let findings = judged("", &format!("{socket} {REST}"));
    let label = findings.iter().flat_map(|finding| &finding.labels).map(|label| label.message.as_ref());
    assert!(
        label
            .into_iter()
            .any(|text| text.ends_with("another location of its server is the one for WebSockets"))
    );
}

#[test]
fn a_broken_handshake_by_what_speaks_for_it() {
    const RULE: &str = "missing-connection-header";
    check(&[
        (
            "a path",
            "location /ws/ { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:9000; }",
            RULE,
            ERROR,
        ),
        (
            "own lines",
            "location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:9000; }",
            RULE,
            ERROR,
        ),
        (
            "lines of the server",
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; location / { proxy_pass http://127.0.0.1:9000; }",
            RULE,
            WARNING,
        ),
        (
            "no socket",
            "location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_pass http://kopia:51515; }",
            RULE,
            INFO,
        ),
        (
            "a name alone",
            "location /ws/ { proxy_pass http://127.0.0.1:9000; }",
            "missing-upgrade-header",
            WARNING,
        ),
        (
            "an application's path",
            "location /socket.io/ { proxy_pass http://127.0.0.1:9000; }",
            "missing-upgrade-header",
            ERROR,
        ),
    ]);
}

#[test]
fn a_port_alone_names_no_application() {
    for port in [8096, 5006, 5050, 8181, 7777, 8989, 8123] {
        let plain = judged("", &format!("location / {{ proxy_pass http://127.0.0.1:{port}; }}"));
        assert_eq!(severity(&plain, "missing-upgrade-header"), None, "{port} raises nothing");
        let findings = judged("", &format!("location /ws/ {{ @ proxy_pass http://127.0.0.1:{port}; }}"));
        assert_eq!(severity(&findings, "short-read-timeout"), WARNING, "{port} lowers nothing");
    }
}

#[test]
fn a_header_line_of_an_application_s_documentation_points_to_it() {
    const RULE: &str = "missing-upgrade-header";
    let line = "proxy_set_header Accept-Encoding gzip;";
    let rows = [
        ("with its port", format!("location / {{ {line} proxy_pass http://127.0.0.1:8080; }}"), WARNING),
        ("in other letters", "location / { proxy_set_header accept-encoding GZIP; proxy_pass http://[::1]:8443/; }".to_owned(), WARNING),
        ("with another port", format!("location / {{ {line} proxy_pass http://127.0.0.1:9123; }}"), None),
        ("another value", "location / { proxy_set_header Accept-Encoding br; proxy_pass http://127.0.0.1:8080; }".to_owned(), None),
        ("a part of the application", format!("location /static/ {{ {line} proxy_pass http://127.0.0.1:8080; }}"), None),
        ("a field of its own", "location / { proxy_set_header X-Frappe-Site-Name a; proxy_pass http://127.0.0.1:9123; }".to_owned(), WARNING),
        ("beside its socket", "location / { proxy_set_header X-Frappe-Site-Name a; proxy_pass http://127.0.0.1:9123; } location /socket.io { @ proxy_pass http://127.0.0.1:9124; }".to_owned(), None),
    ];
    for (name, server, expected) in rows {
        let findings = judged("", &server);
        assert_eq!(severity(&findings, RULE), expected, "{name}: {findings:#?}");
    }
}

#[test]
fn a_name_is_the_application_behind_any_port() {
    for pass in ["http://grafana:3000", "http://grafana:3001", "http://grafana:18423", "http://grafana"] {
        let findings = judged("", &format!("location /grafana/ {{ proxy_pass {pass}; }}"));
        assert_eq!(severity(&findings, "missing-upgrade-header"), WARNING, "{pass}");
    }
}

#[test]
fn what_the_application_sends() {
    const RULE: &str = "short-read-timeout";
    let rows = [
        (
            "in time",
            "location /socket.io/ { @ proxy_pass http://127.0.0.1:1; }",
            INFO,
            "sends something every 25s",
        ),
        (
            "not in time",
            "location /socket.io/ { @ proxy_read_timeout 20s; proxy_pass http://127.0.0.1:1; }",
            WARNING,
            "every 25s by default, which is too late",
        ),
        (
            "a race",
            "location / { @ proxy_pass http://cloudbeaver:8978; }",
            WARNING,
            "every 60s by default, which races",
        ),
        (
            "too late",
            "location / { @ proxy_pass http://archisteamfarm:1242; }",
            WARNING,
            "every 120s by default, which is too late",
        ),
        ("nothing", "location / { @ proxy_pass http://filebot:5800; }", WARNING, "sends nothing on its own"),
        (
            "nothing, behind a mount",
            "location ^~ /filebot/ { @ proxy_pass http://filebot:5800; }",
            WARNING,
            "sends nothing on its own",
        ),
        ("likely, with time to spare", "location / { @ proxy_pass http://argocd:80; }", INFO, "every 5s"),
        (
            "likely, too near",
            "location /ws/ { @ proxy_read_timeout 30s; proxy_pass http://galene:1; }",
            WARNING,
            "or send a ping from either side",
        ),
        (
            "by the path that the back end is asked for",
            "location /events { @ proxy_pass http://127.0.0.1:1/socket.io/; }",
            INFO,
            "every 25s",
        ),
        (
            "below the path of a framework that only its name tells",
            "location /ws/chat/ { @ proxy_pass http://backend-django:8000; }",
            INFO,
            "every 20s",
        ),
        (
            "a framework at a path of the author's own",
            "\n# WebSocket\nlocation /orders/ { @ proxy_pass http://daphne:8001; }",
            INFO,
            "every 20s",
        ),
        (
            "of two programs with one path, the one whose port it is",
            "location ^~ /websockify { @ proxy_pass http://desktop:6901; }",
            INFO,
            "KasmVNC",
        ),
        (
            "the other of them",
            "location ^~ /websockify { @ proxy_pass http://desktop:6080; }",
            WARNING,
            "sends nothing on its own",
        ),
        (
            "a name that an application without WebSockets takes the weight of",
            "location /ws/ { @ proxy_pass http://netbox:8001; }",
            INFO,
            "or send a ping from either side",
        ),
        (
            "by a pattern",
            "location ~ /api/v[0-9]+/(users/)?websocket$ { @ proxy_pass http://127.0.0.1:1; }",
            INFO,
            "Mattermost sends something every 30s",
        ),
    ];
    for (name, server, expected, help) in rows {
        let findings = judged("", server);
        assert_eq!(severity(&findings, RULE), expected, "{name}: {findings:#?}");
        let said = findings
            .iter()
            .find(|finding| finding.rule.name == RULE)
            .and_then(|finding| finding.help.as_deref());
        assert!(said.is_some_and(|said| said.contains(help)), "{name}: {said:?}");
    }
}

#[test]
fn the_path_that_is_asked_for_is_that_of_the_program_it_is_called_after() {
    let server = "location /live { @ proxy_pass http://a:1/x/socket.io; } location /b/socket.io { @ proxy_pass http://a:1; }";
    for finding in judged("", server) {
        assert!(finding.labels.iter().all(|label| !label.message.contains("Flask")), "{finding:#?}");
        assert_ne!(finding.rule.name, "forwarded-proto-missing");
    }
}

#[test]
fn a_framework_that_mostly_has_no_socket_is_no_endpoint_by_its_name() {
    for location in ["/", "/api/", "/admin/"] {
        let text = text("", &format!("location {location} {{ proxy_pass http://django:8000; }}"));
        assert!(Snippet::bare(text).run().endpoints.is_empty(), "{location}");
    }
}

#[test]
fn lines_that_two_locations_drop_were_meant_for_the_one_with_the_socket() {
    const RULE: &str = "upgrade-headers-not-inherited";
    let server = |names: &str, other: &str| {
        format!(
            "{names} @ location /api {{ proxy_set_header Host $host; proxy_pass {other}; }} \
             location / {{ proxy_set_header Host $host; proxy_pass http://127.0.0.1:9696; }}"
        )
    };
    let places = |server: &str| {
        let findings = judged("", server);
        let all = findings.iter().filter(|finding| finding.rule.name == RULE);
        all.filter_map(|finding| Some(finding.endpoint.as_ref()?.location.clone())).collect::<Vec<_>>()
    };
    let same = "http://127.0.0.1:9696";
    assert_eq!(places(&server("server_name prowlarr.example.com;", same)), ["/"], "its REST");
    assert_eq!(places(&server("server_name app.example.com;", same)), ["/api", "/"], "nothing tells which");
    let another = "http://127.0.0.1:9697";
    assert_eq!(
        places(&server("server_name prowlarr.example.com;", another)),
        ["/api", "/"],
        "another program"
    );
}

#[test]
fn beside_the_path_of_the_socket_other_paths_of_the_application_are_no_endpoints() {
    let rest = "location /plugins/ { proxy_pass http://mattermost:8065; } location / { proxy_pass http://mattermost:8065; }";
    for (socket, expected) in [
        ("location ~ /api/v4/websocket$ { proxy_pass http://mattermost:8065; }", 1),
        ("", 1),
        ("location /other/ { proxy_pass http://mattermost:8065; }", 1),
    ] {
        let outcome = Snippet::bare(text("", &format!("{socket} {rest}"))).run();
        assert_eq!(outcome.endpoints.len(), expected, "{socket}: {:#?}", outcome.endpoints);
        for finding in &outcome.findings {
            let help = finding.help.as_deref().unwrap_or_default();
            assert!(!help.contains("/plugins/"), "{help}");
        }
    }
    let alone = Snippet::bare(text("", "location /plugins/ { proxy_pass http://mattermost:8065; }")).run();
    assert_eq!(alone.endpoints.len(), 1, "nothing else serves the application");
}

#[test]
fn a_path_that_several_share_is_told_by_another_one() {
    let beside = "location /colibri-ws/ { @ proxy_pass http://127.0.0.1:9090; proxy_read_timeout 1h; } \
                  location = /xmpp-websocket { @ proxy_pass http://127.0.0.1:5280; }";
    let findings = judged("", beside);
    let help = findings.iter().filter_map(|finding| finding.help.as_deref());
    assert!(help.into_iter().any(|help| help.contains("Jitsi")), "{findings:#?}");
}

#[test]
fn inherited_lines_make_no_endpoint_of_what_is_plain() {
    for location in [
        "location /health { proxy_pass http://127.0.0.1:9000; }",
        "location = /metrics { proxy_pass http://127.0.0.1:9000; }",
        "location /static/ { proxy_pass http://127.0.0.1:9000; }",
        "location ~* \\.(?:css|js|png)$ { proxy_pass http://127.0.0.1:9000; }",
        "location ~ ^/assets/.*\\.js$ { proxy_pass http://127.0.0.1:9000; }",
        "auth_request /verify; location = /verify { proxy_pass http://127.0.0.1:9000; }",
    ] {
        let outcome = Snippet::bare(text("", &format!("@ {location}"))).run();
        assert!(outcome.endpoints.is_empty(), "{location}: {:?}", outcome.endpoints);
    }
    let own = Snippet::bare(text("", "location /health { @ proxy_pass http://127.0.0.1:9000; }")).run();
    assert_eq!(own.endpoints.len(), 1, "lines of its own are meant");
}

#[test]
fn lines_of_a_file_that_says_websocket_are_lines_and_a_name() {
    for (file, expected) in [("websocket.conf", WARNING), ("proxy.conf", INFO)] {
        let server = format!("location /app/ {{ include {file}; proxy_pass http://127.0.0.1:9000; }}");
        let findings = Snippet::bare(text("", &server)).file(file, UP).run().findings;
        assert_eq!(severity(&findings, "short-read-timeout"), expected, "{file}");
    }
}

#[test]
fn nothing_is_said_of_the_time_of_a_sample() {
    for names in [
        "server_name app.example.com; location /ws/ { @ proxy_pass http://<container>:8080; }",
        "server_name your-domain.com; location /ws/ { @ proxy_pass http://127.0.0.1:8080; }",
    ] {
        assert_eq!(severity(&judged("", names), "short-read-timeout"), None, "{names}");
    }
    let shown = "server_name your-domain.com; location /ws/ { @ proxy_pass http://127.0.0.1:8080; proxy_read_timeout 20s; }";
    assert_eq!(severity(&judged("", shown), "short-read-timeout"), WARNING, "a limit that the sample shows");
}

#[test]
fn the_command_asks_for_the_path_of_the_socket() {
    for (server, path) in [
        ("location / { proxy_pass http://mattermost:8065; }", "/api/v4/websocket"),
        (
            "location ~ /api/v[0-9]+/(users/)?websocket$ { proxy_pass http://mattermost:8065; }",
            "/api/v4/websocket",
        ),
        ("location / { proxy_pass http://btcpayserver:49392; }", "/_blazor"),
        ("location / { proxy_pass http://mempool:8999; }", "/api/v1/ws"),
        ("location /ws/ { proxy_pass http://music-assistant:8095; }", "/ws/"),
        ("location /grafana/ { proxy_pass http://grafana:3000; }", "/grafana/api/live/ws"),
        ("location /api/websocket/ { proxy_pass http://portainer:9000; }", "/api/websocket/exec"),
    ] {
        let findings = judged("", server);
        let help = findings
            .iter()
            .filter(|finding| finding.rule.name == "missing-upgrade-header")
            .filter_map(|finding| finding.help.as_deref())
            .next()
            .unwrap_or_default();
        assert!(help.ends_with(&format!("'http://localhost:8081{path}'")), "{server}: {help}");
    }
}

#[test]
fn an_include_that_was_not_given_hedges_and_stops_a_fix() {
    let location = "location /ws/ { proxy_pass http://127.0.0.1:9000; }";
    let of = |findings: &[Finding]| -> Vec<(&'static str, String, Severity)> {
        let said = findings
            .iter()
            .filter(|finding| matches!(finding.rule.name, "missing-upgrade-header" | "short-read-timeout"));
        said.map(|finding| {
            let text = finding.message.replace(" (unless a file that was not given sets it)", "");
            (finding.rule.name, text, finding.severity)
        })
        .collect()
    };
    let wrap = |outer: &str, before: &str, inside: &str| {
        let server = format!("server {{ {inside} {location} }}");
        if outer.is_empty() { server } else { format!("events {{}} http {{ {before} {server} }}") }
    };
    for outer in ["", "http"] {
        let alone = Snippet::bare(wrap(outer, "", "")).run().findings;
        assert_eq!(of(&alone).len(), 2, "{}", listed(&alone));
        // Whatever the name of the file promises: what it has is not known.
        for include in [
            "include /opt/x.conf;",
            "include /etc/nginx/proxy.conf;",
            "include /etc/nginx/snippets/tls.conf;",
        ] {
            for (before, inside) in [("", include), (include, ""), (include, include)] {
                if outer.is_empty() && !before.is_empty() {
                    continue;
                }
                let text = wrap(outer, before, inside);
                let findings = Snippet::bare(text.clone()).run().findings;
                assert_eq!(of(&findings), of(&alone), "{text}\n{}", listed(&findings));
                for finding in &findings {
                    let is_handshake =
                        matches!(finding.rule.name, "missing-upgrade-header" | "short-read-timeout");
                    assert!(!is_handshake || finding.fix.is_none() && finding.unsafe_fix.is_none(), "{text}");
                    assert!(
                        !is_handshake || finding.message.ends_with("that was not given sets it)"),
                        "{text}"
                    );
                }
            }
        }
    }
    // One in the location itself is where its lines would be.
    let inside = "server { location /ws/ { include /opt/tls.conf; proxy_pass http://127.0.0.1:9000; } }";
    for text in [inside.to_owned(), format!("events {{}} http {{ {inside} }}")] {
        assert!(of(&Snippet::bare(text.clone()).run().findings).is_empty(), "{text}");
    }
}

/// An error with the user's word for the path is a warning where a file is missing that may hold what is missed.
#[test]
fn what_is_hedged_is_a_warning_at_most() {
    let location = "location /chat { proxy_pass http://127.0.0.1:9000; }";
    for (include, most) in [("", Severity::Error), ("include /opt/x.conf;", Severity::Warning)] {
        let text = format!("events {{}} http {{ {include} server {{ {location} }} }}");
        let mut snippet = Snippet::bare(text);
        snippet.settings.assume_websocket = true;
        let findings = snippet.run().findings;
        let severity = findings.iter().map(|finding| finding.severity).max();
        assert_eq!(severity, Some(most), "{include}: {}", listed(&findings));
    }
}
