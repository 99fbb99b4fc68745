//! One line of a file as it is shown: lossy, escaped, tabs expanded, cut to the columns that there are.
//!
//! A line may have 10 MB. No more of it is looked at than may fit on the screen.

use std::ops::Range;

use nginx_syntax::Span;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::command::{HASH, hashes};
use crate::escape::{is_hazardous, push_byte, push_char};

const TAB: usize = 4;

/// The room for a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Columns of the screen.
    pub(crate) columns: usize,
    /// Drawn where something is left out.
    pub(crate) mark: &'static str,
}

/// A line as it is shown.
#[derive(Debug)]
pub(crate) struct Clip {
    /// What is printed.
    pub(crate) text: String,
    /// Where each character (or stray byte) starts: in the file and in `text`.
    starts: Vec<(u32, usize)>,
    /// The end of the last one.
    end: (u32, usize),
    is_cut_after: bool,
}

impl Clip {
    /// The range of `text` that shows the bytes `span`, or `None` where they were cut off.
    pub(crate) fn range(&self, span: Span) -> Option<Range<usize>> {
        let first = self.starts.first().unwrap_or(&self.end).0;
        let begins_before_end = span.start < self.end.0 || (span.start == self.end.0 && !self.is_cut_after);
        let ends_after_start = span.end > first || span.start >= first;
        if !begins_before_end || !ends_after_start {
            return None;
        }
        let start = self.shown(self.starts.partition_point(|&(at, _)| at <= span.start).saturating_sub(1));
        let start = if span.start >= self.end.0 { self.end.1 } else { start };
        let end = self.shown(self.starts.partition_point(|&(at, _)| at < span.end));
        Some(start..if span.is_empty() { start } else { end.max(start) })
    }

    fn shown(&self, index: usize) -> usize {
        self.starts.get(index).unwrap_or(&self.end).1
    }

    /// The column, 0-based, at byte `at` of `text`.
    pub(crate) fn column(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(&self.text).width()
    }
}

/// A character, or a stray byte.
struct Cell {
    at: u32,
    /// Where it starts in the text of all.
    start: usize,
    width: usize,
}

/// The bytes of a line, its first one at `offset` of the file, cut so that `focus` can be seen.
pub(crate) fn clip(line: &[u8], offset: u32, focus: Span, room: Room) -> Clip {
    let reach = room.columns.saturating_mul(8);
    let focus_at = (focus.start.saturating_sub(offset) as usize).min(line.len());
    let from = character_start(line, focus_at.saturating_sub(reach));
    let to = character_start(line, line.len().min(focus_at.saturating_add(reach)));
    let (drawn, cells) = cells(line.get(from..to).unwrap_or_default(), offset.saturating_add(to_u32(from)));

    let is_whole = from == 0 && to == line.len();
    let window = if is_whole && width(&cells) <= room.columns {
        Window { cells: 0..cells.len(), cut_before: false, cut_after: false }
    } else {
        window(&cells, focus, room, from > 0, to < line.len())
    };

    let mut text = if window.cut_before { room.mark.to_owned() } else { String::new() };
    let shown = cells.get(window.cells.clone()).unwrap_or_default();
    let start = |index: usize| cells.get(index).map_or(drawn.len(), |cell| cell.start);
    let (first, mark) = (start(window.cells.start), text.len());
    let starts = shown.iter().map(|cell| (cell.at, mark + cell.start - first)).collect();
    text.push_str(drawn.get(first..start(window.cells.end)).unwrap_or_default());
    let end_of_cells = offset.saturating_add(to_u32(to));
    let end = (cells.get(window.cells.end).map_or(end_of_cells, |cell| cell.at), text.len());
    if window.cut_after {
        text.push_str(room.mark);
    }
    Clip { text, starts, end, is_cut_after: window.cut_after }
}

struct Window {
    cells: Range<usize>,
    cut_before: bool,
    cut_after: bool,
}

