//! The files of this machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nginx_semantics::{Files, Met, MetKind, Owner, ReadError, is_passed_over};

use self::handle::{Folder, Kind};
use self::identities::Identities;
use crate::system::{self, is_pseudo, owner};

pub(crate) mod handle;
mod identities;

/// No configuration is larger; a log file given by mistake is.
pub(crate) const LARGEST: u64 = 256 * 1024 * 1024;

/// No tree of configuration has more folders in each other; each costs the more to open the deeper it lies.
const DEEPEST: usize = 128;

/// Linux opens no path of so many bytes (`PATH_MAX`). Such a path is no name that is missing: somebody went there.
const LONGEST_PATH: usize = 4096;

/// The files of this machine.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// Folders that could not be listed: [`Files`] has no word for them, but a run that missed them is incomplete.
    unlisted: Mutex<BTreeMap<PathBuf, String>>,
    identities: Identities,
    /// The folder of the file that was opened last, with its identity: all files of a folder come one after the other, and
    /// each folder on the way to one costs two system calls.
    folder: Mutex<Option<(PathBuf, Arc<Folder>)>>,
}

impl Disk {
    /// The folders that should have been listed and could not be, and why.
    pub(crate) fn unlisted(&self) -> BTreeMap<PathBuf, String> {
        locked(&self.unlisted).clone()
    }

    /// A regular file that ends, open, with what the handle says of it.
    fn opened(&self, identity: &Path) -> Result<(File, fs::Metadata), ReadError> {
        // Opening alone may do something to a device, so the kind is asked for first; whether it still is that kind, the
        // handle says.
        let in_folder = self.folder_of(identity).ok().zip(identity.file_name());
        let is_file = in_folder.as_ref().is_some_and(|(folder, name)| {
            handle::looks_in(folder, name).is_ok_and(|looks| looks.kind == Kind::File)
        });
        if is_pseudo(identity) || !is_file {
            let before = system::metadata(identity).map_err(|error| read_error(&error))?;
            may_be_read(&before, identity)?;
        }
        // What is gone from the folder that is open may be in one that has taken its place.
        let open = in_folder.and_then(|(folder, name)| handle::file_in(&folder, name).ok());
        let file = open.map_or_else(|| handle::file(identity), Ok).map_err(|error| read_error(&error))?;
        let metadata = file.metadata().map_err(|error| read_error(&error))?;
        may_be_read(&metadata, identity)?;
        Ok((file, metadata))
    }

    /// The folder of a file, opened unless it was the last one: a folder that is open stays the one that was judged,
    /// whatever takes its place.
    fn folder_of(&self, identity: &Path) -> io::Result<Arc<Folder>> {
        let parent = identity.parent().ok_or(ErrorKind::NotFound)?;
        let last =
            locked(&self.folder).as_ref().filter(|(path, _)| path == parent).map(|(_, open)| open.clone());
        if let Some(folder) = last {
            return Ok(folder);
        }
        let folder = Arc::new(handle::folder(parent)?);
        *locked(&self.folder) = Some((parent.to_owned(), folder.clone()));
        Ok(folder)
    }

    /// What is in a folder, with its kind, links not followed.
    fn listed(&self, identity: &Path) -> Vec<(OsString, Kind)> {
        let entries = handle::folder(identity).and_then(|folder| handle::entries(&folder));
        match entries {
            Ok(entries) => {
                self.identities.keep_listing(identity, &entries);
                entries
            }
            Err(error) => {
                self.note(identity, &error);
                Vec::new()
            }
        }
    }

    fn note(&self, folder: &Path, error: &io::Error) {
        // What is no folder, or no more, has nothing to list.
        if !is_absence(error) {
            locked(&self.unlisted).insert(folder.to_owned(), in_words(error));
        }
    }
}

impl Files for Disk {
    fn read_owned(&self, identity: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        let (file, metadata) = self.opened(identity)?;
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
        let (mut file, metadata) = self.opened(identity)?;
        let expected = usize::try_from(metadata.len().saturating_sub(from)).unwrap_or(most).min(most);
        let mut bytes = Vec::with_capacity(expected);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let at_start = if from > 0 { file.seek(SeekFrom::Start(from)).map(drop) } else { Ok(()) };
        let read = at_start.and_then(|()| file.take(most).read_to_end(&mut bytes));
        read.map_err(|error| read_error(&error))?;
        Ok(bytes)
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        self.identities.of(path)
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        if system::may_be_asked(path) { system::link_target(path).ok() } else { None }
    }

    fn owner(&self, identity: &Path) -> Option<Owner> {
        let metadata =
            if system::may_be_asked(identity) { fs::symlink_metadata(identity).ok() } else { None };
        metadata.map(|metadata| owner(&metadata))
    }

    fn names(&self, identity: &Path) -> Vec<OsString> {
        self.listed(identity).into_iter().map(|(name, _)| name).collect()
    }

    fn is_folder(&self, path: &Path) -> bool {
        system::metadata(path).is_ok_and(|metadata| metadata.is_dir())
    }

    fn walk(&self, identity: &Path) -> Vec<Met> {
        enum Step {
            Into(PathBuf),
            Found(Met),
        }
        let mut found = Vec::new();
        // What is still to come, the last first. The names of one folder are quickly sorted, whole paths are not.
        let mut steps = vec![Step::Into(PathBuf::new())];
        while let Some(step) = steps.pop() {
            let folder = match step {
                Step::Into(folder) => folder,
                Step::Found(met) => {
                    found.push(met);
                    continue;
                }
            };
            let path = identity.join(&folder);
            if folder.components().count() > DEEPEST {
                self.note(&path, &io::Error::other(format!("it lies more than {DEEPEST} folders deep")));
                continue;
            }
            let mut entries = self.listed(&path);
            entries.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
            for (name, kind) in entries {
                if path.as_os_str().len() + 1 + name.len() >= LONGEST_PATH {
                    self.note(&path, &io::Error::other("the paths of what is in it are too long"));
                    continue;
                }
                let kind = match kind {
                    Kind::Folder if !is_passed_over(&name) => {
                        steps.push(Step::Into(folder.join(name)));
                        continue;
                    }
                    Kind::Folder => MetKind::PassedOver,
                    Kind::File => MetKind::File,
                    // `sites-enabled` is made of links.
                    Kind::Link => match system::metadata(&path.join(&name)) {
                        Ok(target) if target.is_file() => MetKind::File,
                        Ok(target) if target.is_dir() => MetKind::LinkedFolder,
                        Ok(_) => MetKind::Special,
                        Err(_) => MetKind::BrokenLink,
                    },
                    Kind::Special => MetKind::Special,
                };
                steps.push(Step::Found(Met { path: folder.join(name), kind }));
            }
        }
        found
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half done where a thread could panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a regular file that ends is there.
fn may_be_read(metadata: &fs::Metadata, identity: &Path) -> Result<(), ReadError> {
    if metadata.is_dir() {
        return Err(ReadError::IsFolder);
    }
    if !metadata.is_file() || is_pseudo(identity) {
        return Err(ReadError::NotRegular);
    }
    Ok(())
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
    use ErrorKind::{InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidInput) || system::is_too_long(error)
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
#[cfg(unix)]
mod race;
#[cfg(test)]
#[cfg(unix)]
mod tests;
