//! Prints docs/proofs.md as the nginx binaries of this machine have it; with `--found` only which binaries the tests use.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use nginx_proof::{HOW_TO_GET, binaries, document, is_complete, prove, statement};

fn main() -> ExitCode {
    let found = binaries();
    if env::args().nth(1).as_deref() == Some("--found") {
        return match found {
            Ok(found) => printed(&statement(&found)),
            Err(error) => failed(&error.to_string()),
        };
    }
    let found = match found {
        Ok(found) if found.is_empty() => return failed(HOW_TO_GET),
        Ok(found) => found,
        Err(error) => return failed(&error.to_string()),
    };
    if !is_complete(&found) {
        let _ = writeln!(io::stderr(), "note: {}", nginx_proof::WANTED);
    }
    let proofs = match prove(&found) {
        Ok(proofs) => proofs,
        Err(error) => return failed(&error.to_string()),
    };
    let done = printed(&document(&proofs));
    let faults: Vec<String> = proofs.iter().filter_map(nginx_proof::Proof::complaint).collect();
    if faults.is_empty() { done } else { failed(&faults.join("\n")) }
}

fn printed(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {why}");
    ExitCode::FAILURE
}
