//! Lines of nginx's error log, and how they are tied to those of the access logs.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashMap;
use lint_finding::LogSymptom;
use ws_rules::symptoms::{Symptom, symptoms_of};

use crate::certificates::Certificates;
use crate::moment::of_error_log;
use crate::ties::{About, Ties};

/// So many shapes of messages are remembered with what they mean.
const MOST_SHAPES: usize = 4_096;
/// So many reloads are kept.
const MOST_RELOADS: usize = 1_000;
/// What is shown of a line, in bytes.
const EXAMPLE: usize = 300;

/// A line taken apart: `2024/05/01 10:00:00 [error] 31#31: *5 message, client: …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'l> {
    pub(crate) seconds: i64,
    /// Whether its level is `emerg`.
    pub(crate) is_emerg: bool,
    /// The number behind the asterisk.
    pub(crate) connection: Option<u64>,
    /// What nginx says, without what it says of the request.
    pub(crate) text: &'l str,
    pub(crate) client: Option<&'l str>,
    /// The server, or the address that nginx listens on before one is chosen.
    pub(crate) server: Option<&'l str>,
    /// Method, target, protocol.
    pub(crate) request: Option<&'l str>,
}

impl<'l> Message<'l> {
    /// `None` if it is no line of an error log.
    pub(crate) fn of(line: &'l [u8]) -> Option<Self> {
        let seconds = of_error_log(line)?.seconds;
        let end = line.len().min(4_096);
        let text = match core::str::from_utf8(line.get(..end)?) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(line.get(..error.valid_up_to())?).ok()?,
        };
        let rest = text.get(20..)?.strip_prefix('[')?;
        let (level, rest) = rest.split_once("] ")?;
        let (_, rest) = rest.split_once(": ")?;
        let numbered = rest.strip_prefix('*').and_then(|rest| {
            let (number, rest) = rest.split_once(' ')?;
            Some((number.parse().ok()?, rest))
        });
        let (connection, rest) = numbered.map_or((None, rest), |(number, rest)| (Some(number), rest));
        let (text, about) = rest.split_once(", client: ").unwrap_or((rest, ""));
        let client = about.split(',').next().filter(|client| !client.is_empty());
        let server = about.split_once(", server: ").and_then(|(_, rest)| rest.split(',').next());
        let request = about.split_once(", request: \"").and_then(|(_, rest)| rest.split('"').next());
        let is_emerg = level == "emerg";
        Some(Self { seconds, is_emerg, connection, text, client, server, request })
    }
}

/// What a symptom was seen to do.
#[derive(Debug, Clone)]
struct Seen {
    symptom: &'static Symptom,
    lines: u64,
    tied: u64,
    first: i64,
    last: i64,
    example: String,
}

/// What the error logs say. They name no zone: all times here are those of the writer's clock, as if it showed UTC.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    hasher: RandomState,
    shapes: HashMap<u64, Option<usize>>,
    seen: Vec<Seen>,
    ties: Ties,
    /// In order.
    pub(crate) reloads: Vec<i64>,
    pub(crate) certificates: Certificates,
    pub(crate) unexplained: u64,
    /// Whether a line says that a timer ended a WebSocket: only logs of level `info` have such lines.
    pub(crate) tells_timeouts: bool,
}

impl Messages {
    /// A line; `false` if it is none of an error log.
    pub(crate) fn add(&mut self, line: &[u8]) -> bool {
        let Some(message) = Message::of(line) else { return false };
        let Message { seconds, text, .. } = message;
        // The signal itself is told in a line of its own before it.
        if text == "reconfiguring" && self.reloads.len() < MOST_RELOADS {
            let at = self.reloads.partition_point(|known| *known <= seconds);
            self.reloads.insert(at, seconds);
        }
        self.certificates.add(&message, &mut self.reloads);
        let is_timeout = text.contains("timed out") && text.contains("while proxying upgraded connection");
        self.tells_timeouts |= is_timeout;
        let seen = self.symptom(&message);
        match seen.and_then(|index| self.seen.get_mut(index)) {
            Some(known) => {
                known.lines += 1;
                known.first = known.first.min(seconds);
                known.last = known.last.max(seconds);
                if known.example.is_empty() {
                    let end = line.len().min(EXAMPLE);
                    known.example = String::from_utf8_lossy(line.get(..end).unwrap_or_default()).into_owned();
                }
            }
            None => self.unexplained += 1,
        }
        // That nobody asks for anything any more is about no request.
        if !text.contains("closed keepalive connection") {
            let about = About {
                connection: message.connection,
                client: message.client.map(str::as_bytes),
                request: message.request.map(str::as_bytes),
                seconds,
            };
            self.ties.keep(about, seen, is_timeout);
        }
        true
    }

