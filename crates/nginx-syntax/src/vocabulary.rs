//! What the parser is told about directives.

/// The number that a vocabulary has for a directive's name, which the tree keeps so that nobody has to look it up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameNumber(pub u16);

impl NameNumber {
    /// Any name that the vocabulary does not know.
    pub const UNKNOWN: Self = Self(0);
}

/// What the parser may know of directives, to see that a `;` is missing between two lines. nginx itself knows the same
/// when it counts arguments.
pub trait Vocabulary {
    /// The number of the directive of this name; [`NameNumber::UNKNOWN`] where none exists.
    fn number(&self, name: &[u8]) -> NameNumber;
    /// The most words, its name included, that the directive takes; `None` where there is no limit or none is known.
    fn most_words(&self, name: NameNumber) -> Option<usize>;
    /// Whether the directive opens a block; `None` where that is not known, or where it may or may not.
    fn takes_block(&self, _name: NameNumber) -> Option<bool> {
        None
    }
}

/// Knows no directive.
#[derive(Debug, Clone, Copy)]
pub struct NoVocabulary;

impl Vocabulary for NoVocabulary {
    fn number(&self, _name: &[u8]) -> NameNumber {
        NameNumber::UNKNOWN
    }

    fn most_words(&self, _name: NameNumber) -> Option<usize> {
        None
    }
}
