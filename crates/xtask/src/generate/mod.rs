//! Configurations of any size, made from nothing but numbers: the same ones on every machine.

pub(crate) mod sites;

use std::fs;
use std::path::Path;

use crate::Error;

/// One file of a generated tree: its path below the tree, and its text.
pub(crate) type File = (String, String);

/// Writes a tree into an empty folder, which it makes.
///
/// # Errors
/// A file or folder that cannot be written.
pub(crate) fn write(folder: &Path, files: impl IntoIterator<Item = File>) -> Result<(), Error> {
    empty(folder)?;
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| Error::file(parent, error))?;
        fs::write(&path, text).map_err(|error| Error::file(&path, error))?;
    }
    Ok(())
}

/// Makes a folder, without what an earlier run left in it.
fn empty(folder: &Path) -> Result<(), Error> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| Error::file(folder, error))?;
    }
    fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))
}
