//! What several rules ask of the `upstream` block of an endpoint.

use nginx_semantics::{Balancing, ContextId, Directive};
use ws_model::Endpoint;
use ws_model::applications::{Affinity, Application};

use crate::Context;

/// The block that an endpoint's pass names.
pub(crate) fn block(endpoint: &Endpoint<'_>) -> Option<ContextId> {
    // With a port the name is that of a host.
    endpoint.block.filter(|_| endpoint.target.port.is_none())
}

/// The block's first line, and how it shares requests out among more than one server; `None` where that cannot be said.
pub(crate) fn shared<'m, 's>(
    cx: &Context<'m, 's>,
    endpoint: &Endpoint<'_>,
) -> Option<(Directive<'s>, &'m Balancing<'s>)> {
    let block = block(endpoint)?;
    let balancing = cx.model.balancing(block)?;
    let opener = cx.configuration().opener(block)?;
    (!balancing.may_differ && balancing.sharing() > 1).then_some((opener, balancing))
}

/// The line that makes the upstream keep connections: `keepalive`, or the block itself since nginx 1.29.7.
pub(crate) fn keepalive<'s>(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>) -> Option<Directive<'s>> {
    cx.model.keepalive(endpoint)
}

/// What is known of an endpoint's need for one server.
pub(crate) enum Need {
    /// Each client has to stay on its server.
    Stay(&'static Application),
    /// Any server will do.
    None,
    /// Nobody knows the application.
    Unknown,
}

impl Need {
    /// That of the applications which the evidence names.
    pub(crate) fn of(endpoint: &Endpoint<'_>) -> Self {
        let applications = endpoint.applications();
        let has_to_stay = |application: &&&'static Application| {
            matches!(application.needs_affinity, Some(Affinity::Yes | Affinity::PollingOnly))
        };
        if let Some(application) = applications.iter().find(has_to_stay) {
            return Self::Stay(application);
        }
        let is_free = |application: &&Application| application.needs_affinity == Some(Affinity::No);
        if !applications.is_empty() && applications.iter().all(is_free) { Self::None } else { Self::Unknown }
    }
}
