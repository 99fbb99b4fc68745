//! Windows. What has no counterpart here, and why nothing is lost by it:
//!
//! - *Owners.* They are told by calls that need unsafe code only. Settings count whoever owns them, and they lie in the
//!   repository or the given folder as everywhere; no link on the way to a report is followed.
//! - *Modes.* A new file has the permissions of its folder, as that of every other editor has. What makes a file another
//!   kind of file (hidden, of the system, encrypted) could not be kept, so such a file is not replaced.
//! - *Signals.* Control-C ends the program at once. The file that was being replaced is the old one or the new one, and the
//!   next run removes what lies beside it.
//! - *Locks.* A new text is opened by nobody else before it is closed.
//! - *Other machines.* A path such as `\\server\share` has Windows send the user's name and a proof of the password there,
//!   so only paths with a drive are asked about, link by link: a stranger's tree cannot make the program go elsewhere.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf, Prefix};
use std::sync::Mutex;

use nginx_semantics::{Followed, Owner, follow_links, root_of};
use winapi_util::HandleRef;
use winapi_util::file::{Information, information, typ};

/// `FILE_READ_ATTRIBUTES`.
const LOOK: u32 = 0x80;
/// `FILE_FLAG_BACKUP_SEMANTICS`, which folders need.
const ALSO_FOLDERS: u32 = 0x0200_0000;
/// `FILE_ATTRIBUTE_HIDDEN`, `…_SYSTEM` and `…_ENCRYPTED`.
const NOT_KEPT: u32 = 0x2 | 0x4 | 0x4000;

/// The names of devices in every folder, also with an extension.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// What a link is called whose owner is not trusted.
pub(crate) const FOREIGN_LINK: &str = "a link, and who made it cannot be told here";

/// Whether the system may be asked about a path that a stranger wrote: it lies on a drive, and no name in it is a device
/// or means another one.
pub(crate) fn may_be_asked(path: &Path) -> bool {
    path.components().all(|part| match part {
        Component::Prefix(prefix) => matches!(prefix.kind(), Prefix::Disk(_)),
        Component::Normal(name) => is_plain(&name.to_string_lossy()),
        _ => true,
    })
}

/// Whether a name is taken as it is: Windows drops dots and blanks at the end, and opens streams behind colons.
fn is_plain(name: &str) -> bool {
    let is_special = |character: char| character < ' ' || "<>:\"|?*".contains(character);
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    let is_port = |port: &str| {
        let number = stem.strip_prefix(port).map(|number| number.chars().collect::<Vec<_>>());
        number.is_some_and(|number| matches!(number.as_slice(), ['0'..='9' | '¹' | '²' | '³']))
    };
    let is_device = DEVICES.contains(&stem.as_str()) || is_port("COM") || is_port("LPT");
    !is_device && !name.contains(is_special) && !name.ends_with(['.', ' '])
}

/// The path with all links resolved, as Windows spells its names, on the drive that it was asked for by.
///
/// # Errors
/// Those of the system, and some of its own: it lies on another machine, or its links lead there or in a circle.
pub(crate) fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    let elsewhere = || io::Error::other("it lies on no drive; other machines are not asked");
    let path = plain(std::path::absolute(path)?);
    if !may_be_asked(&path) {
        return Err(elsewhere());
    }
    let followed = follow_links(&path, |_, at| {
        if !fs::symlink_metadata(at)?.is_symlink() {
            return Ok(None);
        }
        let target = link_target(at)?;
        if may_be_asked(&target) { Ok(Some(target)) } else { Err(elsewhere()) }
    });
    let Followed::To(path) = followed? else { return Err(io::Error::other("its links lead in a circle")) };
    // No link is left on the way; short names and other cases are.
    let real = fs::canonicalize(&path)?;
    let root = root_of(&path);
    if let Some(Component::Prefix(prefix)) = real.components().next() {
        if !matches!(prefix.kind(), Prefix::VerbatimDisk(_)) {
            // A letter for a folder of another machine is the user's own doing.
            let rest = real.strip_prefix(fs::canonicalize(&root)?).map_err(io::Error::other)?;
            return Ok(root.join(rest));
        }
    }
    Ok(plain(real))
}

/// A path without the prefix `\\?\`, behind which `/` would be no separator.
fn plain(path: PathBuf) -> PathBuf {
    let mut parts = path.components();
    let Some(Component::Prefix(prefix)) = parts.next() else { return path };
    let Prefix::VerbatimDisk(drive) = prefix.kind() else { return path };
    parts.next();
    let mut plain = PathBuf::from(format!("{}:\\", char::from(drive)));
    plain.push(parts.as_path());
    plain
}

/// What is at a path, links followed.
///
/// # Errors
/// As [`canonicalize`].
pub(crate) fn metadata(path: &Path) -> io::Result<Metadata> {
    fs::metadata(canonicalize(path)?)
}

/// What a link or junction leads to, as it says.
///
/// # Errors
/// Those of the system, such as that it is no link.
pub(crate) fn link_target(path: &Path) -> io::Result<PathBuf> {
    fs::read_link(path).map(plain)
}

/// The folder and the name of a path, by its text: not of `a\..`, nor of `a\`, which must be a folder.
pub(crate) fn split(path: &Path) -> Option<(&Path, &OsStr)> {
    let text = path.to_str()?;
    let start = text.rfind(['/', '\\']).map_or(0, |slash| slash + 1);
    let (folder, name) = text.split_at_checked(start)?;
    let folder = match folder.strip_suffix(['/', '\\']) {
        None => ".",
        Some(bare) if bare.is_empty() || bare.ends_with(':') => folder,
        Some(bare) => bare,
    };
    let is_plain = !matches!(name, "" | "." | "..") && !name.contains(':');
    is_plain.then_some((Path::new(folder), OsStr::new(name)))
}

