//! A browser's handshake on its way through nginx.

use std::rc::Rc;

use nginx_semantics::{
    ClientRequest, ContextId, ContextKind, Exchange, Exchanges, NginxVersion, Presence, listens, server_names,
};

use crate::browser::Browser;
use crate::endpoint::Endpoint;
use crate::model::Model;

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
        target: target.into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec(),
        is_tls,
        client: None,
        local: None,
    }
}

impl<'s> Model<'s> {
    /// Follows requests through one version of nginx.
    pub fn exchanges(&self, version: NginxVersion) -> Exchanges<'_, 's> {
        Exchanges {
            configuration: self.configuration,
            variables: &self.variables,
            locations: &self.locations,
            version,
        }
    }

    /// What the newest nginx of the range does with Chrome's handshake for a path in a server.
    pub fn walk(&self, server: ContextId, path: &str) -> Exchange<'s> {
        self.exchanges(self.versions.max).run(server, &self.request_to(server, path))
    }

    /// What it does with the subrequest for `uri` that it makes of Chrome's handshake for a path in a server.
    pub fn subrequest(&self, server: ContextId, path: &str, uri: &[u8]) -> Exchange<'s> {
        self.exchanges(self.versions.max).run_subrequest(server, &self.request_to(server, path), uri)
    }

    /// What it does with a POST for a path in a server, as clients send it that poll.
    pub fn post(&self, server: ContextId, path: &str) -> Exchange<'s> {
        let mut request = self.request_to(server, path);
        request.method = "POST".to_owned();
        request.headers.retain(|(name, _)| matches!(name.as_str(), "Host" | "Origin"));
        request.headers.push(("Connection".to_owned(), "keep-alive".into()));
        request.headers.push(("Content-Length".to_owned(), "2".into()));
        self.exchanges(self.versions.max).run(server, &request)
    }

    /// Chrome's handshake.
    fn request_to(&self, server: ContextId, path: &str) -> ClientRequest {
        let names = server_names(self.configuration, server);
        let is_name = |name: &&String| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        };
        let host = names.iter().find(is_name).map_or("example.com", |name| name.trim_start_matches('.'));
        let is_tls = listens(self.configuration, server)
            .iter()
            .any(|listen| listen.split_whitespace().skip(1).any(|word| word == "ssl"));
        handshake_request(Browser::Chrome, host, path, is_tls)
    }

    /// What becomes of a handshake for an endpoint's own path; `None` where its name does not tell one, or its server was
    /// not given.
    pub fn walk_to(&self, endpoint: &Endpoint<'_>) -> Option<Rc<Exchange<'s>>> {
        let known = self.walks.borrow().get(&endpoint.context).cloned();
        known.unwrap_or_else(|| {
            let server = self.configuration.enclosing(endpoint.context, ContextKind::Server);
            let walk = server
                .filter(|&server| self.configuration.context(server).presence == Presence::Given)
                .zip(endpoint.example_path())
                .map(|(server, path)| Rc::new(self.walk(server, &path)));
            self.walks.borrow_mut().insert(endpoint.context, walk.clone());
            walk
        })
    }
}
