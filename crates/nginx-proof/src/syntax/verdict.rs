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
/// All of `-t`.
const ALL: &str = "pid ./nginx.pid;";

/// What nginx says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NginxVerdict {
    /// Whether it read everything to its end.
    pub(crate) is_accepted: bool,
    /// Where it did not: what it says first. None where it crashed.
    pub(crate) message: Option<Message>,
}

/// A folder in which configurations are tested one after another.
#[derive(Debug)]
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    /// What the last configuration left.
    left: Vec<PathBuf>,
}

impl Bench {
    pub(crate) fn new() -> Result<Self, Error> {
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

    /// What is said of the syntax. `files`: relative path and bytes, the main file first.
    pub(crate) fn test(
        &mut self,
        binary: &Binary,
        files: &[(String, Vec<u8>)],
    ) -> Result<NginxVerdict, Error> {
        self.write_files(files)?;
        let output = self.run(binary, files, NO_FURTHER)?;
        Ok(read(&output, &self.folders()))
    }

    /// What is said in all: as far as the `pid`, and for zones that nobody sizes up to the sockets, which only a
    /// configuration may open that listens on this machine alone.
    pub(crate) fn test_all(
        &mut self,
        binary: &Binary,
        files: &[(String, Vec<u8>)],
        opens_sockets: bool,
    ) -> Result<NginxVerdict, Error> {
        self.write_files(files)?;
        let output = self.run(binary, files, if opens_sockets { ALL } else { NO_FURTHER })?;
        let message = Message::first(&output, &self.folders());
        let is_ours = |message: &Message| find(&message.text, b"/no-such-folder/pid\"").is_some();
        let message = message.filter(|message| !is_ours(message));
        let is_accepted = message.is_none() && find(&output, b" syntax is ok\n").is_some();
        Ok(NginxVerdict { is_accepted, message })
    }

    fn write_files(&mut self, files: &[(String, Vec<u8>)]) -> Result<(), Error> {
        for path in self.left.drain(..) {
            let _ = fs::remove_file(path);
        }
        for (path, bytes) in files {
            let path = self.path(path);
            write(&path, bytes)?;
            self.left.push(path);
        }
        Ok(())
    }

    /// The folder as nginx may name it.
    fn folders(&self) -> [PathBuf; 2] {
        let folder = self.folder.path().to_owned();
        [fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone()), folder]
    }

    /// Its standard error.
    fn run(&self, binary: &Binary, files: &[(String, Vec<u8>)], directives: &str) -> Result<Vec<u8>, Error> {
        let (main, _) = files.first().ok_or(Error::NoFile)?;
        let mut command = Command::new("/bin/sh");
        // A cycle of includes opens files until there are no more; nothing takes long or leaves a core.
        command
            .args(["-c", "ulimit -n 256 -c 0 -t 10 2>/dev/null || ulimit -n 256; exec \"$0\" \"$@\""])
            .arg(&binary.path)
            .args(["-t", "-g", directives, "-p"])
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
        Ok(output.stderr)
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn read(output: &[u8], folders: &[PathBuf]) -> NginxVerdict {
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
