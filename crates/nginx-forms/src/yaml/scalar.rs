//! The text of one scalar as a view.

use granit_parser::ScalarStyle;
use nginx_syntax::Span;

use super::leaves::Leaf;
use crate::build::ViewBuilder;
use crate::heredoc::placeholder;
use crate::lines::{indent, is_blank, lines};
use crate::template::meaning::Meaning;
use crate::template::scan::tokens;
use crate::unset::Unset;
use crate::view::{Escape, Told, View, WrittenAs};

/// Compose fills in `$NAME` and `${NAME}`.
const OF_COMPOSE: &[Escape] = &[Escape { plain: b"$", written: b"$$" }];

/// The text of a scalar; `masked` is what the parser saw. `None` where its bytes cannot be told apart.
pub(super) fn view(text: &[u8], masked: &str, leaf: &Leaf, is_compose: bool) -> Option<View> {
    match leaf.style {
        ScalarStyle::Literal | ScalarStyle::Folded => block(text, masked, leaf, is_compose),
        ScalarStyle::DoubleQuoted | ScalarStyle::SingleQuoted => quoted(text, leaf, is_compose),
        _ => None,
    }
}

fn block(text: &[u8], masked: &str, leaf: &Leaf, is_compose: bool) -> Option<View> {
    let masked = masked.as_bytes();
    let start = masked.get(..leaf.at.start)?.iter().rposition(|byte| *byte == b'\n')? + 1;
    // The span goes on into the blanks of the next line, which may be a mark.
    let body = masked.get(start..leaf.at.end)?;
    let whole = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let (lines_of_it, rest) = body.split_at_checked(whole)?;
    let body = if rest.trim_ascii().is_empty() { lines_of_it } else { body };
    let offset = u32::try_from(start).ok()?;
    // The indent is what the first line that is not blank has more than its value.
    let first = lines(body).find(|line| !is_blank(line.of(body)))?;
    let of_value = leaf.value.split('\n').find(|line| !line.trim().is_empty())?;
    let dropped = indent(first.of(body)).checked_sub(indent(of_value.as_bytes()))?;
    let written = text.get(start..start + body.len())?;
    let end = u32::try_from(own_end(written, dropped)).ok()?;
    let unset = if is_compose { Unset::of(text, written) } else { Unset::default() };
    let mut builder = ViewBuilder::new(text);
    for line in lines(body).filter(|line| line.start < end) {
        let bytes = line.of(body);
        // What is less deep is blank to YAML alone: a mark of a template.
        let written = Span::new(offset + line.start, offset + line.end).of(text);
        let blanks = indent(bytes).min(indent(written)).min(dropped);
        let host = Span::new(offset + line.start + blanks, offset + line.end);
        if is_compose {
            of_compose(&mut builder, text, host, &unset);
        } else {
            of_actions(&mut builder, text, host);
        }
    }
    let cut = Span::new(offset + first.start, offset + first.start + dropped).of(text).to_vec();
    let escapes = if is_compose { OF_COMPOSE } else { &[] };
    let mut view = builder.finish(None, WrittenAs { indent: cut, escapes });
    if leaf.style == ScalarStyle::Folded {
        view.sealed = Some("it is a folded scalar (`>`), whose lines become one; write `|` instead");
        return Some(view);
    }
    // What the parser made of it, blanks at the end apart.
    let read: Vec<u8> = lines(body)
        .flat_map(|line| {
            let bytes = line.of(body);
            let blanks = indent(bytes).min(dropped) as usize;
            bytes.get(blanks..).unwrap_or_default().iter().copied().filter(|byte| *byte != b'\r')
        })
        .collect();
    (read.trim_ascii() == leaf.value.as_bytes().trim_ascii()).then_some(view)
}

