//! The program accepts and refuses what `nginx -t` accepts and refuses, and names the same line.

use std::env;

use nginx_proof::{Plan, found, number, prove_syntax, root, say};

/// In CI; `NGINX_PROOF_CASES` and `NGINX_PROOF_SEED` are for more.
const CASES: usize = 2_000;
const SEED: u64 = 101;

#[test]
fn mutated_configurations_are_refused_as_by_nginx() {
    let found = found().unwrap();
    if found.is_empty() {
        return;
    }
    let plan = Plan {
        cases: number("NGINX_PROOF_CASES").unwrap_or(CASES),
        seed: number("NGINX_PROOF_SEED").unwrap_or(SEED),
    };
    let report = prove_syntax(&found, root(), plan).unwrap();
    say(&format!("syntax, seed {}: {report}", plan.seed));
    if env::var_os("NGINX_PROOF_VERBOSE").is_some() {
        for (words, count) in report.beyond_by_words() {
            say(&format!("{count:>7}  beyond: {words}"));
        }
    }
    let differences: Vec<&str> = report.differences.values().map(String::as_str).collect();
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    assert_eq!(report.total(), plan.cases);
}
