//! `ip-hash-behind-proxy`: `ip_hash` looks at the address of the proxy in front.
//!
//! It takes the first three octets of an IPv4 address, all of an IPv6 one, of whoever opened the connection, unless the
//! realip module has put the client's in its place (`http/modules/ngx_http_upstream_ip_hash_module.c:
//! ngx_http_upstream_init_ip_hash_peer`, which reads `c->sockaddr`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextKind, Directive, DirectiveName, Effective, ListenAddress, Method};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct IpHashBehindProxy;

const META: RuleMeta = RuleMeta {
    name: "ip-hash-behind-proxy",
    group: Group::Balancing,
    severity: Severity::Warning,
    summary: "`ip_hash` uses the address of the proxy in front, not the client's",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/ip-hash-behind-proxy.md"),
};

/// How header fields are called in which proxies in front say who the client is.
const OF_PROXIES: [&str; 5] =
    ["$http_x_forwarded_", "$http_x_real_ip", "$http_cf_", "$http_true_client_ip", "$proxy_protocol_addr"];

impl Rule for IpHashBehindProxy {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some((_, balancing)) = cx.model.shared(endpoint) else { return };
        let Some((Method::IpHash, line)) = balancing.method() else { return };
        let real = endpoint.effective(DirectiveName::SET_REAL_IP_FROM);
        // With `sticky` a client has a server of its own once it was here.
        let Effective::Default { is_assumed } = real else { return };
        if !balancing.sticky.is_empty() {
            return;
        }
        let sign = sign(cx, endpoint);
        let message = match &sign {
            Some(_) => {
                "nginx chooses the server by the first three octets of the address of the proxy in front, not of the client"
            }
            None => {
                "nginx chooses the server by the first three octets of the address that it sees: all clients of one network, or behind one proxy, get the same server"
            }
        };
        let mut finding = FindingBuilder::new(&META, &line, message).endpoint(endpoint).assumed(is_assumed);
        let help = match sign {
            Some((directive, why)) => {
                finding = finding.because(&directive, why);
                "name the proxy with `set_real_ip_from`, and the header that has the client's address with `real_ip_header`"
            }
            None => {
                let edits = Edits::new().replace(&line, "hash $remote_addr consistent");
                finding = finding.at_most(Severity::Info).fix(
                    "write `hash $remote_addr consistent`",
                    Applicability::Unsafe,
                    edits,
                );
                "write `hash $remote_addr consistent;` for the whole address; behind a CDN or a load balancer add `set_real_ip_from` and `real_ip_header`"
            }
        };
        out.push(finding.because(&endpoint.pass.directive, "its requests go there").help(help));
    }
}

/// What tells that a proxy is in front.
fn sign<'s>(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>) -> Option<(Directive<'s>, &'static str)> {
    let configuration = cx.configuration();
    let server = configuration.enclosing(endpoint.context, ContextKind::Server)?;
    let listens: Vec<_> = configuration.named(server, DirectiveName::LISTEN).collect();
    let is_inside = |listen: &Directive<'_>| {
        let word = listen.argument(0).unwrap_or_default();
        match ListenAddress::first_of(&lossy(&word)) {
            ListenAddress::Ip(ip, _) => ip.is_loopback(),
            ListenAddress::Name(name, _) => name == "localhost",
            ListenAddress::Unix(_) | ListenAddress::Unknown(_) => true,
        }
    };
    let takes_protocol = |listen: &&Directive<'_>| listen.arguments().any(|word| *word == *b"proxy_protocol");
    if let Some(listen) = listens.iter().find(takes_protocol) {
        return Some((*listen, "a proxy in front sends the client's address here"));
    }
    if let Some(listen) = listens.first().filter(|_| listens.iter().all(is_inside)) {
        return Some((*listen, "only this machine can connect here"));
    }
    let handshake = cx.handshake(endpoint)?;
    let told = handshake.others.iter().find(|line| {
        let written = lossy(&line.written).to_ascii_lowercase();
        OF_PROXIES.iter().any(|name| written.contains(name))
    })?;
    Some((told.directive, "a proxy in front sends the client's address here"))
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help};

    /// A complete server with more lines in it and its upstream.
    fn with(upstream: &str, server: &str) -> String {
        format!(
            "upstream app {{\n{upstream}\n}}\nserver {{\n{server}\n location /ws/ {{\n proxy_pass http://app;\n proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    const PEERS: &str = "server 10.0.0.1:80; server 10.0.0.2:80;";

    #[test]
    fn the_whole_address_takes_the_place_of_three_octets() {
        let text = |method: &str| with(&format!("\t{method}; # stay\n{PEERS}"), "listen 80;");
        let after = fixed(Applicability::Unsafe, "ip-hash-behind-proxy", &text("ip_hash"));
        assert_eq!(after, text("hash $remote_addr consistent"));
    }

    #[test]
    fn a_proxy_in_front_is_known() {
        let text = "    ip_hash;
   #^^^^^^^ warning: nginx chooses the server by the first three octets of the address of the proxy in front, not of the client
";
        for server in ["listen 80 proxy_protocol;", "listen 127.0.0.1:8080;", "listen unix:/run/n.sock;"] {
            let findings = check(&with(&format!("{text}{PEERS}"), server));
            assert!(help(&findings[0]).starts_with("name the proxy"));
        }
    }

    #[test]
    fn a_header_of_the_proxy_is_passed_on() {
        let text = with(
            &format!(
                "    ip_hash;
   #^^^^^^^ warning: nginx chooses the server by the first three octets of the address of the proxy…
{PEERS}"
            ),
            "",
        );
        check(&text.replace(
            "proxy_read_timeout",
            "proxy_set_header X-Real-IP $http_cf_connecting_ip;\nproxy_read_timeout",
        ));
    }

    #[test]
    fn nobody_knows_what_is_in_front() {
        let text = format!(
            "    ip_hash;
   #^^^^^^^ info: nginx chooses the server by the first three octets of the address that it sees…
{PEERS}"
        );
        check(&with(&text, "listen 80; listen 127.0.0.1:80;"));
    }

    #[test]
    fn silent_with_realip_or_one_server_or_another_key() {
        for (upstream, server) in [
            (format!("ip_hash; {PEERS}"), "set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For;"),
            (format!("ip_hash; {PEERS}"), "include /opt/elsewhere.conf;"),
            ("ip_hash; server 10.0.0.1:80;".to_owned(), "listen 127.0.0.1:80;"),
            (format!("hash $remote_addr consistent; {PEERS}"), "listen 127.0.0.1:80;"),
        ] {
            let findings = found(&with(&upstream, server));
            assert!(
                findings.iter().all(|finding| finding.rule.name != "ip-hash-behind-proxy"),
                "{findings:?}"
            );
        }
    }
}
