//! Which edits go together, and the bytes that they make.
//!
//! Fixes are taken in order of place. One that touches bytes which another replaces waits for the next round; what two
//! of them add at one place is added once where it is the same, and one behind the other where they share no line.

use std::collections::{BTreeMap, BTreeSet};

use lint_finding::{Edit, FileId, Place};
use nginx_semantics::{HostedEdit, Sources};
use nginx_syntax::Span;

/// Disjoint edits of many files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What stands for each span of each file. One table of all files: most have one edit or two.
    edits: BTreeMap<(FileId, Span), Vec<u8>>,
}

impl Plan {
    /// Takes all edits of a fix, or none where one of them does not go with those that were taken before.
    pub(crate) fn add(&mut self, edits: &[Edit]) -> bool {
        let own = |edit: &Edit| Some((place(edit), self.fitting(edit)?));
        let own: Option<Vec<_>> = edits.iter().map(own).collect();
        let taken = own.is_some();
        self.edits.extend(own.into_iter().flatten());
        taken
    }

    /// Whether none of the edits writes something else at a place that has an edit.
    pub(crate) fn agrees(&self, edits: &[Edit]) -> bool {
        let is_same = |there: &Vec<u8>, edit: &Edit| *there == edit.replacement;
        edits.iter().all(|edit| self.edits.get(&place(edit)).is_none_or(|there| is_same(there, edit)))
    }

    /// What stands for the edit's span when it joins; `None` where it cannot.
    fn fitting(&self, edit: &Edit) -> Option<Vec<u8>> {
        let (file, span) = place(edit);
        if let Some(there) = self.edits.get(&(file, span)) {
            return if *there == edit.replacement {
                Some(there.clone())
            } else if span.is_empty() {
                both(there, &edit.replacement)
            } else {
                None
            };
        }
        // Those that were taken are disjoint and in order, so the nearest one decides.
        let end = (file, Span::new(span.end.max(span.start + 1), 0));
        let before = self.edits.range((file, Span::default())..end).rev();
        for other in before.map(|((_, other), _)| *other) {
            if overlap(other, span) {
                return None;
            }
            if other.end < span.start {
                break;
            }
        }
        Some(edit.replacement.clone())
    }

    /// All of them, in order of place.
    pub(crate) fn into_edits(self) -> Vec<Edit> {
        let edit = |((file, span), replacement)| Edit { place: Place { file, span }, replacement };
        self.edits.into_iter().map(edit).collect()
    }

    /// The files that have edits.
    pub(crate) fn files(&self) -> BTreeSet<FileId> {
        self.edits.keys().map(|(file, _)| *file).collect()
    }

    /// The edits of a file, in order.
    fn of_file(&self, file: FileId) -> impl Iterator<Item = (Span, &[u8])> {
        let last = Span::new(u32::MAX, u32::MAX);
        let edits = self.edits.range((file, Span::default())..=(file, last));
        edits.map(|((_, span), replacement)| (*span, replacement.as_slice()))
    }

    /// A file with its edits made.
    pub(crate) fn applied(&self, file: FileId, old: &[u8]) -> Vec<u8> {
        let mut new = Vec::with_capacity(old.len());
        let mut at = 0;
        for (span, replacement) in self.of_file(file) {
            new.extend_from_slice(old.get(at..span.start as usize).unwrap_or_default());
            new.extend_from_slice(replacement);
            at = span.end as usize;
        }
        new.extend_from_slice(old.get(at..).unwrap_or_default());
        new
    }

    /// The edits of texts that other files hold.
    pub(crate) fn hosted(&self, sources: &Sources) -> Vec<HostedEdit<'_>> {
        let is_hosted = |file: FileId| sources.get(file).is_some_and(|file| file.hosted().is_some());
        let edits = self.edits.iter().filter(|((file, _), _)| is_hosted(*file));
        edits
            .map(|((file, span), replacement)| HostedEdit { file: *file, span: *span, replacement })
            .collect()
    }

    /// With the same edits on the other ways through the branches of templates: they are in the same lines of the file.
    /// `None` where one of them cannot be made in that file.
    pub(crate) fn on_all_ways(self, sources: &Sources) -> Option<Self> {
        let mut others = Vec::new();
        for edit in self.hosted(sources) {
            let hosted = sources.get(edit.file)?.hosted()?;
            let (span, _) = hosted.edit(edit.span, edit.replacement).ok()?;
            let siblings = sources.ways(edit.file).filter(|id| *id != edit.file);
            for (id, sibling) in siblings.filter_map(|id| Some((id, sources.get(id)?.hosted()?))) {
                // The line may not be on that way.
                let Some(span) = sibling.view().from_host(span) else { continue };
                let place = Place { file: id, span };
                others.push(Edit { place, replacement: edit.replacement.to_vec() });
            }
        }
        let mut this = self;
        others.into_iter().all(|edit| this.add(&[edit])).then_some(this)
    }

    /// What the edits move.
    pub(crate) fn moves(&self) -> Moves {
        let mut moves: BTreeMap<FileId, Vec<Move>> = BTreeMap::new();
        for ((file, span), replacement) in &self.edits {
            let of_file = moves.entry(*file).or_default();
            let shift = of_file.last().map_or(0, Move::shift_behind);
            let length = i64::try_from(replacement.len()).unwrap_or(i64::MAX);
            of_file.push(Move { span: *span, length, shift });
        }
        Moves(moves)
    }
}

