//! `polling-forbidden`: handshakes get through, the POSTs of the fallback do not.
//!
//! `limit_except` is for all methods but those that it names, and a handshake is a GET
//! (`http/ngx_http_core_module.c:ngx_http_core_limit_except`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{AnsweredBy, ContextKind, Directive, Ending, Exchange, Presence, Step};
use ws_model::Endpoint;

use crate::verify::with_post_curl;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct PollingForbidden;

const META: RuleMeta = RuleMeta {
    name: "polling-forbidden",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "nginx refuses POST, which clients need to poll before or instead of a WebSocket",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/polling-forbidden.md"),
};

impl Rule for PollingForbidden {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(application) = endpoint.applications().into_iter().find(|one| one.polls()) else { return };
        let configuration = cx.configuration();
        let server = configuration.enclosing(endpoint.context, ContextKind::Server);
        let server = server.filter(|&server| configuration.context(server).presence == Presence::Given);
        let Some((server, path)) = server.zip(endpoint.example_path()) else { return };
        let is_passed = |walk: &Exchange<'_>| {
            walk.ways.iter().all(|way| matches!(way.ending, Ending::Passed(_)) && !is_open(&way.steps))
        };
        // What refuses both is no matter of the method.
        if !cx.walks.walk_to(endpoint).is_some_and(|walk| is_passed(&walk)) {
            return;
        }
        let Some((status, line)) = refused(&cx.walks.post(server, &path), cx) else { return };
        let name = application.name;
        let message =
            format!("nginx answers {status} to POST, which {name} needs before or instead of a WebSocket");
        let mut finding = FindingBuilder::new(&META, &line, message).endpoint(endpoint);
        let is_limit = configuration.named(endpoint.context, line.name()).next().is_some();
        let mut help = "let POST through".to_owned();
        if line.name() == nginx_semantics::DirectiveName::LIMIT_EXCEPT && is_limit {
            let methods = line.arguments_text();
            let edits = Edits::new().insert_argument(&line, line.arguments().count(), "POST");
            finding = finding.fix("let POST through", Applicability::Unsafe, edits);
            help = format!("write `limit_except {methods} POST`");
        }
        out.push(finding.help(with_post_curl(help, endpoint)));
    }
}

/// Whether a file that was not given may change the way.
fn is_open(steps: &[Step<'_>]) -> bool {
    steps.iter().any(|step| matches!(step, Step::NotGiven(_)))
}

/// The status that every way ends with, and the line behind that of the first.
fn refused<'s>(walk: &Exchange<'s>, cx: &Context<'_, 's>) -> Option<(u16, Directive<'s>)> {
    let each = walk.ways.iter().map(|way| {
        let Ending::Answered(answer) = &way.ending else { return None };
        let AnsweredBy::Directive(line) = answer.by else { return None };
        // 401 is a question, not an answer.
        if is_open(&way.steps) || answer.status < 400 || answer.status == 401 {
            return None;
        }
        let limit = way.steps.iter().rev().find_map(|step| match step {
            Step::Limited(limit) => cx.configuration().opener(*limit),
            _ => None,
        });
        Some((answer.status, limit.unwrap_or(line)))
    });
    let all: Vec<_> = each.collect::<Option<_>>()?;
    all.first().copied().filter(|_| !walk.is_cut)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, help};

    /// A location of Socket.IO with these lines beside all that a handshake needs.
    fn with(lines: &str) -> String {
        format!(
            "location /socket.io/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; {lines} }}"
        )
    }

    #[test]
    fn limit_except_is_blamed() {
        let findings = check(
            r#"
    location /socket.io/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
        limit_except GET {
       #^^^^^^^^^^^^^^^^ warning: nginx answers 403 to POST, which Socket.IO needs before or instead of a WebSocket
            deny all;
        }
    }
"#,
        );
        assert!(help(&findings[0]).starts_with(
            "write `limit_except GET POST`\nverify that the upstream answers:\n    curl -i -X POST"
        ));
        assert_eq!(findings[0].fix.as_ref().unwrap().edits[0].replacement, b" POST");
    }

    #[test]
    fn so_is_what_answers_the_method() {
        let findings = check(
            r#"
server {
    if ($request_method !~ ^(GET|HEAD)$) {
        return 405;
       #^^^^^^^^^^ warning: nginx answers 405 to POST, which SockJS…
    }
    location /sockjs/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
    }
}
"#,
        );
        assert!(help(&findings[0]).starts_with("let POST through\n"));
    }

    #[test]
    fn silent_where_post_may_get_through_or_nobody_polls() {
        for lines in [
            "",
            "limit_except GET POST { deny all; }",
            "limit_except GET { allow 10.0.0.0/8; deny all; }",
            "limit_except GET { auth_basic a; }",
            "limit_except GET { proxy_pass http://b; }",
            "limit_except GET { deny all; } error_page 403 = @other;",
            "limit_except GET { include /opt/x.conf; deny all; }",
        ] {
            let text = format!("server {{ {} location @other {{ proxy_pass http://a; }} }}", with(lines));
            let found = found(&text);
            assert!(found.iter().all(|one| one.rule.name != "polling-forbidden"), "{lines} {found:?}");
        }
        assert!(found(&with("limit_except GET { deny all; }").replace("/socket.io/", "/ws/")).is_empty());
    }
}
