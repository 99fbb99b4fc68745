//! Networks, and the addresses of name servers.

use core::net::Ipv4Addr;

use super::url::{self, For};
use super::{Refused, Takes, after, rest};
use crate::dispatch::judge::Words;
use crate::time;

/// `allow`, `deny` (`http/modules/ngx_http_access_module.c:ngx_http_access_rule`).
pub(super) fn rule(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(1);
    let is_known = matches!(word.as_ref(), b"all" | b"unix:") || url::is_network(&word);
    (!is_known).then(|| Refused::quoted(1, Takes::Network, "invalid parameter", &word))
}

/// A line of `geo` (`http/modules/ngx_http_geo_module.c:ngx_http_geo`).
pub(super) fn geo(entry: &Words<'_>, has_ranges: bool) -> Option<Refused> {
    let first = entry.c_string(0);
    let at = match first.as_ref() {
        b"include" | b"default" => return None,
        b"proxy" => 1,
        _ if has_ranges => return range(&first),
        b"delete" => 1,
        _ => 0,
    };
    let network = entry.c_string(at);
    let is_known = network.as_ref() == b"255.255.255.255" || url::is_network(&network);
    (!is_known).then(|| Refused::quoted(at, Takes::Network, "invalid network", &network))
}

/// A key of a `geo` with `ranges`: two addresses of IPv4, the lower one first (`ngx_http_geo_range`).
fn range(key: &[u8]) -> Option<Refused> {
    if key == b"delete" {
        return None;
    }
    let address = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<Ipv4Addr>().ok();
    let parts = key.iter().position(|byte| *byte == b'-').map(|dash| key.split_at(dash));
    let ends = parts.map(|(first, last)| (address(first), address(last.get(1..).unwrap_or_default())));
    let is_range = matches!(ends, Some((Some(first), Some(last))) if first <= last);
    (!is_range).then(|| Refused::quoted(0, Takes::Range, "invalid range", key))
}

/// `resolver` (`core/ngx_resolver.c:ngx_resolver_create`).
pub(super) fn resolver(statement: &Words<'_>) -> Option<Refused> {
    let mut has_server = false;
    let (mut has_ipv4, mut has_ipv6) = (true, true);
    for (at, word) in rest(statement, 1) {
        match word.as_ref() {
            b"ipv4=on" | b"ipv4=off" => has_ipv4 = word.ends_with(b"on"),
            b"ipv6=on" | b"ipv6=off" => has_ipv6 = word.ends_with(b"on"),
            _ => {}
        }
        let is_taken = if let Some(value) = after(&word, "valid=") {
            time::parse_seconds(value).is_some()
        } else if let Some(value) = after(&word, "ipv4=").or_else(|| after(&word, "ipv6=")) {
            matches!(value, b"on" | b"off")
        } else {
            // NGINX Plus reads `status_zone=` before that.
            has_server = true;
            if let Some(error) = url::error(&word, For::Server) {
                let message = [error.as_bytes(), b" in resolver \"", &word, b"\""].concat();
                return Some(Refused::new(at, Takes::Address, message));
            }
            true
        };
        if !is_taken {
            let message = [b"invalid parameter: ", word.as_ref()].concat();
            return Some(Refused::new(at, Takes::Parameters(&["valid=", "ipv4=", "ipv6="]), message));
        }
    }
    if !has_ipv4 && !has_ipv6 {
        let (takes, message) = (Takes::Words(&["on"]), "\"ipv4\" and \"ipv6\" cannot both be \"off\"");
        return Some(Refused::new(1, takes, message));
    }
    (!has_server).then(|| Refused::new(0, Takes::Address, "no name servers defined"))
}
