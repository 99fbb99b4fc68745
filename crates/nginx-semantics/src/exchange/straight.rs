//! Locations through which requests go straight to the upstream: no line on the way asks for anything, changes anything or
//! answers. Most are of this kind, and what becomes of a request there is told without following it.

use std::sync::Arc;

use super::line::Line;
use super::way::{Follower, Next};
use super::{ClientRequest, Exchanges, UpstreamRequest, script};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{ContextId, ContextKind};
use crate::effective::{Effective, effective};
use crate::location::Selection;
use crate::path::{is_same_merged, normalize_path};
use crate::upstream::{Pass, PassModule, Target, down_upstream};
use crate::variables::has_variables;

/// What may refuse a request of the location that it is in effect for.
const MAY_REFUSE: [N; 3] = [N::INTERNAL, N::AUTH_BASIC, N::AUTH_REQUEST];

impl<'s> Exchanges<'_, 's> {
    /// Whether a request comes to the search of its location as it was sent, whatever its path, if that is one that
    /// [`Exchanges::straight_to`] takes: nothing is wrong with its fields, and the server has no rewrite phase.
    pub fn is_let_in(&self, server: ContextId, request: &ClientRequest) -> bool {
        let length = |(name, value): &(String, Vec<u8>)| name.len() + value.len() + ": \r\n".len();
        // The other half is for the line.
        request.headers.iter().map(length).sum::<usize>() <= self.least_head() / 2
            && request.refused(self.version).is_none()
            && script::lines(self.configuration, server).is_empty()
    }

    /// The location that passes a handshake for a path on, as [`Exchanges::run`] would say with this as the only way; `None`
    /// where the path or the location takes a closer look. The handshake is one that [`Exchanges::is_let_in`].
    pub fn straight_to(&self, server: ContextId, path: &str) -> Option<ContextId> {
        let path = path.as_bytes();
        let length = "GET  HTTP/1.1\r\n".len() + path.len();
        let is_plain = path.first() == Some(&b'/') && length < self.least_head() / 2 && is_same_merged(path);
        let decoded = normalize_path(path).filter(|_| is_plain)?;
        match self.locations.select(server, &decoded) {
            Selection::Location(location) => self.passes_all(location).then_some(location),
            _ => None,
        }
    }

    /// The request that the `proxy_pass` of a location sends for one that goes [straight](Self::straight_to) to it.
    pub fn straight_request(
        &self,
        server: ContextId,
        location: ContextId,
        request: &Arc<ClientRequest>,
    ) -> Option<UpstreamRequest<'s>> {
        let mut follower = Follower::new(self, server, request, &[]);
        let Line::Path(path) = follower.read_line() else { return None };
        follower.path = path;
        follower.capture_host();
        follower.find_client();
        let Next::Location = follower.enter(location) else { return None };
        follower.find_client();
        let pass = follower.handler.filter(|pass| pass.module == PassModule::Proxy)?;
        follower.proxied(pass).ok()
    }

    /// Whether a location passes on every GET that it is found for.
    fn passes_all(&self, location: ContextId) -> bool {
        let configuration = self.configuration;
        let Some(pass) = Pass::directly_in(configuration, location) else { return false };
        let is_limited = || {
            configuration
                .children(location)
                .iter()
                .any(|&child| configuration.context(child).kind == ContextKind::LimitExcept)
        };
        let may_refuse = |name: N| matches!(effective(configuration, location, name), Effective::Set(_));
        let has_access_list = || {
            let is_in = |name| {
                configuration.levels(location).any(|level| configuration.named(level, name).next().is_some())
            };
            [N::ALLOW, N::DENY].into_iter().any(|name| configuration.has_any(name) && is_in(name))
        };
        // With variables it may be no URL, or nobody may be there to be asked.
        let is_url = || {
            let target = pass.target();
            !has_variables(&target) && super::proxied::is_url(&target)
        };
        // ngx_http_upstream_get_round_robin_peer
        let is_down = || {
            let target = pass.target();
            let host = match pass.module {
                PassModule::Proxy => Target::parse(&target).host.into_bytes().into(),
                _ => target,
            };
            down_upstream(configuration, location, &host).is_some()
        };
        (pass.module != PassModule::Proxy || is_url())
            && pass.is_last_handler(configuration, location)
            && (configuration.down().is_empty() || !is_down())
            && configuration.named(location, N::TRY_FILES).next().is_none()
            && script::lines(configuration, location).is_empty()
            && !is_limited()
            && !MAY_REFUSE.into_iter().any(may_refuse)
            && !has_access_list()
    }
}
