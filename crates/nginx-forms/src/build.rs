//! Making views, stretch by stretch.

use std::sync::Arc;

use nginx_syntax::Span;

use crate::view::{Kind, Piece, Told, View, WrittenAs};

/// Makes a view of a text, from its start to its end.
#[derive(Debug)]
pub struct ViewBuilder<'t> {
    outer: &'t [u8],
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    gaps: Vec<u32>,
    placeholders: Vec<(Vec<u8>, Vec<u8>)>,
    told: Vec<Told>,
    seams: Vec<(u32, WrittenAs)>,
    tabs: Vec<(u32, u32)>,
}

impl<'t> ViewBuilder<'t> {
    /// Of this text.
    pub fn new(outer: &'t [u8]) -> Self {
        Self {
            outer,
            bytes: Vec::new(),
            pieces: Vec::new(),
            gaps: Vec::new(),
            placeholders: Vec::new(),
            told: Vec::new(),
            seams: Vec::new(),
            tabs: Vec::new(),
        }
    }

    /// What the view has so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes a stretch as it is.
    pub fn copy(&mut self, host: Span) {
        let text = host.of(self.outer);
        if text.is_empty() {
            return;
        }
        let start = self.end();
        self.bytes.extend_from_slice(text);
        let view = Span::new(start, self.end());
        if let Some(last) =
            self.pieces.last_mut().filter(|last| last.kind == Kind::Copied && last.host.end == host.start)
        {
            last.view.end = view.end;
            last.host.end = host.end;
            return;
        }
        self.pieces.push(Piece { view, host, kind: Kind::Copied });
    }

    /// Takes one character that the host writes in another way.
    pub fn unescape(&mut self, host: Span, plain: &[u8]) {
        self.piece(host, plain, Kind::Escaped);
    }

    /// Puts something else in the place of a stretch, or nothing: it is not edited.
    pub fn replace(&mut self, host: Span, text: &[u8]) {
        self.piece(host, text, Kind::Replaced);
    }

    /// Puts a placeholder in the place of a stretch: nobody knows its value.
    pub fn placeholder(&mut self, host: Span, name: &[u8]) {
        self.name(host, name);
        self.replace(host, name);
    }

    /// Shows people what the host has in the place of `name`.
    pub(crate) fn name(&mut self, host: Span, name: &[u8]) {
        if !self.placeholders.iter().any(|(known, _)| known == name) {
            self.placeholders.push((name.to_vec(), host.of(self.outer).to_vec()));
        }
    }

    /// The same with one that stands for whole statements, and what ends it.
    pub fn gap(&mut self, host: Span, name: &[u8], end: &[u8]) {
        self.gaps.push(self.end());
        self.name(host, name);
        self.replace(host, &[name, end].concat());
    }

    /// Takes all of another view of the same text.
    pub(crate) fn append(&mut self, view: &View) {
        let start = self.end();
        self.bytes.extend_from_slice(&view.bytes);
        let moved = |span: Span| Span::new(span.start + start, span.end + start);
        self.pieces.extend(view.pieces.iter().map(|piece| Piece { view: moved(piece.view), ..*piece }));
        self.gaps.extend(view.gaps.iter().map(|gap| gap + start));
        self.placeholders.extend(view.placeholders.iter().cloned());
        let told = view.told.iter().map(|told| Told { span: moved(told.span), words: told.words.clone() });
        self.told.extend(told);
        self.tabs.extend(view.tabs.iter().map(|(at, count)| (at + start, *count)));
    }

    /// Takes a stretch of the text of a view, with the gaps that are in it.
    pub(crate) fn copy_of(&mut self, view: &View, span: Span) {
        let start = self.end();
        let own = view.gaps.iter().filter(|gap| span.start <= **gap && **gap < span.end);
        self.gaps.extend(own.map(|gap| gap - span.start + start));
        self.copy(span);
    }

    /// Says how the host writes what follows: it stands in another place of it.
    pub(crate) fn seam(&mut self, written_as: WrittenAs) {
        self.seams.push((self.end(), written_as));
    }

    /// Says how many tabs the host has before the line that begins here.
    pub(crate) fn tabs(&mut self, count: u32) {
        self.tabs.push((self.end(), count));
    }

    /// Says something of what the view has from an offset on.
    pub(crate) fn tell(&mut self, from: u32, words: String) {
        self.told.push(Told { span: Span::new(from, self.end()), words });
    }

    fn piece(&mut self, host: Span, text: &[u8], kind: Kind) {
        let start = self.end();
        self.bytes.extend_from_slice(text);
        self.pieces.push(Piece { view: Span::new(start, self.end()), host, kind });
    }

    /// How many bytes the view has so far.
    pub(crate) fn end(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// The view. `outer`: the one that the text is of; `None` for the host file itself.
    pub fn finish(self, outer: Option<Arc<View>>, written_as: WrittenAs) -> View {
        let Self { bytes, pieces, gaps, placeholders, told, seams, tabs, .. } = self;
        View {
            bytes,
            pieces,
            gaps,
            written_as,
            sealed: None,
            outer,
            premises: Vec::new(),
            other_premises: Vec::new(),
            placeholders,
            rendered: None,
            told,
            seams,
            tabs,
            is_called: false,
        }
    }
}
