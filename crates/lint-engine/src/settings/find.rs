//! Which settings file counts for a root, and what it may say.
//!
//! In a repository it is the nearest at or above the root's folder, up to the top of the repository; elsewhere only one in
//! a given folder counts, for what lies above belongs to nobody in particular. Whoever wrote the judged tree may have
//! written such a file too: it is no link, it belongs to somebody who is trusted with the tree, and its paths stay in its
//! folder. A file that the command line names may lead anywhere, though not through a link of the tree.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nginx_semantics::{
    Files, Owner, ReadError, Scope, SourceFile, is_inside, named_identity, normalize, repository,
};

use super::file::{FILE_NAME, SettingsFile};

/// Where settings come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Config {
    /// From the files beside the configuration.
    #[default]
    Found,
    /// From one file alone.
    File {
        /// The file.
        path: PathBuf,
        /// The folder that its paths are relative to; `None`: its own.
        base: Option<PathBuf>,
    },
    /// From the command line alone.
    Isolated,
}

/// A file and who owns it.
type Read = (Rc<SettingsFile>, Owner);

/// The settings files of a run.
pub(crate) struct SettingsFiles<'a> {
    files: &'a dyn Files,
    scope: &'a Scope,
    config: &'a Config,
    /// Those that count, by the folder, links resolved, that they count for.
    known: RefCell<BTreeMap<PathBuf, Option<Rc<SettingsFile>>>>,
    /// Those that were read, by path.
    read: RefCell<BTreeMap<PathBuf, Option<Read>>>,
    unreadable: RefCell<BTreeMap<PathBuf, ReadError>>,
    /// Those above a given folder, outside of any repository.
    passed_over: RefCell<BTreeSet<PathBuf>>,
}

/// The settings file that counts for a path.
///
/// # Errors
/// It cannot be read, or must not count.
pub fn settings_of(
    files: &dyn Files,
    path: &Path,
    scope: &Scope,
    config: &Config,
) -> Result<Option<SettingsFile>, ReadError> {
    let found = SettingsFiles::new(files, scope, config);
    let file = found.of(path);
    match found.unreadable().into_values().next() {
        Some(error) if file.is_none() => Err(error),
        _ => Ok(file.map(|file| (*file).clone())),
    }
}

impl<'a> SettingsFiles<'a> {
    pub(crate) fn new(files: &'a dyn Files, scope: &'a Scope, config: &'a Config) -> Self {
        Self {
            files,
            scope,
            config,
            known: RefCell::default(),
            read: RefCell::default(),
            unreadable: RefCell::default(),
            passed_over: RefCell::default(),
        }
    }

    /// The same as if there were no settings.
    pub(crate) fn isolated(&self) -> Self {
        Self::new(self.files, self.scope, &Config::Isolated)
    }

    /// The file that counts for a file or folder.
    pub(crate) fn of(&self, path: &Path) -> Option<Rc<SettingsFile>> {
        let path = normalize(&self.scope.working_folder.join(path));
        let key = match self.config {
            Config::Isolated => return None,
            Config::File { path, .. } => self.scope.working_folder.join(path),
            Config::Found => {
                let folder = if self.files.is_folder(&path) {
                    path
                } else {
                    path.parent().map(Path::to_owned).unwrap_or(path)
                };
                self.files.identity(&folder).unwrap_or(folder)
            }
        };
        let known = self.known.borrow().get(&key).cloned();
        known.unwrap_or_else(|| {
            let file = match self.config {
                Config::Isolated => None,
                Config::File { base, .. } => self.named(&key, base.as_deref()),
                Config::Found => self.found(&key),
            };
            self.known.borrow_mut().insert(key, file.clone());
            file
        })
    }

    /// Whether there is such a file or folder.
    pub(crate) fn is_there(&self, path: &Path) -> bool {
        self.files.identity(path).is_some()
    }

    /// Where a file lies, or the one that holds its text, with links resolved.
    pub(crate) fn on_disk(&self, file: &SourceFile) -> PathBuf {
        let path = match file.hosted() {
            Some(hosted) => PathBuf::from(hosted.source().path()),
            None => file.path.clone(),
        };
        let path = normalize(&self.scope.working_folder.join(path));
        self.files.identity(&path).unwrap_or(path)
    }

    /// All that count for something, in the order of their paths.
    pub(crate) fn read_files(&self) -> Vec<Rc<SettingsFile>> {
        let known = self.known.borrow();
        let mut all: Vec<Rc<SettingsFile>> = known.values().flatten().cloned().collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all.dedup_by(|a, b| a.path == b.path);
        all
    }

    /// Those that could not be read, or may not count.
    pub(crate) fn unreadable(&self) -> BTreeMap<PathBuf, ReadError> {
        self.unreadable.borrow().clone()
    }

    /// Those that would count if they lay in a given folder, or in one repository with it.
    pub(crate) fn passed_over(&self) -> BTreeSet<PathBuf> {
        self.passed_over.borrow().clone()
    }

