//! Single tokens, read exactly as nginx reads them.
//!
//! The rules are those of `core/ngx_conf_file.c:ngx_conf_read_token`: bytes, no encoding, no look-ahead beyond the byte
//! that ends a word. What a token means in a row of others (a word, then `;`) is [`crate::parse`]'s business.

use memchr::memchr2;
use nom::bytes::complete::{tag, take, take_till};
use nom::combinator::recognize;
use nom::{IResult, Parser};

/// SP, TAB, CR and LF, and nothing else: form feed, VT and NBSP are bytes of a word.
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The length of the blanks at the start, possibly none.
pub(crate) fn blanks(input: &[u8]) -> usize {
    input.iter().position(|byte| !is_blank(*byte)).unwrap_or(input.len())
}

/// `#` up to the next LF, which stays. A lone CR does not end a comment.
pub(crate) fn comment(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((tag("#"), take_till(|byte| byte == b'\n'))).parse(input)
}

/// The length of an unquoted word. It ends before a blank, `;` or `{`; `}`, quotes and `#` are bytes of it.
///
/// A `{` right after `$` (or after `${`, `${{`, …) does not end the word, so `${name}` is part of one; a backslash
/// protects the byte behind it.
pub(crate) fn bare_word(input: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = input.get(at..) {
        let Some(plain) = rest.iter().position(|byte| may_end_word(*byte)) else { break };
        at += plain;
        match input.get(at) {
            Some(b'\\') => at += 2,
            Some(b'$') => {
                let braces = input.get(at + 1..).unwrap_or_default().iter();
                at += 1 + braces.take_while(|byte| **byte == b'{').count();
            }
            _ => return at,
        }
    }
    input.len()
}

/// Whether a byte ends a word, or may keep the next one from doing so.
const fn may_end_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b'\\' | b'$')
}

/// What became of an opening quote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Quoted<'a> {
    /// The word with both quotes.
    Closed(&'a [u8]),
    /// No unescaped quote of the same kind follows.
    Open,
}

/// A quoted word, from its opening quote to the same quote unescaped. Newlines and the other quote are bytes of it.
pub(crate) fn quoted_word(input: &[u8]) -> IResult<&[u8], Quoted<'_>> {
    let (body, quote) = take(1usize).parse(input)?;
    let quote = quote.first().copied().unwrap_or_default();
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| memchr2(quote, b'\\', rest)) {
        at += found;
        if body.get(at) == Some(&quote) {
            return take(at + 2).map(Quoted::Closed).parse(input);
        }
        at += 2; // the backslash and the byte that it protects
    }
    Ok((input, Quoted::Open))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(input: &str) -> &str {
        &input[..bare_word(input.as_bytes())]
    }

    #[test]
    fn bare_words_end_as_in_nginx() {
        let table = [
            ("on}", "on}"),
            ("a\"b c\"", "a\"b"),
            ("a#b;", "a#b"),
            ("${var};", "${var}"),
            ("${{x;", "${{x"),
            ("$x{", "$x"),
            ("^/a{2}$ {", "^/a"),
            ("^/a${ x;", "^/a${"),
            ("a\\;b;", "a\\;b"),
            ("a\\ b c", "a\\ b"),
            ("$\\{x{", "$\\{x"),
            ("caf\u{a0}x y", "caf\u{a0}x"),
            ("\u{b}x;", "\u{b}x"),
            ("x\\", "x\\"),
        ];
        for (input, word) in table {
            assert_eq!(bare(input), word, "{input}");
        }
    }

    #[test]
    fn quoted_words_end_at_the_same_unescaped_quote() {
        let closed = |input: &'static str| quoted_word(input.as_bytes()).unwrap().1;
        assert_eq!(closed("\"a 'b' \\\" ;{}#\n\"x"), Quoted::Closed(b"\"a 'b' \\\" ;{}#\n\""));
        assert_eq!(closed("''x"), Quoted::Closed(b"''"));
        assert_eq!(closed("\"abc"), Quoted::Open);
        assert_eq!(closed("\"abc\\\""), Quoted::Open);
        assert_eq!(closed("\"abc\\"), Quoted::Open);
    }

    #[test]
    fn a_carriage_return_does_not_end_a_comment() {
        assert_eq!(comment(b"#c\revents{}\nx").unwrap().1, b"#c\revents{}");
    }
}
