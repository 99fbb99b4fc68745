//! Which location a logged request came to, as the configuration says; and by its path where there is none.

use hashbrown::HashMap;
use lint_finding::{LikelyCause, Place, RefusingLine, Setting};
use ws_model::says_websocket;

use crate::record::Record;

/// A request as it was logged.
#[derive(Debug, Clone, Copy)]
pub struct Logged<'l> {
    /// The name of the log's file, without folders.
    pub file: &'l str,
    /// `$host` or `$http_host`.
    pub host: Option<&'l str>,
    /// `$server_name`.
    pub server_name: Option<&'l str>,
    /// `$server_port`.
    pub port: Option<u16>,
    /// Whether `$scheme` is `https`.
    pub is_tls: Option<bool>,
    /// The path with the query.
    pub target: &'l str,
}

/// A limit on how long a connection may be silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleLimit {
    /// The directive.
    pub directive: &'static str,
    /// Milliseconds.
    pub milliseconds: u64,
    /// The line that sets it, or the `proxy_pass` line if it is the default.
    pub place: Place,
    /// Whether it is the default.
    pub is_default: bool,
}

/// A location that requests come to.
#[derive(Debug, Clone)]
pub struct Location {
    /// What people call its server.
    pub server: String,
    /// What stands behind the word `location`.
    pub location: String,
    /// The word `location`.
    pub place: Place,
    /// Whether it is a WebSocket endpoint.
    pub is_endpoint: bool,
    /// Whether it is one and serves nothing else.
    pub is_only_websocket: bool,
    /// What ends a silent connection.
    pub idle: Option<IdleLimit>,
    /// The same for people.
    pub idle_timeout: Option<Setting>,
    /// The line that makes its requests HTTP/1.0, or the `proxy_pass` line if that is the default of all versions.
    pub http10: Option<Place>,
    /// Findings that may explain refusals, each with the status.
    pub causes: Vec<LikelyCause>,
    /// Lines by which nginx itself refuses.
    pub refusing: Vec<RefusingLine>,
}

/// A proxy in front of nginx with its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerLimit {
    /// Its name for messages.
    pub name: String,
    /// Whether the settings say that it stands in front.
    pub is_declared: bool,
    /// After how long it closes, in milliseconds.
    pub milliseconds: u64,
}

/// What the configuration says of logged requests.
pub trait Resolver {
    /// Whether there is a configuration.
    fn is_there(&self) -> bool;

    /// The number of the location that a request came to; `None` if that cannot be said.
    fn locate(&self, request: &Logged<'_>) -> Option<usize>;

    /// A location by its number.
    fn location(&self, number: usize) -> Option<Location>;

    /// Proxies that may stand in front, and their limits.
    fn layers(&self) -> Vec<LayerLimit>;

    /// The lines of the certificates that may be shown at an address that nginx listens on, as it logs it.
    fn certificates_at(&self, _listen: &str) -> Vec<Place> {
        Vec::new()
    }

    /// The line that names a file of a certificate or of its key.
    fn certificate_of(&self, _file: &str) -> Option<Place> {
        None
    }
}

/// Who an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A location.
    Location(usize),
    /// A path of a host, its parts that look like names of sessions left out.
    Path(String, String),
    /// More than are told apart.
    Others,
}

/// So many requests are remembered with their location.
const MOST_KNOWN: usize = 50_000;
/// So many more are remembered by the shape of their paths.
const MOST_SHAPES: usize = 5_000;

/// Requests whose location is known.
#[derive(Debug, Default)]
pub(crate) struct Places {
    known: HashMap<Vec<u8>, Option<usize>>,
    shapes: HashMap<Vec<u8>, Option<usize>>,
    /// By number: whether it is an endpoint, and whether it serves nothing else.
    endpoints: HashMap<usize, (bool, bool)>,
    scratch: Vec<u8>,
}

