//! `geo` and `split_clients`, evaluated as nginx does (`http/modules/ngx_http_geo_module.c`,
//! `ngx_http_split_clients_module.c`): by the address of the client or another one, and by what a text hashes to.

use core::net::IpAddr;

use ipnet::IpNet;
use nginx_syntax::lossy;

use super::evaluate::{Evaluator, Moment};
use super::value::Value;
use crate::configuration::{ContextId, ContextKind};
use crate::placeholder;

/// What `ngx_http_geo_cidr_variable` looks for where an address is none: `INADDR_NONE`.
const NO_ADDRESS: IpAddr = IpAddr::V4(core::net::Ipv4Addr::BROADCAST);

/// A hundred percent, in hundredths of one.
const WHOLE: u64 = 10_000;

/// The value of the variable that a block defines; unknown where the block is of another kind, or may have other entries.
pub(super) fn evaluate(
    evaluator: &Evaluator<'_, '_>,
    block: ContextId,
    moment: Moment<'_>,
    depth: u32,
) -> Value {
    let configuration = evaluator.configuration;
    let Some(opener) = configuration.opener(block) else { return Value::Unknown };
    let is_whole = configuration.context(block).unseen().next().is_none();
    let has_placeholder = configuration.directives(block).any(|entry| {
        placeholder::is_unknown(&entry.name_bytes())
            || entry.arguments().any(|word| placeholder::is_unknown(&word))
    });
    if !is_whole || has_placeholder {
        return Value::Unknown;
    }
    let input = |text: &[u8]| evaluator.value_at(text, moment, depth + 1);
    match configuration.context(block).kind {
        ContextKind::Geo => {
            let is_of_client = opener.arguments().count() == 1;
            let source = opener.argument(0).filter(|_| !is_of_client);
            geo(evaluator, block, &input(&source.unwrap_or_else(|| b"$remote_addr".into())))
        }
        ContextKind::SplitClients => {
            let text = input(&opener.argument(0).unwrap_or_default());
            text.as_known().map_or(Value::Unknown, |text| split(evaluator, block, text))
        }
        _ => Value::Unknown,
    }
}

/// The longest network that an address is in decides; of one that stands there twice the last line.
fn geo(evaluator: &Evaluator<'_, '_>, block: ContextId, address: &Value) -> Value {
    let Some(text) = address.as_known() else { return Value::Unknown };
    let address = address_of(&lossy(text)).unwrap_or(NO_ADDRESS);
    let mut default = Value::empty();
    let mut networks: Vec<(IpNet, Value)> = Vec::new();
    for entry in evaluator.configuration.directives(block) {
        let (name, word) = (entry.name_bytes(), entry.argument(0));
        match (name.as_ref(), word) {
            // Ranges are looked up otherwise, and proxies tell another address.
            (b"ranges" | b"proxy" | b"proxy_recursive", _) | (_, None) => return Value::Unknown,
            (b"default", Some(word)) => default = Value::known(word.as_ref()),
            (b"delete", Some(word)) => match network_of(&lossy(&word)) {
                Some(network) => networks.retain(|(known, _)| *known != network),
                None => return Value::Unknown,
            },
            (name, Some(word)) => match network_of(&lossy(name)) {
                Some(network) => {
                    networks.retain(|(known, _)| *known != network);
                    networks.push((network, Value::known(word.as_ref())));
                }
                None => return Value::Unknown,
            },
        }
    }
    let around = networks.into_iter().filter(|(network, _)| network.contains(&address));
    around.max_by_key(|(network, _)| network.prefix_len()).map_or(default, |(_, value)| value)
}

/// A network, or an address that is one of its own; bits behind the prefix do not count.
fn network_of(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>()
        .map(|network| network.trunc())
        .ok()
        .or_else(|| Some(text.parse::<IpAddr>().ok()?.into()))
}

fn address_of(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The parts share the numbers of 32 bits, in order; what comes to `*`, or to the part that makes up the hundred percent,
/// has the rest.
fn split(evaluator: &Evaluator<'_, '_>, block: ContextId, text: &[u8]) -> Value {
    let hash = u64::from(murmur_hash2(text));
    let (mut sum, mut last) = (0, 0);
    for entry in evaluator.configuration.directives(block) {
        let (name, Some(value)) = (entry.name_bytes(), entry.argument(0)) else { return Value::Unknown };
        let share = match name.as_ref() {
            b"*" => None,
            name => match name.strip_suffix(b"%").and_then(hundredths) {
                Some(share) => Some(share),
                None => return Value::Unknown,
            },
        };
        sum = share.map_or(WHOLE, |share| sum + share);
        let is_rest = sum == WHOLE;
        last += share.unwrap_or_default() * u64::from(u32::MAX) / WHOLE;
        if is_rest || hash < last {
            return Value::known(value.as_ref());
        }
    }
    Value::empty()
}

/// A number with two digits behind its point at most, in hundredths (`core/ngx_string.c:ngx_atofp`).
fn hundredths(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if part.len() > 2 || !is_number(whole) || !is_number(part) {
        return None;
    }
    format!("{whole}{part:0<2}").parse().ok().filter(|share| *share <= WHOLE)
}

/// `core/ngx_murmurhash.c:ngx_murmur_hash2`.
fn murmur_hash2(text: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    // nginx cuts the length to 32 bits as well.
    #[expect(clippy::cast_possible_truncation, reason = "as nginx does")]
    let mut hash = text.len() as u32;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte));
    let words = text.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        let mut key = number(word).wrapping_mul(M);
        key ^= key >> 24;
        hash = hash.wrapping_mul(M) ^ key.wrapping_mul(M);
    }
    if !rest.is_empty() {
        hash = (hash ^ number(rest)).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::{hundredths, murmur_hash2};

    #[test]
    fn texts_hash_as_in_nginx() {
        // By a second implementation of the function; that nginx agrees is seen in nginx-proof.
        for (text, hash) in [
            ("", 0x0),
            ("a", 0x92685f5e),
            ("abc", 0x13577c9b),
            ("abcd", 0x26873021),
            ("127.0.0.1", 0xb6131d91),
        ] {
            assert_eq!(murmur_hash2(text.as_bytes()), hash, "{text}");
        }
    }

    #[test]
    fn shares_have_two_digits_behind_the_point() {
        for (text, share) in [
            ("50", Some(5000)),
            ("0.5", Some(50)),
            ("12.34", Some(1234)),
            ("1.234", None),
            ("101", None),
            ("x", None),
        ] {
            assert_eq!(hundredths(text.as_bytes()), share, "{text}");
        }
    }
}