    /// What a path of a settings file may lead to, a folder or the file itself, links resolved; `None` if it may lead
    /// nowhere.
    pub(crate) fn confinement(&self, file: &SettingsFile, path: &Path) -> Option<PathBuf> {
        if matches!(self.config, Config::Found) {
            return Some(self.files.identity(&file.base).unwrap_or_else(|| file.base.clone()));
        }
        // What lies in the folder by its text must stay there whatever its links say, for whoever wrote the tree made
        // them.
        self.named_identity(if path.starts_with(&file.base) { &file.base } else { path })
    }

    /// Of what the command line names, or a file that it names.
    fn named_identity(&self, path: &Path) -> Option<PathBuf> {
        if self.scope.host_includes { self.files.identity(path) } else { named_identity(self.files, path) }
    }

    fn named(&self, path: &Path, base: Option<&Path>) -> Option<Rc<SettingsFile>> {
        let read = match (self.files.identity(path), self.named_identity(path)) {
            (None, _) => Err(ReadError::NotFound),
            (_, None) => Err(ReadError::Outside),
            (_, Some(identity)) => self.files.read(&identity),
        };
        let bytes = self.noted(path, read)?;
        let mut file = SettingsFile::parse(path, &self.scope.shown(path), bytes).ok()?;
        file.base = match base {
            Some(base) => normalize(&self.scope.working_folder.join(base)),
            None => normalize(&file.base),
        };
        self.confine(&mut file);
        Some(Rc::new(file))
    }

    /// The nearest that may count for a folder, links resolved.
    fn found(&self, folder: &Path) -> Option<Rc<SettingsFile>> {
        let top = repository(self.files, folder);
        let may_hold = |ancestor: &Path| match &top {
            Some(top) => ancestor.starts_with(top),
            None => self.scope.given.iter().any(|given| given == ancestor),
        };
        let mut places = folder.ancestors().filter(|ancestor| may_hold(ancestor));
        let Some((file, owner)) = places.find_map(|place| self.at(place)) else {
            let others = folder.ancestors().filter(|ancestor| !may_hold(ancestor) && top.is_none());
            let mut others = others.map(|ancestor| ancestor.join(FILE_NAME));
            let nearest = others.find(|path| self.files.identity(path).is_some());
            self.passed_over.borrow_mut().extend(nearest);
            return None;
        };
        if !self.is_trusted(owner, folder) {
            self.unreadable.borrow_mut().insert(file.path.clone(), ReadError::Foreign);
            return None;
        }
        Some(file)
    }

    /// git's rule (`safe.directory`): a file of somebody else must not decide what is judged.
    fn is_trusted(&self, owner: Owner, folder: &Path) -> bool {
        let mut given = self.scope.given.iter().filter(|given| folder.starts_with(given));
        owner == Owner::Trusted || given.any(|given| self.files.owner(given) == Some(owner))
    }

    /// The one in a folder. A link is refused: in a hostile pull request it may lead to a secret, which the complaints
    /// about it would show.
    fn at(&self, folder: &Path) -> Option<Read> {
        let path = folder.join(FILE_NAME);
        if let Some(known) = self.read.borrow().get(&path) {
            return known.clone();
        }
        let read = match self.files.identity(&path) {
            None => None,
            Some(identity) if identity != path => self.noted(&path, Err(ReadError::Outside)),
            Some(identity) => self.noted(&path, self.files.read_owned(&identity)),
        };
        let read = read.and_then(|(bytes, owner)| {
            let mut file = SettingsFile::parse(&path, &self.scope.shown(&path), bytes).ok()?;
            self.confine(&mut file);
            Some((Rc::new(file), owner))
        });
        self.read.borrow_mut().insert(path, read.clone());
        read
    }

    /// Drops its paths that lead out of the folder that they must not lead out of.
    fn confine(&self, file: &mut SettingsFile) {
        let allowed: BTreeSet<PathBuf> = file
            .paths()
            .map(|path| file.resolve(path))
            .filter(|path| {
                self.confinement(file, path).is_some_and(|within| {
                    let missing =
                        || path.strip_prefix(&file.base).map_or(path.clone(), |rest| within.join(rest));
                    is_inside(&self.files.identity(path).unwrap_or_else(missing), &within)
                })
            })
            .collect();
        let why = match self.config {
            Config::Found => {
                "it leads out of the folder of this file; give it with --path-map, or the settings with --config"
            }
            _ => {
                "it leads through a link out of its folder or repository; --host-includes allows a link in a path that leads elsewhere"
            }
        };
        file.keep_paths(why, |path| allowed.contains(path));
    }

    fn noted<T>(&self, path: &Path, read: Result<T, ReadError>) -> Option<T> {
        read.map_err(|error| self.unreadable.borrow_mut().insert(path.to_owned(), error)).ok()
    }
}
