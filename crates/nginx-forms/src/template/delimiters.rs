//! Templates of Jinja whose marks are other than `{{`, `{%` and `{#`: by the first line, which Ansible reads so, or by what
//! the text has.

use memchr::memmem::find;
use nginx_syntax::Span;

use super::Manner;
use super::meaning::{Meaning, of_braces, of_statement};
use super::scan::{self, Token};

/// What Ansible looks for at the very start of a template.
const HEADER: &[u8] = b"#jinja2:";

/// The marks of a text: what opens and what closes each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Delimiters {
    statement: (Vec<u8>, Vec<u8>),
    output: (Vec<u8>, Vec<u8>),
    comment: (Vec<u8>, Vec<u8>),
}

impl Default for Delimiters {
    fn default() -> Self {
        let pair = |open: &str, close: &str| (open.as_bytes().to_vec(), close.as_bytes().to_vec());
        Self { statement: pair("{%", "%}"), output: pair("{{", "}}"), comment: pair("{#", "#}") }
    }
}

/// The length of the line that tells Ansible how to read a template; it is none of what comes out. 0 where there is none.
fn header(text: &[u8]) -> usize {
    match text.starts_with(HEADER) {
        true => memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1),
        false => 0,
    }
}

impl Delimiters {
    /// Those that the first line tells of: `#jinja2: variable_start_string:'[[', trim_blocks: True`.
    fn told(line: &[u8]) -> Self {
        let mut all = Self::default();
        for (name, own) in [
            (&b"variable_start_string"[..], &mut all.output.0),
            (b"variable_end_string", &mut all.output.1),
            (b"block_start_string", &mut all.statement.0),
            (b"block_end_string", &mut all.statement.1),
            (b"comment_start_string", &mut all.comment.0),
            (b"comment_end_string", &mut all.comment.1),
        ] {
            let value = find(line, name).and_then(|at| {
                let rest = line.get(at + name.len()..)?.trim_ascii_start().strip_prefix(b":")?;
                let (quote, rest) = rest.trim_ascii_start().split_first()?;
                let end = memchr::memchr(*quote, rest).filter(|_| matches!(quote, b'\'' | b'"'))?;
                rest.get(..end).filter(|value| !value.is_empty())
            });
            if let Some(value) = value {
                *own = value.to_vec();
            }
        }
        all
    }

    /// Those that a text has which has none of the usual ones; the task that fills it in tells of them.
    fn seen(text: &[u8]) -> Option<Self> {
        let has = |mark: &[u8]| find(text, mark).is_some();
        if has(b"{{") || has(b"{%") {
            return None;
        }
        let mut all = Self::default();
        let mut is_other = false;
        for (open, close) in [(&b"((%"[..], &b"%))"[..]), (b"[%", b"%]"), (b"<<%", b"%>>")] {
            if !is_other && has_word_between(text, open, close) {
                all.statement = (open.to_vec(), close.to_vec());
                is_other = true;
            }
        }
        for (open, close) in [(&b"(("[..], &b"))"[..]), (b"[[", b"]]"), (b"<<", b">>"), (b"[%", b"%]")] {
            if all.statement.0 != open && has_word_between(text, open, close) {
                all.output = (open.to_vec(), close.to_vec());
                // The scan of the usual marks knows these.
                return (is_other || open != b"[[").then_some(all);
            }
        }
        is_other.then_some(all)
    }
}

/// Whether a mark stands in a text with a blank, words and a blank in it.
fn has_word_between(text: &[u8], open: &[u8], close: &[u8]) -> bool {
    memchr::memmem::find_iter(text, open).any(|at| {
        let body = text.get(at + open.len()..).unwrap_or_default();
        let line = memchr::memchr(b'\n', body).and_then(|end| body.get(..end)).unwrap_or(body);
        let Some(inner) = find(line, close).and_then(|end| line.get(..end)) else { return false };
        let is_of_expression =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-+|()'\", =!<>[]".contains(byte);
        inner.starts_with(b" ")
            && inner.ends_with(b" ")
            && inner.trim_ascii().first().is_some_and(u8::is_ascii_alphabetic)
            && inner.iter().all(is_of_expression)
    })
}

/// The marks of a template and what stands between them, in order.
pub(super) fn tokens(text: &[u8], manner: Manner) -> Vec<Token> {
    // It knows no marks: what stands for itself is found with the words around it.
    if manner.is_of_envsubst {
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        return vec![Token { span: Span::new(0, end), meaning: Meaning::Text }];
    }
    let start = header(text);
    let delimiters = match start {
        0 => manner.is_by_name.then(|| Delimiters::seen(text)).flatten(),
        _ => Some(Delimiters::told(text.get(..start).unwrap_or_default())),
    };
    let Some(delimiters) = delimiters else { return scan::tokens(text) };
    let rest = text.get(start..).unwrap_or_default();
    let mut tokens = if delimiters == Delimiters::default() {
        scan::tokens(rest)
    } else {
        of_delimiters(rest, &delimiters)
    };
    // The first line stays where it is: no piece of a view stands for it, so that nothing is put before it.
    let by = u32::try_from(start).unwrap_or_default();
    for token in &mut tokens {
        token.span = Span::new(token.span.start + by, token.span.end + by);
    }
    tokens
}

fn of_delimiters(text: &[u8], delimiters: &Delimiters) -> Vec<Token> {
    let Delimiters { statement, output, comment } = delimiters;
    let span = |start: usize, end: usize| {
        Span::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
    };
    let mut tokens = Vec::new();
    let (mut done, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        // The longest one that opens here.
        let mut opened: Vec<&(Vec<u8>, Vec<u8>)> =
            [statement, output, comment].into_iter().filter(|(open, _)| rest.starts_with(open)).collect();
        opened.sort_by_key(|(open, _)| std::cmp::Reverse(open.len()));
        let found = opened.first().and_then(|pair| {
            let body = rest.get(pair.0.len()..)?;
            let end = find(body, &pair.1)?;
            Some((*pair, body.get(..end)?, pair.0.len() + end + pair.1.len()))
        });
        let Some((pair, inner, length)) = found else {
            at += 1;
            continue;
        };
        let inner = inner.strip_prefix(b"-").unwrap_or(inner);
        let inner = inner.strip_suffix(b"-").unwrap_or(inner).trim_ascii();
        let meaning = if pair == output {
            of_braces(inner)
        } else if pair == statement {
            of_statement(inner)
        } else {
            Meaning::Blank
        };
        if at > done {
            tokens.push(Token { span: span(done, at), meaning: Meaning::Text });
        }
        tokens.push(Token { span: span(at, at + length), meaning });
        at += length;
        done = at;
    }
    if text.len() > done {
        tokens.push(Token { span: span(done, text.len()), meaning: Meaning::Text });
    }
    tokens
}
