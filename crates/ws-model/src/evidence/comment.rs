//! What comments declare.

use nginx_semantics::Directive;

/// A comment `# nginx-ws-lint: websocket` or `not-websocket` at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declaration {
    /// It carries WebSockets.
    WebSocket,
    /// It does not, whatever it looks like.
    NotWebSocket,
}

/// The declaration at a directive, if any.
pub(crate) fn declaration(directive: &Directive<'_>) -> Option<Declaration> {
    directive.comments().find_map(|comment| {
        let text = std::str::from_utf8(comment).ok()?;
        let rest = text.trim_start_matches('#').trim().strip_prefix("nginx-ws-lint:")?.trim();
        match rest.split_whitespace().next()? {
            "websocket" => Some(Declaration::WebSocket),
            "not-websocket" => Some(Declaration::NotWebSocket),
            _ => None,
        }
    })
}