    /// Whether nginx's timer ended the connection of a request, as the error log says. The lines about it count as tied.
    pub(crate) fn timed_out(&mut self, about: About<'_>, is_open: bool) -> bool {
        if self.seen.is_empty() && self.unexplained == 0 {
            return false;
        }
        let Self { ties, seen, .. } = self;
        let mut is_timeout = false;
        ties.take(about, is_open, |tie| {
            is_timeout |= tie.is_timeout;
            if let Some(seen) = tie.seen.and_then(|index| seen.get_mut(index)) {
                seen.tied += 1;
            }
        });
        is_timeout
    }

    /// The index of what a message means; messages of one shape mean the same.
    fn symptom(&mut self, message: &Message<'_>) -> Option<usize> {
        let shape: String =
            message.text.chars().take(200).filter(|character| !character.is_ascii_digit()).collect();
        let key = self.hasher.hash_one(shape);
        if let Some(known) = self.shapes.get(&key) {
            return *known;
        }
        let found = symptoms_of(message.text).first().copied();
        let found = found.map(|symptom| {
            let known = self.seen.iter().position(|seen| seen.symptom == symptom);
            known.unwrap_or_else(|| {
                let (first, last) = (i64::MAX, i64::MIN);
                self.seen.push(Seen { symptom, lines: 0, tied: 0, first, last, example: String::new() });
                self.seen.len() - 1
            })
        });
        if self.shapes.len() < MOST_SHAPES {
            self.shapes.insert(key, found);
        }
        found
    }

    /// What is told of them, the most frequent first; `offset` is by how many seconds the clock is ahead of UTC.
    pub(crate) fn told(&self, offset: i64) -> Vec<LogSymptom> {
        let told = |seen: &Seen| LogSymptom {
            title: seen.symptom.title,
            meaning: seen.symptom.meaning,
            causes: seen.symptom.causes,
            next: seen.symptom.next,
            lines: seen.lines,
            tied: seen.tied,
            span: (seen.lines > 0).then_some((seen.first - offset, seen.last - offset)),
            example: seen.example.clone(),
        };
        let mut all: Vec<LogSymptom> = self.seen.iter().filter(|seen| seen.lines > 0).map(told).collect();
        all.sort_by(|one, other| other.lines.cmp(&one.lines).then_with(|| one.title.cmp(other.title)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "2024/05/01 10:00:00 [info] 31#31: *5 upstream timed out (110: Connection timed out) while proxying upgraded connection, client: 10.0.0.9, server: a.test, request: \"GET /ws HTTP/1.1\", upstream: \"http://127.0.0.1:9000/ws\", host: \"a.test\"";

    #[test]
    fn a_line_is_taken_apart() {
        let message = Message::of(LINE.as_bytes()).unwrap();
        assert_eq!(message.connection, Some(5));
        assert_eq!(
            message.text,
            "upstream timed out (110: Connection timed out) while proxying upgraded connection"
        );
        assert_eq!((message.client, message.request), (Some("10.0.0.9"), Some("GET /ws HTTP/1.1")));
        for line in ["", "hello", "2024/05/01 10:00:00 hello", "10.0.0.9 - - [01/May/2024:10:00:00 +0000]"] {
            assert_eq!(Message::of(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_line_is_tied_to_its_request_once() {
        let mut messages = Messages::default();
        assert!(messages.add(LINE.as_bytes()));
        let at = Message::of(LINE.as_bytes()).unwrap().seconds;
        let request = Some(&b"GET /ws HTTP/1.1"[..]);
        let about = |client: &'static [u8], seconds| About {
            connection: None,
            client: Some(client),
            request,
            seconds,
        };
        assert!(!messages.timed_out(about(b"10.0.0.8", at), true), "another client");
        assert!(!messages.timed_out(about(b"10.0.0.9", at + 60), true), "another time");
        assert!(messages.timed_out(about(b"10.0.0.9", at + 1), true));
        assert!(!messages.timed_out(about(b"10.0.0.9", at + 1), true), "it is taken");
        let [symptom] = &messages.told(0)[..] else { panic!("one") };
        assert_eq!((symptom.lines, symptom.tied), (1, 1));
        assert_eq!(symptom.causes.first(), Some(&"read-timeout-default"));
    }

    #[test]
    fn memory_stays_the_same() {
        let mut messages = Messages::default();
        for number in 0..1_000_u32 {
            let line =
                LINE.replace("*5", &format!("*{number}")).replace("10.0.0.9", &format!("10.0.0.{number}"));
            messages.add(line.as_bytes());
        }
        assert_eq!((messages.told(0).len(), messages.shapes.len()), (1, 1));
    }
}
