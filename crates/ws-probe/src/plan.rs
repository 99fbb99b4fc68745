//! What is probed, and how.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lint_finding::PollingKind;
use thiserror::Error;

/// The browser whose fields a handshake has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Browser {
    /// `Connection: Upgrade`
    #[default]
    Chrome,
    /// `Connection: keep-alive, Upgrade`
    Firefox,
}

impl Browser {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
        }
    }
}

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Whether an address is of it.
    pub(crate) fn has(self, address: &SocketAddr) -> bool {
        address.is_ipv6() == (self == Self::V6)
    }
}

/// What is probed, and how.
#[derive(Clone, Default)]
pub struct Plan {
    /// The URL as given, without a user.
    pub url: String,
    /// Whether it is `wss` or `https`.
    pub is_tls: bool,
    /// The host, an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// The value of `Host`.
    pub authority: String,
    /// Whose fields.
    pub browser: Browser,
    /// The value of `User-Agent`.
    pub agent: String,
    /// Fields that come besides, or in place of the browser's; an empty value takes a field away.
    pub headers: Vec<(String, String)>,
    /// The value of `Origin`, if it is not that of the URL itself.
    pub origin: Option<String>,
    /// What is offered in `Sec-WebSocket-Protocol`.
    pub subprotocols: Vec<String>,
    /// Names and values of cookies.
    pub cookies: Vec<(String, String)>,
    /// User and password of the URL.
    pub credentials: Option<(String, String)>,
    /// Addresses that stand for a host and a port.
    pub resolve: Vec<Resolve>,
    /// The only family whose addresses are tried.
    pub family: Option<Family>,
    /// Whether a line of the PROXY protocol comes first.
    pub proxy_protocol: bool,
    /// The certificates of trusted issuers, in DER.
    pub roots: Vec<Vec<u8>>,
    /// How long the connection is watched after the answer if it is not held: some end at once.
    pub settle: Duration,
    /// How long the connection is held.
    pub idle: Option<Duration>,
    /// How often it is pinged meanwhile; it is silent otherwise.
    pub ping: Option<Duration>,
    /// How many handshakes there are, the first one included; fewer than two are one.
    pub reconnects: usize,
    /// Fields of answers that name the back end, besides those that are known.
    pub peer_headers: Vec<String>,
    /// The fallback over HTTP that is tried too.
    pub polling: Option<PollingKind>,
    /// How long all of it may take.
    pub max_time: Duration,
    /// The present, in seconds since 1970.
    pub now: i64,
}

/// An address that stands for a host and a port, as that of `curl --resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// The host, in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Where to connect instead.
    pub address: SocketAddr,
}

/// Why a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "write HOST:PORT:ADDRESS, such as chat.example.com:443:10.0.0.5, with another port as 10.0.0.5:8443 or [::1]:8443"
)]
pub struct ResolveError;

impl Resolve {
    /// Reads `HOST:PORT:ADDRESS`; the address may have a port of its own.
    ///
    /// # Errors
    /// If it is written otherwise.
    pub fn parse(text: &str) -> Result<Self, ResolveError> {
        let end = match text.strip_prefix('[') {
            Some(rest) => rest.find("]:").map(|at| at + 2),
            None => text.find(':'),
        };
        let (host, rest) = text.split_at_checked(end.ok_or(ResolveError)?).ok_or(ResolveError)?;
        let (port, address) =
            rest.strip_prefix(':').and_then(|rest| rest.split_once(':')).ok_or(ResolveError)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(ResolveError)?;
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        let address = bare
            .parse::<IpAddr>()
            .map(|ip| SocketAddr::new(ip, port))
            .or_else(|_| address.parse::<SocketAddr>())
            .map_err(|_| ResolveError)?;
        if host.is_empty() {
            return Err(ResolveError);
        }
        Ok(Self { host: host.to_ascii_lowercase(), port, address })
    }
}

/// A URL without its user, and user and password, percent-decoded.
#[must_use]
pub fn without_user(url: &str) -> (String, Option<(String, String)>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((user, host)) = authority.rsplit_once('@') else { return (url.to_owned(), None) };
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    (format!("{scheme}://{host}{path}"), Some((decoded(name), decoded(password))))
}

/// With `%41` for `A`; what is no such thing stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.filter(|_| first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_get_an_address() {
        for (text, host, address) in [
            ("Chat.example.com:443:10.0.0.5", "chat.example.com", "10.0.0.5:443"),
            ("a:443:::1", "a", "[::1]:443"),
            ("a:443:[::1]", "a", "[::1]:443"),
            ("a:80:127.0.0.1:8080", "a", "127.0.0.1:8080"),
            ("[::1]:80:[::1]:8080", "[::1]", "[::1]:8080"),
        ] {
            let resolve = Resolve::parse(text).unwrap();
            assert_eq!(
                (resolve.host.as_str(), resolve.address.to_string().as_str()),
                (host, address),
                "{text}"
            );
        }
        for text in [
            "",
            "a",
            "a:443",
            "a:443:",
            ":443:10.0.0.1",
            "a:0:10.0.0.1",
            "a:b:10.0.0.1",
            "a:443:b",
            "[::1:80:::1",
        ] {
            assert_eq!(Resolve::parse(text), Err(ResolveError), "{text}");
        }
    }

    #[test]
    fn a_user_is_taken_out() {
        let user = |name: &str, password: &str| Some((name.to_owned(), password.to_owned()));
        assert_eq!(without_user("wss://a/b@c"), ("wss://a/b@c".to_owned(), None));
        assert_eq!(without_user("wss://u:p%40s%@a/b"), ("wss://a/b".to_owned(), user("u", "p@s%")));
        assert_eq!(without_user("ws://u@a"), ("ws://a".to_owned(), user("u", "")));
    }
}
