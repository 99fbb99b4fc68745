//! The files of this machine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nginx_semantics::{Files, Met, MetKind, Owner, ReadError, is_passed_over, normalize};
use rustix::fs::FileType;

pub(crate) mod handle;

/// No configuration is larger; a log file given by mistake is.
pub(crate) const LARGEST: u64 = 256 * 1024 * 1024;

/// No tree of configuration has more folders in each other; each costs the more to open the deeper it lies.
const DEEPEST: usize = 128;

/// Linux opens no path of so many bytes (`PATH_MAX`). Such a path is no name that is missing: somebody went there.
const LONGEST_PATH: usize = 4096;

/// Regular files by their looks, of which some never end and some wait for an event when read.
const PSEUDO: [&str; 2] = ["/proc", "/sys"];

/// The files of this machine.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// Folders that could not be listed: [`Files`] has no word for them, but a run that missed them is incomplete.
    unlisted: RefCell<BTreeMap<PathBuf, String>>,
    /// What [`Files::identity`] said: it is asked several times for each file, and costs a system call a folder.
    identities: RefCell<BTreeMap<PathBuf, Option<PathBuf>>>,
    /// The folder of the file that was looked into last: a walk looks into all files of one, and each folder on the way to it costs
    /// a system call.
    folder: RefCell<Option<(PathBuf, OwnedFd)>>,
}

impl Disk {
    /// The folders that should have been listed and could not be, and why.
    pub(crate) fn unlisted(&self) -> BTreeMap<PathBuf, String> {
        self.unlisted.borrow().clone()
    }

    /// The file, whatever it is, in the folder that was opened last if it is in that one: a folder that is open stays the
    /// one that was judged, whatever takes its place.
    fn in_last_folder(&self, identity: &Path) -> io::Result<File> {
        let (Some(parent), Some(name)) = (identity.parent(), identity.file_name()) else {
            return handle::file(identity);
        };
        let mut last = self.folder.borrow_mut();
        if let Some((path, folder)) = last.as_ref()
            && path == parent
            && let Ok(file) = handle::file_in(folder, name)
        {
            return Ok(file);
        }
        let folder = handle::folder(parent)?;
        let file = handle::file_in(&folder, name);
        *last = Some((parent.to_owned(), folder));
        file
    }

    fn note(&self, folder: &Path, error: &io::Error) {
        // What is no folder, or no more, has nothing to list.
        if !is_absence(error) {
            self.unlisted.borrow_mut().insert(folder.to_owned(), in_words(error));
        }
    }
}

impl Files for Disk {
    fn read_owned(&self, identity: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        let (file, metadata) = opened(identity, handle::file)?;
        if metadata.len() > LARGEST {
            return Err(ReadError::TooLarge(LARGEST));
        }
        match read_at_most(file, LARGEST, metadata.len()) {
            Ok(Some(bytes)) => Ok((bytes, owner(&metadata))),
            Ok(None) => Err(ReadError::TooLarge(LARGEST)),
            Err(error) => Err(read_error(&error)),
        }
    }

    fn part(&self, identity: &Path, from: u64, most: usize) -> Result<Vec<u8>, ReadError> {
        let (mut file, metadata) = opened(identity, |identity| self.in_last_folder(identity))?;
        let expected = usize::try_from(metadata.len().saturating_sub(from)).unwrap_or(most).min(most);
        let mut bytes = Vec::with_capacity(expected);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let at_start = if from > 0 { file.seek(SeekFrom::Start(from)).map(drop) } else { Ok(()) };
        let read = at_start.and_then(|()| file.take(most).read_to_end(&mut bytes));
        read.map_err(|error| read_error(&error))?;
        Ok(bytes)
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
            Err(_) => std::path::absolute(path).ok().map(|path| normalize(&path)),
        };
        self.identities.borrow_mut().insert(path.to_owned(), identity.clone());
        identity
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        fs::read_link(path).ok()
    }

    fn owner(&self, identity: &Path) -> Option<Owner> {
        fs::symlink_metadata(identity).ok().map(|metadata| owner(&metadata))
    }

    fn names(&self, identity: &Path) -> Vec<OsString> {
        let entries = listed(identity).unwrap_or_else(|error| {
            self.note(identity, &error);
            Vec::new()
        });
        entries.into_iter().map(|(name, _)| name).collect()
    }

    fn is_folder(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
    }

    fn walk(&self, identity: &Path) -> Vec<Met> {
        let mut found = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let path = identity.join(&folder);
            let entries = if folder.components().count() > DEEPEST {
                Err(io::Error::other(format!("it lies more than {DEEPEST} folders deep")))
            } else {
                listed(&path)
            };
            let entries = entries.unwrap_or_else(|error| {
                self.note(&path, &error);
                Vec::new()
            });
            for (name, kind) in entries {
                if path.as_os_str().len() + 1 + name.len() >= LONGEST_PATH {
                    self.note(&path, &io::Error::other("the paths of what is in it are too long"));
                    continue;
                }
                let kind = match kind {
                    FileType::Directory if !is_passed_over(&name) => {
                        folders.push(folder.join(name));
                        continue;
                    }
                    FileType::Directory => MetKind::PassedOver,
                    FileType::RegularFile => MetKind::File,
                    // `sites-enabled` is made of links.
                    FileType::Symlink => match fs::metadata(path.join(&name)) {
                        Ok(target) if target.is_file() => MetKind::File,
                        Ok(target) if target.is_dir() => MetKind::LinkedFolder,
                        Ok(_) => MetKind::Special,
                        Err(_) => MetKind::BrokenLink,
                    },
                    _ => MetKind::Special,
                };
                found.push(Met { path: folder.join(name), kind });
            }
        }
        found.sort();
        found
    }
}

/// A regular file that ends, open, with what the handle says of it.
fn opened(
    identity: &Path,
    open: impl FnOnce(&Path) -> io::Result<File>,
) -> Result<(File, fs::Metadata), ReadError> {
    // Opening alone may do something to a device, so the kind is asked for first; whether it still is that kind, the
    // handle says.
    let before = fs::metadata(identity).map_err(|error| read_error(&error))?;
    may_be_read(&before, identity)?;
    let file = open(identity).map_err(|error| read_error(&error))?;
    let metadata = file.metadata().map_err(|error| read_error(&error))?;
    may_be_read(&metadata, identity)?;
    Ok((file, metadata))
}

fn listed(identity: &Path) -> io::Result<Vec<(OsString, FileType)>> {
    handle::folder(identity).and_then(|folder| handle::entries(&folder))
}

/// Whether a regular file that ends is there.
fn may_be_read(metadata: &fs::Metadata, identity: &Path) -> Result<(), ReadError> {
    if metadata.is_dir() {
        return Err(ReadError::IsFolder);
    }
    if !metadata.is_file() || PSEUDO.iter().any(|folder| identity.starts_with(folder)) {
        return Err(ReadError::NotRegular);
    }
    Ok(())
}

fn owner(metadata: &fs::Metadata) -> Owner {
    let user = metadata.uid();
    if user == 0 || user == rustix::process::geteuid().as_raw() { Owner::Trusted } else { Owner::Other(user) }
}

/// All bytes, or `None` when there are more than `limit`: the `expected` size may be a lie, and a file may grow.
pub(crate) fn read_at_most(reader: impl Read, limit: u64, expected: u64) -> io::Result<Option<Vec<u8>>> {
    // One byte more, so that the end is seen without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(limit)).unwrap_or(0) + 1);
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
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
mod race;
#[cfg(test)]
mod tests;
