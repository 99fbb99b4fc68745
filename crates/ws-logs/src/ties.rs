//! Lines of an error log that wait for those of the requests that they are about.
//!
//! A connection has a number, which both logs may tell; where the access log does not, client, request and time do.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashMap;

use crate::format::unescaped;

/// So many lines wait; twice as many at most.
const MOST: usize = 100_000;

/// Seconds from a line of the error log to that of its request, the likeliest first: nginx logs a request when all is over.
const APART: [i64; 5] = [0, -1, 1, -2, 2];

/// A line that waits for its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tie {
    pub(crate) seconds: i64,
    /// The index of its symptom.
    pub(crate) seen: Option<usize>,
    pub(crate) is_timeout: bool,
    /// The number of its connection, and what tells its request.
    connection: Option<u64>,
    request: Option<u64>,
}

/// What a line says of its request: of the error log before it is tied, or of the access log to tie it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'l> {
    pub(crate) connection: Option<u64>,
    pub(crate) client: Option<&'l [u8]>,
    /// Method, target, protocol.
    pub(crate) request: Option<&'l [u8]>,
    pub(crate) seconds: i64,
}

/// Of one connection so many lines of a second are looked at.
const MOST_OF_ONE: usize = 64;

/// Lines that wait.
#[derive(Debug, Default)]
struct Waiting {
    ties: Vec<Option<Tie>>,
    /// By a key, the places in `ties`.
    places: HashMap<u64, Vec<usize>>,
}

impl Waiting {
    /// The places of lines that still wait, the last one first.
    fn waiting(&self, key: u64) -> impl Iterator<Item = (usize, Tie)> {
        let places = self.places.get(&key).into_iter().flatten().rev();
        places.filter_map(|place| Some((*place, (*self.ties.get(*place)?)?)))
    }

    fn take(&mut self, place: usize) {
        if let Some(tie) = self.ties.get_mut(place) {
            *tie = None;
        }
    }

    /// Forgets what was taken behind the last line that waits, so that nothing is looked at twice.
    fn tidy(&mut self, key: u64) {
        let Self { ties, places } = self;
        if let Some(list) = places.get_mut(&key) {
            while list.last().is_some_and(|last| ties.get(*last).is_none_or(Option::is_none)) {
                list.pop();
            }
        }
    }
}

/// Lines that wait for their requests: what is older than the newest ones is dropped, so that memory stays the same.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    hasher: RandomState,
    new: Waiting,
    old: Waiting,
}

impl Ties {
    /// A line that waits from now on.
    pub(crate) fn keep(&mut self, about: About<'_>, seen: Option<usize>, is_timeout: bool) {
        let About { connection, client, request, seconds } = about;
        if self.new.ties.len() >= MOST {
            self.old = std::mem::take(&mut self.new);
        }
        let tie =
            Tie { seconds, seen, is_timeout, connection, request: request.map(|one| self.request(one)) };
        let place = self.new.ties.len();
        self.new.ties.push(Some(tie));
        let by_connection = connection.map(|number| self.of_connection(number, seconds));
        let by_request = client.zip(tie.request).map(|(client, request)| {
            self.of_request(client, request, seconds, (connection.is_some(), is_timeout))
        });
        for key in by_connection.into_iter().chain(by_request) {
            self.new.places.entry(key).or_default().push(place);
        }
    }

