//! Heredocs of shells, Dockerfiles and Terraform.

use std::collections::BTreeMap;
use std::sync::Arc;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::{Form, Found};
use crate::hcl;
use crate::lines::{indent, is_blank, lines};
use crate::pieces;
use crate::quotes::Quotes;
use crate::redirect::{Output, destination, first_command, last_command, output};
use crate::script::Script;
use crate::template::{self, Manner};
use crate::unset::Unset;
use crate::view::{Escape, View, WrittenAs};
use crate::yaml;

/// What a shell writes otherwise where it fills in.
const OF_SHELL: &[Escape] = &[
    Escape { plain: b"\\", written: b"\\\\" },
    Escape { plain: b"$", written: b"\\$" },
    Escape { plain: b"`", written: b"\\`" },
];

/// The same in a string, `"…"`.
pub(crate) const OF_STRING: &[Escape] = &[
    Escape { plain: b"\\", written: b"\\\\" },
    Escape { plain: b"$", written: b"\\$" },
    Escape { plain: b"`", written: b"\\`" },
    Escape { plain: b"\"", written: b"\\\"" },
];

/// The same of HCL.
const OF_HCL: &[Escape] =
    &[Escape { plain: b"${", written: b"$${" }, Escape { plain: b"%{", written: b"%%{" }];

/// The head of a heredoc.
pub(crate) struct Head<'t> {
    word: &'t [u8],
    is_quoted: bool,
    /// `<<-`, and `<<~` of Ruby.
    is_dashed: bool,
    /// Whether it stands in `"…"`, so that one shell reads the text before the other, and whether that string began in
    /// the same command.
    pub(crate) in_string: Option<bool>,
    /// Where the text goes, if the line says so.
    pub(crate) output: Option<Output>,
}

/// A heredoc, and where it stands.
pub(crate) struct Piece<'t> {
    pub(crate) form: Form,
    pub(crate) head: Head<'t>,
    pub(crate) body: Vec<Span>,
    /// The line of its command, from 0.
    pub(crate) line: usize,
    /// Where `<<` stands.
    pub(crate) at: u32,
}

/// As deep may heredocs stand in others: a script that is written by one.
const DEEPEST: usize = 4;

/// As many heredocs one command has.
const MOST_HEADS: usize = 32;

/// The heredocs of a text, and those in them. `outer`: the view that it is of; `is_nested`: it stands in YAML that is a
/// heredoc itself.
pub(crate) fn heredocs(form: Form, text: &[u8], outer: Option<&Arc<View>>, is_nested: bool) -> Vec<Found> {
    let mut found = Vec::new();
    // What is left to be looked through, the first at the end.
    let mut left: Vec<(Found, usize)> =
        of_text(form, text, outer).into_iter().rev().map(|one| (one, 1)).collect();
    while let Some((one, depth)) = left.pop() {
        let bytes = one.view.bytes();
        let inner = match depth < DEEPEST && memchr::memmem::find(bytes, b"<<").is_some() {
            true => of_text(Form::Shell, bytes, Some(&one.view)),
            false => Vec::new(),
        };
        let of_yaml = if is_nested { Vec::new() } else { of_yaml(&one.view) };
        if !of_yaml.is_empty() {
            found.extend(of_yaml);
        } else if inner.is_empty() {
            found.push(one);
        } else {
            left.extend(inner.into_iter().rev().map(|one| (one, depth + 1)));
        }
    }
    found
}

/// The texts of a heredoc that is YAML: `kubectl apply -f - <<EOF`, user data of a machine.
fn of_yaml(view: &Arc<View>) -> Vec<Found> {
    let text = view.bytes();
    let has_line = |start: &[u8]| lines(text).any(|line| line.of(text).starts_with(start));
    if !(text.trim_ascii_start().starts_with(b"#cloud-config")
        || has_line(b"apiVersion:") && has_line(b"kind:"))
    {
        return Vec::new();
    }
    let mut all = yaml::scalars(text, true);
    for found in &mut all {
        for one in std::iter::once(&mut found.view).chain(&mut found.other_ways) {
            *one = Arc::new(View::clone(one).inside(view));
        }
    }
    all
}

