//! One way through a template as a view.

use nginx_syntax::Span;

use super::Manner;
use super::choices::Assignment;
use super::meaning::Meaning;
use super::scan::Token;
use super::tree::Tree;
use crate::build::ViewBuilder;
use crate::envsubst::{Misread, misread};
use crate::lexer::{At, Lexer};

/// The view of a template in which these conditions hold.
pub(super) fn view<'t>(
    text: &'t [u8],
    tokens: &[Token],
    tree: &Tree,
    assignment: &Assignment,
    manner: Manner,
) -> ViewBuilder<'t> {
    let active = assignment.active(tree);
    let is_active = |arm: &Option<usize>| {
        arm.map_or(assignment.has_top(), |arm| active.get(arm).copied().unwrap_or_default())
    };
    let mut render = Render {
        text,
        builder: ViewBuilder::new(text),
        lexer: Lexer::new(),
        manner,
        shown: Vec::new(),
        loops: tree.loops(),
    };
    // What comes out, so that it can be told what stands behind a placeholder.
    let shown: Vec<(&Token, bool)> = tokens.iter().zip(tree.of_tokens.iter().map(is_active)).collect();
    render.shown = shown;
    for index in 0..tokens.len() {
        render.token(index);
    }
    render.builder
}

struct Render<'t, 'k> {
    text: &'t [u8],
    builder: ViewBuilder<'t>,
    lexer: Lexer,
    manner: Manner,
    /// Each token with whether it comes out.
    shown: Vec<(&'k Token, bool)>,
    /// The loop that each of them stands in.
    loops: Vec<Option<usize>>,
}

impl Render<'_, '_> {
    fn token(&mut self, index: usize) {
        let Some((token, is_shown)) = self.shown.get(index).copied() else { return };
        match &token.meaning {
            Meaning::Text if is_shown => self.text(token.span, index),
            // nginx finds the same file where the engine does, or it is one that was not given.
            Meaning::Include(name) if is_shown && self.lexer.at == At::Start => {
                let line = [b"include ", name.as_slice(), b";"].concat();
                self.builder.replace(token.span, &line);
                self.lexer.take_all(&line);
            }
            Meaning::Include(name) if is_shown => self.placeholder(token.span, name, index, token.span.end),
            Meaning::Output(expression) if is_shown => {
                self.placeholder(token.span, expression, index, token.span.end);
            }
            _ => self.builder.replace(token.span, b""),
        }
    }

    /// Text, but for what envsubst and others fill in without a mark of its own.
    fn text(&mut self, span: Span, index: usize) {
        let mut done = span.start;
        let mut at = span.start;
        while at < span.end {
            let rest = Span::new(at, span.end).of(self.text);
            let is_word = self.lexer.at == At::Word || matches!(self.lexer.at, At::Quoted(_));
            let is_comment = matches!(self.lexer.at, At::Comment { .. } | At::Lua { .. });
            if self.manner.is_of_envsubst && !is_comment {
                if let Some((length, Misread::LeftAlone)) = misread(rest) {
                    self.builder.copy(Span::new(done, at));
                    let end = at + u32::try_from(length).unwrap_or_default();
                    self.left_alone(Span::new(at, end));
                    (done, at) = (end, end);
                    continue;
                }
            }
            let found = if is_comment || self.lexer.is_escaped() {
                None
            } else {
                plain_mark(rest, self.lexer.at == At::Start, is_word, self.manner)
            };
            let Some((length, name)) = found else {
                self.lexer.take(rest.first().copied().unwrap_or_default());
                at += 1;
                continue;
            };
            self.builder.copy(Span::new(done, at));
            let end = at + length;
            let name = name.to_vec();
            self.placeholder(Span::new(at, end), &name, index, end);
            at = end;
            done = end;
        }
        self.builder.copy(Span::new(done, span.end));
    }

    /// What envsubst leaves as it is, with that said.
    fn left_alone(&mut self, span: Span) {
        let text = span.of(self.text);
        let from = self.builder.end();
        self.builder.copy(span);
        self.lexer.take_all(text);
        let text = String::from_utf8_lossy(text);
        self.builder.tell(
            from,
            format!("envsubst leaves `{text}` as it is: it replaces names, and knows no default values"),
        );
    }

    /// A placeholder in the place of a stretch; `end`: where the text behind it begins.
    fn placeholder(&mut self, span: Span, expression: &[u8], index: usize, end: u32) {
        // What a loop goes through is another thing in each.
        let name = variable(expression, self.loops.get(index).copied().flatten());
        match self.lexer.at {
            At::Start => {
                // As a whole it stands for lines where nothing else is on its line, else it is the name of a directive.
                let is_alone = self.is_alone(index, end);
                let end: &[u8] = if is_alone { b";" } else { b"" };
                self.builder.gap(span, &name, end);
                self.lexer.take_all(&name);
                self.lexer.take_all(end);
            }
            _ => {
                self.builder.placeholder(span, &name);
                self.lexer.take_all(&name);
            }
        }
    }

