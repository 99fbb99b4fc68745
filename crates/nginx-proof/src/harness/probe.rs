//! What is tried on a running nginx, and what comes of it.

use std::time::Duration;

use super::conduct::{Conduct, Delivery, Stream};
use super::rfc6455::KEY;
use super::{Place, Received};

/// Whose headers a handshake has: browsers differ in `Connection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// `Connection: Upgrade`
    Chrome,
    /// `Connection: keep-alive, Upgrade`
    Firefox,
}

impl Browser {
    /// Its value of `Connection`.
    pub fn connection(self) -> &'static str {
        match self {
            Self::Chrome => "Upgrade",
            Self::Firefox => "keep-alive, Upgrade",
        }
    }
}

/// One request, byte for byte as the client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Where to, as a `listen` of the configuration has it; the first where there is none. Over TLS where that is
    /// an `ssl` one.
    pub listen: Option<String>,
    /// Such as `GET`.
    pub method: String,
    /// The path with its query, as sent.
    pub target: String,
    /// The value of `Host`, which is the first header; `None` sends none.
    pub host: Option<String>,
    /// The other headers, in order.
    pub headers: Vec<(String, String)>,
    /// What follows the headers; its length is told where there is any, unless it goes in chunks.
    pub body: String,
    /// Whether the body goes in chunks.
    pub is_chunked: bool,
    /// Whether it is a request of HTTP/1.0.
    pub is_http10: bool,
}

impl Exchange {
    /// Without headers but `Host: example.com`.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            listen: None,
            method: method.to_owned(),
            target: target.to_owned(),
            host: Some("example.com".to_owned()),
            headers: Vec::new(),
            body: String::new(),
            is_chunked: false,
            is_http10: false,
        }
    }

    /// A plain GET.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target).header("Connection", "keep-alive")
    }

    /// A handshake.
    pub fn handshake(target: &str, browser: Browser) -> Self {
        Self::new("GET", target)
            .header("Connection", browser.connection())
            .header("Upgrade", "websocket")
            .header("Origin", "http://example.com")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", KEY)
    }

    /// With another header behind the others.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// For another host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// With a body in one chunk.
    #[must_use]
    pub fn chunked(self, body: &str) -> Self {
        Self { is_chunked: true, ..self.body(body) }
    }

    /// In HTTP/1.0.
    #[must_use]
    pub fn old(mut self) -> Self {
        self.is_http10 = true;
        self
    }

    /// At another listen.
    #[must_use]
    pub fn at(mut self, listen: &str) -> Self {
        self.listen = Some(listen.to_owned());
        self
    }

    /// Sends the cookies of an answer from now on, each in place of an older one of its name.
    pub(crate) fn take_cookies(&mut self, set: &[String]) {
        for cookie in set.iter().filter_map(|value| value.split(';').next()) {
            let name = cookie.split('=').next().unwrap_or_default();
            let old = self.headers.iter().position(|(name, _)| name == "Cookie");
            let old = old.map(|at| self.headers.remove(at).1).unwrap_or_default();
            let others = old.split("; ").filter(|one| !one.is_empty() && one.split('=').next() != Some(name));
            let all: Vec<&str> = others.chain([cookie]).collect();
            self.headers.push(("Cookie".to_owned(), all.join("; ")));
        }
    }

    /// So many bytes of the text come before the body.
    pub(crate) fn head_length(&self) -> usize {
        let text = self.text();
        text.find("\r\n\r\n").map_or(text.len(), |end| end + 4)
    }

    pub(crate) fn text(&self) -> String {
        let version = if self.is_http10 { "1.0" } else { "1.1" };
        let mut text = format!("{} {} HTTP/{version}\r\n", self.method, self.target);
        let host = self.host.iter().map(|host| ("Host", host.as_str()));
        let others = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in host.chain(others) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.is_chunked {
            let length = self.body.len();
            return format!(
                "{text}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{}\r\n0\r\n\r\n",
                self.body
            );
        }
        if !self.body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text + "\r\n" + &self.body
    }
}

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A handshake at the first listen; after 101 one message, and silence for `stay`.
    Handshake {
        /// With its query.
        path: String,
        /// Whose headers.
        browser: Browser,
        /// How long the client waits for the connection to be closed.
        stay: Duration,
    },
    /// A plain GET at the first listen.
    Get {
        /// With its query.
        path: String,
    },
    /// One request, its answer read to the end; a tunnel is left at once.
    Exchange(Exchange),
    /// A handshake whose tunnel stays open, without a word, until nginx is stopped.
    Held(Exchange),
    /// The request of a handshake; after 101 one message, and silence for `stay`.
    Tunnel {
        /// The handshake.
        exchange: Exchange,
        /// How long the client waits for the connection to be closed.
        stay: Duration,
        /// What the back end does meanwhile.
        conduct: Conduct,
    },
    /// A request whose answer the back end streams.
    Stream {
        /// The request.
        exchange: Exchange,
        /// The answer.
        stream: Stream,
    },
    /// The same request again and again, each on a connection of its own: a client that connects anew, or that polls.
    Series {
        /// The request.
        exchange: Exchange,
        /// How often.
        times: usize,
        /// Whether the client sends the cookies back that it gets.
        keeps_cookies: bool,
    },
}

