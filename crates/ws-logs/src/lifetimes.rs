//! How long WebSockets live, in constant memory, and the search for a step in it.

use hdrhistogram::Histogram;
use lint_finding::{LifetimeBar, Lifetimes};

use crate::fine::{Fine, UNIT};

/// The lower ends of the bars, in milliseconds: ages that people think in.
pub(crate) const EDGES: [u64; 21] = [
    0, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    1_200_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
];

/// No connection is taken to be older: ten years.
const OLDEST: u64 = 315_360_000_000;

/// The index of the bar of an age.
pub(crate) fn bar_of(milliseconds: u64) -> usize {
    EDGES.partition_point(|edge| *edge <= milliseconds).saturating_sub(1)
}

/// The ages at which connections ended: three digits of each are kept, and of frequent ones hundredths of a second.
#[derive(Debug, Clone)]
pub(crate) struct Ages {
    histogram: Option<Histogram<u32>>,
    fine: Fine,
    bars: [u64; EDGES.len()],
}

impl Default for Ages {
    fn default() -> Self {
        Self { histogram: None, fine: Fine::default(), bars: [0; EDGES.len()] }
    }
}

/// A step: many ended at one age, and few shortly before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// The age, in milliseconds.
    pub(crate) at: u64,
    /// By how much they differ.
    pub(crate) within: u64,
    /// How many.
    pub(crate) count: u64,
    /// The youngest and the oldest age that belongs to it.
    pub(crate) span: (u64, u64),
    /// By how much the age itself may be wrong, because only three of its digits were kept.
    pub(crate) unsure: u64,
}

/// A younger end is no time-out of anybody.
const YOUNGEST: u64 = 500;
/// Fewer than these are no step.
const FEWEST: u64 = 12;
/// One of so many of all must be in it.
const SHARE: u64 = 33;
/// How many times as many as beside it must be in it.
const TIMES: f64 = 4.0;
/// At most so many are told.
const MOST: usize = 3;

/// How far from the middle of a step its connections may end: timers are exact, but what comes before them takes time.
fn reach(at: u64, width: u64) -> u64 {
    // Nothing is told apart that is closer than `width`.
    (at / 200).clamp(30, 500).max(width / 2)
}

impl Ages {
    /// A connection that ended.
    pub(crate) fn add(&mut self, milliseconds: u64) {
        let milliseconds = milliseconds.min(OLDEST);
        if let Some(bar) = self.bars.get_mut(bar_of(milliseconds)) {
            *bar += 1;
        }
        if self.histogram.is_none() {
            self.histogram = Histogram::new(3).ok();
        }
        if let Some(histogram) = &mut self.histogram {
            // It grows with what is added.
            let _ = histogram.record(milliseconds);
        }
    }

    /// Keeps an age that was added as exactly as memory allows, for the search for steps.
    pub(crate) fn refine(&mut self, milliseconds: u64) {
        self.fine.add(milliseconds.min(OLDEST));
    }

    /// How many ended.
    pub(crate) fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    /// How many ended at these ages, both included.
    pub(crate) fn between(&self, from: u64, to: u64) -> u64 {
        self.histogram.as_ref().map_or(0, |histogram| histogram.count_between(from, to))
    }

    /// What is told of them; `None` if there are none.
    pub(crate) fn told(&self) -> Option<Lifetimes> {
        let histogram = self.histogram.as_ref().filter(|histogram| !histogram.is_empty())?;
        let ends = EDGES.iter().skip(1).copied().chain([OLDEST]);
        let bars = EDGES.iter().zip(ends).zip(self.bars);
        let bars = bars.map(|((&from_ms, to_ms), count)| LifetimeBar { from_ms, to_ms, count });
        Some(Lifetimes {
            count: histogram.len(),
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            max: histogram.max(),
            bars: bars.collect(),
        })
    }

    /// The steps, the largest first, among ages that were refined.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let Some(histogram) = &self.histogram else { return Vec::new() };
        let low = |value| histogram.lowest_equivalent(value);
        let high = |value| histogram.highest_equivalent(value);
        let fine = self.fine.ages();
        let is_exact = self.fine.is_exact();
        // How wide the slot of an age is, and the ages in the middle of slots.
        let width = |value| if is_exact { UNIT } else { high(value) - low(value) };
        let mut slots: Vec<(u64, u64)> = if is_exact {
            fine.clone()
        } else {
            let slots = histogram.iter_recorded();
            let slots = slots.map(|slot| (slot.value_iterated_to(), u64::from(slot.count_at_value())));
            slots.map(|(value, count)| (u64::midpoint(low(value), high(value)), count)).collect()
        };
        let mut steps: Vec<Step> = Vec::new();
        while steps.len() < MOST {
            let Some(mut step) = largest(&slots, histogram.len(), &width) else { break };
            let near = reach(step.at, width(step.at)) * 2;
            slots.retain(|(at, _)| at.abs_diff(step.at) > near);
            if is_exact {
                // Each age stands for those around it.
                step.span = (step.span.0.saturating_sub(UNIT / 2), step.span.1 + UNIT / 2);
            } else {
                step = refined(step, &fine, (low(step.span.0), high(step.span.1)), width(step.at));
            }
            step.within = step.within.max(UNIT / 2);
            // The ages of one limit may lie in several slots beside each other.
            match steps.iter_mut().find(|other: &&mut Step| is_beside(other, &step, width(step.at))) {
                Some(other) => *other = other.and(step),
                None => steps.push(step),
            }
        }
        steps
    }
}

