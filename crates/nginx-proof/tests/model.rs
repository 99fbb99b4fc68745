//! The model says of random configurations what nginx does, and of those in which it once did not.

mod mistakes;

use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use nginx_proof::generate::FEATURES;
use nginx_proof::model::{
    CASES, Found, MODEL_COMMAND, MODEL_DOCUMENT, Outcome, Regression, Run, SEARCHED, SEED, ask, compare,
    model_document, predict, run,
};
use nginx_proof::{Binary, found, is_complete, number, root, say};

/// In so many of a hundred cases is each feature at least.
const LEAST_SHARE: f64 = 5.0;

/// Of so many of a hundred requests may the model say nothing.
const MOST_UNSAID: f64 = 3.0;

/// One test: the cases are the costly part, and the wrong models and the document are made of them.
#[test]
fn the_model_says_what_nginx_does() {
    let found = found().unwrap();
    let (seed, cases) =
        (number("NGINX_PROOF_SEED").unwrap_or(SEED), number("NGINX_PROOF_CASES").unwrap_or(CASES));
    let from = number("NGINX_PROOF_FIRST").unwrap_or(0);
    // With more than one, a run goes on after a difference.
    let most = usize::try_from(number("NGINX_PROOF_DIFFERENCES").unwrap_or(1)).unwrap();
    let mut runs = Vec::new();
    for binary in &found {
        let start = Instant::now();
        let run = run(binary, seed, from..from + cases, most).unwrap();
        say(&format!(
            "nginx {}, seed {seed}: {} cases, {} requests, {} differ, {:.2} % cannot say {:?}, {:.0} s",
            binary.version,
            run.cases,
            run.requests,
            run.found.len(),
            run.unsaid_share(),
            run.unsaid,
            start.elapsed().as_secs_f64()
        ));
        let differences: Vec<String> = run.found.iter().map(|found| told(found, binary, seed)).collect();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        assert!(run.unsaid_share() <= MOST_UNSAID, "{:?}", run.unsaid);
        runs.push(run);
    }
    let Some(first) = runs.first() else { return };
    if cases < SEARCHED || from > 0 {
        return;
    }
    each_feature_is_there(first);
    let mistakes = mistakes::found(first);
    for (mistake, number) in &mistakes {
        say(&format!("{mistake}: found by case {number:?}"));
    }
    let missed: Vec<_> = mistakes.iter().filter(|(_, number)| number.is_none()).collect();
    assert!(missed.is_empty(), "not found in {SEARCHED} cases: {missed:?}");
    if is_complete(&found) && (seed, cases) == (SEED, CASES) {
        let written = fs::read_to_string(root().join(MODEL_DOCUMENT)).unwrap_or_default();
        assert_eq!(written, model_document(&runs, &mistakes), "`{MODEL_COMMAND}` writes it anew");
    }
}

fn each_feature_is_there(run: &Run) {
    for feature in FEATURES {
        say(&format!("{:5.1} % {feature}", run.share(feature)));
    }
    for (outcome, count) in &run.outcomes {
        say(&format!("{count:7} {outcome}"));
    }
    let rare: Vec<_> = FEATURES.iter().filter(|feature| run.share(feature) < LEAST_SHARE).collect();
    assert!(rare.is_empty(), "in less than {LEAST_SHARE} % of the cases: {rare:?}");
}

/// What the model says, one way a line.
fn said(predicted: &[Outcome]) -> String {
    let all: Vec<String> = predicted.iter().map(Outcome::to_string).collect();
    all.join("\n        or ")
}

fn told(found: &Found, binary: &Binary, seed: u64) -> String {
    let Some(first) = found.differences.first() else { return String::new() };
    let files = Regression::text(&found.case.files, std::slice::from_ref(&first.request));
    format!(
        "case {} of seed {seed}, nginx {}\n{files}    model: {}\n    nginx: {}\n",
        found.number,
        binary.version,
        said(&first.predicted),
        first.seen
    )
}

/// What was a difference once is none any more. `NGINX_PROOF_REGRESSIONS` names another folder, and then all that is
/// seen is told.
#[test]
fn what_was_found_stays_found() {
    let found = found().unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let other = env::var_os("NGINX_PROOF_REGRESSIONS");
    let folder = other.as_ref().map_or(own.as_path(), Path::new);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut faults = String::new();
    for path in paths {
        let Regression { files, requests } = Regression::read(&fs::read_to_string(&path).unwrap());
        assert!(!requests.is_empty(), "{}", path.display());
        for binary in &found {
            let place = format!("{}, nginx {}", path.display(), binary.version);
            let seen = ask(binary, &files, &requests).unwrap_or_else(|error| panic!("{place}: {error}"));
            let (differences, unsaid) = compare(&files, &requests, binary.version, &seen);
            for difference in differences {
                let (request, predicted, seen) = (difference.request, difference.predicted, difference.seen);
                let predicted = said(&predicted);
                faults.push_str(&format!(
                    "{place}: {} {}\n    model: {predicted}\n    nginx: {seen}\n",
                    request.method, request.target
                ));
            }
            for reason in unsaid {
                faults.push_str(&format!("{place}: cannot say: {reason}\n"));
            }
            if other.is_some() {
                for (seen, predicted) in seen.iter().zip(predict(&files, &requests, binary.version)) {
                    say(&format!("{place}: {seen}; predicted: {}", predicted.is(seen)));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}
