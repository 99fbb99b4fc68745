//! `handshake-fails`: no way that nginx may take with a handshake leads to a WebSocket, and no other rule says why.
//!
//! What is judged is what `trace` follows: nginx's phases (`http/ngx_http_core_module.c:ngx_http_core_run_phases`), and a
//! back end that reads RFC 6455 strictly.

use lint_finding::{Finding, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::Directive;
use ws_model::{Arrival, Endpoint, Failure, Fault, LostPath, Standing};

use crate::unset;
use crate::verify::{with_curl, with_curl_at, with_curl_for};
use crate::ways::About;
use crate::{Context, FindingBuilder, Findings, IsSaid, Rule};

pub(super) struct HandshakeFails;

const META: RuleMeta = RuleMeta {
    name: "handshake-fails",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "no handshake can succeed here",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/handshake-fails.md"),
};

impl Rule for HandshakeFails {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        if cx.model.lost_paths.is_empty() && cx.model.arrivals.is_empty() || cx.model.is_refused() {
            return;
        }
        // What nginx says by a line of its own is another rule's.
        let is_told = |lost: &LostPath<'_>| lost.refusal().is_some() || lost.is_front_controllers();
        let of = |arrival: &Arrival<'_>| {
            let is_it = |lost: &&LostPath<'_>| {
                arrival.server.is_some_and(|(server, _)| server == lost.server) && arrival.path() == lost.path
            };
            cx.model.lost_paths.iter().find(is_it)
        };
        for arrival in &cx.model.arrivals {
            if !arrival.has_endpoint(cx.model) && !of(arrival).is_some_and(is_told) {
                if let Some(failure) = arrival.failure(cx.model) {
                    out.extend(of_arrival(cx, arrival, &failure));
                }
            }
        }
        let arrived: Vec<&LostPath<'_>> = cx.model.arrivals.iter().filter_map(of).collect();
        for lost in &cx.model.lost_paths {
            if !arrived.iter().any(|other| std::ptr::eq(*other, lost)) && !is_told(lost) {
                if let Some(failure) = lost.failure(cx.model) {
                    if let Some(line) =
                        failure.verdict.line.or_else(|| cx.configuration().opener(lost.server))
                    {
                        let help = help(&failure);
                        let path = failure.path.clone();
                        out.push(About::Path(lost).finish(cx, found(&line, &failure), help, &path));
                    }
                }
            }
        }
    }

    fn unsaid(
        &self,
        cx: &Context<'_, '_>,
        endpoint: &Endpoint<'_>,
        is_said: &IsSaid<'_>,
        out: &mut Findings,
    ) {
        let Some(failure) = cx.walks.failure(endpoint) else { return };
        let is_it = |finding: &Finding| is_about(finding, &failure);
        if is_meant_otherwise(endpoint, &failure) || cx.model.is_refused() || is_said(&is_it) {
            return;
        }
        let line = failure.verdict.line.unwrap_or(endpoint.pass.directive);
        // What decides may be read from a variable that another location sets.
        let mut read = vec![line.argument(0).unwrap_or_default().into_owned()];
        if let Some(handshake) = cx.handshake(endpoint) {
            let headers = [&handshake.upgrade, &handshake.connection, &handshake.host];
            let lines = headers.into_iter().flat_map(|header| &header.lines);
            read.extend(lines.map(|line| line.written.to_vec()));
        }
        let read = read.join(&b' ');
        let finding = unset::because(cx, endpoint.context, &read, found(&line, &failure)).endpoint(endpoint);
        // Of what is hardly an endpoint nothing is said in general.
        if !finding.is_worth_acting_on() {
            return;
        }
        let help = help(&failure);
        let help = match &failure.site {
            Some(site) => with_curl_at(help, site, &failure.path),
            None if endpoint.example_path().as_deref() == Some(&failure.path) => with_curl(help, endpoint),
            None => with_curl_for(help, &endpoint.server_names, &endpoint.listens, &failure.path),
        };
        out.push(finding.help(help));
    }
}