/// Where a scalar ends in a template. Marks behind its last line may put out lines of less indent, which are none of it.
fn own_end(written: &[u8], indent_of_it: u32) -> usize {
    let all: Vec<Span> = lines(written).collect();
    let is_own = |line: &&Span| !is_blank(line.of(written)) && !is_mark(line.of(written));
    let Some(last) = all.iter().rfind(is_own) else { return written.len() };
    let behind = all.iter().filter(|line| line.start >= last.end);
    let ends_it = behind.filter_map(|line| indent_put_out(line.of(written))).any(|it| it < indent_of_it);
    if ends_it { last.end as usize } else { written.len() }
}

fn is_mark(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    [(&b"{{"[..], &b"}}"[..]), (b"{%", b"%}"), (b"{#", b"#}")]
        .iter()
        .any(|(open, close)| line.starts_with(open) && line.ends_with(close))
}

/// How far what a line of one mark puts out is indented; `None` where it puts nothing out, or goes on in the line before.
fn indent_put_out(line: &[u8]) -> Option<u32> {
    let tokens = tokens(line.trim_ascii());
    let expression = tokens.iter().find_map(|token| match &token.meaning {
        Meaning::Output(expression) => Some(expression),
        _ => None,
    })?;
    let count = |filter: &[u8]| {
        let at = memchr::memmem::find(expression, filter)?;
        let rest = expression.get(at + filter.len()..)?;
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"(").unwrap_or(rest);
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(rest.get(..digits)?).ok()?.parse::<u32>().ok()
    };
    if let Some(count) = count(b"nindent") {
        return Some(count);
    }
    // `{{-` takes the end of the line before away.
    let is_on_own_line = !line.trim_ascii().starts_with(b"{{-");
    is_on_own_line.then(|| indent(line) + count(b"indent").unwrap_or_default())
}

/// A line of which compose fills in `${NAME}`, and writes `$` for `$$`.
fn of_compose(builder: &mut ViewBuilder<'_>, text: &[u8], line: Span, unset: &Unset) {
    let (mut done, mut at) = (line.start, line.start);
    let first = builder.end();
    let mut lost: Vec<&[u8]> = Vec::new();
    while at < line.end {
        let rest = Span::new(at, line.end).of(text);
        if rest.starts_with(b"$$") {
            builder.copy(Span::new(done, at));
            builder.unescape(Span::new(at, at + 2), b"$");
            at += 2;
            done = at;
            continue;
        }
        if let Some((length, name, is_plain)) = filled_in(rest) {
            let end = (at + length).min(line.end);
            builder.copy(Span::new(done, at));
            if is_plain && unset.has(name) {
                builder.replace(Span::new(at, end), b"");
                lost.push(name);
            } else {
                builder.placeholder(Span::new(at, end), &placeholder_of_compose(name));
            }
            at = end;
            done = at;
            continue;
        }
        at += 1;
    }
    builder.copy(Span::new(done, line.end));
    for name in lost {
        builder.tell(first, nothing_left(name));
    }
}

/// What compose fills in at the start of a text: its length, the name, and whether nothing else is said: `${NAME:-x}`.
fn filled_in(rest: &[u8]) -> Option<(u32, &[u8], bool)> {
    let body = rest.strip_prefix(b"$")?;
    let is_braced = body.first() == Some(&b'{');
    let name = body.get(usize::from(is_braced)..)?;
    let length = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let end = if is_braced { memchr::memchr(b'}', rest)? + 1 } else { length + 1 };
    let is_plain = !is_braced || end == length + 3;
    (length > 0).then_some((u32::try_from(end).ok()?, name.get(..length)?, is_plain))
}

fn placeholder_of_compose(name: &[u8]) -> Vec<u8> {
    [b"${".as_slice(), &name.to_ascii_uppercase(), b"}"].concat()
}

fn nothing_left(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    format!(
        "compose replaces `${name}` with nothing, because it has no variable of this name: write `$${name}`"
    )
}

/// A line of which a workflow of GitHub fills in `${{ x }}`, before any shell reads it.
fn of_actions(builder: &mut ViewBuilder<'_>, text: &[u8], line: Span) {
    let mut done = line.start;
    while let Some((at, length, name)) = expression(Span::new(done, line.end).of(text)) {
        let start = done + at;
        builder.copy(Span::new(done, start));
        builder.placeholder(Span::new(start, start + length), &placeholder(name));
        done = start + length;
    }
    builder.copy(Span::new(done, line.end));
}