/// How the end of a connection reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The stream ends (FIN), without a word of WebSocket: a browser says 1006.
    End,
    /// The stream is cut off (RST).
    Reset,
    /// A close frame.
    Frame,
}

/// Who ended a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closer {
    /// The harness' client, at the end of its stay: until then nobody did.
    Client,
    /// A back end.
    Backend,
    /// nginx, because nothing came for as long as it waits: its error log says so.
    Timeout,
    /// nginx, for another reason.
    Nginx,
}

/// Which block ended a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The server, location, `if` or `limit_except` whose configuration was in effect at the end.
    pub place: Place,
    /// `$uri` at the end: decoded, after rewrites and internal redirects.
    pub uri: String,
    /// The status that nginx logs; 444 stands for a connection that it closed without an answer.
    pub status: u16,
}

/// What a probe met.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Of the answer; `None` where there was none.
    pub status: Option<u16>,
    /// Why there was none.
    pub failure: Option<String>,
    /// Why a browser fails the connection in spite of 101 (RFC 6455 section 4.1).
    pub refused_because: Option<&'static str>,
    /// Of the answer; harness addresses and ports replaced by those of the configuration.
    pub headers: Vec<(String, String)>,
    /// Of the answer, but not of a tunnel.
    pub body: Vec<u8>,
    /// What the back ends received meanwhile, harness addresses replaced by those of the configuration.
    pub received: Vec<Received>,
    /// Which block ended the request; `None` unless [`super::Setup::places`] asks for it.
    pub answered: Option<Answered>,
    /// Whether a message came back through the tunnel.
    pub is_echoed: bool,
    /// When nginx or a back end closed the silent tunnel; `None` where it was open at the end of the stay.
    pub closed_after: Option<Duration>,
    /// Who ended a tunnel, and how the client saw that; its own end it does not see.
    pub ended: Option<(Closer, Option<Close>)>,
    /// How a streamed answer reached the client; `None` where none was streamed.
    pub delivery: Option<Delivery>,
    /// Which back end each request of a series reached, as the configuration has it; `None` for none.
    pub reached: Vec<Option<String>>,
    /// The values of `Set-Cookie` as nginx sent them: as clients have to send them back.
    pub(crate) cookies: Vec<String>,
}

impl Seen {
    /// Whether a browser's WebSocket is open.
    pub fn is_open(&self) -> bool {
        self.status == Some(101) && self.refused_because.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_sent_back() {
        let mut exchange = Exchange::get("/");
        for (value, sent) in [("a=1; path=/", "a=1"), ("b=2", "a=1; b=2"), ("a=3", "b=2; a=3")] {
            exchange.take_cookies(&[value.to_owned()]);
            assert!(exchange.text().ends_with(&format!("\r\nCookie: {sent}\r\n\r\n")), "{}", exchange.text());
        }
    }
}
