//! What nginx's logs say about WebSockets, beside what the configuration says.

use crate::{Outcome, Place, Setting, Severity};

/// What a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogKind {
    /// One line for each request.
    Access,
    /// nginx's messages.
    Error,
    /// Neither could be told.
    Unknown,
}

impl LogKind {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

/// A log that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogInput {
    /// Its path, as people see it; `-` is standard input.
    pub path: String,
    /// What it holds.
    pub kind: LogKind,
    /// The format of its lines, in words; empty for an error log.
    pub format: String,
    /// The `log_format` line, if the configuration defines it.
    pub place: Option<Place>,
    /// The number of that line for whoever gave the formats.
    pub line: Option<usize>,
    /// What its lines do not tell, each as the variable that would.
    pub lacks: Vec<&'static str>,
    /// Its lines.
    pub lines: u64,
    /// Bytes of text, decompressed.
    pub bytes: u64,
    /// Lines that do not fit the format.
    pub unreadable: u64,
    /// Lines that were cut because they are too long.
    pub cut: u64,
    /// Lines with control characters.
    pub control: u64,
    /// Whether the last line has no end.
    pub is_half: bool,
    /// Lines whose time is more than a minute before that of the line above.
    pub clock_back: u64,
    /// The variable by which its lines tell how much was sent.
    pub sent: Option<&'static str>,
    /// The path of another log that has the same handshakes: they are counted twice.
    pub repeats: Option<String>,
    /// Why it was not read to its end.
    pub problem: Option<String>,
}

/// So many connections ended at an age of `from_ms` to `to_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifetimeBar {
    /// Milliseconds, included.
    pub from_ms: u64,
    /// Milliseconds, not included.
    pub to_ms: u64,
    /// How many.
    pub count: u64,
}

/// How long WebSockets lived, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lifetimes {
    /// How many are known.
    pub count: u64,
    /// Half of them lived no longer.
    pub p50: u64,
    /// Nine of ten lived no longer.
    pub p90: u64,
    /// 99 of 100 lived no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
    /// The histogram, whose bars end at ages that people think in.
    pub bars: Vec<LifetimeBar>,
}

/// One step of time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moment {
    /// When it begins, in seconds since 1970.
    pub start: i64,
    /// Handshakes that were answered.
    pub handshakes: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// WebSockets that ended.
    pub disconnects: u64,
    /// How many were open on average.
    pub open: f64,
}

/// What became of handshakes that one peer answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerTraffic {
    /// Its address as logged.
    pub address: String,
    /// Handshakes.
    pub handshakes: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Handshakes that failed there and that nginx passed on to another peer; they are none of `handshakes`.
    pub failed_over: u64,
}

/// The WebSockets of a server, of an endpoint, or of all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traffic {
    /// Handshakes.
    pub handshakes: u64,
    /// Those answered with 101.
    pub succeeded: u64,
    /// The others by status, the most frequent first.
    pub refusals: Vec<(u16, u64)>,
    /// How long they lived; `None` if no line tells.
    pub lifetimes: Option<Lifetimes>,
    /// Bytes sent to clients over WebSockets; `None` if no line tells.
    pub bytes_sent: Option<u64>,
    /// Bytes received from clients over WebSockets; `None` if no line tells.
    pub bytes_received: Option<u64>,
    /// The highest average of open WebSockets in a step of time; `None` if no line tells how long they lived.
    pub peak_open: Option<f64>,
    /// The width of a step of time, in seconds: a minute, more for logs of days.
    pub step_s: u64,
    /// The steps in which something happened or was open, in order.
    pub moments: Vec<Moment>,
    /// The disconnects of the worst minute; of logs of days at least so many.
    pub most_disconnects: f64,
    /// The peers, the busiest first; more than are kept are counted as one without an address.
    pub peers: Vec<PeerTraffic>,
}

