//! From PCRE2's syntax to that of the `regex` crate, construct by construct.
//!
//! What is not known to mean the same in both is refused. Bytes that are no letters or digits are written as
//! `\xHH`, so that nothing which only the `regex` crate gives a meaning (`\<`, `&&` in a class, a `[` in a
//! class) can come about, and a byte above 0x7f is one character, as it is to PCRE2 without UTF mode.

use std::fmt::Write;

use super::names::{MAX_NAME, named_group, posix_class};
use super::refusal::NotEvaluated;

/// What PCRE2 compiles a pattern to may have 64 KiB (pcre2limits(3)); this is a little less.
const MAX_COMPILED: usize = 60_000;

/// The largest count in a quantifier (pcre2limits(3)).
const MAX_REPEAT: usize = 65_535;

/// The classes of pcre2pattern(3), "POSIX character classes"; the `regex` crate has the same.
const POSIX_CLASSES: [&[u8]; 14] = [
    b"alnum", b"alpha", b"ascii", b"blank", b"cntrl", b"digit", b"graph", b"lower", b"print", b"punct",
    b"space", b"upper", b"word", b"xdigit",
];

/// A pattern in the syntax of the `regex` crate, for bytes and without Unicode. All its groups that capture
/// are numbered ones.
pub(super) struct Translation {
    pub(super) source: String,
    /// How many groups capture.
    pub(super) groups: usize,
    /// The named groups with their numbers.
    pub(super) names: Vec<(String, usize)>,
    /// Whether there is a `$`.
    pub(super) dollar: bool,
    /// Whether both engines put the same into the groups.
    pub(super) captures_agree: bool,
}

/// What an escape stands for.
enum Escape {
    Byte(u8),
    /// `\d` and its like, by their letters.
    Shorthand(u8),
    /// An assertion of width zero, as it is written for the `regex` crate.
    Assertion(&'static str),
}

/// What a quantifier may follow.
#[derive(Default)]
struct Item {
    /// Whether it may be repeated: not where it is an assertion or sets an option.
    repeatable: bool,
    /// Whether it can match the empty string.
    nullable: bool,
    /// Whether it captures or contains something that does.
    captures: bool,
    /// Whether it is a group, of which PCRE2 makes copies when it is repeated.
    group: bool,
    /// An upper bound of what PCRE2 compiles it to.
    size: usize,
}

/// An open group, or the pattern itself.
#[derive(Default)]
struct Group {
    opened_at: usize,
    captures: bool,
    /// Whether an earlier branch can match the empty string.
    nullable: bool,
    /// Whether something in the present branch cannot.
    branch_consumes: bool,
    size: usize,
}

impl Group {
    fn add(&mut self, item: &Item) {
        self.captures |= item.captures;
        self.branch_consumes |= !item.nullable;
        self.size = self.size.saturating_add(item.size);
    }

