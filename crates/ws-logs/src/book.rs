//! Logs in, a report out: what is kept while lines are read.

use std::hash::RandomState;

use hashbrown::HashMap;
use lint_finding::{LogInput, LogKind};

use crate::heat::Heat;
use crate::messages::Messages;
use crate::places::{Key, Places, Resolver, has_transport, looks_like_handshake, shape_of};
use crate::record::Record;
use crate::repeats::Handshakes;
use crate::shape::{Lines, NamedFormat, Shape};
use crate::splitter::Splitter;
use crate::tally::Tally;
use crate::ties::About;

/// So many lines are looked at to see how a log is to be read.
const SAMPLE: usize = 64;
/// And so many bytes.
const SAMPLE_BYTES: usize = 1 << 18;
/// So many endpoints are told apart.
const MOST_ENDPOINTS: usize = 300;
/// And so many servers.
const MOST_SERVERS: usize = 100;
/// A line is written when its request ends, and workers buffer lines: times may go back by so many seconds.
const BACK: i64 = 60;
/// A time that is so many seconds away from that of the line before is believed when the next line says the same.
const LEAP: i64 = 40 * 86_400;
/// Seconds after a reload in which refusals are counted.
const AFTER_RELOAD: i64 = 60;
/// The longest host and path that is shown, in bytes.
const LONGEST: usize = 200;

/// How a log is read when nothing is told of it.
#[derive(Debug, Default)]
struct Sample {
    lines: Vec<Vec<u8>>,
    bytes: usize,
}

/// A log that is being read.
#[derive(Debug)]
struct Log {
    input: LogInput,
    /// Its name without folders.
    file: String,
    splitter: Splitter,
    sample: Option<Sample>,
    shape: Option<Shape>,
    /// The last time that was believed, and one that waits to be.
    last: Option<i64>,
    leap: Option<i64>,
    handshakes: Handshakes,
    scratch: Vec<u8>,
}

/// Handshakes in the minute after a reload.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AfterReload {
    pub(crate) handshakes: u64,
    pub(crate) refused: u64,
}

/// Everything but the logs.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) requests: u64,
    pub(crate) unplaced: u64,
    /// Whether any log tells `Upgrade`.
    pub(crate) knows_upgrade: bool,
    pub(crate) span: Option<(i64, i64)>,
    /// By how many seconds the clock of the writer is ahead of UTC.
    pub(crate) offset: Option<i32>,
    pub(crate) total: Tally,
    pub(crate) servers: HashMap<String, Tally>,
    pub(crate) endpoints: HashMap<Key, Tally>,
    pub(crate) messages: Messages,
    pub(crate) after_reloads: HashMap<i64, AfterReload>,
    pub(crate) heat: Heat,
    hasher: RandomState,
    places: Places,
    server_of: HashMap<usize, String>,
}

/// Reads logs; what it keeps does not grow with the number of lines.
pub struct Book<'r> {
    pub(crate) resolver: &'r dyn Resolver,
    formats: Vec<NamedFormat>,
    /// The one that all logs have, where the user says so.
    forced: Option<NamedFormat>,
    logs: Vec<Log>,
    pub(crate) counted: Counted,
}

/// A log of a [`Book`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogId(usize);

impl<'r> Book<'r> {
    /// An empty one. `formats` are those of the configuration, `forced` is the one that the user names for all logs.
    #[must_use]
    pub fn new(resolver: &'r dyn Resolver, formats: Vec<NamedFormat>, forced: Option<NamedFormat>) -> Self {
        Self { resolver, formats, forced, logs: Vec::new(), counted: Counted::default() }
    }

    /// Begins a log. Error logs come first: their lines wait for those of the requests that they are about.
    pub fn open(&mut self, path: &str) -> LogId {
        let file = path.rsplit('/').next().unwrap_or(path).to_owned();
        let input = LogInput {
            path: path.to_owned(),
            kind: LogKind::Unknown,
            format: String::new(),
            place: None,
            line: None,
            lacks: Vec::new(),
            lines: 0,
            bytes: 0,
            unreadable: 0,
            cut: 0,
            control: 0,
            is_half: false,
            clock_back: 0,
            sent: None,
            repeats: None,
            problem: None,
        };
        self.logs.push(Log {
            input,
            file,
            splitter: Splitter::default(),
            sample: Some(Sample::default()),
            shape: None,
            last: None,
            leap: None,
            handshakes: Handshakes::default(),
            scratch: Vec::new(),
        });
        LogId(self.logs.len() - 1)
    }

    /// The next bytes of a log.
    pub fn feed(&mut self, log: LogId, bytes: &[u8]) {
        let Self { resolver, formats, forced, logs, counted } = self;
        let Some(log) = logs.get_mut(log.0) else { return };
        log.input.bytes += bytes.len() as u64;
        let mut splitter = std::mem::take(&mut log.splitter);
        splitter.push(bytes, |line| {
            log.input.cut += u64::from(line.is_cut);
            log.line(line.text, formats, forced.as_ref(), counted, *resolver);
        });
        log.splitter = splitter;
    }

