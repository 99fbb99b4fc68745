//! Times as nginx writes them (`core/ngx_parse.c:ngx_parse_time`).

/// Milliseconds per unit, largest first, as allowed in a directive that keeps milliseconds.
const UNITS: [(&[u8], u64); 6] =
    [(b"w", 604_800_000), (b"d", 86_400_000), (b"h", 3_600_000), (b"ms", 1), (b"m", 60_000), (b"s", 1_000)];

/// The milliseconds of a time such as `90`, `1500ms` or `1h 30m`; `None` where nginx says `invalid value`.
///
/// Units stand from large to small, each at most once; the last may be left out and means seconds.
pub fn parse_ms(text: &[u8]) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut smaller_than = u64::MAX;
    loop {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
        let (unit, scale) = match tail.first() {
            None | Some(b' ') => (&b""[..], 1_000),
            Some(_) => *UNITS.iter().find(|(unit, _)| tail.starts_with(unit))?,
        };
        if scale >= smaller_than {
            return None;
        }
        smaller_than = scale;
        total = total.checked_add(number.checked_mul(scale)?)?;
        rest = tail.strip_prefix(unit)?;
        let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
        rest = rest.get(blanks..)?;
        if rest.is_empty() {
            // nginx keeps them in a signed integer of the machine's width.
            return (total <= i64::MAX as u64).then_some(total);
        }
        if unit.is_empty() {
            return None;
        }
    }
}

/// A time for people: `60s`, `1h`, `1500ms`.
pub fn display_ms(ms: u64) -> String {
    match ms {
        0 => "0".to_owned(),
        _ if ms.is_multiple_of(86_400_000) => format!("{}d", ms / 86_400_000),
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) && ms > 60_000 => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
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
        ];
        for (text, ms) in table {
            assert_eq!(parse_ms(text.as_bytes()), ms, "{text}");
        }
    }

    #[test]
    fn times_are_shown_short() {
        for (ms, text) in [(0, "0"), (60_000, "60s"), (3_600_000, "1h"), (300_000, "5m"), (1_500, "1500ms")] {
            assert_eq!(display_ms(ms), text);
        }
    }
}
