//! The whole of a probe: one connection after another, all within one time.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lint_finding::{
    AnswerSeen, ConnectAttempt, ConnectResult, HoldEnd, PollingSeen, ProbeFailure, ProbeFault, ProbeSeen,
    ProbeVerdict, ProbedRequest, Reconnected, ReconnectsSeen, TlsSeen,
};
use tungstenite::handshake::client::generate_key;

use crate::connect::{addresses, connect};
use crate::fallback::{Ask, Told, poll};
use crate::head::{Head, read_head};
use crate::hold::{Asked, hold};
use crate::peer::{Tokens, name};
use crate::plan::Plan;
use crate::request::{Request, fault, handshake, is_deflate, ordinary};
use crate::secrets::Secrets;
use crate::tls::Tls;
use crate::wire::{Wire, is_late, milliseconds};

/// No answer is waited for longer.
const ANSWER: Duration = Duration::from_secs(30);

/// A server that does not answer within this time fails; if the run had less time, that is unknown.
const ENOUGH: Duration = Duration::from_secs(5);

/// No body of a fallback is read further.
const LONGEST_BODY: usize = 64 << 10;

/// Probes a URL: what was seen, what that amounts to, and what must not be shown of whatever else is said of it.
#[must_use]
pub fn probe(plan: &Plan) -> (ProbeSeen, ProbeVerdict, Secrets) {
    let mut secrets = secrets(plan);
    let mut run = Run {
        plan: plan.clone(),
        deadline: Instant::now() + plan.max_time,
        addresses: Vec::new(),
        tls: None,
    };
    let key = generate_key();
    let request = handshake(plan, &key);
    let mut seen = ProbeSeen {
        request: ProbedRequest {
            url: secrets.hide(&plan.url),
            browser: plan.browser.name(),
            line: secrets.hide(&request.line),
            headers: request.shown(&secrets),
        },
        ..ProbeSeen::default()
    };
    match run.prepare() {
        Ok(()) => run.all(&request, &mut seen, &mut secrets),
        Err(failure) => seen.failure = Some(failure),
    }
    hide(&mut seen, &secrets);
    let verdict = verdict(&seen);
    (seen, verdict, secrets)
}

/// Asks for a page once: its status, and its body as far as `most` bytes. Redirects are not followed.
///
/// # Errors
/// When no answer comes.
pub fn get(plan: &Plan, most: usize) -> Result<(u16, Vec<u8>), ProbeFailure> {
    let mut run = Run {
        plan: plan.clone(),
        deadline: Instant::now() + plan.max_time,
        addresses: Vec::new(),
        tls: None,
    };
    run.prepare()?;
    let request = ordinary(plan, "GET", &plan.target, "");
    let conversed = run.converse(&request, &secrets(plan), false);
    match (conversed.head, conversed.wire, conversed.failure) {
        (Some(head), Some(mut wire), _) => Ok((head.status, body(&mut wire, &head, most))),
        (_, _, Some(failure)) => Err(failure),
        _ => Err(ProbeFailure { kind: ProbeFault::NoAnswer, text: "no answer came".to_owned() }),
    }
}

fn secrets(plan: &Plan) -> Secrets {
    let mut secrets = Secrets::default();
    for (_, value) in &plan.cookies {
        secrets.add(value);
    }
    if let Some((user, password)) = &plan.credentials {
        secrets.add(password);
        let basic = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
        secrets.add(&basic);
    }
    for (name, value) in &plan.headers {
        if secrets.field(name, value) != *value && !name.eq_ignore_ascii_case("sec-websocket-protocol") {
            secrets.add(value);
            // Behind the scheme of `Authorization`, and each cookie.
            value.split([' ', ';', '=']).filter(|word| word.len() >= 8).for_each(|word| secrets.add(word));
        }
    }
    let offered = plan.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
    offered.for_each(|(_, value)| secrets.add_protocols(value));
    secrets.add_protocols(&plan.subprotocols.join(", "));
    secrets.add_query(&plan.target);
    secrets
}

/// Servers send back what they got: nothing of it is shown.
fn hide(seen: &mut ProbeSeen, secrets: &Secrets) {
    let failures =
        seen.reconnects.iter_mut().flat_map(|all| &mut all.each).filter_map(|one| one.failure.as_mut());
    for failure in failures.chain(seen.failure.as_mut()) {
        failure.text = secrets.hide(&failure.text);
    }
    if let Some(answer) = &mut seen.answer {
        answer.reason = secrets.hide(&answer.reason);
    }
    if let Some(HoldEnd::CloseFrame { reason, .. }) = seen.hold.as_mut().map(|hold| &mut hold.end) {
        *reason = secrets.hide(reason);
    }
}

