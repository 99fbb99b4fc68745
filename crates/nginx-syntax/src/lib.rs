//! Bytes of one nginx configuration file into a lossless tree.
//!
//! Knows how nginx reads bytes (`core/ngx_conf_file.c`), not what directives mean, and no files: a [`Source`] is bytes
//! under a path. [`parse`] never fails; it returns a [`Tree`] and what nginx refuses in it.

mod error;
mod indentation;
mod leaves;
mod limits;
mod lua;
mod parse;
mod place;
mod source;
mod span;
mod statements;
mod token;
mod tree;
mod vocabulary;
mod word;

pub use error::{Hint, SyntaxError, SyntaxErrorKind};
pub use parse::{BYTE_ORDER_MARK, parse};
pub use place::{FileId, Place};
pub use source::{LineColumn, Source, TooLarge};
pub use span::Span;
pub use statements::{Statement, Statements};
pub use tree::{Leaf, LeafKind, NodeId, Tree};
pub use vocabulary::{NameNumber, NoVocabulary, Vocabulary};
pub use word::{lossy, unquote};
