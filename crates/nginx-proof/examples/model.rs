//! Prints docs/model-proof.md as the nginx binaries of this machine have it. An example, because it makes the mistakes
//! that only tests may make.

#[path = "../tests/mistakes/mod.rs"]
mod mistakes;

use std::io::{self, Write};
use std::process::ExitCode;

use nginx_proof::model::{CASES, SEED, model_document, run};
use nginx_proof::{HOW_TO_GET, WANTED, binaries, is_complete};

fn main() -> ExitCode {
    let found = match binaries() {
        Ok(found) if found.is_empty() => return failed(HOW_TO_GET),
        Ok(found) => found,
        Err(error) => return failed(&error.to_string()),
    };
    if !is_complete(&found) {
        let _ = writeln!(io::stderr(), "note: {WANTED}");
    }
    let mut runs = Vec::new();
    for binary in &found {
        match run(binary, SEED, 0..CASES, usize::MAX) {
            Ok(run) => runs.push(run),
            Err(error) => return failed(&error.to_string()),
        }
    }
    let mistakes = runs.first().map(mistakes::found).unwrap_or_default();
    match io::stdout().write_all(model_document(&runs, &mistakes).as_bytes()) {
        Ok(()) if runs.iter().all(|run| run.found.is_empty()) => ExitCode::SUCCESS,
        Ok(()) => failed("model and nginx differ; `cargo test -p nginx-proof --test model` says in what"),
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {why}");
    ExitCode::FAILURE
}
