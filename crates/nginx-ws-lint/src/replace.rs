//! Puts a new text in the place of a file: at any moment, whatever kills the program, the file is the old one or the
//! new one.
//!
//! The new text is written to a file of its own beside it, whose name begins with a dot so that no `include` pattern
//! matches it (glob(3) wants a leading dot spelled out), and renamed over the old one once it is on the disk.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::NamedTempFile;

/// What the names of new texts begin with.
const PREFIX: &str = ".nginx-ws-lint-";

/// What follows in such a name, as many letters and digits.
const RANDOM: usize = 12;

/// The bits of a mode that say who may do what.
const MODE: u32 = 0o7777;

/// Held while a new text lies beside a file.
static REPLACING: Mutex<()> = Mutex::new(());

/// From here on a signal that ends the program waits until the file that is being replaced is whole, so that it leaves
/// nothing behind.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn wait_for_whole_files() -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            // Held until the end, so that no further file is begun.
            let _whole = REPLACING.lock().unwrap_or_else(PoisonError::into_inner);
            // Where even this fails, the next signal is another try.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// Replaces files inside of the given folders.
pub(crate) struct Replacer<'a> {
    /// Links resolved.
    given: &'a [PathBuf],
}

impl<'a> Replacer<'a> {
    pub(crate) fn new(given: &'a [PathBuf]) -> Self {
        Self { given }
    }

    /// Whether a file can be replaced that had these bytes when it was judged; if not, why.
    pub(crate) fn may_replace(&self, path: &Path, old: &[u8]) -> Result<(), String> {
        let (target, _) = self.target(path, old)?;
        let folder = target.parent().unwrap_or(Path::new("/"));
        let _whole = REPLACING.lock().unwrap_or_else(PoisonError::into_inner);
        beside(folder).map(drop)
    }

    /// Puts `new` in the place of a file that had the bytes `old` when it was judged; if it cannot, says why, and the
    /// file is as it was.
    pub(crate) fn replace(&self, path: &Path, old: &[u8], new: &[u8]) -> Result<(), String> {
        let (target, before) = self.target(path, old)?;
        let folder = target.parent().unwrap_or(Path::new("/"));
        let _whole = REPLACING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = beside(folder)?;
        let failed = |error: io::Error| format!("the new text cannot be written beside it: {error}");
        file.write_all(new).map_err(failed)?;
        keep_owner_and_mode(file.as_file(), &before)?;
        file.as_file().sync_all().map_err(failed)?;
        // While that was written, somebody may have saved the file.
        let now = fs::symlink_metadata(&target).map_err(|error| error.to_string())?;
        let looks = |of: &Metadata| (of.dev(), of.ino(), of.len(), of.mtime(), of.mtime_nsec(), of.nlink());
        if looks(&now) != looks(&before) {
            return Err("it has changed since it was judged".to_owned());
        }
        file.persist(&target).map_err(|error| format!("it cannot be replaced: {}", error.error))?;
        // The new text is in its place; that the name is on the disk too is all that is left.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| {
            format!("it is replaced, but whether that outlives a power failure is not known: {error}")
        })
    }

    /// The file itself, links resolved, if it may be replaced.
    fn target(&self, path: &Path, old: &[u8]) -> Result<(PathBuf, Metadata), String> {
        let target = fs::canonicalize(path).map_err(|error| error.to_string())?;
        if !self.given.iter().any(|folder| target.starts_with(folder)) {
            return Err("it is a link that leads out of the given paths".to_owned());
        }
        let metadata = fs::symlink_metadata(&target).map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        if metadata.nlink() > 1 {
            let others = metadata.nlink() - 1;
            let names = if others == 1 { "another name".to_owned() } else { format!("{others} other names") };
            return Err(format!("it has {names} (hard links), which would keep the old text"));
        }
        if metadata.permissions().mode() & 0o222 == 0 {
            return Err("it is read-only".to_owned());
        }
        File::options().append(true).open(&target).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        })?;
        let is_same = metadata.len() == old.len() as u64 && fs::read(&target).is_ok_and(|now| now == old);
        if !is_same {
            return Err("it has changed since it was judged".to_owned());
        }
        Ok((target, metadata))
    }
}

/// An empty file in a folder, for the new text of another one in it. As long as it is locked somebody works on it.
fn beside(folder: &Path) -> Result<NamedTempFile, String> {
    let file = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempfile_in(folder);
    let file = file.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => "no file may be written into its folder".to_owned(),
        _ => format!("no file can be written into its folder: {error}"),
    })?;
    // Some file systems know no locks; nothing is lost then but that two runs at once may disturb each other.
    let _ = file.as_file().lock();
    Ok(file)
}

fn keep_owner_and_mode(file: &File, before: &Metadata) -> Result<(), String> {
    let now = file.metadata().map_err(|error| error.to_string())?;
    if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid()))
            .map_err(|error| format!("its owner and group cannot be kept: {error}"))?;
    }
    // After the owner, for a change of that takes bits away.
    let mode = Permissions::from_mode(before.mode() & MODE);
    file.set_permissions(mode).map_err(|error| format!("its mode cannot be kept: {error}"))
}

/// Removes what runs that were killed have left in these folders: by file, whether it could be.
pub(crate) fn remove_leftovers(folders: impl Iterator<Item = PathBuf>) -> BTreeMap<PathBuf, io::Result<()>> {
    let mut removed = BTreeMap::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && entry.file_name().to_str().is_some_and(is_leftover) {
                let path = entry.path();
                // What another run works on is locked.
                let is_free = File::open(&path)
                    .is_ok_and(|file| !matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
                if is_free {
                    let result = fs::remove_file(&path);
                    removed.insert(path, result);
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
mod tests;
