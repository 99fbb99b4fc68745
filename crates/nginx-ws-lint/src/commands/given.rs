//! What a command reads: paths or standard input, and how far it may look.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io;
use std::path::{Path, PathBuf};

use lint_engine::{Config, Settings};
use lint_finding::{Notice, NoticeCode, Outcome};
use nginx_semantics::{Files, Overlay, PathPattern, Scope, VersionRange, normalize, slashed};

use crate::cli::{Command, InputArgs, JudgedArgs};
use crate::disk::{Disk, LARGEST, read_at_most};
use crate::error::Error;
use crate::progress::Progress;
use crate::version::{INSTALLED, of_this_machine};
use crate::{say, scope, system};

/// What the arguments mean.
pub(crate) struct Given {
    disk: Disk,
    stdin: Option<(PathBuf, Vec<u8>)>,
    paths: Vec<PathBuf>,
    scope: Scope,
}

impl Given {
    /// Reads standard input where it is asked for; `doing` is what is said about a path that is not given, nothing for
    /// silence.
    pub(crate) fn new(args: &InputArgs, doing: Option<&str>) -> Result<Self, Error> {
        let working_folder = env::current_dir().and_then(|folder| system::canonicalize(&folder));
        let working_folder = working_folder.map_err(Error::WorkingFolder)?;
        let disk = Disk::default();
        let host_includes = args.host_includes;
        let command = scope::CommandLine { files: &disk, working_folder: &working_folder, host_includes };
        let stdin = stdin(args, &command)?;
        let paths = match &stdin {
            Some((name, _)) => vec![name.clone()],
            None => paths(args, doing),
        };
        let scope::Given { folders, mut named } = command.given(&paths);
        // Whatever lies under its name, its bytes are those that were handed over.
        named.extend(stdin.iter().map(|(name, _)| disk.identity(name).unwrap_or_else(|| normalize(name))));
        if let Some(base) = args.config_base.as_ref().filter(|base| !command.is_folder(base)) {
            return Err(Error::ConfigBase(base.clone()));
        }
        let path_maps = args.path_map.iter().map(|map| command.path_map(map));
        let path_maps = path_maps.collect::<Result<_, _>>().map_err(Error::PathMapLeadsOut)?;
        let identity = |file: &PathBuf| disk.identity(&working_folder.join(file));
        let mut hosts = BTreeMap::new();
        let mut names = BTreeSet::new();
        for (name, file) in &args.host {
            if !names.insert(name) {
                return Err(Error::HostTwice(name.clone()));
            }
            if let Some(identity) = identity(file) {
                if hosts.insert(identity, name.clone()).is_some() {
                    return Err(Error::HostTwice(slashed(file).into_owned()));
                }
            }
        }
        let docs = args.docs;
        let excludes = args.exclude.iter().map(|text| {
            PathPattern::new(&working_folder, text)
                .map_err(|error| Error::Exclude { text: text.clone(), reason: error.to_string() })
        });
        let excludes = excludes.collect::<Result<_, _>>()?;
        let scope = Scope {
            given: folders,
            named,
            working_folder,
            path_maps,
            host_includes,
            docs,
            excludes,
            hosts,
            ..Scope::default()
        };
        Ok(Self { disk, stdin, paths, scope })
    }

    /// The versions to judge for: as the user says, else as this machine's nginx does.
    pub(crate) fn versions(&self, args: &InputArgs, says: bool) -> Option<VersionRange> {
        let installed = if args.nginx_version.is_none() { of_this_machine(&self.paths) } else { None };
        if let (Some(version), true) = (installed, says) {
            say(&format!("note: judging for nginx {version}, as `nginx -v` says"));
        }
        args.nginx_version.or(installed)
    }

    /// What a run is asked to do; `says` whether the version of this machine's nginx is told.
    pub(crate) fn settings(&self, args: &JudgedArgs, says: bool) -> Settings {
        let JudgedArgs { input, evidence, rules } = args;
        Settings {
            versions: self.versions(input, says),
            websocket_paths: evidence.ws_path.clone(),
            assume_websocket: evidence.assume_websocket,
            select: rules.select.clone(),
            ignore: rules.ignore.clone(),
            config: Self::config(input),
            ..Settings::default()
        }
    }

