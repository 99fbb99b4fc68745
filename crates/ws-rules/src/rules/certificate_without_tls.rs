//! `certificate-without-tls`: a server with a certificate listens at a port for TLS without speaking it.
//!
//! TLS is spoken where one `listen` of the socket has `ssl`, or `ssl` is on in the default server of the socket, before
//! 1.25.1 (`http/ngx_http_request.c:ngx_http_init_connection`). Neither the port nor a certificate counts.

use core::net::IpAddr;

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{
    ContextId, ContextKind, DirectiveName, Effective, Listen, ListenAddress, Presence, Socket, effective,
};
use nginx_syntax::lossy;
use ws_model::OpenSocket;

use crate::edit::Edits;
use crate::verify::with_s_client;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct CertificateWithoutTls;

const META: RuleMeta = RuleMeta {
    name: "certificate-without-tls",
    group: Group::Protocol,
    severity: Severity::Error,
    summary: "a server with a certificate listens on port 443 without `ssl`, so `wss://` fails",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Socket,
    docs: include_str!("../../pages/certificate-without-tls.md"),
};

impl Rule for CertificateWithoutTls {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        for http in configuration.of_kind(ContextKind::Http) {
            for socket in cx.model.open_sockets(http) {
                for listen in &socket.socket.listens {
                    let has_endpoint = cx.model.endpoints_of(listen.server).next().is_some();
                    if has_endpoint && is_meant_for_tls(cx, socket, listen.server) {
                        report(cx, &socket.socket, listen, out);
                    }
                }
            }
        }
    }
}

fn report(cx: &Context<'_, '_>, socket: &Socket<'_>, listen: &Listen<'_>, out: &mut Findings) {
    let configuration = cx.configuration();
    let endpoint = cx.model.endpoints_of(listen.server).min_by_key(|endpoint| endpoint.standing);
    let (Some(line), Some(endpoint), Some(port)) = (listen.directive, endpoint, socket.address.port()) else {
        return;
    };
    let message = format!(
        "`wss://` fails on port {port}: the `listen` has no `ssl`, so nginx does not speak TLS there"
    );
    let mut finding = FindingBuilder::new(&META, &line, message).endpoint(endpoint);
    // Others than 443 are for TLS by custom, and over the other family of addresses clients may get through.
    let mut own = cx.model.sockets_of(listen.server).iter();
    if port != 443 || own.any(|other| other.is_tls) {
        finding = finding.at_most(Severity::Warning);
    }
    // A server that was not given may say it for the socket of both.
    let http = configuration.enclosing(listen.server, ContextKind::Http);
    let is_whole = http.is_some_and(|http| cx.model.is_understood(http));
    finding = finding.assumed(!is_whole);
    if let Some(certificate) = configuration.named(listen.server, DirectiveName::SSL_CERTIFICATE).next() {
        finding = finding.because(&certificate, "clients of this port never see the certificate");
    }
    let has_certificate = |listen: &Listen<'_>| {
        let certificate = effective(configuration, listen.server, DirectiveName::SSL_CERTIFICATE);
        matches!(certificate, Effective::Set(_))
    };
    let word = line.argument(0).unwrap_or_default();
    let word = lossy(&word);
    // With `ssl` each server of the socket may need one.
    if is_whole && socket.listens.iter().all(has_certificate) {
        finding = finding.fix(
            "add `ssl` to the `listen`",
            Applicability::Unsafe,
            Edits::new().insert_argument(&line, 1, "ssl"),
        );
    }
    let rest: String = line.arguments().skip(1).map(|word| format!(" {}", lossy(&word))).collect();
    let help = format!(
        "write `listen {word} ssl{rest};`: it affects all servers on the port, so each of them needs a certificate"
    );
    out.push(finding.help(with_s_client(&help, endpoint)));
}

/// Whether a socket without TLS has a port for it, and its server a certificate that has no other use. Silent about what
/// files that were not given may change, and about addresses to which only what stands in front connects.
pub(super) fn is_meant_for_tls(cx: &Context<'_, '_>, open: &OpenSocket<'_>, server: ContextId) -> bool {
    let configuration = cx.configuration();
    let socket = &open.socket;
    let is_for_tls = |port: u16| port % 1000 == 443;
    let is_local = match &socket.address {
        ListenAddress::Ip(ip, _) => IpAddr::is_loopback(ip),
        ListenAddress::Name(name, _) => name == "localhost",
        ListenAddress::Unix(_) | ListenAddress::Unknown(_) => true,
    };
    let port = socket.address.port();
    let is_used_elsewhere = || {
        let own = cx.model.sockets_of(server);
        own.iter().any(|other| other.is_tls && other.socket.address.port() != port)
    };
    let http = configuration.enclosing(server, ContextKind::Http);
    port.is_some_and(is_for_tls)
        && !is_local
        && configuration.named(server, DirectiveName::SSL_CERTIFICATE).next().is_some()
        && http.is_some_and(|http| cx.model.is_understood(http) || is_odd_one_out(cx, open, server, http))
        && cx.model.is_surely_without_tls(open)
        && !is_used_elsewhere()
}

