//! What is traced: a URL and how it is asked for.

use core::net::IpAddr;

use nginx_semantics::{ClientRequest, ListenAddress};
use nginx_syntax::lossy;
use ws_model::{Asked, Browser, Url, handshake_request};

/// A request to trace.
#[derive(Debug, Clone)]
pub struct Query {
    /// Where to.
    pub url: Url,
    /// Fields that replace those of the same name, or come besides; an empty value takes the field away.
    pub headers: Vec<(String, String)>,
    /// The address of the client, where it is known.
    pub client: Option<IpAddr>,
    /// The socket, where the user names it.
    pub via: Option<ListenAddress>,
    /// Whether it is an ordinary GET rather than a handshake.
    pub is_plain: bool,
    /// Whether it is known to come without a client's certificate.
    pub has_no_certificate: bool,
}

impl Query {
    /// A handshake to a URL, with nothing else told.
    pub fn handshake(url: Url) -> Self {
        Self { url, headers: Vec::new(), client: None, via: None, is_plain: false, has_no_certificate: false }
    }

    /// The path, without the query.
    pub(super) fn path(&self) -> &str {
        self.url.target.split('?').next().unwrap_or_default()
    }

    /// Where it comes to.
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked { url: &self.url, via: self.via.as_ref() }
    }

    /// What the client sends: Chrome's handshake, or an ordinary GET.
    pub(super) fn request(&self) -> ClientRequest {
        let url = &self.url;
        let mut request = handshake_request(Browser::Chrome, &url.authority(), &url.target, url.is_tls);
        if self.is_plain {
            request.headers.retain(|(name, _)| name.eq_ignore_ascii_case("host"));
            request.headers.push(("Connection".to_owned(), b"keep-alive".to_vec()));
        }
        for (name, _) in &self.headers {
            request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        }
        let added = self.headers.iter().filter(|(_, value)| !value.is_empty());
        request.headers.extend(added.map(|(name, value)| (name.clone(), value.clone().into_bytes())));
        request.client = self.client;
        request.has_no_certificate = self.has_no_certificate;
        request
    }

    /// The command that sends the request.
    pub(crate) fn curl(&self) -> String {
        let url = &self.url;
        let mut command = "curl -i -N --http1.1".to_owned();
        if url.target.contains(['[', ']', '{', '}']) {
            // They mean several URLs otherwise.
            command.push_str(" -g");
        }
        if let Some(ListenAddress::Ip(ip, port)) = &self.via {
            if !ip.is_unspecified() {
                let ip = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
                command.push_str(&format!(" --connect-to '::{ip}:{port}'"));
            }
        }
        if let Some(ListenAddress::Unix(path)) = &self.via {
            command.push_str(&format!(" --unix-socket {}", quoted(path)));
        }
        for (name, value) in self.request().headers.iter() {
            let is_curls_own = name.eq_ignore_ascii_case("host") && value == url.authority().as_bytes();
            let is_needed = !self.is_plain || name != "Connection";
            if is_needed && !is_curls_own {
                let field = format!("{name}: {}", lossy(value));
                command.push_str(&format!(" -H {}", quoted(&field)));
            }
        }
        let scheme = if url.is_tls { "https" } else { "http" };
        command.push_str(&format!(" {}", quoted(&format!("{scheme}://{}{}", url.authority(), url.target))));
        command
    }
}

/// One word for a shell, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(url: &str, headers: &[(&str, &str)]) -> Query {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let url = Url::parse(url).unwrap();
        Query { headers: headers.collect(), ..Query::handshake(url) }
    }

    #[test]
    fn fields_replace_their_like_and_an_empty_one_takes_it_away() {
        let query = query("ws://a:81/ws", &[("upgrade", "h2c"), ("Origin", ""), ("X-A", "1")]);
        let fields = query.request().headers;
        let words: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
            .collect();
        assert_eq!(
            words,
            [
                "Host: a:81",
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "upgrade: h2c",
                "X-A: 1"
            ]
        );
    }

    #[test]
    fn nothing_gets_out_of_the_quotes_of_the_command() {
        let command = query("ws://a/';id;'", &[("X-A", "'$(id)'")]).curl();
        assert!(command.ends_with(r"-H 'X-A: '\''$(id)'\''' 'http://a/'\'';id;'\'''"), "{command}");
    }
}
