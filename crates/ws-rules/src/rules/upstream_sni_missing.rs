//! `upstream-sni-missing`: the TLS handshake with the upstream names no server.
//!
//! `proxy_ssl_server_name` is off by default, and `proxy_ssl_name` only says which name is meant
//! (`http/ngx_http_upstream.c:ngx_http_upstream_ssl_name`).

use core::net::IpAddr;

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{DirectiveName, Effective, PassModule, Target, peers};
use ws_model::Endpoint;

use crate::setting::set;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct UpstreamSniMissing;

const META: RuleMeta = RuleMeta {
    name: "upstream-sni-missing",
    group: Group::Protocol,
    severity: Severity::Warning,
    summary: "nginx sends no server name (SNI) to a back end that may have several certificates",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/upstream-sni-missing.md"),
};

/// Domains whose hosts share addresses and are told apart by SNI.
const SHARED: [&str; 6] =
    [".workers.dev", ".pages.dev", ".vercel.app", ".netlify.app", ".fly.dev", ".onrender.com"];

/// Endings of names that no public certificate has.
const INSIDE: [&str; 8] =
    [".local", ".internal", ".lan", ".localdomain", ".localhost", ".home.arpa", ".svc", ".test"];

impl Rule for UpstreamSniMissing {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let target = &endpoint.target;
        if endpoint.pass.module != PassModule::Proxy || target.scheme != "https" || target.has_variables {
            return;
        }
        let setting = endpoint.effective(DirectiveName::PROXY_SSL_SERVER_NAME);
        let (line, is_here, is_assumed) = match &setting {
            _ if setting.is_on(false) => return,
            Effective::Set(declared) => {
                (declared.directives.first().copied(), declared.is_here, declared.is_assumed)
            }
            Effective::Default { is_assumed } => (None, false, *is_assumed),
            Effective::Unknown(_) => return,
        };
        let block = endpoint.named_block();
        let host = match block {
            // Without `proxy_ssl_name` the name of the block would be sent.
            Some(block) => peers(cx.configuration(), block)
                .map(|peer| Target::parse(peer.address.as_bytes()).host)
                .find(|host| is_public_name(host)),
            None => Some(target.host.clone()).filter(|host| is_public_name(host)),
        };
        let Some(host) = host else { return };
        let is_shared = SHARED.iter().any(|domain| host.ends_with(domain));
        let message = format!("nginx sends no server name (SNI) in the TLS handshake with `{host}`");
        let mut finding =
            FindingBuilder::new(&META, line.as_ref().unwrap_or(&endpoint.pass.directive), message)
                .endpoint(endpoint)
                .assumed(is_assumed)
                .at_most(if is_shared { Severity::Warning } else { Severity::Info });
        // The name of a block would be sent where none is set.
        if block.is_none() {
            let edits = set(cx, endpoint, "proxy_ssl_server_name", "on");
            finding = finding.fix("write `proxy_ssl_server_name on`", Applicability::Unsafe, edits);
        }
        let mut help = match line.filter(|_| is_here) {
            Some(_) => "write `proxy_ssl_server_name on;`".to_owned(),
            None => format!("add `proxy_ssl_server_name on;` to {}", endpoint.location_words()),
        };
        if block.is_some() {
            help.push_str(&format!(" and `proxy_ssl_name {host};` (the block's name is no host name)"));
        }
        help.push_str(
            ": without it, a server with several certificates refuses the TLS handshake or serves another site, and the client gets 502 or that site's refusal",
        );
        out.push(finding.help(help));
    }
}

/// Whether a host is one of the public DNS: a server of it may well hold several certificates.
fn is_public_name(host: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-');
    let top = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && host.chars().all(is_plain)
        && host.parse::<IpAddr>().is_err()
        && top.len() > 1
        && top.chars().all(|character| character.is_ascii_alphabetic())
        && !INSIDE.iter().any(|ending| host.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help, passing};

    #[test]
    fn a_public_name() {
        let findings = check(&passing(
            "",
            "    proxy_pass https://ws.example.com;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends no server name (SNI) in the TLS handshake with `ws.example.com`",
        ));
        assert!(help(&findings[0]).starts_with("add `proxy_ssl_server_name on;` to this location: "));
        check(&passing(
            "",
            "    proxy_pass https://chat.workers.dev/;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends no server name (SNI)…",
        ));
    }

    #[test]
    fn written_down() {
        let findings = check(&passing(
            "",
            "    proxy_ssl_server_name off;
   #^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends no server name (SNI)…
    proxy_pass https://ws.example.com;",
        ));
        assert!(findings[0].fix.is_some());
    }

    #[test]
    fn the_servers_of_a_block() {
        let findings = check(&passing(
            "upstream app { server ws.example.com:443; }",
            "    proxy_pass https://app;
   #^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends no server name (SNI) in the TLS handshake with `ws.example.com`",
        ));
        assert!(help(&findings[0]).contains("`proxy_ssl_name ws.example.com;`"));
    }

    #[test]
    fn silent_where_no_name_is_needed_or_known() {
        for lines in [
            "proxy_pass https://ws.example.com; proxy_ssl_server_name on;",
            "proxy_pass https://10.0.0.1;",
            "proxy_pass https://[::1]:8443;",
            "proxy_pass https://a:8443;",
            "proxy_pass https://app.namespace.svc;",
            "proxy_pass https://$host;",
            "proxy_pass http://ws.example.com;",
            "proxy_pass https://ws.example.com; include /opt/tls.conf;",
        ] {
            assert!(found(&passing("", lines)).is_empty(), "{lines}");
        }
    }

    #[test]
    fn the_location_gets_the_line() {
        let text = |more: &str| {
            crate::testing::with_handshake(&format!(
                "server {{\nlocation /ws/ {{\n    proxy_pass https://ws.example.com;\n    @{more}\n}}\n}}\n"
            ))
        };
        assert_eq!(
            fixed(Applicability::Unsafe, "upstream-sni-missing", &text("")),
            text("\n    proxy_ssl_server_name on;")
        );
    }
}
