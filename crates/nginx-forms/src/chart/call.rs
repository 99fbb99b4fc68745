//! A call of a named template, and where its body goes.

use nginx_syntax::Span;

use super::values::{segments, words};
use crate::lines::is_blank;
use crate::template::meaning::Meaning;
use crate::template::scan::tokens;

/// How a body comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// As a part of a line.
    Word,
    /// As lines, each behind so many blanks; on new lines where that is said.
    Lines { blanks: usize, is_on_new_line: bool },
}

/// `include "name" . | nindent 4`, `template "name" .`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call<'e> {
    pub(super) name: &'e [u8],
    /// Whether `.` in its body is `.` here, or the whole.
    pub(super) is_of_root: bool,
    pub(super) shape: Shape,
}

/// More blanks than any line has.
const MOST_BLANKS: usize = 64;

impl<'e> Call<'e> {
    pub(super) fn of(expression: &'e [u8]) -> Option<Self> {
        let mut segments = segments(expression).into_iter();
        let first = segments.next()?;
        let word = first.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = first.split_at(word);
        if !matches!(word, b"include" | b"template") {
            return None;
        }
        let rest = rest.trim_ascii().strip_prefix(b"\"")?;
        let (name, argument) = rest.split_at(memchr::memchr(b'"', rest)?);
        let argument = argument.strip_prefix(b"\"")?.trim_ascii();
        let mut shape = Shape::Word;
        for segment in segments {
            match words(segment).as_slice() {
                [b"trim"] => {}
                [indent @ (b"indent" | b"nindent"), count] => {
                    let blanks: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
                    let is_on_new_line = *indent == b"nindent";
                    shape = Shape::Lines { blanks: blanks.min(MOST_BLANKS), is_on_new_line };
                }
                _ => return None,
            }
        }
        Some(Self { name, is_of_root: matches!(argument, b"." | b"$"), shape })
    }

    /// What of the text the body replaces, and by what; `None` where it would come out in the midst of a line.
    pub(super) fn placed(&self, text: &[u8], span: Span, from: u32, body: &[u8]) -> Option<(Span, Vec<u8>)> {
        let mark = span.of(text);
        let before = text.get(from as usize..span.start as usize)?;
        let behind = text.get(span.end as usize..)?;
        let line_before = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let line_behind = behind.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_alone = is_blank(line_before) && is_blank(line_behind);
        let length = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        // `{{-` takes the blanks before it away, and the end of the line.
        let start = match mark.starts_with(b"{{-") {
            true => length(before.trim_ascii_end().len()) + from,
            false => span.start,
        };
        let end = match mark.ends_with(b"-}}") {
            true => span.end + length(behind.len() - behind.trim_ascii_start().len()),
            false => span.end,
        };
        let whole = Span::new(start, end);
        match self.shape {
            Shape::Lines { is_on_new_line: false, .. } if !is_alone => None,
            Shape::Lines { blanks, is_on_new_line } => {
                let pad = vec![b' '; blanks];
                let mut by: Vec<u8> = if is_on_new_line { vec![b'\n'] } else { Vec::new() };
                for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
                    if number > 0 {
                        by.push(b'\n');
                    }
                    if !is_blank(line) {
                        by.extend_from_slice(&pad);
                    }
                    by.extend_from_slice(line);
                }
                Some((whole, by))
            }
            // Lines of their own.
            Shape::Word if is_alone => Some((span, body.to_vec())),
            Shape::Word => {
                let by = body.trim_ascii();
                let is_word = !by.contains(&b'\n') && !has_statements(by);
                is_word.then(|| (whole, by.to_vec()))
            }
        }
    }
}

fn has_statements(text: &[u8]) -> bool {
    tokens(text).iter().any(|token| !matches!(token.meaning, Meaning::Text | Meaning::Output(_)))
}

#[cfg(test)]
mod tests {
    use super::{Call, Shape};

    #[test]
    fn calls_are_told_from_other_expressions() {
        let lines = |blanks| Shape::Lines { blanks, is_on_new_line: true };
        for (expression, expected) in [
            ("include \"a.b\" . | nindent 4", Some(("a.b", true, lines(4)))),
            ("include \"a.b\" $ | trim | nindent 8", Some(("a.b", true, lines(8)))),
            ("template \"x\" .", Some(("x", true, Shape::Word))),
            ("include \"x\" (dict \"a\" 1)", Some(("x", false, Shape::Word))),
            ("include \"x\" . | sha256sum", None),
            ("include (print $.Template.BasePath \"/x\") .", None),
            (".Values.x", None),
        ] {
            let call = Call::of(expression.as_bytes());
            let call = call
                .map(|call| (String::from_utf8_lossy(call.name).into_owned(), call.is_of_root, call.shape));
            let expected = expected.map(|(name, root, shape)| (name.to_owned(), root, shape));
            assert_eq!(call, expected, "{expression}");
        }
    }
}
