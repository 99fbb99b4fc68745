//! Whether the program still costs what it did, in instructions: of two fixed runs, and of shapes that double in size.
//!
//! The figures of the two runs are recorded in [`RECORD`]. They depend on the compiler, so a check with another one
//! allows more. The program's hash maps have random seeds, as those of the standard library do: that moves the figures
//! by less than a thousandth.

mod callgrind;
mod record;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use callgrind::Count;
use record::{Growth, Record, Run};

use crate::generate::{self, shapes::SHAPES, sites};
use crate::program::{self, Profile};
use crate::{Error, pool, root};

/// The file with the figures, below the folder of the workspace.
const RECORD: &str = "crates/xtask/instructions.tsv";

/// Where what is judged lies, below the folder of the workspace: paths are part of the output, so they are always the
/// same.
const FOLDER: &str = "target/instructions";

/// Sites of the tree of the first run.
const SITES: usize = 100;

/// What one count is of.
struct Job {
    name: String,
    arguments: Vec<String>,
}

/// `instructions [--record] [--binary FILE]`.
///
/// # Errors
/// Wrong usage, a valgrind that is missing, and figures that are not as recorded.
pub fn instructions(arguments: &[String]) -> Result<(), Error> {
    let (mut is_recorded, mut binary) = (false, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--record" => is_recorded = true,
            "--binary" => binary = Some(PathBuf::from(words.next().ok_or(Error::Usage)?)),
            _ => return Err(Error::Usage),
        }
    }
    let binary = binary.map_or_else(|| program::build(Profile::Counted), Ok)?;
    let binary = fs::canonicalize(&binary).map_err(|error| Error::file(&binary, error))?;
    let counted = counted(&binary)?;
    let path = root().join(RECORD);
    let before = fs::read_to_string(&path).map_err(|error| Error::file(&path, error))?;
    let before = Record::parse(&before).ok_or_else(|| Error::Malformed { path: path.clone() })?;
    print(&counted, &before)?;
    let faults = if is_recorded { counted.new_exceptions(&before) } else { counted.faults(&before) };
    if !faults.is_empty() {
        return Err(Error::Instructions(faults));
    }
    if is_recorded {
        fs::write(&path, counted.text()).map_err(|error| Error::file(&path, error))?;
    }
    Ok(())
}

/// Counts everything.
fn counted(binary: &Path) -> Result<Record, Error> {
    let jobs = jobs()?;
    let folder = root().join(FOLDER);
    let counts = pool::each(&jobs, |job| {
        let arguments: Vec<&str> = job.arguments.iter().map(String::as_str).collect();
        callgrind::count(binary, &arguments, &folder.join(format!("{}.callgrind", job.name)))
    })?;
    let of = |name: &str| -> Count {
        let found = jobs.iter().zip(&counts).find(|(job, _)| job.name == name);
        found.map_or(Count { own: 0, libraries: 0 }, |(_, count)| *count)
    };
    let start = of("start").all();
    let runs = ["sites", "diff"].map(|name| Run { name: name.to_owned(), count: of(name) });
    let growths = SHAPES.iter().map(|shape| {
        // What every run costs would hide how the rest grows.
        let [one, two] = [1, 2].map(|times| of(&shape_name(shape.name, times)).all().saturating_sub(start));
        Growth { name: shape.name.to_owned(), times: two as f64 / one.max(1) as f64, instructions: two }
    });
    Ok(Record { compiler: program::compiler()?, runs: runs.to_vec(), growths: growths.collect() })
}

fn jobs() -> Result<Vec<Job>, Error> {
    let job = |name: String, way: &[&str], tree: &str| {
        let arguments = way.iter().copied().chain([tree]).map(str::to_owned).collect();
        Job { name, arguments }
    };
    let below = |name: &str| format!("{FOLDER}/{name}");
    let tree = below("sites");
    generate::write(&root().join(&tree), sites::tree(SITES))?;
    let empty = below("start");
    generate::write(&root().join(&empty), [("nginx.conf".to_owned(), "events {}\nhttp {}\n".to_owned())])?;
    let json = &["--format", "json"];
    let mut jobs = vec![
        job("sites".to_owned(), json, &tree),
        job("diff".to_owned(), &["--diff"], "fixtures/demo"),
        job("start".to_owned(), json, &empty),
    ];
    for shape in &SHAPES {
        for times in [1, 2] {
            let name = shape_name(shape.name, times);
            let tree = below(&name);
            generate::write(&root().join(&tree), [shape.file(shape.counted * times)])?;
            jobs.push(job(name, shape.way, &tree));
        }
    }
    Ok(jobs)
}

fn shape_name(name: &str, times: usize) -> String {
    format!("{name}-{times}")
}

/// A line for each figure.
fn print(counted: &Record, before: &Record) -> Result<(), Error> {
    let mut text = String::new();
    for run in &counted.runs {
        text.push_str(&run.told(before.run(&run.name)));
    }
    for growth in &counted.growths {
        let about = SHAPES.iter().find(|shape| shape.name == growth.name).map_or("", |shape| shape.about);
        text.push_str(&growth.told(about, before.exception(&growth.name)));
    }
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(|error| Error::file(Path::new("standard output"), error))
}
