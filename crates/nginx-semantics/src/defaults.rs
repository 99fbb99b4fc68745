//! Defaults that depend on the version, or that rules quote.

use crate::version::{NginxVersion, VersionRange};

/// The first version whose requests to upstreams are HTTP/1.1 and carry no `Connection: close`
/// (`http/modules/ngx_http_proxy_module.c`, nginx 1.29.7).
pub const HTTP11_BY_DEFAULT: NginxVersion = NginxVersion::new(1, 29, 7);

/// The first version in which `keepalive` of an `upstream` block may stand before the method
/// (`http/modules/ngx_http_upstream_keepalive_module.c`).
pub const KEEPALIVE_IN_ANY_ORDER: NginxVersion = HTTP11_BY_DEFAULT;

/// `proxy_read_timeout`, `uwsgi_read_timeout` and `scgi_read_timeout`, in milliseconds.
pub const READ_TIMEOUT_MS: u64 = 60_000;

/// `proxy_timeout` of `stream`, in milliseconds (`stream/ngx_stream_proxy_module.c:ngx_stream_proxy_merge_srv_conf`).
pub const STREAM_TIMEOUT_MS: u64 = 600_000;

/// The default of `proxy_http_version` in a range of versions, `None` where it changes inside.
pub fn http_version(range: VersionRange) -> Option<&'static str> {
    if range.all_since(HTTP11_BY_DEFAULT) {
        Some("1.1")
    } else if range.any_since(HTTP11_BY_DEFAULT) {
        None
    } else {
        Some("1.0")
    }
}

/// Since this version the last line for `Host` counts, whatever stands before it, and is sent first; over HTTP/1.1 an empty
/// one is the default.
pub const ONE_HOST_SINCE: NginxVersion = NginxVersion::new(1, 31, 4);
