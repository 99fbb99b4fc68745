//! A log as it lies on disk: plain, packed by gzip or zstd, or standard input.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use lint_finding::LogKind;
use nginx_semantics::slashed;

use super::frames::Frames;
use crate::system::{FileId, found, found_at};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 18;
/// So many files of a folder are looked at for logs.
const MOST_ENTRIES: usize = 1 << 12;
/// Bytes that tell what a log holds.
const SNIFFED: u64 = 1 << 15;

/// A log that is open.
pub(super) struct Source {
    /// As people see it.
    pub(super) name: String,
    /// What its beginning holds.
    pub(super) kind: LogKind,
    reader: Chain<Cursor<Vec<u8>>, Box<dyn Read>>,
    /// Where it lies, if it can be followed.
    at: Option<PathBuf>,
}

impl Source {
    /// Opens a log; `-` is standard input.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Self::new("-".to_owned(), Box::new(BufReader::with_capacity(BUFFER, io::stdin())), None);
        }
        if fs::metadata(path)?.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        let reader = BufReader::with_capacity(BUFFER, File::open(path)?);
        Self::new(slashed(path).into_owned(), Box::new(reader), Some(path))
    }

    fn new(name: String, mut reader: Box<dyn BufRead>, path: Option<&Path>) -> io::Result<Self> {
        let start = reader.fill_buf()?;
        let (mut reader, is_packed): (Box<dyn Read>, bool) = match start {
            [0x1f, 0x8b, ..] => (Box::new(MultiGzDecoder::new(reader)), true),
            // A frame, or one that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                (Box::new(Frames::new(reader)), true)
            }
            _ => (Box::new(reader), false),
        };
        let mut beginning = Vec::new();
        // What is broken here is told when it is read.
        let _ = reader.by_ref().take(SNIFFED).read_to_end(&mut beginning);
        let kind = ws_logs::kind_of(&beginning);
        let at = path.filter(|_| !is_packed).map(Path::to_owned);
        Ok(Self { name, kind, reader: Cursor::new(beginning).chain(reader), at })
    }

    /// The next bytes; none at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// The same log from `read` bytes on, to be read as it grows; `None` if it cannot grow.
    pub(super) fn tail(&self, read: u64) -> Option<Tail> {
        let path = self.at.clone()?;
        let file = File::open(&path).ok()?;
        let (_, identity) = found(&file).ok()?;
        Some(Tail { path, file, identity, read })
    }
}

/// Logs without those that are the same file as one before, and these, each with that one.
pub(super) fn distinct(logs: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<(PathBuf, PathBuf)>) {
    let mut all: Vec<(PathBuf, Option<FileId>)> = Vec::new();
    let mut same = Vec::new();
    for path in logs {
        // Of a FIFO two names may be two readers.
        let own = found_at(&path).ok().filter(|(metadata, _)| metadata.is_file()).map(|(_, id)| id);
        let known = all.iter().find(|(_, known)| own.is_some() && *known == own);
        match known.map(|(known, _)| known.clone()) {
            Some(known) => same.push((path, known)),
            None => all.push((path, own)),
        }
    }
    (all.into_iter().map(|(path, _)| path).collect(), same)
}

/// A log that grows.
pub(super) struct Tail {
    path: PathBuf,
    file: File,
    identity: FileId,
    read: u64,
}

/// What was read of a log that grows.
pub(super) struct Grown {
    /// The new bytes.
    pub(super) bytes: Vec<u8>,
    /// Whether the bytes are those of a new file: the old one was rotated, or cut.
    pub(super) is_new: bool,
}

impl Tail {
    /// What has come since, at most so much as is read at once. A file that was rotated away is read to its end first.
    pub(super) fn grown(&mut self) -> io::Result<Grown> {
        let mut is_new = false;
        let length = self.file.metadata()?.len();
        if length < self.read {
            // Cut in place, as `copytruncate` does.
            self.read = 0;
            is_new = true;
        } else if length == self.read && found_at(&self.path).is_ok_and(|(_, there)| there != self.identity) {
            self.file = File::open(&self.path)?;
            (_, self.identity) = found(&self.file)?;
            self.read = 0;
            is_new = true;
        }
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        let most = u64::try_from(BUFFER).unwrap_or(u64::MAX);
        let read = self.file.by_ref().take(most).read_to_end(&mut bytes)?;
        self.read += read as u64;
        Ok(Grown { bytes, is_new })
    }
}

/// Whether a path that is neither said to be a log nor to be configuration is a log.
pub(super) fn is_log(path: &Path) -> bool {
    if path == Path::new("-") {
        return true;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let says_log = name.ends_with(".log") || name.contains(".log.") || name.contains(".log-");
    if path.is_dir() || name.ends_with(".conf") {
        return false;
    }
    let is_packed = name.ends_with(".gz") || name.ends_with(".zst");
    says_log || is_packed || {
        // A FIFO would lose what is read to look at it: a shell's `<(…)` is a log.
        let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        let exists = path.exists();
        (exists && !is_file)
            || (is_file && Source::open(path).is_ok_and(|source| source.kind != LogKind::Unknown))
    }
}

/// The logs in a folder, by their names or else by what they hold; none if it is no folder.
pub(super) fn logs_among(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_ENTRIES);
    let mut logs: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_log(path)).collect();
    logs.sort();
    logs
}

/// Whether a folder holds a file that is called as nginx's are.
pub(super) fn has_configuration(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().ends_with(".conf"))
}

/// The logs of a folder that holds logs and no configuration, sorted; `None` for any other folder.
pub(super) fn logs_of_folder(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).ok()?;
    let mut logs: Vec<PathBuf> = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".conf") {
            return None;
        }
        let says_log = name.ends_with(".log") || name.contains(".log.") || name.contains(".log-");
        if says_log && path.is_file() {
            logs.push(path);
        }
    }
    logs.sort();
    Some(logs).filter(|logs| !logs.is_empty())
}
