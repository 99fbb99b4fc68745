//! What a probe of a URL met, and how that compares with what a configuration says. Nothing in it is secret: whoever fills
//! it in has taken credentials out.

use crate::{Confidence, LayerGuess, Outcome, Place, Prospect, Responder, Severity};

/// What a probe met, and what the configuration says of it.
#[derive(Debug, Clone)]
pub struct ProbeReport {
    /// What was sent and seen.
    pub seen: ProbeSeen,
    /// What it amounts to.
    pub verdict: ProbeVerdict,
    /// What the answer's fields say of proxies in front, each with its field.
    pub layers: Vec<LayerSign>,
    /// The proxies that end connections at about the age at which the held one ended.
    pub guesses: Vec<LayerGuess>,
    /// What the configuration says; `None` if none was given.
    pub comparison: Option<ProbeComparison>,
    /// The files that places point into, and notices.
    pub outcome: Outcome,
}

/// What a probe amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeVerdict {
    /// Everything that was tried works.
    Works,
    /// Something of it fails.
    Fails,
    /// The server was not reached, so nothing can be said of it.
    Unknown,
}

impl ProbeVerdict {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }
}

/// What was sent and seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProbeSeen {
    /// The handshake.
    pub request: ProbedRequest,
    /// The addresses of the host, those that were not tried too.
    pub attempts: Vec<ConnectAttempt>,
    /// The TLS handshake, if there was one.
    pub tls: Option<TlsSeen>,
    /// The answer, if one came.
    pub answer: Option<AnswerSeen>,
    /// Why no WebSocket is open for a browser.
    pub failure: Option<ProbeFailure>,
    /// How the connection ended, if it was held.
    pub hold: Option<HoldSeen>,
    /// The handshakes that followed; none if they were not asked for.
    pub reconnects: Option<ReconnectsSeen>,
    /// The fallback over HTTP, if it was asked for.
    pub polling: Option<PollingSeen>,
}

/// The handshake that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProbedRequest {
    /// The URL, credentials hidden.
    pub url: String,
    /// The browser whose fields it has: `chrome` or `firefox`.
    pub browser: &'static str,
    /// The request line, credentials hidden.
    pub line: String,
    /// The fields in order, credentials hidden.
    pub headers: Vec<(String, String)>,
}

/// An address of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectAttempt {
    /// The address and the port.
    pub address: String,
    /// Whether it is one of IPv6.
    pub is_ipv6: bool,
    /// What came of it.
    pub result: ConnectResult,
}

/// What came of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectResult {
    /// It opened, after so many milliseconds.
    Connected(u64),
    /// It did not, for this reason.
    Failed(String),
    /// An earlier address was used.
    NotTried,
}

/// A TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSeen {
    /// `TLS 1.3`; `None` if the handshake did not get that far.
    pub version: Option<String>,
    /// The protocol that the server chose by ALPN; `None` if it chose none.
    pub alpn: Option<String>,
    /// The name that was asked for by SNI; `None` for an address.
    pub name: Option<String>,
    /// What the server sent, its own certificate first.
    pub chain: Vec<CertificateSeen>,
    /// How long the handshake took, in milliseconds.
    pub took_ms: u64,
}

/// A certificate that a server sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateSeen {
    /// The name that people call its subject.
    pub subject: String,
    /// The name that people call its issuer.
    pub issuer: String,
    /// The host names that it is for; the first few of many.
    pub names: Vec<String>,
    /// How many more names there are.
    pub more_names: usize,
    /// The first day on which it is valid, in UTC: `2026-01-31`.
    pub not_before: String,
    /// The last one.
    pub not_after: String,
    /// Days until then; negative if it has expired.
    pub days_left: i64,
    /// Whether subject and issuer are one.
    pub is_self_issued: bool,
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerSeen {
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// `HTTP/1.1`
    pub version: String,
    /// The fields in order, credentials hidden.
    pub headers: Vec<(String, String)>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl AnswerSeen {
    /// The first value of a field.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        all.next().map(|(_, value)| value.as_str())
    }
}

