//! The model says of random configurations what nginx does.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::io::Write;
use std::path::Path;
use std::time::Instant;
use std::{env, io};

use nginx_proof::generate::FEATURES;
use nginx_proof::model::{Found, run};
use nginx_proof::{Binary, HOW_TO_GET, binaries};

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
    for (path, file) in &found.case.files {
        text.push_str(&format!("# file: {path}\n{file}"));
    }
    for difference in found.differences.iter().take(1) {
        text.push_str(&format!(
            "{:?}\n    model: {}\n    nginx: {}\n",
            difference.request, difference.predicted, difference.seen
        ));
    }
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
    let (seed, cases) = (number("NGINX_PROOF_SEED").unwrap_or(1), number("NGINX_PROOF_CASES").unwrap_or(1000));
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
    }
}
