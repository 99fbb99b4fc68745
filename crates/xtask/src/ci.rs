//! Everything that a change has to pass, in the order in which failures are cheapest to see.

use std::env;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::{Error, documents, program, root};

/// Format, lints, documents, doc tests and last all tests, so that their summary ends the output, and under it what was
/// proven on which nginx.
///
/// # Errors
/// The first step that fails.
pub fn ci() -> Result<(), Error> {
    for (component, program) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !is_there(&[program, "--version"]) {
            step("rustup", &["component", "add", component])?;
        }
    }
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])?;
    say("generated documents");
    documents::check()?;
    cargo(&["test", "--workspace", "--doc", "--locked", "--quiet"])?;
    if is_there(&["nextest", "--version"]) {
        cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])?;
    } else {
        cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"])?;
    }
    // Tests that pass print nothing, but on which nginx they did so has to be seen.
    cargo(&["run", "--quiet", "--locked", "--package", "nginx-proof", "--", "--found"])
}

fn is_there(arguments: &[&str]) -> bool {
    let mut command = Command::new(program::cargo());
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn cargo(arguments: &[&str]) -> Result<(), Error> {
    run(Command::new(program::cargo()), "cargo", arguments)
}

fn step(program: &str, arguments: &[&str]) -> Result<(), Error> {
    run(Command::new(program), program, arguments)
}

fn run(mut command: Command, name: &str, arguments: &[&str]) -> Result<(), Error> {
    let shown = format!("{name} {}", arguments.join(" "));
    say(&shown);
    command.args(arguments).current_dir(root());
    // A review of snapshots is for people: here one that differs fails and writes nothing.
    command.env("INSTA_UPDATE", "no");
    // The variables of the cargo that runs this belong to this package, not to those that are tested.
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(variable);
        }
    }
    let start = Instant::now();
    let status = command.status().map_err(|error| Error::Start { command: shown.clone(), error })?;
    say(&format!("{shown} took {:.1} min", start.elapsed().as_secs_f64() / 60.0));
    if status.success() { Ok(()) } else { Err(Error::Failed { command: shown, stderr: String::new() }) }
}

fn say(step: &str) {
    let _ = writeln!(io::stderr(), "── {step}");
}
