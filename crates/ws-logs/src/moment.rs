//! Times as nginx writes them.

use time::{Date, Month};

/// Days from the first of January of the year 1 of Julian days to 1970.
const EPOCH: i64 = 2_440_588;

/// A time: seconds since 1970, and the zone of whoever wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since 1970.
    pub(crate) seconds: i64,
    /// Seconds that the writer's clock is ahead of UTC; `None` where it is not said.
    pub(crate) offset: Option<i32>,
}

fn number(digits: &[u8]) -> Option<i64> {
    let add = |number: i64, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'));
    (!digits.is_empty() && digits.len() < 15).then_some(())?;
    digits.iter().try_fold(0, add)
}

fn seconds(year: i64, month: u8, day: i64, clock: [i64; 3], offset: i64) -> Option<i64> {
    let date = Date::from_calendar_date(
        i32::try_from(year).ok()?,
        Month::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    );
    let days = i64::from(date.ok()?.to_julian_day()) - EPOCH;
    let [hours, minutes, seconds] = clock;
    // A leap second is the first of the next minute.
    (hours < 24 && minutes < 60 && seconds <= 60)
        .then(|| days * 86_400 + hours * 3_600 + minutes * 60 + seconds - offset)
}

/// `HH:MM:SS` at a place of a text.
fn clock(text: &[u8], at: usize) -> Option<[i64; 3]> {
    let two = |from: usize| number(text.get(at + from..at + from + 2)?);
    let colon = |from: usize| text.get(at + from) == Some(&b':');
    (colon(2) && colon(5)).then_some(())?;
    Some([two(0)?, two(3)?, two(6)?])
}

/// `+0100`, `+01:00` or `Z`.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = text.split_first()?;
    let sign = match sign {
        b'Z' if rest.is_empty() => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = number(rest.get(..2)?)?;
    let minutes = rest.get(2..)?;
    let minutes = number(minutes.strip_prefix(b":").unwrap_or(minutes).get(..2)?)?;
    // No zone is further away than 14 hours.
    (hours <= 14 && minutes < 60).then_some(())?;
    Some(sign * (hours * 3_600 + minutes * 60))
}

fn moment(seconds: i64, offset: Option<i64>) -> Option<Moment> {
    // Years that a log can be of; nginx began in 2004.
    (631_152_000..4_102_444_800).contains(&seconds).then_some(())?;
    Some(Moment { seconds, offset: offset.and_then(|offset| i32::try_from(offset).ok()) })
}

/// `01/May/2024:10:00:00 +0200`.
pub(crate) fn local(text: &[u8]) -> Option<Moment> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let name = text.get(3..6)?;
    let month = MONTHS.chunks(3).position(|month| month == name)?;
    let offset = offset(text.get(21..)?)?;
    let month = u8::try_from(month).ok()? + 1;
    let all = seconds(number(text.get(7..11)?)?, month, number(text.get(..2)?)?, clock(text, 12)?, offset)?;
    moment(all, Some(offset))
}

/// `2024-05-01T10:00:00+02:00`, with a blank in place of the `T`, and a fraction, or without a zone, which is UTC then.
pub(crate) fn iso(text: &[u8]) -> Option<Moment> {
    let clock = clock(text, 11)?;
    let rest = text.get(19..)?;
    let fraction = rest
        .strip_prefix(b".")
        .map_or(0, |rest| 1 + rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let zone = rest.get(fraction..)?;
    let offset = if zone.is_empty() { None } else { Some(offset(zone)?) };
    let month = u8::try_from(number(text.get(5..7)?)?).ok()?;
    let (year, day) = (number(text.get(..4)?)?, number(text.get(8..10)?)?);
    moment(seconds(year, month, day, clock, offset.unwrap_or(0))?, offset)
}

/// `1714557600.123`.
pub(crate) fn since_1970(text: &[u8]) -> Option<Moment> {
    let whole = text.split(|byte| *byte == b'.').next()?;
    moment(number(whole)?, None)
}

/// `2024/05/01 10:00:00`, as error logs have it, in the zone of whoever wrote it; taken for UTC.
pub(crate) fn of_error_log(text: &[u8]) -> Option<Moment> {
    let is_cut = |at: usize, by: u8| text.get(at) == Some(&by);
    (is_cut(4, b'/') && is_cut(7, b'/') && is_cut(10, b' ')).then_some(())?;
    let month = u8::try_from(number(text.get(5..7)?)?).ok()?;
    let (year, day) = (number(text.get(..4)?)?, number(text.get(8..10)?)?);
    moment(seconds(year, month, day, clock(text, 11)?, 0)?, None)
}

/// `1.234` seconds, in milliseconds. Of several times, as of several upstreams, all together.
pub(crate) fn milliseconds(text: &[u8]) -> Option<u64> {
    let one = |text: &[u8]| -> Option<u64> {
        let text = text.trim_ascii();
        let mut halves = text.splitn(2, |byte| *byte == b'.');
        let whole = u64::try_from(number(halves.next()?)?).ok()?;
        let fraction = match halves.next() {
            None | Some([]) => 0,
            Some(digits) => {
                let digits = digits.get(..digits.len().min(3))?;
                let scale = [100, 10, 1].get(digits.len() - 1)?;
                u64::try_from(number(digits)?).ok()? * scale
            }
        };
        Some(whole * 1_000 + fraction)
    };
    let is_between = |byte: &u8| matches!(byte, b',' | b':');
    let mut all = None;
    for part in text.split(is_between) {
        if let Some(part) = one(part) {
            all = Some(all.unwrap_or(0) + part);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_one_moment() {
        let at = 1_714_550_400;
        let said = |offset| Some(Moment { seconds: at, offset });
        assert_eq!(local(b"01/May/2024:10:00:00 +0200"), said(Some(7_200)));
        assert_eq!(local(b"01/May/2024:03:30:00 -0430"), said(Some(-16_200)));
        assert_eq!(iso(b"2024-05-01T10:00:00+02:00"), said(Some(7_200)));
        assert_eq!(iso(b"2024-05-01T08:00:00.123456Z"), said(Some(0)));
        assert_eq!(iso(b"2024-05-01 08:00:00"), said(None));
        assert_eq!(since_1970(b"1714550400.999"), said(None));
        assert_eq!(of_error_log(b"2024/05/01 08:00:00 [info] 7#7: x"), said(None));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "-",
            "32/May/2024:10:00:00 +0000",
            "01/Mai/2024:10:00:00 +0000",
            "01/May/9999:10:00:00 +0000",
            "01/May/2024:10:00:00 +9999",
            "01/May/2024:10:00:00 +0275",
        ] {
            assert_eq!(local(text.as_bytes()), None, "{text}");
        }
        for text in ["2024-13-01T00:00:00Z", "2024-05-01T25:00:00Z", "2024-05-01T10:00:00x", "1714550400"] {
            assert_eq!(iso(text.as_bytes()), None, "{text}");
        }
        assert_eq!(since_1970(b"99999999999999999999"), None);
    }

    #[test]
    fn durations() {
        let table =
            [("60.001", Some(60_001)), ("0", Some(0)), ("1.5", Some(1_500)), ("0.010, 60.000", Some(60_010))];
        for (text, expected) in table {
            assert_eq!(milliseconds(text.as_bytes()), expected, "{text}");
        }
        for text in ["", "-", "x", "-1", "1e9"] {
            assert_eq!(milliseconds(text.as_bytes()), None, "{text}");
        }
    }
}