    /// What was fed so far is told of as it is, though the log goes on.
    pub fn settle(&mut self, log: LogId) {
        let Self { resolver, formats, forced, logs, counted } = self;
        if let Some(log) = logs.get_mut(log.0) {
            log.settle(formats, forced.as_ref(), counted, *resolver);
        }
    }

    /// The end of a log; `problem` says why it was not read to its end.
    pub fn close(&mut self, log: LogId, problem: Option<String>) {
        let Self { resolver, formats, forced, logs, counted } = self;
        let Some(log) = logs.get_mut(log.0) else { return };
        let rest = log.splitter.finish();
        log.input.is_half = rest.is_some();
        if let Some(rest) = rest {
            log.line(&rest, formats, forced.as_ref(), counted, *resolver);
        }
        log.settle(formats, forced.as_ref(), counted, *resolver);
        let is_none_read =
            log.shape.is_some() && log.input.lines > 0 && log.input.unreadable == log.input.lines;
        let unread = is_none_read.then(|| "no line of it is written in this format".to_owned());
        log.input.problem = problem.or_else(|| log.input.problem.take()).or(unread);
    }

    pub(crate) fn inputs(&self) -> Vec<LogInput> {
        let told = |(number, log): (usize, &Log)| {
            let before = self.logs.iter().take(number);
            let mut same = before.filter(|before| before.handshakes.repeats(&log.handshakes));
            LogInput { repeats: same.next().map(|before| before.input.path.clone()), ..log.input.clone() }
        };
        self.logs.iter().enumerate().map(told).collect()
    }

    /// Whether any access log was read.
    pub(crate) fn has_access(&self) -> bool {
        self.logs.iter().any(|log| log.input.kind == LogKind::Access)
    }
}

impl Log {
    fn line(
        &mut self,
        line: &[u8],
        formats: &[NamedFormat],
        forced: Option<&NamedFormat>,
        counted: &mut Counted,
        resolver: &dyn Resolver,
    ) {
        self.input.lines += 1;
        // Most lines are plain ASCII, which one pass tells.
        let is_control = |byte: &u8| *byte < 0x20 && *byte != b'\t' || *byte == 0x7f;
        self.input.control += u64::from(line.iter().any(is_control));
        let Some(sample) = &mut self.sample else {
            self.read(line, counted, resolver);
            return;
        };
        sample.bytes += line.len();
        sample.lines.push(line.to_vec());
        if sample.lines.len() >= SAMPLE || sample.bytes >= SAMPLE_BYTES {
            self.settle(formats, forced, counted, resolver);
        }
    }

    /// Decides how the log is to be read, and reads what came so far.
    fn settle(
        &mut self,
        formats: &[NamedFormat],
        forced: Option<&NamedFormat>,
        counted: &mut Counted,
        resolver: &dyn Resolver,
    ) {
        let Some(sample) = self.sample.take() else { return };
        let lines: Vec<Vec<u8>> = sample.lines.iter().filter(|line| !line.is_empty()).cloned().collect();
        let shape = match forced {
            // It is about access logs; an error log beside them is one all the same.
            Some(forced) => Shape::of(&lines, &self.file, std::slice::from_ref(forced))
                .filter(|shape| matches!(shape.lines, Lines::Messages))
                .or_else(|| Some(Shape::forced(forced, &lines))),
            None => Shape::of(&lines, &self.file, formats),
        };
        if shape.is_none() && lines.is_empty() {
            // An empty log is read again when it has lines.
            self.sample = Some(sample);
            return;
        }
        match &shape {
            None => {
                self.input.problem =
                    Some("neither requests nor messages of nginx can be read in it; `--log-format` names its format".to_owned());
            }
            Some(shape) => {
                self.input.kind = match &shape.lines {
                    Lines::Messages => LogKind::Error,
                    Lines::Format { .. } | Lines::Json { .. } => LogKind::Access,
                };
                if let Lines::Format { line, .. } = &shape.lines {
                    self.input.line = *line;
                }
                self.input.format = shape.words();
                self.input.lacks = shape.lacks();
                self.input.sent = shape.sent();
                counted.knows_upgrade |= self.input.kind == LogKind::Access && shape.tells_upgrade();
            }
        }
        self.shape = shape;
        for line in sample.lines {
            self.read(&line, counted, resolver);
        }
    }

