//! One handshake: what is sent, what browsers take, and what they refuse.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use lint_finding::{ConnectResult, ProbeFault, ProbeVerdict};
use ws_probe::{Browser, Family, Resolve};

use crate::server::{accept, accepted, drain, fault, field, plan, read_head, say, seen, serve};

#[test]
fn a_strict_server_takes_both_browsers() {
    for browser in [Browser::Chrome, Browser::Firefox] {
        let server = serve(|mut stream, head, _| {
            let has = |name: &str, value: &str| {
                field(head, name).is_some_and(|seen| seen.eq_ignore_ascii_case(value))
            };
            let connection = field(head, "Connection").unwrap_or_default().to_ascii_lowercase();
            let is_right = head.starts_with("GET /ws HTTP/1.1\r\n")
                && has("Upgrade", "websocket")
                && connection.split(", ").any(|token| token == "upgrade")
                && has("Sec-WebSocket-Version", "13")
                && field(head, "Origin").is_some_and(|origin| origin.starts_with("http://127.0.0.1:"));
            let answer =
                if is_right { accepted(head, "") } else { "HTTP/1.1 400 Bad Request\r\n\r\n".to_owned() };
            say(&mut stream, answer);
            drain(&mut stream);
        });
        let (seen, verdict) = seen(&crate::server::seen_by(server.address, browser));
        assert_eq!((verdict, seen.answer.map(|answer| answer.status)), (ProbeVerdict::Works, Some(101)));
        let head = server.asked.recv().unwrap();
        assert_eq!(field(&head, "User-Agent"), Some("probe/1"));
    }
}

#[test]
fn statuses_are_told() {
    for (line, fields, kind) in [
        ("400 Bad Request", "", ProbeFault::OtherStatus),
        ("426 Upgrade Required", "Upgrade: websocket\r\n", ProbeFault::OtherStatus),
        ("502 Bad Gateway", "", ProbeFault::OtherStatus),
        ("200 OK", "", ProbeFault::OtherStatus),
        (
            "301 Moved Permanently",
            "Location: https://user:pw@other/ws?token=abcdef\r\n",
            ProbeFault::Redirected,
        ),
    ] {
        let server =
            serve(move |mut stream, _, _| say(&mut stream, format!("HTTP/1.1 {line}\r\n{fields}\r\n")));
        let (found, verdict, text) = fault(&plan(server.address, "/ws"));
        assert_eq!((found, verdict), (Some(kind), ProbeVerdict::Fails), "{line}");
        assert!(text.contains(&line[..3]), "{text}");
        assert!(!text.contains("abcdef") && !text.contains("pw@"), "{text}");
        // Nothing is followed.
        assert_eq!(server.asked.try_iter().count(), 1);
    }
}

/// The head of an answer to a head.
type Answering = Box<dyn Fn(&str) -> String + Send>;

