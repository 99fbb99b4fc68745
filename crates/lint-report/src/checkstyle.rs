//! Checkstyle's XML, which many CI systems and plugins read.
//!
//! <https://github.com/checkstyle/checkstyle>, `XMLLogger`: `error` elements in a `file` each, with `line`, `column`,
//! `severity` (`error`, `warning`, `info`), `message` and `source`.

use std::io::{self, Write};

use lint_finding::{Finding, Outcome, Severity};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

use crate::position::Position;
use crate::xml::xml_attribute;

pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let files = outcome.findings.chunk_by(|one, other| one.primary.place.file == other.primary.place.file);
    xml.create_element("checkstyle")
        .with_attribute(("version", "4.3"))
        .write_inner_content(|xml| files.into_iter().try_for_each(|findings| file(outcome, findings, xml)))?;
    writeln!(out)
}

fn file<W: Write>(outcome: &Outcome, findings: &[Finding], xml: &mut Writer<W>) -> io::Result<()> {
    let Some(first) = findings.first() else { return Ok(()) };
    let name = xml_attribute(outcome.path(first.primary.place.file));
    xml.create_element("file").with_attribute(("name", name.as_str())).write_inner_content(|xml| {
        for finding in findings {
            let Position { start, .. } = Position::of(outcome, finding.primary.place);
            let (line, column) = (start.line.to_string(), start.column.to_string());
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Pedantic => "info",
            };
            let source = format!("nginx-ws-lint.{}", finding.rule.name);
            xml.create_element("error")
                .with_attribute(("line", line.as_str()))
                .with_attribute(("column", column.as_str()))
                .with_attribute(("severity", severity))
                .with_attribute(("message", xml_attribute(&finding.message).as_str()))
                .with_attribute(("source", source.as_str()))
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}
