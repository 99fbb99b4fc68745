//! Networks, and the addresses of name servers.

use core::net::Ipv4Addr;

use super::url::{self, For};
use super::{Refused, Takes, after, rest};
use crate::dispatch::Build;
use crate::dispatch::judge::Words;
use crate::time;
use crate::version::NginxVersion;

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

/// `set_real_ip_from` (`http/modules/ngx_http_realip_module.c:ngx_http_realip_from`): what is no network is looked up, and
/// no host has a slash in its name.
pub(super) fn real_ip(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(1);
    let is_name = !word.contains(&b'/') || word.as_ref() == b"unix:" || url::is_network(&word);
    (!is_name).then(|| Refused { takes: Takes::Network, ..not_found(1, "set_real_ip_from", &word) })
}

fn not_found(at: usize, directive: &str, word: &[u8]) -> Refused {
    Refused::quoted(at, Takes::Address, &format!("host not found in {directive}"), word)
}

/// The first release whose `resolver` knows `ipv4=`.
const IPV4_SINCE: NginxVersion = NginxVersion::new(1, 23, 1);

/// `resolver` (`core/ngx_resolver.c:ngx_resolver_create`).
pub(super) fn resolver(statement: &Words<'_>, build: &Build) -> Option<Refused> {
    let mut has_server = false;
    let (mut has_ipv4, mut has_ipv6) = (true, true);
    for (at, word) in rest(statement, 1) {
        match word.as_ref() {
            b"ipv4=on" | b"ipv4=off" => has_ipv4 = word.ends_with(b"on"),
            b"ipv6=on" | b"ipv6=off" => has_ipv6 = word.ends_with(b"on"),
            _ => {}
        }
        let switch = |word| {
            let of_ipv4 = after(word, "ipv4=").filter(|_| build.versions.any_since(IPV4_SINCE));
            of_ipv4.or_else(|| after(word, "ipv6="))
        };
        let is_taken = if let Some(value) = after(&word, "valid=") {
            time::parse_seconds(value).is_some()
        } else if let Some(value) = switch(&word) {
            matches!(value, b"on" | b"off")
        } else if word.contains(&b'=') && !word.starts_with(b"status_zone=") {
            // It is taken for the name of a server, which no host has.
            return Some(not_found(at, "resolver", &word));
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
