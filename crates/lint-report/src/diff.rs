//! What fixes change, as a unified diff that `patch -p0` and `git apply -p0` take.
//!
//! Lines end with a line feed and nothing else, as for those programs; a carriage return before it belongs to the line.

mod cuts;

use std::io::{self, Write};

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{DiffOp, group_diff_ops};

use self::cuts::cuts;
use crate::command::{hashes, is_command};
use crate::escape::commands_terminal;
use crate::{DiffFor, escape_bytes};

/// Lines around what changes, as in every diff.
const CONTEXT: usize = 3;

pub(crate) fn write(
    path: &str,
    old: &[u8],
    new: &[u8],
    diff_for: DiffFor,
    out: &mut dyn Write,
) -> io::Result<Vec<usize>> {
    let (old, new) = (lines(old), lines(new));
    let hunks = group_diff_ops(compared(&old, &new)?, CONTEXT);
    let mut withheld = Vec::new();
    let mut is_headed = false;
    // Lines that withheld hunks would have added and removed.
    let (mut added, mut removed) = (0, 0);
    for ops in hunks {
        let (Some(first), Some(last)) = (ops.first(), ops.last()) else { continue };
        let (before, after) =
            (first.old_range().start..last.old_range().end, first.new_range().start..last.new_range().end);
        // Colours of our own are no command of the text.
        let plain = matches!(diff_for, DiffFor::Log { .. }).then(|| hunk(&ops, &old, &new, DiffFor::File));
        if plain.transpose()?.is_some_and(|plain| is_command(&plain) || commands_terminal(&plain)) {
            withheld.push(before.start + 1);
            added += after.len();
            removed += before.len();
            continue;
        }
        if !is_headed {
            let name = quoted(path);
            painted(BOLD, &format!("--- {name}"), diff_for, out)?;
            painted(BOLD, &format!("+++ {name}"), diff_for, out)?;
            is_headed = true;
        }
        let start = (after.start + removed).saturating_sub(added);
        let (before, after) = (header(before.start, before.end), header(start, start + after.len()));
        painted(CYAN, &format!("@@ -{before} +{after} @@"), diff_for, out)?;
        out.write_all(&hunk(&ops, &old, &new, diff_for)?)?;
    }
    Ok(withheld)
}

const BOLD: &str = "1";
const CYAN: &str = "36";
const RED: &str = "31";
const GREEN: &str = "32";

/// A line in a colour, where a terminal shows colours.
fn painted(color: &str, line: &str, diff_for: DiffFor, out: &mut dyn Write) -> io::Result<()> {
    if is_colored(diff_for) { writeln!(out, "\x1b[{color}m{line}\x1b[0m") } else { writeln!(out, "{line}") }
}

fn is_colored(diff_for: DiffFor) -> bool {
    matches!(diff_for, DiffFor::Terminal { color: true } | DiffFor::Log { color: true })
}

/// What changes, piece by piece.
fn compared(old: &[&[u8]], new: &[&[u8]]) -> io::Result<Vec<DiffOp>> {
    let mut all: Vec<DiffOp> = Vec::new();
    let mut from = (0, 0);
    for to in cuts(old, new).into_iter().chain([(old.len(), new.len())]) {
        let mut capture = Compact::new(Replace::new(Capture::new()), old, new);
        myers::diff(&mut capture, old, from.0..to.0, new, from.1..to.1).map_err(io::Error::other)?;
        for op in capture.into_inner().into_inner().into_ops() {
            match (all.last_mut(), op) {
                (Some(DiffOp::Equal { len, .. }), DiffOp::Equal { len: more, .. }) => *len += more,
                _ => all.push(op),
            }
        }
        from = to;
    }
    Ok(all)
}

/// The lines of a hunk with their signs.
fn hunk(ops: &[DiffOp], old: &[&[u8]], new: &[&[u8]], diff_for: DiffFor) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for op in ops {
        let (sign, is_replaced) = match op {
            DiffOp::Equal { .. } => (b' ', false),
            _ => (b'-', true),
        };
        for line in old.get(op.old_range()).unwrap_or_default() {
            write_line(sign, line, diff_for, &mut text)?;
        }
        if is_replaced {
            for line in new.get(op.new_range()).unwrap_or_default() {
                write_line(b'+', line, diff_for, &mut text)?;
            }
        }
    }
    Ok(text)
}