/// Which cells are shown: from the start of the line if the focus fits then, else from a little before the focus.
fn window(cells: &[Cell], focus: Span, room: Room, more_before: bool, more_after: bool) -> Window {
    let mark = room.mark.width();
    let focus_start = cells.partition_point(|cell| cell.at < focus.start);
    let focus_end = cells.partition_point(|cell| cell.at < focus.end).max(focus_start);
    let until_focus = cells.get(..focus_start).unwrap_or_default();
    let focus_width = width(cells.get(focus_start..focus_end).unwrap_or_default());
    let fits_from_start = !more_before && width(until_focus) + focus_width + mark <= room.columns;
    let first = if fits_from_start {
        0
    } else {
        let spare = room.columns.saturating_sub(focus_width + 2 * mark);
        let mut before = spare.min(room.columns / 3).max(4);
        let follows = until_focus.iter().rev().take_while(|cell| {
            let fits = cell.width <= before;
            before = before.saturating_sub(cell.width);
            fits
        });
        focus_start - follows.count()
    };
    let cut_before = more_before || first > 0;
    let columns = room.columns.saturating_sub(if cut_before { mark } else { 0 });
    let rest = cells.get(first..).unwrap_or_default();
    let cut_after = more_after || columns < width(rest);
    let mut columns = columns.saturating_sub(if cut_after { mark } else { 0 });
    let shown = rest.iter().take_while(|cell| {
        let fits = cell.width <= columns;
        columns = columns.saturating_sub(cell.width);
        fits
    });
    let last = first + shown.count();
    Window { cells: first..last, cut_before, cut_after }
}

/// What is drawn for some bytes, and where each character of it comes from.
fn cells(bytes: &[u8], offset: u32) -> (String, Vec<Cell>) {
    let mut text = String::with_capacity(bytes.len());
    let mut cells = Vec::with_capacity(bytes.len());
    // Here rather than when all is drawn, so that labels stand under what they are about.
    let mut hashes = hashes(bytes).peekable();
    let mut column = 0;
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let (start, is_command) = (text.len(), hashes.next_if_eq(&at).is_some());
            let width = draw(c, column, &mut text);
            column += width;
            let width = if is_command {
                text.truncate(start);
                text.push_str(HASH);
                HASH.len()
            } else {
                width
            };
            cells.push(Cell { at: offset.saturating_add(to_u32(at)), start, width });
            at += c.len_utf8();
        }
        for &byte in chunk.invalid() {
            let start = text.len();
            push_byte(&mut text, byte);
            let width = text.len() - start;
            cells.push(Cell { at: offset.saturating_add(to_u32(at)), start, width });
            column += width;
            at += 1;
        }
    }
    (text, cells)
}

/// Draws `c`; the columns that it takes.
fn draw(c: char, column: usize, text: &mut String) -> usize {
    match c {
        ' '..='~' => {
            text.push(c);
            1
        }
        '\t' => {
            let width = TAB - column % TAB;
            text.extend(std::iter::repeat_n(' ', width));
            width
        }
        c => {
            let start = text.len();
            push_char(text, c);
            if is_hazardous(c) { text.len() - start } else { c.width().unwrap_or(0) }
        }
    }
}

fn width(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| cell.width).sum()
}

/// The start of the character that byte `at` belongs to, so that a cut does not make stray bytes of it.
fn character_start(bytes: &[u8], at: usize) -> usize {
    let is_inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (at.saturating_sub(3)..=at).rev().find(|&at| !is_inside(at)).unwrap_or(at)
}

fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, focus: Span) -> (String, String) {
        let clip = clip(line.as_bytes(), 0, focus, Room { columns: 20, mark: "\u{2026}" });
        let range = clip.range(focus).unwrap();
        (clip.text.clone(), clip.text[range].to_owned())
    }

    #[test]
    fn a_line_that_fits_is_whole() {
        assert_eq!(shown("listen 80;", Span::new(7, 9)), ("listen 80;".into(), "80".into()));
    }

    #[test]
    fn the_start_is_kept_while_the_focus_can_be_seen() {
        let line = "abcdefghijklmnopqrstuvwxyz";
        assert_eq!(shown(line, Span::new(16, 18)), ("abcdefghijklmnopqrs\u{2026}".into(), "qr".into()));
    }

    #[test]
    fn a_far_focus_has_marks_on_both_sides() {
        let line = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ";
        assert_eq!(
            shown(line, Span::new(26, 28)),
            ("\u{2026}uvwxyz0123456789AB\u{2026}".into(), "01".into())
        );
    }

    #[test]
    fn escapes_and_tabs_are_one_character_of_the_file() {
        assert_eq!(shown("\ta\x1bb", Span::new(2, 3)), ("    a\\x1bb".into(), "\\x1b".into()));
        assert_eq!(shown("a\tb", Span::new(1, 2)), ("a   b".into(), "   ".into()));
    }

    #[test]
    fn what_is_cut_off_has_no_range() {
        let clip = clip(&[b'a'; 99], 0, Span::new(0, 1), Room { columns: 20, mark: "..." });
        assert_eq!(clip.text, "aaaaaaaaaaaaaaaaa...");
        assert_eq!(clip.range(Span::new(50, 51)), None);
        assert_eq!(clip.range(Span::new(0, 99)), Some(0..17));
    }
}
