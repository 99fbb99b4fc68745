//! The context that a fragment is meant for: what a comment says, or what its directives imply.

use nginx_syntax::NodeId;

use crate::catalogue::{Contexts, DirectiveName};
use crate::configuration::ContextKind;
use crate::sources::SourceFile;

/// The levels a fragment may stand in, the one taken first where several fit equally.
const LEVELS: [(ContextKind, Contexts); 8] = [
    (ContextKind::Http, Contexts::HTTP),
    (ContextKind::Server, Contexts::HTTP_SERVER),
    (ContextKind::Location, Contexts::HTTP_LOCATION),
    (ContextKind::Upstream, Contexts::HTTP_UPSTREAM),
    (ContextKind::Main, Contexts::MAIN),
    (ContextKind::Stream, Contexts::STREAM),
    (ContextKind::StreamServer, Contexts::STREAM_SERVER),
    (ContextKind::Events, Contexts::EVENTS),
];

/// The level that a comment names, unless comments are passed over, or in which most of the file's top-level directives
/// are allowed.
pub(super) fn of_fragment(file: &SourceFile, ignores_comments: bool) -> ContextKind {
    let mut comments = file.tree.comments().filter(|_| !ignores_comments);
    if let Some(kind) = comments.find_map(|comment| declared_context(comment.of(file.bytes()))) {
        return kind;
    }
    let rows: Vec<Contexts> =
        file.tree.children(NodeId::FILE).filter_map(|node| allowed(file, node)).collect();
    let fitting = |level: Contexts| rows.iter().filter(|allowed| allowed.intersects(level)).count();
    let best = LEVELS.iter().map(|(_, level)| fitting(*level)).max().unwrap_or(0);
    let first = LEVELS.iter().find(|(_, level)| best > 0 && fitting(*level) == best);
    first.map_or(ContextKind::Http, |(kind, _)| *kind)
}

/// The contexts in which nginx allows a directive, by its name and by whether it opens a block.
fn allowed(file: &SourceFile, node: NodeId) -> Option<Contexts> {
    let name = file.name(node);
    let is_block = file.tree.is_block(node);
    let rows = name.rows().iter().filter(|row| row.block == is_block);
    let allowed = rows.map(|row| row.contexts).reduce(|all, more| all | more)?;
    let narrowed = match name {
        // `server` is a block of http, stream and mail; what stands in it tells which.
        DirectiveName::SERVER if is_block && is_stream_server(file, node) => {
            allowed.intersection(Contexts::STREAM)
        }
        DirectiveName::SERVER if is_block => allowed.intersection(Contexts::HTTP),
        // `http://` belongs to a location; stream names a plain address.
        DirectiveName::PROXY_PASS if has_scheme(file, node) => allowed.intersection(Contexts::HTTP_LOCATION),
        _ => allowed,
    };
    Some(narrowed)
}

fn is_stream_server(file: &SourceFile, server: NodeId) -> bool {
    use DirectiveName as N;
    let mut inside = file.tree.children(server).map(|node| file.name(node));
    inside.any(|name| matches!(name, N::PROXY_PASS | N::PROXY_TIMEOUT | N::SSL_PREREAD))
}

fn has_scheme(file: &SourceFile, node: NodeId) -> bool {
    let target = file.word(node, 1).unwrap_or_default();
    memchr::memmem::find(&target, b"://").is_some() || target.starts_with(b"$")
}

/// The level named by a comment `# nginx-ws-lint: context http,server`.
fn declared_context(comment: &[u8]) -> Option<ContextKind> {
    let text = std::str::from_utf8(comment).ok()?;
    let levels = text
        .trim_start_matches('#')
        .trim()
        .strip_prefix("nginx-ws-lint:")?
        .trim()
        .strip_prefix("context ")?;
    let names: Vec<&str> = levels.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty()).collect();
    match names.as_slice() {
        ["main"] => Some(ContextKind::Main),
        ["http"] => Some(ContextKind::Http),
        ["stream"] => Some(ContextKind::Stream),
        ["stream", "server"] => Some(ContextKind::StreamServer),
        [.., "server"] => Some(ContextKind::Server),
        [.., "location"] => Some(ContextKind::Location),
        [.., "upstream"] => Some(ContextKind::Upstream),
        _ => None,
    }
}
