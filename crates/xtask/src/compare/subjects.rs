//! What two programs are compared on: folders as trees, and files each by itself.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::Error;

/// All files below a folder, and as trees its child folders, or with `every` the folders at any depth.
///
/// # Errors
/// A folder that cannot be walked.
pub(super) fn below(folder: &Path, every: bool) -> Result<Vec<PathBuf>, Error> {
    let (mut files, mut trees) = (Vec::new(), Vec::new());
    for entry in WalkDir::new(folder).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::file(folder, error.into()))?;
        if entry.file_type().is_dir() {
            if every || entry.depth() == 1 {
                trees.push(entry.into_path());
            }
        } else if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    files.extend(trees);
    Ok(files)
}
