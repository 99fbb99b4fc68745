//! `missing-address-family`: a name is served over IPv4 alone, and another server takes what comes over IPv6, or the
//! other way round.
//!
//! nginx chooses among the servers of the socket that a connection came to
//! (`http/ngx_http_request.c:ngx_http_find_virtual_server`), and `listen 443` opens none for IPv6
//! (`http/ngx_http_core_module.c:ngx_http_core_listen`).

use core::net::IpAddr;

use lint_finding::{Applicability, Confidence, FixKind, Group, RuleMeta, Severity};
use nginx_semantics::{
    ContextId, ContextKind, Directive, Listen, ListenAddress, NameMatch, ServerSelection, select_server,
    server_names,
};
use nginx_syntax::lossy;
use ws_model::{Endpoint, OpenSocket, is_plain};

use crate::verify::with_curl;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct MissingAddressFamily;

const META: RuleMeta = RuleMeta {
    name: "missing-address-family",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "a name is served over IPv4 alone, or IPv6, and another server takes the rest",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    docs: include_str!("../../pages/missing-address-family.md"),
};

impl Rule for MissingAddressFamily {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for (server, endpoint) in cx.model.served() {
            if let Some(http) = cx.configuration().enclosing(server, ContextKind::Http)
                && cx.model.is_understood(http)
                && cx.model.is_understood(server)
            {
                for own in cx.model.sockets_of(server) {
                    if let Some(other) = Other::of(cx, http, server, own) {
                        report(cx, endpoint, &other, out);
                    }
                }
            }
        }
    }
}

/// The socket of the other family, at which another server takes the name.
struct Other<'m, 's> {
    name: String,
    line: Directive<'s>,
    other: &'m ListenAddress,
    winner: ContextId,
}

impl<'m, 's> Other<'m, 's> {
    /// Where `server` listens at `own` for all addresses of one family alone.
    fn of(cx: &Context<'m, 's>, http: ContextId, server: ContextId, own: &'m OpenSocket<'s>) -> Option<Self> {
        let configuration = cx.configuration();
        let all = cx.model.sockets_of(server);
        let own_port =
            own.socket.address.port().filter(|_| own.socket.address.is_wildcard() && !own.is_quic)?;
        let is_here =
            |socket: &OpenSocket<'_>| socket.socket.address.port() == Some(own_port) && !socket.is_quic;
        let is_v6 = |address: &ListenAddress| matches!(address, ListenAddress::Ip(IpAddr::V6(_), _));
        // A name, or one address of the other family, is as good.
        let has_both = all.iter().any(|socket| {
            is_here(socket)
                && (is_v6(&socket.socket.address) != is_v6(&own.socket.address)
                    || !matches!(socket.socket.address, ListenAddress::Ip(..)))
        });
        let takes_both = |listen: &Listen<'_>| listen.has("ipv6only=off");
        if has_both || own.socket.listens.iter().any(takes_both) {
            return None;
        }
        let sockets = cx.model.open_sockets(http).iter();
        let mut others = sockets.filter(|socket| {
            is_here(socket)
                && socket.socket.address.is_wildcard()
                && is_v6(&socket.socket.address) != is_v6(&own.socket.address)
        });
        let other = others.next()?;
        if !other.socket.listens.iter().all(is_plain) {
            return None;
        }
        let name =
            server_names(configuration, server).into_iter().find(|name| is_host(name))?.to_ascii_lowercase();
        let Some(ServerSelection::Server(winner, NameMatch::Default | NameMatch::First)) =
            select_server(configuration, &other.socket, Some(&name))
        else {
            return None;
        };
        let line = own.socket.listens.iter().find(|listen| listen.server == server)?.directive?;
        let other = &other.socket.address;
        Some(Self { name, line, other, winner })
    }
}

/// Whether clients ask for it by this name, one that others can look up.
fn is_host(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    name.contains('.') && name.bytes().all(is_of_name) && name.parse::<IpAddr>().is_err()
}

