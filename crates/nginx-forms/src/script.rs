//! The commands of a script, and the blocks of the shell's that they stand in.

use nginx_syntax::Span;

use crate::redirect::{Filter, Output, filter, output};

/// A block nests no deeper.
const DEEPEST: usize = 64;

/// What a block of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `if`: at most one of its branches runs.
    If,
    /// `case`, the same.
    Case,
    /// `for`, `while`, `until`: one pass.
    Loop,
    /// `{ … }` and `( … )`.
    Group,
    /// It runs when it is called.
    Function,
}

/// A block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: Kind,
    /// What each branch asks, as it is written; empty for `else`.
    pub(crate) branches: Vec<String>,
    /// Where all that it prints goes.
    pub(crate) output: Option<Output>,
    /// What changes it on the way.
    pub(crate) filter: Option<Filter>,
    /// Whether a pattern comes next.
    awaits_pattern: bool,
}

/// A block, and the branch of it that something stands in.
pub(crate) type Place = Vec<(usize, usize)>;

/// One command, or several behind `|`.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) span: Span,
    pub(crate) place: Place,
    /// Where `>` or `tee` stands in it.
    redirect: Option<u32>,
}

impl Statement {
    /// Where it writes.
    pub(crate) fn output(&self, text: &[u8]) -> Option<Output> {
        output(b"", Span::new(self.redirect?, self.span.end).of(text))
    }
}

/// What is known of a script so far.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) blocks: Vec<Block>,
    pub(crate) statements: Vec<Statement>,
    stack: Place,
    quotes: Vec<u8>,
    /// `name()`: its block comes next.
    awaits_body: bool,
}

impl Script {
    /// The next lines, up to the texts of their heredocs.
    pub(crate) fn take(&mut self, text: &[u8], lines: Span) {
        let masked = self.masked(lines.of(text));
        let mut start = 0;
        while start < masked.len() {
            let rest = masked.get(start..).unwrap_or_default();
            let (end, length) = separator(rest);
            let at = |offset: usize| lines.start + u32::try_from(start + offset).unwrap_or_default();
            self.statement(text, rest.get(..end).unwrap_or_default(), Span::new(at(0), at(end)));
            if rest.get(end..end + 2) == Some(b";;") {
                if let Some(block) = self.top(Kind::Case) {
                    block.awaits_pattern = true;
                }
            }
            start += end + length;
        }
    }

    fn top(&mut self, kind: Kind) -> Option<&mut Block> {
        let (number, _) = *self.stack.last()?;
        self.blocks.get_mut(number).filter(|block| block.kind == kind)
    }

    fn open(&mut self, kind: Kind, condition: &[u8]) {
        if self.stack.len() >= DEEPEST {
            return;
        }
        self.stack.push((self.blocks.len(), 0));
        let condition = String::from_utf8_lossy(condition.trim_ascii()).into_owned();
        let (branches, awaits_pattern) = (vec![condition], kind == Kind::Case);
        self.blocks.push(Block { kind, branches, output: None, filter: None, awaits_pattern });
    }

    /// Another branch of the innermost block of a kind.
    fn branch(&mut self, kind: Kind, condition: &[u8]) {
        let is_it = |(number, _): &&mut (usize, usize)| {
            self.blocks.get(*number).is_some_and(|block| block.kind == kind)
        };
        let Some((number, branch)) = self.stack.iter_mut().rev().find(is_it) else { return };
        if let Some(block) = self.blocks.get_mut(*number) {
            *branch = block.branches.len();
            block.branches.push(String::from_utf8_lossy(condition.trim_ascii()).into_owned());
        }
    }

    /// The end of the innermost block of some kinds; `rest`: what stands behind it.
    fn close(&mut self, kinds: &[Kind], rest: &[u8]) {
        let is_it = |(number, _): &(usize, usize)| {
            self.blocks.get(*number).is_some_and(|block| kinds.contains(&block.kind))
        };
        let Some(at) = self.stack.iter().rposition(is_it) else { return };
        if let Some(block) = self.stack.get(at).and_then(|(number, _)| self.blocks.get_mut(*number)) {
            block.output = output(b"", rest);
            block.filter = filter(rest);
        }
        self.stack.truncate(at);
    }

