//! `handshake-intercepted`: nginx answers the handshake by itself, so that no upstream ever gets it.
//!
//! `return`, `deny`, `internal` and `try_files` come before the content handler, wherever they are written. A location
//! without a `*_pass` has only files (`http/ngx_http.c:ngx_http_init_phase_handlers`).

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Answer, AnsweredBy, Directive, DirectiveName, Ending, Step};
use nginx_syntax::lossy;
use ws_model::{Blame, Endpoint, Refusal, password};

use crate::ways::About;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct HandshakeIntercepted;

const META: RuleMeta = RuleMeta {
    name: "handshake-intercepted",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "nginx answers the handshake by itself: from files, by `return`, `deny` or `internal`",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Failure,
    docs: include_str!("../../pages/handshake-intercepted.md"),
};

impl Rule for HandshakeIntercepted {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for lost in &cx.model.lost_paths {
            match lost.refusal() {
                Some(refusal) if is_other(refusal.answer) => report(cx, About::Path(lost), &refusal, out),
                Some(_) => {}
                // A front controller, which `try_files` leads to: `proxy_pass` to it would not be lost.
                None => {
                    let mut ways = lost.exchange.ways.iter();
                    let passed = ways.find(|way| matches!(way.ending, Ending::Passed(_)));
                    let tried = passed.into_iter().flat_map(|way| &way.steps).find_map(|step| match step {
                        Step::TriedFiles(line) => Some(*line),
                        _ => None,
                    });
                    if let Some(line) = tried {
                        report_files(cx, About::Path(lost), line, &lost.path, out);
                    }
                }
            }
        }
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let probes = cx.walks.probes(endpoint);
        for probe in probes.iter() {
            if let Some(line) = cx.walks.directory(endpoint, probe) {
                let path = &probe.path;
                let message = format!(
                    "`try_files` finds the directory itself for `{path}`, so nothing reaches the back end"
                );
                let help = format!("give `{path}` its own location with `proxy_pass`, or remove `$uri/`");
                let finding = FindingBuilder::new(&META, &line, message).at_most(Severity::Warning);
                out.push(About::Endpoint(endpoint).finish(cx, finding, help, path));
            }
        }
        if cx.configuration().has_any(DirectiveName::AUTH_BASIC) {
            if let Some(line) = cx.walks.walk_to(endpoint).and_then(|exchange| password(&exchange)) {
                let message = "nginx answers 401 to a handshake without the password: scripts cannot send one, and browsers do not ask for it";
                let help = "set `auth_basic off;` for the WebSocket and let the back end check a cookie or a token; otherwise clients without stored credentials fall back to polling or fail";
                let finding = FindingBuilder::new(&META, &line, message).at_most(Severity::Info);
                out.push(finding.confidence(Confidence::Medium).endpoint(endpoint).help(help));
            }
        }
        for group in endpoint.groups(&probes) {
            let Some(refusal) = cx.walks.refusal(endpoint, group).filter(|refusal| is_other(refusal.answer))
            else {
                continue;
            };
            if !endpoint.is_led_to(refusal.answer, refusal.path) {
                report(cx, About::Endpoint(endpoint), &refusal, out);
            }
        }
    }
}

fn is_other(answer: &Answer<'_>) -> bool {
    !(300..400).contains(&answer.status)
}

fn report(cx: &Context<'_, '_>, about: About<'_, '_>, refusal: &Refusal<'_, '_>, out: &mut Findings) {
    let Refusal { path, answer, way, .. } = *refusal;
    let line = match refusal.blame {
        Blame::Slash(_) => return,
        Blame::Files(context) => {
            let Some(opener) = cx.configuration().opener(context) else { return };
            let message =
                format!("nginx looks for a file for `{path}` here, and answers 404 if there is none");
            let help =
                format!("give `{path}` its own location with `proxy_pass`: this one only serves files");
            return out.push(about.finish(cx, FindingBuilder::new(&META, &opener, message), help, path));
        }
        Blame::Line(line) if line.name() == DirectiveName::TRY_FILES => {
            return report_files(cx, about, line, path, out);
        }
        Blame::Line(line) => line,
    };
    let status = match answer.status {
        444 => "by closing the connection".to_owned(),
        status => format!("with {status}"),
    };
    let why = match answer.by {
        AnsweredBy::Internal(_) => ": an `internal` location accepts no requests from clients",
        AnsweredBy::NoNamedLocation(_) => ": the server has no location of this name",
        _ if about.has_pass() => " here, without asking the back end",
        _ => " here",
    };
    let message = format!("nginx answers the handshake for `{path}` {status}{why}");
    let help = match (line.name(), about) {
        (_, About::Path(_)) => format!("give `{path}` its own location with `proxy_pass`"),
        (DirectiveName::INTERNAL, _) => "give the WebSocket a location that is not `internal`".to_owned(),
        (DirectiveName::DENY, _) => {
            "allow those who may connect, or remove the line; a handshake is a GET".to_owned()
        }
        _ => "remove the line, or limit it to ordinary requests: `if ($http_upgrade = \"\")`".to_owned(),
    };
    let mut finding = FindingBuilder::new(&META, &line, message);
    for step in &way.steps {
        if let Step::Limited(limit) = step {
            if let Some(opener) = cx.configuration().opener(*limit) {
                finding = finding.because(&opener, "this block applies to GET, so to handshakes too");
            }
        }
    }
    out.push(about.finish(cx, finding, help, path));
}

