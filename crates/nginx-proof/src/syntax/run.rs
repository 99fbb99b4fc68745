//! Many cases on all nginx binaries.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use nginx_semantics::dispatch::Build;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::case::{Case, Draft, draft};
use super::compare::{Outcome, compare};
use super::report::SyntaxReport;
use super::seeds::{Seed, seeds};
use super::verdict::Bench;
use super::{modules, ours};
use crate::{Binary, Error};

/// As many at once.
const THREADS: usize = 2;
/// As many differences are made small and shown.
const SHOWN: usize = 10;
/// As many steps on the way to a small one.
const MOST_STEPS: usize = 200;

/// How much is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// In all; they go round the binaries.
    pub cases: usize,
    /// Other numbers, other cases.
    pub seed: u64,
}

/// Generates and compares. `root` is the folder of the workspace.
///
/// # Errors
/// When the system or a binary fails; what nginx refuses is no error.
pub fn prove_syntax(binaries: &[Binary], root: &Path, plan: Plan) -> Result<SyntaxReport, Error> {
    let seeds = seeds(root)?;
    let builds = binaries
        .iter()
        .map(|binary| Ok((binary, modules::build(binary)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let mut runner = runner(plan.seed);
    let strategy = draft();
    let mut drafts = Vec::with_capacity(plan.cases);
    for _ in 0..plan.cases {
        let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
        drafts.push(tree.current());
    }
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Ok(SyntaxReport::default()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let done = work(&drafts, &seeds, &builds, &next);
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                match (done, all.as_mut()) {
                    (Ok(report), Ok(whole)) => whole.merge(report),
                    (Err(error), Ok(_)) => *all = Err(error),
                    (_, Err(_)) => {}
                }
            });
        }
    });
    let mut report = all.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    for (binary, build) in &builds {
        report.backported(binary.version, build.backported.iter().copied().collect());
    }
    for (&index, what) in report.differences.iter_mut().take(SHOWN) {
        if let Some(text) = smallest(index, &seeds, &builds, plan)? {
            *what = text;
        }
    }
    Ok(report)
}

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(seed.to_le_bytes()) {
        *to = from;
    }
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

type Built<'b> = (&'b Binary, Build);

fn work(
    drafts: &[Draft],
    seeds: &[Seed],
    builds: &[Built<'_>],
    next: &AtomicUsize,
) -> Result<SyntaxReport, Error> {
    let mut bench = Bench::new()?;
    let mut report = SyntaxReport::default();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(draft) = drafts.get(index) else { break };
        let Some((case, built)) = draft.case(seeds).zip(turn(builds, index)) else { continue };
        let outcome = run(&mut bench, &case, built)?;
        report.add(index, built.0.version, &case, outcome);
    }
    Ok(report)
}

fn turn<'b>(builds: &'b [Built<'b>], index: usize) -> Option<&'b Built<'b>> {
    builds.get(index.checked_rem(builds.len())?)
}

fn run(bench: &mut Bench, case: &Case, (binary, build): &Built<'_>) -> Result<Outcome, Error> {
    let nginx = bench.test(binary, &case.files)?;
    Ok(compare(&nginx, &ours::judge(&case.files, build)))
}

/// A small case that differs like the one of this index, as text.
fn smallest(index: usize, seeds: &[Seed], builds: &[Built<'_>], plan: Plan) -> Result<Option<String>, Error> {
    let Some(built) = turn(builds, index) else { return Ok(None) };
    let mut bench = Bench::new()?;
    let mut runner = runner(plan.seed);
    let strategy = draft();
    // Those before it are made again, so that the generator stands where it stood.
    for _ in 0..index {
        let _ = strategy.new_tree(&mut runner);
    }
    let Ok(mut tree) = strategy.new_tree(&mut runner) else { return Ok(None) };
    let mut found = None;
    for _ in 0..MOST_STEPS {
        let Some(case) = tree.current().case(seeds) else { break };
        let is_so = match run(&mut bench, &case, built)? {
            Outcome::Differ(what) => {
                found = Some((case, what));
                true
            }
            _ => false,
        };
        if !(if is_so { tree.simplify() } else { tree.complicate() }) {
            break;
        }
    }
    let show = |(case, what): (Case, String)| {
        let mutations = &case.mutations;
        let files = case.files.iter().map(|(path, bytes)| {
            let bytes: String = bytes
                .utf8_chunks()
                .map(|chunk| chunk.valid().to_owned() + &"\u{fffd}".repeat(chunk.invalid().len()))
                .collect();
            format!("    --- {path}\n{}", abridged(&bytes))
        });
        let files: Vec<String> = files.collect();
        format!("case {index} on nginx {}, {mutations:?}: {what}\n{}", built.0.version, files.join("\n"))
    };
    Ok(found.map(show))
}

/// Long words are not worth reading.
fn abridged(text: &str) -> String {
    let mut shown = text.to_owned();
    for letter in ["x", "c"] {
        let long = letter.repeat(4085);
        shown = shown.replace(&long, &format!("<4085 {letter}>"));
    }
    shown
}
