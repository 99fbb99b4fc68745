//! From a host to a connection: addresses, one after another, and the line of the PROXY protocol.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use lint_finding::{ConnectAttempt, ConnectResult, ProbeFailure, ProbeFault};

use crate::plan::Plan;
use crate::wire::{Paced, is_late, milliseconds};

/// No address is tried for longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of a host with more addresses the others are not tried.
const MOST: usize = 8;

/// The addresses of the host, in the order in which the system names them.
pub(crate) fn addresses(plan: &Plan, deadline: Instant) -> Result<Vec<SocketAddr>, ProbeFailure> {
    let host = plan.host.trim_start_matches('[').trim_end_matches(']');
    let failure = |text: String| ProbeFailure { kind: ProbeFault::NameNotFound, text };
    let resolved: Vec<SocketAddr> = plan
        .resolve
        .iter()
        .filter(|one| one.port == plan.port && one.host.trim_start_matches('[').trim_end_matches(']') == host)
        .map(|one| one.address)
        .collect();
    let mut all = if resolved.is_empty() { looked_up(host, plan.port, deadline)? } else { resolved };
    let before = all.len();
    if let Some(family) = plan.family {
        all.retain(|address| family.has(address));
    }
    match (all.is_empty(), before) {
        (true, 0) => Err(failure(format!("`{host}` has no address"))),
        (true, _) => Err(failure(format!("`{host}` has no address of the family that was asked for"))),
        (false, _) => {
            all.truncate(MOST);
            Ok(all)
        }
    }
}

/// What the system says. It can take longer than there is time, and cannot be interrupted: so it is asked in a thread.
fn looked_up(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, ProbeFailure> {
    let failure = |text: String| ProbeFailure { kind: ProbeFault::NameNotFound, text };
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    thread::spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>);
        let _ = sender.send(found);
    });
    let left = deadline.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(left) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(failure(format!("`{host}` cannot be resolved: {error}"))),
        Err(_) => Err(failure(format!("`{host}` was not resolved in time"))),
    }
}

/// Connects to the first address that lets it.
pub(crate) fn connect(
    plan: &Plan,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> (Vec<ConnectAttempt>, Result<Paced, ProbeFailure>) {
    let mut attempts = Vec::new();
    let mut failure =
        ProbeFailure { kind: ProbeFault::TimeOver, text: "no time was left to connect".to_owned() };
    let mut connected = None;
    for address in addresses {
        let (result, stream) = if connected.is_some() {
            (ConnectResult::NotTried, None)
        } else {
            one(address, deadline, &mut failure)
        };
        attempts.push(ConnectAttempt { address: address.to_string(), is_ipv6: address.is_ipv6(), result });
        connected = connected.or(stream);
    }
    let Some(stream) = connected else { return (attempts, Err(failure)) };
    let mut paced = Paced { stream, deadline };
    let introduced = if plan.proxy_protocol { introduce(&mut paced) } else { Ok(()) };
    let opened = introduced.map_err(|error| ProbeFailure {
        kind: ProbeFault::ClosedWithoutAnswer,
        text: format!("the connection was closed before the request: {error}"),
    });
    (attempts, opened.map(|()| paced))
}

fn one(
    address: &SocketAddr,
    deadline: Instant,
    failure: &mut ProbeFailure,
) -> (ConnectResult, Option<TcpStream>) {
    let start = Instant::now();
    let left = deadline.saturating_duration_since(start).min(PATIENCE);
    if left.is_zero() {
        return (ConnectResult::NotTried, None);
    }
    match TcpStream::connect_timeout(address, left) {
        Ok(stream) => {
            // A frame must not wait for the next one.
            let _ = stream.set_nodelay(true);
            (ConnectResult::Connected(milliseconds(start.elapsed())), Some(stream))
        }
        Err(error) => {
            let (kind, text) = match error.kind() {
                io::ErrorKind::ConnectionRefused => (
                    ProbeFault::ConnectionRefused,
                    "the connection was refused: nothing listens there".to_owned(),
                ),
                _ if is_late(&error) => {
                    let seconds = start.elapsed().as_secs_f32();
                    (
                        ProbeFault::Unreachable,
                        format!("no connection within {seconds:.0} s: a firewall may drop it"),
                    )
                }
                _ => (ProbeFault::Unreachable, format!("the address cannot be reached: {error}")),
            };
            // A refusal says more than silence.
            if failure.kind != ProbeFault::ConnectionRefused {
                *failure = ProbeFailure { kind, text: format!("{address}: {text}") };
            }
            (ConnectResult::Failed(text), None)
        }
    }
}

/// The line of the PROXY protocol's version 1: this end and the other one, as they are.
fn introduce(paced: &mut Paced) -> io::Result<()> {
    let (own, other) = (paced.stream.local_addr()?, paced.stream.peer_addr()?);
    let family = if other.is_ipv6() { "TCP6" } else { "TCP4" };
    let line = format!("PROXY {family} {} {} {} {}\r\n", own.ip(), other.ip(), own.port(), other.port());
    paced.write_all(line.as_bytes())
}
