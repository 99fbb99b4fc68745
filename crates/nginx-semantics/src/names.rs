//! The names of the servers of one socket, as nginx keeps them: in tables (`http/ngx_http.c:ngx_http_server_names`).

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::configuration::{Configuration, ContextId};
use crate::placeholder;
use crate::server::{NameMatch, ServerSelection, Socket, server_names};

/// A server with the name of it that is meant, as written.
type Named = (ContextId, String);

/// The names of the servers of a socket.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    exact: HashMap<String, Named>,
    /// `*.example.com` and `.example.com`, by what stands behind the asterisk: `.example.com`.
    leading: HashMap<String, Named>,
    /// `www.*`, by what stands before the asterisk.
    trailing: HashMap<String, Named>,
    /// In order.
    regexes: Vec<Named>,
    /// Those in which a placeholder stands, in order.
    unknown: Vec<Named>,
}

/// The names of a socket that a server before has: "conflicting server name … ignored" (`core/ngx_hash.c:
/// ngx_hash_add_key`).
#[derive(Default)]
struct Taken {
    exact: BTreeSet<String>,
    wildcards: BTreeSet<String>,
}

impl Taken {
    /// Takes a name in lower case, unless it is taken. `.example.com` is `example.com` too, and where that is taken
    /// all of it is ignored; so it is behind `*.example.com`, but the host itself counts as taken then.
    fn take(&mut self, name: &str) -> bool {
        match name.strip_prefix('.') {
            Some(host) => self.exact.insert(host.to_owned()) && self.wildcards.insert(format!("*{name}")),
            None if name.contains('*') => self.wildcards.insert(name.to_owned()),
            None => self.exact.insert(name.to_owned()),
        }
    }
}

impl Names {
    pub(crate) fn of(configuration: Configuration<'_>, socket: &Socket<'_>) -> Self {
        let mut this = Self::default();
        let mut servers: Vec<ContextId> = socket.listens.iter().map(|listen| listen.server).collect();
        servers.dedup();
        let mut taken = Taken::default();
        for server in servers {
            let names = server_names(configuration, server);
            // A server without a name takes requests without one.
            let names = if names.is_empty() { vec![String::new()] } else { names };
            for name in names {
                this.add(server, name, &mut taken);
            }
        }
        this
    }

    fn add(&mut self, server: ContextId, name: String, taken: &mut Taken) {
        if let Some(regex) = name.strip_prefix('~') {
            self.regexes.push((server, regex.to_owned()));
            return;
        }
        if placeholder::is_unknown(name.as_bytes()) {
            self.unknown.push((server, name));
            return;
        }
        let lower = name.to_ascii_lowercase();
        if !taken.take(&lower) {
            return;
        }
        let named = || (server, name.clone());
        if !lower.starts_with("*.") {
            let exact = lower.strip_prefix('.').unwrap_or(&lower);
            self.exact.entry(exact.to_owned()).or_insert_with(named);
        }
        if let Some(tail) = lower.strip_prefix('*').or_else(|| lower.starts_with('.').then_some(&*lower)) {
            self.leading.entry(tail.to_owned()).or_insert_with(named);
        } else if let Some(head) = lower.strip_suffix('*') {
            self.trailing.entry(head.to_owned()).or_insert_with(named);
        }
    }

    /// The server that takes a host in lower case by one of its names.
    pub(crate) fn select(&self, configuration: Configuration<'_>, host: &str) -> Option<ServerSelection> {
        if let Some((server, name)) = self.exact.get(host) {
            return Some(ServerSelection::Server(*server, NameMatch::Exact(name.clone())));
        }
        // Any name may be the host itself, and that comes first; `*.${DOMAIN}` may be longer by any label.
        let may_be = |(_, name): &&Named| {
            name.starts_with(['*', '.']) || placeholder::may_be(name.as_bytes(), host.as_bytes())
        };
        if let Some((server, _)) = self.unknown.iter().find(may_be) {
            return Some(ServerSelection::CannotSay(*server));
        }
        // The longest name wins. An asterisk stands for nothing where the host begins with the dot behind it
        // (`core/ngx_hash.c:ngx_hash_find_wc_head`).
        let mut tails = (0..=host.len()).filter_map(|start| self.leading.get(host.get(start..)?));
        if !self.leading.is_empty() {
            if let Some((server, name)) = tails.next() {
                return Some(ServerSelection::Server(*server, NameMatch::LeadingWildcard(name.clone())));
            }
        }
        let mut heads = (0..host.len()).rev().filter_map(|end| self.trailing.get(host.get(..end)?));
        if !self.trailing.is_empty() {
            if let Some((server, name)) = heads.next() {
                return Some(ServerSelection::Server(*server, NameMatch::TrailingWildcard(name.clone())));
            }
        }
        for (server, regex) in &self.regexes {
            // The host is in lower case, so a regex with upper case letters is made caseless.
            let caseless = regex.bytes().any(|byte| byte.is_ascii_uppercase());
            let pattern = configuration.pattern(regex.as_bytes(), caseless);
            match pattern.and_then(|pattern| pattern.is_match(host.as_bytes())) {
                Some(true) => {
                    return Some(ServerSelection::Server(*server, NameMatch::Regex(regex.clone())));
                }
                Some(false) => {}
                None => return Some(ServerSelection::CannotSay(*server)),
            }
        }
        None
    }
}
