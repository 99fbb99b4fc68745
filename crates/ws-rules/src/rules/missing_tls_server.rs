//! `missing-tls-server`: a server with WebSockets speaks no TLS, and `wss://` handshakes for its name get another server.
//!
//! Names are looked up among the servers of the socket that the connection came to; where none has the name, the default
//! server takes the request (`http/ngx_http_request.c:ngx_http_find_virtual_server`).

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{
    ContextId, ContextKind, DirectiveName, Ending, ListenAddress, NameMatch, ServerSelection, Way, effective,
    select_server, server_names,
};
use ws_model::{Endpoint, OpenSocket};

use super::missing_address_family::{host_of, is_served_by};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct MissingTlsServer;

const META: RuleMeta = RuleMeta {
    name: "missing-tls-server",
    group: Group::Protocol,
    severity: Severity::Warning,
    summary: "no TLS server has the name of a server with WebSockets, and another one gets `wss://`",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Socket,
    docs: include_str!("../../pages/missing-tls-server.md"),
};

/// The port of `wss://` without one.
const PORT: u16 = 443;

impl Rule for MissingTlsServer {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for (server, endpoint) in cx.model.served() {
            let configuration = cx.configuration();
            let Some(http) = configuration.enclosing(server, ContextKind::Http) else { continue };
            if !cx.model.is_understood(http) || !cx.model.is_understood(server) {
                continue;
            }
            let own = cx.model.sockets_of(server);
            if own.is_empty() || own.iter().any(|socket| !is_open_and_plain(cx, socket)) {
                continue;
            }
            let is_met = |socket: &&OpenSocket<'_>| {
                socket.is_tls
                    && !socket.is_quic
                    && socket.socket.address.is_wildcard()
                    && socket.socket.address.port() == Some(PORT)
            };
            let Some(tls) = cx.model.open_sockets(http).iter().map(|one| &**one).find(is_met) else {
                continue;
            };
            let Some(name) = host_of(&server_names(configuration, server)) else { continue };
            let Some(ServerSelection::Server(winner, NameMatch::Default | NameMatch::First)) =
                select_server(configuration, &tls.socket, Some(&name))
            else {
                continue;
            };
            // Nobody gets `wss://` by mistake where TLS is refused, or what serves it is served just as well.
            let rejects = effective(configuration, winner, DirectiveName::SSL_REJECT_HANDSHAKE).is_on(false);
            let is_served = is_served_by(cx, endpoint, winner)
                && (host_of(&server_names(configuration, winner)).is_none()
                    || leads_to_same(cx, endpoint, winner));
            if !rejects && !is_served {
                report(cx, server, endpoint, (&name, winner), out);
            }
        }
    }
}

/// Whether another server hands the handshakes of an endpoint to the same back end.
fn leads_to_same(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, server: ContextId) -> bool {
    let Some(path) = endpoint.example_path() else { return false };
    let is_same = |way: &Way<'_>| match &way.ending {
        Ending::Passed(passed) => passed.pass.target() == endpoint.pass.target(),
        _ => false,
    };
    cx.walks.walk(server, &path).ways.iter().any(is_same)
}

/// Whether clients get to a socket, and it surely speaks no TLS.
fn is_open_and_plain(cx: &Context<'_, '_>, socket: &OpenSocket<'_>) -> bool {
    let is_local = match &socket.socket.address {
        ListenAddress::Ip(ip, _) => ip.is_loopback(),
        ListenAddress::Name(..) | ListenAddress::Unix(_) | ListenAddress::Unknown(_) => true,
    };
    !is_local && !socket.is_tls && !socket.is_quic && cx.model.is_surely_without_tls(socket)
}

fn report(
    cx: &Context<'_, '_>,
    server: ContextId,
    endpoint: &Endpoint<'_>,
    (name, winner): (&str, ContextId),
    out: &mut Findings,
) {
    let configuration = cx.configuration();
    let line = configuration.named(server, DirectiveName::LISTEN).next();
    let Some(line) = line.or_else(|| configuration.opener(server)) else { return };
    let who = server_names(configuration, winner).into_iter().find(|name| !name.is_empty());
    let who = who.map_or_else(|| "the default server".to_owned(), |who| format!("the server of `{who}`"));
    let message = format!("no TLS server has the name `{name}`: handshakes for `wss://{name}` reach {who}");
    let is_asked = cx.model.arrivals.iter().any(|arrival| {
        arrival.url.is_tls && arrival.url.host == name && arrival.server == Some((winner, false))
    });
    let mut finding = FindingBuilder::new(&META, &line, message).endpoint(endpoint);
    if !is_asked {
        finding = finding.at_most(Severity::Info).confidence(Confidence::Medium);
    }
    if let Some(opener) = configuration.opener(winner) {
        finding = finding.label(&opener, "this server takes them");
    }
    let help = format!(
        "add a server for `{name}` with `listen {PORT} ssl;` and a certificate: pages loaded over https cannot open `ws://`"
    );
    out.push(finding.help(help));
}

