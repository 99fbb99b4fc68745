//! Measures this program beside `cat`, nginx and other analysers, in one run, and writes what came of it as ratios.
//!
//! Seconds of one machine mean little on another, and a machine that does other things at the same time is slow today and
//! fast tomorrow. So all programs take turns on the same files, and each figure is the median of its runs.

mod document;
mod measure;
mod programs;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use measure::Usage;
use programs::{Input, Kind, Program};

use crate::generate::{self, shapes::SHAPES, sites};
use crate::{Error, program, root};

/// The document, below the folder of the workspace.
const DOCUMENT: &str = "docs/performance.md";

/// Trees that are measured, by their sites.
const TREES: [usize; 3] = [100, 1000, 10_000];

/// Bytes of the one large file.
const SINGLE: usize = 50_000_000;

/// After so many seconds a run is stopped.
const LIMIT: u64 = 180;

/// How often each program runs on each input, at most.
const ROUNDS: usize = 7;

/// `cat` takes so little that each round has more than one run of it.
const CATS: usize = 3;

/// Runs for the time that a small file takes.
const STARTS: usize = 101;

/// What is asked for.
struct Asked {
    /// Where the document goes.
    out: PathBuf,
    /// This program, where it is not to be built.
    binary: Option<PathBuf>,
    /// Sites of the largest tree. Below that of [`TREES`] the large file is left out too.
    largest: usize,
    limit: Duration,
}

/// What one program did with one input.
struct Row {
    program: Program,
    outcome: Outcome,
}

/// How it ended.
enum Outcome {
    /// The median of the runs, and what was found.
    Done(Usage, String),
    /// It was stopped, and has cost so much until then.
    Stopped(Usage),
    /// It failed, with this exit code.
    Failed(i32),
    /// A smaller input was too much already.
    NotRun,
}

impl Outcome {
    fn usage(&self) -> Option<Usage> {
        match self {
            Self::Done(usage, _) => Some(*usage),
            _ => None,
        }
    }
}

/// What a shape of some size cost.
struct Shaped {
    bytes: usize,
    usage: Usage,
}

/// Everything that the document is made of.
struct Measured {
    tables: Vec<(Input, Vec<Row>)>,
    /// The commands of this program on the largest tree, the first of which is the run that the others are compared with.
    commands: Vec<(&'static str, Usage)>,
    /// One small file.
    start: Usage,
    /// Shapes at a size and at its double.
    shapes: Vec<[Shaped; 2]>,
    limit: Duration,
    /// Memory below this is not seen.
    least: f64,
}

/// `bench-peers [--out FILE] [--binary FILE] [--largest SITES] [--seconds N]`.
///
/// # Errors
/// Wrong usage, a program that cannot be had, or one that fails where nginx accepts the input.
pub fn bench_peers(arguments: &[String]) -> Result<(), Error> {
    let asked = asked(arguments)?;
    let ours = asked.binary.clone().map_or_else(program::release, Ok)?;
    let ours = fs::canonicalize(&ours).map_err(|error| Error::file(&ours, error))?;
    let programs = programs::all(ours.clone())?;
    let inputs = inputs(asked.largest)?;
    let mut tables: Vec<(Input, Vec<Row>)> = Vec::new();
    for input in inputs {
        let was_stopped = |program: &Program| {
            let before = tables.iter().flat_map(|(_, rows)| rows);
            before.filter(|row| row.program.kind == program.kind).any(|row| row.outcome.usage().is_none())
        };
        let (beaten, running) = programs.iter().cloned().partition(was_stopped);
        let rows = table(&input, running, beaten, asked.limit)?;
        tables.push((input, rows));
    }
    let largest = tables.iter().map(|(input, _)| input).rfind(|input| input.files.len() > 1);
    let commands = largest.map_or_else(|| Ok(Vec::new()), |input| commands(&ours, input, asked.limit))?;
    let start = start(&ours)?;
    let shapes = shapes(&ours, asked.limit)?;
    let least = measure::own_peak();
    let text = document::text(&Measured { tables, commands, start, shapes, limit: asked.limit, least })?;
    fs::write(&asked.out, text).map_err(|error| Error::file(&asked.out, error))?;
    say(&format!("wrote {}", asked.out.display()));
    Ok(())
}

fn asked(arguments: &[String]) -> Result<Asked, Error> {
    let most = TREES.iter().copied().max().unwrap_or_default();
    let limit = Duration::from_secs(LIMIT);
    let mut asked = Asked { out: root().join(DOCUMENT), binary: None, largest: most, limit };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(Error::Usage)?;
        match word.as_str() {
            "--out" => asked.out = value.into(),
            "--binary" => asked.binary = Some(value.into()),
            "--largest" => asked.largest = value.parse().map_err(|_| Error::Usage)?,
            "--seconds" => asked.limit = Duration::from_secs(value.parse().map_err(|_| Error::Usage)?),
            _ => return Err(Error::Usage),
        }
    }
    Ok(asked)
}

