//! The URL of a WebSocket, as users name it.

use core::net::IpAddr;

use thiserror::Error;

/// A URL of WebSockets or HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// As given.
    pub text: String,
    /// Whether it is `wss` or `https`.
    pub is_tls: bool,
    /// In lower case, an IPv6 address in brackets.
    pub host: String,
    /// That of the scheme where none is given.
    pub port: u16,
    /// The path and the query, at least `/`.
    pub target: String,
}

/// Why a text is no URL to trace.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    /// No scheme, or another one.
    #[error("`{0}` is no URL to trace: it must start with ws://, wss://, http:// or https://")]
    Scheme(String),
    /// No host, or one that cannot be.
    #[error("`{0}` names no host")]
    Host(String),
    /// A port that cannot be.
    #[error("`{0}` has an invalid port")]
    Port(String),
    /// A fragment (RFC 6455 section 3), a user, or a character that has to be escaped.
    #[error("`{0}` has a {1}, which no handshake can have")]
    Part(String, &'static str),
}

impl Url {
    /// Takes a URL apart (RFC 6455 section 3, RFC 3986).
    ///
    /// # Errors
    /// Where it is none that a client would send.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let owned = || text.to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(|| UrlError::Scheme(owned()))?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => return Err(UrlError::Scheme(owned())),
        };
        if rest.contains('#') {
            return Err(UrlError::Part(owned(), "fragment"));
        }
        if rest.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(UrlError::Part(owned(), "blank or control character"));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UrlError::Part(owned(), "user"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port = match port {
            Some(port) => {
                port.parse().ok().filter(|&port| port > 0).ok_or_else(|| UrlError::Port(owned()))?
            }
            None if is_tls => 443,
            None => 80,
        };
        let is_address = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<IpAddr>().is_ok());
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte) || byte >= 0x80;
        if !is_address && (host.is_empty() || !host.bytes().all(is_name)) {
            return Err(UrlError::Host(owned()));
        }
        let target = match target.starts_with('/') {
            true => target.to_owned(),
            false => format!("/{target}"),
        };
        Ok(Self { text: owned(), is_tls, host: host.to_ascii_lowercase(), port, target })
    }

    /// The address, where the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Whether the host is this machine by its name (RFC 6761 section 6.3).
    pub fn is_localhost(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// What clients send in `Host`: with the port where it is not that of the scheme.
    pub fn authority(&self) -> String {
        let default = if self.is_tls { 443 } else { 80 };
        if self.port == default { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let table = [
            ("wss://Example.com/ws?room=1", Ok("example.com 443 true /ws?room=1")),
            ("ws://example.com", Ok("example.com 80 false /")),
            ("http://[::1]:8080?x", Ok("[::1] 8080 false /?x")),
            ("HTTPS://10.0.0.1:8443/", Ok("10.0.0.1 8443 true /")),
            ("example.com/ws", Err("Scheme")),
            ("ftp://example.com/", Err("Scheme")),
            ("ws:///ws", Err("Host")),
            ("ws://a'b/ws", Err("Host")),
            ("ws://[::1/ws", Err("Host")),
            ("ws://a:0/", Err("Port")),
            ("ws://a:99999/", Err("Port")),
            ("ws://a/b#c", Err("Part")),
            ("ws://u@a/b", Err("Part")),
            ("ws://a/b c", Err("Part")),
        ];
        for (text, expected) in table {
            let seen = Url::parse(text);
            let shown = seen
                .as_ref()
                .map(|url| format!("{} {} {} {}", url.host, url.port, url.is_tls, url.target))
                .map_err(|error| format!("{error:?}").split('(').next().unwrap_or_default().to_owned());
            assert_eq!(shown, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}
