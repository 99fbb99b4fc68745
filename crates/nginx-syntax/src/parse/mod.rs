//! The tree loop: tokens into directives and blocks, with recovery, so that parsing never fails.
//!
//! nginx stops at the first thing that it refuses; this loop says so once, in nginx's words and at nginx's place, mends
//! it the way that the author most likely meant, and goes on. No recursion on the depth of the input.

mod recovery;

use std::borrow::Cow;
use std::cell::Cell;

use crate::error::{Hint, SyntaxError, SyntaxErrorKind};
use crate::indentation::missing_close;
use crate::leaves::Leaves;
use crate::limits::too_long;
use crate::lua::{body_length, has_lua_body};
use crate::token::{Quoted, bare_word, blanks, comment, is_blank, quoted_word};
use crate::tree::{Block, End, Leaf, LeafKind, Node, NodeId, Tree};
use crate::vocabulary::{NameNumber, Vocabulary};
use crate::{Span, unquote};

/// What editors put before a text of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// More errors than this in one file are not listed: it is not nginx then.
const MOST_ERRORS: usize = 100;
/// As many missing braces are mended by indentation; each costs one more pass.
const MOST_MENDED_BRACES: usize = 4;

/// Reads a file. The tree covers every byte; what nginx refuses is in [`Tree::errors`].
pub fn parse(text: &[u8], vocabulary: &dyn Vocabulary) -> Tree {
    let mut tree = Parser::new(text, vocabulary, &[]).run();
    let Some(end) = tree.errors.iter().position(|error| error.kind == SyntaxErrorKind::EndInBlock) else {
        return tree;
    };
    let mut error = tree.errors.remove(end);
    let mut closes = Vec::new();
    while closes.len() < MOST_MENDED_BRACES {
        let Some(at) = missing_close(&tree, text) else { break };
        closes.push(at);
        closes.sort_unstable();
        tree = Parser::new(text, vocabulary, &closes).run();
        let still = tree.errors.iter().position(|error| error.kind == SyntaxErrorKind::EndInBlock);
        match still {
            Some(index) => drop(tree.errors.remove(index)),
            None => break,
        }
    }
    if !closes.is_empty() {
        error.hints = closes.into_iter().map(|at| (Span::at(at), Hint::MissingClose)).collect();
    }
    tree.errors.push(error);
    tree
}

/// The tables that a file is read into. What is known of the file at first is only how long they may get, so those of small
/// files are copied once they are read, and these are used for the next file.
#[derive(Default)]
struct Tables {
    leaves: Leaves,
    nodes: Vec<Node>,
    blocks: Vec<Block>,
}

thread_local! {
    static TABLES: Cell<Tables> = Cell::default();
}

impl Tables {
    /// Those of files with more directives are no one else's.
    const MOST_NODES: usize = 1 << 16;

    /// Empty ones with room for a file of this length.
    fn take(length: usize) -> Self {
        let mut tables = TABLES.take();
        // Real files have a word for each ten bytes, and a directive for each thirty.
        tables.leaves.reserve(length / 8);
        tables.nodes.reserve(length / 24 + 1);
        tables
    }

    /// As large as what stands in them.
    fn finish(mut self) -> Self {
        if self.nodes.capacity() > Self::MOST_NODES {
            self.leaves.shrink_to_fit();
            self.nodes.shrink_to_fit();
            self.blocks.shrink_to_fit();
            return self;
        }
        let copy =
            Self { leaves: self.leaves.clone(), nodes: self.nodes.clone(), blocks: self.blocks.clone() };
        self.leaves.clear();
        self.nodes.clear();
        self.blocks.clear();
        TABLES.set(self);
        copy
    }
}

