//! What `limit_conn` and `limit_req` count of an endpoint's handshakes.
//!
//! The slot of `limit_conn` is given back when the request ends, for a tunnel when that is closed
//! (`http/modules/ngx_http_limit_conn_module.c:ngx_http_limit_conn_handler`, its cleanup); `limit_req` counts the
//! handshake and nothing after it. A key that is empty counts nothing.

use std::collections::HashMap;

use nginx_semantics::catalogue::{is_builtin_variable, lookup};
use nginx_semantics::{
    Configuration, ContextKind, Directive, DirectiveName, Effective, Part, Value, effective, has_variables,
    parts,
};
use nginx_syntax::lossy;

use crate::browser::{Browser, HandshakeRequest};
use crate::endpoint::Endpoint;
use crate::model::Model;

/// Variables that are the same for all clients of a server.
const SHARED: [&[u8]; 8] = [
    b"server_name",
    b"server_addr",
    b"server_port",
    b"hostname",
    b"host",
    b"http_host",
    b"scheme",
    b"request_method",
];

/// What defines the zones of `limit_conn` and `limit_req`.
const CONNECTION_ZONE: &[u8] = b"limit_conn_zone";
const REQUEST_ZONE: &[u8] = b"limit_req_zone";

/// A limit in effect that surely counts handshakes.
#[derive(Debug, Clone)]
pub struct Limit<'s> {
    /// `limit_conn` or `limit_req`.
    pub directive: Directive<'s>,
    /// How much is let through.
    pub most: Most,
    /// The `limit_conn_zone` or `limit_req_zone`.
    pub zone: Directive<'s>,
    /// What the zone counts, as written.
    pub key: String,
    /// Whether all clients have the same key, for the same page at least.
    pub is_shared: bool,
    /// What is answered to those above it.
    pub status: String,
    /// Whether a file that was not given may set something else.
    pub is_assumed: bool,
}

/// How much is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    /// So many connections at a time.
    Connections(u32),
    /// So many requests.
    Requests {
        /// The time between two of them, in milliseconds.
        interval_ms: u64,
        /// How many may come sooner.
        burst: u32,
    },
}

impl<'s> Model<'s> {
    /// The limits that count the handshakes of an endpoint; none where it is not known what they count.
    pub fn limits(&self, endpoint: &Endpoint<'_>) -> Vec<Limit<'s>> {
        let of = |name| effective(self.configuration, endpoint.context, name);
        let mut limits = Vec::new();
        for name in [DirectiveName::LIMIT_CONN, DirectiveName::LIMIT_REQ] {
            let Effective::Set(declared) = of(name) else { continue };
            let beside = |end: &str| of(lookup(format!("{}_{end}", name.as_str()).as_bytes()));
            // With a dry run nothing is refused.
            let is_dry = match beside("dry_run") {
                Effective::Default { .. } => false,
                Effective::Unknown(_) => true,
                Effective::Set(dry) => dry.directives.iter().any(|line| word(line, 0) != "off"),
            };
            if is_dry {
                continue;
            }
            let status = match beside("status") {
                Effective::Set(set) => set.directives.first().map(|line| word(line, 0)),
                Effective::Default { .. } | Effective::Unknown(_) => None,
            };
            let status = status.unwrap_or_else(|| "503".to_owned());
            let limit = |line| self.limit(endpoint, line, &status, declared.is_assumed);
            limits.extend(declared.directives.iter().copied().filter_map(limit));
        }
        limits
    }

    fn limit(
        &self,
        endpoint: &Endpoint<'_>,
        directive: Directive<'s>,
        status: &str,
        is_assumed: bool,
    ) -> Option<Limit<'s>> {
        let (zone, most) = if directive.name() == DirectiveName::LIMIT_CONN {
            let zone = self.zone(lookup(CONNECTION_ZONE), &word(&directive, 0))?;
            (zone, Most::Connections(word(&directive, 1).parse().ok()?))
        } else {
            let zone = self.zone(lookup(REQUEST_ZONE), &option(&directive, "zone=")?)?;
            let burst = option(&directive, "burst=").map_or(Some(0), |burst| burst.parse().ok())?;
            (zone, Most::Requests { interval_ms: interval_ms(&option(&zone, "rate=")?)?, burst })
        };
        let key = zone.argument(0)?;
        let request = HandshakeRequest(Browser::Chrome);
        let value = self.evaluator(&request, endpoint.context).value(&key);
        let names: Vec<&[u8]> = parts(&key)
            .into_iter()
            .filter_map(|part| if let Part::Variable(name) = part { Some(name) } else { None })
            .collect();
        // nginx's own variables that matter here are never empty; others may be for a handshake.
        let is_own = |name: &&[u8]| !is_builtin_variable(name);
        if value.surely(<[u8]>::is_empty) || (value == Value::Unknown && names.iter().any(is_own)) {
            return None;
        }
        // What fetches a WebSocket alone may well hold a session: `/sockjs/1/abc/websocket`. Pages are everybody's.
        let is_of_pages =
            |name: &[u8]| matches!(name, b"uri" | b"document_uri") && endpoint.may_serve_ordinary_requests();
        let is_shared =
            !has_variables(&key) || names.iter().all(|&name| SHARED.contains(&name) || is_of_pages(name));
        let key = lossy(&key).into_owned();
        Some(Limit { directive, most, zone, key, is_shared, status: status.to_owned(), is_assumed })
    }