    fn statement(&mut self, text: &[u8], masked: &[u8], span: Span) {
        let mut at = 0;
        // What opens, or goes on with, a block.
        loop {
            let rest = masked.get(at..).unwrap_or_default();
            at += rest.len() - rest.trim_ascii_start().len();
            let rest = rest.trim_ascii_start();
            let own = |from: usize| span.of(text).get(at + from..).unwrap_or_default();
            if self.top(Kind::Case).is_some_and(|block| block.awaits_pattern) && !rest.starts_with(b"esac") {
                let skipped = usize::from(rest.starts_with(b"("));
                let Some(end) = memchr::memchr(b')', rest) else { break };
                let pattern = own(skipped).get(..end.saturating_sub(skipped)).unwrap_or_default();
                let pattern = String::from_utf8_lossy(pattern.trim_ascii()).into_owned();
                let word = self.top(Kind::Case).and_then(|block| block.branches.first().cloned());
                let condition = format!("{} in {pattern}", word.unwrap_or_default());
                self.branch(Kind::Case, condition.as_bytes());
                if let Some(block) = self.top(Kind::Case) {
                    block.awaits_pattern = false;
                }
                at += end + 1;
                continue;
            }
            let word = rest.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            let length = word.len();
            match word {
                b"" => return,
                b"if" => {
                    self.open(Kind::If, own(2));
                    at += 2;
                }
                b"elif" => {
                    self.branch(Kind::If, own(4));
                    at += 4;
                }
                b"else" => {
                    self.branch(Kind::If, b"");
                    at += 4;
                }
                b"then" | b"do" | b"!" | b"time" => at += length,
                b"for" | b"select" => {
                    self.open(Kind::Loop, b"");
                    return;
                }
                b"while" | b"until" => {
                    self.open(Kind::Loop, b"");
                    at += length;
                }
                b"case" => {
                    let end = memchr::memmem::find(rest, b" in").unwrap_or(rest.len());
                    let subject = own(4).get(..end.saturating_sub(4)).unwrap_or_default();
                    self.open(Kind::Case, subject);
                    at += (end + 3).min(rest.len());
                }
                b"fi" => return self.close(&[Kind::If], own(2)),
                b"esac" => return self.close(&[Kind::Case], own(4)),
                b"done" => return self.close(&[Kind::Loop], own(4)),
                b"function" => {
                    self.awaits_body = true;
                    let name = rest.get(length..).unwrap_or_default();
                    let name = name.trim_ascii_start();
                    at += rest.len() - name.len();
                    at +=
                        name.iter().take_while(|byte| !byte.is_ascii_whitespace() && **byte != b'{').count();
                }
                b"{" => {
                    let kind =
                        if std::mem::take(&mut self.awaits_body) { Kind::Function } else { Kind::Group };
                    self.open(kind, b"");
                    at += 1;
                }
                _ if rest.starts_with(b"}") => {
                    return self.close(&[Kind::Group, Kind::Function], own(1));
                }
                _ if rest.starts_with(b")") => return self.close(&[Kind::Group], own(1)),
                _ if rest.starts_with(b"(") && !rest.starts_with(b"((") => {
                    self.open(Kind::Group, b"");
                    at += 1;
                }
                _ => match rest
                    .iter()
                    .position(|byte| !byte.is_ascii_alphanumeric() && !b"_-.:".contains(byte))
                {
                    // `name()`, `name ()`
                    Some(end) if end > 0 && is_function(rest.get(end..).unwrap_or_default()) => {
                        self.awaits_body = true;
                        let close = memchr::memchr(b')', rest).unwrap_or(end);
                        at += close + 1;
                    }
                    _ => break,
                },
            }
        }
        let start = span.start + u32::try_from(at).unwrap_or_default();
        let own = masked.get(at..).unwrap_or_default();
        // `x) > FILE` of a group on one line.
        let closes = own.iter().filter(|byte| **byte == b')').count()
            > own.iter().filter(|byte| **byte == b'(').count();
        let redirect = redirect(own).and_then(|at| Some(start + u32::try_from(at).ok()?));
        let place = self.stack.clone();
        self.statements.push(Statement { span: Span::new(start, span.end), place, redirect });
        for part in own.split(|byte| *byte == b'|').skip(1) {
            match part.trim_ascii_start().split(u8::is_ascii_whitespace).next() {
                Some(b"while" | b"for" | b"until") => self.open(Kind::Loop, b""),
                Some(b"{" | b"(") => self.open(Kind::Group, b""),
                _ => {}
            }
        }
        if closes {
            let end = memchr::memrchr(b')', own).unwrap_or_default();
            let rest = span.of(text).get(at + end + 1..).unwrap_or_default();
            self.close(&[Kind::Group], rest);
        }
    }

