//! What is made of bytes that nginx refuses: what it says of them, and the mending that the author most likely meant.

use super::{Parser, offset};
use crate::error::{Hint, SyntaxErrorKind};
use crate::limits::BUFFER;
use crate::token::{Quoted, bare_word, comment, is_blank, quoted_word};
use crate::tree::{End, Leaf, LeafKind};
use crate::{NameNumber, Span};

impl Parser<'_> {
    /// What nginx refuses of a quoted word: that no quote closes it, or the byte right behind the one that does, at
    /// `closed` (`core/ngx_conf_file.c:ngx_conf_read_token`, `need_space`).
    pub(super) fn refusal_of_quoted(
        &self,
        start: usize,
        closed: Option<usize>,
    ) -> Option<(SyntaxErrorKind, Span)> {
        let opening = Span::new(offset(start), offset(start + 1));
        let Some(end) = closed else {
            let length = self.text.len().saturating_sub(start + 1);
            return Some(if length > BUFFER {
                (SyntaxErrorKind::TooLongQuoted(opening.of(self.text).first().copied()?), opening)
            } else {
                (SyntaxErrorKind::EndInDirective, Span::at(offset(self.text.len())))
            });
        };
        let byte = *self.text.get(end)?;
        let is_one_line = || !self.text.get(start..end).unwrap_or_default().contains(&b'\n');
        match byte {
            // The brace speaks for itself where the word ends on its own line.
            b'}' if is_one_line() => None,
            b';' | b'{' | b')' => None,
            byte if is_blank(byte) => None,
            byte => Some((SyntaxErrorKind::UnexpectedByte(byte), Span::new(offset(end), offset(end + 1)))),
        }
    }

    /// Says so where a closed quoted word does not fit into nginx's buffer. Its content starts behind the quote; a blank
    /// behind it is read before nginx lets go of the word.
    pub(super) fn refuse_long_quoted(&mut self, start: usize, end: usize) {
        let opening = Span::new(offset(start), offset(start + 1));
        if end - start - 2 >= BUFFER {
            let quote = opening.of(self.text).first().copied().unwrap_or_default();
            self.error(SyntaxErrorKind::TooLongQuoted(quote), opening, Vec::new());
        } else {
            let release = if self.text.get(end).copied().is_some_and(is_blank) { end + 1 } else { end };
            self.refuse_long(start + 1, release);
        }
    }

    /// Where a quoted word most likely was to end, when it swallowed lines up to something that nginx refuses: before
    /// the `;` or ` {` that ends its first line.
    pub(super) fn end_on_own_line(&self, start: usize, end: usize, unclosed: bool) -> Option<usize> {
        let word = self.text.get(start..end)?;
        let line_length = memchr::memchr(b'\n', word).or(unclosed.then_some(word.len()))?;
        let line = word.get(..line_length)?.trim_ascii_end();
        let body = line.strip_suffix(b";").or_else(|| line.strip_suffix(b"{"));
        match body {
            Some(body) => Some(start + body.trim_ascii_end().len().max(1)),
            None => unclosed.then_some(start + line.len().max(1)),
        }
    }

    /// Ends directives that swallowed the next line for want of a `;`: one that has more words than it takes or a block
    /// that it does not take, where a later word starts a line and is itself the name of a directive.
    /// The name of the directive that is left.
    pub(super) fn split_lines(&mut self, terminator: Span) -> NameNumber {
        let mut number = NameNumber::UNKNOWN;
        while let Some(first) = self.pending {
            let name = self.name_at(first);
            number = self.vocabulary.number(&name);
            let words = || self.tables.leaves.range(first as usize, self.tables.leaves.len());
            // Documentation leaves lines out with `...`, which nginx takes for a directive without `;`.
            let is_elision = *name == *b"...";
            let has_block =
                terminator.of(self.text) == b"{" && self.vocabulary.takes_block(number) == Some(false);
            // Counted no further than needed: the words of the whole file may follow.
            let most = if is_elision { Some(1) } else { self.vocabulary.most_words(number) };
            let has_too_many = most.is_some_and(|most| {
                // Comments may be among them.
                self.tables.leaves.len() - first as usize > most
                    && words().filter(|leaf| leaf.kind != LeafKind::Comment).nth(most).is_some()
            });
            if !has_block && !has_too_many {
                return number;
            }
            let starts_directive = |leaf: &Leaf| {
                leaf.kind == LeafKind::Word
                    && self.starts_line(leaf.span)
                    && self.vocabulary.number(leaf.span.of(self.text)) != NameNumber::UNKNOWN
            };
            let Some(next) = words().skip(1).position(|leaf| starts_directive(&leaf)) else { return number };
            let next = first as usize + 1 + next;
            let end = self.tables.leaves.get(next - 1).map_or(terminator.start, |leaf| leaf.span.end);
            self.directive(number, offset(next), End::Missing);
            self.pending = Some(offset(next));
            if !is_elision {
                let hint = (Span::at(end), Hint::MissingSemicolon);
                // nginx looks at the block before it counts the words (`core/ngx_conf_file.c:ngx_conf_handler`).
                let kind = if has_block {
                    SyntaxErrorKind::NotTerminated(name.into_owned())
                } else {
                    SyntaxErrorKind::TooManyWords(name.into_owned())
                };
                self.error(kind, terminator, vec![hint]);
            }
        }
        number
    }

    /// nginx takes the mark for the start of a word, which takes in what stands behind it and is no directive.
    pub(super) fn byte_order_mark(&mut self) {
        let word = bare_word(self.text);
        let release = if self.text.get(word).copied().is_some_and(is_blank) { word + 1 } else { word };
        self.refuse_long(0, release);
        self.push(LeafKind::ByteOrderMark, 3);
        let at = first_terminator(self.text);
        let ends = self.text.get(at as usize).is_none();
        // Without a terminator nginx comes to no directive at all.
        let kind = if ends { SyntaxErrorKind::EndInDirective } else { SyntaxErrorKind::ByteOrderMark };
        self.error(kind, Span::at(at), vec![(Span::new(0, 3), Hint::StartsHere)]);
    }

    fn starts_line(&self, word: Span) -> bool {
        let before = self.text.get(..word.start as usize).unwrap_or_default();
        let blank = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        blank == Some(&b'\n')
    }

    /// Ends the blocks whose missing `}` the indentation has placed before this.
    pub(super) fn close_without_brace(&mut self) {
        while let Some((&first, rest)) = self.closes.split_first() {
            if self.at < first as usize || self.pending.is_some() {
                return;
            }
            self.closes = rest;
            if let Some(id) = self.open.pop() {
                self.end_inside(id, offset(self.tables.nodes.len()));
            }
        }
    }
}

/// Where nginx stands when it says that it does not know a first directive that starts with a byte order mark: at its
/// `;` or `{`.
fn first_terminator(text: &[u8]) -> u32 {
    let mut at = bare_word(text);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += match rest.first() {
            None | Some(b';' | b'{') => return offset(at),
            Some(byte) if is_blank(*byte) => 1,
            Some(b'#') => comment(rest).map_or(1, |(_, comment)| comment.len()),
            Some(b'"' | b'\'') => match quoted_word(rest) {
                Ok((_, Quoted::Closed(word))) => word.len(),
                Ok((_, Quoted::Open)) | Err(_) => return offset(at),
            },
            Some(_) => bare_word(rest).max(1),
        };
    }
}
