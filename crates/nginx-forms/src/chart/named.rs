//! The named templates of a file: `{{ define "x" }} … {{ end }}`.

use nginx_syntax::Span;

use crate::template::meaning::Meaning;
use crate::template::scan::{Token, tokens};

/// A named template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it is called by.
    pub name: Vec<u8>,
    /// What stands between its marks.
    pub body: Vec<u8>,
    /// The line of its first mark, from 1.
    pub line: usize,
}

/// The named templates of a text, in order; none stands in another one.
pub fn named(text: &[u8]) -> Vec<Named> {
    if memchr::memmem::find(text, b"define").is_none() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut open: Option<(Span, usize)> = None;
    let mut lines = Lines { text, at: 0, line: 1 };
    for Token { span, meaning } in tokens(text) {
        match (&mut open, &meaning) {
            (None, Meaning::Define) => open = Some((span, 1)),
            (Some((_, depth)), meaning) if opens(meaning) => *depth += 1,
            (Some((start, depth)), Meaning::End) => {
                *depth -= 1;
                if *depth == 0 {
                    all.extend(one(text, *start, span, lines.of(start.start)));
                    open = None;
                }
            }
            _ => {}
        }
    }
    all
}

fn opens(meaning: &Meaning) -> bool {
    matches!(
        meaning,
        Meaning::If(_)
            | Meaning::Loop(_)
            | Meaning::Case(_)
            | Meaning::Group
            | Meaning::Define
            | Meaning::Capture
    )
}

fn one(text: &[u8], start: Span, end: Span, line: usize) -> Option<Named> {
    let (head, foot) = (start.of(text), end.of(text));
    let name = head.split(|byte| *byte == b'"').nth(1)?.to_vec();
    let mut body = text.get(start.end as usize..end.start as usize)?;
    if head.ends_with(b"-}}") {
        body = body.trim_ascii_start();
    }
    if foot.starts_with(b"{{-") {
        body = body.trim_ascii_end();
    }
    // A mark of its own line leaves no line.
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    (!name.is_empty()).then(|| Named { name, body: body.trim_ascii_end().to_vec(), line })
}

/// Counts lines forward.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, offset: u32) -> usize {
        let passed = self.text.get(self.at..offset as usize).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count();
        self.at = offset as usize;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn bodies_end_where_their_own_end_stands() {
        let text = b"{{/* all */}}\n{{- define \"a\" -}}\n{{ if .x }}b{{ end }}\nc\n{{- end }}\n{{ define \"d\" }}e{{ end }}\n{{ define \"open\" }}";
        let all: Vec<(String, String, usize)> = named(text)
            .into_iter()
            .map(|one| (String::from_utf8(one.name).unwrap(), String::from_utf8(one.body).unwrap(), one.line))
            .collect();
        let expected = [("a", "{{ if .x }}b{{ end }}\nc", 2), ("d", "e", 6)];
        let expected = expected.map(|(name, body, line)| (name.to_owned(), body.to_owned(), line));
        assert_eq!(all, expected);
    }
}
