//! Makes text from a configuration harmless and visible: terminals obey control characters, CI systems obey commands, and
//! people see neither.

use std::borrow::Cow;
use std::fmt::Write;

use crate::command::harmless;

/// Replaces control, bidirectional and invisible characters with escapes such as `\x1b`, `\n` or `\u{202e}`, and one
/// character of what a CI system would obey: `##[error]` becomes `#\x23[error]`.
pub fn escape(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || !text.chars().any(is_hazardous) {
        return harmless(text).map_or(Cow::Borrowed(text), Cow::Owned);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    text.chars().for_each(|c| push_char(&mut escaped, c));
    Cow::Owned(harmless(&escaped).unwrap_or(escaped))
}

/// Like [`escape`], for bytes that need not be UTF-8: those that are not become `\xff`.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_char(&mut escaped, c));
        chunk.invalid().iter().for_each(|&byte| push_byte(&mut escaped, byte));
    }
    harmless(&escaped).unwrap_or(escaped)
}

/// Appends `c`, escaped where it is hazardous.
pub(crate) fn push_char(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        c if c.is_ascii_control() => push_byte(text, c as u8),
        c if is_hazardous(c) => _ = write!(text, "\\u{{{:x}}}", c as u32),
        c => text.push(c),
    }
}

/// Appends the escape of a byte that is not text.
pub(crate) fn push_byte(text: &mut String, byte: u8) {
    _ = write!(text, "\\x{byte:02x}");
}

/// Whether a terminal obeys `c`, or shows the text around it in another order, or does not show it at all.
pub(crate) fn is_hazardous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator: invisible.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero-width characters, direction marks.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators, embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, isolates.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotation, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            // The rest of Unicode's Default_Ignorable_Code_Point: joiner, fillers, vowels, variation selectors,
            // shorthand and music format controls. Whoever compares by the rules of a language skips them.
            | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0080}'..='\u{e0fff}'
        )
}

/// Whether a terminal obeys some of these bytes, printed as they are, or shows text in another order. Tabs and the ends of
/// lines are text.
pub(crate) fn commands_terminal(bytes: &[u8]) -> bool {
    let is_c1 = |byte: &u8| (0x80..0xa0).contains(byte);
    bytes.split(|byte| *byte == b'\n').any(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.utf8_chunks().any(|chunk| {
            let is_obeyed = |c: char| {
                (c.is_control() && c != '\t')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            chunk.valid().contains(is_obeyed) || chunk.invalid().iter().any(is_c1)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{commands_terminal, escape, escape_bytes};

    #[test]
    fn terminals_obey_control_characters_and_nothing_else() {
        let rows: [(&[u8], bool); 18] = [
            (b" a\n+\tb\r\n-c", false),
            (b"a\r", false),
            ("caf\u{e9} \u{feff}\u{2764}\u{fe0f} \u{200d}".as_bytes(), false),
            (b"caf\xe9 \xa0", false),
            (b"\x1b[2J", true),
            (b"\x1b]8;;http://a\x07", true),
            (b"a\rb\n", true),
            (b"a\r\r\n", true),
            (b"a\x00", true),
            (b"a\x08", true),
            (b"a\x0c", true),
            (b"a\x7f", true),
            (b"a\x9b2J", true),
            (b"\xe2\x80", true),
            ("\u{9b}2J".as_bytes(), true),
            ("\u{85}".as_bytes(), true),
            ("\u{202e}a".as_bytes(), true),
            ("\u{2066}a".as_bytes(), true),
        ];
        for (bytes, expected) in rows {
            assert_eq!(commands_terminal(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn harmless_text_is_borrowed() {
        assert!(matches!(escape("location /caf\u{e9}/ `x`"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        assert_eq!(escape("\x1b[31m\x07\x7f\u{9b}\r\n\t"), r"\x1b[31m\x07\x7f\u{9b}\r\n\t");
        assert_eq!(
            escape("a\u{202e}b\u{2066}\u{2028}\u{200b}\u{feff}"),
            r"a\u{202e}b\u{2066}\u{2028}\u{200b}\u{feff}"
        );
    }

    #[test]
    fn bytes_that_are_not_text_become_visible() {
        assert_eq!(escape_bytes(b"caf\xe9 \xc3\xa9\0"), "caf\\xe9 \u{e9}\\x00");
    }
}
