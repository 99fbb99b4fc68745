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

/// No large buffer may be smaller, in bytes: `connection_pool_size` is that (`ngx_http_core_merge_srv_conf`).
pub(super) const LEAST_BUFFER: usize = 512;

/// What becomes of the request line.
pub(super) enum Line<'s> {
    /// The path that locations are compared with.
    Path(Vec<u8>),
    /// 400
    Refused,
    /// Servers that may have read it differ in this line.
    CannotSay(Directive<'s>),
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
        length > LEAST_BUFFER && {
            let readers = self.readers();
            self.leaves_first(&readers, length)
                && readers.iter().all(|&server| self.leaves_large(server, length))
        }
    }

    /// Whether no buffer takes a field: 494, which is told as 400 (`ngx_http_process_request_headers`).
    pub(super) fn is_field_too_long(&self) -> bool {
        let fields =
            self.request.headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len());
        if fields.clone().all(|length| length <= LEAST_BUFFER) {
            return false;
        }
        let readers = self.readers();
        let mut end = self.line_length();
        fields.into_iter().any(|length| {
            end += length;
            self.leaves_large(self.server, length) && self.leaves_first(&readers, end)
        })
    }

    fn line_length(&self) -> usize {
        self.request.method.len() + self.request.target.len() + " HTTP/1.1\r\n ".len()
    }

    /// Whether what ends there is not in the first buffer, which takes what ends in it, however long.
    fn leaves_first(&self, readers: &[ContextId], end: usize) -> bool {
        let first = |&server: &ContextId| HeaderBuffer::first(self.all.configuration, server);
        readers.iter().all(|server| is_longer(end, first(server)))
    }

    fn leaves_large(&self, server: ContextId, length: usize) -> bool {
        is_longer(length, HeaderBuffer::large(self.all.configuration, server))
    }

    fn readers(&self) -> Vec<ContextId> {
        readers(self.all, self.server, self.request)
    }
}

fn is_longer(length: usize, buffer: HeaderBuffer<'_>) -> bool {
    buffer.bytes.is_some_and(|bytes| u64::try_from(length).is_ok_and(|length| length > bytes))
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