#[test]
fn a_101_that_browsers_refuse_is_none() {
    let changed =
        |from: &'static str, to: &'static str| move |head: &str| accepted(head, "").replace(from, to);
    let cases: [(Answering, &str); 16] = [
        (Box::new(changed("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x")), "does not fit"),
        (Box::new(changed("Sec-WebSocket-Accept", "X-Accept")), "lacks `Sec-WebSocket-Accept`"),
        (Box::new(changed("Upgrade: websocket", "Upgrade: h2c")), "Upgrade: websocket"),
        (Box::new(changed("Connection: Upgrade", "Connection: close")), "Connection: upgrade"),
        (Box::new(changed("HTTP/1.1", "HTTP/1.0")), "HTTP/1.0"),
        (
            Box::new(|head| accepted(head, "Sec-WebSocket-Protocol: chat\r\n")),
            "`chat`, which was not offered",
        ),
        (
            Box::new(|head| accepted(head, "Sec-WebSocket-Extensions: x-own\r\n")),
            "`x-own`, which was not offered",
        ),
        (
            Box::new(|head| accepted(head, "Upgrade: websocket\r\n")),
            "more than one `Upgrade` (`websocket, websocket`)",
        ),
        (Box::new(changed("Upgrade: websocket", "Upgrade: h2c, websocket")), "has `Upgrade: h2c, websocket`"),
        (Box::new(changed("Upgrade: websocket", "Upgrade: websocket, h2c")), "lists what else it speaks"),
        (
            Box::new(|head| {
                let accept = accepted(head, "");
                let own = field(&accept, "Sec-WebSocket-Accept").unwrap().to_owned();
                accepted(head, &format!("Sec-WebSocket-Accept: {own}\r\n"))
            }),
            "`Sec-WebSocket-Accept` is 2 times",
        ),
        (
            Box::new(|head| {
                accepted(
                    head,
                    "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
                )
            }),
            "twice",
        ),
        (
            Box::new(|head| {
                accepted(head, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n")
            }),
            "`server_max_window_bits=99`",
        ),
        (
            Box::new(|head| accepted(head, "Sec-WebSocket-Extensions: permessage-deflate; mystery\r\n")),
            "`mystery`",
        ),
        (
            Box::new(|head| accepted(head, "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n")),
            "more than one protocol",
        ),
        (
            Box::new(|head| accepted(head, "").replace("\r\n\r\n", "\r\nSec-WebSocket-Accept: y\r\n\r\n")),
            "is 2 times",
        ),
    ];
    for (answer, said) in cases {
        let server = serve(move |mut stream, head, _| {
            say(&mut stream, answer(head));
            drain(&mut stream);
        });
        let (found, verdict, text) = fault(&plan(server.address, "/ws"));
        assert_eq!((found, verdict), (Some(ProbeFault::BadHandshake), ProbeVerdict::Fails), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn protocols_are_offered_and_chosen() {
    for (more, works) in
        [("Sec-WebSocket-Protocol: b\r\n", true), ("", false), ("Sec-WebSocket-Protocol: c\r\n", false)]
    {
        let server = serve(move |mut stream, head, _| {
            say(&mut stream, accepted(head, more));
            drain(&mut stream);
        });
        let mut plan = plan(server.address, "/ws");
        plan.subprotocols = vec!["a".to_owned(), "b".to_owned()];
        let (found, ..) = fault(&plan);
        assert_eq!(found.is_none(), works, "{more}");
        assert_eq!(field(&server.asked.recv().unwrap(), "Sec-WebSocket-Protocol"), Some("a, b"));
    }
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let server = serve(|mut stream, head, _| {
        // It sends back all that it got.
        let shown = head.replace("\r\n", " ");
        say(
            &mut stream,
            format!("HTTP/1.1 403 {shown}\r\nX-Echo: {shown}\r\nSet-Cookie: sid=s3ss10n; Path=/\r\n\r\n"),
        );
    });
    let mut plan = plan(server.address, "/ws?access_token=t0k3ncafe&room=lobby");
    plan.cookies = vec![("sid".to_owned(), "c00kie-value".to_owned())];
    plan.credentials = Some(("user".to_owned(), "hunter2hunter2".to_owned()));
    plan.headers = vec![
        ("X-Api-Key".to_owned(), "apikeyvalue".to_owned()),
        ("Accept-Language".to_owned(), String::new()),
    ];
    let (seen, _) = seen(&plan);
    let head = server.asked.recv().unwrap();
    assert_eq!(field(&head, "Cookie"), Some("sid=c00kie-value"));
    assert_eq!(field(&head, "Authorization"), Some("Basic dXNlcjpodW50ZXIyaHVudGVyMg=="));
    assert_eq!(field(&head, "X-Api-Key"), Some("apikeyvalue"));
    assert_eq!(field(&head, "Accept-Language"), None);
    let shown = format!("{seen:?}");
    for secret in ["t0k3ncafe", "c00kie-value", "hunter2", "dXNlcjpodW50", "apikeyvalue", "s3ss10n"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
    assert!(shown.contains("room=lobby") && shown.contains("sid=(hidden)"), "{shown}");
}

#[test]
fn nothing_listens() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let (found, verdict, _) = fault(&plan(port, "/"));
    assert_eq!((found, verdict), (Some(ProbeFault::ConnectionRefused), ProbeVerdict::Fails));
}

#[test]
fn a_name_without_address_says_nothing_of_the_server() {
    let mut plan = plan(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), "/");
    plan.host = "name.invalid".to_owned();
    let (found, verdict, _) = fault(&plan);
    assert_eq!((found, verdict), (Some(ProbeFault::NameNotFound), ProbeVerdict::Unknown));
}

#[test]
fn the_first_address_that_answers_is_used() {
    let server = serve(|mut stream, head, _| {
        say(&mut stream, accepted(head, ""));
        drain(&mut stream);
    });
    let refused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let mut plan = plan(server.address, "/");
    plan.host = "chat.example.com".to_owned();
    let resolve = |address| Resolve { host: "chat.example.com".to_owned(), port: plan.port, address };
    plan.resolve = vec![resolve(refused), resolve(server.address), resolve(server.address)];
    let (seen, verdict) = seen(&plan);
    assert_eq!(verdict, ProbeVerdict::Works);
    let results: Vec<&ConnectResult> = seen.attempts.iter().map(|attempt| &attempt.result).collect();
    assert!(
        matches!(
            results[..],
            [ConnectResult::Failed(_), ConnectResult::Connected(_), ConnectResult::NotTried]
        ),
        "{results:?}"
    );
}

#[test]
fn ipv6_alone_is_reached_and_ipv4_is_not() {
    let address = accept(Ipv6Addr::LOCALHOST.into(), |mut stream, _| {
        let head = read_head(&mut stream);
        say(&mut stream, accepted(&head, ""));
        drain(&mut stream);
    });
    let (six, verdict) = seen(&plan(address, "/"));
    assert_eq!(verdict, ProbeVerdict::Works);
    assert!(six.attempts[0].is_ipv6);
    let mut plan = plan(address, "/");
    plan.family = Some(Family::V4);
    let (found, verdict, text) = fault(&plan);
    assert_eq!((found, verdict), (Some(ProbeFault::NameNotFound), ProbeVerdict::Unknown), "{text}");
    plan.resolve = vec![Resolve {
        host: plan.host.clone(),
        port: plan.port,
        address: (Ipv4Addr::LOCALHOST, address.port()).into(),
    }];
    assert_eq!(fault(&plan).0, Some(ProbeFault::ConnectionRefused));
}

#[test]
fn the_proxy_protocol_comes_first() {
    let server = serve(|mut stream, head, _| {
        say(&mut stream, accepted(head, ""));
        drain(&mut stream);
    });
    let mut plan = plan(server.address, "/ws");
    plan.proxy_protocol = true;
    assert_eq!(fault(&plan).1, ProbeVerdict::Works);
    let head = server.asked.recv().unwrap();
    let (first, rest) = head.split_once("\r\n").unwrap();
    let words: Vec<&str> = first.split(' ').collect();
    assert_eq!(
        (&words[..4], words[5]),
        (&["PROXY", "TCP4", "127.0.0.1", "127.0.0.1"][..], plan.port.to_string().as_str())
    );
    assert!(rest.starts_with("GET /ws HTTP/1.1"), "{rest}");
}

#[test]
fn interim_answers_are_passed_over() {
    let server = serve(|mut stream, head, _| {
        say(&mut stream, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        say(&mut stream, accepted(head, ""));
        drain(&mut stream);
    });
    assert_eq!(fault(&plan(server.address, "/")).1, ProbeVerdict::Works);
}

#[test]
fn a_silent_server_is_not_waited_for_longer_than_asked() {
    let server = serve(|mut stream, _, _| drain(&mut stream));
    let mut plan = plan(server.address, "/");
    plan.max_time = Duration::from_millis(500);
    let start = std::time::Instant::now();
    let (found, verdict, _) = fault(&plan);
    // Half a second is too short to tell.
    assert_eq!((found, verdict), (Some(ProbeFault::TimeOver), ProbeVerdict::Unknown));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_server_that_is_silent_for_long_fails() {
    let server = serve(|stream, _, _| {
        std::thread::sleep(Duration::from_secs(7));
        drop(stream);
    });
    let mut plan = plan(server.address, "/");
    plan.max_time = Duration::from_millis(5_200);
    let (found, verdict, _) = fault(&plan);
    assert_eq!((found, verdict), (Some(ProbeFault::NoAnswer), ProbeVerdict::Fails));
}

#[test]
fn an_extension_that_was_offered_is_taken() {
    for (browser, more, works) in [
        (Browser::Chrome, "permessage-deflate", true),
        (Browser::Chrome, "permessage-deflate; server_no_context_takeover; client_max_window_bits=15", true),
        (Browser::Firefox, "permessage-deflate; client_max_window_bits=15", false),
        (Browser::Chrome, "permessage-deflate; client_max_window_bits=15; client_max_window_bits=15", false),
    ] {
        let server = serve(move |mut stream, head, _| {
            say(&mut stream, accepted(head, &format!("Sec-WebSocket-Extensions: {more}\r\n")));
            drain(&mut stream);
        });
        let (found, ..) = fault(&crate::server::seen_by(server.address, browser));
        assert_eq!(found.is_none(), works, "{more}");
    }
}