    /// Which settings files count.
    pub(crate) fn config(args: &InputArgs) -> Config {
        match &args.config {
            Some(file) => Config::File { path: file.clone(), base: args.config_base.clone() },
            None if args.isolated => Config::Isolated,
            None => Config::Found,
        }
    }

    /// The name of standard input and its bytes, where it is what is read.
    pub(super) fn stdin(&self) -> Option<(&Path, &[u8])> {
        self.stdin.as_ref().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// The files of this machine, with what is known of them.
    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The paths that were given, or stand for none.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The folders that were given.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Does something with it.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&dyn Files, &[PathBuf], &Scope) -> T) -> T {
        let _progress = Progress::start("reading and judging");
        self.with_quietly(work)
    }

    /// Whether standard input is judged.
    pub(crate) fn is_stdin(&self) -> bool {
        self.stdin.is_some()
    }

    /// The same for work that shows itself that it goes on.
    pub(crate) fn with_quietly<T>(&self, work: impl FnOnce(&dyn Files, &[PathBuf], &Scope) -> T) -> T {
        match &self.stdin {
            Some((path, bytes)) => {
                let files = Overlay { below: &self.disk, path: path.clone(), bytes: bytes.clone() };
                work(&files, &self.paths, &self.scope)
            }
            None => {
                self.hint_at_commands();
                work(&self.disk, &self.paths, &self.scope)
            }
        }
    }

    /// Adds the folders that could not be read.
    pub(crate) fn add_unlisted(&self, outcome: &mut Outcome) {
        let scope = &self.scope;
        outcome.notices.extend(self.disk.unlisted().iter().map(|(folder, reason)| Notice {
            code: NoticeCode::UnreadableFile,
            message: format!("this folder could not be read: {reason}"),
            place: None,
            path: Some(scope.shown(&scope.working_folder.join(folder))),
            incomplete: true,
        }));
    }

    /// After an option a word is always a path.
    fn hint_at_commands(&self) {
        for name in Command::NAMES {
            let is_named = self.paths.iter().any(|path| path == Path::new(name));
            if is_named && self.disk.identity(Path::new(name)).is_none() {
                say(&format!("note: `{name}` is taken as a path; a command must be the first word"));
            }
        }
    }
}

/// The name of standard input and its bytes, if it is what is read.
fn stdin(args: &InputArgs, command: &scope::CommandLine<'_>) -> Result<Option<(PathBuf, Vec<u8>)>, Error> {
    match args.paths.as_slice() {
        [path] if path == Path::new("-") => {}
        paths if paths.iter().any(|path| path == Path::new("-")) => return Err(Error::StdinNotAlone),
        _ if args.stdin_filename.is_some() => return Err(Error::StdinNameWithoutStdin),
        _ => return Ok(None),
    }
    let bytes = read_at_most(io::stdin().lock(), LARGEST, 0).map_err(Error::ReadStdin)?;
    let bytes = bytes.ok_or(Error::StdinTooLarge(LARGEST))?;
    let name = args.stdin_filename.as_deref().unwrap_or(Path::new("<stdin>"));
    Ok(Some((command.resolved(name), bytes)))
}

fn paths(args: &InputArgs, doing: Option<&str>) -> Vec<PathBuf> {
    let hosts = args.host.iter().map(|(_, file)| file.clone());
    if !args.paths.is_empty() || !args.host.is_empty() {
        return args.paths.iter().cloned().chain(hosts).collect();
    }
    let path = if Path::new(INSTALLED).exists() { INSTALLED } else { "." };
    if let Some(doing) = doing {
        let folder = if path == "." { "the working directory" } else { path };
        say(&format!("note: no path given, {doing} {folder}"));
    }
    vec![PathBuf::from(path)]
}
