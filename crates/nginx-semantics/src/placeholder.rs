//! Placeholders of template engines: what is filled in before nginx reads the file.
//!
//! One inside a word that nginx would accept makes that word unknown, and nothing else: its value is read as a variable
//! in capitals, `${NAME}`, as envsubst has them, and nobody knows the value of one (see [`is_unknown`]). A line that is one
//! placeholder, such as `%%GLOBALS%%`, stands for lines that nobody knows, like an include that was not given. Any other
//! one where a directive or a block would stand makes the whole file a template: what else stands there cannot be said.
//! nginx would refuse such a file as it is, so nobody can silence a file that works by writing one into it.

mod marks;
mod mask;

use nginx_syntax::{LeafKind, NodeId, Span, Tree, unquote};

use crate::catalogue::{DirectiveName, lookup};

pub(crate) use marks::Marks;
pub(crate) use mask::{Masked, masked};

/// How the placeholders of template engines start and end.
const MARKS: [(&[u8], &[u8]); 9] = [
    (b"{{", b"}}"),
    (b"{%", b"%}"),
    (b"<%", b"%>"),
    (b"[[ ", b" ]]"),
    (b"@@", b"@@"),
    (b"%%", b"%%"),
    (b"##", b"##"),
    (b"__", b"__"),
    // Penlight, in which Kong's are written, and make.
    (b"$(", b")"),
];

/// What those of them start with.
const FIRST_BYTES: &[u8] = b"{<[@%#_$";

/// How lines of Penlight's templates go on behind `>`.
const LUA_LINES: [&[u8]; 9] =
    [b"if", b"for", b"while", b"else", b"elseif", b"end", b"local", b"repeat", b"until"];

/// Words of a directive that a placeholder makes unknown: one, or those between `<%` and `%>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// From the first word to the last.
    pub(crate) span: Span,
    /// The value, with `${NAME}` for each placeholder.
    value: Vec<u8>,
}

/// The words of a file that placeholders make unknown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placeholders {
    /// In order.
    words: Vec<Unknown>,
}

impl Placeholders {
    /// Finds them. Comments and Lua code hold none.
    pub(crate) fn of(tree: &Tree, text: &[u8], marks: Marks) -> Self {
        // Nearly all files have no mark at all.
        if !marks.may_have_any() {
            return Self::default();
        }
        let mut words = Vec::new();
        for node in tree.nodes() {
            let all: Vec<Span> = tree.words(node).collect();
            let mut spans = all.iter().copied();
            // Whether a placeholder is open to the end of the directive: nobody has to look for its end again.
            let mut is_open = false;
            while let Some(first) = spans.next() {
                let mut last = first;
                while !is_open {
                    let Some(close) = open_mark(last.of(text)) else { break };
                    // `<%= name %>` is three words to nginx, or more.
                    let mut ahead = spans.clone();
                    match ahead.find(|word| contains(word.of(text), close)) {
                        Some(word) => (last, spans) = (word, ahead),
                        None => is_open = true,
                    }
                }
                let span = first.to(last);
                let value = if last == first { unquote(first.of(text)) } else { span.of(text).into() };
                words.extend(filled(&value).map(|value| Unknown { span, value }));
            }
        }
        Self { words }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The unknown words that start with the word at `start`.
    fn at(&self, start: u32) -> Option<&Unknown> {
        let index = self.words.partition_point(|word| word.span.start < start);
        self.words.get(index).filter(|word| word.span.start == start)
    }

    /// The value that stands for the words that start at `start`; `None` for a word without a placeholder.
    pub(crate) fn value(&self, start: u32) -> Option<&[u8]> {
        self.at(start).map(|word| word.value.as_slice())
    }

    /// The words of a directive, those of one placeholder as one.
    pub(crate) fn joined<'t, I>(&'t self, words: I) -> impl Iterator<Item = Span> + use<'t, I>
    where
        I: Iterator<Item = Span>,
    {
        let mut end = 0;
        words.filter_map(move |word| {
            if word.start < end {
                return None;
            }
            let span = self.at(word.start).map_or(word, |unknown| unknown.span);
            end = span.end;
            Some(span)
        })
    }
}

