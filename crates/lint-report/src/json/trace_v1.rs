//! Version 1 of what `trace` says, frozen: fields are added, never changed or taken away.

use lint_finding as finding;
use serde::Serialize;

use super::rows::Rows;
use super::v1::{Finding, Notice, SettingsInEffect, Summary, Tool};

pub(crate) const SCHEMA: &str = "urn:nginx-ws-lint:trace:v1";
pub(crate) const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Output<'a> {
    pub(crate) schema: &'static str,
    pub(crate) version: u32,
    pub(crate) tool: Tool<'a>,
    pub(crate) request: Request<'a>,
    /// `succeeds`, `fails`, `unknown` or `not-asked`.
    pub(crate) handshake: &'static str,
    /// Why there is no run.
    pub(crate) problem: Option<&'a str>,
    /// Whether nothing says that nginx refuses to start.
    pub(crate) starts: bool,
    pub(crate) runs: Rows<'a, finding::TraceRun, Run<'a>>,
    pub(crate) findings: Rows<'a, finding::Finding, Finding<'a>>,
    pub(crate) verify: &'a str,
    /// The settings files that count.
    pub(crate) settings: Rows<'a, finding::SettingsInEffect, SettingsInEffect<'a>>,
    pub(crate) summary: Summary,
    pub(crate) notices: Rows<'a, finding::Notice, Notice<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Request<'a> {
    pub(crate) url: &'a str,
    pub(crate) is_handshake: bool,
    pub(crate) line: &'a str,
    pub(crate) headers: Rows<'a, (String, String), Header<'a>>,
    pub(crate) client: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Run<'a> {
    pub(crate) nginx: &'a str,
    pub(crate) root: Option<&'a str>,
    pub(crate) listen: &'a str,
    pub(crate) handshake: &'static str,
    pub(crate) steps: Rows<'a, finding::TraceStep, Step<'a>>,
    pub(crate) ways: Rows<'a, finding::TraceWay, Way<'a>>,
    /// Whether there are more ways than this program follows.
    pub(crate) is_cut: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Step<'a> {
    pub(crate) stage: &'static str,
    pub(crate) text: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) remarks: Rows<'a, finding::Remark, Remark<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Remark<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Way<'a> {
    pub(crate) assumptions: &'a [String],
    pub(crate) steps: Rows<'a, finding::TraceStep, Step<'a>>,
    /// What the back end receives.
    pub(crate) sent: Option<Sent<'a>>,
    pub(crate) answer: Answer<'a>,
    /// The life of the connection.
    pub(crate) after: Rows<'a, finding::TraceStep, Step<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Sent<'a> {
    pub(crate) line: &'a str,
    pub(crate) fields: Rows<'a, finding::SentField, Field<'a>>,
    pub(crate) dropped: Rows<'a, finding::SentField, Field<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Option<&'a str>,
    /// `set`, `default`, `client` or `lost`.
    pub(crate) origin: &'static str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) note: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Answer<'a> {
    pub(crate) status: Option<u16>,
    /// `nginx`, `backend`, `nobody` or `unknown`.
    pub(crate) by: &'static str,
    /// Why a strict back end refuses, in one word.
    pub(crate) reason: Option<&'static str>,
    /// `Location` of a redirect.
    pub(crate) location: Option<&'a str>,
    pub(crate) text: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) instead: Rows<'a, finding::Instead, Instead<'a>>,
    pub(crate) remarks: Rows<'a, finding::Remark, Remark<'a>>,
    pub(crate) handshake: &'static str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Instead<'a> {
    pub(crate) status: u16,
    /// `nginx` or `backend`.
    pub(crate) by: &'static str,
    pub(crate) text: String,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}
