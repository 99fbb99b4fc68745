//! Where output goes: standard output, or the file that `--output` names.
//!
//! A file is replaced as a whole once all is known, so that whoever reads it meets the old output or the new one.

mod target;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use lint_engine::FILE_NAME;
use lint_finding::Outcome;
use nginx_semantics::{Scope, slashed};

use self::target::replace;
use crate::cli::OutputArgs;
use crate::error::Error;
use crate::system;

/// Bytes that go out at once.
const BUFFER: usize = 1 << 15;

/// The folders whose links are a stranger's: those that were judged.
pub(crate) type Judged = OnceCell<Vec<PathBuf>>;

impl OutputArgs {
    /// The file; `-` is standard output, as it is standard input among the paths.
    pub(crate) fn file(&self) -> Option<&Path> {
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
            let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
            return match write(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Write(error)),
                _ => Ok(()),
            };
        };
        self.keep([])?;
        let judged = self.judged.get().map(Vec::as_slice).unwrap_or_default();
        // The output may be many times the input: it goes to the disk as it is made.
        replace(path, judged, |file| {
            let mut out = BufWriter::with_capacity(BUFFER, file);
            write(&mut out).and_then(|()| out.flush())
        })
        .map_err(|error| Error::WriteFile { path: slashed(path).into_owned(), error })
    }

    /// Keeps files from being overwritten that a run reads besides the configuration, and settings in any case.
    pub(crate) fn keep<'p>(&self, inputs: impl IntoIterator<Item = &'p Path>) -> Result<(), Error> {
        let Some(path) = self.file() else { return Ok(()) };
        // A device such as /dev/null stays what it is.
        let Some(target) = system::canonicalize(path).ok().filter(|target| target.is_file()) else {
            return Ok(());
        };
        let is_target = |input: &Path| system::canonicalize(input).is_ok_and(|input| input == target);
        if target.file_name().is_some_and(|name| name == FILE_NAME) {
            return Err(Error::OverSettings(slashed(path).into_owned()));
        }
        match inputs.into_iter().any(is_target) {
            true => Err(Error::OverInput(slashed(path).into_owned())),
            false => Ok(()),
        }
    }

    /// Remembers in which folders links are a stranger's.
    pub(crate) fn distrust(&self, scope: &Scope) {
        // Asked once: the folders stay the same.
        let _ = self.judged.set(scope.given.clone());
    }

    /// Keeps a configuration from being overwritten with what is said of it.
    pub(crate) fn check(&self, outcome: &Outcome, scope: &Scope) -> Result<(), Error> {
        self.distrust(scope);
        // A file that is not there yet is none that was read.
        let Some(target) = self.file().and_then(|path| system::canonicalize(path).ok()) else {
            return Ok(());
        };
        let read: BTreeSet<PathBuf> = outcome
            .files
            .iter()
            .filter_map(|file| system::canonicalize(&scope.working_folder.join(file.source.path())).ok())
            .collect();
        if read.contains(&target) {
            return Err(Error::OutputIsInput(slashed(&target).into_owned()));
        }
        Ok(())
    }
}
