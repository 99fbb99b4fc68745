//! Words as they are written.

use nginx_semantics::SourceFile;

/// The quotes that a file's author uses first; double ones where there are none.
pub(super) fn quote(file: &SourceFile) -> u8 {
    file.quote().unwrap_or(b'"')
}

/// A word of this value: in the quotes of the one that it stands for, else in `quote` where it needs quotes.
pub(crate) fn written(value: &[u8], old: Option<&[u8]>, quote: u8) -> Vec<u8> {
    let old = old.and_then(<[u8]>::first).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let quote = old.or_else(|| needs_quotes(value).then_some(quote));
    let mut word: Vec<u8> = quote.into_iter().collect();
    for (index, &byte) in value.iter().enumerate() {
        // Other backslashes are bytes like any other (`core/ngx_conf_file.c:ngx_conf_read_token`).
        let is_escape = byte == b'\\'
            && matches!(value.get(index + 1), None | Some(b'"' | b'\'' | b'\\' | b't' | b'r' | b'n'));
        if is_escape || Some(byte) == quote {
            word.push(b'\\');
        }
        word.push(byte);
    }
    word.extend(quote);
    word
}

/// Whether a value cannot stand alone: it would end early, or begin something else.
fn needs_quotes(value: &[u8]) -> bool {
    let ends = |(index, byte): (usize, &u8)| match byte {
        b' ' | b'\t' | b'\r' | b'\n' | b';' => true,
        // `${name}` does not end the word.
        b'{' => index.checked_sub(1).and_then(|before| value.get(before)) != Some(&b'$'),
        _ => false,
    };
    matches!(value.first(), None | Some(b'"' | b'\'' | b'#' | b'}')) || value.iter().enumerate().any(ends)
}

#[cfg(test)]
mod tests {
    use nginx_syntax::unquote;

    use super::written;

    #[test]
    fn values_are_written_so_that_nginx_reads_them_again() {
        let table: [(&str, &str, &str); 14] = [
            ("upgrade", "close", "upgrade"),
            ("upgrade", "\"\"", "\"upgrade\""),
            ("$connection_upgrade", "'close'", "'$connection_upgrade'"),
            ("", "close", "''"),
            ("", "\"close\"", "\"\""),
            ("a b", "x", "'a b'"),
            ("it's", "x", "it's"),
            ("it's", "'x'", "'it\\'s'"),
            ("'a", "x", "'\\'a'"),
            ("${name}", "x", "${name}"),
            ("a{2}", "x", "'a{2}'"),
            ("~^a\\.b$", "x", "~^a\\.b$"),
            ("~\\bws\\b;", "x", "'~\\bws\\b;'"),
            ("\\n\\", "x", "\\\\n\\\\"),
        ];
        for (value, old, word) in table {
            let made = written(value.as_bytes(), Some(old.as_bytes()), b'\'');
            assert_eq!(String::from_utf8_lossy(&made), word);
            assert_eq!(unquote(&made).as_ref(), value.as_bytes(), "{word}");
        }
    }
}
