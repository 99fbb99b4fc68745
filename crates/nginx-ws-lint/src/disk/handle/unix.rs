//! Each folder on the way is opened relative to the one before with `O_NOFOLLOW`. `openat2` with `RESOLVE_NO_SYMLINKS`
//! would do the same in one call, but containers may forbid it (seccomp) and only Linux has it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fsync, open, openat, renameat, statat, unlinkat};

use super::{Access, Kind, Looks, became_a_link, not_resolved};

/// A folder that is open.
pub(crate) type Folder = OwnedFd;

/// To pass through, which needs no permission to list.
#[cfg(target_os = "linux")]
const THROUGH: OFlags = OFlags::PATH;
/// Elsewhere every folder on the way must be readable.
#[cfg(not(target_os = "linux"))]
const THROUGH: OFlags = OFlags::RDONLY;

/// The mode of a new file, before the umask.
const USUAL: u32 = 0o666;

/// The bits of a mode that say who may read, write and execute.
const PERMISSIONS: u32 = 0o777;

const FOLDER: OFlags = THROUGH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A FIFO that takes the place of a file must not wait for a writer, a terminal not become the program's own.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A folder, to open what is in it.
///
/// # Errors
/// Those of the system, and one of its own if a part of the path is a link or no name.
pub(crate) fn folder(identity: &Path) -> io::Result<Folder> {
    let mut parts = identity.components();
    if parts.next() != Some(Component::RootDir) {
        return Err(not_resolved());
    }
    let mut folder = open("/", FOLDER, Mode::empty())?;
    for part in parts {
        let Component::Normal(name) = part else { return Err(not_resolved()) };
        folder = step(&folder, name, FOLDER)?;
    }
    Ok(folder)
}

/// A file of a folder that is open, for reading, of whatever kind: the caller asks the handle.
///
/// # Errors
/// As [`folder`].
pub(crate) fn file_in(folder: &Folder, name: &OsStr) -> io::Result<File> {
    step(folder, name, FILE).map(File::from)
}

/// A file for writing at its end.
///
/// # Errors
/// As [`folder`].
pub(crate) fn appended(folder: &Folder, name: &OsStr) -> io::Result<File> {
    step(folder, name, FILE.union(OFlags::WRONLY).union(OFlags::APPEND)).map(File::from)
}

/// A device or FIFO for writing; waits until somebody reads from a FIFO.
///
/// # Errors
/// As [`folder`].
pub(crate) fn written(folder: &Folder, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    step(folder, name, flags).map(File::from)
}

/// A file that was not there before.
///
/// # Errors
/// Those of the system.
pub(crate) fn created(folder: &Folder, name: &OsStr, access: Access) -> io::Result<File> {
    let mode = match access {
        Access::Owner => Mode::RUSR | Mode::WUSR,
        Access::Usual => Mode::from_raw_mode(USUAL),
    };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, mode)?.into())
}

/// Asks what a name in a folder is.
///
/// # Errors
/// Those of the system.
pub(crate) fn looks_in(folder: &Folder, name: &OsStr) -> io::Result<Looks> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = of_system(FileType::from_raw_mode(stat.st_mode));
    Ok(Looks { kind, permissions: Permissions::from_mode(stat.st_mode & PERMISSIONS) })
}

/// Gives a file the name of another one in the same folder, which is gone then.
///
/// # Errors
/// Those of the system.
pub(crate) fn renamed(folder: &Folder, from: &OsStr, to: &OsStr) -> io::Result<()> {
    Ok(renameat(folder, from, folder, to)?)
}

/// Removes a file.
///
/// # Errors
/// Those of the system.
pub(crate) fn removed(folder: &Folder, name: &OsStr) -> io::Result<()> {
    Ok(unlinkat(folder, name, AtFlags::empty())?)
}

/// Waits until the names in a folder are on the disk.
///
/// # Errors
/// Those of the system.
pub(crate) fn synced(folder: &Folder) -> io::Result<()> {
    Ok(fsync(listed(folder)?)?)
}

/// The same folder to list, for the handle may be one to pass through only.
fn listed(folder: &Folder) -> io::Result<OwnedFd> {
    Ok(openat(folder, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// What is in a folder, with its kind, links not followed.
///
/// # Errors
/// Those of the system.
pub(crate) fn entries(folder: &Folder) -> io::Result<Vec<(OsString, Kind)>> {
    let mut entries = Vec::new();
    for entry in Dir::new(listed(folder)?)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not tell.
            FileType::Unknown => kind_in(folder, name).unwrap_or(Kind::Special),
            kind => of_system(kind),
        };
        entries.push((name.to_owned(), kind));
    }
    Ok(entries)
}

/// The kind of a name in a folder, a link being one.
fn kind_in(folder: &Folder, name: &OsStr) -> Option<Kind> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(of_system(FileType::from_raw_mode(stat.st_mode)))
}

fn of_system(kind: FileType) -> Kind {
    match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        _ => Kind::Special,
    }
}

fn step(folder: &Folder, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    openat(folder, name, flags, Mode::empty()).map_err(|error| {
        // Not a folder, or a loop, is what the system says of a link that it must not follow.
        if kind_in(folder, name) == Some(Kind::Link) { became_a_link() } else { error.into() }
    })
}
