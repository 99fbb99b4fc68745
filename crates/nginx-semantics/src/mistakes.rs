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
    /// What is captured is not escaped.
    CapturesNotEscaped,
    /// The target of a `rewrite … redirect` stays escaped.
    RedirectsNotUnescaped,
    /// The regex of a `server_name` captures nothing.
    NamesCaptureNothing,
    /// No file is ever there.
    NoFileIsThere,
    /// `auth_request` lets everybody in.
    AuthIsGranted,
    /// `auth_request` refuses with 401 whatever its target answers.
    AuthRefusalsAre401,
    /// `proxy_intercept_errors` replaces nothing.
    NothingIsIntercepted,
    /// Servers that are marked `down` are asked.
    DownIsAsked,
    /// Fields of any name are passed on.
    FieldsAlwaysTaken,
    /// `proxy_set_body` has no length.
    BodyHasNoLength,
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
        pub const ALL: [Self; 20] = [
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
            Self::CapturesNotEscaped,
            Self::RedirectsNotUnescaped,
            Self::NamesCaptureNothing,
            Self::NoFileIsThere,
            Self::AuthIsGranted,
            Self::AuthRefusalsAre401,
            Self::NothingIsIntercepted,
            Self::DownIsAsked,
            Self::FieldsAlwaysTaken,
            Self::BodyHasNoLength,
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
                Self::CapturesNotEscaped => "captures are not escaped in `set`, `if` and redirects",
                Self::RedirectsNotUnescaped => "the target of a redirect is not unescaped",
                Self::NamesCaptureNothing => "the regex of a `server_name` captures nothing",
                Self::NoFileIsThere => "no file is ever there",
                Self::AuthIsGranted => "`auth_request` lets everybody in",
                Self::AuthRefusalsAre401 => "`auth_request` refuses with 401 alone",
                Self::NothingIsIntercepted => "`proxy_intercept_errors` replaces nothing",
                Self::DownIsAsked => "servers that are down are asked",
                Self::FieldsAlwaysTaken => "fields of any name are passed on",
                Self::BodyHasNoLength => "`proxy_set_body` has no length",
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
