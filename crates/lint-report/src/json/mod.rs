//! The format for programs.

mod baseline_v1;
mod convert;
mod endpoints;
mod endpoints_v1;
mod lines;
mod logs;
mod logs_v1;
mod pretty;
mod probe;
mod probe_v1;
mod rows;
mod rules_v1;
#[cfg(feature = "schema")]
mod schema;
mod trace;
mod trace_v1;
mod v1;

use std::io::{self, Write};

use lint_finding::{EndpointTable, LogReport, Outcome, ProbeReport, RuleMeta, Trace};

pub use self::baseline_v1::{BaselineEntry, BaselineFile};
pub(crate) use self::lines::write as write_lines;
pub(crate) use self::pretty::pretty;
pub(crate) use self::rows::Rows;
#[cfg(feature = "schema")]
pub use self::schema::output_schemas;
use crate::ToolInfo;

pub(crate) fn write(outcome: &Outcome, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    pretty(&convert::output(outcome, tool), out)
}

pub(crate) fn write_trace(trace: &Trace, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    pretty(&trace::output(trace, tool), out)
}

pub(crate) fn write_endpoints(
    table: &EndpointTable,
    tool: &ToolInfo<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    pretty(&endpoints::output(table, tool), out)
}

pub(crate) fn write_logs(report: &LogReport, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    pretty(&logs::output(report, tool), out)
}

pub(crate) fn write_rules(rules: &[&RuleMeta], out: &mut dyn Write) -> io::Result<()> {
    pretty(&rules_v1::output(rules), out)
}

pub(crate) fn write_baseline(file: &BaselineFile, out: &mut dyn Write) -> io::Result<()> {
    pretty(file, out)
}

pub(crate) fn write_probe(report: &ProbeReport, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    pretty(&probe::output(report, tool), out)
}
