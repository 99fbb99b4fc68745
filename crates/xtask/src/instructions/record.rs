//! The figures that are kept in the repository, and when others are worth a word.

use std::fmt::Write;

use super::callgrind::Count;

/// How far the program's own instructions may be from those that are recorded.
const OWN: f64 = 0.03;

/// The same of shared libraries, which are the machine's: between glibc 2.36 and 2.43 the same run has 16 % fewer
/// instructions in them, and less than 0.1 % fewer in the program.
const LIBRARIES: f64 = 0.25;

/// The same of both with another compiler than the one of the record: it inlines otherwise.
const OTHER_COMPILER: f64 = 0.15;

/// The most by which the cost may grow when the input doubles.
const MOST_GROWTH: f64 = 2.5;

/// How far the growth of an exception may be above what is recorded.
const EXCEPTION: f64 = 0.05;

const HEAD: &str = "\
# Instructions of a release build without link-time optimisation (the profile `counted`), written by
# `cargo xtask instructions --record` and compared by `cargo xtask instructions`. Tabs between the columns:
#   compiler   what built the program
#   run        name, instructions of the program itself (3 % are allowed with the same compiler), and those of shared
#              libraries (25 %, for other versions of them differ so much)
#   exception  shape, growth when its size doubles: more than is allowed, and known. A line may only be removed: the
#              check fails as soon as it is not needed
";

/// All figures.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    pub(super) compiler: String,
    pub(super) runs: Vec<Run>,
    /// Of all shapes when they were counted, of the exceptions alone when they were read.
    pub(super) growths: Vec<Growth>,
}

/// One run on a fixed input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) count: Count,
}

/// How the cost of a shape grows when its size doubles.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Growth {
    pub(super) name: String,
    pub(super) times: f64,
    /// Of the larger one.
    pub(super) instructions: u64,
}

impl Record {
    /// `None` if a line is malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut record = Self { compiler: String::new(), runs: Vec::new(), growths: Vec::new() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split('\t').collect();
            match columns.as_slice() {
                ["compiler", compiler] => record.compiler = (*compiler).to_owned(),
                ["run", name, own, libraries] => {
                    let count = Count { own: own.parse().ok()?, libraries: libraries.parse().ok()? };
                    record.runs.push(Run { name: (*name).to_owned(), count });
                }
                ["exception", name, times] => {
                    let (name, times) = ((*name).to_owned(), times.parse().ok()?);
                    record.growths.push(Growth { name, times, instructions: 0 });
                }
                _ => return None,
            }
        }
        Some(record)
    }

    /// The text of the file: of the growths, those that are exceptions.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{HEAD}compiler\t{}\n", self.compiler);
        for Run { name, count } in &self.runs {
            let _ = writeln!(text, "run\t{name}\t{}\t{}", count.own, count.libraries);
        }
        for growth in self.growths.iter().filter(|growth| !growth.holds()) {
            let _ = writeln!(text, "exception\t{}\t{:.2}", growth.name, growth.times);
        }
        text
    }

    pub(super) fn run(&self, name: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.name == name)
    }

    /// The growth that is recorded for a shape.
    pub(super) fn exception(&self, name: &str) -> Option<f64> {
        self.growths.iter().find(|growth| growth.name == name).map(|growth| growth.times)
    }

    /// What is not as recorded, in words.
    pub(super) fn faults(&self, before: &Self) -> Vec<String> {
        let mut faults = Vec::new();
        let is_same = self.compiler == before.compiler;
        for run in &self.runs {
            let Some(old) = before.run(&run.name) else {
                faults.push(format!("{} is not recorded", run.name));
                continue;
            };
            let parts = [
                ("the program", old.count.own, run.count.own, OWN),
                ("shared libraries", old.count.libraries, run.count.libraries, LIBRARIES),
            ];
            for (what, old, new, most) in parts {
                let most = if is_same { most } else { OTHER_COMPILER.max(most) };
                let change = change(old, new);
                if change.abs() > most {
                    faults.push(format!(
                        "{}: {what} runs {new} instructions, {:+.1} % of the {old} that are recorded; {:.0} % are allowed{}",
                        run.name,
                        change * 100.0,
                        most * 100.0,
                        if is_same { String::new() } else { format!(" ({} instead of {})", self.compiler, before.compiler) }
                    ));
                }
            }
        }
        for growth in &self.growths {
            match before.exception(&growth.name) {
                Some(_) if growth.holds() => faults.push(format!(
                    "{} grows by {:.2} only: its exception is not needed any more, `--record` removes it",
                    growth.name, growth.times
                )),
                Some(known) if growth.times <= known * (1.0 + EXCEPTION) => {}
                None if growth.holds() => {}
                known => faults.push(growth.fault(known)),
            }
        }
        for exception in &before.growths {
            if self.exception(&exception.name).is_none() {
                faults.push(format!("no shape is called {}", exception.name));
            }
        }
        faults
    }

    /// Shapes that grow too much and are no exceptions so far: recording does not make them some.
    pub(super) fn new_exceptions(&self, before: &Self) -> Vec<String> {
        let is_new = |growth: &&Growth| !growth.holds() && before.exception(&growth.name).is_none();
        self.growths.iter().filter(is_new).map(|growth| growth.fault(None)).collect()
    }
}

