//! Writes the nginx text of a controller, and keeps for each stretch of it where the YAML text says it.

use std::ops::Range;

use nginx_syntax::Span;

use super::rendered::{Ignored, Slot, Snippet};
use super::resource::{inner, is_filled_in};
use crate::build::ViewBuilder;
use crate::view::View;
use crate::yaml::nodes::Scalar;

/// A text in the making.
pub(super) struct Writer<'t> {
    pub(super) text: &'t [u8],
    builder: ViewBuilder<'t>,
    /// What templates fill in, each once: the number of an expression is its name.
    expressions: Vec<Vec<u8>>,
    pub(super) slots: Vec<Slot>,
    pub(super) snippets: Vec<Snippet>,
    pub(super) ignored: Vec<Ignored>,
    /// The lines that nginx refuses because of what an annotation says.
    refused: Vec<Span>,
}

/// What is kept of a text besides its view.
pub(super) struct Kept {
    pub(super) slots: Vec<Slot>,
    pub(super) snippets: Vec<Snippet>,
    pub(super) ignored: Vec<Ignored>,
    pub(super) refused: Vec<Span>,
}

/// A stretch of the YAML text as a span.
pub(super) fn span(at: &Range<usize>) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(at.start), offset(at.end.max(at.start)))
}

impl<'t> Writer<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            builder: ViewBuilder::new(text),
            expressions: Vec::new(),
            slots: Vec::new(),
            snippets: Vec::new(),
            ignored: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Where the text ends so far.
    pub(super) fn end(&self) -> u32 {
        u32::try_from(self.builder.bytes().len()).unwrap_or(u32::MAX)
    }

    /// What the controller writes, because of a stretch of the YAML text.
    pub(super) fn given(&mut self, because: &Range<usize>, text: &str) {
        self.builder.replace(span(because), text.as_bytes());
    }

    /// Says something of what was written from an offset on.
    pub(super) fn tell(&mut self, from: u32, words: String) {
        self.builder.tell(from, words);
    }

    /// The same of a line that nginx refuses because of what an annotation says.
    pub(super) fn refused(&mut self, from: u32, words: String) {
        self.refused.push(Span::new(from, self.end()));
        self.tell(from, words);
    }

    /// Bytes of the YAML text as they are.
    pub(super) fn copy(&mut self, at: &Range<usize>) {
        self.builder.copy(span(at));
    }

    /// What a template fills in: nobody knows its value.
    fn filled_in(&mut self, scalar: &Scalar) {
        let written = self.text.get(scalar.at.clone()).unwrap_or_default();
        let known = self.expressions.iter().position(|expression| expression == written);
        let number = known.unwrap_or_else(|| {
            self.expressions.push(written.to_vec());
            self.expressions.len() - 1
        });
        self.builder.placeholder(span(&scalar.at), format!("${{ingress_{number}}}").as_bytes());
    }

    /// A word that nobody knows.
    pub(super) fn unknown(&mut self, because: &Range<usize>) {
        self.builder.placeholder(span(because), b"${ingress_unknown}");
    }

    /// Lines that nobody knows.
    pub(super) fn gap(&mut self, because: &Range<usize>) {
        self.builder.gap(span(because), b"${ingress_annotations}", b";");
        self.given(because, "\n");
    }

    /// The value of a scalar as a part of a word; what would end the word is not known.
    pub(super) fn word(&mut self, scalar: &Scalar) {
        let ends = |character: char| character.is_whitespace() || "{};\"'\\#".contains(character);
        self.value(scalar, !scalar.value.contains(ends));
    }

    /// The same between double quotes.
    pub(super) fn quoted(&mut self, scalar: &Scalar) {
        let ends = |character: char| character.is_control() || character == '"';
        self.value(scalar, !scalar.value.contains(ends) && !scalar.value.ends_with('\\'));
    }

    fn value(&mut self, scalar: &Scalar, is_one: bool) {
        if is_filled_in(self.text, scalar) || !is_one {
            return self.filled_in(scalar);
        }
        match inner(self.text, scalar) {
            Some(at) => self.copy(&at),
            None => self.given(&scalar.at, &scalar.value),
        }
    }

    /// A line that one annotation says: all of it is shown there. `value` writes the words behind the directive's name.
    pub(super) fn line_of(
        &mut self,
        (key, value): &(Scalar, Scalar),
        directive: &str,
        resource: usize,
        write: impl FnOnce(&mut Self),
    ) {
        let inside = inner(self.text, value).unwrap_or_else(|| value.at.clone());
        self.given(&(key.at.start..inside.start), &format!("        {directive} "));
        let start = self.end();
        write(self);
        let name = directive.to_owned();
        self.slots.push(Slot { span: Span::new(start, self.end()), directive: name, resource });
        self.given(&(inside.end..value.at.end), ";\n");
    }

    /// A line that the controller writes by itself, with a value that an annotation would change.
    pub(super) fn line(&mut self, because: &Range<usize>, directive: &str, value: &str, resource: usize) {
        self.given(because, &format!("        {directive} "));
        let start = self.end();
        self.given(because, value);
        let name = directive.to_owned();
        self.slots.push(Slot { span: Span::new(start, self.end()), directive: name, resource });
        self.given(because, ";\n");
    }

    /// The text of a snippet.
    pub(super) fn snippet(&mut self, value: &Scalar, view: &View) {
        let start = self.end();
        self.builder.append(view);
        let written_as = view.written_as.clone();
        let sealed = view.sealed();
        self.snippets.push(Snippet { span: Span::new(start, self.end()), written_as, sealed });
        let is_open = !view.bytes().ends_with(b"\n");
        let end = value.at.end..value.at.end;
        self.given(&end, if is_open { "\n" } else { "" });
    }

    /// The view.
    pub(super) fn finish(self) -> (View, Kept) {
        let view = self.builder.finish(None, crate::view::WrittenAs::default());
        let Self { slots, snippets, ignored, refused, .. } = self;
        (view, Kept { slots, snippets, ignored, refused })
    }
}
