//! From a table of endpoints to its version 1.

use lint_finding::{EndpointTable, PeerRow, TableRow};

use super::convert::{endpoint, notice, optional_line, settings, summary};
use super::{endpoints_v1, v1};
use crate::ToolInfo;

pub(crate) fn output<'a>(table: &'a EndpointTable, tool: &ToolInfo<'a>) -> endpoints_v1::Output<'a> {
    let outcome = &table.outcome;
    let lines = |lines: &'a [PeerRow]| -> Vec<endpoints_v1::Line<'a>> {
        let line = |peer: &'a PeerRow| {
            let (file, line) = optional_line(outcome, Some(peer.place));
            endpoints_v1::Line { text: &peer.text, file, line }
        };
        lines.iter().map(line).collect()
    };
    let row = |row: &'a TableRow| endpoints_v1::Row {
        endpoint: endpoint(outcome, &row.endpoint),
        tls: row.tls.name(),
        group: row.group.as_deref(),
        balancing: lines(&row.balancing),
        peers: lines(&row.peers),
        findings: row
            .findings
            .iter()
            .map(|(severity, rule)| endpoints_v1::Found { rule, severity: severity.name() })
            .collect(),
    };
    endpoints_v1::Output {
        schema: endpoints_v1::SCHEMA,
        version: endpoints_v1::VERSION,
        tool: v1::Tool { name: tool.name, version: tool.version, commit: tool.commit },
        endpoints: table.rows.iter().map(row).collect(),
        settings: settings(outcome),
        summary: summary(outcome),
        notices: outcome.notices.iter().map(|own| notice(outcome, own)).collect(),
    }
}
