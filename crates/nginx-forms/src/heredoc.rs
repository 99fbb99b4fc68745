//! Heredocs of shells, Dockerfiles and Terraform.

use std::sync::Arc;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::{Form, Found};
use crate::lines::{indent, is_blank, lines};
use crate::view::{Escape, View, WrittenAs};

/// What a shell writes otherwise where it fills in.
const OF_SHELL: &[Escape] = &[
    Escape { plain: b"\\", written: b"\\\\" },
    Escape { plain: b"$", written: b"\\$" },
    Escape { plain: b"`", written: b"\\`" },
];

/// The same of HCL.
const OF_HCL: &[Escape] =
    &[Escape { plain: b"${", written: b"$${" }, Escape { plain: b"%{", written: b"%%{" }];

/// The head of a heredoc.
struct Head<'t> {
    word: &'t [u8],
    is_quoted: bool,
    /// `<<-`, and `<<~` of Ruby.
    is_dashed: bool,
    /// Where the text goes, if the line says so.
    target: Option<&'t str>,
}

/// The heredocs of a text. `outer`: the view that it is of.
pub(crate) fn heredocs(form: Form, text: &[u8], outer: Option<&Arc<View>>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut all = lines(text).enumerate();
    while let Some((number, line)) = all.next() {
        let Some(head) = head(line.of(text)) else { continue };
        let mut body: Vec<Span> = Vec::new();
        let mut is_closed = false;
        for (_, line) in all.by_ref() {
            let bytes = line.of(text);
            let end = if head.is_dashed { bytes.trim_ascii() } else { bytes.trim_ascii_end() };
            // `EOF"` and `EOF)` end what is around it too.
            if end
                .strip_prefix(head.word)
                .is_some_and(|rest| rest.iter().all(|byte| b")\"';,&| ".contains(byte)))
            {
                is_closed = true;
                break;
            }
            body.push(line);
        }
        if !is_closed {
            break;
        }
        let view = view(form, text, &head, &body, outer);
        found.push(match head.target {
            Some(path) if path.starts_with('/') => Found::at(path, view),
            Some(name) => Found::named(name, view),
            None => Found::named(&format!("heredoc-{}", number + 1), view),
        });
    }
    found
}

fn head(line: &[u8]) -> Option<Head<'_>> {
    let at = memchr::memmem::find(line, b"<<")?;
    let before = line.get(..at)?;
    if before.trim_ascii_start().starts_with(b"#") || before.ends_with(b"<") {
        return None;
    }
    let mut rest = line.get(at + 2..)?;
    let is_dashed = matches!(rest.first(), Some(b'-' | b'~'));
    rest = if is_dashed { rest.get(1..)? } else { rest }.trim_ascii_start();
    let quote = rest.first().copied().filter(|byte| matches!(byte, b'\'' | b'"' | b'\\'));
    rest = if quote.is_some() { rest.get(1..)? } else { rest };
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let word = rest
        .get(..length)
        .filter(|word| word.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_'))?;
    let behind = rest.get(length..)?;
    Some(Head { word, is_quoted: quote.is_some(), is_dashed, target: target(before, behind) })
}

/// `> FILE`, `tee FILE`, `COPY <<EOF FILE`.
fn target<'t>(before: &'t [u8], behind: &'t [u8]) -> Option<&'t str> {
    let behind = behind.strip_prefix(b"'").or_else(|| behind.strip_prefix(b"\"")).unwrap_or(behind);
    let is_copy =
        before.trim_ascii_start().starts_with(b"COPY") || before.trim_ascii_start().starts_with(b"ADD");
    for part in [behind, before] {
        let text = std::str::from_utf8(part).ok()?;
        let mut words = text.split_ascii_whitespace().peekable();
        if is_copy && std::ptr::eq(part, behind) {
            return words.next().map(plain);
        }
        while let Some(word) = words.next() {
            let name = match word {
                ">" | ">>" | "tee" => words.find(|word| !word.starts_with('-')),
                _ => word
                    .trim_start_matches(|byte: char| byte.is_ascii_digit())
                    .strip_prefix('>')
                    .map(|rest| rest.trim_start_matches('>'))
                    .filter(|name| !name.is_empty()),
            };
            if let Some(name) = name.filter(|name| *name != "/dev/null") {
                return Some(plain(name));
            }
        }
    }
    None
}

fn plain(word: &str) -> &str {
    word.trim_matches(|byte| matches!(byte, '"' | '\'' | ';' | ')'))
}

