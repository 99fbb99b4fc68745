//! Which main file a fragment belongs to, and whether it is in use at all.

use std::path::{Path, PathBuf};

use super::{Candidate, top_level};
use nginx_syntax::FileId;

use crate::catalogue::DirectiveName;
use crate::configuration::Layout;
use crate::files::{Files, folder_of, is_below, normalize};
use crate::sources::Sources;

/// Whether links of the tree itself tell which of `sites-available` are enabled. Many a repository holds
/// `sites-available` alone and leaves the links to the deployment; all of it is judged then.
pub(super) fn enables_by_links(files: &dyn Files, sources: &Sources, layout: &Layout) -> bool {
    let is_in = |path: &Path, folder: &str| path.components().any(|part| part.as_os_str() == folder);
    let mut reached = layout.reached.iter().filter_map(|&file| sources.get(file));
    reached.any(|file| {
        let target = files.identity(&file.path);
        is_in(&file.path, "sites-enabled") && target.is_some_and(|target| is_in(&target, "sites-available"))
    })
}

pub(super) fn is_not_enabled(path: &Path, enabling: &[PathBuf]) -> bool {
    let is_available = path.components().any(|part| part.as_os_str() == "sites-available");
    is_available && enabling.iter().any(|folder| is_below(path, folder))
}

/// The nearest main file at or above the fragment's folder, inside the same argument.
pub(super) fn adopter<'j>(
    sources: &Sources,
    judged: &'j mut [(&Candidate, Layout)],
    fragment: &Candidate,
) -> Option<(PathBuf, &'j mut Layout)> {
    let is_above = |root: &Candidate| {
        root.argument == fragment.argument
            && is_below(&folder_of(&fragment.path), &folder_of(&root.path))
            && is_main(sources, root.file)
    };
    let (root, layout) = judged
        .iter_mut()
        .filter(|(root, _)| is_above(root))
        .max_by_key(|(root, _)| normalize(&folder_of(&root.path)).components().count())?;
    Some((root.path.clone(), layout))
}

/// Whether it can adopt fragments: it has both `events` and `http`.
fn is_main(sources: &Sources, file: FileId) -> bool {
    let has = |wanted| top_level(sources, file).any(|(name, is_block)| is_block && name == wanted);
    has(DirectiveName::EVENTS) && has(DirectiveName::HTTP)
}
