//! How WebSockets through a real nginx end, and what `probe` says of it: by nginx's default, by the back end, and with the
//! fallbacks of Socket.IO, `SockJS` and `SignalR`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod probing;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use lint_finding::{DifferenceKind, HoldEnd, PollingKind, ProbeVerdict, ReasonKind};
use nginx_proof::{Binary, Manner, Running, Setup, found};
use tungstenite::handshake::derive_accept_key;

use crate::probing::{HOST, UPGRADE, causes, compared, files, plan, seen};

/// No back end waits longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A back end of loopback: what it does with each connection, whose number it gets. It ends with the test.
fn back_end(work: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let work = Arc::new(work);
    thread::spawn(move || {
        for (number, mut stream) in listener.incoming().flatten().enumerate() {
            let work = Arc::clone(&work);
            thread::spawn(move || {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                work(&mut stream, number);
            });
        }
    });
    port
}

/// Head and body of a request.
fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = field(&head, "Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The 101 that is due, and what follows it.
fn accept(stream: &mut TcpStream, more: &str, then: &[u8]) {
    let Some((head, _)) = request(stream) else { return };
    let accept = derive_accept_key(field(&head, "Sec-WebSocket-Key").unwrap_or_default().as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    );
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(then));
}

fn start(binary: &Binary, files: &[(String, String)], back_ends: &[(&str, u16)]) -> Running {
    let setup = Setup { files: files.to_vec(), manner: Manner::Strict, is_tested: false, ..Setup::default() };
    let running = Running::start_beside(binary, &setup, back_ends).unwrap();
    assert!(running.is_up(), "{:?}", running.verdict());
    running
}

fn location(more: &str) -> Vec<(String, String)> {
    files(&format!("server {{ listen 80; location /ws {{ {UPGRADE} proxy_pass http://app:9000; {more} }} }}"))
}

/// Nobody set `proxy_read_timeout`: it takes the 60 s that it takes.
#[test]
fn the_default_ends_a_silent_connection_after_60_s() {
    let Some(binary) = found().unwrap().pop() else { return };
    let files = location("");
    let report = seen(&binary, &files, "/ws", |plan| {
        plan.idle = Some(Duration::from_secs(64));
        plan.max_time = Duration::from_secs(80);
    });
    let hold = report.seen.hold.as_ref().unwrap();
    assert_eq!((&hold.end, report.verdict), (&HoldEnd::Fin, ProbeVerdict::Fails), "{report:?}");
    assert!((59_800..61_500).contains(&hold.silent_ms), "{hold:?}");
    let comparison = report.comparison.as_ref().unwrap();
    assert_eq!((comparison.agrees, comparison.differences.len()), (Some(true), 0), "{comparison:?}");
    let idle = comparison.predicted.first().and_then(|one| one.idle.as_ref()).unwrap();
    assert_eq!((idle.milliseconds, idle.is_default), (Some(60_000), true));
    assert_eq!(causes(&report), ["short-read-timeout"]);
}

/// Beside a configuration with an hour, something in front closes first: proxies with 60 s are named.
#[test]
fn an_end_after_60_s_is_no_end_of_an_hour() {
    let Some(binary) = found().unwrap().pop() else { return };
    let running = start(&binary, &location(""), &[]);
    let mut plan = plan(running.listens().first().unwrap(), HOST, "/ws");
    plan.idle = Some(Duration::from_secs(64));
    plan.max_time = Duration::from_secs(80);
    let report = compared(&binary, &plan, &location("proxy_read_timeout 1h;"));
    let comparison = report.comparison.as_ref().unwrap();
    let [difference] = comparison.differences.as_slice() else { panic!("{comparison:?}") };
    assert_eq!(difference.what, DifferenceKind::Idle);
    let [first, ..] = difference.reasons.as_slice() else { panic!("{difference:?}") };
    assert_eq!((first.kind, first.text.as_str()), (ReasonKind::Layer, "something in front closes first"));
    assert!(first.layers.len() > 1, "{first:?}");
}

