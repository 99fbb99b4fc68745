//! What is not known of a level.

use std::ops::Deref;

use super::{Directive, DirectiveRef};

/// A line in a level whose effect is not known, mostly an include whose files were not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The include, or the line.
    pub include: DirectiveRef,
    /// Whether it is a pattern: nginx accepts one that matches nothing, so the tree is whole without it. A plain name
    /// must exist, so the tree is known to be incomplete.
    pub is_pattern: bool,
    /// Why it is not known.
    pub reason: GapReason,
}

/// Why something of a level is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// The files of an include were not given.
    NotGiven,
    /// A placeholder stands in the line itself, see [`crate::placeholder`].
    Placeholder,
    /// A budget was used up, so the files of an include were not judged once more here, or an address of a server was
    /// not, see [`crate::budgets`].
    Budget,
}

impl Gap {
    /// A line that a placeholder makes unknown.
    pub fn placeholder(line: &Directive<'_>) -> Self {
        Self { include: line.reference, is_pattern: false, reason: GapReason::Placeholder }
    }
}

/// The gaps of a level, in order: a slice that takes one pointer where there are none, as in nearly all levels.
#[derive(Debug, Default, Clone)]
pub struct Gaps(Option<Box<List>>);

#[derive(Debug, Default, Clone)]
struct List {
    gaps: Vec<Gap>,
}

impl Gaps {
    /// No gaps.
    pub(super) const NONE: Self = Self(None);

    pub(super) fn push(&mut self, gap: Gap) {
        self.0.get_or_insert_default().gaps.push(gap);
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Gap> {
        self.0.iter_mut().flat_map(|list| &mut list.gaps)
    }
}

impl Deref for Gaps {
    type Target = [Gap];

    fn deref(&self) -> &[Gap] {
        self.0.as_ref().map(|list| list.gaps.as_slice()).unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a Gaps {
    type Item = &'a Gap;
    type IntoIter = std::slice::Iter<'a, Gap>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
