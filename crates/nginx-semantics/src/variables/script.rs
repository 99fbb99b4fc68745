//! Values with variables, taken apart as nginx does (`http/ngx_http_script.c:ngx_http_script_compile`).

use std::borrow::Cow;

use smallvec::SmallVec;

/// A piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// Bytes as they stand.
    Literal(&'a [u8]),
    /// `$name` or `${name}`.
    Variable(&'a [u8]),
    /// `$1` to `$9`.
    Capture(u8),
    /// A `$` that nginx refuses: at the end, or before something that is no name.
    Invalid,
}

/// The pieces of a value: most have few.
pub type Parts<'a> = SmallVec<[Part<'a>; 3]>;

/// The pieces of a value in order.
pub fn parts(value: &[u8]) -> Parts<'_> {
    let mut parts = Parts::new();
    let mut rest = value;
    while let Some(dollar) = memchr::memchr(b'$', rest) {
        let (literal, tail) = rest.split_at(dollar);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let tail = tail.get(1..).unwrap_or_default();
        let (part, length) = variable(tail);
        parts.push(part);
        rest = tail.get(length..).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

/// The names of the variables in a text, which may be long.
pub fn variable_names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memchr_iter(b'$', text).filter_map(|dollar| match variable(text.get(dollar + 1..)?) {
        (Part::Variable(name), _) => Some(name),
        _ => None,
    })
}

/// What stands behind a `$`, and its length in bytes.
fn variable(tail: &[u8]) -> (Part<'_>, usize) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if let [digit @ b'1'..=b'9', ..] = tail {
        return (Part::Capture(digit - b'0'), 1);
    }
    if let [b'{', body @ ..] = tail {
        let length = body.iter().take_while(|byte| is_name(byte)).count();
        let name = body.get(..length).unwrap_or_default();
        return match body.get(length) {
            Some(b'}') if !name.is_empty() => (Part::Variable(name), length + 2),
            _ => (Part::Invalid, 1),
        };
    }
    let length = tail.iter().take_while(|byte| is_name(byte)).count();
    match tail.get(..length) {
        Some(name) if length > 0 => (Part::Variable(name), length),
        _ => (Part::Invalid, 0),
    }
}

/// A name as nginx keeps it, in lower case: most are.
pub(crate) fn lower(name: &[u8]) -> Cow<'_, [u8]> {
    match name.iter().any(u8::is_ascii_uppercase) {
        true => name.to_ascii_lowercase().into(),
        false => name.into(),
    }
}

/// Whether nginx evaluates anything in it.
pub fn has_variables(value: &[u8]) -> bool {
    memchr::memchr(b'$', value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_apart() {
        use Part::{Capture, Invalid, Literal, Variable};
        let table: [(&str, Vec<Part<'_>>); 7] = [
            ("", vec![]),
            ("a", vec![Literal(b"a")]),
            ("$http_upgrade", vec![Variable(b"http_upgrade")]),
            ("${a}b$c-", vec![Variable(b"a"), Literal(b"b"), Variable(b"c"), Literal(b"-")]),
            ("$1redirect", vec![Capture(1), Literal(b"redirect")]),
            ("a$", vec![Literal(b"a"), Invalid]),
            ("${a", vec![Invalid, Literal(b"a")]),
        ];
        for (value, expected) in table {
            assert_eq!(parts(value.as_bytes()).as_slice(), expected, "{value}");
        }
    }
}
