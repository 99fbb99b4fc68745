//! The file that `--output` names, through the links that may be followed.
//!
//! Whoever made the judged tree may have put a link where a report is to go: `report.txt` that leads to `~/.bashrc`. What
//! is reported is partly the tree's own text, so writing it there is an attack. Links of a repository or of the judged
//! folders are refused, and so are those of other users, as in `/tmp`; all others are the user's own.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use nginx_semantics::{Followed, follow_links, repository, slashed};

use crate::disk::Disk;
use crate::disk::handle::{self, Kind};
use crate::replace::put;
use crate::system;

/// Puts what `write` writes in the place of a file, or makes it. What is no regular file (`/dev/stderr`, a FIFO) is
/// written to.
pub(super) fn replace(
    path: &Path,
    judged: &[PathBuf],
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let Some(identity) = identity(&path, judged)? else {
        // Behind what another program opened may be a log that goes on.
        return write(&mut File::options().append(true).open(&path)?);
    };
    let (Some(parent), Some(name)) = (identity.parent(), identity.file_name()) else {
        return Err(ErrorKind::IsADirectory.into());
    };
    let folder = handle::folder(parent)?;
    // Asked of the name in the folder that is open, a link not followed: nobody puts another folder in its place.
    let looks = match handle::looks_in(&folder, name) {
        Ok(looks) => looks,
        Err(error) if error.kind() == ErrorKind::NotFound => return put(&folder, name, write, None),
        Err(error) => return Err(error),
    };
    match looks.kind {
        Kind::File => put(&folder, name, write, Some(looks.permissions)),
        Kind::Folder => Err(ErrorKind::IsADirectory.into()),
        Kind::Link | Kind::Special => write(&mut handle::written(&folder, name)?),
    }
}

/// An absolute path with its links followed; `None` for one through a link of the system (`/dev/stdout`), which only the
/// system can follow.
fn identity(path: &Path, judged: &[PathBuf]) -> io::Result<Option<PathBuf>> {
    let disk = Disk::default();
    if system::is_device(path) {
        return Ok(None);
    }
    let mut is_open_already = false;
    let followed = follow_links(path, |folder, at| {
        let link = fs::symlink_metadata(at).ok().filter(fs::Metadata::is_symlink);
        let Some(link) = link else { return Ok(None) };
        if is_open_already || system::has_open_files(folder) {
            is_open_already = true;
            return Ok(None);
        }
        let is_strangers =
            judged.iter().any(|judged| folder.starts_with(judged)) || repository(&disk, folder).is_some();
        let whose = match (is_strangers, system::is_own(&link)) {
            (true, _) => "a link of the tree or its repository",
            (false, false) => system::FOREIGN_LINK,
            (false, true) => return system::link_target(at).map(Some),
        };
        let at = slashed(at);
        Err(io::Error::other(format!("`{at}` is {whose}; name the file that is meant")))
    });
    match followed? {
        _ if is_open_already => Ok(None),
        Followed::To(path) => Ok(Some(path)),
        Followed::Loop(_) => Err(io::Error::other("its links lead in a circle")),
    }
}
