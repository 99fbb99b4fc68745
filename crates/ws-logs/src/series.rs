//! What happens over time, in constant memory: steps of a minute, which become wider when the log is of days.

use lint_finding::Moment;

/// The narrowest step, in seconds.
const STEP: i64 = 60;

/// So many steps are kept.
const MOST: usize = 2_048;

/// So many minutes are counted one by one where steps are wider: workers write their lines out of order.
const MINUTES: usize = 8;

#[derive(Debug, Clone, Copy, Default)]
struct Step {
    handshakes: u32,
    refused: u32,
    disconnects: u32,
    /// By how many more connections this step is covered as a whole than the one before.
    covers: i32,
    /// Milliseconds for which connections were open besides, all together.
    open: i64,
}

/// Counts by step.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// The number of the first step since 1970.
    first: i64,
    /// Seconds of a step.
    width: i64,
    steps: Vec<Step>,
    /// Where steps are wider than a minute: the last minutes with their disconnects.
    minutes: [(i64, u32); MINUTES],
    /// The most of one minute so far, where steps are wider.
    most: u32,
}

impl Default for Series {
    fn default() -> Self {
        Self { first: 0, width: STEP, steps: Vec::new(), minutes: [(i64::MIN, 0); MINUTES], most: 0 }
    }
}

impl Series {
    /// A handshake that began then.
    pub(crate) fn handshake(&mut self, at: i64, is_refused: bool) {
        if let Some(step) = self.step(at) {
            step.handshakes = step.handshakes.saturating_add(1);
            step.refused = step.refused.saturating_add(u32::from(is_refused));
        }
    }

    /// A connection that ended then.
    pub(crate) fn disconnect(&mut self, at: i64) {
        if let Some(step) = self.step(at) {
            step.disconnects = step.disconnects.saturating_add(1);
        }
        if self.width > STEP {
            self.disconnect_in(at.div_euclid(STEP), 1);
        }
    }

    /// Counts disconnects of a minute; the oldest one that is remembered makes room for a new one.
    fn disconnect_in(&mut self, minute: i64, more: u32) {
        let known = self.minutes.iter().position(|(known, _)| *known == minute);
        let oldest =
            || self.minutes.iter().enumerate().min_by_key(|(_, (known, _))| *known).map(|(at, _)| at);
        let Some(place) = known.or_else(oldest).and_then(|at| self.minutes.get_mut(at)) else { return };
        if place.0 != minute {
            *place = (minute, 0);
        }
        place.1 = place.1.saturating_add(more);
        self.most = self.most.max(place.1);
    }

    /// The disconnects of the worst minute. Where steps are wider than a minute, at least so many: of a minute whose lines
    /// come far apart the parts count as several.
    pub(crate) fn most_disconnects(&self) -> u64 {
        let of_steps = || self.steps.iter().map(|step| step.disconnects).max().unwrap_or(0);
        if self.width > STEP { self.most.into() } else { of_steps().into() }
    }

    /// A connection that was open from one time to another, in milliseconds.
    pub(crate) fn open(&mut self, from: i64, to: i64) {
        // Both steps have to be there before either is counted.
        if self.step(from.div_euclid(1_000)).is_none() || self.step(to.div_euclid(1_000)).is_none() {
            return;
        }
        let width = self.width * 1_000;
        let (start, end) = (from.div_euclid(width), to.div_euclid(width));
        if start == end {
            self.add_open(start, to - from);
            return;
        }
        self.add_open(start, (start + 1) * width - from);
        self.add_open(end, to - end * width);
        if end - start > 1 {
            self.add_cover(start + 1, 1);
            self.add_cover(end, -1);
        }
    }

    fn add_open(&mut self, number: i64, milliseconds: i64) {
        if let Some(step) = self.at(number) {
            step.open = step.open.saturating_add(milliseconds);
        }
    }

    fn add_cover(&mut self, number: i64, more: i32) {
        if let Some(step) = self.at(number) {
            step.covers = step.covers.saturating_add(more);
        }
    }

    fn at(&mut self, number: i64) -> Option<&mut Step> {
        self.steps.get_mut(usize::try_from(number - self.first).ok()?)
    }

    /// The step of a time in seconds, made if it is not there.
    fn step(&mut self, at: i64) -> Option<&mut Step> {
        if self.steps.is_empty() {
            self.first = at.div_euclid(self.width);
        }
        loop {
            let number = at.div_euclid(self.width);
            let all = i64::try_from(self.steps.len()).unwrap_or(i64::MAX);
            let needed = (self.first + all).max(number + 1) - self.first.min(number);
            let Ok(needed) = usize::try_from(needed) else { return None };
            if needed <= MOST {
                let before = usize::try_from(self.first - number).unwrap_or(0);
                if before > 0 {
                    self.steps.splice(0..0, std::iter::repeat_n(Step::default(), before));
                    self.first = number;
                }
                self.steps.resize(needed, Step::default());
                return self.at(number);
            }
            self.widen();
        }
    }