/// Whether no slot is between two steps.
fn is_beside(one: &Step, other: &Step, width: u64) -> bool {
    one.span.0 <= other.span.1 + width && other.span.0 <= one.span.1 + width
}

impl Step {
    /// Both as one.
    fn and(self, other: Self) -> Self {
        let span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        let count = self.count + other.count;
        // Ages of years times counts of a hostile log are too large for fewer bits.
        let sum = |step: Self| u128::from(step.at) * u128::from(step.count);
        let mean = (sum(self) + sum(other)) / u128::from(count.max(1));
        let at = u64::try_from(mean).unwrap_or(self.at);
        let reach = |step: Self| step.at.abs_diff(at) + step.within;
        let unsure = |step: Self| if step.unsure > 0 { step.at.abs_diff(at) + step.unsure } else { 0 };
        Self {
            at,
            within: reach(self).max(reach(other)),
            count,
            span,
            unsure: unsure(self).max(unsure(other)),
        }
    }
}

/// A step that was found among slots, as well as it is known. `span` is what its slots hold, and `width` how wide they are.
fn refined(step: Step, fine: &[(u64, u64)], span: (u64, u64), width: u64) -> Step {
    let coarse = Step { within: step.within.max(width.div_ceil(2)), unsure: width.div_ceil(2), ..step };
    if width <= UNIT {
        return coarse;
    }
    let inside: Vec<(u64, u64)> =
        fine.iter().copied().filter(|(at, _)| (span.0..=span.1).contains(at)).collect();
    // The ages from one on that have the most.
    let crowd = |from: u64| {
        let to = from + 2 * reach(from, UNIT);
        inside.iter().copied().filter(|(at, _)| (from..=to).contains(at)).collect::<Vec<_>>()
    };
    let crowds = inside.iter().map(|(from, _)| crowd(*from));
    let Some(crowd) = crowds.rev().max_by_key(|crowd| count_of(crowd)) else { return coarse };
    // Where most of its connections were forgotten, the others may be anywhere in it.
    match middle(&crowd) {
        Some((at, within)) if count_of(&crowd) * 2 > step.count => Step { at, within, ..step },
        _ => coarse,
    }
}

/// The largest step among ages in order, each with its count; `width` is how wide the slot of an age is.
fn largest(slots: &[(u64, u64)], all: u64, width: &dyn Fn(u64) -> u64) -> Option<Step> {
    let sums: Vec<u64> = std::iter::once(0)
        .chain(slots.iter().scan(0, |sum, (_, count)| {
            *sum += count;
            Some(*sum)
        }))
        .collect();
    let before = |age: u64| sums.get(slots.partition_point(|(at, _)| *at < age)).copied().unwrap_or(0);
    // Ages from one to another, the second not included.
    let between = |from: u64, to: u64| before(to).saturating_sub(before(from));
    let reach = |from: u64| reach(from, width(from));
    // The largest crowd may be a hill; a smaller one beside it may be a step, so all that are large enough are tried.
    let mut crowds: Vec<(u64, u64)> = slots
        .iter()
        .filter(|(at, _)| *at >= YOUNGEST)
        .map(|&(from, _)| (from, between(from, from + 2 * reach(from) + 1)))
        .filter(|(_, count)| *count >= FEWEST && count * SHARE >= all)
        .collect();
    crowds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    crowds.into_iter().find_map(|(from, count)| {
        let reach = reach(from);
        let to = from + 2 * reach + 1;
        let inside: Vec<(u64, u64)> =
            slots.iter().copied().filter(|(at, _)| (from..to).contains(at)).collect();
        let (at, within) = middle(&inside)?;
        let side = 5 * reach;
        let left = between(from.saturating_sub(reach + side), from.saturating_sub(reach));
        let right = between(to + reach, to + reach + side);
        #[expect(clippy::cast_precision_loss, reason = "counts of connections")]
        let (inside, beside) = (count as f64, left.max(right) as f64 * 2.0 / 5.0);
        let is_step = inside >= TIMES * beside + 8.0;
        is_step.then_some(Step { at, within, count, span: (from, to), unsure: 0 })
    })
}

