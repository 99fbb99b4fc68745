//! What harm is: a difference that a fix makes to a request and that its finding was not about.
//!
//! Status, the block that answers, the upstream, the request line and the header fields that it gets, and the answer must
//! stay as they were. What a fix is for may change: the version of HTTP towards the upstream, `Upgrade`, `Connection`,
//! what becomes of a handshake that failed before, and of an ordinary request that was refused for a `Connection: upgrade`
//! that it did not ask for. Time-outs are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use super::tree::{Item, Tree};
use crate::{Exchange, Place, Received, Seen};

/// Fields of a request to the upstream that fixes are about.
const OF_HANDSHAKE: [&str; 2] = ["upgrade", "connection"];

/// Fields of an answer that follow from the version of HTTP towards the upstream, or from the clock.
const OF_ANSWER: [&str; 9] = [
    "date",
    "connection",
    "upgrade",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "etag",
    "last-modified",
    "server",
];

/// What an upstream was asked, without what may change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    /// The address as the configuration has it, or the first one of an `upstream` with several.
    upstream: String,
    /// Method and target.
    line: String,
    /// Sorted.
    fields: Vec<String>,
    /// For people: what may change.
    handshake: Vec<String>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: Option<u16>,
    /// The block whose configuration is in effect in the end.
    place: Option<String>,
    fields: BTreeSet<String>,
    body: Vec<u8>,
    /// All that upstreams were asked, subrequests too, sorted.
    asked: Vec<Asked>,
}

/// What has to be known of a tree to compare what was seen.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The address that stands for each address of an `upstream`.
    peers: BTreeMap<String, String>,
    /// The name of each block: its place may move by some lines.
    blocks: Vec<(Place, String)>,
}

impl Names {
    pub(super) fn new(tree: &Tree, places: &[Place]) -> Self {
        let mut peers = BTreeMap::new();
        for at in tree.blocks("upstream") {
            let servers = tree.item(&at).map(Item::children).unwrap_or_default();
            let servers: Vec<String> = servers
                .iter()
                .filter(|item| item.name() == "server")
                .filter_map(|item| item.argument(0))
                .collect();
            for server in &servers {
                let first = servers.first().and_then(|first| peers.get(first)).or(servers.first()).cloned();
                peers.entry(server.clone()).or_insert_with(|| first.unwrap_or_default());
            }
        }
        let mut counts = BTreeMap::<(&str, &str), usize>::new();
        let blocks = places.iter().map(|place| {
            let count = counts.entry((&place.file, &place.text)).or_default();
            *count += 1;
            (place.clone(), format!("{} {} (number {count})", place.file, place.text))
        });
        let blocks = blocks.collect();
        Self { peers, blocks }
    }

    /// Calls the blocks as before an edit, if it added and took away none: their heads may be what was edited.
    #[must_use]
    pub(super) fn after(mut self, before: &Self) -> Self {
        let same = |(one, other): (&(Place, String), &(Place, String))| one.0.file == other.0.file;
        if self.blocks.len() == before.blocks.len() && self.blocks.iter().zip(&before.blocks).all(same) {
            for ((_, name), (_, old)) in self.blocks.iter_mut().zip(&before.blocks) {
                name.clone_from(old);
            }
        }
        self
    }
}

impl Answer {
    pub(super) fn new(seen: &Seen, names: &Names) -> Self {
        let place = seen.answered.as_ref().map(|answered| &answered.place);
        let block = |place: &Place| names.blocks.iter().find(|(known, _)| known == place);
        let place = place.and_then(block).map(|(_, name)| name.clone());
        let is_compared =
            |(name, _): &&(String, String)| !OF_ANSWER.contains(&name.to_ascii_lowercase().as_str());
        let fields = seen.headers.iter().filter(is_compared).map(|(name, value)| format!("{name}: {value}"));
        let fields = fields.collect();
        let mut asked: Vec<Asked> =
            seen.received.iter().map(|received| Asked::new(received, names)).collect();
        asked.sort();
        Self { status: seen.status, place, fields, body: seen.body.clone(), asked }
    }

    /// Whether a strict back end refused an ordinary request that said `Connection: upgrade` and is not told so any more, and
    /// no other one is told so now. The status tells nothing of it: a failed `auth_request` makes 500 of the refusal, and
    /// `error_page` anything.
    fn is_refused_no_more(&self, after: &Self) -> bool {
        let is_told = |answer: &Self, asked: &Asked| {
            answer.asked.iter().any(|other| other.is_to_the_same(asked) && other.says_upgrade())
        };
        let told = |answer: &Self| -> Vec<Asked> {
            answer.asked.iter().filter(|asked| asked.says_upgrade()).cloned().collect()
        };
        told(self).iter().any(|asked| !is_told(after, asked))
            && told(after).iter().all(|asked| is_told(self, asked))
    }

