//! What a strict back end makes of the handshake that it receives (RFC 6455 section 4.2.1).

use nginx_semantics::{
    Configuration, ContextId, Directive, DirectiveName, Effective, UpstreamFields, UpstreamVersion, Value,
    effective,
};

use crate::browser::has_token;

/// What a back end that asks for all that the standard does makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It is a handshake: 101.
    Switches,
    /// It is none, or one that is to be refused.
    Refuses(Fault),
    /// It depends on a field that is not known: its name.
    CannotSay(&'static str),
}

/// Why a request is no handshake, in the order in which the standard asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not a GET.
    Method,
    /// It is of HTTP/1.0.
    Http10,
    /// It is of HTTP/2, which has no `Upgrade`.
    Http2,
    /// It has no `Host`.
    NoHost,
    /// It has no `Upgrade`.
    NoUpgrade,
    /// `Upgrade` has no token `websocket`.
    OtherUpgrade,
    /// `Connection` has no token `upgrade`, or is not there.
    NoConnection,
    /// It has no `Sec-WebSocket-Key`, or one that is not 16 bytes in base64.
    NoKey,
    /// `Sec-WebSocket-Version` is not 13.
    OtherVersion,
}

impl Fault {
    /// The status that says so. The standard leaves it to the server ("such as 400 Bad Request") but for the version of
    /// the protocol, which is 426 (section 4.2.2). RFC 9110 has 426 for a client that has to come with another protocol
    /// (section 15.5.22), which is all that a handshake over HTTP/1.0, or without `Upgrade`, has wrong.
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Http10 | Self::NoUpgrade | Self::OtherVersion => 426,
            Self::Http2 | Self::NoHost | Self::OtherUpgrade | Self::NoConnection | Self::NoKey => 400,
        }
    }

    /// One word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Http10 => "http-1.0",
            Self::Http2 => "http-2",
            Self::NoHost => "no-host",
            Self::NoUpgrade => "no-upgrade",
            Self::OtherUpgrade => "other-upgrade",
            Self::NoConnection => "no-connection-upgrade",
            Self::NoKey => "no-key",
            Self::OtherVersion => "other-version",
        }
    }

    /// For people, after "because".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Method => "the method is not GET",
            Self::Http10 => "the request is of HTTP/1.0",
            Self::Http2 => "the request is of HTTP/2, which knows no `Upgrade`",
            Self::NoHost => "there is no `Host`",
            Self::NoUpgrade => "there is no `Upgrade`",
            Self::OtherUpgrade => "`Upgrade` does not say `websocket`",
            Self::NoConnection => "`Connection` does not say `upgrade`",
            Self::NoKey => "there is no `Sec-WebSocket-Key`, or none of 16 bytes",
            Self::OtherVersion => "`Sec-WebSocket-Version` is not 13",
        }
    }
}

/// What a strict back end makes of a request: the first fault that is sure, else the first field that is not known.
pub fn read(method: &Value, version: UpstreamVersion, fields: &UpstreamFields<'_>) -> Reading {
    let is_get = method.test(|method| method == b"GET");
    let version = match version {
        UpstreamVersion::Http10 => Err(Fault::Http10),
        UpstreamVersion::Http2 => Err(Fault::Http2),
        UpstreamVersion::Http11 => Ok(()),
    };
    let upgrade = Field::of(fields, "Upgrade");
    let points = [
        (is_get, Fault::Method, "the method"),
        (Some(version.is_ok()), version.err().unwrap_or(Fault::Http10), "the version"),
        (Field::of(fields, "Host").is_there(), Fault::NoHost, "`Host`"),
        (upgrade.is_there(), Fault::NoUpgrade, "`Upgrade`"),
        (upgrade.any(|value| has_token(value, "websocket")), Fault::OtherUpgrade, "`Upgrade`"),
        (
            Field::of(fields, "Connection").any(|value| has_token(value, "upgrade")),
            Fault::NoConnection,
            "`Connection`",
        ),
        (
            // 16 bytes in base64.
            Field::of(fields, "Sec-WebSocket-Key").any(|key| key.len() == 24 && key.ends_with(b"==")),
            Fault::NoKey,
            "`Sec-WebSocket-Key`",
        ),
        (
            Field::of(fields, "Sec-WebSocket-Version").any(|version| version == b"13"),
            Fault::OtherVersion,
            "`Sec-WebSocket-Version`",
        ),
    ];
    let fault = points.iter().find(|(holds, ..)| *holds == Some(false));
    let unknown = points.iter().find(|(holds, ..)| holds.is_none());
    match (fault, unknown) {
        (Some((_, fault, _)), _) => Reading::Refuses(*fault),
        (None, Some((_, _, field))) => Reading::CannotSay(field),
        (None, None) => Reading::Switches,
    }
}

