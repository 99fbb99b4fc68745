//! Quantifiers, and the braces that are none.

use super::refusal::NotEvaluated;
use super::translate::Walk;

/// The largest count in a quantifier (pcre2limits(3)).
const MAX_REPEAT: usize = 65_535;

/// Counts of a quantifier; `None` is "as often as possible".
pub(super) struct Repeat {
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// How many bytes it has.
    pub(super) length: usize,
}

impl Walk<'_> {
    /// The quantifier at an offset, without what makes it lazy or possessive.
    pub(super) fn quantifier(&self, at: usize) -> Result<Option<Repeat>, NotEvaluated> {
        let (min, max) = match self.pattern.get(at) {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => return self.braces(at),
            _ => return Ok(None),
        };
        Ok(Some(Repeat { min, max, length: 1 }))
    }

    /// The counts in the braces that open at an offset; `None` where the brace is literal.
    pub(super) fn braces(&self, at: usize) -> Result<Option<Repeat>, NotEvaluated> {
        let text = self.pattern.get(at + 1..).unwrap_or_default();
        let inside = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b',' | b' ' | b'\t');
        let Some(end) = text.iter().position(|byte| !inside(byte)) else { return Ok(None) };
        if text.get(end) != Some(&b'}') || end == 0 {
            return Ok(None);
        }
        let mut bounds = text.get(..end).unwrap_or_default().split(|&byte| byte == b',');
        let min = bounds.next().and_then(count).ok_or(NotEvaluated::Braces { at })?;
        let max = match (bounds.next(), bounds.next()) {
            (None, _) => Some(min),
            (Some(b""), None) => None,
            (Some(max), None) => Some(count(max).ok_or(NotEvaluated::Braces { at })?),
            (Some(_), Some(_)) => return Err(NotEvaluated::Braces { at }),
        };
        if min > MAX_REPEAT || max.is_some_and(|max| max < min || max > MAX_REPEAT) {
            return Err(NotEvaluated::Quantifier { at });
        }
        Ok(Some(Repeat { min, max, length: end + 2 }))
    }
}

/// A count in braces; `None` where it is not just digits.
fn count(text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_usize, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| usize::from(byte - b'0'))?;
        Some(value.saturating_mul(10).saturating_add(digit))
    })
}
