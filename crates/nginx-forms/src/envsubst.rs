//! What gettext's envsubst makes of text that looks as if it were for a shell.
//!
//! It replaces `$NAME` and `${NAME}`, has no default values and no escape (`find_variables` of
//! `gettext-runtime/src/envsubst.c`).

use nginx_syntax::Span;

/// A stretch that envsubst does not take as its author meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misread {
    /// `${NAME:-80}`: it stays as it is.
    LeftAlone,
    /// `$${NAME}`: a `$` and the value.
    NotEscaped,
}

/// One of them with its length, at the start of a text.
pub(crate) fn misread(text: &[u8]) -> Option<(usize, Misread)> {
    let rest = text.strip_prefix(b"$")?;
    if let Some(body) = rest.strip_prefix(b"{") {
        let name = name_of(body)?;
        let operator = body.get(name..)?;
        let is_default = [&b":-"[..], b":=", b":?", b":+", b"-", b"=", b"?", b"+"];
        let line = memchr::memchr(b'\n', operator).unwrap_or(operator.len());
        let end = memchr::memchr(b'}', operator.get(..line)?)?;
        return is_default
            .iter()
            .any(|default| operator.starts_with(default))
            .then_some((2 + name + end + 1, Misread::LeftAlone));
    }
    let inner = rest.strip_prefix(b"$")?;
    let (body, is_braced) = match inner.strip_prefix(b"{") {
        Some(body) => (body, true),
        None => (inner, false),
    };
    let name = name_of(body)?;
    let is_whole = !is_braced || body.get(name) == Some(&b'}');
    is_whole.then_some((2 + name + if is_braced { 2 } else { 0 }, Misread::NotEscaped))
}

/// The length of a name in capitals, as people name variables of an environment.
fn name_of(text: &[u8]) -> Option<usize> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.iter().take_while(|byte| is_of_name(byte)).count();
    let name = text.get(..length)?;
    let is_it = name.first().is_some_and(u8::is_ascii_uppercase) && !name.iter().any(u8::is_ascii_lowercase);
    is_it.then_some(length)
}

/// All of them in a template that has no marks of another engine.
pub fn misreads(text: &[u8]) -> Vec<(Span, Misread)> {
    let has = |mark: &[u8]| memchr::memmem::find(text, mark).is_some();
    if has(b"{{") || has(b"{%") || has(b"<%") {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut from = 0;
    for at in memchr::memchr_iter(b'$', text).take(MOST) {
        let found = if at < from { None } else { text.get(at..).and_then(misread) };
        let Some((length, what)) = found else { continue };
        from = at + length;
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        all.push((Span::new(offset(at), offset(from)), what));
    }
    all
}

/// As many `$` of one text are looked at.
const MOST: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::{Misread, misreads};

    /// Each line was given to envsubst 0.21 with `NAME=val`: what it leaves alone, and what becomes `$val`.
    #[test]
    fn what_envsubst_does_not_take_as_meant() {
        for left in ["${NAME:-80}", "${NAME-80}", "${NAME:=80}", "${NAME:?no}", "${NAME:+yes}", "${A_1:-a/b}"]
        {
            let text = format!("listen {left};");
            let all = misreads(text.as_bytes());
            assert_eq!(all.len(), 1, "{left}");
            assert_eq!((all[0].0.of(text.as_bytes()), &all[0].1), (left.as_bytes(), &Misread::LeftAlone));
        }
        for doubled in ["$${NAME}", "$$NAME"] {
            let text = format!("set $a {doubled};");
            let all = misreads(text.as_bytes());
            assert_eq!((all[0].0.of(text.as_bytes()), &all[0].1), (doubled.as_bytes(), &Misread::NotEscaped));
        }
        for text in
            ["$NAME ${NAME}", "${host:-x}", "$$host", "${NAME", "${NAME:-x\n}", "{{ a }} ${NAME:-x}", "$"]
        {
            assert!(misreads(text.as_bytes()).is_empty(), "{text}");
        }
    }
}
