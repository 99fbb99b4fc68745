//! The format for programs.

mod convert;
mod endpoints;
mod endpoints_v1;
mod pretty;
mod rows;
mod trace;
mod trace_v1;
mod v1;

use std::io::{self, Write};

use lint_finding::{EndpointTable, Outcome, Trace};

use self::pretty::pretty;
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
