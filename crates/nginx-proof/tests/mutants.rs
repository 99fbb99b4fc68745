//! Lint names what `nginx -t` refuses, and refuses nothing that nginx accepts.

use std::env;

use nginx_proof::{MutantPlan, found, number, prove_mutants, root, say};

/// In CI; `NGINX_PROOF_CASES` and `NGINX_PROOF_SEED` are for more.
const CASES: usize = 3_500;
const SEED: u64 = 16;
/// At least so many of them have to be refused by every nginx.
const REJECTED: usize = 2_500;
/// And of these so many of a hundred have to be named at nginx's line, those with unknown directives left out.
const NAMED: usize = 92;

#[test]
fn what_nginx_refuses_is_named() {
    let found = found().unwrap();
    if found.is_empty() {
        return;
    }
    let plan = MutantPlan {
        cases: number("NGINX_PROOF_CASES").unwrap_or(CASES),
        seed: number("NGINX_PROOF_SEED").unwrap_or(SEED),
    };
    let report = prove_mutants(&found, root(), plan).unwrap();
    say(&format!("mutants, seed {}:\n{report}", plan.seed));
    if env::var_os("NGINX_PROOF_VERBOSE").is_some() {
        for (words, count) in report.missed_by_words() {
            say(&format!("{count:>7}  not named: {words}"));
        }
        for missed in &report.missed {
            say(missed);
        }
    }
    let total = report.total();
    let shown: Vec<&str> = report.false_rejections.iter().take(10).map(String::as_str).collect();
    assert!(shown.is_empty(), "{} false:\n{}", report.false_rejections.len(), shown.join("\n"));
    assert!(total.rejected >= REJECTED * plan.cases / CASES, "{total:?}");
    assert!(total.named * 100 >= total.known() * NAMED, "{total:?}");
}
