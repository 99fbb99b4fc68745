//! What passes logs on, and what it writes around each line: syslog, a container runtime, Docker, the journal.
//!
//! A carrier is known by how its own text is built, never by one word in it: a variable at the beginning of a format of
//! one's own would take any text.

use serde_json::{Map, Value};

/// What passed a line on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// An object of JSON with `log`, as Docker's `json-file` writes it.
    Docker,
    /// An object of JSON with `MESSAGE`, as `journalctl -o json` writes it.
    Journal,
    /// `2024-05-01T10:00:00.123Z stdout F …`, the format of CRI.
    Runtime,
    /// `May  1 10:00:00 host nginx[7]: …` and its siblings, with or without a priority.
    Syslog,
    /// `nginx-1  | …`, as `docker compose logs` writes it.
    Compose,
    /// `[pod/nginx-7c5/nginx] …`, as `kubectl logs --prefix` writes it.
    Pod,
    /// `2024-05-01T10:00:00.123456789Z …`, as `--timestamps` writes it.
    Timestamps,
}

impl Carrier {
    /// Every carrier; one whose text may be the beginning of another's comes after it.
    pub(crate) const ALL: [Self; 7] = [
        Self::Docker,
        Self::Journal,
        Self::Runtime,
        Self::Syslog,
        Self::Compose,
        Self::Pod,
        Self::Timestamps,
    ];

    /// In words, to go behind the name of a format.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Docker => ", in Docker's JSON",
            Self::Journal => ", in the journal's JSON",
            Self::Runtime | Self::Timestamps | Self::Pod => ", passed on by a container runtime",
            Self::Syslog => ", passed on by syslog",
            Self::Compose => ", passed on by Docker Compose",
        }
    }

    /// The line inside; `None` if this did not pass it on.
    pub(crate) fn inner<'l>(self, line: &'l [u8], scratch: &'l mut Vec<u8>) -> Option<&'l [u8]> {
        match self {
            Self::Docker | Self::Journal => {
                *scratch = self.text(line)?;
                Some(scratch.strip_suffix(b"\n").unwrap_or(scratch))
            }
            Self::Runtime => runtime(line),
            Self::Syslog => syslog(line),
            Self::Compose => compose(line),
            Self::Pod => pod(line),
            Self::Timestamps => behind_timestamp(line),
        }
    }

    /// The text in an object of JSON.
    fn text(self, line: &[u8]) -> Option<Vec<u8>> {
        let mut object = object(line)?;
        let (key, beside): (&str, &[&str]) = match self {
            Self::Journal => ("MESSAGE", &["__REALTIME_TIMESTAMP"]),
            _ => ("log", &["stream", "time"]),
        };
        beside.iter().all(|key| object.contains_key(*key)).then_some(())?;
        match object.remove(key)? {
            Value::String(text) => Some(text.into_bytes()),
            // The journal lists the bytes of what is no text.
            Value::Array(bytes) => {
                bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect::<Option<Vec<u8>>>()
            }
            _ => None,
        }
    }
}

/// An object of JSON.
pub(crate) fn object(line: &[u8]) -> Option<Map<String, Value>> {
    let is_object = line.trim_ascii_start().first() == Some(&b'{');
    is_object.then(|| serde_json::from_slice(line).ok()).flatten()
}

/// What is behind a time as `docker logs` and `kubectl logs` write it: in UTC, with a fraction.
fn behind_timestamp(line: &[u8]) -> Option<&[u8]> {
    let (word, rest) = word(line)?;
    (is_time(word) && word.ends_with(b"Z") && word.contains(&b'.')).then_some(rest)
}

/// The text before the first blank, and what is behind it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b' ', text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Whether a text has the form of another: `0` stands for a digit.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    let is_it = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.iter().zip(form).all(is_it)
}

/// Whether a word is `2024-05-01T10:00:00`, with a fraction and a zone or without.
fn is_time(word: &[u8]) -> bool {
    word.get(..19).is_some_and(|time| has_form(time, b"0000-00-00T00:00:00"))
        && word.get(19..).is_some_and(|rest| {
            rest.iter()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b':' | b'+' | b'-' | b'Z'))
        })
}

