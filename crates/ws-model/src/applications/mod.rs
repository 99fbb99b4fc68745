//! What well-known applications and frameworks do with WebSockets.
//!
//! The facts stand in `applications.tsv` beside this file, each row with its sources, and are read once, at
//! first use. They tell rules what a location probably serves and how that back end reacts; whatever is
//! unknown is `None` or empty, and rules then stay silent.

use std::sync::{LazyLock, OnceLock};

use hashbrown::HashMap;
use nginx_semantics::pattern::Pattern;

use crate::evidence::segments_of;

mod table;
/// What a handshake needs behind this path for an answer of 101: without its version and transport an Engine.IO server, such
/// as that of Socket.IO, answers 400 (<https://github.com/socketio/engine.io-protocol>: `EIO` and `transport`).
pub fn handshake_query(path: &str) -> &'static str {
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    let is_engine = path.ends_with("/socket.io") || path.ends_with("/engine.io");
    if is_engine { "?EIO=4&transport=websocket" } else { "" }
}

#[cfg(test)]
mod tests;

/// An application, or a framework that applications are built with.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Application {
    /// Short and unique.
    pub id: &'static str,
    /// The name for messages.
    pub name: &'static str,
    /// Words that identify the application in a host, upstream or file name; lower case, whole words only.
    pub names: &'static [&'static str],
    /// Words that identify it only together with one of its ports or paths.
    pub weak_names: &'static [&'static str],
    /// Request header lines that its documentation writes into nginx, and hardly anybody else does.
    pub lines: &'static [HeaderLine],
    /// What it listens on by default.
    pub ports: &'static [Port],
    /// Where its socket is.
    pub paths: &'static [WsPath],
    /// A path that a handshake asks for, where `paths` has only patterns, or the beginning of one.
    pub example: Option<&'static str>,
    /// What its clients use, best first (`websocket`, `polling`, `sse`, …): empty if they only make ordinary
    /// requests, `None` if unknown.
    pub transports: Option<&'static [&'static str]>,
    /// What clients use when the WebSocket fails: `None` if the application then does not work.
    pub fallback: Option<&'static str>,
    /// What keeps an idle connection busy.
    pub heartbeat: Option<Heartbeat>,
    /// What the `Origin` header is compared with.
    pub checks_origin: Option<OriginCheck>,
    /// Whether it must be told by `X-Forwarded-Proto` that the client came over TLS.
    pub needs_forwarded_proto: Option<bool>,
    /// With several back ends, whether a client must stay on one.
    pub needs_affinity: Option<Affinity>,
    /// Whether it refuses a handshake in HTTP/1.0.
    pub rejects_http10: Option<bool>,
    /// The values of `Upgrade` that it takes; empty if unknown.
    pub upgrade_tokens: &'static [&'static str],
    /// Where to check the facts: an address, or `owner/repository:file` on github.com. Never empty.
    pub sources: &'static [&'static str],
}

impl Application {
    /// Whether the application uses WebSockets at all.
    #[must_use]
    pub fn uses_websocket(&self) -> Option<bool> {
        self.transports.map(|transports| transports.contains(&"websocket"))
    }

    /// Whether its clients would rather have a WebSocket than anything else, and it is known that nobody sends anything on
    /// an idle one, so that nginx closes it.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.transports.is_some_and(|transports| transports.first() == Some(&"websocket"))
            && self.heartbeat.is_some_and(|heartbeat| heartbeat.by == HeartbeatBy::Nobody)
    }

    /// The paths that a handshake may ask for: the example first, then those that nothing but a WebSocket has. Each with
    /// whether that is so.
    #[must_use]
    pub fn socket_paths(&self) -> Vec<WsPath> {
        let is_example_distinctive = self.paths.iter().any(|path| path.distinctive);
        let example = self.example.map(|text| WsPath {
            text,
            kind: PathKind::Suffix,
            distinctive: is_example_distinctive,
        });
        let mut written: Vec<WsPath> =
            self.paths.iter().filter(|path| path.kind != PathKind::Regex).copied().collect();
        written.sort_by_key(|path| !path.distinctive);
        example.into_iter().chain(written).collect()
    }
}

