//! What miette sees of a file: a few lines around the labels, ready to be printed.
//!
//! miette scans whatever it is given from the first byte for every label, and prints it as it is. So it is never
//! given a file, but this: hunks of neighbouring lines, clipped and escaped, in coordinates of their own.

use std::fmt;
use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use nginx_syntax::{LineColumn, Source, Span};

use crate::clip::{Clip, Room, clip};
use crate::escape;
use crate::position::inside;

/// A label with more lines is reduced to its first one.
const MOST_LINES: u32 = 30;

/// So many lines between two hunks are shown instead of left out.
const GAP: u32 = 6;

/// What the gutter takes beside the line number, and what the bracket of a label over several lines takes.
const GUTTER: usize = 4;

/// Fewer columns than this are no use; the terminal wraps the rest.
const FEWEST_COLUMNS: usize = 20;

/// Lines of one file.
pub(crate) struct Excerpt {
    path: String,
    hunks: Vec<Hunk>,
    marks: Vec<Mark>,
}

/// A label that is drawn in the excerpt.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// Its number.
    pub(crate) label: usize,
    /// In the excerpt.
    pub(crate) range: Range<usize>,
    /// The column of the screen on which it is drawn, 0-based.
    pub(crate) column: usize,
    /// Where it starts in the file.
    pub(crate) start: LineColumn,
    /// Whether it is drawn as a bracket beside several lines instead of under one.
    pub(crate) is_bracket: bool,
}

/// Neighbouring lines.
struct Hunk {
    /// The first one, 1-based.
    line: u32,
    /// Where the text starts in the excerpt.
    start: usize,
    /// Every line ends with LF, so a label at its end, or at the end of the file, stands on a character of it.
    text: String,
    clips: Vec<(Clip, usize)>,
}

/// A label as it will be drawn: inside the text of its lines.
struct Region {
    label: usize,
    span: Span,
    first: u32,
    last: u32,
}

impl Excerpt {
    /// The lines of `source` around the numbered `labels`; number 0 is the primary one.
    pub(crate) fn new(source: &Source, labels: impl Iterator<Item = (usize, Span)>, room: Room) -> Self {
        let regions = regions(source, labels);
        let lines = runs(source, &regions);
        let digits = lines.last().map_or(1, |lines| lines.end.saturating_sub(1).to_string().len());
        let bracket = if regions.iter().any(|region| region.first < region.last) { GUTTER } else { 0 };
        let columns = room.columns.saturating_sub(digits + GUTTER + bracket).max(FEWEST_COLUMNS);
        let room = Room { columns, ..room };
        let mut excerpt =
            Self { path: escape(source.path()).into_owned(), hunks: Vec::new(), marks: Vec::new() };
        let mut start = 0;
        for lines in lines {
            let mut hunk = Hunk { line: lines.start, start, text: String::new(), clips: Vec::new() };
            for line in lines {
                let span = text_span(source, line);
                let region = regions.iter().find(|region| region.first == line);
                let focus = region.map_or(Span::at(span.start), |region| region.span);
                let clip = clip(source.slice(span), span.start, focus, room);
                let start = hunk.text.len();
                hunk.text.push_str(&clip.text);
                hunk.text.push('\n');
                hunk.clips.push((clip, start));
            }
            start += hunk.text.len();
            excerpt.hunks.push(hunk);
        }
        excerpt.marks = regions.iter().filter_map(|region| excerpt.mark(source, region)).collect();
        excerpt
    }

    /// The labels that are drawn, the primary one first.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    fn mark(&self, source: &Source, region: &Region) -> Option<Mark> {
        let hunk = self.hunks.iter().rfind(|hunk| hunk.line <= region.first)?;
        let on_line = |line: u32| {
            let (clip, start) = hunk.clips.get((line - hunk.line) as usize)?;
            let shown = clip.range(region.span)?;
            Some((clip, hunk.start + start, shown))
        };
        let (clip, line_start, shown) = on_line(region.first)?;
        let start = line_start + shown.start;
        let (end, middle) = if region.first == region.last {
            (line_start + shown.end, usize::midpoint(clip.column(shown.start), clip.column(shown.end)))
        } else {
            let (_, line_start, shown) = on_line(region.last)?;
            (line_start + shown.end, 0)
        };
        Some(Mark {
            label: region.label,
            range: start..end,
            column: middle,
            start: source.line_column(region.span.start),
            is_bracket: region.first < region.last,
        })
    }
}