/// Whether a finding names why no handshake succeeds.
fn is_about(finding: &Finding, failure: &Failure<'_>) -> bool {
    let is_acted_on = finding.severity >= Severity::Warning;
    match finding.rule.tells {
        Tells::Nothing => false,
        Tells::Failure => is_acted_on,
        Tells::Request => is_acted_on && failure.is_back_ends,
        Tells::Socket => is_acted_on && failure.site.is_some(),
        Tells::Expiry => finding.severity >= Severity::Error,
        Tells::Elsewhere => true,
        Tells::MissingHost => is_acted_on && failure.verdict.fault == Some(Fault::NoHost),
    }
}

/// Whether the location is for another protocol, as its own line says.
fn is_meant_otherwise(endpoint: &Endpoint<'_>, failure: &Failure<'_>) -> bool {
    failure.verdict.fault == Some(Fault::OtherUpgrade) && endpoint.standing != Standing::Declared
}

fn found<'f>(line: &Directive<'f>, failure: &Failure<'_>) -> FindingBuilder<'f> {
    let message = format!("no handshake for `{}` can succeed: {}", failure.path, failure.verdict.text);
    let mut finding = FindingBuilder::new(&META, line, message);
    if let Some(because) = failure.because {
        finding = finding.because(&because, "this answers the subrequest");
    }
    if failure.is_settled { finding } else { finding.at_most(Severity::Warning) }
}

fn help(failure: &Failure<'_>) -> String {
    let remark = failure.verdict.remarks.first();
    let remark = remark.map(|remark| format!("{remark}\n")).unwrap_or_default();
    format!("{remark}`nginx-ws-lint trace URL` shows each step")
}

/// What is to be said of a URL that no endpoint gets.
fn of_arrival<'f>(
    cx: &Context<'_, 'f>,
    arrival: &Arrival<'f>,
    failure: &Failure<'f>,
) -> Option<FindingBuilder<'f>> {
    let server = arrival.server.map(|(server, _)| server);
    let opener = server.and_then(|server| cx.configuration().opener(server));
    let line = failure.verdict.line.or(opener).or(arrival.listen)?;
    let help = match &failure.site {
        Some(site) if server.is_some() => with_curl_at(help(failure), site, &failure.path),
        _ => help(failure),
    };
    Some(found(&line, failure).help(help))
}

#[cfg(test)]
mod tests {
    use super::META;
    use crate::testing::{Options, check, check_with, found, found_at, help, labels, with_handshake};

