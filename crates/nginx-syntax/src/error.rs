//! What nginx's lexer refuses, in its own words.

use std::fmt;

use thiserror::Error;

use crate::Span;

/// Why nginx refuses the file; the text is nginx's message without ` in FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SyntaxErrorKind {
    /// `;` with no word before it.
    #[error("unexpected \";\"")]
    UnexpectedSemicolon,
    /// `{` with no word before it.
    #[error("unexpected \"{{\"")]
    UnexpectedOpen,
    /// `}` behind a word, or with no block open.
    #[error("unexpected \"}}\"")]
    UnexpectedClose,
    /// Something other than a blank, `;`, `{` or `)` right behind a closing quote.
    #[error("unexpected \"{}\"", .0.escape_ascii())]
    UnexpectedByte(u8),
    /// The file ends inside a directive.
    #[error("unexpected end of file, expecting \";\" or \"}}\"")]
    EndInDirective,
    /// The file ends inside a block.
    #[error("unexpected end of file, expecting \"}}\"")]
    EndInBlock,
    /// A word or comment that does not fit in nginx's buffer of 4096 bytes; its first ten bytes.
    #[error("too long parameter \"{}...\" started", .0.escape_ascii())]
    TooLong(Vec<u8>),
    /// A quoted word that does not fit in nginx's buffer of 4096 bytes.
    #[error("too long parameter, probably missing terminating \"{}\" character", char::from(*.0))]
    TooLongQuoted(u8),
    /// More words than the directive takes, where the last ones are a directive of their own.
    #[error("invalid number of arguments in \"{}\" directive", .0.escape_ascii())]
    TooManyWords(Vec<u8>),
    /// A block behind a directive that takes none: its `;` is missing.
    #[error("directive \"{}\" is not terminated by \";\"", .0.escape_ascii())]
    NotTerminated(Vec<u8>),
    /// nginx does not skip a byte order mark: it becomes part of the first word.
    #[error("unknown directive \"\\xef\\xbb\\xbf...\": the file starts with a byte order mark")]
    ByteOrderMark,
    /// A `*_by_lua_block` whose braces do not balance.
    #[error("Lua code block missing the closing \"}}\"")]
    LuaNotClosed,
}

/// What is most likely missing or too much, at a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// A `;` belongs here.
    MissingSemicolon,
    /// A `}` belongs here.
    MissingClose,
    /// This block is never closed.
    NeverClosed,
    /// This quote is never closed on its line.
    UnclosedQuote,
    /// The word that is too long starts here.
    StartsHere,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingSemicolon => "a `;` is most likely missing here",
            Self::MissingClose => "a `}` is most likely missing here",
            Self::NeverClosed => "this block is not closed",
            Self::UnclosedQuote => "this quote is most likely not closed",
            Self::StartsHere => "it starts here",
        })
    }
}

/// One thing that nginx refuses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct SyntaxError {
    /// What.
    pub kind: SyntaxErrorKind,
    /// Where nginx's lexer stands when it gives up, so that the line is the one in nginx's message.
    pub at: Span,
    /// Where the cause most likely is.
    pub hints: Vec<(Span, Hint)>,
}
