//! Opens files and folders by their identity, the path without links that was judged, and follows none: what is opened
//! is what was judged, even if somebody puts a link in its place meanwhile.
//!
//! Each folder on the way is opened relative to the one before with `O_NOFOLLOW`. `openat2` with `RESOLVE_NO_SYMLINKS`
//! would do the same in one call, but containers may forbid it (seccomp) and only Linux has it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fsync, open, openat, renameat, statat, unlinkat};

/// To pass through, which needs no permission to list.
#[cfg(target_os = "linux")]
const THROUGH: OFlags = OFlags::PATH;
/// Elsewhere every folder on the way must be readable.
#[cfg(not(target_os = "linux"))]
const THROUGH: OFlags = OFlags::RDONLY;

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
pub(crate) fn folder(identity: &Path) -> io::Result<OwnedFd> {
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

/// A file for reading, of whatever kind: the caller asks the handle.
///
/// # Errors
/// As [`folder`].
pub(crate) fn file(identity: &Path) -> io::Result<File> {
    let (Some(parent), Some(name)) = (identity.parent(), identity.file_name()) else {
        return Err(ErrorKind::IsADirectory.into());
    };
    file_in(&folder(parent)?, name)
}

/// The same for a name in a folder that is open.
///
/// # Errors
/// As [`folder`].
pub(crate) fn file_in(folder: &OwnedFd, name: &OsStr) -> io::Result<File> {
    step(folder, name, FILE).map(File::from)
}

/// A file for writing at its end.
///
/// # Errors
/// As [`folder`].
pub(crate) fn appended(folder: &OwnedFd, name: &OsStr) -> io::Result<File> {
    step(folder, name, FILE.union(OFlags::WRONLY).union(OFlags::APPEND)).map(File::from)
}

/// A device or FIFO for writing; waits until somebody reads from a FIFO.
///
/// # Errors
/// As [`folder`].
pub(crate) fn written(folder: &OwnedFd, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    step(folder, name, flags).map(File::from)
}

/// A file that was not there before; the umask takes bits of the mode away.
///
/// # Errors
/// Those of the system.
pub(crate) fn created(folder: &OwnedFd, name: &OsStr, mode: Mode) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, mode)?.into())
}

/// What a name in a folder is, a link not followed.
pub(crate) struct Looks {
    pub(crate) is_file: bool,
    pub(crate) is_folder: bool,
    /// The mode.
    pub(crate) bits: u32,
}

/// Asks what a name in a folder is.
///
/// # Errors
/// Those of the system.
pub(crate) fn mode_in(folder: &OwnedFd, name: &OsStr) -> io::Result<Looks> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let (is_file, is_folder) = (kind == FileType::RegularFile, kind == FileType::Directory);
    Ok(Looks { is_file, is_folder, bits: stat.st_mode })
}

/// Gives a file the name of another one in the same folder, which is gone then.
///
/// # Errors
/// Those of the system.
pub(crate) fn renamed(folder: &OwnedFd, from: &OsStr, to: &OsStr) -> io::Result<()> {
    Ok(renameat(folder, from, folder, to)?)
}

/// Removes a file.
///
/// # Errors
/// Those of the system.
pub(crate) fn removed(folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    Ok(unlinkat(folder, name, AtFlags::empty())?)
}

/// Waits until the names in a folder are on the disk.
///
/// # Errors
/// Those of the system.
pub(crate) fn synced(folder: &OwnedFd) -> io::Result<()> {
    Ok(fsync(listed(folder)?)?)
}

/// The same folder to list, for the handle may be one to pass through only.
fn listed(folder: &OwnedFd) -> io::Result<OwnedFd> {
    Ok(openat(folder, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// What is in a folder, with its kind, links not followed.
///
/// # Errors
/// Those of the system.
pub(crate) fn entries(folder: &OwnedFd) -> io::Result<Vec<(OsString, FileType)>> {
    let mut entries = Vec::new();
    for entry in Dir::new(listed(folder)?)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not tell.
            FileType::Unknown => kind_in(folder, name).unwrap_or(FileType::Unknown),
            kind => kind,
        };
        entries.push((name.to_owned(), kind));
    }
    Ok(entries)
}

/// The kind of a name in a folder, a link being one.
fn kind_in(folder: &OwnedFd, name: &OsStr) -> Option<FileType> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(FileType::from_raw_mode(stat.st_mode))
}

fn step(folder: &OwnedFd, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    openat(folder, name, flags, Mode::empty()).map_err(|error| {
        // Not a folder, or a loop, is what the system says of a link that it must not follow.
        if kind_in(folder, name) == Some(FileType::Symlink) { became_a_link() } else { error.into() }
    })
}

fn became_a_link() -> io::Error {
    io::Error::other("a link has taken its place")
}

fn not_resolved() -> io::Error {
    io::Error::other("its path has links that could not be resolved")
}
