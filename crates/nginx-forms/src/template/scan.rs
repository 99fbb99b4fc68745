//! Finding the marks of template engines in a text.

use memchr::memmem::find;
use nginx_syntax::Span;

use super::hashes::{has_hash_marks, hash_mark};
use super::meaning::{Meaning, of_braces, of_code, of_statement};

/// As far is the end of a mark looked for.
const LONGEST_MARK: usize = 8 << 10;

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) span: Span,
    pub(crate) meaning: Meaning,
}

/// The marks of a text and what stands between them, in order and without gaps.
pub(crate) fn tokens(text: &[u8]) -> Vec<Token> {
    let kinds = Kinds::of(text);
    let mut tokens: Vec<Token> = Vec::new();
    let (mut done, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.first() == Some(&b'\n') {
            at += 1;
            continue;
        }
        let is_line_start = at == 0 || text.get(at - 1) == Some(&b'\n');
        let mark = if is_line_start { line(rest, kinds) } else { None };
        let mark = mark.or_else(|| mark_at(rest, kinds));
        let Some((length, meaning)) = mark else {
            // A variable of nginx: its brace begins no mark.
            if rest.starts_with(b"${") {
                at += 2;
                continue;
            }
            // To the next byte that may begin a mark, or the next line.
            let begins = |byte: &u8| b"{<[$@%\n".contains(byte) || (*byte == b'#' && kinds.has_hash_marks);
            let step = rest.iter().skip(1).position(begins);
            at += step.map_or(rest.len(), |step| step + 1);
            continue;
        };
        if meaning == Meaning::Verbatim {
            at += length;
            continue;
        }
        tokens.extend(token(done, at, Meaning::Text));
        match meaning {
            Meaning::Raw { open, close } => {
                tokens.extend(token(at, at + open, Meaning::Blank));
                tokens.extend(token(at + open, at + close, Meaning::Text));
                tokens.extend(token(at + close, at + length, Meaning::Blank));
            }
            // Lines of a program may end one branch and begin another.
            Meaning::Several(all) => {
                let mut start = at;
                for meaning in all {
                    tokens.extend(span(start, at + length).map(|span| Token { span, meaning }));
                    start = at + length;
                }
            }
            meaning => tokens.extend(token(at, at + length, meaning)),
        }
        at += length;
        done = at;
    }
    tokens.extend(token(done, text.len(), Meaning::Text));
    tokens
}

fn token(start: usize, end: usize, meaning: Meaning) -> Option<Token> {
    span(start, end).filter(|span| !span.is_empty()).map(|span| Token { span, meaning })
}

fn span(start: usize, end: usize) -> Option<Span> {
    Some(Span::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?))
}

/// Which families of marks a text has: some mean something else where the others are not used.
#[derive(Debug, Clone, Copy)]
struct Kinds {
    /// `{% … %}`
    has_statements: bool,
    /// `@if (…)`, `@endif`
    is_blade: bool,
    /// `> if x then`
    has_lua_lines: bool,
    /// `% if x:`, `% endif`
    has_percent_lines: bool,
    /// `%{ if x }`, of Terraform
    has_directives: bool,
    /// `{NAME}`
    has_names_in_braces: bool,
    /// `#{NAME}#`
    has_hash_marks: bool,
}

impl Kinds {
    fn of(text: &[u8]) -> Self {
        let has = |mark: &[u8]| find(text, mark).is_some();
        let starts_line = |mark: &[u8]| text.starts_with(mark) || has(&[b"\n", mark].concat());
        Self {
            has_statements: has(b"{%"),
            is_blade: (has(b"@if") && has(b"@endif")) || (has(b"@foreach") && has(b"@endforeach")),
            has_lua_lines: starts_line(b"> if ") || starts_line(b"> for "),
            has_percent_lines: (has(b"% if ") && has(b"% endif")) || (has(b"% for ") && has(b"% endfor")),
            has_directives: has(b"%{"),
            has_names_in_braces: !has(b"{{") && !has(b"{%"),
            has_hash_marks: has(b"#{") && has_hash_marks(text),
        }
    }
}

