//! `quic-only-listener`: a server that is reached over HTTP/3 only.
//!
//! Browsers open WebSockets over TCP, or over HTTP/3 with extended CONNECT (RFC 9220), which nginx does not have
//! (`http/v3/ngx_http_v3_request.c` knows no `:protocol`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct QuicOnlyListener;

const META: RuleMeta = RuleMeta {
    name: "quic-only-listener",
    group: Group::Protocol,
    severity: Severity::Error,
    summary: "a server listens only for HTTP/3, which carries no WebSockets in nginx",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Socket,
    docs: include_str!("../../pages/quic-only-listener.md"),
};

impl Rule for QuicOnlyListener {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(listening) = cx.model.listening(endpoint) else { return };
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
        let port = line.argument(0).map(|word| lossy(&word).into_owned()).unwrap_or_default();
        let message = "nginx listens only for QUIC here, but a WebSocket needs TCP: nginx has no WebSockets over HTTP/3";
        out.push(
            FindingBuilder::new(&META, &line, message)
                .endpoint(endpoint)
                .help(format!("add `listen {port} ssl;` as well")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, with_certificate};

    #[test]
    fn nothing_listens_on_tcp() {
        check(&with_certificate(
            "    listen 443 quic reuseport;
   #^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx listens only for QUIC here, but a WebSocket needs TCP: nginx has no WebSockets over HTTP/3",
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
            assert!(found(&with_certificate(lines)).is_empty(), "{lines}");
        }
    }
}
