//! What is kept of a text that a controller writes: which annotation says what, and how an edit becomes one of it.

use std::ops::Range;

use granit_parser::ScalarStyle;
use nginx_syntax::Span;

use super::controller::Controller;
use super::resource::{Insertion, Settings, inner, is_filled_in};
use super::writer::span;
use crate::view::{Kind, Refusal, View, WrittenAs};

/// A text that an ingress controller writes for objects of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub(super) controller: Controller,
    pub(super) is_settings: bool,
    /// Whether there are paths that were left out.
    pub(super) is_cut: bool,
    pub(super) targets: Vec<Target>,
    pub(super) blocks: Vec<Block>,
    pub(super) slots: Vec<Slot>,
    pub(super) snippets: Vec<Snippet>,
    pub(super) ignored: Vec<Ignored>,
    pub(super) refused: Vec<Span>,
}

/// The block of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) span: Span,
    /// The object that it is of.
    pub(super) target: usize,
    pub(super) service: Option<String>,
    /// Where in the host file the author says that it carries WebSockets.
    pub(super) declared: Option<Span>,
    /// Whether a client keeps its pod, or nginx passes to one address.
    pub(super) is_sticky: bool,
}

/// The value of a directive that an annotation says, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) span: Span,
    pub(super) directive: String,
    pub(super) resource: usize,
}

/// A text of the author's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) span: Span,
    pub(super) written_as: WrittenAs,
    pub(super) sealed: Option<&'static str>,
}

/// An annotation that does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    pub(super) at: Span,
    pub(super) directive: String,
    pub(super) resource: usize,
    pub(super) why: String,
}

impl Ignored {
    /// Where the text has it.
    pub fn at(&self) -> Span {
        self.at
    }

    /// In words, as a label of the annotation.
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// The annotations of an object, as they are edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Each with its value's place, and the part of it between the quotes.
    entries: Vec<(String, Entry)>,
    insertion: Option<Insertion>,
    is_open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    at: Range<usize>,
    inner: Option<Range<usize>>,
    is_plain: bool,
    is_filled_in: bool,
    value: String,
}

impl Target {
    pub(super) fn of(text: &[u8], controller: Controller, settings: &Settings) -> Self {
        let own = settings.entries.iter().filter(|(key, _)| key.value.starts_with(controller.prefix()));
        let entries = own.map(|(key, value)| {
            let entry = Entry {
                at: value.at.clone(),
                inner: inner(text, value),
                is_plain: value.style == ScalarStyle::Plain,
                is_filled_in: is_filled_in(text, value),
                value: value.value.clone(),
            };
            (key.value.clone(), entry)
        });
        let entries = entries.collect();
        Self { entries, insertion: settings.insertion.clone(), is_open: settings.is_open }
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|(key, _)| key == name).map(|(_, entry)| entry)
    }

    /// The edit of the host file that gives annotations these values.
    fn set(&self, settings: &[(String, String)]) -> Option<(Span, Vec<u8>)> {
        if let [(name, value)] = settings {
            if let Some(entry) = self.entry(name) {
                let inner = entry.inner.as_ref().filter(|_| !entry.is_filled_in)?;
                if entry.is_plain {
                    return Some((span(&entry.at), format!("\"{value}\"").into_bytes()));
                }
                return Some((span(inner), value.clone().into_bytes()));
            }
        }
        // One that is there needs another edit than one that is not.
        if settings.iter().any(|(name, _)| self.entry(name).is_some()) || self.is_open {
            return None;
        }
        let Insertion { at, head, indent, line_end } = self.insertion.as_ref()?;
        let mut text = head.clone();
        for (name, value) in settings {
            text.push_str(&format!("{indent}{name}: \"{value}\"{line_end}"));
        }
        Some((span(&(*at..*at)), text.into_bytes()))
    }
}

/// A statement of nginx: its name and its words.
type Statement<'t> = (&'t str, Vec<&'t str>);

