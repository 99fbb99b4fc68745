//! What goes wrong with includes.

use super::DirectiveRef;
use crate::files::ReadError;

/// What went wrong with an include.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncludeFailure {
    /// There is no such file; inside the root's own tree nginx would not start.
    NotFound {
        /// Whether it should be inside the root's own tree.
        is_inside: bool,
    },
    /// It is no include but a placeholder of a template, which stands for lines that nobody knows.
    FilledIn,
    /// It is a folder: nginx fails to read it.
    IsFolder,
    /// The file includes itself, over the others if any: nginx never comes to an end.
    Cycle,
    /// It could not be read here.
    Unreadable(ReadError),
    /// Includes repeat more than what is judged; further copies are left out.
    TooLarge,
    /// A server has more addresses than are judged, or more pairs of an address and a name; the others are left out.
    TooManyAddresses,
    /// Blocks are nested deeper than what is judged; the inner ones are left out.
    TooDeep,
}

/// An include that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludeProblem {
    /// The include, or the block that is too deep.
    pub at: DirectiveRef,
    /// Its argument.
    pub target: String,
    /// What went wrong.
    pub failure: IncludeFailure,
}
