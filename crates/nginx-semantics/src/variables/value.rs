//! What is known of a value: it, one of several, or nothing.

use smallvec::{SmallVec, smallvec};

/// The bytes of a value: most are short, and one is made wherever a variable is looked at.
pub type Bytes = SmallVec<[u8; 24]>;

/// As many alternatives are kept apart.
const MOST_ALTERNATIVES: usize = 16;
/// A longer value is not kept, in bytes.
const MOST_BYTES: usize = 1 << 16;

/// A value that is known, one of several, or unknown.
///
/// Rules ask [`Value::surely`] and [`Value::possibly`], both of which say no for what is unknown, so that silence is
/// the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One of these, sorted, without repetition, at least one.
    OneOf(SmallVec<[Bytes; 1]>),
    /// Not empty, but otherwise unknown.
    NotEmpty,
    /// Nothing is known.
    Unknown,
}

impl Value {
    /// A value that is known.
    pub fn known(bytes: impl AsRef<[u8]>) -> Self {
        Self::OneOf(smallvec![Bytes::from_slice(bytes.as_ref())])
    }

    /// The empty value, which nginx does not send as a header.
    pub fn empty() -> Self {
        Self::OneOf(smallvec![Bytes::new()])
    }

    /// The value, when there is only one.
    pub fn as_known(&self) -> Option<&[u8]> {
        match self {
            Self::OneOf(values) => match values.as_slice() {
                [value] => Some(value),
                _ => None,
            },
            Self::NotEmpty | Self::Unknown => None,
        }
    }

    /// The alternatives, when all are known.
    pub fn alternatives(&self) -> Option<&[Bytes]> {
        match self {
            Self::OneOf(values) => Some(values),
            Self::NotEmpty | Self::Unknown => None,
        }
    }

    /// Whether it holds whatever the value is.
    pub fn surely(&self, holds: impl Fn(&[u8]) -> bool) -> bool {
        self.alternatives().is_some_and(|values| values.iter().all(|value| holds(value)))
    }

    /// Whether it holds for some known alternative.
    pub fn possibly(&self, holds: impl Fn(&[u8]) -> bool) -> bool {
        self.alternatives().is_some_and(|values| values.iter().any(|value| holds(value)))
    }

    /// Whether it is never empty.
    pub fn has_text(&self) -> bool {
        *self == Self::NotEmpty || self.surely(|bytes| !bytes.is_empty())
    }

    /// Yes, no, or cannot say.
    pub fn test(&self, holds: impl Fn(&[u8]) -> bool) -> Option<bool> {
        if self.surely(&holds) {
            Some(true)
        } else if self.surely(|value| !holds(value)) {
            Some(false)
        } else {
            None
        }
    }

    /// Something made of it, where it is known.
    #[must_use]
    pub fn map<B: AsRef<[u8]>>(self, change: impl Fn(&[u8]) -> B) -> Self {
        match &self {
            Self::OneOf(values) => {
                let all = values.iter().map(|value| Self::known(change(value)));
                all.reduce(Self::or).unwrap_or(Self::Unknown)
            }
            Self::NotEmpty | Self::Unknown => Self::Unknown,
        }
    }

    /// Either this or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::OneOf(mut values), Self::OneOf(more)) => {
                values.extend(more);
                values.sort();
                values.dedup();
                if values.len() > MOST_ALTERNATIVES { Self::Unknown } else { Self::OneOf(values) }
            }
            (Self::NotEmpty, Self::NotEmpty) => Self::NotEmpty,
            (Self::NotEmpty, Self::OneOf(values)) | (Self::OneOf(values), Self::NotEmpty)
                if values.iter().all(|value| !value.is_empty()) =>
            {
                Self::NotEmpty
            }
            _ => Self::Unknown,
        }
    }

    /// This, then the other.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        match (self, other) {
            (Self::OneOf(first), Self::OneOf(second)) => {
                let longest = |values: &[Bytes]| values.iter().map(SmallVec::len).max().unwrap_or(0);
                if longest(&first) + longest(&second) > MOST_BYTES {
                    return Self::Unknown;
                }
                let joined = |a: &Bytes, b: &Bytes| {
                    let mut both = a.clone();
                    both.extend_from_slice(b);
                    Self::OneOf(smallvec![both])
                };
                let pairs = first.iter().flat_map(|a| second.iter().map(move |b| joined(a, b)));
                pairs.reduce(Self::or).unwrap_or(Self::Unknown)
            }
            (first, second) if first.has_text() || second.has_text() => Self::NotEmpty,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn unknown_is_neither_sure_nor_possible() {
        assert!(!Value::Unknown.surely(|_| true));
        assert!(!Value::Unknown.possibly(|_| true));
        assert_eq!(Value::NotEmpty.test(<[u8]>::is_empty), None);
    }

    #[test]
    fn alternatives_multiply_up_to_a_bound() {
        let bit = Value::known("0").or(Value::known("1"));
        let two = bit.clone().then(bit.clone());
        assert_eq!(two.alternatives().map(<[_]>::len), Some(4));
        let many = (0..5).fold(Value::empty(), |value, _| value.then(bit.clone()));
        assert_eq!(many, Value::Unknown);
        assert_eq!(Value::known("a").then(Value::Unknown), Value::NotEmpty);
    }
}
