//! A file as a lossless tree of directives in two flat tables; nothing about it recurses.

use std::borrow::Cow;

use crate::leaves::Leaves;
use crate::{NameNumber, Span, SyntaxError, unquote};

/// What a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKind {
    /// SP, TAB, CR, LF between other leaves.
    Blank,
    /// `#` up to the end of the line.
    Comment,
    /// A word without quotes.
    Word,
    /// A word in quotes.
    Quoted,
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
    /// The Lua code of a `*_by_lua_block`.
    Lua,
    /// U+FEFF at the start of the file.
    ByteOrderMark,
}

/// A run of bytes that is not divided further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// What it is.
    pub kind: LeafKind,
    /// Its bytes.
    pub span: Span,
}

/// Index of a directive in its tree; [`NodeId::FILE`] stands for the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The file: the parent of the directives on its top level.
    pub const FILE: Self = Self(0);
    /// Stands for "none" inside the tables.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// The position in the file's order of directives, the file itself being 0.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The one so many further on in the file's order, or back.
    #[must_use]
    pub const fn moved(self, by: i32) -> Self {
        Self(self.0.saturating_add_signed(by))
    }
}

/// How a directive ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Neither `;` nor `{`: an error says so.
    Missing,
    /// `;`, the leaf behind its last word.
    Semicolon,
    /// `{`, the leaf behind its last word.
    Block,
    /// It is the file as a whole.
    File,
}

/// One directive, by indices into the tables. All that stands in it follows it in the table of directives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) parent: NodeId,
    /// The leaf of its first word; comments may stand between its words.
    pub(crate) first_leaf: u32,
    /// One past the leaf of its last word; of a block, and of the file, their index in the table of blocks.
    pub(crate) words_end_or_block: u32,
    pub(crate) name: NameNumber,
    pub(crate) end: End,
}

/// What a directive that opens a block has besides; most open none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// One past the leaf of its last word.
    pub(crate) words_end: u32,
    /// One past the last directive in it.
    pub(crate) inside_end: u32,
    /// The leaf of the `}`; [`Block::NO_CLOSE`] where there is none.
    pub(crate) close: u32,
}

impl Block {
    pub(crate) const NO_CLOSE: u32 = u32::MAX;
}

/// One file. Concatenating the bytes of [`Tree::leaves`] gives the file back.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(crate) leaves: Leaves,
    pub(crate) nodes: Vec<Node>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) errors: Vec<SyntaxError>,
    pub(crate) length: u32,
    pub(crate) depth: usize,
}

