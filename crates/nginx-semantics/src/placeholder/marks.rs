//! Which marks of placeholders a text has at all: it is asked of every file, and nearly all have none.

use super::{MARKS, is_named};

/// Pairs of bytes that start marks, one bit each.
const PAIRS: [[u8; 2]; 11] =
    [*b"{{", *b"{%", *b"<%", *b"[[", *b"@@", *b"%%", *b"##", *b"__", *b"$(", *b"${", *b"{#"];

/// The marks of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks(u16);

impl Marks {
    /// Looks for all of them at once.
    pub(crate) fn of(text: &[u8]) -> Self {
        let next = text.get(1..).unwrap_or_default();
        // Without a branch, so that many bytes are compared at a time.
        let bits = |first: u8, second: u8| {
            PAIRS.iter().enumerate().fold(0, |bits, (bit, pair)| {
                bits | (u16::from((first == pair[0]) & (second == pair[1])) << bit)
            })
        };
        Self(text.iter().zip(next).fold(0, |seen, (first, second)| seen | bits(*first, *second)))
    }

    /// Whether the text has the two bytes that a mark starts with, one after the other.
    pub(crate) fn has(self, mark: &[u8]) -> bool {
        let starts = |(bit, pair): (usize, &[u8; 2])| mark.starts_with(pair) && self.0 & (1 << bit) != 0;
        PAIRS.iter().enumerate().any(starts)
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