/// Why no WebSocket is open for a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFailure {
    /// For programs.
    pub kind: ProbeFault,
    /// In words.
    pub text: String,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeFault {
    /// The name has no address.
    NameNotFound,
    /// No connection could be opened, and no one refused it.
    Unreachable,
    /// The connection was refused.
    ConnectionRefused,
    /// No one trusted issued the certificate, or an intermediate one is missing.
    UnknownIssuer,
    /// The certificate is its own issuer, and not trusted.
    SelfSigned,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for other names.
    OtherName,
    /// The certificate is unacceptable for another reason.
    BadCertificate,
    /// The server does not speak HTTP/1.1 there, by ALPN.
    NoHttp11,
    /// The TLS handshake failed otherwise.
    TlsFailed,
    /// No answer came in time.
    NoAnswer,
    /// The connection was closed before an answer came.
    ClosedWithoutAnswer,
    /// What came is HTTP/2.
    Http2,
    /// What came is no HTTP.
    NotHttp,
    /// The head of the answer does not end.
    EndlessHead,
    /// The answer is a redirect, which browsers do not follow here.
    Redirected,
    /// The answer has another status than 101.
    OtherStatus,
    /// A 101 that breaks a rule of RFC 6455 section 4.1.
    BadHandshake,
    /// The time of the whole run was over first.
    TimeOver,
}

impl ProbeFault {
    /// The kebab-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NameNotFound => "name-not-found",
            Self::Unreachable => "unreachable",
            Self::ConnectionRefused => "connection-refused",
            Self::UnknownIssuer => "unknown-issuer",
            Self::SelfSigned => "self-signed",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::OtherName => "other-name",
            Self::BadCertificate => "bad-certificate",
            Self::NoHttp11 => "no-http11",
            Self::TlsFailed => "tls-failed",
            Self::NoAnswer => "no-answer",
            Self::ClosedWithoutAnswer => "closed-without-answer",
            Self::Http2 => "http2",
            Self::NotHttp => "not-http",
            Self::EndlessHead => "endless-head",
            Self::Redirected => "redirected",
            Self::OtherStatus => "other-status",
            Self::BadHandshake => "bad-handshake",
            Self::TimeOver => "time-over",
        }
    }

    /// Whether it says nothing of the server: it was not reached.
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::NameNotFound | Self::Unreachable | Self::TimeOver)
    }
}

/// How a connection fared that was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSeen {
    /// How long it was to be held, in milliseconds.
    pub asked_ms: u64,
    /// How often the client pinged, in milliseconds; `None` if it was silent.
    pub ping_every_ms: Option<u64>,
    /// How long it lasted after the answer, in milliseconds.
    pub lasted_ms: u64,
    /// How long neither side had sent anything when it ended, in milliseconds.
    pub silent_ms: u64,
    /// How it ended.
    pub end: HoldEnd,
    /// Messages that came whole.
    pub messages: u64,
    /// Pings that came; each was answered, as browsers do.
    pub pings: u64,
    /// The time between the last two pings that came, in milliseconds.
    pub pings_every_ms: Option<u64>,
    /// Pings that were sent.
    pub pings_sent: u64,
    /// Answers to them.
    pub pongs: u64,
    /// The longest time until one was answered, in milliseconds.
    pub slowest_pong_ms: Option<u64>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldEnd {
    /// It did not: it was open when its time was over.
    StillOpen,
    /// The server sent a close frame.
    CloseFrame {
        /// The code, if it had one.
        code: Option<u16>,
        /// Why, as the server says.
        reason: String,
    },
    /// The TCP connection was closed (FIN) without a close frame: browsers say 1006.
    Fin,
    /// The same in the middle of a frame, whose rest never came.
    FinInFrame,
    /// The TCP connection was reset (RST): browsers say 1006.
    Reset,
    /// A frame came that browsers refuse: they close with 1002, and say 1006.
    NotFrames(String),
    /// A frame is larger than what is read.
    TooLarge,
}

impl HoldEnd {
    /// Whether the other side closed the connection.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::CloseFrame { .. } | Self::Fin | Self::FinInFrame | Self::Reset)
    }

    /// The kebab-case word used in every format.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StillOpen => "still-open",
            Self::CloseFrame { .. } => "close-frame",
            Self::Fin => "fin",
            Self::FinInFrame => "fin-in-frame",
            Self::Reset => "reset",
            Self::NotFrames(_) => "not-frames",
            Self::TooLarge => "too-large",
        }
    }
}

/// Handshakes one after another, as of a page that is reloaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReconnectsSeen {
    /// How many there were to be, the first one included.
    pub asked: usize,
    /// Each of them, the first one included.
    pub each: Vec<Reconnected>,
    /// By what back ends are told apart, such as "header `X-Served-By`"; `None` if they cannot be.
    pub told_by: Option<String>,
    /// How many different back ends answered, if they can be told apart.
    pub back_ends: Option<usize>,
}

/// One handshake of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnected {
    /// The address that it went to.
    pub address: Option<String>,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// Why no WebSocket is open for a browser.
    pub failure: Option<ProbeFailure>,
    /// A letter for the back end: `A` for the first one.
    pub back_end: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// A fallback over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollingKind {
    /// Socket.IO's long polling.
    SocketIo,
    /// `SockJS`'s `xhr`.
    SockJs,
    /// SignalR's negotiation.
    SignalR,
}