/// The heredocs that stand in no other.
fn of_text(form: Form, text: &[u8], outer: Option<&Arc<View>>) -> Vec<Found> {
    let all: Vec<Span> = lines(text).collect();
    let ends = Ends::of(text, &all);
    let mut found = Vec::new();
    let mut number = 0;
    let mut quotes = (form != Form::Terraform).then(Quotes::default);
    let (mut pieces, mut script) = (Vec::new(), Script::default());
    while let Some(first) = all.get(number) {
        // The command goes on in the next line.
        let mut end = first.end;
        let mut next = number + 1;
        while goes_on(Span::new(first.start, end).of(text)) {
            let Some(line) = all.get(next) else { break };
            end = line.end;
            next += 1;
        }
        let command = Span::new(first.start, end).of(text);
        if form != Form::Terraform {
            script.take(text, Span::new(first.start, end));
        }
        for (at, head) in heads(command, quotes.as_mut()) {
            // Other programs shift bits so.
            let Some(end) = ends.first(&head, next) else { continue };
            let body = all.get(next..end).unwrap_or_default();
            next = end + 1;
            if form == Form::Terraform {
                let (view, other_ways) = through_directives(view(form, text, &head, body, outer));
                let one = match head.output.as_ref().map(|output| output.target.as_str()) {
                    Some(path) if path.starts_with('/') => Found::at(path, view),
                    Some(name) => Found::named(name, view),
                    None => match hcl::key(command) {
                        Some(key) => Found::named(key, view),
                        None => Found::named(&format!("heredoc-{}", number + 1), view),
                    },
                };
                let is_in_cluster = hcl::is_in_cluster(text, first.start);
                found.push(Found { other_ways, is_in_cluster, ..one });
                continue;
            }
            let at = first.start + u32::try_from(at).unwrap_or_default();
            pieces.push(Piece { form, head, body: body.to_vec(), line: number, at });
            // `EOF"`
            if let (Some(quotes), Some(last)) = (&mut quotes, all.get(end)) {
                let rest = split_word(last.of(text).trim_ascii_start()).1;
                quotes.begin();
                quotes.take(rest);
                let length = u32::try_from(rest.len()).unwrap_or_default();
                script.take(text, Span::new(last.end - length.min(last.len()), last.end));
            }
        }
        number = next;
    }
    if form == Form::Terraform { found } else { pieces::files(text, &pieces, &script, outer) }
}

/// The ways through `%{ if x }` and `%{ for x in y }` of a text of Terraform, the longest first.
fn through_directives(view: View) -> (View, Vec<Arc<View>>) {
    // A text of Terraform's that has `%{` for itself is none: `%%{` writes it.
    let has_directive = |text: &[u8]| {
        memchr::memmem::find_iter(text, b"%{").any(|at| {
            let body = text.get(at + 2..).unwrap_or_default();
            let body = body.strip_prefix(b"~").unwrap_or(body).trim_ascii_start();
            matches!(split_word(body).0, b"if" | b"for")
        })
    };
    if !has_directive(view.bytes()) {
        return (view, Vec::new());
    }
    let view = Arc::new(view);
    let mut ways = template::alternatives(view.bytes(), Some(&view), Manner::default()).views.into_iter();
    match ways.next() {
        Some(first) => (first, ways.map(Arc::new).collect()),
        None => (Arc::unwrap_or_clone(view), Vec::new()),
    }
}

/// Whether a line ends in a backslash of its own.
fn goes_on(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1 && !line.trim_ascii_start().starts_with(b"#")
}

/// The lines that may end a heredoc, by their word: with blanks before it, and without.
struct Ends<'t>(BTreeMap<(&'t [u8], bool), Vec<usize>>);

impl<'t> Ends<'t> {
    fn of(text: &'t [u8], lines: &[Span]) -> Self {
        let mut all: BTreeMap<(&[u8], bool), Vec<usize>> = BTreeMap::new();
        for (number, line) in lines.iter().enumerate() {
            let line = line.of(text);
            let (word, rest) = split_word(line.trim_ascii());
            // `EOF"` and `EOF)` end what is around it too.
            if !word.is_empty() && rest.iter().all(|byte| b")\"';,&| ".contains(byte)) {
                let is_indented = line.first().is_some_and(u8::is_ascii_whitespace);
                all.entry((word, is_indented)).or_default().push(number);
            }
        }
        Self(all)
    }

    /// The first line from one on that ends a heredoc.
    fn first(&self, head: &Head<'_>, from: usize) -> Option<usize> {
        let of = |is_indented: bool| {
            let lines = self.0.get(&(head.word, is_indented))?;
            lines.get(lines.partition_point(|line| *line < from)).copied()
        };
        let indented = of(true).filter(|_| head.is_dashed);
        of(false).into_iter().chain(indented).min()
    }
}

