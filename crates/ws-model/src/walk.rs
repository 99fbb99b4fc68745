//! A browser's handshake on its way through nginx.

use core::net::IpAddr;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;
use nginx_semantics::{
    ClientRequest, ContextId, ContextKind, Directive, Effort, Ending, Exchange, Exchanges, NginxVersion,
    Part, Premises, Presence, Step, UpstreamFields, UpstreamRequest, Way, parts,
};

use crate::browser::Browser;
use crate::endpoint::Endpoint;
use crate::handshake::{Handshake, LineValues};
use crate::model::Model;
use crate::prospect::Prospect;
use crate::site::Page;

/// RFC 6455 section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The handshake that a browser sends for a path with its query, where nothing but the server is known.
pub fn handshake_request(browser: Browser, host: &str, target: &str, is_tls: bool) -> ClientRequest {
    let scheme = if is_tls { "https" } else { "http" };
    let origin = format!("{scheme}://{host}");
    let headers = [
        ("Host", host),
        ("Connection", browser.connection()),
        ("Upgrade", "websocket"),
        ("Origin", &origin),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", KEY),
    ];
    ClientRequest {
        method: "GET".to_owned(),
        is_http10: false,
        target: target.into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec().into(),
        is_tls,
        sni: is_tls.then(|| sni(host)).flatten(),
        has_no_certificate: false,
        client: None,
        local: None,
    }
}

/// What a client names in TLS: the host without port, unless it is an address.
fn sni(host: &str) -> Option<String> {
    let name = host.split(':').next().filter(|_| !host.starts_with('['))?;
    name.parse::<IpAddr>().is_err().then(|| name.to_owned())
}

impl<'s> Model<'s> {
    /// Follows requests through one version of nginx.
    pub fn exchanges<'m>(&'m self, version: NginxVersion, effort: &'m Effort) -> Exchanges<'m, 's> {
        Exchanges {
            configuration: self.configuration,
            variables: &self.variables,
            locations: &self.locations,
            version,
            effort,
            premises: Premises::default(),
        }
    }

    /// The header fields of a request that is passed on.
    pub fn fields(&self, request: &UpstreamRequest<'s>) -> UpstreamFields<'s> {
        self.exchanges(self.versions.max, &Effort::new(0)).fields(request)
    }

    /// One of them alone, its name in any case.
    pub fn field(&self, request: &UpstreamRequest<'s>, name: &str) -> UpstreamFields<'s> {
        self.exchanges(self.versions.max, &Effort::new(0)).some_fields(request, &[name])
    }

    /// What the newest nginx of the range does with the handshake for a path in a server of a client that has a password:
    /// whether it is right is not known, so that both ways are followed.
    pub(crate) fn walk_with_password(&self, server: ContextId, path: &str, effort: &Effort) -> Exchange<'s> {
        self.exchanges(self.versions.max, effort).run(server, self.request_with_password(server, path))
    }

    pub(crate) fn request_with_password(&self, server: ContextId, path: &str) -> ClientRequest {
        let mut request = self.request_for(server, path);
        request.headers.push(("Authorization".to_owned(), b"Basic".to_vec()));
        request
    }

    /// What it does with the subrequest for `uri` that it makes of Chrome's handshake for a path in a server.
    pub(crate) fn subrequest(
        &self,
        server: ContextId,
        path: &str,
        uri: &[u8],
        effort: &Effort,
    ) -> Exchange<'s> {
        self.exchanges(self.versions.max, effort).run_subrequest(server, self.request_for(server, path), uri)
    }

    /// Chrome's handshake.
    pub(crate) fn request_for(&self, server: ContextId, path: &str) -> ClientRequest {
        let (host, is_tls) = self.address_of(server);
        handshake_request(Browser::Chrome, &host, path, is_tls)
    }

    /// The server of an endpoint, where it was given.
    fn given(&self, endpoint: &Endpoint<'_>) -> Option<ContextId> {
        let server = self.configuration.enclosing(endpoint.context, ContextKind::Server)?;
        (self.configuration.context(server).presence == Presence::Given).then_some(server)
    }
}

