//! Marks that begin with `#`, as tools of deployments have them: `#{NAME}#`, `#{{ NAME }}#`, and Octopus's `#{NAME}`.
//!
//! To nginx they are comments. So they are marks only in a text in which one stands in the middle of a statement, which
//! would have no end otherwise.

use memchr::memmem::find;

/// The length of a mark that a text starts with, and what stands in it. `may_be_open`: whether it may end without `#`.
pub(super) fn hash_mark(text: &[u8], may_be_open: bool) -> Option<(usize, &[u8])> {
    let line = memchr::memchr(b'\n', text).and_then(|end| text.get(..end)).unwrap_or(text);
    if let Some(body) = line.strip_prefix(b"#{{") {
        let end = find(body, b"}}#")?;
        return Some((3 + end + 3, name(body.get(..end)?)?));
    }
    let body = line.strip_prefix(b"#{")?;
    let end = memchr::memchr(b'}', body)?;
    let inner = name(body.get(..end)?)?;
    let is_closed = body.get(end + 1) == Some(&b'#');
    (is_closed || may_be_open).then_some((2 + end + 1 + usize::from(is_closed), inner))
}

/// A name, with filters behind it or without.
fn name(inner: &[u8]) -> Option<&[u8]> {
    let inner = inner.trim_ascii();
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-:| []".contains(byte);
    (inner.first()?.is_ascii_alphabetic() && inner.iter().all(is_of_name)).then_some(inner)
}

/// Whether a mark stands behind words of a statement that ends on its line.
pub(super) fn has_hash_marks(text: &[u8]) -> bool {
    let may_be_open = find(text, b"{{").is_none() && find(text, b"{%").is_none();
    text.split(|byte| *byte == b'\n').any(|line| {
        let Some(at) = memchr::memchr(b'#', line) else { return false };
        let (before, rest) = line.split_at(at);
        let is_open = !matches!(before.trim_ascii().last(), None | Some(b';' | b'{' | b'}'));
        let mark = hash_mark(rest, may_be_open).filter(|_| is_open);
        let behind = mark.and_then(|(length, _)| rest.get(length..));
        behind.is_some_and(|behind| behind.iter().any(|byte| matches!(byte, b';' | b'{')))
    })
}

#[cfg(test)]
mod tests {
    use super::{has_hash_marks, hash_mark};

    #[test]
    fn marks_with_hashes() {
        for (text, may_be_open, expected) in [
            ("#{PORT}#;", false, Some((8, "PORT"))),
            ("#{{ port }}#;", false, Some((12, "port"))),
            ("#{Nginx.Port | ToLower};", true, Some((23, "Nginx.Port | ToLower"))),
            ("#{PORT};", false, None),
            ("#{{ port }};", true, None),
            ("#{}#", true, None),
            ("#{ a\n}#", true, None),
            ("# {a}#", true, None),
        ] {
            let expected = expected.map(|(length, name)| (length, name.as_bytes()));
            assert_eq!(hash_mark(text.as_bytes(), may_be_open), expected, "{text}");
        }
    }

    #[test]
    fn comments_are_no_marks() {
        for (text, is_it) in [
            ("listen #{PORT}#;", true),
            ("listen 80;\n  server_name a #{{ names }}#;", true),
            ("proxy_pass http://#{HOST}:80;", true),
            ("location #{PATH}# {", true),
            ("listen 80; #{PORT}#;", false),
            ("#{{ lines }}#\n", false),
            ("gzip\n#{{ a }}#\non;", false),
            ("listen {{ port }}; #{{ old }};", false),
            ("server_name a # {{ b }};\nc;", false),
            ("map $a $b { #{x}\n}", false),
        ] {
            assert_eq!(has_hash_marks(text.as_bytes()), is_it, "{text}");
        }
    }
}
