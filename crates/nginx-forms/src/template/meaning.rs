//! What stands between the marks of a template engine, as far as it changes which text comes out.
//!
//! Jinja, Twig and Liquid write statements between `{%` and `%}`, Go, Helm, Handlebars and Mustache between `{{` and `}}`,
//! ERB, EPP and EJS lines of a program between `<%` and `%>`. Their words for branches hardly differ.

/// A condition, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(super) text: Vec<u8>,
    /// `unless`
    pub(super) is_negated: bool,
}

/// What a stretch of a template does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Comes out as it is.
    Text,
    /// Comes out as it is, and hides what would be a mark.
    Verbatim,
    /// One behind the other.
    Several(Vec<Meaning>),
    /// Marks around a text that has none; lengths from the start.
    Raw {
        open: usize,
        close: usize,
    },
    /// A value comes out.
    Output(Vec<u8>),
    /// Another template comes out, the one of this name.
    Include(Vec<u8>),
    /// Nothing comes out.
    Blank,
    If(Condition),
    ElseIf(Condition),
    Else,
    /// Once, for what it goes through is not known.
    Loop(Vec<u8>),
    /// Its branches name values of this.
    Case(Vec<u8>),
    When(Vec<u8>),
    /// What follows comes out here.
    Group,
    /// What follows comes out where its name is called.
    Define,
    /// What follows comes out elsewhere, or never.
    Capture,
    End,
}

fn condition(text: &[u8], is_negated: bool) -> Condition {
    Condition { text: normal(text), is_negated }
}

/// With one blank where several are.
fn normal(text: &[u8]) -> Vec<u8> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// The first word, and what follows it.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.iter().take_while(|byte| is_of_word(byte)).count();
    let (word, rest) = text.split_at(length);
    (word, rest.trim_ascii())
}

/// Between `{%` and `%}`.
pub(super) fn of_statement(text: &[u8]) -> Meaning {
    let text = text.strip_suffix(b":").unwrap_or(text);
    let (word, rest) = first_word(text);
    match word {
        b"if" | b"ifversion" => Meaning::If(condition(rest, false)),
        b"unless" => Meaning::If(condition(rest, true)),
        b"elif" | b"elsif" | b"elseif" => Meaning::ElseIf(condition(rest, false)),
        b"else" if first_word(rest).0 == b"if" => Meaning::ElseIf(condition(first_word(rest).1, false)),
        b"else" => Meaning::Else,
        b"for" | b"while" | b"tablerow" => Meaning::Loop(normal(rest)),
        b"case" | b"switch" => Meaning::Case(normal(rest)),
        b"when" => Meaning::When(normal(rest)),
        b"block" | b"call" | b"filter" | b"with" | b"autoescape" | b"apply" | b"spaceless" | b"trans" => {
            Meaning::Group
        }
        // `{% set x = 1 %}` has no end.
        b"set" if !rest.contains(&b'=') => Meaning::Capture,
        b"macro" => Meaning::Define,
        b"capture" | b"comment" => Meaning::Capture,
        b"include" | b"render" => match file_name(rest) {
            Some(name) => Meaning::Include(name.to_vec()),
            None => Meaning::Output([b"include ", rest].concat()),
        },
        word if word.starts_with(b"end") => Meaning::End,
        _ => Meaning::Blank,
    }
}

/// The name of a file in quotes that nginx could include, at the start of what follows `include`.
fn file_name(rest: &[u8]) -> Option<&[u8]> {
    let quote = rest.first().copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let inner = rest.get(1..)?;
    let name = inner.get(..memchr::memchr(quote, inner)?)?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    (!name.is_empty() && name.iter().all(is_plain)).then_some(name)
}

