//! A file as nginx's reader hands it to its dispatcher, up to the first thing that it refuses.
//!
//! The tree mends what nginx refuses and goes on; this does neither, so that block structure is nginx's own even where
//! indentation shows that the author meant another.

use crate::Span;
use crate::error::{Hint, SyntaxError, SyntaxErrorKind};
use crate::token::bare_word;
use crate::tree::{LeafKind, Tree};
use crate::{NoVocabulary, parse};

/// What `core/ngx_conf_file.c:ngx_conf_read_token` returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Words and what ends them (`NGX_OK`, `NGX_CONF_BLOCK_START`).
    Directive {
        /// The words as written, the name first.
        words: Vec<Span>,
        /// The `;` or `{`: where nginx stands when it says anything about the directive.
        terminator: Span,
        /// Whether it is `{`.
        opens: bool,
    },
    /// `}` (`NGX_CONF_BLOCK_DONE`). Whether a block is open is not the reader's business.
    Close(Span),
    /// The end of the file (`NGX_CONF_FILE_DONE`); here too blocks may be open.
    End(Span),
    /// nginx reads no further (`NGX_ERROR`).
    Refused(SyntaxError),
}

impl Tree {
    /// The file's statements in order. The last is [`Statement::End`] or [`Statement::Refused`].
    pub fn statements<'t>(&'t self, text: &'t [u8]) -> Statements<'t> {
        let has_mark = self.leaves.get(0).is_some_and(|leaf| leaf.kind == LeafKind::ByteOrderMark);
        let reread = has_mark.then(|| without_first_comment(text)).flatten();
        let tree = reread.as_ref().unwrap_or(self);
        let refusals = tree.errors().iter().filter_map(|error| Some((lexer_stops(error)?, error)));
        let refusal = refusals.min_by_key(|(at, _)| *at).map(|(at, error)| (at, error.clone()));
        Statements { tree: self, reread, text, leaf: 0, refusal, has_mark, is_done: false }
    }
}

/// A `#` right behind a byte order mark starts no comment: it is part of the word that the mark starts, and what follows
/// on the line is read like any other text.
fn without_first_comment(text: &[u8]) -> Option<Tree> {
    let hash = text.get(3).filter(|byte| **byte == b'#')?;
    let mut text = text.to_vec();
    *text.get_mut(3)? = hash.wrapping_add(1);
    Some(parse(&text, &NoVocabulary))
}

/// From which byte on the leaves are mended, for what nginx refuses while it reads a single token. What it refuses of
/// a row of tokens is seen again here.
fn lexer_stops(error: &SyntaxError) -> Option<u32> {
    let unclosed = error.hints.iter().find(|(_, hint)| *hint == Hint::UnclosedQuote).map(|(at, _)| at.start);
    match error.kind {
        SyntaxErrorKind::UnexpectedByte(_)
        | SyntaxErrorKind::TooLong(_)
        | SyntaxErrorKind::TooLongQuoted(_) => Some(unclosed.unwrap_or(error.at.start)),
        SyntaxErrorKind::EndInDirective => unclosed,
        // The module that reads the block is called for its `{`.
        SyntaxErrorKind::LuaNotClosed => Some(error.at.end),
        SyntaxErrorKind::UnexpectedSemicolon
        | SyntaxErrorKind::UnexpectedOpen
        | SyntaxErrorKind::UnexpectedClose
        | SyntaxErrorKind::EndInBlock
        | SyntaxErrorKind::TooManyWords(_)
        | SyntaxErrorKind::NotTerminated(_)
        | SyntaxErrorKind::ByteOrderMark => None,
    }
}

/// See [`Tree::statements`].
#[derive(Debug, Clone)]
pub struct Statements<'t> {
    tree: &'t Tree,
    /// Read instead of the tree, where nginx sees no comment in what is one to us.
    reread: Option<Tree>,
    text: &'t [u8],
    /// The next one.
    leaf: usize,
    /// The first token that nginx refuses, and from where on the leaves are not what it reads.
    refusal: Option<(u32, SyntaxError)>,
    /// Whether the next word starts with the file's byte order mark.
    has_mark: bool,
    is_done: bool,
}

impl Statements<'_> {
    fn tree(&self) -> &Tree {
        self.reread.as_ref().unwrap_or(self.tree)
    }

    fn refuse(&mut self, kind: SyntaxErrorKind, at: Span) -> Statement {
        self.is_done = true;
        Statement::Refused(SyntaxError { kind, at, hints: Vec::new() })
    }

    /// The word that a byte order mark starts: it takes in whatever stands right behind, be it a quote, `#` or `}`.
    fn marked_word(&mut self) -> Span {
        self.has_mark = false;
        let length = bare_word(self.text);
        let end = u32::try_from(length).unwrap_or(u32::MAX);
        while self.tree().leaves.get(self.leaf).is_some_and(|leaf| leaf.span.start < end) {
            self.leaf += 1;
        }
        Span::new(0, end)
    }
}