/// Where an edit stands.
fn place(edit: &Edit) -> (FileId, Span) {
    (edit.place.file, edit.place.span)
}

/// One edit, and what the ones before it in its file do.
#[derive(Debug, Clone, Copy)]
struct Move {
    span: Span,
    /// Of what stands there afterwards.
    length: i64,
    /// What the edits before it move it by.
    shift: i64,
}

impl Move {
    /// Where its text starts afterwards.
    fn start(&self) -> u32 {
        shifted(self.span.start, self.shift)
    }

    /// What it and the edits before it move the text behind it by.
    fn shift_behind(&self) -> i64 {
        self.shift + self.length - i64::from(self.span.len())
    }
}

/// Where things stand before and after the edits of a plan.
#[derive(Debug, Default)]
pub(crate) struct Moves(BTreeMap<FileId, Vec<Move>>);

impl Moves {
    /// Where what stood at an offset stands afterwards: before what is added there, and behind it.
    pub(crate) fn moved(&self, file: FileId, offset: u32) -> [u32; 2] {
        let moves = self.0.get(&file).map(Vec::as_slice).unwrap_or_default();
        // They are disjoint and in order, and so are their ends.
        let before = moves.partition_point(|one| one.span.end <= offset && one.span.start < offset);
        match moves.get(before).filter(|one| one.span.start <= offset) {
            // Inside of what is replaced, or right where something is added.
            Some(one) => [one.start(), shifted(one.span.end.max(offset), one.shift_behind())],
            None => [shifted(offset, shift(moves, before)); 2],
        }
    }

    /// Where what stands at an offset afterwards stood, or what it was added to.
    pub(crate) fn before(&self, file: FileId, offset: u32) -> u32 {
        let moves = self.0.get(&file).map(Vec::as_slice).unwrap_or_default();
        let before =
            moves.partition_point(|one| one.start() <= offset && shifted(one.start(), one.length) <= offset);
        match moves.get(before).filter(|one| one.start() <= offset) {
            Some(one) => one.span.start,
            None => shifted(offset, -shift(moves, before)),
        }
    }
}

/// What the first edits move the text behind them by.
fn shift(moves: &[Move], count: usize) -> i64 {
    count.checked_sub(1).and_then(|last| moves.get(last)).map_or(0, Move::shift_behind)
}

fn shifted(offset: u32, by: i64) -> u32 {
    u32::try_from(i64::from(offset).saturating_add(by)).unwrap_or(0)
}

/// Whether two spans cannot both be edited; what is added at the edge of what is replaced can.
fn overlap(a: Span, b: Span) -> bool {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => false,
        (true, false) => b.start < a.start && a.start < b.end,
        (false, true) => a.start < b.start && b.start < a.end,
        (false, false) => a.start < b.end && b.start < a.end,
    }
}

/// What is added at a place where two fixes add something.
fn both(there: &[u8], more: &[u8]) -> Option<Vec<u8>> {
    let (ours, theirs) = (statements(there)?, statements(more)?);
    if theirs.is_subset(&ours) {
        Some(there.to_vec())
    } else if ours.is_subset(&theirs) {
        Some(more.to_vec())
    } else if ours.is_disjoint(&theirs) && fields(&ours).is_disjoint(&fields(&theirs)) {
        Some([there, more].concat())
    } else {
        None
    }
}

/// The fields that `proxy_set_header` lines set: nginx sends a field once for each line.
fn fields(lines: &BTreeSet<&[u8]>) -> BTreeSet<Vec<u8>> {
    let field = |line: &&[u8]| {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let is_header = words.next() == Some(b"proxy_set_header");
        words.next().filter(|_| is_header).map(<[u8]>::to_ascii_lowercase)
    };
    lines.iter().filter_map(field).collect()
}

