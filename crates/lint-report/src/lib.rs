//! Output formats, one file each.
//!
//! Everything that comes from a configuration is hostile: no format lets a control character through, or a command that a
//! CI system obeys, and text of a file that may not be shown never appears.

mod checkstyle;
mod clip;
mod columns;
mod command;
mod concise;
mod diff;
mod endpoints;
mod escape;
mod excerpt;
mod files;
mod fixes;
mod github;
mod gitlab;
mod graph;
mod human;
mod json;
mod junit;
mod logs;
mod markdown;
mod narrated;
mod page;
mod position;
mod probe;
mod rdjson;
mod remedy;
mod rules;
mod sarif;
mod sentence;
mod silenced;
mod statistics;
mod summary;
mod table;
mod trace;
mod wrap;
mod xml;

use std::io::{self, Write};

use lint_finding::{EndpointTable, Graph, LogReport, Outcome, ProbeReport, RuleMeta, Trace};

use crate::command::guarded;

pub use escape::{escape, escape_bytes};
#[cfg(feature = "schema")]
pub use json::output_schemas;
pub use json::{BaselineEntry, BaselineFile};
pub use sarif::Run as SarifRun;
pub use sentence::capitalised;

/// How the human format looks; what the terminal can do is for the caller to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be used.
    pub color: bool,
    /// Whether characters beyond ASCII may be used for drawing.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether what is said in one line is folded there too; elsewhere it stays whole, for a search.
    pub folds: bool,
    /// Whether the endpoints are listed too.
    pub verbose: bool,
    /// Whether the last lines count what was read and found.
    pub summary: bool,
}

impl Style {
    /// A text in a colour, by its number in an escape sequence, where colours may be used.
    fn painted(&self, text: &str, color: &str) -> String {
        if self.color && !text.is_empty() { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
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
    guarded(out, |out| human::write(outcome, style, out))
}

/// The same in the order that the findings have.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn human_in_order(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| human::write_all(outcome, outcome.findings.iter().collect(), style, out))
}

/// `path:line:column: severity[rule] message`, one line per finding, for editors and `grep`.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn concise(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| concise::write(outcome, out))
}

/// How often each rule finds something, and the counts of the human format.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn statistics(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| statistics::write(outcome, style, out))
}

/// All rules, a line each where the terminal is wide enough.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn rules(rules: &[&RuleMeta], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    rules::write(rules, style, out)
}

/// All rules, for a program.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn rules_json(rules: &[&RuleMeta], out: &mut dyn Write) -> io::Result<()> {
    json::write_rules(rules, out)
}

/// A baseline as a file.
///
/// # Errors
/// Whatever writing to `out` gives.
pub fn baseline(file: &BaselineFile, out: &mut dyn Write) -> io::Result<()> {
    json::write_baseline(file, out)
}

/// How many files may be nginx and were not judged, by reason, and how many folders were not looked into, in one line;
/// `None` if there is none.
pub fn skipped(outcome: &Outcome) -> Option<String> {
    files::unsaid(outcome)
}

/// Each file with what became of it, a line each.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn files(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| files::list(outcome, out))
}

/// Where a diff goes, which decides what of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffFor {
    /// A terminal: nothing that it or a CI system obeys gets through, and the diff need not apply.
    Terminal {
        /// Whether ANSI colours may be used.
        color: bool,
    },
    /// A pipe or a log: it applies byte for byte, without the hunks that hold a command of a CI system or of a
    /// terminal.
    Log {
        /// Whether ANSI colours are asked for: with them it does not apply.
        color: bool,
    },
    /// A file: all of it, byte for byte.
    File,
}

/// What changes in a file as a unified diff. Returns the first lines, 1-based and in the old text, of the hunks that are
/// withheld.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn diff(
    path: &str,
    old: &[u8],
    new: &[u8],
    diff_for: DiffFor,
    out: &mut dyn Write,
) -> io::Result<Vec<usize>> {
    match diff_for {
        DiffFor::Terminal { .. } => {
            let all = |out: &mut dyn Write| diff::write(path, old, new, diff_for, out).map(drop);
            guarded(out, all).map(|()| Vec::new())
        }
        DiffFor::Log { .. } | DiffFor::File => diff::write(path, old, new, diff_for, out),
    }
}

