//! Ages to a hundredth of a second, in constant memory: exact for few of them, and for many those that are frequent.
//!
//! The histogram of [`Ages`](crate::lifetimes::Ages) keeps three digits, which of an hour are two seconds. What many
//! connections have in common is known better by counting values: when there are too many, each loses one, and those
//! without any are forgotten (Misra and Gries, "Finding repeated elements"). A value is never counted too often, and by at
//! most one in [`MOST`] of all too rarely.

use hashbrown::HashMap;

/// So many values are told apart.
const MOST: usize = 1_024;
/// How wide one is, in milliseconds.
pub(crate) const UNIT: u64 = 10;

/// Counts of ages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fine {
    counts: HashMap<u32, u32>,
    /// Whether any was forgotten.
    is_rough: bool,
}

impl Fine {
    /// An age in milliseconds.
    pub(crate) fn add(&mut self, milliseconds: u64) {
        let Ok(value) = u32::try_from(milliseconds / UNIT) else {
            self.is_rough = true;
            return;
        };
        if let Some(count) = self.counts.get_mut(&value) {
            *count = count.saturating_add(1);
        } else if self.counts.len() < MOST {
            self.counts.insert(value, 1);
        } else {
            self.is_rough = true;
            self.counts.retain(|_, count| {
                *count -= 1;
                *count > 0
            });
        }
    }

    /// Whether every age was counted.
    pub(crate) fn is_exact(&self) -> bool {
        !self.is_rough
    }

    /// Ages in order, each with its count: the middle of what is not told apart.
    pub(crate) fn ages(&self) -> Vec<(u64, u64)> {
        let age = |(value, count): (&u32, &u32)| (u64::from(*value) * UNIT + UNIT / 2, u64::from(*count));
        let mut ages: Vec<(u64, u64)> = self.counts.iter().map(age).collect();
        ages.sort_unstable();
        ages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_frequent_is_known_among_any_number_of_others() {
        let mut fine = Fine::default();
        for index in 0..300_000_u64 {
            fine.add(1_000_000 + index.wrapping_mul(2_654_435_761) % 90_000_000);
            if index % 30 == 0 {
                fine.add(14_400_003);
            }
        }
        assert!(!fine.is_exact() && fine.counts.len() <= MOST);
        let most = fine.ages().into_iter().max_by_key(|(_, count)| *count);
        let Some((14_400_005, count)) = most else { panic!("{most:?}") };
        assert!((9_600..=10_100).contains(&count), "{count}");
    }

    #[test]
    fn few_are_exact() {
        let mut fine = Fine::default();
        (0..5_000_u64).for_each(|index| fine.add(60_000 + index % 1_000));
        assert!(fine.is_exact());
        assert_eq!((fine.ages().len(), fine.ages().first().copied()), (100, Some((60_005, 50))));
    }
}
