//! A view: nginx text out of a host file, with a monotone map of offsets back to it.

use std::sync::Arc;

use nginx_syntax::Span;

use crate::ingress::Rendered;

/// What a stretch of a view is to its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The same bytes.
    Copied,
    /// One character that the host writes in another way, such as `$$` for `$`.
    Escaped,
    /// Other bytes than the host has, or none: a mark of a template and what stands for it. No edit touches it.
    Replaced,
}

/// A stretch of a view. Those of a view follow each other without a gap; between two of them the host may have bytes that
/// the view leaves out, such as the indent of a block scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) view: Span,
    pub(crate) host: Span,
    pub(crate) kind: Kind,
}

/// How the host writes a character that would mean something else to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escape {
    /// As the view has it.
    pub plain: &'static [u8],
    /// As the host has it.
    pub written: &'static [u8],
}

/// How text of the view is written in its host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenAs {
    /// What each line of the host starts with that the view leaves out.
    pub indent: Vec<u8>,
    /// Longer ones first where one starts as another does.
    pub escapes: &'static [Escape],
}

/// What a stretch of a view comes from, if that is written elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) span: Span,
    pub(crate) words: String,
}

/// Why an edit of a view cannot be made in its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It touches what a template fills in, or stands beside it.
    #[error("a template fills in what stands there")]
    FilledIn,
    /// The host keeps the text in a form in which no edit is certain.
    #[error("{0}")]
    Form(&'static str),
    /// The edit lies outside of the view.
    #[error("its edits are out of order")]
    Outside,
}

/// nginx text with a map back to the host file that it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub(crate) bytes: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
    /// Where in the view a placeholder stands for whole statements, in order.
    pub(crate) gaps: Vec<u32>,
    pub(crate) written_as: WrittenAs,
    /// Why no edit of the host is certain, whatever it touches.
    pub(crate) sealed: Option<&'static str>,
    /// The view that this one was taken out of; `None` where that is the host file itself.
    pub(crate) outer: Option<Arc<View>>,
    /// What is taken for granted of the conditions of a template: each with whether it holds.
    pub(crate) premises: Vec<(String, bool)>,
    /// The same of other ways that come to the same text.
    pub(crate) other_premises: Vec<Vec<(String, bool)>>,
    /// The placeholders, each once, with what the host has in their place.
    pub(crate) placeholders: Vec<(Vec<u8>, Vec<u8>)>,
    /// What is kept of a text that a controller writes: its stretches are in no order of the host.
    pub(crate) rendered: Option<Arc<Rendered>>,
    /// What other files fill in, in order.
    pub(crate) told: Vec<Told>,
    /// Where stretches begin that stand in other places of the host, and how it writes them there, in order.
    pub(crate) seams: Vec<(u32, WrittenAs)>,
    /// How many tabs the host has before each line, where they are not always as many: `<<-`.
    pub(crate) tabs: Vec<(u32, u32)>,
    /// Whether it is the body of a named template or a macro, which comes out where that is called.
    pub(crate) is_called: bool,
}

impl View {
    /// The text as nginx would read it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the view a placeholder stands for whole statements, in order.
    pub fn gaps(&self) -> &[u32] {
        &self.gaps
    }

    /// What is taken for granted of the conditions of a template: each with whether it holds.
    pub fn premises(&self) -> &[(String, bool)] {
        &self.premises
    }

    /// The same of each way that comes to this text, the first of them first.
    pub fn premise_sets(&self) -> impl Iterator<Item = &[(String, bool)]> {
        std::iter::once(&self.premises).chain(&self.other_premises).map(Vec::as_slice)
    }

    /// Keeps what another way takes for granted that comes to the same text.
    pub(crate) fn join(&mut self, other: &Self) {
        self.other_premises.extend(other.premise_sets().map(<[_]>::to_vec));
    }

    /// The placeholders, each once, with what the host has in their place.
    pub fn placeholders(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let chain = std::iter::successors(Some(self), |view| view.outer.as_deref());
        chain.flat_map(|view| &view.placeholders).map(|(name, text)| (name.as_slice(), text.as_slice()))
    }