impl Places {
    /// The location of a request; looked up once for all requests of a path.
    pub(crate) fn locate(
        &mut self,
        record: &Record<'_>,
        file: &str,
        resolver: &dyn Resolver,
    ) -> Option<usize> {
        let mut key = std::mem::take(&mut self.scratch);
        key.clear();
        for part in [record.host.unwrap_or_default(), record.server_name.unwrap_or_default(), file.as_bytes()]
        {
            key.extend_from_slice(part);
            key.push(0);
        }
        key.push(record.is_tls.map_or(2, u8::from));
        key.extend_from_slice(&record.port.unwrap_or(0).to_be_bytes());
        let path = key.len();
        key.extend_from_slice(record.path());
        let found = match self.known.get(&key) {
            Some(found) => *found,
            None if self.known.len() < MOST_KNOWN => {
                let found = ask(record, file, resolver);
                self.known.insert(key.clone(), found);
                found
            }
            None => {
                // Paths with numbers of sessions are without end, and those of one shape come to one location.
                let shape = shape_of(&String::from_utf8_lossy(key.get(path..).unwrap_or_default()));
                key.truncate(path);
                key.extend_from_slice(shape.as_bytes());
                match self.shapes.get(&key) {
                    Some(found) => *found,
                    None if self.shapes.len() < MOST_SHAPES => {
                        let found = ask(record, file, resolver);
                        self.shapes.insert(key.clone(), found);
                        found
                    }
                    None => None,
                }
            }
        };
        self.scratch = key;
        found
    }

    /// Whether a request that a location answered with a status other than 101 was a handshake, as far as that tells: an
    /// endpoint that serves nothing else gets nothing else, and these statuses are what back ends refuse handshakes with.
    pub(crate) fn refused_handshake(&mut self, number: usize, status: u16, resolver: &dyn Resolver) -> bool {
        let ask = || {
            let location = resolver.location(number);
            location.map_or((false, false), |location| (location.is_endpoint, location.is_only_websocket))
        };
        let (is_endpoint, is_only) = *self.endpoints.entry(number).or_insert_with(ask);
        is_only || (is_endpoint && matches!(status, 400 | 426 | 501 | 505))
    }
}

fn ask(record: &Record<'_>, file: &str, resolver: &dyn Resolver) -> Option<usize> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (host, server_name) = (record.host.map(text), record.server_name.map(text));
    resolver.locate(&Logged {
        file,
        host: host.as_deref(),
        server_name: server_name.as_deref(),
        port: record.port,
        is_tls: record.is_tls,
        target: &String::from_utf8_lossy(&record.target),
    })
}

/// A path with a star for each part that looks like the name of a session: digits alone, eight hexadecimal digits or more
/// with the dashes of a UUID, or more than 24 characters.
pub(crate) fn shape_of(path: &str) -> String {
    let is_name = |part: &str| {
        let is_of = |is: fn(u8) -> bool| !part.is_empty() && part.bytes().all(is);
        is_of(|byte| byte.is_ascii_digit())
            || (part.len() >= 8
                && is_of(|byte| byte.is_ascii_hexdigit() || byte == b'-')
                && part.bytes().any(|byte| byte.is_ascii_digit()))
            || part.len() > 24
    };
    let parts: Vec<&str> = path.split('/').map(|part| if is_name(part) { "*" } else { part }).collect();
    parts.join("/")
}

/// Whether a request that was not answered with 101 may well have been a handshake, by its method, path and query.
pub(crate) fn looks_like_handshake(record: &Record<'_>) -> bool {
    record.method == b"GET" && (has_transport(record, b"websocket") || says_websocket(record.path()))
}

/// Whether the query asks for a transport of Socket.IO.
pub(crate) fn has_transport(record: &Record<'_>, name: &[u8]) -> bool {
    let mut words = record.query().split(|byte| *byte == b'&');
    words.any(|word| word.strip_prefix(b"transport=").is_some_and(|value| value == name))
}

#[cfg(test)]
mod tests {
    use super::shape_of;

    #[test]
    fn names_of_sessions_are_left_out() {
        for (path, shape) in [
            ("/ws", "/ws"),
            ("/chat/42/ws", "/chat/*/ws"),
            ("/s/3f2a9c1e-77aa-4b1c-9d0e-1a2b3c4d5e6f", "/s/*"),
            ("/sockjs/123/abcdefgh/websocket", "/sockjs/*/abcdefgh/websocket"),
            ("/deadbeef/ws2", "/deadbeef/ws2"),
            ("", ""),
        ] {
            assert_eq!(shape_of(path), shape, "{path}");
        }
    }
}
