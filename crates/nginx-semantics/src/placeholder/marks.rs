//! Which marks of placeholders a text has at all: it is asked of every file, and nearly all have none.

use super::{MARKS, is_named};

/// Bytes that start marks when they come twice, one bit each.
const TWICE: [u8; 6] = *b"{[@%#_";
/// Other pairs of bytes that start marks, one bit each.
const PAIRS: [[u8; 2]; 5] = [*b"{%", *b"<%", *b"$(", *b"${", *b"{#"];

/// The marks of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    twice: u8,
    pairs: u8,
}

impl Marks {
    /// Looks for all of them at once.
    pub(crate) fn of(text: &[u8]) -> Self {
        let next = text.get(1..).unwrap_or_default();
        // Without branches and in single bytes, so that many are compared at a time.
        let bit = |is_it: bool, bit: usize| u8::from(is_it) << bit;
        let marks = text.iter().zip(next).fold((0, 0), |(twice, pairs), (&first, &second)| {
            let starts = TWICE.iter().enumerate().fold(0, |bits, (at, byte)| bits | bit(first == *byte, at));
            let found = PAIRS
                .iter()
                .enumerate()
                .fold(0, |bits, (at, pair)| bits | bit((first == pair[0]) & (second == pair[1]), at));
            (twice | if first == second { starts } else { 0 }, pairs | found)
        });
        Self { twice: marks.0, pairs: marks.1 }
    }

    /// Whether the text has the two bytes that a mark starts with, one after the other.
    pub(crate) fn has(self, mark: &[u8]) -> bool {
        let twice = TWICE.iter().enumerate().filter(|(at, _)| self.twice & (1 << at) != 0);
        let mut pairs = PAIRS.iter().enumerate().filter(|(at, _)| self.pairs & (1 << at) != 0);
        twice.map(|(_, byte)| [*byte; 2]).any(|pair| mark.starts_with(&pair))
            || pairs.any(|(_, pair)| mark.starts_with(pair))
    }

    /// Whether it may have a placeholder.
    pub(super) fn may_have_any(self) -> bool {
        MARKS.iter().any(|(open, _)| self.has(open))
    }

    /// Whether it may have one with nothing but a name in it.
    pub(crate) fn may_have_named(self) -> bool {
        MARKS.iter().any(|(open, _)| is_named(open) && self.has(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_seen_wherever_it_stands() {
        let marks: Vec<&[u8]> = MARKS.iter().map(|(open, _)| *open).chain([&b"${"[..], b"{#"]).collect();
        for (at, mark) in marks.iter().enumerate() {
            for before in [0, 1, 31, 32, 63, 100] {
                for after in [0, 1, 33] {
                    let text = [&vec![b'a'; before][..], mark, &vec![b'b'; after]].concat();
                    let seen = Marks::of(&text);
                    for (other, mark) in marks.iter().enumerate() {
                        assert_eq!(seen.has(mark), at == other, "{text:?}");
                    }
                }
            }
        }
        let none = Marks::of(b"location ~ [a-z]{2} { set $a _a_; } # % @ <");
        assert!(!none.may_have_any() && !none.may_have_named());
        assert!(!Marks::of(b"").may_have_any() && !Marks::of(b"{").may_have_any());
    }
}
