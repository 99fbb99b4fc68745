//! How a held connection ends, by whom and when.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use lint_finding::{HoldEnd, HoldSeen, ProbeVerdict};

use crate::server::{accepted, drain, plan, say, seen, serve};

/// Holds a connection for a while; the server does something with it.
fn held(
    time: u64,
    ping: Option<u64>,
    work: impl Fn(&mut TcpStream) + Send + 'static,
) -> (HoldSeen, ProbeVerdict) {
    let server = serve(move |mut stream, head, _| {
        say(&mut stream, accepted(head, ""));
        work(&mut stream);
    });
    let mut plan = plan(server.address, "/");
    plan.idle = Some(Duration::from_millis(time));
    plan.ping = ping.map(Duration::from_millis);
    plan.max_time = Duration::from_secs(5);
    let (seen, verdict) = seen(&plan);
    (seen.hold.unwrap(), verdict)
}

fn pause(milliseconds: u64) {
    sleep(Duration::from_millis(milliseconds));
}

#[test]
fn a_server_that_stays_is_left_open() {
    let (hold, verdict) = held(300, None, drain);
    assert_eq!((&hold.end, verdict), (&HoldEnd::StillOpen, ProbeVerdict::Works));
    assert!((300..1500).contains(&hold.lasted_ms), "{hold:?}");
}

#[test]
fn the_end_says_how_and_when() {
    let (hold, verdict) = held(3000, None, |stream| {
        pause(300);
        stream.shutdown(Shutdown::Both).unwrap();
    });
    assert_eq!((&hold.end, verdict), (&HoldEnd::Fin, ProbeVerdict::Fails));
    assert!((250..1500).contains(&hold.lasted_ms) && hold.silent_ms + 20 >= hold.lasted_ms, "{hold:?}");

    let (hold, verdict) = held(3000, None, |stream| {
        pause(100);
        say(stream, [&[0x88, 2 + 7][..], &1008_u16.to_be_bytes(), b"go away"].concat());
        drain(stream);
    });
    assert_eq!(hold.end, HoldEnd::CloseFrame { code: Some(1008), reason: "go away".to_owned() });
    assert_eq!(verdict, ProbeVerdict::Fails);

    let (hold, _) = held(3000, None, |stream| {
        pause(50);
        say(stream, [0x88, 0]);
        drain(stream);
    });
    assert_eq!(hold.end, HoldEnd::CloseFrame { code: None, reason: String::new() });
}

#[test]
fn a_reset_is_told_from_an_end() {
    let (hold, verdict) = held(3000, Some(100), |_| {
        // What the client sends now stays unread, and a socket that is closed with such bytes resets.
        pause(300);
    });
    assert_eq!((&hold.end, verdict), (&HoldEnd::Reset, ProbeVerdict::Fails), "{hold:?}");
}

#[test]
fn an_end_inside_a_frame_is_told_from_one_between_frames() {
    let cut = |bytes: &'static [u8]| {
        let (hold, verdict) = held(3000, None, move |stream| {
            pause(300);
            say(stream, bytes);
            pause(200);
        });
        assert_eq!(verdict, ProbeVerdict::Fails);
        assert!(hold.lasted_ms >= 450 && hold.silent_ms < 400, "{hold:?}");
        hold.end
    };
    // Within the head, behind it, within the payload, and behind a whole frame.
    for bytes in [&[0x81][..], &[0x81, 5], &[0x81, 5, b'h'], &[0x82, 126, 1], &[0x8a, 0, 0x81, 1]] {
        assert_eq!(cut(bytes), HoldEnd::FinInFrame, "{bytes:?}");
    }
    for bytes in [&[0x81, 1, b'h'][..], &[0x8a, 0], &[0x82, 126, 0, 1, 7]] {
        assert_eq!(cut(bytes), HoldEnd::Fin, "{bytes:?}");
    }
}

#[test]
fn what_comes_with_the_answer_may_be_half_a_frame() {
    let server = serve(|mut stream, head, _| {
        let mut bytes = accepted(head, "").into_bytes();
        bytes.extend([0x81, 5, b'h']);
        say(&mut stream, bytes);
    });
    let mut plan = plan(server.address, "/");
    plan.idle = Some(Duration::from_secs(2));
    assert_eq!(seen(&plan).0.hold.unwrap().end, HoldEnd::FinInFrame);
}

