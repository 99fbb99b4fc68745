//! Many cases on one nginx.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nginx_semantics::NginxVersion;

use super::check::{Difference, ask, compare};
use super::document::{KINDS, SEARCHED};
use super::outcome::Outcome;
use crate::generate::{Case, Drawn, Feature};
use crate::{Binary, Error};

/// Most of a case is waiting for processes: a case takes some 30 ms of CPU.
const THREADS: u64 = 6;

/// As many smaller cases are tried to make one small, and no longer than this: one may wait for its answers.
const MOST_TRIES: usize = 400;
const MOST_SHRINKING: Duration = Duration::from_secs(60);

/// What cases on one nginx came to.
#[derive(Debug)]
pub struct Run {
    /// Which nginx.
    pub version: NginxVersion,
    /// How many cases were run.
    pub cases: u64,
    /// How many requests they made.
    pub requests: u64,
    /// In how many cases a feature is.
    pub features: BTreeMap<Feature, u64>,
    /// How many cases have a request that came to this.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// How many requests the model says nothing of, by reason.
    pub unsaid: BTreeMap<String, u64>,
    /// What was seen of the first cases, by their numbers, except those that time decides.
    pub seen: BTreeMap<u64, (Case, Vec<Outcome>)>,
    /// The first cases that differ, made small.
    pub found: Vec<Found>,
}

/// A case that differs.
#[derive(Debug)]
pub struct Found {
    /// Its number.
    pub number: u64,
    /// As small as it could be made.
    pub case: Case,
    /// In what it differs.
    pub differences: Vec<Difference>,
}

impl Run {
    fn new(version: NginxVersion) -> Self {
        let (features, outcomes, unsaid) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (seen, found) = (BTreeMap::new(), Vec::new());
        Self { version, cases: 0, requests: 0, features, outcomes, unsaid, seen, found }
    }

    /// In how many of a hundred cases a feature is.
    pub fn share(&self, feature: Feature) -> f64 {
        let count = self.features.get(feature).copied().unwrap_or(0);
        let float = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        100.0 * float(count) / float(self.cases.max(1))
    }

    /// How many of a hundred requests the model says nothing of.
    pub fn unsaid_share(&self) -> f64 {
        let float = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        100.0 * float(self.unsaid.values().sum()) / float(self.requests.max(1))
    }

    /// The number of the first of the kept cases that another model says something else of than what was seen;
    /// `differs` gets files, requests and what was seen.
    pub fn first(&self, differs: impl Fn(&Case, &[Outcome]) -> bool) -> Option<u64> {
        self.seen.iter().find(|(_, (case, seen))| differs(case, seen)).map(|(number, _)| *number)
    }

    fn add(&mut self, number: u64, case: Case, seen: Vec<Outcome>, unsaid: Vec<String>) {
        self.cases += 1;
        self.requests += u64::try_from(case.requests.len()).unwrap_or(u64::MAX);
        for feature in &case.features {
            *self.features.entry(feature).or_default() += 1;
        }
        for reason in unsaid {
            *self.unsaid.entry(reason).or_default() += 1;
        }
        // What time decides is not the same in each run.
        if case.hangs_on_others() {
            return;
        }
        let mut kinds: Vec<&'static str> = seen.iter().map(kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            *self.outcomes.entry(kind).or_default() += 1;
        }
        if number < SEARCHED {
            self.seen.insert(number, (case, seen));
        }
    }
}

/// What a request came to, in the words of the table.
fn kind(outcome: &Outcome) -> &'static str {
    let [tunnel, page, refusal, redirect, error, other, closed] = KINDS;
    match (outcome.status, &outcome.asked) {
        (Some(101), _) => tunnel,
        (Some(200), Some(_)) => page,
        (_, Some(_)) => refusal,
        (Some(301..=308), None) => redirect,
        (Some(500..), None) => error,
        (Some(_), None) => other,
        (None, None) => closed,
    }
}

/// Runs the cases of a seed that have these numbers, until `most` differ.
///
/// # Errors
/// When nginx refuses a case, or something of the system fails.
pub fn run(binary: &Binary, seed: u64, numbers: Range<u64>, most: usize) -> Result<Run, Error> {
    let next = AtomicU64::new(numbers.start);
    let is_over = AtomicBool::new(false);
    let result = Mutex::new(Ok(Run::new(binary.version)));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end || is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let one = one(binary, seed, number);
                    let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
                    match (one, result.as_mut()) {
                        (Ok((case, seen, unsaid, found)), Ok(run)) => {
                            run.add(number, case, seen, unsaid);
                            run.found.extend(found);
                            if run.found.len() >= most {
                                is_over.store(true, Ordering::Relaxed);
                            }
                        }
                        (Err(error), Ok(_)) => {
                            is_over.store(true, Ordering::Relaxed);
                            *result = Err(error);
                        }
                        (_, Err(_)) => {}
                    }
                }
            });
        }
    });
    result.into_inner().unwrap_or_else(PoisonError::into_inner)
}

type One = (Case, Vec<Outcome>, Vec<String>, Option<Found>);

fn one(binary: &Binary, seed: u64, number: u64) -> Result<One, Error> {
    let mut drawn = Drawn::new(seed, number)?;
    let case = drawn.case();
    let of_case = |error| of_case(error, number, &case);
    let seen = ask(binary, &case.files, &case.requests).map_err(of_case)?;
    let (differences, unsaid) = compare(&case.files, &case.requests, binary.version, &seen);
    if differences.is_empty() {
        return Ok((case, seen, unsaid, None));
    }
    let differs = |case: &Case| {
        let seen = ask(binary, &case.files, &case.requests).ok();
        let compared = seen.map(|seen| compare(&case.files, &case.requests, binary.version, &seen).0);
        compared.unwrap_or_default()
    };
    let start = Instant::now();
    let is_still_so = |case: &Case| start.elapsed() < MOST_SHRINKING && !differs(case).is_empty();
    let small = drawn.shrink(MOST_TRIES, is_still_so);
    let found = match differs(&small) {
        // It does not differ each time.
        none if none.is_empty() => Found { number, case: case.clone(), differences },
        differences => Found { number, case: small, differences },
    };
    Ok((case, seen, unsaid, Some(found)))
}

/// A refusal, with what was refused.
fn of_case(error: Error, number: u64, case: &Case) -> Error {
    match error {
        Error::Refused { message } => {
            let files: String =
                case.files.iter().map(|(path, text)| format!("\n# file: {path}\n{text}")).collect();
            Error::Refused { message: format!("case {number}: {message}{files}") }
        }
        other => other,
    }
}
