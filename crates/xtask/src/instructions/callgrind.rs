//! Counts the instructions of one run with valgrind's callgrind.
//!
//! Time depends on the machine and on what else it does; the number of instructions depends on neither. What the program
//! runs itself is counted apart from the shared libraries and the loader, which are the machine's own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, program, root};

/// Instructions of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// In the program's own file, the standard library of Rust included.
    pub(super) own: u64,
    /// In the C library, the loader and other shared objects.
    pub(super) libraries: u64,
}

impl Count {
    pub(super) fn all(self) -> u64 {
        self.own + self.libraries
    }
}

/// Runs the program with one thread in the folder of the workspace, so that paths are the same on every machine.
///
/// # Errors
/// A valgrind that is missing or fails, and a run of the program that could not do what it was asked.
pub(super) fn count(binary: &Path, arguments: &[&str], profile: &Path) -> Result<Count, Error> {
    let shown = || format!("valgrind --tool=callgrind {} {}", binary.display(), arguments.join(" "));
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", profile.display()));
    command.arg(binary).args(arguments).current_dir(root());
    program::scrub(&mut command);
    command.env("COLUMNS", "100").env("RAYON_NUM_THREADS", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| Error::Start { command: shown(), error })?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    // A run that stops at a budget has code 2 and counts: the budget is there for what costs much. JSON has the notice;
    // what keeps the program from running at all is an error on standard error.
    let is_cut = output.status.code() == Some(2) && !stderr.contains("error:");
    if !matches!(output.status.code(), Some(0 | 1)) && !is_cut {
        return Err(Error::Failed { command: shown(), stderr });
    }
    let text = fs::read_to_string(profile).map_err(|error| Error::file(profile, error))?;
    fs::remove_file(profile).map_err(|error| Error::file(profile, error))?;
    let name = binary.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(counted(&text, &name))
}

/// Adds up a profile: lines that start with a position are costs of the object that was named last, unless they follow
/// `calls=`, for then they are what the called function cost.
fn counted(profile: &str, name: &str) -> Count {
    let mut count = Count { own: 0, libraries: 0 };
    let mut own_id = None;
    let (mut is_own, mut is_call) = (false, false);
    for line in profile.lines() {
        // `ob=(1) /path` the first time, `ob=(1)` later; `cob=` names that of a called function by the same numbers.
        if let Some((kind @ ("ob" | "cob"), object)) = line.split_once('=') {
            let (id, path) = object.split_once(' ').unwrap_or((object, ""));
            if path.rsplit('/').next() == Some(name) {
                own_id = Some(id.to_owned());
            }
            if kind == "ob" {
                is_own = own_id.as_deref() == Some(id);
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost =
                line.split_whitespace().nth(1).and_then(|cost| cost.parse::<u64>().ok()).unwrap_or_default();
            match (std::mem::take(&mut is_call), is_own) {
                (true, _) => {}
                (false, true) => count.own += cost,
                (false, false) => count.libraries += cost,
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_costs_are_told_from_those_of_libraries_and_of_calls() {
        let profile = "events: Ir\n\nob=(1) /lib/ld.so\nfl=(1) ???\nfn=(1) start\n0 10\ncob=(2) /target/program\n\
            cfn=(2) main\ncalls=1 0\n0 500\n\nob=(2)\nfn=(2)\n0 100\n+3 20\n* 5\ncob=(3) /lib/libc.so\ncfn=(3) f\n\
            calls=2 0\n0 7\n0 1\n\nob=(3)\nfn=(3)\n0 7\n\ntotals: 143\n";
        assert_eq!(counted(profile, "program"), Count { own: 126, libraries: 17 });
    }
}
