//! Servers that mean harm: each probe ends in time, in bounded memory, and says what it met.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lint_finding::{HoldEnd, ProbeFault, ProbeVerdict};

use crate::server::{accept, accepted, drain, fault, plan, say, seen, serve};

/// No probe of these tests may take longer: the plan's own time, and a little.
const MOST: Duration = Duration::from_secs(4);

fn timed(address: SocketAddr) -> (Option<ProbeFault>, ProbeVerdict, String) {
    let start = Instant::now();
    let mut plan = plan(address, "/");
    plan.max_time = Duration::from_millis(700);
    let told = fault(&plan);
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
    told
}

#[test]
fn heads_without_end_are_left() {
    let server = serve(|mut stream, _, _| {
        say(&mut stream, "HTTP/1.1 200 OK\r\n");
        while stream.write_all(&[b"X-A: ", &[b'a'; 4000][..], b"\r\n"].concat()).is_ok() {}
    });
    let (found, ..) = timed(server.address);
    assert_eq!(found, Some(ProbeFault::EndlessHead));
    let server = serve(|mut stream, _, _| {
        say(&mut stream, format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(2000)));
        drain(&mut stream);
    });
    assert_eq!(timed(server.address).0, Some(ProbeFault::EndlessHead));
    let server =
        serve(|mut stream, _, _| while stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").is_ok() {});
    assert_eq!(timed(server.address).0, Some(ProbeFault::EndlessHead));
}

#[test]
fn byte_by_byte_ends_in_time() {
    let server = serve(|mut stream, _, _| {
        for byte in b"HTTP/1.1 200 OK\r\n".iter().chain([b'X'; 100].iter()) {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
    });
    let (found, verdict, text) = timed(server.address);
    assert_eq!((found, verdict), (Some(ProbeFault::NoAnswer), ProbeVerdict::Fails), "{text}");
    assert!(text.contains("too slowly"), "{text}");
}

#[test]
fn what_is_no_http_is_told() {
    let cases: [(&[u8], ProbeFault); 5] = [
        (b"SSH-2.0-OpenSSH_9.2\r\n", ProbeFault::NotHttp),
        (b"\x15\x03\x03\x00\x02\x02\x16", ProbeFault::NotHttp),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80", ProbeFault::Http2),
        (b"HTTP/1.1 abc\r\n\r\n", ProbeFault::NotHttp),
        (b"", ProbeFault::ClosedWithoutAnswer),
    ];
    for (bytes, kind) in cases {
        let server = serve(move |mut stream, _, _| say(&mut stream, bytes));
        let (found, verdict, text) = timed(server.address);
        assert_eq!((found, verdict), (Some(kind), ProbeVerdict::Fails), "{text}");
    }
}

#[test]
fn fields_of_control_bytes_are_none() {
    let server = serve(|mut stream, _, _| {
        say(&mut stream, "HTTP/1.1 400 Bad\r\nX-A: \x1b[2Jgone\r\nX-\x07B: c\r\nX-C: d\r\n\r\n");
    });
    let (seen, _) = seen(&plan(server.address, "/"));
    let answer = seen.answer.unwrap();
    assert_eq!(answer.headers, [("X-C".to_owned(), "d".to_owned())]);
}

/// What is sent after the 101, and how a hold of it ends.
fn after(bytes: Vec<u8>) -> HoldEnd {
    let server = serve(move |mut stream, head, _| {
        say(&mut stream, accepted(head, ""));
        say(&mut stream, &bytes);
        drain(&mut stream);
    });
    let mut plan = plan(server.address, "/");
    plan.idle = Some(Duration::from_millis(300));
    seen(&plan).0.hold.unwrap().end
}

#[test]
fn frames_are_bounded_and_not_unpacked() {
    let huge = [&[0x82, 127][..], &(1_u64 << 40).to_be_bytes()].concat();
    assert_eq!(after(huge), HoldEnd::TooLarge);
    // A compressed message, whatever it would unpack to.
    assert_eq!(after(vec![0xc1, 3, 1, 2, 3]), HoldEnd::StillOpen);
    assert!(matches!(after(vec![0x83, 0]), HoldEnd::NotFrames(_)));
    assert!(matches!(after(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), HoldEnd::NotFrames(_) | HoldEnd::StillOpen));
    // A ping that is longer than one may be.
    assert!(!matches!(after([&[0x89, 126, 1, 0][..], &[0; 256]].concat()), HoldEnd::Fin));
}

#[test]
fn a_flood_of_frames_ends_in_time() {
    let server = serve(|mut stream, head, _| {
        say(&mut stream, accepted(head, ""));
        let frames: Vec<u8> = [0x81, 0].repeat(30_000);
        while stream.write_all(&frames).is_ok() {}
    });
    let mut plan = plan(server.address, "/");
    plan.idle = Some(Duration::from_millis(300));
    let start = Instant::now();
    let (seen, _) = seen(&plan);
    assert!(start.elapsed() < MOST);
    assert!(seen.hold.unwrap().messages > 1000);
}

#[test]
fn a_server_that_never_reads_is_left() {
    let address = accept(Ipv4Addr::LOCALHOST.into(), |stream, _| {
        sleep(Duration::from_millis(1500));
        drop(stream);
    });
    let (found, verdict, _) = timed(address);
    assert_eq!((found, verdict), (Some(ProbeFault::NoAnswer), ProbeVerdict::Fails));
}
