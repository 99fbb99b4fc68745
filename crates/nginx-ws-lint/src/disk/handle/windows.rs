//! Windows opens by whole paths, so the path is made to stay what it is: each folder on the way is held open by a handle
//! that is no link itself (`FILE_FLAG_OPEN_REPARSE_POINT`) and lets nobody delete or rename it (no `FILE_SHARE_DELETE`).
//! As long as a [`Folder`] lives, no other folder and no junction can take the place of one on its way.
//!
//! One gap is Windows' own: an empty folder may become a junction while it is open, by whoever may write in it. Nothing is
//! read there then, but a report to a folder that a stranger may write to can end up in another one, as a new file.
//!
//! Paths get the prefix `\\?\`, behind which no name is a device (`aux.conf`) and none loses a dot at its end.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf, Prefix};

use super::{Access, Kind, Looks, became_a_link, not_resolved};

/// `FILE_TRAVERSE` and `FILE_READ_ATTRIBUTES`: the least with which sharing is looked at.
const THROUGH: u32 = 0x20 | 0x80;
const SHARE_READ: u32 = 1;
const SHARE_WRITE: u32 = 2;
const SHARE_DELETE: u32 = 4;
/// Needed to open a folder (`FILE_FLAG_BACKUP_SEMANTICS`).
const ALSO_FOLDERS: u32 = 0x0200_0000;
/// `FILE_FLAG_OPEN_REPARSE_POINT`: a link itself.
const NO_LINK: u32 = 0x0020_0000;
/// A link, a junction, or what a driver keeps in its own way, such as a file that lies in a cloud.
const REPARSE_POINT: u32 = 0x400;

/// A folder that is open, with all above it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// From the drive on.
    _held: Vec<File>,
}

impl Folder {
    /// The path of a name in it.
    fn at(&self, name: &OsStr) -> io::Result<PathBuf> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            // A colon would name another stream of a file.
            (Some(Component::Normal(only)), None)
                if only == name && !name.as_encoded_bytes().contains(&b':') =>
            {
                Ok(self.path.join(name))
            }
            _ => Err(ErrorKind::NotFound.into()),
        }
    }
}

/// A folder, to open what is in it.
///
/// # Errors
/// Those of the system, and one of its own if a part of the path is a link or no name.
pub(crate) fn folder(identity: &Path) -> io::Result<Folder> {
    let mut parts = identity.components();
    let (Some(Component::Prefix(prefix)), Some(Component::RootDir)) = (parts.next(), parts.next()) else {
        return Err(not_resolved());
    };
    let Prefix::Disk(drive) = prefix.kind() else { return Err(not_resolved()) };
    let path = PathBuf::from(format!("\\\\?\\{}:\\", char::from(drive)));
    let mut folder = Folder { _held: vec![held(&path)?], path };
    for part in parts {
        let Component::Normal(name) = part else { return Err(not_resolved()) };
        folder.path = folder.at(name)?;
        folder._held.push(held(&folder.path)?);
    }
    Ok(folder)
}

/// A folder that is there as long as the handle lives.
fn held(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.access_mode(THROUGH).share_mode(SHARE_READ | SHARE_WRITE).custom_flags(ALSO_FOLDERS | NO_LINK);
    let folder = options.open(path)?;
    let metadata = folder.metadata()?;
    if metadata.is_symlink() {
        return Err(became_a_link());
    }
    if !metadata.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    Ok(folder)
}

/// A file of a folder that is open, for reading, of whatever kind: the caller asks the handle.
///
/// # Errors
/// As [`folder`].
pub(crate) fn file_in(folder: &Folder, name: &OsStr) -> io::Result<File> {
    opened(&folder.at(name)?, OpenOptions::new().read(true))
}

/// A file for writing at its end.
///
/// # Errors
/// As [`folder`].
pub(crate) fn appended(folder: &Folder, name: &OsStr) -> io::Result<File> {
    opened(&folder.at(name)?, OpenOptions::new().append(true))
}

/// What is no regular file for writing: there is none in a folder of Windows.
///
/// # Errors
/// As [`folder`].
pub(crate) fn written(folder: &Folder, name: &OsStr) -> io::Result<File> {
    appended(folder, name)
}

fn opened(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = no_link(options.custom_flags(ALSO_FOLDERS | NO_LINK).open(path)?)?;
    if file.metadata()?.file_attributes() & REPARSE_POINT == 0 {
        return Ok(file);
    }
    // What a driver keeps is read through the driver. Held like a folder, it stays what it is meanwhile.
    let mut pinned = OpenOptions::new();
    pinned.access_mode(THROUGH).share_mode(SHARE_READ | SHARE_WRITE).custom_flags(ALSO_FOLDERS | NO_LINK);
    let _pinned = no_link(pinned.open(path)?)?;
    options.custom_flags(ALSO_FOLDERS).open(path)
}

fn no_link(file: File) -> io::Result<File> {
    if file.metadata()?.is_symlink() { Err(became_a_link()) } else { Ok(file) }
}

/// A file that was not there before. Who may use it, its folder says, whatever is asked for. Nobody else opens it before it
/// is closed, so that it is as good as locked, but it may be renamed.
///
/// # Errors
/// Those of the system.
pub(crate) fn created(folder: &Folder, name: &OsStr, _access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).share_mode(SHARE_DELETE).custom_flags(NO_LINK);
    options.open(folder.at(name)?)
}

/// Asks what a name in a folder is.
///
/// # Errors
/// Those of the system.
pub(crate) fn looks_in(folder: &Folder, name: &OsStr) -> io::Result<Looks> {
    let metadata: Metadata = fs::symlink_metadata(folder.at(name)?)?;
    Ok(Looks { kind: kind(metadata.file_type()), permissions: metadata.permissions() })
}

/// Gives a file the name of another one in the same folder, which is gone then.
///
/// # Errors
/// Those of the system, such as that another program has the other one open.
pub(crate) fn renamed(folder: &Folder, from: &OsStr, to: &OsStr) -> io::Result<()> {
    fs::rename(folder.at(from)?, folder.at(to)?)
}

/// Removes a file.
///
/// # Errors
/// Those of the system.
pub(crate) fn removed(folder: &Folder, name: &OsStr) -> io::Result<()> {
    fs::remove_file(folder.at(name)?)
}

/// Windows cannot be asked to wait until names are on the disk. NTFS keeps a journal of them, so that after a power failure
/// a name leads to the old file or the new one, whose bytes are on the disk by then.
///
/// # Errors
/// None.
pub(crate) fn synced(_folder: &Folder) -> io::Result<()> {
    Ok(())
}

/// What is in a folder, with its kind, links not followed.
///
/// # Errors
/// Those of the system.
pub(crate) fn entries(folder: &Folder) -> io::Result<Vec<(OsString, Kind)>> {
    fs::read_dir(&folder.path)?
        .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), kind(entry.file_type()?)))))
        .collect()
}

/// Junctions are links too.
fn kind(of: FileType) -> Kind {
    if of.is_symlink() {
        Kind::Link
    } else if of.is_dir() {
        Kind::Folder
    } else if of.is_file() {
        Kind::File
    } else {
        Kind::Special
    }
}
