//! What nginx does with one request, step by step.

use crate::{Outcome, Place, PredictedField, TraceIdle};

/// A request, followed from the socket to the answer.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What the client sends.
    pub request: TracedRequest,
    /// One for each nginx and each socket that makes a difference; none where no server takes the request.
    pub runs: Vec<TraceRun>,
    /// Why there is no run.
    pub problem: Option<String>,
    /// What it amounts to, over all runs.
    pub handshake: Prospect,
    /// Whether nginx does not start with what was given, as findings say.
    pub is_refused: bool,
    /// The command that sends the request.
    pub verify: String,
    /// The files that places point into, the findings on the way, notices.
    pub outcome: Outcome,
}

/// What the client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedRequest {
    /// As given.
    pub url: String,
    /// Whether it asks for a WebSocket.
    pub is_handshake: bool,
    /// The request line.
    pub line: String,
    /// The fields in order.
    pub headers: Vec<(String, String)>,
    /// From where, where that is given.
    pub client: Option<String>,
}

/// Whether a handshake can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prospect {
    /// It can.
    Succeeds,
    /// It cannot.
    Fails,
    /// That cannot be said.
    Unknown,
    /// The request is no handshake.
    NotAsked,
}

impl Prospect {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeds => "succeeds",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
            Self::NotAsked => "not-asked",
        }
    }
}

/// What one nginx does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRun {
    /// Which versions, in words: `1.18.0 to 1.29.6`.
    pub versions: String,
    /// The main file, where there is one.
    pub root: Option<String>,
    /// The socket.
    pub listen: String,
    /// Until the server is chosen.
    pub steps: Vec<TraceStep>,
    /// Each way from there; several where the configuration does not tell.
    pub ways: Vec<TraceWay>,
    /// Whether there are more ways than this program follows.
    pub is_cut: bool,
    /// Whether the socket expects a line of the PROXY protocol.
    pub has_proxy_protocol: bool,
    /// What it amounts to.
    pub handshake: Prospect,
}

/// One way through nginx's phases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceWay {
    /// What is not known and taken to be so on this way.
    pub assumptions: Vec<String>,
    /// What happens.
    pub steps: Vec<TraceStep>,
    /// What the back end receives, where it receives something that is known.
    pub sent: Option<SentRequest>,
    /// What the client gets.
    pub answer: TraceAnswer,
    /// The life of the connection, where one comes to be.
    pub after: Vec<TraceStep>,
    /// How long neither side may send before nginx closes, where a connection comes to be.
    pub idle: Option<TraceIdle>,
    /// The fields that `add_header` adds to the answer, as far as their values are known.
    pub fields: Vec<PredictedField>,
    /// What else lines on the way make possible. It is told where it was seen.
    pub possible: Vec<Possible>,
}

/// What a line makes possible when nginx runs, and no configuration decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Possible {
    /// The status of the answer; `None` for the end of a connection that is open.
    pub status: Option<u16>,
    /// Not sooner than so many milliseconds after the request, or after the answer for the end of a connection.
    pub after_ms: u64,
    /// In words.
    pub text: String,
    /// The line.
    pub place: Option<Place>,
}

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The socket.
    Listen,
    /// The server.
    Server,
    /// `set`, `if`, `rewrite`.
    Rewrite,
    /// The search of a location.
    Location,
    /// What may refuse.
    Access,
    /// `try_files`, `error_page`, internal redirects.
    Redirect,
    /// Where the request goes.
    Upstream,
    /// What ends a silent connection.
    Idle,
    /// What a reload does.
    Reload,
    /// What the logs show.
    Logs,
    /// A file that was not given.
    NotGiven,
}

impl Stage {
    /// The kebab-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Server => "server",
            Self::Rewrite => "rewrite",
            Self::Location => "location",
            Self::Access => "access",
            Self::Redirect => "redirect",
            Self::Upstream => "upstream",
            Self::Idle => "idle",
            Self::Reload => "reload",
            Self::Logs => "logs",
            Self::NotGiven => "not-given",
        }
    }
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceStep {
    /// What it is about.
    pub stage: Stage,
    /// In words.
    pub text: String,
    /// The line.
    pub place: Option<Place>,
    /// What is to be said besides: what was not chosen, and why.
    pub remarks: Vec<Remark>,
}

/// What is to be said besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// In words.
    pub text: String,
    /// The line.
    pub place: Option<Place>,
}

/// The request that the back end receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// The request line.
    pub line: String,
    /// The fields in order.
    pub fields: Vec<SentField>,
    /// What is not sent.
    pub dropped: Vec<SentField>,
}

/// Where a field of a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldOrigin {
    /// A `proxy_set_header`.
    Set,
    /// nginx's default.
    Default,
    /// The client.
    Client,
    /// A `proxy_set_header` of an outer level, which a nearer one drops.
    Lost,
}

impl FieldOrigin {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Default => "default",
            Self::Client => "client",
            Self::Lost => "lost",
        }
    }
}

/// A field that is sent, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentField {
    /// Its name as sent.
    pub name: String,
    /// Its value, where that is known.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: FieldOrigin,
    /// The line that sets it.
    pub place: Option<Place>,
    /// What else is to be said: what is known of a value that is not, why it is not sent.
    pub note: Option<String>,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Responder {
    /// nginx itself.
    Nginx,
    /// The back end.
    Backend,
    /// Nobody: the connection is closed.
    Nobody,
    /// That cannot be said.
    Unknown,
}

impl Responder {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Backend => "backend",
            Self::Nobody => "nobody",
            Self::Unknown => "unknown",
        }
    }
}

/// Another answer, under a condition that no configuration tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// The status.
    pub status: u16,
    /// Who says so.
    pub by: Responder,
    /// The condition, as the end of "502 from nginx instead, …".
    pub condition: String,
    /// The line that it is about.
    pub place: Option<Place>,
}

impl Instead {
    /// In words.
    pub fn text(&self) -> String {
        let by = match self.by {
            Responder::Nginx => "from nginx ",
            Responder::Backend => "from the back end ",
            Responder::Nobody | Responder::Unknown => "",
        };
        format!("{} {by}instead, {}", self.status, self.condition)
    }
}

/// What the client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceAnswer {
    /// The status, where it is known.
    pub status: Option<u16>,
    /// Who says so.
    pub by: Responder,
    /// Why, in one word for programs, where a back end refuses.
    pub reason: Option<&'static str>,
    /// The value of `Location`, for a redirect.
    pub location: Option<String>,
    /// In words.
    pub text: String,
    /// The line.
    pub place: Option<Place>,
    /// What it is instead where what no configuration tells is otherwise.
    pub instead: Vec<Instead>,
    /// What is to be said besides.
    pub remarks: Vec<Remark>,
    /// Whether it is a handshake that succeeded.
    pub handshake: Prospect,
}
