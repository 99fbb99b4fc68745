//! Square brackets: PCRE2 has nothing nested in them and no operations on sets, the `regex` crate has both.

use super::names::posix_class;
use super::refusal::NotEvaluated;
use super::translate::{Escape, Walk};

/// The classes of pcre2pattern(3), "POSIX character classes"; the `regex` crate has the same.
const POSIX_CLASSES: [&[u8]; 14] = [
    b"alnum", b"alpha", b"ascii", b"blank", b"cntrl", b"digit", b"graph", b"lower", b"print", b"punct",
    b"space", b"upper", b"word", b"xdigit",
];

impl Walk<'_> {
    /// Reads a class from after its `[`, as pcre2pattern(3), "Square brackets and character classes", has it.
    pub(super) fn class(&mut self, at: usize) -> Result<(), NotEvaluated> {
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