/// Whether a server whose surroundings were not given speaks TLS on the same port of the other family of addresses: then
/// the line without `ssl` is hardly meant.
fn is_odd_one_out(cx: &Context<'_, '_>, open: &OpenSocket<'_>, server: ContextId, http: ContextId) -> bool {
    let port = open.socket.address.port();
    let mut own = cx.model.sockets_of(server).iter();
    cx.configuration().context(http).presence != Presence::Given
        && own.any(|other| other.is_tls && other.socket.address.port() == port)
}

#[cfg(test)]
mod tests {
    use super::META;
    use crate::testing::{Options, check, check_with, found, found_with, help, labels, with_certificate};

    #[test]
    fn the_port_of_https() {
        let findings = check(&with_certificate(
            "    listen 80;
    listen 443 default_server;
   #^^^^^^^^^^^^^^^^^^^^^^^^^ error: `wss://` fails on port 443: the `listen` has no `ssl`, so nginx does not speak TLS there",
        ));
        assert!(labels(&findings[0]).contains(&"clients of this port never see the certificate"));
        assert!(help(&findings[0]).starts_with("write `listen 443 ssl default_server;`: "));
        let fix = findings[0].fix.as_ref().unwrap();
        assert_eq!(fix.edits[0].replacement, b"ssl ");
        check(&with_certificate(
            "    listen 8443;
   #^^^^^^^^^^^ warning: `wss://` fails on port 8443…",
        ));
    }

    #[test]
    fn one_family_of_addresses() {
        check(&with_certificate(
            "    listen [::]:443 ssl;
    listen 443;
   #^^^^^^^^^^ warning: `wss://` fails on port 443…",
        ));
    }

    #[test]
    fn in_a_file_of_its_own_a_server_tells_by_its_other_socket() {
        let server = with_certificate(
            "    listen 443 ssl;
    listen [::]:443;
   #^^^^^^^^^^^^^^^ warning: `wss://` fails on port 443: the `listen` has no `ssl`, so nginx does not speak TLS there (unless a file that was not given sets it)",
        );
        assert!(check_with(Options::bare(), &server)[0].fix.is_none());
    }

    #[test]
    fn a_server_without_a_certificate_beside_it() {
        let findings = check(
            &(with_certificate("    listen 443;\n   #^^^^^^^^^^ error: `wss://` fails on port 443…")
                + "server { listen 443; server_name b; return 404; }"),
        );
        assert!(findings[0].fix.is_none());
    }

    #[test]
    fn one_rule_speaks_of_http2() {
        let text = with_certificate(
            "    listen 443 http2;\n   #^^^^^^^^^^^^^^^^ error: `wss://` fails on port 443…",
        );
        check_with(Options::version("1.22"), &text);
    }

    #[test]
    fn silent_where_tls_is_spoken_or_something_in_front_ends_it() {
        let plain = with_certificate("listen 443;");
        for text in [
            with_certificate("listen 443 ssl;"),
            with_certificate("listen 443 quic; listen 443 ssl;"),
            with_certificate("listen 443 quic;"),
            with_certificate("listen 443 http3 reuseport;"),
            with_certificate("listen 443 proxy_protocol;"),
            with_certificate("listen 127.0.0.1:443;"),
            with_certificate("listen [::1]:8443;"),
            with_certificate("listen localhost:8443;"),
            with_certificate("listen unix:/run/443;"),
            with_certificate("listen 8443 ssl; listen 443;"),
            with_certificate("listen 80;"),
            with_certificate("listen 443; include /opt/tls.conf;"),
            with_certificate("listen 443; include /opt/tls*.conf;"),
            with_certificate("listen %%PORT%%443;"),
            plain.clone() + "server { listen 443 ssl; server_name b; ssl_certificate c.pem; }",
            plain.replace("ssl_certificate ", "ssl_trusted_certificate "),
            format!("map $a $b {{ a b; }} include conf.d/*.conf; {plain}"),
            "server { listen 443; ssl_certificate c.pem; location / { root /srv; } }".to_owned(),
        ] {
            assert!(found(&text).iter().all(|one| one.rule.name != META.name), "{text}");
        }
        let old = found_with(Options::version("1.22"), &with_certificate("listen 443; ssl on;"));
        assert!(old.iter().all(|one| one.rule.name != META.name));
        assert!(found_with(Options::bare(), &plain).iter().all(|one| one.rule.name != META.name));
    }
}
