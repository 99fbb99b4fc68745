//! What rules say of handshakes on their way.

use lint_finding::Applicability;
use nginx_semantics::ContextId;
use ws_model::{Endpoint, LostPath};

use crate::verify::{with_curl, with_curl_for};
use crate::{Context, FindingBuilder};

/// What a rule speaks about.
#[derive(Clone, Copy)]
pub(crate) enum About<'e, 's> {
    /// An endpoint.
    Endpoint(&'e Endpoint<'s>),
    /// A path that the user names.
    Path(&'e LostPath<'s>),
}

impl<'e> About<'e, 'e> {
    /// Names it, with its severity and confidence, and ends the help with the command that verifies `path`.
    pub(crate) fn finish(
        self,
        cx: &Context<'_, '_>,
        finding: FindingBuilder<'e>,
        help: String,
        path: &str,
    ) -> FindingBuilder<'e> {
        match self {
            Self::Endpoint(endpoint) if endpoint.example_path().as_deref() == Some(path) => {
                finding.endpoint(endpoint).help(with_curl(help, endpoint))
            }
            Self::Endpoint(endpoint) => {
                let help = with_curl_for(help, &endpoint.server_names, &endpoint.listens, path);
                finding.endpoint(endpoint).help(help)
            }
            Self::Path(lost) => {
                let names = nginx_semantics::server_names(cx.configuration(), lost.server);
                let listens = nginx_semantics::listens(cx.configuration(), lost.server);
                finding.path(cx, lost).help(with_curl_for(help, &names, &listens, path))
            }
        }
    }

    /// Whether a `proxy_pass` or its kin would be asked if nothing stood in the way.
    pub(crate) fn has_pass(self) -> bool {
        matches!(self, Self::Endpoint(_))
    }
}