impl PollingKind {
    /// The word used on the command line and in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SocketIo => "socketio",
            Self::SockJs => "sockjs",
            Self::SignalR => "signalr",
        }
    }
}

/// How the fallback over HTTP fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollingSeen {
    /// Which one.
    pub kind: PollingKind,
    /// Its requests in order; the last one is the one that failed, if one did.
    pub steps: Vec<PollingStep>,
    /// Whether it works.
    pub works: bool,
}

/// One request of a fallback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollingStep {
    /// Method and target, what is secret hidden.
    pub request: String,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// What it means, in words.
    pub text: String,
    /// Whether the answer is the one that is due.
    pub is_ok: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What a configuration says of a probed request, beside what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProbeComparison {
    /// Why nothing is predicted.
    pub problem: Option<String>,
    /// Whether nginx refuses to start with it.
    pub is_refused: bool,
    /// What it says, each way that is possible; those that agree with what was seen first.
    pub predicted: Vec<Prediction>,
    /// Whether what was seen is predicted; `None` if nothing was seen, or nothing is predicted.
    pub agrees: Option<bool>,
    /// In what they differ.
    pub differences: Vec<Difference>,
    /// The findings that explain what was seen, if it fails as predicted.
    pub causes: Vec<ProbeCause>,
}

/// What a configuration says of one request, on one of the ways that are possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// Which versions, in words.
    pub versions: String,
    /// What is taken to be so on this way.
    pub assumptions: Vec<String>,
    /// The status, if it is known.
    pub status: Option<u16>,
    /// Who answers.
    pub by: Responder,
    /// In words.
    pub text: String,
    /// The line.
    pub place: Option<Place>,
    /// `Location` of a redirect.
    pub location: Option<String>,
    /// The fields that `add_header` adds, if their values are known.
    pub fields: Vec<PredictedField>,
    /// How long neither side may send before nginx closes.
    pub idle: Option<TraceIdle>,
    /// Whether the handshake succeeds on this way.
    pub handshake: Prospect,
    /// Whether what was seen is this.
    pub agrees: bool,
    /// The condition under which it is, such as "if no one answers there".
    pub condition: Option<String>,
}

/// A field that nginx adds to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictedField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The line.
    pub place: Place,
}

/// How long nginx leaves a silent WebSocket open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceIdle {
    /// The directive.
    pub directive: &'static str,
    /// The limit in milliseconds; `None` if it is not known.
    pub milliseconds: Option<u64>,
    /// Whether it is the default.
    pub is_default: bool,
    /// The line that sets it, or the one that passes the request on.
    pub place: Option<Place>,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: DifferenceKind,
    /// What is predicted, in words.
    pub predicted: String,
    /// What was seen, in words.
    pub observed: String,
    /// Why that may be, the likeliest first.
    pub reasons: Vec<LikelyReason>,
}

/// What may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The status, or that there is an answer at all.
    Status,
    /// A field of the answer.
    Header,
    /// How long a silent connection lives.
    Idle,
}

impl DifferenceKind {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Header => "header",
            Self::Idle => "idle",
        }
    }
}

/// Why prediction and observation may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikelyReason {
    /// For programs.
    pub kind: ReasonKind,
    /// In words.
    pub text: String,
    /// The line.
    pub place: Option<Place>,
    /// The proxies whose limit it may be.
    pub layers: Vec<LayerGuess>,
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReasonKind {
    /// Another layer in front of nginx.
    Layer,
    /// Another configuration is running.
    OtherConfiguration,
    /// A file that was not given.
    Include,
    /// The back end decides.
    BackEnd,
    /// Traffic that the probe does not see kept it open.
    Traffic,
    /// A line of the configuration adds the field that browsers refuse.
    OwnField,
    /// A line of the configuration makes just this possible.
    Line,
}

impl ReasonKind {
    /// The kebab-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Layer => "layer",
            Self::OtherConfiguration => "other-configuration",
            Self::Include => "include",
            Self::BackEnd => "back-end",
            Self::Traffic => "traffic",
            Self::OwnField => "own-field",
            Self::Line => "line",
        }
    }
}

/// A finding that explains what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeCause {
    /// How bad it is.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The rule.
    pub rule: &'static str,
    /// What it says.
    pub message: String,
    /// The line.
    pub place: Place,
}

/// A field of an answer that tells of a proxy in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSign {
    /// The proxy.
    pub name: String,
    /// Whether all that is known is that it is not nginx.
    pub is_of_other: bool,
    /// The field.
    pub field: String,
}