    /// Takes the lines that are about a request: those of its connection, or, where its line does not tell the connection,
    /// those of one connection of this client that asked for the same. No timer of a WebSocket ends one that is not open.
    pub(crate) fn take(&mut self, about: About<'_>, is_open: bool, mut each: impl FnMut(Tie)) {
        let About { connection, client, request, seconds } = about;
        let request = request.map(|one| self.request(one));
        let fits = |tie: &Tie| is_open || !tie.is_timeout;
        if let Some(number) = connection {
            // A connection may carry other requests before; lines that name none are about this one if no other is.
            let is_same = |tie: &Tie| fits(tie) && (request.is_none() || tie.request == request);
            let is_bare = |tie: &Tie| fits(tie) && tie.request.is_none();
            if self.take_of(number, seconds, &APART, &is_same, &mut each)
                || self.take_of(number, seconds, &APART, &is_bare, &mut each)
            {
                return;
            }
        }
        let (Some(client), Some(request)) = (client, request) else { return };
        // What has the number of a connection belongs to that one alone.
        let numbered = [connection.is_none().then_some(true), Some(false)].into_iter().flatten();
        let kinds: Vec<(bool, bool)> =
            numbered.flat_map(|one| [is_open.then_some((one, true)), Some((one, false))]).flatten().collect();
        for apart in APART {
            for kind in &kinds {
                let key = self.of_request(client, request, seconds.saturating_add(apart), *kind);
                let Some(first) = self.take_last(key) else { continue };
                each(first);
                if let Some(number) = first.connection {
                    let is_same = |tie: &Tie| fits(tie) && tie.request == Some(request);
                    self.take_of(number, first.seconds, &[0], &is_same, &mut each);
                }
                return;
            }
        }
    }

    /// Takes the last line that waits under a key.
    fn take_last(&mut self, key: u64) -> Option<Tie> {
        for all in [&mut self.new, &mut self.old] {
            all.tidy(key);
            let last = all.waiting(key).next();
            if let Some((place, tie)) = last {
                all.take(place);
                return Some(tie);
            }
        }
        None
    }

    /// Takes what waits of a connection, at the first of these times that has something.
    fn take_of(
        &mut self,
        number: u64,
        seconds: i64,
        apart: &[i64],
        is_it: &dyn Fn(&Tie) -> bool,
        each: &mut dyn FnMut(Tie),
    ) -> bool {
        for apart in apart {
            let key = self.of_connection(number, seconds.saturating_add(*apart));
            let mut has_any = false;
            for all in [&mut self.new, &mut self.old] {
                all.tidy(key);
                let last = all.waiting(key).take(MOST_OF_ONE);
                let found: Vec<(usize, Tie)> = last.filter(|(_, tie)| is_it(tie)).collect();
                for (place, tie) in found {
                    all.take(place);
                    each(tie);
                    has_any = true;
                }
            }
            if has_any {
                return true;
            }
        }
        false
    }

    fn request(&self, request: &[u8]) -> u64 {
        // The error log tells it as it came, and is read up to its first quotation mark here.
        let plain = if request.contains(&b'\\') { unescaped(request) } else { request.to_vec() };
        let end = memchr::memchr(b'"', &plain).unwrap_or(plain.len());
        self.hasher.hash_one(plain.get(..end).unwrap_or_default())
    }

    fn of_connection(&self, number: u64, seconds: i64) -> u64 {
        self.hasher.hash_one((1_u8, number, seconds))
    }

