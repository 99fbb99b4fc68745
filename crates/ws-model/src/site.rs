//! The addresses at which a browser finds a server, and its handshake from a page of each.

use core::net::{Ipv4Addr, SocketAddr};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use nginx_semantics::{
    ClientRequest, ContextId, ContextKind, Ending, Exchange, ListenAddress, Presence, UpstreamRequest, Way,
    listens,
};

use crate::browser::Browser;
use crate::endpoint::Endpoint;
use crate::model::Model;
use crate::walk::{Walks, handshake_request};

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
}

/// A page of a site, which may open a WebSocket.
#[derive(Debug)]
pub(crate) struct Page<'s> {
    pub(crate) site: Site,
    /// The handshake that it sends, for any path.
    request: ClientRequest,
    /// See [`nginx_semantics::Exchanges::is_let_in`].
    is_let_in: OnceCell<bool>,
    /// The handshake that was followed last, by its path.
    followed: RefCell<Option<(String, Rc<Exchange<'s>>)>>,
}

impl Page<'_> {
    fn new(site: Site) -> Self {
        let request = handshake_request(Browser::Chrome, &site.authority, "/", site.is_tls);
        let request = ClientRequest { local: Some(SocketAddr::from((ANY_ADDRESS, site.port))), ..request };
        Self { site, request, is_let_in: OnceCell::new(), followed: RefCell::default() }
    }
}

impl<'s> Walks<'_, 's> {
    /// A page at each address of an endpoint's server.
    pub(crate) fn pages(&self, endpoint: &Endpoint<'_>) -> Rc<[Page<'s>]> {
        let Some(server) = self.model.given_server(endpoint) else { return Rc::from([]) };
        self.stop_at(server);
        let mut pages = self.pages.borrow_mut();
        let pages = pages.get_or_insert_with(|| {
            let sites = self.model.sites(server, &endpoint.server_names);
            sites.into_iter().map(Page::new).collect()
        });
        Rc::clone(pages)
    }

    /// Whether browsers may have a page of an endpoint's server over TLS.
    pub fn has_page_over_tls(&self, endpoint: &Endpoint<'_>) -> bool {
        self.pages(endpoint).iter().any(|page| page.site.is_tls)
    }

    /// The requests that the endpoint's own `proxy_pass` may send for a handshake from a page; `None` unless all ways lead
    /// there.
    pub(crate) fn sent_from(
        &self,
        endpoint: &Endpoint<'_>,
        page: &Page<'s>,
    ) -> Option<Vec<UpstreamRequest<'s>>> {
        let server = self.model.given_server(endpoint)?;
        let path = endpoint.example_path()?;
        let exchanges = self.exchanges();
        let request = ClientRequest { target: path.as_bytes().to_vec(), ..page.request.clone() };
        let probes = self.probes(endpoint);
        let is_straight = || {
            let own = probes.iter().find(|probe| probe.path == path);
            own.and_then(|probe| self.straight_to(probe)) == Some(endpoint.context)
        };
        if *page.is_let_in.get_or_init(|| exchanges.is_let_in(server, &request)) && is_straight() {
            return Some(vec![exchanges.straight_request(server, endpoint.context, &request.into())?]);
        }
        let known =
            page.followed.borrow().as_ref().filter(|(known, _)| *known == path).map(|(_, it)| Rc::clone(it));
        // Locations of the same name, one inside of the other, have the same path.
        let exchange = known.unwrap_or_else(|| {
            let exchange = Rc::new(exchanges.run(server, request));
            *page.followed.borrow_mut() = Some((path, Rc::clone(&exchange)));
            exchange
        });
        let own = |way: &Way<'s>| match &way.ending {
            Ending::Passed(passed) if passed.context == endpoint.context => passed.request.clone(),
            _ => None,
        };
        let requests: Option<Vec<_>> = exchange.ways.iter().map(own).collect();
        requests.filter(|_| !exchange.is_cut)
    }
}

impl Model<'_> {
    /// The addresses of a server, as far as its `listen` and these words of `server_name` tell them.
    fn sites(&self, server: ContextId, names: &[String]) -> Vec<Site> {
        let name = names.iter().find_map(|name| public_host(name));
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
            let Some(port) = ListenAddress::first_of(word).port().filter(|_| is_plain) else { continue };
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