/// Each line with its line feed; the last one may lack it.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// First line and number of lines; the number is left out where it is one, and an empty range stands behind a line.
fn header(start: usize, end: usize) -> String {
    match end.saturating_sub(start) {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

fn write_line(sign: u8, line: &[u8], diff_for: DiffFor, out: &mut dyn Write) -> io::Result<()> {
    let color = match sign {
        b'-' if is_colored(diff_for) => Some(RED),
        b'+' if is_colored(diff_for) => Some(GREEN),
        _ => None,
    };
    if let Some(color) = color {
        write!(out, "\x1b[{color}m")?;
    }
    out.write_all(&[sign])?;
    let (text, is_whole) = line.strip_suffix(b"\n").map_or((line, false), |text| (text, true));
    if let DiffFor::Terminal { .. } = diff_for {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let parts: Vec<String> = text.split(|byte| *byte == b'\t').map(escape_bytes).collect();
        out.write_all(parts.join("\t").as_bytes())?;
    } else {
        out.write_all(text)?;
    }
    if color.is_some() {
        out.write_all(b"\x1b[0m")?;
    }
    out.write_all(if is_whole { b"\n" } else { b"\n\\ No newline at end of file\n" })
}

/// A name as both programs read it: in C's quotes where it has bytes that would end it, reach a terminal or open a
/// command of a CI system, followed by a tab where it has blanks.
fn quoted(path: &str) -> String {
    let hashes: Vec<usize> = hashes(path.as_bytes()).collect();
    let is_plain = |byte: u8| byte >= b' ' && byte != 0x7f && byte != b'"' && byte != b'\\' && byte < 0x80;
    if !hashes.is_empty() || !path.bytes().all(is_plain) {
        let escaped = path.bytes().enumerate().map(|(at, byte)| match byte {
            b'"' | b'\\' => format!("\\{}", byte as char),
            byte if is_plain(byte) && !hashes.contains(&at) => char::from(byte).to_string(),
            byte => format!("\\{byte:03o}"),
        });
        return format!("\"{}\"", escaped.collect::<String>());
    }
    if path.contains(' ') { format!("{path}\t") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::DiffFor;

    fn diff(old: &str, new: &str) -> String {
        let mut out = Vec::new();
        write("a.conf", old.as_bytes(), new.as_bytes(), DiffFor::Log { color: false }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hunks_have_three_lines_around_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(
            diff(old, &old.replace('5', "five")),
            "--- a.conf\n+++ a.conf\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
        assert_eq!(diff(old, old), "");
        assert_eq!(diff("", "1\n"), "--- a.conf\n+++ a.conf\n@@ -0,0 +1 @@\n+1\n");
        assert_eq!(diff("1\n", ""), "--- a.conf\n+++ a.conf\n@@ -1 +0,0 @@\n-1\n");
    }

    /// Twenty thousand lines, each fourth with one added behind it and each sixth another one.
    #[test]
    fn long_texts_are_compared_in_pieces() {
        let old: String = (0..20_000).map(|line| format!("{line}\n}}\n")).collect();
        let new: String = (0..20_000)
            .map(|line| match line {
                _ if line % 4 == 0 => format!("{line}\nadded\n}}\n"),
                _ if line % 6 == 1 => format!("other {line}\n}}\n"),
                _ => format!("{line}\n}}\n"),
            })
            .collect();
        let text = diff(&old, &new);
        // As `patch` applies it.
        let mut patched = String::new();
        let mut rest = old.split_inclusive('\n').enumerate();
        let mut hunks = text.lines().skip(2);
        let mut counts = [0, 0];
        for line in &mut hunks {
            match line.split_at(1) {
                ("@", _) => {
                    let first = line[4..].split([',', ' ']).next().unwrap().parse::<usize>().unwrap();
                    let before = rest.clone().take_while(|(number, _)| number + 1 < first);
                    for (_, line) in before.collect::<Vec<_>>() {
                        patched.push_str(line);
                        rest.next();
                    }
                }
                ("+", added) => {
                    counts[0] += 1;
                    patched.push_str(added);
                    patched.push('\n');
                }
                (sign, same) => {
                    assert_eq!(rest.next().unwrap().1.trim_end(), same);
                    counts[1] += usize::from(sign == "-");
                    if sign == " " {
                        patched.push_str(same);
                        patched.push('\n');
                    }
                }
            }
        }
        patched.extend(rest.map(|(_, line)| line));
        assert!(patched == new);
        // No more than what changed.
        assert_eq!(counts, [5000 + 3334, 3334]);
    }

    #[test]
    fn newlines_are_kept() {
        assert_eq!(
            diff("1\r\n2", "1\r\n3"),
            "--- a.conf\n+++ a.conf\n@@ -1,2 +1,2 @@\n 1\r\n-2\n\\ No newline at end of file\n+3\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn nothing_of_a_name_or_a_line_gets_to_a_terminal() {
        let mut out = Vec::new();
        write("\u{1b}]0;\u{7}\".conf", b"\x1b[31m\r\n", b"x\n", DiffFor::Terminal { color: false }, &mut out)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("--- \"\\033]0;\\007\\\".conf\"\n"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\r']), "{text}");
    }

    #[test]
    fn colours_of_our_own_are_no_command() {
        let mut out = Vec::new();
        let withheld = write("a", b"1\n", b"2\n", DiffFor::Log { color: true }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(withheld.is_empty() && text.ends_with("\x1b[31m-1\x1b[0m\n\x1b[32m+2\x1b[0m\n"), "{text:?}");
        let mut out = Vec::new();
        let withheld = write("a", b"1\n", b"\x1b[2J\n", DiffFor::Log { color: true }, &mut out).unwrap();
        assert_eq!((withheld, out.is_empty()), (vec![1], true));
    }

    #[test]
    fn a_hunk_that_commands_a_terminal_is_withheld() {
        for hidden in ["\x1b[2J", "\x1b]8;;http://a\x1b\\", "a\rb", "\u{9b}2J", "\u{202e}"] {
            let (old, new) = (format!("# {hidden} x\nb\n"), format!("# {hidden} x\nc\n"));
            for (diff_for, expected) in [(DiffFor::Log { color: false }, vec![1]), (DiffFor::File, vec![])] {
                let mut out = Vec::new();
                let withheld = write("a", old.as_bytes(), new.as_bytes(), diff_for, &mut out).unwrap();
                assert_eq!((out.is_empty(), &withheld), (!expected.is_empty(), &expected), "{hidden:?}");
            }
        }
    }

    #[test]
    fn a_hunk_with_a_command_is_withheld_and_the_rest_applies() {
        let old: String = (1..40).map(|line| format!("{line}\n")).collect();
        let old = old.replace("\n3\n", "\n::error::x\n");
        let new = old.replace("\n5\n", "\n5\n5a\n").replace("\n30\n", "\nthirty\n");
        let written = |diff_for: DiffFor| {
            let mut out = Vec::new();
            let withheld = write("##[a].conf", old.as_bytes(), new.as_bytes(), diff_for, &mut out).unwrap();
            (withheld, String::from_utf8(out).unwrap())
        };
        let name = "--- \"#\\043[a].conf\"\n+++ \"#\\043[a].conf\"\n";
        let last = " 27\n 28\n 29\n-30\n+thirty\n 31\n 32\n 33\n";
        assert_eq!(
            written(DiffFor::Log { color: false }),
            (vec![3], format!("{name}@@ -27,7 +27,7 @@\n{last}"))
        );
        let first = "@@ -3,6 +3,7 @@\n ::error::x\n 4\n 5\n+5a\n 6\n 7\n 8\n";
        assert_eq!(written(DiffFor::File), (vec![], format!("{name}{first}@@ -27,7 +28,7 @@\n{last}")));
        let all = old.replace("\n30\n", "\n##[error]\n");
        let mut out = Vec::new();
        assert_eq!(
            write("a", old.as_bytes(), all.as_bytes(), DiffFor::Log { color: false }, &mut out).unwrap(),
            [27]
        );
        assert_eq!(out, b"", "a file of which nothing is shown has no head");
    }
}
