//! What is asked of a configuration: handshakes as browsers send them and plain requests, to paths near those that it
//! names.

use super::shape::{Ask, Kind, Spelling};
use super::words::ASKED;

/// A request as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The fields in order, `Host` among them.
    pub headers: Vec<(String, String)>,
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
        Self { method: method.to_owned(), target: target.to_owned(), headers }
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

/// The request that an ask means where the locations have these names.
pub(super) fn request(ask: &Ask, names: &[String]) -> Request {
    let named = names.iter().map(|name| name.replace(' ', "%20"));
    // Twice, so that most requests have a location of their own.
    let paths: Vec<String> =
        named.clone().chain(named).chain(ASKED.iter().map(|&path| path.to_owned())).collect();
    let path = ask.path.get(&paths);
    let target = spelled(path, ask.spelling);
    let mut headers = vec![("Host", ask.host)];
    match ask.kind {
        Kind::Chrome => headers.extend([("Connection", "Upgrade"), ("Upgrade", "websocket")]),
        Kind::Firefox => headers.extend([("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")]),
        Kind::OtherCase => headers.extend([("connection", "upgrade"), ("upgrade", "WebSocket")]),
        Kind::Get => headers.push(("Connection", "keep-alive")),
        Kind::Post => headers.extend([("Content-Length", "0"), ("Origin", "http://a.test")]),
        Kind::Head | Kind::Delete => {}
    }
    let method = match ask.kind {
        Kind::Chrome | Kind::Firefox | Kind::OtherCase => {
            headers.extend(HANDSHAKE);
            "GET"
        }
        Kind::Get => "GET",
        Kind::Post => "POST",
        Kind::Head => "HEAD",
        Kind::Delete => "DELETE",
    };
    headers.extend(&ask.more);
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Request { method: method.to_owned(), target, headers: headers.into_iter().map(owned).collect() }
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
    }
}