/// As many handshakes are kept.
const MOST_KEPT: usize = 1_000;

/// Handshakes for the paths of one server after the other, followed when they are asked for, and once however many rules
/// and endpoints ask: each `if` of a location may be one. Nothing of it is kept for the next server.
#[derive(Debug)]
pub struct Walks<'m, 's> {
    pub(crate) model: &'m Model<'s>,
    /// The server that is stopped at.
    server: Cell<Option<ContextId>>,
    /// Its handshake without a password and with one, for any path.
    requests: [RefCell<Option<ClientRequest>>; 2],
    /// Whether the one with a password gets to the search of its location, see [`Exchanges::is_let_in`].
    is_let_in: Cell<Option<bool>>,
    /// By path and whether a password comes along.
    followed: [RefCell<HashMap<String, Rc<Exchange<'s>>>>; 2],
    /// The endpoint whose handshake was asked for last, with what its upstream receives.
    handshake: RefCell<Option<(ContextId, Rc<Handshake<'s>>)>>,
    /// What lines for the upstream are worth.
    values: LineValues<'s>,
    /// The endpoint that was asked for last, with its probes.
    probes: RefCell<Option<(ContextId, Rc<[Probe<'s>]>)>>,
    /// The pages of the server, with the handshakes that they send.
    pub(crate) pages: RefCell<Option<Rc<[Page<'s>]>>>,
    effort: Effort,
}

impl<'m, 's> Walks<'m, 's> {
    /// Through a model.
    pub fn new(model: &'m Model<'s>, effort: Effort) -> Self {
        Self {
            model,
            server: Cell::default(),
            requests: Default::default(),
            is_let_in: Cell::default(),
            followed: Default::default(),
            handshake: RefCell::default(),
            values: LineValues::default(),
            probes: RefCell::default(),
            pages: RefCell::default(),
            effort,
        }
    }

    /// What they cost.
    pub fn effort(&self) -> &Effort {
        &self.effort
    }

    /// Through the newest nginx of the range.
    pub(crate) fn exchanges(&self) -> Exchanges<'_, 's> {
        self.model.exchanges(self.model.versions.max, &self.effort)
    }

    /// What becomes of Chrome's handshake for a path in a server.
    pub fn walk(&self, server: ContextId, path: &str) -> Exchange<'s> {
        self.exchanges().run(server, self.model.request_for(server, path))
    }

    /// What becomes of the subrequest for `uri` that nginx makes of Chrome's handshake for a path in a server.
    pub fn subrequest(&self, server: ContextId, path: &str, uri: &[u8]) -> Exchange<'s> {
        self.model.subrequest(server, path, uri, &self.effort)
    }

    /// What becomes of a POST for a path in a server, as clients send it that poll.
    pub fn post(&self, server: ContextId, path: &str) -> Exchange<'s> {
        let mut request = self.model.request_for(server, path);
        request.method = "POST".to_owned();
        request.headers.retain(|(name, _)| matches!(name.as_str(), "Host" | "Origin"));
        request.headers.push(("Connection".to_owned(), "keep-alive".into()));
        request.headers.push(("Content-Length".to_owned(), "2".into()));
        self.exchanges().run(server, request)
    }

    /// Forgets all of another server.
    pub(crate) fn stop_at(&self, server: ContextId) {
        if self.server.replace(Some(server)) != Some(server) {
            self.followed.iter().for_each(|kept| kept.borrow_mut().clear());
            self.requests.iter().for_each(|request| *request.borrow_mut() = None);
            self.is_let_in.set(None);
            *self.pages.borrow_mut() = None;
        }
    }

    fn followed(&self, server: ContextId, path: &str, has_password: bool) -> Rc<Exchange<'s>> {
        self.stop_at(server);
        let [without, with] = &self.followed;
        let kept = if has_password { with } else { without };
        if let Some(known) = kept.borrow().get(path) {
            return Rc::clone(known);
        }
        let request = self.request(server, path, has_password);
        let exchange = Rc::new(self.exchanges().run(server, request));
        let mut kept = kept.borrow_mut();
        if kept.len() == MOST_KEPT {
            kept.clear();
        }
        kept.insert(path.to_owned(), Rc::clone(&exchange));
        exchange
    }

    /// The handshakes of a server differ in their path.
    fn request(&self, server: ContextId, path: &str, has_password: bool) -> ClientRequest {
        let [without, with] = &self.requests;
        let mut request = if has_password { with } else { without }.borrow_mut();
        let request = request.get_or_insert_with(|| match has_password {
            true => self.model.request_with_password(server, path),
            false => self.model.request_for(server, path),
        });
        ClientRequest { target: path.into(), ..request.clone() }
    }

    /// The location that passes on the handshake of a probe, where nothing on its way decides, changes or answers anything:
    /// its only way, told without following it.
    pub fn straight_to(&self, probe: &Probe<'s>) -> Option<ContextId> {
        *probe.straight_to.get_or_init(|| {
            let (server, path) = (probe.server, &probe.path);
            self.stop_at(server);
            let exchanges = self.exchanges();
            let is_let_in = self.is_let_in.get().unwrap_or_else(|| {
                let is_let_in = exchanges.is_let_in(server, &self.request(server, path, true));
                self.is_let_in.set(Some(is_let_in));
                is_let_in
            });
            is_let_in.then(|| exchanges.straight_to(server, path)).flatten()
        })
    }

    /// What becomes of the handshake of a probe.
    pub fn exchange<'p>(&self, probe: &'p Probe<'s>) -> &'p Exchange<'s> {
        probe.exchange.get_or_init(|| self.followed(probe.server, &probe.path, true))
    }

