//! The only way to files: disk in the program, memory in tests and for standard input.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use crate::naming::is_passed_over;

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("no such file")]
    NotFound,
    /// A folder: nginx fails with `pread() … (21: Is a directory)`.
    #[error("it is a directory")]
    IsFolder,
    /// A FIFO, socket or device: never opened, for reading it may block or never end.
    #[error("it is not a regular file")]
    NotRegular,
    /// More bytes than are read.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// A link leads out of what may be read, which no configuration decides.
    #[error("it lies outside the given paths")]
    Outside,
    /// It lies in a folder of version control, where a token may be.
    #[error("it belongs to version control, which is not read")]
    VersionControl,
    /// It is hidden or lies behind a hidden name, which may hold a password, and does not read as nginx configuration.
    #[error("it is hidden and does not read as nginx configuration; name it to have it judged")]
    Hidden,
    /// nginx takes it byte by byte, so that it finds no directive in it.
    #[error("it is {0}, which nginx does not read")]
    Encoded(&'static str),
    /// What nginx reads is made of it: it has this placeholder where a directive or a block would stand.
    #[error("it is a template, with `{0}` where a directive would stand")]
    Template(String),
    /// Settings that somebody else may have put there.
    #[error(
        "it belongs neither to you, nor to root, nor to the owner of the given folder; --config names it"
    )]
    Foreign,
    /// The system's word.
    #[error("{0}")]
    Other(String),
}

/// Read access to a tree of files.
///
/// Paths are as nginx would open them; an *identity* is one with all links resolved. Whoever decides whether something
/// may be read resolves it once, judges the identity, and reads or lists that: an identity is opened without following
/// any link, so what is opened is what was judged even if links change meanwhile.
///
/// Many files are read in several threads at a time.
pub trait Files: Sync {
    /// All bytes of a regular file, and who owns it.
    ///
    /// # Errors
    /// [`ReadError`], one variant a reason.
    fn read_owned(&self, identity: &Path) -> Result<(Vec<u8>, Owner), ReadError>;
    /// All bytes of a regular file.
    ///
    /// # Errors
    /// [`ReadError`], one variant a reason.
    fn read(&self, identity: &Path) -> Result<Vec<u8>, ReadError> {
        self.read_owned(identity).map(|(bytes, _)| bytes)
    }
    /// The path with all links resolved, by which two paths are known to be one file; `None` where nothing is there.
    fn identity(&self, path: &Path) -> Option<PathBuf>;
    /// What a link leads to, as it says; `None` if the path is no link.
    fn link_target(&self, path: &Path) -> Option<PathBuf>;
    /// Who owns a folder; `None` where nothing is there.
    fn owner(&self, identity: &Path) -> Option<Owner>;
    /// The bytes of a regular file from an offset on, at most so many; fewer only at its end.
    ///
    /// # Errors
    /// [`ReadError`], one variant a reason.
    fn part(&self, identity: &Path, from: u64, most: usize) -> Result<Vec<u8>, ReadError> {
        Ok(part_of(&self.read(identity)?, from, most))
    }
    /// The names in a folder, in no order; empty where it is none.
    fn names(&self, identity: &Path) -> Vec<OsString>;
    /// Whether `path` is a folder, through links.
    fn is_folder(&self, path: &Path) -> bool;
    /// Everything below a folder, at any depth, sorted: files, and what is neither a file nor a folder that is looked
    /// into. Links to folders are not followed, nor are folders entered that [`crate::is_passed_over`] names.
    fn walk(&self, identity: &Path) -> Vec<Met>;
}

fn part_of(bytes: &[u8], from: u64, most: usize) -> Vec<u8> {
    let rest = usize::try_from(from).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
    rest.get(..most).unwrap_or(rest).to_owned()
}

/// What walking a folder meets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Met {
    /// From the folder that is walked.
    pub path: PathBuf,
    /// What is there.
    pub kind: MetKind,
}

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetKind {
    /// A regular file, or a link to one.
    File,
    /// A link to a folder.
    LinkedFolder,
    /// A link to nothing.
    BrokenLink,
    /// A FIFO, socket or device.
    Special,
    /// A folder that is not looked into.
    PassedOver,
}

/// Who owns a file, as the one who runs the program sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The caller or the superuser, or files have no owners here.
    Trusted,
    /// Another user, by number.
    Other(u32),
}

