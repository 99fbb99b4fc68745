//! Where the nginxes of a picture listen, and which back ends are one of these sockets.

use nginx_semantics::{
    Configuration, ContextId, ContextKind, DirectiveName, ListenAddress, Place, Presence, server_names,
    sockets,
};
use nginx_syntax::lossy;
use ws_model::chain::{self, Relation};

use super::parts::Parts;

/// What stands for the words of a file outside the given paths.
const NOT_SHOWN: &str = "(not shown)";

/// A socket, and who is behind it.
pub(super) struct Door<'s> {
    configuration: Configuration<'s>,
    address: ListenAddress,
    /// As people read it.
    pub(super) title: String,
    /// What is spoken there.
    pub(super) speaks: Vec<&'static str>,
    /// The first line that opens it; `None` for the default of a server without `listen`.
    pub(super) place: Option<Place>,
    /// In order.
    pub(super) servers: Vec<ContextId>,
    /// The server that takes what no name takes.
    pub(super) default: Option<ContextId>,
    is_quic: bool,
}

impl<'s> Door<'s> {
    /// All that a configuration opens, those of `stream` last.
    pub(super) fn all(configuration: Configuration<'s>) -> Vec<Self> {
        let mut all = Vec::new();
        for http in configuration.of_kind(ContextKind::Http) {
            for socket in sockets(configuration, http) {
                let line = socket.listens.iter().find_map(|listen| listen.directive);
                let has_http2 = socket.listens.iter().any(|listen| listen.has("http2"));
                // Where a server was not given as a whole, it is not known that it has no `listen`.
                let is_given = |server| configuration.context(server).presence == Presence::Given;
                let known = socket
                    .listens
                    .iter()
                    .filter(|listen| listen.directive.is_some() || is_given(listen.server));
                let mut servers: Vec<ContextId> = known.map(|listen| listen.server).collect();
                servers.dedup();
                if servers.is_empty() {
                    continue;
                }
                let mut speaks = Vec::new();
                speaks.extend(socket.is_tls().then_some("TLS"));
                speaks.extend(has_http2.then_some("HTTP/2"));
                speaks.extend(socket.is_quic().then_some("HTTP/3"));
                all.push(Self {
                    configuration,
                    title: shown(&socket.address, line.is_none_or(|line| line.may_be_shown())),
                    speaks,
                    place: line.map(|line| line.visible().at()),
                    default: socket.default().map(|listen| listen.server).filter(|_| servers.len() > 1),
                    servers,
                    is_quic: socket.is_quic(),
                    address: socket.address,
                });
            }
        }
        for server in configuration.of_kind(ContextKind::StreamServer) {
            for line in configuration.named(server, DirectiveName::LISTEN) {
                let has = |parameter: &[u8]| line.arguments().skip(1).any(|word| *word == *parameter);
                for address in ListenAddress::all_of(&lossy(&line.argument(0).unwrap_or_default())) {
                    all.push(Self {
                        configuration,
                        title: shown(&address, line.may_be_shown()),
                        speaks: [(has(b"ssl"), "TLS"), (has(b"udp"), "UDP")]
                            .into_iter()
                            .filter_map(|(is_so, word)| is_so.then_some(word))
                            .collect(),
                        place: Some(line.visible().at()),
                        servers: vec![server],
                        default: None,
                        is_quic: has(b"udp"),
                        address,
                    });
                }
            }
        }
        all
    }

    /// Whether a connection to a back end comes here.
    fn takes(&self, destination: &(String, u16), relation: Relation) -> bool {
        let has_name = |host: &str| {
            self.servers.iter().any(|server| {
                server_names(self.configuration, *server).iter().any(|name| name.eq_ignore_ascii_case(host))
            })
        };
        !self.is_quic && chain::leads_to(destination, &self.address, relation, has_name)
    }
}

fn shown(address: &ListenAddress, may_be_shown: bool) -> String {
    if may_be_shown { address.to_string() } else { NOT_SHOWN.to_owned() }
}

impl Parts<'_> {
    /// The sockets that a back end is, by part and number: those of the nginx itself, else those of others.
    pub(super) fn behind(&self, part: usize, destination: &(String, u16)) -> Vec<(usize, usize)> {
        let of = |other: usize| -> Vec<(usize, usize)> {
            let Some(relation) = self.relation(part, other, &destination.0) else { return Vec::new() };
            let doors = self.0.get(other).map(|one| one.doors.as_slice()).unwrap_or_default();
            let doors = doors.iter().enumerate().filter(|(_, door)| door.takes(destination, relation));
            doors.map(|(number, _)| (other, number)).collect()
        };
        let own = of(part);
        if !own.is_empty() {
            return own;
        }
        (0..self.0.len()).filter(|other| *other != part).flat_map(of).collect()
    }
}