fn report(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, other: &Other<'_, '_>, out: &mut Findings) {
    let configuration = cx.configuration();
    let Other { name, line, other, winner } = other;
    // It would take the handshakes just as well.
    let path = endpoint.example_path();
    let is_served = path
        .is_some_and(|path| cx.walks.walk(*winner, &path).ways.iter().any(|way| cx.model.may_upgrade(way)));
    let Some(winner_line) = configuration.opener(*winner).filter(|_| !is_served) else { return };
    let (here, there) = if matches!(other, ListenAddress::Ip(IpAddr::V6(_), _)) {
        ("IPv4", "IPv6")
    } else {
        ("IPv6", "IPv4")
    };
    let names = server_names(configuration, *winner);
    let (taker, severity) = match names.iter().find(|name| is_host(name)) {
        Some(name) => (format!("the server of `{name}`"), Severity::Warning),
        // The site that comes with nginx: whether the name has an address of the family at all shows in DNS alone.
        None => ("a server without a name".to_owned(), Severity::Info),
    };
    let message = format!(
        "`{name}` is served over {here} alone: handshakes that come over {there} get {taker}, which listens at `{other}`"
    );
    let listen = format!("listen {other}{};", parameters(line));
    let help = format!("add `{listen}` to this server, or leave the {there} address of `{name}` out of DNS");
    let edits = Edits::new().after(line, std::slice::from_ref(&listen));
    let finding = FindingBuilder::new(&META, line, message)
        .at_most(severity)
        .because(&winner_line, "this server takes what no name takes there")
        .confidence(Confidence::Medium)
        .endpoint(endpoint)
        .fix(format!("add `{listen}`"), Applicability::Unsafe, edits);
    out.push(finding.help(with_curl(help, endpoint)));
}

/// What of the parameters of a `listen` is right for another socket too: those of the socket itself stand once for each.
fn parameters(line: &Directive<'_>) -> String {
    let words = line.arguments().skip(1);
    let kept = words.filter(|word| matches!(word.as_ref(), b"ssl" | b"http2" | b"proxy_protocol"));
    kept.map(|word| format!(" {}", lossy(&word))).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, help, with_handshake as with};

    #[test]
    fn another_server_takes_the_other_family() {
        let findings = check(&with(
            r#"
server { listen 80 default_server; listen [::]:80 default_server; server_name www.example.com; root /srv; }
server {
    listen 80;
   #^^^^^^^^^ warning: `node.example.com` is served over IPv4 alone: handshakes that come over IPv6 get the server of `www.example.com`, which listens at `[::]:80`
    server_name node.example.com;
    location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_set_header Host $host; @ }
}
"#,
        ));
        assert!(help(&findings[0]).starts_with("add `listen [::]:80;` to this server"));
    }

    #[test]
    fn the_other_way_round() {
        check(&with(
            r#"
server { listen 80; server_name _; return 444; }
server {
    listen [::]:80;
   #^^^^^^^^^^^^^^ info: `node.example.com` is served over IPv6 alone: handshakes that come over IPv4 get a server without a name, which listens at `*:80`
    server_name node.example.com;
    location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_set_header Host $host; @ }
}
"#,
        ));
    }

    #[test]
    fn silent_where_nobody_else_takes_it() {
        let other = "server { listen 80; listen [::]:80; server_name www.example.com; root /srv; }";
        let is_said = |other: &str, own: &str| {
            let text = with(&format!(
                "{other} server {{ {own} location /ws/ {{ proxy_pass http://127.0.0.1:9000; @ }} }}"
            ));
            found(&text).iter().any(|finding| finding.rule.name == "missing-address-family")
        };
        assert!(is_said(other, "listen 80; server_name a.example.com;"));
        for (other, own) in [
            (other, "listen 80; listen [::]:80; server_name a.example.com;"),
            (other, "listen 80; listen [2001:db8::1]:80; server_name a.example.com;"),
            (other, "listen 10.0.0.1:80; server_name a.example.com;"),
            (other, "listen 8080; server_name a.example.com;"),
            (other, "listen 80; server_name _;"),
            (other, "listen 80;"),
            (other, "listen 80; server_name a.example.com; include more.conf;"),
            (
                "server { listen 80; server_name www.example.com; root /srv; }",
                "listen 80; server_name a.example.com;",
            ),
            (
                "server { listen [::]:80; server_name a.example.com; return 301 https://b; }",
                "listen 80; server_name a.example.com;",
            ),
            (
                "server { listen [::]:80; server_name www.example.com; location /ws/ { proxy_pass http://127.0.0.1:9000; @ } }",
                "listen 80; server_name a.example.com;",
            ),
            (
                "server { listen 81; server_name www.example.com; }",
                "listen [::]:80 ipv6only=off; server_name a.example.com;",
            ),
        ] {
            assert!(!is_said(other, own), "{other} {own}");
        }
    }
}