    /// Whether a handshake failed and works then.
    pub(super) fn is_mended_by(&self, after: &Self) -> bool {
        self.status != Some(101) && after.status == Some(101)
    }
}

impl Asked {
    fn says_upgrade(&self) -> bool {
        self.handshake.iter().any(|line| line.eq_ignore_ascii_case("connection: upgrade"))
    }

    fn is_to_the_same(&self, other: &Self) -> bool {
        (&self.upstream, &self.line) == (&other.upstream, &other.line)
    }

    fn new(received: &Received, names: &Names) -> Self {
        let head = &received.head;
        let upstream = names.peers.get(&received.backend).unwrap_or(&received.backend).clone();
        let (line, version) = head.line.rsplit_once(' ').unwrap_or((&head.line, ""));
        let mut handshake = vec![version.to_owned()];
        let mut fields = Vec::new();
        for (name, value) in &head.headers {
            let is_of_handshake = OF_HANDSHAKE.contains(&name.to_ascii_lowercase().as_str());
            let into = if is_of_handshake { &mut handshake } else { &mut fields };
            into.push(format!("{name}: {value}"));
        }
        fields.sort();
        Self { upstream, line: line.to_owned(), fields, handshake }
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let place = self.place.as_deref().unwrap_or("no block");
        match self.status {
            Some(status) => write!(f, "{place} answers {status}")?,
            None => write!(f, "{place} closes the connection")?,
        }
        for field in &self.fields {
            write!(f, "\n        {field}")?;
        }
        for Asked { upstream, line, fields, handshake } in &self.asked {
            let (version, handshake) =
                handshake.split_first().map_or(("", &[][..]), |(version, rest)| (version, rest));
            write!(f, "\n    {upstream} is asked {line} {version}")?;
            for field in handshake.iter().chain(fields) {
                write!(f, "\n        {field}")?;
            }
        }
        Ok(())
    }
}

/// What a request lost or got besides, in a few words; `None` where no harm is done.
pub(super) fn harm(request: &Exchange, before: &Answer, after: &Answer) -> Option<&'static str> {
    let is_handshake = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Upgrade"));
    if is_handshake && before.status != Some(101) {
        return of_failed(before, after);
    }
    if !is_handshake && before.is_refused_no_more(after) {
        return of_mended(before, after);
    }
    if before.status != after.status {
        return Some(if is_handshake { "a handshake that worked fails" } else { "another status" });
    }
    of_all(before, after)
}

/// Of a handshake that failed before: if it works now, another block or upstream may be the reason. What it carries has
/// to stay.
fn of_failed(before: &Answer, after: &Answer) -> Option<&'static str> {
    if after.status != Some(101) {
        // A back end that is asked now, and was not where a cache had an answer, may send the request on (`X-Accel-Redirect`).
        let is_new = before.asked.is_empty() && !after.asked.is_empty();
        if before.place != after.place && !is_new {
            return Some("another block answers a handshake");
        }
        // More than before may be asked, where something refused it on its way.
        let is_asked = |asked: &&Asked| after.asked.iter().any(|other| other.is_to_the_same(asked));
        if !before.asked.iter().all(|asked| is_asked(&asked)) {
            return Some("a handshake goes to another upstream");
        }
    }
    of_mended(before, after).map(|_| "a handshake carries other header fields")
}

/// Of a request that failed and does no more: whoever is asked as before gets the same fields. Others may be asked, or
/// nobody because a cache has the answer by now.
fn of_mended(before: &Answer, after: &Answer) -> Option<&'static str> {
    let differs = |asked: &Asked| {
        let same = after.asked.iter().find(|other| other.is_to_the_same(asked));
        same.is_some_and(|other| other.fields != asked.fields)
    };
    before.asked.iter().any(differs).then_some("other header fields for the upstream")
}

fn of_all(before: &Answer, after: &Answer) -> Option<&'static str> {
    if before.place != after.place {
        return Some("another block answers");
    }
    of_upstream(before, after).or_else(|| {
        if before.fields != after.fields {
            Some("other header fields in the answer")
        } else if before.body != after.body {
            Some("another answer")
        } else {
            None
        }
    })
}

