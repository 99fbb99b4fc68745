//! Many mutants on all nginx binaries, and what lint says of each.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use lint_engine::{Settings, lint};
use lint_finding::{Label, Outcome, Severity};
use nginx_semantics::{MemoryFiles, NginxVersion, Scope, VersionRange};

use super::Kind;
use super::draw::{Draws, Mutant, all_seeds};
use super::report::MutantReport;
use crate::syntax::message::{Class, Message};
use crate::syntax::seeds::Seed;
use crate::syntax::verdict::Bench;
use crate::{Binary, Error};

/// As many at once.
const THREADS: usize = 2;
/// Where lint finds the files.
const FOLDER: &str = "/mutant";

/// How much is run.
#[derive(Debug, Clone, Copy)]
pub struct MutantPlan {
    /// So many mutants, each on every binary.
    pub cases: usize,
    /// Other numbers, other mutants.
    pub seed: u64,
}

/// What one nginx says of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// It starts.
    Accepted,
    /// It does not, and says so.
    Rejected(Message),
    /// It does not because of this machine, or says nothing.
    Elsewhere,
}

/// What lint says that nginx refuses, with the lines that it points at.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) message: String,
    /// File, first and last line, of the finding and of its labels.
    pub(super) places: Vec<(String, u32, u32)>,
}

/// Makes mutants and compares. `root`: the folder of the workspace.
///
/// # Errors
/// When the system or a binary fails; what nginx refuses is no error.
pub fn prove_mutants(binaries: &[Binary], root: &Path, plan: MutantPlan) -> Result<MutantReport, Error> {
    let seeds = right(all_seeds(root)?, binaries)?;
    let draws = Draws::new(seeds, plan.cases, plan.seed);
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Ok(MutantReport::default()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let done = work(&draws, binaries, &next);
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                match (done, all.as_mut()) {
                    (Ok(report), Ok(whole)) => whole.merge(report),
                    (Err(error), Ok(_)) => *all = Err(error),
                    (_, Err(_)) => {}
                }
            });
        }
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Those that every nginx accepts: pages show mistakes, and what newer releases have.
fn right(seeds: Vec<Seed>, binaries: &[Binary]) -> Result<Vec<Seed>, Error> {
    let mut bench = Bench::new()?;
    let mut right = Vec::new();
    for seed in seeds {
        let mut is_right = true;
        for binary in binaries {
            is_right = is_right && bench.test_all(binary, &seed.files, false)?.is_accepted;
        }
        right.extend(is_right.then_some(seed));
    }
    Ok(right)
}

fn work(draws: &Draws, binaries: &[Binary], next: &AtomicUsize) -> Result<MutantReport, Error> {
    let mut bench = Bench::new()?;
    let mut report = MutantReport::default();
    while let Some(mutant) = draws.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut words = binaries
            .iter()
            .map(|binary| ask(&mut bench, binary, &mutant, false))
            .collect::<Result<Vec<_>, Error>>()?;
        // Lint is asked where nginx decides.
        let said: Vec<Vec<Said>> = binaries
            .iter()
            .zip(&words)
            .map(|(binary, word)| match word {
                Word::Elsewhere => Vec::new(),
                Word::Accepted | Word::Rejected(_) => refusals(&mutant, binary.version),
            })
            .collect();
        // Zones without a size are found behind the syntax.
        for ((binary, word), said) in binaries.iter().zip(&mut words).zip(&said) {
            let is_late = |said: &Said| said.message.contains("zero size shared memory zone");
            if *word == Word::Accepted && said.iter().any(is_late) {
                *word = ask(&mut bench, binary, &mutant, true)?;
            }
        }
        let versions: Vec<NginxVersion> = binaries.iter().map(|binary| binary.version).collect();
        report.add(&mutant, &versions, &words, &said);
    }
    Ok(report)
}

fn ask(bench: &mut Bench, binary: &Binary, mutant: &Mutant, opens_sockets: bool) -> Result<Word, Error> {
    let mut verdict = bench.test_all(binary, &mutant.files, opens_sockets)?;
    if verdict.is_accepted && mutant.kind == Kind::Missing && !opens_sockets {
        verdict = bench.test_all(binary, &mutant.files, true)?;
    }
    Ok(match verdict.message {
        _ if verdict.is_accepted => Word::Accepted,
        Some(message) if !is_of_this_machine(&message) => Word::Rejected(message),
        _ => Word::Elsewhere,
    })
}

/// Names that do not resolve, and files that are not there: another machine has them. An `include` is no such file.
fn is_of_this_machine(message: &Message) -> bool {
    let text = String::from_utf8_lossy(&message.text);
    let has = |part: &str| text.contains(part);
    has("host not found in ")
        || has("cannot load certificate")
        || has("cannot load CRL")
        || has("BIO_new_file")
        || has("SSL_CTX_")
        || has("dlopen()")
        || message.place.is_none() && (has("open()") || has("bind()") || has("mkdir()") || has("socket()"))
        // A folder that is included.
        || has("Is a directory")
        || has("could not be resolved")
        || has("invalid PID number")
}

/// What lint says that this nginx refuses.
pub(super) fn refusals(mutant: &Mutant, version: NginxVersion) -> Vec<Said> {
    let folder = PathBuf::from(FOLDER);
    let mut memory = MemoryFiles::new();
    for (path, bytes) in &mutant.files {
        memory.insert(folder.join(path), bytes.clone());
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings { versions: Some(VersionRange::exactly(version)), ..Settings::default() };
    let main = mutant.files.first().map(|(path, _)| folder.join(path)).unwrap_or_default();
    let outcome = lint(&memory, &[main], &scope, &settings);
    let refusing = outcome.findings.iter().filter(|finding| {
        finding.severity == Severity::Error && finding.message.contains("refuses to start")
    });
    refusing
        .map(|finding| {
            let labels = std::iter::once(&finding.primary).chain(&finding.labels);
            let places = labels.filter_map(|label| lines(&outcome, label)).collect();
            Said { message: finding.message.to_string(), places }
        })
        .collect()
}

fn lines(outcome: &Outcome, label: &Label) -> Option<(String, u32, u32)> {
    let source = &outcome.files.get(label.place.file.0 as usize)?.source;
    let span = label.place.span;
    let path = source.path().trim_start_matches(FOLDER).trim_start_matches('/').to_owned();
    // nginx names the line of the `;` or `{`.
    let rest = source.bytes().get(span.end as usize..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let end = if matches!(rest.get(blank), Some(b';' | b'{')) {
        span.end as usize + blank
    } else {
        span.end as usize
    };
    let last = u32::try_from(end).unwrap_or(span.end);
    Some((path, source.line(span.start), source.line(last)))
}

/// Whether it is about a name that no module has.
pub(super) fn is_unknown_directive(message: &Message) -> bool {
    message.class() == Class::Unknown
}
