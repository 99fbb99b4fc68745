//! Chance that can be repeated.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// What a seed and a number decide.
pub(crate) struct Dice(TestRng);

impl Dice {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut bytes = [0; 32];
        for (byte, from) in bytes.iter_mut().zip(seed.to_le_bytes().into_iter().chain(number.to_le_bytes())) {
            *byte = from;
        }
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    /// A number below `most`; 0 if that is 0.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        let most = u64::try_from(most).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0.next_u64() % most).unwrap_or(0)
    }

    /// Whether it happens, with a chance in percent.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them; `None` if there is none.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}