#[test]
fn silence_is_counted_from_the_last_frame() {
    let (hold, _) = held(3000, None, |stream| {
        pause(300);
        say(stream, [0x81, 2, b'h', b'i']);
        pause(200);
    });
    assert_eq!((hold.messages, &hold.end), (1, &HoldEnd::Fin));
    assert!(hold.lasted_ms >= 450 && hold.silent_ms < 400, "{hold:?}");
}

#[test]
fn pings_are_answered_on_both_sides() {
    let (hold, verdict) = held(700, Some(200), |stream| {
        for _ in 0..2 {
            say(stream, [0x89, 1, b'p']);
            pause(100);
        }
        let mut bytes = [0; 64];
        // Pongs and pings of the client; one of them is answered.
        while let Ok(read @ 1..) = stream.read(&mut bytes) {
            if bytes[..read].first() == Some(&0x89) {
                say(stream, [0x8a, 0]);
            }
        }
    });
    assert_eq!(verdict, ProbeVerdict::Works, "{hold:?}");
    assert_eq!(hold.pings, 2);
    assert!(hold.pings_every_ms.is_some_and(|every| (50..400).contains(&every)), "{hold:?}");
    assert!(hold.pings_sent >= 2 && hold.pongs >= 1 && hold.slowest_pong_ms.is_some(), "{hold:?}");
}

#[test]
fn a_connection_that_ends_at_once_is_seen_without_being_held() {
    let server = serve(|mut stream, head, _| {
        say(&mut stream, accepted(head, ""));
        say(&mut stream, [&[0x88, 2][..], &4401_u16.to_be_bytes()].concat());
        drain(&mut stream);
    });
    let mut plan = plan(server.address, "/");
    plan.settle = Duration::from_millis(500);
    let (seen, verdict) = seen(&plan);
    let end = seen.hold.map(|hold| hold.end);
    assert_eq!(end, Some(HoldEnd::CloseFrame { code: Some(4401), reason: String::new() }));
    assert_eq!(verdict, ProbeVerdict::Fails);
}

#[test]
fn time_that_is_over_says_nothing() {
    let server = serve(|mut stream, head, _| {
        say(&mut stream, accepted(head, ""));
        drain(&mut stream);
    });
    let mut plan = plan(server.address, "/");
    plan.idle = Some(Duration::from_secs(60));
    plan.max_time = Duration::from_millis(400);
    let (seen, verdict) = seen(&plan);
    assert_eq!(seen.hold.map(|hold| hold.end), Some(HoldEnd::StillOpen));
    assert_eq!(verdict, ProbeVerdict::Unknown);
}

/// What must not be sent (RFC 6455 sections 5.5.1 and 7.4) is no ordinary end: browsers fail the connection.
#[test]
fn close_frames_that_browsers_refuse() {
    let end_of = |payload: Vec<u8>| {
        let (hold, verdict) = held(3000, None, move |stream| {
            say(stream, [&[0x88, u8::try_from(payload.len()).unwrap()][..], &payload].concat());
            drain(stream);
        });
        assert_eq!(verdict, ProbeVerdict::Fails);
        hold.end
    };
    for (code, is_allowed) in [
        (999, false),
        (1000, true),
        (1001, true),
        (1005, false),
        (1006, false),
        (1011, true),
        (1013, true),
        // Registered, and refused by Chrome all the same.
        (1014, false),
        (1015, false),
        (2000, false),
        (3000, true),
        (4999, true),
        (5000, false),
        (65535, false),
    ] {
        let end = end_of(u16::to_be_bytes(code).to_vec());
        match end {
            HoldEnd::CloseFrame { code: Some(seen), .. } => assert!(is_allowed && seen == code, "{code}"),
            HoldEnd::NotFrames(text) => {
                assert!(!is_allowed && text.contains(&format!("code {code}")), "{text}");
            }
            other => panic!("{code}: {other:?}"),
        }
    }
    assert!(matches!(end_of(vec![3]), HoldEnd::NotFrames(text) if text.contains("half a code")));
    assert!(matches!(end_of(vec![3, 232, 0xff]), HoldEnd::NotFrames(text) if text.contains("not UTF-8")));
}

#[test]
fn a_message_in_parts_is_one() {
    let (hold, _) = held(400, None, |stream| {
        say(stream, [0x81, 1, b'a']);
        say(stream, [0x01, 1, b'b']);
        for _ in 0..3 {
            say(stream, [0x00, 1, b'c']);
        }
        say(stream, [0x80, 1, b'd']);
        say(stream, [0x01, 1, b'e']);
        drain(stream);
    });
    assert_eq!((hold.messages, hold.end), (2, HoldEnd::StillOpen));
}
