//! Endpoints as rows of a table: plain values, each with where it comes from.

use lint_finding::{Confidence, EndpointRow, EvidenceKind, EvidenceRow, FileId, Origin, Place, Setting};
use nginx_semantics::{At, ContextKind, Directive, Value, VersionRange, defaults, listens, time};
use ws_model::{Browser, Endpoint, Header, HeaderSource, HttpVersion, IdleLimit, IdleSource, Line};

pub(crate) fn endpoint(endpoint: &Endpoint<'_>, versions: VersionRange) -> EndpointRow {
    let configuration = endpoint.configuration;
    let server = configuration.enclosing(endpoint.context, ContextKind::Server);
    let handshake = endpoint.handshake.as_ref();
    let passed_on = || Setting {
        value: None,
        origin: Origin::Default,
        place: None,
        note: Some("the module passes the client's header fields on".to_owned()),
    };
    EndpointRow {
        place: place(endpoint.at()),
        server_names: endpoint.server_names(),
        listens: server.map(|server| listens(configuration, server)).unwrap_or_default(),
        location: endpoint.location_text(),
        evidence: endpoint.evidence.iter().map(evidence).collect(),
        confidence: confidence(endpoint),
        upstream: String::from_utf8_lossy(&endpoint.pass.target()).into_owned(),
        http_version: handshake
            .map_or_else(passed_on, |handshake| http_version(&handshake.version, versions)),
        upgrade: handshake.map_or_else(passed_on, |handshake| header(&handshake.upgrade, None, None)),
        connection: handshake.map_or_else(passed_on, |handshake| connection(&handshake.connection, versions)),
        host: handshake.map_or_else(passed_on, |handshake| {
            header(&handshake.host, Some("$proxy_host".to_owned()), None)
        }),
        other_headers: handshake
            .map(|handshake| others(&handshake.others, handshake.is_here))
            .unwrap_or_default(),
        idle_timeout: endpoint.idle.as_ref().map_or_else(passed_on, idle),
    }
}

fn place(at: At) -> Place {
    Place { file: FileId(at.file.0), span: at.span }
}

fn directive_place(directive: &Directive<'_>) -> Option<Place> {
    Some(place(directive.visible().at()))
}

fn evidence(evidence: &ws_model::Evidence) -> EvidenceRow {
    let kind = match evidence.kind {
        ws_model::EvidenceKind::Declared => EvidenceKind::Declared,
        ws_model::EvidenceKind::Configured => EvidenceKind::Configured,
        ws_model::EvidenceKind::ApplicationPath | ws_model::EvidenceKind::Application => {
            EvidenceKind::Application
        }
        ws_model::EvidenceKind::Name => EvidenceKind::Named,
    };
    EvidenceRow { kind, text: evidence.text.clone(), place: evidence.at.map(place) }
}

fn confidence(endpoint: &Endpoint<'_>) -> Confidence {
    match endpoint.strongest() {
        _ if endpoint.is_certain() => Confidence::High,
        ws_model::EvidenceKind::Name => Confidence::Low,
        _ => Confidence::Medium,
    }
}

fn origin(is_here: bool) -> Origin {
    if is_here { Origin::Here } else { Origin::Inherited }
}

fn default_origin(is_assumed: bool) -> Origin {
    if is_assumed { Origin::Assumed } else { Origin::Default }
}

/// An include that was not given stands where the value may be set.
fn unknown() -> Setting {
    let note = Some("an include that was not given may set it".to_owned());
    Setting { value: None, origin: Origin::Unknown, place: None, note }
}

fn header(header: &Header<'_>, default: Option<String>, note: Option<String>) -> Setting {
    match header.source {
        HeaderSource::Unknown(_) => unknown(),
        HeaderSource::Default { is_assumed } => {
            Setting { value: default, origin: default_origin(is_assumed), place: None, note }
        }
        HeaderSource::Set { is_here } => match header.lines.as_slice() {
            [] => Setting { value: None, origin: origin(is_here), place: None, note: None },
            [line, more @ ..] => {
                let note = (!more.is_empty()).then(|| format!("sent {} times", more.len() + 1));
                Setting { note: note.or_else(|| written_note(line)), ..setting(line, is_here) }
            }
        },
    }
}

fn setting(line: &Line<'_>, is_here: bool) -> Setting {
    let value = sent(line).unwrap_or_else(|| String::from_utf8_lossy(&line.written).into_owned());
    let value = (!value.is_empty()).then_some(value);
    Setting { value, origin: origin(is_here), place: directive_place(&line.directive), note: None }
}

/// The value that browsers' handshakes lead to, where it is known.
fn sent(line: &Line<'_>) -> Option<String> {
    let known: Vec<&[u8]> =
        Browser::ALL.iter().filter_map(|browser| Value::as_known(line.value(*browser))).collect();
    match known.as_slice() {
        [chrome, firefox] if chrome == firefox => Some(String::from_utf8_lossy(chrome).into_owned()),
        _ => None,
    }
}

fn written_note(line: &Line<'_>) -> Option<String> {
    let written = String::from_utf8_lossy(&line.written).into_owned();
    (sent(line).is_some_and(|sent| sent != written)).then(|| format!("written `{written}`"))
}

fn connection(connection: &Header<'_>, versions: VersionRange) -> Setting {
    let is_new = defaults::HTTP11_BY_DEFAULT;
    let (default, note) = if versions.all_since(is_new) {
        (None, None)
    } else if versions.any_since(is_new) {
        (Some("close".to_owned()), Some(format!("before nginx {is_new}; none since")))
    } else {
        (Some("close".to_owned()), None)
    };
    header(connection, default, note)
}

fn http_version(version: &HttpVersion<'_>, versions: VersionRange) -> Setting {
    match version {
        HttpVersion::Unknown(_) => unknown(),
        HttpVersion::Set { directive, version, is_here } => Setting {
            value: Some(version.clone()),
            origin: origin(*is_here),
            place: directive_place(directive),
            note: None,
        },
        HttpVersion::Default { is_assumed } => {
            let default = defaults::http_version(versions);
            let note =
                default.is_none().then(|| format!("before nginx {}; 1.1 since", defaults::HTTP11_BY_DEFAULT));
            let value = Some(default.unwrap_or("1.0").to_owned());
            Setting { value, origin: default_origin(*is_assumed), place: None, note }
        }
    }
}

fn idle(idle: &IdleLimit<'_>) -> Setting {
    let value = idle.milliseconds.map(time::display_ms);
    let note = Some(idle.directive_name.as_str().to_owned());
    match idle.source {
        IdleSource::Unknown(_) => unknown(),
        IdleSource::Default { is_assumed } => {
            Setting { value, origin: default_origin(is_assumed), place: None, note }
        }
        IdleSource::Set { directive, is_here } => {
            Setting { value, origin: origin(is_here), place: directive_place(&directive), note }
        }
    }
}

fn others(lines: &[Line<'_>], is_here: bool) -> Vec<(String, Setting)> {
    lines.iter().map(|line| (line.name.clone(), setting(line, is_here))).collect()
}
