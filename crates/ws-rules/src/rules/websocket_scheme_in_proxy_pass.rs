//! `websocket-scheme-in-proxy-pass`: `proxy_pass ws://…`.
//!
//! nginx knows `http` and `https` (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_pass`); a WebSocket is an HTTP
//! request until the 101.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextId, Pass, PassModule, Target};
use nginx_syntax::lossy;

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct WebsocketSchemeInProxyPass;

const META: RuleMeta = RuleMeta {
    name: "websocket-scheme-in-proxy-pass",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`proxy_pass` has a `ws://` or `wss://` address, which nginx refuses",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Failure,
    docs: include_str!("../../pages/websocket-scheme-in-proxy-pass.md"),
};

impl Rule for WebsocketSchemeInProxyPass {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn pass(&self, _cx: &Context<'_, '_>, _location: ContextId, pass: &Pass<'_>, out: &mut Findings) {
        if pass.module != PassModule::Proxy {
            return;
        }
        let written = pass.target();
        let target = Target::parse(&written);
        let scheme = match target.scheme.as_str() {
            "ws" => "http",
            "wss" => "https",
            _ => return,
        };
        let message = if target.has_variables {
            "nginx answers every request here with 500: `invalid URL prefix`"
        } else {
            "nginx refuses to start: `invalid URL prefix`"
        };
        // A server that starts answers 500 here, and would begin to pass requests on.
        let applicability = if target.has_variables { Applicability::Unsafe } else { Applicability::Safe };
        let rest = lossy(&written).into_owned();
        let rest = rest.split_once("://").map_or("", |(_, rest)| rest);
        let fixed = format!("{scheme}://{rest}");
        out.push(
            FindingBuilder::argument(&META, &pass.directive, 0, message)
                .help(format!("write `proxy_pass {fixed};`: a WebSocket is an HTTP request until the upstream answers 101"))
                .fix(format!("write `{fixed}`"), applicability, Edits::new().argument(&pass.directive, 0, &fixed)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::META;
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found};

    #[test]
    fn both_schemes_whether_endpoint_or_not() {
        let findings = check(
            r#"
    location /a {
        proxy_pass ws://127.0.0.1:9000;
                  #^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: `invalid URL prefix`
    }
    location /b {
        proxy_pass "wss://127.0.0.1:9000/b";
                  #^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: `invalid URL prefix`
    }
"#,
        );
        let written: Vec<&[u8]> = findings
            .iter()
            .filter_map(|finding| Some(finding.fix.as_ref()?.edits[0].replacement.as_slice()))
            .collect();
        assert_eq!(written, [&b"http://127.0.0.1:9000"[..], b"\"https://127.0.0.1:9000/b\""]);
    }

    #[test]
    fn only_the_word_changes() {
        let text = |scheme: &str| {
            format!(
                "server {{\r\n\tlocation /a {{ proxy_pass \t'{scheme}://127.0.0.1:9000' ; }} # ws://\r\n}}\r\n"
            )
        };
        let fixed = fixed(Applicability::Safe, "websocket-scheme-in-proxy-pass", &text("wss"));
        assert_eq!(fixed, text("https"));
    }

    #[test]
    fn with_variables_each_request_fails() {
        check(
            r#"
    location /a {
        proxy_pass ws://$host:9000;
                  #^^^^^^^^^^^^^^^ error: nginx answers every request here with 500: `invalid URL prefix`
    }
"#,
        );
    }

    #[test]
    fn other_addresses_and_other_modules() {
        for pass in [
            "proxy_pass http://ws.example",
            "proxy_pass https://wss",
            "proxy_pass $scheme://a",
            "uwsgi_pass ws:1",
        ] {
            let findings = found(&format!("location /a {{ {pass}; }}"));
            assert!(findings.iter().all(|finding| finding.rule != &META), "{pass}");
        }
    }
}