/// `path` without `.` and with `name/..` folded, by its text alone.
pub fn normalize(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let path: PathBuf = parts.into_iter().collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// The folder of a file; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether `path` is `folder` or lies below it, by their text alone.
pub(crate) fn is_below(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (normalize(path), normalize(folder));
    path.starts_with(&folder) || (folder == Path::new(".") && !path.has_root())
}

/// As many links are followed one after another, as on Linux.
pub(crate) const MOST_LINKS: usize = 40;

/// Files in memory, and links between them.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    entries: BTreeMap<PathBuf, Entry>,
    /// What does not belong to the caller.
    owners: BTreeMap<PathBuf, u32>,
}

#[derive(Debug, Clone)]
enum Entry {
    Bytes(Vec<u8>),
    /// To this path, relative to the link's folder.
    Link(PathBuf),
}

impl MemoryFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.entries.insert(normalize(&path.into()), Entry::Bytes(bytes.into()));
    }

    /// Adds a symbolic link to a file or folder, or replaces it.
    pub fn link(&mut self, path: impl Into<PathBuf>, target: impl Into<PathBuf>) {
        self.entries.insert(normalize(&path.into()), Entry::Link(target.into()));
    }

    /// Gives a file or folder, not what is in it, to another user.
    pub fn give(&mut self, path: impl Into<PathBuf>, user: u32) {
        self.owners.insert(normalize(&path.into()), user);
    }

    /// The path with all links resolved; itself where they never end.
    fn resolved(&self, path: &Path) -> PathBuf {
        let mut resolved = normalize(path);
        for _ in 0..MOST_LINKS {
            let link = resolved.ancestors().find_map(|link| match self.entries.get(link) {
                Some(Entry::Link(target)) => Some((link, target)),
                _ => None,
            });
            let Some((link, target)) = link else { break };
            let rest = resolved.strip_prefix(link).unwrap_or(Path::new(""));
            resolved = normalize(&folder_of(link).join(target).join(rest));
        }
        resolved
    }

    fn owned(&self, resolved: &Path) -> Owner {
        self.owners.get(resolved).map_or(Owner::Trusted, |user| Owner::Other(*user))
    }

    /// What lies below a folder that is no link, by its path from there.
    fn below<'a>(&'a self, folder: &'a Path) -> Box<dyn Iterator<Item = (&'a PathBuf, &'a Path)> + 'a> {
        if folder == Path::new(".") {
            let relative = self.entries.keys().filter(|path| !path.has_root());
            return Box::new(relative.map(|path| (path, path.as_path())));
        }
        // Paths are ordered by their components, so what lies below a folder comes right behind it.
        let behind = self.entries.range::<Path, _>((Bound::Excluded(folder), Bound::Unbounded));
        Box::new(behind.map_while(move |(path, _)| Some((path, path.strip_prefix(folder).ok()?))))
    }
}

impl Files for MemoryFiles {
    fn read_owned(&self, path: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        let resolved = self.resolved(path);
        match self.entries.get(&resolved) {
            Some(Entry::Bytes(bytes)) => Ok((bytes.clone(), self.owned(&resolved))),
            _ if self.is_folder(path) => Err(ReadError::IsFolder),
            _ => Err(ReadError::NotFound),
        }
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        let is_there =
            |path: &PathBuf| matches!(self.entries.get(path), Some(Entry::Bytes(_))) || self.is_folder(path);
        Some(self.resolved(path)).filter(is_there)
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        match self.entries.get(&normalize(path)) {
            Some(Entry::Link(target)) => Some(target.clone()),
            _ => None,
        }
    }

    fn owner(&self, path: &Path) -> Option<Owner> {
        self.identity(path).map(|identity| self.owned(&identity))
    }

    fn names(&self, folder: &Path) -> Vec<OsString> {
        let folder = self.resolved(folder);
        let first =
            |(_, rest): (&PathBuf, &Path)| rest.components().next().map(|name| name.as_os_str().to_owned());
        let mut names: Vec<OsString> = self.below(&folder).filter_map(first).collect();
        names.dedup();
        names
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.below(&self.resolved(path)).next().is_some()
    }