    /// `kind`: whether the line has the number of a connection, and whether a timer says it.
    fn of_request(&self, client: &[u8], request: u64, seconds: i64, kind: (bool, bool)) -> u64 {
        self.hasher.hash_one((2_u8, client, request, seconds, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(connection: Option<u64>, request: Option<&'static str>, seconds: i64) -> About<'static> {
        About { connection, client: Some(b"10.0.0.9"), request: request.map(str::as_bytes), seconds }
    }

    /// The symptoms of the lines that are taken.
    fn taken(ties: &mut Ties, about: About<'_>, is_open: bool) -> Vec<usize> {
        let mut all = Vec::new();
        ties.take(about, is_open, |tie| all.extend(tie.seen));
        all.sort_unstable();
        all
    }

    const WS: Option<&str> = Some("GET /ws HTTP/1.1");

    /// Lines of the error log (connection, request, second, whether a timer says it), then requests of the access log in
    /// order, each with the lines that are its own.
    #[test]
    fn each_line_is_tied_to_its_own_request() {
        type Line = (Option<u64>, Option<&'static str>, i64, bool);
        type Asked = (Option<u64>, Option<&'static str>, i64, bool, &'static [usize]);
        let cases: [(&[Line], &[Asked]); 12] = [
            // A request that has a connection of its own takes no other's line.
            (&[(Some(5), WS, 10, true)], &[(Some(6), WS, 10, true, &[]), (Some(5), WS, 10, true, &[0])]),
            (&[(Some(5), WS, 10, true)], &[(Some(5), WS, 10, true, &[0]), (Some(5), WS, 10, true, &[])]),
            // Nor does it leave one that a log without connections could take.
            (&[(Some(5), WS, 10, true)], &[(Some(5), WS, 10, true, &[0]), (None, WS, 10, true, &[])]),
            (&[(Some(5), WS, 10, true)], &[(None, WS, 10, true, &[0]), (Some(5), WS, 10, true, &[])]),
            // Equal requests of one client, each with its line.
            (
                &[(Some(5), WS, 10, true), (Some(6), WS, 10, true), (Some(7), WS, 10, true)],
                &[(None, WS, 10, true, &[2]), (None, WS, 10, true, &[1]), (None, WS, 10, true, &[0])],
            ),
            // A later line of the connection that names no request is not in the way.
            (&[(Some(5), WS, 10, true), (Some(5), None, 11, false)], &[(Some(5), WS, 10, true, &[0])]),
            (&[(Some(5), None, 10, false)], &[(Some(5), WS, 10, true, &[0])]),
            // Nor is that of another request on it.
            (
                &[(Some(5), Some("GET / HTTP/1.1"), 10, false), (Some(5), WS, 11, false)],
                &[(Some(5), WS, 10, false, &[1]), (Some(5), Some("GET / HTTP/1.1"), 10, false, &[0])],
            ),
            // Two lines about one request.
            (&[(Some(5), WS, 10, false), (Some(5), WS, 10, false)], &[(Some(5), WS, 10, false, &[0, 1])]),
            (&[(Some(5), WS, 10, false), (Some(5), WS, 10, false)], &[(None, WS, 10, false, &[0, 1])]),
            // What was refused was not timed out while it was open; a line without a connection is told by the request.
            (&[(Some(5), WS, 10, true)], &[(None, WS, 10, false, &[]), (None, WS, 10, true, &[0])]),
            (&[(None, WS, 10, false)], &[(Some(5), WS, 13, false, &[]), (Some(5), WS, 12, false, &[0])]),
        ];
        for (number, (lines, asked)) in cases.into_iter().enumerate() {
            let mut ties = Ties::default();
            for (seen, &(connection, request, seconds, is_timeout)) in lines.iter().enumerate() {
                ties.keep(about(connection, request, seconds), Some(seen), is_timeout);
            }
            for &(connection, request, seconds, is_open, own) in asked {
                let found = taken(&mut ties, about(connection, request, seconds), is_open);
                assert_eq!(found, own, "{number}: {connection:?} {request:?}");
            }
        }
    }

    #[test]
    fn a_request_is_the_same_however_it_is_written() {
        let mut ties = Ties::default();
        ties.keep(about(Some(1), Some("GET /a"), 10), Some(0), false);
        let escaped = about(Some(1), Some(r"GET /a\x22b HTTP/1.1"), 10);
        assert_eq!(taken(&mut ties, escaped, false), [0]);
    }

    #[test]
    fn memory_stays_the_same() {
        let mut ties = Ties::default();
        for number in 0..250_000 {
            ties.keep(about(Some(number), WS, 0), Some(0), true);
        }
        assert!(ties.new.ties.len() + ties.old.ties.len() <= 2 * MOST);
        assert_eq!(taken(&mut ties, about(Some(249_999), WS, 1), true), [0]);
        assert_eq!(taken(&mut ties, about(Some(0), WS, 0), true), [0_usize; 0]);
        // One after another is taken without looking at all that was.
        for _ in 0..100_000 {
            assert_eq!(taken(&mut ties, about(None, WS, 0), true).len(), 1);
        }
    }
}
