//! Ages over time, in constant memory.

use lint_finding::HeatMap;

use crate::lifetimes::{EDGES, bar_of};

/// So many columns are kept.
const MOST: usize = 96;
/// The narrowest column, in seconds.
const STEP: i64 = 60;

/// Counts by column of time and row of age.
#[derive(Debug, Clone)]
pub(crate) struct Heat {
    first: i64,
    width: i64,
    columns: Vec<[u32; EDGES.len()]>,
}

impl Default for Heat {
    fn default() -> Self {
        Self { first: 0, width: STEP, columns: Vec::new() }
    }
}

impl Heat {
    /// A WebSocket that ended at a time, in seconds, at an age, in milliseconds.
    pub(crate) fn add(&mut self, at: i64, age: u64) {
        if self.columns.is_empty() {
            self.first = at.div_euclid(self.width);
        }
        loop {
            let number = at.div_euclid(self.width);
            let all = i64::try_from(self.columns.len()).unwrap_or(i64::MAX);
            let needed = (self.first + all).max(number + 1) - self.first.min(number);
            let Ok(needed) = usize::try_from(needed) else { return };
            if needed <= MOST {
                let before = usize::try_from(self.first - number).unwrap_or(0);
                self.columns.splice(0..0, std::iter::repeat_n([0; EDGES.len()], before));
                self.first = self.first.min(number);
                self.columns.resize(needed, [0; EDGES.len()]);
                let column =
                    usize::try_from(number - self.first).ok().and_then(|at| self.columns.get_mut(at));
                if let Some(cell) = column.and_then(|column| column.get_mut(bar_of(age))) {
                    *cell = cell.saturating_add(1);
                }
                return;
            }
            self.widen();
        }
    }

    fn widen(&mut self) {
        let first = self.first.div_euclid(2);
        let mut wide: Vec<[u32; EDGES.len()]> = Vec::new();
        for (number, column) in (self.first..).zip(&self.columns) {
            let place = usize::try_from(number.div_euclid(2) - first).unwrap_or(0);
            if wide.len() <= place {
                wide.resize(place + 1, [0; EDGES.len()]);
            }
            let Some(new) = wide.get_mut(place) else { continue };
            new.iter_mut().zip(column).for_each(|(new, old)| *new = new.saturating_add(*old));
        }
        self.first = first;
        self.width *= 2;
        self.columns = wide;
    }

    /// What is told of it: rows from the first age with any to the last.
    pub(crate) fn told(&self) -> HeatMap {
        let is_used =
            |row: &usize| self.columns.iter().any(|column| column.get(*row).is_some_and(|count| *count > 0));
        let used: Vec<usize> = (0..EDGES.len()).filter(is_used).collect();
        let (Some(&from), Some(&to)) = (used.first(), used.last()) else { return HeatMap::default() };
        let rows = |all: &[u32]| {
            all.get(from..=to).unwrap_or_default().iter().map(|count| u64::from(*count)).collect()
        };
        HeatMap {
            start: self.first * self.width,
            step_s: u64::try_from(self.width).unwrap_or(60),
            rows_from_ms: EDGES.get(from..=to).unwrap_or_default().to_vec(),
            columns: self.columns.iter().map(|column| rows(column)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_wider_and_nothing_is_lost() {
        let mut heat = Heat::default();
        for minute in 0..500 {
            heat.add(1_700_000_000 - minute * 60, 60_000);
        }
        let told = heat.told();
        assert_eq!((told.step_s, told.rows_from_ms.as_slice()), (480, &[60_000][..]));
        assert_eq!(told.columns.iter().flatten().sum::<u64>(), 500);
    }
}
