//! What a `log_format` writes into a line, and how a line is taken apart by it.
//!
//! A line is cut at the literal texts between the variables. With nginx's own escaping no value holds a `"` or a control
//! character (`http/modules/ngx_http_log_module.c:ngx_http_log_escape`), with `escape=json` a `"` has a backslash before
//! it, so what a client sends ends no value early.

use memchr::memmem::Finder;
use nginx_semantics::{Part, parts};

/// A value of a line that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Status,
    Request,
    Method,
    Target,
    Path,
    TimeLocal,
    TimeIso,
    Seconds,
    Duration,
    UpstreamDuration,
    BytesSent,
    BodyBytesSent,
    UpstreamBytesSent,
    Peer,
    PeerStatus,
    Upgrade,
    Host,
    HttpHost,
    ServerName,
    Port,
    Scheme,
    Client,
    Connection,
}

impl Field {
    const COUNT: usize = 23;

    /// The field that a variable stands for.
    fn of(variable: &[u8]) -> Option<Self> {
        Some(match variable {
            b"status" => Self::Status,
            b"request" => Self::Request,
            b"request_method" => Self::Method,
            b"request_uri" => Self::Target,
            b"uri" | b"document_uri" => Self::Path,
            b"time_local" => Self::TimeLocal,
            b"time_iso8601" => Self::TimeIso,
            b"msec" => Self::Seconds,
            b"request_time" => Self::Duration,
            b"upstream_response_time" => Self::UpstreamDuration,
            b"bytes_sent" => Self::BytesSent,
            b"body_bytes_sent" => Self::BodyBytesSent,
            b"upstream_bytes_sent" => Self::UpstreamBytesSent,
            b"upstream_addr" => Self::Peer,
            b"upstream_status" => Self::PeerStatus,
            b"http_upgrade" => Self::Upgrade,
            b"host" => Self::Host,
            b"http_host" => Self::HttpHost,
            b"server_name" => Self::ServerName,
            b"server_port" => Self::Port,
            b"scheme" => Self::Scheme,
            b"remote_addr" => Self::Client,
            b"connection" => Self::Connection,
            _ => return None,
        })
    }

    /// The field that a key of a JSON object is likely to hold.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let key = key.trim_start_matches(['$', '@']).to_ascii_lowercase().replace(['-', '.'], "_");
        Self::of(key.as_bytes()).or_else(|| {
            Some(match key.as_str() {
                "method" | "http_method" | "verb" => Self::Method,
                "path" | "url" => Self::Target,
                "status_code" | "response_code" | "code" => Self::Status,
                "timestamp" | "time" | "date" | "ts" => Self::TimeIso,
                "duration" | "request_duration" | "response_time" => Self::Duration,
                "upstream" | "upstream_host" => Self::Peer,
                "upgrade" => Self::Upgrade,
                "vhost" | "domain" => Self::Host,
                "remote_ip" | "client" | "client_ip" | "ip" => Self::Client,
                _ => return None,
            })
        })
    }
}

/// The values of a line; a value that is `-` or empty is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'l>([Option<&'l [u8]>; Field::COUNT]);

impl<'l> Values<'l> {
    pub(crate) const NONE: Self = Self([None; Field::COUNT]);

    pub(crate) fn get(&self, field: Field) -> Option<&'l [u8]> {
        self.0.get(field as usize).copied().flatten()
    }

    pub(crate) fn set(&mut self, field: Field, value: &'l [u8]) {
        if let Some(slot) = self.0.get_mut(field as usize) {
            *slot = Some(value).filter(|value| !matches!(*value, b"" | b"-"));
        }
    }
}

/// How nginx escapes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escape {
    /// `"`, `\` and what is no printable ASCII become `\xHH`.
    #[default]
    Default,
    /// As in a string of JSON.
    Json,
    /// Not at all.
    None,
}

/// A `log_format`, ready to take lines apart.
#[derive(Debug, Clone)]
pub struct LogFormat {
    /// The text before the first variable.
    start: Vec<u8>,
    /// The variables, each with the text behind it; the last text is that at the end of the line.
    pieces: Vec<Piece>,
    escape: Escape,
    /// Whether more may follow in a line.
    is_open: bool,
}

#[derive(Debug, Clone)]
struct Piece {
    field: Option<Field>,
    /// Whether nginx lists a value for each back end that it asked: `a, b : c`.
    is_list: bool,
    end: Vec<u8>,
    finder: Finder<'static>,
}

/// nginx's own format (`http/modules/ngx_http_log_module.c:ngx_http_combined_fmt`).
pub(crate) const COMBINED: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";

