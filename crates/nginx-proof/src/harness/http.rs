//! The head of an HTTP/1 message, read byte for byte so that nothing behind it is taken away.

use std::io::{self, ErrorKind, Read};

/// A head that is longer is none.
const MOST_BYTES: usize = 64 * 1024;

/// No more of a chunk is taken.
const MOST_BODY: usize = 1 << 20;

/// The first line and the headers of a request or an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Request line or status line.
    pub line: String,
    /// Names as sent, values without blanks around them.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The values of the headers of that name, in any case, in order.
    pub fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        let of_name = move |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers.iter().filter(of_name).map(|(_, value)| value.as_str())
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// Whether a header of that name has `token` in its comma-separated list.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        let values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.flat_map(|(_, value)| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
    }

    /// The status of a status line.
    pub fn status(&self) -> Option<u16> {
        self.line.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()
    }

    /// The last word of a request line, such as `HTTP/1.1`.
    pub fn protocol(&self) -> &str {
        self.line.rsplit(' ').next().unwrap_or_default()
    }

    /// The length of the body that follows, as far as `Content-Length` says.
    pub(crate) fn content_length(&self) -> usize {
        self.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0)
    }
}

/// How much of a message's body is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes.
    Length(usize),
    /// Whatever comes until the stream ends.
    UntilEnd,
    /// Chunks.
    Chunks,
}

impl Body {
    /// Of an answer; `is_head` where the request asked for its head only.
    pub(crate) fn of(answer: &Head, is_head: bool) -> Self {
        if is_head || matches!(answer.status(), Some(100..=199 | 204 | 304)) {
            Self::Length(0)
        } else if answer.has_token("Transfer-Encoding", "chunked") {
            Self::Chunks
        } else if answer.header("Content-Length").is_some() {
            Self::Length(answer.content_length())
        } else {
            Self::UntilEnd
        }
    }

    /// Of a request, which has none unless it says so.
    pub(crate) fn of_request(request: &Head) -> Self {
        if request.has_token("Transfer-Encoding", "chunked") {
            Self::Chunks
        } else {
            Self::Length(request.content_length())
        }
    }

    /// The bytes that come next, all of one chunk; `None` at the end of the body.
    pub(crate) fn next(&mut self, stream: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
        match *self {
            Self::Length(0) => Ok(None),
            Self::Length(left) => {
                let part = some(stream, left)?;
                if part.is_empty() {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                *self = Self::Length(left.saturating_sub(part.len()));
                Ok(Some(part))
            }
            Self::UntilEnd => {
                let part = some(stream, MOST_BYTES)?;
                Ok(Some(part).filter(|part| !part.is_empty()))
            }
            Self::Chunks => {
                let size = line(stream)?;
                let size = size.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
                let mut left = size.min(MOST_BODY);
                let mut chunk = Vec::with_capacity(left);
                while left > 0 {
                    let part = some(stream, left)?;
                    if part.is_empty() {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                    left -= part.len();
                    chunk.extend(part);
                }
                // Behind the last one trailers may stand, which nobody here sends.
                line(stream)?;
                if size == 0 {
                    *self = Self::Length(0);
                    return Ok(None);
                }
                Ok(Some(chunk))
            }
        }
    }
}

/// What one read gives, `most` bytes at most.
fn some(stream: &mut dyn Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most.min(MOST_BYTES)];
    let count = stream.read(&mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// A line without its end.
fn line(stream: &mut dyn Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n") && bytes.len() < 1024 {
        stream.read_exact(&mut one)?;
        bytes.extend_from_slice(&one);
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// Reads one head; `None` at the end of the stream. `goes_on` is asked whenever the stream's read timeout ends.
pub(crate) fn read_head(
    stream: &mut dyn Read,
    mut goes_on: impl FnMut() -> bool,
) -> io::Result<Option<Head>> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut one) {
            Ok(0) => return Ok(None),
            Ok(_) => bytes.extend_from_slice(&one),
            Err(error) if is_waiting(&error) && goes_on() => {}
            Err(error) => return Err(error),
        }
        if bytes.len() > MOST_BYTES {
            return Err(io::Error::new(ErrorKind::InvalidData, "a head without end"));
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Ok(Some(Head { line, headers }))
}

/// Whether the error says only that nothing has come yet.
pub(crate) fn is_waiting(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_where_its_body_starts() {
        let mut bytes: &[u8] = b"GET /a HTTP/1.1\r\nHost: b\r\nConnection: keep-alive, Upgrade\r\n\r\nrest";
        let head = read_head(&mut bytes, || false).unwrap().unwrap();
        assert_eq!((head.line.as_str(), head.protocol()), ("GET /a HTTP/1.1", "HTTP/1.1"));
        assert_eq!(head.header("host"), Some("b"));
        assert!(head.has_token("connection", "upgrade") && !head.has_token("connection", "keep"));
        assert_eq!(bytes, b"rest");
    }

    #[test]
    fn a_body_ends_as_its_head_says() {
        for (headers, bytes, body) in [
            ("Content-Length: 3", "abcd", "abc"),
            ("Transfer-Encoding: chunked", "2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\nd", "abc"),
            ("X: y", "abcd", "abcd"),
        ] {
            let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{bytes}");
            let mut stream = text.as_bytes();
            let head = read_head(&mut stream, || false).unwrap().unwrap();
            let mut rest = Body::of(&head, false);
            let mut read = Vec::new();
            while let Some(part) = rest.next(&mut stream).unwrap() {
                read.extend(part);
            }
            assert_eq!(String::from_utf8_lossy(&read), body, "{headers}");
        }
    }

    #[test]
    fn a_status_is_read() {
        let mut bytes: &[u8] = b"HTTP/1.1 426 Upgrade Required\r\n\r\n";
        assert_eq!(read_head(&mut bytes, || false).unwrap().unwrap().status(), Some(426));
    }
}