impl Application {
    /// Whether its clients also talk to it by ordinary requests, POST among them, before the WebSocket or instead.
    #[must_use]
    pub fn polls(&self) -> bool {
        const BY_POST: [&str; 6] = ["polling", "xhr-polling", "xhr-streaming", "bosh", "sockjs", "engine.io"];
        self.transports.is_some_and(|transports| transports.iter().any(|one| BY_POST.contains(one)))
    }
}

/// A `proxy_set_header` line that points to an application.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct HeaderLine {
    /// The field's name.
    pub field: &'static str,
    /// The value, where only that one is meant.
    pub value: Option<&'static str>,
    /// Whether it identifies the application by itself, else only together with one of its ports.
    pub distinctive: bool,
}

impl HeaderLine {
    /// Whether the two arguments of a line are these.
    #[must_use]
    pub fn is(&self, field: &[u8], value: &[u8]) -> bool {
        field.eq_ignore_ascii_case(self.field.as_bytes())
            && self.value.is_none_or(|wanted| value.eq_ignore_ascii_case(wanted.as_bytes()))
    }
}

/// A default TCP port.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Port {
    /// The port.
    pub number: u16,
    /// Whether so many programs use it (3000, 8080) that it never identifies one by itself.
    pub weak: bool,
    /// Whether another known application has the same default.
    pub shared: bool,
}

/// A path of the socket.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct WsPath {
    /// The path, or the pattern.
    pub text: &'static str,
    /// How to compare it.
    pub kind: PathKind,
    /// Whether the path alone tells that a WebSocket is behind it, though not always of which application:
    /// many have `/socket.io/`. Otherwise it means something only once the application is known.
    pub distinctive: bool,
}

/// How a [`WsPath`] is compared with the path of a request.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum PathKind {
    /// The whole path.
    Exact,
    /// The beginning.
    Prefix,
    /// The end: the application may be mounted under a path.
    Suffix,
    /// A pattern of the `regex` crate, found anywhere.
    Regex,
}

/// The messages that keep an idle connection busy, by default. For an application without WebSockets, those
/// on its event stream or long poll.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Heartbeat {
    /// The seconds between two of them; 0 if nobody sends any.
    pub seconds: u32,
    /// Who sends them.
    pub by: HeartbeatBy,
    /// How well this is known.
    pub sure: Sure,
}

/// Who sends heartbeats. For nginx it makes no difference: traffic in either direction restarts
/// `proxy_read_timeout` once a connection is upgraded (`ngx_http_upstream_process_upgraded`).
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum HeartbeatBy {
    /// The application.
    Server,
    /// Its clients.
    Client,
    /// Each of them.
    Both,
    /// Nobody, unless it is configured: an idle connection is cut.
    Nobody,
}

/// How well a fact is known.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Sure {
    /// Likely.
    Low,
    /// From its framework or its documents, or from an older release.
    Medium,
    /// As its source says.
    High,
}

/// What an application compares the `Origin` header with.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum OriginCheck {
    /// Nothing, by default.
    Any,
    /// The `Host` header, so nginx must pass on the client's.
    Host,
    /// `X-Forwarded-Host`, before `Host`.
    ForwardedHost,
    /// Its own setting: no header that nginx sets can help.
    AllowList,
}

/// Whether a client must stay on one of several back ends.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Affinity {
    /// Any back end will do.
    No,
    /// The back end holds the session.
    Yes,
    /// Only while the client falls back to polling.
    PollingOnly,
}

/// Every application, sorted by id.
#[must_use]
pub fn all() -> &'static [Application] {
    table::get()
}

/// The table by what is looked up in it.
struct Index {
    by_name: HashMap<String, Vec<&'static Application>>,
    /// Distinctive paths by their first segment, regexes excepted.
    by_segment: HashMap<String, Vec<(&'static Application, &'static WsPath)>>,
    by_weak_name: HashMap<String, Vec<&'static Application>>,
    /// Those with header lines of their own.
    with_lines: Vec<&'static Application>,
    regexes: Vec<RegexPath>,
}

/// A distinctive regex: every location is compared with it.
#[derive(Debug)]
pub struct RegexPath {
    /// Whose it is.
    pub application: &'static Application,
    /// Its literal segments.
    pub segments: Vec<String>,
    text: &'static str,
    /// What each path that it matches has in it.
    literal: &'static str,
    /// Made ready when a path may match; `None` where it cannot be evaluated.
    pattern: OnceLock<Option<Pattern>>,
}

