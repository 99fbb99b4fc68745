//! `error-page-hides-upgrade`: the 101 of the upstream reaches the client with the status of an error.
//!
//! `error_page` without `=` keeps the status that it replaces, and that one is sent in place of the upstream's
//! (`http/ngx_http_special_response.c:ngx_http_send_error_page`, `http/ngx_http_upstream.c:
//! ngx_http_upstream_process_headers` with `r->err_status`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextId, ContextKind, Directive, DirectiveName, Ending, Step};
use ws_model::{Endpoint, OrdinaryRequest, Probe, is_settled};

use crate::ways::About;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct ErrorPageHidesUpgrade;

const META: RuleMeta = RuleMeta {
    name: "error-page-hides-upgrade",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "an `error_page` without `=` turns the back end's 101 into an error",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Failure,
    docs: include_str!("../../pages/error-page-hides-upgrade.md"),
};

impl Rule for ErrorPageHidesUpgrade {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        // A fallback that only inherits the lines of another endpoint's server is not made for WebSockets.
        let is_own = endpoint.handshake.is_none_or(|handshake| handshake.is_here);
        if !is_own && cx.model.configured_sibling(endpoint).is_some() {
            return;
        }
        for probe in cx.walks.lead_ins(endpoint) {
            let Some((line, status)) = hidden(cx, endpoint, &probe) else { continue };
            let path = &probe.path;
            let message = format!(
                "the client gets {status} instead of the back end's 101: this `error_page` has no `=` before its target"
            );
            let words: Vec<Vec<u8>> = line.arguments().map(std::borrow::Cow::into_owned).collect();
            let last = words.len().saturating_sub(1);
            let edits = match words.iter().position(|word| word.starts_with(b"=")) {
                Some(status) => Edits::new().argument(&line, status, "="),
                None => Edits::new().insert_argument(&line, last, "="),
            };
            let finding = FindingBuilder::new(&META, &line, message).fix(
                "write `=` before the target",
                applicability(cx, endpoint, &line, &words),
                edits,
            );
            let help = "write `=` before the target, so that the back end's own status is sent".to_owned();
            out.push(About::Endpoint(endpoint).finish(cx, finding, help, path));
        }
    }
}

/// Safe where nothing but handshakes gets the upstream's own status: each is one that only a `return` of the author's
/// gives, to jump to the target, and each such `return` stands in an `if` that holds for handshakes alone. It is none of
/// nginx's own (`http/ngx_http_special_response.c:ngx_http_error_pages`) and none that IANA has registered.
fn applicability(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    line: &Directive<'_>,
    words: &[Vec<u8>],
) -> Applicability {
    let status = |word: &Vec<u8>| std::str::from_utf8(word).ok()?.parse::<u16>().ok();
    let is_jump = |word: &Vec<u8>| {
        status(word).is_some_and(|status| matches!(status, 418..=420 | 432..=450 | 452..=493))
    };
    let configuration = cx.configuration();
    // A status behind a `=` is the author's wish for the answer, and no jump.
    let statuses = words.split_last().map(|(_, statuses)| statuses).unwrap_or_default();
    let server = configuration.enclosing(endpoint.context, ContextKind::Server);
    let near = || {
        let of_server = |id: &ContextId| configuration.enclosing(*id, ContextKind::Server) == server;
        configuration.contexts().map(|(id, _)| id).filter(of_server)
    };
    let is_for_handshakes = |id: ContextId| {
        let test = configuration.opener(id).filter(|opener| opener.name() == DirectiveName::IF);
        test.is_some_and(|test| cx.model.evaluator(&OrdinaryRequest, id).condition(&test) == Some(false))
    };
    let gives = |id: ContextId| {
        let mut returns = configuration.named(id, DirectiveName::RETURN);
        returns.any(|line| line.argument(0).is_some_and(|word| statuses.contains(&word.into_owned())))
    };
    let is_given = near().all(|id| configuration.context(id).unseen().next().is_none());
    let is_safe = server.is_some()
        && line.may_be_shown()
        && is_given
        && !statuses.is_empty()
        && statuses.iter().all(is_jump)
        && near().filter(|id| gives(*id)).all(is_for_handshakes);
    if is_safe { Applicability::Safe } else { Applicability::Unsafe }
}