    fn next_branch(&mut self) {
        self.nullable |= !self.branch_consumes;
        self.branch_consumes = false;
        self.size = self.size.saturating_add(4);
    }
}

/// Counts of a quantifier; `None` is "as often as possible".
struct Repeat {
    min: usize,
    max: Option<usize>,
    /// How many bytes it has.
    length: usize,
}

/// Translates a pattern of PCRE2 without options, or says what stands in the way.
pub(super) fn translate(pattern: &[u8]) -> Result<Translation, NotEvaluated> {
    let mut walk = Walk {
        pattern,
        at: 0,
        group: Group::default(),
        outer: Vec::new(),
        to: Translation {
            source: String::with_capacity(pattern.len() * 2),
            groups: 0,
            names: Vec::new(),
            dollar: false,
            captures_agree: true,
        },
    };
    walk.run()?;
    Ok(walk.to)
}

pub(super) struct Walk<'p> {
    pattern: &'p [u8],
    at: usize,
    /// The innermost open group, and those around it.
    group: Group,
    outer: Vec<Group>,
    to: Translation,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), NotEvaluated> {
        while let Some(byte) = self.next() {
            let at = self.at - 1;
            match byte {
                b'(' => self.open(at)?,
                b')' => self.close(at)?,
                b'|' => {
                    self.to.source.push('|');
                    self.group.next_branch();
                }
                b'*' | b'+' | b'?' => return Err(NotEvaluated::Quantifier { at }),
                b'{' if self.braces(at)?.is_some() => return Err(NotEvaluated::Quantifier { at }),
                b'[' => {
                    self.class(at)?;
                    self.item(Item { repeatable: true, size: 40, ..Item::default() })?;
                }
                b'\\' => match self.escape(at)? {
                    Escape::Byte(byte) => self.literal(byte)?,
                    Escape::Shorthand(letter) => {
                        self.shorthand(letter);
                        self.item(Item { repeatable: true, size: 10, ..Item::default() })?;
                    }
                    Escape::Assertion(text) => self.assertion(text)?,
                },
                b'^' => self.assertion("^")?,
                b'$' => {
                    self.to.dollar = true;
                    self.assertion("$")?;
                }
                // Without (?s) a dot matches all but the newline, which is LF unless PCRE2 was built otherwise.
                b'.' => {
                    self.to.source.push('.');
                    self.item(Item { repeatable: true, size: 10, ..Item::default() })?;
                }
                // pcre2pattern(3), "Characters and metacharacters": `]`, `}` and a `{` that begins no
                // quantifier are literal here.
                _ => self.literal(byte)?,
            }
        }
        if !self.outer.is_empty() {
            return Err(NotEvaluated::Unbalanced { at: self.group.opened_at });
        }
        if self.group.size > MAX_COMPILED { Err(NotEvaluated::TooLarge) } else { Ok(()) }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.pattern.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn rest(&self) -> &[u8] {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    /// Writes a byte that stands for itself, inside a class or outside.
    fn byte(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.to.source.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(self.to.source, "\\x{byte:02X}");
        }
    }

    fn shorthand(&mut self, letter: u8) {
        self.to.source.push('\\');
        self.to.source.push(char::from(letter));
    }

    fn literal(&mut self, byte: u8) -> Result<(), NotEvaluated> {
        self.byte(byte);
        self.item(Item { repeatable: true, size: 10, ..Item::default() })
    }

    fn assertion(&mut self, text: &str) -> Result<(), NotEvaluated> {
        self.to.source.push_str(text);
        self.item(Item { nullable: true, size: 10, ..Item::default() })
    }

    /// Reads what stands after a `(`.
    fn open(&mut self, at: usize) -> Result<(), NotEvaluated> {
        let rest = self.rest();
        let (text, length, captures) = if rest.starts_with(b"*") {
            return Err(NotEvaluated::Verb { at });
        } else if !rest.starts_with(b"?") {
            ("(", 0, true)
        } else if let Some((name, length)) = named_group(rest) {
            let taken = self.to.names.iter().any(|(other, _)| *other == name);
            if taken || name.len() > MAX_NAME {
                return Err(NotEvaluated::GroupName { at });
            }
            self.to.names.push((name, self.to.groups + 1));
            ("(", length, true)
        } else if rest.starts_with(b"?:") {
            ("(?:", 2, false)
        } else if rest.starts_with(b"?i:") {
            ("(?i:", 3, false)
        } else if rest.starts_with(b"?-i:") {
            ("(?-i:", 4, false)
        } else if rest.starts_with(b"?i)") {
            return self.option("(?i)");
        } else if rest.starts_with(b"?-i)") {
            return self.option("(?-i)");
        } else {
            return Err(unknown_group(rest, at));
        };
        self.at += length;
        self.to.source.push_str(text);
        self.to.groups += usize::from(captures);
        let opened = Group { opened_at: at, captures, size: 20, ..Group::default() };
        self.outer.push(std::mem::replace(&mut self.group, opened));
        Ok(())
    }

    /// Sets an option up to the end of the group, which in both engines includes the branches that follow
    /// (pcre2pattern(3), "Internal option setting").
    fn option(&mut self, text: &str) -> Result<(), NotEvaluated> {
        self.at += text.len() - 1;
        self.to.source.push_str(text);
        self.item(Item { nullable: true, ..Item::default() })
    }

    fn close(&mut self, at: usize) -> Result<(), NotEvaluated> {
        let Some(outer) = self.outer.pop() else { return Err(NotEvaluated::Unbalanced { at }) };
        self.group.next_branch();
        let closed = std::mem::replace(&mut self.group, outer);
        self.to.source.push(')');
        self.item(Item {
            repeatable: true,
            nullable: closed.nullable,
            captures: closed.captures,
            group: true,
            size: closed.size,
        })
    }

    /// Reads the quantifier after an item, if there is one, and adds the item to its group.
    fn item(&mut self, mut item: Item) -> Result<(), NotEvaluated> {
        let at = self.at;
        let Some(repeat) = self.quantifier(at)? else {
            self.group.add(&item);
            return Ok(());
        };
        if !item.repeatable {
            return Err(NotEvaluated::Quantifier { at });
        }
        let quantifier = self.pattern.get(at..at + repeat.length).unwrap_or_default();
        self.to.source.extend(quantifier.iter().copied().map(char::from));
        self.at += repeat.length;
        match self.rest().first() {
            Some(b'+') => return Err(NotEvaluated::Possessive { at }),
            Some(b'?') => {
                self.to.source.push('?');
                self.at += 1;
            }
            _ => {}
        }
        if self.quantifier(self.at)?.is_some() {
            return Err(NotEvaluated::Quantifier { at: self.at });
        }
        // The engines differ in what a group holds after some of several rounds, and in when they give up
        // a loop of which a round matched nothing (pcre2compat(3)). Whether there is a match is the same.
        if repeat.max.is_none_or(|max| max > 1) && (item.captures || item.nullable) {
            self.to.captures_agree = false;
        }
        item.nullable |= repeat.min == 0;
        if item.group {
            item.size = item.size.saturating_mul(repeat.max.unwrap_or(repeat.min).max(1));
        }
        item.size = item.size.saturating_add(10);
        self.group.add(&item);
        Ok(())
    }

    /// The quantifier at an offset, without what makes it lazy or possessive.
    fn quantifier(&self, at: usize) -> Result<Option<Repeat>, NotEvaluated> {
        let (min, max) = match self.pattern.get(at) {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => return self.braces(at),
            _ => return Ok(None),
        };
        Ok(Some(Repeat { min, max, length: 1 }))
    }

    /// The counts in the braces that open at an offset; `None` where the brace is literal.
    fn braces(&self, at: usize) -> Result<Option<Repeat>, NotEvaluated> {
        let text = self.pattern.get(at + 1..).unwrap_or_default();
        let inside = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b',' | b' ' | b'\t');
        let Some(end) = text.iter().position(|byte| !inside(byte)) else { return Ok(None) };
        if text.get(end) != Some(&b'}') || end == 0 {
            return Ok(None);
        }
        let mut bounds = text.get(..end).unwrap_or_default().split(|&byte| byte == b',');
        let min = bounds.next().and_then(count).ok_or(NotEvaluated::Braces { at })?;
        let max = match (bounds.next(), bounds.next()) {
            (None, _) => Some(min),
            (Some(b""), None) => None,
            (Some(max), None) => Some(count(max).ok_or(NotEvaluated::Braces { at })?),
            (Some(_), Some(_)) => return Err(NotEvaluated::Braces { at }),
        };
        if min > MAX_REPEAT || max.is_some_and(|max| max < min || max > MAX_REPEAT) {
            return Err(NotEvaluated::Quantifier { at });
        }
        Ok(Some(Repeat { min, max, length: end + 2 }))
    }

    /// Reads what stands after a backslash, as pcre2pattern(3), "Backslash", has it outside a class.
    fn escape(&mut self, at: usize) -> Result<Escape, NotEvaluated> {
        let Some(byte) = self.next() else { return Err(NotEvaluated::Unbalanced { at }) };
        Ok(match byte {
            // Without UCP these are about ASCII. \s has had the vertical tab since PCRE 8.34.
            b'd' | b'D' | b'w' | b'W' | b's' | b'S' => Escape::Shorthand(byte),
            b'b' => Escape::Assertion("\\b"),
            b'B' => Escape::Assertion("\\B"),
            b'A' => Escape::Assertion("\\A"),
            b'z' => Escape::Assertion("\\z"),
            b'a' => Escape::Byte(0x07),
            b't' => Escape::Byte(b'\t'),
            b'n' => Escape::Byte(b'\n'),
            b'f' => Escape::Byte(0x0c),
            b'r' => Escape::Byte(b'\r'),
            b'e' => Escape::Byte(0x1b),
            b'x' => match (self.next().and_then(hex), self.next().and_then(hex)) {
                (Some(high), Some(low)) => Escape::Byte(high << 4 | low),
                _ => return Err(NotEvaluated::Escape { at }),
            },
            b'0'..=b'9' | b'g' | b'k' => return Err(NotEvaluated::BackReference { at }),
            _ if byte.is_ascii_alphanumeric() => return Err(NotEvaluated::Escape { at }),
            _ => Escape::Byte(byte),
        })
    }

    /// Reads a class from after its `[`, as pcre2pattern(3), "Square brackets and character classes", has it.
    fn class(&mut self, at: usize) -> Result<(), NotEvaluated> {
        // `[.x.]` as a whole is an error to PCRE2, `[.]` and `[:.]` are classes.
        let delimiter = self.rest().first().copied().filter(|byte| matches!(byte, b':' | b'.' | b'='));
        let start = self.at;
        self.to.source.push('[');
        if self.rest().starts_with(b"^") {
            self.to.source.push('^');
            self.at += 1;
        }
        let first = self.at;
        loop {
            let item_at = self.at;
            let Some(byte) = self.next() else { return Err(NotEvaluated::Unbalanced { at }) };
            let low = match byte {
                b']' if item_at > first => break,
                b'\\' => self.class_escape(item_at)?,
                b'[' => self.posix(item_at)?,
                _ => Some(byte),
            };
            match low {
                Some(low) => self.range(low)?,
                // PCRE2 has no ranges that begin with a class, and rejects what looks like one.
                None if self.hyphen_before_bound() => return Err(NotEvaluated::ClassRange { at: self.at }),
                None => {}
            }
        }
        self.to.source.push(']');
        let last = self.at.checked_sub(2).filter(|&last| last > start);
        if delimiter.is_some() && last.and_then(|last| self.pattern.get(last).copied()) == delimiter {
            return Err(NotEvaluated::PosixClass { at });
        }
        Ok(())
    }

    /// Writes a byte of a class, or the range that it begins.
    fn range(&mut self, low: u8) -> Result<(), NotEvaluated> {
        self.byte(low);
        if !self.hyphen_before_bound() {
            return Ok(());
        }
        let at = self.at + 1;
        self.at += 2;
        let high = match self.pattern.get(at) {
            Some(b'\\') => self.class_escape(at)?,
            Some(b'[') => self.posix(at)?,
            byte => byte.copied(),
        };
        let high = high.filter(|&high| high >= low).ok_or(NotEvaluated::ClassRange { at })?;
        self.to.source.push('-');
        self.byte(high);
        Ok(())
    }

    /// Whether a hyphen follows that does not end the class, where it would be literal.
    fn hyphen_before_bound(&self) -> bool {
        matches!(self.rest(), [b'-', bound, ..] if *bound != b']')
    }

    /// The byte that an escape in a class stands for; `None` where it is a shorthand, which is then written.
    fn class_escape(&mut self, at: usize) -> Result<Option<u8>, NotEvaluated> {
        match self.escape(at)? {
            Escape::Byte(byte) => Ok(Some(byte)),
            Escape::Shorthand(letter) => {
                self.shorthand(letter);
                Ok(None)
            }
            // In a class this is a backspace.
            Escape::Assertion("\\b") => Ok(Some(0x08)),
            Escape::Assertion(_) => Err(NotEvaluated::Escape { at }),
        }
    }

    /// What a `[` in a class stands for: itself, or `None` where it begins a POSIX class, which is then
    /// written.
    fn posix(&mut self, at: usize) -> Result<Option<u8>, NotEvaluated> {
        let rest = self.rest();
        if !matches!(rest.first(), Some(b':' | b'.' | b'=')) {
            return Ok(Some(b'['));
        }
        let (name, length) = posix_class(rest).ok_or(NotEvaluated::PosixClass { at })?;
        if !POSIX_CLASSES.contains(&name.strip_prefix(b"^").unwrap_or(name)) {
            return Err(NotEvaluated::PosixClass { at });
        }
        let name: String = name.iter().copied().map(char::from).collect();
        self.to.source.push_str("[:");
        self.to.source.push_str(&name);
        self.to.source.push_str(":]");
        self.at += length;
        Ok(None)
    }
}

