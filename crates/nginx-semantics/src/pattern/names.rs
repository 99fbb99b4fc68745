//! The names of groups, read without understanding the rest of a pattern.

use std::collections::BTreeSet;

/// The longest name that every release of PCRE2 takes.
pub(super) const MAX_NAME: usize = 32;

/// Names of the named groups in a pattern, in their order and each once. nginx defines them as variables, so
/// they are also found in patterns that [`Pattern::new`](super::Pattern::new) does not evaluate.
///
/// The names are as written; nginx's variables ignore case. In extended mode, `(?x)`, a group in a `#`
/// comment counts too: this does not follow options.
#[must_use]
pub fn group_names(pattern: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut seen = BTreeSet::new();
    let mut rest = pattern;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'\\' => skip_escape(after),
            b'[' => skip_class(after),
            b'(' if after.starts_with(b"?#") => skip_past(after, b")"),
            b'(' => match named_group(after) {
                Some((name, length)) => {
                    if seen.insert(name.clone()) {
                        names.push(name);
                    }
                    after.get(length..).unwrap_or_default()
                }
                None => after,
            },
            _ => after,
        };
    }
    names
}

/// The name of the group whose text after `(` this is, and the length of what introduces it. The three
/// syntaxes are those of pcre2pattern(3), "Named capture groups".
pub(super) fn named_group(after: &[u8]) -> Option<(String, usize)> {
    let (introduction, end): (&[u8], u8) = if after.starts_with(b"?<") {
        (b"?<", b'>')
    } else if after.starts_with(b"?P<") {
        (b"?P<", b'>')
    } else if after.starts_with(b"?'") {
        (b"?'", b'\'')
    } else {
        return None;
    };
    let text = after.strip_prefix(introduction)?;
    let length = text.iter().position(|&byte| !is_word(byte))?;
    let name = text.get(..length)?;
    if name.first().is_none_or(u8::is_ascii_digit) || text.get(length) != Some(&end) {
        return None;
    }
    Some((name.iter().copied().map(char::from).collect(), introduction.len() + length + 1))
}

/// Whether the byte is a letter, a digit or an underscore, which is what a name is made of.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What comes after the escape whose text after the backslash this is.
fn skip_escape(after: &[u8]) -> &[u8] {
    match after.split_first() {
        // Everything up to \E is literal.
        Some((b'Q', quoted)) => skip_past(quoted, b"\\E"),
        Some((_, rest)) => rest,
        None => after,
    }
}

/// What comes after the class whose text after `[` this is.
fn skip_class(after: &[u8]) -> &[u8] {
    let mut rest = after.strip_prefix(b"^").unwrap_or(after);
    // A bracket that comes first is a member.
    rest = rest.strip_prefix(b"]").unwrap_or(rest);
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b']' => return after,
            b'\\' => skip_escape(after),
            b'[' => posix_class(after).map_or(after, |(_, length)| after.get(length..).unwrap_or_default()),
            _ => after,
        };
    }
    rest
}

/// The name of the POSIX class whose text after `[` this is, with its `^`, and the length of that text.
pub(super) fn posix_class(after: &[u8]) -> Option<(&[u8], usize)> {
    let text = after.strip_prefix(b":")?;
    let length = text.iter().position(|&byte| !(byte.is_ascii_lowercase() || byte == b'^'))?;
    text.get(length..)?.starts_with(b":]").then_some(())?;
    Some((text.get(..length)?, length + 3))
}

/// What comes after the first `end`; nothing where there is none.
fn skip_past<'t>(text: &'t [u8], end: &[u8]) -> &'t [u8] {
    let found = text.windows(end.len()).position(|window| window == end);
    found.and_then(|at| text.get(at + end.len()..)).unwrap_or_default()
}