/// What ends WebSockets at one age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CliffCause {
    /// A limit of the configuration.
    Limit {
        /// The directive, such as `proxy_read_timeout`.
        directive: &'static str,
        /// What it says, in milliseconds.
        milliseconds: u64,
        /// The line that sets it, or the `proxy_pass` line if it is the default.
        place: Place,
        /// Whether it is the default.
        is_default: bool,
    },
    /// The configuration says otherwise: these proxies come with such a limit, those that the settings name first.
    Layers(Vec<LayerGuess>),
    /// There was no configuration to compare with, and these have such a limit.
    NoConfiguration(Vec<LayerGuess>),
}

/// A proxy in front that may be the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerGuess {
    /// Its name for messages.
    pub name: String,
    /// Whether the settings say that it stands in front.
    pub is_declared: bool,
}

/// Many WebSockets that ended at one age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cliff {
    /// The age, in milliseconds.
    pub at_ms: u64,
    /// By how much they differ, in milliseconds.
    pub within_ms: u64,
    /// How many ended there.
    pub count: u64,
    /// Out of how many.
    pub of: u64,
    /// Those of `count` for which the error log says that nginx's timer ended them; `None` if no error log tells.
    pub timed_out: Option<u64>,
    /// What ends them.
    pub cause: CliffCause,
}

/// A finding that explains refusals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikelyCause {
    /// The status that it explains.
    pub status: u16,
    /// How bad it is.
    pub severity: Severity,
    /// The rule.
    pub rule: &'static str,
    /// What it says.
    pub message: String,
    /// Its line.
    pub place: Place,
}

/// The WebSockets of one location, or of one path if no configuration was given.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEndpoint {
    /// What people call the server; empty if neither log nor configuration tells.
    pub server: String,
    /// What stands behind the word `location`, or the path.
    pub location: String,
    /// The word `location` of its block; `None` for a path that no configuration was asked about.
    pub place: Option<Place>,
    /// How long neither side may send before nginx closes.
    pub idle_timeout: Option<Setting>,
    /// What the log says.
    pub traffic: Traffic,
    /// The steps in its lifetimes, the largest first.
    pub cliffs: Vec<Cliff>,
    /// Findings of the linter that may explain its refusals.
    pub causes: Vec<LikelyCause>,
    /// Lines by which nginx refuses itself, without asking a back end.
    pub refusing: Vec<RefusingLine>,
}

/// A line by which nginx itself refuses handshakes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusingLine {
    /// The status.
    pub status: u16,
    /// Why, in words.
    pub text: String,
    /// The line.
    pub place: Place,
}

/// The WebSockets of one server.
#[derive(Debug, Clone, PartialEq)]
pub struct LogServer {
    /// What people call it; empty if neither log nor configuration tells.
    pub server: String,
    /// What the log says.
    pub traffic: Traffic,
}

/// What an error log says again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSymptom {
    /// What it is called.
    pub title: &'static str,
    /// What has happened.
    pub meaning: &'static str,
    /// Keys of causes, the likeliest first.
    pub causes: &'static [&'static str],
    /// What to look at next.
    pub next: &'static str,
    /// How many lines say so.
    pub lines: u64,
    /// How many of them belong to a WebSocket or handshake of the access logs.
    pub tied: u64,
    /// When the first and the last were written, in seconds since 1970.
    pub span: Option<(i64, i64)>,
    /// One of them, shortened.
    pub example: String,
}

