//! `missing-address-family`: a name is served over IPv4 alone, and another server takes what comes over IPv6, or the
//! other way round.
//!
//! nginx chooses among the servers of the socket that a connection came to
//! (`http/ngx_http_request.c:ngx_http_find_virtual_server`), and `listen 443` opens none for IPv6
//! (`http/ngx_http_core_module.c:ngx_http_core_listen`).

use core::net::IpAddr;

use hashbrown::{HashMap, HashSet};
use lint_finding::{Applicability, Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, ListenAddress, NameMatch, ServerSelection,
    select_server, server_names,
};
use nginx_syntax::lossy;
use ws_model::{Endpoint, OpenSocket};

use crate::verify::with_curl;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct MissingAddressFamily;

const META: RuleMeta = RuleMeta {
    name: "missing-address-family",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "a name is served only over IPv4 or only over IPv6, and another server gets the other clients",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Socket,
    docs: include_str!("../../pages/missing-address-family.md"),
};

impl Rule for MissingAddressFamily {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let mut wildcards: HashMap<ContextId, Wildcards<'_, '_>> = HashMap::new();
        for (server, endpoint) in cx.model.served() {
            let Some(http) = cx.configuration().enclosing(server, ContextKind::Http) else { continue };
            if !cx.model.is_understood(http) || !cx.model.is_understood(server) {
                continue;
            }
            let all = wildcards.entry(http).or_insert_with(|| {
                let sockets =
                    cx.model.open_sockets(http).iter().filter(|one| one.socket.address.is_wildcard());
                sockets.flat_map(|socket| families(socket).map(|key| (key, &**socket))).collect()
            });
            let own: HashSet<_> = cx.model.sockets_of(server).iter().flat_map(|one| families(one)).collect();
            for socket in cx.model.sockets_of(server) {
                if let Some(other) = Other::of(cx, all, &own, server, socket) {
                    report(cx, endpoint, &other, out);
                }
            }
        }
    }
}

/// A port, and whether it is IPv6.
type Family = (u16, bool);

/// By family: the socket that takes all addresses.
type Wildcards<'m, 's> = HashMap<Family, &'m OpenSocket<'s>>;

/// What a socket of TCP may take: a name may stand for addresses of both.
fn families(socket: &OpenSocket<'_>) -> impl Iterator<Item = Family> + use<> {
    let port = socket.socket.address.port().filter(|_| !socket.is_quic);
    let (is_v4, is_v6) = match socket.socket.address {
        ListenAddress::Ip(IpAddr::V4(_), _) => (true, false),
        ListenAddress::Ip(IpAddr::V6(_), _) => (socket.takes_both_families, true),
        _ => (true, true),
    };
    let all = [is_v4.then_some(false), is_v6.then_some(true)];
    port.into_iter().flat_map(move |port| all.into_iter().flatten().map(move |is_v6| (port, is_v6)))
}

/// The socket of the other family, at which another server takes the name.
struct Other<'m, 's> {
    name: String,
    line: Directive<'s>,
    other: &'m ListenAddress,
    winner: ContextId,
}

impl<'m, 's> Other<'m, 's> {
    /// Where `server` listens at `socket` for all addresses of one family, and at none of the other: `own` is all that it
    /// takes.
    fn of(
        cx: &Context<'m, 's>,
        all: &Wildcards<'m, 's>,
        own: &HashSet<Family>,
        server: ContextId,
        socket: &OpenSocket<'s>,
    ) -> Option<Self> {
        let configuration = cx.configuration();
        let mut here = families(socket).filter(|_| socket.socket.address.is_wildcard());
        let (port, is_v6) = here.next()?;
        let there = (port, !is_v6);
        let other = all.get(&there).filter(|_| !own.contains(&there))?;
        let name = host_of(&server_names(configuration, server))?;
        let Some(ServerSelection::Server(winner, NameMatch::Default | NameMatch::First)) =
            select_server(configuration, &other.socket, Some(&name))
        else {
            return None;
        };
        let mut lines = configuration.named(server, DirectiveName::LISTEN);
        let is_own = |line: &Directive<'_>| {
            line.argument(0)
                .is_some_and(|word| ListenAddress::all_of(&lossy(&word)).contains(&socket.socket.address))
        };
        let line = lines.find(is_own)?;
        let other = &other.socket.address;
        Some(Self { name, line, other, winner })
    }
}

/// The first name of a server by which clients ask for it. `.example.com` is one too, and what is below it
/// (`http/ngx_http_core_module.c:ngx_http_core_server_name`).
pub(super) fn host_of(names: &[String]) -> Option<String> {
    let host = names.iter().map(|name| name.strip_prefix('.').unwrap_or(name)).find(|name| is_host(name))?;
    Some(host.to_ascii_lowercase())
}

/// Whether a server would take the handshakes of an endpoint just as well as its own.
pub(super) fn is_served_by(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, server: ContextId) -> bool {
    let path = endpoint.example_path();
    path.is_some_and(|path| cx.walks.walk(server, &path).ways.iter().any(|way| cx.model.may_upgrade(way)))
}

/// Whether clients ask for it by this name, one that others can look up.
fn is_host(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    name.contains('.') && name.bytes().all(is_of_name) && name.parse::<IpAddr>().is_err()
}

fn report(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, other: &Other<'_, '_>, out: &mut Findings) {
    let configuration = cx.configuration();
    let Other { name, line, other, winner } = other;
    let is_served = is_served_by(cx, endpoint, *winner);
    let Some(winner_line) = configuration.opener(*winner).filter(|_| !is_served) else { return };
    let (here, there) = if matches!(other, ListenAddress::Ip(IpAddr::V6(_), _)) {
        ("IPv4", "IPv6")
    } else {
        ("IPv6", "IPv4")
    };
    let names = server_names(configuration, *winner);
    let (taker, severity) = match host_of(&names) {
        Some(name) => (format!("the server of `{name}`"), Severity::Warning),
        // The site that comes with nginx: whether the name has an address of the family at all shows in DNS alone.
        None => ("a server without a name".to_owned(), Severity::Info),
    };
    let port = other.port().unwrap_or_default();
    let message = format!(
        "`{name}` is served only over {here} on port {port}: handshakes over {there} reach {taker}, which listens on `{other}`"
    );
    let listen = format!("listen {other}{};", parameters(line));
    let help = format!("add `{listen}` to this server, or remove the {there} address of `{name}` from DNS");
    let edits = Edits::new().after(line, std::slice::from_ref(&listen));
    let finding = FindingBuilder::new(&META, line, message)
        .at_most(severity)
        .because(&winner_line, "this is the default server there")
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
   #^^^^^^^^^ warning: `node.example.com` is served only over IPv4 on port 80: handshakes over IPv6 reach the server of `www.example.com`, which listens on `[::]:80`
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
   #^^^^^^^^^^^^^^ info: `node.example.com` is served only over IPv6 on port 80: handshakes over IPv4 reach a server without a name, which listens on `*:80`
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
