//! Version 1 of what `endpoints` says, frozen: fields are added, never changed or taken away.

use lint_finding as finding;
use serde::Serialize;

use super::rows::Rows;
use super::v1::{Endpoint, Notice, SettingsInEffect, Summary, Tool};

pub(crate) const SCHEMA: &str = "urn:nginx-ws-lint:endpoints:v1";
pub(crate) const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Output<'a> {
    pub(crate) schema: &'static str,
    pub(crate) version: u32,
    pub(crate) tool: Tool<'a>,
    pub(crate) endpoints: Rows<'a, finding::TableRow, Row<'a>>,
    /// The settings files that count.
    pub(crate) settings: Rows<'a, finding::SettingsInEffect, SettingsInEffect<'a>>,
    pub(crate) summary: Summary,
    pub(crate) notices: Rows<'a, finding::Notice, Notice<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Row<'a> {
    #[serde(flatten)]
    pub(crate) endpoint: Endpoint<'a>,
    /// `yes`, `no`, `both` or `unknown`.
    pub(crate) tls: &'static str,
    /// The name of the `upstream` that it goes to.
    pub(crate) group: Option<&'a str>,
    /// The lines that choose among the peers; none: in turn.
    pub(crate) balancing: Rows<'a, finding::PeerRow, Line<'a>>,
    pub(crate) peers: Rows<'a, finding::PeerRow, Line<'a>>,
    pub(crate) findings: Rows<'a, (finding::Severity, &'static str), Found<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Found<'a> {
    pub(crate) rule: &'a str,
    pub(crate) severity: &'static str,
}