/// The statements of a text that has no blocks and no quotes.
fn statements(text: &str) -> Option<Vec<Statement<'_>>> {
    if text.contains(['"', '\'', '{', '}', '#', '\\']) {
        return None;
    }
    let (body, rest) = text.trim().rsplit_once(';')?;
    if !rest.is_empty() {
        return None;
    }
    body.split(';')
        .map(|statement| {
            let mut words = statement.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect()
}

impl Rendered {
    /// Whether nginx refuses the line at an offset because of what an annotation says.
    pub fn is_refused(&self, at: u32) -> bool {
        self.refused.iter().any(|line| line.start <= at && at < line.end)
    }

    /// Whose text it is.
    pub fn controller(&self) -> Controller {
        self.controller
    }

    /// Whether there are paths that were left out, because the text gets too long.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether it is of the settings of a controller, and not of an `Ingress`.
    pub fn is_settings(&self) -> bool {
        self.is_settings
    }

    /// The annotation that gives a directive a value, with its value; `None` where the controller has none.
    pub fn annotation(&self, directive: &str, value: &str) -> Option<(String, String)> {
        let knob = self.controller.knob(directive)?;
        let name = format!("{}{}", self.controller.prefix(), knob.annotation);
        Some((name, knob.reads.written(value)?))
    }

    /// The annotation that has the request's `Upgrade` passed on for a block; `None` where none is needed.
    pub fn annotation_for_upgrade(&self, at: u32) -> Option<(&'static str, String)> {
        let block = self.block(at)?;
        self.upgrade(block)
    }

    fn upgrade(&self, block: &Block) -> Option<(&'static str, String)> {
        if self.controller != Controller::NginxInc {
            return None;
        }
        const NAME: &str = "nginx.org/websocket-services";
        let service = block.service.as_deref()?;
        let list = self.targets.get(block.target)?.entry(NAME).map(|entry| entry.value.as_str());
        // Blanks are parts of names to the controller.
        let listed = list.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut names: Vec<&str> = listed.collect();
        if !names.contains(&service) {
            names.push(service);
        }
        Some((NAME, names.join(",")))
    }

    /// An annotation that does nothing, and that was to set a directive for the block at an offset.
    pub fn ignored(&self, at: u32, directive: &str) -> Option<&Ignored> {
        let block = self.block(at)?;
        let first = self.ignored.partition_point(|ignored| ignored.at.start < block.span.start);
        self.ignored
            .get(first..)?
            .iter()
            .take_while(|ignored| ignored.at.end <= block.span.end)
            .find(|ignored| ignored.directive == directive && ignored.resource == block.target)
    }

    /// Where in the host file the author says that the block at an offset carries WebSockets.
    pub fn is_declared(&self, at: u32) -> bool {
        self.block(at).is_some_and(|block| block.declared.is_some())
    }

    /// Whether clients keep their pods in the block at an offset, or that cannot be said.
    pub fn is_sticky(&self, at: u32) -> bool {
        self.block(at).is_none_or(|block| {
            block.is_sticky || self.targets.get(block.target).is_none_or(|target| target.is_open)
        })
    }

    /// The annotation that has clients keep their pods.
    pub fn annotation_for_stickiness(&self) -> &'static str {
        match self.controller {
            Controller::IngressNginx => "nginx.ingress.kubernetes.io/affinity: \"cookie\"",
            Controller::NginxInc => "nginx.org/lb-method: \"ip_hash\"",
            Controller::VirtualServer => "lb-method: ip_hash",
        }
    }

    /// Whether a stretch is of a snippet, so that it is the author's own text.
    pub fn is_in_snippet(&self, at: u32) -> bool {
        let last = self.snippets.partition_point(|snippet| snippet.span.start <= at);
        let snippet = last.checked_sub(1).and_then(|last| self.snippets.get(last));
        snippet.is_some_and(|snippet| at < snippet.span.end)
    }

    fn block(&self, at: u32) -> Option<&Block> {
        let last = self.blocks.partition_point(|block| block.span.start <= at);
        self.blocks.get(last.checked_sub(1)?).filter(|block| at < block.span.end)
    }

    /// An edit of the text as one of the host file.
    pub(crate) fn edit(&self, view: &View, edited: Span, text: &[u8]) -> Result<(Span, Vec<u8>), Refusal> {
        const NONE: Refusal = Refusal::Form("no annotation of the controller says that");
        let own = self.snippets.iter().find(|snippet| {
            snippet.span.start <= edited.start && edited.end <= snippet.span.end && !snippet.span.is_empty()
        });
        if let Some(snippet) = own {
            return match snippet.sealed {
                Some(reason) => Err(Refusal::Form(reason)),
                None => view.edit_copied(edited, text, &snippet.written_as),
            };
        }
        let text = std::str::from_utf8(text).map_err(|_| NONE)?;
        let slot = self.slots.iter().find(|slot| slot.span == edited && !edited.is_empty());
        let (target, wanted) = match slot {
            Some(slot) => (slot.resource, vec![(slot.directive.as_str(), vec![text.trim()])]),
            None if edited.is_empty() => {
                let block = self.block(edited.start).ok_or(NONE)?;
                (block.target, statements(text).ok_or(NONE)?)
            }
            None => return Err(NONE),
        };
        let block = self.block(edited.start);
        let mut settings: Vec<(String, String)> = Vec::new();
        for (name, words) in wanted {
            let one = match (name, words.as_slice()) {
                ("proxy_set_header", ["Upgrade" | "Connection", _]) => {
                    let (name, value) = block.and_then(|block| self.upgrade(block)).ok_or(NONE)?;
                    (name.to_owned(), value)
                }
                // Both controllers write it anyway.
                ("proxy_http_version", ["1.1"]) if slot.is_none() => continue,
                (name, [value]) => self.annotation(name, value).ok_or(NONE)?,
                _ => return Err(NONE),
            };
            if !settings.contains(&one) {
                settings.push(one);
            }
        }
        let is_plain = |value: &str| !value.contains(['"', '\'', '\\', '\n']);
        if settings.is_empty() || !settings.iter().all(|(_, value)| is_plain(value)) {
            return Err(NONE);
        }
        let target = self.targets.get(target).ok_or(NONE)?;
        target.set(&settings).ok_or(Refusal::Form("the annotations are not written where an edit is certain"))
    }
}

impl View {
    /// What is kept of a text that an ingress controller writes; `None` for others.
    pub fn rendered(&self) -> Option<&Rendered> {
        self.rendered.as_deref()
    }

    /// Whether a controller writes what stands at an offset: the author's own words are values and snippets.
    pub fn is_given(&self, at: u32) -> bool {
        self.rendered().is_some_and(|rendered| !rendered.is_in_snippet(at))
    }

    /// From where to where the host file says what the text has.
    pub fn extent(&self) -> Span {
        let shown = || self.pieces.iter().filter(|piece| piece.kind == Kind::Copied);
        let start = shown().map(|piece| piece.host.start).min().unwrap_or_default();
        let extent = Span::new(start, shown().map(|piece| piece.host.end).max().unwrap_or_default());
        self.outer.as_deref().map_or(extent, |outer| outer.on_host(extent))
    }
}
