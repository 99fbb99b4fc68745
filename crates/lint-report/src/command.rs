//! What a CI system obeys when a job prints it, and how it is made harmless.
//!
//! A comment, a server name or a file name of a pull request reaches the log of the job that judges it. There
//!
//! - GitHub's runner obeys `##[name …]` anywhere in a line, and `::name …::` at the start of one, after white space
//!   (`actions/runner`: `ActionCommand.TryParse`, `TryParseV2`);
//! - Azure's agent obeys `##vso[area.event …]` anywhere, and formats what follows `##[name]`
//!   (`azure-pipelines-agent`: `Command.TryParse`);
//! - TeamCity obeys `##teamcity[name …]`;
//! - GitLab and Travis fold their logs at `section_start:…`, `section_end:…` and `travis_fold:…`, which need an escape
//!   character behind them. Output for people has none; a patch may.
//!
//! So one character of such a mark is written as its escape, like a control character. .NET finds text by the rules of a
//! language, which skip characters that are not seen, so those are escaped too
//! ([`is_hazardous`](crate::escape::is_hazardous)).

use std::borrow::Cow;
use std::io::{self, Write};

use crate::escape::is_hazardous;

/// Opens a command of GitHub's at the start of a line, and ends its head.
const COLONS: &str = "::";

/// Open a command of GitHub's or Azure's with a name and a `[` behind them.
const HASHES: &str = "##";

/// Open a section of a log, or close it.
const SECTIONS: [&str; 3] = ["section_start:", "section_end:", "travis_fold:"];

/// Stands for the second `#` of a command.
pub(crate) const HASH: &str = "\\x23";

/// Stands for the second `:` of a command.
const COLON: &str = "\\x3a";

/// Where the second `#` of each `##name[` stands: without it there is no command.
pub(crate) fn hashes(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    text.windows(2).enumerate().filter(|(_, pair)| *pair == HASHES.as_bytes()).map(|(at, _)| at + 1).filter(
        move |&hash| {
            let behind = text.get(hash + 1..).unwrap_or_default();
            behind.iter().find(|byte| !is_name(byte)) == Some(&b'[')
        },
    )
}

/// Where the second `:` of a `::name::` stands that opens a line, after white space and colours.
fn colon(line: &str) -> Option<usize> {
    let mut rest = line.trim_start();
    // Ours; those of a configuration are escaped.
    while let Some((_, behind)) = rest.strip_prefix("\x1b[").and_then(|rest| rest.split_once('m')) {
        rest = behind.trim_start();
    }
    let is_command = rest.strip_prefix(COLONS)?.contains(COLONS);
    is_command.then(|| line.len() - rest.len() + 1)
}

/// One line with the commands in it made harmless; `None` where it holds none.
pub(crate) fn harmless(line: &str) -> Option<String> {
    // Asked about each line that is written; few have either.
    if !line.contains(HASHES) && !line.contains(COLONS) {
        return None;
    }
    let mut places: Vec<(usize, &str)> = hashes(line.as_bytes()).map(|at| (at, HASH)).collect();
    places.extend(colon(line).map(|at| (at, COLON)));
    if places.is_empty() {
        return None;
    }
    places.sort_unstable();
    let mut text = String::with_capacity(line.len() + 4 * places.len());
    let mut from = 0;
    for (at, escape) in places {
        text.push_str(line.get(from..at).unwrap_or_default());
        text.push_str(escape);
        from = at + 1;
    }
    text.push_str(line.get(from..).unwrap_or_default());
    Some(text)
}

/// Whether a CI system may obey some line of these bytes, printed as they are. What it skips while it looks for its marks
/// is skipped here too, and more of it than any of them does.
pub(crate) fn is_command(bytes: &[u8]) -> bool {
    bytes.split(|byte| matches!(byte, b'\n' | b'\r')).any(|line| {
        let line = seen(line);
        // Each section has a colon, and few lines do.
        let has_section = || line.contains(':') && SECTIONS.iter().any(|section| line.contains(section));
        harmless(&line).is_some() || has_section()
    })
}