/// The next `${{ x }}`: where it starts, its length, and what stands in it.
fn expression(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    let at = memchr::memmem::find(text, b"${{")?;
    let body = text.get(at + 3..)?;
    let end = memchr::memmem::find(body, b"}}")?;
    let inner = body.get(..end)?.trim_ascii();
    Some((u32::try_from(at).ok()?, u32::try_from(end + 5).ok()?, inner))
}

/// `"…"` with `\n` and others in it, or `'…'`.
fn quoted(text: &[u8], leaf: &Leaf, is_compose: bool) -> Option<View> {
    let (mut at, end) = (leaf.at.start.checked_add(1)?, leaf.at.end.checked_sub(1)?);
    let span =
        |start: usize, end: usize| Some(Span::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?));
    let is_single = leaf.style == ScalarStyle::SingleQuoted;
    let unset = if is_compose { Unset::of(text, text.get(at..end)?) } else { Unset::default() };
    let mut builder = ViewBuilder::new(text);
    let mut lost: Vec<(u32, &[u8])> = Vec::new();
    let mut done = at;
    while at < end {
        let rest = text.get(at..end)?;
        let filled = match rest {
            [b'$', b'$', ..] if is_compose => None,
            [b'$', ..] if is_compose => filled_in(rest),
            [b'$', b'{', b'{', ..] => expression(rest).map(|(_, length, name)| (length, name, false)),
            _ => None,
        };
        if let Some((length, name, is_plain)) = filled {
            let behind = at.checked_add(length as usize)?.min(end);
            builder.copy(span(done, at)?);
            if is_plain && unset.has(name) {
                builder.replace(span(at, behind)?, b"");
                lost.push((builder.end(), name));
            } else {
                let by = if is_compose { placeholder_of_compose(name) } else { placeholder(name) };
                builder.placeholder(span(at, behind)?, &by);
            }
            at = behind;
            done = at;
            continue;
        }
        let (length, plain): (usize, &[u8]) = match rest {
            [b'\'', b'\'', ..] if is_single => (2, b"'"),
            [b'$', b'$', ..] if is_compose => (2, b"$"),
            [b'\\', ..] if is_single => {
                at += 1;
                continue;
            }
            [b'\\', b'n', ..] => (2, b"\n"),
            [b'\\', b't', ..] => (2, b"\t"),
            [b'\\', b'r', ..] => (2, b"\r"),
            [b'\\', b'"', ..] => (2, b"\""),
            [b'\\', b'/', ..] => (2, b"/"),
            [b'\\', b' ', ..] => (2, b" "),
            [b'\\', b'\\', ..] => (2, b"\\"),
            [b'\\', b'\r', b'\n', ..] => (3, b""),
            [b'\\', b'\n', ..] => (2, b""),
            // Anything else is rare, and no nginx.
            [b'\\', ..] => return None,
            _ => {
                at += 1;
                continue;
            }
        };
        builder.copy(span(done, at)?);
        if plain.is_empty() {
            builder.replace(span(at, at + length)?, plain);
        } else {
            builder.unescape(span(at, at + length)?, plain);
        }
        at += length;
        done = at;
    }
    builder.copy(span(done, end)?);
    let mut view = builder.finish(None, WrittenAs::default());
    for (at, name) in lost {
        let line = line_around(&view.bytes, at);
        view.told.push(Told { span: line, words: nothing_left(name) });
    }
    view.sealed = Some("it is a quoted scalar; write it as a block (`|`) instead");
    Some(view)
}

/// The line of a text that an offset is on.
fn line_around(text: &[u8], at: u32) -> Span {
    let (before, behind) = text.split_at_checked(at as usize).unwrap_or((text, &[]));
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let length = memchr::memchr(b'\n', behind).unwrap_or(behind.len());
    let of = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span::new(of(start), of(before.len() + length))
}