/// Whether `mark` stands anywhere in `text`.
fn contains(text: &[u8], mark: &[u8]) -> bool {
    memchr::memmem::find(text, mark).is_some()
}

/// The end of a placeholder that goes on behind the end of a word without quotes.
fn open_mark(raw: &[u8]) -> Option<&'static [u8]> {
    if matches!(raw.first(), Some(b'"' | b'\'')) {
        return None;
    }
    if raw.ends_with(b"[[") {
        return Some(b"]]");
    }
    let at = memchr::memmem::rfind(raw, b"<%")?;
    (!raw.get(at..).is_some_and(|rest| contains(rest, b"%>"))).then_some(b"%>")
}

/// The value with `${NAME}` for each placeholder in it; `None` where there is none.
fn filled(value: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let (mut done, mut at) = (0, 0);
    // The marks of which no end is to come.
    let mut is_endless = [false; MARKS.len()];
    while let Some(next) =
        value.get(at..).and_then(|rest| rest.iter().position(|byte| FIRST_BYTES.contains(byte)))
    {
        at += next;
        let rest = value.get(at..).unwrap_or_default();
        if rest.starts_with(b"_") && is_inside_name(value.get(done..at).unwrap_or_default()) {
            at += 1;
            continue;
        }
        let mark = MARKS.iter().zip(&mut is_endless).find(|((open, _), _)| rest.starts_with(open));
        match mark.and_then(|((open, close), is_endless)| placeholder(rest, open, close, is_endless)) {
            Some((length, inner)) => {
                all.extend_from_slice(value.get(done..at).unwrap_or_default());
                all.extend_from_slice(&variable(inner));
                at += length;
                done = at;
            }
            None => at += 1,
        }
    }
    if done == 0 {
        return None;
    }
    all.extend_from_slice(value.get(done..).unwrap_or_default());
    Some(all)
}

/// The length of the placeholder that `rest` starts with, and what stands between its marks.
fn placeholder<'v>(
    rest: &'v [u8],
    open: &[u8],
    close: &[u8],
    is_endless: &mut bool,
) -> Option<(usize, &'v [u8])> {
    let body = rest.get(open.len()..)?;
    let end = match open {
        b"@@" | b"%%" | b"##" => end_of_name(body, close),
        b"__" => end_of_capitals(body),
        b"$(" => end_of_path(body, close),
        _ if *is_endless => None,
        _ => memchr::memmem::find(body, close),
    };
    *is_endless |= end.is_none() && !is_named(open);
    match end {
        Some(end) => {
            let inner = body.get(..end).filter(|inner| !inner.trim_ascii().is_empty())?;
            Some((open.len() + end + close.len(), inner))
        }
        // Nothing else looks like the start of ERB, and its end may be missing.
        None if open == b"<%" => Some((rest.len(), &[])),
        None => None,
    }
}

/// Whether `__` behind this text is in the middle of a name: `A__B__C`, `${__A__}`.
fn is_inside_name(before: &[u8]) -> bool {
    before.last().is_some_and(is_of_capitals) || before.ends_with(b"$") || before.ends_with(b"${")
}

/// Whether nothing but a name may stand between the marks.
fn is_named(open: &[u8]) -> bool {
    matches!(open, b"@@" | b"%%" | b"##" | b"__" | b"$(")
}

/// The length of a name in front of a mark.
fn end_of_name(body: &[u8], close: &[u8]) -> Option<usize> {
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let end = body.iter().take_while(is_of_name).count();
    let name = body.get(..end)?;
    let is_name = name.iter().any(u8::is_ascii_alphabetic) && body.get(end..)?.starts_with(close);
    is_name.then_some(end)
}