    /// The same bytes, with `x` for what stands in quotes, in `$(…)` and behind `#`.
    fn masked(&mut self, text: &[u8]) -> Vec<u8> {
        let mut masked = Vec::with_capacity(text.len());
        let (mut is_escaped, mut is_comment, mut last) = (false, false, b'\n');
        for byte in text.iter().copied() {
            let around = self.quotes.last().copied();
            let is_inside = around.is_some() || is_comment;
            let previous = std::mem::replace(&mut last, byte);
            if is_comment && byte != b'\n' || std::mem::take(&mut is_escaped) {
                masked.push(if byte == b'\n' { b' ' } else { b'x' });
                continue;
            }
            is_comment = false;
            match (around, byte) {
                (Some(b'\''), b'\'') | (Some(b'"'), b'"') | (Some(b'`'), b'`') | (Some(b'('), b')') => {
                    self.quotes.pop();
                    masked.push(b'x');
                    continue;
                }
                (Some(b'\''), _) => {}
                (_, b'\\') => {
                    is_escaped = true;
                    masked.push(if around.is_some() { b'x' } else { b' ' });
                    continue;
                }
                (_, b'(') if previous == b'$' || around == Some(b'(') => self.quotes.push(b'('),
                (Some(b'"'), b'`') | (None | Some(b'('), b'"' | b'\'' | b'`') => self.quotes.push(byte),
                (None, b'#') if previous.is_ascii_whitespace() || b";(&|".contains(&previous) => {
                    is_comment = true;
                }
                _ => {}
            }
            let is_opened = self.quotes.last().copied() != around || is_comment;
            masked.push(if (is_inside && !byte.is_ascii_whitespace()) || is_opened { b'x' } else { byte });
            self.quotes.truncate(DEEPEST);
        }
        // Lines in quotes are one.
        if let (Some(end), false) = (masked.last_mut(), self.quotes.is_empty()) {
            *end = b' ';
        }
        masked
    }
}

/// Where a command says that its output goes elsewhere.
fn redirect(masked: &[u8]) -> Option<usize> {
    let is_it = |at: &usize| {
        let (before, rest) = masked.split_at_checked(*at).unwrap_or_default();
        let starts = before.last().is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'|');
        match rest {
            [b'>', b'&', ..] => false,
            [b'>', ..] => !before.ends_with(b"2") && !before.ends_with(b">") && !before.ends_with(b"&"),
            _ => starts && rest.starts_with(b"tee "),
        }
    };
    (0..masked.len()).find(is_it)
}

/// `()`, with blanks or without.
fn is_function(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.strip_prefix(b"(").is_some_and(|rest| rest.trim_ascii_start().starts_with(b")"))
}

/// Where a statement ends, and the length of what ends it.
fn separator(text: &[u8]) -> (usize, usize) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        match rest {
            [b';', b';', ..] | [b'&', b'&', ..] | [b'|', b'|', ..] => return (at, 2),
            [b';' | b'\n', ..] => return (at, 1),
            _ => at += 1,
        }
    }
    (text.len(), 0)
}
