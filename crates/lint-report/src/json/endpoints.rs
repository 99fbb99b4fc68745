//! From a table of endpoints to its version 1.

use lint_finding::{EndpointTable, Outcome, PeerRow, TableRow};

use super::convert::{endpoint, notices, optional_line, settings, summary};
use super::rows::Rows;
use super::{endpoints_v1, v1};
use crate::ToolInfo;

pub(crate) fn output<'a>(table: &'a EndpointTable, tool: &ToolInfo<'a>) -> endpoints_v1::Output<'a> {
    let outcome = &table.outcome;
    endpoints_v1::Output {
        schema: endpoints_v1::SCHEMA,
        version: endpoints_v1::VERSION,
        tool: v1::Tool { name: tool.name, version: tool.version, commit: tool.commit },
        endpoints: Rows::new(outcome, &table.rows, row),
        settings: settings(outcome),
        summary: summary(outcome),
        notices: notices(outcome),
    }
}

fn row<'a>(outcome: &'a Outcome, row: &'a TableRow) -> endpoints_v1::Row<'a> {
    endpoints_v1::Row {
        endpoint: endpoint(outcome, &row.endpoint),
        tls: row.tls.name(),
        group: row.group.as_deref(),
        balancing: Rows::new(outcome, &row.balancing, line),
        peers: Rows::new(outcome, &row.peers, line),
        findings: Rows::new(outcome, &row.findings, |_, (severity, rule)| endpoints_v1::Found {
            rule,
            severity: severity.name(),
        }),
    }
}

fn line<'a>(outcome: &'a Outcome, peer: &'a PeerRow) -> endpoints_v1::Line<'a> {
    let (file, line) = optional_line(outcome, Some(peer.place));
    endpoints_v1::Line { text: &peer.text, file, line }
}
