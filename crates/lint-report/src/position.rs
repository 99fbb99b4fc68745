//! From a place to what is printed of it.

use lint_finding::{File, Notice, Outcome, Place};
use nginx_syntax::{LineColumn, Source, Span};

use crate::escape;

/// A place as people and programs read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position<'a> {
    pub(crate) path: &'a str,
    pub(crate) span: Span,
    pub(crate) start: LineColumn,
    pub(crate) end: LineColumn,
}

impl<'a> Position<'a> {
    /// A place without a file is a defect of the caller, but no reason to lose the finding.
    pub(crate) fn of(outcome: &'a Outcome, place: Place) -> Self {
        let nowhere = LineColumn { line: 1, column: 1 };
        match outcome.file(place.file) {
            None => Self { path: "?", span: Span::default(), start: nowhere, end: nowhere },
            Some(File { source, .. }) => {
                let path = outcome.path(place.file);
                let span = inside(source, place.span);
                let start = source.line_column(span.start);
                let end = if span.is_empty() { start } else { source.line_column(span.end) };
                Self { path, span, start, end }
            }
        }
    }
}

/// The path and the line where a place begins.
pub(crate) fn line_of(outcome: &Outcome, place: Place) -> (&str, u32) {
    outcome.file(place.file).map_or(("?", 1), |File { source, .. }| {
        (outcome.path(place.file), source.line(inside(source, place.span).start))
    })
}

/// `path:line`, for terminals.
pub(crate) fn path_line(outcome: &Outcome, place: Place) -> String {
    let (path, line) = line_of(outcome, place);
    format!("{}:{line}", escape(path))
}

/// Where a notice is about: `path:line`, or a file as a whole.
pub(crate) fn place_of_notice(outcome: &Outcome, notice: &Notice) -> Option<String> {
    let at = notice.place.map(|place| path_line(outcome, place));
    at.or_else(|| Some(escape(notice.path.as_deref()?).into_owned()))
}

/// `span` with both ends in `source` and in order.
pub(crate) fn inside(source: &Source, span: Span) -> Span {
    let len = u32::try_from(source.bytes().len()).unwrap_or(u32::MAX);
    let start = span.start.min(len);
    Span::new(start, span.end.clamp(start, len))
}