/// The path of these bytes, as git prints one: in UTF-8.
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// The path in a `file` URI, without `file://`: there a drive stands behind a slash.
pub(crate) fn path_of_uri(text: &str) -> &str {
    let is_drive =
        |rest: &&str| matches!(rest.as_bytes(), [drive, b':' | b'%', ..] if drive.is_ascii_alphabetic());
    text.strip_prefix('/').filter(is_drive).unwrap_or(text)
}

/// Whether a path of that length, or with such names, is opened nowhere (`ERROR_FILENAME_EXCED_RANGE`,
/// `ERROR_INVALID_NAME`, `ERROR_BAD_PATHNAME`).
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(206 | 123 | 161))
}

/// Whether a file only looks like a regular one: none does.
pub(crate) fn is_pseudo(_identity: &Path) -> bool {
    false
}

/// Whether a path names a device, such as `NUL`: it lies in no folder that paths could be relative to.
pub(crate) fn is_of_system(file: &Path) -> bool {
    std::path::absolute(file).is_ok_and(|file| is_device(&file))
}

/// Whether an absolute path is a device.
pub(crate) fn is_device(path: &Path) -> bool {
    matches!(path.components().next(), Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::DeviceNS(_)))
}

/// Whether a folder holds links to what a program has open: none does.
pub(crate) fn has_open_files(_folder: &Path) -> bool {
    false
}

/// Who owns a file: not told, and no other user is said to.
pub(crate) fn owner(_metadata: &Metadata) -> Owner {
    Owner::Trusted
}

/// Whether the user made a link: not told, so none is taken for the user's.
pub(crate) fn is_own(_metadata: &Metadata) -> bool {
    false
}

/// What tells one file of this machine from all others: volume and index.
pub(crate) type FileId = (u64, u64);

/// What is at a path, links followed, and which file it is.
///
/// # Errors
/// Those of the system.
pub(crate) fn found_at(path: &Path) -> io::Result<(Metadata, FileId)> {
    found(&OpenOptions::new().access_mode(LOOK).custom_flags(ALSO_FOLDERS).open(path)?)
}

/// The same of a file that is open.
///
/// # Errors
/// Those of the system.
pub(crate) fn found(file: &File) -> io::Result<(Metadata, FileId)> {
    Ok((file.metadata()?, id(&information(file)?)))
}

fn id(of: &Information) -> FileId {
    (of.volume_serial_number(), of.file_index())
}

/// Standard output and standard error where they are files.
pub(crate) fn output_files() -> Vec<FileId> {
    let files = [HandleRef::stdout(), HandleRef::stderr()];
    let files = files.into_iter().filter(|file| typ(file).is_ok_and(|kind| kind.is_disk()));
    files.filter_map(|file| information(file).ok()).map(|of| id(&of)).collect()
}

/// What differs once somebody has saved a file, or put another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    id: FileId,
    length: u64,
    modified: Option<u64>,
    /// How many names the file has.
    pub(crate) names: u64,
}

/// The stamp of a file that is open, with what it was taken from.
///
/// # Errors
/// Those of the system.
pub(crate) fn stamp(file: &File) -> io::Result<(Metadata, Stamp)> {
    let of = information(file)?;
    let (id, length, modified) = (id(&of), of.file_size(), of.last_write_time());
    Ok((file.metadata()?, Stamp { id, length, modified, names: of.number_of_links() }))
}

/// Says whether a new file can be what the one is whose place it takes.
///
/// # Errors
/// In words.
pub(crate) fn keep_owner_and_mode(_file: &File, before: &Metadata) -> Result<(), String> {
    match before.file_attributes() & NOT_KEPT {
        0 => Ok(()),
        _ => Err("it is hidden, encrypted or a file of the system, which cannot be kept".to_owned()),
    }
}

/// Says that somebody works on a file: a new one is opened by nobody else anyway.
pub(crate) fn lock(_file: &File) {}

/// Whether nobody works on a file that was opened: it could not have been.
pub(crate) fn is_free(_file: &File) -> bool {
    true
}

/// Lets nothing wait: the end of a program cannot be put off.
///
/// # Errors
/// None.
pub(crate) fn let_signals_wait_for(_held: &'static Mutex<()>) -> io::Result<()> {
    Ok(())
}

/// Whether nobody reads standard output any more: Windows does not say so before something is written.
pub(crate) fn is_reader_gone() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_wrote_asks_no_machine_and_opens_no_device() {
        for path in
            ["C:\\nginx\\conf", "/etc/nginx/nginx.conf", "conf.d/a.conf", "..\\console.conf", "com.conf"]
        {
            assert!(may_be_asked(Path::new(path)), "{path}");
        }
        for path in [
            "//server/share/a.conf",
            "\\\\server\\share",
            "\\\\?\\C:\\x",
            "\\\\.\\pipe\\x",
            "\\??\\UNC\\server\\share",
            "conf.d/aux.conf",
            "nul",
            "com1",
            "lpt².conf",
            "a.conf:stream",
            "C:/a./b",
            "a /b",
        ] {
            assert!(!may_be_asked(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_path_has_a_folder_and_a_name() {
        let split = |path| split(Path::new(path)).map(|(folder, name)| (folder.to_owned(), name.to_owned()));
        assert_eq!(split("C:\\a"), Some(("C:\\".into(), "a".into())));
        assert_eq!(split("a/b\\c"), Some(("a/b".into(), "c".into())));
        assert_eq!(split("a"), Some((".".into(), "a".into())));
        assert_eq!(split("a\\"), None);
    }
}
