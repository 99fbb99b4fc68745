//! Characters of a file counted ahead, so that a column of a line of megabytes need not be counted from its start.

use crate::Span;

/// Bytes between two places up to which characters are counted ahead.
pub(super) const STEP: u32 = 512;

/// A place between two characters, with the number of those before it in the file.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    at: u32,
    characters: u32,
}

/// Such places in order, one for each multiple of [`STEP`].
#[derive(Debug)]
pub(super) struct Columns(Vec<Counted>);

impl Columns {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let step = STEP as usize;
        let mut all: Vec<Counted> = Vec::with_capacity(bytes.len() / step + 1);
        let (mut at, mut characters) = (0, 0);
        for chunk in bytes.utf8_chunks() {
            let mut valid = chunk.valid();
            loop {
                let missing = (all.len() * step).saturating_sub(at);
                if missing > valid.len() {
                    break;
                }
                let boundary = (missing..valid.len()).find(|at| valid.is_char_boundary(*at));
                let (before, rest) = valid.split_at(boundary.unwrap_or(valid.len()));
                at += before.len();
                characters += before.chars().count();
                all.push(Counted { at: to_u32(at), characters: to_u32(characters) });
                valid = rest;
            }
            at += valid.len() + chunk.invalid().len();
            characters += valid.chars().count() + chunk.invalid().len();
        }
        Self(all)
    }

    /// The characters of `span`, which begins a line of `bytes`.
    ///
    /// The same as [`count`] of these bytes: no character goes over the end of a line.
    pub(super) fn between(&self, bytes: &[u8], span: Span) -> u32 {
        self.before(bytes, span.end).saturating_sub(self.before(bytes, span.start))
    }

    fn before(&self, bytes: &[u8], offset: u32) -> u32 {
        let next = self.0.partition_point(|counted| counted.at <= offset);
        let known = next.checked_sub(1).and_then(|last| self.0.get(last)).copied().unwrap_or_default();
        known.characters + count(Span::new(known.at, offset).of(bytes))
    }
}

/// The Unicode scalar values of some bytes, and each byte that is not UTF-8.
pub(super) fn count(bytes: &[u8]) -> u32 {
    if bytes.is_ascii() {
        return to_u32(bytes.len());
    }
    to_u32(bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum())
}

/// Files have fewer than 4 GiB.
fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
