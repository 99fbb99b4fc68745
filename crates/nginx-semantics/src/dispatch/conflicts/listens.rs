//! Sockets of several servers (`http/ngx_http.c:ngx_http_add_addresses`, `ngx_http_add_server`).

use std::collections::{BTreeMap, BTreeSet};

use nginx_syntax::lossy;

use super::{Conflict, Cure, Reported};
use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive, Presence};
use crate::dispatch::values::host_key::HostKey;
use crate::placeholder;
use crate::server::ListenAddress;

/// Parameters that only one line of a socket may have.
const OPTIONS: [&[u8]; 5] = [b"bind", b"deferred", b"reuseport", b"multipath", b"setfib"];
/// And such with a value.
const VALUES: [&[u8]; 7] =
    [b"backlog=", b"rcvbuf=", b"sndbuf=", b"fastopen=", b"accept_filter=", b"ipv6only=", b"so_keepalive="];

/// What is known of a socket.
#[derive(Default)]
struct Socket<'s> {
    servers: BTreeMap<ContextId, Directive<'s>>,
    options: Option<Directive<'s>>,
    default: Option<Directive<'s>>,
}

pub(super) fn find<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    let mut sockets: BTreeMap<(ContextId, ListenAddress, bool), Socket<'s>> = BTreeMap::new();
    for server in configuration.of_kind(ContextKind::Server) {
        let Some(http) = configuration.enclosing(server, ContextKind::Http) else { continue };
        if configuration.context(server).presence != Presence::Given {
            continue;
        }
        for line in configuration.named(server, DirectiveName::LISTEN) {
            if line.has_unknown() {
                continue;
            }
            let Some(word) = line.argument(0) else { continue };
            let has = |wanted: &[u8]| line.arguments().skip(1).any(|word| word.as_ref() == wanted);
            let has_option = OPTIONS.iter().any(|option| has(option))
                || line.arguments().skip(1).any(|word| VALUES.iter().any(|value| word.starts_with(value)));
            let is_default = has(b"default_server") || has(b"default");
            for address in ListenAddress::all_of(&lossy(&word)) {
                // A name may stand for several.
                if matches!(address, ListenAddress::Name(..) | ListenAddress::Unknown(_)) {
                    continue;
                }
                let shown = address.to_string().replacen("*:", "0.0.0.0:", 1);
                let socket = sockets.entry((http, address.clone(), has(b"quic"))).or_default();
                if let Some((what, first)) = socket.add(server, line, has_option, is_default) {
                    let (message, other) = (format!("{what} {shown}"), Some(first));
                    let (reported, cure) = (Reported::Here, Cure::DropOne);
                    all.push(Conflict { line, block: server, message, other, reported, cure });
                    // nginx stops there.
                    break;
                }
            }
        }
    }
    names(configuration, &sockets, all);
}

/// Names that nginx puts in no table, where a socket has several servers, which are told apart by their names
/// (`http/ngx_http.c:ngx_http_server_names`).
fn names<'s>(
    configuration: Configuration<'s>,
    sockets: &BTreeMap<(ContextId, ListenAddress, bool), Socket<'s>>,
    all: &mut Vec<Conflict<'s>>,
) {
    let is_regex = |word: &[u8]| word.first() == Some(&b'~');
    let is_refused = |word: &[u8]| {
        let is_open = is_regex(word) || placeholder::is_unknown(word) || word.contains(&b'$');
        // The rest is refused at its line.
        let is_invalid = matches!(word, [b'*', b'.', _, ..]) || !matches!(word, [b'*', ..] | [b'.']);
        !is_open && is_invalid && HostKey::of(word).is_none()
    };
    let mut seen = BTreeSet::new();
    for ((_, address, _), socket) in sockets.iter().filter(|(_, socket)| socket.servers.len() > 1) {
        for &server in socket.servers.keys() {
            for line in configuration.named(server, DirectiveName::SERVER_NAME) {
                let words = line.arguments().filter(|word| is_refused(word));
                for word in words.take(usize::from(seen.insert((line.reference.file, line.reference.node)))) {
                    let shown = address.to_string().replacen("*:", "0.0.0.0:", 1);
                    let message = format!("invalid server name or wildcard \"{}\" on {shown}", lossy(&word));
                    let (other, reported, cure) = (None, Reported::Nowhere, Cure::CorrectName);
                    all.push(Conflict { line, block: server, message, other, reported, cure });
                }
            }
        }
    }
}

impl<'s> Socket<'s> {
    /// Adds a line of a server; what nginx has against it, and the line that was there before.
    fn add(
        &mut self,
        server: ContextId,
        line: Directive<'s>,
        has_option: bool,
        is_default: bool,
    ) -> Option<(&'static str, Directive<'s>)> {
        if let Some(first) = self.servers.get(&server) {
            return Some(("a duplicate listen", *first));
        }
        match self.options.filter(|_| has_option) {
            Some(first) => return Some(("duplicate listen options for", first)),
            None if has_option => self.options = Some(line),
            None => {}
        }
        match self.default.filter(|_| is_default) {
            Some(first) => return Some(("a duplicate default server for", first)),
            None if is_default => self.default = Some(line),
            None => {}
        }
        self.servers.insert(server, line);
        None
    }
}
