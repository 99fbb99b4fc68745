//! `missing-upgrade-header`: nothing forwards `Upgrade` to the upstream.
//!
//! `Upgrade` is hop-by-hop: nginx takes the client's off and sends none of its own
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_headers`).

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{VersionRange, defaults};
use ws_model::Endpoint;

use crate::given;
use crate::misspelt::{meant_for_header, sets_nothing};
use crate::repair::Repair;
use crate::verify::{Missing, add_lines, code, dropped_lines, with_curl};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct MissingUpgradeHeader;

const META: RuleMeta = RuleMeta {
    name: "missing-upgrade-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "a WebSocket endpoint does not forward `Upgrade` to the back end",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/missing-upgrade-header.md"),
};

impl Rule for MissingUpgradeHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        // Lines that an outer level has and this one drops are `upgrade-headers-not-inherited`'s.
        if !handshake.upgrade.source.is_default() || !dropped_lines(handshake).is_empty() {
            return;
        }
        // `shadowed-location`'s.
        if cx.caught(endpoint).is_some() {
            return;
        }
        let missing = Missing::of(cx, handshake);
        let wrong = handshake.connection.lines.iter().find(|line| {
            line.value(ws_model::Browser::Chrome).surely(|value| !ws_model::has_token(value, "upgrade"))
        });
        // A wrong `Connection` is to be replaced in the same go.
        let remedy = Missing { connection: missing.connection || wrong.is_some(), ..missing };
        let mut help = add_lines(cx, endpoint, handshake, remedy);
        if let Some(line) = wrong {
            help.push_str(&format!("\ninstead of:{}", code(&[format!("{};", line.directive.text_line())])));
        }
        if let Some(annotation) = given::annotation_for_upgrade(endpoint) {
            help = format!("set the annotation {annotation} of the Ingress");
        }
        let mut finding =
            FindingBuilder::new(&META, &endpoint.pass.directive, message(missing, cx.versions()))
                .endpoint(endpoint)
                .assumed(handshake.upgrade.source.is_assumed());
        if let Some(line) = meant_for_header(cx.configuration(), endpoint.context, b"upgrade") {
            finding = finding.label(&line, sets_nothing(&line));
        }
        // A path that falls through to `location /` beside a location made for WebSockets may as well be a wrong path.
        let other = endpoint.is_declared_catch_all().then(|| cx.model.configured_sibling(endpoint)).flatten();
        if let Some(other) = other {
            let text = "this location is set up for WebSockets; maybe it is the one you meant";
            finding = finding.at_most(Severity::Warning).confidence(Confidence::Medium);
            if let Some(location) = other.location() {
                finding = finding.label(&location, text);
            }
        }
        finding = given::at_ignored(finding, endpoint, "Upgrade");
        let repair = Repair::new(cx, endpoint, handshake).missing(cx, endpoint, remedy);
        finding = repair.fix(finding, "add the handshake lines");
        out.push(finding.help(with_curl(help, endpoint)));
    }
}

/// What the upstream gets instead of a handshake.
fn message(missing: Missing, versions: VersionRange) -> &'static str {
    let sends_close = missing.connection && !versions.any_since(defaults::HTTP11_BY_DEFAULT);
    match (sends_close, missing.version) {
        (true, true) => {
            "the back end gets HTTP/1.0 with `Connection: close` and no `Upgrade`, so it refuses the handshake"
        }
        (true, false) => {
            "the back end gets `Connection: close` and no `Upgrade`, so it refuses the handshake"
        }
        (false, _) => "the back end gets no `Upgrade`, so it refuses the handshake",
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Confidence};

    use crate::testing::{Options, check, check_with, fixed, fixed_with, found, help, labels};

    const ALL_LINES: &str = "add to this location:
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
and in `http`:
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
verify ";

    #[test]
    fn no_line_at_all_is_one_finding_with_one_remedy() {
        let findings = check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end gets no `Upgrade`, so it refuses the handshake
        proxy_read_timeout 3600s;
    }
"#,
        );
        assert!(help(&findings[0]).starts_with(ALL_LINES));
        assert_eq!(labels(&findings[0]), ["treated as a WebSocket endpoint: its path has `ws`"]);
    }

    #[test]
    fn an_old_version_is_told_what_it_sends_instead() {
        check_with(
            Options { websocket_path: Some("/chat"), ..Options::version("1.22.1") },
            r#"
    location /chat {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets HTTP/1.0 with `Connection: close` and no `Upgrade`, so it refuses the handshake
        proxy_read_timeout 3600s;
    }
"#,
        );
    }

    #[test]
    fn a_new_version_needs_no_http_version() {
        let findings = check_with(
            Options { websocket_path: Some("/chat"), ..Options::version("1.30.0") },
            r#"
    location /chat {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets no `Upgrade`, so it refuses the handshake
        proxy_read_timeout 3600s;
    }
"#,
        );
        assert!(!help(&findings[0]).contains("proxy_http_version"));
    }

    #[test]
    fn a_map_of_any_name_is_used_and_inherited_lines_are_repeated() {
        let findings = check(
            r#"
map $http_upgrade $conn { default upgrade; '' ''; }
server {
    proxy_set_header Host $host;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end gets no `Upgrade`, so…
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        let lines = "
    proxy_set_header Connection $conn;
    proxy_set_header Host $host;
verify ";
        assert!(help(&findings[0]).contains(lines), "{}", help(&findings[0]));
    }

    #[test]
    fn a_wrong_connection_beside_it_is_part_of_the_remedy() {
        let findings = check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end gets no `Upgrade`, so…
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_read_timeout 3600s;
    }
"#,
        );
        assert!(help(&findings[0]).contains("\ninstead of:\n    proxy_set_header Connection \"\";\n"));
    }

    #[test]
    fn an_outer_connection_that_is_dropped_does_not_hide_it() {
        check(
            r#"
server {
    proxy_set_header Connection "upgrade";
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets no `Upgrade`, so…
        proxy_http_version 1.1;
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 3600s;
    }
}
"#,
        );
    }

    #[test]
    fn in_a_fragment_a_file_that_was_not_given_may_set_it() {
        let findings = check_with(
            Options::bare(),
            r#"
server {
    location /socket.io/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets no `Upgrade`, so it refuses the handshake (unless a file that was not given sets it)
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        assert_eq!(findings[0].confidence, Confidence::Medium);
    }

    #[test]
    fn silent_where_it_is_declared_plain_or_not_a_proxy_or_unknown() {
        for location in [
            "location /ws/ { # nginx-ws-lint: not-websocket\n proxy_pass http://a; }",
            "location /ws/ { uwsgi_pass a:1; uwsgi_read_timeout 1h; }",
            "location /ws/ { proxy_pass http://a; proxy_read_timeout 1h; include /opt/elsewhere.conf; }",
            "location /api/ { proxy_pass http://a; }",
        ] {
            assert!(found(location).is_empty(), "{location}");
        }
    }

    #[test]
    fn all_lines_and_the_map_are_one_fix() {
        let table = [
            (
                "server {\n    location /ws/ {\n        proxy_pass http://a;\n        proxy_read_timeout 1h;\n    }\n}\n",
                "map $http_upgrade $connection_upgrade {\n    default upgrade;\n    ''      close;\n}\n\n\
                 server {\n    location /ws/ {\n        proxy_pass http://a;\n        proxy_http_version 1.1;\n        \
                 proxy_set_header Upgrade $http_upgrade;\n        \
                 proxy_set_header Connection $connection_upgrade;\n        proxy_read_timeout 1h;\n    }\n}\n",
            ),
            // The map that is there, lines beside their like, CRLF.
            (
                "map $http_upgrade $c {\r\n\tdefault upgrade;\r\n\t'' close;\r\n}\r\nserver {\r\n\tlocation /ws/ {\r\n\t\t\
                 proxy_set_header Host $host; # of us\r\n\t\tproxy_pass http://a;\r\n\t}\r\n}\r\n",
                "map $http_upgrade $c {\r\n\tdefault upgrade;\r\n\t'' close;\r\n}\r\nserver {\r\n\tlocation /ws/ {\r\n\t\t\
                 proxy_http_version 1.1;\r\n\t\tproxy_set_header Host $host; # of us\r\n\t\t\
                 proxy_set_header Upgrade $http_upgrade;\r\n\t\tproxy_set_header Connection $c;\r\n\t\tproxy_pass http://a;\r\n\t}\r\n}\r\n",
            ),
            // One line, what is inherited repeated, and what is wrong replaced.
            (
                "map $http_upgrade $c { default upgrade; '' close; }\nserver {\n  proxy_set_header Host 'a b';\n  \
                 proxy_set_header Connection '';\n  location /ws/ { proxy_pass http://a; }\n  location / { proxy_pass http://a; }\n}\n",
                "map $http_upgrade $c { default upgrade; '' close; }\nserver {\n  proxy_set_header Host 'a b';\n  \
                 proxy_set_header Connection '';\n  location /ws/ { proxy_pass http://a; proxy_http_version 1.1; \
                 proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $c; proxy_set_header Host 'a b'; }\n  \
                 location / { proxy_pass http://a; }\n}\n",
            ),
            (
                "server {\n  location /ws/ {\n    proxy_pass http://a;\n    proxy_http_version 1.1;\n    proxy_set_header Connection close;\n  }\n}",
                "map $http_upgrade $connection_upgrade {\n  default upgrade;\n  ''      close;\n}\n\nserver {\n  location /ws/ {\n    \
                 proxy_pass http://a;\n    proxy_http_version 1.1;\n    proxy_set_header Connection $connection_upgrade;\n    \
                 proxy_set_header Upgrade $http_upgrade;\n  }\n}",
            ),
        ];
        for (before, after) in table {
            assert_eq!(fixed(Applicability::Safe, "missing-upgrade-header", before), after);
        }
    }

    #[test]
    fn upstreams_that_keep_connections_get_no_close() {
        let text = "upstream a { server 127.0.0.1:9000; keepalive 8; }\nserver {\n  location /ws/ { proxy_pass http://a; }\n}\n";
        let after = fixed(Applicability::Safe, "missing-upgrade-header", text);
        assert!(
            after.contains(
                "\nmap $http_upgrade $connection_upgrade {\n  default upgrade;\n  ''      '';\n}\n\nserver"
            ),
            "{after}"
        );
    }

    #[test]
    fn where_a_fragment_has_no_place_for_a_map_the_value_is_the_clients() {
        let bare = |text| fixed_with(Options::bare(), Applicability::Safe, "missing-upgrade-header", text);
        let location = "location /ws/ {\n  proxy_pass http://a;\n}\n";
        let lines = "  proxy_http_version 1.1;\n  proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection ";
        assert_eq!(
            bare(location),
            format!("location /ws/ {{\n  proxy_pass http://a;\n{lines}$http_connection;\n}}\n")
        );
        let server = format!("server {{\n{location}}}\n");
        assert!(bare(&server).starts_with("map $http_upgrade $connection_upgrade {\n"), "{}", bare(&server));
    }
}