impl SourceCode for Excerpt {
    /// The whole hunk, whatever context is asked for: it has been chosen already, and where miette asks for two
    /// labels at once they are in the same one. Without context only the start of the label matters: miette prints it
    /// in the header.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let at = span.offset();
        let hunk = self.hunks.iter().rfind(|hunk| hunk.start <= at).ok_or(MietteError::OutOfBounds)?;
        let hunk_span = SourceSpan::from((hunk.start, hunk.text.len()));
        let is_header = lines_before == 0 && lines_after == 0;
        let (line, column) = match self.marks.iter().find(|mark| mark.range.start == at) {
            Some(mark) if is_header => (mark.start.line, mark.start.column.saturating_sub(1)),
            _ => (hunk.line, 0),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            hunk.text.as_bytes(),
            hunk_span,
            line.saturating_sub(1) as usize,
            column as usize,
            hunk.clips.len(),
        )))
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Excerpt").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The labels that can be drawn: of two that overlap on a line, the one named first.
fn regions(source: &Source, labels: impl Iterator<Item = (usize, Span)>) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    for (label, span) in labels {
        let region = region(source, label, span);
        let is_free = regions.iter().all(|other| {
            let share_lines = region.first == other.last || region.first == other.first;
            let is_bracket = other.first < other.last;
            let (a, b) = (region.span, other.span);
            is_bracket
                || !share_lines
                || a.end.max(a.start.saturating_add(1)) <= b.start
                || b.end.max(b.start.saturating_add(1)) <= a.start
        });
        if is_free {
            regions.push(region);
        }
    }
    regions
}

fn region(source: &Source, label: usize, span: Span) -> Region {
    let span = inside(source, span);
    let first = source.line(span.start);
    let text = text_span(source, first);
    let start = span.start.min(text.end);
    let trailing =
        source.slice(Span::new(start, span.end)).iter().rev().take_while(|b| matches!(b, b'\r' | b'\n'));
    let end = span.end - u32::try_from(trailing.count()).unwrap_or(0);
    let last = if start < end { source.line(end - 1) } else { first };
    if first < last && (label > 0 || last - first >= MOST_LINES) {
        // A block is known by its first line.
        return Region { label, span: Span::new(start, text.end), first, last: first };
    }
    Region { label, span: Span::new(start, end.max(start)), first, last }
}

/// The lines to show, 1-based: those of the labels and one on either side, unless it is blank.
fn runs(source: &Source, regions: &[Region]) -> Vec<Range<u32>> {
    let is_blank = |line: u32| source.slice(source.line_span(line)).trim_ascii().is_empty();
    let mut wanted: Vec<Range<u32>> = regions
        .iter()
        .map(|region| {
            let before = u32::from(region.first > 1 && !is_blank(region.first - 1));
            let after = u32::from(!is_blank(region.last.saturating_add(1)));
            region.first - before..region.last.saturating_add(1 + after)
        })
        .collect();
    wanted.sort_by_key(|lines| lines.start);
    let mut runs: Vec<Range<u32>> = Vec::new();
    for lines in wanted {
        match runs.last_mut() {
            Some(run) if lines.start <= run.end.saturating_add(GAP) => run.end = run.end.max(lines.end),
            _ => runs.push(lines),
        }
    }
    runs
}

/// A line without its LF or CRLF.
fn text_span(source: &Source, line: u32) -> Span {
    let span = source.line_span(line);
    match source.slice(span) {
        [.., b'\r'] => Span::new(span.start, span.end - 1),
        _ => span,
    }
}
