//! The endpoints as a table: for a terminal, for Markdown, for a spreadsheet.

use std::io::{self, Write};

use lint_finding::{EndpointTable, Origin, Outcome, Setting, Severity, TableRow};

use crate::position::path_line;
use crate::wrap::wrap;
use crate::{Style, columns, endpoints, escape, human, silenced};

const HEADINGS: [&str; 11] = [
    "SERVER",
    "LISTEN",
    "TLS",
    "LOCATION",
    "EVIDENCE",
    "UPSTREAM",
    "HTTP",
    "UPGRADE",
    "CONNECTION",
    "IDLE",
    "FINDINGS",
];

type Cells = [String; HEADINGS.len()];

/// A table where it fits, else a block for each endpoint; blocks with the lines that set each value when verbose.
pub(crate) fn write(table: &EndpointTable, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let style = &Style { width: style.width.max(40), ..*style };
    if style.verbose {
        for row in &table.rows {
            verbose(&table.outcome, row, style, out)?;
        }
    } else {
        let rows: Vec<Cells> = table.rows.iter().map(cells).collect();
        if rows.is_empty() || !columns::write(HEADINGS, &rows, style, out)? {
            for (index, row) in rows.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                block(row, style, out)?;
            }
        }
        if !rows.is_empty() && (style.summary || !table.outcome.notices.is_empty()) {
            writeln!(out)?;
        }
    }
    human::notices(&table.outcome, style, out)?;
    if style.summary {
        human::skipped(&table.outcome, style, out)?;
    }
    if style.summary {
        match table.rows.len() {
            0 => writeln!(out, "no WebSocket endpoint"),
            1 => writeln!(out, "1 WebSocket endpoint"),
            n => writeln!(out, "{n} WebSocket endpoints"),
        }?;
        silenced::write(&table.outcome, out)?;
    }
    Ok(())
}

/// What a narrow terminal shows: location and server, then a line for each of the others.
fn block(row: &Cells, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (bold, plain) = if style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let [server, listen, tls, location, evidence, upstream, http, upgrade, connection, idle, findings] = row;
    writeln!(out, "{bold}location {location}{plain}")?;
    let tls = if tls == "yes" { " (TLS)" } else { "" };
    let facts = [
        ("server", format!("{server}, {listen}{tls}")),
        ("evidence", evidence.clone()),
        ("upstream", upstream.clone()),
        ("sends", format!("HTTP/{http}, Upgrade: {upgrade}, Connection: {connection}")),
        ("idle", idle.clone()),
        ("findings", findings.clone()),
    ];
    for (name, text) in facts {
        for (index, line) in wrap(&text, style.width.saturating_sub(12)).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            writeln!(out, "  {name:8}  {line}")?;
        }
    }
    Ok(())
}

fn verbose(outcome: &Outcome, row: &TableRow, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    endpoints::write_one(outcome, &row.endpoint, style, out)?;
    writeln!(out, "  TLS           {}", row.tls.name())?;
    if row.peers.len() > 1 {
        let how = match &*row.balancing {
            [] => "in turn".to_owned(),
            lines => list(
                lines
                    .iter()
                    .map(|line| format!("{} ({})", escape(&line.text), path_line(outcome, line.place))),
            ),
        };
        writeln!(out, "  balancing     {how}")?;
    }
    for peer in row.peers.iter() {
        writeln!(out, "  peer          {} ({})", escape(&peer.text), path_line(outcome, peer.place))?;
    }
    for (severity, rule) in &row.findings {
        writeln!(out, "  finding       {severity}: {rule}")?;
    }
    writeln!(out)
}

fn list(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn cells(row: &TableRow) -> Cells {
    let TableRow { endpoint, tls, group, peers, balancing, findings } = row;
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let mut kinds: Vec<&str> = endpoint.evidence.iter().map(|evidence| evidence.kind.name()).collect();
    kinds.dedup();
    let mut upstream = escape(&endpoint.upstream).into_owned();
    if group.is_some() {
        let how = match &**balancing {
            _ if peers.len() < 2 => String::new(),
            [] => ", in turn".to_owned(),
            lines => format!(", {}", list(lines.iter().map(|line| escape(&line.text).into_owned()))),
        };
        let noun = if peers.len() == 1 { "peer" } else { "peers" };
        upstream.push_str(&format!(" ({} {noun}{how})", peers.len()));
    }
    let found = list(findings.iter().map(|(severity, rule)| match severity {
        Severity::Error => format!("error: {rule}"),
        Severity::Warning => format!("warning: {rule}"),
        Severity::Info | Severity::Pedantic => (*rule).to_owned(),
    }));
    [
        or_dash(list(endpoint.server_names.iter().map(|name| escape(name).into_owned()))),
        or_dash(list(endpoint.listens.iter().map(|listen| escape(listen).into_owned()))),
        tls.name().to_owned(),
        escape(&endpoint.location).into_owned(),
        list(kinds.into_iter().map(str::to_owned)),
        upstream,
        value(&endpoint.http_version),
        value(&endpoint.upgrade),
        value(&endpoint.connection),
        value(&endpoint.idle_timeout),
        or_dash(found),
    ]
}

/// The value alone; `?` where it is not known, with a question mark where a file that was not given may change it. A
/// default may hold for some versions only.
fn value(setting: &Setting) -> String {
    match (&setting.value, setting.origin) {
        (Some(value), Origin::Default) => match setting.note.as_deref().filter(|note| note.contains("nginx"))
        {
            Some(note) => format!("{} ({})", escape(value), escape(note)),
            None => escape(value).into_owned(),
        },
        (_, Origin::Unknown) => "?".to_owned(),
        (None, Origin::Assumed) => "none?".to_owned(),
        (None, _) => "none".to_owned(),
        (Some(value), Origin::Assumed) => format!("{}?", escape(value)),
        (Some(value), _) => escape(value).into_owned(),
    }
}

/// A table of GitHub's Markdown.
pub(crate) fn markdown(table: &EndpointTable, out: &mut dyn Write) -> io::Result<()> {
    let headings = HEADINGS.map(str::to_lowercase);
    writeln!(out, "| {} |", headings.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(HEADINGS.len()))?;
    for row in &table.rows {
        let cells = cells(row).map(|cell| plain_markdown(&cell));
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// Text that Markdown leaves as it is.
fn plain_markdown(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' => {
                plain.push('\\');
                plain.push(character);
            }
            character => plain.push(character),
        }
    }
    plain
}

/// RFC 4180, with a line of headings.
pub(crate) fn csv(table: &EndpointTable, out: &mut dyn Write) -> io::Result<()> {
    let mut write = |cells: &Cells| {
        let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
        write!(out, "{}\r\n", cells.join(","))
    };
    write(&HEADINGS.map(str::to_lowercase))?;
    table.rows.iter().try_for_each(|row| write(&cells(row)))
}

/// What spreadsheets would take for a formula begins with an apostrophe.
pub(crate) fn csv_cell(text: &str) -> String {
    let is_formula = text.len() > 1 && text.starts_with(['=', '+', '-', '@']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
