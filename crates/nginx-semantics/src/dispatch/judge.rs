//! One statement in one block.

use std::borrow::Cow;

use nginx_syntax::Span;
use smallvec::SmallVec;

use super::entries;
use super::setters::has_url_prefix;
use super::{Build, Modules, RefusalKind, values};
use crate::catalogue::{Directive, DirectiveName, ModuleKind};
use crate::configuration::ContextKind;
use crate::placeholder;
use crate::sources::SourceFile;

/// What the dispatcher does with a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It gives it to the setter. Whether that takes the values is not asked here.
    Taken,
    /// nginx does not start.
    Refused(RefusalKind),
    /// It depends on what is not known.
    Unknown(Doubt),
}

/// What is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The name is none of nginx's own; another module may have it.
    Name,
    /// The statement stands in a block of such a module, or in one that nginx refuses.
    Block,
    /// An include whose files were not given, or are being read already.
    Include,
    /// More statements than are judged.
    TooLarge,
}

/// A block in which statements stand.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub(super) kind: ContextKind,
    /// The name of the directive that opens it.
    pub(super) opener: DirectiveName,
    /// Those that may stand here once and have been met.
    once: Vec<DirectiveName>,
    /// Whether `geo` has said `ranges`.
    pub(super) has_ranges: bool,
    /// Whether `map` has said `hostnames`, which counts from there on.
    pub(super) has_hostnames: bool,
}

impl Level {
    pub(super) fn new(kind: ContextKind, opener: DirectiveName) -> Self {
        Self { kind, opener, once: Vec::new(), has_ranges: false, has_hostnames: false }
    }
}

/// A statement. Its values are worked out where they are asked for: for most the number of words is enough.
#[derive(Debug, Clone)]
pub(super) struct Words<'t> {
    pub(super) name: DirectiveName,
    pub(super) file: &'t SourceFile,
    /// All words, the name first.
    pub(super) words: SmallVec<[Span; 6]>,
    /// Whether `{` ends it.
    pub(super) opens: bool,
}

impl<'t> Words<'t> {
    /// The value of a word, the name being the first.
    fn word(&self, index: usize) -> Cow<'t, [u8]> {
        self.words.get(index).map(|word| self.file.value(*word)).unwrap_or_default()
    }

    /// A word as nginx's messages and `ngx_strcmp` see it: up to the first NUL.
    pub(super) fn c_string(&self, index: usize) -> Cow<'t, [u8]> {
        let word = self.word(index);
        match memchr::memchr(0, &word) {
            Some(end) => word.get(..end).unwrap_or_default().to_vec().into(),
            None => word,
        }
    }

    fn name(&self) -> Vec<u8> {
        self.c_string(0).into_owned()
    }

    pub(super) fn has_unknown(&self) -> bool {
        let is_unknown = |word: &Span| placeholder::is_unknown(&self.file.value(*word));
        self.file.has_unknown() && self.words.iter().any(is_unknown)
    }
}

/// `core/ngx_conf_file.c:ngx_conf_handler`, its checks in its order, and what of the setters is known from their type.
pub(super) fn judge(level: &mut Level, statement: &Words<'_>, build: &Build) -> Verdict {
    if level.kind.has_entries() {
        return entries::judge(level, statement, build);
    }
    let Some((modules, place)) = level.kind.commands() else { return Verdict::Unknown(Doubt::Block) };
    let mut found = statement.name.rows().iter().filter(|row| build.has(row)).peekable();
    if found.peek().is_none() {
        let is_known = build.modules != Modules::Any
            || !statement.name.rows().is_empty()
            || is_no_name(&statement.c_string(0));
        return if is_known {
            Verdict::Refused(RefusalKind::UnknownDirective(statement.name()))
        } else {
            Verdict::Unknown(Doubt::Name)
        };
    }
    let is_meant = |row: &&Directive| {
        (row.kind == ModuleKind::Conf || row.kind == modules) && row.contexts.intersects(place)
    };
    let Some(row) = found.find(is_meant) else {
        return Verdict::Refused(RefusalKind::NotAllowedHere(statement.name()));
    };
    if !row.block && statement.opens {
        return Verdict::Refused(RefusalKind::NotTerminated(statement.name()));
    }
    if row.block && !statement.opens {
        return Verdict::Refused(RefusalKind::NoOpening(statement.name()));
    }
    // A placeholder may stand for several words, for none, or for any value, but its line is there.
    if statement.has_unknown() {
        return second(level, statement, row, build).unwrap_or(Verdict::Taken);
    }
    if !row.takes(statement.words.len().saturating_sub(1), build.versions) {
        return Verdict::Refused(RefusalKind::NumberOfArguments(statement.name()));
    }
    set(level, statement, row, build)
}

/// Whether no module has a directive of this name: a word of other languages that goes on with an `if`, or what is left of
/// a pattern whose brace nginx takes for that of a block.
fn is_no_name(word: &[u8]) -> bool {
    matches!(word, b"else" | b"elseif" | b"elsif" | b"elif") || is_rest_of_pattern(word)
}

/// The end of `a{2}$` or `a{2,3}`: a number of times, and its brace.
fn is_rest_of_pattern(word: &[u8]) -> bool {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b',').count();
    digits > 0 && word.first().is_some_and(u8::is_ascii_digit) && word.get(digits) == Some(&b'}')
}

/// The refusal of what its block has already, for what may be there once.
fn second(level: &mut Level, statement: &Words<'_>, row: &Directive, build: &Build) -> Option<Verdict> {
    let is_main_block = level.kind == ContextKind::Main && row.block;
    if !(row.is_flag(build.versions) || is_main_block || is_url(statement, row) || row.once) {
        return None;
    }
    if level.once.contains(&statement.name) {
        return Some(Verdict::Refused(RefusalKind::Duplicate(statement.name())));
    }
    level.once.push(statement.name);
    None
}

fn is_url(statement: &Words<'_>, row: &Directive) -> bool {
    statement.name == DirectiveName::PROXY_PASS && row.kind == ModuleKind::Http
}

/// The setters that are known: `ngx_conf_set_flag_slot`, those that take one line for each block, those of the blocks of the
/// main level (`event/ngx_event.c:ngx_events_block`, `http/ngx_http.c:ngx_http_block` and their like), which all first ask
/// whether they were here before, and what [`values`] knows.
fn set(level: &mut Level, statement: &Words<'_>, row: &Directive, build: &Build) -> Verdict {
    if statement.name == DirectiveName::LOCATION && statement.words.len() == 3 {
        let modifier = statement.word(1);
        if !matches!(modifier.as_ref(), b"=" | b"^~" | b"~" | b"~*") {
            return Verdict::Refused(RefusalKind::LocationModifier(modifier.into_owned()));
        }
    }
    if let Some(refused) = second(level, statement, row, build) {
        return refused;
    }
    if is_url(statement, row) {
        let url = statement.word(1);
        if !url.contains(&b'$') && !has_url_prefix(&url) {
            return Verdict::Refused(RefusalKind::UrlPrefix);
        }
    }
    if row.is_flag(build.versions) {
        let value = statement.c_string(1);
        let is_flag = [b"on".as_slice(), b"off"].iter().any(|flag| flag.eq_ignore_ascii_case(&value));
        let name = statement.name();
        return if is_flag {
            Verdict::Taken
        } else {
            Verdict::Refused(RefusalKind::NotAFlag { name, value: value.to_vec() })
        };
    }
    match values::refused(statement, row, build) {
        Some(refused) => Verdict::Refused(RefusalKind::Value(Box::new(refused))),
        None => Verdict::Taken,
    }
}
