//! `handshake-redirected`: nginx answers the handshake with a redirect, and WebSocket clients follow none.
//!
//! A `return`, a `rewrite`, or nginx's own 301 from `/ws` to a location `/ws/` that proxies
//! (`http/ngx_http_core_module.c:ngx_http_core_find_config_phase`). RFC 6455 section 4.1 lets a client follow redirects;
//! browsers do not.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Answer, ContextId, Directive, DirectiveName, Selection};
use nginx_syntax::lossy;
use ws_model::applications::{self, PathKind};
use ws_model::{Blame, Endpoint, EvidenceKind, Refusal};

use crate::edit::{copied, word};
use crate::ways::About;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct HandshakeRedirected;

const META: RuleMeta = RuleMeta {
    name: "handshake-redirected",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "nginx answers the handshake with a redirect, which WebSocket clients do not follow",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Failure,
    docs: include_str!("../../pages/handshake-redirected.md"),
};

impl Rule for HandshakeRedirected {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for lost in &cx.model.lost_paths {
            if let Some(refusal) = lost.refusal().filter(|refusal| is_redirect(refusal.answer)) {
                report(cx, About::Path(lost), &refusal, out);
            }
        }
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let probes = cx.walks.probes(endpoint);
        for group in endpoint.groups(&probes) {
            let refusal = cx.walks.refusal(endpoint, group);
            let Some(refusal) = refusal.filter(|refusal| is_redirect(refusal.answer)) else { continue };
            if !is_kept_elsewhere(cx, endpoint, &refusal) {
                report(cx, About::Endpoint(endpoint), &refusal, out);
            }
        }
        application_without_slash(cx, endpoint, out);
    }
}

fn is_redirect(answer: &Answer<'_>) -> bool {
    (300..400).contains(&answer.status)
}

fn report(cx: &Context<'_, '_>, about: About<'_, '_>, refusal: &Refusal<'_, '_>, out: &mut Findings) {
    let path = refusal.path;
    match refusal.blame {
        Blame::Slash(location) => slash(cx, about, location, path, Severity::Error, out),
        Blame::Line(line) => {
            let status = refusal.answer.status;
            let message = format!(
                "nginx answers the handshake for `{path}` with {status}, and WebSocket clients do not follow redirects"
            );
            let help = match about {
                About::Endpoint(_) => {
                    "redirect other paths only, or outside this location, so that the handshake reaches `proxy_pass`"
                }
                About::Path(_) => {
                    "give the path its own location that proxies and that this line does not affect"
                }
            };
            let finding = FindingBuilder::new(&META, &line, message);
            out.push(about.finish(cx, finding, help.to_owned(), path));
        }
        Blame::Files(_) => {}
    }
}

/// nginx's own redirect to a location whose name is the path and a slash.
fn slash(
    cx: &Context<'_, '_>,
    about: About<'_, '_>,
    location: ContextId,
    path: &str,
    severity: Severity,
    out: &mut Findings,
) {
    let Some(opener) = cx.configuration().opener(location) else { return };
    let message = format!(
        "nginx answers a handshake for `{path}` with 301 to `{path}/`, and WebSocket clients do not follow redirects"
    );
    let help = format!(
        "name the location `{path}`, which serves `{path}/` too, or add a `location = {path}` with the same lines"
    );
    // An ordinary request may count on the redirect, whoever says that WebSockets come here.
    let finding = FindingBuilder::new(&META, &opener, message).at_most(severity).fix(
        format!("add a `location = {path}` with the same lines"),
        Applicability::Unsafe,
        exact(&opener, path),
    );
    out.push(about.finish(cx, finding, help, path));
}

/// A location for the path alone, with the lines of the one whose name has a slash more. Lines that look at the path may
/// do something else there, and blocks are not repeated.
fn exact(opener: &Directive<'_>, path: &str) -> Edits {
    let Some(file) = opener.file() else { return Edits::impossible() };
    let mut lines = vec![format!("location = {} {{", word(opener, path))];
    for node in file.tree.children(opener.reference.node) {
        let mut line = *opener;
        line.reference.node = node;
        let depends = matches!(
            line.name(),
            DirectiveName::REWRITE | DirectiveName::RETURN | DirectiveName::TRY_FILES | DirectiveName::ALIAS
        );
        let copy = copied(&line, opener.reference.file).filter(|_| !depends && !file.tree.is_block(node));
        let Some(copy) = copy else { return Edits::impossible() };
        lines.push(format!("\t{copy}"));
    }
    lines.push("}".to_owned());
    Edits::new().block_before(opener, &lines)
}

/// An application that connects to a path without a final slash, where the location's name has one.
fn application_without_slash(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
    let Some(name) = endpoint.location_name() else { return };
    let Some(requested) = name.name.strip_suffix(b"/").filter(|name| !name.is_empty()) else { return };
    let evidence = endpoint.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::ApplicationPath);
    let paths =
        evidence.filter(|evidence| evidence.application.is_some()).filter_map(|one| one.path.as_deref());
    let is_asked = paths.into_iter().any(|path| requested.ends_with(path.as_bytes()) && connects_to(path));
    let server = cx.configuration().enclosing(endpoint.context, nginx_semantics::ContextKind::Server);
    let Some(server) = server.filter(|_| is_asked) else { return };
    let path = lossy(requested).into_owned();
    let is_named = cx.model.lost_paths.iter().any(|lost| lost.server == server && lost.path == path);
    if let (Selection::SlashRedirect(location), false) =
        (cx.model.locations.select(server, requested), is_named)
    {
        // A client may be told to ask with the slash.
        slash(cx, About::Endpoint(endpoint), location, &path, Severity::Warning, out);
    }
}