/// Between `{{` and `}}`.
pub(super) fn of_braces(text: &[u8]) -> Meaning {
    match text {
        [b'/', b'*', ..] | [b'!', ..] => return Meaning::Blank,
        [b'#', rest @ ..] => return of_section(rest.trim_ascii()),
        [b'^', rest @ ..] if rest.trim_ascii().is_empty() => return Meaning::Else,
        [b'^', rest @ ..] => return Meaning::If(condition(rest, true)),
        [b'/', ..] => return Meaning::End,
        [b'>', rest @ ..] => return Meaning::Output([b"include ", rest.trim_ascii()].concat()),
        _ => {}
    }
    let (word, rest) = first_word(text);
    match word {
        b"if" | b"with" if !rest.is_empty() => Meaning::If(condition(rest, false)),
        b"unless" if !rest.is_empty() => Meaning::If(condition(rest, true)),
        b"else" if matches!(first_word(rest).0, b"if" | b"with") => {
            Meaning::ElseIf(condition(first_word(rest).1, false))
        }
        b"else" if rest.is_empty() => Meaning::Else,
        b"range" if !rest.is_empty() => Meaning::Loop(normal(rest)),
        b"end" if rest.is_empty() => Meaning::End,
        b"define" if rest.starts_with(b"\"") => Meaning::Define,
        b"block" if rest.starts_with(b"\"") => Meaning::Group,
        b"break" | b"continue" | b"fail" if word != b"fail" || !rest.is_empty() => Meaning::Blank,
        _ if is_assignment(text) || is_comment(text) => Meaning::Blank,
        _ => Meaning::Output(text.to_vec()),
    }
}

/// `{{ ansible_managed | comment }}`: Ansible's filter makes lines of comments of whatever it gets.
fn is_comment(text: &[u8]) -> bool {
    let last = text.rsplit(|byte| *byte == b'|').next().filter(|last| last.len() < text.len());
    last.is_some_and(|last| {
        let (word, rest) = first_word(last.trim_ascii());
        // In another manner it is a comment of another language.
        word == b"comment" && (rest.is_empty() || rest == b"()")
    })
}

/// `$x := 1`, `$x = 1`, `x = 1`.
fn is_assignment(text: &[u8]) -> bool {
    let name = text.strip_prefix(b"$").unwrap_or(text);
    let (word, rest) = first_word(name);
    (!word.is_empty() || rest.starts_with(b",")) && {
        let rest = rest
            .strip_prefix(b",")
            .map_or(rest, |rest| first_word(rest.trim_ascii().strip_prefix(b"$").unwrap_or(rest)).1);
        rest.starts_with(b":=") || (rest.starts_with(b"=") && !rest.starts_with(b"=="))
    }
}

/// Behind `{{#`.
fn of_section(text: &[u8]) -> Meaning {
    let (word, rest) = first_word(text);
    match word {
        b"if" => Meaning::If(condition(rest, false)),
        b"unless" => Meaning::If(condition(rest, true)),
        b"each" => Meaning::Loop(normal(rest)),
        b"with" if !rest.is_empty() => Meaning::If(condition(rest, false)),
        // `{{#x}}` of Mustache is a branch, and a loop where it is a list.
        _ => Meaning::If(condition(text, false)),
    }
}

/// A line of Blade without its `@`.
pub(super) fn of_blade(text: &[u8]) -> Option<Meaning> {
    let (word, rest) = first_word(text);
    Some(match word {
        b"if" | b"isset" | b"auth" | b"env" => Meaning::If(condition(rest, false)),
        // Of `@forelse`.
        b"empty" if rest.is_empty() => Meaning::Else,
        b"unless" | b"empty" | b"guest" => Meaning::If(condition(rest, true)),
        b"elseif" => Meaning::ElseIf(condition(rest, false)),
        b"else" => Meaning::Else,
        b"foreach" | b"for" | b"forelse" | b"while" => Meaning::Loop(normal(rest)),
        b"include" | b"includeIf" | b"includeWhen" | b"yield" => {
            Meaning::Output([b"include ", rest].concat())
        }
        b"php" if rest.is_empty() => Meaning::Capture,
        b"php" => Meaning::Blank,
        word if word.starts_with(b"end") => Meaning::End,
        _ => return None,
    })
}

