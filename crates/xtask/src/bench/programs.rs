//! What is measured: this program, `cat`, `nginx -t`, and other analysers of nginx configuration.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::measure;
use crate::{Error, generate, program, root};

/// Analysers from the Python Package Index, with the versions that are compared.
const PACKAGES: [(&str, &str); 2] = [("crossplane", "0.5.8"), ("gixy-ng", "0.2.59")];

/// Programs, by what is done with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Reads the same files and writes them to nowhere.
    Cat,
    /// This program, with its findings as JSON.
    Ours,
    /// The real thing, which parses, resolves and builds all that it would serve from.
    Nginx,
    /// Parses and writes a tree as JSON; judges nothing.
    Crossplane,
    /// Finds security defects.
    Gixy,
}

/// A program that is there.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) kind: Kind,
    /// Its name and version, as the document has them.
    pub(super) name: String,
    path: PathBuf,
}

/// A tree or file to be judged.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// What it is called in the document.
    pub(super) title: String,
    pub(super) folder: PathBuf,
    /// Sites in it.
    pub(super) sites: usize,
    /// Below the folder.
    pub(super) files: Vec<PathBuf>,
    /// Of all files.
    pub(super) bytes: u64,
}

impl Input {
    /// Looks at a generated tree.
    pub(super) fn of(title: String, folder: PathBuf, sites: usize) -> Result<Self, Error> {
        let (mut files, mut bytes) = (Vec::new(), 0);
        for path in generate::files_below(&folder)? {
            bytes += fs::metadata(&path).map_err(|error| Error::file(&path, error))?.len();
            files.push(path.strip_prefix(&folder).map(Path::to_owned).unwrap_or(path));
        }
        Ok(Self { title, folder, sites, files, bytes })
    }
}

impl Program {
    /// The command that is measured. What it finds goes to `output`.
    pub(super) fn command(&self, input: &Input, output: &Path) -> Result<Command, Error> {
        let mut command = Command::new(&self.path);
        // Relative paths, or ten thousand of them would be too long for one command line.
        command.current_dir(&input.folder);
        let to_file = || File::create(output).map(Stdio::from).map_err(|error| Error::file(output, error));
        match self.kind {
            Kind::Cat => command.args(&input.files).stdout(Stdio::null()),
            Kind::Ours => {
                program::scrub(&mut command);
                command.args(["--format", "json", "."]).stdout(to_file()?)
            }
            Kind::Nginx => {
                // It opens its log and makes folders even when it only tests.
                let prefix = output.with_extension("prefix");
                fs::create_dir_all(&prefix).map_err(|error| Error::file(&prefix, error))?;
                command.arg("-t").arg("-p").arg(prefix).arg("-c").arg(input.folder.join("nginx.conf"))
            }
            Kind::Crossplane => command.args(["parse", "nginx.conf"]).stdout(to_file()?),
            Kind::Gixy => command.args(["--format", "json", "nginx.conf"]).stdout(to_file()?),
        };
        command.stderr(Stdio::null());
        Ok(command)
    }

    /// Whether this exit code says that the work was done.
    pub(super) fn is_done(&self, code: i32) -> bool {
        code == 0 || (code == 1 && matches!(self.kind, Kind::Ours | Kind::Gixy))
    }

    /// What it found in its last run, in words.
    pub(super) fn found(&self, output: &Path) -> Result<String, Error> {
        Ok(match self.kind {
            Kind::Cat => "–".to_owned(),
            Kind::Nginx => "accepts it".to_owned(),
            Kind::Crossplane => "parses only".to_owned(),
            Kind::Gixy => grouped(measure::lines_with(output, &["\"plugin\": "])?),
            // Each finding has one, and nothing else has.
            Kind::Ours => grouped(measure::lines_with(output, &["      \"fingerprint\": "])?),
        })
    }
}

/// All programs, installed where needed.
///
/// # Errors
/// A package that cannot be installed, or no nginx.
pub(super) fn all(ours: PathBuf) -> Result<Vec<Program>, Error> {
    let venv = venv()?;
    let [crossplane, gixy] = PACKAGES.map(|(name, version)| format!("{name} {version}"));
    let (nginx, version) = nginx()?;
    let program = |kind, name: &str, path: PathBuf| Program { kind, name: name.to_owned(), path };
    Ok(vec![
        program(Kind::Cat, "`cat`", "cat".into()),
        program(Kind::Ours, "nginx-ws-lint", ours),
        program(Kind::Nginx, &format!("`nginx -t` {version}"), nginx),
        program(Kind::Crossplane, &crossplane, venv.join("bin/crossplane")),
        program(Kind::Gixy, &gixy, venv.join("bin/gixy")),
    ])
}

/// A folder with the packages, made once.
fn venv() -> Result<PathBuf, Error> {
    let venv = root().join("target/bench/venv");
    let wanted = PACKAGES.map(|(name, version)| format!("{name}=={version}"));
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&venv);
    program::run(&mut make, "python3 -m venv")?;
    let mut install = Command::new(venv.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(&wanted);
    program::run(&mut install, &format!("pip install {}", wanted.join(" ")))?;
    Ok(venv)
}

/// The nginx of Debian's stable suite, as `tools/debian-nginx` unpacks it, or the one on `PATH`; and its version.
fn nginx() -> Result<(PathBuf, String), Error> {
    let unpacked = root().join("target/nginx/trixie/nginx");
    let path = if unpacked.exists() { unpacked } else { "nginx".into() };
    let fails = |error| Error::Start {
        command: format!("{} -v (tools/debian-nginx all unpacks one)", path.display()),
        error,
    };
    let output = Command::new(&path).arg("-v").output().map_err(fails)?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = text.trim().rsplit('/').next().unwrap_or_default().to_owned();
    Ok((path, version))
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([5, 999, 1000, 1_234_567].map(grouped), ["5", "999", "1,000", "1,234,567"]);
    }
}
