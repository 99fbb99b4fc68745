//! A name for a finding that outlives edits elsewhere in the tree.

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// FNV-1a (128 bits) over the length-prefixed `parts`, as `v1:` and 32 hexadecimal digits.
///
/// The parts are the rule, the file's name, the path of blocks down to the place and the text there, never a line
/// number. The algorithm is fixed by its specification (draft-eastlake-fnv), so the value may be stored.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = OFFSET;
    let mut feed = |byte: u8| hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    for part in parts {
        (part.len() as u64).to_le_bytes().into_iter().for_each(&mut feed);
        part.iter().copied().for_each(&mut feed);
    }
    format!("v1:{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn empty_input_is_the_offset_basis() {
        assert_eq!(fingerprint([]), "v1:6c62272e07bb014262b821756295c58d");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint([&b"ab"[..], b"c"]), fingerprint([&b"a"[..], b"bc"]));
    }
}