/// Between `<%` and `%>`: lines of Ruby, Puppet or JavaScript.
pub(super) fn of_code(code: &[u8]) -> Meaning {
    let mut all: Vec<Meaning> = Vec::new();
    for line in code.split(|byte| matches!(byte, b'\n' | b';')).map(<[u8]>::trim_ascii) {
        // `case x when 'a'`
        let (line, when) = with_when(line);
        let case = when.map(|_| of_line(line));
        all.extend(case);
        match of_line(when.unwrap_or(line)) {
            Meaning::Blank => {}
            // The first branch of a `case` that the same lines begin.
            meaning @ Meaning::When(_) if matches!(all.last(), Some(Meaning::Case(_))) => all.push(meaning),
            // A branch inside of the lines themselves puts nothing out.
            Meaning::End if all.iter().any(Meaning::opens) => {
                let last = all.iter().rposition(Meaning::opens).unwrap_or_default();
                all.truncate(last);
            }
            Meaning::ElseIf(_) | Meaning::Else | Meaning::When(_)
                if all.last().is_some_and(Meaning::opens) => {}
            meaning => all.push(meaning),
        }
    }
    match all.len() {
        0 => Meaning::Blank,
        1 => all.pop().unwrap_or(Meaning::Blank),
        _ => Meaning::Several(all),
    }
}

/// A `case` in the line of its first `when`: both.
fn with_when(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    let at = memchr::memmem::find(line, b" when ").filter(|_| line.starts_with(b"case "));
    match at.and_then(|at| line.split_at_checked(at)) {
        Some((case, when)) => (case, Some(when.trim_ascii())),
        None => (line, None),
    }
}

impl Meaning {
    /// Whether an `end` belongs to it.
    fn opens(&self) -> bool {
        matches!(
            self,
            Self::If(_) | Self::Loop(_) | Self::Case(_) | Self::Group | Self::Define | Self::Capture
        )
    }
}

fn of_line(line: &[u8]) -> Meaning {
    if line.starts_with(b"#") || line.starts_with(b"//") {
        return Meaning::Blank;
    }
    // `} else {`
    let inside = line.strip_prefix(b"}").map(<[u8]>::trim_ascii);
    let head = |rest: &[u8]| {
        let rest = rest
            .strip_suffix(b"{")
            .or_else(|| rest.strip_suffix(b" then"))
            .or_else(|| rest.strip_suffix(b" do"))
            .unwrap_or(rest);
        rest.trim_ascii().strip_suffix(b":").unwrap_or(rest.trim_ascii()).to_vec()
    };
    let is_block = line.ends_with(b"{");
    let (word, rest) = first_word(inside.unwrap_or(line));
    match (word, inside) {
        (b"else", _) if first_word(rest).0 == b"if" => {
            Meaning::ElseIf(condition(&head(first_word(rest).1), false))
        }
        (b"elsif" | b"elseif" | b"elif", _) => Meaning::ElseIf(condition(&head(rest), false)),
        (b"else", _) => Meaning::Else,
        (b"", Some(rest)) if rest.is_empty() || rest.starts_with(b")") => Meaning::End,
        (b"if", None) => Meaning::If(condition(&head(rest), false)),
        (b"unless", None) => Meaning::If(condition(&head(rest), true)),
        (b"case" | b"switch", None) => Meaning::Case(normal(&head(rest))),
        (b"when", None) => Meaning::When(normal(&head(rest))),
        (b"for" | b"while" | b"until", None) => Meaning::Loop(normal(&head(rest))),
        (b"begin", None) if rest.is_empty() => Meaning::Group,
        (b"end", None) => Meaning::End,
        _ if line.ends_with(b" do") || memchr::memmem::find(line, b" do |").is_some() => {
            Meaning::Loop(normal(line))
        }
        // `$x.each |$y| {`, `x.forEach(function (y) {`
        _ if is_block && inside.is_none() => Meaning::Loop(normal(line)),
        _ => Meaning::Blank,
    }
}
