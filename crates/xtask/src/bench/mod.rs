//! Measures this program beside `cat`, nginx and other analysers, in one run, and writes what came of it as ratios.
//!
//! Seconds of one machine mean little on another, and a machine that does other things at the same time is slow now and
//! fast in a minute. So each run is compared with runs of something else right beside it, and each figure is the median
//! of such ratios.

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
use crate::program::{self, Profile};
use crate::{Error, root};

/// The document, below the folder of the workspace.
const DOCUMENT: &str = "docs/performance.md";

/// Trees that are measured, by their sites.
const TREES: [usize; 3] = [100, 1000, 10_000];

/// Bytes of the one large file.
const SINGLE: usize = 50_000_000;

/// After so many seconds a run is stopped.
const LIMIT: u64 = 300;

/// How often each program runs on each input, at most.
const ROUNDS: usize = 7;

/// `cat` runs so often before each run of another program, and so often after it: it takes so little that single runs
/// say nothing.
const CATS: usize = 3;

/// Runs on the smallest tree beside one on the largest.
const SMALL: usize = 9;

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
    /// What it cost, and what was found.
    Done(Cost, String),
    /// It was stopped, and has cost so much until then.
    Stopped(Cost),
    /// It failed, with this exit code.
    Failed(i32),
    /// A smaller input was too much already.
    NotRun,
}

impl Outcome {
    fn cost(&self) -> Option<Cost> {
        match self {
            Self::Done(cost, _) => Some(*cost),
            _ => None,
        }
    }
}

/// Medians of several runs.
#[derive(Clone, Copy)]
struct Cost {
    usage: Usage,
    /// CPU and time, divided by those of `cat` right beside.
    cpu: f64,
    wall: f64,
}

