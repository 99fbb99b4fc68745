//! reviewdog's diagnostics.
//!
//! <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>: positions are 1-based and columns count bytes of UTF-8;
//! a suggestion is text for a range of the same file. reviewdog offers each suggestion by itself, and on GitHub only those
//! with the lines of the first (`buildSingleSuggestion` in its service/github/github.go), so a fix is one suggestion.

use std::io::{self, Write};

use lint_finding::{Edit, File, Finding, Fix, Outcome, Place, Severity};
use nginx_syntax::{Source, Span};
use serde::Serialize;

use crate::ToolInfo;
use crate::json::{Rows, pretty};
use crate::position::inside;
use crate::remedy;

/// Lines of a suggestion: a longer one hides what it changes.
const LONGEST: u32 = 50;

#[derive(Debug, Serialize)]
struct Output<'a> {
    source: Tool<'a>,
    diagnostics: Rows<'a, Finding, Diagnostic<'a>>,
}

#[derive(Debug, Serialize)]
struct Tool<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestions: Option<[Suggestion; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'a>>,
}

#[derive(Debug, Serialize)]
struct Location<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

#[derive(Debug, Serialize)]
struct Range {
    start: Point,
    end: Point,
}

#[derive(Debug, Serialize)]
struct Point {
    line: u32,
    column: u32,
}

#[derive(Debug, Serialize)]
struct Code {
    value: &'static str,
}

#[derive(Debug, Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

#[derive(Debug, Serialize)]
struct Related<'a> {
    message: &'a str,
    location: Location<'a>,
}

pub(crate) fn write(outcome: &Outcome, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    let diagnostics = Rows::new(outcome, &outcome.findings, diagnostic);
    pretty(&Output { source: Tool { name: tool.name }, diagnostics }, out)
}

fn diagnostic<'a>(outcome: &'a Outcome, finding: &'a Finding) -> Diagnostic<'a> {
    let message = match remedy::text(outcome, finding) {
        Some(help) => format!("{}\n\n{help}", finding.message),
        None => finding.message.to_string(),
    };
    let labels = finding.labels.iter().filter(|label| !label.message.is_empty());
    Diagnostic {
        message,
        location: location(outcome, finding.primary.place),
        severity: match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info | Severity::Pedantic => "INFO",
        },
        code: Code { value: finding.rule.name },
        suggestions: suggestion(outcome, finding).map(|one| [one]),
        related_locations: labels
            .map(|label| Related { message: &label.message, location: location(outcome, label.place) })
            .collect(),
    }
}

/// The edits of a fix, with the text between them as it is. `None` unless all of them are text in the file of the finding,
/// because half a fix is none, and near each other.
fn suggestion(outcome: &Outcome, finding: &Finding) -> Option<Suggestion> {
    let Fix { edits, .. } = finding.fix.as_deref()?;
    let file = finding.primary.place.file;
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.place.span);
    let (first, last) = (edits.first()?.place, edits.last()?.place);
    let File { source, .. } = outcome.file(file)?;
    let whole = Span::new(first.span.start, last.span.end);
    if edits.iter().any(|edit| edit.place.file != file) || lines(source, whole) > LONGEST {
        return None;
    }
    let mut text = Vec::new();
    let mut at = whole.start;
    for edit in edits {
        text.extend_from_slice(source.bytes().get(at as usize..edit.place.span.start as usize)?);
        text.extend_from_slice(&edit.replacement);
        at = edit.place.span.end;
    }
    Some(Suggestion {
        range: range(outcome, Place { span: whole, ..first })?,
        text: String::from_utf8(text).ok()?,
    })
}

fn lines(source: &Source, span: Span) -> u32 {
    source.line(span.end).saturating_sub(source.line(span.start)) + 1
}

fn location(outcome: &Outcome, place: Place) -> Location<'_> {
    Location { path: outcome.path(place.file), range: range(outcome, place) }
}

fn range(outcome: &Outcome, place: Place) -> Option<Range> {
    let File { source, .. } = outcome.file(place.file)?;
    let span = inside(source, place.span);
    Some(Range { start: point(source, span.start), end: point(source, span.end) })
}

fn point(source: &Source, offset: u32) -> Point {
    let line = source.line(offset);
    Point { line, column: offset - source.line_span(line).start + 1 }
}