    /// Whether no handshake of a probe can succeed, where back ends are strict and nginx may replace what they answer.
    pub fn is_refused(&self, probe: &Probe<'s>) -> bool {
        let mut exchanges = self.model.strict_exchanges(self.model.versions.max, &self.effort);
        exchanges.premises.has_files = false;
        let request = Arc::new(self.request(probe.server, &probe.path, true));
        let exchange = exchanges.run(probe.server, Arc::clone(&request));
        let fails = |way: &Way<'s>| self.model.verdict(way, &request).prospect == Prospect::Fails;
        !exchange.is_cut && exchange.ways.iter().all(fails)
    }

    /// What an endpoint's upstream receives; `None` for modules that forward the client's header fields by themselves.
    pub fn handshake(&self, endpoint: &Endpoint<'_>) -> Option<Rc<Handshake<'s>>> {
        if let Some((context, known)) = &*self.handshake.borrow() {
            if *context == endpoint.context {
                return Some(Rc::clone(known));
            }
        }
        let made = Rc::new(self.model.handshake_with(endpoint, &self.values)?);
        *self.handshake.borrow_mut() = Some((endpoint.context, Rc::clone(&made)));
        Some(made)
    }

    /// What becomes of a handshake for an endpoint's own path; `None` where its name does not tell one, or its server was
    /// not given.
    pub fn walk_to(&self, endpoint: &Endpoint<'_>) -> Option<Rc<Exchange<'s>>> {
        Some(self.followed(self.model.given(endpoint)?, &endpoint.example_path()?, false))
    }

    /// What becomes of a handshake for a path in the server of an endpoint; `None` where that was not given.
    pub fn walk_path(&self, endpoint: &Endpoint<'_>, path: &str) -> Option<Rc<Exchange<'s>>> {
        Some(self.followed(self.model.given(endpoint)?, path, false))
    }

    /// Handshakes for paths that an endpoint's name covers: the one path that is known, else the name and two paths
    /// below it, so that what holds for all of them holds for the location. None where the name does not tell, or the
    /// server was not given.
    pub fn probes(&self, endpoint: &Endpoint<'_>) -> Rc<[Probe<'s>]> {
        if let Some((context, known)) = &*self.probes.borrow() {
            if *context == endpoint.context {
                return Rc::clone(known);
            }
        }
        let Some(server) = self.model.given(endpoint) else { return Rc::from([]) };
        let paths = endpoint.sample_paths();
        // Locations of the same name, one inside of the other, are asked for the same paths.
        let is_same = |known: &[Probe<'s>]| {
            known.iter().map(|probe| (probe.server, &probe.path)).eq(paths.iter().map(|path| (server, path)))
        };
        let known = self.probes.borrow().as_ref().map(|(_, known)| Rc::clone(known));
        let probes: Rc<[Probe<'s>]> = known
            .filter(|known| is_same(known))
            .unwrap_or_else(|| paths.into_iter().map(|path| Probe::new(server, path)).collect());
        *self.probes.borrow_mut() = Some((endpoint.context, Rc::clone(&probes)));
        probes
    }

    /// Handshakes that lead to a named location: for the paths of the locations whose `try_files` or `error_page` names
    /// it.
    pub fn lead_ins(&self, endpoint: &Endpoint<'_>) -> Vec<Probe<'s>> {
        let Some(server) = self.model.given(endpoint) else { return Vec::new() };
        let paths = self.model.paths_to_named(server, endpoint);
        paths.into_iter().map(|path| Probe::new(server, path)).collect()
    }
}

/// A path of an endpoint for which a handshake may be followed, see [`Walks::exchange`].
#[derive(Debug)]
pub struct Probe<'s> {
    /// The path.
    pub path: String,
    server: ContextId,
    straight_to: OnceCell<Option<ContextId>>,
    exchange: OnceCell<Rc<Exchange<'s>>>,
}

impl Probe<'_> {
    /// The server.
    pub(crate) fn server(&self) -> ContextId {
        self.server
    }

    fn new(server: ContextId, path: String) -> Self {
        Self { path, server, straight_to: OnceCell::new(), exchange: OnceCell::new() }
    }
}

/// Variables that are the same for every handshake for a path, and those of the path itself.
const SETTLED: [&[u8]; 8] = [
    b"http_upgrade",
    b"http_connection",
    b"http_sec_websocket_key",
    b"http_sec_websocket_version",
    b"request_method",
    b"request_uri",
    b"document_uri",
    b"uri",
];

/// Whether an exchange is the same for every client: all ways are known to their end, no file is missing that could
/// change them, and no `if` on the way asks for what clients differ in, such as their host or what a proxy in front
/// adds.
pub fn is_settled(exchange: &Exchange<'_>) -> bool {
    let is_about_path = |condition: &Directive<'_>| {
        let words: Vec<_> = condition.arguments().collect();
        let mut variables = words.iter().flat_map(|word| parts(word)).filter_map(|part| match part {
            Part::Variable(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        variables.all(|name| SETTLED.contains(&name.as_slice()))
    };
    let is_settled = |step: &Step<'_>| match step {
        Step::If { directive, .. } => is_about_path(directive),
        Step::NotGiven(_) => false,
        _ => true,
    };
    let is_known =
        |way: &Way<'_>| !matches!(way.ending, Ending::CannotSay(_)) && way.steps.iter().all(is_settled);
    !exchange.is_cut && exchange.ways.iter().all(is_known)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use nginx_semantics::{Configuration, MemoryFiles, Scope, load};

    use super::*;
    use crate::model::Hints;

    #[test]
    fn a_name_is_asked_for_as_a_client_sends_it() {
        for name in ["/ws/", "\"/a b/\"", "= /ws?b", "/ws%41/", "^~ /ws#b", "/ws%20x"] {
            let text = format!(
                "events {{}} http {{ server {{ location {name} {{ proxy_pass http://127.0.0.1:1; \
                 proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }} }} }}"
            );
            let mut files = MemoryFiles::new();
            files.insert(PathBuf::from("/t/nginx.conf"), text.as_str());
            let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
            let loaded = load(&files, &["/t/nginx.conf".into()], &scope);
            let configuration = Configuration::new(&loaded.sources, loaded.layouts.first().unwrap());
            let model = Model::new(configuration, &Hints::default());
            let endpoint = model.endpoints.first().unwrap();
            let walk = Walks::new(&model, Effort::whole(&model.variables)).walk_to(endpoint).unwrap();
            let is_own = |way: &Way<'_>| way.selected() == Some(endpoint.context);
            assert!(walk.ways.iter().all(is_own), "{name}: {walk:?}");
        }
    }
}