    /// Makes one step of two.
    fn widen(&mut self) {
        if self.width == STEP {
            let counts: Vec<(i64, u32)> =
                (self.first..).zip(self.steps.iter().map(|step| step.disconnects)).collect();
            counts
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .for_each(|(minute, count)| self.disconnect_in(minute, count));
        }
        let mut wide: Vec<Step> = Vec::with_capacity(MOST);
        let first = self.first.div_euclid(2);
        let mut covered: i64 = 0;
        for (index, step) in (self.first..).zip(&self.steps) {
            covered += i64::from(step.covers);
            let place = usize::try_from(index.div_euclid(2) - first).unwrap_or(0);
            if wide.len() <= place {
                wide.resize(place + 1, Step::default());
            }
            let Some(new) = wide.get_mut(place) else { continue };
            new.handshakes = new.handshakes.saturating_add(step.handshakes);
            new.refused = new.refused.saturating_add(step.refused);
            new.disconnects = new.disconnects.saturating_add(step.disconnects);
            let all = covered.saturating_mul(self.width * 1_000).saturating_add(step.open);
            new.open = new.open.saturating_add(all);
        }
        self.first = first;
        self.width *= 2;
        self.steps = wide;
    }

    /// Seconds of a step.
    pub(crate) fn width(&self) -> i64 {
        self.width
    }

    /// The steps in order, those in which nothing happened and nothing was open left out.
    pub(crate) fn moments(&self) -> Vec<Moment> {
        let mut covered: i64 = 0;
        let moments = (self.first..).zip(&self.steps).map(|(number, step)| {
            covered += i64::from(step.covers);
            Moment {
                start: number * self.width,
                handshakes: step.handshakes.into(),
                refused: step.refused.into(),
                disconnects: step.disconnects.into(),
                open: whole(covered) + whole(step.open) / whole(self.width * 1_000),
            }
        });
        moments.filter(|moment| moment.handshakes + moment.disconnects > 0 || moment.open > 0.0).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds of logs are far below 2^52")]
fn whole(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each step: when it begins, and what was open.
    fn open(series: &Series) -> Vec<(i64, f64)> {
        series.moments().iter().map(|moment| (moment.start, moment.open)).collect()
    }

    #[test]
    fn what_is_open_is_integrated() {
        let mut series = Series::default();
        series.open(6_030_000, 6_200_000);
        series.open(6_090_000, 6_105_000);
        // 30 s of 60; 60 and 15; 50.
        assert_eq!(open(&series), [(6_000, 0.5), (6_060, 1.25), (6_120, 1.0), (6_180, 20.0 / 60.0)]);
    }

    #[test]
    fn the_worst_minute_is_known_however_wide_steps_are() {
        let mut series = Series::default();
        let storm = 1_700_000_000_i64.div_euclid(60) * 60;
        for (at, count) in
            [(storm, 40), (storm + 90_000, 7), (storm + 40 * 86_400, 55), (storm + 90 * 86_400, 3)]
        {
            for second in 0..count {
                // Of two workers, one a minute late.
                series.disconnect(at + second);
                series.disconnect(at + second - 60);
            }
        }
        assert!(series.width() > STEP);
        assert_eq!(series.most_disconnects(), 55);
    }

    #[test]
    fn steps_become_wider_and_nothing_is_lost() {
        let mut series = Series::default();
        let (mut handshakes, mut seconds) = (0, 0.0);
        for day in 0..40_i64 {
            let at = 1_700_000_000 + day * 86_400 + day * 37;
            // The clock goes back now and then.
            let at = if day % 7 == 3 { at - 200_000 } else { at };
            series.handshake(at, false);
            series.disconnect(at + 5_000);
            series.open(at * 1_000, (at + 5_000) * 1_000);
            (handshakes, seconds) = (handshakes + 1, seconds + 5_000.0);
        }
        assert!(series.steps.len() <= MOST && series.width > STEP, "{}", series.width);
        let moments = series.moments();
        assert_eq!(moments.iter().map(|moment| moment.handshakes).sum::<u64>(), handshakes);
        assert_eq!(moments.iter().map(|moment| moment.disconnects).sum::<u64>(), handshakes);
        let all: f64 = moments.iter().map(|moment| moment.open * whole(series.width)).sum();
        assert!((all - seconds).abs() < 1.0, "{all} {seconds}");
    }
}
