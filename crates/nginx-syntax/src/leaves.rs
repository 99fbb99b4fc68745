//! The leaves of a tree in eight bytes each: there are more of them than of anything else.

use std::ops::Range;

use crate::Span;
use crate::tree::{Leaf, LeafKind};

/// The bits of a length; those above tell the kind.
const LENGTH_BITS: u32 = 28;
/// This length and all that are larger stand in a table of their own.
const LONG: u32 = (1 << LENGTH_BITS) - 1;

/// By the number that stands for each.
const KINDS: [LeafKind; 9] = [
    LeafKind::Blank,
    LeafKind::Comment,
    LeafKind::Word,
    LeafKind::Quoted,
    LeafKind::Semicolon,
    LeafKind::Open,
    LeafKind::Close,
    LeafKind::Lua,
    LeafKind::ByteOrderMark,
];

/// A table of leaves, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaves {
    packed: Vec<Packed>,
    /// The lengths that do not fit, by the index of their leaf, in order.
    long: Vec<(usize, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    start: u32,
    kind_and_length: u32,
}

impl Packed {
    #[inline]
    fn is_word(self) -> bool {
        let kind = self.kind_and_length >> LENGTH_BITS;
        kind == LeafKind::Word as u32 || kind == LeafKind::Quoted as u32
    }
}

impl Leaves {
    pub(crate) fn reserve(&mut self, more: usize) {
        self.packed.reserve(more);
    }

    pub(crate) fn clear(&mut self) {
        self.packed.clear();
        self.long.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.packed.len()
    }

    pub(crate) fn push(&mut self, leaf: Leaf) {
        let length = leaf.span.len();
        if length >= LONG {
            self.long.push((self.len(), length));
        }
        let kind_and_length = ((leaf.kind as u32) << LENGTH_BITS) | length.min(LONG);
        self.packed.push(Packed { start: leaf.span.start, kind_and_length });
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.packed.shrink_to_fit();
    }

    pub(crate) fn get(&self, index: usize) -> Option<Leaf> {
        self.packed.get(index).map(|packed| self.unpacked(index, *packed))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Leaf> + Clone {
        self.range(0, self.len())
    }

    /// The leaves from an index up to another one, as far as there are so many.
    pub(crate) fn range(&self, start: usize, end: usize) -> impl DoubleEndedIterator<Item = Leaf> + Clone {
        let Range { start, end } = start..end.min(self.len()).max(start);
        let packed = self.packed.get(start..end).unwrap_or_default();
        packed.iter().enumerate().map(move |(index, packed)| self.unpacked(start + index, *packed))
    }

    /// The spans of the words from an index up to another one: what is asked of leaves most often.
    pub(crate) fn words(&self, start: usize, end: usize) -> impl Iterator<Item = Span> {
        let Range { start, end } = start..end.min(self.len()).max(start);
        let packed = self.packed.get(start..end).unwrap_or_default();
        let words = packed.iter().enumerate().filter(|(_, packed)| packed.is_word());
        words.map(move |(index, packed)| self.span(start + index, *packed))
    }

    /// The spans of the leaves of one kind.
    pub(crate) fn of_kind(&self, kind: LeafKind) -> impl Iterator<Item = Span> {
        let is_it = move |packed: &Packed| packed.kind_and_length >> LENGTH_BITS == kind as u32;
        let of_kind = self.packed.iter().enumerate().filter(move |(_, packed)| is_it(packed));
        of_kind.map(|(index, packed)| self.unpacked(index, *packed).span)
    }

    /// How many leaves come before the first one of which something is not true that is true of all before it.
    pub(crate) fn partition_point(&self, mut is_before: impl FnMut(Leaf) -> bool) -> usize {
        let (mut least, mut most) = (0, self.len());
        while least < most {
            let middle = least + (most - least) / 2;
            if self.get(middle).is_some_and(&mut is_before) {
                least = middle + 1;
            } else {
                most = middle;
            }
        }
        least
    }

    #[inline]
    fn unpacked(&self, index: usize, packed: Packed) -> Leaf {
        let kind = KINDS.get((packed.kind_and_length >> LENGTH_BITS) as usize);
        Leaf { kind: kind.copied().unwrap_or(LeafKind::Blank), span: self.span(index, packed) }
    }

    #[inline]
    fn span(&self, index: usize, packed: Packed) -> Span {
        let mut length = packed.kind_and_length & LONG;
        if length == LONG {
            length = self.length_of_long(index);
        }
        Span::new(packed.start, packed.start.saturating_add(length))
    }

    #[cold]
    fn length_of_long(&self, index: usize) -> u32 {
        let place = self.long.binary_search_by_key(&index, |(index, _)| *index);
        place.ok().and_then(|place| self.long.get(place)).map_or(LONG, |(_, length)| *length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        let all: Vec<Leaf> = KINDS
            .into_iter()
            .zip([0, 1, 2, LONG - 1, LONG, LONG + 1, u32::MAX - 9, 7, 3])
            .map(|(kind, length)| Leaf { kind, span: Span::new(9, 9 + length) })
            .collect();
        let mut leaves = Leaves::default();
        all.iter().for_each(|leaf| leaves.push(*leaf));
        assert_eq!(leaves.iter().collect::<Vec<_>>(), all);
        for (index, leaf) in all.iter().enumerate() {
            assert_eq!(leaves.get(index), Some(*leaf));
            assert_eq!(leaves.of_kind(leaf.kind).collect::<Vec<_>>(), [leaf.span]);
        }
        assert_eq!(leaves.range(7, usize::MAX).next_back(), all.last().copied());
        assert_eq!(leaves.range(usize::MAX, usize::MAX).count(), 0);
        assert_eq!(size_of::<Packed>(), 8);
    }

    #[test]
    fn a_search_ends_where_the_leaves_turn() {
        let mut leaves = Leaves::default();
        (0..10).for_each(|at| leaves.push(Leaf { kind: LeafKind::Word, span: Span::new(at, at + 1) }));
        for at in 0..=10 {
            assert_eq!(leaves.partition_point(|leaf| leaf.span.start < at), at as usize);
        }
    }
}
