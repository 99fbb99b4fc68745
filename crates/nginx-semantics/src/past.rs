//! Files as they were before some of them were changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::files::{Files, Met, MetKind, Owner, ReadError, normalize};
use crate::is_passed_over;

/// Other files, of which some had other bytes, and some were not there or are there no more.
pub struct Past<'a> {
    below: &'a dyn Files,
    /// By their paths with links resolved: the bytes; `None` for a file that was not there.
    changed: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl<'a> Past<'a> {
    /// `changed` has paths with links resolved, and the bytes that were there; `None` where nothing was.
    pub fn new(below: &'a dyn Files, changed: BTreeMap<PathBuf, Option<Vec<u8>>>) -> Self {
        Self { below, changed }
    }

    /// Where a path leads, from the last folder that is still there, whether a file is at its end or not.
    fn place(&self, path: &Path) -> PathBuf {
        if let Some(identity) = self.below.identity(path) {
            return identity;
        }
        let path = normalize(path);
        for folder in path.ancestors().skip(1) {
            // Above a path of one name that is the working directory.
            let there = if folder == Path::new("") { Path::new(".") } else { folder };
            let rest = path.strip_prefix(folder).ok();
            if let (Some(there), Some(rest)) = (self.below.identity(there), rest) {
                return there.join(rest);
            }
        }
        path
    }

    /// The files below a folder that are there no more, by their paths from there.
    fn gone<'s>(&'s self, folder: &'s Path) -> impl Iterator<Item = &'s Path> {
        let was_there = self.changed.iter().filter(|(_, bytes)| bytes.is_some());
        let below = was_there.filter_map(move |(path, _)| Some((path, path.strip_prefix(folder).ok()?)));
        below.filter(|(path, _)| self.below.identity(path).is_none()).map(|(_, rest)| rest)
    }

    fn is_new(&self, path: &Path) -> bool {
        self.changed.get(&self.place(path)).is_some_and(Option::is_none)
    }
}

impl Files for Past<'_> {
    fn read_owned(&self, identity: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        let place = self.place(identity);
        match self.changed.get(&place) {
            None => self.below.read_owned(identity),
            Some(None) => Err(ReadError::NotFound),
            Some(Some(bytes)) => Ok((bytes.clone(), self.owner(&place).unwrap_or(Owner::Trusted))),
        }
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        let place = self.place(path);
        match self.changed.get(&place) {
            Some(None) => None,
            Some(Some(_)) => Some(place),
            None => self.below.identity(path).or_else(|| self.is_folder(&place).then_some(place)),
        }
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        self.below.link_target(path)
    }

    fn owner(&self, identity: &Path) -> Option<Owner> {
        self.below.owner(identity).or_else(|| {
            let folder = identity.ancestors().find_map(|folder| self.below.owner(folder));
            folder.filter(|_| self.changed.contains_key(identity) || self.is_folder(identity))
        })
    }

    fn names(&self, identity: &Path) -> Vec<OsString> {
        let mut names: BTreeSet<OsString> = self.below.names(identity).into_iter().collect();
        names.retain(|name| !self.is_new(&identity.join(name)));
        let first = |rest: &Path| rest.components().next().map(|name| name.as_os_str().to_owned());
        names.extend(self.gone(identity).filter_map(first));
        names.into_iter().collect()
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.below.is_folder(path) || self.gone(&self.place(path)).any(|rest| rest != Path::new(""))
    }

    fn walk(&self, identity: &Path) -> Vec<Met> {
        let mut met: BTreeSet<Met> = self.below.walk(identity).into_iter().collect();
        met.retain(|one| !self.is_new(&identity.join(&one.path)));
        let is_searched = |rest: &&Path| !rest.components().any(|part| is_passed_over(part.as_os_str()));
        let gone = self.gone(identity).filter(is_searched);
        met.extend(gone.map(|rest| Met { path: rest.to_owned(), kind: MetKind::File }));
        met.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFiles;

    fn met(files: &dyn Files, folder: &str) -> Vec<String> {
        files.walk(Path::new(folder)).into_iter().map(|met| met.path.display().to_string()).collect()
    }

    #[test]
    fn files_are_as_they_were() {
        let mut now = MemoryFiles::new();
        for (path, text) in [("/r/a.conf", "new"), ("/r/b.conf", "b"), ("/r/d/new.conf", "n")] {
            now.insert(path, text);
        }
        now.link("/l", "r");
        let changed = [
            ("/r/a.conf", Some("old")),
            ("/r/d/new.conf", None),
            ("/r/gone.conf", Some("gone")),
            ("/r/old/x.conf", Some("x")),
        ];
        let changed =
            changed.map(|(path, text)| (PathBuf::from(path), text.map(|text| text.as_bytes().to_vec())));
        let past = Past::new(&now, changed.into());
        let read = |path: &str| past.read(&past.identity(Path::new(path)).unwrap_or_default()).ok();
        for (path, text) in [
            ("/r/a.conf", Some("old")),
            ("/l/a.conf", Some("old")),
            ("/r/b.conf", Some("b")),
            ("/r/d/new.conf", None),
            ("/r/gone.conf", Some("gone")),
            ("/l/gone.conf", Some("gone")),
            ("/r/old/x.conf", Some("x")),
            ("/l/old/x.conf", Some("x")),
            ("/r/nothing.conf", None),
        ] {
            assert_eq!(read(path), text.map(|text| text.as_bytes().to_vec()), "{path}");
        }
        assert_eq!(met(&past, "/r"), ["a.conf", "b.conf", "gone.conf", "old/x.conf"]);
        assert_eq!(past.names(Path::new("/r")), ["a.conf", "b.conf", "d", "gone.conf", "old"]);
        assert!(past.is_folder(Path::new("/r/old")) && !past.is_folder(Path::new("/r/gone.conf")));
        assert_eq!(past.identity(Path::new("/r/old")), Some("/r/old".into()));
    }

    #[test]
    fn without_changes_nothing_is_different() {
        let mut now = MemoryFiles::new();
        now.insert("/r/a.conf", "a");
        let past = Past::new(&now, BTreeMap::new());
        assert_eq!(past.read(Path::new("/r/a.conf")), Ok(b"a".to_vec()));
        assert_eq!(met(&past, "/r"), ["a.conf"]);
        assert_eq!(past.identity(Path::new("/x")), None);
    }
}
