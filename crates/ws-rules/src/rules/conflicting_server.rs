//! `conflicting-server`: nginx never selects the server of a WebSocket endpoint.
//!
//! Of two servers with one name on one address the first takes it, and nginx warns `conflicting server name … ignored`
//! (`http/ngx_http.c:ngx_http_server_names`); names that no client sends are no better than none.

use std::collections::BTreeMap;

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::placeholder::is_unknown;
use nginx_semantics::{
    Configuration, ContextId, ContextKind, DirectiveName, Presence, Socket, server_names, sockets,
};
use ws_model::Endpoint;

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct ConflictingServer;

const META: RuleMeta = RuleMeta {
    name: "conflicting-server",
    group: Group::Configuration,
    severity: Severity::Error,
    summary: "nginx never selects the server of a WebSocket endpoint, because another server has its name",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/conflicting-server.md"),
};

impl Rule for ConflictingServer {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        for http in configuration.of_kind(ContextKind::Http) {
            if configuration.context(http).presence != Presence::Given {
                continue;
            }
            let sockets: Vec<Names> = sockets(configuration, http)
                .iter()
                .filter(|socket| !socket.is_quic())
                .filter_map(|socket| Names::of(cx, socket))
                .collect();
            let mut of_server: BTreeMap<ContextId, Vec<&Names>> = BTreeMap::new();
            for socket in &sockets {
                for server in socket.places.keys() {
                    of_server.entry(*server).or_default().push(socket);
                }
            }
            for &server in configuration.children(http) {
                let endpoints: Vec<&Endpoint<'_>> = cx.model.endpoints_of(server).collect();
                if endpoints.is_empty()
                    || configuration.context(server).gaps.iter().any(|gap| !gap.is_pattern)
                {
                    continue;
                }
                let own = of_server.get(&server).map(Vec::as_slice).unwrap_or_default();
                if let Some(loser) = Loser::of(cx, own, server) {
                    report(cx, &endpoints, &loser, out);
                }
            }
        }
    }
}

