//! Whether TCP keepalive probes the two connections of an endpoint, which is what notices a peer that is gone without a
//! word (`event/ngx_event_connect.c:ngx_event_connect_peer`, `core/ngx_connection.c:ngx_configure_listening_sockets`).

use nginx_semantics::{ContextKind, DirectiveName, Effective, ListenAddress, PassModule, effective};

use crate::endpoint::Endpoint;
use crate::model::Model;
use crate::sockets::OpenSocket;

impl Model<'_> {
    /// Whether every connection of a client is probed; `None` where a file that was not given may say so.
    pub fn probes_clients(&self, endpoint: &Endpoint<'_>) -> Option<bool> {
        let configuration = self.configuration;
        let server = configuration.enclosing(endpoint.context, ContextKind::Server)?;
        let http = configuration.enclosing(server, ContextKind::Http)?;
        // Any server may set the options of a socket for all that share it.
        if !self.sockets_in(http).is_some_and(|sockets| sockets.is_whole) {
            return None;
        }
        let is_tcp = |socket: &OpenSocket<'_>| {
            !socket.is_quic && !matches!(socket.socket.address, ListenAddress::Unix(_))
        };
        Some(self.sockets_of(server).iter().filter(|socket| is_tcp(socket)).all(|socket| socket.is_probed))
    }

    /// Whether the connection to the upstream is probed, or ends on this machine; `None` where a file that was not given
    /// may say so.
    pub fn probes_upstream(&self, endpoint: &Endpoint<'_>) -> Option<bool> {
        let host = endpoint.target.host.as_str();
        if host.starts_with("unix:") || host.starts_with("127.") || matches!(host, "localhost" | "[::1]") {
            return Some(true);
        }
        let name = match endpoint.pass.module {
            PassModule::Proxy => DirectiveName::PROXY_SOCKET_KEEPALIVE,
            PassModule::Uwsgi => DirectiveName::UWSGI_SOCKET_KEEPALIVE,
            PassModule::Scgi => DirectiveName::SCGI_SOCKET_KEEPALIVE,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => return None,
        };
        match effective(self.configuration, endpoint.context, name) {
            Effective::Set(declared) if !declared.is_assumed => {
                let value = declared.directives.first()?.argument(0)?;
                Some(value.eq_ignore_ascii_case(b"on"))
            }
            Effective::Default { is_assumed: false } => Some(false),
            _ => None,
        }
    }
}