/// What all of it amounts to.
fn verdict(seen: &ProbeSeen) -> ProbeVerdict {
    let of_failure = |failure: &ProbeFailure| {
        if failure.kind.is_unknown() { ProbeVerdict::Unknown } else { ProbeVerdict::Fails }
    };
    let mut all: Vec<ProbeVerdict> = seen.failure.iter().map(of_failure).collect();
    if let Some(hold) = &seen.hold {
        all.push(match hold.end {
            HoldEnd::StillOpen if hold.lasted_ms + 50 < hold.asked_ms => ProbeVerdict::Unknown,
            HoldEnd::StillOpen => ProbeVerdict::Works,
            HoldEnd::TooLarge => ProbeVerdict::Unknown,
            _ => ProbeVerdict::Fails,
        });
    }
    if let Some(reconnects) = &seen.reconnects {
        all.extend(reconnects.each.iter().filter_map(|one| one.failure.as_ref()).map(of_failure));
        if reconnects.each.len() < reconnects.asked {
            all.push(ProbeVerdict::Unknown);
        }
    }
    if let Some(polling) = &seen.polling {
        let is_reached = polling.steps.last().is_some_and(|step| step.status.is_some());
        all.push(match (polling.works, is_reached) {
            (true, _) => ProbeVerdict::Works,
            (false, true) => ProbeVerdict::Fails,
            (false, false) => ProbeVerdict::Unknown,
        });
    }
    if all.contains(&ProbeVerdict::Fails) {
        ProbeVerdict::Fails
    } else if all.contains(&ProbeVerdict::Unknown) {
        ProbeVerdict::Unknown
    } else {
        ProbeVerdict::Works
    }
}

struct Run {
    plan: Plan,
    deadline: Instant,
    addresses: Vec<SocketAddr>,
    tls: Option<Tls>,
}

/// A connection on which a request was answered, or why not.
#[derive(Default)]
struct Conversed {
    attempts: Vec<ConnectAttempt>,
    tls: Option<TlsSeen>,
    head: Option<Head>,
    failure: Option<ProbeFailure>,
    wire: Option<Wire>,
    took_ms: u64,
}

impl Run {
    fn prepare(&mut self) -> Result<(), ProbeFailure> {
        if self.plan.is_tls {
            self.tls = Some(Tls::new(&self.plan)?);
        }
        self.addresses = addresses(&self.plan, self.deadline)?;
        Ok(())
    }

    fn all(&mut self, request: &Request, seen: &mut ProbeSeen, secrets: &mut Secrets) {
        let first = self.converse(request, secrets, true);
        seen.attempts.clone_from(&first.attempts);
        seen.tls.clone_from(&first.tls);
        seen.failure.clone_from(&first.failure);
        seen.answer = first.head.as_ref().map(|head| answer(head, first.took_ms, secrets));
        let mut tokens = vec![self.tokens(first.head.as_ref())];
        let mut each = vec![reconnected(&first)];
        self.keep_cookies(first.head.as_ref(), secrets);
        let is_open = first.failure.is_none();
        if let (true, Some(wire), Some(head)) = (is_open, first.wire, first.head) {
            let is_held = self.plan.idle.is_some();
            let time = self.plan.idle.unwrap_or(self.plan.settle);
            let asked =
                Asked { time, ping: self.plan.ping, is_deflate: is_deflate(&head), deadline: self.deadline };
            let held = hold(wire, head.rest, asked);
            if is_held || held.end != HoldEnd::StillOpen {
                seen.hold = Some(held);
            }
        }
        if self.plan.reconnects > 1 {
            for _ in 1..self.plan.reconnects {
                if Instant::now() >= self.deadline {
                    break;
                }
                let request = handshake(&self.plan, &generate_key());
                let mut next = self.converse(&request, secrets, true);
                tokens.push(self.tokens(next.head.as_ref()));
                each.push(reconnected(&next));
                self.keep_cookies(next.head.as_ref(), secrets);
                if let (None, Some(wire)) = (&next.failure, next.wire.take()) {
                    // As a page that is left: the server is told.
                    let asked = Asked {
                        time: Duration::ZERO,
                        ping: None,
                        is_deflate: false,
                        deadline: self.deadline,
                    };
                    hold(wire, Vec::new(), asked);
                }
            }
            let told = name(&mut each, &tokens, &self.plan.peer_headers);
            seen.reconnects = Some(ReconnectsSeen {
                asked: self.plan.reconnects,
                back_ends: told.as_ref().map(|(_, number)| *number),
                told_by: told.map(|(what, _)| what),
                each,
            });
        }
        seen.polling = self.plan.polling.map(|kind| self.poll(kind, secrets));
    }

    fn tokens(&self, head: Option<&Head>) -> Option<Tokens> {
        let plan = &self.plan;
        head.map(|head| Tokens::of(head, &plan.target, &plan.peer_headers, &plan.cookies))
    }

