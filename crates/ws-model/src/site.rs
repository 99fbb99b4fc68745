//! The addresses at which a browser finds a server, and its handshake from a page of each.

use core::net::{Ipv4Addr, SocketAddr};

use nginx_semantics::{
    ClientRequest, ContextId, ContextKind, Ending, ListenAddress, Passed, Presence, Way, listens,
};

use crate::browser::Browser;
use crate::endpoint::Endpoint;
use crate::model::Model;
use crate::walk::handshake_request;

/// A host that stands for one that is not known.
const ANY_HOST: &str = "example.com";

/// An address of the documentation (RFC 5737), which no upstream has.
const ANY_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// An address at which a browser finds a server, and so the `Origin` of its handshakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Host, and port where it is not the scheme's own: the browser's `Host`.
    pub authority: String,
    /// Whether it comes over TLS.
    pub is_tls: bool,
    /// Where nginx listens.
    pub port: u16,
    /// Whether `server_name` has the host; else another one stands for it.
    pub is_named: bool,
}

impl Site {
    /// The host without the port.
    pub fn host(&self) -> &str {
        self.authority.split(':').next().unwrap_or_default()
    }

    /// Whether the port is not the scheme's own, so that browsers name it.
    pub fn has_port(&self) -> bool {
        self.authority.contains(':')
    }

    fn request(&self, path: &str) -> ClientRequest {
        let request = handshake_request(Browser::Chrome, &self.authority, path, self.is_tls);
        ClientRequest { local: Some(SocketAddr::from((ANY_ADDRESS, self.port))), ..request }
    }
}

impl<'s> Model<'s> {
    /// The addresses of an endpoint's server, as far as its `listen` and `server_name` tell them.
    pub fn sites(&self, endpoint: &Endpoint<'_>) -> Vec<Site> {
        let Some(server) = self.given_server(endpoint) else { return Vec::new() };
        let name = endpoint.server_names.iter().find_map(|name| public_host(name));
        let host = name.clone().unwrap_or_else(|| ANY_HOST.to_owned());
        let mut lines = listens(self.configuration, server);
        if lines.is_empty() {
            // ngx_http_core_server
            lines.push("80".to_owned());
        }
        let mut sites = Vec::new();
        for line in lines {
            let mut words = line.split_whitespace();
            let Some(word) = words.next() else { continue };
            let is_plain =
                word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:[]*-_".contains(&byte));
            let parameters: Vec<&str> = words.collect();
            let Some(port) = ListenAddress::parse(word).port().filter(|_| is_plain) else { continue };
            // Browsers that speak HTTP/3 open their WebSockets over TCP.
            if parameters.contains(&"quic") {
                continue;
            }
            let is_tls = parameters.contains(&"ssl") || port == 443;
            let is_own = port == if is_tls { 443 } else { 80 };
            let authority = if is_own { host.clone() } else { format!("{host}:{port}") };
            let site = Site { authority, is_tls, port, is_named: name.is_some() };
            if !sites.contains(&site) {
                sites.push(site);
            }
        }
        sites
    }

    /// The requests that the endpoint's own `proxy_pass` may send for a handshake from a page of the site; none unless
    /// all ways lead there.
    pub fn passed_from(&self, endpoint: &Endpoint<'_>, site: &Site) -> Vec<Box<Passed<'s>>> {
        let server = self.given_server(endpoint).zip(endpoint.example_path());
        let Some((server, path)) = server else { return Vec::new() };
        let exchange = self.exchanges(self.versions.max).run(server, site.request(&path));
        let count = exchange.ways.len();
        let own = |way: Way<'s>| match way.ending {
            Ending::Passed(passed) if passed.context == endpoint.context => Some(passed),
            _ => None,
        };
        let passed: Vec<_> = exchange.ways.into_iter().filter_map(own).collect();
        if exchange.is_cut || passed.len() < count { Vec::new() } else { passed }
    }

    fn given_server(&self, endpoint: &Endpoint<'_>) -> Option<ContextId> {
        let server = self.configuration.enclosing(endpoint.context, ContextKind::Server)?;
        let context = self.configuration.context(server);
        // An include that was not given may have another `listen` or `server_name`.
        let is_whole = context.presence == Presence::Given && context.gaps.iter().all(|gap| gap.is_pattern);
        is_whole.then_some(server)
    }
}

/// The host that a word of `server_name` stands for; `None` for regexes, placeholders, `_` and `localhost`, which many
/// leave as it came.
fn public_host(name: &str) -> Option<String> {
    let host = name.strip_prefix("*.").map(|rest| format!("www.{rest}"));
    let host = host.unwrap_or_else(|| name.trim_start_matches('.').to_owned()).to_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_public = !host.is_empty() && host != "localhost" && host.bytes().all(is_plain);
    is_public.then_some(host)
}
