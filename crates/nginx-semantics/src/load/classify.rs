//! Why a file is not judged.

use std::path::Path;

use nginx_syntax::{LeafKind, NodeId, lossy};

use super::words::{self, Measure};
use super::{SkipReason, encoding, structure};
use crate::catalogue::{Contexts, DirectiveName};
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
    if let Some(fault) = fault_of_encoding(file) {
        if let Some(reason) = encoded(file.bytes(), fault, Measure::Hint) {
            return Some(reason);
        }
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
    if let Some(message) = of_failed_test(file.bytes()) {
        return Some(SkipReason::FailedTest(message));
    }
    let is_nginx =
        (is_named && !structure::is_foreign_from_start(file) && !structure::has_nothing_of_nginx(file))
            || structure::is_nginx(file, path, ignores_comments);
    if let Some(mark) = file.template_mark() {
        if is_nginx || words::holds(file.bytes(), Measure::Hint) {
            return Some(SkipReason::Template(lossy(mark.of(file.bytes())).into_owned()));
        }
    }
    if is_nginx {
        return None;
    }
    // With the numbers of its lines, or what a log puts before them.
    if nginx_forms::is_dump(file.bytes()) {
        return Some(SkipReason::Dump);
    }
    Some(if words::holds(file.bytes(), Measure::Lines) { SkipReason::Mixed } else { SkipReason::NotNginx })
}

/// What nginx has against its configuration, if a text is nothing but what `nginx -t` and `nginx -T` say then: such a
/// configuration is not printed (`core/nginx.c:main`).
fn of_failed_test(text: &[u8]) -> Option<String> {
    if !text.trim_ascii_end().ends_with(b" test failed") {
        return None;
    }
    let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let (level, first) = lines().filter_map(nginx_forms::message).find(|(level, _)| *level == b"[emerg]")?;
    (lines().filter_map(nginx_forms::message).count() * 2 > lines().count())
        .then(|| format!("{} {}", lossy(level), lossy(first)))
}

/// What is wrong with the encoding of a file, as far as nginx minds: it passes over comments whatever they hold
/// (`core/ngx_conf_file.c:ngx_conf_read_token`).
pub(crate) fn fault_of_encoding(file: &SourceFile) -> Option<&'static str> {
    let fault = encoding::fault(file.bytes())?;
    let is_in_comment = |at: usize| {
        let leaf = u32::try_from(at).ok().and_then(|at| file.tree.leaf_at(at));
        leaf.is_some_and(|leaf| leaf.kind == LeafKind::Comment)
    };
    let is_read = !encoding::is_wide(file.bytes())
        && file.tree.errors().is_empty()
        && memchr::memchr_iter(0, file.bytes()).all(is_in_comment);
    (!is_read).then_some(fault)
}

/// Whether it is what `nginx -T` prints (`core/nginx.c:main`): the lines of several files, each behind its name. Where
/// they are included is lost to whoever reads it as one. nginx starts with no such text, or it is a main file whatever its
/// comments say.
fn is_dump(file: &SourceFile) -> bool {
    let is_head = |comment: &[u8]| {
        comment
            .strip_prefix(b"# configuration file ")
            .is_some_and(|name| name.trim_ascii_end().ends_with(b":"))
    };
    let heads = file.tree.comments().filter(|comment| is_head(comment.of(file.bytes()))).take(2).count();
    // Of one file, with what nginx says before it.
    let has_message =
        || file.bytes().split(|byte| *byte == b'\n').any(|line| nginx_forms::message(line).is_some());
    (heads > 1 || heads == 1 && has_message()) && !may_be_main(file)
}

/// Whether nginx may start with the text: one `events`, no second `http`, and what else the main level takes.
fn may_be_main(file: &SourceFile) -> bool {
    let names = || file.tree.children(NodeId::FILE).map(|node| file.name(node));
    let count = |name: DirectiveName| names().filter(|other| *other == name).count();
    let is_of_main = |name: DirectiveName| {
        name == DirectiveName::INCLUDE
            || name.rows().iter().any(|row| row.contexts.intersects(Contexts::MAIN))
    };
    file.tree.errors().is_empty()
        && count(DirectiveName::EVENTS) == 1
        && count(DirectiveName::HTTP) <= 1
        && names().all(is_of_main)
}

/// Why a text with this fault is not judged, if it holds nginx.
pub(super) fn encoded(text: &[u8], fault: &'static str, measure: Measure) -> Option<SkipReason> {
    words::holds(&encoding::narrowed(text), measure).then_some(SkipReason::Encoded(fault))
}

/// Why a file is not judged whose text is kept elsewhere.
pub(super) fn stored(text: &[u8]) -> Option<SkipReason> {
    stand_in(text).map(SkipReason::Stored)
}
