//! The other endpoints of an endpoint's server.

use nginx_semantics::ContextKind;

use crate::endpoint::Endpoint;
use crate::model::Model;

impl<'s> Model<'s> {
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