/// The length of a path of names in front of the mark.
fn end_of_path(body: &[u8], close: &[u8]) -> Option<usize> {
    let end = body.iter().take_while(|byte| is_of_path(byte)).count();
    body.get(end..)?.starts_with(close).then_some(end)
}

/// The length of a name in capitals in front of `__`: only so is `__NAME__` no name of a file or a variable.
fn end_of_capitals(body: &[u8]) -> Option<usize> {
    let end = memchr::memmem::find(body, b"__")?;
    let name = body.get(..end)?;
    let is_name = name.first()?.is_ascii_uppercase() && name.iter().all(is_of_capitals);
    let goes_on = body.get(end + 2).is_some_and(|next| next.is_ascii_uppercase() || next.is_ascii_digit());
    (is_name && !goes_on).then_some(end)
}

/// The length of the placeholder with nothing but a name in it that a text starts with.
fn length_of_placeholder(text: &[u8]) -> Option<usize> {
    let (open, close) = MARKS.iter().find(|(open, _)| is_named(open) && text.starts_with(open))?;
    placeholder(text, open, close, &mut false).map(|(length, _)| length)
}

/// Whether a word is one placeholder with nothing but a name in it.
pub(crate) fn is_one(word: &[u8]) -> bool {
    length_of_placeholder(word) == Some(word.len())
}

fn is_of_capitals(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_'
}