    /// The line that defines a zone.
    fn zone(&self, directive: DirectiveName, name: &str) -> Option<Directive<'s>> {
        let zones = self.zones.get_or_init(|| Zones::of(self.configuration));
        zones.0.get(&directive)?.get(name).copied()
    }
}

/// The lines that define zones, by their own name and that of the zone; the first of several.
#[derive(Debug, Default)]
pub(crate) struct Zones<'s>(HashMap<DirectiveName, HashMap<String, Directive<'s>>>);

impl<'s> Zones<'s> {
    fn of(configuration: Configuration<'s>) -> Self {
        let mut this = Self::default();
        for directive in [lookup(CONNECTION_ZONE), lookup(REQUEST_ZONE)] {
            let zones = this.0.entry(directive).or_default();
            let https = configuration.of_kind(ContextKind::Http);
            for line in https.flat_map(|http| configuration.named(http, directive)) {
                let zone = option(&line, "zone=");
                if let Some(name) = zone.as_deref().and_then(|zone| zone.split(':').next()) {
                    zones.entry(name.to_owned()).or_insert(line);
                }
            }
        }
        this
    }
}

/// The time between two requests at a rate such as `10r/s`.
fn interval_ms(rate: &str) -> Option<u64> {
    let (number, unit) = match (rate.strip_suffix("r/s"), rate.strip_suffix("r/m")) {
        (Some(number), _) => (number, 1_000),
        (None, Some(number)) => (number, 60_000),
        (None, None) => return None,
    };
    let number: u64 = number.parse().ok()?;
    (number > 0).then(|| unit / number)
}

/// What stands behind `prefix` in the word that starts with it.
fn option(line: &Directive<'_>, prefix: &str) -> Option<String> {
    let words = line.arguments().map(|word| lossy(&word).into_owned());
    words.filter_map(|word| word.strip_prefix(prefix).map(str::to_owned)).next()
}

/// The 0-based `index`th word; empty where there is none.
fn word(line: &Directive<'_>, index: usize) -> String {
    line.argument(index).map(|word| lossy(&word).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::interval_ms;

    #[test]
    fn rates() {
        assert_eq!(interval_ms("10r/s"), Some(100));
        assert_eq!(interval_ms("30r/m"), Some(2_000));
        assert_eq!(interval_ms("0r/s"), None);
        assert_eq!(interval_ms("$rate"), None);
    }
}
