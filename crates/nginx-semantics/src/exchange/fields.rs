//! Which fields of the client nginx ignores for their names, or refuses
//! (`http/ngx_http_parse.c:ngx_http_parse_header_line`, `http/ngx_http_request.c:ngx_http_process_request_headers`).
//!
//! Letters, digits and hyphens make a name. One with anything else is invalid, which for an underscore depends on
//! `underscores_in_headers`, and is ignored unless `ignore_invalid_headers` is off. The lines of the server count that the
//! connection has when the field is read: that of `Host` from there on.

use super::line::readers;
use super::way::Follower;
use super::{ClientRequest, Exchanges};
use crate::catalogue::DirectiveName as N;
use crate::configuration::ContextId;
use crate::effective::{Effective, effective};
use crate::mistakes::{Mistake, makes};

/// The numbers of the fields that are ignored where `server` takes the request.
pub(super) fn ignored(all: &Exchanges<'_, '_>, server: ContextId, request: &ClientRequest) -> Vec<usize> {
    if request.headers.iter().all(|(name, _)| is_valid(name)) || makes(Mistake::FieldsAlwaysTaken) {
        return Vec::new();
    }
    let first = readers(all, server, request).first().copied().unwrap_or(server);
    let mut is_known = request.target.first() != Some(&b'/') && request.host().is_some();
    let mut ignored = Vec::new();
    for (index, (name, _)) in request.headers.iter().enumerate() {
        let reader = if is_known { server } else { first };
        is_known |= name.eq_ignore_ascii_case("host");
        let is_invalid = !is_valid(name) && {
            let is_underscore = name.bytes().all(|byte| is_plain(byte) || byte == b'_');
            !is_underscore || !flag(all, reader, N::UNDERSCORES_IN_HEADERS, false)
        };
        if is_invalid && flag(all, reader, N::IGNORE_INVALID_HEADERS, true) {
            ignored.push(index);
        }
    }
    ignored
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn is_valid(name: &str) -> bool {
    name.bytes().all(is_plain)
}

fn flag(all: &Exchanges<'_, '_>, server: ContextId, name: N, default: bool) -> bool {
    let Effective::Set(declared) = effective(all.configuration, server, name) else { return default };
    let word = declared.directives.first().and_then(|line| line.argument(0));
    word.map_or(default, |word| word.eq_ignore_ascii_case(b"on"))
}

impl Follower<'_, '_> {
    /// The status that nginx answers because of a field: 400 for a name that has a blank or a control character, or none at
    /// all; else see [`ClientRequest::refused`].
    pub(super) fn refused_fields(&self) -> Option<u16> {
        let is_bad = |name: &str| name.is_empty() || name.bytes().any(|byte| matches!(byte, 0..=b' ' | 0x7f));
        match self.request.headers.iter().any(|(name, _)| is_bad(name)) {
            true => Some(400),
            false => self.request.refused(self.all.version),
        }
    }
}