/// Why a group is refused whose text after `(` this is.
fn unknown_group(rest: &[u8], at: usize) -> NotEvaluated {
    match rest {
        [b'?', b'=' | b'!' | b'*', ..] | [b'?', b'<', b'=' | b'!' | b'*', ..] => {
            NotEvaluated::Lookaround { at }
        }
        [b'?', b'<' | b'\'', ..] | [b'?', b'P', b'<', ..] => NotEvaluated::GroupName { at },
        [b'?', b'>', ..] => NotEvaluated::AtomicGroup { at },
        [b'?', b'(', ..] => NotEvaluated::Conditional { at },
        [b'?', b'|', ..] => NotEvaluated::BranchReset { at },
        [b'?', b'#', ..] => NotEvaluated::Comment { at },
        [b'?', b'P', b'=', ..] => NotEvaluated::BackReference { at },
        [b'?', b'R' | b'&' | b'0'..=b'9', ..]
        | [b'?', b'P', b'>', ..]
        | [b'?', b'+' | b'-', b'0'..=b'9', ..] => NotEvaluated::Recursion { at },
        _ => NotEvaluated::Group { at },
    }
}

/// A count in braces; `None` where it is not just digits.
fn count(text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_usize, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| usize::from(byte - b'0'))?;
        Some(value.saturating_mul(10).saturating_add(digit))
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
