//! The text around the objects: comments at paths and annotations.

use std::ops::Range;

use super::resource::{Ingress, Path};
use crate::lines::is_blank;
use crate::yaml::nodes::Scalar;

/// What a host file tells besides its objects.
pub(super) struct Around<'t> {
    pub(super) text: &'t [u8],
    pub(super) masked: &'t str,
    /// Each with its `#`.
    pub(super) notes: &'t [Range<usize>],
    /// Whether the rest of the text was not read: there may be more objects.
    pub(super) is_partial: bool,
}

impl Around<'_> {
    /// The comments that start in a stretch.
    fn between(&self, stretch: Range<usize>) -> impl Iterator<Item = &Range<usize>> {
        let first = self.notes.partition_point(|note| note.start < stretch.start);
        let rest = self.notes.get(first..).unwrap_or_default();
        rest.iter().take_while(move |note| note.start < stretch.end)
    }

    /// The comments at a path: inside of its item, and right above.
    pub(super) fn comments(&self, path: &Path) -> Vec<Range<usize>> {
        let parts = [&path.path, &path.kind, &path.service, &path.port];
        let end = parts.into_iter().flatten().map(|scalar| scalar.at.end).max().unwrap_or(path.anchor.end);
        let end = self.line_end(end);
        let inside = self.between(path.start..end);
        self.above(path.start).into_iter().chain(inside.cloned()).collect()
    }

    /// What the annotations of an object with one path say of WebSockets: comments at them, and annotations that no
    /// controller has, such as `enable-websocket`. Of several paths nobody knows which is meant.
    pub(super) fn words(&self, ingress: &Ingress) -> Vec<Range<usize>> {
        if ingress.hosts.iter().flat_map(|host| &host.paths).take(2).count() != 1 {
            return Vec::new();
        }
        let says = |at: &Range<usize>| {
            let text = self.text.get(at.clone()).unwrap_or_default().to_ascii_lowercase();
            !text.contains(&b'\n') && memchr::memmem::find(&text, b"websocket").is_some()
        };
        let of_entry = |(key, value): &(Scalar, Scalar)| {
            let is_on = !matches!(value.value.as_str(), "false" | "off" | "no" | "");
            let own =
                Some(key.at.start..value.at.end).filter(|_| is_on && !key.value.starts_with("nginx.org/"));
            self.at_entry(key, value).into_iter().chain(own)
        };
        ingress.annotations.entries.iter().flat_map(of_entry).filter(says).collect()
    }

    /// The comments at an annotation.
    pub(super) fn at_entry(&self, key: &Scalar, value: &Scalar) -> Vec<Range<usize>> {
        let end = self.line_end(value.at.end);
        let beside = self.between(key.at.start..end);
        self.above(key.at.start).into_iter().chain(beside.cloned()).collect()
    }

    /// The comments that stand alone on the lines right above an offset.
    fn above(&self, at: usize) -> Vec<Range<usize>> {
        let text = self.text;
        let mut found = Vec::new();
        let mut line = self.line_start(at);
        while let Some(end) = line.checked_sub(1) {
            let start = self.line_start(end);
            let comment = self.between(start..end).next();
            let Some(comment) = comment else { break };
            if !is_blank(text.get(start..comment.start).unwrap_or_default()) {
                break;
            }
            found.push(comment.clone());
            line = start;
        }
        found.reverse();
        found
    }

    fn line_start(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
    }
}
