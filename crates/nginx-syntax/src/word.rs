//! The value of a word: quotes taken off, escapes rewritten.

use std::borrow::Cow;

/// The bytes that a directive gets for the word written as `raw`.
///
/// Six escapes are rewritten, alike in quoted and unquoted words: `\"`, `\'`, `\\` to the character, `\t`, `\r`, `\n` to
/// TAB, CR, LF. Every other backslash stays (`core/ngx_conf_file.c:ngx_conf_read_token`).
pub fn unquote(raw: &[u8]) -> Cow<'_, [u8]> {
    let body = match raw {
        // The last one is not closed; the parser has said so.
        [b'"', body @ .., b'"'] | [b'\'', body @ .., b'\''] | [b'"' | b'\'', body @ ..] => body,
        _ => raw,
    };
    // Nearly all words are too short for anything faster.
    if !body.contains(&b'\\') {
        return Cow::Borrowed(body);
    }
    let mut value = Vec::with_capacity(body.len());
    let mut rest = body;
    while let [first, tail @ ..] = rest {
        let replaced = match (first, tail.first()) {
            (b'\\', Some(&byte @ (b'"' | b'\'' | b'\\'))) => Some(byte),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b'n')) => Some(b'\n'),
            _ => None,
        };
        value.push(replaced.unwrap_or(*first));
        rest = if replaced.is_some() { tail.get(1..).unwrap_or_default() } else { tail };
    }
    Cow::Owned(value)
}

/// Bytes as text, what is no UTF-8 replaced by U+FFFD.
///
/// The standard library looks at each character for that; nearly all words of a configuration are ASCII.
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::{lossy, unquote};

    #[test]
    fn what_is_no_text_is_replaced() {
        for bytes in [b"".as_slice(), b"host", "h\u{f6}st".as_bytes(), b"a\xffb", b"\xc3"] {
            assert_eq!(lossy(bytes), String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn six_escapes_are_rewritten() {
        let table: [(&[u8], &[u8]); 10] = [
            (b"\"\"", b""),
            (b"'a b'", b"a b"),
            (b"a\\\"b", b"a\"b"),
            (b"'it\\'s'", b"it's"),
            (b"a\\\\b", b"a\\b"),
            (b"\\t\\r\\n", b"\t\r\n"),
            (b"\\.php$", b"\\.php$"),
            (b"a\\;b\\ c\\{", b"a\\;b\\ c\\{"),
            (b"\\\\n", b"\\n"),
            (b"a\\", b"a\\"),
        ];
        for (raw, value) in table {
            assert_eq!(unquote(raw).as_ref(), value, "{}", String::from_utf8_lossy(raw));
        }
    }
}
