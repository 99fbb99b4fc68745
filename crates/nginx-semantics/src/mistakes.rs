//! Deliberately wrong models, for the proof of the proof: what compares the model with a real nginx has to find each.
//!
//! Test-only. Without the feature `mistakes`, which nothing but a test of `nginx-proof` asks for, [`makes`] is a constant
//! and nothing else of this is compiled; with it, none is made outside of [`with`].

/// A mistake about nginx, each one that people make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "mistakes"), expect(unreachable_pub, reason = "public with the feature alone"))]
pub enum Mistake {
    /// `proxy_set_header` lines of a level are added to the inherited ones.
    ArraysMerged,
    /// Regexes are tried even where the longest prefix is `^~`.
    RegexBeforePriority,
    /// A nested `^~` protects from the regexes of the outer levels.
    NestedPriorityProtects,
    /// Keys of maps are compared with case.
    MapKeysCaseSensitive,
    /// The regexes of a map are tried before its literals.
    MapRegexFirst,
    /// A map without `default` leaves its source as it is.
    NoDefaultUnchanged,
    /// A nested location inherits `proxy_pass`.
    PassInherited,
    /// No location redirects to itself for a missing slash.
    NoSlashRedirect,
    /// Every nginx has the defaults of 1.29.7.
    NewDefaultsEverywhere,
    /// `proxy_set_header` with an empty value sends an empty header.
    EmptyHeaderSent,
}

#[cfg(feature = "mistakes")]
pub use switch::with;

#[cfg(feature = "mistakes")]
pub(crate) use switch::makes;

/// Whether the model is to make a mistake.
#[cfg(not(feature = "mistakes"))]
pub(crate) const fn makes(_: Mistake) -> bool {
    false
}

#[cfg(feature = "mistakes")]
mod switch {
    use std::cell::Cell;

    use super::Mistake;

    impl Mistake {
        /// All.
        pub const ALL: [Self; 10] = [
            Self::ArraysMerged,
            Self::RegexBeforePriority,
            Self::NestedPriorityProtects,
            Self::MapKeysCaseSensitive,
            Self::MapRegexFirst,
            Self::NoDefaultUnchanged,
            Self::PassInherited,
            Self::NoSlashRedirect,
            Self::NewDefaultsEverywhere,
            Self::EmptyHeaderSent,
        ];

        /// What the wrong model says.
        pub fn words(self) -> &'static str {
            match self {
                Self::ArraysMerged => "`proxy_set_header` lines are added to the inherited ones",
                Self::RegexBeforePriority => "regexes are tried before `^~`",
                Self::NestedPriorityProtects => "a nested `^~` protects from the regexes of outer levels",
                Self::MapKeysCaseSensitive => "keys of maps are compared with case",
                Self::MapRegexFirst => "the regexes of a map come before its literals",
                Self::NoDefaultUnchanged => "a map without `default` leaves its source unchanged",
                Self::PassInherited => "a nested location inherits `proxy_pass`",
                Self::NoSlashRedirect => "no redirect adds a missing final slash",
                Self::NewDefaultsEverywhere => "every nginx has the defaults of 1.29.7",
                Self::EmptyHeaderSent => "a header with an empty value is sent",
            }
        }
    }

    thread_local! {
        static MADE: Cell<Option<Mistake>> = const { Cell::new(None) };
    }

    /// Does something with a model that makes a mistake, in this thread.
    pub fn with<R>(mistake: Mistake, run: impl FnOnce() -> R) -> R {
        let before = MADE.replace(Some(mistake));
        let result = run();
        MADE.set(before);
        result
    }

    /// Whether the model is to make a mistake.
    pub(crate) fn makes(mistake: Mistake) -> bool {
        MADE.get() == Some(mistake)
    }
}
