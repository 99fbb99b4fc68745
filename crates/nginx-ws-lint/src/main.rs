//! `nginx-ws-lint`: the command line around the engine. Everything that touches disk, terminal or environment is here.

mod cli;
mod commands;
mod disk;
mod error;
mod exit;
mod replace;
mod scope;
mod terminal;
mod version;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::error::Error;
use crate::exit::Exit;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = run(&cli).unwrap_or_else(|error| {
        say(&format!("error: {error}"));
        Exit::Failed
    });
    exit.into()
}

fn run(cli: &Cli) -> Result<Exit, Error> {
    let Some(command) = &cli.command else {
        return commands::lint::run(&cli.lint);
    };
    if command.is_also_a_path() {
        let name = command.name();
        say(&format!("note: `{name}` is taken as the command; write ./{name} for the file"));
    }
    match command {
        Command::Endpoints(args) => commands::endpoints::run(args),
        Command::Explain { rule } => commands::explain::run(rule),
        Command::Rules { format } => commands::rules::run(*format),
        Command::Trace(args) => commands::trace::run(args),
    }
}

/// One line for the person at the terminal. When even standard error is gone there is nobody left to tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