/// The age below which half of them ended, and how far nine of ten are from it: others end there by chance.
fn middle(inside: &[(u64, u64)]) -> Option<(u64, u64)> {
    let all = count_of(inside);
    let mut sum = 0;
    let middle = inside.iter().find(|(_, count)| {
        sum += count;
        sum * 2 >= all
    });
    let at = middle.map(|(at, _)| *at)?;
    let mut apart: Vec<(u64, u64)> = inside.iter().map(|(age, count)| (age.abs_diff(at), *count)).collect();
    apart.sort_unstable();
    let mut sum = 0;
    let within = apart.iter().find(|(_, count)| {
        sum += count;
        sum * 10 >= all * 9
    });
    Some((at, within.map_or(1, |(apart, _)| (*apart).max(1))))
}

fn count_of(slots: &[(u64, u64)]) -> u64 {
    slots.iter().map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ages(all: impl IntoIterator<Item = u64>) -> Ages {
        let mut ages = Ages::default();
        all.into_iter().for_each(|age| {
            ages.add(age);
            ages.refine(age);
        });
        ages
    }

    #[test]
    fn many_at_one_age_are_a_step() {
        let clean = (0..400_u64).map(|index| 900 + index * index * 3);
        let cut = (0..200_u64).map(|index| 60_000 + index % 40);
        let steps = ages(clean.chain(cut)).steps();
        let [step] = steps.as_slice() else { panic!("{steps:?}") };
        assert!(step.at.abs_diff(60_020) < 40 && step.count >= 200 && step.within < 350, "{step:?}");
    }

    /// An hour, four and a day, alone and among more others than are told apart.
    #[test]
    fn ages_of_hours_are_as_exact_as_those_of_seconds() {
        for at in [600_000_u64, 3_600_000, 14_400_000, 86_400_000] {
            for others in [0, 50_u64, 40_000] {
                let others = (0..others).map(|index| 900 + index.wrapping_mul(2_654_435_761) % (2 * at));
                let cut = (0..6_000_u64).map(|index| at + index % 40);
                let steps = ages(others.chain(cut)).steps();
                let [step] = steps.as_slice() else { panic!("{at}: {steps:?}") };
                assert!(step.at.abs_diff(at + 20) <= 20 && step.within <= 100, "{at}: {step:?}");
                assert_eq!(step.unsure, 0);
            }
        }
    }

    /// More ages than are told apart, in slots beside each other.
    #[test]
    fn one_limit_is_one_step() {
        let others = (0..2_000_u64).map(|index| 900 + index * 86_371);
        let cut = (0..400_u64).map(|index| 14_390_000 + index * 50);
        let steps = ages(others.chain(cut)).steps();
        let [step] = steps.as_slice() else { panic!("{steps:?}") };
        assert!(step.count >= 300 && step.at.abs_diff(14_400_000) < 5_000, "{step:?}");
    }

    /// What a hostile log says may be ten years, any number of times.
    #[test]
    fn the_mean_of_two_steps_fits() {
        let step = |at| Step { at, within: 5, count: u64::MAX / 4, span: (at, at), unsure: 0 };
        assert_eq!(step(OLDEST - 10).and(step(OLDEST)).at, OLDEST - 5);
    }

    #[test]
    fn two_steps_are_two() {
        let cut =
            (0..100_u64).flat_map(|index| [60_000 + index % 30, 100_000 + index % 30, 3_000 + index * 2_111]);
        let steps = ages(cut).steps();
        assert_eq!(steps.len(), 2, "{steps:?}");
    }

    #[test]
    fn hills_are_no_steps() {
        // The sum of a few dice is a hill.
        let hill = |seed: u64| {
            (0..3_000_u64).map(move |index| {
                let dice = (0..6_u64).map(|die| {
                    (index.wrapping_mul(2_654_435_761) + seed + die * 977)
                        .wrapping_mul(6_364_136_223_846_793_005)
                        >> 50
                });
                40_000 + dice.sum::<u64>()
            })
        };
        for seed in 0..10 {
            assert_eq!(ages(hill(seed * 131)).steps(), [], "{seed}");
        }
        assert_eq!(ages((0..1_000).map(|index| index % 300)).steps(), [], "all end at once");
        assert_eq!(ages((0..1_000).map(|index| index * 217)).steps(), [], "evenly");
    }

    #[test]
    fn percentiles_and_bars() {
        let told = ages((1..=1_000).map(|index| index * 100)).told().unwrap();
        assert_eq!(told.count, 1_000);
        for (found, expected) in
            [(told.p50, 50_000_u64), (told.p90, 90_000), (told.p99, 99_000), (told.max, 100_000)]
        {
            assert!(found.abs_diff(expected) * 500 <= expected, "{found} {expected}");
        }
        assert_eq!(told.bars.iter().map(|bar| bar.count).sum::<u64>(), 1_000);
        let minute = told.bars.iter().find(|bar| bar.from_ms == 60_000).unwrap();
        assert_eq!((minute.to_ms, minute.count), (120_000, 401));
    }
}
