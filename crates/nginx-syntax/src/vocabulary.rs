//! What the parser is told about directives.

/// What the parser may know of directives, to see that a `;` is missing between two lines. nginx itself knows the same
/// when it counts arguments.
pub trait Vocabulary {
    /// Whether a directive of this name exists.
    fn is_directive(&self, name: &[u8]) -> bool;
    /// The most words, its name included, that the directive takes; `None` where there is no limit or none is known.
    fn most_words(&self, name: &[u8]) -> Option<usize>;
    /// Whether the directive opens a block; `None` where that is not known, or where it may or may not.
    fn takes_block(&self, _name: &[u8]) -> Option<bool> {
        None
    }
}

/// Knows no directive.
#[derive(Debug, Clone, Copy)]
pub struct NoVocabulary;

impl Vocabulary for NoVocabulary {
    fn is_directive(&self, _name: &[u8]) -> bool {
        false
    }

    fn most_words(&self, _name: &[u8]) -> Option<usize> {
        None
    }
}
