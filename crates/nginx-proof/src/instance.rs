//! One nginx process: its verdict on a configuration, its start, its end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Binary, Error, client};

/// `-t` and the start take no longer.
const PATIENCE: Duration = Duration::from_secs(15);
const TICK: Duration = Duration::from_millis(5);

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
    let mut child = spawn(binary, folder, main, &["-t"], &output)?;
    let ended = wait(&mut child, PATIENCE);
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let text = read(&output);
    let place = format!("{}/", folder.display());
    let of_level = |level: &str| {
        let mark = format!("[{level}] ");
        let lines = text.lines().filter_map(move |line| line.split_once(mark.as_str()).map(|(_, rest)| rest));
        lines.map(|line| line.replace(&place, "")).collect::<Vec<_>>()
    };
    let emergencies = of_level("emerg");
    let is_accepted = ended.is_some_and(|status| status.success());
    let message =
        if is_accepted { String::new() } else { emergencies.into_iter().next().unwrap_or(text.clone()) };
    Ok(Verdict { is_accepted, message, warnings: of_level("warn") })
}

/// A running nginx; ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Instance {
    child: Child,
    folder: PathBuf,
}

impl Instance {
    /// Starts nginx and waits until its ports answer.
    pub(crate) fn start(binary: &Binary, folder: &Path, main: &str, ports: &[u16]) -> Result<Self, Error> {
        let child = spawn(binary, folder, main, &[], &folder.join("start.log"))?;
        let mut instance = Self { child, folder: folder.to_owned() };
        let start = Instant::now();
        for &port in ports {
            while !client::answers(port) {
                let has_ended = !matches!(instance.child.try_wait(), Ok(None));
                if has_ended || start.elapsed() > PATIENCE {
                    let logs = ["start.log", "error.log"].map(|name| read(&folder.join(name)));
                    return Err(Error::NotStarted { log: logs.concat() });
                }
                thread::sleep(TICK);
            }
        }
        Ok(instance)
    }

    /// The lines of a log, `access.log` or `error.log`.
    pub(crate) fn log(&self, name: &str) -> Vec<String> {
        read(&self.folder.join(name)).lines().map(str::to_owned).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Without a master there is one process, and this is it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(binary: &Binary, folder: &Path, main: &str, more: &[&str], output: &Path) -> Result<Child, Error> {
    let file = |error| Error::File { path: output.to_owned(), error };
    let output = File::create(output).map_err(file)?;
    // A cycle of includes opens files until there are no more, which is soon then; no core is left behind.
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "ulimit -n 512 -c 0 2>/dev/null || ulimit -n 512; exec \"$0\" \"$@\""])
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

fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
