//! Builds the fuzzer with coverage and runs it on one target, or on all, two at a time.
//!
//! The instrumentation is LLVM's own and needs no nightly compiler: these are the flags of cargo-fuzz without a
//! sanitizer, for which there is nothing to do in code that has no `unsafe`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fuzz::{Target, dictionary, seeds};

use crate::{Error, pool, program, root};

/// Counters for every edge, a table of what they count, and the operands of comparisons as hints; the condition by which
/// crates that check sums let a fuzzer through.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// The longest run on one input, in seconds. The instrumented program is a few times slower than a release.
const LONGEST: u32 = 10;

/// The most memory of the whole process, in MiB.
const MOST_MEMORY: u32 = 1024;

/// The longest input, in bytes: longer ones only make each try slower, and speed has tests of its own.
const LONGEST_INPUT: u32 = 8192;

/// How long one target is fuzzed unless something else is said, in seconds.
const SECONDS: u32 = 30;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    targets: Vec<Target>,
    /// For each target.
    seconds: u32,
    /// Where the random numbers start; `None`: anywhere.
    seed: Option<u32>,
}

/// `fuzz [TARGET]… [--seconds N] [--seed N]`.
///
/// # Errors
/// Wrong usage, a fuzzer that cannot be built, and an input that breaks an invariant, takes too long or needs too much
/// memory: it is kept below `target/fuzz/found`.
pub fn fuzz(arguments: &[String]) -> Result<(), Error> {
    let asked = asked(arguments)?;
    let program = build()?;
    pool::each(&asked.targets, |target| run(&program, *target, &asked)).map(drop)
}

fn asked(arguments: &[String]) -> Result<Asked, Error> {
    let mut asked = Asked { targets: Vec::new(), seconds: SECONDS, seed: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|number| number.parse().ok()).ok_or(Error::Usage);
        match word.as_str() {
            "--seconds" => asked.seconds = number()?,
            "--seed" => asked.seed = Some(number()?),
            name => asked.targets.push(Target::named(name).ok_or(Error::Usage)?),
        }
    }
    if asked.targets.is_empty() {
        asked.targets = Target::ALL.to_vec();
    }
    Ok(asked)
}

/// The fuzzer, built in a folder of its own: other flags would build the whole workspace anew each time.
fn build() -> Result<PathBuf, Error> {
    let host = host()?;
    let folder = folder().join("build");
    let arguments = ["build", "--locked", "--package", "fuzz", "--features", "libfuzzer", "--bin", "fuzz"];
    let mut command = Command::new(program::cargo());
    // With a target the flags are not those of build scripts and procedural macros.
    command.args(arguments).args(["--profile", "fuzz", "--target", &host, "--target-dir"]).arg(&folder);
    command.current_dir(root()).env("RUSTFLAGS", COVERAGE);
    program::run(&mut command, "cargo build --package fuzz")?;
    Ok(folder.join(host).join("fuzz/fuzz"))
}

/// The triple of this machine, as rustc names it.
fn host() -> Result<String, Error> {
    let shown = || "rustc --version --verbose".to_owned();
    let output = Command::new("rustc").args(["--version", "--verbose"]).stdin(Stdio::null()).output();
    let output = output.map_err(|error| Error::Start { command: shown(), error })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Error::Failed { command: shown(), stderr: text.clone() })
}

fn run(program: &Path, target: Target, asked: &Asked) -> Result<(), Error> {
    let (name, folder) = (target.name(), folder());
    let [seeds_folder, corpus, found] = ["seeds", "corpus", "found"].map(|kind| folder.join(kind).join(name));
    for folder in [&seeds_folder, &corpus, &found] {
        file(folder, fs::create_dir_all(folder))?;
    }
    for (number, seed) in seeds(target).iter().enumerate() {
        let path = seeds_folder.join(format!("{number:04}"));
        file(&path, fs::write(&path, seed))?;
    }
    let words = folder.join("seeds").join(format!("{name}.dict"));
    file(&words, fs::write(&words, dictionary(target)))?;

    let seconds = asked.seconds;
    let _ = writeln!(io::stderr(), "── fuzz {name}, {seconds} s");
    let mut command = Command::new(program);
    // What is new goes to the first folder; what broke, next to its name.
    command.arg(&corpus).arg(&seeds_folder);
    command.arg(format!("-artifact_prefix={}/", found.display())).arg(format!("-dict={}", words.display()));
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-timeout={LONGEST}"),
        format!("-rss_limit_mb={MOST_MEMORY}"),
        format!("-max_len={LONGEST_INPUT}"),
        "-print_final_stats=1".to_owned(),
        "-verbosity=1".to_owned(),
    ]);
    command.args(asked.seed.map(|seed| format!("-seed={seed}")));
    command.env("NGINX_WS_LINT_FUZZ_TARGET", name).stdin(Stdio::null());
    program::run(&mut command, &format!("fuzz {name}"))
}

fn folder() -> PathBuf {
    root().join("target/fuzz")
}

fn file<T>(path: &Path, done: io::Result<T>) -> Result<T, Error> {
    done.map_err(|error| Error::File { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_all_are_asked_for() {
        let asked = |words: &[&str]| asked(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let all = Asked { targets: Target::ALL.to_vec(), seconds: SECONDS, seed: None };
        assert_eq!(asked(&[]).unwrap(), all);
        let one = Asked { targets: vec![Target::Fix], seconds: 1200, seed: Some(7) };
        assert_eq!(asked(&["fix", "--seconds", "1200", "--seed", "7"]).unwrap(), one);
        assert!(asked(&["nothing"]).is_err());
        assert!(asked(&["--seconds"]).is_err());
    }
}