/// The lines of a text, or of one without any its directives; `None` where that is not so easily told.
fn statements(text: &[u8]) -> Option<BTreeSet<&[u8]>> {
    let is_one_line = !text.contains(&b'\n');
    let end = if is_one_line { b';' } else { b'\n' };
    let all = text.split(|byte| *byte == end).map(<[u8]>::trim_ascii);
    let all: BTreeSet<&[u8]> = all.filter(|line| !line.is_empty()).collect();
    let is_whole = |line: &&[u8]| {
        let quotes = |quote| line.iter().filter(|byte| **byte == quote).count();
        quotes(b'"') % 2 == 0 && quotes(b'\'') % 2 == 0 && !line.iter().any(|byte| b"{}#\\".contains(byte))
    };
    let is_told = !is_one_line || text.trim_ascii().ends_with(b";") && all.iter().all(is_whole);
    is_told.then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { place: Place { file: FILE, span: Span::new(start, end) }, replacement: text.into() }
    }

    /// Fixes in order, which of them are taken, and what becomes of `0123456789`.
    #[test]
    fn conflicts_are_resolved_in_order() {
        type Fixes = &'static [&'static [(u32, u32, &'static str)]];
        let table: &[(Fixes, &str, &str)] = &[
            (&[&[(2, 4, "ab")], &[(4, 6, "cd")]], "yy", "01abcd6789"),
            (&[&[(2, 4, "ab")], &[(3, 5, "cd")]], "yn", "01ab456789"),
            (&[&[(3, 5, "cd")], &[(2, 4, "ab")]], "yn", "012cd56789"),
            // Nested, either way round.
            (&[&[(2, 8, "-")], &[(4, 5, "x")]], "yn", "01-89"),
            (&[&[(4, 5, "x")], &[(2, 8, "-")]], "yn", "0123x56789"),
            (&[&[(2, 8, "-")], &[(4, 4, "x")]], "yn", "01-89"),
            (&[&[(4, 4, "x")], &[(2, 8, "-")]], "yn", "0123x456789"),
            // At the edges.
            (&[&[(2, 4, "-")], &[(2, 2, "x")], &[(4, 4, "y")]], "yyy", "01x-y456789"),
            (&[&[(2, 2, "x")], &[(4, 4, "y")], &[(2, 4, "-")]], "yyy", "01x-y456789"),
            // At one place.
            (&[&[(2, 2, "x\n")], &[(2, 2, "x\n")]], "yy", "01x\n23456789"),
            (&[&[(2, 2, "x\n")], &[(2, 2, "y\n")]], "yy", "01x\ny\n23456789"),
            (&[&[(2, 2, "x\n")], &[(2, 2, "x\ny\n")]], "yy", "01x\ny\n23456789"),
            (&[&[(2, 2, "x\ny\n")], &[(2, 2, "  y\n")]], "yy", "01x\ny\n23456789"),
            (&[&[(2, 2, "x\ny\n")], &[(2, 2, "y\nz\n")]], "yn", "01x\ny\n23456789"),
            (&[&[(2, 2, "x")], &[(2, 2, "y")]], "yn", "01x23456789"),
            (
                &[&[(2, 2, "proxy_set_header Host a;\n")], &[(2, 2, "proxy_set_header host b;\n")]],
                "yn",
                "01proxy_set_header Host a;\n23456789",
            ),
            // The same on one line, as far as it is told what is one directive.
            (&[&[(2, 2, " x;")], &[(2, 2, " y; z;")]], "yy", "01 x; y; z;23456789"),
            (&[&[(2, 2, " x; y;")], &[(2, 2, " y;")]], "yy", "01 x; y;23456789"),
            (&[&[(2, 2, " x;")], &[(2, 2, " ';';")]], "yn", "01 x;23456789"),
            (&[&[(2, 4, "x")], &[(2, 4, "x")]], "yy", "01x456789"),
            (&[&[(2, 4, "x")], &[(2, 4, "y")]], "yn", "01x456789"),
            // All of a fix or nothing.
            (&[&[(2, 4, "x")], &[(0, 0, "!"), (3, 5, "y")], &[(9, 10, "")]], "yny", "01x45678"),
            (&[&[(0, 0, "a"), (10, 10, "b")]], "y", "a0123456789b"),
        ];
        for (fixes, taken, text) in table {
            let mut plan = Plan::default();
            let edits = |fix: &&[(u32, u32, &str)]| -> Vec<Edit> {
                fix.iter().map(|&(start, end, text)| edit(start, end, text)).collect()
            };
            let said: String =
                fixes.iter().map(|fix| if plan.add(&edits(fix)) { 'y' } else { 'n' }).collect();
            assert_eq!(&said, taken, "{fixes:?}");
            assert_eq!(String::from_utf8_lossy(&plan.applied(FILE, b"0123456789")), *text, "{fixes:?}");
        }
    }

    #[test]
    fn places_are_followed() {
        let mut plan = Plan::default();
        assert!(plan.add(&[edit(2, 4, "abc"), edit(6, 6, "++"), edit(8, 9, "")]));
        assert_eq!(plan.applied(FILE, b"0123456789"), b"01abc45++679");
        for (old, new) in [
            (0, [0, 0]),
            (2, [2, 5]),
            (3, [2, 5]),
            (4, [5, 5]),
            (6, [7, 9]),
            (7, [10, 10]),
            (8, [11, 11]),
            (9, [11, 11]),
        ] {
            assert_eq!(plan.moves().moved(FILE, old), new, "{old}");
        }
        for (new, old) in [(0, 0), (2, 2), (4, 2), (5, 4), (7, 6), (8, 6), (9, 6), (10, 7), (11, 9)] {
            assert_eq!(plan.moves().before(FILE, new), old, "{new}");
        }
    }
}
