//! The head of an answer: read byte by byte if it comes so, and never without end.

use std::io::{self, Read};

use lint_finding::{ProbeFailure, ProbeFault};

use crate::wire::{Wire, is_late, is_reset};

/// No head is longer; nginx and browsers take less.
const LONGEST: usize = 256 << 10;

/// No head has more fields.
const MOST_FIELDS: usize = 512;

/// So many answers of the kind "go on" may come first.
const MOST_INTERIM: usize = 8;

/// What an answer of HTTP begins with, and one of HTTP/2: an empty SETTINGS frame, but for its length, or GOAWAY.
const HTTP: &[u8] = b"HTTP/";
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// The head of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) version: String,
    pub(crate) headers: Vec<(String, String)>,
    /// What came behind it already.
    pub(crate) rest: Vec<u8>,
}

impl Head {
    /// The values of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_meant = move |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers.iter().filter(is_meant).map(|(_, value)| value.as_str())
    }

    /// Whether a list in a field has a token, whatever its case.
    pub(crate) fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    }
}

/// Reads the head of the answer; interim ones but 101 are skipped.
pub(crate) fn read_head(wire: &mut Wire) -> Result<Head, ProbeFailure> {
    let mut bytes = Vec::new();
    for _ in 0..=MOST_INTERIM {
        let end = fill(wire, &mut bytes)?;
        let rest = bytes.split_off(end);
        let head = parsed(&bytes)?;
        if !matches!(head.status, 100 | 102..=199) {
            return Ok(Head { rest, ..head });
        }
        bytes = rest;
    }
    Err(fault(ProbeFault::EndlessHead, "one interim answer after another comes"))
}

fn fault(kind: ProbeFault, text: &str) -> ProbeFailure {
    ProbeFailure { kind, text: text.to_owned() }
}

/// Reads until a head is whole; returns where it ends.
fn fill(wire: &mut Wire, bytes: &mut Vec<u8>) -> Result<usize, ProbeFailure> {
    let mut looked_at = 0;
    loop {
        if let Some(failure) = strange(bytes) {
            return Err(failure);
        }
        let from = bytes.get(looked_at..).unwrap_or_default();
        if let Some(end) = end_of(from) {
            return Ok(looked_at + end);
        }
        looked_at = bytes.len().saturating_sub(3);
        if bytes.len() >= LONGEST {
            return Err(fault(ProbeFault::EndlessHead, "the head of the answer does not end within 256 KiB"));
        }
        let mut part = [0; 4096];
        match wire.read(&mut part) {
            Ok(0) if bytes.is_empty() => {
                return Err(fault(
                    ProbeFault::ClosedWithoutAnswer,
                    "the server closes the connection without an answer",
                ));
            }
            Ok(0) => {
                return Err(fault(
                    ProbeFault::NotHttp,
                    "the server closes the connection within the head of its answer",
                ));
            }
            Ok(length) => bytes.extend_from_slice(part.get(..length).unwrap_or_default()),
            Err(error) => return Err(broken(&error, bytes.is_empty())),
        }
    }
}

fn broken(error: &io::Error, is_nothing: bool) -> ProbeFailure {
    match error {
        _ if is_late(error) && is_nothing => {
            fault(ProbeFault::NoAnswer, "the server takes the request and does not answer in time")
        }
        _ if is_late(error) => fault(
            ProbeFault::NoAnswer,
            "the server answers too slowly: the head of its answer is not whole in time",
        ),
        _ if is_reset(error) => {
            fault(ProbeFault::ClosedWithoutAnswer, "the server resets the connection without an answer")
        }
        _ => ProbeFailure {
            kind: ProbeFault::ClosedWithoutAnswer,
            text: format!("the connection fails before an answer: {error}"),
        },
    }
}

/// Where the empty line ends.
fn end_of(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\n') {
        at += found + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// What is no answer of HTTP/1.
fn strange(bytes: &[u8]) -> Option<ProbeFailure> {
    // A frame of HTTP/2 has its length, type, flags and stream first (RFC 9113 section 4.1).
    if let [0, _, _, SETTINGS | GOAWAY, _, 0, 0, 0, 0, ..] = bytes {
        let text = "the server speaks HTTP/2 only on this port, and a WebSocket needs HTTP/1.1";
        return Some(fault(ProbeFault::Http2, text));
    }
    if matches!(bytes, [0, ..]) && bytes.len() < 9 {
        return None;
    }
    let compared = bytes.len().min(HTTP.len());
    if bytes.get(..compared) == HTTP.get(..compared) {
        return None;
    }
    let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(24)).unwrap_or_default()).into_owned();
    Some(fault(ProbeFault::NotHttp, &format!("what the server sends is no HTTP: it begins with `{start}`")))
}

fn parsed(bytes: &[u8]) -> Result<Head, ProbeFailure> {
    let mut fields = vec![httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut answer = httparse::Response::new(&mut fields);
    let mut config = httparse::ParserConfig::default();
    // As lenient as browsers are.
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true);
    match config.parse_response(&mut answer, bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => {
            return Err(fault(ProbeFault::NotHttp, "the head of the answer is no HTTP"));
        }
        Err(httparse::Error::TooManyHeaders) => {
            return Err(fault(ProbeFault::EndlessHead, "the answer has more than 512 fields"));
        }
        Err(error) => {
            return Err(ProbeFailure {
                kind: ProbeFault::NotHttp,
                text: format!("the head of the answer is no HTTP: {error}"),
            });
        }
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Head {
        status: answer.code.unwrap_or_default(),
        reason: answer.reason.unwrap_or_default().to_owned(),
        version: format!("HTTP/1.{}", answer.version.unwrap_or_default()),
        headers: answer.headers.iter().map(|field| (field.name.to_owned(), text(field.value))).collect(),
        rest: Vec::new(),
    })
}