    /// Whether nothing comes out behind an offset up to the end of the line.
    fn is_alone(&self, index: usize, from: u32) -> bool {
        let mut rest = match self.shown.get(index) {
            Some((token, _)) if token.meaning == Meaning::Text => {
                Span::new(from, token.span.end).of(self.text)
            }
            _ => &[],
        };
        let mut next = index + 1;
        loop {
            for byte in rest {
                match byte {
                    b'\n' | b'#' | b'}' => return true,
                    b' ' | b'\t' | b'\r' => {}
                    _ => return false,
                }
            }
            let Some((token, is_shown)) = self.shown.get(next) else { return true };
            rest = &[];
            match token.meaning {
                Meaning::Text if *is_shown => rest = token.span.of(self.text),
                // One behind the other: each stands for lines, or together they are one.
                Meaning::Output(_) | Meaning::Include(_) if *is_shown => return false,
                _ => {}
            }
            next += 1;
        }
    }
}

/// A placeholder without marks that only templates have: its length and its name. At the start of a statement these are
/// no names of directives.
fn plain_mark(rest: &[u8], is_start: bool, is_word: bool, manner: Manner) -> Option<(u32, &[u8])> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_capital = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let of_length = |length: usize, name| Some((u32::try_from(length).ok()?, name));
    if manner.is_of_envsubst {
        // The value stands behind a `$`, so that it may be the name of a variable.
        if let Some((length, Misread::NotEscaped)) = misread(rest) {
            return of_length(length, rest.get(2..length)?);
        }
    }
    match rest {
        [b'$', b'{', body @ ..] if is_start => {
            let length = body.iter().take_while(|byte| is_of_name(byte)).count();
            let is_closed = length > 0 && body.get(length) == Some(&b'}');
            if is_closed { of_length(length + 3, body.get(..length)?) } else { None }
        }
        [b'$', b'(', body @ ..] if is_start => {
            let length = body.iter().take_while(|byte| is_of_name(byte) || **byte == b'.').count();
            let is_closed = length > 0 && body.get(length) == Some(&b')');
            if is_closed { of_length(length + 3, body.get(..length)?) } else { None }
        }
        [b'$', body @ ..] if is_start || manner.is_by_name => {
            let length = body.iter().take_while(|byte| is_of_name(byte)).count();
            let name = body.get(..length)?;
            let is_it = name.first().is_some_and(u8::is_ascii_uppercase) && name.iter().all(is_capital);
            if is_it { of_length(length + 1, name) } else { None }
        }
        [first @ (b'@' | b'%'), second, body @ ..] if is_start && !is_word && first == second => {
            let length = body.iter().take_while(|byte| is_of_name(byte) || b".-".contains(byte)).count();
            let is_closed = length > 0 && body.get(length..)?.starts_with(&[*first, *first]);
            if is_closed { of_length(length + 4, body.get(..length)?) } else { None }
        }
        [b'%', body @ ..] if is_start || manner.is_by_name => {
            let length = body.iter().take_while(|byte| is_of_name(byte)).count();
            let is_closed =
                body.first().is_some_and(u8::is_ascii_alphabetic) && body.get(length) == Some(&b'%');
            if is_closed { of_length(length + 2, body.get(..length)?) } else { None }
        }
        [b'@', body @ ..] if is_start && !is_word => {
            let length = body.iter().take_while(|byte| is_of_name(byte) || b".-".contains(byte)).count();
            let is_closed = length > 0 && body.get(length) == rest.first();
            if is_closed { of_length(length + 2, body.get(..length)?) } else { None }
        }
        _ => None,
    }
}

/// The variable in capitals that stands for a placeholder: `${VALUES_HOST}` for `{{ .Values.host }}`. Two equal
/// expressions have one name, and different ones have different names.
fn variable(expression: &[u8], in_loop: Option<usize>) -> Vec<u8> {
    let mut name: Vec<u8> = Vec::new();
    let mut is_plain = true;
    for byte in expression {
        if byte.is_ascii_alphanumeric() || *byte == b'_' {
            name.push(byte.to_ascii_uppercase());
        } else {
            is_plain &= matches!(byte, b'.' | b' ' | b'@' | b'$');
            if name.last().is_some_and(|last| *last != b'_') {
                name.push(b'_');
            }
        }
    }
    name.truncate(40);
    while name.last() == Some(&b'_') {
        name.pop();
    }
    if !name.first().is_some_and(u8::is_ascii_uppercase) {
        name = [b"X_".as_slice(), &name].concat();
    }
    if !is_plain || expression.len() > 40 {
        // FNV-1a: the names of two expressions that only differ in marks must differ.
        let hash = expression
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        name.extend_from_slice(format!("_{hash:X}").as_bytes());
    }
    if let Some(number) = in_loop {
        name.extend_from_slice(format!("_LOOP{number}").as_bytes());
    }
    [b"${".as_slice(), &name, b"}"].concat()
}
