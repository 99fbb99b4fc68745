//! YAML out of a template of YAML.

/// The text with the marks of templates as empty lines where nothing else stands on their line, else as letters. A line of
/// blanks would not do: YAML refuses one that is longer than the indent at the start of a block.
pub(super) fn masked(text: &[u8]) -> Vec<u8> {
    let mut masked = text.to_vec();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(b'{', rest)) {
        let start = at + found;
        let rest = text.get(start..).unwrap_or_default();
        let close: &[u8] = match rest.get(1) {
            Some(b'{') => b"}}",
            Some(b'%') => b"%}",
            Some(b'#') if memchr::memmem::find(text, b"{%").is_some() => b"#}",
            _ => {
                at = start + 1;
                continue;
            }
        };
        let Some(length) = memchr::memmem::find(rest, close).map(|length| length + close.len()) else {
            break;
        };
        let end = start + length;
        let before =
            text.get(..start).unwrap_or_default().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let behind =
            text.get(end..).unwrap_or_default().split(|byte| *byte == b'\n').next().unwrap_or_default();
        // `{{ x }}: y` and `- {{ x }}` are values; several marks in a line that has nothing else are none.
        let is_alone = is_nothing_but_marks(before) && is_nothing_but_marks(behind);
        for byte in masked.get_mut(start..end).unwrap_or_default() {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = if is_alone { b'\n' } else { b'x' };
            }
        }
        at = end;
    }
    masked
}

fn is_nothing_but_marks(part: &[u8]) -> bool {
    let mut rest = part.trim_ascii();
    while let Some(body) = rest.strip_prefix(b"{{").or_else(|| rest.strip_prefix(b"{%")) {
        let close =
            [&b"}}"[..], b"%}"].into_iter().filter_map(|close| memchr::memmem::find(body, close)).min();
        let Some(close) = close else { return false };
        rest = body.get(close + 2..).unwrap_or_default().trim_ascii();
    }
    rest.is_empty()
}