impl LogFormat {
    /// The format of a text with variables: what stands behind the name of a `log_format`, put together.
    ///
    /// `None` if no line of it could be taken apart: it has no `$status`, or two variables without a text between them.
    #[must_use]
    pub fn new(text: &[u8], escape: Escape) -> Option<Self> {
        let mut this = Self { start: Vec::new(), pieces: Vec::new(), escape, is_open: false };
        for part in parts(text) {
            match part {
                Part::Literal(literal) => {
                    let place = this.pieces.last_mut().map_or(&mut this.start, |piece| &mut piece.end);
                    place.extend_from_slice(literal.as_ref());
                }
                Part::Variable(name) => {
                    if this.pieces.last().is_some_and(|piece| piece.end.is_empty()) {
                        return None;
                    }
                    let field = Field::of(name);
                    let is_list = is_list(name);
                    this.pieces.push(Piece {
                        field,
                        is_list,
                        end: Vec::new(),
                        finder: Finder::new(b"").into_owned(),
                    });
                }
                _ => return None,
            }
        }
        for piece in &mut this.pieces {
            piece.finder = Finder::new(&piece.end).into_owned();
        }
        this.has(Field::Status).then_some(this)
    }

    /// nginx's own format.
    #[must_use]
    pub fn combined() -> Option<Self> {
        Self::new(COMBINED.as_bytes(), Escape::Default)
    }

    /// The same where more may follow in a line.
    pub(crate) fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Whether its lines tell a value.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.pieces.iter().any(|piece| piece.field == Some(field))
    }

    /// How many values of its lines are looked at.
    pub(crate) fn known(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.field.is_some()).count()
    }

    /// How nginx escapes values.
    pub(crate) fn escape(&self) -> Escape {
        self.escape
    }

    /// The values of a line; `None` if the line does not fit.
    pub(crate) fn values<'l>(&self, line: &'l [u8]) -> Option<Values<'l>> {
        let mut rest = line.strip_prefix(self.start.as_slice())?;
        let mut values = Values::NONE;
        let last = self.pieces.len().checked_sub(1)?;
        for (index, piece) in self.pieces.iter().enumerate() {
            let value;
            if index == last && !self.is_open {
                value = rest.strip_suffix(piece.end.as_slice())?;
                rest = &[];
            } else {
                let at = self.end_of(rest, piece)?;
                value = rest.get(..at)?;
                rest = rest.get(at + piece.end.len()..)?;
            }
            if let Some(field) = piece.field {
                values.set(field, value);
            }
        }
        Some(values)
    }

    /// Where the text behind a value begins.
    fn end_of(&self, rest: &[u8], piece: &Piece) -> Option<usize> {
        let quotes = self.escape == Escape::Json && piece.end.first() == Some(&b'"');
        let mut from = 0;
        loop {
            let part = rest.get(from..)?;
            let found = match piece.end.as_slice() {
                [] => Some(part.len()),
                [one] => memchr::memchr(*one, part),
                _ => piece.finder.find(part),
            };
            let at = from + found?;
            let before = rest.get(..at)?;
            if piece.is_list && goes_on(before, rest.get(at..)?, &piece.end) {
                from = at + 1;
                continue;
            }
            let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
            if !quotes || backslashes % 2 == 0 {
                return Some(at);
            }
            from = at + 1;
        }
    }
}

/// Whether a variable has a value for each back end that was asked (`http/ngx_http_upstream.c`).
fn is_list(variable: &[u8]) -> bool {
    const LISTS: [&[u8]; 10] = [
        b"addr",
        b"status",
        b"response_time",
        b"connect_time",
        b"header_time",
        b"first_byte_time",
        b"response_length",
        b"bytes_sent",
        b"bytes_received",
        b"queue_time",
    ];
    variable.strip_prefix(b"upstream_").is_some_and(|rest| LISTS.contains(&rest))
}

/// Whether a list goes on where the text behind it seems to begin: the blanks and commas of `a, b : c` are its own.
fn goes_on(before: &[u8], from: &[u8], end: &[u8]) -> bool {
    match end.first() {
        Some(b' ') => before.ends_with(b",") || before.ends_with(b" :") || from.starts_with(b" : "),
        Some(b',') => end.len() == 1 && from.starts_with(b", "),
        _ => false,
    }
}