    /// A browser sends cookies back.
    fn keep_cookies(&mut self, head: Option<&Head>, secrets: &mut Secrets) {
        let Some(head) = head else { return };
        for (name, value) in
            head.all("Set-Cookie").filter_map(|value| crate::cookies::set(value, &self.plan.target))
        {
            secrets.add(value);
            self.plan.cookies.retain(|(known, _)| known != name);
            self.plan.cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    fn converse(&self, request: &Request, secrets: &Secrets, is_handshake: bool) -> Conversed {
        let deadline = self.deadline.min(Instant::now() + ANSWER);
        let (attempts, paced) = connect(&self.plan, &self.addresses, deadline);
        let mut conversed = Conversed { attempts, ..Conversed::default() };
        let opened = paced.and_then(|paced| match &self.tls {
            None => Ok(Wire::Plain(paced)),
            Some(tls) => {
                let start = Instant::now();
                let (seen, wire) = tls.open(paced, self.plan.now);
                conversed.tls = Some(seen);
                wire.map_err(|failure| unless_too_soon(failure, start.elapsed()))
            }
        });
        let mut wire = match opened {
            Ok(wire) => wire,
            Err(failure) => return Conversed { failure: Some(failure), ..conversed },
        };
        let start = Instant::now();
        // A server that closes early may have answered.
        let written = wire.write_all(&request.bytes()).and_then(|()| wire.flush());
        let head = read_head(&mut wire);
        conversed.took_ms = milliseconds(start.elapsed());
        match (head, written) {
            (Ok(head), _) => {
                conversed.failure = if is_handshake { fault(request, &head, secrets) } else { None };
                conversed.head = Some(head);
                conversed.wire = Some(wire);
            }
            (Err(failure), _) => conversed.failure = Some(unless_too_soon(failure, start.elapsed())),
        }
        conversed
    }

    fn poll(&mut self, kind: lint_finding::PollingKind, secrets: &mut Secrets) -> PollingSeen {
        let target = self.plan.target.clone();
        let known = secrets.clone();
        let mut set: Vec<String> = Vec::new();
        let mut ask = |ask: &Ask| {
            let request = ordinary(&self.plan, ask.method, &ask.target, ask.body);
            let conversed = self.converse(&request, &known, false);
            let (Some(head), Some(mut wire)) = (conversed.head, conversed.wire) else {
                let text = conversed.failure.map(|failure| failure.text).unwrap_or_default();
                return Told { status: None, body: text, took_ms: conversed.took_ms };
            };
            let mut ignored = Secrets::default();
            self.keep_cookies(Some(&head), &mut ignored);
            set.extend(
                head.all("Set-Cookie")
                    .filter_map(|value| crate::cookies::set(value, &target))
                    .map(|(_, value)| value.to_owned()),
            );
            let body = String::from_utf8_lossy(&body(&mut wire, &head, LONGEST_BODY)).into_owned();
            Told { status: Some(head.status), body, took_ms: conversed.took_ms }
        };
        let polled = poll(kind, &target, secrets, &mut ask);
        set.iter().for_each(|value| secrets.add(value));
        polled
    }
}

/// A failure, unless it is only that the run ended too soon to tell.
fn unless_too_soon(failure: ProbeFailure, waited: Duration) -> ProbeFailure {
    if failure.kind != ProbeFault::NoAnswer || waited >= ENOUGH {
        return failure;
    }
    let text = format!("{}: it had {:.1} s before --max-time ran out", failure.text, waited.as_secs_f32());
    ProbeFailure { kind: ProbeFault::TimeOver, text }
}

fn reconnected(conversed: &Conversed) -> Reconnected {
    let is_used = |attempt: &&ConnectAttempt| matches!(attempt.result, ConnectResult::Connected(_));
    Reconnected {
        address: conversed.attempts.iter().find(is_used).map(|attempt| attempt.address.clone()),
        status: conversed.head.as_ref().map(|head| head.status),
        failure: conversed.failure.clone(),
        back_end: None,
        took_ms: conversed.took_ms,
    }
}

fn answer(head: &Head, took_ms: u64, secrets: &Secrets) -> AnswerSeen {
    AnswerSeen {
        status: head.status,
        reason: head.reason.clone(),
        version: head.version.clone(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), secrets.field(name, value)))
            .collect(),
        took_ms,
    }
}

/// The beginning of a body, as far as it comes in time.
fn body(wire: &mut Wire, head: &Head, most: usize) -> Vec<u8> {
    let is_chunked = head.has_token("Transfer-Encoding", "chunked");
    let length = head.all("Content-Length").next().and_then(|value| value.trim().parse::<usize>().ok());
    let due = length.filter(|_| !is_chunked).unwrap_or(most).min(most);
    let mut bytes = head.rest.clone();
    let mut part = [0; 4096];
    while bytes.len() < due && !(is_chunked && unchunked(&bytes).1) {
        match wire.read(&mut part) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(part.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What came counts.
            Err(error) if is_late(&error) => break,
            Err(_) => break,
        }
    }
    let mut bytes = if is_chunked { unchunked(&bytes).0 } else { bytes };
    bytes.truncate(due);
    bytes
}

/// What is in chunks, and whether the last one is there.
fn unchunked(bytes: &[u8]) -> (Vec<u8>, bool) {
    let (mut out, mut rest) = (Vec::new(), bytes);
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        if size == 0 {
            return (out, true);
        }
        let Ok(size) = usize::try_from(size) else { break };
        let data = rest.get(start..).unwrap_or_default();
        out.extend_from_slice(data.get(..size.min(data.len())).unwrap_or_default());
        match size.checked_add(2).and_then(|behind| data.get(behind..)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    (out, false)
}