/// The lines of one field.
struct Field<'r>(Vec<&'r Value>);

impl<'r> Field<'r> {
    fn of(fields: &'r UpstreamFields<'_>, name: &'r str) -> Self {
        Self(fields.of(name).collect())
    }

    /// Whether one line holds; a line whose value is empty is not sent.
    fn any(&self, holds: impl Fn(&[u8]) -> bool) -> Option<bool> {
        let each: Vec<Option<bool>> = self.0.iter().map(|value| value.test(&holds)).collect();
        match each.contains(&Some(true)) {
            true => Some(true),
            false => each.iter().all(|one| *one == Some(false)).then_some(false),
        }
    }

    fn is_there(&self) -> Option<bool> {
        if self.0.iter().any(|value| **value == Value::NotEmpty) {
            return Some(true);
        }
        // Blanks around a value are none of it (RFC 9110 section 5.5).
        self.any(|value| !value.trim_ascii().is_empty())
    }
}

/// Whether the page's own subprotocols get to the back end; `None` where it is not known. Without them it can choose
/// none, and browsers fail a connection whose 101 names none of those that were asked for (Fetch, section "WebSocket
/// opening handshake").
pub fn offers_subprotocols(fields: &UpstreamFields<'_>) -> Option<bool> {
    Field::of(fields, "Sec-WebSocket-Protocol").is_there()
}

/// Whether the `Origin` that the back end receives names another host than its `Host`: it then is foreign to those that
/// compare the two; `None` where one is not known or there is none.
pub fn is_foreign_origin(fields: &UpstreamFields<'_>) -> Option<bool> {
    let one = |name| fields.of(name).next().and_then(Value::as_known);
    let origin = one("Origin")?;
    let at = origin.windows(3).position(|bytes| bytes == b"://")? + 3;
    Some(!origin.get(at..)?.eq_ignore_ascii_case(one("Host")?))
}

/// The `proxy_hide_header` lines that keep from the client what makes a 101 a handshake: `Upgrade` and
/// `Sec-WebSocket-Accept`. nginx writes `Connection` itself (`http/ngx_http_header_filter_module.c`).
pub fn hidden_answer(configuration: Configuration<'_>, context: ContextId) -> Vec<Directive<'_>> {
    let Effective::Set(declared) = effective(configuration, context, DirectiveName::PROXY_HIDE_HEADER) else {
        return Vec::new();
    };
    // A field that is both hidden and passed is passed (`http/ngx_http_upstream.c:ngx_http_upstream_hide_headers_hash`).
    let passed = match effective(configuration, context, DirectiveName::PROXY_PASS_HEADER) {
        Effective::Set(declared) => declared.directives,
        _ => Vec::new(),
    };
    let is_passed = |name: &[u8]| {
        passed.iter().any(|line| line.argument(0).is_some_and(|other| other.eq_ignore_ascii_case(name)))
    };
    let is_needed = |line: &Directive<'_>| {
        line.argument(0).is_some_and(|name| {
            let is_sign =
                name.eq_ignore_ascii_case(b"upgrade") || name.eq_ignore_ascii_case(b"sec-websocket-accept");
            is_sign && !is_passed(&name)
        })
    };
    declared.directives.into_iter().filter(is_needed).collect()
}

#[cfg(test)]
mod tests {
    use nginx_semantics::{HeaderSource, UpstreamHeader};

