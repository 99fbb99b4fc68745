//! What fixes change, as a unified diff that `patch -p0` and `git apply -p0` take.
//!
//! Lines end with a line feed and nothing else, as for those programs; a carriage return before it belongs to the line.

use std::io::{self, Write};

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use crate::escape_bytes;

/// Lines around what changes, as in every diff.
const CONTEXT: usize = 3;

pub(crate) fn write(
    path: &str,
    old: &[u8],
    new: &[u8],
    for_people: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (old, new) = (lines(old), lines(new));
    let hunks = group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT);
    if hunks.is_empty() {
        return Ok(());
    }
    let name = quoted(path);
    writeln!(out, "--- {name}")?;
    writeln!(out, "+++ {name}")?;
    for hunk in hunks {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let before = header(first.old_range().start, last.old_range().end);
        let after = header(first.new_range().start, last.new_range().end);
        writeln!(out, "@@ -{before} +{after} @@")?;
        for op in hunk {
            let (sign, is_replaced) = match op {
                DiffOp::Equal { .. } => (b' ', false),
                _ => (b'-', true),
            };
            for line in old.get(op.old_range()).unwrap_or_default() {
                write_line(sign, line, for_people, out)?;
            }
            if is_replaced {
                for line in new.get(op.new_range()).unwrap_or_default() {
                    write_line(b'+', line, for_people, out)?;
                }
            }
        }
    }
    Ok(())
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

fn write_line(sign: u8, line: &[u8], for_people: bool, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&[sign])?;
    let (text, is_whole) = line.strip_suffix(b"\n").map_or((line, false), |text| (text, true));
    if for_people {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let parts: Vec<String> = text.split(|byte| *byte == b'\t').map(escape_bytes).collect();
        out.write_all(parts.join("\t").as_bytes())?;
    } else {
        out.write_all(text)?;
    }
    out.write_all(if is_whole { b"\n" } else { b"\n\\ No newline at end of file\n" })
}

/// A name as both programs read it: in C's quotes where it has bytes that would end it or reach a terminal, followed by
/// a tab where it has blanks.
fn quoted(path: &str) -> String {
    let is_plain = |byte: u8| byte >= b' ' && byte != 0x7f && byte != b'"' && byte != b'\\' && byte < 0x80;
    if !path.bytes().all(is_plain) {
        let escaped = path.bytes().map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", byte as char),
            byte if is_plain(byte) => char::from(byte).to_string(),
            byte => format!("\\{byte:03o}"),
        });
        return format!("\"{}\"", escaped.collect::<String>());
    }
    if path.contains(' ') { format!("{path}\t") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::write;

    fn diff(old: &str, new: &str) -> String {
        let mut out = Vec::new();
        write("a.conf", old.as_bytes(), new.as_bytes(), false, &mut out).unwrap();
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
        write("\u{1b}]0;\u{7}\".conf", b"\x1b[31m\r\n", b"x\n", true, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("--- \"\\033]0;\\007\\\".conf\"\n"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\r']), "{text}");
    }
}
