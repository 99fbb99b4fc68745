//! `literal-connection-upgrade`: `Connection: upgrade` for ordinary requests too.
//!
//! A fixed value is sent whatever the client asks for; without `Upgrade` beside it most back ends ignore it, and some
//! refuse (RFC 9110 section 7.8).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{Endpoint, has_token};

use super::literal_upgrade_value::is_sent_for_pages;
use crate::context::is_literal;
use crate::setting::safe_if_given;
use crate::verify::{ConnectionValue, code, is_as_sent};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct LiteralConnectionUpgrade;

const META: RuleMeta = RuleMeta {
    name: "literal-connection-upgrade",
    group: Group::Handshake,
    severity: Severity::Info,
    summary: "`Connection: upgrade` is sent for ordinary requests too",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/literal-connection-upgrade.md"),
};

impl Rule for LiteralConnectionUpgrade {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        // A location for WebSockets alone never gets an ordinary request. With a fixed `Upgrade` beside it there is one
        // finding with one remedy: `literal-upgrade-value`.
        if !endpoint.may_serve_ordinary_requests()
            || handshake.upgrade.lines.is_empty()
            || is_sent_for_pages(endpoint, handshake)
        {
            return;
        }
        let [line] = handshake.connection.lines.as_slice() else { return };
        if !is_literal(&line.written) || !has_token(&line.written, "upgrade") {
            return;
        }
        let message =
            "nginx sends `Connection: upgrade` to the back end with every request, even with ordinary ones";
        let mut finding = FindingBuilder::new(&META, &line.directive, message).endpoint(endpoint);
        let value = ConnectionValue::of(cx, endpoint);
        if let Some(map) = value.map_edits(cx, endpoint).filter(|_| is_as_sent(cx)) {
            let edits = map.argument(&line.directive, 1, &value.variable);
            let title = format!("write `Connection {}`", value.variable);
            finding = finding.fix(title, safe_if_given(endpoint), edits);
        }
        out.push(finding.help(format!("write:{}{}", code(&[value.line()]), value.in_http())));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{fixed, found};

    #[test]
    fn the_value_follows_the_client() {
        let text = |value: &str| {
            format!(
                "server {{\n  location / {{ proxy_pass http://a; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
             proxy_set_header Connection {value}; }}\n}}\n"
            )
        };
        let map = "map $http_upgrade $connection_upgrade {\n  default upgrade;\n  ''      close;\n}\n\n";
        let after = fixed(Applicability::Safe, "literal-connection-upgrade", &text("'upgrade'"));
        assert_eq!(after, format!("{map}{}", text("'$connection_upgrade'")));
    }

    /// A file that was not given may set the variable, or define it once more.
    #[test]
    fn not_safe_beside_what_was_not_given() {
        for (http, server, location, is_safe) in [
            ("", "", "", true),
            ("include mime.types;", "", "", true),
            ("", "", "include /not/given/x.conf;", false),
            ("", "", "include proxy_params;", false),
            ("", "include /not/given/x.conf;", "", false),
            ("include /not/given/x.conf;", "", "", false),
            ("include /not/given/*.conf;", "", "", false),
        ] {
            for (rule, lines) in [
                (
                    "literal-connection-upgrade",
                    "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
                ),
                (
                    "literal-upgrade-value",
                    "proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade;",
                ),
                (
                    "duplicate-handshake-header",
                    "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_set_header Connection upgrade;",
                ),
            ] {
                let text = format!(
                    "events {{}}\nhttp {{ {http} server {{ {server} location / {{ {location} proxy_pass http://a; \
                     proxy_http_version 1.1; {lines} }} }} }}\n"
                );
                let findings = found(&text);
                let fix = findings.iter().find(|one| one.rule.name == rule).and_then(|one| one.fix.as_ref());
                let applicability = fix.map(|fix| fix.applicability);
                assert_eq!(
                    applicability == Some(Applicability::Safe),
                    is_safe,
                    "{rule}: {text}\n{findings:#?}"
                );
            }
        }
    }
}