fn folder(name: &str) -> PathBuf {
    root().join("target/bench").join(name)
}

/// Writes what is judged.
fn inputs(largest: usize) -> Result<Vec<Input>, Error> {
    let mut inputs = Vec::new();
    for sites in TREES.into_iter().filter(|sites| *sites <= largest) {
        let folder = folder(&format!("sites-{sites}"));
        generate::write(&folder, sites::tree(sites))?;
        inputs.push(Input::of(format!("{} sites", programs::grouped(sites)), folder, sites)?);
    }
    if inputs.len() == TREES.len() {
        let folder = folder("single");
        fs::create_dir_all(&folder).map_err(|error| Error::file(&folder, error))?;
        // Bit by bit: what this process needs at its peak, its children seem to need.
        let path = folder.join("nginx.conf");
        let file = fs::File::create(&path).map_err(|error| Error::file(&path, error))?;
        let mut file = io::BufWriter::new(file);
        let mut count = 0;
        for part in sites::single(SINGLE) {
            file.write_all(part.as_bytes()).map_err(|error| Error::file(&path, error))?;
            count += 1;
        }
        file.flush().map_err(|error| Error::file(&path, error))?;
        // Neither the first part nor the last is a site.
        inputs.push(Input::of(format!("One file of {} MB", SINGLE / 1_000_000), folder, count - 2)?);
    }
    Ok(inputs)
}

/// All programs on one input, by turns.
fn table(
    input: &Input,
    running: Vec<Program>,
    beaten: Vec<Program>,
    limit: Duration,
) -> Result<Vec<Row>, Error> {
    let output = folder("output");
    let mut rows: Vec<(Row, Vec<Usage>)> = Vec::new();
    for program in running {
        // The first round is for the disk's cache too, so it does not count for `cat`.
        say(&format!("{}: {}", input.title, program.name));
        let usage = measure::run(program.command(input, &output)?, limit)?;
        let outcome = match usage.code {
            None => Outcome::Stopped(usage),
            Some(code) if program.is_done(code) => Outcome::Done(usage, program.found(&output)?),
            Some(code) => Outcome::Failed(code),
        };
        let runs = if program.kind == Kind::Cat { Vec::new() } else { vec![usage] };
        rows.push((Row { program, outcome }, runs));
    }
    for round in 1..ROUNDS {
        for (Row { program, outcome }, runs) in &mut rows {
            let Some(first) = outcome.usage() else { continue };
            let times = if program.kind == Kind::Cat { CATS } else { 1 };
            for _ in 0..times {
                if round < rounds(first.wall) {
                    runs.push(measure::run(program.command(input, &output)?, limit)?);
                }
            }
        }
    }
    let done = rows.into_iter().map(|(row, runs)| match (row.outcome, measure::median(&runs)) {
        (Outcome::Done(_, found), Some(usage)) => {
            Row { program: row.program, outcome: Outcome::Done(usage, found) }
        }
        (outcome, _) => Row { program: row.program, outcome },
    });
    let beaten = beaten.into_iter().map(|program| Row { program, outcome: Outcome::NotRun });
    Ok(done.chain(beaten).collect())
}

