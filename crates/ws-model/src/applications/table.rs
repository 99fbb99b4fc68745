//! Reading the application table.

use std::sync::LazyLock;

use super::{
    Affinity, Application, HeaderLine, Heartbeat, HeartbeatBy, OriginCheck, PathKind, Port, Sure, WsPath,
};

/// The rows, as text.
pub(super) const TEXT: &str = include_str!("applications.tsv");

/// The rows; the first call reads them.
pub(super) fn get() -> &'static [Application] {
    static APPLICATIONS: LazyLock<Vec<Application>> =
        LazyLock::new(|| data_lines().filter_map(parse_row).collect());
    &APPLICATIONS
}

/// The lines that are not comments.
pub(super) fn data_lines() -> impl Iterator<Item = &'static str> {
    TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// One row; `None` if any field is malformed.
fn parse_row(line: &'static str) -> Option<Application> {
    let mut fields = line.split('\t');
    let mut field = || fields.next();
    // The fields are read in the order of the columns.
    let application = Application {
        id: field()?,
        name: field()?,
        names: words(field()?),
        weak_names: words(field()?),
        lines: parse_list(field()?, parse_line)?,
        ports: parse_list(field()?, parse_port)?,
        paths: parse_list(field()?, parse_path)?,
        example: Some(field()?).filter(|example| *example != "-"),
        transports: match field()? {
            "-" => None,
            "none" => Some(&[]),
            transports => Some(words(transports)),
        },
        fallback: Some(field()?).filter(|fallback| *fallback != "none"),
        heartbeat: parse_heartbeat(field()?, field()?, field()?)?,
        checks_origin: match field()? {
            "-" => None,
            "any" => Some(OriginCheck::Any),
            "host" => Some(OriginCheck::Host),
            "x-forwarded-host" => Some(OriginCheck::ForwardedHost),
            "allow-list" => Some(OriginCheck::AllowList),
            _ => return None,
        },
        needs_forwarded_proto: match field()? {
            "-" => None,
            "yes" => Some(true),
            "no" => Some(false),
            _ => return None,
        },
        needs_affinity: match field()? {
            "-" => None,
            "no" => Some(Affinity::No),
            "yes" => Some(Affinity::Yes),
            "polling-only" => Some(Affinity::PollingOnly),
            _ => return None,
        },
        rejects_http10: match field()? {
            "-" => None,
            "yes" => Some(true),
            "no" => Some(false),
            _ => return None,
        },
        upgrade_tokens: words(field()?),
        sources: words(field()?),
    };
    fields.next().is_none().then_some(application)
}

/// A list of words, or `-`. Leaked: this happens once, for a table that lives as long as the program.
fn words(field: &'static str) -> &'static [&'static str] {
    if field == "-" { &[] } else { field.split(' ').collect::<Vec<_>>().leak() }
}

/// A list of what `parse` reads, or `-`.
fn parse_list<T>(field: &'static str, parse: impl Fn(&'static str) -> Option<T>) -> Option<&'static [T]> {
    if field == "-" {
        return Some(&[]);
    }
    let list: Option<Vec<T>> = field.split(' ').map(parse).collect();
    Some(list?.leak())
}

/// `!X-Frappe-Site-Name` or `~Accept-Encoding:gzip`.
fn parse_line(text: &'static str) -> Option<HeaderLine> {
    let (weak, line) = parse_mark(text)?;
    let (field, value) = line.split_once(':').map_or((line, None), |(field, value)| (field, Some(value)));
    Some(HeaderLine { field, value, distinctive: !weak })
}

/// `!6001` or `~3000+`.
fn parse_port(text: &str) -> Option<Port> {
    let (weak, number) = parse_mark(text)?;
    let (number, shared) = number.strip_suffix('+').map_or((number, false), |number| (number, true));
    Some(Port { number: number.parse().ok()?, weak, shared })
}

/// `!prefix:/socket.io/`.
fn parse_path(text: &'static str) -> Option<WsPath> {
    let (weak, path) = parse_mark(text)?;
    let (kind, text) = path.split_once(':')?;
    let kind = match kind {
        "exact" => PathKind::Exact,
        "prefix" => PathKind::Prefix,
        "suffix" => PathKind::Suffix,
        "regex" => PathKind::Regex,
        _ => return None,
    };
    Some(WsPath { text, kind, distinctive: !weak })
}

/// Whether the text is marked weak (`~`) rather than the application's own (`!`), and the rest.
fn parse_mark(text: &str) -> Option<(bool, &str)> {
    match text.strip_prefix('!') {
        Some(rest) => Some((false, rest)),
        None => Some((true, text.strip_prefix('~')?)),
    }
}

/// The outer `None` is an error, the inner one an unknown heartbeat.
fn parse_heartbeat(seconds: &str, by: &str, sure: &str) -> Option<Option<Heartbeat>> {
    if seconds == "-" && by == "-" && sure == "-" {
        return Some(None);
    }
    let by = match by {
        "server" => HeartbeatBy::Server,
        "client" => HeartbeatBy::Client,
        "both" => HeartbeatBy::Both,
        "none" => HeartbeatBy::Nobody,
        _ => return None,
    };
    let sure = match sure {
        "low" => Sure::Low,
        "medium" => Sure::Medium,
        "high" => Sure::High,
        _ => return None,
    };
    Some(Some(Heartbeat { seconds: seconds.parse().ok()?, by, sure }))
}
