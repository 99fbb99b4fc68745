//! What a block is, by its name and the block that it stands in.

use crate::catalogue::{Contexts, DirectiveName, ModuleKind};

/// nginx's contexts, and one for all blocks that are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextKind {
    /// The top level of the main file.
    Main,
    /// `events`
    Events,
    /// `http`
    Http,
    /// `server` in `http`
    Server,
    /// `location`
    Location,
    /// `if` in a `location`: a pseudo-location that inherits from it.
    If,
    /// `if` in a `server`: part of the rewrite phase, no level of its own (`ngx_http_rewrite_if`).
    ServerIf,
    /// `limit_except`: a pseudo-location too.
    LimitExcept,
    /// `upstream` in `http`
    Upstream,
    /// `map` in `http`
    Map,
    /// `geo` in `http`
    Geo,
    /// `split_clients` in `http`
    SplitClients,
    /// `types`
    Types,
    /// `charset_map`
    CharsetMap,
    /// `stream`
    Stream,
    /// `server` in `stream`
    StreamServer,
    /// `upstream` in `stream`
    StreamUpstream,
    /// `map`, `geo` or `split_clients` in `stream`
    StreamMap,
    /// `mail`
    Mail,
    /// `server` in `mail`
    MailServer,
    /// A block of a module that we do not know, or one in a place where nginx refuses it.
    Other,
}

impl ContextKind {
    /// What a block called `name` is directly inside `self`.
    pub(crate) fn child(self, name: DirectiveName) -> Self {
        use DirectiveName as N;
        match (self, name) {
            (Self::Main, N::EVENTS) => Self::Events,
            (Self::Main, N::HTTP) => Self::Http,
            (Self::Main, N::STREAM) => Self::Stream,
            (Self::Main, N::MAIL) => Self::Mail,
            (Self::Http, N::SERVER) => Self::Server,
            (Self::Http, N::UPSTREAM) => Self::Upstream,
            (Self::Http, N::MAP) => Self::Map,
            (Self::Http, N::GEO) => Self::Geo,
            (Self::Http, N::SPLIT_CLIENTS) => Self::SplitClients,
            (Self::Http, N::CHARSET_MAP) => Self::CharsetMap,
            (Self::Http | Self::Server | Self::Location, N::TYPES) => Self::Types,
            (Self::Server | Self::Location, N::LOCATION) => Self::Location,
            (Self::Server, N::IF) => Self::ServerIf,
            (Self::Location, N::IF) => Self::If,
            (Self::Location, N::LIMIT_EXCEPT) => Self::LimitExcept,
            (Self::Stream, N::SERVER) => Self::StreamServer,
            (Self::Stream, N::UPSTREAM) => Self::StreamUpstream,
            (Self::Stream, N::MAP | N::GEO | N::SPLIT_CLIENTS) => Self::StreamMap,
            (Self::Mail, N::SERVER) => Self::MailServer,
            _ => Self::Other,
        }
    }

    /// Which commands nginx's dispatcher looks for here, as `cf->module_type` and `cf->cmd_type`
    /// (`core/ngx_conf_file.c:ngx_conf_handler`); `None` in blocks that have a handler of their own or are not followed.
    #[must_use]
    pub fn commands(self) -> Option<(ModuleKind, Contexts)> {
        Some(match self {
            Self::Main => (ModuleKind::Core, Contexts::MAIN),
            Self::Events => (ModuleKind::Event, Contexts::EVENTS),
            Self::Http => (ModuleKind::Http, Contexts::HTTP),
            Self::Server => (ModuleKind::Http, Contexts::HTTP_SERVER),
            Self::Location => (ModuleKind::Http, Contexts::HTTP_LOCATION),
            Self::If => (ModuleKind::Http, Contexts::HTTP_LOCATION_IF),
            Self::ServerIf => (ModuleKind::Http, Contexts::HTTP_SERVER_IF),
            Self::LimitExcept => (ModuleKind::Http, Contexts::HTTP_LIMIT_EXCEPT),
            Self::Upstream => (ModuleKind::Http, Contexts::HTTP_UPSTREAM),
            Self::Stream => (ModuleKind::Stream, Contexts::STREAM),
            Self::StreamServer => (ModuleKind::Stream, Contexts::STREAM_SERVER),
            Self::StreamUpstream => (ModuleKind::Stream, Contexts::STREAM_UPSTREAM),
            Self::Mail => (ModuleKind::Mail, Contexts::MAIL),
            Self::MailServer => (ModuleKind::Mail, Contexts::MAIL_SERVER),
            Self::Map
            | Self::Geo
            | Self::SplitClients
            | Self::Types
            | Self::CharsetMap
            | Self::StreamMap
            | Self::Other => return None,
        })
    }

    /// Whether what stands inside are entries with a grammar of their own, not directives.
    pub fn has_entries(self) -> bool {
        matches!(
            self,
            Self::Map | Self::Geo | Self::SplitClients | Self::Types | Self::CharsetMap | Self::StreamMap
        )
    }

    /// Whether `include` works inside: not in `split_clients` and `charset_map`, where it is an entry like any other.
    pub(crate) fn expands_includes(self) -> bool {
        !matches!(self, Self::SplitClients | Self::CharsetMap | Self::Other)
    }

    /// Whether nginx keeps values at this level for a request: not in `if` of a server, nor above `http`.
    pub(crate) fn keeps_values(self) -> bool {
        matches!(
            self,
            Self::Http
                | Self::Server
                | Self::Location
                | Self::If
                | Self::LimitExcept
                | Self::Stream
                | Self::StreamServer
        )
    }

    /// Whether it is a location or one of nginx's pseudo-locations.
    pub fn is_location_like(self) -> bool {
        matches!(self, Self::Location | Self::If | Self::LimitExcept)
    }

    /// nginx's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Events => "events",
            Self::Http => "http",
            Self::Server | Self::StreamServer | Self::MailServer => "server",
            Self::Location => "location",
            Self::If | Self::ServerIf => "if",
            Self::LimitExcept => "limit_except",
            Self::Upstream | Self::StreamUpstream => "upstream",
            Self::Map | Self::StreamMap => "map",
            Self::Geo => "geo",
            Self::SplitClients => "split_clients",
            Self::Types => "types",
            Self::CharsetMap => "charset_map",
            Self::Stream => "stream",
            Self::Mail => "mail",
            Self::Other => "block",
        }
    }
}
