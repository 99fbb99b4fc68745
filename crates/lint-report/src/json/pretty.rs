//! JSON as people can read it, written as it is made, with nothing in it that a terminal or a CI system obeys.

mod serializer;

use std::io::{self, Write};

use serde::Serialize;

use self::serializer::Failed;
use crate::command::hashes;
use crate::escape::is_hazardous;

/// About as many bytes go out at once.
const BUFFER: usize = 1 << 16;

/// What the lines of each level of nesting are indented by more.
const STEP: &[u8] = b"  ";

/// Writes a value and a line break.
pub(crate) fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut pretty = Pretty {
        out,
        made: Vec::with_capacity(BUFFER + BUFFER / 4),
        lead: b",\n".to_vec(),
        has_value: false,
    };
    // An error of `out` comes back as itself: a reader that has gone is told from a full disk by its kind.
    value.serialize(&mut pretty).map_err(|Failed(error)| error)?;
    pretty.made.push(b'\n');
    pretty.send()?;
    pretty.out.flush()
}

/// The layout of `serde_json::to_string_pretty`, with hazardous characters escaped. That of `serde_json` looks at each byte of
/// the names of fields too, of which much of the output is, and hands out each bracket on its own.
struct Pretty<'o> {
    out: &'o mut dyn Write,
    /// What has not gone out yet.
    made: Vec<u8>,
    /// What stands before a value: a comma, a line break and blanks.
    lead: Vec<u8>,
    /// Whether the innermost list or object that is open has something in it.
    has_value: bool,
}

impl Pretty<'_> {
    fn send(&mut self) -> io::Result<()> {
        self.out.write_all(&self.made)?;
        self.made.clear();
        Ok(())
    }

    fn open(&mut self, bracket: u8) {
        self.lead.extend_from_slice(STEP);
        self.has_value = false;
        self.made.push(bracket);
    }

    fn close(&mut self, bracket: u8) {
        self.lead.truncate(self.lead.len().saturating_sub(STEP.len()));
        if self.has_value {
            self.made.extend_from_slice(self.lead.get(1..).unwrap_or_default());
        }
        self.has_value = true;
        self.made.push(bracket);
    }

    /// Ends the line and begins the next one, with a comma before where there is a value already.
    fn next(&mut self) -> io::Result<()> {
        if self.made.len() >= BUFFER {
            self.send()?;
        }
        let comma = usize::from(!std::mem::replace(&mut self.has_value, true));
        self.made.extend_from_slice(self.lead.get(comma..).unwrap_or_default());
        Ok(())
    }

    /// The name of a field of a struct: nothing in it is escaped.
    fn name(&mut self, name: &str) -> io::Result<()> {
        self.next()?;
        self.made.push(b'"');
        self.made.extend_from_slice(name.as_bytes());
        self.made.extend_from_slice(b"\": ");
        Ok(())
    }

    /// A text in quotes.
    ///
    /// No command of a CI system is cut in two by an escape: between `##` and its `[` are letters, digits, `.`, `_` and `-`
    /// only.
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.made.push(b'"');
        let is_escaped = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
        // Most text needs no second look; a loop without an end before the last byte is done many bytes at a time.
        let is_doubtful = |doubtful, byte| doubtful | is_escaped(byte) | (byte >= 0x7f) | (byte == b'#');
        if !text.bytes().fold(false, is_doubtful) {
            self.made.extend_from_slice(text.as_bytes());
            self.made.push(b'"');
            return Ok(());
        }
        let mut rest = text;
        while let Some(at) = rest.bytes().position(is_escaped) {
            let (before, from) = rest.split_at(at);
            write_text(before, &mut self.made)?;
            let (escaped, behind) = from.split_at(1);
            match escaped.as_bytes() {
                b"\n" => self.made.extend_from_slice(b"\\n"),
                b"\t" => self.made.extend_from_slice(b"\\t"),
                b"\r" => self.made.extend_from_slice(b"\\r"),
                b"\x08" => self.made.extend_from_slice(b"\\b"),
                b"\x0c" => self.made.extend_from_slice(b"\\f"),
                [byte] if *byte < b' ' => write!(self.made, "\\u{byte:04x}")?,
                byte => self.made.extend_from_slice(&[b"\\", byte].concat()),
            }
            rest = behind;
        }
        write_text(rest, &mut self.made)?;
        self.made.push(b'"');
        Ok(())
    }

    fn number(&mut self, mut number: u64) {
        let start = self.made.len();
        loop {
            let digit = u8::try_from(number % 10).unwrap_or_default();
            self.made.push(b'0' + digit);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.made.get_mut(start..).unwrap_or_default().reverse();
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

/// Escapes what JSON leaves as it is and a terminal or a CI system would obey. The values stay what they are.
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
