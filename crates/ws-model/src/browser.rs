//! The handshake that browsers send, as nginx's variables show it.

use nginx_semantics::{Request, Value};

/// A browser whose handshake is judged; a rule speaks if either fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Browser {
    /// Sends `Connection: Upgrade`, as Safari does.
    Chrome,
    /// Sends `Connection: keep-alive, Upgrade`.
    Firefox,
}

impl Browser {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Chrome, Self::Firefox];

    /// What it sends in `Connection`.
    pub const fn connection(self) -> &'static str {
        match self {
            Self::Chrome => "Upgrade",
            Self::Firefox => "keep-alive, Upgrade",
        }
    }
}

/// `GET` with the header fields of RFC 6455 section 4.1, as one browser sends them over HTTP/1.1.
#[derive(Debug, Clone, Copy)]
pub struct HandshakeRequest(pub Browser);

/// Header fields that a handshake has, with a value that is not known here.
const PRESENT: &[&str] = &[
    "accept_encoding",
    "accept_language",
    "host",
    "origin",
    "sec_websocket_extensions",
    "sec_websocket_key",
    "user_agent",
];

/// Header fields that it may have.
const POSSIBLE: &[&str] =
    &["authorization", "cookie", "dnt", "forwarded", "priority", "referer", "sec_websocket_protocol", "via"];

/// How fields begin that proxies in front of nginx add, or that browsers keep adding.
const POSSIBLE_PREFIXES: &[&str] = &[
    "x_",
    "cf_",
    "cdn_",
    "true_client_",
    "fastly_",
    "fly_",
    "akamai_",
    "sec_fetch_",
    "sec_ch_",
    "sec_gpc",
    "traceparent",
];

/// Whether a handshake may carry the header field of `$http_NAME`; `name` in lower case with `_` for `-`.
pub fn is_carried(name: &str) -> bool {
    matches!(name, "upgrade" | "connection" | "sec_websocket_version" | "pragma" | "cache_control")
        || PRESENT.contains(&name)
        || POSSIBLE.contains(&name)
        || POSSIBLE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

impl Request for HandshakeRequest {
    fn variable(&self, name: &[u8]) -> Value {
        let Ok(name) = std::str::from_utf8(name) else { return Value::Unknown };
        match name {
            "request_method" => Value::known("GET"),
            "server_protocol" => Value::known("HTTP/1.1"),
            "content_length" | "content_type" | "http2" | "http3" => Value::empty(),
            "scheme"
            | "host"
            | "remote_addr"
            | "remote_port"
            | "server_addr"
            | "server_port"
            | "uri"
            | "request_uri"
            | "document_uri"
            | "proxy_add_x_forwarded_for"
            | "proxy_host"
            | "proxy_port"
            | "request"
            | "request_id" => Value::NotEmpty,
            _ => name.strip_prefix("http_").map_or(Value::Unknown, |header| self.header(header)),
        }
    }
}

impl HandshakeRequest {
    fn header(self, name: &str) -> Value {
        match name {
            "upgrade" => Value::known("websocket"),
            "connection" => Value::known(self.0.connection()),
            "sec_websocket_version" => Value::known("13"),
            "pragma" | "cache_control" => Value::known("no-cache"),
            name if PRESENT.contains(&name) => Value::NotEmpty,
            name if is_carried(name) => Value::Unknown,
            _ => Value::empty(),
        }
    }
}

/// A request that asks for no upgrade, as a browser sends it for a page.
#[derive(Debug, Clone, Copy)]
pub struct OrdinaryRequest;

impl Request for OrdinaryRequest {
    fn variable(&self, name: &[u8]) -> Value {
        match name {
            b"http_upgrade"
            | b"http_sec_websocket_extensions"
            | b"http_sec_websocket_key"
            | b"http_sec_websocket_protocol"
            | b"http_sec_websocket_version" => Value::empty(),
            b"http_connection" => Value::known("keep-alive"),
            b"request_method" | b"http_origin" | b"http_pragma" | b"http_cache_control" => Value::Unknown,
            _ => HandshakeRequest(Browser::Chrome).variable(name),
        }
    }
}

/// What requests say in `Connection` that ask for no upgrade: HTTP/2 and HTTP/1.0 have none, and the last one stands for
/// whatever else is named there.
pub const ORDINARY_CONNECTIONS: [&str; 8] =
    ["", "keep-alive", "Keep-Alive", "close", "Close", "TE", "close, TE", "other"];

/// Any request without `Upgrade` whose `Connection` does not ask for one either: whatever else it carries is not known.
#[derive(Debug, Clone, Copy)]
pub struct AnyOrdinaryRequest;

impl Request for AnyOrdinaryRequest {
    fn variable(&self, name: &[u8]) -> Value {
        match name {
            b"http_upgrade" => Value::empty(),
            b"http_connection" => {
                let values = ORDINARY_CONNECTIONS.map(Value::known).into_iter();
                values.reduce(Value::or).unwrap_or(Value::Unknown)
            }
            _ => Value::Unknown,
        }
    }
}

/// Whether a comma-separated header value has a token, whatever its case (RFC 9110 section 5.6.1, RFC 6455 section
/// 4.2.1).
pub fn has_token(value: &[u8], token: &str) -> bool {
    value.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_a_handshake_does_not_carry_are_empty() {
        let request = HandshakeRequest(Browser::Firefox);
        assert_eq!(request.variable(b"http_upgrade"), Value::known("websocket"));
        assert_eq!(request.variable(b"http_connection"), Value::known("keep-alive, Upgrade"));
        assert_eq!(request.variable(b"http_upgarde"), Value::empty());
        assert_eq!(request.variable(b"http_x_forwarded_proto"), Value::Unknown);
        assert_eq!(request.variable(b"http_host"), Value::NotEmpty);
    }

    #[test]
    fn of_any_ordinary_request_only_the_missing_upgrade_is_known() {
        let request = AnyOrdinaryRequest;
        assert_eq!(request.variable(b"http_upgrade"), Value::empty());
        assert!(request.variable(b"http_connection").surely(|value| !has_token(value, "upgrade")));
        assert!(request.variable(b"http_connection").possibly(<[u8]>::is_empty));
        assert_eq!(request.variable(b"http_sec_websocket_key"), Value::Unknown);
    }

    #[test]
    fn tokens_stand_between_commas() {
        assert!(has_token(b"keep-alive, Upgrade", "upgrade"));
        assert!(!has_token(b"upgraded", "upgrade"));
        assert!(!has_token(b"", "upgrade"));
    }
}
