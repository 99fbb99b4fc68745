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
pub(crate) mod probe;
pub(crate) mod rules;
pub(crate) mod shell;
pub(crate) mod snippet;
pub(crate) mod trace;
mod watch;

use std::io::{self, BufWriter, Write};

use lint_finding::{NoticeCode, Outcome, Place};

use crate::cli::Format;
use crate::reports::TOOL;
use crate::say;

/// One line on standard error about what settings files and comments hide, for formats that do not say it.
fn say_silenced(outcome: &Outcome) {
    if let Some(line) = lint_report::silenced(outcome) {
        say(&format!("note: {line}"));
    }
}

/// What no line of a format tells: comments that do not do what they seem to, and what could not be done.
fn say_notices(outcome: &Outcome, format: Format) {
    for notice in &outcome.notices {
        let is_told = match notice.incomplete {
            true => format.has_problems(),
            false => format == Format::Sarif || notice.code != NoticeCode::Suppression,
        };
        if is_told {
            continue;
        }
        let at = |place: Place| {
            let line = outcome.file(place.file).map_or(1, |file| file.source.line(place.span.start));
            format!("{}:{line}: ", outcome.path(place.file))
        };
        let path = notice.path.as_ref().map(|path| format!("{path}: "));
        let place = notice.place.map(at).or(path).unwrap_or_default();
        let word = if notice.incomplete { "warning" } else { "note" };
        say(&lint_report::escape(&format!("{word}: {place}{}", notice.message)));
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
