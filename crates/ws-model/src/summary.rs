//! What is known of all endpoints together, so that no rule goes through them: those of a server, those beside one, the
//! one that a finding about all of them names.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::OnceLock;

use nginx_semantics::{ContextId, ContextKind};

use crate::endpoint::Endpoint;
use crate::model::Model;
use crate::standing::Standing;

/// By what endpoints are found.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// By server: which of the endpoints are its own.
    by_server: BTreeMap<ContextId, Vec<usize>>,
    /// See [`Model::has_endpoint_over_tls`].
    names_over_tls: OnceLock<HashSet<String>>,
}

impl Summary {
    pub(crate) fn of(endpoints: &[Endpoint<'_>]) -> Self {
        let mut this = Self::default();
        for (index, endpoint) in endpoints.iter().enumerate() {
            if let Some(server) = endpoint.configuration.enclosing(endpoint.context, ContextKind::Server) {
                this.by_server.entry(server).or_default().push(index);
            }
        }
        this
    }
}

impl<'s> Model<'s> {
    /// The endpoints of a server, in order.
    pub fn endpoints_of(&self, server: ContextId) -> impl Iterator<Item = &Endpoint<'s>> {
        let own = self.summary.by_server.get(&server).into_iter().flatten();
        own.filter_map(|&index| self.endpoints.get(index))
    }

    /// The servers that have endpoints, each with its first one, in the order of these.
    pub fn served(&self) -> impl Iterator<Item = (ContextId, &Endpoint<'s>)> {
        let first = |(server, own): (&ContextId, &Vec<usize>)| Some((*own.first()?, *server));
        let mut all: Vec<_> = self.summary.by_server.iter().filter_map(first).collect();
        all.sort_unstable();
        all.into_iter().filter_map(|(index, server)| Some((server, self.endpoints.get(index)?)))
    }

    /// The first endpoint of those whose standing ranks highest.
    pub fn foremost<K: Ord>(&self, rank: impl Fn(Standing) -> K) -> Option<&Endpoint<'s>> {
        self.endpoints.iter().min_by_key(|endpoint| std::cmp::Reverse(rank(endpoint.standing)))
    }

    /// The `upstream` blocks that endpoints name.
    pub fn named_blocks(&self) -> BTreeSet<ContextId> {
        self.endpoints.iter().filter_map(Endpoint::named_block).collect()
    }

    /// Whether a server with one of these names has an endpoint that it serves over TLS.
    pub fn has_endpoint_over_tls(&self, names: &[String]) -> bool {
        let all = self.summary.names_over_tls.get_or_init(|| {
            let over_tls = self.endpoints.iter().filter(|endpoint| endpoint.is_over_tls());
            over_tls.flat_map(|endpoint| endpoint.server_names.iter().cloned()).collect()
        });
        names.iter().any(|name| all.contains(name))
    }

    /// Whether an endpoint serves pages, and its server has a location for WebSockets alone.
    pub fn has_own_location_beside(&self, endpoint: &Endpoint<'_>) -> bool {
        let is_own = |other: &Endpoint<'_>| !other.may_serve_ordinary_requests() && other.is_configured();
        endpoint.may_serve_ordinary_requests() && self.beside(endpoint).any(is_own)
    }

    /// Another endpoint of the same server that handles the upgrade.
    pub fn configured_sibling(&self, endpoint: &Endpoint<'_>) -> Option<&Endpoint<'s>> {
        self.beside(endpoint).find(|other| other.context != endpoint.context && other.is_configured())
    }

    /// The endpoints of an endpoint's server; of a fragment without one, those of all that have none.
    fn beside(&self, endpoint: &Endpoint<'_>) -> impl Iterator<Item = &Endpoint<'s>> {
        let server = self.configuration.enclosing(endpoint.context, ContextKind::Server);
        let of_fragments = server.is_none().then_some(&self.endpoints).into_iter().flatten();
        let of_fragments = of_fragments
            .filter(move |other| self.configuration.enclosing(other.context, ContextKind::Server).is_none());
        server.into_iter().flat_map(move |server| self.endpoints_of(server)).chain(of_fragments)
    }
}

impl Endpoint<'_> {
    /// Whether a `listen` of its server says `ssl`.
    pub fn is_over_tls(&self) -> bool {
        self.listens.iter().any(|listen| listen.split(' ').any(|word| word == "ssl"))
    }
}