/// A line that belongs to the engine as a whole.
fn line(rest: &[u8], kinds: Kinds) -> Option<(usize, Meaning)> {
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end)?;
    let words = line.trim_ascii();
    // Elsewhere `{#` may be a block of nginx and a comment in it.
    if words.starts_with(b"{#") {
        if let Some(end) = find(rest, b"#}") {
            return Some((end + 2, Meaning::Blank));
        }
    }
    if kinds.has_lua_lines {
        if let Some(code) = line.strip_prefix(b">") {
            return Some((end, of_code(code)));
        }
    }
    if kinds.has_percent_lines && words.starts_with(b"% ") {
        return Some((end, of_statement(words.get(1..)?.trim_ascii().trim_ascii_end())));
    }
    if kinds.is_blade && words.starts_with(b"@") {
        let meaning = super::meaning::of_blade(words.get(1..)?)?;
        return Some((end, meaning));
    }
    None
}

/// The mark that a text starts with: its length, and what it means.
fn mark_at(rest: &[u8], kinds: Kinds) -> Option<(usize, Meaning)> {
    match rest {
        [b'{', b'{', b'{', ..] => braces(rest, b"{{{", b"}}}").or_else(|| braces(rest, b"{{", b"}}")),
        [b'{', b'{', b'!', b'-', b'-', ..] => comment(rest, b"{{!--", b"--}}"),
        [b'{', b'{', b'-', b'-', ..] => comment(rest, b"{{--", b"--}}"),
        [b'{', b'{', b'/', b'*', ..] | [b'{', b'{', b'-', b' ', b'/', b'*', ..] => {
            let end = find(rest, b"*/")?;
            let close = find(rest.get(end..)?, b"}}")?;
            Some((end + close + 2, Meaning::Blank))
        }
        [b'{', b'{', ..] => braces(rest, b"{{", b"}}"),
        [b'{', b'!', b'!', ..] => inner(rest, b"{!!", b"!!}").map(|(length, inner)| (length, output(inner))),
        [b'{', b'!', ..] => {
            let (length, inner) = inner(rest, b"{!", b"!}")?;
            inner.iter().all(is_of_name).then(|| (length, output(inner)))
        }
        [b'{', b'%', ..] => {
            let (length, inner) = inner(rest, b"{%", b"%}")?;
            let statement = trimmed(inner);
            if statement == b"raw" || statement == b"verbatim" {
                let end = ["{% endraw", "{%- endraw", "{% endverbatim"].iter();
                let end = end.filter_map(|end| find(rest, end.as_bytes())).min();
                return end.and_then(|end| {
                    let close = find(rest.get(end..)?, b"%}")?;
                    // What is in between is text, and so are its marks.
                    Some((end + close + 2, Meaning::Raw { open: length, close: end }))
                });
            }
            Some((length, of_statement(statement)))
        }
        // `{# comment` and `#}` of a block that is commented out are nginx's.
        [b'{', b'#', ..] if kinds.has_statements => comment(rest, b"{#", b"#}"),
        [b'<', b'%', b'%', ..] => Some((3, Meaning::Verbatim)),
        [b'<', b'%', ..] => {
            let end = end_of(rest.get(2..)?, b"%>")?;
            let inner = rest.get(2..2 + end)?;
            let meaning = match inner {
                [b'#', ..] | [b'-', b'#', ..] => Meaning::Blank,
                [b'=', rest @ ..] => output(rest),
                [b'-', rest @ ..] if is_expression(trimmed(rest)) => output(rest),
                code => of_code(trimmed(code)),
            };
            Some((2 + end + 2, meaning))
        }
        [b'[', b'[', b' ' | b'-', ..] => {
            let (length, inner) = inner(rest, b"[[", b"]]")?;
            Some((length, of_braces(trimmed(inner))))
        }
        // Kong writes its own marks so.
        [b'$', b'{', b'{', ..] => {
            braces(rest.get(1..)?, b"{{", b"}}").map(|(length, meaning)| (length + 1, meaning))
        }
        // Terraform puts `${x}` out for it, and nginx would refuse it as it stands.
        [b'$', b'$', b'{', body @ ..] => {
            let length = body.iter().take_while(|byte| is_of_name(byte)).count();
            let is_closed = length > 0 && body.get(length) == Some(&b'}');
            is_closed.then(|| (length + 4, output(body.get(..length).unwrap_or_default())))
        }
        [b'#', ..] if kinds.has_hash_marks => {
            let (length, inner) = hash_mark(rest, kinds.has_names_in_braces)?;
            Some((length, output(inner)))
        }
        [b'$', b'{', ..] => {
            let (length, inner) = dollar(rest)?;
            Some((length, output(inner)))
        }
        // `{NAME}` and `{$NAME}`: nginx refuses a block without a statement that is ended.
        [b'{', body @ ..] if kinds.has_names_in_braces => {
            let length = body.iter().take_while(|byte| is_of_name(byte) || **byte == b'$').count();
            let name = body.get(..length)?;
            let is_name = name.iter().any(u8::is_ascii_uppercase) && !name.iter().any(u8::is_ascii_lowercase);
            (is_name && body.get(length) == Some(&b'}')).then(|| (length + 2, output(name)))
        }
        [b'%', b'%', b'{', ..] if kinds.has_directives => Some((3, Meaning::Verbatim)),
        [b'%', b'{', ..] if kinds.has_directives => {
            let (length, inner) = inner(rest, b"%{", b"}")?;
            // Terraform has no other statements: it is a text that was written `%%{`.
            let meaning = of_statement(trimmed(inner));
            (meaning != Meaning::Blank).then_some((length, meaning))
        }
        _ => None,
    }
}

fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(byte)
}

/// `<%- x %>` of EJS puts something out; in ERB the dash takes blanks away, and statements begin so.
fn is_expression(code: &[u8]) -> bool {
    let has_assignment = code.iter().enumerate().any(|(at, byte)| {
        let is_beside =
            |at: Option<usize>| at.and_then(|at| code.get(at)).is_some_and(|byte| b"=!<>".contains(byte));
        *byte == b'=' && !is_beside(at.checked_sub(1)) && !is_beside(Some(at + 1))
    });
    !code.is_empty()
        && of_code(code) == Meaning::Blank
        && !has_assignment
        && !code.contains(&b'\n')
        && code.first() != Some(&b'|')
}

fn braces(rest: &[u8], open: &[u8], close: &[u8]) -> Option<(usize, Meaning)> {
    let (length, inner) = inner(rest, open, close)?;
    Some((length, of_braces(trimmed(inner))))
}

fn comment(rest: &[u8], open: &[u8], close: &[u8]) -> Option<(usize, Meaning)> {
    let end = find(rest.get(open.len()..)?, close)?;
    Some((open.len() + end + close.len(), Meaning::Blank))
}

fn output(inner: &[u8]) -> Meaning {
    Meaning::Output(trimmed(inner).to_vec())
}

/// What stands between two marks, and the length of all.
fn inner<'t>(rest: &'t [u8], open: &[u8], close: &[u8]) -> Option<(usize, &'t [u8])> {
    let body = rest.get(open.len()..)?;
    let end = end_of(body, close)?;
    let inner = body.get(..end)?;
    // `{{}}` of JSON, `a{{2}`.
    (!inner.trim_ascii().is_empty()).then_some((open.len() + end + close.len(), inner))
}

/// The end of a mark, behind strings that may hold it.
fn end_of(body: &[u8], close: &[u8]) -> Option<usize> {
    let body = body.get(..LONGEST_MARK).unwrap_or(body);
    let first = find(body, close)?;
    let mut quote = None;
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        match quote {
            None if body.get(at..)?.starts_with(close) => return Some(at),
            None if matches!(byte, b'"' | b'`') => quote = Some(*byte),
            Some(b'"') if *byte == b'\\' => at += 1,
            Some(open) if *byte == open => quote = None,
            _ => {}
        }
        at += 1;
    }
    // A quote that is none, such as an apostrophe in words.
    Some(first)
}

/// The `-`, `~`, `+` and `=` that take blanks away, and blanks.
fn trimmed(inner: &[u8]) -> &[u8] {
    let inner = match inner {
        [b'-' | b'~' | b'+', rest @ ..] => rest,
        inner => inner,
    };
    let inner = match inner {
        [rest @ .., b'-' | b'~' | b'+'] => rest,
        inner => inner,
    };
    inner.trim_ascii()
}

/// `${…}` with anything in it that nginx's variables do not have.
fn dollar(rest: &[u8]) -> Option<(usize, &[u8])> {
    let body = rest.get(2..)?;
    let mut depth = 0;
    let line = memchr::memchr(b'\n', body).unwrap_or(body.len());
    let end = body.get(..line)?.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return true,
            b'}' => depth -= 1,
            _ => {}
        }
        false
    })?;
    let inner = body.get(..end)?;
    let is_nginxs = inner.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let starts = inner.first().is_some_and(|byte| byte.is_ascii_alphabetic() || b"_@#!(\"'. ".contains(byte));
    (!is_nginxs && starts).then_some((2 + end + 1, inner))
}
