//! Makes edits that look like the author's own: indentation, line ends and quotes are those of the lines around.
//!
//! All edits of all rules are made here. One that cannot be made, for its file was not given or may not be shown, takes
//! the others of its fix with it: half a remedy is none.
//!
//! Lines to add are written without indentation; each TAB that they begin with stands for one step of the author's. On
//! one line with their neighbours, as in `location /a { proxy_pass http://b; }`, they stay on that line.

mod layout;
#[cfg(test)]
mod tests;
mod words;

use lint_finding::{Edit, Place};
use nginx_semantics::{Directive, SourceFile};
use nginx_syntax::{NodeId, Span, lossy};

use self::layout::Layout;
pub(crate) use self::words::written;
use crate::secret::is_secret;

/// The edits of a fix.
#[derive(Debug, Clone)]
#[must_use]
pub struct Edits(Option<Vec<Edit>>);

impl From<Vec<Edit>> for Edits {
    fn from(edits: Vec<Edit>) -> Self {
        Self(Some(edits))
    }
}

impl Default for Edits {
    fn default() -> Self {
        Self::new()
    }
}

impl Edits {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(Some(Vec::new()))
    }

    /// Edits that cannot be made.
    pub fn impossible() -> Self {
        Self(None)
    }

    /// These and others.
    pub fn and(self, others: Self) -> Self {
        Self(self.0.zip(others.0).map(|(edits, others)| [edits, others].concat()))
    }

    /// The 0-based `index`th word behind the name becomes one with this value: in the author's quotes, or in quotes
    /// where it needs them.
    pub fn argument(self, directive: &Directive<'_>, index: usize, value: impl AsRef<[u8]>) -> Self {
        self.edit(directive, |file, node| {
            let span = file.tree.words(node).skip(1).nth(index)?;
            let old = span.of(file.bytes());
            Some((span, written(value.as_ref(), Some(old), words::quote(file))))
        })
    }

    /// A word with this value before the 0-based `index`th behind the name, or behind the last one.
    pub fn insert_argument(self, directive: &Directive<'_>, index: usize, value: impl AsRef<[u8]>) -> Self {
        self.edit(directive, |file, node| {
            let word = written(value.as_ref(), None, words::quote(file));
            Some(match file.tree.words(node).skip(1).nth(index) {
                Some(next) => (Span::at(next.start), [word.as_slice(), b" "].concat()),
                None => (Span::at(file.tree.head_span(node).end), [b" ", word.as_slice()].concat()),
            })
        })
    }

    /// The name, or the key of a map's entry, becomes one with this value, as [`Edits::argument`].
    pub fn name(self, directive: &Directive<'_>, value: impl AsRef<[u8]>) -> Self {
        self.edit(directive, |file, node| {
            let span = file.tree.name_span(node);
            let old = span.of(file.bytes());
            Some((span, written(value.as_ref(), Some(old), words::quote(file))))
        })
    }

    /// The name and all words become these, as they are to be written; what ends them stays, and so does a block.
    pub fn replace(self, directive: &Directive<'_>, text: &str) -> Self {
        self.edit(directive, |file, node| Some((file.tree.head_span(node), text.into())))
    }

    /// It goes, with its block, and with its lines where nothing else stands on them.
    pub fn remove(self, directive: &Directive<'_>) -> Self {
        self.edit(directive, |file, node| Some((Layout { file }.to_remove(node)?, Vec::new())))
    }

    /// Lines behind a directive or a block, in the same block as it.
    pub fn after(self, directive: &Directive<'_>, lines: &[impl AsRef<str>]) -> Self {
        self.edit(directive, |file, node| Layout { file }.after(node, lines))
    }

    /// Lines before a directive or a block, and before the comments on the lines right above it.
    pub fn before(self, directive: &Directive<'_>, lines: &[impl AsRef<str>]) -> Self {
        self.edit(directive, |file, node| Layout { file }.before(node, lines, false))
    }

    /// A block before another one, with an empty line in between.
    pub fn block_before(self, directive: &Directive<'_>, lines: &[impl AsRef<str>]) -> Self {
        self.edit(directive, |file, node| Layout { file }.before(node, lines, true))
    }

    /// Lines as the first ones of the block that a directive opens.
    pub fn at_start(self, block: &Directive<'_>, lines: &[impl AsRef<str>]) -> Self {
        self.edit(block, |file, node| Layout { file }.at_start(node, lines))
    }

    /// Lines as the last ones of the block that a directive opens.
    pub fn at_end(self, block: &Directive<'_>, lines: &[impl AsRef<str>]) -> Self {
        self.edit(block, |file, node| Layout { file }.at_end(node, lines))
    }

    /// In order of place, what is added at one place as one edit; `None` where one of them cannot be made, or there is
    /// none.
    pub(crate) fn finish(self) -> Option<Vec<Edit>> {
        let mut edits = self.0.filter(|edits| !edits.is_empty())?;
        // What is added at one place stays in the order in which it was asked for.
        edits.sort_by_key(|edit| edit.place);
        edits.dedup_by(|next, edit| {
            let is_same = next.place == edit.place;
            if is_same && edit.place.span.is_empty() {
                edit.replacement.append(&mut next.replacement);
            }
            is_same
        });
        let places = || edits.iter().map(|edit| edit.place);
        let is_disjoint =
            places().zip(places().skip(1)).all(|(a, b)| a.file != b.file || a.span.end <= b.span.start);
        is_disjoint.then_some(edits)
    }

    /// Adds the edit of a directive's file; none can be made where that is not the author's, or must not be shown.
    fn edit(
        mut self,
        directive: &Directive<'_>,
        make: impl FnOnce(&SourceFile, NodeId) -> Option<(Span, Vec<u8>)>,
    ) -> Self {
        let file = directive.file().filter(|_| is_editable(directive));
        let made = file.and_then(|file| make(file, directive.reference.node));
        self.0 = self.0.zip(made).map(|(mut edits, (span, replacement))| {
            let place = Place { file: directive.reference.file, span };
            edits.push(Edit { place, replacement });
            edits
        });
        self
    }
}

/// Whether a directive's file is one to edit.
pub(crate) fn is_editable(directive: &Directive<'_>) -> bool {
    directive.file().is_some_and(|file| file.may_be_shown && !file.is_builtin)
}

/// Whether a directive is written in this block itself, not in a file that it includes.
pub(crate) fn is_written_in(directive: &Directive<'_>, block: &Directive<'_>) -> bool {
    directive.reference.file == block.reference.file
        && directive
            .file()
            .is_some_and(|file| file.tree.parent(directive.reference.node) == block.reference.node)
}

/// The line of a directive as it is written, to write it in a place of this file too; `None` where that would say more
/// than may be shown, where it spans lines, and where it would bring a secret into another file.
pub(crate) fn copied(directive: &Directive<'_>, into: nginx_semantics::FileId) -> Option<String> {
    let file = directive.file().filter(|file| file.may_be_shown)?;
    if directive.reference.file != into && is_secret(directive) {
        return None;
    }
    let words: Vec<&[u8]> =
        file.tree.words(directive.reference.node).map(|word| word.of(file.bytes())).collect();
    let line = String::from_utf8(words.join(&b' ')).ok()?;
    (!line.contains(['\n', '\r'])).then(|| format!("{line};"))
}

/// The value as a word for this directive's file, in quotes where it needs them.
pub(crate) fn word(directive: &Directive<'_>, value: &str) -> String {
    let quote = directive.file().map_or(b'"', words::quote);
    lossy(&written(value.as_bytes(), None, quote)).into_owned()
}