/// The `error_page` that leads to the endpoint, with the status that takes the place of its 101: on all ways.
fn hidden<'s>(
    cx: &Context<'_, 's>,
    endpoint: &Endpoint<'_>,
    probe: &Probe<'s>,
) -> Option<(Directive<'s>, u16)> {
    let exchange = cx.walks.exchange(probe);
    if !is_settled(exchange) {
        return None;
    }
    let mut found = None;
    for way in &exchange.ways {
        // A way that a password or an address ends says nothing about the others.
        let Ending::Passed(passed) = &way.ending else { continue };
        let status = passed.status.filter(|status| *status != 101)?;
        let is_here = passed.pass.directive.reference == endpoint.pass.directive.reference;
        let line = way.steps.iter().rev().find_map(|step| match step {
            Step::ErrorPage { directive, .. } => Some(*directive),
            _ => None,
        })?;
        if !is_here || !cx.model.may_upgrade(way) {
            return None;
        }
        found = Some((line, status));
    }
    found
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help};

    const UPSTREAM: &str = "location @ws { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; \
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_read_timeout 1h; }";

    fn with(text: &str) -> String {
        text.replace('@', UPSTREAM).replace("%", "@")
    }

    #[test]
    fn without_a_sign() {
        let findings = check(&with(
            r#"
server {
    error_page 404 %ws;
   #^^^^^^^^^^^^^^^^^^ error: the client gets 404 instead of the back end's 101: this `error_page` has no `=` before its target
    location / { root /srv; }
    @
}
"#,
        ));
        assert_eq!(findings[0].fix.as_ref().unwrap().edits[0].replacement, b"= ");
        assert!(help(&findings[0]).starts_with("write `=` before the target"));
    }

    #[test]
    fn with_a_status_of_its_own() {
        let findings = check(&with(
            r#"
    location /chat {
        error_page 418 =200 %ws;
       #^^^^^^^^^^^^^^^^^^^^^^^ error: the client gets 200 instead of the back end's 101: this…
        return 418;
    }
    @
"#,
        ));
        assert_eq!(findings[0].fix.as_ref().unwrap().edits[0].replacement, b"=");
    }

    #[test]
    fn silent_where_the_status_is_the_upstreams() {
        for text in [
            "location / { error_page 404 = %ws; } @",
            "location / { error_page 418 = %ws; if ($http_upgrade) { return 418; } proxy_pass http://b; } @",
            "location / { try_files $uri %ws; } @",
            "location / { error_page 502 %ws; proxy_pass http://b; } @",
            "error_page 404 %ws; include /opt/unknown.conf; location / { root /srv; } @",
        ] {
            let findings = found(&with(text));
            assert!(findings.is_empty(), "{text}: {findings:#?}");
        }
    }

    #[test]
    fn safe_where_ordinary_requests_lose_no_status() {
        let text = |line: &str, jump: &str, more: &str| {
            let location = format!("location /app/ {{ {line} {jump} proxy_pass http://127.0.0.1:9; }}");
            with(&format!("server {{\n  {location}\n{more}  @\n}}\n"))
        };
        const TEST: &str = "if ($http_upgrade) { return 418; }";
        const OTHER: &str = "  location /b { return 418; }\n";
        use Applicability::{Safe, Unsafe};
        for (jump, more, before, after, applicability) in [
            (TEST, "", "error_page 418 %ws;", "error_page 418 = %ws;", Safe),
            // Pages jump too.
            ("return 418;", "", "error_page 418 %ws;", "error_page 418 = %ws;", Unsafe),
            (TEST, OTHER, "error_page 418 %ws;", "error_page 418 = %ws;", Unsafe),
            (TEST, "", "error_page 418 =200 %ws;", "error_page 418 = %ws;", Unsafe),
            (TEST, "", "error_page 404 418 %ws;", "error_page 404 418 = %ws;", Unsafe),
            (TEST, "  include x/*.conf;\n", "error_page 418 %ws;", "error_page 418 = %ws;", Unsafe),
        ] {
            let done = fixed(applicability, "error-page-hides-upgrade", &text(before, jump, more));
            assert_eq!(done, text(after, jump, more));
        }
    }
}
