//! Which nginx there is to prove on.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use nginx_semantics::NginxVersion;

use super::Error;

/// What to say where there is none.
pub const HOW_TO_GET: &str = "no nginx was found, so nothing was proven on a real one: `tools/debian-nginx all` unpacks \
    three below target/nginx, and NGINX_PROOF_BINARIES=/path/to/nginx:/path/to/another names others";

/// The releases on which everything is to be proven: branches, and whatever is new enough to have today's defaults. No
/// version is pinned, so that a newer one makes no difference where it does what the last one did.
const BRANCHES: [&str; 3] = ["1.22", "1.26", "newest"];

/// What to say where one of them is missing.
pub const WANTED: &str = "docs/proofs.md is compared only where nginx 1.22, 1.26 and one from 1.29.7 are there: \
    `tools/debian-nginx all` unpacks them below target/nginx";

/// The release since which nginx counts as new here.
const NEW: NginxVersion = NginxVersion::new(1, 29, 7);

/// Colon-separated paths; wins over everything else.
const VARIABLE: &str = "NGINX_PROOF_BINARIES";

/// The folders that `tools/debian-nginx all` makes.
const SUITES: [&str; 3] = ["bookworm", "trixie", "sid"];

/// An nginx that runs here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Where it is.
    pub path: PathBuf,
    /// What `-v` says.
    pub version: NginxVersion,
}

impl Binary {
    /// Asks a program for its version.
    ///
    /// # Errors
    /// When it does not run or prints no version.
    pub fn at(path: &Path) -> Result<Self, Error> {
        let run = |error| Error::Run { program: path.to_owned(), error };
        let output = Command::new(path).arg("-v").output().map_err(run)?;
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        let version = output.lines().find_map(|line| line.parse().ok());
        let version = version.ok_or(Error::NoVersion { program: path.to_owned(), output })?;
        Ok(Self { path: path.to_owned(), version })
    }
}

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// Those that the environment names, else those that the project's script unpacked, else the one on PATH; the oldest
/// first.
///
/// # Errors
/// When one that the environment names does not run.
pub fn binaries() -> Result<Vec<Binary>, Error> {
    let mut found = match env::var_os(VARIABLE) {
        Some(paths) => named(&paths).map(|path| Binary::at(&path)).collect::<Result<Vec<_>, _>>()?,
        None => unpacked(root()),
    };
    found.sort_by_key(|binary| binary.version);
    Ok(found)
}

/// [`binaries`] for a test, which says what cannot be proven with them.
///
/// # Errors
/// When one does not run, or where `NGINX_PROOF_REQUIRED` is 1 when not all are there.
pub fn found() -> Result<Vec<Binary>, Error> {
    let found = binaries()?;
    let is_required = env::var_os("NGINX_PROOF_REQUIRED").is_some_and(|value| value == "1");
    let missing = match found.as_slice() {
        [] => Some(HOW_TO_GET),
        some if !is_complete(some) => Some(WANTED),
        _ => None,
    };
    match missing {
        Some(missing) if is_required => Err(Error::NotProven(missing)),
        Some(missing) => {
            say(missing);
            Ok(found)
        }
        None => Ok(found),
    }
}

/// Whether these are one of each branch.
pub fn is_complete(binaries: &[Binary]) -> bool {
    let branches: Vec<String> = binaries.iter().map(|binary| branch(binary.version)).collect();
    branches == BRANCHES
}

/// The branch of a version, as documents name it.
pub(crate) fn branch(version: NginxVersion) -> String {
    if version >= NEW { "newest".to_owned() } else { format!("{}.{}", version.major, version.minor) }
}

/// The number in a variable of the environment; one that is none counts as not given, and is told.
pub fn number<T: FromStr>(variable: &str) -> Option<T> {
    let value = env::var(variable).ok()?;
    let number = value.parse().ok();
    if number.is_none() {
        say(&format!("{variable} is passed over: `{value}` is no number"));
    }
    number
}

/// Tells whoever runs the tests, past their capture: what was not proven has to be seen.
pub fn say(text: &str) {
    for line in text.lines() {
        let _ = writeln!(io::stderr(), "nginx-proof: {line}");
    }
}

/// What the tests prove with these, in words for whoever ran them.
pub fn statement(found: &[Binary]) -> String {
    if found.is_empty() {
        return format!("NOT proven: {HOW_TO_GET}\n");
    }
    let mut text = String::from("Every page and the harness itself were run on real nginx:\n");
    for Binary { path, version } in found {
        text.push_str(&format!("  {version} {}\n", path.display()));
    }
    if !is_complete(found) {
        text.push_str(&format!("NOT proven: {WANTED}\n"));
    }
    text
}

fn named(paths: &OsStr) -> impl Iterator<Item = PathBuf> {
    env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()).collect::<Vec<_>>().into_iter()
}

fn unpacked(root: &Path) -> Vec<Binary> {
    let folder = root.join("target/nginx");
    let of_suites = SUITES.iter().map(|suite| folder.join(suite).join("nginx"));
    let found: Vec<Binary> = of_suites.filter_map(|path| Binary::at(&path).ok()).collect();
    if found.is_empty() { Binary::at(Path::new("nginx")).into_iter().collect() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(versions: &[NginxVersion]) -> Vec<Binary> {
        versions.iter().map(|&version| Binary { path: PathBuf::from("nginx"), version }).collect()
    }

    #[test]
    fn what_is_missing_is_said() {
        let [old, middle, new] =
            [(1, 22, 1), (1, 26, 3), (1, 29, 7)].map(|(a, b, c)| NginxVersion::new(a, b, c));
        assert!(statement(&[]).starts_with("NOT proven: no nginx was found"));
        let some = statement(&at(&[old, middle]));
        assert!(some.contains("  1.22.1 nginx\n  1.26.3 nginx\nNOT proven: "), "{some}");
        assert!(!statement(&at(&[old, middle, new])).contains("NOT"));
    }
}
