//! Where two long texts are cut, so that comparing them costs what they are long, not the square of it.
//!
//! Myers' algorithm takes time by the length times the number of differences, and a fix for each of ten thousand locations
//! makes as many. What stands once in each text, in the same order, stays where it is: between two such lines the rest is
//! compared on its own.

use std::collections::HashMap;

/// Texts with fewer lines together are compared as a whole.
const WHOLE: usize = 1 << 14;

/// So many lines at least are between two cuts.
const PIECE: usize = 1 << 10;

/// A line that stands once in each text: in the old one and in the new one.
type Pair = (usize, usize);

/// The lines of both texts before which they are cut, in order.
pub(super) fn cuts(old: &[&[u8]], new: &[&[u8]]) -> Vec<Pair> {
    if old.len() + new.len() < WHOLE {
        return Vec::new();
    }
    let mut last = (0, 0);
    let mut cuts = increasing(&once_in_each(old, new));
    cuts.retain(|&(in_old, in_new)| {
        let is_far = in_old - last.0 >= PIECE && in_new - last.1 >= PIECE;
        if is_far {
            last = (in_old, in_new);
        }
        is_far
    });
    cuts
}

/// In the order of the old text.
fn once_in_each(old: &[&[u8]], new: &[&[u8]]) -> Vec<Pair> {
    /// The only number of a line, and how often it is there.
    type Seen = (usize, u32);
    let mut seen: HashMap<&[u8], [Seen; 2]> = HashMap::with_capacity(old.len());
    for (text, lines) in [old, new].into_iter().enumerate() {
        for (number, line) in lines.iter().enumerate() {
            let both = seen.entry(line).or_default();
            if let Some((last, count)) = both.get_mut(text) {
                (*last, *count) = (number, count.saturating_add(1));
            }
        }
    }
    let lines = old.iter().enumerate();
    let pairs = lines.filter_map(|(number, line)| match seen.get(line)? {
        [(_, 1), (in_new, 1)] => Some((number, *in_new)),
        _ => None,
    });
    pairs.collect()
}

/// As many of them as are in the same order in both texts.
fn increasing(pairs: &[Pair]) -> Vec<Pair> {
    // By length less one: the pair that ends such a series lowest; and for each pair the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let in_new = |index: usize| pairs.get(index).map_or(0, |pair| pair.1);
    for (index, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| in_new(end) < pair.1);
        before.push(length.checked_sub(1).and_then(|last| ends.get(last)).copied());
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let last = ends.last().copied();
    let series = std::iter::successors(last, |&index| before.get(index).copied().flatten());
    let mut series: Vec<Pair> = series.filter_map(|index| pairs.get(index).copied()).collect();
    series.reverse();
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_series_is_taken() {
        let pairs = [(0, 5), (1, 0), (2, 9), (3, 1), (4, 2), (5, 8), (6, 3)];
        assert_eq!(increasing(&pairs), [(1, 0), (3, 1), (4, 2), (6, 3)]);
        assert_eq!(increasing(&[]), []);
    }

    #[test]
    fn short_texts_and_lines_that_repeat_are_not_cut() {
        let lines = vec![&b"a\n"[..]; WHOLE];
        assert_eq!(cuts(&lines, &lines), []);
        assert_eq!(cuts(&[b"a", b"b"], &[b"a", b"c", b"b"]), []);
    }

    #[test]
    fn cuts_are_lines_of_both() {
        let old: Vec<String> = (0..WHOLE).map(|line| format!("{line}\n")).collect();
        let new: Vec<String> = old.iter().flat_map(|line| [line.clone(), "x\n".to_owned()]).collect();
        let (old, new): (Vec<&[u8]>, Vec<&[u8]>) =
            (old.iter().map(String::as_bytes).collect(), new.iter().map(String::as_bytes).collect());
        let cuts = cuts(&old, &new);
        assert_eq!(cuts.len(), WHOLE / PIECE - 1);
        assert!(cuts.iter().all(|&(in_old, in_new)| old[in_old] == new[in_new] && in_new == 2 * in_old));
    }
}
