//! Proves the pages of rules on the nginx binaries of this machine.
//!
//! - without an argument: prints docs/proofs.md;
//! - `RULE`: proves the page of this rule alone, and prints its part of that document;
//! - `--found`: only tells which binaries the tests use.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use nginx_proof::{Binary, Error, HOW_TO_GET, Proof, binaries, document, is_complete, section, statement};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--found"] => binaries().map(|found| (statement(&found), Vec::new())),
        [] => proven(|found| {
            if !is_complete(found) {
                say("note", nginx_proof::WANTED);
            }
            let proofs = nginx_proof::prove(found)?;
            Ok((document(&proofs), complaints(&proofs)))
        }),
        [rule] if !rule.starts_with('-') => proven(|found| {
            let proofs = nginx_proof::prove_rule(found, rule)?;
            Ok((section(&proofs), complaints(&proofs)))
        }),
        _ => return failed("usage: cargo run -p nginx-proof [-- RULE | --found]"),
    };
    let (text, faults) = match done {
        Ok(done) => done,
        Err(error) => return failed(&error.to_string()),
    };
    if let Err(error) = io::stdout().write_all(text.as_bytes()) {
        return failed(&error.to_string());
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { failed(&faults.join("\n")) }
}

/// A text to print, and what differs from pages and linter.
type Printed = (String, Vec<String>);

fn proven(prove: impl FnOnce(&[Binary]) -> Result<Printed, Error>) -> Result<Printed, Error> {
    let found = binaries()?;
    if found.is_empty() { Err(Error::NotProven(HOW_TO_GET)) } else { prove(&found) }
}

fn complaints(proofs: &[Proof]) -> Vec<String> {
    proofs.iter().filter_map(Proof::complaint).collect()
}

fn failed(why: &str) -> ExitCode {
    say("error", why);
    ExitCode::FAILURE
}

fn say(kind: &str, text: &str) {
    // When even standard error is gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{kind}: {text}");
}
