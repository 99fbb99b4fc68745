//! Whether a file reads as nginx configuration.

use nginx_syntax::{LeafKind, NodeId};

use super::SkipReason;
use crate::catalogue::DirectiveName;
use crate::sources::SourceFile;

/// As many statements from the top decide.
const FIRST_STATEMENTS: usize = 12;
/// A NUL among the first bytes: no text file has one. nginx would read on, but nobody means that.
const FIRST_BYTES: usize = 8_192;

/// Why the file is not judged, if it is not. Named files are judged whatever they look like, but for templates.
pub(super) fn reason_to_skip(file: &SourceFile, is_named: bool) -> Option<SkipReason> {
    if let Some(placeholder) = placeholder(file) {
        return Some(SkipReason::Template(placeholder));
    }
    if file.tree.is_empty() && file.tree.errors().is_empty() {
        return Some(SkipReason::Empty);
    }
    let statements = Statements::of(file);
    if statements.known == 0 && is_binary(file) {
        return Some(SkipReason::Binary);
    }
    (!is_named && !statements.read_as_nginx()).then_some(SkipReason::NotNginx)
}

fn is_binary(file: &SourceFile) -> bool {
    let bytes = file.bytes();
    memchr::memchr(0, bytes.get(..FIRST_BYTES).unwrap_or(bytes)).is_some()
}

/// The first statements of a file, counted.
struct Statements {
    all: usize,
    known: usize,
    /// `key = value` or `[section]`.
    foreign: usize,
}

impl Statements {
    fn of(file: &SourceFile) -> Self {
        let mut counted = Self { all: 0, known: 0, foreign: 0 };
        for node in file.tree.children(NodeId::FILE).take(FIRST_STATEMENTS) {
            let mut words = file.tree.words(node).map(|word| word.of(file.bytes()));
            let name = words.next().unwrap_or_default();
            counted.all += 1;
            counted.known += usize::from(file.name(node) != DirectiveName::UNKNOWN);
            counted.foreign += usize::from(name.starts_with(b"[") || words.next() == Some(b"="));
        }
        counted
    }

    fn read_as_nginx(&self) -> bool {
        self.foreign == 0 && self.known > 0 && self.known * 2 >= self.all
    }
}

/// How the placeholders of template engines start and end.
const PLACEHOLDERS: [(&[u8], &[u8]); 4] = [(b"{{", b"}}"), (b"{%", b"%}"), (b"<%", b"%>"), (b"[[ ", b" ]]")];

/// The first placeholder of a template engine.
fn placeholder(file: &SourceFile) -> Option<String> {
    let text = file.bytes();
    let found = PLACEHOLDERS
        .iter()
        .flat_map(|(mark, _)| memchr::memmem::find_iter(text, mark).map(|at| (at, mark.len())))
        .filter(|(at, _)| is_code(file, *at) && !is_text(file, *at))
        .min();
    let at_marks = memchr::memmem::find_iter(text, b"@@")
        .find(|&at| is_at_mark(text, at) && is_code(file, at))
        .map(|at| (at, 2));
    let in_place = file
        .tree
        .nodes()
        .map(|node| file.tree.name_span(node))
        .find(|name| is_variable_in_capitals(name.of(text)));
    let in_place = in_place.map(|name| (name.start as usize, name.len() as usize));
    let (at, length) = [found, at_marks, in_place].into_iter().flatten().min()?;
    Some(String::from_utf8_lossy(text.get(at..at + length)?).into_owned())
}

/// `@@NAME@@`
fn is_at_mark(text: &[u8], at: usize) -> bool {
    let rest = text.get(at + 2..).unwrap_or_default();
    let name = rest.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_').count();
    name > 0 && rest.get(name..).is_some_and(|rest| rest.starts_with(b"@@"))
}

/// `${NAME}`, as envsubst replaces it.
fn is_variable_in_capitals(name: &[u8]) -> bool {
    let inner = name.strip_prefix(b"${").and_then(|rest| rest.split(|byte| *byte == b'}').next());
    inner.is_some_and(|inner| {
        !inner.is_empty()
            && inner.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    })
}

/// Whether an offset is in a quoted word that nginx takes as it is: `'{"a":{"b":1}}'`, `"{{base}}"`. One that is
/// nothing but a placeholder, set off as people write them, is filled in before nginx reads it: `"{{ host }}"`.
fn is_text(file: &SourceFile, at: usize) -> bool {
    let leaf = file.tree.leaf_at(u32::try_from(at).unwrap_or(u32::MAX));
    let Some(word) = leaf.filter(|leaf| leaf.kind == LeafKind::Quoted) else { return false };
    let word = word.span.of(file.bytes());
    let content = word.get(1..word.len().saturating_sub(1)).unwrap_or_default().trim_ascii();
    !PLACEHOLDERS.iter().any(|(open, close)| {
        let inner = content.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close));
        inner.is_some_and(|inner| {
            let is_set_off = open.ends_with(b" ") || matches!(inner, [b' ' | b'-' | b'=' | b'~', ..]);
            is_set_off && memchr::memmem::find(inner, open).is_none()
        })
    })
}

/// Whether an offset is outside comments and Lua code.
fn is_code(file: &SourceFile, at: usize) -> bool {
    let leaf = file.tree.leaf_at(u32::try_from(at).unwrap_or(u32::MAX));
    !leaf.is_some_and(|leaf| matches!(leaf.kind, LeafKind::Comment | LeafKind::Lua))
}
