//! The file that `--output` names, through the links that may be followed.
//!
//! Whoever made the judged tree may have put a link where a report is to go: `report.txt` that leads to `~/.bashrc`. What
//! is reported is partly the tree's own text, so writing it there is an attack. Links of a repository or of the judged
//! folders are refused, and so are those of other users, as in `/tmp`; all others are the user's own.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nginx_semantics::{Followed, follow_links, repository};
use rustix::fs::Mode;

use crate::disk::{Disk, handle};
use crate::replace::put;

/// The mode of a new file, before the umask.
const MODE: u32 = 0o666;

/// The bits of a mode that say who may read, write and execute.
const PERMISSIONS: u32 = 0o777;

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
    let mode = match handle::mode_in(&folder, name) {
        Ok(mode) if mode.is_file => mode.bits & PERMISSIONS,
        Ok(mode) if mode.is_folder => return Err(ErrorKind::IsADirectory.into()),
        Ok(_) => return write(&mut handle::written(&folder, name)?),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return put(&folder, name, write, Mode::from_raw_mode(MODE), None);
        }
        Err(error) => return Err(error),
    };
    put(&folder, name, write, Mode::RUSR | Mode::WUSR, Some(fs::Permissions::from_mode(mode)))
}

/// An absolute path with its links followed; `None` for one through a link of the system (`/dev/stdout`), which only the
/// system can follow.
fn identity(path: &Path, judged: &[PathBuf]) -> io::Result<Option<PathBuf>> {
    let disk = Disk::default();
    let mut is_open_already = false;
    let followed = follow_links(path, |folder, at| {
        let link = fs::symlink_metadata(at).ok().filter(fs::Metadata::is_symlink);
        let Some(link) = link else { return Ok(None) };
        if is_open_already || is_of_system(folder) {
            is_open_already = true;
            return Ok(None);
        }
        let is_strangers =
            judged.iter().any(|judged| folder.starts_with(judged)) || repository(&disk, folder).is_some();
        let is_own = link.uid() == 0 || link.uid() == rustix::process::geteuid().as_raw();
        let whose = match (is_strangers, is_own) {
            (true, _) => "a link of the tree or its repository",
            (false, false) => "a link of another user",
            (false, true) => return fs::read_link(at).map(Some),
        };
        let at = at.display();
        Err(io::Error::other(format!("`{at}` is {whose}; name the file that is meant")))
    });
    match followed? {
        _ if is_open_already => Ok(None),
        Followed::To(path) => Ok(Some(path)),
        Followed::Loop(_) => Err(io::Error::other("its links lead in a circle")),
    }
}

/// Whether a folder holds links that the kernel makes, to what a program has open.
fn is_of_system(folder: &Path) -> bool {
    folder == Path::new("/dev") || folder.starts_with("/proc")
}
