//! What is told of several lines together.

use lint_finding::{CliffCause, LogReport, Observation, Place};
use nginx_semantics::FileId;
use ws_logs::{Book, IdleLimit, LayerLimit, Location, Logged, Resolver};

/// One location whose back ends get HTTP/1.0, behind a proxy.
struct One;

fn place() -> Place {
    Place { file: FileId(0), span: Default::default() }
}

impl Resolver for One {
    fn is_there(&self) -> bool {
        true
    }

    fn locate(&self, request: &Logged<'_>) -> Option<usize> {
        request.target.starts_with("/ws").then_some(0)
    }

    fn location(&self, number: usize) -> Option<Location> {
        (number == 0).then(|| Location {
            server: "a.test".to_owned(),
            location: "/ws".to_owned(),
            place: place(),
            is_endpoint: true,
            is_only_websocket: false,
            idle: Some(IdleLimit {
                directive: "proxy_read_timeout",
                milliseconds: 60_000,
                place: place(),
                is_default: true,
            }),
            idle_timeout: None,
            http10: Some(place()),
            causes: Vec::new(),
            refusing: Vec::new(),
        })
    }

    fn layers(&self) -> Vec<LayerLimit> {
        let layer = |name: &str, is_declared, milliseconds| LayerLimit {
            name: name.to_owned(),
            is_declared,
            milliseconds,
        };
        vec![layer("A", false, 100_000), layer("B", true, 100_000), layer("C", false, 60_000)]
    }
}

/// Second 0 is 10:00:00 by the clock of a writer who is two hours ahead.
fn clock(second: u32) -> String {
    format!("{:02}:{:02}:{:02}", 10 + second / 3_600, second / 60 % 60, second % 60)
}

fn line(second: u32, status: u16, age: &str, peer: u8) -> String {
    let time = clock(second);
    format!(
        "10.0.0.9 a.test [01/May/2024:{time} +0200] \"GET /ws HTTP/1.1\" {status} rt={age} out=120 up=10.0.0.{peer}:80 us={status}\n"
    )
}

fn report(errors: &str, access: &str) -> LogReport {
    let mut book = Book::new(&One, Vec::new(), None);
    for (name, text) in
        [("error.log", errors), ("access.log", access)].iter().filter(|(_, text)| !text.is_empty())
    {
        let log = book.open(name);
        book.feed(log, text.as_bytes());
        book.close(log, None);
    }
    book.report()
}

#[test]
fn one_peer_refuses_and_the_version_is_old() {
    let all: String = (0..60)
        .map(|second| line(second, if second % 3 == 0 { 400 } else { 101 }, "1.000", (second % 3) as u8))
        .collect();
    let report = report("", &all);
    let [
        Observation::RefusingPeer { address, refused, of, .. },
        Observation::OldHttpVersion { refused: 20, .. },
    ] = &report.observations[..]
    else {
        panic!("{:?}", report.observations)
    };
    assert_eq!((address.as_str(), *refused, *of), ("10.0.0.0:80", 20, 20));
    assert_eq!(report.total.refusals, [(400, 20)]);
}

#[test]
fn a_peer_that_nginx_passes_over_refuses() {
    let over = |second: u32| {
        let time = clock(second);
        format!(
            "10.0.0.9 a.test [01/May/2024:{time} +0200] \"GET /ws HTTP/1.1\" 101 rt=1.0 out=120 up=10.0.0.1:80, 10.0.0.2:80 us=502, 101\n"
        )
    };
    let all: String = (0..20).map(over).chain((20..40).map(|second| line(second, 101, "1.000", 2))).collect();
    let report = report("", &all);
    let peers: Vec<_> = report
        .total
        .peers
        .iter()
        .map(|peer| (peer.address.as_str(), peer.handshakes, peer.failed_over))
        .collect();
    assert_eq!(peers, [("10.0.0.2:80", 40, 0), ("10.0.0.1:80", 0, 20)]);
    let [Observation::RefusingPeer { address, refused: 20, of: 20, others_refused: 0, others_of: 40, .. }] =
        &report.observations[..]
    else {
        panic!("{:?}", report.observations)
    };
    assert_eq!(address, "10.0.0.1:80");
}

