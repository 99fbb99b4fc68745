//! The `upstream` block of an endpoint as one that shares clients out, and whether these have to stay on their server.

use nginx_semantics::{Balancing, ContextId, Directive};

use crate::applications::{Affinity, Application};
use crate::endpoint::Endpoint;
use crate::model::Model;

/// What is known of an endpoint's need for one server.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// Each client has to stay on its server.
    Stay(&'static Application),
    /// Any server will do.
    None,
    /// Nobody knows the application.
    Unknown,
}

impl Endpoint<'_> {
    /// The block that its pass names.
    pub fn named_block(&self) -> Option<ContextId> {
        // With a port the name is that of a host.
        self.block.filter(|_| self.target.port.is_none())
    }

    /// The need of the applications which the evidence names.
    pub fn need(&self) -> Need {
        let applications = self.applications();
        let has_to_stay = |application: &&&'static Application| {
            matches!(application.needs_affinity, Some(Affinity::Yes | Affinity::PollingOnly))
        };
        if let Some(application) = applications.iter().find(has_to_stay) {
            return Need::Stay(application);
        }
        let is_free = |application: &&Application| application.needs_affinity == Some(Affinity::No);
        if !applications.is_empty() && applications.iter().all(is_free) { Need::None } else { Need::Unknown }
    }
}

impl<'s> Model<'s> {
    /// The first line of the block that an endpoint's pass names, and how it shares requests out among more than one server;
    /// `None` where that cannot be said.
    pub fn shared(&self, endpoint: &Endpoint<'_>) -> Option<(Directive<'s>, &Balancing<'s>)> {
        let block = endpoint.named_block()?;
        let balancing = self.balancing(block)?;
        let opener = self.configuration.opener(block)?;
        (!balancing.may_differ && balancing.sharing() > 1).then_some((opener, balancing))
    }

    /// The one name that an endpoint's pass leads to, if the compose file has several containers of it: each of them is a
    /// peer (`core/ngx_inet.c:ngx_inet_resolve_host`). The line, the name, and how many.
    pub fn containers(&self, endpoint: &Endpoint<'_>) -> Option<(Directive<'s>, String, u32)> {
        let containers = self.configuration.containers();
        let (line, host) = match endpoint.named_block() {
            Some(block) => {
                let balancing = self.balancing(block)?;
                let is_plain = balancing.methods.is_empty() && balancing.sticky.is_empty();
                let mut peers = nginx_semantics::peers(self.configuration, block);
                let peer = peers.next().filter(|_| is_plain && !balancing.may_differ)?;
                let host = peer.address.rsplit_once(':').map_or(peer.address.as_str(), |(host, _)| host);
                if peers.next().is_some() {
                    return None;
                }
                (peer.directive, host.to_owned())
            }
            None => {
                let target = &endpoint.target;
                if nginx_semantics::has_variables(target.host.as_bytes()) {
                    return None;
                }
                (self.configuration.directive(endpoint.pass.directive.reference), target.host.clone())
            }
        };
        let hosted = line.file().and_then(nginx_semantics::SourceFile::hosted);
        let count = match hosted.and_then(|hosted| hosted.view().rendered()) {
            // An ingress controller passes to the pods themselves.
            Some(rendered) if !rendered.is_sticky(line.at().span.start) => containers.pods(&host),
            Some(_) => None,
            // Elsewhere in a cluster a service has one address.
            None if hosted.is_some_and(nginx_semantics::Hosted::is_in_cluster) => None,
            None => containers.replicas(&host),
        };
        let count = count.filter(|count| *count > 1)?;
        Some((line, host, count))
    }
}
