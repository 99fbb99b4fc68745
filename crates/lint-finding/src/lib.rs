//! Findings as plain data: what every rule says, every format prints and every later pass reads.
//!
//! No behaviour, no I/O and no serialisation lives here; the output formats have shapes of their own.

mod endpoint;
mod finding;
mod fingerprint;
mod fixes;
mod graph;
mod logs;
mod outcome;
mod probe;
mod rule;
mod trace;

pub use endpoint::{
    EndpointRow, EndpointTable, EvidenceKind, EvidenceRow, Origin, PeerRow, Setting, TableRow, Tls,
};
pub use finding::{
    Applicability, Confidence, Edit, EndpointName, Finding, Fix, Label, LabelRole, Severity, Suppressed, Text,
};
pub use fingerprint::{Fingerprint, fingerprint, fingerprint_v2};
pub use fixes::{FixReport, FixRow};
pub use graph::{Graph, GraphEdge, GraphNode, GraphPart, NodeKind};
pub use logs::{
    Cliff, CliffCause, HeatMap, LayerGuess, LifetimeBar, Lifetimes, LikelyCause, LogEndpoint, LogInput,
    LogKind, LogReport, LogServer, LogSymptom, Moment, Observation, PeerTraffic, RefusingLine, StatusPage,
    Traffic,
};
pub use nginx_syntax::{FileId, Place};
pub use outcome::{
    Baseline, BaselineRow, File, FileReport, FileStatus, NotJudged, Notice, NoticeCode, Outcome,
    SettingsInEffect, Summary, ViewName,
};
pub use probe::{
    AnswerSeen, CertificateSeen, ConnectAttempt, ConnectResult, Difference, DifferenceKind, HoldEnd,
    HoldSeen, LayerSign, LikelyReason, PollingKind, PollingSeen, PollingStep, PredictedField, Prediction,
    ProbeCause, ProbeComparison, ProbeFailure, ProbeFault, ProbeReport, ProbeSeen, ProbeVerdict,
    ProbedRequest, ReasonKind, Reconnected, ReconnectsSeen, TlsSeen, TraceIdle,
};
pub use rule::{FixKind, Group, RuleMeta, Tells};
pub use trace::{
    FieldOrigin, Instead, Possible, Prospect, Remark, Responder, SentField, SentRequest, Stage, Trace,
    TraceAnswer, TraceRun, TraceStep, TraceWay, TracedRequest,
};
