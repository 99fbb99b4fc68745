//! `nginx-ws-lint`: the command line around the engine. Everything that touches disk, terminal or environment is here.

mod adopt;
mod cli;
mod commands;
mod disk;
mod error;
mod exit;
mod fault;
mod markdown;
mod output;
mod progress;
mod replace;
mod reports;
mod scope;
mod system;
mod terminal;
mod version;

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use crate::cli::{Cli, Command};
use crate::error::Error;
use crate::exit::Exit;

/// What a run makes is small and many.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The whole program: reads the command line, prints, and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let work = || {
        run(&cli).unwrap_or_else(|error| {
            say(&format!("error: {error}"));
            Exit::Failed
        })
    };
    fault::guarded(work).into()
}

fn run(cli: &Cli) -> Result<Exit, Error> {
    let Some(command) = &cli.command else {
        Command::check_slip(&cli.lint.judged.input.paths)?;
        return commands::lint::run(&cli.lint);
    };
    if command.is_also_a_path() {
        let name = command.name();
        say(&format!("note: `{name}` is taken as the command; write ./{name} for the file"));
    }
    match command {
        Command::Baseline(command) => commands::baseline::run(command),
        Command::Completions { shell, output } => commands::shell::completions(*shell, output),
        Command::Config(command) => commands::config::run(command),
        Command::Endpoints(args) => commands::endpoints::run(args),
        Command::Explain(args) => commands::explain::run(args),
        Command::Graph(args) => commands::graph::run(args),
        Command::Logs(args) => commands::logs::run(args),
        Command::Man { command, output } => commands::shell::man(command.as_deref(), output),
        Command::Probe(args) => commands::probe::run(args),
        Command::Rules { format, output, color } => commands::rules::run(*format, output, color.color),
        Command::Snippet(args) => commands::snippet::run(args),
        Command::Trace(args) => commands::trace::run(args),
    }
}

/// Prints help, the version, or what is wrong with the command line. A word of that may be the name of a file that a
/// stranger chose, so such a message is escaped, and loses its colours.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let is_harmless = text.lines().all(|line| matches!(lint_report::escape(line), Cow::Borrowed(_)));
    if is_harmless {
        return match error.print() {
            // As of every other output: a reader that has seen enough is no error.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                say(&format!("error: {}", Error::Write(error)));
                Exit::Failed.into()
            }
            _ => u8::try_from(error.exit_code()).map_or_else(|_| Exit::Failed.into(), ExitCode::from),
        };
    }
    text.lines().for_each(say);
    Exit::Failed.into()
}

/// One line for the person at the terminal. When even standard error is gone there is nobody left to tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", lint_report::escape(line));
}
