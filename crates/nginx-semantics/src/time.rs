//! Times as nginx writes them (`core/ngx_parse.c:ngx_parse_time`).

/// The units from large to small: what ends a number, and seconds.
const UNITS: [(u8, u64); 7] = [
    (b'y', 31_536_000),
    (b'M', 2_592_000),
    (b'w', 604_800),
    (b'd', 86_400),
    (b'h', 3_600),
    (b'm', 60),
    (b's', 1),
];

/// The position of `s` in [`UNITS`]; `ms` comes behind it, and what has no unit last.
const SECOND: usize = 6;
const MILLISECOND: usize = 7;
const LAST: usize = 8;

/// The milliseconds of a time such as `90`, `1500ms` or `1h 30m`; `None` where nginx says `invalid value`.
///
/// Units stand from large to small, each at most once; the last may be left out and means seconds.
pub fn parse_ms(text: &[u8]) -> Option<u64> {
    parse(text, false)
}

/// The seconds of a time in a directive that keeps seconds: it may have years and months, but no milliseconds.
pub fn parse_seconds(text: &[u8]) -> Option<u64> {
    parse(text, true)
}

fn parse(text: &[u8], is_seconds: bool) -> Option<u64> {
    let per_second = if is_seconds { 1 } else { 1_000 };
    // Years and months are for seconds.
    let mut next = if is_seconds { 0 } else { 2 };
    let (mut rest, mut total, mut has_digits) = (text, 0_u64, false);
    loop {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        has_digits |= digits > 0;
        // A unit without a number is none of it: `1hm` is an hour.
        let number: u64 = if digits == 0 { 0 } else { std::str::from_utf8(number).ok()?.parse().ok()? };
        let (unit, scale, length) = match tail {
            [] => (LAST, per_second, 0),
            [b' ', ..] if next <= SECOND => (LAST, per_second, 1),
            [b'm', b's', ..] if !is_seconds => (MILLISECOND, 1, 2),
            [b'm', b's', ..] => return None,
            [byte, ..] => {
                let at = UNITS.iter().position(|(unit, _)| unit == byte)?;
                (at, UNITS.get(at)?.1.checked_mul(per_second)?, 1)
            }
        };
        // What is left at the end is in seconds, whatever came before.
        if unit < next && !tail.is_empty() {
            return None;
        }
        next = unit + 1;
        total = total.checked_add(number.checked_mul(scale)?)?;
        rest = tail.get(length..)?.trim_ascii_start();
        if tail.is_empty() || rest.is_empty() {
            // nginx keeps them in a signed integer of the machine's width.
            return (has_digits && total <= i64::MAX as u64).then_some(total);
        }
    }
}

/// A time for people: `60s`, `1h`, `1500ms`.
pub fn display_ms(ms: u64) -> String {
    match ms {
        0 => "0".to_owned(),
        _ if ms % 86_400_000 == 0 => format!("{}d", ms / 86_400_000),
        _ if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        _ if ms % 60_000 == 0 && ms > 60_000 => format!("{}m", ms / 60_000),
        _ if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_nginx() {
        let table = [
            ("60", Some(60_000)),
            ("60s", Some(60_000)),
            ("1500ms", Some(1_500)),
            ("1h30m", Some(5_400_000)),
            ("1h 30m", Some(5_400_000)),
            ("1w 2d 3h", Some(788_400_000)),
            ("1m30", Some(90_000)),
            ("25d", Some(2_160_000_000)),
            ("0", Some(0)),
            ("", None),
            ("1M", None),
            ("1y", None),
            ("1.5h", None),
            ("-1", None),
            ("off", None),
            ("$t", None),
            ("30m1h", None),
            ("1s1s", None),
            ("99999999999999999999", None),
            ("1hm", Some(3_600_000)),
            ("s", None),
            ("5 m", None),
            ("5s 3", Some(8_000)),
            ("5ms", Some(5)),
        ];
        for (text, ms) in table {
            assert_eq!(parse_ms(text.as_bytes()), ms, "{text}");
        }
    }

    #[test]
    fn seconds_have_longer_units_and_no_shorter_ones() {
        let table = [
            ("1y", Some(31_536_000)),
            ("1M 1d", Some(2_678_400)),
            ("30", Some(30)),
            ("1500ms", None),
            ("1d1M", None),
        ];
        for (text, seconds) in table {
            assert_eq!(parse_seconds(text.as_bytes()), seconds, "{text}");
        }
    }

    #[test]
    fn times_are_shown_short() {
        for (ms, text) in [(0, "0"), (60_000, "60s"), (3_600_000, "1h"), (300_000, "5m"), (1_500, "1500ms")] {
            assert_eq!(display_ms(ms), text);
        }
    }
}
