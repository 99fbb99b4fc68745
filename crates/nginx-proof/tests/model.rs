//! The model says of random configurations what nginx does.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::io::Write;
use std::path::Path;
use std::time::Instant;
use std::{env, fs, io};

use nginx_proof::generate::{Case, FEATURES};
use nginx_proof::model::{Found, Outcome, Predicted, Regression, Run, ask, compare, predict, run};
use nginx_proof::{Binary, HOW_TO_GET, binaries};
use nginx_semantics::NginxVersion;
use nginx_semantics::mistakes::{Mistake, with};

/// Past the capture of tests: what was not proven has to be seen.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "nginx-proof: {line}");
}

fn number(variable: &str) -> Option<u64> {
    Some(env::var(variable).ok()?.parse().unwrap())
}

fn found() -> Vec<Binary> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    binaries(root).unwrap()
}

fn told(found: &Found, binary: &Binary, seed: u64) -> String {
    let mut text = format!("case {} of seed {seed}, nginx {}\n", found.number, binary.version);
    let first = &found.differences[0];
    text.push_str(&Regression::text(&found.case.files, std::slice::from_ref(&first.request)));
    text.push_str(&format!("    model: {}\n    nginx: {}\n", first.predicted, first.seen));
    text
}

#[test]
fn the_model_says_what_nginx_does() {
    let found = found();
    if found.is_empty() {
        let is_required = env::var_os("NGINX_PROOF_REQUIRED").is_some_and(|value| value == "1");
        assert!(!is_required, "{HOW_TO_GET}");
        say(HOW_TO_GET);
        return;
    }
    let (seed, cases) =
        (number("NGINX_PROOF_SEED").unwrap_or(1), number("NGINX_PROOF_CASES").unwrap_or(1000));
    let most = usize::try_from(number("NGINX_PROOF_MOST").unwrap_or(1)).unwrap();
    for binary in &found {
        let start = Instant::now();
        let run = run(binary, seed, cases, most).unwrap();
        say(&format!("nginx {}: {} cases in {:?}", binary.version, run.cases, start.elapsed()));
        for feature in FEATURES {
            say(&format!("{:5} {feature}", run.features.get(feature).copied().unwrap_or(0)));
        }
        for (outcome, count) in &run.outcomes {
            say(&format!("{count:5} {outcome}"));
        }
        say(&format!("{:?} of {}", run.unsaid, run.requests));
        let differences: Vec<String> = run.found.iter().map(|found| told(found, binary, seed)).collect();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        if binary == &found[0] {
            each_mistake_is_found(&run, binary.version);
        }
    }
}

/// The proof of the proof: wrong models are told from the right one by what was seen of the same cases.
fn each_mistake_is_found(run: &Run, version: NginxVersion) {
    let mut missed = Vec::new();
    for mistake in Mistake::ALL {
        let is_wrong = |(case, seen): &&(Case, Vec<Outcome>)| {
            let compared = with(mistake, || compare(&case.files, &case.requests, version, seen));
            !compared.0.is_empty()
        };
        match run.seen.iter().find(|(_, seen)| is_wrong(seen)) {
            Some((number, _)) => say(&format!("{mistake:?} is found by case {number}")),
            None => missed.push(mistake),
        }
    }
    assert!(missed.is_empty(), "not found in {} cases: {missed:?}", run.cases);
}

/// What was a difference once is none any more.
#[test]
fn what_was_found_stays_found() {
    let found = found();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let other = env::var_os("NGINX_PROOF_REGRESSIONS");
    let folder = other.as_ref().map_or(own.as_path(), Path::new);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut told = String::new();
    for path in paths {
        let Regression { files, requests } = Regression::read(&fs::read_to_string(&path).unwrap());
        for binary in &found {
            let seen = ask(binary, &files, &requests).unwrap();
            let (differences, unsaid) = compare(&files, &requests, binary.version, &seen);
            let place = format!("{}, nginx {}", path.display(), binary.version);
            for difference in differences {
                told.push_str(&format!(
                    "{place}: {} {}\n    model: {}\n    nginx: {}\n",
                    difference.request.method,
                    difference.request.target,
                    difference.predicted,
                    difference.seen
                ));
            }
            for reason in unsaid {
                told.push_str(&format!("{place}: cannot say: {reason}\n"));
            }
            if other.is_some() {
                for (seen, predicted) in seen.iter().zip(predict(&files, &requests, binary.version)) {
                    let is_same = predicted == Predicted::Says(seen.clone());
                    say(&format!("{place}: {seen}; predicted: {is_same}"));
                }
            }
        }
    }
    assert!(told.is_empty(), "{told}");
}
