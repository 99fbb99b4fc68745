//! Prints docs/probe.md with what its commands print of a real nginx.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use nginx_proof::{EXAMPLES, HOW_TO_GET, binaries, executed, root};

fn main() -> ExitCode {
    let page = fs::read_to_string(root().join(EXAMPLES)).map_err(|error| error.to_string());
    let found = binaries().map_err(|error| error.to_string());
    let made = page.and_then(|page| {
        let found = found?;
        let binary = found.first().ok_or(HOW_TO_GET)?;
        executed(binary, &page).map_err(|error| error.to_string())
    });
    let (text, code) = match &made {
        Ok(text) => (io::stdout().write_all(text.as_bytes()), ExitCode::SUCCESS),
        Err(error) => (writeln!(io::stderr(), "error: {error}"), ExitCode::FAILURE),
    };
    if text.is_ok() { code } else { ExitCode::FAILURE }
}