/// Whether a word is `10:00:00`, with a fraction or without.
fn is_clock(word: &[u8]) -> bool {
    word.get(..8).is_some_and(|clock| has_form(clock, b"00:00:00"))
        && word.get(8..).is_some_and(|rest| {
            rest.is_empty() || rest.first() == Some(&b'.') && rest.iter().skip(1).all(u8::is_ascii_digit)
        })
}

/// `TIME stdout F REST`; a line that the runtime cut has `P` in place of `F`.
fn runtime(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = word(line)?;
    let (stream, rest) = word(rest)?;
    let (tag, rest) = word(rest)?;
    (is_time(time) && matches!(stream, b"stdout" | b"stderr") && matches!(tag, b"F" | b"P")).then_some(rest)
}

/// `<190>May  1 10:00:00 host nginx: REST` as nginx itself and RFC 3164 have it, `2024-05-01T10:00:00Z host nginx[7]: REST`
/// as rsyslog and the journal write it, and RFC 5424's `<190>1 TIME host nginx 7 - - REST`.
fn syslog(line: &[u8]) -> Option<&[u8]> {
    let (is_numbered, line) = match line.strip_prefix(b"<") {
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (1..=3).contains(&digits).then_some(())?;
            (true, rest.get(digits..)?.strip_prefix(b">")?)
        }
        None => (false, line),
    };
    if is_numbered {
        if let Some(rest) = line.strip_prefix(b"1 ") {
            return of_rfc_5424(rest);
        }
    }
    let rest = behind_time(line)?;
    let (first, rest) = word(rest)?;
    if is_tag(first) {
        return Some(rest);
    }
    let (second, rest) = word(rest)?;
    is_tag(second).then_some(rest)
}

/// What is behind the time of a line: `May  1 10:00:00`, `2024-05-01T10:00:00Z` or `Wed 2024-05-01 10:00:00 UTC`.
fn behind_time(line: &[u8]) -> Option<&[u8]> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    const DAYS: &[u8; 21] = b"MonTueWedThuFriSatSun";
    let (first, rest) = word(line)?;
    if is_time(first) {
        return Some(rest);
    }
    if MONTHS.chunks(3).any(|month| month == first) {
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let (day, rest) = word(rest)?;
        let (clock, rest) = word(rest)?;
        let is_day = (1..=2).contains(&day.len()) && day.iter().all(u8::is_ascii_digit);
        return (is_day && is_clock(clock)).then_some(rest);
    }
    DAYS.chunks(3).any(|day| day == first).then_some(())?;
    let (date, rest) = word(rest)?;
    let (clock, rest) = word(rest)?;
    let (_, rest) = word(rest)?;
    (has_form(date, b"0000-00-00") && is_clock(clock)).then_some(rest)
}

/// Whether a word names a program: `nginx:` or `nginx[7]:`.
fn is_tag(word: &[u8]) -> bool {
    let Some(name) = word.strip_suffix(b":") else { return false };
    let name = match name.strip_suffix(b"]") {
        Some(name) => {
            let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            match name.get(..name.len() - digits).and_then(|name| name.strip_suffix(b"[")) {
                Some(name) if digits > 0 => name,
                _ => return false,
            }
        }
        None => name,
    };
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@');
    (1..=64).contains(&name.len()) && name.iter().all(is_part) && name.iter().any(u8::is_ascii_alphabetic)
}

/// `TIME HOST NAME PROCESS MESSAGE-ID DATA REST`.
fn of_rfc_5424(text: &[u8]) -> Option<&[u8]> {
    let (time, mut rest) = word(text)?;
    (time == b"-" || is_time(time)).then_some(())?;
    for _ in 0..4 {
        rest = word(rest)?.1;
    }
    if let Some(rest) = rest.strip_prefix(b"- ") {
        // A text may say by a mark that it is UTF-8.
        return Some(rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest));
    }
    while rest.first() == Some(&b'[') {
        rest = rest.get(memchr::memchr(b']', rest)? + 1..)?;
    }
    let rest = rest.strip_prefix(b" ")?;
    Some(rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest))
}