#[cfg(test)]
mod tests {
    use super::META;
    use crate::testing::{Options, check_with, found_with, with_handshake as with};

    const OTHER: &str = "server { listen 443 ssl; server_name www.example.com; ssl_certificate a.pem; ssl_certificate_key a.key; location / { root /srv; } }";

    fn text(listen: &str, other: &str) -> String {
        with(&format!(
            "events {{}}\nhttp {{\n{other}\nserver {{\n    {listen}\n    server_name chat.example.com;\n    \
             location /ws/ {{ proxy_pass http://127.0.0.1:9000; proxy_set_header Host $http_host; @ }}\n}}\n}}\n"
        ))
    }

    #[test]
    fn the_default_server_of_443_takes_them() {
        let annotated = |level: &str| {
            format!(
                "listen 80;\n   #^^^^^^^^^ {level}: no TLS server has the name `chat.example.com`: handshakes for `wss://chat.example.com` reach the server of `www.example.com`"
            )
        };
        check_with(Options::default(), &text(&annotated("info"), OTHER));
        let url = Options { websocket_path: Some("wss://chat.example.com/ws/"), ..Options::default() };
        let findings = found_with(url, &text("listen 80;", OTHER));
        let finding = findings.iter().find(|one| one.rule.name == META.name).unwrap();
        assert_eq!(finding.severity, lint_finding::Severity::Warning);
    }

    #[test]
    fn silent_where_tls_is_spoken_for_it_or_nobody_speaks_it() {
        let own = OTHER.replace("www.", "chat.");
        let wildcard = OTHER.replace("www.", "*.");
        let rejects = OTHER.replace("location / { root /srv; }", "ssl_reject_handshake on;");
        let as_well = OTHER
            .replace("www.example.com", "_")
            .replace("root /srv;", "proxy_pass http://127.0.0.1:9000; proxy_set_header Host $http_host; @");
        let same = as_well.replace("server_name _", "server_name www.example.com");
        for (listen, other) in [
            ("listen 80; listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;", OTHER),
            ("listen 80;", own.as_str()),
            ("listen 80;", wildcard.as_str()),
            ("listen 80;", rejects.as_str()),
            ("listen 80;", as_well.as_str()),
            ("listen 80;", same.as_str()),
            ("listen 80;", "server { listen 81; server_name www.example.com; return 404; }"),
            (
                "listen 80;",
                "server { listen 10.0.0.1:443 ssl; server_name www.example.com; ssl_certificate a.pem; ssl_certificate_key a.key; return 404; }",
            ),
            ("listen 127.0.0.1:80;", OTHER),
            ("listen 80 proxy_protocol;", OTHER),
            ("listen 80; include /opt/more.conf;", OTHER),
        ] {
            let findings = found_with(Options::default(), &text(listen, &with(other)));
            assert!(findings.iter().all(|one| one.rule.name != META.name), "{listen} {other}");
        }
    }

    /// `.example.com` is `example.com`, and all below it.
    #[test]
    fn a_name_with_a_dot_in_front_is_a_name() {
        let own = |other: &str| text("listen 80;", other).replace("chat.example.com", ".example.com");
        let findings = found_with(Options::default(), &own(OTHER));
        let finding = findings.iter().find(|one| one.rule.name == META.name).unwrap();
        let said = "no TLS server has the name `example.com`: handshakes for `wss://example.com` reach the server of `www.example.com`";
        assert_eq!(finding.message, said);
        for names in [".example.com", "example.com *.example.com", "www.example.com example.com"] {
            let findings = found_with(Options::default(), &own(&OTHER.replace("www.example.com", names)));
            assert!(findings.iter().all(|one| one.rule.name != META.name), "{names}");
        }
    }
}