    fn read(&mut self, line: &[u8], counted: &mut Counted, resolver: &dyn Resolver) {
        if line.is_empty() {
            return;
        }
        let Some(shape) = &self.shape else {
            self.input.unreadable += 1;
            return;
        };
        let Self { input, file, last, leap, handshakes, scratch, .. } = self;
        let is_read = shape.inner(line, scratch).is_some_and(|line| match &shape.lines {
            Lines::Messages => counted.messages.add(line),
            lines => {
                lines
                .request(line, |record, request| {
                    let seconds = record.when.map(|when| when.seconds);
                    if let Some(seconds) = seconds {
                        let is_leap = last.is_some_and(|last| last.abs_diff(seconds) > LEAP.unsigned_abs());
                        let is_said_twice =
                            leap.is_some_and(|leap| leap.abs_diff(seconds) <= LEAP.unsigned_abs());
                        if is_leap && !is_said_twice {
                            *leap = Some(seconds);
                            input.clock_back += 1;
                            return;
                        }
                        *leap = None;
                        input.clock_back += u64::from(last.is_some_and(|last| seconds < last - BACK));
                        *last = Some(seconds);
                    }
                    if counted.request(record, request, file, resolver) {
                        handshakes.add(record, &counted.hasher);
                    }
                })
                .is_some()
                // A container writes its messages to the same log.
                || counted.messages.add(line)
            }
        });
        input.unreadable += u64::from(!is_read);
    }
}

impl Counted {
    /// Counts a request; whether it was a handshake.
    fn request(
        &mut self,
        record: &Record<'_>,
        request: Option<&[u8]>,
        file: &str,
        resolver: &dyn Resolver,
    ) -> bool {
        self.requests += 1;
        if let Some(when) = record.when {
            let at = when.seconds;
            let (first, last) = self.span.unwrap_or((at, at));
            self.span = Some((first.min(at), last.max(at)));
            self.offset = self.offset.or(when.offset);
        }
        let Some(number) = self.handshake(record, file, resolver) else { return false };
        let offset = i64::from(record.when.and_then(|when| when.offset).or(self.offset).unwrap_or(0));
        let clock = record.when.map(|when| when.seconds + offset);
        let timed_out = clock.is_some_and(|seconds| {
            let (connection, client) = (record.connection, record.client);
            let about = About { connection, client, request, seconds };
            self.messages.timed_out(about, record.status == 101)
        });
        if let Some(clock) = clock {
            let age = record.duration.filter(|_| record.status == 101).unwrap_or(0) / 1_000;
            self.after_reload(clock.saturating_sub_unsigned(age), record.status != 101);
        }
        let key = match number {
            Some(number) => Key::Location(number),
            None => {
                self.unplaced += u64::from(resolver.is_there());
                let text = |bytes: &[u8]| {
                    String::from_utf8_lossy(bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default())
                        .into_owned()
                };
                let host = text(record.server_name.or(record.host).unwrap_or_default());
                Key::Path(host, shape_of(&text(record.path())))
            }
        };
        let server = match &key {
            Key::Location(number) => {
                let name = || resolver.location(*number).map(|location| location.server).unwrap_or_default();
                self.server_of.entry(*number).or_insert_with(name).clone()
            }
            Key::Path(host, _) => host.clone(),
            Key::Others => String::new(),
        };
        let is_full = self.endpoints.len() >= MOST_ENDPOINTS && !self.endpoints.contains_key(&key);
        let key = if is_full { Key::Others } else { key };
        let is_full = self.servers.len() >= MOST_SERVERS && !self.servers.contains_key(&server);
        let server = if is_full { String::new() } else { server };
        self.total.add(record, timed_out);
        let endpoint = self.endpoints.entry(key).or_default();
        endpoint.add(record, timed_out);
        endpoint.refine(record);
        self.servers.entry(server).or_default().add(record, timed_out);
        if let (101, Some(age), Some(when)) = (record.status, record.duration, record.when) {
            self.heat.add(when.seconds, age);
        }
        true
    }

    /// Whether a request was a handshake, and the number of its location where that is known.
    fn handshake(
        &mut self,
        record: &Record<'_>,
        file: &str,
        resolver: &dyn Resolver,
    ) -> Option<Option<usize>> {
        if record.status == 101 || record.asks == Some(true) {
            return Some(self.places.locate(record, file, resolver));
        }
        // What does not ask for an upgrade, where that is logged, is none. Of 499 nobody knows what it would have been.
        if record.asks == Some(false) || record.method != b"GET" || has_transport(record, b"polling") {
            return None;
        }
        let looks_like_one = looks_like_handshake(record);
        if !resolver.is_there() {
            return looks_like_one.then_some(None);
        }
        // To follow each request of a log would take long, and most are answered with a page.
        if record.status < 300 && !looks_like_one {
            return None;
        }
        let number = self.places.locate(record, file, resolver);
        let is_one = looks_like_one
            || number.is_some_and(|number| self.places.refused_handshake(number, record.status, resolver));
        is_one.then_some(number)
    }

    /// `clock` is when the handshake was, by the writer's clock.
    fn after_reload(&mut self, clock: i64, is_refused: bool) {
        let reloads = &self.messages.reloads;
        let before = reloads.partition_point(|reload| *reload <= clock);
        let last = before.checked_sub(1).and_then(|index| reloads.get(index));
        if let Some(reload) = last.filter(|reload| clock - **reload <= AFTER_RELOAD) {
            let after = self.after_reloads.entry(*reload).or_default();
            after.handshakes += 1;
            after.refused += u64::from(is_refused);
        }
    }
}
