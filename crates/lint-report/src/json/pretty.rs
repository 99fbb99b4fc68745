//! JSON as people can read it, written as it is made, with nothing in it that a terminal or a CI system obeys.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::command::hashes;
use crate::escape::is_hazardous;

/// Bytes that go out at once: `serde_json` writes each bracket on its own.
const BUFFER: usize = 1 << 16;

/// What the lines of each level of nesting are indented by more.
const STEP: &[u8] = b"  ";

/// Writes a value and a line break.
pub(crate) fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, out);
    let mut serializer = Serializer::with_formatter(&mut out, Pretty::default());
    // An error of `out` comes back as itself: a reader that has gone is told from a full disk by its kind.
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The layout of `serde_json::to_string_pretty`, with hazardous characters escaped. Much of the output is names of fields
/// and blanks, so what stands between two texts is written in one piece.
#[derive(Debug)]
struct Pretty {
    /// What stands before a name: a comma, a line break, blanks and a quote.
    lead: Vec<u8>,
    /// Whether the innermost list or object that is open has something in it.
    has_value: bool,
    /// Whether a name is being written. All are those of fields, with nothing hazardous in them.
    is_name: bool,
}

impl Default for Pretty {
    fn default() -> Self {
        Self { lead: b",\n\"".to_vec(), has_value: false, is_name: false }
    }
}

impl Pretty {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.lead.pop();
        self.lead.extend_from_slice(STEP);
        self.lead.push(b'"');
        self.has_value = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.lead.truncate(self.lead.len().saturating_sub(STEP.len() + 1));
        self.lead.push(b'"');
        if self.has_value {
            self.next(out, true, false)?;
        }
        self.has_value = true;
        out.write_all(bracket)
    }

    /// Ends the line and begins the next one, with or without a comma before and a quote behind.
    #[inline]
    fn next<W: ?Sized + Write>(&self, out: &mut W, is_first: bool, is_name: bool) -> io::Result<()> {
        let end = self.lead.len().saturating_sub(usize::from(!is_name));
        out.write_all(self.lead.get(usize::from(is_first)..end).unwrap_or_default())
    }
}

impl Formatter for Pretty {
    /// `serde_json` has escaped quotes, backslashes and all below the blank, and calls this for what is between them.
    ///
    /// So no command of a CI system is cut in two: between `##` and its `[` are letters, digits, `.`, `_` and `-` only.
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if self.is_name { out.write_all(fragment.as_bytes()) } else { write_text(fragment, out) }
    }

    #[inline]
    fn begin_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        if self.is_name { Ok(()) } else { out.write_all(b"\"") }
    }

    #[inline]
    fn end_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        if self.is_name { Ok(()) } else { out.write_all(b"\"") }
    }

    #[inline]
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    #[inline]
    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    #[inline]
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first, false)
    }

    #[inline]
    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    #[inline]
    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    #[inline]
    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    #[inline]
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.is_name = true;
        self.next(out, first, true)
    }

    #[inline]
    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.is_name = false;
        out.write_all(b"\": ")
    }

    #[inline]
    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

/// Writes text between quotes, escaped where it has to be.
#[inline]
pub(super) fn write_text<W: ?Sized + Write>(text: &str, out: &mut W) -> io::Result<()> {
    // Most text needs no second look; a loop without an end before the last byte is done many bytes at a time.
    let is_doubtful = |doubtful, byte: &u8| doubtful | (*byte >= 0x7f) | (*byte == b'#');
    if text.as_bytes().iter().fold(false, is_doubtful) {
        write_escaped(text, out)
    } else {
        out.write_all(text.as_bytes())
    }
}

/// Escapes what `serde_json` leaves as it is and a terminal or a CI system would obey. The values stay what they are.
/// Every line of the output begins with a quote or a bracket, so `::` never does.
fn write_escaped<W: ?Sized + Write>(text: &str, out: &mut W) -> io::Result<()> {
    let mut hashes = hashes(text.as_bytes()).peekable();
    let mut written = 0;
    for (at, c) in text.char_indices() {
        let is_command = hashes.next_if_eq(&at).is_some();
        if is_command || is_hazardous(c) {
            out.write_all(text.get(written..at).unwrap_or_default().as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            written = at + c.len_utf8();
        }
    }
    out.write_all(text.get(written..).unwrap_or_default().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        pretty(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// What the output was before it was streamed: all of it as `serde_json` has it, then escaped as a whole.
    fn escaped_as_a_whole(value: &impl Serialize) -> String {
        let text = serde_json::to_string_pretty(value).unwrap() + "\n";
        let hashes: Vec<usize> = hashes(text.as_bytes()).collect();
        let mut escaped = String::new();
        for (at, c) in text.char_indices() {
            if c == '\n' || !(hashes.contains(&at) || is_hazardous(c)) {
                escaped.push(c);
            } else {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped += &format!("\\u{unit:04x}"));
            }
        }
        escaped
    }

    #[test]
    fn the_layout_is_that_of_serde_json() {
        let value = serde_json::json!({
            "empty": [[], {}, [[]], ""],
            "numbers": [1, -2, 0.5, null, true],
            "nested": {"a": {"b": [{"c": [1, [2, {"d": []}]]}, {}]}},
        });
        assert_eq!(written(&value), serde_json::to_string_pretty(&value).unwrap() + "\n");
        let deep = (0..40).fold(serde_json::json!([1, 2]), |inner, _| serde_json::json!({ "k": [inner] }));
        assert_eq!(written(&deep), serde_json::to_string_pretty(&deep).unwrap() + "\n");
    }

    #[test]
    fn every_hazardous_character_is_escaped_wherever_the_buffer_ends() {
        let hazards: Vec<char> = ('\0'..=char::MAX).filter(|c| is_hazardous(*c)).collect();
        assert!(hazards.len() > 4000, "{}", hazards.len());
        for before in BUFFER - 16..BUFFER + 16 {
            // A few at each place, so that each kind of escape meets each end.
            let some = hazards.iter().skip(before % 97).step_by(97);
            let text: String = "a".repeat(before).chars().chain(some.copied()).collect();
            let json = written(&[&text]);
            assert!(json.chars().all(|c| c == '\n' || !is_hazardous(c)), "{before}");
            assert_eq!(json, escaped_as_a_whole(&[&text]), "{before}");
            assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text], "{before}");
        }
        let all: String = hazards.iter().flat_map(|c| [*c, 'x']).collect();
        let json = written(&[&all]);
        assert!(json.chars().all(|c| c == '\n' || !is_hazardous(c)));
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [all]);
    }

    #[test]
    fn commands_of_ci_systems_are_escaped_beside_other_escapes() {
        for text in [
            "##[error]",
            "\"##[error]\\",
            "##\"[error]",
            "##\u{1}[error]",
            "##vso[task.setvariable]\n###[a]",
            "#\u{200b}#[a] ##\u{ad}[b] ##é[c]",
            "##a##b##[c]##",
        ] {
            let value = serde_json::json!({ "k": text });
            assert_eq!(written(&value), escaped_as_a_whole(&value), "{text:?}");
            assert!(!written(&value).contains("##["), "{text:?}");
        }
    }

    #[test]
    fn an_error_of_the_output_keeps_its_kind() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for text in [String::new(), "a".repeat(4 * BUFFER)] {
            assert_eq!(pretty(&text, &mut Gone).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        }
    }
}
