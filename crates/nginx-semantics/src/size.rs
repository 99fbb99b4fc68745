//! Sizes as nginx reads them (`core/ngx_parse.c:ngx_parse_size`): bytes, or with `k` or `m` of either case.

/// In bytes; `None` for what nginx refuses, and for values with variables.
pub fn parse(text: &[u8]) -> Option<u64> {
    let (digits, unit) = match text {
        [digits @ .., b'k' | b'K'] => (digits, 1024),
        [digits @ .., b'm' | b'M'] => (digits, 1024 * 1024),
        digits => (digits, 1),
    };
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number: u64 = std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()?;
    number.checked_mul(unit)
}

/// The same where gigabytes are allowed (`core/ngx_parse.c:ngx_parse_offset`).
pub fn parse_offset(text: &[u8]) -> Option<u64> {
    match text {
        [digits @ .., b'g' | b'G'] if digits.iter().all(u8::is_ascii_digit) => {
            parse(digits)?.checked_mul(1 << 30)
        }
        other => parse(other),
    }
}

/// A size in the words of nginx's files where these have a unit for it, else in bytes.
pub fn shown(bytes: u64) -> String {
    if bytes % (1 << 10) == 0 { format!("{}k", bytes >> 10) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn units_and_what_is_none() {
        for (text, bytes) in [("0", 0), ("100", 100), ("4k", 4096), ("4K", 4096), ("1m", 1 << 20)] {
            assert_eq!(parse(text.as_bytes()), Some(bytes), "{text}");
        }
        for text in
            ["", "k", "1g", "-1", "+1", "1 k", "$rate", "99999999999999999999", "99999999999999999999m"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
