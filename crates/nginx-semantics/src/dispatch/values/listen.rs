//! `listen` (`http/ngx_http_core_module.c:ngx_http_core_listen`).

use super::url::{self, For};
use super::{Refused, Takes, after, number, rest};
use crate::dispatch::Build;
use crate::dispatch::judge::Words;
use crate::version::NginxVersion;
use crate::{size, time};

/// Parameters without a value, each with the first release that takes it; those that older releases, forks of
/// them or other systems have count as taken.
const ALONE: [(&str, Option<NginxVersion>); 12] = [
    ("default_server", None),
    ("default", None),
    ("bind", None),
    ("deferred", None),
    ("reuseport", None),
    ("ssl", None),
    ("http2", None),
    ("spdy", None),
    ("proxy_protocol", None),
    ("multipath", Some(NginxVersion::new(1, 29, 7))),
    ("quic", None),
    ("http3", None),
];

/// As the help names them.
const PARAMETERS: &[&str] = &[
    "default_server",
    "ssl",
    "http2",
    "quic",
    "proxy_protocol",
    "backlog=",
    "rcvbuf=",
    "sndbuf=",
    "fastopen=",
    "so_keepalive=",
    "ipv6only=",
    "reuseport",
    "deferred",
    "bind",
];

pub(super) fn refused(statement: &Words<'_>, build: &Build) -> Option<Refused> {
    let address = statement.c_string(1);
    if let Some(error) = url::error(&address, For::Listen) {
        let message = [error.as_bytes(), b" in \"", &address, b"\" of the \"listen\" directive"].concat();
        return Some(Refused::new(1, Takes::Address, message));
    }
    rest(statement, 2).find_map(|(at, word)| parameter(statement, at, &word, build))
}

fn parameter(statement: &Words<'_>, at: usize, word: &[u8], build: &Build) -> Option<Refused> {
    let is_alone = |(name, since): &(&str, Option<NginxVersion>)| {
        name.as_bytes() == word && since.is_none_or(|since| build.versions.any_since(since))
    };
    if ALONE.iter().any(is_alone) {
        return None;
    }
    let invalid = |what: &str, takes| Some(Refused::quoted(at, takes, what, word));
    let size = Takes::Size { gigabytes: false };
    if let Some(value) = after(word, "backlog=") {
        return number(value)
            .filter(|number| *number > 0)
            .map_or_else(|| invalid("invalid backlog", Takes::Number), |_| None);
    }
    if let Some(value) = after(word, "fastopen=") {
        return number(value).map_or_else(|| invalid("invalid fastopen", Takes::Number), |_| None);
    }
    if let Some(value) = after(word, "rcvbuf=") {
        return size::parse(value).map_or_else(|| invalid("invalid rcvbuf", size), |_| None);
    }
    if let Some(value) = after(word, "sndbuf=") {
        return size::parse(value).map_or_else(|| invalid("invalid sndbuf", size), |_| None);
    }
    if after(word, "setfib=").is_some() || after(word, "accept_filter=").is_some() {
        return None;
    }
    if let Some(value) = after(word, "ipv6only=") {
        if value.first() == Some(&b'o') {
            let is_known = matches!(value, b"on" | b"off");
            let message = [b"invalid ipv6only flags \"", value, b"\""].concat();
            return (!is_known).then(|| Refused::new(at, Takes::Words(&["on", "off"]), message));
        }
    }
    if let Some(value) = after(word, "so_keepalive=") {
        let message = [b"invalid so_keepalive value: \"", value, b"\""].concat();
        return (!is_keepalive(value))
            .then(|| Refused::new(at, Takes::Words(&["on", "off", "30m::10"]), message));
    }
    Some(Refused::parameter(statement, at, PARAMETERS))
}

/// `on`, `off`, or up to three numbers, of which one is more than 0.
fn is_keepalive(value: &[u8]) -> bool {
    if matches!(value, b"on" | b"off") {
        return true;
    }
    let mut parts = value.splitn(3, |byte| *byte == b':');
    let mut part = |read: &dyn Fn(&[u8]) -> Option<u64>| match parts.next() {
        None | Some([]) => Some(0),
        Some(text) => read(text),
    };
    let seconds = |text: &[u8]| time::parse_seconds(text);
    let all = (part(&seconds), part(&seconds), part(&|text| number(text)));
    matches!(all, (Some(idle), Some(between), Some(count)) if idle + between + count > 0)
}
