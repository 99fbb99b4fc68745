//! The request line, which nginx reads before it knows the host: with the lines of the server that the connection has
//! until then (`http/ngx_http_request.c:ngx_http_process_request_line`).

use super::way::Follower;
use super::{ClientRequest, Exchanges};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{ContextId, ContextKind, Directive};
use crate::effective::{Effective, effective};
use crate::header_buffers::HeaderBuffer;
use crate::path::{is_same_merged, normalize_path, normalize_path_as};
use crate::server::{ListenAddress, Socket, first_server};

/// No large buffer may be smaller, in bytes, unless `connection_pool_size` is (`ngx_http_core_merge_srv_conf`).
const LEAST_BUFFER: usize = 512;

/// One of those that nginx has by default.
const USUAL_BUFFER: usize = 8 << 10;

/// What ends a head.
const END: &str = "\r\n";

/// What becomes of the request line.
pub(super) enum Line<'s> {
    /// The path that locations are compared with.
    Path(Vec<u8>),
    /// 400
    Refused,
    /// Servers that may have read it differ in this line.
    CannotSay(Directive<'s>),
}

impl Exchanges<'_, '_> {
    /// So many bytes fit into one buffer, whichever server reads them.
    pub(super) fn least_head(&self) -> usize {
        let names = [N::CLIENT_HEADER_BUFFER_SIZE, N::LARGE_CLIENT_HEADER_BUFFERS];
        let is_set = names.into_iter().any(|name| self.configuration.has_any(name));
        match self.configuration.has_any(N::CONNECTION_POOL_SIZE) {
            true => 0,
            false if is_set => LEAST_BUFFER,
            false => USUAL_BUFFER,
        }
    }
}

impl<'s> Follower<'_, 's> {
    /// Decodes the path, with `merge_slashes` of the server that reads the line.
    pub(super) fn read_line(&self) -> Line<'s> {
        let uri = match self.request.uri() {
            // A URL without a path.
            [b'?', ..] => b"/",
            uri => uri,
        };
        let merged = normalize_path(uri);
        if is_same_merged(uri) {
            return merged.map_or(Line::Refused, Line::Path);
        }
        let apart = normalize_path_as(uri, false);
        if merged == apart {
            return merged.map_or(Line::Refused, Line::Path);
        }
        let configuration = self.all.configuration;
        let off = |&server: &ContextId| {
            let Effective::Set(declared) = effective(configuration, server, N::MERGE_SLASHES) else {
                return None;
            };
            let line = *declared.directives.first()?;
            line.argument(0).is_some_and(|word| word.eq_ignore_ascii_case(b"off")).then_some(line)
        };
        let readers = self.readers();
        let lines: Vec<Directive<'s>> = readers.iter().filter_map(off).collect();
        match lines.first() {
            Some(line) if lines.len() < readers.len() => Line::CannotSay(*line),
            Some(_) => apart.map_or(Line::Refused, Line::Path),
            None => merged.map_or(Line::Refused, Line::Path),
        }
    }

    /// Whether no buffer takes the request line: 414, whatever is wrong with its path
    /// (`ngx_http_process_request_line` decodes it when all of it is there).
    pub(super) fn is_line_too_long(&self) -> bool {
        let length = self.line_length();
        length > self.all.least_head()
            && self
                .readers()
                .iter()
                .all(|&reader| Buffers::new(self.all, reader).takes(length, reader).is_none())
    }

    /// Whether no buffer takes a field, or too few take all of them: 494, which is told as 400
    /// (`ngx_http_process_request_headers`).
    pub(super) fn are_fields_too_long(&self) -> bool {
        let fields =
            || self.request.headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len());
        let head = self.line_length() + fields().sum::<usize>() + END.len();
        if head <= self.all.least_head() {
            return false;
        }
        let is_refused = |&reader: &ContextId| {
            let mut buffers = Buffers::new(self.all, reader);
            let mut server = reader;
            let mut takes = |length, server| buffers.takes(length, server).is_some();
            let mut is_taken = takes(self.line_length(), server);
            for ((name, _), length) in self.request.headers.iter().zip(fields()) {
                is_taken = is_taken && takes(length, server);
                // Behind it the server of that name reads (`ngx_http_set_virtual_server`).
                if name.eq_ignore_ascii_case("host") {
                    server = self.server;
                }
            }
            !(is_taken && takes(END.len(), server))
        };
        self.readers().iter().all(is_refused)
    }

    fn line_length(&self) -> usize {
        self.request.method.len() + self.request.target.len() + " HTTP/1.1\r\n ".len()
    }

    fn readers(&self) -> Vec<ContextId> {
        readers(self.all, self.server, self.request)
    }
}

/// The buffers that a head is read into, one after the other
/// (`http/ngx_http_request.c:ngx_http_alloc_large_header_buffer`): a line that does not end in one moves to the next as a
/// whole.
struct Buffers<'a, 's> {
    all: &'a Exchanges<'a, 's>,
    /// What is left of the one that is read into; `None` where its size is not known.
    left: Option<u64>,
    /// How many large ones are in use.
    used: u64,
}

impl<'a, 's> Buffers<'a, 's> {
    fn new(all: &'a Exchanges<'a, 's>, reader: ContextId) -> Self {
        Self { all, left: HeaderBuffer::first(all.configuration, reader).bytes, used: 0 }
    }

    /// Reads a line with the large buffers of a server; `None` where it has none for it.
    fn takes(&mut self, length: usize, server: ContextId) -> Option<()> {
        let length = u64::try_from(length).ok()?;
        // What is not known may be large enough.
        let Some(left) = self.left else { return Some(()) };
        if let Some(rest) = left.checked_sub(length) {
            self.left = Some(rest);
            return Some(());
        }
        let configuration = self.all.configuration;
        let large = HeaderBuffer::large(configuration, server).bytes;
        let (Some(large), Some(most)) = (large, HeaderBuffer::most(configuration, server)) else {
            self.left = None;
            return Some(());
        };
        self.used += 1;
        let is_there = self.used <= most && left < large;
        self.left = Some(large.checked_sub(length).filter(|_| is_there)?);
        Some(())
    }
}

/// The servers that the connection may have had when the line was read, where `server` takes the request: one for each
/// socket that it may have come to, at least one.
pub(super) fn readers(all: &Exchanges<'_, '_>, server: ContextId, request: &ClientRequest) -> Vec<ContextId> {
    let configuration = all.configuration;
    let mut readers: Vec<ContextId> = Vec::new();
    if let Some(http) = configuration.enclosing(server, ContextKind::Http) {
        let sockets = all.locations.sockets(http);
        let own = sockets.iter().filter(|socket| socket.is_of(server) && may_be_met(socket, request));
        let sni = request.sni.as_deref().filter(|_| request.is_tls);
        readers.extend(own.filter_map(|socket| first_server(configuration, socket, sni)));
    }
    if readers.is_empty() {
        readers.push(server);
    }
    readers.sort_unstable();
    readers.dedup();
    readers
}

/// Whether a request may have come to a socket.
fn may_be_met(socket: &Socket<'_>, request: &ClientRequest) -> bool {
    let is_there = match (&socket.address, request.local) {
        (ListenAddress::Ip(ip, port), Some(local)) => {
            *port == local.port() && (*ip == local.ip() || ip.is_unspecified() || local.ip().is_unspecified())
        }
        (_, local) => local.is_none(),
    };
    is_there && !socket.is_quic() && (socket.is_tls() || !request.is_tls)
}