fn view(form: Form, text: &[u8], head: &Head<'_>, body: &[Span], outer: Option<&Arc<View>>) -> View {
    let of = |line: &Span| line.of(text);
    let filled = body.iter().filter(|line| !is_blank(of(line)));
    let dropped = match form {
        Form::Terraform if head.is_dashed => filled.map(|line| indent(of(line))).min().unwrap_or_default(),
        _ => 0,
    };
    let tabs = |line: &Span| {
        let count = of(line).iter().take_while(|byte| **byte == b'\t').count();
        u32::try_from(count).unwrap_or_default()
    };
    let mut builder = ViewBuilder::new(text);
    for line in body {
        let cut = if form == Form::Terraform {
            dropped
        } else if head.is_dashed {
            tabs(line)
        } else {
            0
        };
        let length = u32::try_from(of(line).trim_ascii_end().len()).unwrap_or_default();
        let start = line.start + cut.min(length);
        match (form, head.is_quoted) {
            (Form::Terraform, _) => of_hcl(&mut builder, text, Span::new(start, line.end)),
            (_, true) => builder.copy(Span::new(start, line.end)),
            (_, false) => of_shell(&mut builder, text, Span::new(start, line.end)),
        }
    }
    let first = body.iter().find(|line| !is_blank(of(line)));
    let indent = match (form, first) {
        (Form::Terraform, Some(line)) => Span::new(line.start, line.start + dropped).of(text).to_vec(),
        (_, Some(line)) if head.is_dashed => Span::new(line.start, line.start + tabs(line)).of(text).to_vec(),
        _ => Vec::new(),
    };
    let escapes = match form {
        Form::Terraform => OF_HCL,
        _ if head.is_quoted => &[],
        _ => OF_SHELL,
    };
    builder.finish(outer.cloned(), WrittenAs { indent, escapes })
}

/// A line that a shell fills in.
fn of_shell(builder: &mut ViewBuilder<'_>, text: &[u8], line: Span) {
    let (mut done, mut at) = (line.start, line.start);
    while at < line.end {
        let rest = Span::new(at, line.end).of(text);
        let (length, plain): (u32, Option<Vec<u8>>) = match rest {
            [b'\\', escaped @ (b'$' | b'`' | b'\\'), ..] => (2, Some(vec![*escaped])),
            // The line goes on.
            [b'\\', b'\n', ..] => (2, Some(Vec::new())),
            [b'$', ..] => match filled_in(rest) {
                Some((length, name)) => {
                    builder.copy(Span::new(done, at));
                    builder.placeholder(Span::new(at, at + length), &placeholder(name));
                    at += length;
                    done = at;
                    continue;
                }
                None => (1, None),
            },
            _ => (1, None),
        };
        if let Some(plain) = plain {
            builder.copy(Span::new(done, at));
            let host = Span::new(at, at + length);
            if plain.is_empty() {
                builder.replace(host, b"");
            } else {
                builder.unescape(host, &plain);
            }
            done = at + length;
        }
        at += length;
    }
    builder.copy(Span::new(done, line.end));
}

/// A line that Terraform fills in: `${x}` and `%{ if x }`, whose marks stay for the template.
fn of_hcl(builder: &mut ViewBuilder<'_>, text: &[u8], line: Span) {
    let (mut done, mut at) = (line.start, line.start);
    while at < line.end {
        let rest = Span::new(at, line.end).of(text);
        let length = match rest {
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => {
                builder.copy(Span::new(done, at));
                builder.unescape(Span::new(at, at + 3), rest.get(1..3).unwrap_or_default());
                done = at + 3;
                3
            }
            [b'$', b'{', ..] => {
                let end = memchr::memchr(b'}', rest).unwrap_or(rest.len().saturating_sub(1));
                let length = u32::try_from(end + 1).unwrap_or(u32::MAX).min(line.end - at);
                builder.copy(Span::new(done, at));
                builder.placeholder(
                    Span::new(at, at + length),
                    &placeholder(rest.get(2..end).unwrap_or_default()),
                );
                done = at + length;
                length
            }
            _ => 1,
        };
        at += length;
    }
    builder.copy(Span::new(done, line.end));
}

/// `$x`, `${x}`, `$(x)`: its length, and what stands in it.
fn filled_in(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (open, close) = match rest.get(1)? {
        b'{' => (2, b'}'),
        b'(' => (2, b')'),
        _ => {
            let body = rest.get(1..)?;
            let length =
                body.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            let is_name = length > 0 && !body.first()?.is_ascii_digit();
            return if is_name { Some((u32::try_from(length + 1).ok()?, body.get(..length)?)) } else { None };
        }
    };
    let end = memchr::memchr(close, rest)?;
    Some((u32::try_from(end + 1).ok()?, rest.get(open..end)?))
}

fn placeholder(name: &[u8]) -> Vec<u8> {
    let is_of_name = |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_uppercase() } else { b'_' };
    let mut name: Vec<u8> = name.iter().map(|byte| is_of_name(*byte)).take(40).collect();
    if !name.first().is_some_and(u8::is_ascii_uppercase) {
        name.insert(0, b'X');
    }
    [b"${".as_slice(), &name, b"}"].concat()
}
