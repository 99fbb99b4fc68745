//! `response-filter`: the SSI filter keeps a 101 back that has a `Content-Type`.
//!
//! Of nginx's filters this one alone touches a 101: it looks at the type of an answer, not at its status, and swallows
//! the flush that sends the header of the 101 (`http/modules/ngx_http_ssi_filter_module.c:ngx_http_ssi_header_filter`,
//! `ngx_http_ssi_body_filter`). The bytes of the tunnel pass no filter at all.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::catalogue::lookup;
use nginx_semantics::{Directive, Effective};
use ws_model::Endpoint;

use crate::setting::set;
use crate::verify::code;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct ResponseFilter;

const META: RuleMeta = RuleMeta {
    name: "response-filter",
    group: Group::Handshake,
    severity: Severity::Info,
    summary: "server side includes are on for a WebSocket, and hold back a 101 that has a `Content-Type`",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/response-filter.md"),
};

impl Rule for ResponseFilter {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let of = |name: &str| endpoint.effective(lookup(name.as_bytes()));
        let Effective::Set(ssi) = of("ssi") else { return };
        let Some(line) = ssi.directives.first().filter(|line| is(line, b"on")) else { return };
        match of("postpone_output") {
            // Each piece is sent at once then.
            Effective::Set(postpone) if postpone.directives.iter().any(|line| is(line, b"0")) => return,
            Effective::Unknown(_) => return,
            Effective::Set(_) | Effective::Default { .. } => {}
        }
        let types: Vec<String> = match of("ssi_types") {
            Effective::Set(types) => types.directives.iter().map(Directive::arguments_text).collect(),
            Effective::Default { .. } | Effective::Unknown(_) => Vec::new(),
        };
        let types = ["text/html".to_owned()].into_iter().chain(types).collect::<Vec<_>>().join(" ");
        let message = format!(
            "nginx never sends the 101 if the back end gives it a `Content-Type` that server side includes process ({types})"
        );
        let help = format!("add to {}:{}", endpoint.location_words(), code(&["ssi off;".to_owned()]));
        let finding = FindingBuilder::new(&META, line, message).endpoint(endpoint).assumed(ssi.is_assumed);
        let edits = set(cx, endpoint, "ssi", "off");
        out.push(finding.fix("write `ssi off`", Applicability::Unsafe, edits).help(help));
    }
}

fn is(line: &Directive<'_>, value: &[u8]) -> bool {
    line.argument(0).is_some_and(|word| word.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help};

    /// A location with these lines beside all that a handshake needs.
    fn with(lines: &str) -> String {
        format!(
            "location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; {lines} }}"
        )
    }

    #[test]
    fn the_line_that_switches_it_on_is_blamed() {
        let findings = check(
            r#"
server {
    ssi on;
   #^^^^^^ info: nginx never sends the 101 if the back end gives it a `Content-Type` that server side includes process (text/html text/xml)
    ssi_types text/xml;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
    }
}
"#,
        );
        assert_eq!(help(&findings[0]), "add to this location:\n    ssi off;");
    }

    #[test]
    fn silent_where_it_is_off_or_nothing_is_held_back() {
        for lines in ["", "ssi off;", "ssi on; postpone_output 0;", "sub_filter a b;", "gzip on;"] {
            assert!(found(&with(lines)).is_empty(), "{lines}");
        }
        let text = format!("server {{ ssi on; include /opt/x.conf; {} }}", with(""));
        assert!(found(&text).is_empty());
    }

    #[test]
    fn only_this_location_is_without() {
        let text = |more: &str| {
            crate::testing::with_handshake(&format!(
                "server {{\n    ssi on;\n    location /ws/ {{ proxy_pass http://a; @{more} }}\n}}\n"
            ))
        };
        assert_eq!(fixed(Applicability::Unsafe, "response-filter", &text("")), text(" ssi off;"));
    }
}
