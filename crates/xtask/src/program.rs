//! Runs the program that this workspace builds, so that documents show what it really prints.

use std::env;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::{Error, root};

/// Variables that would change what is printed.
const SCRUBBED: [&str; 7] =
    ["CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "LC_CTYPE", "NGINX_WS_LINT_FORMAT", "NO_COLOR"];

/// The cargo that runs this, else the one on PATH.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What the program writes to standard output. Findings are no failure; what it could not do is.
pub(crate) fn output(arguments: &[&str]) -> Result<String, Error> {
    let mut command = Command::new(cargo());
    command.args(["run", "--quiet", "--locked", "--package", "nginx-ws-lint", "--"]).args(arguments);
    // No terminal anywhere: its width would show.
    command.current_dir(root()).stdin(Stdio::null());
    scrub(&mut command);
    let shown = || format!("nginx-ws-lint {}", arguments.join(" "));
    let output = command.output().map_err(|error| Error::Start { command: shown(), error })?;
    match output.status.code() {
        Some(0 | 1) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => Err(Error::Failed {
            command: shown(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
    }
}

/// Takes away what would make the output of one machine differ from that of another.
pub(crate) fn scrub(command: &mut Command) {
    for name in SCRUBBED {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env("LANG", "C.UTF-8");
}