/// What fixes would be applied and which notices there are, beside a diff.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn would_fix(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| {
        human::notices(outcome, style, out)?;
        human::skipped(outcome, style, out)?;
        fixes::write_dry(outcome, style, out)
    })
}

/// One object of output version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn json(outcome: &Outcome, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write(outcome, tool, out)
}

/// One object a line of the lines' version 1, for programs that do not want all in memory.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn jsonl(outcome: &Outcome, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write_lines(outcome, tool, out)
}

/// SARIF 2.1.0, for code scanning.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn sarif(outcome: &Outcome, run: &SarifRun<'_>, out: &mut dyn Write) -> io::Result<()> {
    sarif::write(outcome, run, out)
}

/// GitHub's workflow commands: annotations on the lines of a pull request.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn github(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    github::write(outcome, out)
}

/// GitLab's code quality report.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn gitlab(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    gitlab::write(outcome, out)
}

/// JUnit's XML.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn junit(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| junit::write(outcome, out))
}

/// Checkstyle's XML.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn checkstyle(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| checkstyle::write(outcome, out))
}

/// reviewdog's diagnostics, with suggestions.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn rdjson(outcome: &Outcome, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    rdjson::write(outcome, tool, out)
}

/// A comment on a pull request: folded, and no longer than GitHub takes.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn markdown(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| markdown::write(outcome, out))
}

/// For screen readers: no drawing, one thought a line.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn narrated(outcome: &Outcome, has_summary: bool, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| narrated::write(outcome, has_summary, out))
}

/// One line for formats without a summary: which settings files count, and how many findings they and comments hide.
/// `None` where nothing is to be said.
pub fn silenced(outcome: &Outcome) -> Option<String> {
    silenced::line(outcome)
}

/// What nginx does with one request, step by step, for a person at a terminal.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn trace(trace: &Trace, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| trace::write(trace, style, out))
}

/// One object of the trace's version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn trace_json(trace: &Trace, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write_trace(trace, tool, out)
}

/// What a probe saw, and what the configuration says of it, for a person at a terminal.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn probe(report: &ProbeReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| probe::write(report, style, out))
}

/// One object of the probe's version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn probe_json(report: &ProbeReport, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write_probe(report, tool, out)
}

/// The endpoints as a table, or as blocks where the terminal is too narrow; with the line of each value when verbose.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints(table: &EndpointTable, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| table::write(table, style, out))
}

/// The endpoints as a table of Markdown.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints_markdown(table: &EndpointTable, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| table::markdown(table, out))
}

/// The endpoints as comma-separated values (RFC 4180).
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints_csv(table: &EndpointTable, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| table::csv(table, out))
}

/// One object of the table's version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn endpoints_json(table: &EndpointTable, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write_endpoints(table, tool, out)
}

/// What logs say, with tables and pictures, for a person at a terminal.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn logs(report: &LogReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| logs::write(report, style, out))
}

/// The steps of time of each endpoint as comma-separated values (RFC 4180).
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn logs_csv(report: &LogReport, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| logs::csv(report, out))
}

/// What logs say as one page of HTML with charts, which needs no other file.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn logs_html(report: &LogReport, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    logs::write_page(report, tool, out)
}

/// One object of the logs' version 1, for programs.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn logs_json(report: &LogReport, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write_logs(report, tool, out)
}

/// A run as a flow chart of Mermaid.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn graph_mermaid(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| graph::mermaid(graph, out))
}

/// A run in Graphviz's language.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn graph_dot(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| graph::dot(graph, out))
}

/// A run as a picture in SVG, which needs no other file.
///
/// # Errors
/// Whatever writing to `out` gives, a broken pipe among them.
pub fn graph_svg(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    guarded(out, |out| graph::svg(graph, out))
}
