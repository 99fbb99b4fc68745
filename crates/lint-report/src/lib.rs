//! Output formats, one file each.
//!
//! Everything that comes from a configuration is hostile: no format lets a control character through, and text of a
//! file that may not be shown never appears.

mod clip;
mod concise;
mod diff;
mod endpoints;
mod escape;
mod excerpt;
mod fixes;
mod human;
mod json;
mod position;
mod summary;
mod table;
mod trace;
mod wrap;

use std::io::{self, Write};

use lint_finding::{EndpointTable, Outcome, Trace};

pub use escape::{escape, escape_bytes};

/// How the human format looks; what the terminal can do is for the caller to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be used.
    pub color: bool,
    /// Whether characters beyond ASCII may be used for drawing.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether the endpoints are listed too.
    pub verbose: bool,
    /// Whether the last lines count what was read and found.
    pub summary: bool,
}

/// The program that made the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The commit that it was built from, where that is known.
    pub commit: Option<&'a str>,
}

/// Findings with excerpts, notices and a summary, for a person at a terminal.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn human(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    human::write(outcome, style, out)
}

/// `path:line:column: severity[rule] message`, one line per finding, for editors and `grep`.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn concise(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    concise::write(outcome, out)
}

/// What changes in a file as a unified diff, byte for byte, or `for_people` with what a terminal would obey escaped.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn diff(path: &str, old: &[u8], new: &[u8], for_people: bool, out: &mut dyn Write) -> io::Result<()> {
    diff::write(path, old, new, for_people, out)
}

/// What fixes would be applied and which notices there are, beside a diff.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn would_fix(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    human::notices(outcome, style, out)?;
    fixes::write_dry(outcome, style, out)
}

/// One object of output version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn json(outcome: &Outcome, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write(outcome, tool, out)
}

/// What nginx does with one request, step by step, for a person at a terminal.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn trace(trace: &Trace, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    trace::write(trace, style, out)
}

/// One object of the trace's version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn trace_json(trace: &Trace, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write_trace(trace, tool, out)
}

/// The endpoints as a table, or as blocks where the terminal is too narrow; with the line of each value when verbose.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints(table: &EndpointTable, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    table::write(table, style, out)
}

/// The endpoints as a table of Markdown.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints_markdown(table: &EndpointTable, out: &mut dyn Write) -> io::Result<()> {
    table::markdown(table, out)
}

/// The endpoints as comma-separated values (RFC 4180).
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints_csv(table: &EndpointTable, out: &mut dyn Write) -> io::Result<()> {
    table::csv(table, out)
}

/// One object of the table's version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints_json(table: &EndpointTable, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write_endpoints(table, tool, out)
}
