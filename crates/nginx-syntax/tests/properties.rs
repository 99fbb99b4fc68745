//! Invariants over arbitrary input: parsing never fails, never loses a byte, and never recurses.

use nginx_syntax::{LeafKind, NameNumber, NoVocabulary, NodeId, Span, Tree, Vocabulary, parse};
use proptest::prelude::*;

/// Knows a few directives, so that mending a missing `;` is tried too.
struct Few;

const KNOWN: [&[u8]; 3] = [b"root", b"listen", b"index"];

impl Vocabulary for Few {
    fn number(&self, name: &[u8]) -> NameNumber {
        let at = KNOWN.iter().position(|known| *known == name);
        NameNumber(at.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or_default())
    }

    fn most_words(&self, name: NameNumber) -> Option<usize> {
        (name == NameNumber(1)).then_some(2)
    }
}

fn check(text: &[u8], tree: &Tree) {
    let mut at = 0;
    for leaf in tree.leaves() {
        assert_eq!(leaf.span.start, at, "leaves are disjoint, in order and without gaps");
        if leaf.kind == LeafKind::Blank {
            assert!(leaf.span.of(text).iter().all(|byte| b" \t\r\n".contains(byte)));
        }
        at = leaf.span.end;
    }
    assert_eq!(at as usize, text.len(), "the leaves give the file back");
    for id in tree.nodes() {
        let span = tree.span(id);
        let parent = tree.parent(id);
        assert!(span.end as usize <= text.len());
        assert!(parent < id, "a parent comes before its children");
        assert!(tree.children(id).all(|child| child > id), "what is in a block follows it");
        assert!(tree.words(id).all(|word| span.contains(word)));
        for child in tree.children(id) {
            assert_eq!(tree.parent(child), id);
        }
    }
    let reachable =
        std::iter::once(NodeId::FILE).chain(tree.nodes()).map(|id| tree.children(id).count()).sum::<usize>();
    assert_eq!(reachable, tree.len(), "every directive is the child of exactly one block");
    for error in tree.errors() {
        assert!(error.at.end as usize <= text.len());
        assert!(error.hints.iter().all(|(span, _)| span.end as usize <= text.len()));
    }
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[a-z]{1,8}",
        Just("root".to_owned()),
        Just("\nlisten".to_owned()),
        Just("content_by_lua_block {".to_owned()),
        Just("\n    ".to_owned()),
        Just("\r\n".to_owned()),
        "[ \t\n;{}\"'\\\\#$]",
        Just("${x}".to_owned()),
        Just("[[".to_owned()),
        Just("--".to_owned()),
        Just("\u{feff}".to_owned()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&text, &parse(&text, &NoVocabulary));
    }

    #[test]
    fn nginx_like_text(text in pieces()) {
        check(&text, &parse(&text, &Few));
    }

    #[test]
    fn a_final_comment_changes_no_verdict(text in pieces()) {
        let with_comment = [&text[..], b"\n# comment"].concat();
        let accepted = |text: &[u8]| parse(text, &NoVocabulary).errors().is_empty();
        prop_assert_eq!(accepted(&text), accepted(&with_comment));
    }
}

#[test]
fn depth_costs_no_stack() {
    let text = [b"a {".repeat(100_000), b"}".repeat(100_000)].concat();
    let tree = parse(&text, &NoVocabulary);
    check_depth(&tree);
    let unclosed = parse(&b"a {\n".repeat(100_000), &NoVocabulary);
    assert_eq!(unclosed.errors().len(), 1);
}

fn check_depth(tree: &Tree) {
    let mut depth = 0;
    let mut at = NodeId::FILE;
    while let Some(child) = tree.children(at).next() {
        depth += 1;
        at = child;
    }
    assert_eq!(depth, 100_000);
    assert_eq!(tree.span(at), Span::new(299_997, 300_001));
}
