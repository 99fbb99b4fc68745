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
    assert_eq!((found, verdict), (Some(ProbeFault::TimeOver), ProbeVerdict::Unknown), "{text}");
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
    after_extension("", bytes)
}

/// The same with an extension in the answer.
fn after_extension(extension: &'static str, bytes: Vec<u8>) -> HoldEnd {
    let server = serve(move |mut stream, head, _| {
        say(&mut stream, accepted(head, extension));
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
    let deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    assert_eq!(after_extension(deflate, vec![0xc1, 3, 1, 2, 3]), HoldEnd::StillOpen);
    assert!(matches!(after(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), HoldEnd::NotFrames(_) | HoldEnd::StillOpen));
}

#[test]
fn frames_that_a_client_must_refuse_are_named() {
    let long_ping = [&[0x89, 126, 1, 0][..], &[0; 256]].concat();
    let cases: [(&[u8], &str); 12] = [
        (&[0x83, 0], "opcode"),
        (&[0x81, 0x82, 1, 2, 3, 4, b'h', b'i'], "masked"),
        (&[0xc1, 1, b'a'], "reserved bit"),
        (&[0xa1, 1, b'a'], "reserved bit"),
        (&[0xc9, 0], "reserved bit"),
        (&long_ping, "256 bytes"),
        (&[0x09, 0], "control frame in parts"),
        (&[0x80, 1, b'a'], "did not begin"),
        (&[0x01, 1, b'a', 0x81, 1, b'b'], "before the last one ended"),
        (&[0x81, 1, 0xff], "not UTF-8"),
        (&[0x01, 1, 0xe2, 0x80, 1, 0x28], "not UTF-8"),
        (&[0x01, 1, 0xe2, 0x80, 1, 0x82], "not UTF-8"),
    ];
    for (bytes, said) in cases {
        let end = after(bytes.to_vec());
        assert!(matches!(&end, HoldEnd::NotFrames(why) if why.contains(said)), "{bytes:?}: {end:?}");
    }
    // A ping between the parts of a message, a character in two parts, and bytes that are no text.
    for bytes in [
        &[0x01, 1, b'a', 0x89, 0, 0x80, 1, b'b'][..],
        &[0x01, 1, 0xc3, 0x00, 0, 0x80, 1, 0xa9],
        &[0x82, 1, 0xff],
    ] {
        assert_eq!(after(bytes.to_vec()), HoldEnd::StillOpen, "{bytes:?}");
    }
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
    assert_eq!((found, verdict), (Some(ProbeFault::TimeOver), ProbeVerdict::Unknown));
}
