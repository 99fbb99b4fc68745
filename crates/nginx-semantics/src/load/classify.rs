//! Why a file is not judged.

use std::path::Path;

use nginx_syntax::NodeId;

use super::words::{self, Measure};
use super::{SkipReason, encoding, structure};
use crate::catalogue::DirectiveName;
use crate::naming::{is_packed, stand_in};
use crate::sources::SourceFile;

/// Why a file with a name of nginx's is not judged, if it is not. Named files are judged whatever they look like, except
/// templates and what begins in another language. `path` is the path from the folder that was given, that folder's name
/// included.
pub(super) fn reason_to_skip(
    file: &SourceFile,
    path: &Path,
    is_named: bool,
    ignores_comments: bool,
) -> Option<SkipReason> {
    if file.tree.is_empty() && file.tree.errors().is_empty() {
        return Some(SkipReason::Empty);
    }
    if let Some(fault) = encoding::fault(file.bytes())
        && let Some(reason) = encoded(file.bytes(), fault, Measure::Hint)
    {
        return Some(reason);
    }
    if let Some(reason) = stored(file.bytes()) {
        return Some(reason);
    }
    let known = || file.tree.children(NodeId::FILE).any(|node| file.name(node) != DirectiveName::UNKNOWN);
    if encoding::is_binary(file.bytes()) && !known() {
        return Some(if is_packed(path) { SkipReason::Packed } else { SkipReason::Binary });
    }
    if is_dump(file) {
        return Some(SkipReason::Dump);
    }
    let is_nginx =
        (is_named && !structure::is_foreign_from_start(file) && !structure::has_nothing_of_nginx(file))
            || structure::is_nginx(file, path, ignores_comments);
    if let Some(mark) = file.template_mark()
        && (is_nginx || words::holds(file.bytes(), Measure::Hint))
    {
        return Some(SkipReason::Template(String::from_utf8_lossy(mark.of(file.bytes())).into_owned()));
    }
    if is_nginx {
        return None;
    }
    Some(if words::holds(file.bytes(), Measure::Lines) { SkipReason::Mixed } else { SkipReason::NotNginx })
}

/// Whether it is what `nginx -T` prints (`core/nginx.c:main`): the lines of several files, each behind its name. Where
/// they are included is lost to whoever reads it as one.
fn is_dump(file: &SourceFile) -> bool {
    let is_head = |comment: &[u8]| {
        comment
            .strip_prefix(b"# configuration file ")
            .is_some_and(|name| name.trim_ascii_end().ends_with(b":"))
    };
    file.tree.comments().filter(|comment| is_head(comment.of(file.bytes()))).nth(1).is_some()
}

/// Why a text with this fault is not judged, if it holds nginx.
pub(super) fn encoded(text: &[u8], fault: &'static str, measure: Measure) -> Option<SkipReason> {
    words::holds(&encoding::narrowed(text), measure).then_some(SkipReason::Encoded(fault))
}

/// Why a file is not judged whose text is kept elsewhere.
pub(super) fn stored(text: &[u8]) -> Option<SkipReason> {
    stand_in(text).map(SkipReason::Stored)
}
