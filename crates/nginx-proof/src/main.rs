//! Prints docs/proofs.md as the nginx binaries of this machine have it.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use nginx_proof::{HOW_TO_GET, binaries, document, is_complete, prove};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let found = match binaries(root) {
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
    if let Err(error) = io::stdout().write_all(document(&proofs).as_bytes()) {
        return failed(&error.to_string());
    }
    let faults: Vec<String> = proofs.iter().filter_map(nginx_proof::Proof::complaint).collect();
    if faults.is_empty() { ExitCode::SUCCESS } else { failed(&faults.join("\n")) }
}

fn failed(why: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {why}");
    ExitCode::FAILURE
}