/// Alerts of clients, one a second.
fn alerts(from: u32, count: u32, number: u8, listen: &str) -> String {
    let alert = |second: u32| {
        let time = clock(from + second);
        format!(
            "2024/05/01 {time} [info] 7#7: *{second} SSL_do_handshake() failed (SSL: error:0A000418:SSL routines::x:SSL alert number {number}) while SSL handshaking, client: 10.0.0.9, server: {listen}\n"
        )
    };
    (0..count).map(alert).collect()
}

#[test]
fn clients_refuse_a_certificate_since_a_reload_and_until_the_next() {
    let reload = |second: u32| format!("2024/05/01 {} [notice] 7#7: reconfiguring\n", clock(second));
    // Some refuse any certificate; a reload in between changes nothing for the other address.
    let errors = [
        &alerts(0, 1, 48, "0.0.0.0:443"),
        &alerts(5, 50, 48, "0.0.0.0:8443"),
        &reload(600)[..],
        &alerts(601, 20, 46, "0.0.0.0:443"),
        &alerts(700, 60, 48, "0.0.0.0:8443"),
        &reload(1_200),
        &alerts(1_201, 19, 46, "0.0.0.0:443"),
        &reload(1_800),
        &alerts(1_801, 2, 46, "0.0.0.0:443"),
    ]
    .concat();
    let base = 1_714_550_400;
    let report = report(&errors, &line(1_900, 101, "1.0", 1));
    let [Observation::CertificateRefused { listen, reload, span, mended, alerts, .. }] =
        &report.observations[..]
    else {
        panic!("{:?}", report.observations)
    };
    assert_eq!(listen, "0.0.0.0:443");
    // The writer's 10:00:00 is 08:00:00 UTC.
    assert_eq!((*reload, *mended), (Some(base + 600), Some(base + 1_800)));
    assert_eq!(*span, (base + 601, base + 1_219));
    assert_eq!(alerts, &[("certificate unknown", 39)]);
}

#[test]
fn an_expired_certificate_needs_no_reload() {
    let report = report(&alerts(100, 6, 45, "[::]:443"), &line(1_900, 101, "1.0", 1));
    let [Observation::CertificateRefused { reload: None, mended: None, alerts, .. }] =
        &report.observations[..]
    else {
        panic!("{:?}", report.observations)
    };
    assert_eq!(alerts, &[("certificate expired", 6)]);
}

#[test]
fn all_end_at_once_and_come_again() {
    let calm = (0..30).map(|minute| line(minute * 60, 101, "20.000", 1));
    let storm = (0..80).map(|number| line(1_800, 101, &format!("{}.000", 300 + number), 1));
    let again = (0..80).map(|number| line(1_900 + number, 101, &format!("{}.000", 70 + number), 1));
    let report = report("", &calm.chain(storm).chain(again).collect::<String>());
    let is_storm = |one: &&Observation| matches!(one, Observation::ReconnectStorm { .. });
    let storms: Vec<_> = report.observations.iter().filter(is_storm).collect();
    let [Observation::ReconnectStorm { at, disconnects, .. }] = storms[..] else {
        panic!("{:?}", report.observations)
    };
    // 10:30 there is 08:30 UTC.
    assert_eq!((*at, *disconnects), (1_714_552_200, 80));
}

#[test]
fn handshakes_are_refused_after_a_reload() {
    let reload = format!("2024/05/01 {} [notice] 7#7: reconfiguring\n", clock(600));
    let all: String = (0..1_200)
        .step_by(5)
        .map(|second| {
            let is_refused = (600..650).contains(&second);
            line(second, if is_refused { 502 } else { 101 }, "0.100", 1)
        })
        .collect();
    let report = report(&reload, &all);
    // A path that ends with `ws` is taken for a handshake whatever the answer.
    let [Observation::RefusedAfterReload { at, refused, of }] = report.observations[..] else {
        panic!("{:?}", report.observations)
    };
    assert_eq!((at, refused, of), (1_714_551_000, 10, 13));
    assert_eq!(report.reloads, [1_714_551_000]);
}

