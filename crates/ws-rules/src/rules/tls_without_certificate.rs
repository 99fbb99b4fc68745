//! `tls-without-certificate`: a socket with `ssl` whose default server has no certificate.
//!
//! `http/modules/ngx_http_ssl_module.c:ngx_http_ssl_init` looks at the default server of each such socket, and at the
//! others only where that one rejects handshakes.

use lint_finding::{FixKind, Group, RuleMeta, Severity};
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, Effective, Listen, Presence, Socket,
    effective, sockets,
};

use crate::streaming::is_on;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct TlsWithoutCertificate;

const META: RuleMeta = RuleMeta {
    name: "tls-without-certificate",
    group: Group::Protocol,
    severity: Severity::Error,
    summary: "a server listens for TLS and has no certificate, and nginx refuses to start",
    since: "0.1.0",
    fix: FixKind::None,
    docs: include_str!("tls_without_certificate.md"),
};

impl Rule for TlsWithoutCertificate {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        for http in configuration.of_kind(ContextKind::Http) {
            // Certificates mostly stand in the main file, and any file may have another default server.
            if !is_whole(configuration, http) {
                continue;
            }
            for socket in sockets(configuration, http) {
                let Some(listen) = without_certificate(configuration, &socket) else { continue };
                let Some(line) = listen.directive else { continue };
                let name = if socket.is_quic() { "quic" } else { "ssl" };
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
fn without_certificate<'a, 's>(
    configuration: Configuration<'s>,
    socket: &'a Socket<'s>,
) -> Option<&'a Listen<'s>> {
    let is_given =
        socket.listens.iter().all(|listen| is_plain(listen) && is_whole(configuration, listen.server));
    let has_tls = socket.is_tls() || socket.is_quic();
    let default = socket.default().filter(|_| is_given && has_tls)?;
    let has = |listen: &Listen<'_>| {
        !matches!(
            effective(configuration, listen.server, DirectiveName::SSL_CERTIFICATE),
            Effective::Default { is_assumed: false }
        )
    };
    let rejects = |listen: &Listen<'_>| {
        is_on(&effective(configuration, listen.server, DirectiveName::SSL_REJECT_HANDSHAKE), false)
    };
    if has(default) {
        None
    } else if rejects(default) {
        socket.listens.iter().find(|listen| !has(listen) && !rejects(listen))
    } else {
        Some(default)
    }
}

/// Whether all of a level was given, and is understood: what a template puts there may be a certificate, and so may what
/// OpenResty's Lua finds.
pub(super) fn is_whole(configuration: Configuration<'_>, id: ContextId) -> bool {
    let level = configuration.context(id);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_odd = |line: Directive<'_>| {
        let name = line.name_bytes();
        !name.iter().all(is_name) || name.starts_with(b"ssl_certificate_by_lua")
    };
    level.presence == Presence::Given && level.gaps.is_empty() && !configuration.directives(id).any(is_odd)
}

/// Whether a `listen` names an address as nginx wants it, and no placeholder for one.
pub(super) fn is_plain(listen: &Listen<'_>) -> bool {
    let Some(word) = listen.directive.and_then(|line| line.argument(0)) else { return true };
    word.iter().all(|byte| byte.is_ascii_alphanumeric() || b".:*[]_-/".contains(byte))
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