/// Whether applications have their WebSocket at this path as it is, and none at it with a slash.
fn connects_to(path: &str) -> bool {
    let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let mut alike = applications::by_first_segment(first)
        .filter(|(_, other)| other.text.trim_end_matches('/') == path.trim_end_matches('/'))
        .peekable();
    alike.peek().is_some()
        && alike.all(|(_, other)| {
            !other.text.ends_with('/') && matches!(other.kind, PathKind::Exact | PathKind::Suffix)
        })
}

/// Whether the server only sends to https what another one of its names serves there: a `ws://` that is left over.
fn is_kept_elsewhere(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, refusal: &Refusal<'_, '_>) -> bool {
    let is_to_https = |line: Directive<'_>| line.arguments().any(|word| word.starts_with(b"https://"));
    let Blame::Line(line) = refusal.blame else { return false };
    is_to_https(line) && !endpoint.is_over_tls() && cx.model.has_endpoint_over_tls(&endpoint.server_names)
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check, check_with, fixed_with, found, help, with_handshake as with};

    fn path(path: &'static str) -> Options {
        Options { websocket_path: Some(path), ..Options::default() }
    }

    #[test]
    fn the_slash_that_a_named_path_lacks() {
        let findings = check_with(
            path("/chat"),
            &with(
                r#"
    location /chat/ {
   #^^^^^^^^^^^^^^^ error: nginx answers a handshake for `/chat` with 301 to `/chat/`, and WebSocket clients do not follow redirects
        proxy_pass http://127.0.0.1:9000;
        @
    }
"#,
            ),
        );
        assert!(help(&findings[0]).starts_with("name the location `/chat`"));
        assert!(help(&findings[0]).ends_with("'http://localhost/chat'"));
    }

    #[test]
    fn the_slash_that_an_applications_path_lacks() {
        check(&with(
            r#"
    location /_stcore/stream/ {
   #^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx answers a handshake for `/_stcore/stream` with 301 to…
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $http_host;
        @
    }
"#,
        ));
    }

    #[test]
    fn lines_of_the_location_and_of_the_server() {
        check(&with(
            r#"
server {
    listen 8080;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        return 302 /login;
       #^^^^^^^^^^^^^^^^^ error: nginx answers the handshake for `/ws/` with 302, and WebSocket clients do not follow redirects
        @
    }
}
server {
    listen 8081;
    rewrite ^ https://other.example.com$request_uri? permanent;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx answers the handshake for `/ws/` with 301, and…
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        @
    }
}
"#,
        ));
    }

    #[test]
    fn silent_where_a_client_may_do_better() {
        for text in [
            "location /ws/ { proxy_pass http://a; @ if ($http_upgrade = '') { return 301 /; } }",
            "location /ws/ { proxy_pass http://a; @ if ($http_x_forwarded_proto != https) { return 301 https://$host$request_uri; } }",
            "location /ws/ { proxy_pass http://a; @ if ($host = example.com) { return 301 https://www.example.com$request_uri; } }",
            "location /ws/ { proxy_pass http://a; @ rewrite ^/ws/$ /ws/index permanent; }",
            "location / { proxy_pass http://a; @ } location = / { return 302 /app/; }",
            "server { listen 80; server_name a.example; return 301 https://$host$request_uri; location /ws/ { proxy_pass http://a; @ } }
             server { listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; server_name a.example; location /ws/ { proxy_pass http://a; @ } }",
            "server { listen 80; server_name a.example; return 301 https://$host$request_uri; }
             server { listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; server_name a.example; location /ws/ { proxy_pass http://a; @ } }",
            "include /opt/unknown.conf; return 301 /; location /ws/ { proxy_pass http://a; @ }",
        ] {
            let findings = found(&with(text));
            assert!(findings.iter().all(|one| one.rule.name != "handshake-redirected"), "{text}: {findings:#?}");
        }
    }

    #[test]
    fn a_named_path_may_be_meant_for_another_server() {
        check_with(
            path("/chat"),
            &with(
                "server { listen 80; return 301 https://$host$request_uri; }
                 server { listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; location /chat { proxy_pass http://a; @ } }
                 server { listen 444; location / { return 302 /login; } location /x { proxy_pass http://a; } }",
            ),
        );
    }

    #[test]
    fn the_path_gets_a_location_of_its_own() {
        let rest = "location /chat/ {\r\n  proxy_pass http://127.0.0.1:9000;\r\n  @\r\n}\r\n";
        let after = fixed_with(
            path("/chat"),
            Applicability::Unsafe,
            "handshake-redirected",
            &with(&format!("server {{\r\n# chat\r\n{rest}}}\r\n")),
        );
        let copied: String = with("@").replace("; ", ";\r\n  ");
        let own =
            format!("location = /chat {{\r\n  proxy_pass http://127.0.0.1:9000;\r\n  {copied}\r\n}}\r\n\r\n");
        assert_eq!(after, format!("server {{\r\n{own}# chat\r\n{}}}\r\n", with(rest)));
    }
}
