//! Lints paths: what the program does when no command is named.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lint_engine::{Config, Settings};
use lint_finding::{Notice, NoticeCode, Outcome};
use lint_report::ToolInfo;
use nginx_semantics::{Files, Overlay, Scope};

use super::to_stdout;
use crate::cli::{Command, Format, LintArgs};
use crate::disk::{Disk, LARGEST, read_at_most};
use crate::error::Error;
use crate::exit::Exit;
use crate::version::{INSTALLED, of_this_machine};
use crate::{say, scope, terminal};

const TOOL: ToolInfo<'_> = ToolInfo {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("NGINX_WS_LINT_COMMIT"),
};

/// Lints what the arguments name and writes the outcome.
pub(crate) fn run(args: &LintArgs) -> Result<Exit, Error> {
    let working_folder = env::current_dir().and_then(|folder| folder.canonicalize());
    let working_folder = working_folder.map_err(Error::WorkingFolder)?;
    let disk = Disk::default();
    let stdin = stdin(args, &working_folder)?;
    let paths = match &stdin {
        Some((name, _)) => vec![name.clone()],
        None => paths(args),
    };
    let scope = Scope {
        given: scope::given(&paths, &working_folder),
        working_folder,
        path_maps: args.path_map.clone(),
        host_includes: args.host_includes,
        ..Scope::default()
    };
    let settings = settings(args, &paths);
    let mut outcome = match stdin {
        Some((path, bytes)) => {
            let files = Overlay { below: &disk, path, bytes };
            lint_engine::lint(&files, &paths, &scope, &settings)
        }
        None => {
            hint_at_commands(&disk, &paths);
            lint_engine::lint(&disk, &paths, &scope, &settings)
        }
    };
    add_unlisted(&mut outcome, &disk.into_unlisted(), &scope);
    if args.quiet {
        outcome.notices.retain(|notice| notice.incomplete);
    }
    to_stdout(|out| write(&outcome, args, out))?;
    Ok(Exit::of(&outcome, args.fail_on))
}

/// The name of standard input and its bytes, if it is what is linted.
fn stdin(args: &LintArgs, working_folder: &Path) -> Result<Option<(PathBuf, Vec<u8>)>, Error> {
    match args.paths.as_slice() {
        [path] if path == Path::new("-") => {}
        paths if paths.iter().any(|path| path == Path::new("-")) => return Err(Error::StdinNotAlone),
        _ if args.stdin_filename.is_some() => return Err(Error::StdinNameWithoutStdin),
        _ => return Ok(None),
    }
    let bytes = read_at_most(io::stdin().lock(), LARGEST, 0).map_err(Error::ReadStdin)?;
    let bytes = bytes.ok_or(Error::StdinTooLarge(LARGEST))?;
    let name = args.stdin_filename.as_deref().unwrap_or(Path::new("<stdin>"));
    Ok(Some((scope::resolved(name, working_folder), bytes)))
}

fn paths(args: &LintArgs) -> Vec<PathBuf> {
    if !args.paths.is_empty() {
        return args.paths.clone();
    }
    let path = if Path::new(INSTALLED).exists() { INSTALLED } else { "." };
    if !args.quiet {
        let folder = if path == "." { "the working directory" } else { path };
        say(&format!("note: no path given, linting {folder}"));
    }
    vec![PathBuf::from(path)]
}

fn settings(args: &LintArgs, paths: &[PathBuf]) -> Settings {
    let installed = if args.nginx_version.is_none() { of_this_machine(paths) } else { None };
    if let (Some(version), true) = (installed, args.verbose) {
        say(&format!("note: judging for nginx {version}, as `nginx -v` says"));
    }
    Settings {
        versions: args.nginx_version.or(installed),
        websocket_paths: args.ws_path.clone(),
        assume_websocket: args.assume_websocket,
        select: args.select.clone(),
        ignore: args.ignore.clone(),
        config: match &args.config {
            Some(file) => Config::File(file.clone()),
            None if args.isolated => Config::Isolated,
            None => Config::Found,
        },
        ..Settings::default()
    }
}

/// After an option a word is always a path.
fn hint_at_commands(disk: &Disk, paths: &[PathBuf]) {
    for name in Command::NAMES {
        if paths.iter().any(|path| path == Path::new(name)) && disk.identity(Path::new(name)).is_none() {
            say(&format!("note: `{name}` is taken as a path; a command must be the first word"));
        }
    }
}

fn add_unlisted(outcome: &mut Outcome, folders: &BTreeMap<PathBuf, String>, scope: &Scope) {
    outcome.notices.extend(folders.iter().map(|(folder, reason)| Notice {
        code: NoticeCode::UnreadableFile,
        message: format!("this folder could not be read: {reason}"),
        place: None,
        path: Some(scope.shown(&scope.working_folder.join(folder))),
        incomplete: true,
    }));
}

fn write(outcome: &Outcome, args: &LintArgs, out: &mut dyn Write) -> io::Result<()> {
    let style = terminal::style(args.color, args.verbose, !args.quiet);
    match args.format {
        Format::Human => lint_report::human(outcome, &style, out),
        Format::Concise => lint_report::concise(outcome, out),
        Format::Json => lint_report::json(outcome, &TOOL, out),
    }
}
