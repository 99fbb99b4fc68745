//! Statements that are wrong, from `mutants/wrong.txt`, and such that only look so, from `mutants/right.txt`.

use super::Kind;

/// The files.
const TEXTS: [&str; 2] = [include_str!("../../mutants/wrong.txt"), include_str!("../../mutants/right.txt")];

/// A line of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrong {
    pub(super) kind: Kind,
    /// The block at whose end it is added; without one it replaces the words of a statement of its name.
    pub(super) block: Option<&'static str>,
    pub(super) text: &'static str,
}

impl Wrong {
    /// The first word.
    pub(super) fn name(&self) -> &'static str {
        self.text.split_whitespace().next().unwrap_or_default()
    }
}

/// All lines; those under a heading that is not understood are left out, which a test would notice.
pub(super) fn wrong() -> Vec<Wrong> {
    let mut heading = None;
    let mut all = Vec::new();
    let lines = TEXTS.iter().flat_map(|text| text.lines());
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let title = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(title) = title {
            let (kind, block) =
                title.split_once(" in ").map_or((title, None), |(kind, block)| (kind, Some(block)));
            heading = Kind::of(kind).map(|kind| (kind, block));
        } else if let Some((kind, block)) = heading {
            all.push(Wrong { kind, block, text: line });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_heading_is_a_kind() {
        for line in TEXTS.iter().flat_map(|text| text.lines()) {
            let title = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let kind = title.and_then(|title| title.split(' ').next());
            assert!(kind.is_none_or(|kind| Kind::of(kind).is_some()), "{line}");
        }
        assert!(wrong().len() > 500);
    }
}
