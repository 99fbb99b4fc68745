//! A name for a finding that outlives edits elsewhere in the tree.

use std::fmt;

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// A hash of what a finding is about; as text `v1:` or `v2:` and 32 hexadecimal digits, and from the second finding with
/// one of the second version on `-2`, `-3`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    version: u8,
    hash: [u8; 16],
    /// Which of several findings with this hash it is, from 1 on; always 1 in the first version, where a hash has the number in
    /// it.
    number: u32,
}

impl Fingerprint {
    /// That of the same findings' second, third, … one.
    #[must_use]
    pub fn numbered(self, number: u32) -> Self {
        if self.version > 1 {
            return Self { number, ..self };
        }
        let (name, number) = (self.to_string(), number.to_string());
        Self { hash: hash([name.as_bytes(), number.as_bytes()]), ..self }
    }

    /// That of the first of several findings with this hash.
    #[must_use]
    pub fn unnumbered(self) -> Self {
        Self { number: 1, ..self }
    }

    /// The hash in hexadecimal digits.
    pub fn digits(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.hash))
    }

    /// Which of several findings with this hash it is, from 1 on.
    pub fn number(self) -> u32 {
        self.number
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}:{:032x}", self.version, u128::from_be_bytes(self.hash))?;
        if self.number > 1 { write!(f, "-{}", self.number) } else { Ok(()) }
    }
}

/// FNV-1a (128 bits) over the length-prefixed `parts`.
///
/// The parts are the rule, the file's name, the path of blocks down to the place and the text there, never a line
/// number. The algorithm is fixed by its specification (draft-eastlake-fnv), so the value may be stored.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Fingerprint {
    Fingerprint { version: 1, hash: hash(parts), number: 1 }
}

/// The same of the second kind: the parts are the rule, the values of the words there, the blocks around it by what they are
/// for and the kinds of blocks around its file.
pub fn fingerprint_v2<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Fingerprint {
    Fingerprint { version: 2, hash: hash(parts), number: 1 }
}

fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut hash = OFFSET;
    let mut feed = |byte: u8| hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    for part in parts {
        (part.len() as u64).to_le_bytes().into_iter().for_each(&mut feed);
        part.iter().copied().for_each(&mut feed);
    }
    hash.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn empty_input_is_the_offset_basis() {
        assert_eq!(fingerprint([]).to_string(), "v1:6c62272e07bb014262b821756295c58d");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint([&b"ab"[..], b"c"]), fingerprint([&b"a"[..], b"bc"]));
    }
}
