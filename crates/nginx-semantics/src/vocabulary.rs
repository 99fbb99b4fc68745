//! The names of directives as the parser asks for them.

use nginx_syntax::{NameNumber, Vocabulary};

use crate::catalogue::{self, DirectiveName};

/// The catalogue as the parser may ask it.
#[derive(Debug, Clone, Copy)]
pub struct NginxVocabulary;

impl Vocabulary for NginxVocabulary {
    fn number(&self, name: &[u8]) -> NameNumber {
        catalogue::lookup(name).number()
    }

    fn most_words(&self, name: NameNumber) -> Option<usize> {
        DirectiveName::of_number(name).most_args().map(|most| usize::from(most) + 1)
    }

    fn takes_block(&self, name: NameNumber) -> Option<bool> {
        DirectiveName::of_number(name).takes_block()
    }
}