/// `nginx-1  | REST`, with a time behind the bar or without.
fn compose(line: &[u8]) -> Option<&[u8]> {
    let (name, rest) = word(line)?;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (!name.is_empty() && name.iter().all(is_part)).then_some(())?;
    let rest = rest.trim_ascii_start().strip_prefix(b"| ")?;
    Some(behind_timestamp(rest).unwrap_or(rest))
}

/// `[pod/NAME/CONTAINER] REST`, with a time behind it or without.
fn pod(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"[pod/")?;
    let (name, rest) = word(rest)?;
    name.ends_with(b"]").then_some(())?;
    Some(behind_timestamp(rest).unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What passed a line on, and the line.
    fn inner(line: &str) -> Option<(Carrier, String)> {
        Carrier::ALL.into_iter().find_map(|carrier| {
            let mut scratch = Vec::new();
            let inner = carrier.inner(line.as_bytes(), &mut scratch)?;
            Some((carrier, String::from_utf8_lossy(inner).into_owned()))
        })
    }

    #[test]
    fn every_carrier_is_known_by_its_own_text() {
        use Carrier::{Compose, Docker, Journal, Pod, Runtime, Syslog, Timestamps};
        for (before, carrier) in [
            ("<190>May  1 10:00:00 web1 nginx: ", Syslog),
            ("<190>Nov 28 10:00:00 nginx: ", Syslog),
            ("<190>Nov 28 10:00:00 web1 shop_edge: ", Syslog),
            ("Nov 28 10:00:00 web1 nginx: ", Syslog),
            ("Nov 28 10:00:00 web1 nginx[31]: ", Syslog),
            ("Nov 28 10:00:00.123456 web1 nginx[31]: ", Syslog),
            ("2024-11-28T10:00:00.123456+00:00 web1 nginx: ", Syslog),
            ("2024-11-28T10:00:00+0100 web1 docker/nginx[31]: ", Syslog),
            ("Thu 2024-11-28 10:00:00 UTC web1 nginx[31]: ", Syslog),
            ("<190>1 2024-11-28T10:00:00.1Z web1 nginx 31 - - ", Syslog),
            ("<190>1 2024-11-28T10:00:00.1Z web1 nginx - - [x@1 a=\"b c\"][y] ", Syslog),
            ("2024-11-28T10:00:00.123456789Z stdout F ", Runtime),
            ("2024-11-28T10:00:00.123456789+01:00 stderr P ", Runtime),
            ("2024-11-28T10:00:00.123456789Z ", Timestamps),
            ("nginx-1  | ", Compose),
            ("nginx | 2024-11-28T10:00:00.123456789Z ", Compose),
            ("[pod/web-7c5/nginx] ", Pod),
        ] {
            for line in ["a.test 101 60.0", "a=1 b=2", "{\"status\":101}"] {
                assert_eq!(inner(&format!("{before}{line}")), Some((carrier, line.to_owned())), "{before}");
            }
        }
        for (line, carrier) in [
            (r#"{"log":"a \"b\"\n","stream":"stdout","time":"2024-11-28T10:00:00Z"}"#, Docker),
            (r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":"a \"b\""}"#, Journal),
            (r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":[97,32,34,98,34]}"#, Journal),
        ] {
            assert_eq!(inner(line), Some((carrier, "a \"b\"".to_owned())), "{line}");
        }
    }

    #[test]
    fn lines_of_formats_are_passed_on_by_nothing() {
        for line in [
            "",
            "a.test 10.0.0.9 101 60.0",
            "2024-11-28T10:00:00+00:00 a.test 101 60.0",
            "2024-11-28T10:00:00+00:00 stdout",
            "28/Nov/2024:10:00:00 +0000 nginx: x",
            "2024/11/28 10:00:00 [error] 31#31: *5 x",
            "[28/Nov/2024:10:00:00 +0000] a.test 101",
            "10.0.0.9 | 101 | 60.0",
            "<script> nginx: x",
            "<1234>May  1 10:00:00 nginx: x",
            "May x 10:00:00 nginx: x",
            r#"{"time":"2024-11-28T10:00:00Z","status":101,"log":"x"}"#,
            r#"{"MESSAGE":"x"}"#,
            r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":[300]}"#,
        ] {
            assert_eq!(inner(line).filter(|(carrier, _)| *carrier != Carrier::Compose), None, "{line}");
        }
    }
}
