//! `quic-only-listener`: a server that is reached over HTTP/3 only.
//!
//! Browsers open WebSockets over TCP, or over HTTP/3 with extended CONNECT (RFC 9220), which nginx does not have
//! (`http/v3/ngx_http_v3_request.c` knows no `:protocol`).

use lint_finding::{FixKind, Group, RuleMeta, Severity};
use ws_model::Endpoint;

use crate::listening::Listening;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct QuicOnlyListener;

const META: RuleMeta = RuleMeta {
    name: "quic-only-listener",
    group: Group::Protocol,
    severity: Severity::Error,
    summary: "a server listens for HTTP/3 only, which carries no WebSockets in nginx",
    since: "0.1.0",
    fix: FixKind::None,
    docs: include_str!("quic_only_listener.md"),
};

impl Rule for QuicOnlyListener {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(listening) = Listening::of(cx, endpoint) else { return };
        let own = |server| {
            listening
                .quic
                .iter()
                .flat_map(|socket| &socket.socket.listens)
                .find(move |listen| listen.server == server)
        };
        let Some(line) = own(listening.server).and_then(|listen| listen.directive) else { return };
        if !listening.sockets.is_empty() {
            return;
        }
        let port =
            line.argument(0).map(|word| String::from_utf8_lossy(&word).into_owned()).unwrap_or_default();
        let message = "nginx listens for QUIC only here, and a WebSocket needs TCP: nginx has no WebSockets over HTTP/3";
        out.push(
            FindingBuilder::new(&META, &line, message)
                .endpoint(endpoint)
                .help(format!("add `listen {port} ssl;` beside it")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found};

    /// A server with these lines and a complete location.
    fn with(lines: &str) -> String {
        format!(
            "server {{\n{lines}\n ssl_certificate c.pem; ssl_certificate_key k.pem;\n location /ws/ {{\n proxy_pass http://127.0.0.1:9000;\n proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn nothing_listens_on_tcp() {
        check(&with(
            "    listen 443 quic reuseport;
   #^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx listens for QUIC only here, and a WebSocket needs TCP: nginx has no WebSockets over HTTP/3",
        ));
    }

    #[test]
    fn silent_with_tcp_beside_it() {
        for lines in [
            "listen 443 quic; listen 443 ssl;",
            "listen 443 quic; listen [::]:80;",
            "listen 443 quic; include /opt/listen.conf;",
            "",
        ] {
            assert!(found(&with(lines)).is_empty(), "{lines}");
        }
    }
}
