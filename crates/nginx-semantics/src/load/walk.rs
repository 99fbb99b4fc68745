//! The files that the arguments name, and those that walking a folder finds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Candidate, Loaded, SkipReason, Skipped, classify, folder_of};
use crate::files::{Files, ReadError};
use crate::include::Scope;

/// Folders whose files need no extension.
const CONFIGURATION_FOLDERS: [&str; 2] = ["conf.d", "snippets"];

pub(super) fn candidates(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    loaded: &mut Loaded,
) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut seen = BTreeSet::new();
    // Named files first, so that one that is walked too counts as named.
    let (folders, named): (Vec<&PathBuf>, Vec<&PathBuf>) =
        arguments.iter().partition(|path| files.is_folder(path));
    for path in named {
        let argument = folders
            .iter()
            .find(|folder| is_below(path, folder))
            .map_or_else(|| folder_of(path), |folder| (*folder).clone());
        add(files, scope, loaded, &mut seen, &mut candidates, path, &argument, true);
    }
    for folder in folders {
        let before = candidates.len() + loaded.skipped.len();
        let walked: Vec<PathBuf> =
            files.walk(folder).into_iter().filter(|path| is_configuration(path)).collect();
        for path in &walked {
            add(files, scope, loaded, &mut seen, &mut candidates, path, folder, false);
        }
        if candidates.len() + loaded.skipped.len() == before && walked.is_empty() {
            let path = scope.shown(folder);
            loaded.skipped.push(Skipped { path, reason: SkipReason::NothingFound, is_named: true });
        }
    }
    candidates.sort_by(|a, b| a.path.cmp(&b.path));
    candidates
}

fn is_below(path: &Path, folder: &Path) -> bool {
    crate::files::normalize(path).starts_with(crate::files::normalize(folder))
        || (folder == Path::new(".") && path.is_relative())
}

#[expect(clippy::too_many_arguments, reason = "all of it is the state of one walk")]
fn add(
    files: &dyn Files,
    scope: &Scope,
    loaded: &mut Loaded,
    seen: &mut BTreeSet<crate::sources::FileId>,
    candidates: &mut Vec<Candidate>,
    path: &Path,
    argument: &Path,
    is_named: bool,
) {
    let shown = scope.shown(path);
    let skip =
        |loaded: &mut Loaded, reason| loaded.skipped.push(Skipped { path: shown.clone(), reason, is_named });
    let file = match loaded.sources.open(files, path, &shown, |identity| scope.is_given(identity)) {
        Ok(file) => file,
        // A folder called `x.conf`, or a link whose target is gone, is nothing to complain of while walking.
        Err(ReadError::IsFolder | ReadError::NotFound) if !is_named => return,
        Err(error) => return skip(loaded, SkipReason::Unreadable(error)),
    };
    if !seen.insert(file) {
        return;
    }
    let Some(source) = loaded.sources.get(file) else { return };
    match classify::reason_to_skip(source, is_named) {
        Some(reason) => skip(loaded, reason),
        None => candidates.push(Candidate {
            file,
            path: path.to_owned(),
            argument: argument.to_owned(),
            is_named,
        }),
    }
}

/// Whether a walked file may hold nginx configuration, by its name.
fn is_configuration(path: &Path) -> bool {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else { return false };
    if name.starts_with('.') {
        return false;
    }
    if name.starts_with("nginx.conf") {
        return true;
    }
    match path.extension() {
        Some(extension) => matches!(extension.to_string_lossy().as_ref(), "conf" | "nginx" | "vhost"),
        None => path.parent().is_some_and(|folder| {
            folder.components().any(|part| {
                let part = part.as_os_str().to_string_lossy();
                part.starts_with("sites-") || CONFIGURATION_FOLDERS.contains(&part.as_ref())
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walked_by_name() {
        let yes = [
            "nginx.conf",
            "a/b.conf",
            "x.vhost",
            "nginx.conf.sample",
            "sites-enabled/app",
            "conf.d/x",
            "snippets/ws",
        ];
        let no = ["README.md", "app", "sites-enabled/app.bak", ".hidden.conf", "conf.d/x.disabled"];
        assert!(yes.iter().all(|path| is_configuration(Path::new(path))));
        assert!(!no.iter().any(|path| is_configuration(Path::new(path))));
    }
}
