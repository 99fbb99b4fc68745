//! The files that the arguments name, and those that walking a folder finds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Candidate, Loaded, SkipReason, Skipped, classify};
use crate::files::{Files, ReadError, folder_of, is_below};
use crate::include::Scope;
use crate::sources::FileId;

/// Folders whose files need no extension.
const CONFIGURATION_FOLDERS: [&str; 2] = ["conf.d", "snippets"];

/// The files that may be judged, sorted by path; the others that were looked at are in `loaded.skipped`.
pub(super) fn candidates(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    loaded: &mut Loaded,
) -> Vec<Candidate> {
    let mut walk = Walk { files, scope, loaded, seen: BTreeSet::new(), candidates: Vec::new() };
    // Named files first, so that one that is walked too counts as named.
    let (folders, named): (Vec<&PathBuf>, Vec<&PathBuf>) =
        arguments.iter().partition(|path| files.is_folder(path));
    for path in named {
        let folder = folders.iter().find(|folder| is_below(path, folder));
        let argument = folder.map_or_else(|| folder_of(path), |folder| (*folder).clone());
        walk.add(path, &argument, true);
    }
    for folder in folders {
        walk.folder(folder);
    }
    let mut candidates = walk.candidates;
    candidates.sort_by(|a, b| a.path.cmp(&b.path));
    loaded.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    candidates
}

/// What is known while the arguments are gone through.
struct Walk<'a> {
    files: &'a dyn Files,
    scope: &'a Scope,
    loaded: &'a mut Loaded,
    seen: BTreeSet<FileId>,
    candidates: Vec<Candidate>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) {
        // Once it is resolved, for a link that is swapped later must not lead elsewhere.
        let Some(identity) = self.files.identity(folder).filter(|identity| self.scope.is_given(identity))
        else {
            return self.skip(folder, SkipReason::Outside, true);
        };
        let mut is_empty = true;
        let mut walked: Vec<PathBuf> = self.files.walk(&identity);
        walked.iter_mut().for_each(|rest| {
            let path = folder.join(&rest);
            *rest = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
        });
        walked.retain(|path| is_configuration(path));
        // A file is known by the path that nginx opens: the link in `sites-enabled`, not what it leads to.
        walked.sort_by_key(|path| !self.is_link(path));
        for path in walked {
            is_empty = false;
            self.add(&path, folder, false);
        }
        if is_empty {
            self.skip(folder, SkipReason::NothingFound, true);
        }
    }

    fn add(&mut self, path: &Path, argument: &Path, is_named: bool) {
        let file = match self.loaded.sources.open(self.files, self.scope, path) {
            Ok(file) => file,
            // A folder called `x.conf`, or a link whose target is gone, is nothing to complain of while walking.
            Err(ReadError::IsFolder | ReadError::NotFound) if !is_named => return,
            Err(ReadError::Outside) => return self.skip(path, SkipReason::Outside, is_named),
            Err(error) => return self.skip(path, SkipReason::Unreadable(error), is_named),
        };
        if !self.seen.insert(file) {
            return;
        }
        let Some(source) = self.loaded.sources.get(file) else { return };
        match classify::reason_to_skip(source, is_named) {
            Some(reason) => self.skip(path, reason, is_named),
            None => {
                let (path, argument) = (path.to_owned(), argument.to_owned());
                self.candidates.push(Candidate { file, path, argument, is_named });
            }
        }
    }

    /// Whether the file itself is a link; the folders on its way may be.
    fn is_link(&self, path: &Path) -> bool {
        let folder = self.files.identity(&folder_of(path));
        let own = folder.zip(path.file_name()).map(|(folder, name)| folder.join(name));
        self.files.identity(path) != own
    }

    fn skip(&mut self, path: &Path, reason: SkipReason, is_named: bool) {
        self.loaded.skipped.push(Skipped { path: self.scope.shown(path), reason, is_named });
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