/// `entry.listener`
fn is_of_path(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// The variable that stands for a placeholder: `${VALUES_HOST}` for `{{ .Values.host }}`.
fn variable(inner: &[u8]) -> Vec<u8> {
    let mut name: Vec<u8> = Vec::new();
    for byte in inner {
        if byte.is_ascii_alphanumeric() {
            name.push(byte.to_ascii_uppercase());
        } else if name.last().is_some_and(|last| *last != b'_') {
            name.push(b'_');
        }
    }
    if name.last() == Some(&b'_') {
        name.pop();
    }
    if !name.iter().any(u8::is_ascii_uppercase) {
        name = [b"PLACEHOLDER".as_slice(), &name].concat();
    }
    [b"${".as_slice(), &name, b"}"].concat()
}

/// Whether a word's value is unknown: it holds `${NAME}` in capitals, which is filled in before nginx reads it.
///
/// nginx itself would take `${HOST}` for `$host`, but people write its variables in lower case.
pub fn is_unknown(value: &[u8]) -> bool {
    memchr::memchr_iter(b'$', value).any(|at| {
        let Some(body) = value.get(at + 1..).and_then(|rest| rest.strip_prefix(b"{")) else { return false };
        let length = body.iter().take_while(|byte| is_of_capitals(byte)).count();
        body.get(length) == Some(&b'}') && body.get(..length).is_some_and(is_name)
    })
}

/// A value without its placeholders: what a placeholder is called says nothing of what it stands for.
pub fn known_text(value: &[u8]) -> Vec<u8> {
    if memchr::memchr(b'$', value).is_none() {
        return value.to_vec();
    }
    let mut known = Vec::new();
    let mut rest = value;
    while let Some(at) = memchr::memmem::find(rest, b"${") {
        let (before, from) = rest.split_at(at);
        known.extend_from_slice(before);
        let end = memchr::memchr(b'}', from).map_or(from.len(), |end| end + 1);
        let (variable, after) = from.split_at(end);
        if !is_unknown(variable) {
            known.extend_from_slice(variable);
        }
        rest = after;
    }
    known.extend_from_slice(rest);
    known
}

/// Whether the path of an include shows that something is filled in: no file is called so. `$host` is somebody's mistake:
/// nginx has no variables there.
pub(crate) fn is_filled_in_path(path: &[u8]) -> bool {
    let between = |open: &[u8], close: &[u8]| {
        let at = memchr::memmem::find(path, open).and_then(|at| path.get(at + open.len()..));
        at.is_some_and(|rest| memchr::memmem::find(rest, close).is_some_and(|length| length > 0))
    };
    let is_variable = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    let is_dollar = memchr::memchr_iter(b'$', path).any(|at| {
        let rest = path.get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix(b"{").unwrap_or(rest);
        let end = rest.iter().position(|byte| !is_variable(byte));
        let after = end.and_then(|end| rest.get(end));
        end == Some(0) || (path.get(at + 1) == Some(&b'{') && after.is_some_and(|byte| *byte != b'}'))
    });
    is_dollar
        || path.starts_with(b"%(")
        || [(b"%", b"%"), (b"@", b"@"), (b"<", b">")].into_iter().any(|(open, close)| between(open, close))
}

/// Whether a value that holds `${NAME}` may be this text: it starts and ends as the value does.
pub(crate) fn may_be(value: &[u8], text: &[u8]) -> bool {
    let start = memchr::memmem::find(value, b"${").and_then(|at| value.get(..at)).unwrap_or(value);
    let end = memchr::memrchr(b'}', value).and_then(|at| value.get(at + 1..)).unwrap_or_default();
    text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
}

/// Whether a variable is named as people name what is filled in before nginx reads it.
pub(crate) fn is_name(name: &[u8]) -> bool {
    name.iter().all(is_of_capitals) && name.iter().any(u8::is_ascii_uppercase)
}

/// Blocks whose lines start with a key, which is a word like any other.
pub(crate) fn has_entries(name: DirectiveName) -> bool {
    use DirectiveName as N;
    matches!(name, N::MAP | N::GEO | N::SPLIT_CLIENTS | N::TYPES | N::CHARSET_MAP)
}

/// The first placeholder that stands where a directive or a block would, which makes the file a template.
pub(crate) fn in_place_of_directive(
    tree: &Tree,
    text: &[u8],
    marks: Marks,
    name_of: impl Fn(NodeId) -> DirectiveName,
    is_filled_in: impl Fn(NodeId) -> bool,
) -> Option<Span> {
    // `{` ends a word without quotes, so nginx accepts `{{` and `{%` inside quotes alone.
    let is_outside = |at: &usize| {
        let leaf = u32::try_from(*at).ok().and_then(|at| tree.leaf_at(at));
        !leaf.is_some_and(|leaf| {
            matches!(leaf.kind, LeafKind::Quoted | LeafKind::Word | LeafKind::Comment | LeafKind::Lua)
        })
    };
    let outside = [b"{{", b"{%"].into_iter().filter(|mark| marks.has(mark.as_slice())).filter_map(|mark| {
        let at = memchr::memmem::find_iter(text, mark).find(is_outside)?;
        let start = u32::try_from(at).ok()?;
        Some(Span::new(start, start + 2))
    });
    let comment = marks.has(b"{#").then(|| jinja_comment(tree, text)).flatten();
    let in_braces = name_in_braces(tree, text);
    let name = tree.nodes().find_map(|node| {
        let name = tree.name_span(node);
        if !may_be_mark(name.of(text)) {
            return None;
        }
        let second = tree.words(node).nth(1).map(|word| word.of(text));
        let mark = mark_of_name(name, text).or_else(|| is_lua_line(name.of(text), second).then_some(name))?;
        let is_key = has_entries(name_of(tree.parent(node))) && tree.words(node).nth(1).is_some();
        (!is_key && !is_filled_in(node)).then_some(mark)
    });
    outside.chain(comment).chain(in_braces).chain(name).min_by_key(|span| span.start)
}

/// Whether a name may start with a placeholder or be a line of Lua: nearly all are letters.
fn may_be_mark(name: &[u8]) -> bool {
    name.first().is_some_and(|byte| FIRST_BYTES.contains(byte) || matches!(byte, b'>' | b'"' | b'\''))
}

/// `> if x then`: a line of Lua in a template of Penlight. Other lines with `>` are none: a merge that failed leaves them.
fn is_lua_line(name: &[u8], second: Option<&[u8]>) -> bool {
    match name.strip_prefix(b">") {
        Some(b"") => second.is_some_and(|word| word.starts_with(b"--") || LUA_LINES.contains(&word)),
        Some(rest) => rest.starts_with(b"--") || LUA_LINES.contains(&rest),
        None => false,
    }
}

/// `{# … #}` on a line of its own: nginx would open a block, and pass over what says which.
fn jinja_comment(tree: &Tree, text: &[u8]) -> Option<Span> {
    let is_mark = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let leaf = u32::try_from(*at).ok().and_then(|at| tree.leaf_at(at));
        line.trim_ascii().is_empty() && leaf.is_some_and(|leaf| leaf.kind == LeafKind::Open)
    };
    let at = memchr::memmem::find_iter(text, b"{#").find(is_mark)?;
    text.get(at..).filter(|rest| contains(rest, b"#}"))?;
    let start = u32::try_from(at).ok()?;
    Some(Span::new(start, start + 2))
}

