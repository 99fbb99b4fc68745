//! Servers of `stream` that carry WebSockets, by what names and comments say: a TCP proxy sees no handshake.

use nginx_semantics::{ContextId, ContextKind, Directive, DirectiveName, Target, defaults, effective, time};

use crate::evidence::{Declaration, comment_says_websocket, named_word};
use crate::model::Model;
use crate::source::Source;

/// A TCP proxy for WebSockets.
#[derive(Debug, Clone)]
pub struct StreamEndpoint<'s> {
    /// The `server` in `stream`.
    pub server: ContextId,
    /// Its line; `None` at the top of a fragment.
    pub opener: Option<Directive<'s>>,
    /// Its `proxy_pass`.
    pub pass: Directive<'s>,
    /// In words that continue "treated as a WebSocket endpoint because".
    pub why: String,
    /// Whether the user says so, and not only a name.
    pub is_declared: bool,
    /// Where `proxy_timeout` comes from.
    pub source: Source<'s>,
    /// In milliseconds; `None` where unknown.
    pub idle_ms: Option<u64>,
}

impl<'s> Model<'s> {
    /// The servers of `stream` that carry WebSockets, in order.
    pub fn stream_endpoints(&self) -> Vec<StreamEndpoint<'s>> {
        let servers = self.configuration.of_kind(ContextKind::StreamServer);
        servers.filter_map(|server| self.stream_endpoint(server)).collect()
    }

    fn stream_endpoint(&self, server: ContextId) -> Option<StreamEndpoint<'s>> {
        let configuration = self.configuration;
        let pass = configuration.named(server, DirectiveName::PROXY_PASS).next()?;
        let opener = configuration.opener(server);
        let mut listens = configuration.named(server, DirectiveName::LISTEN);
        if listens.any(|listen| listen.arguments().any(|word| word.as_ref() == b"udp")) {
            return None;
        }
        let declared =
            opener.and_then(|opener| self.declaration(&opener)).or_else(|| self.declaration(&pass));
        let host = Target::parse(&pass.argument(0)?).host;
        let why = match declared {
            Some(Declaration::NotWebSocket) => return None,
            Some(Declaration::WebSocket) => "a comment declares it".to_owned(),
            None => match named_word(&host) {
                Some(word) => format!("its upstream's name has `{word}`"),
                None if opener.is_some_and(|opener| comment_says_websocket(&opener)) => {
                    "a comment says WebSocket".to_owned()
                }
                None if self.hints.assume_websocket => "the user says so of all".to_owned(),
                None => return None,
            },
        };
        let source = Source::of(&effective(configuration, server, DirectiveName::PROXY_TIMEOUT));
        let idle_ms = match source {
            Source::Set { directive, .. } => directive.argument(0).and_then(|time| time::parse_ms(&time)),
            Source::Default { .. } => Some(defaults::STREAM_TIMEOUT_MS),
            Source::Unknown(_) => None,
        };
        Some(StreamEndpoint {
            server,
            opener,
            pass,
            why,
            is_declared: declared.is_some() || self.hints.assume_websocket,
            source,
            idle_ms,
        })
    }
}
