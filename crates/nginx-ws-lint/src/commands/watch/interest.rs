//! Which changes count: those of what the last run read, and of what would have it read something else.

use std::collections::BTreeSet;
use std::mem;
use std::path::{Path, PathBuf};

use lint_engine::FILE_NAME;
use lint_finding::Outcome;
use nginx_semantics::{Scope, normalize};
use notify::{Event, EventKind};

use crate::cli::LintArgs;
use crate::system::{FileId, canonicalize, found_at, output_files};

/// What a run depends on.
#[derive(Debug, Default)]
pub(super) struct Interest {
    /// Folders, links resolved, of which everything counts.
    folders: Vec<PathBuf>,
    /// Other paths that count.
    paths: BTreeSet<PathBuf>,
    /// Those that were read outside of the folders.
    files: BTreeSet<PathBuf>,
    /// Folders around them, to be watched without what is below.
    places: BTreeSet<PathBuf>,
    /// Files that this program writes to, by device and number: they would wake it for ever.
    own: Vec<FileId>,
}

impl Interest {
    /// What the command line names, and the way there, and the files outside of it that were read `before`.
    pub(super) fn new(scope: &Scope, args: &LintArgs, before: &BTreeSet<PathBuf>) -> Self {
        let mut interest = Self { folders: scope.given.clone(), own: output_files(), ..Self::default() };
        for folder in &scope.given {
            interest.add_way(folder);
            let settings = folder.ancestors().skip(1).map(|folder| folder.join(FILE_NAME));
            interest.paths.extend(settings);
        }
        let input = &args.judged.input;
        let named = input.paths.iter().chain(&input.config).chain(&args.baseline);
        for path in named.chain(input.host.iter().map(|(_, file)| file)) {
            // As it was typed: it may be a link that will lead elsewhere, as to the next release.
            interest.add_way(&normalize(&scope.working_folder.join(path)));
        }
        // Its folder may be gone with it.
        before.iter().for_each(|file| interest.add_way(file));
        interest
    }

    /// Adds the files that were read outside of the given folders, and where links of these lead.
    pub(super) fn add_files(&mut self, outcome: &Outcome, scope: &Scope) {
        for file in &outcome.files {
            let path = normalize(&scope.working_folder.join(file.source.path()));
            // What is no file of its own, such as a text in YAML, counts as the one that holds it.
            let Ok(real) = canonicalize(&path) else { continue };
            for path in [path, real].iter().filter(|path| !self.is_inside(path)).collect::<Vec<_>>() {
                self.add(path);
                self.files.insert(path.clone());
            }
        }
    }

    /// The folders that were given.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(PathBuf::as_path)
    }

    /// The folders to watch that were not taken before.
    pub(super) fn take_places(&mut self) -> BTreeSet<PathBuf> {
        mem::take(&mut self.places)
    }

    /// The files outside of these folders that were read.
    pub(super) fn take_files(&mut self) -> BTreeSet<PathBuf> {
        mem::take(&mut self.files)
    }

    /// Whether an event is such a change. Reading changes nothing, and what version control does to itself concerns
    /// nobody.
    pub(super) fn has(&self, event: &Event) -> bool {
        // Events were lost.
        if event.need_rescan() {
            return true;
        }
        let is_read = matches!(event.kind, EventKind::Access(_) | EventKind::Other);
        !is_read && event.paths.iter().any(|path| self.has_path(path) && !self.is_own(path))
    }

    fn has_path(&self, path: &Path) -> bool {
        let is_inside = |folder: &PathBuf| {
            path.strip_prefix(folder)
                .is_ok_and(|rest| !rest.components().any(|part| part.as_os_str() == ".git"))
        };
        self.paths.contains(path) || self.folders.iter().any(is_inside)
    }

    fn is_own(&self, path: &Path) -> bool {
        !self.own.is_empty() && found_at(path).is_ok_and(|(_, file)| self.own.contains(&file))
    }

    /// A path and all folders above: each may be renamed or replaced.
    fn add_way(&mut self, path: &Path) {
        path.ancestors().for_each(|one| self.add(one));
    }

    /// A path that counts, and the folder that tells of it: an editor puts another file in its place.
    fn add(&mut self, path: &Path) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return };
        // The system tells a folder's changes by one name alone, however often it is watched.
        let Ok(parent) = canonicalize(parent) else { return };
        self.paths.insert(parent.join(name));
        if !self.is_inside(&parent) {
            self.places.insert(parent);
        }
    }

    fn is_inside(&self, path: &Path) -> bool {
        self.folders.iter().any(|folder| path.starts_with(folder))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use notify::event::{AccessKind, CreateKind, Flag, ModifyKind};

    use super::*;

    #[test]
    fn what_counts_and_what_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let given = top.join(".git/nginx");
        fs::create_dir_all(given.join("conf.d")).unwrap();
        let mut interest = Interest { folders: vec![given.clone()], ..Interest::default() };
        interest.add_way(&given);
        interest.add_way(&given.join("conf.d"));
        let has = |kind, path: &str| interest.has(&Event::new(kind).add_path(top.join(path)));
        let changed = EventKind::Modify(ModifyKind::Any);
        assert!(has(changed, ".git/nginx/nginx.conf"));
        assert!(has(EventKind::Create(CreateKind::File), ".git/nginx/a/b.conf"));
        assert!(has(EventKind::Create(CreateKind::Folder), ".git"));
        assert!(!has(EventKind::Access(AccessKind::Any), ".git/nginx/nginx.conf"));
        assert!(!has(changed, ".git/nginx/.git/index"));
        assert!(!has(changed, "other.conf"));
        assert!(interest.has(&Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        // What is watched with all below it is not watched again without.
        let places = interest.take_places();
        assert!(places.contains(&top) && places.contains(&top.join(".git")), "{places:?}");
        assert!(!places.contains(&given), "{places:?}");
    }
}
