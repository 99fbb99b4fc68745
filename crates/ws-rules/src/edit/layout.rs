//! Where lines go in a file, and what stands before and behind them.

use nginx_semantics::SourceFile;
use nginx_syntax::{BYTE_ORDER_MARK, NodeId, Span};

/// Where nothing tells how far the author indents.
const STEP: &[u8] = b"    ";

/// A file as it is laid out.
#[derive(Clone, Copy)]
pub(super) struct Layout<'s> {
    pub(super) file: &'s SourceFile,
}

/// A place with the text for it.
type Made = Option<(Span, Vec<u8>)>;

impl<'s> Layout<'s> {
    pub(super) fn after(self, node: NodeId, lines: &[impl AsRef<str>]) -> Made {
        // Behind a line that does not end, new ones would be part of it.
        self.file.tree.terminator(node)?;
        let end = self.file.tree.span(node).end;
        if self.is_last(end) { self.below(end, &self.indentation(node), lines) } else { behind(end, lines) }
    }

    pub(super) fn before(self, node: NodeId, lines: &[impl AsRef<str>], is_apart: bool) -> Made {
        let start = self.file.tree.name_span(node).start;
        if !self.is_first(start) {
            return Some((Span::at(start), [joined(lines), b" ".to_vec()].concat()));
        }
        let mut at = self.line_start(start);
        // The comments right above speak about it.
        while let Some(above) = at.checked_sub(1).map(|end| Span::new(self.line_start(end), end)) {
            if !above.of(self.bytes()).trim_ascii_start().starts_with(b"#") {
                break;
            }
            at = above.start;
        }
        let mut text = self.lines(&self.indentation(node), lines, at);
        if is_apart {
            text.extend_from_slice(self.line_break(at));
        }
        Some((Span::at(at), text))
    }

    pub(super) fn at_start(self, block: NodeId, lines: &[impl AsRef<str>]) -> Made {
        let open = self.file.tree.terminator(block).filter(|_| self.file.tree.is_block(block))?.end;
        if self.is_last(open) {
            return self.below(open, &self.inside(block), lines);
        }
        let next = self.bytes().get(open as usize);
        let blank: &[u8] = if next.is_some_and(u8::is_ascii_whitespace) { b"" } else { b" " };
        Some((Span::at(open), [b" ", joined(lines).as_slice(), blank].concat()))
    }

    pub(super) fn at_end(self, block: NodeId, lines: &[impl AsRef<str>]) -> Made {
        let tree = &self.file.tree;
        if let Some(last) = self.last_child(block) {
            return self.after(last, lines);
        }
        // There may be comments.
        match tree.close(block).filter(|close| self.is_first(close.start)) {
            Some(close) => {
                let at = self.line_start(close.start);
                Some((Span::at(at), self.lines(&self.inside(block), lines, at)))
            }
            None => self.at_start(block, lines),
        }
    }

    /// From the name to the end, with the blanks and the line break that nobody needs any more.
    pub(super) fn to_remove(self, node: NodeId) -> Option<Span> {
        self.file.tree.terminator(node)?;
        let span = self.file.tree.span(node);
        let line_end = self.line_end(span.end);
        let is_end = Span::new(span.end, line_end).of(self.bytes()).trim_ascii_start().is_empty();
        let is_last_line = self.bytes().get(line_end as usize).is_none();
        Some(match (self.is_first(span.start), is_end) {
            (true, true) if is_last_line => {
                // The line break before it was not the last one of the file, and must not become it.
                let start = self.line_start(span.start);
                let before = self.bytes().get(..start as usize).unwrap_or_default();
                let rest = before.strip_suffix(b"\n").unwrap_or(before);
                let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
                Span::new(offset(rest.len()), line_end)
            }
            (true, true) => Span::new(self.line_start(span.start), line_end + 1),
            // Behind something else.
            (false, true) => Span::new(self.blanks_before(span.start), span.end),
            (_, false) => Span::new(span.start, self.blanks_after(span.end)),
        })
    }

    /// The last directive of a block, which may have thousands: found from its end.
    fn last_child(self, block: NodeId) -> Option<NodeId> {
        let tree = &self.file.tree;
        tree.children(block).next()?;
        let Some(close) = tree.close(block) else { return tree.children(block).last() };
        let mut around = std::iter::successors(tree.around(close.start).1, |&node| Some(tree.parent(node)))
            .take_while(|&node| node != NodeId::FILE);
        around.find(|&node| tree.parent(node) == block)
    }

