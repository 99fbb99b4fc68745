//! The named templates of a file: `{{ define "x" }} … {{ end }}`.

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::Found;
use crate::lines::is_blank;
use crate::template::meaning::Meaning;
use crate::template::scan::{Token, tokens};
use crate::view::WrittenAs;

/// A named template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it is called by.
    pub name: Vec<u8>,
    /// What stands between its marks.
    pub body: Vec<u8>,
    /// Where that stands in the text.
    pub span: Span,
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
    let head = start.of(text);
    let name = head.split(|byte| *byte == b'"').nth(1)?.to_vec();
    let (from, to) = (start.end as usize, end.start as usize);
    let all = text.get(from..to)?;
    let mut body = if head.ends_with(b"-}}") { all.trim_ascii_start() } else { all };
    // A mark of its own line leaves no line.
    body = body.strip_prefix(b"\r\n").or_else(|| body.strip_prefix(b"\n")).unwrap_or(body);
    let start = u32::try_from(to - body.len()).ok()?;
    body = body.trim_ascii_end();
    let span = Span::new(start, start + u32::try_from(body.len()).ok()?);
    (!name.is_empty()).then(|| Named { name, body: body.to_vec(), span, line })
}

/// Whether a text is named templates and nothing else that comes out.
pub fn is_all_named(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut has_any = false;
    for Token { span, meaning } in tokens(text) {
        let is_define = meaning == Meaning::Define;
        match meaning {
            Meaning::End => depth = depth.saturating_sub(1),
            _ if is_define || (depth > 0 && opens(&meaning)) => depth += 1,
            Meaning::Blank => {}
            _ if depth == 0 && !is_blank(span.of(text)) => return false,
            _ => {}
        }
        has_any |= is_define;
    }
    has_any
}

/// Blocks of nginx that a file of its own holds.
const BLOCKS: [&[u8]; 7] = [b"http", b"events", b"stream", b"server", b"upstream", b"map", b"location"];

/// Whether a brace stands there that is of no mark.
fn opens_block(rest: &[u8]) -> bool {
    let of_mark =
        |at: Option<usize>| at.and_then(|at| rest.get(at)).is_some_and(|byte| b"{$%".contains(byte));
    memchr::memchr_iter(b'{', rest)
        .any(|at| !of_mark(at.checked_sub(1)) && !rest.get(at + 1).is_some_and(|byte| b"{%#".contains(byte)))
}

impl Named {
    /// Whether it has blocks of nginx, and so is a text by itself.
    pub fn holds_blocks(&self) -> bool {
        self.body.split(|byte| *byte == b'\n').any(|line| {
            let line = line.trim_ascii();
            let word = line.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
            let (word, rest) = line.split_at(word);
            BLOCKS.contains(&word) && opens_block(rest)
        })
    }

    /// The name that its text has in its file: `None` for one that no include can name.
    pub fn file_name(&self) -> Option<&str> {
        let name = std::str::from_utf8(&self.name).ok()?;
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        (name.bytes().all(is_of_name) && !name.split('/').any(|part| matches!(part, "" | "." | "..")))
            .then_some(name)
    }
}

/// The named templates of a file that has nothing else and some of nginx's blocks, each as a text of that file: it is
/// included where it is called.
pub(crate) fn texts(text: &[u8]) -> Vec<Found> {
    if !is_all_named(text) {
        return Vec::new();
    }
    let found = |one: Named| {
        let name = one.file_name()?;
        let mut builder = ViewBuilder::new(text);
        builder.copy(one.span);
        let mut view = builder.finish(None, WrittenAs::default());
        // Lines alone belong to the block that they are called in.
        view.is_called = !one.holds_blocks();
        Some(Found { name: name.to_owned(), ..Found::at(&format!("/{name}"), view) })
    };
    named(text).into_iter().filter_map(found).collect()
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
    use super::{named, texts};

    #[test]
    fn bodies_end_where_their_own_end_stands() {
        let text: &[u8] = b"{{/* all */}}\n{{- define \"a\" -}}\n{{ if .x }}b{{ end }}\nc\n{{- end }}\n{{ define \"d\" }}e{{ end }}\n{{ define \"open\" }}";
        let all: Vec<(String, String, usize)> = named(text)
            .into_iter()
            .map(|one| (String::from_utf8(one.name).unwrap(), String::from_utf8(one.body).unwrap(), one.line))
            .collect();
        let expected = [("a", "{{ if .x }}b{{ end }}\nc", 2), ("d", "e", 6)];
        let expected = expected.map(|(name, body, line)| (name.to_owned(), body.to_owned(), line));
        assert_eq!(all, expected);
        assert!(named(text).iter().all(|one| one.span.of(text) == one.body));
        let crlf = b"{{ define \"a\" }}\r\nb\r\n{{- end }}";
        assert_eq!(
            named(crlf).pop().map(|one| (one.span.of(crlf).to_vec(), one.body)),
            Some((b"b".to_vec(), b"b".to_vec()))
        );
    }

    #[test]
    fn a_file_of_named_templates_holds_a_text_for_each() {
        let text = b"{{/* x */}}\n{{ define \"a\" }}server {\n{{ if .x }}b;{{ end }}\n}\n{{ end }}\n{{ define \"c/d\" -}}\n e;\n{{- end }}\n";
        let all: Vec<(String, String, bool)> = texts(text)
            .into_iter()
            .map(|found| {
                let bytes = String::from_utf8(found.view.bytes().to_vec()).unwrap();
                (found.path, bytes, found.view.is_called())
            })
            .collect();
        let expected = [("/a", "server {\n{{ if .x }}b;{{ end }}\n}", false), ("/c/d", "e;", true)];
        assert_eq!(
            all,
            expected.map(|(path, text, is_called)| (path.to_owned(), text.to_owned(), is_called))
        );
        for text in
            [&b"a;\n{{ define \"b\" }}c{{ end }}"[..], b"{{ x }}{{ define \"b\" }}c{{ end }}", b"plain"]
        {
            assert!(texts(text).is_empty());
        }
    }
}
