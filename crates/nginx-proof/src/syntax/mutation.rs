//! Mutations of tokens and of bytes.

use nginx_syntax::{LeafKind, NoVocabulary, NodeId, Span, Tree, parse};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    DeleteToken,
    DuplicateToken,
    SwapTokens,
    ReplaceToken,
    InsertWord,
    InsertSemicolon,
    InsertOpen,
    InsertClose,
    InsertComment,
    InsertNewline,
    InsertQuote,
    InsertEscape,
    QuoteToken,
    JoinTokens,
    DeleteStatement,
    DuplicateStatement,
    MoveStatement,
    MisspellName,
    LongWord,
    LongQuoted,
    LongComment,
    FlipBit,
    InsertByte,
    DeleteByte,
    DeleteBytes,
    Truncate,
    OddByte,
    CarriageReturn,
    Nul,
    ByteOrderMark,
}

/// All, those of structure twice: single bytes of words mostly change values.
const KINDS: [Kind; 39] = {
    use Kind as K;
    [
        K::DeleteToken,
        K::DeleteToken,
        K::DuplicateToken,
        K::SwapTokens,
        K::ReplaceToken,
        K::InsertWord,
        K::InsertSemicolon,
        K::InsertSemicolon,
        K::InsertOpen,
        K::InsertOpen,
        K::InsertClose,
        K::InsertClose,
        K::InsertComment,
        K::InsertNewline,
        K::InsertQuote,
        K::InsertQuote,
        K::InsertEscape,
        K::QuoteToken,
        K::JoinTokens,
        K::DeleteStatement,
        K::DuplicateStatement,
        K::MoveStatement,
        K::MoveStatement,
        K::MisspellName,
        K::LongWord,
        K::LongQuoted,
        K::LongComment,
        K::FlipBit,
        K::FlipBit,
        K::InsertByte,
        K::InsertByte,
        K::DeleteByte,
        K::DeleteBytes,
        K::Truncate,
        K::Truncate,
        K::OddByte,
        K::CarriageReturn,
        K::Nul,
        K::ByteOrderMark,
    ]
};

const WORDS: [&str; 14] = [
    "on",
    "x",
    "\"\"",
    "'a b'",
    "\"a;{}#\"",
    "$host",
    "${host}",
    "a${b}c{",
    "$",
    "a\\;b",
    "\\\"x\\\"",
    "location",
    "include",
    "a\"b",
];
const COMMENTS: [&str; 4] = ["# ;\n", "#", " # } {\r", "#\\\n"];
const ODD: [u8; 8] = [0x0b, 0x0c, 0x1b, 0x7f, 0x80, 0xa0, 0xc3, 0xff];
const BYTES: &[u8] = b" \t\n\r;{}\"'#\\$()=a0/";

/// Around nginx's buffer, in which words and comments have to fit.
const BUFFER: std::ops::Range<usize> = 4085..4105;

/// One mutation; the indices choose among what a text has.
#[derive(Debug, Clone)]
pub(super) struct Mutation {
    pub(super) kind: Kind,
    place: Index,
    other: Index,
}

pub(super) fn mutation() -> impl Strategy<Value = Mutation> {
    (select(&KINDS[..]), any::<Index>(), any::<Index>()).prop_map(|(kind, place, other)| Mutation {
        kind,
        place,
        other,
    })
}

/// An index among `length`.
pub(super) fn choose(index: &Index, length: usize) -> Option<usize> {
    (length > 0).then(|| index.index(length))
}

pub(super) fn pick<'t, T>(index: &Index, from: &'t [T]) -> Option<&'t T> {
    from.get(choose(index, from.len())?)
}

impl Mutation {
    /// The text with the mutation, or without where it has nothing to mutate.
    pub(super) fn apply(&self, text: &[u8]) -> Vec<u8> {
        self.edited(text).unwrap_or_else(|| text.to_vec())
    }

