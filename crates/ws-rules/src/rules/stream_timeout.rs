//! `stream-timeout`: a TCP proxy closes silent WebSockets after less than the minimum.
//!
//! `proxy_timeout` is the one timer of a TCP proxy, and traffic in either direction starts it again
//! (`stream/ngx_stream_proxy_module.c:ngx_stream_proxy_process`).

use lint_finding::{Applicability, Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::time;
use ws_model::{Source, StreamEndpoint};

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct StreamTimeout;

const META: RuleMeta = RuleMeta {
    name: "stream-timeout",
    group: Group::Lifetime,
    severity: Severity::Warning,
    summary: "a TCP proxy closes WebSockets that are silent for less than five minutes",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Expiry,
    docs: include_str!("../../pages/stream-timeout.md"),
};

/// As for HTTP: limits below this are reported, in milliseconds.
const MINIMUM_MS: u64 = 300_000;

impl Rule for StreamTimeout {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for endpoint in cx.model.stream_endpoints() {
            judge(cx, &endpoint, out);
        }
    }
}

fn judge(cx: &Context<'_, '_>, endpoint: &StreamEndpoint<'_>, out: &mut Findings) {
    let hints = &cx.model.hints;
    let minimum = hints.min_read_timeout_ms.unwrap_or(MINIMUM_MS);
    let Some(limit) = endpoint.idle_ms.filter(|limit| (1..minimum).contains(limit)) else { return };
    if hints.heartbeat_ms.is_some_and(|heartbeat| (1..limit).contains(&heartbeat)) {
        return;
    }
    let shown = time::display_ms(limit);
    let message = format!("nginx closes the WebSocket after {shown} without traffic in either direction");
    let mut finding = match endpoint.source {
        Source::Set { directive, is_here, .. } => {
            let finding = FindingBuilder::new(&META, &directive, message);
            let edits = if is_here {
                Edits::new().argument(&directive, 0, "3600s")
            } else {
                Edits::new().after(&endpoint.pass, &["proxy_timeout 3600s;"])
            };
            finding.fix("write `proxy_timeout 3600s`", applicability(endpoint), edits)
        }
        Source::Default { .. } => {
            let message = format!("{message}, the default of `proxy_timeout`");
            let finding = FindingBuilder::new(&META, &endpoint.pass, message);
            let edits = Edits::new().after(&endpoint.pass, &["proxy_timeout 3600s;"]);
            finding.fix("write `proxy_timeout 3600s`", applicability(endpoint), edits)
        }
        Source::Unknown(_) => return,
    };
    if let Some(opener) = &endpoint.opener {
        finding = finding.label(opener, format!("treated as a WebSocket endpoint: {}", endpoint.why));
    }
    let confidence = if endpoint.is_declared { Confidence::High } else { Confidence::Low };
    let remedy = if endpoint.source.is_here() { "write" } else { "add to this server" };
    out.push(finding.confidence(confidence).assumed(endpoint.source.is_assumed()).help(format!(
        "{remedy} `proxy_timeout 3600s;`, or send a ping from either side more often than every {shown}"
    )));
}

/// A name alone may be another protocol's.
fn applicability(endpoint: &StreamEndpoint<'_>) -> Applicability {
    if endpoint.is_declared { Applicability::Safe } else { Applicability::Unsafe }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Confidence};

    use crate::testing::{check, fixed, found, help, labels};

    fn with(stream: &str) -> String {
        format!("events {{ }}\nstream {{\n{stream}\n}}\n")
    }

    #[test]
    fn a_short_one_beside_an_upstream_that_says_so() {
        let findings = check(&with(
            "
    upstream ws_backend { server 127.0.0.1:9001; }
    server {
        listen 9443;
        proxy_timeout 3s;
       #^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 3s without traffic in either direction
        proxy_pass ws_backend;
    }
",
        ));
        assert_eq!(labels(&findings[0]), ["treated as a WebSocket endpoint: its upstream's name has `ws`"]);
        assert_eq!(findings[0].confidence, Confidence::Low);
        assert!(help(&findings[0]).starts_with("write `proxy_timeout 3600s;`"));
    }

    #[test]
    fn inherited_or_declared() {
        let findings = check(&with(
            "
    proxy_timeout 30s;
   #^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 30s…
    server { # nginx-ws-lint: websocket
        listen 9443;
        proxy_pass 127.0.0.1:9001;
    }
",
        ));
        assert_eq!(findings[0].confidence, Confidence::High);
        assert!(findings[0].fix.is_some());
        check(&with(
            "
    # WebSockets of the chat
    server {
        listen 9443;
        proxy_timeout 1m;
       #^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 60s…
        proxy_pass 127.0.0.1:9001;
    }
",
        ));
    }

    #[test]
    fn the_server_gets_a_line_of_its_own() {
        let text = |line: &str| {
            with(&format!(
                "    proxy_timeout 30s;\n    server {{ # nginx-ws-lint: websocket\n        listen 9443;\n        proxy_pass 127.0.0.1:9001;\n{line}    }}"
            ))
        };
        let after = fixed(Applicability::Safe, "stream-timeout", &text(""));
        assert_eq!(after, text("        proxy_timeout 3600s;\n"));
    }

    #[test]
    fn silent_without_evidence_or_with_time() {
        for server in [
            "listen 1; proxy_pass ws_backend;",
            "listen 1; proxy_pass ws_backend; proxy_timeout 5m;",
            "listen 1; proxy_pass database; proxy_timeout 10s;",
            "listen 1 udp; proxy_pass ws_backend; proxy_timeout 10s;",
            "listen 1; proxy_pass ws_backend; include /opt/elsewhere.conf;",
            "listen 1; proxy_pass $ws; proxy_timeout 10s;",
        ] {
            let text = with(&format!("server {{ {server} }}"));
            let is_silent = found(&text).iter().all(|finding| finding.rule.name != "stream-timeout");
            assert!(is_silent, "{text}");
        }
        check(&with(
            "# nginx-ws-lint: not-websocket\nserver { listen 1; proxy_pass ws_backend; proxy_timeout 10s; }",
        ));
    }
}
