//! From PCRE2's syntax to that of the `regex` crate, construct by construct.
//!
//! What is not known to mean the same in both is refused. Bytes that are no letters or digits are written as
//! `\xHH`, so that nothing which only the `regex` crate gives a meaning (`\<`, `&&` in a class, a `[` in a
//! class) can come about, and a byte above 0x7f is one character, as it is to PCRE2 without UTF mode.

use std::fmt::Write;

use super::names::{MAX_NAME, named_group};
use super::refusal::NotEvaluated;

/// What PCRE2 compiles a pattern to may have 64 KiB (pcre2limits(3)); this is a little less.
const MAX_COMPILED: usize = 60_000;

/// What the names of groups begin with in a translation; their numbers follow.
pub(super) const GROUP: &str = "g";

/// A pattern in the syntax of the `regex` crate, for bytes and without Unicode. The groups that capture are
/// named after their numbers, because there may be others.
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
pub(super) enum Escape {
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
    /// Whether it can match in several ways from one place.
    varies: bool,
    /// Whether it is a group, of which PCRE2 makes copies when it is repeated.
    group: bool,
    /// An upper bound of what PCRE2 compiles it to.
    size: usize,
}

/// An open group, or the pattern itself.
#[derive(Default)]
struct Group {
    opened_at: usize,
    /// Whether an earlier branch can match the empty string.
    nullable: bool,
    /// Whether something in the present branch cannot.
    branch_consumes: bool,
    /// Whether there is an earlier branch, and whether something in the first one varies.
    branches: bool,
    varies: bool,
    size: usize,
}

impl Group {
    fn add(&mut self, item: &Item) {
        self.varies |= item.varies;
        self.branch_consumes |= !item.nullable;
        self.size = self.size.saturating_add(item.size);
    }

    fn next_branch(&mut self) {
        self.nullable |= !self.branch_consumes;
        self.branch_consumes = false;
        self.size = self.size.saturating_add(4);
    }
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
    pub(super) pattern: &'p [u8],
    pub(super) at: usize,
    /// The innermost open group, and those around it.
    group: Group,
    outer: Vec<Group>,
    pub(super) to: Translation,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), NotEvaluated> {
        while let Some(byte) = self.next() {
            let at = self.at - 1;
            match byte {
                b'(' => self.open(at)?,
                b')' => self.close(at)?,
                b'|' => self.branch(),
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

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.pattern.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    /// Writes a byte that stands for itself, inside a class or outside.
    pub(super) fn byte(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.to.source.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(self.to.source, "\\x{byte:02X}");
        }
    }

    pub(super) fn shorthand(&mut self, letter: u8) {
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
            ("", 0, true)
        } else if let Some((name, length)) = named_group(rest) {
            let taken = self.to.names.iter().any(|(other, _)| *other == name);
            if taken || name.len() > MAX_NAME {
                return Err(NotEvaluated::GroupName { at });
            }
            self.to.names.push((name, self.to.groups + 1));
            ("", length, true)
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
        if captures {
            self.to.groups += 1;
            let _ = write!(self.to.source, "(?P<{GROUP}{}>", self.to.groups);
        } else {
            self.to.source.push_str(text);
        }
        let opened = Group { opened_at: at, size: 20, ..Group::default() };
        self.outer.push(std::mem::replace(&mut self.group, opened));
        Ok(())
    }

    fn branch(&mut self) {
        self.to.source.push('|');
        // regex-syntax 0.8 factors out what all branches begin with, and so makes `a*ab|a*c?` match "aa" in
        // "aab" (<https://github.com/rust-lang/regex/issues/1360>). A group that only one of them begins with
        // prevents that.
        if self.group.varies && !self.group.branches {
            self.to.source.push_str("()");
        }
        self.group.branches = true;
        self.group.next_branch();
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
            varies: closed.varies || closed.branches,
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
        // PCRE2 10.46 finds no match of `(|^){0}?b` in "ab", though what is repeated zero times is as good as
        // absent. Nobody writes such a thing.
        if !item.repeatable || repeat.max == Some(0) {
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
        // The engines differ in how they leave a loop of which a round matched nothing, and so in what the
        // groups hold (pcre2compat(3) has the comparison with Perl). Whether there is a match is the same.
        if repeat.max.is_none_or(|max| max > 1) && item.nullable {
            self.to.captures_agree = false;
        }
        item.varies |= repeat.max != Some(repeat.min);
        item.nullable |= repeat.min == 0;
        if item.group {
            item.size = item.size.saturating_mul(repeat.max.unwrap_or(repeat.min).max(1));
        }
        item.size = item.size.saturating_add(10);
        self.group.add(&item);
        Ok(())
    }

    /// Reads what stands after a backslash, as pcre2pattern(3), "Backslash", has it outside a class.
    pub(super) fn escape(&mut self, at: usize) -> Result<Escape, NotEvaluated> {
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

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
