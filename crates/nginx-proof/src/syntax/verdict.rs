//! nginx's verdict on files, without any of the things that `-t` does behind the syntax.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::message::Message;
use crate::harness::certificate;
use crate::{Binary, Error};

/// A `pid` that cannot be opened. nginx says "syntax is ok" right behind reading and comes to the `pid` before it opens
/// logs, makes folders and binds addresses (`core/ngx_cycle.c:ngx_init_cycle`), so that none of this happens, whatever a
/// mutation makes of them. The `-g` is read before the file, and names nothing that a directive of the file depends on.
const NO_FURTHER: &str = "pid ./no-such-folder/pid;";

/// What nginx says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NginxVerdict {
    /// Whether it read everything to its end.
    pub(super) is_accepted: bool,
    /// Where it did not: what it says first. None where it crashed.
    pub(super) message: Option<Message>,
}

/// A folder in which configurations are tested one after another.
#[derive(Debug)]
pub(super) struct Bench {
    folder: tempfile::TempDir,
    /// What the last configuration left.
    left: Vec<PathBuf>,
}

impl Bench {
    pub(super) fn new() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("nginx-proof-").tempdir();
        let folder = folder.map_err(|error| Error::System { what: "temporary folder", error })?;
        let bench = Self { folder, left: Vec::new() };
        let pair = certificate::pair()?;
        write(&bench.path("cert.pem"), pair.certificate.as_bytes())?;
        write(&bench.path("key.pem"), pair.key.as_bytes())?;
        Ok(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `files`: relative path and bytes, the main file first.
    pub(super) fn test(
        &mut self,
        binary: &Binary,
        files: &[(String, Vec<u8>)],
    ) -> Result<NginxVerdict, Error> {
        for path in self.left.drain(..) {
            let _ = fs::remove_file(path);
        }
        for (path, bytes) in files {
            let path = self.path(path);
            write(&path, bytes)?;
            self.left.push(path);
        }
        let (main, _) = files.first().ok_or(Error::NoFile)?;
        let mut command = Command::new("/bin/sh");
        // A cycle of includes opens files until there are no more; nothing takes long or leaves a core.
        command
            .args(["-c", "ulimit -n 256 -c 0 -t 10 2>/dev/null || ulimit -n 256; exec \"$0\" \"$@\""])
            .arg(&binary.path)
            .args(["-t", "-g", NO_FURTHER, "-p"])
            .arg(self.folder.path())
            .arg("-c")
            .arg(self.path(main))
            .arg("-e")
            .arg(self.path("early.log"))
            .current_dir(self.folder.path())
            // Of a host's name that a mutation made up.
            .env("RES_OPTIONS", "timeout:1 attempts:1")
            .stdin(Stdio::null());
        let output = command.output().map_err(|error| Error::Run { program: binary.path.clone(), error })?;
        let folder = fs::canonicalize(self.folder.path()).unwrap_or_else(|_| self.folder.path().to_owned());
        Ok(read(&output.stderr, &[&folder, self.folder.path()]))
    }
}

fn read(output: &[u8], folders: &[&Path]) -> NginxVerdict {
    // A word of the configuration may say so too, but not on a line of its own that starts with nginx's name.
    let is_accepted = output
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"nginx: the configuration file ") && line.ends_with(b" syntax is ok"));
    let message = if is_accepted { None } else { Message::first(output, folders) };
    NginxVerdict { is_accepted, message }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let done = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes));
    done.map_err(|error| Error::File { path: path.to_owned(), error })
}