    use super::*;

    fn fields(fields: &[(&'static str, Value)]) -> UpstreamFields<'static> {
        let header = |(name, value): &(&'static str, Value)| UpstreamHeader {
            name: (*name).into(),
            value: value.clone(),
            source: HeaderSource::Client,
        };
        UpstreamFields { sent: fields.iter().map(header).collect(), dropped: Vec::new() }
    }

    fn read_get(version: UpstreamVersion, of: &[(&'static str, Value)]) -> Reading {
        read(&Value::known("GET"), version, &fields(of))
    }

    fn good() -> Vec<(&'static str, Value)> {
        vec![
            ("Host", Value::NotEmpty),
            ("Upgrade", Value::known("WebSocket")),
            ("Connection", Value::known("keep-alive, Upgrade")),
            ("Sec-WebSocket-Key", Value::known("dGhlIHNhbXBsZSBub25jZQ==")),
            ("Sec-WebSocket-Version", Value::known("13")),
        ]
    }

    #[test]
    fn a_handshake_switches() {
        assert_eq!(read_get(UpstreamVersion::Http11, &good()), Reading::Switches);
    }

    #[test]
    fn each_fault_has_its_status() {
        let table = [
            ("Host", None, Reading::Refuses(Fault::NoHost)),
            ("Upgrade", None, Reading::Refuses(Fault::NoUpgrade)),
            ("Upgrade", Some(Value::empty()), Reading::Refuses(Fault::NoUpgrade)),
            ("Upgrade", Some(Value::known("h2c")), Reading::Refuses(Fault::OtherUpgrade)),
            ("Upgrade", Some(Value::NotEmpty), Reading::CannotSay("`Upgrade`")),
            ("Connection", None, Reading::Refuses(Fault::NoConnection)),
            ("Connection", Some(Value::known("upgraded")), Reading::Refuses(Fault::NoConnection)),
            (
                "Connection",
                Some(Value::known("close").or(Value::known("upgrade"))),
                Reading::CannotSay("`Connection`"),
            ),
            ("Connection", Some(Value::Unknown), Reading::CannotSay("`Connection`")),
            ("Sec-WebSocket-Key", Some(Value::known("abc")), Reading::Refuses(Fault::NoKey)),
            ("Sec-WebSocket-Version", Some(Value::known("8")), Reading::Refuses(Fault::OtherVersion)),
        ];
        for (name, value, expected) in table {
            let mut fields = good();
            fields.retain(|(field, _)| *field != name);
            fields.extend(value.clone().map(|value| (name, value)));
            assert_eq!(read_get(UpstreamVersion::Http11, &fields), expected, "{name} {value:?}");
        }
        for (version, fault, status) in
            [(UpstreamVersion::Http10, Fault::Http10, 426), (UpstreamVersion::Http2, Fault::Http2, 400)]
        {
            assert_eq!(read_get(version, &good()), Reading::Refuses(fault));
            assert_eq!(fault.status(), status);
        }
    }

    #[test]
    fn an_origin_is_foreign_to_another_host() {
        let table = [
            ("http://a", Some("a"), Some(false)),
            ("https://a:8443", Some("A:8443"), Some(false)),
            ("https://a", Some("app"), Some(true)),
            ("https://a:8443", Some("a"), Some(true)),
            ("null", Some("a"), None),
            ("https://a", None, None),
        ];
        for (origin, host, expected) in table {
            let mut fields = vec![("Origin", Value::known(origin))];
            fields.extend(host.map(|host| ("Host", Value::known(host))));
            let seen = is_foreign_origin(&self::fields(&fields));
            assert_eq!(seen, expected, "{origin} {host:?}");
        }
    }

    #[test]
    fn a_sure_fault_wins_over_what_is_unknown() {
        let mut fields = good();
        fields.retain(|(field, _)| *field != "Host" && *field != "Connection");
        fields.push(("Host", Value::Unknown));
        assert_eq!(read_get(UpstreamVersion::Http11, &fields), Reading::Refuses(Fault::NoConnection));
    }
}
