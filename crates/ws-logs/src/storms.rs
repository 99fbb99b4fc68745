//! Steps of time in which many connections ended, and as many came again.

use std::cmp::Reverse;

use lint_finding::{Moment, Observation, Traffic};

/// Fewer disconnects of a step are no storm.
const FEWEST: u64 = 30;
/// How many times as much as is usual a storm is.
const TIMES: u64 = 6;
/// So many storms are told.
const MOST: usize = 5;
/// So many steps before a storm, and behind it, tell what is usual at that time of the day.
const AROUND: usize = 10;
/// Those next to it may be a part of it.
const BESIDE: usize = 2;
/// Fewer steps tell nothing of what is usual.
const FEWEST_STEPS: usize = 5;
/// What happens more often than once in so many steps is usual.
const RARE: usize = 50;

/// The storms, the largest first. `span` are the times of the first request and of the last: nothing that ended before the
/// log begins is in it.
pub(crate) fn storms(total: &Traffic, span: Option<(i64, i64)>) -> Vec<Observation> {
    let step = i64::try_from(total.step_s).unwrap_or(60).max(1);
    let Some(counts) = Counts::of(&total.moments, step, span) else { return Vec::new() };
    let mut storms: Vec<(u64, Observation)> = Vec::new();
    for (index, moment) in total.moments.iter().enumerate() {
        let Some(usual) = counts.usual(moment).filter(|_| moment.disconnects >= FEWEST) else { continue };
        let next = total.moments.get(index + 1).filter(|next| next.start == moment.start + step);
        let came = moment.handshakes + next.map_or(0, |next| next.handshakes);
        if moment.disconnects > usual * TIMES
            && came * 2 >= moment.disconnects
            && came > usual * TIMES
            && counts.is_rare(moment.disconnects)
        {
            let storm = Observation::ReconnectStorm {
                at: moment.start,
                disconnects: moment.disconnects,
                handshakes: came,
                usual,
            };
            storms.push((moment.disconnects, storm));
        }
    }
    storms.sort_by_key(|(size, _)| Reverse(*size));
    storms.into_iter().take(MOST).map(|(_, storm)| storm).collect()
}

/// The disconnects of every step that the log covers.
struct Counts {
    first: i64,
    step: i64,
    all: Vec<u64>,
    /// The median of all of them.
    median: u64,
}

impl Counts {
    fn of(moments: &[Moment], step: i64, span: Option<(i64, i64)>) -> Option<Self> {
        let (from, to) = span?;
        // A log may have been written long before and after its WebSockets.
        let around = i64::try_from(AROUND + BESIDE).ok()?;
        let first = moments.first()?.start.div_euclid(step) - around;
        let last = moments.last()?.start.div_euclid(step) + around;
        let (first, last) = (first.max(from.div_euclid(step)), last.min(to.div_euclid(step)));
        let mut all = vec![0; usize::try_from(last - first + 1).ok()?];
        for moment in moments {
            let number = usize::try_from(moment.start.div_euclid(step) - first).ok();
            if let Some(count) = number.and_then(|number| all.get_mut(number)) {
                *count = moment.disconnects;
            }
        }
        let median = median(&all);
        Some(Self { first, step, all, median })
    }

    /// How many disconnects a step like this one usually has; `None` if the log is too short to tell.
    fn usual(&self, moment: &Moment) -> Option<u64> {
        let number = usize::try_from(moment.start.div_euclid(self.step) - self.first).ok()?;
        let before = number.saturating_sub(BESIDE);
        let behind = (number + BESIDE + 1).min(self.all.len());
        let before = self.all.get(before.saturating_sub(AROUND)..before)?;
        let behind = self.all.get(behind..(behind + AROUND).min(self.all.len()))?;
        (before.len() + behind.len() >= FEWEST_STEPS).then_some(())?;
        let sides = [before, behind].into_iter().filter(|side| side.len() * 2 >= FEWEST_STEPS);
        Some(sides.map(median).fold(self.median, u64::max))
    }

    /// Whether crowds of this size are rare: what comes again and again is how this service works.
    fn is_rare(&self, disconnects: u64) -> bool {
        let mut crowds = self.all.chunk_by(|one, next| (one * 2 >= disconnects) == (next * 2 >= disconnects));
        let crowds =
            crowds.by_ref().filter(|run| run.first().is_some_and(|one| one * 2 >= disconnects)).count();
        crowds <= MOST || crowds * RARE <= self.all.len()
    }
}

fn median(counts: &[u64]) -> u64 {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_040;

    /// What is told of minutes, each with its disconnects; as many come again. The log begins with the one at `from`.
    fn told(minutes: &[u64], from: usize) -> Vec<(i64, u64)> {
        let moment = |(start, &count): (i64, &u64)| Moment {
            start,
            handshakes: count,
            refused: 0,
            disconnects: count,
            open: 9.0,
        };
        let starts = (0..).map(|minute| START + minute * 60);
        let moments: Vec<Moment> =
            starts.zip(minutes).map(moment).filter(|moment| moment.disconnects > 0).collect();
        let at = |minute: usize| START + i64::try_from(minute).unwrap() * 60;
        let traffic = Traffic { moments, step_s: 60, ..Traffic::default() };
        let told = storms(&traffic, Some((at(from), at(minutes.len() - 1) + 59)));
        let told = told.into_iter().map(|one| match one {
            Observation::ReconnectStorm { at, usual, .. } => ((at - START) / 60, usual),
            other => panic!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn a_crowd_in_calm_traffic_is_a_storm() {
        for calm in [0, 1, 5, 30] {
            let mut minutes = vec![calm; 60];
            minutes[40] = 400;
            assert_eq!(told(&minutes, 0), [(40, calm)], "{calm}");
        }
        // One that lasts, at the end of the log.
        let mut minutes = vec![4; 60];
        minutes[55..58].fill(300);
        assert_eq!(told(&minutes, 0), [(55, 4), (56, 4), (57, 4)]);
    }

    #[test]
    fn what_is_usual_is_no_storm() {
        // Nothing that ended before the log begins is in it.
        assert_eq!(told(&[[0; 120], [50; 120]].concat(), 120), []);
        // Too short to tell.
        assert_eq!(told(&[1, 0, 200, 1, 2], 0), []);
        // Many by day, none by night.
        let day = |minute: u64| if minute % 1_440 < 600 { 80 + minute % 7 } else { minute % 3 };
        assert_eq!(told(&(0..2_000).map(day).collect::<Vec<_>>(), 0), []);
        // Once in a quarter of an hour.
        let quarter = |minute: u64| if minute % 15 == 0 { 60 } else { 0 };
        assert_eq!(told(&(0..600).map(quarter).collect::<Vec<_>>(), 0), []);
        // More from some time on.
        assert_eq!(told(&[[3; 60], [40; 60]].concat(), 0), []);
    }
}
