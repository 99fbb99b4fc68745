//! Opens files and folders by their identity, the path without links that was judged, and follows none: what is opened
//! is what was judged, even if somebody puts a link in its place meanwhile. Each system has its own way to do that.

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind};
use std::path::Path;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{
    Folder, appended, created, entries, file_in, folder, looks_in, removed, renamed, synced, written,
};
#[cfg(windows)]
pub(crate) use windows::{
    Folder, appended, created, entries, file_in, folder, looks_in, removed, renamed, synced, written,
};

/// What is under a name, a link not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, whatever it leads to.
    Link,
    /// A FIFO, socket or device, or what the system does not tell.
    Special,
}

/// What a name in a folder is, a link not followed.
pub(crate) struct Looks {
    /// What is there.
    pub(crate) kind: Kind,
    /// Who may do what with it.
    pub(crate) permissions: Permissions,
}

/// Who may use a new file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    /// Its owner alone.
    Owner,
    /// Whoever may by the rules for new files: the umask, or the permissions of the folder.
    Usual,
}

/// A file for reading by its identity, of whatever kind: the caller asks the handle.
///
/// # Errors
/// Those of [`folder`] and [`file_in`].
pub(crate) fn file(identity: &Path) -> io::Result<File> {
    let (Some(parent), Some(name)) = (identity.parent(), identity.file_name()) else {
        return Err(ErrorKind::IsADirectory.into());
    };
    file_in(&folder(parent)?, name)
}

fn became_a_link() -> io::Error {
    io::Error::other("a link has taken its place")
}

fn not_resolved() -> io::Error {
    io::Error::other("its path has links that could not be resolved")
}
