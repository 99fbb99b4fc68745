//! A configuration as structure, before it is text.
//!
//! A shape may hold what nginx refuses, such as the same location twice; [`super::render`] leaves that out, so that
//! proptest can make any shape smaller.

use nginx_semantics::Modifier;

use super::topics::Picks;

/// What a level of the configuration sets for the request to the upstream.
#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    /// `proxy_set_header`
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// `proxy_http_version`
    pub(super) http_version: Option<&'static str>,
    /// Scalars that are inherited: name and value.
    pub(super) scalars: Vec<(&'static str, &'static str)>,
    /// Whether these lines stand in a file of their own.
    pub(super) is_included: bool,
    /// What it has of each topic.
    pub(super) picks: Picks,
}

/// A `map`.
#[derive(Debug, Clone)]
pub(super) struct Map {
    pub(super) source: &'static str,
    pub(super) entries: Vec<(&'static str, &'static str)>,
    pub(super) default: Option<&'static str>,
    pub(super) is_volatile: bool,
    /// Whether its entries stand in a file of their own.
    pub(super) is_included: bool,
}

/// A line of the rewrite phases.
#[derive(Debug, Clone)]
pub(super) enum Statement {
    /// `set $c`
    Set(&'static str),
    /// `set` of a variable that is nginx's own, and its value.
    SetOwn(&'static str, &'static str),
    /// `set $backend`
    SetBackend(&'static str),
    /// `if`
    If(If),
    /// `return`, its words.
    Return(&'static str),
    /// `rewrite`: regex, replacement, flag
    Rewrite(&'static str, &'static str, &'static str),
    /// `break`
    Break,
}

/// An `if`.
#[derive(Debug, Clone)]
pub(super) struct If {
    pub(super) condition: &'static str,
    pub(super) body: Vec<Statement>,
    /// Only in a location.
    pub(super) pass: Option<Pass>,
}

/// A `proxy_pass`.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    /// What is written where a URI is allowed.
    pub(super) target: &'static str,
    /// What is written where none is.
    pub(super) plain: &'static str,
}

/// `limit_except`
#[derive(Debug, Clone)]
pub(super) struct Limit {
    pub(super) methods: &'static str,
    pub(super) access: Vec<&'static str>,
    pub(super) pass: Option<Pass>,
}

/// What a location does in the end.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// The static module: there is no file.
    Files,
    Pass(Pass),
    /// `try_files`, its last word; and what stands beside.
    Try(&'static str, Option<Pass>),
    /// `error_page 418 = …; return 418;`
    Teapot(&'static str),
}

/// `error_page`, its words but the last, and the last.
pub(super) type ErrorPage = (&'static str, &'static str);

/// A location.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub(super) modifier: Modifier,
    /// Its name on the server's level.
    pub(super) path: &'static str,
    /// What it has more than its parent's where it is nested.
    pub(super) suffix: &'static str,
    /// What it compares with where it is a regex.
    pub(super) regex: &'static str,
    pub(super) level: Level,
    pub(super) statements: Vec<Statement>,
    pub(super) limit: Option<Limit>,
    /// `internal`, `allow` and `deny`
    pub(super) access: Vec<&'static str>,
    pub(super) error_page: Option<ErrorPage>,
    /// The target of `auth_request`.
    pub(super) auth: Option<&'static str>,
    pub(super) content: Content,
    pub(super) nested: Vec<Location>,
}

/// A server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// The words of `server_name`; none where there are none.
    pub(super) names: &'static str,
    /// Whether it is to have `default_server`, which only one may.
    pub(super) is_default: bool,
    /// `merge_slashes`
    pub(super) merge_slashes: Option<&'static str>,
    pub(super) level: Level,
    pub(super) statements: Vec<Statement>,
    pub(super) access: Vec<&'static str>,
    pub(super) error_page: Option<ErrorPage>,
    pub(super) locations: Vec<Location>,
    /// The name of a regex that captures, and lines, of which a swarm may have some.
    pub(super) captures: &'static str,
    pub(super) fields: &'static str,
    pub(super) body: Option<&'static str>,
    pub(super) index: &'static str,
    pub(super) auth: Option<&'static str>,
    /// `@x` and `@y`
    pub(super) named: Vec<Location>,
    /// Whether the locations stand in a file of their own.
    pub(super) is_included: bool,
}

/// What a configuration may have besides; each has some of it, so that nothing hides the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Swarm {
    /// Names of servers that capture.
    pub(super) captures: bool,
    /// `underscores_in_headers`, `ignore_invalid_headers`
    pub(super) fields: bool,
    /// `proxy_set_body`
    pub(super) body: bool,
    /// An upstream whose only server is down.
    pub(super) down: bool,
    /// `auth_request`
    pub(super) auth: bool,
    /// Files that are there.
    pub(super) files: bool,
    /// `proxy_intercept_errors`
    pub(super) intercept: bool,
    /// `satisfy any`
    pub(super) any: bool,
    /// A bit for each of the topics.
    pub(super) topics: u32,
}

/// A configuration, and what is asked of it.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) swarm: Swarm,
    pub(super) http: Level,
    /// `merge_slashes` for all servers.
    pub(super) merge_slashes: Option<&'static str>,
    /// Defines `$connection_upgrade`.
    pub(super) connection: Map,
    /// Defines `$mapped`.
    pub(super) mapped: Map,
    /// On one socket.
    pub(super) servers: Vec<Server>,
    pub(super) asks: Vec<Ask>,
}

/// A request, its path still to be drawn from those that the configuration names.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) path: proptest::sample::Index,
    pub(super) spelling: Spelling,
    pub(super) kind: Kind,
    /// Empty for none.
    pub(super) host: &'static str,
    /// Whether other fields come before the host.
    pub(super) is_host_late: bool,
    /// Which of the sockets is asked.
    pub(super) door: proptest::sample::Index,
    /// Fields more.
    pub(super) more: Vec<(&'static str, &'static str)>,
}

/// How a path is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spelling {
    AsNamed,
    /// With a final slash more, or less.
    OtherSlash,
    /// Upper case becomes lower case and the other way round.
    OtherCase,
    /// `/%77s`
    Escaped,
    /// `//ws`
    Doubled,
    /// `/ws//chat`
    DoubledBelow,
    /// `/./ws`
    Dotted,
    /// `/ws/chat`
    Below,
    /// `/wsx`
    Longer,
    /// `/ws/a%3Bb+c`, and more that is escaped or may be.
    Special,
    /// `/ws?a=1`
    Queried,
    /// `/ws/chat?a=1`
    BelowQueried,
    /// `http://b.a.test/ws`
    Absolute,
    /// Every other kind of byte, escaped and not.
    Bytes,
    /// `/ws?` and a long query.
    Long,
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Chrome,
    Firefox,
    /// A handshake with `Upgrade: WebSocket`.
    OtherCase,
    Get,
    Post,
    Head,
    Delete,
    /// A POST with a body.
    Body,
    /// A POST with a body in chunks.
    Chunked,
    /// A handshake of HTTP/1.0.
    Old,
    /// A GET of HTTP/1.0 that is to keep the connection.
    OldGet,
}