    fn edited(&self, text: &[u8]) -> Option<Vec<u8>> {
        use Kind as K;
        let tree = parse(text, &NoVocabulary);
        let tokens: Vec<Span> =
            tree.leaves().filter(|leaf| leaf.kind != LeafKind::Blank).map(|leaf| leaf.span).collect();
        let token = || pick(&self.place, &tokens).copied();
        let before = |new: &[u8]| Some(replaced(text, Span::at(token()?.start), new));
        let somewhere = |new: &[u8]| {
            let at = u32::try_from(self.place.index(text.len() + 1)).ok()?;
            Some(replaced(text, Span::at(at), new))
        };
        match self.kind {
            K::DeleteToken => Some(replaced(text, token()?, b"")),
            K::DuplicateToken => {
                let span = token()?;
                Some(replaced(text, Span::at(span.end), &[b" ", span.of(text)].concat()))
            }
            K::SwapTokens => {
                let first = choose(&self.place, tokens.len().checked_sub(1)?)?;
                let (left, right) = (*tokens.get(first)?, *tokens.get(first + 1)?);
                let between = Span::new(left.end, right.start).of(text);
                let swapped = [right.of(text), between, left.of(text)].concat();
                Some(replaced(text, left.to(right), &swapped))
            }
            K::ReplaceToken => Some(replaced(text, token()?, pick(&self.other, &tokens)?.of(text))),
            K::InsertWord => before(&[pick(&self.other, &WORDS)?.as_bytes(), b" "].concat()),
            K::InsertSemicolon => before(b"; "),
            K::InsertOpen => before(b"{ "),
            K::InsertClose => before(b"} "),
            K::InsertComment => before(pick(&self.other, &COMMENTS)?.as_bytes()),
            K::InsertNewline => somewhere(b"\n"),
            K::InsertQuote => somewhere(if self.other.index(2) == 0 { b"\"" } else { b"'" }),
            K::InsertEscape => somewhere(b"\\"),
            K::QuoteToken => {
                let span = token()?;
                let quote: &[u8] = if self.other.index(2) == 0 { b"\"" } else { b"'" };
                Some(replaced(text, span, &[quote, span.of(text), quote].concat()))
            }
            K::JoinTokens => {
                let first = choose(&self.place, tokens.len().checked_sub(1)?)?;
                let between = Span::new(tokens.get(first)?.end, tokens.get(first + 1)?.start);
                Some(replaced(text, between, b""))
            }
            K::DeleteStatement | K::DuplicateStatement | K::MoveStatement => self.statement(text, &tree),
            K::MisspellName => {
                let nodes: Vec<NodeId> = tree.nodes().collect();
                let name = tree.name_span(*pick(&self.place, &nodes)?);
                let at = name.start + u32::try_from(choose(&self.other, name.len() as usize)?).ok()?;
                Some(replaced(text, Span::new(at, at + 1), b""))
            }
            K::LongWord => before(&[self.long(b'x')?, b" ".to_vec()].concat()),
            K::LongQuoted => before(&[b"\"".as_slice(), &self.long(b'x')?, b"\" "].concat()),
            K::LongComment => before(&[b"#".as_slice(), &self.long(b'c')?, b"\n"].concat()),
            K::FlipBit => {
                let at = choose(&self.place, text.len())?;
                let mut text = text.to_vec();
                *text.get_mut(at)? ^= 1 << self.other.index(8);
                Some(text)
            }
            K::InsertByte => somewhere(&[*pick(&self.other, BYTES)?]),
            K::DeleteByte => {
                let at = u32::try_from(choose(&self.place, text.len())?).ok()?;
                Some(replaced(text, Span::new(at, at + 1), b""))
            }
            K::DeleteBytes => {
                let from = choose(&self.place, text.len())?;
                let to = (from + 1 + self.other.index(40)).min(text.len());
                Some([text.get(..from)?, text.get(to..)?].concat())
            }
            K::Truncate => text.get(..self.place.index(text.len() + 1)).map(<[u8]>::to_vec),
            K::OddByte => somewhere(&[*pick(&self.other, &ODD)?]),
            K::CarriageReturn => somewhere(b"\r"),
            K::Nul => somewhere(b"\0"),
            K::ByteOrderMark if self.other.index(2) == 0 => Some([b"\xef\xbb\xbf", text].concat()),
            K::ByteOrderMark => before(b"\xef\xbb\xbf"),
        }
    }

    fn statement(&self, text: &[u8], tree: &Tree) -> Option<Vec<u8>> {
        let nodes: Vec<NodeId> = tree.nodes().collect();
        let span = tree.span(*pick(&self.place, &nodes)?);
        let to = Span::at(tree.span(*pick(&self.other, &nodes)?).start);
        let copied = [span.of(text), b" "].concat();
        match self.kind {
            Kind::DeleteStatement => Some(replaced(text, span, b"")),
            Kind::DuplicateStatement => {
                Some(replaced(text, Span::at(span.end), &[b" ", span.of(text)].concat()))
            }
            _ if span.start < to.start && to.start < span.end => None,
            _ if to.start <= span.start => {
                let without = replaced(text, span, b"");
                Some(replaced(&without, to, &copied))
            }
            _ => {
                let with = replaced(text, to, &copied);
                Some(replaced(&with, span, b""))
            }
        }
    }

    fn long(&self, byte: u8) -> Option<Vec<u8>> {
        let length = BUFFER.start + choose(&self.other, BUFFER.len())?;
        Some(vec![byte; length])
    }
}

fn replaced(text: &[u8], span: Span, new: &[u8]) -> Vec<u8> {
    let before = text.get(..span.start as usize).unwrap_or(text);
    let after = text.get(span.end as usize..).unwrap_or_default();
    [before, new, after].concat()
}