/// A word at the start of a text, and what is behind it.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    text.split_at(text.iter().take_while(is_of_word).count())
}

/// The heads of a command, in the order of their texts.
fn heads<'t>(command: &'t [u8], mut quotes: Option<&mut Quotes>) -> Vec<(usize, Head<'t>)> {
    if let Some(quotes) = &mut quotes {
        quotes.begin();
    }
    // How far the quotes are known.
    let mut known = 0;
    let mut until = |end: usize| {
        let quotes = quotes.as_mut()?;
        quotes.take(command.get(known..end).unwrap_or_default());
        known = end;
        quotes.double()
    };
    let heads = heads_of(command, &mut until);
    until(command.len());
    heads
}

/// The same; `in_string` tells of a place, none before one that was asked, whether it is in a string.
fn heads_of<'t>(
    command: &'t [u8],
    in_string: &mut dyn FnMut(usize) -> Option<bool>,
) -> Vec<(usize, Head<'t>)> {
    let mut heads = Vec::new();
    let mut at = 0;
    // Where the command begins that the next head belongs to.
    let mut start = 0;
    let trimmed = command.trim_ascii_start();
    if trimmed.starts_with(b"#") {
        return heads;
    }
    let is_copy = trimmed.starts_with(b"COPY ") || trimmed.starts_with(b"ADD ");
    while heads.len() < MOST_HEADS {
        let next = command.get(at..).and_then(|rest| memchr::memmem::find(rest, b"<<"));
        let Some(found) = next else { break };
        let here = at + found;
        // `<<<` gives one line to a command.
        let length = command.get(here..).unwrap_or_default().iter().take_while(|byte| **byte == b'<').count();
        at = here + length;
        if length != 2 {
            continue;
        }
        let (Some(before), Some(rest)) = (command.get(start..here), command.get(at..)) else { break };
        let Some((word, is_quoted, is_dashed, length)) = word(rest) else { continue };
        at += length;
        let behind = command.get(at..).unwrap_or_default();
        let mut output = match is_copy {
            true => destination(behind),
            false => output(last_command(before), first_command(behind)),
        };
        // The file of a folder.
        if let Some(output) = output.as_mut().filter(|output| output.target.ends_with('/')) {
            output.target.push_str(&String::from_utf8_lossy(word));
        }
        heads.push((here, Head { word, is_quoted, is_dashed, in_string: in_string(here), output }));
        start = here;
    }
    heads
}

