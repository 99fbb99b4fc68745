//! Runs the program that this workspace builds, so that documents show what it really prints.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

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
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = match BUILT.get() {
        Some(program) => program,
        None => {
            let program = built()?;
            BUILT.get_or_init(|| program)
        }
    };
    let mut command = Command::new(program);
    command.args(arguments);
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

/// The program as the tests of the whole workspace build it.
fn built() -> Result<PathBuf, Error> {
    let mut command = Command::new(cargo());
    // Beside an example cargo chooses the features of tests: with others it would compile most crates a second time.
    command.args(["build", "--quiet", "--locked", "--bin", "nginx-ws-lint", "--example", "xtask"]);
    run(command.current_dir(root()), "cargo build --bin nginx-ws-lint")?;
    Ok(target().join("debug").join("nginx-ws-lint"))
}

/// Where cargo puts what it makes.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// How the program is built.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Profile {
    /// As users get it.
    Release,
    /// The same without optimisation across crates, which takes half of the time: for numbers that are compared with
    /// each other.
    Counted,
}

/// The program, built.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(profile: Profile) -> Result<PathBuf, Error> {
    let profile = match profile {
        Profile::Release => "release",
        Profile::Counted => "counted",
    };
    let mut command = Command::new(cargo());
    command.args(["build", "--profile", profile, "--locked", "--package", "nginx-ws-lint"]);
    run(command.current_dir(root()), &format!("cargo build --profile {profile}"))?;
    Ok(target().join(profile).join("nginx-ws-lint"))
}

/// What builds the program, and for which machines.
///
/// # Errors
/// When it does not run.
pub(crate) fn compiler() -> Result<String, Error> {
    let shown = || "rustc --version".to_owned();
    let output = Command::new("rustc").arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| Error::Start { command: shown(), error })?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(format!("{version} for {} {}", env::consts::ARCH, env::consts::OS))
}

/// Runs a command that shows what it does by itself.
///
/// # Errors
/// When it does not start or fails.
pub(crate) fn run(command: &mut Command, shown: &str) -> Result<(), Error> {
    let shown = || shown.to_owned();
    let status = command.status().map_err(|error| Error::Start { command: shown(), error })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: shown(), stderr: String::new() }) }
}

/// Takes away what would make the output of one machine differ from that of another.
pub(crate) fn scrub(command: &mut Command) {
    for name in SCRUBBED {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env("LANG", "C.UTF-8");
}
