//! The directive table, read once.

use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::LazyLock;

use hashbrown::HashMap;

use super::names::{FOREIGN, NAMED};
use super::setters::{self, Setter};
use super::{Contexts, Directive, DirectiveName, ModuleKind};
use crate::version::NginxVersion;

/// The rows, as text.
pub(super) const TEXT: &str = include_str!("directives.tsv");

/// The table with its indices.
pub(super) struct Table {
    /// In the order of the file: by name, then by module.
    rows: Vec<Directive>,
    /// By id. Index 0 is the unknown name.
    names: Vec<Name>,
    ids: HashMap<&'static [u8], DirectiveName, BuildHasherDefault<NameHasher>>,
}

/// A name and what the parser asks of it for each directive.
#[derive(Default)]
struct Name {
    text: &'static str,
    rows: Range<usize>,
    most_args: Option<u8>,
    takes_block: Option<bool>,
}

/// The table; the first call reads it.
pub(super) fn get() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(Table::read);
    &TABLE
}

impl Table {
    fn read() -> Self {
        let mut table = Self { rows: Vec::new(), names: Vec::new(), ids: HashMap::default() };
        table.rows.reserve(1024);
        table.ids.reserve(1024);
        table.names.reserve(1024);
        table.names.push(Name::default());
        // First, so that their ids are those of the constants.
        for name in NAMED.iter().chain(FOREIGN) {
            table.intern(name);
        }
        for line in data_lines(TEXT) {
            table.add(line);
        }
        for (name, module, setter) in setters::read() {
            let name = table.lookup(name.as_bytes());
            let rows =
                table.names.get(usize::from(name.0)).and_then(|name| table.rows.get_mut(name.rows.clone()));
            for row in rows.unwrap_or_default().iter_mut().filter(|row| row.module == module) {
                row.setter = setter;
            }
        }
        for name in &mut table.names {
            let Some((first, others)) = table.rows.get(name.rows.clone()).and_then(<[_]>::split_first) else {
                continue;
            };
            let most = |most: u8, row: &Directive| Some(most.max(row.max_args?));
            name.most_args = first.max_args.and_then(|first| others.iter().try_fold(first, most));
            name.takes_block = others.iter().all(|row| row.block == first.block).then_some(first.block);
        }
        table
    }

    fn intern(&mut self, name: &'static str) -> DirectiveName {
        if let Some(id) = self.ids.get(name.as_bytes()) {
            return *id;
        }
        let Ok(number) = u16::try_from(self.names.len()) else { return DirectiveName::UNKNOWN };
        let id = DirectiveName(number);
        self.names.push(Name { text: name, ..Name::default() });
        self.ids.insert(name.as_bytes(), id);
        id
    }

    fn add(&mut self, line: &'static str) {
        let Some(mut row) = parse_row(line) else { return };
        row.id = self.intern(row.name);
        let at = self.rows.len();
        let Some(Name { rows, .. }) = self.names.get_mut(usize::from(row.id.0)) else { return };
        // The rows of one name stand together, because the file is sorted.
        if rows.end == at && rows.start < at {
            rows.end = at + 1;
        } else {
            *rows = at..at + 1;
        }
        self.rows.push(row);
    }

    pub(super) fn lookup(&self, name: &[u8]) -> DirectiveName {
        self.ids.get(name).copied().unwrap_or(DirectiveName::UNKNOWN)
    }

    pub(super) fn text(&self, id: DirectiveName) -> &'static str {
        self.names.get(usize::from(id.0)).map_or("", |name| name.text)
    }

    pub(super) fn rows(&self, id: DirectiveName) -> &[Directive] {
        let rows = self.names.get(usize::from(id.0)).and_then(|name| self.rows.get(name.rows.clone()));
        rows.unwrap_or_default()
    }

    /// The most arguments that any module takes; `None` where one has no limit, or none has the name.
    pub(super) fn most_args(&self, id: DirectiveName) -> Option<u8> {
        self.names.get(usize::from(id.0))?.most_args
    }

    /// Whether the modules take a block; `None` where they differ, or none has the name.
    pub(super) fn takes_block(&self, id: DirectiveName) -> Option<bool> {
        self.names.get(usize::from(id.0))?.takes_block
    }

    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    pub(super) fn all(&self) -> &[Directive] {
        &self.rows
    }
}

/// The lines of one of the data files that are not comments.
pub(super) fn data_lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    let mut rest = text;
    let next = move || {
        let end = memchr::memchr(b'\n', rest.as_bytes())?;
        let (line, behind) = (rest.get(..end)?, rest.get(end + 1..)?);
        rest = behind;
        Some(line)
    };
    std::iter::from_fn(next).filter(|line| !matches!(line.as_bytes(), [] | [b'#', ..]))
}

