//! One file a command, and how all of them write.

pub(crate) mod baseline;
pub(crate) mod config;
pub(crate) mod endpoints;
pub(crate) mod explain;
mod fix;
mod given;
pub(crate) mod graph;
pub(crate) mod lint;
pub(crate) mod logs;
pub(crate) mod rules;
pub(crate) mod shell;
pub(crate) mod snippet;
pub(crate) mod trace;
mod watch;

use std::io::{self, BufWriter, Write};

use lint_finding::Outcome;

use crate::reports::TOOL;
use crate::say;

/// One line on standard error about what settings files and comments hide, for formats that do not say it.
fn say_silenced(outcome: &Outcome) {
    if let Some(line) = lint_report::silenced(outcome) {
        say(&format!("note: {line}"));
    }
}

/// One line on standard error about the files that may be nginx and were not judged.
fn say_skipped(outcome: &Outcome) {
    if let Some(line) = lint_report::skipped(outcome) {
        say(&format!("note: {line}"));
    }
}

/// Writes to standard error, for what is said beside an output that is for programs.
pub(crate) fn to_stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut out = BufWriter::new(io::stderr().lock());
    // When even standard error is gone there is nobody left to tell.
    let _ = write(&mut out).and_then(|()| out.flush());
}
