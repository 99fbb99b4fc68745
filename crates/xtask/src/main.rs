//! `cargo xtask`: the command line of the project's own tasks.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use xtask::Error;

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let task = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    let done = match task.as_str() {
        "gen" => xtask::write(),
        "check" => xtask::check(),
        "ci" => xtask::ci(),
        "bench-peers" => xtask::bench_peers(&rest),
        "compare" => xtask::compare(&rest),
        "fuzz" => xtask::fuzz(&rest),
        "instructions" => xtask::instructions(&rest),
        "new-rule" => xtask::new_rule(&rest),
        _ => Err(Error::Usage),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When even standard error is gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