/// The word that ends a heredoc, whether it is quoted and dashed, and the length of all.
fn word(rest: &[u8]) -> Option<(&[u8], bool, bool, usize)> {
    let is_dashed = matches!(rest.first(), Some(b'-' | b'~'));
    let mut at = usize::from(is_dashed);
    at += rest.get(at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    // `\EOF`, and `\"EOF\"` in a string.
    let backslashes = rest.get(at..)?.iter().take_while(|byte| **byte == b'\\').count();
    at += backslashes;
    let quote = rest.get(at).copied().filter(|byte| matches!(byte, b'\'' | b'"'));
    at += usize::from(quote.is_some());
    let word = split_word(rest.get(at..)?).0;
    let length = word.len();
    word.first().filter(|byte| byte.is_ascii_alphabetic() || **byte == b'_')?;
    let behind = rest.get(at + length..).unwrap_or_default();
    let closing = backslashes.min(behind.iter().take_while(|byte| **byte == b'\\').count());
    let closed = match quote {
        Some(quote) if behind.get(closing) == Some(&quote) => closing + 1,
        _ => 0,
    };
    let is_quoted = quote.is_some() || backslashes > 0;
    Some((word, is_quoted, is_dashed, at + length + closed))
}

/// The text of a heredoc of a script.
pub(crate) fn view_of(text: &[u8], piece: &Piece<'_>, outer: Option<&Arc<View>>) -> View {
    view(piece.form, text, &piece.head, &piece.body, outer)
}

/// The text of a heredoc. One in a string is what the inner shell makes of what the outer one does.
fn view(form: Form, text: &[u8], head: &Head<'_>, body: &[Span], outer: Option<&Arc<View>>) -> View {
    // A text with quotes has ended a string before that began in another line: it is none.
    if head
        .in_string
        .is_none_or(|is_of_command| !is_of_command && body.iter().any(|line| has_quote(line.of(text))))
    {
        return of_one_shell(form, text, head, body, outer);
    }
    let mut builder = ViewBuilder::new(text);
    let unset = Unset::of(text, whole(body).of(text));
    for line in body {
        of_shell(&mut builder, text, *line, true, &unset);
    }
    let string = builder.finish(outer.cloned(), WrittenAs { indent: Vec::new(), escapes: OF_STRING });
    let string = Arc::new(string);
    let lines: Vec<Span> = lines(string.bytes()).collect();
    of_one_shell(form, string.bytes(), head, &lines, Some(&string))
}

/// Whether a line has `"` without a backslash.
fn has_quote(line: &[u8]) -> bool {
    let mut is_escaped = false;
    line.iter().any(|byte| {
        let was_escaped = is_escaped;
        is_escaped = *byte == b'\\' && !was_escaped;
        *byte == b'"' && !was_escaped
    })
}

fn of_one_shell(form: Form, text: &[u8], head: &Head<'_>, body: &[Span], outer: Option<&Arc<View>>) -> View {
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
    let is_filled_in = form != Form::Terraform && !head.is_quoted;
    let unset = if is_filled_in { Unset::of(text, whole(body).of(text)) } else { Unset::default() };
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
        let cut = cut.min(length);
        let start = line.start + cut;
        if head.is_dashed && form != Form::Terraform {
            builder.tabs(cut);
        }
        match (form, head.is_quoted) {
            (Form::Terraform, _) => of_hcl(&mut builder, text, Span::new(start, line.end)),
            (_, true) => builder.copy(Span::new(start, line.end)),
            (_, false) => of_shell(&mut builder, text, Span::new(start, line.end), false, &unset),
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

/// A line that a shell fills in, of a heredoc or of a string.
pub(crate) fn of_shell(
    builder: &mut ViewBuilder<'_>,
    text: &[u8],
    line: Span,
    is_string: bool,
    unset: &Unset,
) {
    let (mut done, mut at) = (line.start, line.start);
    let first = builder.end();
    let mut lost: Vec<&[u8]> = Vec::new();
    while at < line.end {
        let rest = Span::new(at, line.end).of(text);
        let (length, plain): (u32, Option<Vec<u8>>) = match rest {
            [b'\\', escaped @ (b'$' | b'`' | b'\\'), ..] => (2, Some(vec![*escaped])),
            [b'\\', b'"', ..] if is_string => (2, Some(vec![b'"'])),
            // It ends the string, or begins it again.
            [b'"', ..] if is_string => (1, Some(Vec::new())),
            // The line goes on.
            [b'\\', b'\n', ..] => (2, Some(Vec::new())),
            [b'$' | b'`', ..] => match filled_in(rest) {
                Some((length, name)) => {
                    builder.copy(Span::new(done, at));
                    if unset.has(name) {
                        builder.replace(Span::new(at, at + length), b"");
                        lost.push(name);
                    } else {
                        builder.placeholder(Span::new(at, at + length), &placeholder(name));
                    }
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
    for name in lost {
        let name = String::from_utf8_lossy(name);
        builder.tell(
            first,
            format!("the shell replaces `${name}` with nothing, because no shell variable has this name: write `\\${name}`, or quote the heredoc (`<<'EOF'`)"),
        );
    }
}

/// From the first of some lines to the last.
fn whole(lines: &[Span]) -> Span {
    match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => first.to(*last),
        _ => Span::at(0),
    }
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

/// `$x`, `${x}`, `$(x)`, and `x` in backticks: its length, and what stands in it.
fn filled_in(rest: &[u8]) -> Option<(u32, &[u8])> {
    if rest.starts_with(b"`") {
        let mut is_escaped = false;
        let end = rest.iter().skip(1).position(|byte| {
            let was_escaped = std::mem::take(&mut is_escaped);
            is_escaped = *byte == b'\\' && !was_escaped;
            *byte == b'`' && !was_escaped
        })?;
        return Some((u32::try_from(end + 2).ok()?, rest.get(1..=end)?));
    }
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

/// What stands for a value that nobody knows.
pub(crate) fn placeholder(name: &[u8]) -> Vec<u8> {
    let is_of_name = |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_uppercase() } else { b'_' };
    let mut name: Vec<u8> = name.iter().map(|byte| is_of_name(*byte)).take(40).collect();
    if !name.first().is_some_and(u8::is_ascii_uppercase) {
        name.insert(0, b'X');
    }
    [b"${".as_slice(), &name, b"}"].concat()
}
