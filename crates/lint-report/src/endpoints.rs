//! The endpoints with the values in effect there and the lines that set them, for the human format.

use std::io::{self, Write};

use lint_finding::{EndpointRow, Origin, Outcome, Setting};
use unicode_width::UnicodeWidthStr;

use crate::position::path_line;
use crate::{Style, escape};

pub(crate) fn write(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for row in &outcome.endpoints {
        write_one(outcome, row, style, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// One of them, without an empty line at the end.
pub(crate) fn write_one(
    outcome: &Outcome,
    row: &EndpointRow,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (bold, plain) = if style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let place = path_line(outcome, row.place);
    writeln!(out, "{bold}location {}{plain} ({place})", escape(&row.location))?;
    let facts = facts(outcome, row);
    let widest = facts.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    for (name, text) in facts {
        let pad = " ".repeat(widest - name.width());
        writeln!(out, "  {name}{pad}  {text}")?;
    }
    Ok(())
}

fn facts(outcome: &Outcome, row: &EndpointRow) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, text: String| facts.push((escape(name).into_owned(), text));
    fact("server", list(&row.server_names));
    fact("listen", list(&row.listens));
    fact("upstream", escape(&row.upstream).into_owned());
    for evidence in &row.evidence {
        let at = evidence.place.map(|place| format!(" ({})", path_line(outcome, place))).unwrap_or_default();
        fact("evidence", format!("{}: {}{at}", evidence.kind.name(), escape(&evidence.text)));
    }
    fact("confidence", row.confidence.name().to_owned());
    fact("HTTP version", setting(outcome, &row.http_version));
    fact("Upgrade", setting(outcome, &row.upgrade));
    fact("Connection", setting(outcome, &row.connection));
    fact("Host", setting(outcome, &row.host));
    for (name, value) in row.other_headers.iter() {
        fact(name, setting(outcome, value));
    }
    fact("idle timeout", setting(outcome, &row.idle_timeout));
    facts
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "none written".to_owned() } else { escape(&words.join(" ")).into_owned() }
}

/// `value (origin, path:line; note)`.
fn setting(outcome: &Outcome, setting: &Setting) -> String {
    let (value, origin) = match (&setting.value, setting.origin) {
        (None, Origin::Unknown) => ("unknown".into(), None),
        (None, origin) => ("nothing".into(), Some(origin.name())),
        (Some(value), origin) => (escape(value), Some(origin.name())),
    };
    let place = setting.place.map(|place| path_line(outcome, place));
    let from = origin.map(str::to_owned).into_iter().chain(place).collect::<Vec<_>>().join(", ");
    let note = setting.note.as_ref().map(|note| escape(note).into_owned());
    let details = Some(from).filter(|from| !from.is_empty()).into_iter().chain(note).collect::<Vec<_>>();
    if details.is_empty() { value.into_owned() } else { format!("{value} ({})", details.join("; ")) }
}
