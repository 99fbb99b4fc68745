//! `tls-without-certificate`: a socket with `ssl` whose default server has no certificate.
//!
//! `http/modules/ngx_http_ssl_module.c:ngx_http_ssl_init` looks at the default server of each such socket, and at the
//! others only where that one rejects handshakes.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextKind, DirectiveName, Effective, Listen, effective};
use ws_model::{OpenSocket, is_plain};

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct TlsWithoutCertificate;

const META: RuleMeta = RuleMeta {
    name: "tls-without-certificate",
    group: Group::Protocol,
    severity: Severity::Error,
    summary: "a server listens for TLS and has no certificate, and nginx refuses to start",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Socket,
    docs: include_str!("../../pages/tls-without-certificate.md"),
};

impl Rule for TlsWithoutCertificate {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        for http in configuration.of_kind(ContextKind::Http) {
            // Certificates mostly stand in the main file, and any file may have another default server.
            if !cx.model.is_understood(http) {
                continue;
            }
            for open in cx.model.open_sockets(http) {
                let Some(listen) = without_certificate(cx, open) else { continue };
                let Some(line) = listen.directive else { continue };
                let name = if open.is_quic { "quic" } else { "ssl" };
                let message = format!(
                    "nginx refuses to start: no \"ssl_certificate\" is defined for the \"listen ... {name}\" directive"
                );
                let help =
                    "add `ssl_certificate` and `ssl_certificate_key` to this server, or to `http` for all";
                out.push(FindingBuilder::new(&META, &line, message).help(help));
            }
        }
    }
}

/// The server for whose want of a certificate nginx refuses the socket.
fn without_certificate<'a, 's>(cx: &Context<'_, '_>, open: &'a OpenSocket<'s>) -> Option<&'a Listen<'s>> {
    let (configuration, socket) = (cx.configuration(), &open.socket);
    let is_given =
        socket.listens.iter().all(|listen| is_plain(listen) && cx.model.is_understood(listen.server));
    let has_tls = open.is_tls || open.is_quic;
    let default = socket.default().filter(|_| is_given && has_tls)?;
    let has = |listen: &Listen<'_>| {
        !matches!(
            effective(configuration, listen.server, DirectiveName::SSL_CERTIFICATE),
            Effective::Default { is_assumed: false }
        )
    };
    let rejects = |listen: &Listen<'_>| {
        effective(configuration, listen.server, DirectiveName::SSL_REJECT_HANDSHAKE).is_on(false)
    };
    if has(default) {
        None
    } else if rejects(default) {
        socket.listens.iter().find(|listen| !has(listen) && !rejects(listen))
    } else {
        Some(default)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found};

    #[test]
    fn the_default_server_needs_one() {
        check(
            r#"
server {
    listen 443 ssl;
   #^^^^^^^^^^^^^^ error: nginx refuses to start: no "ssl_certificate" is defined for the "listen ... ssl" directive
    return 404;
}
server {
    listen 443 ssl;
    server_name b.example.com;
    ssl_certificate c.pem;
}
"#,
        );
    }

    #[test]
    fn those_behind_one_that_rejects_need_one() {
        check(
            r#"
server {
    listen 443 ssl default_server;
    ssl_reject_handshake on;
}
server {
    listen 443 ssl;
   #^^^^^^^^^^^^^^ error: nginx refuses to start: no "ssl_certificate" is defined…
    server_name b.example.com;
}
"#,
        );
    }

    #[test]
    fn silent_with_one_in_reach_or_an_include() {
        for text in [
            "server { listen 443 ssl; ssl_certificate c.pem; }",
            "server { listen 443 ssl; ssl_certificate c.pem; } server { listen 443 ssl; server_name b; }",
            "events {} http { ssl_certificate c.pem; server { listen 443 ssl; } }",
            "server { listen 443 ssl; include /etc/letsencrypt/*.conf; }",
            "events {} http { include /opt/tls.conf; server { listen 443 ssl; } }",
            "server { listen 443 ssl; ssl_reject_handshake on; }",
            "server { listen 80; }",
            "events {} http { %%GLOBALS%% ssl_certificate c.pem; server { listen 443 ssl; } }",
            "server { listen %%PORT%% ssl; } server { listen %%OTHER%% ssl; ssl_certificate c.pem; }",
            "server { listen 443 ssl; ssl_certificate_by_lua_file find.lua; }",
        ] {
            let findings = found(text);
            assert!(findings.iter().all(|one| one.rule.name != "tls-without-certificate"), "{text}");
        }
        check_with(Options::bare(), "server { listen 443 ssl; return 404; }");
    }
}
