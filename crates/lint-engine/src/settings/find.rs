//! Which settings file counts for a root: the nearest at or above its folder, up to the top of the repository.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nginx_semantics::{Files, ReadError, Scope};

use super::file::{FILE_NAME, SettingsFile};

/// Where settings come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Config {
    /// From the files beside the configuration.
    #[default]
    Found,
    /// From this file alone.
    File(PathBuf),
    /// From the command line alone.
    Isolated,
}

/// The settings files of a run.
pub(crate) struct SettingsFiles<'a> {
    files: &'a dyn Files,
    scope: &'a Scope,
    config: &'a Config,
    /// By folder: its own, or that of the nearest folder above.
    known: RefCell<BTreeMap<PathBuf, Option<Rc<SettingsFile>>>>,
    unreadable: RefCell<BTreeMap<PathBuf, ReadError>>,
}

impl<'a> SettingsFiles<'a> {
    pub(crate) fn new(files: &'a dyn Files, scope: &'a Scope, config: &'a Config) -> Self {
        Self { files, scope, config, known: RefCell::default(), unreadable: RefCell::default() }
    }

    /// The file that counts for a file or folder.
    pub(crate) fn of(&self, path: &Path) -> Option<Rc<SettingsFile>> {
        match self.config {
            Config::Isolated => None,
            Config::File(file) => {
                let file = self.scope.working_folder.join(file);
                let known = self.known.borrow().get(&file).cloned();
                known.unwrap_or_else(|| {
                    let read = self.read(&file, true);
                    self.known.borrow_mut().insert(file.clone(), read.clone());
                    read
                })
            }
            Config::Found => {
                let path = nginx_semantics::normalize(&self.scope.working_folder.join(path));
                let folder = if self.files.is_folder(&path) {
                    path
                } else {
                    path.parent().map(Path::to_owned).unwrap_or(path)
                };
                self.at_or_above(&folder)
            }
        }
    }

    /// All that were read, in the order of their paths.
    pub(crate) fn read_files(&self) -> Vec<Rc<SettingsFile>> {
        let known = self.known.borrow();
        let mut all: Vec<Rc<SettingsFile>> = known.values().flatten().cloned().collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all.dedup_by(|a, b| a.path == b.path);
        all
    }

    /// Those that could not be read.
    pub(crate) fn unreadable(&self) -> BTreeMap<PathBuf, ReadError> {
        self.unreadable.borrow().clone()
    }

    fn at_or_above(&self, folder: &Path) -> Option<Rc<SettingsFile>> {
        let mut passed: Vec<PathBuf> = Vec::new();
        let mut found = None;
        for ancestor in folder.ancestors() {
            if let Some(known) = self.known.borrow().get(ancestor) {
                found.clone_from(known);
                break;
            }
            passed.push(ancestor.to_owned());
            found = self.read(&ancestor.join(FILE_NAME), false);
            let is_top = self.files.identity(&ancestor.join(".git")).is_some();
            if found.is_some() || is_top {
                break;
            }
        }
        let mut known = self.known.borrow_mut();
        for passed in passed {
            known.insert(passed, found.clone());
        }
        found
    }

    /// Reads one. A link is refused unless it is named: in a hostile pull request it may lead to a secret, which the
    /// complaints about it would show.
    fn read(&self, path: &Path, is_named: bool) -> Option<Rc<SettingsFile>> {
        let identity = self.files.identity(path);
        if identity.is_none() && !is_named {
            return None;
        }
        let own =
            path.parent().and_then(|folder| self.files.identity(folder)).map(|folder| folder.join(FILE_NAME));
        if !is_named && own != identity {
            self.unreadable.borrow_mut().insert(path.to_owned(), ReadError::Outside);
            return None;
        }
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unreadable.borrow_mut().insert(path.to_owned(), error);
                return None;
            }
        };
        SettingsFile::parse(path, &self.scope.shown(path), bytes).ok().map(Rc::new)
    }
}