/// What was observed over all endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// Many WebSockets ended together, and as many came again.
    ReconnectStorm {
        /// When, in seconds since 1970.
        at: i64,
        /// How many ended in this step of time.
        disconnects: u64,
        /// How many handshakes came in this step and the next one.
        handshakes: u64,
        /// What is usual in a step.
        usual: u64,
    },
    /// Handshakes were refused within a minute after nginx read its configuration again.
    RefusedAfterReload {
        /// When it did, in seconds since 1970.
        at: i64,
        /// How many were refused.
        refused: u64,
        /// Out of how many.
        of: u64,
    },
    /// One peer refuses much more than the others.
    RefusingPeer {
        /// The index of the endpoint.
        endpoint: usize,
        /// The peer.
        address: String,
        /// How many it refused.
        refused: u64,
        /// Out of how many.
        of: u64,
        /// What the other peers refused.
        others_refused: u64,
        /// Out of how many.
        others_of: u64,
    },
    /// An endpoint refuses handshakes, and its requests go out as HTTP/1.0.
    OldHttpVersion {
        /// The index of the endpoint.
        endpoint: usize,
        /// How many back ends refused.
        refused: u64,
        /// The line, or the `proxy_pass` line where it is the default.
        place: Place,
    },
    /// After a reload clients end TLS handshakes because of the certificate.
    CertificateRefused {
        /// The address that nginx listens on, as it logs it.
        listen: String,
        /// When nginx read its configuration again, in seconds since 1970; `None` if the certificate expired meanwhile.
        reload: Option<i64>,
        /// When the first and the last refused it.
        span: (i64, i64),
        /// When nginx read its configuration again and they stopped.
        mended: Option<i64>,
        /// What they said, the most frequent first, with how often.
        alerts: Vec<(&'static str, u64)>,
        /// The lines of the certificates of that address.
        places: Vec<Place>,
    },
    /// nginx could not read its configuration again, and went on with the one before.
    ReloadFailed {
        /// When, in seconds since 1970.
        at: i64,
        /// What it says.
        text: String,
        /// The line of the certificate that it could not load.
        place: Option<Place>,
    },
}

/// How many connections nginx says are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// Where it was read from.
    pub source: String,
    /// Connections of clients, WebSockets and others.
    pub active: u64,
    /// Accepted so far.
    pub accepted: Option<u64>,
    /// Dropped because there were too many.
    pub dropped: Option<u64>,
}

/// A heat map: how many WebSockets ended when, at which age.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeatMap {
    /// When the first column begins, in seconds since 1970.
    pub start: i64,
    /// The width of a column, in seconds.
    pub step_s: u64,
    /// The lower end of each row's ages, in milliseconds, in order.
    pub rows_from_ms: Vec<u64>,
    /// By column, then row: how many.
    pub columns: Vec<Vec<u64>>,
}

/// What the logs say.
#[derive(Debug, Clone, Default)]
pub struct LogReport {
    /// The logs.
    pub inputs: Vec<LogInput>,
    /// Requests in them, WebSockets or not.
    pub requests: u64,
    /// Handshakes of which no location could be told.
    pub unplaced: u64,
    /// Whether refused handshakes are told from other requests by `Upgrade`; else by their path and query alone.
    pub knows_upgrade: bool,
    /// Whether an access log was read.
    pub has_access: bool,
    /// Whether there was a configuration to compare with.
    pub has_configuration: bool,
    /// By how many seconds the clock of whoever wrote the logs is ahead of UTC.
    pub utc_offset_s: i32,
    /// The times of the first and the last line, in seconds since 1970.
    pub span: Option<(i64, i64)>,
    /// All WebSockets.
    pub total: Traffic,
    /// By server, the busiest first.
    pub servers: Vec<LogServer>,
    /// By endpoint, the busiest first.
    pub endpoints: Vec<LogEndpoint>,
    /// What the error logs say, the most frequent first.
    pub symptoms: Vec<LogSymptom>,
    /// Lines of error logs that nothing is known of.
    pub unexplained: u64,
    /// When nginx read its configuration again, in seconds since 1970; at most so many as are kept.
    pub reloads: Vec<i64>,
    /// What else was observed.
    pub observations: Vec<Observation>,
    /// Ages over time.
    pub heat: HeatMap,
    /// What nginx says itself.
    pub status: Option<StatusPage>,
    /// The files that places point into, and notices.
    pub outcome: Outcome,
}
