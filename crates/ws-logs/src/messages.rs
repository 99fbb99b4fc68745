//! Lines of nginx's error log, and how they are tied to those of the access logs.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashMap;
use lint_finding::LogSymptom;
use ws_rules::symptoms::{Symptom, symptoms_of};

use crate::certificates::Certificates;
use crate::moment::of_error_log;

/// So many shapes of messages are remembered with what they mean.
const MOST_SHAPES: usize = 4_096;
/// So many requests of the error log are remembered until their lines of the access log come; twice as many at most.
const MOST_TIES: usize = 100_000;
/// So many reloads are kept.
const MOST_RELOADS: usize = 1_000;
/// Seconds between the two lines of one request.
const APART: i64 = 2;
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

/// A line that waits for its request.
#[derive(Debug, Clone, Copy)]
struct Tie {
    seconds: i64,
    /// The index of its symptom.
    seen: Option<usize>,
    is_timeout: bool,
}

/// Lines that wait for their requests: what is older than the newest ones is dropped, so that memory stays the same.
#[derive(Debug, Default)]
struct Ties {
    new: HashMap<u64, Tie>,
    old: HashMap<u64, Tie>,
}

impl Ties {
    fn keep(&mut self, key: u64, tie: Tie) {
        if self.new.len() >= MOST_TIES {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, tie);
    }

    fn take(&mut self, key: u64, seconds: i64) -> Option<Tie> {
        let is_near = |tie: &Tie| tie.seconds.abs_diff(seconds) <= APART.unsigned_abs();
        for all in [&mut self.new, &mut self.old] {
            if all.get(&key).is_some_and(is_near) {
                return all.remove(&key);
            }
        }
        None
    }
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
        let tie = Tie { seconds, seen, is_timeout };
        if let Some(number) = message.connection {
            self.ties.keep(self.key_of_connection(number), tie);
        }
        if let (Some(client), Some(request)) = (message.client, message.request) {
            self.ties.keep(self.key_of_request(client.as_bytes(), request.as_bytes()), tie);
        }
        true
    }

    /// Whether nginx's timer ended the connection of a request, as the error log says. The line counts as tied.
    pub(crate) fn timed_out(
        &mut self,
        connection: Option<u64>,
        client: Option<&[u8]>,
        request: Option<&[u8]>,
        seconds: i64,
    ) -> bool {
        if self.seen.is_empty() && self.unexplained == 0 {
            return false;
        }
        let mut tie = connection.and_then(|number| self.ties.take(self.key_of_connection(number), seconds));
        if let (Some(client), Some(request)) = (client, request) {
            let other = self.ties.take(self.key_of_request(client, request), seconds);
            tie = tie.or(other);
        }
        let Some(tie) = tie else { return false };
        if let Some(seen) = tie.seen.and_then(|index| self.seen.get_mut(index)) {
            seen.tied += 1;
        }
        tie.is_timeout
    }

    fn key_of_connection(&self, number: u64) -> u64 {
        self.hasher.hash_one(number)
    }

    fn key_of_request(&self, client: &[u8], request: &[u8]) -> u64 {
        self.hasher.hash_one((client, request))
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
        assert!(!messages.timed_out(None, Some(b"10.0.0.8"), request, at), "another client");
        assert!(!messages.timed_out(None, Some(b"10.0.0.9"), request, at + 60), "another time");
        assert!(messages.timed_out(None, Some(b"10.0.0.9"), request, at + 1));
        assert!(!messages.timed_out(None, Some(b"10.0.0.9"), request, at + 1), "it is taken");
        let [symptom] = &messages.told(0)[..] else { panic!("one") };
        assert_eq!((symptom.lines, symptom.tied), (1, 1));
        assert_eq!(symptom.causes.first(), Some(&"read-timeout-default"));
    }

    #[test]
    fn memory_stays_the_same() {
        let mut ties = Ties::default();
        for key in 0..250_000 {
            ties.keep(key, Tie { seconds: 0, seen: None, is_timeout: true });
        }
        assert!(ties.new.len() + ties.old.len() <= 2 * MOST_TIES);
        assert!(ties.take(249_999, 1).is_some() && ties.take(0, 0).is_none());
        let mut messages = Messages::default();
        for number in 0..1_000_u32 {
            let line =
                LINE.replace("*5", &format!("*{number}")).replace("10.0.0.9", &format!("10.0.0.{number}"));
            messages.add(line.as_bytes());
        }
        assert_eq!((messages.told(0).len(), messages.shapes.len()), (1, 1));
    }
}