/// What this program's commands cost on the largest tree.
#[derive(Default)]
struct Commands {
    sites: usize,
    /// CPU for each site there, divided by that for each site of the smallest tree, and how many that one has.
    a_site: Option<(f64, usize)>,
    /// CPU of other commands, divided by that of finding all defects, and whether they were stopped.
    others: Vec<(&'static str, f64, bool)>,
}

/// What a shape of some size cost.
struct Shaped {
    bytes: usize,
    usage: Usage,
}

/// Everything that the document is made of.
struct Measured {
    tables: Vec<(Input, Vec<Row>)>,
    commands: Commands,
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
    let ours = asked.binary.clone().map_or_else(|| program::build(Profile::Release), Ok)?;
    let ours = fs::canonicalize(&ours).map_err(|error| Error::file(&ours, error))?;
    let programs = programs::all(ours.clone())?;
    let inputs = inputs(asked.largest)?;
    let mut tables: Vec<(Input, Vec<Row>)> = Vec::new();
    for input in inputs {
        let was_stopped = |program: &Program| {
            let before = tables.iter().flat_map(|(_, rows)| rows);
            before.filter(|row| row.program.kind == program.kind).any(|row| row.outcome.cost().is_none())
        };
        let (beaten, running) = programs.iter().cloned().partition(was_stopped);
        let rows = table(&input, running, beaten, asked.limit)?;
        tables.push((input, rows));
    }
    let trees: Vec<&Input> =
        tables.iter().map(|(input, _)| input).filter(|input| input.files.len() > 1).collect();
    let commands = match trees.as_slice() {
        [smallest, .., largest] => commands(&ours, smallest, largest, asked.limit)?,
        _ => Commands::default(),
    };
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
    let (cats, others): (Vec<Program>, Vec<Program>) =
        running.into_iter().partition(|program| program.kind == Kind::Cat);
    let cats = |times: usize| -> Result<Vec<Usage>, Error> {
        let all = cats.iter().flat_map(|cat| (0..times).map(move |_| cat));
        all.map(|cat| measure::run(cat.command(input, &output)?, limit)).collect()
    };
    // The disk's cache has everything from now on.
    cats(1)?;
    let mut rows: Vec<(Program, Option<Outcome>, String, Vec<Cost>)> =
        others.into_iter().map(|program| (program, None, String::new(), Vec::new())).collect();
    for round in 0..ROUNDS {
        for (program, bad, found, costs) in &mut rows {
            let is_enough = costs.first().is_some_and(|first| round >= rounds(first.usage.wall));
            if bad.is_some() || is_enough {
                continue;
            }
            say(&format!("{}: {}", input.title, program.name));
            let mut beside = cats(CATS)?;
            let usage = measure::run(program.command(input, &output)?, limit)?;
            beside.extend(cats(CATS)?);
            let cat = measure::median(&beside).unwrap_or(usage);
            let cost = Cost { usage, cpu: usage.cpu / cat.cpu, wall: usage.wall / cat.wall };
            match usage.code {
                None => *bad = Some(Outcome::Stopped(cost)),
                Some(code) if !program.is_done(code) => *bad = Some(Outcome::Failed(code)),
                Some(_) => {
                    *found = program.found(&output)?;
                    costs.push(cost);
                }
            }
        }
    }
    let done = rows.into_iter().map(|(program, bad, found, costs)| {
        let outcome = bad.or_else(|| Some(Outcome::Done(middle(&costs)?, found)));
        Row { program, outcome: outcome.unwrap_or(Outcome::NotRun) }
    });
    let beaten = beaten.into_iter().map(|program| Row { program, outcome: Outcome::NotRun });
    Ok(done.chain(beaten).collect())
}

fn middle(costs: &[Cost]) -> Option<Cost> {
    let usages: Vec<Usage> = costs.iter().map(|cost| cost.usage).collect();
    Some(Cost {
        usage: measure::median(&usages)?,
        cpu: measure::middle(costs.iter().map(|cost| cost.cpu))?,
        wall: measure::middle(costs.iter().map(|cost| cost.wall))?,
    })
}

/// How often something runs that takes so many seconds.
fn rounds(seconds: f64) -> usize {
    match seconds {
        ..3.0 => ROUNDS,
        ..20.0 => 3,
        _ => 1,
    }
}

/// What this program's commands take on the largest tree, and how that compares with the smallest one.
fn commands(ours: &Path, smallest: &Input, largest: &Input, limit: Duration) -> Result<Commands, Error> {
    let lint = ["--format", "json"];
    let url = format!("ws://s{}.example.com:8080/ws0/", largest.sites / 2);
    let ways: [(&str, &[&str]); 3] = [
        ("endpoints --format json", &["endpoints", "--format", "json"]),
        ("trace URL --format json", &["trace", &url, "--format", "json"]),
        ("--diff --unsafe-fixes", &["--diff", "--unsafe-fixes"]),
    ];
    let mut a_site = Vec::new();
    let mut others: [(Vec<f64>, bool, usize); 3] = [const { (Vec::new(), false, ROUNDS) }; 3];
    let mut wanted = ROUNDS;
    let mut round = 0;
    while round < wanted {
        say(&format!("{}: commands", largest.title));
        let all = measure::run(asking(ours, &lint, &largest.folder)?, limit)?;
        wanted = rounds(all.wall);
        let small = (0..SMALL).map(|_| measure::run(asking(ours, &lint, &smallest.folder)?, limit));
        let small = small.collect::<Result<Vec<Usage>, Error>>()?;
        let small = measure::middle(small.iter().map(|usage| usage.cpu)).unwrap_or(all.cpu);
        a_site.push(all.cpu / largest.sites as f64 / (small / smallest.sites as f64));
        for ((_, way), (ratios, is_stopped, most)) in ways.iter().zip(&mut others) {
            if round < *most {
                let usage = measure::run(asking(ours, way, &largest.folder)?, limit)?;
                *is_stopped |= usage.code.is_none();
                *most = if *is_stopped { 1 } else { rounds(usage.wall) };
                ratios.push(usage.cpu / all.cpu);
            }
        }
        round += 1;
    }
    let others = ways.iter().zip(others).filter_map(|((name, _), (ratios, is_stopped, _))| {
        Some((*name, measure::middle(ratios.into_iter())?, is_stopped))
    });
    let a_site = measure::middle(a_site.into_iter()).map(|ratio| (ratio, smallest.sites));
    Ok(Commands { sites: largest.sites, a_site, others: others.collect() })
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