    /// Where other files say what stands in a span, in words: `` `.Values.time` is `30s` in values.yaml:3 ``.
    pub fn told(&self, span: Span) -> Vec<&str> {
        // They lie one behind the other, or on the same line.
        let last = self.told.partition_point(|told| told.span.start < span.end.max(span.start + 1));
        let before = self.told.get(..last).unwrap_or_default().iter().rev();
        let mut all: Vec<&str> =
            before.take_while(|told| span.start < told.span.end).map(|told| told.words.as_str()).collect();
        all.reverse();
        if let Some(outer) = self.outer.as_deref() {
            let start = self.start_on_outer(span.start);
            let end = if span.is_empty() { start } else { self.end_on_outer(span.end).max(start) };
            all.extend(outer.told(Span::new(start, end)));
        }
        all
    }

    /// The view of the text that `outer` has, where this one is of that text.
    pub(crate) fn inside(mut self, outer: &Arc<Self>) -> Self {
        self.outer = Some(match self.outer.take() {
            Some(view) => Arc::new(Arc::unwrap_or_clone(view).inside(outer)),
            None => Arc::clone(outer),
        });
        self
    }

    /// Whether it is the body of a named template or a macro: in which block it comes out, its calls say.
    pub fn is_called(&self) -> bool {
        self.is_called || self.outer.as_deref().is_some_and(Self::is_called)
    }

