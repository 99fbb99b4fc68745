//! One run of a program on one subject, stopped when it takes too long.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, program};

/// What is said of a run that was stopped.
const STOPPED: &str = "stopped";

/// How a program is run.
pub(super) struct Run<'a> {
    /// The command and options.
    pub(super) way: &'a [&'a str],
    /// The tree or file.
    pub(super) subject: &'a Path,
    /// How long it may take.
    pub(super) limit: Duration,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// The exit code or the signal.
    pub(super) code: String,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Ended {
    pub(super) fn is_stopped(&self) -> bool {
        self.code == STOPPED
    }
}

impl Run<'_> {
    /// Runs a program, with so many threads where it is told.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn of(&self, program: &Path, threads: Option<&str>) -> Result<Ended, Error> {
        let mut command = Command::new(program);
        // Messages may have the program's name in them.
        command.arg0("nginx-ws-lint").args(self.way).args(["--color", "never"]).arg(self.subject);
        program::scrub(&mut command);
        command.env("COLUMNS", "100");
        command.envs(threads.map(|threads| ("RAYON_NUM_THREADS", threads)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let fails = |error| Error::Start { command: self.shown(program, threads), error };
        let mut child = command.spawn().map_err(fails)?;
        // Both streams end with the process. Their threads are not waited for when it is stopped: a process that it
        // started may still hold them.
        let (sender, receiver) = mpsc::channel();
        let streams = [
            child.stdout.take().map(read_to(&sender, true)),
            child.stderr.take().map(read_to(&sender, false)),
        ];
        drop(sender);
        let end = Instant::now() + self.limit;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        for _ in streams.iter().flatten() {
            match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((true, bytes)) => stdout = bytes,
                Ok((false, bytes)) => stderr = bytes,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    child.kill().map_err(fails)?;
                    child.wait().map_err(fails)?;
                    return Ok(Ended { code: STOPPED.to_owned(), stdout: Vec::new(), stderr: Vec::new() });
                }
            }
        }
        let status = child.wait().map_err(fails)?;
        Ok(Ended { code: code(status), stdout: without_commit(stdout), stderr })
    }

    /// The command line, to be tried again.
    pub(super) fn shown(&self, program: &Path, threads: Option<&str>) -> String {
        let threads = threads.map(|threads| format!("RAYON_NUM_THREADS={threads} ")).unwrap_or_default();
        let (program, subject) = (program.display(), self.subject.display());
        format!("{threads}COLUMNS=100 {program} {} --color never {subject}", self.way.join(" "))
    }
}

/// Reads a stream to its end in a thread of its own and sends what it had, with a mark of which it was.
fn read_to<S: Read + Send + 'static>(
    sender: &mpsc::Sender<(bool, Vec<u8>)>,
    is_stdout: bool,
) -> impl FnOnce(S) -> thread::JoinHandle<()> {
    let sender = sender.clone();
    move |mut stream| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is compared all the same.
            let _ = stream.read_to_end(&mut bytes);
            let _ = sender.send((is_stdout, bytes));
        })
    }
}

/// JSON names the commit that the program was built from, in its seventh line: two builds differ there.
fn without_commit(stdout: Vec<u8>) -> Vec<u8> {
    /// How far into the output that is: far before anything of a configuration.
    const HEAD: usize = 300;
    const KEY: &[u8] = b"\n    \"commit\": ";
    let head = stdout.get(..stdout.len().min(HEAD)).unwrap_or_default();
    let Some(key) = head.windows(KEY.len()).position(|part| part == KEY) else { return stdout };
    let (before, value) = stdout.split_at(key + KEY.len());
    let end = value.iter().position(|&byte| byte == b'\n').unwrap_or(value.len());
    [before, value.get(end..).unwrap_or_default()].concat()
}

fn code(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ended {
        let way = ["-c", script];
        Run { way: &way, subject: Path::new("x"), limit }.of(Path::new("/bin/sh"), None).unwrap()
    }

    #[test]
    fn both_streams_and_the_code_are_kept() {
        let ended = shell("echo out; echo err >&2; exit 3", Duration::from_secs(60));
        assert_eq!(ended, Ended { code: "3".to_owned(), stdout: b"out\n".into(), stderr: b"err\n".into() });
        assert_eq!(shell("kill -KILL $$", Duration::from_secs(60)).code, "signal: 9 (SIGKILL)");
    }

    #[test]
    fn the_commit_of_the_build_does_not_count() {
        let json = |commit: &str| {
            format!("{{\n  \"tool\": {{\n    \"commit\": {commit}\n  }},\n  \"findings\": []\n}}\n")
                .into_bytes()
        };
        assert_eq!(without_commit(json("\"78233fc6ba10\"")), without_commit(json("null")));
        assert_ne!(without_commit(json("null")), without_commit(b"{}".to_vec()));
        let late = format!("{}\n    \"commit\": 1\n", "x".repeat(400)).into_bytes();
        assert_eq!(without_commit(late.clone()), late);
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        let start = Instant::now();
        assert!(shell("echo out; sleep 20", Duration::from_millis(200)).is_stopped());
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
