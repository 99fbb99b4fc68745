//! Where output goes: standard output, or the file that `--output` names.
//!
//! A file is replaced as a whole once all is known, so that whoever reads it meets the old output or the new one.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lint_finding::Outcome;

use crate::cli::OutputArgs;
use crate::error::Error;

/// The mode of a new file, before the umask.
const MODE: u32 = 0o666;

impl OutputArgs {
    /// The file; `-` is standard output, as it is standard input among the paths.
    fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// Whether a file is named.
    pub(crate) fn is_file(&self) -> bool {
        self.file().is_some()
    }

    /// Whether a terminal shows what is written.
    pub(crate) fn is_terminal(&self) -> bool {
        !self.is_file() && io::stdout().is_terminal()
    }

    /// Writes all of it. A reader of standard output that has seen enough (`| head`) is no error and changes no exit code.
    pub(crate) fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let Some(path) = self.file() else {
            let mut out = BufWriter::new(io::stdout().lock());
            return match write(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Write(error)),
                _ => Ok(()),
            };
        };
        let mut bytes = Vec::new();
        let written = write(&mut bytes).and_then(|()| replace(path, &bytes));
        written.map_err(|error| Error::WriteFile { path: path.display().to_string(), error })
    }

    /// Keeps a configuration from being overwritten with what is said of it.
    pub(crate) fn check(&self, outcome: &Outcome, working_folder: &Path) -> Result<(), Error> {
        // A file that is not there yet is none that was read.
        let Some(target) = self.file().and_then(|path| fs::canonicalize(path).ok()) else {
            return Ok(());
        };
        let read: BTreeSet<PathBuf> = outcome
            .files
            .iter()
            .filter_map(|file| fs::canonicalize(working_folder.join(file.source.path())).ok())
            .collect();
        if read.contains(&target) {
            return Err(Error::OutputIsInput(target.display().to_string()));
        }
        Ok(())
    }
}

/// Puts `bytes` in the place of a file, or makes it. A link is followed, and what is no regular file (`/dev/stderr`, a FIFO)
/// is written to.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = fs::metadata(&target).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return File::options().write(true).open(&target)?.write_all(bytes);
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = before.as_ref().map_or(MODE, |before| before.permissions().mode());
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(MODE)).tempfile_in(folder)?;
    if before.is_some() {
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&target).map(drop).map_err(|error| error.error)
}
