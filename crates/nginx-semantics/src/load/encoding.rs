//! Texts that nginx does not read as their authors do: it takes a file byte by byte, so UTF-16 has no directive for it.

/// As many bytes tell what a file is. A NUL among them: no text file has one.
const FIRST_BYTES: usize = 8_192;

/// Whether the first bytes are none of a text.
pub(super) fn is_binary(text: &[u8]) -> bool {
    memchr::memchr(0, first(text)).is_some()
}

/// Whether the first bytes are those of a text without NUL: letters, blanks, ends of lines, and what is not ASCII.
pub(super) fn is_plain(text: &[u8]) -> bool {
    !is_binary(text) && is_text_with_nul(text)
}

/// The encoding of a text whose characters have several bytes each, with the byte order mark or without.
fn wide(text: &[u8]) -> Option<&'static str> {
    match text {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some("UTF-16"),
        _ => {}
    }
    if !is_binary(text) {
        return None;
    }
    let first = first(text);
    let nuls = memchr::memchr_iter(0, first).count();
    (nuls * 3 >= first.len() && is_text_with_nul(text)).then_some("UTF-16")
}

/// Whether the characters of a text have several bytes each.
pub(super) fn is_wide(text: &[u8]) -> bool {
    wide(text).is_some()
}

/// What is wrong with a text that holds NUL bytes; `None` for a text without, and for what is no text.
pub(super) fn fault(text: &[u8]) -> Option<&'static str> {
    let has_nul = || memchr::memchr(0, text).is_some() && is_text_with_nul(text);
    wide(text).or_else(|| has_nul().then_some("a text with NUL bytes"))
}

/// The characters of such a text that ASCII has.
pub(super) fn narrowed(text: &[u8]) -> Vec<u8> {
    let text =
        [&b"\xff\xfe"[..], b"\xfe\xff"].iter().find_map(|mark| text.strip_prefix(*mark)).unwrap_or(text);
    text.iter().copied().filter(|byte| *byte != 0).collect()
}

/// Whether the first bytes are none of a program or a picture: NUL is the only one that no text has.
fn is_text_with_nul(text: &[u8]) -> bool {
    first(text)
        .iter()
        .all(|byte| matches!(byte, 0 | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' '..=0x7e | 0x80..))
}

fn first(text: &[u8]) -> &[u8] {
    text.get(..FIRST_BYTES).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn what_is_wrong_with_a_text() {
        for (text, fault_of, wide_of) in [
            (&b"server {}"[..], None, None),
            (b"", None, None),
            (b"caf\xe9 {}", None, None),
            (&utf16("server {}", true), Some("UTF-16"), Some("UTF-16")),
            (&utf16("server {}", false), Some("UTF-16"), Some("UTF-16")),
            (b"\xfe\xff\0s\0e", Some("UTF-16"), Some("UTF-16")),
            (b"\xff\xfe\0\0s\0\0\0", Some("UTF-32"), Some("UTF-32")),
            (b"server { listen 80;\0 }", Some("a text with NUL bytes"), None),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None, None),
            (b"\x7fELF\x02\x01\0", None, None),
        ] {
            assert_eq!((fault(text), wide(text)), (fault_of, wide_of), "{text:?}");
        }
        assert_eq!(narrowed(&utf16("server {}", true)), b"server {}");
    }
}
