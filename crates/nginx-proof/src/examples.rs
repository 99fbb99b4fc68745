//! The commands of docs/probe.md, and what the program prints of a real nginx.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Binary, Error, Manner, Running, Setup, root};

/// The page, below the folder of the workspace.
pub const EXAMPLES: &str = "docs/probe.md";

/// The configurations that it probes, and the address behind which the second one is.
const OUTER: &str = "docs/probe/nginx.conf";
const INNER: &str = "docs/probe/inner.conf";
const BEHIND: &str = "edge.internal:8081";

/// The port of the commands, which stands for that of the running nginx.
const PORT: &str = "127.0.0.1:8080";

/// How a block begins and ends.
const BLOCK: &str = "```text\n$ nginx-ws-lint probe ";
const END: &str = "```\n";

/// The page with what its commands print.
///
/// # Errors
/// When nginx does not start, or the program is not to be had.
pub fn executed(binary: &Binary, page: &str) -> Result<String, Error> {
    let inner = Running::start(binary, &setup(INNER)?)?;
    let outer = Running::start_before(binary, &setup(OUTER)?, &[(BEHIND, &inner)])?;
    let port = outer.listens().first().map(|listen| listen.port).ok_or(Error::NoFile)?;
    let program = program()?;
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, block)) = rest.split_once(BLOCK) {
        let (command, body) = block.split_once('\n').unwrap_or((block, ""));
        let after = body.split_once(END).map_or("", |(_, after)| after);
        let real = command.replace(PORT, &format!("127.0.0.1:{port}"));
        let version = binary.version.to_string();
        let mut run = Command::new(&program);
        run.arg("probe").args(real.split_whitespace()).args([
            "--color",
            "never",
            "--nginx-version",
            &version,
        ]);
        run.current_dir(root()).stdin(Stdio::null()).env_remove("COLUMNS").env("LC_ALL", "C.UTF-8");
        let output = run.output().map_err(|error| Error::Run { program: program.clone(), error })?;
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        // Ports of back ends are those of the harness, and differ from run to run as times do.
        let output = outer.original_text(&output);
        let output = steady(&output, &version).replace(&format!("127.0.0.1:{port}"), PORT);
        text.push_str(&format!("{before}{BLOCK}{command}\n{output}{END}"));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn setup(path: &str) -> Result<Setup, Error> {
    let path = root().join(path);
    let text = fs::read_to_string(&path).map_err(|error| Error::File { path, error })?;
    let files = vec![("nginx.conf".to_owned(), text)];
    Ok(Setup { files, manner: Manner::Strict, is_tested: false, ..Setup::default() })
}

/// The program of this build; tests of the whole workspace have built it already.
fn program() -> Result<PathBuf, Error> {
    let error = |error| Error::System { what: "the program of this build", error };
    let own = env::current_exe().map_err(error)?;
    let folder = own.parent().and_then(|deps| deps.parent()).ok_or(Error::NoFile)?;
    let cargo: OsString = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(&cargo);
    // Beside an example cargo chooses the features of tests: with others it would compile most crates a second time.
    build
        .args(["build", "--quiet", "--locked", "--bin", "nginx-ws-lint", "--example", "probe"])
        .current_dir(root());
    let status = build.status().map_err(|error| Error::Run { program: cargo.into(), error })?;
    let program = folder.join("nginx-ws-lint");
    match status.success() && program.exists() {
        true => Ok(program),
        false => Err(Error::System {
            what: "the program of this build",
            error: std::io::ErrorKind::NotFound.into(),
        }),
    }
}

/// Without what differs from run to run: milliseconds and the nginx.
fn steady(text: &str, version: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.replace("less than 1 ms", "1 ms");
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        for at in 1..words.len() {
            let (Some(number), Some(unit)) = (words.get(at - 1), words.get(at)) else { continue };
            let is_time = unit.starts_with("ms") && number.parse::<u64>().is_ok();
            if let (true, Some(number)) = (is_time, words.get_mut(at - 1)) {
                "1".clone_into(number);
            }
        }
        out.push_str(words.join(" ").replace(version, "1.26.3").trim_end());
        out.push('\n');
    }
    out
}
