//! Where a value in effect comes from.

use nginx_semantics::{Directive, Effective, Gap};

/// Where a value in effect comes from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'s> {
    /// A directive, the first of them where there are several.
    Set {
        /// Which.
        directive: Directive<'s>,
        /// Whether it stands in the location itself, not at an outer level.
        is_here: bool,
        /// Whether a file that was not given may set something nearer.
        is_assumed: bool,
    },
    /// No level sets it.
    Default {
        /// Whether a file that was not given may.
        is_assumed: bool,
    },
    /// An include that was not given stands where it may be set.
    Unknown(Gap),
}

impl<'s> Source<'s> {
    pub(crate) fn of(effective: &Effective<'s>) -> Self {
        match effective {
            Effective::Unknown(gap) => Self::Unknown(*gap),
            Effective::Default { is_assumed } => Self::Default { is_assumed: *is_assumed },
            Effective::Set(declared) => match declared.directives.first() {
                Some(&directive) => {
                    Self::Set { directive, is_here: declared.is_here, is_assumed: declared.is_assumed }
                }
                None => Self::Default { is_assumed: true },
            },
        }
    }

    /// The directive, where one sets it.
    pub fn directive(&self) -> Option<Directive<'s>> {
        match self {
            Self::Set { directive, .. } => Some(*directive),
            Self::Default { .. } | Self::Unknown(_) => None,
        }
    }

    /// Whether a directive sets it.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Set { .. })
    }

    /// Whether no level that was given sets it.
    pub fn is_default(&self) -> bool {
        matches!(self, Self::Default { .. })
    }

    /// Whether an include that was not given may set it.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether a directive of the location itself sets it.
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Set { is_here: true, .. })
    }

    /// Whether a file that was not given may make it something else.
    pub fn is_assumed(&self) -> bool {
        matches!(self, Self::Set { is_assumed: true, .. } | Self::Default { is_assumed: true })
    }
}
