//! Keys that are host names (`core/ngx_hash.c:ngx_hash_add_key` with `NGX_HASH_WILDCARD_KEY`).

use super::{Refused, Takes};
use crate::dispatch::judge::Words;

/// What a key is looked up as; in lower case, without its wildcard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::dispatch) enum HostKey {
    Exact(Vec<u8>),
    /// `*.example.com`
    Leading(Vec<u8>),
    /// `.example.com`, which is both of the above.
    Both(Vec<u8>),
    /// `www.example.*`
    Trailing(Vec<u8>),
}

impl HostKey {
    /// `None` for what nginx refuses.
    pub(in crate::dispatch) fn of(key: &[u8]) -> Option<Self> {
        let asterisks = key.iter().filter(|byte| **byte == b'*').count();
        let has_empty_part = memchr::memmem::find(key, b"..").is_some();
        if asterisks > 1 || has_empty_part || key.contains(&0) {
            return None;
        }
        let lower = key.to_ascii_lowercase();
        Some(match lower.as_slice() {
            [b'.', rest @ ..] if !rest.is_empty() => Self::Both(rest.to_vec()),
            [b'*', b'.', rest @ ..] if !rest.is_empty() => Self::Leading(rest.to_vec()),
            [rest @ .., b'.', b'*'] if !rest.is_empty() => Self::Trailing(rest.to_vec()),
            _ if asterisks > 0 => return None,
            _ => Self::Exact(lower),
        })
    }

    /// The tables that it is in, of which each takes a key once.
    pub(in crate::dispatch) fn tables(self) -> Vec<Self> {
        match self {
            Self::Both(name) => vec![Self::Exact(name.clone()), Self::Leading(name)],
            other => vec![other],
        }
    }
}

/// A key of a `map` with `hostnames` (`http/modules/ngx_http_map_module.c:ngx_http_map`).
pub(super) fn refused(entry: &Words<'_>) -> Option<Refused> {
    let key = entry.c_string(0);
    let name = match key.as_ref() {
        b"default" | [b'~', ..] => return None,
        [b'\\', literal @ ..] | literal => literal,
    };
    let is_refused = HostKey::of(name).is_none();
    is_refused.then(|| Refused::quoted(0, Takes::HostKey, "invalid hostname or wildcard", &key))
}
