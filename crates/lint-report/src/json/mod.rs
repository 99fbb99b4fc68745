//! The format for programs.

mod convert;
mod endpoints;
mod endpoints_v1;
mod trace;
mod trace_v1;
mod v1;

use std::io::{self, Write};

use lint_finding::{EndpointTable, Outcome, Trace};
use serde::Serialize;

use crate::ToolInfo;
use crate::command::hashes;
use crate::escape::is_hazardous;

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

fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    out.write_all(escaped(&text).as_bytes())?;
    writeln!(out)
}

/// Escapes what `serde_json` leaves as it is and a terminal or a CI system would obey; such characters stand in strings
/// only, as LF is the only control character between them. The values stay what they are. Every line begins with a quote or a
/// bracket, so `::` never does.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut hashes = hashes(text.as_bytes()).peekable();
    for (at, c) in text.char_indices() {
        let is_command = hashes.next_if_eq(&at).is_some();
        if c == '\n' || !(is_command || is_hazardous(c)) {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}
