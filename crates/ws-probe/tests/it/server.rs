//! Servers of the tests: a thread each, which ends with its listener's last connection or with the test.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use lint_finding::{ProbeFault, ProbeSeen, ProbeVerdict};
use tungstenite::handshake::derive_accept_key;
use ws_probe::{Browser, Plan, probe};

/// No server waits longer for its client.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server: what it does with each connection. What clients send first is told.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Receiver<String>,
}

/// Serves connections of loopback, each with the head of its request and its number.
pub(crate) fn serve(mut answer: impl FnMut(TcpStream, &str, usize) + Send + 'static) -> Server {
    let (sender, asked) = channel();
    let address = accept(Ipv4Addr::LOCALHOST.into(), move |mut stream, number| {
        let head = read_head(&mut stream);
        let _ = sender.send(head.clone());
        answer(stream, &head, number);
    });
    Server { address, asked }
}

/// Serves raw connections.
pub(crate) fn accept(ip: IpAddr, mut work: impl FnMut(TcpStream, usize) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            work(stream, number);
        }
    });
    address
}

/// Until the empty line.
pub(crate) fn read_head(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A field of a head.
pub(crate) fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The 101 that is due, with other fields.
pub(crate) fn accepted(head: &str, more: &str) -> String {
    let key = field(head, "Sec-WebSocket-Key").unwrap_or_default();
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// Writes; the client may be gone.
pub(crate) fn say(stream: &mut impl Write, text: impl AsRef<[u8]>) {
    let _ = stream.write_all(text.as_ref()).and_then(|()| stream.flush());
}

/// Waits until the client is gone.
pub(crate) fn drain(stream: &mut impl Read) {
    let mut part = [0; 512];
    while matches!(stream.read(&mut part), Ok(1..)) {}
}

/// A plan for a server.
pub(crate) fn plan(address: SocketAddr, target: &str) -> Plan {
    let authority = address.to_string();
    let host = authority.rsplit_once(':').unwrap().0.to_owned();
    Plan {
        url: format!("ws://{authority}{target}"),
        is_tls: false,
        host,
        port: address.port(),
        target: target.to_owned(),
        authority,
        agent: "probe/1".to_owned(),
        settle: Duration::from_millis(30),
        max_time: Duration::from_secs(2),
        now: 1_700_000_000,
        ..Plan::default()
    }
}

/// What was seen and what it amounts to.
pub(crate) fn seen(plan: &Plan) -> (ProbeSeen, ProbeVerdict) {
    let (seen, verdict, _) = probe(plan);
    (seen, verdict)
}

/// The kind of failure, and what it amounts to.
pub(crate) fn fault(plan: &Plan) -> (Option<ProbeFault>, ProbeVerdict, String) {
    let (seen, verdict) = seen(plan);
    let text = seen.failure.as_ref().map(|failure| failure.text.clone()).unwrap_or_default();
    (seen.failure.map(|failure| failure.kind), verdict, text)
}

/// The plan of one browser.
pub(crate) fn seen_by(address: SocketAddr, browser: Browser) -> Plan {
    Plan { browser, ..plan(address, "/ws") }
}
