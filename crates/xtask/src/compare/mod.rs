//! Whether two builds of the program say the same, byte for byte, about many trees and files.
//!
//! A change that only makes the program faster or its source simpler is compared with the build before it. The new one
//! runs with several numbers of threads, for its output must not depend on them.

mod run;
mod subjects;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use run::{Ended, Run};

use crate::generate::{self, sites};
use crate::{Error, pool, root};

/// How the program is asked. Each is compared on each subject.
const WAYS: [&[&str]; 8] = [
    &["--format", "human"],
    &["--format", "concise"],
    &["--format", "json"],
    &["endpoints", "--format", "human"],
    &["endpoints", "--format", "json"],
    &["trace", "ws://example.com/ws/", "--format", "json"],
    &["--diff"],
    &["--diff", "--unsafe-fixes"],
];

/// Numbers of threads that the new program runs with, as rayon reads them.
const THREADS: [&str; 3] = ["1", "2", "4"];

/// Sites of the generated tree, unless something else is asked for.
const SITES: usize = 1000;

/// Bytes of the generated file that includes nothing.
const SINGLE: usize = 1_000_000;

/// The longest run of one process, in seconds, unless something else is asked for.
const SECONDS: u64 = 120;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    old: PathBuf,
    new: PathBuf,
    /// Folders whose children are compared.
    trees: Vec<PathBuf>,
    /// Of the generated tree; 0: none.
    sites: usize,
    /// The longest run of one process.
    limit: Duration,
}

/// What came of one subject, asked in one way.
struct Compared {
    /// How often a run of the new program was compared with one of the old.
    pairs: usize,
    /// Whether the old program was stopped, so that there is nothing to compare with.
    is_stopped: bool,
    /// What differs, in words.
    differences: Vec<String>,
}

/// `compare OLD NEW [--tree DIR]… [--sites N] [--seconds N]`.
///
/// # Errors
/// Wrong usage, a program that does not start, and any difference.
pub fn compare(arguments: &[String]) -> Result<(), Error> {
    let asked = asked(arguments)?;
    let mut subjects = subjects::below(&root().join("fixtures"), true)?;
    for folder in &asked.trees {
        subjects.extend(subjects::below(folder, false)?);
    }
    if asked.sites > 0 {
        let folder = root().join("target/compare").join(format!("sites-{}", asked.sites));
        generate::write(&folder, sites::tree(asked.sites))?;
        subjects.push(folder);
        // The same in one file, of as many sites as there is room for.
        let folder = root().join("target/compare/single");
        generate::write(&folder, [("nginx.conf".to_owned(), sites::single(SINGLE).collect())])?;
        subjects.push(folder);
    }
    // What takes longest first, so that nobody waits for it at the end.
    subjects.reverse();
    let jobs: Vec<(&Path, &[&str])> =
        subjects.iter().flat_map(|subject| WAYS.map(|way| (subject.as_path(), way))).collect();
    let start = Instant::now();
    let compared = pool::each(&jobs, |(subject, way)| {
        let compared = one(&asked, subject, way)?;
        // Each is told when it is found.
        compared.differences.iter().for_each(|difference| say(difference));
        Ok(compared)
    })?;
    let pairs: usize = compared.iter().map(|one| one.pairs).sum();
    let stopped = compared.iter().filter(|one| one.is_stopped).count();
    let differences: usize = compared.iter().map(|one| one.differences.len()).sum();
    say(&format!(
        "{} trees and files, {} runs of the old program, {pairs} comparisons, {differences} differences, {stopped} not \
         compared because the old program took over {} s; {:.1} min",
        subjects.len(),
        jobs.len(),
        asked.limit.as_secs(),
        start.elapsed().as_secs_f64() / 60.0
    ));
    if differences > 0 { Err(Error::Differs(differences)) } else { Ok(()) }
}

fn asked(arguments: &[String]) -> Result<Asked, Error> {
    let (mut programs, mut trees, mut sites, mut seconds) = (Vec::new(), Vec::new(), SITES, SECONDS);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--tree" => trees.push(PathBuf::from(words.next().ok_or(Error::Usage)?)),
            "--sites" => sites = number(words.next())?,
            "--seconds" => seconds = number(words.next())?,
            option if option.starts_with("--") => return Err(Error::Usage),
            program => programs.push(PathBuf::from(program)),
        }
    }
    let Ok([old, new]) = <[PathBuf; 2]>::try_from(programs) else { return Err(Error::Usage) };
    Ok(Asked { old, new, trees, sites, limit: Duration::from_secs(seconds) })
}