    /// Why the host is not edited; `None` if it may be where the edit touches copied bytes.
    pub fn sealed(&self) -> Option<&'static str> {
        self.sealed.or_else(|| self.outer.as_deref().and_then(Self::sealed))
    }

    /// Where the bytes of a span stand in the host file.
    pub fn on_host(&self, span: Span) -> Span {
        let start = self.start_on_outer(span.start);
        let end = if span.is_empty() { start } else { self.end_on_outer(span.end).max(start) };
        let outer = Span::new(start, end);
        self.outer.as_deref().map_or(outer, |view| view.on_host(outer))
    }

    /// The span of the view that these bytes of the host file are copied to; `None` where they are not, all of them.
    pub fn from_host(&self, host: Span) -> Option<Span> {
        if self.rendered.is_some() {
            return None;
        }
        let outer = self.outer.as_deref().map_or(Some(host), |view| view.from_host(host))?;
        let last = self.pieces.partition_point(|piece| piece.host.start <= outer.start);
        let mut around = self.pieces.get(..last)?.iter().rev().filter(|piece| piece.kind != Kind::Replaced);
        let first = around.find(|piece| outer.start <= piece.host.end)?;
        let start = first.view.start + (outer.start - first.host.start).min(first.view.len());
        let last = self.pieces.partition_point(|piece| piece.host.start <= outer.end);
        let mut around = self.pieces.get(..last)?.iter().rev().filter(|piece| piece.kind != Kind::Replaced);
        let end = around.find(|piece| outer.end <= piece.host.end)?;
        let end = end.view.start + (outer.end - end.host.start).min(end.view.len());
        let span = Span::new(start, end.max(start));
        // An edit takes the indent behind the end of a line too.
        let edited = self.edit(span, b"").ok()?.0;
        (edited == host || self.on_host(span) == host).then_some(span)
    }

    /// Text as the host writes it, indents apart.
    pub fn escaped(&self, text: &[u8]) -> Vec<u8> {
        let escapes = self.written_as.escapes;
        let mut written = Vec::with_capacity(text.len());
        let mut rest = text;
        while let [byte, behind @ ..] = rest {
            let escape = escapes.iter().find(|escape| rest.starts_with(escape.plain));
            match escape.and_then(|escape| Some((escape.written, rest.get(escape.plain.len()..)?))) {
                Some((by, behind)) => {
                    written.extend_from_slice(by);
                    rest = behind;
                }
                None => {
                    written.push(*byte);
                    rest = behind;
                }
            }
        }
        match &self.outer {
            Some(view) => view.escaped(&written),
            None => written,
        }
    }

    /// Whether a byte of the host file comes out, as it is or as what stands for it.
    pub fn shows(&self, host: u32) -> bool {
        self.of_host(host).is_some()
    }

    /// Where the view has a byte of the host file, or what stands for it; `None` where it has neither.
    pub fn of_host(&self, host: u32) -> Option<u32> {
        let at = self.outer.as_deref().map_or(Some(host), |view| view.of_host(host))?;
        // What a controller writes is in no order of the host.
        if self.rendered.is_some() {
            let has =
                |piece: &&Piece| piece.host.start <= at && at < piece.host.end && !piece.view.is_empty();
            return self.pieces.iter().find(has).map(|piece| piece.view.start);
        }
        let last = self.pieces.partition_point(|piece| piece.host.start <= at);
        let piece = self.pieces.get(..last)?.iter().rfind(|piece| !piece.host.is_empty())?;
        let is_shown = at < piece.host.end && !piece.view.is_empty();
        is_shown.then(|| (piece.view.start + (at - piece.host.start)).min(piece.view.end.saturating_sub(1)))
    }

    /// An edit of the view as an edit of its host file: what is replaced there, and by what.
    ///
    /// # Errors
    /// [`Refusal`], where a byte that it touches or stands between is no copied one.
    pub fn edit(&self, span: Span, replacement: &[u8]) -> Result<(Span, Vec<u8>), Refusal> {
        if let Some(reason) = self.sealed {
            return Err(Refusal::Form(reason));
        }
        match &self.rendered {
            Some(rendered) => {
                let (span, text) = rendered.edit(self, span, replacement)?;
                match &self.outer {
                    Some(outer) => outer.edit(span, &text),
                    None => Ok((span, text)),
                }
            }
            None => self.edit_copied(span, replacement, self.written_at(span.start)),
        }
    }

    /// The same where all that is touched has to be copied.
    pub(crate) fn edit_copied(
        &self,
        span: Span,
        replacement: &[u8],
        written_as: &WrittenAs,
    ) -> Result<(Span, Vec<u8>), Refusal> {
        let length = self.length();
        if span.start > span.end || span.end > length {
            return Err(Refusal::Outside);
        }
        // What it stands between counts too.
        let (from, to) = (span.start.saturating_sub(1), (span.end + 1).min(length));
        if self.pieces.iter().any(|piece| {
            let is_touched = if piece.view.is_empty() {
                span.start <= piece.view.start && piece.view.start <= span.end
            } else {
                piece.view.start < to && from < piece.view.end
            };
            is_touched && piece.kind == Kind::Replaced
        }) {
            return Err(Refusal::FilledIn);
        }
        if self.seams.iter().any(|(seam, _)| span.start < *seam && *seam < span.end) {
            return Err(Refusal::Form("what it replaces is written by several commands"));
        }
        let (outer, text) = match self.edit_of_lines(span, replacement, written_as) {
            Some(edit) => edit,
            None => {
                let is_seam = !span.is_empty() && self.seams.iter().any(|(seam, _)| *seam == span.end);
                let end = if is_seam { self.end_on_outer(span.end) } else { self.start_on_outer(span.end) };
                let text = self.written(span, replacement, written_as);
                (Span::new(self.start_on_outer(span.start), end), text)
            }
        };
        match &self.outer {
            // What a controller writes is asked by the one that asked this.
            Some(view) if self.rendered.is_none() => view.edit(outer, &text),
            _ => Ok((outer, text)),
        }
    }

    /// How the host writes what stands at an offset.
    fn written_at(&self, offset: u32) -> &WrittenAs {
        let last = self.seams.iter().rfind(|(seam, _)| *seam <= offset);
        last.map_or(&self.written_as, |(_, written_as)| written_as)
    }

    /// How many tabs stand before the line of an offset: as many as before that line or the next, whichever has more, for
    /// what opens a block stands before what is in it.
    fn tabs_at(&self, offset: u32) -> usize {
        let next = self.tabs.partition_point(|(line, _)| *line <= offset);
        let around = self.tabs.get(next.saturating_sub(1)..).unwrap_or_default().iter().take(2);
        around.map(|(_, tabs)| *tabs as usize).max().unwrap_or_default()
    }

    /// An edit of whole lines that have tabs of their own before them.
    fn edit_of_lines(&self, span: Span, text: &[u8], written_as: &WrittenAs) -> Option<(Span, Vec<u8>)> {
        let tabs_of = |offset: u32| {
            let at = self.tabs.binary_search_by_key(&offset, |(line, _)| *line).ok()?;
            self.tabs.get(at).map(|(_, tabs)| *tabs)
        };
        let own = tabs_of(span.start)?;
        let is_whole = text.is_empty() || text.ends_with(b"\n");
        if !is_whole || (span.end != self.length() && tabs_of(span.end).is_none()) {
            return None;
        }
        let start = self.start_on_outer(span.start).checked_sub(own)?;
        let end = if span.is_empty() { start } else { self.end_on_outer(span.end) };
        let before = span.start.checked_sub(1).map_or(0, |before| self.tabs_at(before));
        let tabs = vec![b'\t'; if span.is_empty() { before.max(own as usize) } else { own as usize }];
        let plain = WrittenAs { indent: Vec::new(), escapes: written_as.escapes };
        let mut written = Vec::new();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if line != b"\n" {
                written.extend_from_slice(&tabs);
            }
            written.extend(self.written_in(Span::at(span.end), line, &plain, false));
        }
        Some((Span::new(start, end), written))
    }

    /// Text as the host writes it in place of a span.
    fn written(&self, span: Span, text: &[u8], written_as: &WrittenAs) -> Vec<u8> {
        if !self.tabs.is_empty() && !written_as.indent.is_empty() {
            let indent = vec![b'\t'; self.tabs_at(span.start)];
            let written_as = WrittenAs { indent, escapes: written_as.escapes };
            return self.written_in(span, text, &written_as, true);
        }
        self.written_in(span, text, written_as, true)
    }

    fn written_in(&self, span: Span, text: &[u8], written_as: &WrittenAs, has_indent: bool) -> Vec<u8> {
        let WrittenAs { indent, escapes } = written_as;
        let mut written = Vec::with_capacity(text.len());
        let next = |at: usize| match text.get(at) {
            Some(byte) => Some(*byte),
            None => self.bytes.get(span.end as usize).copied(),
        };
        // Behind the last line there is no indent yet.
        let is_behind_all =
            has_indent && span.start as usize == self.bytes.len() && self.bytes.last() == Some(&b'\n');
        if is_behind_all && text.first().is_some_and(|byte| *byte != b'\n') {
            written.extend_from_slice(indent);
        }
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(escape) = escapes.iter().find(|escape| rest.starts_with(escape.plain)) {
                written.extend_from_slice(escape.written);
                at += escape.plain.len();
                continue;
            }
            let byte = rest.first().copied().unwrap_or_default();
            written.push(byte);
            at += 1;
            // An empty line needs none.
            if byte == b'\n' && next(at).is_some_and(|next| !matches!(next, b'\n' | b'\r')) {
                written.extend_from_slice(indent);
            }
        }
        written
    }

    fn length(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// Where a byte stands in what the view was taken out of; behind all where there is no such byte.
    fn start_on_outer(&self, offset: u32) -> u32 {
        // The last piece that starts there or before, and those without bytes come before the one that has the byte.
        let index = self.pieces.partition_point(|piece| piece.view.start <= offset);
        let Some(piece) = index.checked_sub(1).and_then(|index| self.pieces.get(index)) else { return 0 };
        match piece.kind {
            _ if offset >= piece.view.end && !piece.view.is_empty() => piece.host.end,
            Kind::Copied => piece.host.start + (offset - piece.view.start),
            _ if piece.view.is_empty() => piece.host.end,
            Kind::Escaped | Kind::Replaced => piece.host.start,
        }
    }

    /// Behind the last byte of a span that ends at an offset.
    fn end_on_outer(&self, offset: u32) -> u32 {
        let index = self.pieces.partition_point(|piece| piece.view.start < offset);
        let before = self.pieces.get(..index).unwrap_or_default();
        let Some(piece) = before.iter().rev().find(|piece| !piece.view.is_empty()) else { return 0 };
        match piece.kind {
            Kind::Copied => piece.host.start + (offset.min(piece.view.end) - piece.view.start),
            Kind::Escaped | Kind::Replaced => piece.host.end,
        }
    }
}
