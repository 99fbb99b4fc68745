//! Makes a text readable where templates have placeholders without nginx's own punctuation: lines of their own without
//! a `;`, and words that start with `#`.
//!
//! nginx refuses the first and takes the second for comments, so only what nginx could not read as it stands is read
//! otherwise. The bytes stay as they are; the parser gets a copy of the same length.

use std::borrow::Cow;

use super::{MARKS, is_named, length_of_placeholder};

/// A text as it is parsed.
pub(crate) struct Masked<'t> {
    /// Of the same length.
    pub(crate) text: Cow<'t, [u8]>,
    /// Where the placeholders start that stand for whole lines, in order. Their last byte is their `;` to the parser.
    pub(crate) lines: Vec<u32>,
}

/// The text with `;` for the last byte of each placeholder that has a line of its own, where a statement may start, and
/// with `@@` for the `##` of each that begins a word in the middle of a statement.
pub(crate) fn masked(text: &[u8]) -> Masked<'_> {
    let mut this = Masked { text: Cow::Borrowed(text), lines: Vec::new() };
    if !may_have_one(text) {
        return this;
    }
    let (mut start, mut may_begin) = (0, true);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let code = without_comment(line);
        if code.is_empty() {
            // Blank, or a comment: what may begin before it may begin behind it.
        } else if may_begin && length_of_placeholder(code) == Some(code.len()) {
            let at = start + (line.len() - line.trim_ascii_start().len());
            if let Some(last) = this.text.to_mut().get_mut(at + code.len() - 1) {
                *last = b';';
            }
            this.lines.extend(u32::try_from(at));
        } else {
            for at in hashes(line) {
                if let Some(hashes) = this.text.to_mut().get_mut(start + at..start + at + 2) {
                    hashes.copy_from_slice(b"@@");
                }
            }
            let read = this.text.get(start..start + line.len()).map(without_comment);
            may_begin = matches!(read.and_then(|code| code.last()), Some(b';' | b'{' | b'}'));
        }
        start += line.len();
    }
    this
}

/// Whether a text may have a placeholder with nothing but a name in it: nearly all files have none.
pub(crate) fn may_have_one(text: &[u8]) -> bool {
    MARKS.iter().any(|(mark, _)| is_named(mark) && memchr::memmem::find(text, mark).is_some())
}

/// A line up to the `#` at the start of a word; one in quotes ends it too, which is no harm here.
fn without_comment(line: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b';' | b'{' | b'}');
    let at = line
        .iter()
        .enumerate()
        .position(|(at, byte)| *byte == b'#' && (at == 0 || line.get(at - 1).is_some_and(is_blank)));
    at.and_then(|at| line.get(..at)).unwrap_or(line).trim_ascii()
}

/// Where placeholders `##NAME##` begin a word behind others of a statement that ends on the line: nginx would take the
/// rest of the line for a comment, the `;` too.
fn hashes(line: &[u8]) -> Vec<usize> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| memchr::memmem::find(rest, b"##")) {
        let at = from + at;
        let (before, rest) = line.split_at(at);
        let Some(length) = length_of_placeholder(rest) else { break };
        let words = before.trim_ascii();
        let begins_word = before.last().is_some_and(u8::is_ascii_whitespace);
        // What the ones before left is no comment any more.
        let known = line.get(from..at).unwrap_or_default();
        let is_comment = known.contains(&b'#');
        let is_behind = !matches!(words.last(), None | Some(b';' | b'{' | b'}'));
        let has_end = rest.iter().any(|byte| matches!(byte, b';' | b'{'));
        if is_comment || !is_behind || !has_end || words.iter().filter(|byte| **byte == b'"').count() % 2 == 1
        {
            break;
        }
        if begins_word {
            all.push(at);
        }
        from = at + length;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nginx_cannot_read_is_read_otherwise() {
        for (text, expected, lines) in [
            ("%%A%%\n\nb c;\n", "%%A%;\n\nb c;\n", 1),
            ("a {\n    @@b_c@@\n    d;\n}\n__E__\n", "a {\n    @@b_c@;\n    d;\n}\n__E_;\n", 2),
            ("a b; # x\n%%A%% # y\n# z\n%%B%%", "a b; # x\n%%A%; # y\n# z\n%%B%;", 2),
            ("a ##UP##;\n", "a @@UP##;\n", 0),
            ("a ##B## x##C## ##D##;\n%%E%%\n", "a @@B## x##C## @@D##;\n%%E%;\n", 1),
            // A word of a statement that goes on.
            ("a b\n    %%C%%\n    d;\n", "a b\n    %%C%%\n    d;\n", 0),
            ("a %%B%%;\n%%C%% d;\n", "a %%B%%;\n%%C%% d;\n", 0),
            // Comments.
            ("a; ##B##\n##C##\n# ##D##;\na b # ##E##;\n", "a; ##B##\n##C##\n# ##D##;\na b # ##E##;\n", 0),
            ("a b ##C##\n;", "a b ##C##\n;", 0),
            ("a \"x ##B## y\";", "a \"x ##B## y\";", 0),
            ("__file__\n%%\n@@ @@\n", "__file__\n%%\n@@ @@\n", 0),
        ] {
            let masked = masked(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&masked.text), expected);
            assert_eq!(masked.lines.len(), lines, "{text}");
            let starts = masked.lines.iter().filter_map(|at| text.as_bytes().get(*at as usize));
            assert!(starts.into_iter().all(|byte| b"%@_".contains(byte)), "{text}");
        }
    }
}
