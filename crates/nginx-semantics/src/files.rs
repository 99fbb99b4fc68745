//! The only way to files: disk in the program, memory in tests and for standard input.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

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
    /// The system's word.
    #[error("{0}")]
    Other(String),
}

/// Read access to a tree of files. Paths are as nginx would open them.
pub trait Files {
    /// All bytes of a regular file.
    ///
    /// # Errors
    /// [`ReadError`], one variant a reason.
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError>;
    /// The path with all links resolved, by which two paths are known to be one file; `None` where nothing is there.
    fn identity(&self, path: &Path) -> Option<PathBuf>;
    /// The names in a folder, in no order; empty where it is none.
    fn names(&self, folder: &Path) -> Vec<String>;
    /// Whether `path` is a folder, through links.
    fn is_folder(&self, path: &Path) -> bool;
    /// The files below a folder, at any depth, links to folders not followed, sorted.
    fn walk(&self, folder: &Path) -> Vec<PathBuf>;
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

/// Files in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl MemoryFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(normalize(&path.into()), bytes.into());
    }

    /// Paths are ordered by their components, so what lies below a folder comes right behind it.
    fn below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a PathBuf> {
        let behind = self.files.range::<Path, _>((Bound::Excluded(folder), Bound::Unbounded));
        behind.map(|(path, _)| path).take_while(move |path| path.starts_with(folder))
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let path = normalize(path);
        match self.files.get(&path) {
            Some(bytes) => Ok(bytes.clone()),
            None if self.is_folder(&path) => Err(ReadError::IsFolder),
            None => Err(ReadError::NotFound),
        }
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        let path = normalize(path);
        (self.files.contains_key(&path) || self.is_folder(&path)).then_some(path)
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let folder = normalize(folder);
        let below = self.walk(&folder);
        let first = |path: &PathBuf| {
            let rest =
                if folder == Path::new(".") { path.as_path() } else { path.strip_prefix(&folder).ok()? };
            rest.components().next().map(|name| name.as_os_str().to_string_lossy().into_owned())
        };
        let mut names: Vec<String> = below.iter().filter_map(first).collect();
        names.dedup();
        names
    }

    fn is_folder(&self, path: &Path) -> bool {
        let folder = normalize(path);
        if folder == Path::new(".") {
            return self.files.keys().any(|path| path.is_relative());
        }
        self.below(&folder).next().is_some()
    }

    fn walk(&self, folder: &Path) -> Vec<PathBuf> {
        let folder = normalize(folder);
        if folder == Path::new(".") {
            return self.files.keys().filter(|path| path.is_relative()).cloned().collect();
        }
        self.below(&folder).cloned().collect()
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
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        if self.is_it(path) { Ok(self.bytes.clone()) } else { self.below.read(path) }
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        let below = self.below.identity(path);
        if below.is_none() && self.is_it(path) { Some(normalize(path)) } else { below }
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        self.below.names(folder)
    }

    fn is_folder(&self, path: &Path) -> bool {
        !self.is_it(path) && self.below.is_folder(path)
    }

    fn walk(&self, folder: &Path) -> Vec<PathBuf> {
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
}
