//! Endpoints as rows of a table: plain values, each with where it comes from.

use std::borrow::Cow;
use std::sync::Arc;

use lint_finding::{EndpointRow, EvidenceKind, EvidenceRow, Origin, Place, Setting};
use nginx_semantics::{Directive, GapReason, Value, VersionRange, defaults, time};
use nginx_syntax::lossy;
use ws_model::{Browser, Endpoint, Handshake, Header, HttpVersion, IdleLimit, Line, Source};
use ws_rules::confidence;

/// For words of a file outside the given paths, which is read only where the user allows it.
const NOT_SHOWN: &str = "(not shown)";

pub(crate) fn endpoint(
    endpoint: &Endpoint<'_>,
    handshake: Option<&Handshake<'_>>,
    versions: VersionRange,
) -> EndpointRow {
    let passed_on = || Setting {
        value: None,
        origin: Origin::Default,
        place: None,
        note: Some("the module passes the client's header fields on".into()),
    };
    EndpointRow {
        place: place_of_endpoint(endpoint),
        server_names: Arc::clone(&endpoint.server_names),
        listens: Arc::clone(&endpoint.listens),
        location: endpoint.location_text(),
        evidence: endpoint.evidence.iter().map(evidence).collect(),
        confidence: confidence(endpoint),
        upstream: upstream(endpoint),
        http_version: handshake
            .map_or_else(passed_on, |handshake| http_version(&handshake.version, versions)),
        upgrade: handshake.map_or_else(passed_on, |handshake| header(&handshake.upgrade, None, None)),
        connection: handshake.map_or_else(passed_on, |handshake| connection(&handshake.connection, versions)),
        host: handshake.map_or_else(passed_on, |handshake| {
            header(&handshake.host, Some("$proxy_host".to_owned()), None)
        }),
        other_headers: handshake
            .map(|handshake| handshake.others.iter().map(|line| other(line, handshake.is_here)).collect())
            .unwrap_or_default(),
        idle_timeout: idle(&endpoint.idle),
    }
}

/// Where to point for an endpoint.
pub(crate) fn place_of_endpoint(endpoint: &Endpoint<'_>) -> Place {
    endpoint.at()
}

/// Where to point for a directive.
pub(crate) fn place_of(line: &Directive<'_>) -> Place {
    line.visible().at()
}

fn upstream(endpoint: &Endpoint<'_>) -> String {
    if !endpoint.pass.directive.may_be_shown() {
        return NOT_SHOWN.to_owned();
    }
    lossy(&endpoint.pass.target()).into_owned()
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
    EvidenceRow { kind, text: evidence.text.as_ref().into(), place: evidence.at }
}

/// A value with where it comes from; `value` is what the directive or the default says.
fn setting(source: &Source<'_>, value: Option<String>, note: Option<String>) -> Setting {
    let origin = match source {
        Source::Unknown(gap) => {
            let note = match gap.reason {
                GapReason::NotGiven => "an include that was not given may set it",
                GapReason::Placeholder => "a placeholder stands there",
                GapReason::Budget => "a line past a budget may set it",
            };
            let note = Some(note.into());
            return Setting { value: None, origin: Origin::Unknown, place: None, note };
        }
        Source::Set { is_assumed: true, .. } | Source::Default { is_assumed: true } => Origin::Assumed,
        Source::Set { is_here: true, .. } => Origin::Here,
        Source::Set { .. } => Origin::Inherited,
        Source::Default { .. } => Origin::Default,
    };
    let place = source.directive().map(|directive| directive.visible().at());
    Setting { value: value.map(Into::into), origin, place, note: note.map(Into::into) }
}

fn header(header: &Header<'_>, default: Option<String>, default_note: Option<String>) -> Setting {
    match header.lines.as_slice() {
        [] => setting(&header.source, default, default_note),
        [line, more @ ..] => {
            let times = (!more.is_empty()).then(|| format!("sent {} times", more.len() + 1));
            setting(&header.source, line_value(line), times.or_else(|| written_note(line)))
        }
    }
}

fn line_value(line: &Line<'_>) -> Option<String> {
    if !line.directive.may_be_shown() {
        return Some(NOT_SHOWN.to_owned());
    }
    let value = sent(line).unwrap_or_else(|| lossy(&line.written));
    (!value.is_empty()).then(|| value.into_owned())
}

fn other(line: &Line<'_>, is_here: bool) -> (Arc<str>, Setting) {
    let origin = if is_here { Origin::Here } else { Origin::Inherited };
    let place = Some(line.directive.visible().at());
    (
        line.name.to_string().into(),
        Setting { value: line_value(line).map(Into::into), origin, place, note: None },
    )
}

/// The value that browsers' handshakes lead to, where it is known.
fn sent<'l>(line: &'l Line<'_>) -> Option<Cow<'l, str>> {
    let [chrome, firefox] = Browser::ALL.map(|browser| Value::as_known(line.value(browser)));
    chrome.filter(|_| chrome == firefox).map(lossy)
}

fn written_note(line: &Line<'_>) -> Option<String> {
    if !line.directive.may_be_shown() {
        return None;
    }
    let written = lossy(&line.written);
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
    if version.source.is_set() {
        return setting(&version.source, version.written.clone(), None);
    }
    let default = defaults::http_version(versions);
    let note = default.is_none().then(|| format!("before nginx {}; 1.1 since", defaults::HTTP11_BY_DEFAULT));
    setting(&version.source, Some(default.unwrap_or("1.0").to_owned()), note)
}

pub(crate) fn idle(idle: &IdleLimit<'_>) -> Setting {
    let value = idle.milliseconds.map(time::display_ms);
    setting(&idle.source, value, Some(idle.directive_name.as_str().to_owned()))
}