/// `{NAME}`, `{!NAME!}`, `{$NAME}`: to nginx a block with a directive that has no end, which it refuses. The name of a
/// directive in there is one that lost its `;`. `\p{L}` and `\k{name}` are of a regex whose quotes are missing.
fn name_in_braces(tree: &Tree, text: &[u8]) -> Option<Span> {
    let of = |at: usize| {
        let rest = text.get(at + 1..)?;
        let is_inner = |byte: &&u8| !byte.is_ascii_whitespace() && !b";{}\"'#".contains(byte);
        let length = rest.iter().take_while(is_inner).count();
        let inner = rest.get(..length).filter(|_| rest.get(length) == Some(&b'}'))?;
        let is_escape = matches!(text.get(..at)?, [.., b'\\', letter] if letter.is_ascii_alphabetic());
        let is_name = !is_escape
            && inner.iter().any(u8::is_ascii_alphabetic)
            && lookup(inner) == DirectiveName::UNKNOWN;
        let start = u32::try_from(at).ok().filter(|_| is_name)?;
        let is_open = tree.leaf_at(start).is_some_and(|leaf| leaf.kind == LeafKind::Open);
        is_open.then_some(Span::new(start, start + u32::try_from(length).ok()? + 2))
    };
    memchr::memchr_iter(b'{', text).find_map(of)
}

/// The mark of the placeholder that the first word of a statement is, or starts with.
fn mark_of_name(word: Span, text: &[u8]) -> Option<Span> {
    let raw = word.of(text);
    if raw.starts_with(b"${") {
        return is_whole_variable(raw).then_some(word);
    }
    let quote = usize::from(matches!(raw.first(), Some(b'"' | b'\'')));
    let value = raw.get(quote..)?;
    let (open, _) = MARKS.iter().find(|(open, _)| value.starts_with(open.trim_ascii_end()))?;
    let is_it = filled(value).is_some() || open_mark(raw).is_some();
    let start = word.start + u32::try_from(quote).ok()?;
    is_it.then_some(Span::new(start, start + u32::try_from(open.trim_ascii_end().len()).ok()?))
}

/// `${NAME}` or `${dotted.name}` and nothing else.
fn is_whole_variable(value: &[u8]) -> bool {
    let inner = value.strip_prefix(b"${").and_then(|rest| rest.strip_suffix(b"}"));
    inner.is_some_and(|inner| {
        let is_dotted = inner.contains(&b'.')
            && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte));
        is_name(inner) || is_dotted
    })
}

#[cfg(test)]
mod tests {
    use nginx_syntax::parse;

    use super::*;
    use crate::vocabulary::NginxVocabulary;

