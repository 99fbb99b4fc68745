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

    /// The status for a request line or a field that no buffer takes: 414, or 494, which is told as 400
    /// (`ngx_http_process_request_line`, `ngx_http_process_request_headers`).
    pub(super) fn too_long(&self) -> Option<u16> {
        let configuration = self.all.configuration;
        let request = self.request;
        let line = request.method.len() + request.target.len() + " HTTP/1.1\r\n ".len();
        let fields = request.headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len());
        if fields.clone().chain([line]).all(|length| length <= LEAST_BUFFER) {
            return None;
        }
        let readers = self.readers();
        let is_longer = |length: usize, buffer: HeaderBuffer<'_>| {
            buffer.bytes.is_some_and(|bytes| u64::try_from(length).is_ok_and(|length| length > bytes))
        };
        // The first buffer takes what ends in it, however long.
        let leaves_first = |end: usize| {
            readers.iter().all(|&server| is_longer(end, HeaderBuffer::first(configuration, server)))
        };
        let large = |server: ContextId| HeaderBuffer::large(configuration, server);
        if leaves_first(line) && readers.iter().all(|&server| is_longer(line, large(server))) {
            return Some(414);
        }
        let mut end = line;
        let mut is_refused = |length: usize| {
            end += length;
            is_longer(length, large(self.server)) && leaves_first(end)
        };
        fields.into_iter().any(&mut is_refused).then_some(494)
    }

    fn readers(&self) -> Vec<ContextId> {
        readers(self.all, self.server, self.request)
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
