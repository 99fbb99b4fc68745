//! `completions` and `man`: what a shell and a manual want to know of the command line, by clap's own generators.

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_complete_nushell::Nushell;
use clap_mangen::Man;

use crate::cli::{Cli, OutputArgs, ShellName};
use crate::error::Error;
use crate::exit::Exit;

/// Prints the completions of a shell.
pub(crate) fn completions(shell: ShellName, output: &OutputArgs) -> Result<Exit, Error> {
    let mut text = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let shell = match shell {
        ShellName::Bash => Some(Shell::Bash),
        ShellName::Elvish => Some(Shell::Elvish),
        ShellName::Fish => Some(Shell::Fish),
        ShellName::Powershell => Some(Shell::PowerShell),
        ShellName::Zsh => Some(Shell::Zsh),
        ShellName::Nushell => None,
    };
    match shell {
        Some(shell) => clap_complete::generate(shell, &mut command, name, &mut text),
        None => clap_complete::generate(Nushell, &mut command, name, &mut text),
    }
    output.write(|out| out.write_all(&text))?;
    Ok(Exit::Clean)
}

/// Prints the manual page of the program, or of a command of it.
pub(crate) fn man(name: Option<&str>, output: &OutputArgs) -> Result<Exit, Error> {
    let mut whole = Cli::command();
    whole.build();
    let command: Command = match name {
        Some(name) => {
            let known = whole.find_subcommand(name);
            let command = known.ok_or_else(|| Error::NoSuchCommand { word: name.to_owned() })?;
            command.clone()
        }
        None => whole,
    };
    let man = Man::new(command);
    output.write(|out| {
        let mut out = out;
        man.render(&mut out)
    })?;
    Ok(Exit::Clean)
}