/// What a back end sends, and the end that it is.
type End = (&'static str, Vec<u8>, fn(&HoldEnd) -> bool);

#[test]
fn a_back_end_that_closes_is_told_from_nginx() {
    let close = |code: u16| [&[0x88, 2][..], &code.to_be_bytes()].concat();
    let cases: [End; 4] = [
        ("a close frame", close(1001), |end| matches!(end, HoldEnd::CloseFrame { code: Some(1001), .. })),
        ("a close frame without a code", vec![0x88, 0], |end| {
            matches!(end, HoldEnd::CloseFrame { code: None, .. })
        }),
        ("closes without a word", Vec::new(), |end| *end == HoldEnd::Fin),
        (
            "a masked frame",
            vec![0x81, 0x81, 1, 2, 3, 4, b'h'],
            |end| matches!(end, HoldEnd::NotFrames(why) if why.contains("masked")),
        ),
    ];
    let files = location("proxy_read_timeout 1h;");
    for binary in found().unwrap() {
        for (name, bytes, is_it) in &cases {
            let bytes = bytes.clone();
            let port = back_end(move |stream, _| {
                accept(stream, "", b"");
                thread::sleep(Duration::from_millis(300));
                let _ = stream.write_all(&bytes);
                if !bytes.is_empty() {
                    let _ = stream.read(&mut [0; 64]);
                }
            });
            let running = start(&binary, &files, &[("app:9000", port)]);
            let mut plan = plan(running.listens().first().unwrap(), HOST, "/ws");
            plan.idle = Some(Duration::from_secs(3));
            let report = compared(&binary, &plan, &files);
            let hold = report.seen.hold.as_ref().unwrap();
            assert!(is_it(&hold.end), "{name}: {hold:?}");
            assert_eq!(report.verdict, ProbeVerdict::Fails, "{name}");
            let comparison = report.comparison.as_ref().unwrap();
            assert_eq!(comparison.agrees, Some(true), "{name}: {comparison:?}");
            let first = comparison.differences.first().and_then(|one| one.reasons.first());
            assert_eq!(first.map(|reason| reason.kind), Some(ReasonKind::BackEnd), "{name}: {comparison:?}");
            assert!(causes(&report).is_empty(), "{name}: {comparison:?}");
        }
    }
}

/// What nginx adds to the 101 makes Chrome refuse it, and the line is named.
#[test]
fn a_second_upgrade_is_tied_to_the_line_that_adds_it() {
    for binary in found().unwrap() {
        let files = location("add_header Upgrade websocket always; proxy_read_timeout 1h;");
        let report = seen(&binary, &files, "/ws", |_| {});
        let failure = report.seen.failure.as_ref().unwrap();
        assert!(failure.text.contains("more than one `Upgrade`"), "{failure:?}");
        assert_eq!(report.verdict, ProbeVerdict::Fails);
        let comparison = report.comparison.as_ref().unwrap();
        let [difference] = comparison.differences.as_slice() else { panic!("{comparison:?}") };
        let [first, ..] = difference.reasons.as_slice() else { panic!("{difference:?}") };
        assert_eq!(first.kind, ReasonKind::OwnField, "{difference:?}");
        assert!(first.place.is_some() && first.text.contains("add_header"), "{first:?}");
    }
}

/// What a library's server answers, and which sessions it knows.
fn library(kind: PollingKind, number: usize) -> u16 {
    let sessions: Mutex<BTreeSet<String>> = Mutex::default();
    back_end(move |stream, connection| {
        let Some((head, body)) = request(stream) else { return };
        let line = head.lines().next().unwrap_or_default();
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if field(&head, "Upgrade").is_some() {
            let accept = derive_accept_key(field(&head, "Sec-WebSocket-Key").unwrap_or_default().as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.read(&mut [0; 64]);
            return;
        }
        let mut known = sessions.lock().unwrap();
        let id = format!("s{number}-{connection}");
        let knows = known.iter().any(|session| target.contains(session.as_str()));
        let lost = "{\"code\":1,\"message\":\"Session ID unknown\"}".to_owned();
        let (status, text) = match kind {
            PollingKind::SocketIo if target.contains("&sid=") => match (knows, method, body.as_str()) {
                (true, "POST", "40") => (200, "ok".to_owned()),
                (true, "GET", _) => (200, "40{}".to_owned()),
                _ => (400, lost),
            },
            PollingKind::SocketIo => {
                known.insert(id.clone());
                (200, format!("0{{\"sid\":\"{id}\",\"upgrades\":[\"websocket\"]}}"))
            }
            PollingKind::SockJs if target.ends_with("/info") => (200, "{\"websocket\":true}".to_owned()),
            PollingKind::SockJs if target.ends_with("/xhr") => {
                let session = target.rsplit('/').nth(1).unwrap_or_default();
                known.insert(session.to_owned());
                (200, "o\n".to_owned())
            }
            PollingKind::SockJs => (if knows { 204 } else { 404 }, String::new()),
            PollingKind::SignalR if target.contains("/negotiate") => {
                known.insert(id.clone());
                (
                    200,
                    format!(
                        "{{\"connectionToken\":\"{id}\",\"availableTransports\":[{{\"transport\":\"WebSockets\"}}]}}"
                    ),
                )
            }
            PollingKind::SignalR => (if knows { 200 } else { 404 }, String::new()),
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        let _ = stream.write_all(answer.as_bytes());
    })
}

/// Each library through a real nginx: one back end, two in turn, two with stickiness, and a location that takes no POST.
#[test]
fn fallbacks_work_where_the_session_is_found_again() {
    let kinds = [
        (PollingKind::SocketIo, "/socket.io/?EIO=4&transport=websocket"),
        (PollingKind::SockJs, "/sockjs/websocket"),
        (PollingKind::SignalR, "/chathub"),
    ];
    for binary in found().unwrap() {
        for (kind, target) in kinds {
            let (one, other) = (library(kind, 1), library(kind, 2));
            for (how, works) in [
                ("server a:9000;", true),
                ("server a:9000; server b:9000;", false),
                ("ip_hash; server a:9000; server b:9000;", true),
            ] {
                let files = files(&format!(
                    "upstream two {{ {how} }} server {{ listen 80; location / {{ {UPGRADE} proxy_pass http://two; proxy_read_timeout 1h; }} }}"
                ));
                let running = start(&binary, &files, &[("a:9000", one), ("b:9000", other)]);
                let mut plan = plan(running.listens().first().unwrap(), HOST, target);
                plan.polling = ws_probe::kind_of(target);
                let report = compared(&binary, &plan, &files);
                let polling = report.seen.polling.as_ref().unwrap();
                assert_eq!((polling.kind, polling.works), (kind, works), "{how}: {polling:?}");
                assert_eq!(report.verdict, if works { ProbeVerdict::Works } else { ProbeVerdict::Fails });
                let text = format!("{:?}", polling.steps);
                assert_eq!(text.contains("another back end may have the session"), !works, "{text}");
                assert!(!text.contains("s1-") && !text.contains("s2-"), "a session is shown: {text}");
            }
        }
    }
}
