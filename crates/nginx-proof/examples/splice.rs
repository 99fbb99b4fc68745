//! Splices trees of the files in a folder, and tells what the linter's safe fixes do harm to.
//!
//! `cargo run -p nginx-proof --example splice -- FOLDER`; without one, of the project's own configurations.
//! `NGINX_PROOF_CASES` says how many trees start on each nginx, `NGINX_PROOF_SEED` which, `NGINX_PROOF_FIRST` from which
//! number on, and `NGINX_PROOF_DIFFERENCES` how many kinds of harm are told.
//! `NGINX_PROOF_GENERATED=1` takes the trees of the generator instead.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::{env, error};

use nginx_proof::harm::{Origin, Pool, Trial, harms, safe_fixes};
use nginx_proof::{HOW_TO_GET, binaries};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing is harmed.
fn run() -> Result<bool, Box<dyn error::Error>> {
    let number = |name: &str, otherwise: u64| env::var(name).map_or(Ok(otherwise), |text| text.parse());
    let (trees, seed) = (number("NGINX_PROOF_CASES", 400)?, number("NGINX_PROOF_SEED", 1)?);
    let most_kinds = usize::try_from(number("NGINX_PROOF_DIFFERENCES", 10)?)?;
    let first = number("NGINX_PROOF_FIRST", 0)?;
    let trial = Trial { seed, first, trees, most_kinds, is_only_started: false, is_shrunk: true };
    let pool = match env::args_os().nth(1) {
        Some(folder) => Pool::of_folder(Path::new(&folder))?,
        None => Pool::own()?,
    };
    let is_generated = env::var_os("NGINX_PROOF_GENERATED").is_some_and(|value| value == "1");
    let origin = if is_generated { Origin::Generated(&pool) } else { Origin::Spliced(&pool) };
    let found = binaries()?;
    // The oldest and the newest differ most.
    let (Some(oldest), Some(newest)) = (found.first(), found.last()) else { return Err(HOW_TO_GET.into()) };
    let mut out = io::stdout().lock();
    let (files, servers, locations) = pool.sizes();
    writeln!(out, "{files} files, {servers} servers, {locations} locations")?;
    let mut is_harmless = true;
    let binaries = if oldest == newest { vec![oldest] } else { vec![oldest, newest] };
    for binary in binaries {
        let all = harms(binary, origin, &safe_fixes, trial)?;
        for harmed in &all.harmed {
            writeln!(out, "\n{harmed}")?;
        }
        writeln!(out, "nginx {}: {all}", binary.version)?;
        is_harmless &= all.harmed.is_empty();
    }
    Ok(is_harmless)
}
