//! `duplicate-handshake-header`: two lines in effect for `Upgrade` or `Connection`, and both are sent.
//!
//! The lines of a level are a list, in which a name may stand twice
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_init_headers`); a later one does not replace an earlier one. One
//! whose value is empty is not sent and does no harm.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::ContextKind;
use ws_model::{Browser, Endpoint, Header, Line, has_token};

use crate::context::is_literal;
use crate::edit::is_written_in;
use crate::given;
use crate::setting::safe_if_given;
use crate::verify::with_curl;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct DuplicateHandshakeHeader;

const META: RuleMeta = RuleMeta {
    name: "duplicate-handshake-header",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "`Upgrade` or `Connection` is sent to the back end twice",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/duplicate-handshake-header.md"),
};

impl Rule for DuplicateHandshakeHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        for (name, header) in [("Upgrade", &handshake.upgrade), ("Connection", &handshake.connection)] {
            let lines = sent(name, header);
            let Some((last, before)) = lines.split_last().filter(|(_, before)| !before.is_empty()) else {
                continue;
            };
            let message =
                format!("nginx sends `{name}` to the back end {} in a handshake", times(lines.len()));
            // Servers read `Connection` as a list, whose lines are joined (RFC 9110 section 5.3); `Upgrade` many compare
            // as a whole.
            let severity = if name == "Upgrade" { Severity::Warning } else { Severity::Info };
            let mut finding = FindingBuilder::new(&META, &last.directive, message)
                .endpoint(endpoint)
                .at_most(severity)
                .assumed(header.source.is_assumed());
            for line in before {
                finding = finding
                    .because(&line.directive, "this line is sent too: the later one does not replace it");
            }
            // The one that asks what the client asks for, where there is one, and stays for others who include it.
            let location = cx.configuration().enclosing(endpoint.context, ContextKind::Location);
            let block = location.and_then(|location| cx.configuration().opener(location));
            let is_own = |line: &Line<'_>| block.is_some_and(|block| is_written_in(&line.directive, &block));
            let right = lines.iter().filter(|line| is_right(name, line));
            let is_given = |line: &Line<'_>| given::is_given(&line.directive);
            let kept = right.min_by_key(|line| (!is_given(line), is_literal(&line.written), is_own(line)));
            let is_written_anyway = kept.is_some_and(|kept| is_given(kept));
            let others = lines.iter().filter(|line| kept.is_none_or(|kept| !std::ptr::eq(*kept, **line)));
            let edits = others.fold(Edits::new(), |edits, line| edits.remove(&line.directive));
            finding = finding.fix(format!("keep one `{name}`"), safe_if_given(endpoint), edits);
            let kept = if name == "Upgrade" { "Upgrade $http_upgrade" } else { "Connection upgrade" };
            let help = match is_written_anyway {
                true => format!("remove the line: the controller sends `{name}` for every path"),
                false => format!("keep one line, such as `proxy_set_header {kept};`"),
            };
            out.push(finding.help(if severity > Severity::Info { with_curl(help, endpoint) } else { help }));
        }
    }
}

/// The lines that are surely sent for both browsers; none where no handshake could work anyway.
fn sent<'h, 's>(name: &str, header: &'h Header<'s>) -> Vec<&'h Line<'s>> {
    let lines: Vec<_> = header
        .lines
        .iter()
        .filter(|line| Browser::ALL.iter().all(|browser| line.value(*browser).has_text()))
        .collect();
    if lines.iter().any(|line| is_right(name, line)) { lines } else { Vec::new() }
}

/// Whether a handshake may work with the line.
fn is_right(name: &str, line: &Line<'_>) -> bool {
    let wanted = if name == "Upgrade" { "websocket" } else { "upgrade" };
    line.value(Browser::Chrome).possibly(|value| has_token(value, wanted))
}

fn times(count: usize) -> String {
    if count == 2 { "twice".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, labels};

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
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends `Upgrade` to the back end twice in a handshake
    }
"#,
        );
        assert!(labels(&findings[0]).contains(&"this line is sent too: the later one does not replace it"));
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
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends `Connection` to the back end twice in a handshake
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

    #[test]
    fn the_line_that_asks_what_the_client_asks_for_stays() {
        let text = |lines: &str| {
            format!(
                "server {{\n  location /ws/ {{\n    proxy_pass http://a;\n    proxy_http_version 1.1;\n    proxy_set_header Connection upgrade;\n{lines}  }}\n}}\n"
            )
        };
        let [literal, variable] =
            ["websocket", "$http_upgrade"].map(|value| format!("    proxy_set_header Upgrade {value};\n"));
        for before in [format!("{literal}{variable}"), format!("{variable}{literal}")] {
            let after = fixed(Applicability::Safe, "duplicate-handshake-header", &text(&before));
            assert_eq!(after, text(&variable));
        }
    }

    #[test]
    fn what_a_file_says_to_others_too_stays() {
        let file = "#- ws.conf\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;\n";
        let text = |own: &str| {
            format!(
                "server {{\n  location /ws/ {{\n    proxy_pass http://a;\n    proxy_http_version 1.1;\n{own}    include ws.conf;\n  }}\n}}\n{file}"
            )
        };
        let own = "    proxy_set_header Upgrade $http_upgrade;\n";
        assert_eq!(fixed(Applicability::Safe, "duplicate-handshake-header", &text(own)), text(""));
    }
}