fn of_upstream(before: &Answer, after: &Answer) -> Option<&'static str> {
    let lines = |answer: &Answer| -> Vec<(String, String)> {
        answer.asked.iter().map(|asked| (asked.upstream.clone(), asked.line.clone())).collect()
    };
    let fields = |answer: &Answer| -> Vec<Vec<String>> {
        answer.asked.iter().map(|asked| asked.fields.clone()).collect()
    };
    if lines(before) != lines(after) {
        Some("another upstream or request line")
    } else if fields(before) != fields(after) {
        Some("other header fields for the upstream")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Browser, Head};

    fn names() -> Names {
        let text = "http { upstream u { server a:1; server b:1; } }".to_owned();
        Names::new(&Tree::new(&[("nginx.conf".to_owned(), text)]), &[])
    }

    fn answer(status: u16, backend: &str, line: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let head = Head { line: line.to_owned(), headers: headers.collect() };
        let received = Received { backend: backend.to_owned(), connection: 0, head };
        let seen = Seen { status: Some(status), received: vec![received], ..Seen::default() };
        Answer::new(&seen, &names())
    }

    #[test]
    fn what_fixes_are_for_is_no_harm() {
        let before = answer(426, "a:1", "GET /ws HTTP/1.0", &[("Host", "u"), ("Connection", "close")]);
        let after = answer(101, "b:1", "GET /ws HTTP/1.1", &[("Upgrade", "websocket"), ("Host", "u")]);
        assert_eq!(harm(&Exchange::handshake("/ws", Browser::Chrome), &before, &after), None);
        let page = |version: &str, connection: &str| {
            answer(200, "a:1", &format!("GET / {version}"), &[("Connection", connection)])
        };
        assert_eq!(harm(&Exchange::get("/"), &page("HTTP/1.0", "close"), &page("HTTP/1.1", "")), None);
    }

    #[test]
    fn an_ordinary_request_that_was_refused_for_its_connection_may_be_answered() {
        let get = Exchange::get("/");
        let refused = answer(400, "a:1", "GET / HTTP/1.1", &[("Host", "u"), ("Connection", "upgrade")]);
        let page = answer(200, "a:1", "GET / HTTP/1.1", &[("Host", "u"), ("Connection", "close")]);
        assert_eq!(harm(&get, &refused, &page), None);
        assert_eq!(harm(&get, &page, &refused), Some("another status"));
        // `error_page` gives both one status, and what else is asked may be told as before.
        let hidden =
            answer(404, "a:1", "GET / HTTP/1.0", &[("Connection", "upgrade"), ("Connection", "keep-alive")]);
        let shown = Answer { body: b"no such page".to_vec(), ..answer(404, "a:1", "GET / HTTP/1.0", &[]) };
        assert_eq!(harm(&get, &hidden, &shown), None);
        let also = |answer: &Answer, status| {
            let copied = self::answer(status, "c:1", "GET /auth HTTP/1.0", &[("Connection", "upgrade")]);
            Answer { asked: [answer.asked.clone(), copied.asked].concat(), ..answer.clone() }
        };
        assert_eq!(harm(&get, &also(&refused, 400), &also(&page, 200)), None);
        assert_eq!(harm(&get, &refused, &also(&page, 200)), Some("another status"));
        let other = answer(200, "a:1", "GET / HTTP/1.1", &[("Host", "h")]);
        assert_eq!(harm(&get, &refused, &other), Some("other header fields for the upstream"));
    }

    #[test]
    fn each_difference_is_harm() {
        let before = answer(200, "a:1", "GET / HTTP/1.1", &[("Host", "u"), ("X", "y")]);
        let get = Exchange::get("/");
        for (after, said) in [
            (answer(404, "a:1", "GET / HTTP/1.1", &[("Host", "u"), ("X", "y")]), "another status"),
            (
                answer(200, "c:1", "GET / HTTP/1.1", &[("Host", "u"), ("X", "y")]),
                "another upstream or request line",
            ),
            (
                answer(200, "a:1", "GET /x HTTP/1.1", &[("Host", "u"), ("X", "y")]),
                "another upstream or request line",
            ),
            (
                answer(200, "a:1", "GET / HTTP/1.1", &[("Host", "h"), ("X", "y")]),
                "other header fields for the upstream",
            ),
            (answer(200, "a:1", "GET / HTTP/1.1", &[("Host", "u")]), "other header fields for the upstream"),
        ] {
            assert_eq!(harm(&get, &before, &after), Some(said));
        }
        let handshake = Exchange::handshake("/", Browser::Firefox);
        let open = answer(101, "a:1", "GET / HTTP/1.1", &[]);
        assert_eq!(harm(&handshake, &open, &before), Some("a handshake that worked fails"));
        let refused = answer(426, "a:1", "GET / HTTP/1.0", &[("Host", "u")]);
        let other = answer(101, "a:1", "GET / HTTP/1.1", &[("Host", "h")]);
        assert_eq!(harm(&handshake, &refused, &other), Some("a handshake carries other header fields"));
    }
}
