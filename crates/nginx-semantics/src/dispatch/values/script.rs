//! Text with variables (`http/ngx_http_script.c:ngx_http_script_compile`).

use super::{Refused, Takes};
use crate::dispatch::judge::Words;

/// What is refused of the 0-based `word`th word.
pub(super) fn refused(statement: &Words<'_>, word: usize) -> Option<Refused> {
    in_text(&statement.c_string(word), word)
}

/// The same of a part of a word.
pub(super) fn in_text(text: &[u8], word: usize) -> Option<Refused> {
    let message = error(text)?;
    Some(Refused::new(word, Takes::Script, message))
}

fn error(text: &[u8]) -> Option<Vec<u8>> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let name = |tail: &[u8]| tail.iter().take_while(|byte| is_name(byte)).count();
    for dollar in memchr::memchr_iter(b'$', text) {
        match text.get(dollar + 1..).unwrap_or_default() {
            [b'{', body @ ..] => {
                let length = name(body);
                match body.get(length) {
                    _ if body.is_empty() => return Some(b"invalid variable name".to_vec()),
                    Some(b'}') if length > 0 => {}
                    Some(b'}') => return Some(b"invalid variable name".to_vec()),
                    _ => {
                        let name = body.get(..length).unwrap_or_default();
                        return Some(
                            [b"the closing bracket in \"", name, b"\" variable is missing"].concat(),
                        );
                    }
                }
            }
            tail if name(tail) == 0 => return Some(b"invalid variable name".to_vec()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::error;

    #[test]
    fn every_dollar_begins_a_name() {
        let invalid = "invalid variable name";
        let table = [
            ("", None),
            ("a$b${c}d$1", None),
            ("$", Some(invalid)),
            ("a$ b", Some(invalid)),
            ("$$http_upgrade", Some(invalid)),
            ("${", Some(invalid)),
            ("${}", Some(invalid)),
            ("$-a", Some(invalid)),
            ("${host", Some("the closing bracket in \"host\" variable is missing")),
            ("${ho-st}", Some("the closing bracket in \"ho\" variable is missing")),
            ("${-}", Some("the closing bracket in \"\" variable is missing")),
            ("$$", Some(invalid)),
        ];
        for (text, expected) in table {
            let said = error(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(said.as_deref(), expected, "{text}");
        }
    }
}
