//! Names that say WebSocket: path segments, hosts, upstreams, comments.

use nginx_semantics::placeholder::known_text;
use nginx_semantics::{Directive, Place};
use nginx_syntax::lossy;

use super::{Evidence, EvidenceKind, LinesFrom, Subject};

/// Segments of a path, or words of a host name, that WebSockets go by.
const WORDS: &[&str] = &[
    "actioncable",
    "cable",
    "engine.io",
    "signalr",
    "socket.io",
    "socketio",
    "sockjs",
    "sockjs-node",
    "websocket",
    "websockets",
    "websockify",
    "ws",
    "wss",
];

/// Last segments that say plain HTTP, whatever stands before them.
const PLAIN_HTTP: &[&str] = &[
    ".well-known",
    "assets",
    "auth",
    "css",
    "fonts",
    "health",
    "health-check",
    "healthcheck",
    "healthz",
    "images",
    "img",
    "info",
    "js",
    "livez",
    "metrics",
    "negotiate",
    "ping",
    "poll",
    "polling",
    "publish",
    "ready",
    "readyz",
    "rest",
    "static",
    "stats",
    "status",
    "token",
    "xhr",
    "xhr_send",
    "xhr_streaming",
];

/// Words of a comment that says WebSocket, but of another place, or that there is none.
const ELSEWHERE: &[&str] = &[
    "below", "blocked", "disable", "disabled", "except", "fallback", "handled", "instead", "need", "needs",
    "no", "non", "not", "see", "unlike", "without",
];

/// The literal segments of a location's name, in lower case; of a regex those that stand between slashes, brackets and
/// bars as they are.
pub(crate) fn segments_of(name: &[u8], is_regex: bool) -> Vec<String> {
    let name = known_text(name);
    let text = lossy(&name).to_ascii_lowercase();
    if !is_regex {
        return text.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    }
    let plain = text.replace("\\.", ".").replace("\\/", "/").replace("\\-", "-").replace("(?:", "(");
    let is_cut = |character: char| {
        matches!(
            character,
            '/' | '(' | ')' | '|' | '^' | '$' | '?' | '*' | '+' | '[' | ']' | '{' | '}' | '\\'
        )
    };
    plain.split(is_cut).filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}

/// Endings of files that a browser asks for.
const EXTENSIONS: &[&str] = &[
    "avif", "css", "eot", "gif", "html", "ico", "jpeg", "jpg", "js", "json", "map", "mp4", "otf", "pdf",
    "png", "svg", "ttf", "txt", "webm", "webp", "woff", "woff2", "xml",
];

/// Whether the last segment is one of plain HTTP, or a file's name, or the name is a regex for endings of files.
pub(super) fn is_plain_http(subject: &Subject<'_, '_>) -> bool {
    let is_regex = subject.is_regex();
    let segments = subject.segments;
    let Some(last) = segments.last() else { return false };
    let extension = last.rsplit_once('.').map(|(_, extension)| extension);
    let is_file = extension.is_some_and(|extension| EXTENSIONS.contains(&extension));
    // `\.(?:css|js|png)$`: whatever follows the dot.
    let endings = segments.iter().rposition(|segment| segment.ends_with('.')).map_or(0, |dot| dot + 1);
    let is_ending = is_regex
        && endings > 0
        && segments.len() > endings
        && segments.iter().skip(endings).all(|ending| EXTENSIONS.contains(&ending.as_str()));
    PLAIN_HTTP.contains(&last.as_str()) || is_file || is_ending
}

pub(super) fn collect(subject: &Subject<'_, '_>, evidence: &mut Vec<Evidence>) {
    if let Some(segment) = subject.segments.iter().find(|segment| is_word(segment)) {
        let text = format!("its path has `{segment}`");
        let own = Evidence::new(EvidenceKind::Name, text, Some(subject.location_at()));
        evidence.push(Evidence { is_about_path: true, ..own });
    }
    let mut add = |text: String, at: Place, is_indirect: bool| {
        evidence.push(Evidence { is_indirect, ..Evidence::new(EvidenceKind::Name, text, Some(at)) });
    };
    if let Some(word) = named_word(&subject.target.host) {
        add(format!("its upstream's name has `{word}`"), subject.pass.directive.at(), true);
    }
    if subject.serves_everything() {
        if let Some(word) =
            subject.server_names.iter().filter_map(|host| host.split('.').next()).find_map(named_word)
        {
            add(format!("its server's name has `{word}`"), subject.location_at(), true);
        }
    }
    if let Some(at) = commented(subject) {
        // Beside lines of the location's own it is the location that the comment is about.
        add("a comment says WebSocket".into(), at, subject.lines_from() != Some(LinesFrom::Here));
    }
    if let Some((word, at)) = included(subject) {
        add(format!("it includes its lines from a file whose name has `{word}`"), at, true);
    }
}

/// The word in the name of a file that the location includes for its lines.
fn included(subject: &Subject<'_, '_>) -> Option<(&'static str, Place)> {
    let handshake = subject.handshake.filter(|_| subject.lines_from() == Some(LinesFrom::Include))?;
    let lines = handshake.upgrade.lines.iter().chain(&handshake.connection.lines);
    lines.into_iter().find_map(|line| {
        let path = &line.directive.file()?.path;
        let name = path.file_stem()?.to_string_lossy().to_ascii_lowercase();
        Some((named_word(&name)?, line.directive.at()))
    })
}

/// Whether a path's segments say WebSocket, and the last one does not say plain HTTP.
pub fn says_websocket(path: &[u8]) -> bool {
    let segments = segments_of(path, false);
    segments.iter().any(|segment| is_word(segment))
        && segments.last().is_some_and(|last| !PLAIN_HTTP.contains(&last.as_str()))
}

/// Whether a segment is one of [`WORDS`], or a numbered one such as `ws2`, or has a part that can mean nothing else, as
/// `chat-websocket`.
fn is_word(segment: &str) -> bool {
    const PARTS: [&str; 3] = ["websocket", "websockets", "websockify"];
    WORDS.contains(&segment.trim_end_matches(|character: char| character.is_ascii_digit()))
        || segment.split(['-', '_']).any(|part| PARTS.contains(&part))
}

/// The word of [`WORDS`] that is a part of a name, between `-`, `_` and `.`.
pub(crate) fn named_word(name: &str) -> Option<&'static str> {
    let parts = || name.split(['-', '_', '.', ':', '/']);
    WORDS.iter().find(|word| name == **word || parts().any(|part| part == **word)).copied()
}

/// A comment at the location that says WebSocket, and does not say that there is none.
fn commented(subject: &Subject<'_, '_>) -> Option<Place> {
    let location = subject.configuration.opener(subject.context)?;
    comment_says_websocket(&location).then(|| location.at())
}

/// Whether a comment at a block says WebSocket, and does not say that there is none.
pub(crate) fn comment_says_websocket(block: &Directive<'_>) -> bool {
    block.comments().any(|comment| {
        let text = lossy(comment).to_ascii_lowercase();
        let is_denied = text
            .split(|character: char| !character.is_ascii_alphanumeric())
            .any(|word| ELSEWHERE.contains(&word));
        (text.contains("websocket") || text.contains("web socket"))
            && !is_denied
            && !text.contains("nginx-ws-lint:")
    })
}
