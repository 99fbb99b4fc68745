//! The files of this machine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use nginx_semantics::{Files, ReadError};
use walkdir::{DirEntry, WalkDir};

/// No configuration is larger; a log file given by mistake is.
pub(crate) const LARGEST: u64 = 256 * 1024 * 1024;

/// Regular files by their looks, of which some never end and some wait for an event when read.
const PSEUDO: [&str; 2] = ["/proc", "/sys"];

/// The files of this machine.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// Folders that could not be listed: [`Files`] has no word for them, but a run that missed them is incomplete.
    unlisted: RefCell<BTreeMap<PathBuf, String>>,
    /// What [`Files::identity`] said: it is asked several times for each file, and costs a system call a folder.
    identities: RefCell<BTreeMap<PathBuf, Option<PathBuf>>>,
}

impl Disk {
    /// The folders that should have been listed and could not be, and why.
    pub(crate) fn into_unlisted(self) -> BTreeMap<PathBuf, String> {
        self.unlisted.into_inner()
    }

    fn note(&self, folder: &Path, error: &io::Error) {
        // What is no folder, or no more, has nothing to list.
        if !is_absence(error) {
            self.unlisted.borrow_mut().insert(folder.to_owned(), in_words(error));
        }
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        // Opening a FIFO waits for a writer, so the type is asked for first.
        let metadata = fs::metadata(path).map_err(|error| read_error(&error))?;
        if metadata.is_dir() {
            return Err(ReadError::IsFolder);
        }
        let is_pseudo = |path: PathBuf| PSEUDO.iter().any(|folder| path.starts_with(folder));
        if !metadata.is_file() || self.identity(path).is_some_and(is_pseudo) {
            return Err(ReadError::NotRegular);
        }
        if metadata.len() > LARGEST {
            return Err(ReadError::TooLarge(LARGEST));
        }
        let file = File::open(path).map_err(|error| read_error(&error))?;
        match read_at_most(file, LARGEST, metadata.len()) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(ReadError::TooLarge(LARGEST)),
            Err(error) => Err(read_error(&error)),
        }
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = self.identities.borrow().get(path) {
            return known.clone();
        }
        let identity = match fs::canonicalize(path) {
            Ok(identity) => Some(identity),
            Err(error) if is_absence(&error) && fs::metadata(path).is_err() => None,
            // Something is there that may not be seen, a link to itself, or a pipe below /dev/fd, whose link has no
            // target: reading it says which.
            Err(_) => std::path::absolute(path).ok(),
        };
        self.identities.borrow_mut().insert(path.to_owned(), identity.clone());
        identity
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.note(folder, &error);
                return Vec::new();
            }
        };
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn is_folder(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
    }

    fn walk(&self, folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in WalkDir::new(folder).into_iter().filter_entry(is_wanted) {
            match entry {
                Ok(entry) if is_file(&entry) => {
                    let path = entry.path();
                    found.push(path.strip_prefix(".").unwrap_or(path).to_owned());
                }
                Ok(_) => {}
                Err(error) => {
                    if let (Some(path), Some(error)) = (error.path(), error.io_error()) {
                        self.note(path, error);
                    }
                }
            }
        }
        found.sort();
        found
    }
}

/// All bytes, or `None` when there are more than `limit`: the `expected` size may be a lie, and a file may grow.
pub(crate) fn read_at_most(reader: impl Read, limit: u64, expected: u64) -> io::Result<Option<Vec<u8>>> {
    // One byte more, so that the end is seen without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(limit)).unwrap_or(0) + 1);
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Below the folder that was asked for, those that hold no configuration are passed over.
fn is_wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let is_passed_over = name.as_encoded_bytes().starts_with(b".")
        || name == OsStr::new("node_modules")
        || name == OsStr::new("target");
    entry.depth() == 0 || !entry.file_type().is_dir() || !is_passed_over
}

/// A regular file, or a link to one: `sites-enabled` is made of links.
fn is_file(entry: &DirEntry) -> bool {
    let kind = entry.file_type();
    kind.is_file() || (kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|target| target.is_file()))
}

/// Whether nothing of that name is there, or can be.
fn is_absence(error: &io::Error) -> bool {
    use ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename | InvalidInput)
}

fn read_error(error: &io::Error) -> ReadError {
    if is_absence(error) { ReadError::NotFound } else { ReadError::Other(in_words(error)) }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