/// Safe where clients have no WebSockets in a location, and neither a file that was not given nor the answer of a back end
/// may lead them there.
pub(crate) fn safe_if_closed(cx: &Context<'_, '_>, context: ContextId) -> Applicability {
    if cx.model.is_surely_closed_to_clients(context) { Applicability::Safe } else { Applicability::Unsafe }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Finding, Group, Severity};

    use crate::testing::{found, found_at};

    /// What nginx leads away from a location before its back end is asked, or takes the place of what that answers.
    #[test]
    fn of_a_pass_that_no_handshake_gets_nothing_is_said() {
        let own = "location @ws { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } \
                   location /inner/ { internal; proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }";
        let is_wrong = |finding: &Finding| {
            finding.severity >= Severity::Warning
                && matches!(finding.rule.group, Group::Handshake | Group::Protocol)
                // Not each of the two is led to.
                && finding.rule.name != "unused-named-location"
        };
        for lines in [
            "location /ws/ { try_files $uri @ws; proxy_pass http://b; }",
            "location /ws/ { try_files $uri @ws; proxy_pass http://b; proxy_set_header Upgrade $http_upgrade; proxy_http_version 1.0; }",
            "location /ws/ { try_files /none /inner/x; proxy_pass http://b; }",
            "location /ws/ { rewrite ^/ws/(.*)$ /inner/$1 last; proxy_pass http://b; }",
            "location /ws/ { error_page 418 = /inner/; return 418; }",
            "location /ws/ { error_page 418 = @ws; return 418; proxy_pass http://b; }",
            "location /ws/ { proxy_pass http://b; proxy_intercept_errors on; error_page 400 426 = @ws; }",
            "location /ws/ { proxy_pass http://b; proxy_intercept_errors on; error_page 400 426 =200 /inner/; }",
        ] {
            let is_replaced = lines.contains("=200");
            let text = format!("server {{ listen 80; server_name a.example; {lines} {own} }}");
            for path in [None, Some("/ws/"), Some("ws://a.example/ws/")] {
                let findings = found_at(path, &text);
                let wrong: Vec<_> = findings.iter().filter(|finding| is_wrong(finding)).collect();
                assert_eq!(wrong.is_empty(), !is_replaced, "{lines} {path:?}: {wrong:#?}");
            }
        }
        // A regex that goes before it, and whose refusal is replaced.
        let text = format!(
            "server {{ listen 80; location /ws/ {{ proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }} \
             location ~ ^/ws {{ proxy_pass http://b; proxy_intercept_errors on; error_page 400 426 = @ws; }} {own} }}"
        );
        let is_error = |finding: &Finding| is_wrong(finding) && finding.severity == Severity::Error;
        for path in [None, Some("/ws/"), Some("ws://a.example/ws/")] {
            let findings = found_at(path, &text);
            assert!(!findings.iter().any(is_error), "{path:?}: {findings:#?}");
        }
        // Where it fails there, the location that was found is blamed as before.
        let failing = "server { listen 80; location /ws/ { try_files $uri @up; proxy_pass http://b; } location @up { proxy_pass http://b; } }";
        assert!(found(failing).iter().any(is_wrong));
    }

    /// What nginx answers by itself is said, also beside what is wrong with a request that nobody gets.
    #[test]
    fn a_wrong_request_hides_no_answer_of_nginxs_own() {
        for (lines, more) in [
            ("auth_request /none;", "location = /none { return 404; }"),
            ("auth_request /auth;", "location = /auth { internal; return 403; }"),
        ] {
            let text = format!(
                "server {{ listen 80; location /ws/ {{ {lines} proxy_pass http://127.0.0.1:9000; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }} {more} }}"
            );
            let findings = found(&text);
            let said = |rule: &str| findings.iter().any(|finding| finding.rule.name == rule);
            assert!(said("http10-upstream") && said("handshake-fails"), "{lines}: {findings:#?}");
        }
        let text = "upstream u { server 127.0.0.1:9000 down; } server { listen 80; location /ws/ { proxy_pass http://u; } }";
        let findings = found_at(Some("/ws/"), text);
        let said = |rule: &str| findings.iter().any(|finding| finding.rule.name == rule);
        assert!(said("missing-upgrade-header") && said("handshake-fails"), "{findings:#?}");
    }

    /// A browser says the same name in TLS as in the request.
    #[test]
    fn tls_that_is_rejected_is_a_handshake_that_fails() {
        let server = |names: &str, lines: &str| {
            format!(
                "server {{ listen 443 ssl; server_name {names}; {lines} location /ws/ {{ proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; \
                 proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host; }} }}"
            )
        };
        let rejects = server("a.example", "ssl_reject_handshake on;");
        let said = |text: &str, path| {
            let findings = found_at(path, text);
            findings.iter().filter(|finding| finding.rule.name == "handshake-fails").count()
        };
        for path in [None, Some("/ws/"), Some("wss://a.example/ws/"), Some("wss://other.example/ws/")] {
            assert!(said(&rejects, path) > 0, "{path:?}");
        }
        let plain = rejects.replace("listen 443 ssl;", "listen 443 ssl; listen 80;");
        assert_eq!(said(&plain, None), 0);
        let other =
            format!("{rejects} {}", server("b.example", "ssl_certificate a.pem; ssl_certificate_key a.key;"));
        // That of the first name alone.
        assert_eq!(said(&other, Some("wss://b.example/ws/")), 1);
    }

    #[test]
    fn what_subrequests_ask_answers_soon() {
        let text = |asker: &str| {
            let lines = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;";
            format!("server {{ {asker} {{ internal; proxy_pass http://a; {lines} }} }}")
        };
        let is_found =
            |asker: &str| found(&text(asker)).iter().any(|finding| finding.rule.name == "short-read-timeout");
        for asker in [
            "auth_request /auth; location = /auth",
            "mirror /auth; location = /auth",
            "auth_request /auth/ws; location /auth/",
            "mirror /auth/x; location ~ ^/auth",
        ] {
            assert!(!is_found(asker), "{asker}");
        }
        for asker in [
            "auth_request /other; location = /auth",
            // Clients come here too.
            "auth_request /auth; location /chat/ { rewrite ^ /auth last; } location = /auth",
            "auth_request /auth; location /chat/ { try_files /none /auth; } location = /auth",
        ] {
            assert!(is_found(asker), "{asker}");
        }
    }

    /// The file that was not given silences `upgrade-in-subrequest`, and must not let a fix through.
    #[test]
    fn what_only_subrequests_reach_is_no_endpoint_and_gets_no_line() {
        let text = |http: &str, server: &str, asked: &str, more: &str| {
            format!(
                "events {{}}\nhttp {{\n  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n  \
                 proxy_http_version 1.1;\n  proxy_set_header Connection $connection_upgrade;\n{http}  server {{\n{server}    \
                 location {asked} {{ {more} proxy_pass http://127.0.0.1:9000; }}\n    location /terminal {{\n      \
                 proxy_pass http://127.0.0.1:9001; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade;\n      \
                 proxy_set_header Connection $connection_upgrade; include /not/given/resolver.conf;\n    }}\n  }}\n}}\n"
            )
        };
        let missing = |text: &str| {
            let findings = found(text);
            let is_asked = |location: &str| ["= /auth", "= /gate", "/socket.io/"].contains(&location);
            findings.into_iter().find(|one| {
                one.rule.name == "missing-upgrade-header"
                    && one.endpoint.as_ref().is_some_and(|endpoint| is_asked(&endpoint.location))
            })
        };
        let inside = "internal;";
        for (http, server) in [
            ("", "    auth_request /auth;\n"),
            ("", "    mirror /auth;\n"),
            ("  auth_request /auth;\n", ""),
            ("", "    location /a/ { mirror /auth; proxy_pass http://127.0.0.1:9002; }\n"),
        ] {
            let found = missing(&text(http, server, "= /auth", inside));
            assert!(found.is_none(), "{http}{server}: {found:#?}");
        }
        let own = "internal; proxy_set_header Connection upgrade;";
        assert!(missing(&text("", "    auth_request /auth;\n", "= /auth", own)).is_none());
        // Clients come too, but the lines that it inherits are not meant for it.
        for (server, more) in
            [("    auth_request /auth;\n", ""), ("    auth_request /auth;\n    rewrite ^/b /auth;\n", inside)]
        {
            assert!(missing(&text("", server, "= /auth", more)).is_none(), "{server}");
        }
        // Clients come too and it has lines of its own, or nobody can say who asks: something may be missing, and no fix
        // of it is safe.
        let own = "proxy_set_header Connection $connection_upgrade;";
        let inside_with_own = format!("{inside} {own}");
        for (server, asked, more) in [
            ("    auth_request /auth;\n", "= /auth", own),
            ("    auth_request /auth;\n    rewrite ^/b /auth;\n", "= /auth", inside_with_own.as_str()),
            ("", "= /gate", inside),
            ("", "= /gate", ""),
        ] {
            let text = text("", server, asked, more);
            let finding = missing(&text).unwrap_or_else(|| panic!("{text}"));
            let fix = finding.fix.expect("a fix");
            assert_eq!(fix.applicability, Applicability::Unsafe, "{text}");
        }
        // A name of its own says that it is for WebSockets.
        let finding = missing(&text("", "", "/socket.io/", "")).expect("a finding");
        assert_eq!(finding.fix.expect("a fix").applicability, Applicability::Safe);
    }

    /// A handshake that comes there by an internal redirect would lose what it needs.
    #[test]
    fn not_safe_where_a_client_may_be_sent_on_to_it() {
        const IGNORED: &str = "proxy_ignore_headers X-Accel-Redirect;";
        let text = |ignored: &str, lines: &str, asked: &str| {
            format!(
                "server {{ {ignored} proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection $http_connection; location /ws/ {{ auth_request /auth; proxy_pass http://a; }} \
                 location {asked} {{ internal; proxy_pass http://b; }} {lines} }}"
            )
        };
        let is_safe = |text: &str| {
            let findings = found(text);
            let one = findings.into_iter().find(|one| one.rule.name == "upgrade-in-subrequest");
            one.unwrap_or_else(|| panic!("{text}")).fix.expect("a fix").applicability == Applicability::Safe
        };
        for lines in [
            "",
            "location /b { proxy_pass http://c; }",
            "location /b { fastcgi_pass c; fastcgi_ignore_headers Expires x-accel-redirect; }",
            "location /b { memcached_pass c; }",
            "location /b { rewrite ^/b/(.*)$ /c/$1 last; }",
            "location /b { index index.html; }",
        ] {
            assert!(is_safe(&text(IGNORED, lines, "= /auth")), "{lines}");
            assert!(!is_safe(&text("", lines, "= /auth")), "{lines}");
        }
        for lines in [
            // What a back end answers.
            "location /b { proxy_pass http://c; proxy_ignore_headers Expires; }",
            "location /b { proxy_pass http://c; include not/given.conf; }",
            "location /b { if ($arg_a) { proxy_pass http://c; } proxy_ignore_headers Expires; }",
            "location /b { fastcgi_pass c; }",
            "location /b { uwsgi_pass c; }",
            "location /b { scgi_pass c; }",
            "location /b { grpc_pass c; }",
            // What nginx does by itself.
            "location /b { rewrite ^/b/(.*)$ /$1 last; }",
            "location /b { rewrite ^/b/(.*)$ /au$1 last; }",
            "location /b { try_files /none /$arg_a; }",
            "error_page 404 /auth;",
            "error_page 404 $arg_a;",
            "location /b { index a.html /auth; }",
            "location /b/ { random_index on; }",
            // A program.
            "location /b { js_content main.b; }",
            "location /b { perl main::b; }",
            "location /b { content_by_lua_block { ngx.exec('/auth') } }",
            "location /b { include snippets/fastcgi-php.conf; }",
        ] {
            assert!(!is_safe(&text(IGNORED, lines, "= /auth")), "{lines}");
        }
        assert!(!is_safe(&text(IGNORED, "", "~ ^/auth$")));
    }

    /// What an `if` of the server asks of clients changes nothing for a path that comes to no upstream.
    #[test]
    fn a_path_that_is_lost_on_every_way_is_told() {
        for condition in
            ["$http_cookie ~ x) { set $d 1; }", "$host = b.test) { return 301 https://b.test/; }"]
        {
            for location in ["location / { root /x; }", "location / { return 404; }", ""] {
                let text = format!(
                    "events {{}} http {{ server {{ listen 80; server_name a.test; if ({condition} {location} }} }}"
                );
                let findings = found_at(Some("/live"), &text);
                let told = findings.iter().filter(|one| one.severity > Severity::Info).count();
                assert_eq!(told, 1, "{text}: {findings:#?}");
            }
        }
    }
}
