//! Why a pattern cannot be evaluated.

/// Why [`Pattern::new`](super::Pattern::new) does not evaluate a regex; `at` is the offset in it of the byte
/// where the construct begins.
///
/// Refusing says nothing about whether nginx accepts the pattern: some of these are plain errors to PCRE2,
/// most are not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEvaluated {
    /// More bytes than this program looks at.
    #[error("the pattern is longer than {limit} bytes")]
    TooLong {
        /// The longest pattern that is evaluated.
        limit: usize,
    },
    /// A placeholder: `${NAME}`.
    #[error("a placeholder stands for a part of the pattern")]
    Placeholder,
    /// Repetitions that multiply beyond what either engine compiles by default.
    #[error("the repetitions make the pattern too large")]
    TooLarge,
    /// `(?=`, `(?!`, `(?<=`, `(?<!` and their variants.
    #[error("a look-around assertion at offset {at}")]
    Lookaround {
        /// Where.
        at: usize,
    },
    /// `\1`, `\g{1}`, `\k<name>`, `(?P=name)`; also an octal `\012`, which looks the same.
    #[error("a back reference or an octal escape at offset {at}")]
    BackReference {
        /// Where.
        at: usize,
    },
    /// `a*+`, `a++`, `a?+`, `a{2}+`.
    #[error("a possessive quantifier at offset {at}")]
    Possessive {
        /// Where.
        at: usize,
    },
    /// `(?>`.
    #[error("an atomic group at offset {at}")]
    AtomicGroup {
        /// Where.
        at: usize,
    },
    /// `(?(`.
    #[error("a conditional group at offset {at}")]
    Conditional {
        /// Where.
        at: usize,
    },
    /// `(?R)`, `(?1)`, `(?&name)`, `(?P>name)`.
    #[error("a recursion or a subroutine call at offset {at}")]
    Recursion {
        /// Where.
        at: usize,
    },
    /// `(?|`.
    #[error("a branch reset group at offset {at}")]
    BranchReset {
        /// Where.
        at: usize,
    },
    /// `(*UTF)`, `(*SKIP)` and the like.
    #[error("a verb at offset {at}")]
    Verb {
        /// Where.
        at: usize,
    },
    /// `(?#...)`.
    #[error("a comment at offset {at}")]
    Comment {
        /// Where.
        at: usize,
    },
    /// Anything else after `(?`: another option than `i`, a callout, or something newer than this program.
    #[error("an option or a kind of group at offset {at} that is not evaluated")]
    Group {
        /// Where.
        at: usize,
    },
    /// A name that PCRE2 does not take, or takes for one group only.
    #[error("a group at offset {at} whose name is malformed, too long or taken")]
    GroupName {
        /// Where.
        at: usize,
    },
    /// A backslash before a letter of which only PCRE2 knows the meaning, such as `\Q`, `\K`, `\h` or `\v`.
    #[error("an escape at offset {at} that is not evaluated")]
    Escape {
        /// Where.
        at: usize,
    },
    /// A quantifier after an assertion or another quantifier, or after nothing; or one that is `{0}` or has its
    /// counts swapped or too large.
    #[error("a quantifier at offset {at} that is not evaluated")]
    Quantifier {
        /// Where.
        at: usize,
    },
    /// `{,3}` and `{ 1, 3 }`: literal text up to PCRE2 10.42, quantifiers since 10.43.
    #[error("braces at offset {at} that are a quantifier to some releases of PCRE2 and text to others")]
    Braces {
        /// Where.
        at: usize,
    },
    /// A range with a bound that is no single character, or with its bounds swapped.
    #[error("a range at offset {at} that is not one of characters")]
    ClassRange {
        /// Where.
        at: usize,
    },
    /// `[.x.]`, `[=x=]`, `[:x:]` with an unknown name, or one of these outside a class.
    #[error("text at offset {at} that looks like a POSIX class")]
    PosixClass {
        /// Where.
        at: usize,
    },
    /// A group, a class or an escape that is not finished, or a parenthesis too many.
    #[error("an unbalanced or unfinished construct at offset {at}")]
    Unbalanced {
        /// Where.
        at: usize,
    },
    /// The regex engine refuses what was asked of it: groups nested too deeply, as a rule.
    #[error("the regex engine refuses the pattern")]
    Engine,
}
