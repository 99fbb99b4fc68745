//! Whether two logs have the same handshakes: nginx may write one request to several logs, and a folder may have them all.
//!
//! A log keeps those of its handshakes whose hashes are the smallest: of two logs these are the same ones where the requests
//! are.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use crate::record::Record;

/// So many handshakes of a log are compared.
const MOST: usize = 1_024;
/// Fewer tell nothing.
const FEWEST: usize = 5;
/// Milliseconds between two ways to measure the age of one connection.
const APART: u64 = 1_000;

/// What not every format has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    connection: Option<u64>,
    duration: Option<u64>,
}

impl Mark {
    fn may_be(self, other: Self) -> bool {
        let is_connection = self.connection.zip(other.connection).is_none_or(|(one, other)| one == other);
        let is_duration =
            self.duration.zip(other.duration).is_none_or(|(one, other)| one.abs_diff(other) <= APART);
        is_connection && is_duration
    }
}

/// Some handshakes of a log.
#[derive(Debug, Default)]
pub(crate) struct Handshakes(BTreeMap<u64, Mark>);

impl Handshakes {
    /// One more. Without time and client nobody knows whether another one is the same.
    pub(crate) fn add(&mut self, record: &Record<'_>, hasher: &impl BuildHasher) {
        let (Some(when), Some(client)) = (record.when, record.client) else { return };
        let key = hasher.hash_one((when.seconds, client, record.status, record.method, record.path()));
        if self.0.len() >= MOST && self.limit() < key {
            return;
        }
        let Record { connection, duration, .. } = *record;
        self.0.insert(key, Mark { connection, duration });
        if self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    /// The largest hash up to which all are kept.
    fn limit(&self) -> u64 {
        match self.0.last_key_value() {
            Some((last, _)) if self.0.len() >= MOST => *last,
            _ => u64::MAX,
        }
    }

    /// Whether nine of ten of one of them are in the other one too.
    pub(crate) fn repeats(&self, other: &Self) -> bool {
        let limit = self.limit().min(other.limit());
        let shared = self
            .0
            .range(..=limit)
            .filter(|(key, mark)| other.0.get(key).is_some_and(|other| mark.may_be(*other)));
        let shared = shared.count();
        let smaller = self.0.range(..=limit).count().min(other.0.range(..=limit).count());
        shared >= FEWEST && shared * 10 >= smaller * 9
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;
    use crate::format::{Escape, LogFormat};

    /// The handshakes of these seconds.
    fn log(hasher: &RandomState, seconds: impl Iterator<Item = u32>, client: u8, more: &str) -> Handshakes {
        let format = "$remote_addr [$time_iso8601] \"$request\" $status $connection $request_time";
        let format = LogFormat::new(format.as_bytes(), Escape::Default).unwrap();
        let mut all = Handshakes::default();
        for second in seconds {
            let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
            let line = format!(
                "10.0.0.{client} [2024-05-01T{hour:02}:{minute:02}:{second:02}+00:00] \"GET /ws HTTP/1.1\" 101 {more}"
            );
            let values = format.values(line.as_bytes()).unwrap();
            all.add(&Record::of(&values, Escape::Default, false).unwrap(), hasher);
        }
        all
    }

    #[test]
    fn the_same_requests_are_known_again() {
        let hasher = RandomState::new();
        let log = |seconds, client, more: &str| log(&hasher, seconds, client, more);
        for (one, other, is_same) in [
            (log(0..100, 1, "7 1.0"), log(0..100, 1, "7 1.0"), true),
            (log(0..80_000, 1, "7 1.0"), log(0..80_000, 1, "7 1.0"), true),
            // One has those of another server too, or fewer fields.
            (log(0..80_000, 1, "7 1.0"), log(0..8_000, 1, "7 1.0"), true),
            (log(0..100, 1, "7 1.0"), log(0..100, 1, "- -"), true),
            (log(0..100, 1, "7 1.0"), log(0..100, 1, "7 1.002"), true),
            // Others.
            (log(0..100, 1, "7 1.0"), log(0..100, 2, "7 1.0"), false),
            (log(0..100, 1, "7 1.0"), log(100..200, 1, "7 1.0"), false),
            (log(0..100, 1, "7 1.0"), log(50..150, 1, "7 1.0"), false),
            (log(0..100, 1, "7 1.0"), log(0..100, 1, "8 1.0"), false),
            (log(0..100, 1, "7 1.0"), log(0..100, 1, "7 60.0"), false),
            (log(0..4, 1, "7 1.0"), log(0..4, 1, "7 1.0"), false),
            (log(0..0, 1, "7 1.0"), log(0..0, 1, "7 1.0"), false),
        ] {
            assert!(one.0.len() <= MOST);
            assert_eq!((one.repeats(&other), other.repeats(&one)), (is_same, is_same));
        }
    }
}