struct Parser<'a> {
    text: &'a [u8],
    vocabulary: &'a dyn Vocabulary,
    /// Places, sorted, at which a block ends without a brace.
    closes: &'a [u32],
    at: usize,
    tables: Tables,
    /// The blocks that are open, outermost first.
    open: Vec<NodeId>,
    /// The most blocks that were open at once.
    depth: usize,
    /// The leaf of the first word of the directive that is being read.
    pending: Option<u32>,
    errors: Vec<SyntaxError>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8], vocabulary: &'a dyn Vocabulary, closes: &'a [u32]) -> Self {
        let file = Node {
            parent: NodeId::NONE,
            first_leaf: 0,
            words_end_or_block: 0,
            name: NameNumber::UNKNOWN,
            end: End::File,
        };
        let inside = Block { words_end: 0, inside_end: 0, close: Block::NO_CLOSE };
        let mut tables = Tables::take(text.len());
        tables.nodes.push(file);
        tables.blocks.push(inside);
        Self {
            text,
            vocabulary,
            closes,
            at: 0,
            tables,
            open: Vec::new(),
            depth: 0,
            pending: None,
            errors: Vec::new(),
        }
    }

    fn run(mut self) -> Tree {
        if self.text.starts_with(BYTE_ORDER_MARK) {
            self.byte_order_mark();
        }
        loop {
            self.at += blanks(self.rest());
            self.close_without_brace();
            match self.rest().first() {
                None => break,
                Some(b'#') => self.comment(),
                Some(b';') => self.semicolon(),
                Some(b'{') => self.open_block(),
                Some(b'}') => self.close_block(),
                Some(b'"' | b'\'') => self.quoted_word(),
                Some(_) => self.bare_word(),
            }
        }
        self.end_of_file();
        let all = offset(self.tables.nodes.len());
        for id in std::mem::take(&mut self.open).into_iter().chain([NodeId::FILE]) {
            self.end_inside(id, all);
        }
        let Tables { leaves, nodes, blocks } = self.tables.finish();
        Tree {
            leaves,
            nodes,
            blocks,
            errors: self.errors,
            length: offset(self.text.len()),
            depth: self.depth,
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: LeafKind, length: usize) -> u32 {
        let span = Span::new(offset(self.at), offset(self.at + length));
        self.at += length;
        self.tables.leaves.push(Leaf { kind, span });
        offset(self.tables.leaves.len() - 1)
    }

    fn error(&mut self, kind: SyntaxErrorKind, at: Span, hints: Vec<(Span, Hint)>) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(SyntaxError { kind, at, hints });
        }
    }

    fn comment(&mut self) {
        let length = comment(self.rest()).map_or(1, |(_, comment)| comment.len());
        self.refuse_long(self.at, self.at + length);
        self.push(LeafKind::Comment, length);
    }

    fn bare_word(&mut self) {
        let length = bare_word(self.rest());
        let end = self.at + length;
        // A blank is read, and then one byte more, before nginx lets go of the word.
        let release = if self.text.get(end).copied().is_some_and(is_blank) { end + 1 } else { end };
        self.refuse_long(self.at, release);
        let leaf = self.push(LeafKind::Word, length);
        self.pending.get_or_insert(leaf);
    }

    fn quoted_word(&mut self) {
        let start = self.at;
        let closed = match quoted_word(self.rest()) {
            Ok((_, Quoted::Closed(word))) => Some(start + word.len()),
            Ok((_, Quoted::Open)) | Err(_) => None,
        };
        if let Some(end) = closed {
            self.refuse_long_quoted(start, end);
        }
        let mut end = closed.unwrap_or(self.text.len());
        if let Some((kind, at)) = self.refusal_of_quoted(start, closed) {
            let mended = self.end_on_own_line(start, end, closed.is_none());
            let unclosed = mended.map(|_| (Span::new(offset(start), offset(start + 1)), Hint::UnclosedQuote));
            end = mended.unwrap_or(end);
            self.error(kind, at, unclosed.into_iter().collect());
        }
        let leaf = self.push(LeafKind::Quoted, end - start);
        self.pending.get_or_insert(leaf);
    }

    fn semicolon(&mut self) {
        let span = Span::new(offset(self.at), offset(self.at + 1));
        if self.pending.is_none() {
            self.push(LeafKind::Semicolon, 1);
            self.error(SyntaxErrorKind::UnexpectedSemicolon, span, Vec::new());
            return;
        }
        let name = self.split_lines(span);
        let words_end = self.push(LeafKind::Semicolon, 1);
        self.directive(name, words_end, End::Semicolon);
    }

    fn open_block(&mut self) {
        let span = Span::new(offset(self.at), offset(self.at + 1));
        let name = if self.pending.is_none() {
            self.error(SyntaxErrorKind::UnexpectedOpen, span, Vec::new());
            NameNumber::UNKNOWN
        } else {
            self.split_lines(span)
        };
        let is_lua = self.pending.is_some_and(|leaf| has_lua_body(&self.name_at(leaf)));
        let words_end = self.push(LeafKind::Open, 1);
        let id = self.directive(name, words_end, End::Block);
        if is_lua {
            self.lua_body(id, span);
        } else {
            self.open.push(id);
            self.depth = self.depth.max(self.open.len());
        }
    }

    fn lua_body(&mut self, id: NodeId, open: Span) {
        match body_length(self.rest()) {
            Some(length) => {
                if length > 0 {
                    self.push(LeafKind::Lua, length);
                }
                let close = self.push(LeafKind::Close, 1);
                self.set_close(id, close);
            }
            None => {
                self.error(SyntaxErrorKind::LuaNotClosed, open, vec![(open, Hint::NeverClosed)]);
                let length = self.rest().len();
                if length > 0 {
                    self.push(LeafKind::Lua, length);
                }
            }
        }
    }

    fn close_block(&mut self) {
        let span = Span::new(offset(self.at), offset(self.at + 1));
        if self.pending.is_some() {
            let end = self.last_word_end();
            self.unended_directive();
            self.error(SyntaxErrorKind::UnexpectedClose, span, vec![(Span::at(end), Hint::MissingSemicolon)]);
        } else if self.open.is_empty() {
            self.error(SyntaxErrorKind::UnexpectedClose, span, Vec::new());
        }
        let leaf = self.push(LeafKind::Close, 1);
        if let Some(id) = self.open.pop() {
            self.set_close(id, leaf);
            self.end_inside(id, offset(self.tables.nodes.len()));
        }
    }

    fn end_of_file(&mut self) {
        let end = Span::at(offset(self.text.len()));
        if self.pending.is_some() {
            let last = self.last_word_end();
            self.unended_directive();
            let already_said = self.errors.last().is_some_and(|error| {
                matches!(error.kind, SyntaxErrorKind::EndInDirective | SyntaxErrorKind::TooLongQuoted(_))
            });
            if !already_said {
                self.error(
                    SyntaxErrorKind::EndInDirective,
                    end,
                    vec![(Span::at(last), Hint::MissingSemicolon)],
                );
            }
        } else if let Some(&innermost) = self.open.last() {
            let said = self.errors.iter().any(|error| {
                matches!(
                    error.kind,
                    SyntaxErrorKind::EndInDirective
                        | SyntaxErrorKind::TooLongQuoted(_)
                        | SyntaxErrorKind::LuaNotClosed
                )
            });
            let opener = self
                .tables
                .nodes
                .get(innermost.0 as usize)
                .and_then(|node| self.tables.leaves.get(node.first_leaf as usize));
            let hints = opener.map(|leaf| (leaf.span, Hint::NeverClosed)).into_iter().collect();
            if !said {
                self.error(SyntaxErrorKind::EndInBlock, end, hints);
            }
        }
    }

    fn last_word_end(&self) -> u32 {
        let words = self.tables.leaves.iter().rev().find(|leaf| leaf.kind != LeafKind::Comment);
        words.map_or(0, |leaf| leaf.span.end)
    }

    fn refuse_long(&mut self, start: usize, release: usize) {
        // The word that a byte order mark starts has been asked about as a whole.
        let is_asked = start == 3 && self.text.starts_with(BYTE_ORDER_MARK);
        if !is_asked && too_long(start, release, self.text.len()) {
            let first = self.text.get(start..start + 10).unwrap_or_default().to_vec();
            let at = Span::new(offset(start), offset(start + 10));
            self.error(SyntaxErrorKind::TooLong(first), at, Vec::new());
        }
    }

    /// The name that a leaf is.
    fn name_at(&self, leaf: u32) -> Cow<'a, [u8]> {
        let span = self.tables.leaves.get(leaf as usize).map(|leaf| leaf.span).unwrap_or_default();
        unquote(span.of(self.text))
    }

    /// Ends the directive that is being read where it stands.
    fn unended_directive(&mut self) {
        let name =
            self.pending.map_or(NameNumber::UNKNOWN, |leaf| self.vocabulary.number(&self.name_at(leaf)));
        self.directive(name, offset(self.tables.leaves.len()), End::Missing);
    }

    fn directive(&mut self, name: NameNumber, words_end: u32, end: End) -> NodeId {
        let parent = self.open.last().copied().unwrap_or(NodeId::FILE);
        let id = NodeId(offset(self.tables.nodes.len()));
        let words_end_or_block = if end == End::Block {
            let inside_end = id.0.saturating_add(1);
            self.tables.blocks.push(Block { words_end, inside_end, close: Block::NO_CLOSE });
            offset(self.tables.blocks.len() - 1)
        } else {
            words_end
        };
        let first_leaf = self.pending.take().unwrap_or(words_end);
        self.tables.nodes.push(Node { parent, first_leaf, words_end_or_block, name, end });
        id
    }

    /// A directive that opens a block, or the file.
    fn block(&mut self, id: NodeId) -> Option<&mut Block> {
        let number = self.tables.nodes.get(id.0 as usize)?.words_end_or_block;
        self.tables.blocks.get_mut(number as usize)
    }

    fn set_close(&mut self, id: NodeId, leaf: u32) {
        if let Some(block) = self.block(id) {
            block.close = leaf;
        }
    }

    /// Says where the directives in a block end.
    fn end_inside(&mut self, id: NodeId, end: u32) {
        if let Some(block) = self.block(id) {
            block.inside_end = end;
        }
    }
}

/// Lengths fit: [`crate::Source`] refuses files of 4 GiB.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
