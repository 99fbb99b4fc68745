//! Logs of strangers: nothing panics, every line is counted, memory stays the same.

mod nothing;

use lint_finding::{LogKind, LogReport};
use nothing::Nothing;
use proptest::prelude::*;
use ws_logs::Book;

fn report(parts: &[&[u8]]) -> LogReport {
    let mut book = Book::new(&Nothing, Vec::new(), None);
    let log = book.open("access.log");
    for part in parts {
        book.feed(log, part);
    }
    book.close(log, None);
    book.report()
}

const LINE: &str = "10.0.0.9 a.test [01/May/2024:10:00:00 +0200] \"GET /ws HTTP/1.1\" 101 rt=60.001 out=120 up=10.0.0.1:80 us=101\n";

fn at(minute: u32, rest: &str) -> String {
    LINE.replace("10:00:00", &format!("{:02}:{:02}:00", 10 + minute / 60, minute % 60)).replace("/ws", rest)
}

#[test]
fn flaws_are_counted() {
    let mut text: Vec<u8> = LINE.repeat(70).into_bytes();
    text.extend_from_slice(b"what is this\n");
    text.extend_from_slice(LINE.replace("/ws", "/ws\u{1b}[31m\0").as_bytes());
    text.extend_from_slice(LINE.replace("/ws", &"/w".repeat(500_000)).as_bytes());
    text.extend_from_slice(at(59, "/ws").as_bytes());
    text.extend_from_slice(LINE.as_bytes());
    text.extend_from_slice(LINE.trim_end().get(..40).unwrap().as_bytes());
    let report = report(&[&text]);
    let [input] = &report.inputs[..] else { panic!("one log") };
    assert_eq!(input.kind, LogKind::Access);
    // The two last ones: too long, so that its end is missing, and half.
    assert_eq!((input.lines, input.unreadable, input.cut, input.control), (76, 3, 1, 1), "{input:?}");
    assert!(input.is_half);
    assert_eq!(input.clock_back, 1);
    assert_eq!(report.total.handshakes, 73);
}

#[test]
fn a_time_that_leaps_is_not_believed_alone() {
    let far = LINE.replace("2024", "1999");
    let report = report(&[LINE.repeat(3).as_bytes(), far.as_bytes(), LINE.repeat(3).as_bytes()]);
    assert_eq!((report.total.handshakes, report.total.step_s), (6, 60));
    // A log that was begun again years later is believed from its second line on.
    let later = LINE.replace("2024", "2025");
    let both = self::report(&[LINE.repeat(3).as_bytes(), later.repeat(3).as_bytes()]);
    assert_eq!(both.total.handshakes, 5);
}

#[test]
fn what_multiplies_is_bounded() {
    let mut book = Book::new(&Nothing, Vec::new(), None);
    let log = book.open("access.log");
    for number in 0..20_000_u32 {
        let path = format!("/x{}y/ws", number % 5_000);
        let line = at(number % 600, &path)
            .replace("a.test", &format!("h{}.test", number % 400))
            .replace("10.0.0.1:80", &format!("10.0.{}.{}:80", number / 250 % 250, number % 250));
        book.feed(log, line.as_bytes());
    }
    book.close(log, None);
    let report = book.report();
    assert_eq!(report.total.handshakes, 20_000);
    assert!(report.endpoints.len() <= 301 && report.servers.len() <= 101 && report.total.peers.len() <= 201);
    let of = |all: &mut dyn Iterator<Item = u64>| all.sum::<u64>();
    assert_eq!(of(&mut report.endpoints.iter().map(|one| one.traffic.handshakes)), 20_000);
    assert_eq!(of(&mut report.servers.iter().map(|one| one.traffic.handshakes)), 20_000);
    assert_eq!(of(&mut report.total.peers.iter().map(|one| one.handshakes)), 20_000);
}

/// Peers beyond those that are counted one by one, that only failed: they are not lost.
#[test]
fn failures_of_peers_beyond_the_bound_are_counted() {
    let mut book = Book::new(&Nothing, Vec::new(), None);
    let log = book.open("access.log");
    for number in 0..300_u32 {
        let peers = format!("up=10.1.{}.{}:80, 10.0.0.1:80 us=502, 101", number / 250, number % 250);
        let line = at(number, "/ws").replace("up=10.0.0.1:80 us=101", &peers);
        book.feed(log, line.as_bytes());
    }
    book.close(log, None);
    let peers = book.report().total.peers;
    assert_eq!(peers.iter().map(|peer| peer.failed_over).sum::<u64>(), 300);
    let others = peers.iter().find(|peer| peer.address.is_empty()).unwrap();
    assert!(others.handshakes == 0 && others.failed_over >= 100, "{others:?}");
}

/// Bytes that are nearly a log.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let error = "2024/05/01 10:00:00 [info] 31#31: *5 upstream timed out (110: Connection timed out) while proxying upgraded connection, client: 10.0.0.9, request: \"GET /ws HTTP/1.1\"\n";
    let json = "{\"time\":\"2024-05-01T10:00:00Z\",\"status\":101,\"request\":\"GET /ws HTTP/1.1\",\"request_time\":\"1.5\"}\n";
    let line = prop_oneof![Just(LINE.to_owned()), Just(error.to_owned()), Just(json.to_owned())];
    let edit = (any::<prop::sample::Index>(), any::<u8>());
    (prop::collection::vec(line, 1..40), prop::collection::vec(edit, 0..40)).prop_map(|(lines, edits)| {
        let mut bytes = lines.concat().into_bytes();
        for (index, byte) in edits {
            let at = index.index(bytes.len());
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn no_bytes_panic_and_none_are_lost(bytes in prop_oneof![nearly(), prop::collection::vec(any::<u8>(), 0..2_000)], size in 1_usize..400) {
        let whole = report(&[&bytes]);
        let parts: Vec<&[u8]> = bytes.chunks(size).collect();
        let parted = report(&parts);
        prop_assert_eq!(&whole.inputs, &parted.inputs);
        prop_assert_eq!(&whole.total, &parted.total);
        let input = whole.inputs.first().unwrap();
        prop_assert_eq!(input.bytes, bytes.len() as u64);
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        prop_assert_eq!(input.lines, ends + u64::from(input.is_half));
        prop_assert!(whole.total.succeeded <= whole.total.handshakes && whole.requests <= input.lines);
        for moment in &whole.total.moments {
            prop_assert!(moment.open.is_finite() && moment.open >= 0.0);
        }
    }
}
