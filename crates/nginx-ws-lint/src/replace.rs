//! Puts a new text in the place of a file: at any moment, whatever kills the program, the file is the old one or the
//! new one.
//!
//! The new text is written to a file of its own beside it, whose name begins with a dot so that no `include` pattern
//! matches it (glob(3) wants a leading dot spelled out), and renamed over the old one once it is on the disk.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nginx_semantics::Files;

use crate::disk::handle::{self, Access, Folder, Kind};
use crate::disk::{Disk, read_at_most};
use crate::system::{self, Stamp};

/// What the names of new texts begin with.
const PREFIX: &str = ".nginx-ws-lint-";

/// What follows in such a name, as many letters and digits.
const RANDOM: usize = 12;

/// Held while a new text lies beside a file.
static REPLACING: Mutex<()> = Mutex::new(());

/// From here on a signal that ends the program waits until the file that is being replaced is whole, so that it leaves
/// nothing behind.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn wait_for_whole_files() -> io::Result<()> {
    system::let_signals_wait_for(&REPLACING)
}

/// Replaces files inside of the given folders.
///
/// All of it happens in a folder that is open and was reached without following a link, so that no link that is swapped
/// meanwhile has another file replaced than the one that was judged.
pub(crate) struct Replacer<'a> {
    /// Those that were judged: what a path leads to is what it led to then.
    disk: &'a Disk,
    /// Links resolved.
    given: &'a [PathBuf],
}

/// A file that may be replaced.
struct Target {
    folder: Folder,
    name: OsString,
    before: Metadata,
    stamp: Stamp,
}

impl<'a> Replacer<'a> {
    pub(crate) fn new(disk: &'a Disk, given: &'a [PathBuf]) -> Self {
        Self { disk, given }
    }

    /// Whether a file can be replaced that had these bytes when it was judged; if not, why.
    pub(crate) fn may_replace(&self, path: &Path, old: &[u8]) -> Result<(), String> {
        let target = self.target(path, old)?;
        let _whole = REPLACING.lock().unwrap_or_else(PoisonError::into_inner);
        Beside::new(&target.folder).map(drop)
    }

    /// Puts `new` in the place of a file that had the bytes `old` when it was judged; if it cannot, says why, and the
    /// file is as it was.
    pub(crate) fn replace(&self, path: &Path, old: &[u8], new: &[u8]) -> Result<(), String> {
        let Target { folder, name, before, stamp } = self.target(path, old)?;
        let _whole = REPLACING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut beside = Beside::new(&folder)?;
        let failed = |error: io::Error| format!("the new text cannot be written beside it: {error}");
        beside.file.write_all(new).map_err(failed)?;
        system::keep_owner_and_mode(&beside.file, &before)?;
        beside.file.sync_all().map_err(failed)?;
        // While that was written, somebody may have saved the file.
        let now = handle::file_in(&folder, &name).and_then(|file| system::stamp(&file));
        let (_, now) = now.map_err(|error| error.to_string())?;
        if now != stamp {
            return Err("it has changed since it was judged".to_owned());
        }
        beside.take_the_place_of(&name).map_err(|error| format!("it cannot be replaced: {error}"))?;
        // The new text is in its place; that the name is on the disk too is all that is left.
        handle::synced(&folder).map_err(|error| {
            format!("it is replaced, but whether that outlives a power failure is not known: {error}")
        })
    }