impl RegexPath {
    fn new(application: &'static Application, text: &'static str) -> Self {
        let segments = segments_of(text.as_bytes(), true);
        Self { application, segments, text, literal: literal_in(text), pattern: OnceLock::new() }
    }

    /// Whether it is known to match a path.
    #[must_use]
    pub fn is_match(&self, path: &[u8]) -> bool {
        if memchr::memmem::find(path, self.literal.as_bytes()).is_none() {
            return false;
        }
        let pattern = self.pattern.get_or_init(|| Pattern::new(self.text.as_bytes(), false).ok());
        pattern.as_ref().and_then(|pattern| pattern.is_match(path)) == Some(true)
    }
}

/// The longest text that stands outside of all brackets of a regex as it is, so that each match has it; nothing where the
/// regex is a choice.
fn literal_in(regex: &'static str) -> &'static str {
    let (mut longest, mut start, mut depth, mut is_escaped) = ("", 0, 0_u32, false);
    for (at, character) in regex.char_indices() {
        if is_escaped {
            is_escaped = false;
            start = at + character.len_utf8();
            continue;
        }
        let is_special = r"\.+*?()[]{}|^$".contains(character);
        if depth == 0 && !is_special {
            continue;
        }
        if depth == 0 {
            let run = regex.get(start..at).unwrap_or_default();
            // What may be missing is none of it.
            let last = run.char_indices().next_back().map_or(0, |(last, _)| last);
            let is_optional = matches!(character, '?' | '*' | '{');
            let run = if is_optional { run.get(..last).unwrap_or_default() } else { run };
            longest = if run.len() > longest.len() { run } else { longest };
        }
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '\\' => is_escaped = true,
            '|' if depth == 0 => return "",
            _ => {}
        }
        start = at + character.len_utf8();
    }
    let run = if depth == 0 { regex.get(start..).unwrap_or_default() } else { "" };
    if run.len() > longest.len() { run } else { longest }
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index {
        by_name: HashMap::new(),
        by_weak_name: HashMap::new(),
        by_segment: HashMap::new(),
        with_lines: all().iter().filter(|application| !application.lines.is_empty()).collect(),
        regexes: Vec::new(),
    };
    for application in all() {
        for name in application.names {
            index.by_name.entry(name.to_ascii_lowercase()).or_default().push(application);
        }
        for name in application.weak_names {
            index.by_weak_name.entry(name.to_ascii_lowercase()).or_default().push(application);
        }
        for path in application.paths.iter().filter(|path| path.distinctive) {
            if path.kind == PathKind::Regex {
                index.regexes.push(RegexPath::new(application, path.text));
            } else if let Some(first) = path.text.split('/').find(|segment| !segment.is_empty()) {
                index.by_segment.entry(first.to_ascii_lowercase()).or_default().push((application, path));
            }
        }
    }
    index
});

/// The applications that `token`, in lower case, names; [`Application::weak_names`] do not count. The
/// caller cuts host and upstream names into words; names may contain `-`, `_` and `.` themselves.
pub fn by_name_token(token: &str) -> impl Iterator<Item = &'static Application> {
    INDEX.by_name.get(token).into_iter().flatten().copied()
}

/// The applications that `token`, in lower case, names only together with a port or a path of theirs.
pub fn by_weak_name(token: &str) -> impl Iterator<Item = &'static Application> {
    INDEX.by_weak_name.get(token).into_iter().flatten().copied()
}

/// The applications that the arguments of a `proxy_set_header` line point to, each with its line.
pub fn by_header_line(
    field: &[u8],
    value: &[u8],
) -> impl Iterator<Item = (&'static Application, &'static HeaderLine)> {
    INDEX.with_lines.iter().flat_map(move |application| {
        let lines = application.lines.iter().filter(move |line| line.is(field, value));
        lines.map(|line| (*application, line))
    })
}

/// The paths that begin with `segment`, in lower case, and that nothing but a WebSocket has, regexes excepted.
pub fn by_first_segment(segment: &str) -> impl Iterator<Item = (&'static Application, &'static WsPath)> {
    INDEX.by_segment.get(segment).into_iter().flatten().copied()
}

/// The regexes that nothing but the path of a WebSocket matches.
pub fn regexes() -> &'static [RegexPath] {
    &INDEX.regexes
}
