//! `duplicate-handshake-header`: two lines in effect for `Upgrade` or `Connection`, and both are sent.
//!
//! The lines of a level are a list, in which a name may stand twice
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_init_headers`); a later one does not replace an earlier one. One
//! whose value is empty is not sent and does no harm.

use lint_finding::{FixKind, Group, RuleMeta, Severity};
use nginx_semantics::Value;
use ws_model::{Browser, Endpoint, Header, Line, has_token};

use crate::verify::with_curl;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct DuplicateHandshakeHeader;

const META: RuleMeta = RuleMeta {
    name: "duplicate-handshake-header",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "`Upgrade` or `Connection` is sent to the upstream twice",
    since: "0.1.0",
    fix: FixKind::None,
    docs: include_str!("duplicate_handshake_header.md"),
};

impl Rule for DuplicateHandshakeHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, _cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &endpoint.handshake else { return };
        for (name, header) in [("Upgrade", &handshake.upgrade), ("Connection", &handshake.connection)] {
            let lines = sent(name, header);
            let Some((last, before)) = lines.split_last().filter(|(_, before)| !before.is_empty()) else {
                continue;
            };
            let message =
                format!("nginx sends `{name}` to the upstream {} for a handshake", times(lines.len()));
            // Servers read `Connection` as a list, whose lines are joined (RFC 9110 section 5.3); `Upgrade` many compare
            // as a whole.
            let severity = if name == "Upgrade" { Severity::Warning } else { Severity::Info };
            let mut finding = FindingBuilder::new(&META, &last.directive, message)
                .endpoint(endpoint)
                .at_most(severity)
                .assumed(header.source.is_assumed());
            for line in before {
                finding = finding
                    .because(&line.directive, "this line is sent too: a later one does not replace it");
            }
            let kept = if name == "Upgrade" { "Upgrade $http_upgrade" } else { "Connection upgrade" };
            let help = format!("keep one line, such as `proxy_set_header {kept};`");
            out.push(finding.help(if severity > Severity::Info { with_curl(help, endpoint) } else { help }));
        }
    }
}

/// The lines that are surely sent for both browsers; none where no handshake could work anyway.
fn sent<'h, 's>(name: &str, header: &'h Header<'s>) -> Vec<&'h Line<'s>> {
    let wanted = if name == "Upgrade" { "websocket" } else { "upgrade" };
    let is_sent = |value: &Value| *value == Value::NotEmpty || value.surely(|value| !value.is_empty());
    let is_right = |value: &Value| value.possibly(|value| has_token(value, wanted));
    let lines: Vec<_> = header
        .lines
        .iter()
        .filter(|line| Browser::ALL.iter().all(|browser| is_sent(line.value(*browser))))
        .collect();
    let has_right = lines.iter().any(|line| is_right(line.value(Browser::Chrome)));
    if has_right { lines } else { Vec::new() }
}

fn times(count: usize) -> String {
    if count == 2 { "twice".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, labels};

    #[test]
    fn the_last_line_is_blamed() {
        let findings = check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_read_timeout 3600s;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_set_header upgrade websocket;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends `Upgrade` to the upstream twice for a handshake
    }
"#,
        );
        assert!(labels(&findings[0]).contains(&"this line is sent too: a later one does not replace it"));
    }

    #[test]
    fn a_second_connection_is_read_as_a_list() {
        check(
            r#"
server {
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    include keepalive.conf;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_read_timeout 3600s;
    }
}
    #- keepalive.conf
    proxy_set_header Connection keep-alive;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends `Connection` to the upstream twice for a handshake
"#,
        );
    }

    #[test]
    fn silent_where_one_is_sent_or_that_is_not_known() {
        for lines in [
            "proxy_set_header Upgrade ''; proxy_set_header Connection '';",
            "proxy_set_header Upgrade $http_nothing_of_the_kind;",
            "proxy_set_header Upgrade $upgrade_of_somewhere;",
        ] {
            let text = format!(
                "location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h; \
                 proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; {lines} }}"
            );
            let mut findings = found(&text);
            findings.retain(|finding| finding.rule.name != "undefined-variable");
            assert!(findings.is_empty(), "{lines}: {findings:?}");
        }
    }

    #[test]
    fn lines_of_two_levels_are_never_both_in_effect() {
        let findings = found(
            "server { proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; location /ws/ { \
             proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }",
        );
        assert!(findings.is_empty(), "{findings:?}");
    }
}
