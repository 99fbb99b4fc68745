//! Where the request goes, and what the back end receives.

use lint_finding::{FieldOrigin, SentField, SentRequest, Stage, TraceStep};
use nginx_semantics::{
    DirectiveName, HeaderSource, PassModule, Passed, Target, UpstreamHeader, UpstreamVersion, Value,
    balancing, declared, defaults, peers, upstream,
};

use super::Follow;
use super::choice::{place, remark, step};
use super::way::{NOT_SHOWN, lossy, value_words};

/// As many peers are shown.
const MOST_PEERS: usize = 8;

impl<'s> Follow<'_, 's> {
    /// What counts or copies the request before it is passed on.
    pub(super) fn before_upstream(&self, passed: &Passed<'s>) -> Vec<TraceStep> {
        let words = |line: &nginx_semantics::Directive<'_>| {
            let what = match line.name() {
                DirectiveName::MIRROR => "sends a copy of the request elsewhere",
                DirectiveName::LIMIT_REQ => {
                    "counts the request, and refuses it when there are too many (503 by default)"
                }
                _ => {
                    "counts the connection for as long as it is open, and refuses it when there are too many (503 by default)"
                }
            };
            step(Stage::Access, format!("`{}` {what}", line.text_line()), Some(place(line)))
        };
        passed.also.iter().map(words).collect()
    }

    /// The `*_pass` and whom it leads to.
    pub(super) fn upstream(&self, passed: &Passed<'s>) -> TraceStep {
        let configuration = self.configuration();
        let line = passed.pass.directive;
        let mut text = format!("`{}`", line.text_line());
        let is_shown = line.may_be_shown();
        let name = match passed.request.as_ref().and_then(|request| request.peer.as_known()) {
            Some(peer) => lossy(peer),
            None => {
                let target = Target::parse(&passed.pass.target());
                target.port.map_or(target.host.clone(), |port| format!("{}:{port}", target.host))
            }
        };
        let named = self.in_effect(passed.context, DirectiveName::PROXY_SSL_NAME);
        let is_open = is_shown && named.iter().all(nginx_semantics::Directive::may_be_shown);
        let over = match passed.request.as_ref().filter(|request| request.is_tls) {
            Some(request) => match &request.server_name {
                Some(name) if is_open => format!(" over TLS for {}", value_words(name)),
                Some(_) => " over TLS".to_owned(),
                None => " over TLS without a server name".to_owned(),
            },
            None => String::new(),
        };
        let Some(group) = upstream(configuration, passed.context, &name) else {
            if is_shown {
                text.push_str(&format!(": to {name}{over}"));
            }
            return step(Stage::Upstream, text, Some(place(&line)));
        };
        let chosen_by = balancing(configuration, group);
        let how = match chosen_by.as_slice() {
            [] => "in turn".to_owned(),
            lines => {
                let words: Vec<String> = lines.iter().map(|line| format!("`{}`", line.text_line())).collect();
                format!("by {}", words.join(" and "))
            }
        };
        let all: Vec<_> = peers(configuration, group).collect();
        let opener = configuration.opener(group);
        let group_name = opener.map(|opener| opener.text_line()).unwrap_or_default();
        match all.as_slice() {
            [_] => text.push_str(&format!(": to the one server of `{group_name}`{over}")),
            all => {
                text.push_str(&format!(": to one of {} servers of `{group_name}`{over}, {how}", all.len()));
            }
        }
        let mut found = step(Stage::Upstream, text, Some(place(&line)));
        for line in &chosen_by {
            found.remarks.push(remark(format!("`{}` chooses", line.text_line()), Some(place(line))));
        }
        for peer in all.iter().take(MOST_PEERS) {
            found.remarks.push(remark(peer.directive.arguments_text(), Some(place(&peer.directive))));
        }
        if all.len() > MOST_PEERS {
            found.remarks.push(remark(format!("and {} more", all.len() - MOST_PEERS), None));
        }
        found
    }

    /// What `proxy_pass` sends; other modules speak other protocols. `is_masked`: the path comes from a line that may not
    /// be shown.
    pub(super) fn sent(&self, passed: &Passed<'s>, is_masked: bool) -> Option<SentRequest> {
        let request = passed.request.as_ref().filter(|_| passed.pass.module == PassModule::Proxy)?;
        let is_shown = passed.pass.directive.may_be_shown();
        let word = |value: &Value| match value.as_known() {
            Some(_) if !is_shown => NOT_SHOWN.to_owned(),
            Some(known) => lossy(known),
            None => "(not known)".to_owned(),
        };
        let version = match request.version {
            UpstreamVersion::Http10 => "HTTP/1.0",
            UpstreamVersion::Http11 => "HTTP/1.1",
            UpstreamVersion::Http2 => "HTTP/2",
        };
        let target = if is_masked { NOT_SHOWN.to_owned() } else { word(&request.target) };
        let line = format!("{} {target} {version}", word(&request.method));
        let mut dropped = Vec::new();
        let has_been = |dropped: &[SentField], name: &str| {
            dropped.iter().any(|field| field.name.eq_ignore_ascii_case(name))
        };
        let all = self.model.fields(request);
        for header in &all.dropped {
            let is_client = matches!(header.source, HeaderSource::Client);
            let replaced = all.sent.iter().find(|sent| sent.name.eq_ignore_ascii_case(&header.name));
            let is_asked = self.request.field(&header.name).next().is_some();
            let note = match (header.source, replaced) {
                // What is sent in its place is shown there.
                (HeaderSource::Client, Some(_)) => continue,
                (HeaderSource::Client, None) if has_been(&dropped, &header.name) => continue,
                (HeaderSource::Client, None) => "the client's is not passed on",
                (HeaderSource::Set(_), _) => "its value is empty, so it is not sent",
                (HeaderSource::Default, _) if !is_asked => continue,
                (HeaderSource::Default, _) => {
                    "the client's is not passed on unless a `proxy_set_header` does it"
                }
            };
            let mut field = self.field(header, is_shown);
            field.note = Some(note.to_owned());
            if !is_client {
                field.value = self.request.field(&header.name).next().map(lossy);
            }
            dropped.push(field);
        }
        dropped.extend(self.lost(passed));
        let mut fields: Vec<SentField> = all.sent.iter().map(|header| self.field(header, is_shown)).collect();
        if let Some(host) = fields
            .iter_mut()
            .find(|field| field.origin == FieldOrigin::Default && field.name.eq_ignore_ascii_case("host"))
        {
            host.note = Some("the default: the host of `proxy_pass`".to_owned());
        }
        Some(SentRequest { line, fields, dropped })
    }

    fn field(&self, header: &UpstreamHeader<'s>, is_shown: bool) -> SentField {
        let (origin, line) = match header.source {
            HeaderSource::Set(line) => (FieldOrigin::Set, Some(line)),
            HeaderSource::Default => (FieldOrigin::Default, None),
            HeaderSource::Client => (FieldOrigin::Client, None),
        };
        let is_masked = line.is_some_and(|line| !line.may_be_shown())
            || (origin == FieldOrigin::Default && !is_shown && header.name.eq_ignore_ascii_case("host"));
        let note = match &header.value {
            _ if is_masked => None,
            Value::OneOf(values) if values.len() > 1 => {
                let words: Vec<String> =
                    values
                        .iter()
                        .map(|value| {
                            if value.is_empty() {
                                "nothing".to_owned()
                            } else {
                                format!("`{}`", lossy(value))
                            }
                        })
                        .collect();
                Some(format!("one of {}", words.join(", ")))
            }
            Value::OneOf(_) if origin == FieldOrigin::Default => {
                let is_close = header.name.eq_ignore_ascii_case("connection");
                let until = format!("the default before nginx {}", defaults::HTTP11_BY_DEFAULT);
                Some(if is_close { until } else { "the default".to_owned() })
            }
            Value::OneOf(_) => None,
            Value::NotEmpty => Some("unknown, but not empty".to_owned()),
            Value::Unknown => Some("unknown; not sent if it is empty".to_owned()),
        };
        let value = match header.value.as_known() {
            _ if is_masked => Some(NOT_SHOWN.to_owned()),
            Some(known) => Some(lossy(known)),
            None => None,
        };
        let name =
            if is_masked && line.is_some() { NOT_SHOWN.to_owned() } else { header.name.clone().into_owned() };
        SentField { name, value, origin, place: line.map(|line| place(&line)), note }
    }

    /// The lines of outer levels that the nearest level drops by having some of its own.
    fn lost(&self, passed: &Passed<'s>) -> Vec<SentField> {
        let mut levels = declared(self.configuration(), passed.context, DirectiveName::PROXY_SET_HEADER);
        let Some(nearest) = levels.next() else { return Vec::new() };
        let mut all: Vec<SentField> = Vec::new();
        for line in levels.flat_map(|level| level.directives) {
            let name = line.argument(0).unwrap_or_default();
            let is_set = nearest
                .directives
                .iter()
                .any(|own| own.argument(0).is_some_and(|own| own.eq_ignore_ascii_case(&name)));
            if is_set {
                continue;
            }
            let is_shown = line.may_be_shown();
            let written = |word: Option<std::borrow::Cow<'_, [u8]>>| match is_shown {
                true => lossy(&word.unwrap_or_default()),
                false => NOT_SHOWN.to_owned(),
            };
            all.push(SentField {
                name: written(line.argument(0)),
                value: Some(written(line.argument(1))),
                origin: FieldOrigin::Lost,
                place: Some(place(&line)),
                note: Some("not inherited, because an inner level has such lines too".to_owned()),
            });
        }
        all
    }
}
