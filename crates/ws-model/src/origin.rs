//! What a back end compares that wants a handshake to come from a page of its own (RFC 6455 section 10.2).

use nginx_semantics::UpstreamFields;
use nginx_syntax::lossy;

use crate::endpoint::Endpoint;
use crate::site::Site;
use crate::walk::Walks;

/// What a back end that compares the two fields sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginDifference {
    /// The host of `Origin`, with its port.
    pub origin: String,
    /// What is sent as `Host`; empty where it is not sent.
    pub host: String,
    /// Whether `X-Forwarded-Host` has what `Host` lacks.
    pub is_forwarded: bool,
}

impl OriginDifference {
    /// `None` where they are the same, or not known.
    fn of(fields: &UpstreamFields<'_>) -> Option<Self> {
        let value = |name: &str| {
            let mut values = fields.of(name);
            match (values.next(), values.next()) {
                (None, _) => Some(String::new()),
                (Some(value), None) => value.as_known().map(|value| lossy(value).into_owned()),
                (Some(_), Some(_)) => None,
            }
        };
        // A browser's `Origin` that is taken away, or replaced, is compared with nothing of the browser's.
        let origin = value("Origin")?.split_once("://")?.1.to_ascii_lowercase();
        let host = value("Host")?;
        let is_same = |host: &str| host.eq_ignore_ascii_case(&origin);
        let is_forwarded = value("X-Forwarded-Host").is_none_or(|host| is_same(&host));
        (!is_same(&host)).then_some(Self { origin, host, is_forwarded })
    }

    /// What is sent as `Host`, without its port.
    pub fn host_name(&self) -> &str {
        without_port(&self.host)
    }

    /// Whether nothing but the port differs.
    pub fn is_only_port(&self) -> bool {
        without_port(&self.host).eq_ignore_ascii_case(without_port(&self.origin))
    }
}

fn without_port(host: &str) -> &str {
    let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    port.map_or(host, |(host, _)| host)
}

impl Walks<'_, '_> {
    /// The first address of an endpoint's server for whose pages the two differ, whichever way the handshake takes.
    pub fn origin_difference(&self, endpoint: &Endpoint<'_>) -> Option<(Site, OriginDifference)> {
        let exchanges = self.exchanges();
        self.pages(endpoint).iter().find_map(|page| {
            let sent = self.sent_from(endpoint, page)?;
            let differences = sent.iter().map(|request| {
                OriginDifference::of(&exchanges.some_fields(request, &["Origin", "Host", "X-Forwarded-Host"]))
            });
            let differences: Option<Vec<_>> = differences.collect();
            Some((page.site.clone(), differences?.into_iter().next()?))
        })
    }
}
