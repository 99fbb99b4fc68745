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
    let text = mended(shell, String::from_utf8_lossy(&text).into_owned());
    output.write(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Clean)
}

/// The script of a shell, with what `clap_complete` 4.6 gets wrong for a program with a hyphen in its name and paths in
/// place of a command. Where a later one does not, nothing is replaced.
fn mended(shell: Option<Shell>, text: String) -> String {
    match shell {
        // The words find the command by one name, and its completions stand under another one.
        Some(Shell::Bash) => text.replace("nginx__subcmd__ws__subcmd__lint", "nginx__ws__lint"),
        // Without this no value of an option is completed in front of a command: the option lacks its value, so that
        // the line cannot be taken apart.
        Some(Shell::Fish) => {
            text.replacen("2>/dev/null\n    or return\n", "2>/dev/null\n    or return 0\n", 1)
        }
        Some(Shell::Zsh) => mended_zsh(&text).unwrap_or(text),
        _ => text,
    }
}

/// The first word may be a path or a command: as written, it is a path, and the second one is the command. `None` if it is
/// written otherwise.
fn mended_zsh(text: &str) -> Option<String> {
    const COMMANDS: &str = "\":: :_nginx-ws-lint_commands\" \\\n";
    const BOTH: &str = "\":: :{_nginx-ws-lint_commands; _files}\" \\\n";
    const STATE: &str = "    (nginx-ws-lint)\n";
    const PATHS: &str = "        (( $+functions[_nginx-ws-lint__subcmd__$line[1]_commands] )) || { _files && ret=0; return ret }\n";
    let (before, after) = text.split_once(COMMANDS)?;
    let (head, paths) = before.rsplit_once("'::paths -- ")?;
    if paths.lines().count() != 1 {
        return None;
    }
    let (choice, rest) = after.split_once(STATE)?;
    let rest = rest.replace("$line[2]", "$line[1]");
    Some([head, BOTH, choice, STATE, PATHS, &rest].concat())
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