/// One row; its id is still to be given.
fn parse_row(line: &'static str) -> Option<Directive> {
    let mut fields = Fields::of(line, b'\t');
    let mut field = || fields.next();
    let (name, module, kind) = (field()?, field()?, parse_kind(field()?)?);
    let contexts = Contexts::parse(field()?)?;
    let args = Arguments::parse(field()?)?;
    let parse_mark = |field| match field {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let block = parse_mark(field()?)?;
    let once = parse_mark(field()?)?;
    let directive = Directive {
        name,
        id: DirectiveName::UNKNOWN,
        module,
        kind,
        contexts,
        min_args: args.least,
        max_args: args.most,
        former_max_args: args.former_most,
        is_flag: args.is_flag,
        flag_until: args.flag_until,
        block,
        once,
        setter: Setter::Other,
        since: parse_version(field()?)?,
        removed: match field()? {
            "-" => None,
            version => Some(parse_version(version)?),
        },
        name_since: parse_version(field()?)?,
    };
    fields.next().is_none().then_some(directive)
}

/// How many arguments a row takes: `[MOST<VERSION,]LEAST-MOST[f][<VERSION]`.
struct Arguments {
    least: u8,
    most: Option<u8>,
    former_most: Option<(u8, NginxVersion)>,
    is_flag: bool,
    flag_until: Option<NginxVersion>,
}

impl Arguments {
    fn parse(field: &'static str) -> Option<Self> {
        let mut fields = Fields::of(field, b',');
        let (first, second) = (fields.next()?, fields.next());
        let (former, now) = second.map_or((None, first), |second| (Some(first), second));
        let former_most = match former {
            Some(former) => {
                let mut parts = Fields::of(former, b'<');
                Some((parts.next()?.parse().ok()?, parse_version(parts.next()?)?))
            }
            None => None,
        };
        let mut parts = Fields::of(now, b'<');
        let now = parts.next()?;
        let flag_until = match parts.next() {
            Some(until) => Some(parse_version(until)?),
            None => None,
        };
        // The mark of those that take only `on` and `off`.
        let is_flag = now.ends_with('f');
        let mut parts = Fields::of(now.strip_suffix('f').unwrap_or(now), b'-');
        let (least, most) = (parts.next()?.parse().ok()?, parts.next()?);
        let most = if most == "*" { None } else { Some(most.parse().ok()?) };
        parts.next().is_none().then_some(Self { least, most, former_most, is_flag, flag_until })
    }
}

/// The parts of a short text. A search made for long texts takes longer than looking at each byte, and the table is read
/// whenever the program starts.
pub(super) struct Fields {
    rest: Option<&'static str>,
    separator: u8,
}

impl Fields {
    pub(super) fn of(text: &'static str, separator: u8) -> Self {
        Self { rest: Some(text), separator }
    }
}

impl Iterator for Fields {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        let rest = self.rest.take()?;
        let Some(end) = rest.bytes().position(|byte| byte == self.separator) else { return Some(rest) };
        self.rest = rest.get(end + 1..);
        rest.get(..end)
    }
}

/// `major.minor.patch`, nothing else.
pub(super) fn parse_version(field: &str) -> Option<NginxVersion> {
    let mut numbers = [0_u16; 3];
    let mut at = 0;
    for byte in field.bytes() {
        if byte == b'.' {
            at += 1;
        } else {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
            let number = numbers.get_mut(at)?;
            *number = number.checked_mul(10)?.checked_add(u16::from(digit))?;
        }
    }
    let [major, minor, patch] = numbers;
    (at == 2).then(|| NginxVersion::new(major, minor, patch))
}

fn parse_kind(field: &str) -> Option<ModuleKind> {
    Some(match field {
        "core" => ModuleKind::Core,
        "conf" => ModuleKind::Conf,
        "event" => ModuleKind::Event,
        "http" => ModuleKind::Http,
        "stream" => ModuleKind::Stream,
        "mail" => ModuleKind::Mail,
        "imap" => ModuleKind::Imap,
        _ => return None,
    })
}

/// `FxHash`, eight bytes at a time. Every directive of every file is looked up, so the standard hasher would
/// be noticeable; its protection is not needed, because only the table's own names are ever inserted.
#[derive(Default)]
pub(super) struct NameHasher(u64);

impl NameHasher {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((word, behind)) = rest.split_first_chunk() {
            self.mix(u64::from_le_bytes(*word));
            rest = behind;
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.mix(u64::from_le_bytes(last));
    }

    fn write_usize(&mut self, length: usize) {
        self.mix(length as u64);
    }

    fn finish(&self) -> u64 {
        // The map takes its bucket from the low bits, and multiplication mixes upwards.
        self.0.rotate_left(26)
    }
}
