//! `plaintext-to-tls-port`: `http://` to a port on which TLS is spoken.
//!
//! nginx takes the port as it is written and speaks what the scheme says (`http/modules/ngx_http_proxy_module.c:
//! ngx_http_proxy_pass`). nginx itself as the other side answers 400, `The plain HTTP request was sent to HTTPS port`.

use lint_finding::{Applicability, Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{PassModule, Peer};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct PlaintextToTlsPort;

const META: RuleMeta = RuleMeta {
    name: "plaintext-to-tls-port",
    group: Group::Protocol,
    severity: Severity::Warning,
    summary: "nginx sends plain HTTP to a back end's port for TLS",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/plaintext-to-tls-port.md"),
};

impl Rule for PlaintextToTlsPort {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let target = &endpoint.target;
        if endpoint.pass.module != PassModule::Proxy || target.scheme != "http" {
            return;
        }
        let line = &endpoint.pass.directive;
        let mut peers: &[Peer<'_>] = &[];
        let port = match endpoint.named_block() {
            Some(block) => {
                let Some(balancing) = cx.model.balancing(block) else { return };
                peers = &balancing.peers;
                let first = peers.first().map(|peer| peer.port);
                first.filter(|first| !balancing.may_differ && peers.iter().all(|peer| peer.port == *first))
            }
            None => target.port,
        };
        let Some(port) = port else { return };
        // Only 443 is registered for it; the others are TLS by custom, such as 8443 (pcsync-https) and 7443.
        let (severity, confidence, who) = match port {
            443 => (Severity::Warning, Confidence::High, "on which servers speak TLS"),
            8443 => (Severity::Info, Confidence::Medium, "on which servers speak TLS"),
            port if port % 1000 == 443 => (Severity::Info, Confidence::Low, "whose number suggests TLS"),
            _ => return,
        };
        let mut finding =
            FindingBuilder::argument(&META, line, 0, format!("nginx sends plain HTTP to port {port}, {who}"))
                .endpoint(endpoint)
                .at_most(severity)
                .confidence(confidence);
        if let Some(peer) = peers.first() {
            finding = finding.because(&peer.directive, "the port stands here");
        }
        let written = lossy(&endpoint.pass.target()).into_owned();
        if let Some(rest) = written.strip_prefix("http://") {
            let edits = Edits::new().argument(line, 0, format!("https://{rest}"));
            finding = finding.fix("write `https://`", Applicability::Unsafe, edits);
        }
        let help = "write `https://`: a TLS server answers plain HTTP with 400 or closes the connection, so the client gets 400 or 502";
        out.push(finding.help(help));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, labels, passing};

    #[test]
    fn the_port_of_https() {
        let findings = check(&passing(
            "",
            "    proxy_pass http://10.0.0.1:443/;
              #^^^^^^^^^^^^^^^^^^^^ warning: nginx sends plain HTTP to port 443, on which servers speak TLS",
        ));
        assert!(findings[0].fix.is_some());
        check(&passing(
            "",
            "    proxy_pass http://10.0.0.1:8443;
              #^^^^^^^^^^^^^^^^^^^^ info: nginx sends plain HTTP to port 8443, on which servers speak TLS",
        ));
        check(&passing(
            "",
            "    proxy_pass http://10.0.0.1:9443;
              #^^^^^^^^^^^^^^^^^^^^ info: nginx sends plain HTTP to port 9443, whose number suggests TLS",
        ));
    }

    #[test]
    fn the_port_of_the_servers() {
        let findings = check(&passing(
            "upstream app { server 10.0.0.1:443; }",
            "    proxy_pass http://app;
              #^^^^^^^^^^ warning: nginx sends plain HTTP to port 443, on which servers speak TLS",
        ));
        assert!(labels(&findings[0]).contains(&"the port stands here"));
    }

    #[test]
    fn silent_about_other_ports_and_schemes() {
        for (before, lines) in [
            ("", "proxy_pass http://10.0.0.1:8080;"),
            ("", "proxy_pass https://10.0.0.1:443;"),
            (
                "upstream app { ip_hash; server 10.0.0.1:443; server 10.0.0.1:80 down; }",
                "proxy_pass http://app;",
            ),
            ("", "proxy_pass http://unix:/run/443;"),
        ] {
            assert!(found(&passing(before, lines)).is_empty(), "{lines}");
        }
    }
}