impl Tree {
    /// What nginx refuses in this file, in order; nginx itself stops at the first.
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// Every byte of the file once and in order.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf> {
        let mut at = 0;
        let end = Leaf { kind: LeafKind::Blank, span: Span::at(self.length) };
        self.leaves.iter().chain([end]).flat_map(move |leaf| {
            let blank = Leaf { kind: LeafKind::Blank, span: Span::new(at, leaf.span.start) };
            at = leaf.span.end;
            [blank, leaf].into_iter().filter(|leaf| !leaf.span.is_empty())
        })
    }

    /// The leaf at byte `offset`, blanks excepted.
    pub fn leaf_at(&self, offset: u32) -> Option<Leaf> {
        let after = self.leaves.partition_point(|leaf| leaf.span.start <= offset);
        let leaf = self.leaves.get(after.checked_sub(1)?)?;
        (offset < leaf.span.end).then_some(leaf)
    }

    /// The leaves that end at or before byte `offset`, the last one first, blanks excepted.
    pub fn leaves_before(&self, offset: u32) -> impl Iterator<Item = Leaf> {
        let end = self.leaves.partition_point(|leaf| leaf.span.end <= offset);
        self.leaves.range(0, end).rev()
    }

    /// The comments of the whole file, in order.
    pub fn comments(&self) -> impl Iterator<Item = Span> {
        self.leaves.of_kind(LeafKind::Comment)
    }

    /// The words in quotes, in order.
    pub fn quoted(&self) -> impl Iterator<Item = Span> {
        self.leaves.of_kind(LeafKind::Quoted)
    }

    /// How many blocks are open at once at most.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The number of directives.
    pub fn len(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }

    /// Whether there is no directive at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All directives in the order of the file, whatever their depth.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        (1..self.nodes.len()).map(|index| NodeId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// The first directive whose name starts at `offset` or behind it, and the one before that.
    pub fn around(&self, offset: u32) -> (Option<NodeId>, Option<NodeId>) {
        let is_before = |node: &Node| {
            let first = self.leaves.get(node.first_leaf as usize);
            first.is_some_and(|leaf| leaf.span.start < offset)
        };
        let directives = self.nodes.get(1..).unwrap_or_default();
        let before = directives.partition_point(is_before);
        let id = |index: usize| u32::try_from(index).ok().map(NodeId);
        let next = (before < directives.len()).then(|| id(before + 1)).flatten();
        (next, if before > 0 { id(before) } else { None })
    }

    /// The directives directly inside `parent`, in order.
    pub fn children(&self, parent: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.first_child(parent), move |&id| self.child_after(parent, id))
    }

    /// The first directive directly inside `parent`.
    pub fn first_child(&self, parent: NodeId) -> Option<NodeId> {
        self.child_at(parent, parent.0.checked_add(1)?)
    }

    /// The directive directly inside `parent` that comes after `child`, which is one too.
    pub fn child_after(&self, parent: NodeId, child: NodeId) -> Option<NodeId> {
        self.child_at(parent, self.inside_end(child)?)
    }

    fn child_at(&self, parent: NodeId, id: u32) -> Option<NodeId> {
        (id < self.inside_end(parent)?).then_some(NodeId(id))
    }

    /// The directive that `id` stands directly inside; [`NodeId::FILE`] on the top level.
    pub fn parent(&self, id: NodeId) -> NodeId {
        self.node(id)
            .map_or(NodeId::FILE, |node| if node.parent == NodeId::NONE { NodeId::FILE } else { node.parent })
    }

    /// The words of a directive, its name first, as spans with their quotes.
    pub fn words(&self, id: NodeId) -> impl Iterator<Item = Span> {
        let (first, end) = self.node(id).map_or((0, 0), |node| (node.first_leaf, self.words_end(node)));
        self.leaves.words(first as usize, end as usize)
    }

    /// The name as written, with quotes if it has any.
    pub fn name_span(&self, id: NodeId) -> Span {
        let first = self.node(id).filter(|node| node.first_leaf < self.words_end(node));
        first.and_then(|node| self.leaf_span(node.first_leaf)).unwrap_or_default()
    }

    /// The name as nginx compares it.
    pub fn name<'t>(&self, id: NodeId, text: &'t [u8]) -> Cow<'t, [u8]> {
        unquote(self.name_span(id).of(text))
    }

    /// The number that the vocabulary has for the name; [`NameNumber::UNKNOWN`] for the file.
    pub fn name_number(&self, id: NodeId) -> NameNumber {
        self.node(id).map_or(NameNumber::UNKNOWN, |node| node.name)
    }

    /// Whether the directive opens a block.
    pub fn is_block(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| node.end == End::Block)
    }

    /// The `;` or `{` that ends the words, where there is one.
    pub fn terminator(&self, id: NodeId) -> Option<Span> {
        let node = self.node(id).filter(|node| matches!(node.end, End::Semicolon | End::Block))?;
        self.leaf_span(self.words_end(node))
    }

    /// The `}` of a block, where there is one.
    pub fn close(&self, id: NodeId) -> Option<Span> {
        let block = self.block(self.node(id)?).filter(|block| block.close != Block::NO_CLOSE)?;
        self.leaf_span(block.close)
    }

    /// From the name to the last word, without `;` or `{`.
    pub fn head_span(&self, id: NodeId) -> Span {
        let span = |node: &Node| {
            let last = self.words_end(node).checked_sub(1).filter(|last| node.first_leaf <= *last)?;
            Some(self.leaf_span(node.first_leaf)?.to(self.leaf_span(last)?))
        };
        self.node(id).and_then(span).unwrap_or_default()
    }

    /// From the name to `;`, or to the `}` of the block.
    pub fn span(&self, id: NodeId) -> Span {
        let head = self.head_span(id);
        let end = self.close(id).or_else(|| self.terminator(id)).unwrap_or(head);
        Span::new(head.start, end.end.max(head.end))
    }

    /// The comments that stand right before the directive, after whatever came before it, in order.
    pub fn comments_before(&self, id: NodeId) -> impl Iterator<Item = Span> {
        let first = self.node(id).map_or(0, |node| node.first_leaf as usize);
        let before = self.leaves.range(0, first).rev();
        let count = before.take_while(|leaf| leaf.kind == LeafKind::Comment).count();
        self.leaves.range(first - count.min(first), first).map(|leaf| leaf.span)
    }

    /// The comments behind a directive's `;` or `{`, before the next directive.
    pub fn comments_after(&self, id: NodeId) -> impl Iterator<Item = Span> {
        let ended = self.node(id).filter(|node| matches!(node.end, End::Semicolon | End::Block));
        let from = ended.map_or(usize::MAX, |node| self.words_end(node) as usize + 1);
        self.leaves
            .range(from, usize::MAX)
            .take_while(|leaf| leaf.kind == LeafKind::Comment)
            .map(|leaf| leaf.span)
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    fn block(&self, node: &Node) -> Option<&Block> {
        match node.end {
            End::Block | End::File => self.blocks.get(node.words_end_or_block as usize),
            End::Missing | End::Semicolon => None,
        }
    }

    fn words_end(&self, node: &Node) -> u32 {
        self.block(node).map_or(node.words_end_or_block, |block| block.words_end)
    }

    /// One past the last directive inside another one.
    fn inside_end(&self, id: NodeId) -> Option<u32> {
        let block = self.block(self.node(id)?);
        Some(block.map_or(id.0.saturating_add(1), |block| block.inside_end))
    }

    fn leaf_span(&self, leaf: u32) -> Option<Span> {
        self.leaves.get(leaf as usize).map(|leaf| leaf.span)
    }
}
