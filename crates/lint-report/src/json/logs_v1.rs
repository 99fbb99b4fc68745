//! Version 1 of what `logs` says, frozen: fields are added, never changed or taken away.

use lint_finding as finding;
use serde::Serialize;

use super::rows::Rows;
use super::v1::{Notice, SettingsInEffect, Summary, Tool};

pub(crate) const SCHEMA: &str = "urn:nginx-ws-lint:logs:v1";
pub(crate) const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Output<'a> {
    pub(crate) schema: &'static str,
    pub(crate) version: u32,
    pub(crate) tool: Tool<'a>,
    pub(crate) inputs: Rows<'a, finding::LogInput, Input<'a>>,
    /// Requests of access logs, handshakes or not.
    pub(crate) requests: u64,
    /// Handshakes of which no location can be told.
    pub(crate) unplaced: u64,
    /// Whether any log tells `Upgrade`.
    pub(crate) knows_upgrade: bool,
    pub(crate) has_configuration: bool,
    /// Seconds since 1970 of the first and the last request.
    pub(crate) first: Option<i64>,
    pub(crate) last: Option<i64>,
    /// By how many seconds the clock of the writer is ahead of UTC.
    pub(crate) utc_offset_s: i32,
    pub(crate) total: Traffic<'a>,
    pub(crate) servers: Rows<'a, finding::LogServer, Server<'a>>,
    pub(crate) endpoints: Vec<Endpoint<'a>>,
    pub(crate) symptoms: Rows<'a, finding::LogSymptom, Symptom<'a>>,
    /// Lines of error logs that nothing is known of.
    pub(crate) unexplained: u64,
    /// Seconds since 1970 of each reload.
    pub(crate) reloads: &'a [i64],
    pub(crate) observations: Vec<Observation<'a>>,
    pub(crate) status: Option<Status<'a>>,
    /// The settings files that count.
    pub(crate) settings: Rows<'a, finding::SettingsInEffect, SettingsInEffect<'a>>,
    pub(crate) summary: Summary,
    pub(crate) notices: Rows<'a, finding::Notice, Notice<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Input<'a> {
    pub(crate) path: &'a str,
    /// `access`, `error` or `unknown`.
    pub(crate) kind: &'static str,
    pub(crate) format: &'a str,
    /// The `log_format` line.
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    /// The variables that would tell what is missing.
    pub(crate) lacks: &'a [&'static str],
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) unreadable: u64,
    pub(crate) cut: u64,
    pub(crate) control: u64,
    pub(crate) is_half: bool,
    pub(crate) clock_back: u64,
    /// The variable that tells how much was sent.
    pub(crate) sent: Option<&'static str>,
    /// The path of another log that has the same handshakes, which are counted twice.
    pub(crate) repeats: Option<&'a str>,
    pub(crate) problem: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Traffic<'a> {
    pub(crate) handshakes: u64,
    pub(crate) succeeded: u64,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) lifetimes: Option<Lifetimes>,
    pub(crate) bytes_sent: Option<u64>,
    pub(crate) bytes_received: Option<u64>,
    pub(crate) peak_open: Option<f64>,
    /// Disconnects of the worst minute; of logs of days at least so many.
    pub(crate) most_disconnects: f64,
    /// Seconds of a step of time.
    pub(crate) step_s: u64,
    pub(crate) moments: Vec<Moment>,
    pub(crate) peers: Vec<Peer<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) count: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Lifetimes {
    pub(crate) count: u64,
    pub(crate) p50_ms: u64,
    pub(crate) p90_ms: u64,
    pub(crate) p99_ms: u64,
    pub(crate) max_ms: u64,
    pub(crate) bars: Vec<Bar>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Bar {
    pub(crate) from_ms: u64,
    pub(crate) to_ms: u64,
    pub(crate) count: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Moment {
    /// Seconds since 1970.
    pub(crate) start: i64,
    pub(crate) handshakes: u64,
    pub(crate) refused: u64,
    pub(crate) disconnects: u64,
    /// WebSockets that were open, on average.
    pub(crate) open: f64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Peer<'a> {
    /// Empty for those that are not told apart.
    pub(crate) address: &'a str,
    pub(crate) handshakes: u64,
    pub(crate) succeeded: u64,
    /// Handshakes that failed there and went to another peer; they are none of `handshakes`.
    pub(crate) failed_over: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Server<'a> {
    pub(crate) server: &'a str,
    #[serde(flatten)]
    pub(crate) traffic: Traffic<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Endpoint<'a> {
    pub(crate) server: &'a str,
    pub(crate) location: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    /// The idle limit in effect.
    pub(crate) idle_timeout: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) traffic: Traffic<'a>,
    pub(crate) cliffs: Vec<Cliff<'a>>,
    pub(crate) causes: Rows<'a, finding::LikelyCause, Cause<'a>>,
    /// Lines by which nginx itself refuses.
    pub(crate) refusing: Rows<'a, finding::RefusingLine, Refusing<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Cliff<'a> {
    pub(crate) at_ms: u64,
    pub(crate) within_ms: u64,
    pub(crate) count: u64,
    pub(crate) of: u64,
    pub(crate) timed_out: Option<u64>,
    /// `limit`, `layers` or `no-configuration`.
    pub(crate) cause: &'static str,
    pub(crate) directive: Option<&'static str>,
    pub(crate) limit_ms: Option<u64>,
    pub(crate) is_default: Option<bool>,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    /// Proxies in front that have such a limit.
    pub(crate) layers: Vec<Layer<'a>>,
    pub(crate) text: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Layer<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_declared: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Cause<'a> {
    pub(crate) status: u16,
    pub(crate) severity: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) message: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Refusing<'a> {
    pub(crate) status: u16,
    pub(crate) text: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Symptom<'a> {
    pub(crate) title: &'static str,
    pub(crate) meaning: &'static str,
    /// Keys of docs/causes.md, the likeliest first.
    pub(crate) causes: &'a [&'static str],
    pub(crate) next: &'static str,
    pub(crate) lines: u64,
    pub(crate) tied: u64,
    pub(crate) first: Option<i64>,
    pub(crate) last: Option<i64>,
    pub(crate) example: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Observation<'a> {
    /// `reconnect-storm`, `refused-after-reload`, `refusing-peer`, `old-http-version`, `certificate-refused`, `reload-failed`.
    pub(crate) kind: &'static str,
    /// Seconds since 1970.
    pub(crate) at: Option<i64>,
    /// The index of the endpoint.
    pub(crate) endpoint: Option<usize>,
    /// Of the peer, or the one that nginx listens on.
    pub(crate) address: Option<&'a str>,
    pub(crate) text: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Status<'a> {
    pub(crate) source: &'a str,
    pub(crate) active: u64,
    pub(crate) accepted: Option<u64>,
    pub(crate) dropped: Option<u64>,
}