    fn walk(&self, folder: &Path) -> Vec<Met> {
        let resolved = self.resolved(folder);
        let met = |(path, rest): (&PathBuf, &Path)| {
            let mut way = PathBuf::new();
            let folders = rest.parent().into_iter().flat_map(Path::components);
            for part in folders {
                way.push(part);
                if is_passed_over(part.as_os_str()) {
                    return Met { path: way, kind: MetKind::PassedOver };
                }
            }
            let kind = match self.entries.get(&self.resolved(path)) {
                Some(Entry::Bytes(_)) => MetKind::File,
                _ if self.is_folder(path) => MetKind::LinkedFolder,
                _ => MetKind::BrokenLink,
            };
            Met { path: rest.to_owned(), kind }
        };
        self.below(&resolved).map(met).collect::<BTreeSet<Met>>().into_iter().collect()
    }
}

/// Other files, with one whose bytes come from elsewhere: standard input under a file's name.
pub struct Overlay<'a> {
    /// The other files.
    pub below: &'a dyn Files,
    /// The name.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Overlay<'_> {
    fn is_it(&self, path: &Path) -> bool {
        normalize(path) == normalize(&self.path)
            || self
                .below
                .identity(path)
                .is_some_and(|identity| Some(identity) == self.below.identity(&self.path))
    }
}

impl Files for Overlay<'_> {
    fn read_owned(&self, path: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        if self.is_it(path) { Ok((self.bytes.clone(), Owner::Trusted)) } else { self.below.read_owned(path) }
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        let below = self.below.identity(path);
        if below.is_none() && self.is_it(path) { Some(normalize(path)) } else { below }
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        self.below.link_target(path)
    }

    fn owner(&self, path: &Path) -> Option<Owner> {
        self.below.owner(path)
    }

    fn part(&self, path: &Path, from: u64, most: usize) -> Result<Vec<u8>, ReadError> {
        if self.is_it(path) {
            return Ok(part_of(&self.bytes, from, most));
        }
        self.below.part(path, from, most)
    }

    fn names(&self, folder: &Path) -> Vec<OsString> {
        self.below.names(folder)
    }

    fn is_folder(&self, path: &Path) -> bool {
        !self.is_it(path) && self.below.is_folder(path)
    }

    fn walk(&self, folder: &Path) -> Vec<Met> {
        self.below.walk(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized_by_text() {
        for (path, normal) in
            [("./a/../b", "b"), ("/../a", "/a"), ("../a", "../a"), ("a/..", "."), ("/a/./b/", "/a/b")]
        {
            assert_eq!(normalize(Path::new(path)), Path::new(normal));
        }
    }

    #[test]
    fn memory_has_folders() {
        let mut files = MemoryFiles::new();
        files.insert("conf.d/a.conf", "");
        files.insert("conf.d/sub/b.conf", "");
        assert_eq!(files.names(Path::new("conf.d")), ["a.conf", "sub"]);
        assert_eq!(files.names(Path::new(".")), ["conf.d"]);
        assert_eq!(files.read(Path::new("./conf.d")), Err(ReadError::IsFolder));
        assert_eq!(files.read(Path::new("x")), Err(ReadError::NotFound));
    }

    #[test]
    fn memory_has_links() {
        let mut files = MemoryFiles::new();
        files.insert("/a/x.conf", "x");
        files.link("/a/y.conf", "x.conf");
        files.link("/b", "a");
        files.link("/a/loop", "loop");
        files.link("/a/gone", "../gone");
        assert_eq!(files.read(Path::new("/b/y.conf")), Ok(b"x".to_vec()));
        assert_eq!(files.identity(Path::new("/b/y.conf")), Some("/a/x.conf".into()));
        assert_eq!(files.names(Path::new("/b")), ["gone", "loop", "x.conf", "y.conf"]);
        let met: Vec<_> = files.walk(Path::new("/b")).into_iter().map(|met| (met.path, met.kind)).collect();
        let expected = [
            ("gone", MetKind::BrokenLink),
            ("loop", MetKind::BrokenLink),
            ("x.conf", MetKind::File),
            ("y.conf", MetKind::File),
        ];
        assert_eq!(met, expected.map(|(path, kind)| (PathBuf::from(path), kind)));
        for path in ["/a/loop", "/a/gone"] {
            assert_eq!(files.identity(Path::new(path)), None);
            assert_eq!(files.read(Path::new(path)), Err(ReadError::NotFound));
        }
    }
}
