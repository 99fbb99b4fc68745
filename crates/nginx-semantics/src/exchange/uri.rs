//! Paths and arguments: escaped, and taken apart.

/// What is to be escaped besides control characters and what is not ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// A path in a request line (`NGX_ESCAPE_URI`).
    Path,
    /// A piece of the arguments (`NGX_ESCAPE_ARGS`).
    Arguments,
}

impl Escape {
    /// The bytes of `core/ngx_string.c:ngx_escape_uri`, as they are since nginx 1.21.1.
    fn is_escaped(self, byte: u8) -> bool {
        match byte {
            0..=b' '
            | 0x7f..
            | b'"'
            | b'<'
            | b'>'
            | b'\\'
            | b'^'
            | b'`'
            | b'{'
            | b'|'
            | b'}'
            | b'#'
            | b'%'
            | b'?' => true,
            b'&' | b'+' | b';' => self == Self::Arguments,
            _ => false,
        }
    }

    /// Escapes.
    pub(crate) fn apply(self, bytes: &[u8]) -> Vec<u8> {
        let mut escaped = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.is_escaped(byte) {
                escaped.extend(format!("%{byte:02X}").into_bytes());
            } else {
                escaped.push(byte);
            }
        }
        escaped
    }
}

/// What `rewrite` makes of the target of a redirect: escapes of printable characters behind `%` are undone, up to a `?`
/// (`core/ngx_string.c:ngx_unescape_uri` with `NGX_UNESCAPE_REDIRECT`).
pub(super) fn unescape_redirect(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut rest = bytes;
    while let [first, behind @ ..] = rest {
        match (first, behind) {
            (b'?', _) => {
                plain.extend_from_slice(rest);
                break;
            }
            (b'%', [high, low, behind @ ..]) if digit(*high).is_some() => {
                let decoded = digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4) | low);
                match decoded {
                    // One that is decoded ends it like any other, if its last digit is a letter.
                    Some(b'?') => {
                        plain.push(b'?');
                        plain.extend_from_slice(behind);
                        break;
                    }
                    Some(byte @ b'&'..0x7f) => plain.push(byte),
                    Some(_) => plain.extend([b'%', *high, *low]),
                    // No escape: nothing is left of it.
                    None => {}
                }
                rest = behind;
            }
            // An escape that is none loses its `%`; what is cut off is lost.
            (b'%', [other, behind @ ..]) => {
                if digit(*other).is_none() {
                    plain.push(*other);
                }
                rest = behind;
            }
            (b'%', []) => rest = behind,
            (byte, behind) => {
                plain.push(*byte);
                rest = behind;
            }
        }
    }
    plain
}

/// Path and arguments of a target, at the first `?` (`http/ngx_http_parse.c:ngx_http_split_args`).
pub(super) fn split(target: &[u8]) -> (&[u8], &[u8]) {
    match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (target.get(..at).unwrap_or_default(), target.get(at + 1..).unwrap_or_default()),
        None => (target, b""),
    }
}

/// Authority and rest of a target that is a URL (`http/ngx_http_parse.c:ngx_http_parse_request_line`, from `sw_schema`
/// on).
pub(super) fn of_url(target: &[u8]) -> Option<(&[u8], &[u8])> {
    if !target.first()?.is_ascii_alphabetic() {
        return None;
    }
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let end = target.iter().position(|byte| !is_scheme(byte))?;
    let rest = target.get(end..)?.strip_prefix(b"://")?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    rest.split_at_checked(end).filter(|(authority, _)| !authority.is_empty())
}

/// The arguments of a request's target: up to a fragment.
pub(super) fn arguments(target: &[u8]) -> &[u8] {
    let end = target.iter().position(|byte| *byte == b'#').unwrap_or(target.len());
    split(target.get(..end).unwrap_or_default()).1
}

/// The value of an argument, its name in any case (`http/ngx_http_parse.c:ngx_http_arg`).
pub(super) fn argument<'a>(arguments: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    arguments.split(|byte| *byte == b'&').find_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (pair.get(..at)?, pair.get(at + 1..)?);
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// `path?arguments`, or the path alone.
pub(super) fn join(path: &[u8], arguments: &[u8]) -> Vec<u8> {
    if arguments.is_empty() { path.to_vec() } else { [path, b"?", arguments].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_found_without_case() {
        assert_eq!(argument(b"a=1&Room=x%20y&room=z", b"room"), Some(b"x%20y".as_slice()));
        assert_eq!(argument(b"room", b"room"), None);
        assert_eq!(split(b"/a?b?c"), (b"/a".as_slice(), b"b?c".as_slice()));
        assert_eq!(arguments(b"/a?b#c"), b"b");
    }

    #[test]
    fn redirects_are_unescaped() {
        let table = [
            ("/a%3Bb%26c%2Fd", "/a;b&c/d"),
            ("/a%20b%25c%7fd%C3%a4", "/a%20b%25c%7fd%C3%a4"),
            ("/a?b%26c", "/a?b%26c"),
            ("/a%3Fb%26c", "/a?b%26c"),
            ("/%zz%2", "/zz"),
            ("/%2xy%", "/y"),
        ];
        for (text, expected) in table {
            assert_eq!(String::from_utf8_lossy(&unescape_redirect(text.as_bytes())), expected, "{text}");
        }
    }

    #[test]
    fn urls_are_taken_apart() {
        let parts = |target: &'static str| {
            of_url(target.as_bytes())
                .map(|(host, rest)| [host, rest].map(|part| part.escape_ascii().to_string()))
        };
        let owned = |parts: [&str; 2]| Some(parts.map(str::to_owned));
        assert_eq!(parts("http://a.test:99/b?c"), owned(["a.test:99", "/b?c"]));
        assert_eq!(parts("ws://A?b"), owned(["A", "?b"]));
        assert_eq!(parts("c+d-e.9://a"), owned(["a", ""]));
        for target in ["/a://b", "9://a/", "http:/a", "http:///a", "", "http"] {
            assert_eq!(parts(target), None, "{target}");
        }
    }

    #[test]
    fn paths_and_arguments_are_escaped_differently() {
        assert_eq!(Escape::Path.apply(b"/a b&c%?"), b"/a%20b&c%25%3F");
        assert_eq!(Escape::Arguments.apply(b"a&b+c"), b"a%26b%2Bc");
    }
}