    fn words(text: &str) -> Vec<String> {
        let tree = parse(text.as_bytes(), &NginxVocabulary);
        let placeholders = Placeholders::of(&tree, text.as_bytes(), Marks::of(text.as_bytes()));
        let Some(node) = tree.nodes().next() else { return Vec::new() };
        let value = |word: Span| match placeholders.value(word.start) {
            Some(value) => value.to_vec(),
            None => unquote(word.of(text.as_bytes())).into_owned(),
        };
        let words = placeholders.joined(tree.words(node));
        words.skip(1).map(|word| String::from_utf8_lossy(&value(word)).into_owned()).collect()
    }

    #[test]
    fn a_placeholder_is_a_variable_in_capitals() {
        let table: [(&str, &[&str]); 26] = [
            ("a \"{{ x }}\" b;", &["${X}", "b"]),
            ("a 'v{{ .Values.host }}-{{y}}' b;", &["v${VALUES_HOST}-${Y}", "b"]),
            ("a \"{% if x %}1{% endif %}\";", &["${IF_X}1${ENDIF}"]),
            ("a '<%= @name %>' b;", &["${NAME}", "b"]),
            ("a <%= @name %> b;", &["${NAME}", "b"]),
            ("a http://<%= @host %>:<%= @port -%>/x b;", &["http://${HOST}:${PORT}/x", "b"]),
            ("a [[ .name ]] b;", &["${NAME}", "b"]),
            ("a $(x) b$(entry.name)c;", &["${X}", "b${ENTRY_NAME}c"]),
            ("a @@SHA@@ x@@A_1@@y;", &["${SHA}", "x${A_1}y"]),
            ("a \"{{ 1 }}\";", &["${PLACEHOLDER1}"]),
            ("a <% b;", &["${PLACEHOLDER}", "b"]),
            ("a @@b@@ b@@c;", &["${B}", "b@@c"]),
            ("a %%DIR%%/x %%port-1%%:%%P.q%%;", &["${DIR}/x", "${PORT_1}:${P_Q}"]),
            ("a http://##UP##/ x##y##;", &["http://${UP}/", "x${Y}"]),
            ("a __PORT__ php__V__-__APP__.sock;", &["${PORT}", "php${V}-${APP}.sock"]),
            ("a __DOMAIN____PATH__/;", &["${DOMAIN}${PATH}/"]),
            // None of them is a placeholder.
            ("a %% %%%% %%1%% 5%%x;", &["%%", "%%%%", "%%1%%", "5%%x"]),
            ("a x## ####;\n;", &["x##"]),
            (
                "a __x__ __X_ A__B__C __dirname $__X __A__B;",
                &["__x__", "__X_", "A__B__C", "__dirname", "$__X", "__A__B"],
            ),
            ("a ${__X__} __1__;", &["${__X__}", "__1__"]),
            ("a ^(a|b$(c|d)) $();", &["^(a|b$(c|d))", "$()"]),
            ("a '{\"x\":{\"y\":{}}}' \"{{}}\";", &["{\"x\":{\"y\":{}}}", "{{}}"]),
            ("a \"^/a{{2}\" [[:alpha:]];", &["^/a{{2}", "[[:alpha:]]"]),
            ("a \"{{ x\" \"y }}\";", &["{{ x", "y }}"]),
            ("a # {{ x }}\n b;", &["b"]),
            ("a ${x} ${X};", &["${x}", "${X}"]),
        ];
        for (text, expected) in table {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn capitals_in_braces_are_unknown() {
        for (value, expected) in [
            ("${NAME}", true),
            ("a${A_1}b", true),
            ("$NAME", false),
            ("${name}", false),
            ("${Name}", false),
            ("${1}", false),
            ("${NAME", false),
            ("$a", false),
            ("{NAME}", false),
        ] {
            assert_eq!(is_unknown(value.as_bytes()), expected, "{value}");
        }
        // In the square of its length this would take minutes.
        assert!(!is_unknown(&b"${A".repeat(1_000_000)));
    }
}
