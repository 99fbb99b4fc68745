//! The parser gives every byte back, and a tree that hangs together.

use nginx_syntax::{LeafKind, NameNumber, NoVocabulary, Tree, Vocabulary, parse, unquote};

/// Knows the directives of which two stand in `seeds`, so that mending a missing `;` is tried too.
struct Few;

/// The names, from number 1 on, and the most words of each.
const KNOWN: [(&[u8], Option<usize>); 5] = [
    (b"listen", None),
    (b"server_name", None),
    (b"proxy_pass", Some(2)),
    (b"include", Some(2)),
    (b"proxy_set_header", Some(3)),
];

impl Vocabulary for Few {
    fn number(&self, name: &[u8]) -> NameNumber {
        let at = KNOWN.iter().position(|(known, _)| *known == name);
        NameNumber(at.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or_default())
    }

    fn most_words(&self, name: NameNumber) -> Option<usize> {
        KNOWN.get(usize::from(name.0).checked_sub(1)?).and_then(|(_, most)| *most)
    }
}

pub(crate) fn check(input: &[u8]) {
    hangs_together(input, &parse(input, &NoVocabulary));
    hangs_together(input, &parse(input, &Few));
}

/// The leaves are disjoint, in order and without gaps; every directive is the child of one block before it.
pub(crate) fn hangs_together(input: &[u8], tree: &Tree) {
    let mut at = 0;
    for leaf in tree.leaves() {
        assert_eq!(leaf.span.start, at, "leaves are in order and without gaps");
        if leaf.kind == LeafKind::Blank {
            assert!(leaf.span.of(input).iter().all(u8::is_ascii_whitespace), "blanks are blank");
        }
        at = leaf.span.end;
    }
    assert_eq!(at as usize, input.len(), "the leaves give the file back");
    for id in tree.nodes() {
        let span = tree.span(id);
        assert!(span.end as usize <= input.len(), "a directive lies in the file");
        assert!(tree.parent(id) < id, "a parent comes before its children");
        for word in tree.words(id) {
            assert!(span.contains(word), "a word lies in its directive");
            // What a word means never depends on anything but its bytes, and never fails.
            let _ = unquote(word.of(input));
        }
    }
    for error in tree.errors() {
        assert!(error.at.end as usize <= input.len(), "an error lies in the file");
        assert!(error.hints.iter().all(|(span, _)| span.end as usize <= input.len()), "so do its hints");
    }
}
