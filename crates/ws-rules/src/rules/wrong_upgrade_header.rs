//! `wrong-upgrade-header`: `Upgrade` is set, but not to `websocket` for a handshake.
//!
//! A misspelt `$http_*` is never diagnosed by nginx: every name with that prefix is a variable, empty where the client
//! sends no such field (`http/ngx_http_variables.c:ngx_http_get_variable`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Part, parts};
use nginx_syntax::lossy;
use ws_model::{Browser, Endpoint, Line, applications, is_carried};

use crate::context::is_literal;
use crate::repair::Repair;
use crate::verify::with_curl;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct WrongUpgradeHeader;

const META: RuleMeta = RuleMeta {
    name: "wrong-upgrade-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`Upgrade` to the back end is not `websocket` when the client asks for it",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/wrong-upgrade-header.md"),
};

impl Rule for WrongUpgradeHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let lines = &handshake.upgrade.lines;
        let is_wrong = |line: &Line<'_>| {
            line.value(Browser::Chrome).surely(|value| !value.eq_ignore_ascii_case(b"websocket"))
        };
        let Some(line) = lines.first().filter(|_| lines.iter().all(is_wrong)) else { return };
        if is_literal(&line.written) && names_another_protocol(&line.written) {
            return;
        }
        let message = match line.value(Browser::Chrome).as_known() {
            Some(b"") => "the back end gets no `Upgrade` in a handshake".to_owned(),
            Some(value) if line.directive.may_be_shown() => {
                format!("the back end gets `Upgrade: {}` instead of `Upgrade: websocket`", lossy(value))
            }
            _ => "the back end gets an `Upgrade` that is not `websocket`".to_owned(),
        };
        let mut finding = FindingBuilder::new(&META, &line.directive, message)
            .endpoint(endpoint)
            .assumed(handshake.upgrade.source.is_assumed());
        if let Some(name) = uncarried_field(&line.written) {
            finding = finding.primary(format!(
                "no browser sends a `{}` field, so the variable is empty",
                name.replace('_', "-")
            ));
        }
        let help = with_curl("write `proxy_set_header Upgrade $http_upgrade;`".to_owned(), endpoint);
        let repair = Repair::new(cx, endpoint, handshake).header("Upgrade", "$http_upgrade");
        finding = repair.fix(finding, "write `Upgrade $http_upgrade`");
        out.push(finding.help(help));
    }
}

/// A fixed value that some application takes for another protocol than WebSocket. `h2c` is none of them: a handshake
/// with it never becomes a WebSocket.
fn names_another_protocol(value: &[u8]) -> bool {
    let mut known = applications::all().iter().flat_map(|application| application.upgrade_tokens);
    known
        .any(|token| !token.eq_ignore_ascii_case("websocket") && value.eq_ignore_ascii_case(token.as_bytes()))
}

/// The field of a value that is one `$http_*` which a handshake does not carry.
fn uncarried_field(value: &[u8]) -> Option<String> {
    let [Part::Variable(name)] = parts(value)[..] else { return None };
    let name = lossy(name).to_ascii_lowercase();
    name.strip_prefix("http_").filter(|field| !is_carried(field)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Finding};

    use crate::testing::{check, fixed, found, labels};

    /// A complete location with this value for `Upgrade`, and these blocks before its server.
    fn judged(blocks: &str, value: &str) -> Vec<Finding> {
        found(&format!(
            "{blocks}\nserver {{ location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h;
             proxy_set_header Upgrade {value}; proxy_set_header Connection upgrade; }} }}"
        ))
    }

    #[test]
    fn values_that_are_not_websocket() {
        let map = "map $http_upgrade $connection_upgrade { default upgrade; '' close; }";
        for (value, sent) in [
            ("''", "the back end gets no `Upgrade` in a handshake"),
            ("$connection_upgrade", "the back end gets `Upgrade: upgrade` instead of `Upgrade: websocket`"),
            ("upgrade", "the back end gets `Upgrade: upgrade` instead of `Upgrade: websocket`"),
            ("http_upgrade", "the back end gets `Upgrade: http_upgrade` instead of `Upgrade: websocket`"),
            ("$http_upgarde", "the back end gets no `Upgrade` in a handshake"),
            ("$http_websocket", "the back end gets no `Upgrade` in a handshake"),
            ("$http_connection", "the back end gets `Upgrade: Upgrade` instead of `Upgrade: websocket`"),
        ] {
            let findings = judged(map, value);
            let [finding] = findings.as_slice() else { panic!("{value}: {findings:?}") };
            assert_eq!((finding.rule.name, finding.message.as_ref()), ("wrong-upgrade-header", sent));
        }
    }

    #[test]
    fn values_that_are_or_may_be_websocket() {
        for (blocks, value) in [
            ("", "$http_upgrade"),
            ("", "$HTTP_UPGRADE"),
            ("", "websocket"),
            ("", "\"WebSocket\""),
            ("map $http_upgrade $u { websocket websocket; default ''; }", "$u"),
            ("map $cookie_ws $u { 1 websocket; default ''; }", "$u"),
            ("", "$http_x_upgrade"),
            ("", "$arg_upgrade"),
            ("", "tailscale-control-protocol"),
            ("", "$http_upgarde; proxy_set_header Upgrade $http_upgrade"),
        ] {
            let findings = judged(blocks, value);
            assert!(findings.is_empty(), "{value}: {findings:?}");
        }
    }

    #[test]
    fn a_misspelt_variable_is_explained() {
        let findings = check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgarde;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets no `Upgrade` in a handshake
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 3600s;
    }
"#,
        );
        let finding = &findings[0];
        assert_eq!(finding.primary.message, "no browser sends a `upgarde` field, so the variable is empty");
        assert_eq!(
            finding.fix.as_ref().map(|fix| fix.edits[0].replacement.as_slice()),
            Some(&b"$http_upgrade"[..])
        );
        assert_eq!(labels(finding).len(), 1);
    }

    #[test]
    fn an_inherited_line_is_mended_there_or_overridden_here() {
        let text = |value: &str, lines: &str, more: &str| {
            format!(
                "server {{\n  proxy_set_header Upgrade {value};\n  proxy_set_header Connection \"upgrade\";\n  \
             location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1;{lines} }}\n{more}}}\n"
            )
        };
        let fix = |text: &str| fixed(Applicability::Safe, "wrong-upgrade-header", text);
        assert_eq!(fix(&text("'upgrade'", "", "")), text("'$http_upgrade'", "", ""));
        let other = "  location / { # nginx-ws-lint: not-websocket\n    proxy_pass http://b; }\n";
        let lines = " proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";";
        assert_eq!(fix(&text("upgrade", "", other)), text("upgrade", lines, other));
    }
}