impl Iterator for Statements<'_> {
    type Item = Statement;

    fn next(&mut self) -> Option<Statement> {
        if self.is_done {
            return None;
        }
        let mut words = Vec::new();
        if self.has_mark {
            words.push(self.marked_word());
        }
        loop {
            let leaf = self.tree().leaves.get(self.leaf);
            let start = leaf.map_or(self.tree().length, |leaf| leaf.span.start);
            if let Some((_, error)) = self.refusal.take_if(|(at, _)| *at <= start) {
                return Some(self.refuse(error.kind, error.at));
            }
            let Some(leaf) = leaf else {
                let end = Span::at(self.tree().length);
                if !words.is_empty() {
                    return Some(self.refuse(SyntaxErrorKind::EndInDirective, end));
                }
                self.is_done = true;
                return Some(Statement::End(end));
            };
            self.leaf += 1;
            let (is_empty, at) = (words.is_empty(), leaf.span);
            match leaf.kind {
                LeafKind::Blank | LeafKind::Comment | LeafKind::Lua | LeafKind::ByteOrderMark => {}
                LeafKind::Word | LeafKind::Quoted => words.push(at),
                LeafKind::Semicolon if is_empty => {
                    return Some(self.refuse(SyntaxErrorKind::UnexpectedSemicolon, at));
                }
                LeafKind::Open if is_empty => {
                    return Some(self.refuse(SyntaxErrorKind::UnexpectedOpen, at));
                }
                LeafKind::Semicolon | LeafKind::Open => {
                    let opens = leaf.kind == LeafKind::Open;
                    return Some(Statement::Directive { words, terminator: at, opens });
                }
                LeafKind::Close if is_empty => return Some(Statement::Close(at)),
                LeafKind::Close => return Some(self.refuse(SyntaxErrorKind::UnexpectedClose, at)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NameNumber, NoVocabulary, Vocabulary, parse, unquote};

    struct Known;

    impl Vocabulary for Known {
        fn number(&self, name: &[u8]) -> NameNumber {
            NameNumber(u16::from(matches!(name, b"root" | b"listen")))
        }

        fn most_words(&self, name: NameNumber) -> Option<usize> {
            (name != NameNumber::UNKNOWN).then_some(2)
        }
    }

    fn read(text: &str, vocabulary: &dyn Vocabulary) -> Vec<String> {
        let bytes = text.as_bytes();
        let tree = parse(bytes, vocabulary);
        let words = |words: &[Span]| {
            let words =
                words.iter().map(|word| String::from_utf8_lossy(&unquote(word.of(bytes))).into_owned());
            words.collect::<Vec<_>>().join("|")
        };
        let show = |statement| match statement {
            Statement::Directive { words: spans, opens, .. } => {
                format!("{}{}", words(&spans), if opens { "{" } else { ";" })
            }
            Statement::Close(_) => "}".to_owned(),
            Statement::End(at) => format!("end {}", at.start),
            Statement::Refused(error) => format!("{}: {}", error.at.start, error.kind),
        };
        tree.statements(bytes).map(show).collect()
    }

    #[test]
    fn what_nginx_reads() {
        let text = "a 'b c' # d\n e;\nf{ g \"\"; }\n}";
        assert_eq!(read(text, &NoVocabulary), ["a|b c|e;", "f{", "g|;", "}", "}", "end 28"]);
    }

    #[test]
    fn nothing_is_mended() {
        // Indentation and the names of directives show where `}` and `;` are missing; nginx looks at neither.
        let missing_brace = read("a {\n  b {\n    c;\n}\nd {\n}\n", &NoVocabulary);
        assert_eq!(missing_brace, ["a{", "b{", "c;", "}", "d{", "}", "end 25"]);
        let missing_semicolon = read("root /a\nlisten 80;\n", &Known);
        assert_eq!(missing_semicolon, ["root|/a|listen|80;", "end 19"]);
        assert_eq!(read("...\nroot /a;", &Known), ["...|root|/a;", "end 12"]);
    }

    #[test]
    fn nothing_is_read_behind_a_refusal() {
        let table: [(&str, &[&str]); 11] = [
            ("a; ; b;", &["a;", "3: unexpected \";\""]),
            ("{ a; }", &["0: unexpected \"{\""]),
            ("a { b }", &["a{", "6: unexpected \"}\""]),
            ("a b", &["3: unexpected end of file, expecting \";\" or \"}\""]),
            ("a \"b;\nc d;", &["10: unexpected end of file, expecting \";\" or \"}\""]),
            ("a 'b';\nc 'd;\ne 'f';\n", &["a|b;", "16: unexpected \"f\""]),
            ("a \"b\"c;", &["5: unexpected \"c\""]),
            ("\u{feff}\"a\" b;c;", &["\u{feff}\"a\"|b;", "c;", "end 11"]),
            ("\u{feff}# a", &["6: unexpected end of file, expecting \";\" or \"}\""]),
            ("\u{feff}# a; b 'c\nd';", &["\u{feff}#|a;", "b|c\nd;", "end 16"]),
            ("\u{feff}#a; }", &["\u{feff}#a;", "}", "end 8"]),
        ];
        for (text, expected) in table {
            assert_eq!(read(text, &NoVocabulary), expected, "{text}");
        }
    }
}
