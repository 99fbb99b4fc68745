//! `origin-stripped`: the back end cannot see which site opens a WebSocket.
//!
//! Browsers let any site open a WebSocket to any other, cookies and all; the `Origin` header is what tells (RFC 6455
//! section 10.2). An empty value of `proxy_set_header` sends none (`http/modules/ngx_http_proxy_module.c`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextKind, DirectiveName, Exchange};
use nginx_syntax::lossy;
use ws_model::applications::OriginCheck;
use ws_model::{Endpoint, Line, is_partial};

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct OriginStripped;

const META: RuleMeta = RuleMeta {
    name: "origin-stripped",
    group: Group::Security,
    severity: Severity::Warning,
    summary: "nginx removes `Origin` from handshakes, so the back end cannot tell other sites from its own",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/origin-stripped.md"),
};

impl Rule for OriginStripped {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let is_origin = |line: &&Line<'_>| line.name.eq_ignore_ascii_case("origin");
        let lines: Vec<_> = handshake.others.iter().filter(is_origin).collect();
        let [line] = lines.as_slice() else { return };
        if !line.written.is_empty() || is_checked(cx, endpoint) {
            return;
        }
        // A file that was not given may set it again, or look at it.
        let is_known = |exchange: &Exchange<'_>| exchange.ways.iter().all(|way| !is_partial(way));
        if !cx.walks.walk_to(endpoint).is_some_and(|exchange| is_known(&exchange)) {
            return;
        }
        let applications = endpoint.applications();
        let checks: Vec<OriginCheck> = applications.iter().filter_map(|one| one.checks_origin).collect();
        // Where nobody looks at it nothing is lost.
        if !checks.is_empty() && checks.iter().all(|check| *check == OriginCheck::Any) {
            return;
        }
        let checking =
            applications.iter().find(|one| one.checks_origin.is_some_and(|check| check != OriginCheck::Any));
        let (severity, whose) = match checking {
            Some(application) => (Severity::Warning, format!("{} compares it", application.name)),
            None => (Severity::Info, "a back end that checks it then lets every site in".to_owned()),
        };
        let message =
            "nginx removes `Origin` from the handshake, so the back end cannot tell other sites from its own";
        out.push(
            FindingBuilder::new(&META, &line.directive, message)
                .endpoint(endpoint)
                .at_most(severity)
                .fix("pass `Origin` on", Applicability::Unsafe, Edits::new().remove(&line.directive))
                .help(format!(
                    "remove the line; {whose}, and browsers send the user's cookies whichever site opens the WebSocket: if the back end refuses your own site, forward the client's host with `proxy_set_header Host $http_host;`, or tell it which origins are yours"
                )),
        );
    }
}

/// Whether nginx itself looks at `Origin`.
fn is_checked(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> bool {
    let configuration = cx.configuration();
    let reads_origin = |context| {
        configuration.opener(context).is_some_and(|opener| {
            matches!(opener.name(), DirectiveName::IF | DirectiveName::MAP)
                && lossy(&opener.arguments().collect::<Vec<_>>().concat())
                    .to_ascii_lowercase()
                    .contains("$http_origin")
        })
    };
    let levels = configuration.levels(endpoint.context);
    let of_interest = levels.filter(|&level| configuration.context(level).kind != ContextKind::Main);
    of_interest.flat_map(|level| configuration.children(level)).any(|&child| reads_origin(child))
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found};

    /// A location for a path with a line more.
    fn with(before: &str, path: &str, line: &str) -> String {
        format!(
            "server {{\n{before}\n location {path} {{\n{line}\n proxy_pass http://127.0.0.1:9000;\n proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn an_empty_value_sends_none() {
        check(&with(
            "",
            "/ws/",
            "    proxy_set_header Origin \"\";
   #^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx removes `Origin` from the handshake, so the back end cannot tell other sites from its own",
        ));
    }

    #[test]
    fn silent_where_it_is_passed_on_or_checked() {
        for (before, line) in [
            ("", "proxy_set_header Origin $http_origin;"),
            ("", "proxy_set_header Origin https://example.com;"),
            ("if ($http_origin !~ '^https://example[.]com$') { return 403; }", "proxy_set_header Origin '';"),
        ] {
            assert!(found(&with(before, "/ws/", line)).is_empty(), "{line}");
        }
        // Socket.IO compares nothing.
        assert!(found(&with("", "/socket.io/", "proxy_set_header Origin '';")).is_empty());
    }

    #[test]
    fn the_line_goes() {
        let text = |line: &str| {
            format!(
                "server {{\n  location /ws/ {{\n    proxy_pass http://a;\n    proxy_http_version 1.1;\n{line}    proxy_set_header Upgrade $http_upgrade;\n    \
             proxy_set_header Connection upgrade;\n  }}\n}}\n"
            )
        };
        let after =
            fixed(Applicability::Unsafe, "origin-stripped", &text("    proxy_set_header Origin '';\n"));
        assert_eq!(after, text(""));
    }
}
