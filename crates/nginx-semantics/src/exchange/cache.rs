//! What a cache changes about the request that is passed on (`http/ngx_http_upstream.c:ngx_http_upstream_cache`,
//! `http/modules/ngx_http_proxy_module.c:ngx_http_proxy_cache_headers`).

use super::way::Follower;
use crate::catalogue::DirectiveName as N;
use crate::configuration::Directive;
use crate::variables::Value;

/// The client's fields that it makes its own.
const FIELDS: [&str; 6] =
    ["If-Modified-Since", "If-Unmodified-Since", "If-None-Match", "If-Match", "Range", "If-Range"];

/// The cache that the answer to a request may go to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cache {
    is_used: bool,
    /// Whether GET is sent in place of HEAD, whose answer could not be stored.
    pub(super) asks_by_get: bool,
    /// `proxy_cache_revalidate`
    revalidates: bool,
}

impl Cache {
    /// The fields that it sets or takes away.
    pub(super) fn fields(self) -> &'static [&'static str] {
        if self.is_used { &FIELDS } else { &[] }
    }

    /// What is sent of one of them: `$upstream_cache_last_modified` and `$upstream_cache_etag`, which are empty unless it
    /// revalidates, and nothing of the others.
    pub(super) fn value(self, name: &str) -> Value {
        match name {
            "If-Modified-Since" | "If-None-Match" if self.revalidates => Value::Unknown,
            _ => Value::empty(),
        }
    }
}

impl Follower<'_, '_> {
    /// The cache in effect. Answers to methods that it does not store go around it, and so do their requests.
    pub(super) fn cache(&mut self) -> Cache {
        let zone = self.in_effect(N::PROXY_CACHE).first().and_then(|line| line.argument(0));
        let is_used = zone.is_some_and(|zone| zone.as_ref() != b"off") && {
            let methods = self.in_effect(N::PROXY_CACHE_METHODS);
            let mut named = methods.iter().flat_map(Directive::arguments);
            matches!(self.method.as_str(), "GET" | "HEAD")
                || named.any(|word| word.eq_ignore_ascii_case(self.method.as_bytes()))
        };
        Cache {
            is_used,
            asks_by_get: is_used && self.method == "HEAD" && self.flag(N::PROXY_CACHE_CONVERT_HEAD, true),
            revalidates: is_used && self.flag(N::PROXY_CACHE_REVALIDATE, false),
        }
    }
}
