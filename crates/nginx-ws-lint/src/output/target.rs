//! The file that `--output` names, through the links that may be followed.
//!
//! Whoever made the judged tree may have put a link where a report is to go: `report.txt` that leads to `~/.bashrc`. What
//! is reported is partly the tree's own text, so writing it there is an attack. Links of a repository or of the judged
//! folders are refused, and so are those of other users, as in `/tmp`; all others are the user's own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use nginx_semantics::repository;
use rustix::fs::Mode;

use crate::disk::{Disk, handle};
use crate::replace::put;

/// The mode of a new file, before the umask.
const MODE: u32 = 0o666;

/// The bits of a mode that say who may read, write and execute.
const PERMISSIONS: u32 = 0o777;

/// As many links are followed as Linux follows.
const MOST_LINKS: usize = 40;

/// Puts `bytes` in the place of a file, or makes it. What is no regular file (`/dev/stderr`, a FIFO) is written to.
pub(super) fn replace(path: &Path, judged: &[PathBuf], bytes: &[u8]) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let Some(identity) = identity(&path, judged)? else {
        // Behind what another program opened may be a log that goes on.
        return fs::OpenOptions::new().append(true).open(&path)?.write_all(bytes);
    };
    let (Some(parent), Some(name)) = (identity.parent(), identity.file_name()) else {
        return Err(ErrorKind::IsADirectory.into());
    };
    let folder = handle::folder(parent)?;
    // Asked of the name in the folder that is open, a link not followed: nobody puts another folder in its place.
    let mode = match handle::mode_in(&folder, name) {
        Ok(mode) if mode.is_file => mode.bits & PERMISSIONS,
        Ok(mode) if mode.is_folder => return Err(ErrorKind::IsADirectory.into()),
        Ok(_) => return handle::written(&folder, name)?.write_all(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return put(&folder, name, bytes, Mode::from_raw_mode(MODE), None);
        }
        Err(error) => return Err(error),
    };
    put(&folder, name, bytes, Mode::RUSR | Mode::WUSR, Some(fs::Permissions::from_mode(mode)))
}

/// An absolute path with its links followed; `None` for one through a link of the system (`/dev/stdout`), which only the
/// system can follow.
fn identity(path: &Path, judged: &[PathBuf]) -> io::Result<Option<PathBuf>> {
    let disk = Disk::default();
    let mut done = PathBuf::from("/");
    let mut left = parts(path);
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        let at = done.join(part);
        let link = fs::symlink_metadata(&at).ok().filter(fs::Metadata::is_symlink);
        let Some(link) = link else {
            done = at;
            continue;
        };
        if is_of_system(&done) {
            return Ok(None);
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(io::Error::other("its links lead in a circle"));
        }
        let is_strangers =
            judged.iter().any(|folder| done.starts_with(folder)) || repository(&disk, &done).is_some();
        let is_own = link.uid() == 0 || link.uid() == rustix::process::geteuid().as_raw();
        let whose = match (is_strangers, is_own) {
            (true, _) => "a link of the tree or its repository",
            (false, false) => "a link of another user",
            (false, true) => {
                let target = fs::read_link(&at)?;
                if target.is_absolute() {
                    done = PathBuf::from("/");
                }
                left.extend(parts(&target));
                continue;
            }
        };
        let at = at.display();
        return Err(io::Error::other(format!("`{at}` is {whose}; name the file that is meant")));
    }
    Ok(Some(done))
}

/// Whether a folder holds links that the kernel makes, to what a program has open.
fn is_of_system(folder: &Path) -> bool {
    folder == Path::new("/dev") || folder.starts_with("/proc")
}

/// The last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    parts.map(OsStr::to_owned).collect()
}
