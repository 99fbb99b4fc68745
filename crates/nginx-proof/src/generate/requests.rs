//! What is asked of a configuration: handshakes as browsers send them and plain requests, to paths near those that it
//! names.

use super::features::{self as f, Feature};
use super::shape::{Ask, Kind, Spelling};
use super::words::ASKED;
use crate::Exchange;

/// A request as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The fields in order, `Host` among them.
    pub headers: Vec<(String, String)>,
    /// The port that is asked; `None` for the first.
    pub port: Option<u16>,
    /// Whether it is of HTTP/1.0.
    pub is_http10: bool,
    /// What follows the head.
    pub body: String,
    /// Whether that goes in chunks.
    pub is_chunked: bool,
}

/// What a handshake has whatever browser sends it.
const HANDSHAKE: [(&str, &str); 4] = [
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
    ("Origin", "http://example.com"),
    ("Sec-WebSocket-Extensions", "permessage-deflate"),
];

impl Request {
    /// A request with `Host: example.com` alone.
    pub fn plain(method: &str, target: &str) -> Self {
        let headers = vec![("Host".to_owned(), "example.com".to_owned())];
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            port: None,
            is_http10: false,
            body: String::new(),
            is_chunked: false,
        }
    }

    /// A handshake as Firefox sends it.
    pub fn handshake(target: &str) -> Self {
        let more = [("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")];
        let more = more.into_iter().chain(HANDSHAKE);
        let mut request = Self::plain("GET", target);
        request.headers.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        request
    }
}

impl Request {
    /// As the client of the harness sends it.
    pub fn exchange(&self) -> Exchange {
        let mut exchange = Exchange::new(&self.method, &self.target);
        exchange.host = None;
        exchange.listen = self.port.map(|port| port.to_string());
        exchange.is_http10 = self.is_http10;
        exchange.body.clone_from(&self.body);
        exchange.is_chunked = self.is_chunked;
        for (name, value) in &self.headers {
            exchange = if name == "Host" { exchange.host(value) } else { exchange.header(name, value) };
        }
        exchange
    }
}

/// The request that an ask means where the locations have these names, and servers listen at these ports.
pub(super) fn request(ask: &Ask, names: &[String], ports: &[u16]) -> Request {
    let named = names.iter().map(|name| name.replace(' ', "%20"));
    // Twice, so that most requests have a location of their own.
    let paths: Vec<String> =
        named.clone().chain(named).chain(ASKED.iter().map(|&path| path.to_owned())).collect();
    let path = ask.path.get(&paths);
    let target = spelled(path, ask.spelling);
    let mut headers = Vec::new();
    if !ask.host.is_empty() && !ask.is_host_late {
        headers.push(("Host", ask.host));
    }
    match ask.kind {
        Kind::Chrome | Kind::Old => headers.extend([("Connection", "Upgrade"), ("Upgrade", "websocket")]),
        Kind::Firefox => headers.extend([("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")]),
        Kind::OtherCase => headers.extend([("connection", "upgrade"), ("upgrade", "WebSocket")]),
        Kind::Get | Kind::OldGet => headers.push(("Connection", "keep-alive")),
        Kind::Post => headers.extend([("Content-Length", "0"), ("Origin", "http://a.test")]),
        Kind::Head | Kind::Delete | Kind::Body | Kind::Chunked => {}
    }
    let method = match ask.kind {
        Kind::Chrome | Kind::Firefox | Kind::OtherCase | Kind::Old => {
            headers.extend(HANDSHAKE);
            "GET"
        }
        Kind::Get | Kind::OldGet => "GET",
        Kind::Post | Kind::Body | Kind::Chunked => "POST",
        Kind::Head => "HEAD",
        Kind::Delete => "DELETE",
    };
    headers.extend(&ask.more);
    if !ask.host.is_empty() && ask.is_host_late {
        headers.push(("host", ask.host));
    }
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Request {
        method: method.to_owned(),
        target,
        headers: headers.into_iter().map(owned).collect(),
        port: (!ports.is_empty()).then(|| *ask.door.get(ports)),
        is_http10: matches!(ask.kind, Kind::Old | Kind::OldGet),
        body: if matches!(ask.kind, Kind::Body | Kind::Chunked) { "abc".to_owned() } else { String::new() },
        is_chunked: ask.kind == Kind::Chunked,
    }
}

/// What the table of coverage counts of a request.
pub(super) fn features(request: &Request) -> impl Iterator<Item = Feature> {
    let is_host_first = request.headers.first().is_some_and(|(name, _)| name == "Host");
    let all = [
        (request.is_http10, f::HTTP10),
        (!is_host_first, f::NO_HOST),
        (!request.body.is_empty(), f::WITH_BODY),
        (request.target.starts_with("http://"), f::ABSOLUTE),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, feature)| feature)
}

/// A path as sent, `%20` in it already.
fn spelled(path: &str, spelling: Spelling) -> String {
    let below = || format!("{}/chat", path.trim_end_matches('/'));
    match spelling {
        Spelling::AsNamed => path.to_owned(),
        Spelling::OtherSlash => match path.strip_suffix('/') {
            Some("") => "/?".to_owned(),
            Some(rest) => rest.to_owned(),
            None => format!("{path}/"),
        },
        Spelling::OtherCase => {
            let other = |char: char| match char {
                upper if upper.is_ascii_uppercase() => upper.to_ascii_lowercase(),
                other => other.to_ascii_uppercase(),
            };
            path.chars().map(other).collect()
        }
        Spelling::Escaped => {
            let mut chars = path.chars();
            let slash = chars.next().map(String::from).unwrap_or_default();
            match chars.next() {
                Some(char) if char.is_ascii_alphanumeric() => {
                    format!("{slash}%{:02x}{}", u32::from(char), chars.as_str())
                }
                _ => path.to_owned(),
            }
        }
        Spelling::Doubled => format!("/{path}"),
        Spelling::DoubledBelow => below().replace("/chat", "//chat"),
        Spelling::Dotted => format!("/./y/..{path}"),
        Spelling::Below => below(),
        Spelling::Longer => format!("{path}x"),
        Spelling::Special => format!("{}/a%3Bb+c%26d%20e%C3%A9;f&g%3Fh", path.trim_end_matches('/')),
        Spelling::Queried => format!("{path}?a=1"),
        Spelling::BelowQueried => format!("{}?a=1&b", below()),
        Spelling::Absolute => format!("http://b.a.test{path}"),
        Spelling::Bytes => {
            format!("{}/%0a%7F%23%3f%5C%25%2e~'()!*:@=,$|%ff%E2%82%AC", path.trim_end_matches('/'))
        }
        Spelling::Long => format!("{path}?{}", "long=1&".repeat(100)),
    }
}
