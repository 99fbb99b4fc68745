//! Where a value in effect comes from.

use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, Effective, Gap, effective,
};

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

/// The value in effect, and whether an include that was not given was passed over for it.
///
/// An include that was not given, around the location, hedges what is said and does not silence it, in a root and in a
/// fragment alike; one in the location itself leaves the value unknown, and so does a placeholder.
pub(crate) fn effective_or_hedged<'s>(
    configuration: Configuration<'s>,
    context: ContextId,
    name: DirectiveName,
) -> (Effective<'s>, bool) {
    let mut at = context;
    let mut is_hedged = false;
    loop {
        let mut found = effective(configuration, at, name);
        let Effective::Unknown(gap) = found else {
            if is_hedged {
                match &mut found {
                    Effective::Set(declared) => {
                        declared.is_assumed = true;
                        declared.is_here = false;
                    }
                    Effective::Default { is_assumed } => *is_assumed = true,
                    Effective::Unknown(_) => {}
                }
            }
            return (found, is_hedged);
        };
        let level = configuration
            .levels(at)
            .find(|&level| configuration.context(level).gaps.contains(&gap))
            .filter(|&level| is_around(configuration, level));
        let Some(level) = level else { return (found, is_hedged) };
        is_hedged = true;
        match configuration.context(level).parent {
            Some(outer) => at = outer,
            None => return (Effective::Default { is_assumed: true }, true),
        }
    }
}

/// Whether a level is around locations.
fn is_around(configuration: Configuration<'_>, level: ContextId) -> bool {
    matches!(configuration.context(level).kind, ContextKind::Server | ContextKind::Http)
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