    /// The file itself, links resolved, if it may be replaced.
    fn target(&self, path: &Path, old: &[u8]) -> Result<Target, String> {
        let identity = self.disk.identity(path).ok_or_else(|| "it is gone".to_owned())?;
        if !self.given.iter().any(|folder| identity.starts_with(folder)) {
            return Err("it is a link that leads out of the given paths".to_owned());
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        let (Some(parent), Some(name)) = (identity.parent(), identity.file_name()) else {
            return Err("it is not a regular file".to_owned());
        };
        let folder = handle::folder(parent).map_err(failed)?;
        let file = handle::file_in(&folder, name).map_err(failed)?;
        let (before, stamp) = system::stamp(&file).map_err(failed)?;
        if !before.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        if stamp.names > 1 {
            let others = stamp.names - 1;
            let names = if others == 1 { "another name".to_owned() } else { format!("{others} other names") };
            return Err(format!("it has {names} (hard links), which would keep the old text"));
        }
        if before.permissions().readonly() {
            return Err("it is read-only".to_owned());
        }
        handle::appended(&folder, name).map_err(failed)?;
        let expected = old.len() as u64;
        let now = if before.len() == expected { read_at_most(file, expected, expected).ok() } else { None };
        if now.flatten().as_deref() != Some(old) {
            return Err("it has changed since it was judged".to_owned());
        }
        Ok(Target { name: name.to_owned(), folder, before, stamp })
    }
}

/// A file in a folder for the new text of another one in it; gone with the value unless it took that one's place. As
/// long as it is locked somebody works on it.
struct Beside<'f> {
    folder: &'f Folder,
    name: OsString,
    file: File,
    is_in_place: bool,
}

impl<'f> Beside<'f> {
    /// For its owner alone.
    fn new(folder: &'f Folder) -> Result<Self, String> {
        Self::with_access(folder, Access::Owner).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => "no file may be written into its folder".to_owned(),
            _ => format!("no file can be written into its folder: {error}"),
        })
    }

    fn with_access(folder: &'f Folder, access: Access) -> io::Result<Self> {
        // A name that is free; the file is made where the folder is now, whatever its path is.
        let file = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).disable_cleanup(true).make_in(
            "",
            |path| {
                let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
                handle::created(folder, name, access)
            },
        );
        let (file, path) = file?.into_parts();
        let name = path.file_name().map(OsStr::to_owned).unwrap_or_default();
        system::lock(&file);
        Ok(Self { folder, name, file, is_in_place: false })
    }

    fn take_the_place_of(&mut self, name: &OsStr) -> io::Result<()> {
        handle::renamed(self.folder, &self.name, name)?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if !self.is_in_place {
            // One that stays is removed, and told, by the next run.
            let _ = handle::removed(self.folder, &self.name);
        }
    }
}

/// Puts what `write` writes under a name of a folder, whatever was there, once it is whole; with these permissions, or those of
/// new files. A link under that name is replaced itself, not what it leads to.
pub(crate) fn put(
    folder: &Folder,
    name: &OsStr,
    write: impl FnOnce(&mut File) -> io::Result<()>,
    permissions: Option<Permissions>,
) -> io::Result<()> {
    let _whole = REPLACING.lock().unwrap_or_else(PoisonError::into_inner);
    let access = if permissions.is_some() { Access::Owner } else { Access::Usual };
    let mut beside = Beside::with_access(folder, access)?;
    if let Some(permissions) = permissions {
        beside.file.set_permissions(permissions)?;
    }
    write(&mut beside.file)?;
    beside.file.sync_all()?;
    beside.take_the_place_of(name)
}

/// Removes what runs that were killed have left in these folders, links resolved: by file, whether it could be.
pub(crate) fn remove_leftovers(folders: impl Iterator<Item = PathBuf>) -> BTreeMap<PathBuf, io::Result<()>> {
    let mut removed = BTreeMap::new();
    for path in folders {
        let Ok(folder) = handle::folder(&path) else { continue };
        for (name, kind) in handle::entries(&folder).unwrap_or_default() {
            if kind == Kind::File && name.to_str().is_some_and(is_leftover) {
                // What another run works on is locked.
                let is_free = handle::file_in(&folder, &name).is_ok_and(|file| system::is_free(&file));
                if is_free {
                    removed.insert(path.join(&name), handle::removed(&folder, &name));
                }
            }
        }
    }
    removed
}

fn is_leftover(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
