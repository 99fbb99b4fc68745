//! The nginx of this machine, asked only when its own configuration is judged.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nginx_semantics::{NginxVersion, VersionRange};

/// Where packages install the configuration that the `nginx` on PATH reads.
pub(crate) const INSTALLED: &str = "/etc/nginx";

const LIMIT: Duration = Duration::from_secs(2);

/// The version of this machine's nginx when one of the paths is, or lies in, its configuration. Nothing is run
/// otherwise: a tree from elsewhere says nothing about this machine.
pub(crate) fn of_this_machine(paths: &[PathBuf]) -> Option<VersionRange> {
    if !paths.iter().any(|path| lies_in(path, Path::new(INSTALLED))) {
        return None;
    }
    let program = find(&env::var_os("PATH")?)?;
    ask(&program, LIMIT).map(VersionRange::exactly)
}

fn lies_in(path: &Path, folder: &Path) -> bool {
    match (fs::canonicalize(path), fs::canonicalize(folder)) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => false,
    }
}

/// Relative entries of PATH are passed over: they would run what lies in the tree that is judged.
fn find(path: &OsStr) -> Option<PathBuf> {
    let folders = env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join("nginx")).find(|program| program.is_file())
}

/// What `nginx -v` says, on standard error. A program that hangs or says something else is no reason to fail.
fn ask(program: &Path, limit: Duration) -> Option<NginxVersion> {
    let mut command = Command::new(program);
    command.arg("-v").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let stderr = child.stderr.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let is_read = stderr.take(4096).read_to_string(&mut text).is_ok();
        // Nobody listens once the limit has passed.
        let _ = sender.send(is_read.then_some(text));
    });
    let text = receiver.recv_timeout(limit).ok().flatten();
    // It may have closed its standard error and still run.
    let _ = child.kill();
    let _ = child.wait();
    text?.lines().find(|line| line.starts_with("nginx version:"))?.parse().ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Written by another process, for a file that this one holds open for writing, even in a fork of another test,
    /// cannot be run.
    fn program(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("nginx");
        let mut shell = Command::new("sh");
        shell.args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod +x \"$1\"", "sh"]);
        assert!(shell.arg(&path).arg(script).status().unwrap().success());
        path
    }

    #[test]
    fn the_version_is_read_from_standard_error() {
        let folder = tempfile::tempdir().unwrap();
        let nginx = program(folder.path(), "echo 'nginx version: nginx/1.24.0 (Ubuntu)' >&2");
        assert_eq!(ask(&nginx, LIMIT), Some(NginxVersion::new(1, 24, 0)));
        assert_eq!(
            find(&env::join_paths(["relative", "", folder.path().to_str().unwrap()]).unwrap()),
            Some(nginx)
        );
    }

    #[test]
    fn other_words_and_failures_are_no_version() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(ask(&program(folder.path(), "echo 'caddy 2' >&2"), LIMIT), None);
        assert_eq!(ask(&folder.path().join("missing"), LIMIT), None);
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        assert_eq!(ask(&program(folder.path(), "exec sleep 30"), Duration::from_millis(100)), None);
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn links_into_the_folder_lie_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (etc, elsewhere) = (folder.path().join("etc"), folder.path().join("elsewhere"));
        fs::create_dir_all(etc.join("conf.d")).unwrap();
        std::os::unix::fs::symlink(etc.join("conf.d"), &elsewhere).unwrap();
        assert!(lies_in(&etc, &etc) && lies_in(&etc.join("conf.d"), &etc) && lies_in(&elsewhere, &etc));
        assert!(!lies_in(folder.path(), &etc) && !lies_in(&etc, &folder.path().join("missing")));
    }
}
