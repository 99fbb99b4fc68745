//! Linux, macOS and other systems with Unix's calls.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use nginx_semantics::Owner;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Regular files by their looks, of which some never end and some wait for an event when read.
const PSEUDO: [&str; 2] = ["/proc", "/sys"];

/// The bits of a mode that say who may do what.
const MODE: u32 = 0o7777;

/// What a link is called whose owner is not trusted.
pub(crate) const FOREIGN_LINK: &str = "a link of another user";

/// Whether the system may be asked about a path that a stranger wrote: asking does nothing here.
pub(crate) fn may_be_asked(_path: &Path) -> bool {
    true
}

/// The path with all links resolved.
///
/// # Errors
/// Those of the system.
pub(crate) fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// What is at a path, links followed.
///
/// # Errors
/// Those of the system.
pub(crate) fn metadata(path: &Path) -> io::Result<Metadata> {
    fs::metadata(path)
}

/// What a link leads to, as it says.
///
/// # Errors
/// Those of the system, such as that it is no link.
pub(crate) fn link_target(path: &Path) -> io::Result<PathBuf> {
    fs::read_link(path)
}

/// The folder and the name of a path, by its text: not of `a/..`, nor of `a/`, which must be a folder.
pub(crate) fn split(path: &Path) -> Option<(&Path, &OsStr)> {
    let text = path.as_os_str().as_bytes();
    let start = text.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let (folder, name) = text.split_at_checked(start)?;
    let folder = match folder {
        b"" => b".",
        b"/" => folder,
        _ => folder.strip_suffix(b"/")?,
    };
    let is_plain = !matches!(name, b"" | b"." | b"..");
    is_plain.then_some((Path::new(OsStr::from_bytes(folder)), OsStr::from_bytes(name)))
}

/// The path of these bytes, as git prints one.
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// The path in a `file` URI, without `file://`.
pub(crate) fn path_of_uri(text: &str) -> &str {
    text
}

/// Whether a path of that length is opened nowhere.
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NAMETOOLONG)
}

/// Whether a file only looks like a regular one.
pub(crate) fn is_pseudo(identity: &Path) -> bool {
    PSEUDO.iter().any(|folder| identity.starts_with(folder))
}

/// Whether a path names what a program has open, such as `/dev/stdout` or that of `<(command)`: it lies in no folder that
/// paths could be relative to.
pub(crate) fn is_of_system(file: &Path) -> bool {
    ["/dev", "/proc"].iter().any(|folder| file.starts_with(folder))
}

/// Whether a path is a device wherever it lies: none is, a device has a place here.
pub(crate) fn is_device(_path: &Path) -> bool {
    false
}

/// Whether a folder holds links that the kernel makes, to what a program has open.
pub(crate) fn has_open_files(folder: &Path) -> bool {
    folder == Path::new("/dev") || folder.starts_with("/proc")
}

/// Who owns a file.
pub(crate) fn owner(metadata: &Metadata) -> Owner {
    if is_own(metadata) { Owner::Trusted } else { Owner::Other(metadata.uid()) }
}

/// Whether the user or root made a link.
pub(crate) fn is_own(metadata: &Metadata) -> bool {
    let user = metadata.uid();
    user == 0 || user == rustix::process::geteuid().as_raw()
}

/// What tells one file of this machine from all others: device and number.
pub(crate) type FileId = (u64, u64);

/// What is at a path, links followed, and which file it is.
///
/// # Errors
/// Those of the system.
pub(crate) fn found_at(path: &Path) -> io::Result<(Metadata, FileId)> {
    fs::metadata(path).map(with_id)
}

/// The same of a file that is open.
///
/// # Errors
/// Those of the system.
pub(crate) fn found(file: &File) -> io::Result<(Metadata, FileId)> {
    file.metadata().map(with_id)
}

fn with_id(metadata: Metadata) -> (Metadata, FileId) {
    let id = (metadata.dev(), metadata.ino());
    (metadata, id)
}

/// Standard output and standard error where they are files.
pub(crate) fn output_files() -> Vec<FileId> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let metadata = |file: BorrowedFd<'_>| File::from(file.try_clone_to_owned().ok()?).metadata().ok();
    let files = [metadata(stdout.as_fd()), metadata(stderr.as_fd())].into_iter().flatten();
    files.filter(Metadata::is_file).map(|file| (file.dev(), file.ino())).collect()
}

/// What differs once somebody has saved a file, or put another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    id: FileId,
    length: u64,
    modified: (i64, i64),
    /// How many names the file has.
    pub(crate) names: u64,
}

/// The stamp of a file that is open, with what it was taken from.
///
/// # Errors
/// Those of the system.
pub(crate) fn stamp(file: &File) -> io::Result<(Metadata, Stamp)> {
    let of = file.metadata()?;
    let (id, modified) = ((of.dev(), of.ino()), (of.mtime(), of.mtime_nsec()));
    let stamp = Stamp { id, length: of.len(), modified, names: of.nlink() };
    Ok((of, stamp))
}

/// Gives a new file the owner, group and mode of the one whose place it takes.
///
/// # Errors
/// In words.
pub(crate) fn keep_owner_and_mode(file: &File, before: &Metadata) -> Result<(), String> {
    let now = file.metadata().map_err(|error| error.to_string())?;
    if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid()))
            .map_err(|error| format!("its owner and group cannot be kept: {error}"))?;
    }
    // After the owner, for a change of that takes bits away.
    let mode = Permissions::from_mode(before.mode() & MODE);
    file.set_permissions(mode).map_err(|error| format!("its mode cannot be kept: {error}"))
}

/// Says that somebody works on a file, for as long as it is open.
pub(crate) fn lock(file: &File) {
    // Some file systems know no locks; nothing is lost then but that two runs at once may disturb each other.
    let _ = flock(file, FlockOperation::LockExclusive);
}

/// Whether nobody works on a file that was opened.
pub(crate) fn is_free(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockExclusive) != Err(Errno::WOULDBLOCK)
}

/// From here on a signal that ends the program waits until nobody holds the mutex, so that it leaves no file behind.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn let_signals_wait_for(held: &'static Mutex<()>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            // Held until the end, so that no further file is begun.
            let _whole = held.lock().unwrap_or_else(PoisonError::into_inner);
            // Where even this fails, the next signal is another try.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// Whether standard output is a pipe that nobody reads any more.
pub(crate) fn is_reader_gone() -> bool {
    let stdout = io::stdout();
    // An error is told without being asked for.
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&now)).is_ok() && asked.iter().any(|one| one.revents().contains(PollFlags::ERR))
}