fn number<T: std::str::FromStr>(word: Option<&String>) -> Result<T, Error> {
    word.and_then(|number| number.parse().ok()).ok_or(Error::Usage)
}

fn one(asked: &Asked, subject: &Path, way: &[&str]) -> Result<Compared, Error> {
    let run = Run { way, subject, limit: asked.limit };
    let mut compared = Compared { pairs: 0, is_stopped: false, differences: Vec::new() };
    let old = run.of(&asked.old, None)?;
    if old.is_stopped() {
        compared.is_stopped = true;
        return Ok(compared);
    }
    for threads in THREADS {
        let new = run.of(&asked.new, Some(threads))?;
        compared.pairs += 1;
        if let Some(difference) = difference(&old, &new) {
            let line = run.shown(&asked.new, Some(threads));
            compared.differences.push(format!("DIFFERENT: {line}\n{difference}"));
        }
    }
    Ok(compared)
}

/// In which way two runs differ, with the first line that does.
fn difference(old: &Ended, new: &Ended) -> Option<String> {
    if old == new {
        return None;
    }
    let mut text = String::new();
    if old.code != new.code {
        let _ = writeln!(text, "  exit code {} → {}", old.code, new.code);
    }
    for (name, old, new) in
        [("standard output", &old.stdout, &new.stdout), ("standard error", &old.stderr, &new.stderr)]
    {
        if let Some((number, old, new)) = first_line(old, new) {
            let _ = writeln!(text, "  {name}, line {number}\n  - {old}\n  + {new}");
        }
    }
    Some(text.trim_end().to_owned())
}

/// The number of the first line that differs, and both of them.
fn first_line(old: &[u8], new: &[u8]) -> Option<(usize, String, String)> {
    let (mut olds, mut news) = (old.split(|&byte| byte == b'\n'), new.split(|&byte| byte == b'\n'));
    let mut number = 1;
    loop {
        match (olds.next(), news.next()) {
            (None, None) => return None,
            (old, new) if old == new => number += 1,
            (old, new) => return Some((number, around(old, new), around(new, old))),
        }
    }
}

/// A line as it can be shown, from a little before the byte where it differs from another one: lines of JSON are long.
fn around(line: Option<&[u8]>, other: Option<&[u8]>) -> String {
    /// Bytes before and after.
    const BEFORE: usize = 80;
    const AFTER: usize = 160;
    let Some(line) = line else { return "(nothing)".to_owned() };
    let same = line.iter().zip(other.unwrap_or_default()).take_while(|(one, other)| one == other).count();
    let from = same.saturating_sub(BEFORE);
    let part = line.get(from..line.len().min(same + AFTER)).unwrap_or_default();
    let dots = if from > 0 { "…" } else { "" };
    format!("{dots}{}", String::from_utf8_lossy(part).escape_debug())
}

fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: &str, stdout: &str) -> Ended {
        Ended { code: code.to_owned(), stdout: stdout.into(), stderr: Vec::new() }
    }

    #[test]
    fn the_first_line_that_differs_is_told() {
        let old = ended("0", "same\nold line\nrest\n");
        assert_eq!(difference(&old, &old), None);
        let told = difference(&old, &ended("1", "same\nnew line\n")).unwrap();
        assert_eq!(told, "  exit code 0 → 1\n  standard output, line 2\n  - old line\n  + new line");
        let told = difference(&old, &ended("0", "same\nold line\nrest")).unwrap();
        assert_eq!(told, "  standard output, line 4\n  - \n  + (nothing)");
    }

    #[test]
    fn of_a_long_line_the_part_that_differs_is_told() {
        let line = |end: &str| format!("{}{end}", "x".repeat(1000));
        let told = difference(&ended("0", &line("old")), &ended("0", &line("new"))).unwrap();
        assert!(told.len() < 400 && told.contains("xold") && told.contains("xnew"), "{told}");
    }

    #[test]
    fn two_programs_are_asked_for() {
        let asked = |words: &[&str]| asked(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let both = asked(&["a", "b", "--tree", "c", "--sites", "5"]).unwrap();
        assert_eq!((both.trees, both.sites), (vec![PathBuf::from("c")], 5));
        assert!(
            asked(&["a"]).is_err() && asked(&["a", "b", "c"]).is_err() && asked(&["a", "b", "--x"]).is_err()
        );
    }
}
