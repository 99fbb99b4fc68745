//! CPU, time and memory of one process, as the kernel counts them.

use std::fs;
use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use wait4::Wait4;

use crate::Error;

/// What one run cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// User and system time, in seconds.
    pub(super) cpu: f64,
    /// Time by the clock, in seconds.
    pub(super) wall: f64,
    /// The most memory that was in use at once, in bytes. A process starts with what its parent's peak was, so less than
    /// [`own_peak`] is not seen.
    pub(super) peak: f64,
    /// The exit code; `None` if it took too long and was killed.
    pub(super) code: Option<i32>,
}

/// Runs a command to its end, or until it takes too long.
///
/// # Errors
/// A program that does not start, or is killed by somebody else.
pub(super) fn run(mut command: Command, limit: Duration) -> Result<Usage, Error> {
    let shown = format!("{} …", command.get_program().to_string_lossy());
    let fails = |error| Error::Start { command: shown.clone(), error };
    command.stdin(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().map_err(fails)?;
    let pid = Pid::from_child(&child);
    let (ended, wait) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let is_late = wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        // It is a child that nobody has waited for yet, so its number belongs to no other process.
        is_late && kill_process(pid, Signal::KILL).is_ok()
    });
    let used = child.wait4().map_err(fails)?;
    let wall = start.elapsed();
    drop(ended);
    let is_stopped = watch.join().unwrap_or(false);
    if !is_stopped && used.status.code().is_none() {
        return Err(Error::Failed { command: shown, stderr: used.status.to_string() });
    }
    Ok(Usage {
        cpu: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        wall: wall.as_secs_f64(),
        peak: used.rusage.maxrss as f64,
        code: used.status.code(),
    })
}

/// The peak of this process, in bytes: what the kernel counts for a child before it runs anything of its own.
pub(super) fn own_peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
    kilobytes.unwrap_or_default() * 1024.0
}

/// The middle one of each figure.
pub(super) fn median(runs: &[Usage]) -> Option<Usage> {
    let of = |figure: fn(&Usage) -> f64| middle(runs.iter().map(figure));
    Some(Usage {
        cpu: of(|run| run.cpu)?,
        wall: of(|run| run.wall)?,
        peak: of(|run| run.peak)?,
        code: runs.iter().map(|run| run.code).min()?,
    })
}

/// The middle one of some numbers.
pub(super) fn middle(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = numbers.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// How many lines of a file hold one of these words. The file may be larger than memory.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn lines_with(path: &Path, words: &[&str]) -> Result<usize, Error> {
    let file = fs::File::open(path).map_err(|error| Error::file(path, error))?;
    let mut count = 0;
    for line in std::io::BufReader::new(file).split(b'\n') {
        let line = line.map_err(|error| Error::file(path, error))?;
        let line = String::from_utf8_lossy(&line);
        count += usize::from(words.iter().any(|word| line.contains(word)));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_process_is_measured_with_what_it_waited_for() {
        let used = run(
            shell("head -c 50000000 /dev/zero | tail -c 50000000 | wc -c >/dev/null"),
            Duration::from_secs(60),
        );
        let used = used.unwrap();
        assert!(
            used.cpu > 0.001 && used.wall > 0.001 && used.peak > 40e6 && used.code == Some(0),
            "{used:?}"
        );
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        assert!(run(shell("exec sleep 20"), Duration::from_millis(100)).unwrap().code.is_none());
        assert!(run(Command::new("/nonexistent"), Duration::from_secs(1)).is_err());
    }

    #[test]
    fn the_middle_of_each_figure_is_taken() {
        let usage = |cpu, wall| Usage { cpu, wall, peak: 1.0, code: Some(0) };
        let middle = median(&[usage(3.0, 1.0), usage(1.0, 2.0), usage(2.0, 9.0)]).unwrap();
        assert_eq!((middle.cpu, middle.wall), (2.0, 2.0));
        assert_eq!(median(&[]), None);
    }
}
