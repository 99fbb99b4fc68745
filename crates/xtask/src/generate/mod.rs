//! Configurations of any size, made from nothing but numbers: the same ones on every machine.

pub(crate) mod shapes;
pub(crate) mod sites;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::Error;

/// One file of a generated tree: its path below the tree, and its text.
pub(crate) type File = (String, String);

/// Makes a folder hold these files and no others. What is as it should be stays untouched: another run may be reading it.
///
/// # Errors
/// A file or folder that cannot be read or written.
pub(crate) fn write(folder: &Path, files: impl IntoIterator<Item = File>) -> Result<(), Error> {
    let mut wanted = BTreeSet::new();
    for (name, text) in files {
        let path = folder.join(name);
        if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).map_err(|error| Error::file(parent, error))?;
            fs::write(&path, text).map_err(|error| Error::file(&path, error))?;
        }
        wanted.insert(path);
    }
    let others: Vec<PathBuf> =
        files_below(folder)?.into_iter().filter(|path| !wanted.contains(path)).collect();
    others.iter().try_for_each(|path| fs::remove_file(path).map_err(|error| Error::file(path, error)))
}

/// All files below a folder, sorted.
///
/// # Errors
/// A folder that cannot be walked.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    let files = entries.filter_map(|entry| match entry {
        Ok(entry) if entry.file_type().is_dir() => None,
        Ok(entry) => Some(Ok(entry.into_path())),
        Err(error) => Some(Err(Error::file(folder, error.into()))),
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_what_was_written_last() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        write(folder.path(), [file("a", "1"), file("b/c", "2")]).unwrap();
        write(folder.path(), [file("b/c", "3")]).unwrap();
        let files = files_below(folder.path()).unwrap();
        assert_eq!(files, [folder.path().join("b/c")]);
        assert_eq!(fs::read_to_string(&files[0]).unwrap(), "3");
    }
}
