//! The lines of a text.

use nginx_syntax::Span;

/// The lines of a text, each with its line feed.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Span> + use<'_> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let start = at;
        at += length;
        Some(Span::new(u32::try_from(start).ok()?, u32::try_from(at).ok()?))
    })
}

/// How many blanks a line begins with.
pub(crate) fn indent(line: &[u8]) -> u32 {
    let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    u32::try_from(blanks).unwrap_or(u32::MAX)
}

/// Whether nothing stands on a line.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}