fn report_files(
    cx: &Context<'_, '_>,
    about: About<'_, '_>,
    line: Directive<'_>,
    path: &str,
    out: &mut Findings,
) {
    let last = line.arguments().last().filter(|_| line.may_be_shown());
    let last = last.map_or("(not shown)".into(), |last| lossy(&last).into_owned());
    let (message, help) = if about.has_pass() {
        (
            format!("the handshake for `{path}` ends at `{last}`: `try_files` comes before any back end"),
            "remove `try_files`, or end it with a named location that proxies: `try_files $uri @ws;`"
                .to_owned(),
        )
    } else {
        (
            format!("the handshake for `{path}` ends at `{last}`: `try_files` finds no such file"),
            format!("give `{path}` its own location with `proxy_pass`"),
        )
    };
    out.push(about.finish(cx, FindingBuilder::new(&META, &line, message), help, path));
}

#[cfg(test)]
mod tests {
    use super::META;
    use crate::testing::{Options, check, check_with, found, labels, with_handshake as with};

    #[test]
    fn lines_before_the_upstream_is_asked() {
        let findings = check(&with(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        @
        try_files $uri $uri/ /index.html;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the handshake for `/ws/` ends at `/index.html`: `try_files` comes before any back end
    }
    location /cable {
        proxy_pass http://127.0.0.1:9000;
        @
        return 200 ok;
       #^^^^^^^^^^^^^ error: nginx answers the handshake for `/cable` with 200 here, without asking the back end
    }
    location /websocket {
        proxy_pass http://127.0.0.1:9000;
        @
        deny all;
       #^^^^^^^^ error: nginx answers the handshake for `/websocket` with 403 here, without asking the back end
    }
    location /wss {
        proxy_pass http://127.0.0.1:9000;
        @
        limit_except POST {
            deny all;
           #^^^^^^^^ error: nginx answers the handshake for `/wss` with 403 here, without asking the back end
        }
    }
"#,
        ));
        assert!(labels(&findings[3]).iter().any(|text| text.starts_with("this block applies to GET")));
    }

    #[test]
    fn inherited_lines() {
        check(&with(
            r#"
server {
    deny all;
   #^^^^^^^^ error: nginx answers the handshake for `/ws/` with 403 here, without asking the back end
    location /ws/ { proxy_pass http://127.0.0.1:9000; @ }
}
server {
    listen 81;
    location /app/ {
        internal;
       #^^^^^^^^ error: nginx answers the handshake for `/app/ws/` with 404: an `internal` location accepts no requests from clients
        location /app/ws/ { proxy_pass http://127.0.0.1:9000; @ }
    }
}
"#,
        ));
    }

    #[test]
    fn a_password() {
        check(&with(
            r#"
    auth_basic Home;
   #^^^^^^^^^^^^^^^ info: nginx answers 401 to a handshake without the password: scripts cannot send one, and browsers do not ask for it
    auth_basic_user_file users;
    location /ws/ { proxy_pass http://127.0.0.1:9000; @ }
    location /wss { proxy_pass http://127.0.0.1:9000; @ auth_basic off; }
"#,
        ));
    }

    #[test]
    fn files_for_a_named_path() {
        let options = Options { websocket_path: Some("/live"), ..Options::default() };
        for text in [
            r#"
server {
    location /ws/ { proxy_pass http://127.0.0.1:9000; @ }
    location / {
   #^^^^^^^^^^ error: nginx looks for a file for `/live` here, and answers 404 if there is none
        root /srv;
    }
}
"#,
            r#"
server {
    location /ws/ { proxy_pass http://127.0.0.1:9000; @ }
    location / {
        try_files $uri /index.php;
       #^^^^^^^^^^^^^^^^^^^^^^^^^ error: the handshake for `/live` ends at `/index.php`: `try_files` finds no such file
    }
    location ~ \.php$ { fastcgi_pass 127.0.0.1:9001; }
}
"#,
        ] {
            check_with(options, &with(text));
        }
    }

    #[test]
    fn the_folder_of_the_location_itself() {
        let options = Options { websocket_path: Some("/admin"), ..Options::default() };
        let text = r#"
    location /admin {
        alias /srv/admin;
        try_files $uri $uri/ %ws;
       #^^^^^^^^^^^^^^^^^^^^^^^^ warning: `try_files` finds the directory itself for `/admin`, so nothing reaches the back end
    }
    location %ws { proxy_pass http://127.0.0.1:9000; @ }
"#;
        check_with(options, &with(text).replace('%', "@"));
    }

    #[test]
    fn silent_where_a_handshake_may_get_through() {
        for text in [
            "location /ws/ { proxy_pass http://a; @ allow 10.0.0.0/8; deny all; }",
            "location /ws/ { proxy_pass http://a; @ satisfy any; allow 10.0.0.0/8; deny all; auth_basic x; auth_basic_user_file y; }",
            "location /ws/ { proxy_pass http://a; @ auth_request /auth; } location = /auth { internal; proxy_pass http://b; }",
            "location /ws/ { proxy_pass http://a; @ limit_except GET { deny all; } }",
            "location /ws/ { proxy_pass http://a; @ if ($http_upgrade = '') { return 404; } }",
            "location /ws/ { proxy_pass http://a; @ if ($arg_token = '') { return 403; } }",
            "location /ws/ { proxy_pass http://a; @ internal; }",
            "location /ws/ { proxy_pass http://a; @ deny all; include /opt/unknown.conf; }",
            "location /ws/ { try_files $uri @up; } location @up { proxy_pass http://a; @ }",
            "location /ws/ { return 404; }",
            "location /ws/ { if ($request_uri ~ x$) { proxy_pass http://a; } @ }",
            "location '/ws/a %x' { proxy_pass http://a; @ }",
            "location /ws/ { proxy_pass http://$args; @ error_page 502 /busy; } location /busy { return 503; }",
        ] {
            let findings = found(&with(text));
            assert!(findings.iter().all(|one| one.rule.name != META.name), "{text}: {findings:#?}");
        }
    }
}
