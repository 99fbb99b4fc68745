//! A file as a lossless tree of directives in two flat tables; nothing about it recurses.

use std::borrow::Cow;

use crate::{Span, SyntaxError, unquote};

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

    fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// How a directive ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Neither `;` nor `{`: an error says so.
    Missing,
    /// `;`, as an index of a leaf.
    Semicolon(u32),
    /// `{`, and `}` where there is one, as indices of leaves.
    Block { open: u32, close: Option<u32> },
}

/// One directive, by indices into the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) parent: NodeId,
    pub(crate) next: NodeId,
    pub(crate) first_child: NodeId,
    /// The leaf of its first word; comments may stand between its words.
    pub(crate) first_leaf: u32,
    /// One past the leaf of its last word.
    pub(crate) words_end: u32,
    pub(crate) end: End,
}

/// One file. Concatenating the bytes of [`Tree::leaves`] gives the file back.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) nodes: Vec<Node>,
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
        self.leaves.iter().copied().chain([end]).flat_map(move |leaf| {
            let blank = Leaf { kind: LeafKind::Blank, span: Span::new(at, leaf.span.start) };
            at = leaf.span.end;
            [blank, leaf].into_iter().filter(|leaf| !leaf.span.is_empty())
        })
    }

    /// The leaf at byte `offset`, blanks excepted.
    pub fn leaf_at(&self, offset: u32) -> Option<Leaf> {
        let after = self.leaves.partition_point(|leaf| leaf.span.start <= offset);
        let leaf = self.leaves.get(after.checked_sub(1)?)?;
        (offset < leaf.span.end).then_some(*leaf)
    }

    /// The leaves that end at or before byte `offset`, the last one first, blanks excepted.
    pub fn leaves_before(&self, offset: u32) -> impl Iterator<Item = Leaf> {
        let end = self.leaves.partition_point(|leaf| leaf.span.end <= offset);
        self.leaves.get(..end).unwrap_or_default().iter().rev().copied()
    }

    /// The comments of the whole file, in order.
    pub fn comments(&self) -> impl Iterator<Item = Span> {
        self.leaves.iter().filter(|leaf| leaf.kind == LeafKind::Comment).map(|leaf| leaf.span)
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
        let first = self.node(parent).and_then(|node| node.first_child.some());
        std::iter::successors(first, |&id| self.node(id).and_then(|node| node.next.some()))
    }

    /// The directive that `id` stands directly inside; [`NodeId::FILE`] on the top level.
    pub fn parent(&self, id: NodeId) -> NodeId {
        self.node(id)
            .map_or(NodeId::FILE, |node| if node.parent == NodeId::NONE { NodeId::FILE } else { node.parent })
    }

    /// The words of a directive, its name first, as spans with their quotes.
    pub fn words(&self, id: NodeId) -> impl Iterator<Item = Span> {
        self.word_leaves(id)
            .iter()
            .filter(|leaf| matches!(leaf.kind, LeafKind::Word | LeafKind::Quoted))
            .map(|leaf| leaf.span)
    }

    /// The name as written, with quotes if it has any.
    pub fn name_span(&self, id: NodeId) -> Span {
        self.word_leaves(id).first().map_or_else(Span::default, |leaf| leaf.span)
    }

    /// The name as nginx compares it.
    pub fn name<'t>(&self, id: NodeId, text: &'t [u8]) -> Cow<'t, [u8]> {
        unquote(self.name_span(id).of(text))
    }

    /// Whether the directive opens a block.
    pub fn is_block(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| matches!(node.end, End::Block { .. }))
    }

    /// The `;` or `{` that ends the words, where there is one.
    pub fn terminator(&self, id: NodeId) -> Option<Span> {
        match self.node(id)?.end {
            End::Missing => None,
            End::Semicolon(leaf) | End::Block { open: leaf, .. } => self.leaf_span(leaf),
        }
    }

    /// The `}` of a block, where there is one.
    pub fn close(&self, id: NodeId) -> Option<Span> {
        match self.node(id)?.end {
            End::Block { close, .. } => close.and_then(|leaf| self.leaf_span(leaf)),
            End::Missing | End::Semicolon(_) => None,
        }
    }

    /// From the name to the last word, without `;` or `{`.
    pub fn head_span(&self, id: NodeId) -> Span {
        let words = self.word_leaves(id);
        match (words.first(), words.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => Span::default(),
        }
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
        let before = self.leaves.get(..first).unwrap_or_default();
        let count = before.iter().rev().take_while(|leaf| leaf.kind == LeafKind::Comment).count();
        before.get(first - count.min(first)..).unwrap_or_default().iter().map(|leaf| leaf.span)
    }

    /// The comments behind a directive's `;` or `{`, before the next directive.
    pub fn comments_after(&self, id: NodeId) -> impl Iterator<Item = Span> {
        let from = match self.node(id).map(|node| node.end) {
            Some(End::Semicolon(leaf) | End::Block { open: leaf, .. }) => leaf as usize + 1,
            Some(End::Missing) | None => usize::MAX,
        };
        let after = self.leaves.get(from..).unwrap_or_default();
        after.iter().take_while(|leaf| leaf.kind == LeafKind::Comment).map(|leaf| leaf.span)
    }

    fn word_leaves(&self, id: NodeId) -> &[Leaf] {
        let words = self.node(id).map_or(0..0, |node| node.first_leaf as usize..node.words_end as usize);
        self.leaves.get(words).unwrap_or_default()
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    fn leaf_span(&self, leaf: u32) -> Option<Span> {
        self.leaves.get(leaf as usize).map(|leaf| leaf.span)
    }
}