/// A value as it was before nginx escaped it.
pub(crate) fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, escaped) = rest.split_at(at);
        plain.extend_from_slice(before);
        let digits = |from: usize, to: usize| {
            let text = escaped.get(from..to).and_then(|digits| core::str::from_utf8(digits).ok())?;
            u32::from_str_radix(text, 16).ok()
        };
        let (byte, length) = match escaped.get(1) {
            Some(b'x') => (digits(2, 4).and_then(|code| u8::try_from(code).ok()), 4),
            Some(b'u') => (digits(2, 6).and_then(|code| u8::try_from(code).ok()), 6),
            Some(b'n') => (Some(b'\n'), 2),
            Some(b'r') => (Some(b'\r'), 2),
            Some(b't') => (Some(b'\t'), 2),
            Some(b'b') => (Some(8), 2),
            Some(b'f') => (Some(12), 2),
            Some(other @ (b'"' | b'\\' | b'/')) => (Some(*other), 2),
            _ => (None, 1),
        };
        let length = if byte.is_some() { length } else { 1 };
        plain.push(byte.unwrap_or(b'\\'));
        rest = escaped.get(length..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: Values<'_>, field: Field) -> Option<String> {
        values.get(field).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    #[test]
    fn a_line_of_nginx_s_own_format() {
        let line = br#"10.0.0.9 - - [01/May/2024:10:00:00 +0000] "GET /ws?a=\x22b HTTP/1.1" 101 34 "-" "Mozilla/5.0 (X)""#;
        let values = LogFormat::combined().unwrap().values(line).unwrap();
        assert_eq!(text(values, Field::Status).as_deref(), Some("101"));
        assert_eq!(text(values, Field::Request).as_deref(), Some(r"GET /ws?a=\x22b HTTP/1.1"));
        assert_eq!(text(values, Field::TimeLocal).as_deref(), Some("01/May/2024:10:00:00 +0000"));
        assert_eq!(text(values, Field::Duration), None);
    }

    #[test]
    fn a_quote_ends_no_value_of_json() {
        let format = r#"{"uri":"$request_uri","status":"$status"}"#;
        let format = LogFormat::new(format.as_bytes(), Escape::Json).unwrap();
        let line = br#"{"uri":"/a\",\"status\":\"101\\","status":"400"}"#;
        let values = format.values(line).unwrap();
        assert_eq!(text(values, Field::Status).as_deref(), Some("400"));
        assert_eq!(unescaped(values.get(Field::Target).unwrap()), br#"/a","status":"101\"#);
    }

    #[test]
    fn a_list_of_back_ends_is_one_value() {
        for (text, line) in [
            ("$upstream_addr $upstream_status $status $request_time", "A B 101 60.0"),
            ("$status $request_time $upstream_addr $upstream_status", "101 60.0 A B"),
            ("$upstream_addr,$upstream_status,$status,$request_time", "A,B,101,60.0"),
            ("$upstream_addr\t$upstream_status\t$status\t$request_time", "A\tB\t101\t60.0"),
            ("$upstream_addr \"$upstream_status\" $status $request_time", "A \"B\" 101 60.0"),
        ] {
            let format = LogFormat::new(text.as_bytes(), Escape::Default).unwrap();
            for (addresses, statuses) in [
                ("10.0.0.1:80", "101"),
                ("-", "-"),
                ("10.0.0.1:80, 10.0.0.2:80", "502, 101"),
                ("10.0.0.1:80 : unix:/run/a.sock", "404 : 101"),
                ("10.0.0.1:80, [::1]:80 : 10.0.0.3:80, 10.0.0.4:80", "502, - : 502, 101"),
            ] {
                let line = line.replace('A', addresses).replace('B', statuses);
                let values = format.values(line.as_bytes()).unwrap();
                let is = |value: &str| Some(value.to_owned()).filter(|value| value != "-");
                assert_eq!(text_of(values, Field::Peer), is(addresses), "{line}");
                assert_eq!(text_of(values, Field::PeerStatus), is(statuses), "{line}");
                assert_eq!(text_of(values, Field::Duration).as_deref(), Some("60.0"), "{line}");
            }
        }
    }

    fn text_of(values: Values<'_>, field: Field) -> Option<String> {
        text(values, field)
    }

    #[test]
    fn formats_that_cannot_be_read_are_none() {
        for format in ["$remote_addr $request", "$request_method$status", ""] {
            assert!(LogFormat::new(format.as_bytes(), Escape::Default).is_none(), "{format}");
        }
        let format = LogFormat::new(b"$status|${request_time}s", Escape::None).unwrap();
        assert_eq!(text(format.values(b"101|1.5s").unwrap(), Field::Duration).as_deref(), Some("1.5"));
        assert!(format.values(b"101 1.5s").is_none() && format.values(b"101|1.5").is_none());
    }
}
