//! The words of servers, gathered once for all their locations.

use std::borrow::Cow;
use std::sync::Arc;

use nginx_semantics::{ContextId, ContextKind, listens, server_names};

use crate::endpoint::{Endpoint, is_placeholder};
use crate::evidence::Host;
use crate::model::Model;

/// The words of a server that every one of its endpoints shows.
#[derive(Debug)]
pub(crate) struct ServerWords {
    pub(crate) names: Arc<[String]>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) listens: Arc<[String]>,
    /// Whether a name is to be filled in first.
    has_placeholder: bool,
}

impl Model<'_> {
    /// The words of all `server_name` lines of a server, in order.
    pub fn names_of(&self, server: ContextId) -> &[String] {
        self.server_words(server).map(|words| &*words.names).unwrap_or_default()
    }

    /// Whether the name of what an endpoint proxies to, or of its server, is to be filled in first.
    pub fn has_placeholder_name(&self, endpoint: &Endpoint<'_>) -> bool {
        let server = self.configuration.enclosing(endpoint.context, ContextKind::Server);
        is_placeholder(&endpoint.target.host)
            || server.and_then(|server| self.server_words(server)).is_some_and(|words| words.has_placeholder)
    }

    /// The names and the `listen` lines of a server, gathered once for all its locations.
    pub(crate) fn server_words(&self, server: ContextId) -> Option<&ServerWords> {
        self.server_words.get(server, || {
            let names = server_names(self.configuration, server);
            ServerWords {
                hosts: names.iter().cloned().map(Host::new).collect(),
                has_placeholder: names.iter().any(|name| is_placeholder(name)),
                names: names.into(),
                listens: listens(self.configuration, server).into(),
            }
        })
    }

    /// The names and `listen` lines of the server around a context.
    pub(crate) fn words_around(&self, context: ContextId) -> (Arc<[String]>, Arc<[String]>) {
        let server = self.configuration.enclosing(context, ContextKind::Server);
        let words = server.and_then(|server| self.server_words(server));
        words.map_or_else(
            || (Arc::from([]), Arc::from([])),
            |words| (Arc::clone(&words.names), Arc::clone(&words.listens)),
        )
    }

    /// The host of a server that browsers may name, and whether it speaks TLS.
    pub(crate) fn address_of(&self, server: ContextId) -> (Cow<'_, str>, bool) {
        let words = self.server_words(server);
        let is_name = |name: &&String| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        };
        let host = words.and_then(|words| words.names.iter().find(is_name));
        let host = host.map_or("example.com", |name| name.trim_start_matches('.'));
        let is_tls = |listen: &String| listen.split_whitespace().skip(1).any(|word| word == "ssl");
        (host.into(), words.is_some_and(|words| words.listens.iter().any(is_tls)))
    }
}