/// How often something runs that takes so many seconds.
fn rounds(seconds: f64) -> usize {
    match seconds {
        ..3.0 => ROUNDS,
        ..20.0 => 3,
        _ => 1,
    }
}

/// What this program's commands take on a tree.
fn commands(ours: &Path, input: &Input, limit: Duration) -> Result<Vec<(&'static str, Usage)>, Error> {
    const LINT: &str = "--format json";
    const ENDPOINTS: &str = "endpoints --format json";
    const TRACE: &str = "trace URL --format json";
    const DIFF: &str = "--diff --unsafe-fixes";
    let url = format!("ws://s{}.example.com:8080/ws0/", input.sites / 2);
    let ways: [(&str, &[&str]); 4] = [
        (LINT, &["--format", "json"]),
        (ENDPOINTS, &["endpoints", "--format", "json"]),
        (TRACE, &["trace", &url, "--format", "json"]),
        (DIFF, &["--diff", "--unsafe-fixes"]),
    ];
    let mut all: Vec<(&'static str, Vec<Usage>)> = ways.iter().map(|(name, _)| (*name, Vec::new())).collect();
    for round in 0..ROUNDS {
        for ((name, runs), (_, way)) in all.iter_mut().zip(ways) {
            if runs.first().is_none_or(|first: &Usage| first.code.is_some() && round < rounds(first.wall)) {
                say(&format!("{}: {name}", input.title));
                runs.push(measure::run(asking(ours, way, &input.folder)?, limit)?);
            }
        }
    }
    Ok(all.into_iter().filter_map(|(name, runs)| Some((name, measure::median(&runs)?))).collect())
}

/// One small file, many times.
fn start(ours: &Path) -> Result<Usage, Error> {
    say("start-up");
    let file = root().join("fixtures/baseline/nginx.conf");
    let way = &["--format", "json"];
    let runs = (0..STARTS).map(|_| measure::run(asking(ours, way, &file)?, Duration::from_secs(LIMIT)));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    measure::median(&runs).ok_or(Error::Usage)
}

/// Every shape at its size and at the double.
fn shapes(ours: &Path, limit: Duration) -> Result<Vec<[Shaped; 2]>, Error> {
    let mut all = Vec::new();
    for shape in &SHAPES {
        say(&format!("shape {}", shape.name));
        let [one, two] = [1, 2].map(|times| {
            let folder = folder("shape");
            let (name, text) = shape.file(shape.timed * times);
            let bytes = text.len();
            generate::write(&folder, [(name, text)])?;
            let mut runs: Vec<Usage> = Vec::new();
            let mut wanted = 1;
            while runs.len() < wanted {
                let usage = measure::run(asking(ours, shape.way, &folder)?, limit)?;
                wanted = if usage.code.is_some() { rounds(usage.wall).min(3) } else { 0 };
                runs.push(usage);
            }
            measure::median(&runs).map(|usage| Shaped { bytes, usage }).ok_or(Error::Usage)
        });
        all.push([one?, two?]);
    }
    Ok(all)
}

/// This program, asked in some way, with its output in a file.
fn asking(ours: &Path, way: &[&str], subject: &Path) -> Result<Command, Error> {
    let output = folder("output");
    let file = fs::File::create(&output).map_err(|error| Error::file(&output, error))?;
    let mut command = Command::new(ours);
    command.args(way).arg(subject);
    program::scrub(&mut command);
    command.stdout(Stdio::from(file)).stderr(Stdio::null());
    Ok(command)
}

fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "── {text}");
}