    #[test]
    fn no_server_of_the_upstream_is_asked() {
        let findings = check(&with_handshake(
            r#"
events {}
http {
    upstream app {
   #^^^^^^^^^^^^ error: no handshake for `/ws/` can succeed: 502 from nginx: every server of the `upstream` is marked `down`
        server 127.0.0.1:9000 down;
    }
    server {
        listen 80;
        location /ws/ { proxy_pass http://app; @ }
    }
}
"#,
        ));
        assert!(help(&findings[0]).starts_with("`nginx-ws-lint trace URL` shows each step"));
    }

    #[test]
    fn what_auth_request_asks_refuses_everybody() {
        let findings = check(&with_handshake(
            r#"
server {
    listen 80;
    location /ws/ {
        auth_request /auth;
       #^^^^^^^^^^^^^^^^^^ error: no handshake for `/ws/` can succeed: 403 from nginx: `auth_request /auth` says so
        proxy_pass http://127.0.0.1:9000;
        @
    }
    location = /auth { internal; return 403; }
}
"#,
        ));
        assert!(labels(&findings[0]).contains(&"this answers the subrequest"));
    }

    #[test]
    fn paths_of_the_user() {
        let options = Options { websocket_path: Some("wss://a.example/live"), ..Options::default() };
        check_with(
            options,
            &with_handshake(
                r#"
server {
    listen 443;
   #^^^^^^^^^^ error: no handshake for `/live` can succeed: no TLS is spoken here: nginx answers the client's TLS with 400 in plain text, which the client takes for a failed TLS handshake
    server_name a.example;
    location /live { proxy_pass http://127.0.0.1:9000; proxy_set_header Host $http_host; @ }
}
"#,
            ),
        );
    }

    /// A URL is judged in the server that gets it.
    #[test]
    fn of_a_url_one_server_is_meant() {
        let text = with_handshake(
            "events {} http { server { listen 80; server_name a.example; location / { proxy_pass http://127.0.0.1:9000; } } \
             server { listen 80; server_name b.example; location /live { proxy_pass http://127.0.0.1:9001; @ } } }",
        );
        let blamed = |path| {
            let findings = found_at(Some(path), &text);
            findings.iter().filter(|one| one.severity > lint_finding::Severity::Info).count()
        };
        assert!(blamed("ws://a.example/live") > 0);
        assert_eq!(blamed("ws://b.example/live"), 0);
        assert_eq!(blamed("ws://b.example:8080/live"), 1, "no socket");
    }

    /// A location is declared, and answers each handshake before it would pass it on.
    #[test]
    fn what_is_declared_is_judged_whatever_comes_before_it() {
        for condition in
            ["$http_upgrade ~* websocket", "$server_protocol != HTTP/2.0", "$request_method = GET"]
        {
            let text = with_handshake(&format!(
                "server {{ listen 80; location /ws/ {{ if ({condition}) {{ return 403; }} proxy_pass http://b; @ }} }}"
            ));
            let blamed = |text: &str, websocket_path| {
                let findings = found_at(websocket_path, text);
                let says_it = |name: &str| matches!(name, "handshake-fails" | "handshake-intercepted");
                findings.iter().filter(|one| says_it(one.rule.name)).count()
            };
            assert_eq!(blamed(&text, Some("/ws/")), 1, "{condition}");
            assert_eq!(blamed(&text, Some("ws://a/ws/")), 1, "{condition}");
            let comment = text.replace("location", "\n# nginx-ws-lint: websocket\nlocation");
            assert_eq!(blamed(&comment, None), 1, "{condition}");
            // Nobody says that it has WebSockets, and it refuses them.
            assert_eq!(blamed(&text, None), 0, "{condition}");
        }
    }

    #[test]
    fn a_header_from_a_variable_that_another_location_sets() {
        let text = "server { listen 80; location / { set $conn upgrade; proxy_pass http://127.0.0.1:9000; } location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $conn; proxy_read_timeout 1h; } }";
        let findings = found(text);
        let finding = findings.iter().find(|one| one.severity == lint_finding::Severity::Error).unwrap();
        let labels = labels(finding);
        assert!(labels.iter().any(|label| label.starts_with("`$conn` is set here only")), "{labels:?}");
    }

    /// One fault, one finding.
    #[test]
    fn of_what_cannot_upgrade_another_rule_speaks() {
        for pass in ["fastcgi_pass 127.0.0.1:9000", "grpc_pass 127.0.0.1:9000"] {
            let text = format!(
                "events {{}} http {{ server {{ listen 80; server_name a.example; location /ws {{ {pass}; }} }} }}"
            );
            for path in ["/ws", "ws://a.example/ws"] {
                let findings = found_at(Some(path), &text);
                let errors = findings.iter().filter(|one| one.severity == lint_finding::Severity::Error);
                let rules: Vec<_> = errors.map(|one| one.rule.name).collect();
                assert_eq!(rules, ["unsupported-upstream-protocol"], "{pass}, {path}");
            }
        }
    }

    #[test]
    fn silent_where_one_may_succeed_or_another_rule_says_why() {
        for text in [
            "upstream app { server 127.0.0.1:9000 down; server 127.0.0.1:9001; } server { listen 80; location /ws/ { proxy_pass http://app; @ } }",
            // Who asks decides.
            "server { listen 80; location /ws/ { auth_request /auth; proxy_pass http://b; @ } location = /auth { if ($cookie_a = '') { return 401; } return 204; } }",
            "server { listen 80; location /ws/ { auth_request /auth; proxy_pass http://b; @ } location = /auth { proxy_pass http://c; } }",
            "server { listen 80; location /ws/ { auth_basic x; auth_basic_user_file y; proxy_pass http://b; @ } }",
            "server { listen 80; location /ws/ { allow 10.0.0.0/8; deny all; proxy_pass http://b; @ } }",
            // `handshake-intercepted`, `missing-upgrade-header`.
            "server { listen 80; location /ws/ { proxy_pass http://b; @ return 403; } }",
            "server { listen 80; location /ws/ { proxy_pass http://b; } }",
            "server { listen 80; location /ws/ { proxy_pass http://$app; include /opt/a.conf; @ } }",
        ] {
            let findings = found(&with_handshake(text));
            assert!(findings.iter().all(|one| one.rule.name != META.name), "{text}: {findings:#?}");
        }
    }
}