/// A line without what is skipped.
fn seen(line: &[u8]) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    match std::str::from_utf8(line) {
        Ok(text) if line.iter().all(is_plain) => text.into(),
        _ => {
            let is_seen = |c: &char| c.is_whitespace() || !is_hazardous(*c);
            String::from_utf8_lossy(line).chars().filter(is_seen).collect()
        }
    }
}

/// Lets `write` write for people, and makes harmless what a CI system would obey, line by line.
pub(crate) fn guarded(
    out: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut guard = Guard { out, line: Vec::new() };
    let written = write(&mut guard);
    // What was written before an error is shown, as it would be without the guard.
    guard.end_line()?;
    written
}

/// Holds back a line until it is whole: only then is it known what opens it.
struct Guard<'a> {
    out: &'a mut dyn Write,
    line: Vec<u8>,
}

impl Guard<'_> {
    fn end_line(&mut self) -> io::Result<()> {
        let written = write_line(self.out, &self.line);
        self.line.clear();
        written
    }
}

/// Writes a whole line, without the commands in it.
fn write_line(out: &mut dyn Write, line: &[u8]) -> io::Result<()> {
    let changed = std::str::from_utf8(line).ok().and_then(harmless);
    out.write_all(changed.as_ref().map_or(line, String::as_bytes))
}

impl Write for Guard<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_end = piece.ends_with(b"\n");
            if is_end && self.line.is_empty() {
                write_line(self.out, piece)?;
                continue;
            }
            self.line.extend_from_slice(piece);
            if is_end {
                self.end_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_of_a_command_is_escaped() {
        for (line, expected) in [
            ("# ##[error]x", Some(r"# #\x23[error]x")),
            ("##vso[task.setvariable variable=x]y", Some(r"#\x23vso[task.setvariable variable=x]y")),
            ("##teamcity[buildStop comment='x']", Some(r"#\x23teamcity[buildStop comment='x']")),
            ("####[a]##[b]", Some(r"###\x23[a]#\x23[b]")),
            ("  ::error::x", Some(r"  :\x3aerror::x")),
            ("\u{3000}::set-env name=x::y", Some("\u{3000}:\\x3aset-env name=x::y")),
            ("\x1b[36m::add-mask::x", Some("\x1b[36m:\\x3aadd-mask::x")),
            ("::::", Some(r":\x3a::")),
            ("::a::##[b]", Some(r":\x3aa::#\x23[b]")),
            ("listen [::]:80;", None),
            ("::1", None),
            ("a::b::c", None),
            ("## [a] #[b] ##a b[", None),
        ] {
            assert_eq!(harmless(line).as_deref(), expected, "{line}");
            assert!(expected.is_none_or(|text| harmless(text).is_none()), "{line}");
        }
    }

    #[test]
    fn raw_bytes_are_read_as_a_runner_reads_them() {
        for command in [
            &b" ::error::x"[..],
            b"+x\r::error::x",
            b"+#\xc2\xad#[error]x",
            b"+#\0#[error]x",
            b"\xe2\x80\x8b::error::x",
            b"+x section_start:1:a\r\x1b[0K",
        ] {
            assert!(is_command(command), "{}", command.escape_ascii());
        }
        for text in [&b"+::error::x"[..], b" listen [::]:80;", b" # caf\xe9 #[x]", b" allow ::1;"] {
            assert!(!is_command(text), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn lines_are_guarded_however_they_are_written() {
        let mut out = Vec::new();
        guarded(&mut out, |out| {
            ["a:", ":b\n :", ":c:", ":d\n#", "#[e"].iter().try_for_each(|text| write!(out, "{text}"))
        })
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a::b\n :\\x3ac::d\n#\\x23[e");
    }
}