impl Run {
    /// A line about it, beside what is recorded.
    pub(super) fn told(&self, before: Option<&Self>) -> String {
        let Count { own, libraries } = self.count;
        let changes = before.map_or_else(
            || "not recorded".to_owned(),
            |Self { count: old, .. }| {
                let [own, libraries] =
                    [change(old.own, own), change(old.libraries, libraries)].map(|change| change * 100.0);
                format!("{own:+.2} % and {libraries:+.2} % of what is recorded")
            },
        );
        format!("{}: {own} instructions, and {libraries} in shared libraries: {changes}\n", self.name)
    }
}

impl Growth {
    fn holds(&self) -> bool {
        self.times <= MOST_GROWTH
    }

    fn fault(&self, known: Option<f64>) -> String {
        let known = known.map_or_else(
            || "if it has to stay so, `exception` and the figure are a line of the record".to_owned(),
            |known| format!("its exception says {known:.2}"),
        );
        format!(
            "{} costs {:.2} times as much when it doubles, more than {MOST_GROWTH}; {known}",
            self.name, self.times
        )
    }

    /// A line about it, and why it is allowed to grow more than others where it is.
    pub(super) fn told(&self, about: &str, exception: Option<f64>) -> String {
        let Self { name, times, instructions } = self;
        let mut text = format!("{name}: ×{times:.2} when the input doubles, to {instructions} instructions");
        if exception.is_some() {
            let _ = write!(
                text,
                "\n  a known exception to {MOST_GROWTH}: the cost is not in proportion yet to the number of {about}"
            );
        }
        text + "\n"
    }
}

fn change(old: u64, new: u64) -> f64 {
    new as f64 / old.max(1) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(compiler: &str, own: u64, libraries: u64, growths: &[(&str, f64)]) -> Record {
        let growth = |&(name, times): &(&str, f64)| Growth { name: name.to_owned(), times, instructions: 0 };
        Record {
            compiler: compiler.to_owned(),
            runs: vec![Run { name: "sites".to_owned(), count: Count { own, libraries } }],
            growths: growths.iter().map(growth).collect(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let written = record("rustc 1", 1000, 100, &[("good", 2.0), ("bad", 4.0)]);
        let read = Record::parse(&written.text()).unwrap();
        assert_eq!(read, record("rustc 1", 1000, 100, &[("bad", 4.0)]));
        assert_eq!(Record::parse("run\tsites\tmany\t1"), None);
        assert_eq!(Record::parse("nothing"), None);
    }

    #[test]
    fn three_percent_are_allowed_each_way() {
        let before = record("rustc 1", 1000, 100, &[]);
        for (own, libraries, is_fault) in
            [(1029, 124, false), (971, 76, false), (1031, 100, true), (969, 100, true), (1000, 126, true)]
        {
            let faults = record("rustc 1", own, libraries, &[]).faults(&before);
            assert_eq!(!faults.is_empty(), is_fault, "{own} {libraries}: {faults:?}");
        }
        assert!(record("rustc 2", 1140, 100, &[]).faults(&before).is_empty());
        assert!(!record("rustc 2", 1160, 100, &[]).faults(&before).is_empty());
    }

    #[test]
    fn an_exception_ends_when_it_is_not_needed() {
        let before = record("rustc 1", 1000, 100, &[("bad", 4.0)]);
        let faults = |times| record("rustc 1", 1000, 100, &[("good", 2.0), ("bad", times)]).faults(&before);
        assert!(faults(4.1).is_empty());
        assert!(faults(4.3).len() == 1 && faults(2.4)[0].contains("not needed any more"));
        let worse = record("rustc 1", 1000, 100, &[("good", 2.6), ("bad", 4.0)]);
        assert!(worse.faults(&before).len() == 1 && worse.new_exceptions(&before).len() == 1);
        let gone = record("rustc 1", 1000, 100, &[]).faults(&before);
        assert_eq!(gone, ["no shape is called bad"]);
    }
}
