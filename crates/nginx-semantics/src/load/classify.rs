//! Why a file is not judged.

use std::path::Path;

use nginx_syntax::NodeId;

use super::{SkipReason, structure, words};
use crate::catalogue::DirectiveName;
use crate::sources::SourceFile;

/// A NUL among the first bytes: no text file has one. nginx would read on, but nobody means that.
const FIRST_BYTES: usize = 8_192;

/// Why a file with a name of nginx's is not judged, if it is not. Named files are judged whatever they look like, except
/// templates. `path` is the path from the folder that was given, that folder's name included.
pub(super) fn reason_to_skip(file: &SourceFile, path: &Path, is_named: bool) -> Option<SkipReason> {
    if file.tree.is_empty() && file.tree.errors().is_empty() {
        return Some(SkipReason::Empty);
    }
    let known = || file.tree.children(NodeId::FILE).any(|node| file.name(node) != DirectiveName::UNKNOWN);
    if is_binary(file.bytes()) && !known() {
        return Some(SkipReason::Binary);
    }
    let is_nginx = is_named || structure::is_nginx(file, path);
    if let Some(mark) = file.template_mark()
        && (is_nginx || words::hints_at_nginx(file.bytes()))
    {
        return Some(SkipReason::Template(String::from_utf8_lossy(mark.of(file.bytes())).into_owned()));
    }
    if is_nginx {
        return None;
    }
    Some(if words::holds_nginx(file.bytes()) { SkipReason::Mixed } else { SkipReason::NotNginx })
}

/// Whether the first bytes are none of a text.
pub(super) fn is_binary(text: &[u8]) -> bool {
    memchr::memchr(0, text.get(..FIRST_BYTES).unwrap_or(text)).is_some()
}