    fn bytes(self) -> &'s [u8] {
        self.file.bytes()
    }

    /// Where the line of an offset begins; a byte order mark is no part of it.
    fn line_start(self, at: u32) -> u32 {
        let source = &self.file.source;
        let start = source.line_span(source.line(at)).start;
        let before = Span::new(start, at).of(self.bytes());
        let mark = BYTE_ORDER_MARK;
        if start == 0 && before.starts_with(mark) { offset(mark.len()) } else { start }
    }

    /// Where the line of an offset ends: at its LF, or at the end of the file.
    fn line_end(self, at: u32) -> u32 {
        let source = &self.file.source;
        source.line_span(source.line(at)).end
    }

    /// Whether nothing stands before an offset on its line.
    fn is_first(self, at: u32) -> bool {
        // A line may be as long as the file, and this is asked of each directive: the line's start is not looked for.
        let blanks = self.blanks_before(at);
        let before = self.bytes().get(..blanks as usize).unwrap_or_default();
        before.is_empty() || before.ends_with(b"\n") || before == "\u{feff}".as_bytes()
    }

    /// Whether nothing but a comment stands behind an offset on its line.
    fn is_last(self, at: u32) -> bool {
        let rest = self.bytes().get(at as usize..).unwrap_or_default();
        let next = rest.iter().find(|byte| **byte == b'\n' || !byte.is_ascii_whitespace());
        matches!(next, None | Some(b'\n' | b'#'))
    }

    /// The start of the blanks that end at an offset.
    fn blanks_before(self, at: u32) -> u32 {
        let before = self.bytes().get(..at as usize).unwrap_or_default();
        at - offset(before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count())
    }

    /// The end of the blanks that start at an offset.
    fn blanks_after(self, at: u32) -> u32 {
        let after = self.bytes().get(at as usize..).unwrap_or_default();
        at + offset(after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count())
    }

    /// How lines end around an offset: as its own one, or as the one before.
    fn line_break(self, at: u32) -> &'static [u8] {
        let end = self.line_end(at) as usize;
        let end = if end < self.bytes().len() { end } else { self.line_start(at).saturating_sub(1) as usize };
        let is_crlf = end > 0 && self.bytes().get(end - 1..=end) == Some(b"\r\n");
        if is_crlf { b"\r\n" } else { b"\n" }
    }

    /// The blanks before a directive, or those that it would have at the start of a line.
    fn indentation(self, node: NodeId) -> Vec<u8> {
        let tree = &self.file.tree;
        if let Some(own) = self.leading(node) {
            return own.to_vec();
        }
        let parent = tree.parent(node);
        // It may stand behind another one of its block.
        let line = self.line_start(tree.name_span(node).start);
        let first = tree.around(line).0.filter(|&other| tree.parent(other) == parent);
        match first.and_then(|first| self.leading(first)) {
            Some(blanks) => blanks.to_vec(),
            None if parent == NodeId::FILE => Vec::new(),
            None => self.inside(parent),
        }
    }

    /// The blanks before a directive that is the first on its line.
    fn leading(self, node: NodeId) -> Option<&'s [u8]> {
        self.leading_span(node).map(|blanks| blanks.of(self.bytes()))
    }

    fn leading_span(self, node: NodeId) -> Option<Span> {
        let start = self.file.tree.name_span(node).start;
        self.is_first(start).then(|| Span::new(self.blanks_before(start), start))
    }

    /// The blanks before what stands in a block: those of its first line, else one step more than the block has.
    fn inside(self, block: NodeId) -> Vec<u8> {
        let mut children = self.file.tree.children(block);
        match children.find_map(|child| self.leading(child)) {
            Some(blanks) => blanks.to_vec(),
            None => [self.indentation(block).as_slice(), self.step(block)].concat(),
        }
    }

    /// What the author indents by: as around a directive, else as anywhere in the file.
    fn step(self, node: NodeId) -> &'s [u8] {
        let tree = &self.file.tree;
        let mut around = std::iter::successors(Some(node), |&node| Some(tree.parent(node)))
            .take_while(|&node| node != NodeId::FILE);
        let step = |node: NodeId| {
            let parent = Some(tree.parent(node)).filter(|parent| *parent != NodeId::FILE)?;
            let (own, outer) = (self.leading_span(node)?, self.leading_span(parent)?);
            let is_deeper = own.of(self.bytes()).starts_with(outer.of(self.bytes()));
            Some(Span::new(own.start + outer.len(), own.end)).filter(|step| is_deeper && !step.is_empty())
        };
        let near = around.find_map(step).map(|step| step.of(self.bytes()));
        near.or_else(|| self.file.step(|| tree.nodes().find_map(step))).unwrap_or(STEP)
    }

    /// Lines on the lines below that of an offset.
    fn below(self, at: u32, indentation: &[u8], lines: &[impl AsRef<str>]) -> Made {
        let end = self.line_end(at);
        let text = self.lines(indentation, lines, at);
        if self.bytes().get(end as usize).is_some() {
            return Some((Span::at(end + 1), text));
        }
        // A file without a line break at its end stays one.
        let line_break = self.line_break(at);
        let text = text.strip_suffix(line_break).unwrap_or(&text);
        Some((Span::at(end), [line_break, text].concat()))
    }

    /// Lines as they are written near an offset, each with its line break.
    fn lines(self, indentation: &[u8], lines: &[impl AsRef<str>], at: u32) -> Vec<u8> {
        let line_break = self.line_break(at);
        let mut text = Vec::new();
        for line in lines {
            let line = line.as_ref();
            let rest = line.trim_start_matches('\t');
            text.extend_from_slice(indentation);
            for _ in rest.len()..line.len() {
                text.extend_from_slice(self.step_near(at));
            }
            text.extend_from_slice(rest.as_bytes());
            text.extend_from_slice(line_break);
        }
        text
    }

    /// What the author indents by in what stands behind an offset, or before it.
    fn step_near(self, at: u32) -> &'s [u8] {
        let (next, before) = self.file.tree.around(at);
        let inner = next.and_then(|next| self.file.tree.children(next).next());
        self.step(inner.or(before).or(next).unwrap_or(NodeId::FILE))
    }
}

/// Lines on the line of what they follow.
fn behind(at: u32, lines: &[impl AsRef<str>]) -> Made {
    Some((Span::at(at), [b" ", joined(lines).as_slice()].concat()))
}

fn joined(lines: &[impl AsRef<str>]) -> Vec<u8> {
    let lines: Vec<&str> = lines.iter().map(|line| line.as_ref().trim_start_matches('\t')).collect();
    lines.join(" ").into_bytes()
}

/// Files have fewer than 4 GiB.
fn offset(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