#[test]
fn steps_are_tied_to_the_limit_or_to_what_is_in_front() {
    for (age, count) in [("60.0", 40), ("100.0", 40), ("30.0", 40)] {
        let all: String =
            (0..count).map(|number| line(600 + number * 7, 101, &format!("{age}{number:02}"), 1)).collect();
        let report = report("", &all);
        let [cliff] = &report.endpoints.first().unwrap().cliffs[..] else { panic!("{age}") };
        assert_eq!(cliff.count, u64::from(count));
        match (age, &cliff.cause) {
            ("60.0", CliffCause::Limit { milliseconds: 60_000, is_default: true, .. }) => {}
            ("100.0", CliffCause::Layers(guesses)) => {
                let names: Vec<&str> = guesses.iter().map(|guess| guess.name.as_str()).collect();
                assert_eq!(names, ["B", "A"], "what the settings name comes first");
            }
            ("30.0", CliffCause::Layers(guesses)) => assert!(guesses.is_empty()),
            other => panic!("{other:?}"),
        }
    }
}

/// A line of a log with the number of the connection.
fn numbered(second: u32, status: u16, age: &str, connection: u32) -> String {
    let time = clock(second);
    format!(
        "{{\"remote_addr\":\"10.0.0.9\",\"time_local\":\"01/May/2024:{time} +0200\",\"request\":\"GET /ws HTTP/1.1\",\"status\":{status},\"request_time\":{age},\"connection\":\"{connection}\",\"host\":\"a.test\"}}\n"
    )
}

fn refused(second: u32, connection: u32) -> String {
    format!(
        "2024/05/01 {} [error] 7#7: *{connection} connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.9, server: a.test, request: \"GET /ws HTTP/1.1\", upstream: \"http://127.0.0.1:9/ws\", host: \"a.test\"\n",
        clock(second)
    )
}

/// A line is tied to the request of its connection, and to no other of the same client.
#[test]
fn the_number_of_a_connection_ties_lines() {
    let idle = |second, connection: u32| {
        format!(
            "2024/05/01 {} [info] 7#7: *{connection} client 10.0.0.9 closed keepalive connection\n",
            clock(second)
        )
    };
    let told = |errors: &str, access: &str| {
        let report = report(errors, access);
        report.symptoms.iter().map(|symptom| (symptom.lines, symptom.tied)).collect::<Vec<_>>()
    };
    let good = numbered(100, 101, "1.0", 2);
    assert_eq!(told(&refused(100, 1), &(numbered(100, 502, "0.0", 1) + &good)), [(1, 1)]);
    assert_eq!(told(&refused(100, 1), &(good.clone() + &numbered(100, 502, "0.0", 1))), [(1, 1)]);
    assert_eq!(told(&refused(100, 3), &good), [(1, 0)]);
    let later = refused(100, 1) + &idle(101, 1);
    assert_eq!(told(&later, &numbered(100, 502, "0.0", 1))[0], (1, 1));
    // Without numbers each of several equal requests gets a line of its own.
    let three: String = (1..4).map(|connection| refused(100, connection)).collect();
    let access: String = (0..3).map(|peer| line(100, 502, "0.0", peer)).collect();
    assert_eq!(told(&three, &access), [(3, 3)]);
}

/// nginx writes one request to several logs; whoever reads them all is told so.
#[test]
fn the_same_requests_in_two_logs_are_said_to_be() {
    let all = |from: u32| (from..from + 40).map(|second| line(second, 101, "1.000", 1)).collect::<String>();
    let combined = |from: u32| {
        let one = |second| {
            let time = clock(second);
            format!("10.0.0.9 - - [01/May/2024:{time} +0200] \"GET /ws HTTP/1.1\" 101 5 \"-\" \"x\"\n")
        };
        (from..from + 40).map(one).collect::<String>()
    };
    for (other, repeats) in [(all(0), true), (combined(0), true), (all(40), false), (combined(35), false)] {
        let mut book = Book::new(&One, Vec::new(), None);
        for (name, text) in [("access.log", all(0)), ("other.log", other)] {
            let log = book.open(name);
            book.feed(log, text.as_bytes());
            book.close(log, None);
        }
        let report = book.report();
        let told: Vec<_> = report.inputs.iter().map(|input| input.repeats.as_deref()).collect();
        assert_eq!(told, [None, repeats.then_some("access.log")]);
        let sent: Vec<_> = report.inputs.iter().map(|input| input.sent).collect();
        assert_eq!(sent[0], Some("$bytes_sent"));
        assert!(matches!(sent[1], Some("$bytes_sent" | "$body_bytes_sent")));
    }
}
