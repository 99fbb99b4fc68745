//! A directive as rules and the model read it.

use std::borrow::Cow;

use nginx_syntax::{NodeId, Place, Span, lossy};

use super::{Configuration, DirectiveRef};
use crate::catalogue::DirectiveName;
use crate::placeholder;
use crate::sources::SourceFile;

/// What stands for the words of a file outside the given paths.
const NOT_SHOWN: &str = "(not shown)";

/// A directive in the place where nginx meets it.
#[derive(Debug, Clone, Copy)]
pub struct Directive<'s> {
    pub(super) configuration: Configuration<'s>,
    /// Which one.
    pub reference: DirectiveRef,
}

impl<'s> Directive<'s> {
    /// The configuration that it is of.
    pub fn configuration(&self) -> Configuration<'s> {
        self.configuration
    }

    /// The file that it is written in; `None` never happens for a directive of a configuration.
    pub fn file(&self) -> Option<&'s SourceFile> {
        self.configuration.file(self.reference.file)
    }

    fn text(&self) -> &'s [u8] {
        self.file().map(SourceFile::bytes).unwrap_or_default()
    }

    /// The interned name.
    pub fn name(&self) -> DirectiveName {
        self.file().map_or(DirectiveName::UNKNOWN, |file| file.name(self.reference.node))
    }

    /// The name as nginx compares it.
    pub fn name_bytes(&self) -> Cow<'s, [u8]> {
        let (file, node) = (self.file(), self.reference.node);
        let name = file.and_then(|file| match file.is_filled_in(node) {
            true => Some(file.filled_in_text(node)),
            false => file.word(node, 0),
        });
        name.unwrap_or_default()
    }

    /// The words after the name, as spans with their quotes.
    pub fn argument_spans(&self) -> impl Iterator<Item = Span> + use<'s> {
        let node = self.reference.node;
        let mut words = self.file().map(|file| file.words(node).skip(1));
        // Flattened, each word would cost twice as much.
        std::iter::from_fn(move || words.as_mut()?.next())
    }

    /// The values of the words after the name.
    pub fn arguments(&self) -> impl Iterator<Item = Cow<'s, [u8]>> + use<'s> {
        let file = self.file();
        self.argument_spans().map(move |span| file.map(|file| file.value(span)).unwrap_or_default())
    }

    /// Whether a placeholder makes one of the words after the name unknown.
    pub fn has_unknown(&self) -> bool {
        let may_have = self.file().is_some_and(SourceFile::has_unknown);
        may_have && self.arguments().any(|word| placeholder::is_unknown(&word))
    }

    /// The value of the 0-based `index`th word after the name.
    pub fn argument(&self, index: usize) -> Option<Cow<'s, [u8]>> {
        self.file()?.word(self.reference.node, index + 1)
    }

    /// The place of the 0-based `index`th word after the name.
    pub fn argument_at(&self, index: usize) -> Option<Place> {
        let span = self.argument_spans().nth(index)?;
        Some(Place { file: self.reference.file, span })
    }

    /// Whether its words may be shown: its file lies inside the given paths, or stands for one that everybody has.
    pub fn may_be_shown(&self) -> bool {
        self.file().is_some_and(|file| file.may_be_shown || file.is_builtin)
    }

    /// The words after the name as written, for people, where they may be shown.
    pub fn arguments_text(&self) -> String {
        if !self.may_be_shown() {
            return NOT_SHOWN.to_owned();
        }
        let mut text = String::new();
        self.add_arguments(&mut text);
        text
    }

    /// Adds the words behind the name, one blank between two; none where there is none, as between `""` and `)`.
    fn add_arguments(&self, text: &mut String) {
        let mut end = None;
        for span in self.argument_spans() {
            if end.is_some_and(|end| end != span.start) {
                text.push(' ');
            }
            end = Some(span.end);
            text.push_str(&lossy(span.of(self.text())));
        }
    }

    /// The whole head as written, for people: name and words, each blank folded into one space.
    pub fn text_line(&self) -> String {
        let mut text = lossy(&self.name_bytes()).into_owned();
        let length = text.len();
        text.push(' ');
        if self.may_be_shown() {
            self.add_arguments(&mut text);
        } else {
            text.push_str(NOT_SHOWN);
        }
        // Without words, or with an empty one alone.
        if text.len() == length + 1 {
            text.truncate(length);
        }
        text
    }

    /// From the name to the last word.
    pub fn at(&self) -> Place {
        self.configuration.at(self.reference)
    }

    /// The name alone.
    pub fn name_at(&self) -> Place {
        let span = self.file().map(|file| file.tree.name_span(self.reference.node)).unwrap_or_default();
        Place { file: self.reference.file, span }
    }

    /// The directive to point at: this one, or the include that brought it in where its file may not be shown.
    pub fn visible(&self) -> Self {
        Self { reference: self.configuration.visible(self.reference), ..*self }
    }

    /// The include that brought it in, where one did.
    pub fn included_by(&self) -> Option<Self> {
        let include = self.configuration.included_by(self.reference)?;
        Some(Self { reference: include, ..*self })
    }

    /// The comments that speak about it: on the lines right before it, on the line it ends on, and first in its block.
    pub fn comments(&self) -> impl Iterator<Item = &'s [u8]> + use<'s> {
        let node = self.reference.node;
        self.file().into_iter().flat_map(move |file| {
            let is_block = file.tree.is_block(node);
            let before = right_before(file, node).into_iter();
            let after = file
                .tree
                .comments_after(node)
                .filter(move |comment| is_block || !stands_alone(file, *comment));
            before.chain(after).map(|span| span.of(file.bytes()))
        })
    }
}

/// The comments on the lines right above a directive: one behind a blank line is a heading of more than this.
fn right_before(file: &SourceFile, node: NodeId) -> Vec<Span> {
    let mut next = file.tree.name_span(node).start;
    let mut comments: Vec<Span> = file.tree.comments_before(node).collect();
    comments.reverse();
    let is_adjacent = |comment: &Span| {
        let between = Span::new(comment.start, next).of(file.bytes());
        next = comment.start;
        memchr::memchr_iter(b'\n', between).nth(1).is_none() && stands_alone(file, *comment)
    };
    let mut adjacent: Vec<Span> = comments.into_iter().take_while(is_adjacent).collect();
    adjacent.reverse();
    adjacent
}

/// A comment behind something on its line speaks about that, not about what comes next.
fn stands_alone(file: &SourceFile, comment: Span) -> bool {
    let mut before = Span::new(0, comment.start).of(file.bytes()).iter().rev();
    before.find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b'\n')
}
