//! Version 1 of what `probe` says, frozen: fields are added, never changed or taken away.

use lint_finding as finding;
use serde::Serialize;

use super::rows::Rows;
use super::v1::{Notice, SettingsInEffect, Summary, Tool};

pub(crate) const SCHEMA: &str = "urn:nginx-ws-lint:probe:v1";
pub(crate) const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Output<'a> {
    pub(crate) schema: &'static str,
    pub(crate) version: u32,
    pub(crate) tool: Tool<'a>,
    pub(crate) request: Request<'a>,
    /// `works`, `fails` or `unknown`.
    pub(crate) verdict: &'static str,
    pub(crate) text: String,
    pub(crate) attempts: Vec<Attempt<'a>>,
    pub(crate) tls: Option<Tls<'a>>,
    pub(crate) answer: Option<Answer<'a>>,
    /// Why no WebSocket is open for a browser.
    pub(crate) failure: Option<Failure<'a>>,
    /// Proxies in front that the answer tells of.
    pub(crate) layers: Vec<Sign<'a>>,
    /// How the connection fared; of one that was not held only if it ended at once.
    pub(crate) hold: Option<Hold<'a>>,
    pub(crate) reconnects: Option<Reconnects<'a>>,
    pub(crate) polling: Option<Polling<'a>>,
    /// Without a configuration, nothing.
    pub(crate) comparison: Option<Comparison<'a>>,
    pub(crate) settings: Rows<'a, finding::SettingsInEffect, SettingsInEffect<'a>>,
    pub(crate) summary: Summary,
    pub(crate) notices: Rows<'a, finding::Notice, Notice<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Request<'a> {
    pub(crate) url: &'a str,
    /// `chrome` or `firefox`.
    pub(crate) browser: &'static str,
    pub(crate) line: &'a str,
    pub(crate) headers: Vec<Header<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Attempt<'a> {
    pub(crate) address: &'a str,
    pub(crate) is_ipv6: bool,
    /// `connected`, `failed` or `not-tried`.
    pub(crate) result: &'static str,
    pub(crate) took_ms: Option<u64>,
    pub(crate) text: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Tls<'a> {
    pub(crate) version: Option<&'a str>,
    pub(crate) alpn: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) took_ms: u64,
    pub(crate) chain: Vec<Certificate<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Certificate<'a> {
    pub(crate) subject: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) names: &'a [String],
    pub(crate) more_names: usize,
    pub(crate) not_before: &'a str,
    pub(crate) not_after: &'a str,
    pub(crate) days_left: i64,
    pub(crate) is_self_issued: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) reason: &'a str,
    pub(crate) version: &'a str,
    pub(crate) headers: Vec<Header<'a>>,
    pub(crate) took_ms: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Failure<'a> {
    pub(crate) kind: &'static str,
    pub(crate) text: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Sign<'a> {
    pub(crate) name: &'a str,
    pub(crate) field: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Layer<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_declared: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Hold<'a> {
    pub(crate) asked_ms: u64,
    pub(crate) ping_every_ms: Option<u64>,
    pub(crate) lasted_ms: u64,
    pub(crate) silent_ms: u64,
    /// `still-open`, `close-frame`, `fin`, `fin-in-frame`, `reset`, `not-frames` or `too-large`.
    pub(crate) end: &'static str,
    pub(crate) close_code: Option<u16>,
    pub(crate) close_reason: Option<&'a str>,
    pub(crate) messages: u64,
    pub(crate) pings: u64,
    pub(crate) pings_every_ms: Option<u64>,
    pub(crate) pings_sent: u64,
    pub(crate) pongs: u64,
    pub(crate) slowest_pong_ms: Option<u64>,
    /// Proxies with a limit of about this time.
    pub(crate) limit_of: Vec<Layer<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Reconnects<'a> {
    pub(crate) asked: usize,
    pub(crate) told_by: Option<&'a str>,
    pub(crate) back_ends: Option<usize>,
    pub(crate) each: Vec<Reconnect<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Reconnect<'a> {
    pub(crate) address: Option<&'a str>,
    pub(crate) status: Option<u16>,
    pub(crate) back_end: Option<&'a str>,
    pub(crate) failure: Option<Failure<'a>>,
    pub(crate) took_ms: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Polling<'a> {
    /// `socketio`, `sockjs` or `signalr`.
    pub(crate) kind: &'static str,
    pub(crate) works: bool,
    pub(crate) steps: Vec<PollingStep<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct PollingStep<'a> {
    pub(crate) request: &'a str,
    pub(crate) status: Option<u16>,
    pub(crate) is_ok: bool,
    pub(crate) text: &'a str,
    pub(crate) took_ms: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Comparison<'a> {
    /// Why nothing is predicted.
    pub(crate) problem: Option<&'a str>,
    /// Whether nothing says that nginx refuses to start.
    pub(crate) starts: bool,
    pub(crate) agrees: Option<bool>,
    pub(crate) predicted: Rows<'a, finding::Prediction, Prediction<'a>>,
    pub(crate) differences: Rows<'a, finding::Difference, Difference<'a>>,
    pub(crate) causes: Rows<'a, finding::ProbeCause, Cause<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Prediction<'a> {
    pub(crate) nginx: &'a str,
    pub(crate) assumptions: &'a [String],
    pub(crate) status: Option<u16>,
    /// `nginx`, `backend`, `nobody` or `unknown`.
    pub(crate) by: &'static str,
    pub(crate) text: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) location: Option<&'a str>,
    pub(crate) headers: Rows<'a, finding::PredictedField, PredictedHeader<'a>>,
    pub(crate) idle: Option<Idle<'a>>,
    pub(crate) handshake: &'static str,
    pub(crate) agrees: bool,
    pub(crate) condition: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct PredictedHeader<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    pub(crate) file: &'a str,
    pub(crate) line: u32,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Idle<'a> {
    pub(crate) directive: &'a str,
    pub(crate) limit_ms: Option<u64>,
    pub(crate) is_default: bool,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Difference<'a> {
    /// `status`, `header` or `idle`.
    pub(crate) what: &'static str,
    pub(crate) predicted: &'a str,
    pub(crate) observed: &'a str,
    pub(crate) reasons: Rows<'a, finding::LikelyReason, Reason<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Reason<'a> {
    /// `layer`, `other-configuration`, `include`, `back-end`, `traffic` or `own-field`.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) layers: Vec<Layer<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Cause<'a> {
    pub(crate) rule: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) confidence: &'static str,
    pub(crate) message: &'a str,
    pub(crate) file: &'a str,
    pub(crate) line: u32,
}
