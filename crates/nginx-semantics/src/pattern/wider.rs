//! A pattern that matches wherever another one does, and perhaps elsewhere: where it does not match, the other does not.

use super::NotEvaluated;

/// So many look-arounds are left out of one pattern.
const MOST: usize = 20;

/// The pattern without its first look-around, which begins where `why` says; `None` if more depends on it. What is left
/// matches wherever the pattern does: an assertion only takes matches away (pcre2pattern(3), "Assertions").
fn without(pattern: &[u8], why: &NotEvaluated) -> Option<Vec<u8>> {
    let NotEvaluated::Lookaround { at } = *why else { return None };
    let (before, group) = pattern.split_at_checked(at)?;
    let behind = group.get(end(group)?..)?;
    // `(?!a)*` is no assertion any more.
    let is_repeated = matches!(behind, [b'*' | b'+' | b'?' | b'{', ..]);
    (!is_repeated).then(|| [before, behind].concat())
}

/// Where the group ends that the bytes begin with.
fn end(group: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = group.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => at += class(group.get(at..)?)?,
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where the final `]` of the class is that the bytes begin with. A `]` that comes first is a member
/// (pcre2pattern(3), "Square brackets and character classes"); one with a POSIX class in it is left alone.
fn class(bytes: &[u8]) -> Option<usize> {
    let mut at = if bytes.get(1) == Some(&b'^') { 2 } else { 1 };
    at += usize::from(bytes.get(at) == Some(&b']'));
    loop {
        match bytes.get(at)? {
            b']' => return Some(at),
            b'[' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether text may stand in it that is no pattern: `\Q…\E`, comments, and blanks where `(?x)` is on.
fn has_text(pattern: &[u8]) -> bool {
    let is_of_options = |byte: &&u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'^');
    pattern.windows(2).enumerate().any(|(at, two)| match two {
        b"\\Q" => true,
        b"(?" => {
            let rest = pattern.get(at + 2..).unwrap_or_default();
            rest.first() == Some(&b'#') || rest.iter().take_while(is_of_options).any(|byte| *byte == b'x')
        }
        _ => false,
    })
}

/// A pattern that can be evaluated in place of one that cannot for `why`, as `read` says.
pub(super) fn wider<T>(
    pattern: &[u8],
    why: NotEvaluated,
    read: impl Fn(&[u8]) -> Result<T, NotEvaluated>,
) -> Result<T, NotEvaluated> {
    if has_text(pattern) {
        return Err(why);
    }
    let (mut pattern, mut why) = (pattern.to_vec(), why);
    for _ in 0..MOST {
        pattern = match without(&pattern, &why) {
            Some(left) => left,
            None => return Err(why),
        };
        why = match read(&pattern) {
            Ok(read) => return Ok(read),
            Err(another) => another,
        };
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::super::{Pattern, Patterns};

    fn matches(pattern: &str, subject: &str) -> Option<bool> {
        Patterns::default()
            .get(pattern.as_bytes(), false)
            .and_then(|pattern| pattern.is_match(subject.as_bytes()))
    }

    #[test]
    fn what_a_pattern_without_its_look_arounds_does_not_match_is_no_match() {
        for (pattern, no, unknown) in [
            (r"/\.(?!well-known).*", "/ws", "/.git/config"),
            (r"/\.(?!well-known)", "/chat/ws", "/.well-known/acme"),
            (r"^/(?!api/|ws/|[^\])(]+x)[a-z]+$", "/x/y", "/ws"),
            (r"^(?=.*[(]\))/a(?<!b)$", "/b", "/a"),
            (r"^/(?:(?!(a|b)c)d|e)$", "/ac", "/d"),
        ] {
            assert_eq!(matches(pattern, no), Some(false), "{pattern}");
            assert_eq!(matches(pattern, unknown), None, "{pattern}");
            assert!(Pattern::new(pattern.as_bytes(), false).is_err(), "{pattern}");
        }
    }

    #[test]
    fn where_more_hangs_on_it_nothing_is_said() {
        for pattern in [
            "/a(?!b)*c",
            r"(?x)/a(?!b # )
            )c",
            r"/a(?!\Q)\E)c",
            "/a(?!b",
            "/a(?![[:alpha:])])c",
            r"(a)(?!b)\1",
            "(?#x)(?!b)c",
        ] {
            assert_eq!(matches(pattern, "/zzz"), None, "{pattern}");
        }
    }

    #[test]
    fn captures_are_known_where_there_is_no_match() {
        let pattern = Patterns::default().get(br"^/(a)(?!b)(?<n>.)", false).unwrap();
        assert_eq!(pattern.captures(b"/x"), Some(None));
        assert_eq!(pattern.captures(b"/ac"), None);
    }
}
