//! Which of several comments a byte of a file belongs to.

use std::cmp::Reverse;

use nginx_syntax::Span;

/// Disjoint spans in order, each with the number of what owns it.
#[derive(Debug, Default)]
pub(super) struct Cover(Vec<(Span, usize)>);

impl Cover {
    /// Of spans that may lie in each other or overlap, the one that begins last owns a byte.
    pub(super) fn new(mut spans: Vec<(Span, usize)>) -> Self {
        spans.sort_by_key(|(span, owner)| (span.start, Reverse(span.end), *owner));
        let mut this = Self::default();
        // The spans that are open at `at`, the one that began last on top.
        let mut open: Vec<(u32, usize)> = Vec::new();
        let mut at = 0;
        for (span, owner) in spans {
            at = this.close(&mut open, at, span.start);
            if let Some((_, outer)) = open.last() {
                this.push(at, span.start, *outer);
            }
            at = at.max(span.start);
            open.push((span.end, owner));
        }
        this.close(&mut open, at, u32::MAX);
        this
    }

    /// Closes what ends before `until`; returns up to where all is owned.
    fn close(&mut self, open: &mut Vec<(u32, usize)>, mut at: u32, until: u32) -> u32 {
        while let Some((end, owner)) = open.last().copied().filter(|(end, _)| *end <= until) {
            open.pop();
            self.push(at, end, owner);
            at = at.max(end);
        }
        at
    }

    fn push(&mut self, start: u32, end: u32, owner: usize) {
        if start < end {
            self.0.push((Span::new(start, end), owner));
        }
    }

    /// Who owns a byte.
    pub(super) fn owner(&self, at: u32) -> Option<usize> {
        let behind = self.0.partition_point(|(span, _)| span.start <= at);
        let (span, owner) = self.0.get(behind.checked_sub(1)?)?;
        (at < span.end).then_some(*owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_begins_last_owns_a_byte() {
        let spans = [(0, 30), (2, 10), (4, 6), (8, 14), (14, 16), (40, 41)];
        let spans: Vec<(Span, usize)> =
            spans.iter().enumerate().map(|(owner, &(start, end))| (Span::new(start, end), owner)).collect();
        let cover = Cover::new(spans.clone());
        for at in 0..45 {
            let last = spans.iter().rfind(|(span, _)| (span.start..span.end).contains(&at));
            assert_eq!(cover.owner(at), last.map(|(_, owner)| *owner), "{at}");
        }
    }
}
