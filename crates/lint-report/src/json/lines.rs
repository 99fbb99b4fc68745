//! One object a line: what a shell, a log collector or a database reads without having all of it in memory.

use std::io::{self, BufWriter, Write};

use lint_finding::Outcome;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::convert;
use super::pretty::write_text;
use super::v1;
use crate::ToolInfo;

const SCHEMA: &str = "urn:nginx-ws-lint:lines:v1";

/// An object with what it is.
#[derive(Serialize)]
struct Line<T> {
    r#type: &'static str,
    #[serde(flatten)]
    value: T,
}

/// The first line.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Run<'a> {
    schema: &'static str,
    version: u32,
    tool: v1::Tool<'a>,
}

/// What a line may be, for the schema.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(tag = "type", rename_all = "lowercase", title = "Line")]
#[expect(dead_code, reason = "this type is looked at, not made")]
pub(super) enum Any<'a> {
    Run(Run<'a>),
    Finding(v1::Finding<'a>),
    Suppressed(v1::Suppressed<'a>),
    Endpoint(v1::Endpoint<'a>),
    Notice(v1::Notice<'a>),
    File(v1::File<'a>),
    Summary(v1::Summary),
}

pub(crate) fn write(outcome: &Outcome, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    let out = &mut BufWriter::new(out);
    let tool = v1::Tool { name: tool.name, version: tool.version, commit: tool.commit };
    line("run", Run { schema: SCHEMA, version: 1, tool }, out)?;
    for finding in &outcome.findings {
        line("finding", convert::finding(outcome, finding), out)?;
    }
    for one in &outcome.suppressed {
        line("suppressed", convert::suppressed(outcome, one), out)?;
    }
    for row in &outcome.endpoints {
        line("endpoint", convert::endpoint(outcome, row), out)?;
    }
    for notice in &outcome.notices {
        line("notice", convert::notice(outcome, notice), out)?;
    }
    for report in &outcome.reports {
        line("file", convert::file(outcome, report), out)?;
    }
    line("summary", convert::summary(outcome), out)?;
    out.flush()
}

fn line<T: Serialize, W: Write>(r#type: &'static str, value: T, out: &mut W) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Compact);
    Line { r#type, value }.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// The layout of `serde_json::to_string`, with hazardous characters escaped.
struct Compact;

impl Formatter for Compact {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        write_text(fragment, out)
    }
}
