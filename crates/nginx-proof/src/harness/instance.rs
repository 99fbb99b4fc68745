//! One nginx process: its verdict on a configuration, its start, its end.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Binary, Error, client};

/// `-t` and the start take no longer.
const PATIENCE: Duration = Duration::from_secs(15);
const TICK: Duration = Duration::from_millis(1);
/// What a start prints.
const START_LOG: &str = "start.log";

/// What the command line adds to the main level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Processes {
    /// One process, which starts and ends fast.
    #[default]
    One,
    /// A worker below a master, which reloads. It runs as root where the master does: the folder is nobody else's.
    Master,
}

impl Processes {
    fn directives(self) -> &'static str {
        match self {
            Self::One => "daemon off; master_process off;",
            Self::Master => "daemon off; worker_processes 1; user root;",
        }
    }
}

/// What `nginx -t` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Whether nginx would start.
    pub is_accepted: bool,
    /// The message of level `emerg`, paths relative to the main file's folder; empty where it is accepted.
    pub message: String,
    /// Those of level `warn`.
    pub warnings: Vec<String>,
}

/// Asks for the verdict on `nginx.conf` in `folder`.
pub(crate) fn test(binary: &Binary, folder: &Path, main: &str) -> Result<Verdict, Error> {
    let output = folder.join("test.log");
    let mut child = spawn(binary, folder, main, &["-t", "-g", Processes::One.directives()], &output)?;
    let ended = wait(&mut child, PATIENCE);
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let is_accepted = ended.is_some_and(|status| status.success());
    Ok(verdict(folder, &read(&output), is_accepted))
}

/// What a start says that failed as `-t` would have; `None` where it did not come to that.
pub(crate) fn refusal(folder: &Path) -> Option<Verdict> {
    let text = read(&folder.join(START_LOG));
    let is_refused = text.contains("[emerg] ") && !text.contains("[emerg] bind() to ");
    is_refused.then(|| verdict(folder, &text, false))
}

fn verdict(folder: &Path, text: &str, is_accepted: bool) -> Verdict {
    let place = format!("{}/", folder.display());
    let of_level = |level: &str| {
        let mark = format!("[{level}] ");
        let lines = text.lines().filter_map(move |line| line.split_once(mark.as_str()).map(|(_, rest)| rest));
        lines.map(|line| line.replace(&place, "")).collect::<Vec<_>>()
    };
    let emergency = of_level("emerg").into_iter().next();
    let message = if is_accepted { String::new() } else { emergency.unwrap_or_else(|| text.to_owned()) };
    Verdict { is_accepted, message, warnings: of_level("warn") }
}

/// A running nginx; ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Instance {
    child: Child,
    processes: Processes,
}

impl Instance {
    /// Starts nginx and waits until its ports answer.
    pub(crate) fn start(
        binary: &Binary,
        folder: &Path,
        main: &str,
        processes: Processes,
        ports: &[u16],
    ) -> Result<Self, Error> {
        let child = spawn(binary, folder, main, &["-g", processes.directives()], &folder.join(START_LOG))?;
        let mut instance = Self { child, processes };
        let start = Instant::now();
        for &port in ports {
            while !client::answers(port) {
                let has_ended = !matches!(instance.child.try_wait(), Ok(None));
                if has_ended || start.elapsed() > PATIENCE {
                    let logs = [START_LOG, "error.log"].map(|name| read(&folder.join(name)));
                    return Err(Error::NotStarted { log: logs.concat() });
                }
                thread::sleep(TICK);
            }
        }
        Ok(instance)
    }

    /// The process that signals go to.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A master that is killed leaves its workers behind; one that is asked ends them first.
        if self.processes == Processes::Master && signal(self.id(), "TERM").is_ok() {
            let _ = wait(&mut self.child, PATIENCE);
        }
        // Without a master there is one process, and this is it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal; with Rust's own library only SIGKILL can be sent.
pub(crate) fn signal(id: u32, name: &str) -> Result<(), Error> {
    let error = |error| Error::Run { program: "kill".into(), error };
    Command::new("kill").args(["-s", name, &id.to_string()]).status().map(drop).map_err(error)
}

fn spawn(binary: &Binary, folder: &Path, main: &str, more: &[&str], output: &Path) -> Result<Child, Error> {
    let file = |error| Error::File { path: output.to_owned(), error };
    let output = File::create(output).map_err(file)?;
    // A cycle of includes opens files until there are no more, which is soon then; no core is left behind.
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "ulimit -n 2048 -c 0 2>/dev/null || ulimit -n 2048; exec \"$0\" \"$@\""])
        .arg(&binary.path);
    command.arg("-p").arg(folder).arg("-c").arg(folder.join(main)).arg("-e").arg(folder.join("early.log"));
    command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
    command.spawn().map_err(|error| Error::Run { program: binary.path.clone(), error })
}

fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < patience {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => thread::sleep(TICK),
            Err(_) => return None,
        }
    }
    None
}

/// A file as text, empty where there is none.
pub(crate) fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