/// The names of a server in lower case; the empty one where it has none.
fn lower(configuration: Configuration<'_>, server: ContextId) -> Vec<String> {
    let names = server_names(configuration, server);
    if names.is_empty() {
        return vec![String::new()];
    }
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// A socket with what its servers are called.
struct Names {
    address: String,
    /// The server that takes what no name takes.
    default: ContextId,
    /// By server: where it stands among the servers of the socket.
    places: BTreeMap<ContextId, usize>,
    /// By name in lower case: the first server that has it, and where that stands.
    holders: BTreeMap<String, (usize, ContextId)>,
}

impl Names {
    fn of(cx: &Context<'_, '_>, socket: &Socket<'_>) -> Option<Self> {
        let default = socket.default()?.server;
        let (mut places, mut holders) = (BTreeMap::new(), BTreeMap::new());
        for (place, listen) in socket.listens.iter().enumerate() {
            if places.contains_key(&listen.server) {
                continue;
            }
            places.insert(listen.server, place);
            for name in lower(cx.configuration(), listen.server) {
                holders.entry(name).or_insert((place, listen.server));
            }
        }
        Some(Self { address: socket.address.to_string(), default, places, holders })
    }
}

/// A server that is never selected.
struct Loser {
    server: ContextId,
    /// The first name that another server has, and that server; none where no client sends any of its names.
    conflict: Option<String>,
    /// The server that takes its requests, at its first address.
    winner: ContextId,
    address: String,
}

impl Loser {
    /// `sockets` are its own.
    fn of(cx: &Context<'_, '_>, sockets: &[&Names], server: ContextId) -> Option<Self> {
        let own = lower(cx.configuration(), server);
        let mut first: Option<Self> = None;
        for Names { address, default, places, holders } in sockets {
            if *default == server {
                return None;
            }
            let place = places.get(&server);
            let mut conflict = None;
            for name in &own {
                // Nobody knows what a placeholder stands for, nor whether two stand for the same.
                if is_unknown(name.to_ascii_uppercase().as_bytes()) {
                    return None;
                }
                let before = holders.get(name).filter(|(holder, _)| Some(holder) < place);
                match before {
                    Some(&(_, holder)) => conflict = conflict.or(Some((name.clone(), holder))),
                    None if !name.chars().any(char::is_alphanumeric) => {}
                    None => return None,
                }
            }
            let winner = conflict.as_ref().map_or(*default, |(_, holder)| *holder);
            first = first.or_else(|| {
                let conflict = conflict.map(|(name, _)| name);
                Some(Self { server, conflict, winner, address: address.clone() })
            });
        }
        first
    }

    /// Whether the server that wins serves the endpoint as well, so that nothing is lost.
    fn is_served(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> bool {
        if let Some(path) = endpoint.example_path() {
            return cx.walks.walk(self.winner, &path).ways.iter().any(|way| cx.model.may_upgrade(way));
        }
        cx.model.endpoints_of(self.winner).any(|other| {
            other.location_text() == endpoint.location_text()
                && other.handshake.is_none_or(|handshake| handshake.is_configured)
        })
    }
}

fn report(cx: &Context<'_, '_>, endpoints: &[&Endpoint<'_>], loser: &Loser, out: &mut Findings) {
    let configuration = cx.configuration();
    let lost: Vec<&&Endpoint<'_>> =
        endpoints.iter().filter(|endpoint| !loser.is_served(cx, endpoint)).collect();
    let Some(endpoint) = lost.iter().find(|endpoint| endpoint.is_certain()).or(lost.first()) else { return };
    let (Some(opener), Some(winner)) =
        (configuration.opener(loser.server), configuration.opener(loser.winner))
    else {
        return;
    };
    let address = &loser.address;
    let message = match &loser.conflict {
        Some(name) if name.is_empty() => {
            format!(
                "nginx never selects this server: an earlier one without a name takes the requests at {address}"
            )
        }
        Some(name) => {
            format!("nginx never selects this server: an earlier one has the name `{name}` at {address}")
        }
        None => {
            format!(
                "nginx never selects this server: no client asks for its names, and it is not the default at {address}"
            )
        }
    };
    let line = configuration.named(loser.server, DirectiveName::SERVER_NAME).next().unwrap_or(opener);
    let help = "merge the two servers into one, or give this one a name or a `listen` of its own";
    out.push(
        FindingBuilder::new(&META, &line, message)
            .because(&winner, "this server takes the requests")
            .endpoint(endpoint)
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, labels};

    const LOCATION: &str = "location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; \
        proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_read_timeout 1h; }";

    fn with(text: &str) -> String {
        text.replace('@', LOCATION)
    }

    #[test]
    fn the_second_of_two_servers_with_a_name() {
        let findings = check(&with(
            r#"
server { listen 80; server_name a.example b.example; location / { root /srv; } }
server {
    listen 80;
    server_name B.example;
   #^^^^^^^^^^^^^^^^^^^^^ error: nginx never selects this server: an earlier one has the name `b.example` at *:80
    @
}
"#,
        ));
        assert!(labels(&findings[0]).contains(&"this server takes the requests"));
    }

    #[test]
    fn without_a_name_that_anybody_asks_for() {
        check(&with(
            r#"
server { listen 80; location / { root /srv; } }
    server {
   #^^^^^^ error: nginx never selects this server: an earlier one without a name takes the requests at *:80
    @
}
server {
    server_name _;
   #^^^^^^^^^^^^^ error: nginx never selects this server: no client asks for its names, and it is not the default at *:80
    @
}
"#,
        ));
    }

    #[test]
    fn silent_where_the_server_can_be_selected_or_nothing_is_lost() {
        for text in [
            "server { server_name a; } server { server_name a b; @ }",
            "server { server_name a; } server { listen 81; server_name a; @ }",
            "server { server_name a; } server { listen 80; listen 443; server_name a; @ }",
            "server { server_name a; } server { listen 80 default_server; server_name a; @ }",
            "server { server_name a; } server { listen 127.0.0.1:80; server_name a; @ }",
            "server { server_name a; @ } server { server_name a; @ }",
            "server { server_name a; } server { server_name a; include /opt/unknown.conf; @ }",
            "server { server_name _; @ } server { server_name a; }",
        ] {
            let findings = found(&with(text));
            assert!(findings.is_empty(), "{text}: {findings:#?}");
        }
    }
}
