//! Runs the program in a tree of its own, with an environment of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// A folder in which the program runs.
pub(crate) struct Tree {
    folder: TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

/// How the program ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Tree {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { folder, variables: Vec::new() }
    }

    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with nothing on standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, b"")
    }

    /// The program in a folder of the tree.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        command.current_dir(self.path(folder));
        let output = finish(command, b"");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The program with these bytes on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Run {
        let output = finish(self.command(arguments), stdin);
        let text =
            |bytes| String::from_utf8(bytes).unwrap().replace(self.folder.path().to_str().unwrap(), "[TREE]");
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The exit code when nobody reads standard output.
    pub(crate) fn run_without_reader(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// The exit code when standard output has no room.
    pub(crate) fn run_on_full_disk(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_nginx-ws-lint")));
        command.args(arguments).current_dir(self.folder.path());
        // Nothing of CI, NO_COLOR, FORCE_COLOR, CLICOLOR, COLUMNS, PATH or NGINX_WS_LINT_FORMAT leaks in.
        command.env_clear().envs(self.variables.iter().copied());
        command
    }
}

impl Run {
    /// All of it, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        let Self { stdout, stderr, .. } = self;
        format!("exit code {code}\n----- stdout -----\n{stdout}----- stderr -----\n{stderr}")
    }
}

/// A program that waits for ever fails the test instead of the whole run.
fn finish(mut command: Command, stdin: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It need not read what it did not ask for.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
    receiver.recv_timeout(Duration::from_secs(60)).unwrap()
}

/// A program that goes on until it is dropped.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// Waits for a line with a text. What does not come in half a minute is a failure.
    pub(crate) fn next(&self, wanted: &str) {
        let mut seen: Vec<String> = Vec::new();
        while !seen.last().is_some_and(|line| line.contains(wanted)) {
            let Ok(line) = self.lines.recv_timeout(Duration::from_secs(30)) else { break };
            seen.push(line);
        }
        assert!(seen.last().is_some_and(|line| line.contains(wanted)), "no `{wanted}` in {seen:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended needs neither.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
