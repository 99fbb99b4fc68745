//! The request as the client sends it, and nginx's own variables for it.

use core::net::{IpAddr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use nginx_syntax::lossy;

use super::uri;
use crate::variables::{Request, Value};
use crate::version::NginxVersion;

/// Since this version `$http_NAME` joins the lines of a field with `, `; before it is the first line
/// (`http/ngx_http_variables.c:ngx_http_variable_unknown_header`).
pub(super) const JOINED_SINCE: NginxVersion = NginxVersion::new(1, 23, 0);

/// Fields that a request may have once (`http/ngx_http_request.c:ngx_http_headers_in`); the first one since
/// [`PROXY_AUTHORIZATION_SINCE`].
const UNIQUE: [&str; 11] = [
    "proxy-authorization",
    "if-modified-since",
    "if-unmodified-since",
    "if-match",
    "if-none-match",
    "content-length",
    "content-range",
    "if-range",
    "transfer-encoding",
    "expect",
    "authorization",
];

/// Since this version nginx refuses a host or port that RFC 3986 (section 3.2) does not allow
/// (`http/ngx_http_request.c:ngx_http_validate_host`).
pub(super) const HOST_CHECKED_SINCE: NginxVersion = NginxVersion::new(1, 29, 4);

/// nginx knows `Proxy-Authorization` since this version.
const PROXY_AUTHORIZATION_SINCE: NginxVersion = NginxVersion::new(1, 29, 7);

/// The word of `server_name` that stands for the name of the machine (`ngx_http_core_server_name`), in lower case.
pub(super) const HOSTNAME: &str = "$hostname";

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequest {
    /// As sent: `GET`.
    pub method: String,
    /// Whether it is of HTTP/1.0, rather than of HTTP/1.1.
    pub is_http10: bool,
    /// The path with its query, as sent; or a whole URL (RFC 9112 section 3.2.2).
    pub target: Vec<u8>,
    /// The fields in order, `Host` among them; names as sent.
    pub headers: Headers,
    /// Whether it comes over TLS.
    pub is_tls: bool,
    /// The host that the client names in TLS (SNI), in any case; no address is (RFC 6066 section 3).
    pub sni: Option<String>,
    /// Whether the client is known to send no certificate in TLS; else it may send one.
    pub has_no_certificate: bool,
    /// From where: the address of the connection.
    pub client: Option<IpAddr>,
    /// The address that it arrives at; 0.0.0.0 or `::` where only the port is known.
    pub local: Option<SocketAddr>,
}

/// The fields of a request: a vector that copies share until one of them is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Arc<Vec<(String, Vec<u8>)>>);

impl From<Vec<(String, Vec<u8>)>> for Headers {
    fn from(fields: Vec<(String, Vec<u8>)>) -> Self {
        Self(Arc::new(fields))
    }
}

impl FromIterator<(String, Vec<u8>)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, Vec<u8>)>>(fields: I) -> Self {
        Vec::from_iter(fields).into()
    }
}

impl Deref for Headers {
    type Target = Vec<(String, Vec<u8>)>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Headers {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl ClientRequest {
    /// The values of a field, its name in any case.
    pub fn field<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r [u8]> {
        let is_it = move |known: &str| known.eq_ignore_ascii_case(name);
        self.headers.iter().filter(move |(known, _)| is_it(known)).map(|(_, value)| value.as_slice())
    }

    /// The host that servers are chosen by: of the URL in the request line, else of the `Host` field, in lower case,
    /// without port and final dot. None where none is told, or what is told is none.
    pub fn host(&self) -> Option<String> {
        let named = uri::of_url(&self.target).map(|(authority, _)| authority);
        valid_host(named.or(self.field("host").next())?)
    }

    /// Whether nginx answers 400 because of what it says of the host: nothing, though it is of HTTP/1.1; more than once;
    /// or what is no host (`http/ngx_http_request.c:ngx_http_process_host`, `ngx_http_process_request_header`).
    pub fn has_bad_host(&self, version: NginxVersion) -> bool {
        let named = uri::of_url(&self.target).map(|(authority, _)| authority);
        let mut fields = self.field("host");
        let (field, second) = (fields.next(), fields.next());
        let is_strict = version >= HOST_CHECKED_SINCE;
        let is_bad_host = |host: &[u8]| valid_host(host).is_none() || is_strict && !is_authority(host);
        let is_bad = |host: Option<&[u8]>| host.is_some_and(is_bad_host);
        is_bad(named) || is_bad(field) || second.is_some() || field.is_none() && !self.is_http10
    }

    /// The status that nginx answers because of what the fields say of the host, the body or each other, or because of the
    /// method (`http/ngx_http_request.c:ngx_http_process_unique_header_line`, `ngx_http_process_request_header`).
    pub fn refused(&self, version: NginxVersion) -> Option<u16> {
        let is_repeated = |name: &&str| self.field(name).nth(1).is_some();
        let known = UNIQUE.iter().skip(usize::from(version < PROXY_AUTHORIZATION_SINCE));
        if self.has_bad_host(version) || known.into_iter().any(is_repeated) {
            return Some(400);
        }
        let length = self.field("content-length").next();
        let is_number = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        if length.is_some_and(|value| !is_number(value)) {
            return Some(400);
        }
        if let Some(coding) = self.field("transfer-encoding").next() {
            let is_chunked = coding.eq_ignore_ascii_case(b"chunked");
            if self.is_http10 || is_chunked && length.is_some() {
                return Some(400);
            }
            if !is_chunked {
                return Some(501);
            }
        }
        matches!(self.method.as_str(), "CONNECT" | "TRACE").then_some(405)
    }

    fn protocol(&self) -> &'static str {
        if self.is_http10 { "HTTP/1.0" } else { "HTTP/1.1" }
    }

    /// The path with its query, as sent: of a URL what follows the host, `/` where nothing does.
    pub fn uri(&self) -> &[u8] {
        match uri::of_url(&self.target) {
            Some((_, b"")) => b"/",
            Some((_, uri)) => uri,
            None => &self.target,
        }
    }
}

/// The host of an authority in lower case, without port and final dot; none where every nginx refuses it
/// (`http/ngx_http_request.c:ngx_http_validate_host`; since [`HOST_CHECKED_SINCE`] it refuses more).
fn valid_host(authority: &[u8]) -> Option<String> {
    let is_refused = |byte: &u8| matches!(byte, b'/' | 0..=b' ' | 0x7f);
    if authority.iter().any(is_refused) || authority.windows(2).any(|two| two == b"..") {
        return None;
    }
    let bracket = authority.iter().position(|byte| *byte == b']').filter(|_| authority.starts_with(b"["));
    let end = match bracket {
        Some(bracket) => bracket + 1,
        None if authority.starts_with(b"[") => authority.len(),
        None => authority.iter().position(|byte| *byte == b':').unwrap_or(authority.len()),
    };
    let host = authority.get(..end)?;
    let host = host.strip_suffix(b".").unwrap_or(host);
    (!host.is_empty()).then(|| lossy(host).to_ascii_lowercase())
}

/// Whether an authority has a host of the characters of a name or of an address in brackets, and a port of digits up to
/// 65535 if there is one: it may be empty.
fn is_authority(authority: &[u8]) -> bool {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte);
    let is_of_literal = |byte: &u8| *byte == b':' || *byte != b'%' && is_of_name(byte);
    let (is_host, rest) = match authority.strip_prefix(b"[") {
        Some(literal) => {
            let Some(end) = literal.iter().position(|byte| *byte == b']') else { return false };
            let (literal, rest) = literal.split_at(end);
            (literal.iter().all(is_of_literal), rest.get(1..).unwrap_or_default())
        }
        None => {
            let end = authority.iter().position(|byte| *byte == b':').unwrap_or(authority.len());
            let (name, rest) = authority.split_at(end);
            (name.iter().all(is_of_name), rest)
        }
    };
    let is_port = match rest {
        [] => true,
        [b':', digits @ ..] => digits
            .iter()
            .try_fold(0_u32, |port, byte| {
                let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
                Some(port * 10 + digit).filter(|port| *port <= 65535)
            })
            .is_some(),
        _ => false,
    };
    is_host && is_port
}

/// What every browser sends with pages and handshakes alike, as `$http_NAME` has it (RFC 9110 sections 10.1.5, 12.5.3 and
/// 12.5.4).
const OF_BROWSERS: [&str; 3] = ["user_agent", "accept_encoding", "accept_language"];

/// What nginx's own variables are at one moment.
pub(super) struct Live<'r> {
    pub(super) request: &'r ClientRequest,
    pub(super) version: NginxVersion,
    /// The client's address, as far as it is known by now.
    pub(super) client: Option<IpAddr>,
    pub(super) method: &'r str,
    pub(super) path: &'r [u8],
    pub(super) arguments: &'r [u8],
    /// The first word of `server_name`, in lower case unless it is a regex.
    pub(super) server_name: &'r str,
    /// The numbers of the fields that are ignored: see [`super::fields`].
    pub(super) ignored: &'r [usize],
    /// See [`super::Premises::may_send_more`].
    pub(super) may_have_more: bool,
    /// See [`super::Premises::is_browser`].
    pub(super) is_browser: bool,
    /// Whether the host is any that leads to the server, too.
    pub(super) is_host_open: bool,
    /// `$proxy_host` and `$proxy_port`.
    pub(super) upstream: Option<(Value, Value)>,
}

impl Request for Live<'_> {
    fn variable(&self, name: &[u8]) -> Value {
        let Ok(name) = std::str::from_utf8(name) else { return Value::Unknown };
        let request = self.request;
        let optional = |value: Option<Vec<u8>>| value.map_or(Value::Unknown, Value::known);
        match name {
            "request_method" => Value::known(self.method),
            "request_uri" => Value::known(request.uri()),
            "uri" | "document_uri" => Value::known(self.path),
            "args" | "query_string" | "is_args" if self.arguments.is_empty() && self.may_have_more => {
                Value::Unknown
            }
            "args" | "query_string" => Value::known(self.arguments),
            "is_args" => Value::known(if self.arguments.is_empty() { "" } else { "?" }),
            "request" => {
                let protocol = request.protocol().as_bytes();
                let line = [request.method.as_bytes(), b" ", &request.target, b" ", protocol];
                Value::known(line.concat())
            }
            "server_protocol" => Value::known(request.protocol()),
            "scheme" => Value::known(if request.is_tls { "https" } else { "http" }),
            // `event/ngx_event_openssl.c:ngx_ssl_get_client_verify`; the others are not there without a certificate.
            "ssl_client_verify" if request.has_no_certificate => {
                Value::known(if request.is_tls { "NONE" } else { "" })
            }
            _ if name.starts_with("ssl_client_") && request.has_no_certificate => Value::empty(),
            "https" => Value::known(if request.is_tls { "on" } else { "" }),
            "http2" | "http3" => Value::empty(),
            "host" | "http_host" if self.is_host_open => Value::NotEmpty,
            "host" => request.host().map_or_else(|| self.server_name(), Value::known),
            "server_name" => self.server_name(),
            "remote_addr" => optional(self.client_address()),
            "server_addr" => {
                let local = request.local.filter(|local| !local.ip().is_unspecified());
                optional(local.map(|local| local.ip().to_string().into_bytes()))
            }
            "server_port" => optional(request.local.map(|local| local.port().to_string().into_bytes())),
            "proxy_host" => self.upstream.as_ref().map_or_else(Value::empty, |(host, _)| host.clone()),
            "proxy_port" => self.upstream.as_ref().map_or_else(Value::empty, |(_, port)| port.clone()),
            "proxy_add_x_forwarded_for" => self.forwarded_for(),
            "content_length" | "content_type" => Value::known(self.field(&name.replace('_', "-"))),
            "remote_user" if request.field("authorization").next().is_none() => Value::empty(),
            "connection"
            | "connection_requests"
            | "msec"
            | "time_iso8601"
            | "time_local"
            | "pid"
            | "request_id"
            | "request_length"
            | "request_time"
            | "remote_port"
            | "binary_remote_addr"
            | "hostname"
            | "nginx_version" => Value::NotEmpty,
            _ => self.prefixed(name),
        }
    }
}

impl Live<'_> {
    /// The first word of `server_name`; `$hostname` is that of the machine.
    fn server_name(&self) -> Value {
        if self.server_name == HOSTNAME { Value::NotEmpty } else { Value::known(self.server_name) }
    }

    fn prefixed(&self, name: &str) -> Value {
        if let Some(field) = name.strip_prefix("http_") {
            let value = self.field(field);
            let is_sent = self.is_browser && OF_BROWSERS.contains(&field);
            return if value.is_empty() && is_sent { Value::NotEmpty } else { self.unless_more(value) };
        }
        if let Some(argument) = name.strip_prefix("arg_") {
            let value = uri::argument(self.arguments, argument.as_bytes()).unwrap_or_default();
            return self.unless_more(value.to_vec());
        }
        if let Some(cookie) = name.strip_prefix("cookie_") {
            return self.unless_more(self.cookie(cookie));
        }
        // There is no answer yet.
        if name.starts_with("upstream_http_") || name.starts_with("sent_http_") {
            return Value::empty();
        }
        Value::Unknown
    }

    /// What the client sends; where it sends none, that may be otherwise.
    fn unless_more(&self, value: Vec<u8>) -> Value {
        if value.is_empty() && self.may_have_more { Value::Unknown } else { Value::known(value) }
    }

    /// The value of `$cookie_NAME`: the first of the name in any case, empty where there is none
    /// (`http/ngx_http_parse.c:ngx_http_parse_multi_header_lines`).
    fn cookie(&self, name: &str) -> Vec<u8> {
        let lines = self.request.field("cookie").flat_map(|line| line.split(|byte| *byte == b';'));
        let value = |pair: &[u8]| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let known = pair.get(..at)?.trim_ascii();
            known
                .eq_ignore_ascii_case(name.as_bytes())
                .then(|| pair.get(at + 1..).unwrap_or_default().to_vec())
        };
        lines.into_iter().find_map(value).unwrap_or_default()
    }

    /// The value of `$http_NAME`; `name` in lower case with `_` for `-`.
    fn field(&self, name: &str) -> Vec<u8> {
        let folded = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
        let is_it =
            |field: &str| field.len() == name.len() && field.bytes().map(folded).eq(name.bytes().map(folded));
        let all = self.request.headers.iter().enumerate();
        let fields = all.filter(|(index, (field, _))| is_it(field) && !self.ignored.contains(index));
        let mut lines: Vec<&[u8]> = fields.map(|(_, (_, value))| value.as_slice()).collect();
        let separator: &[u8] = if name == "cookie" { b"; " } else { b", " };
        if self.version < JOINED_SINCE && !matches!(name, "cookie" | "x_forwarded_for") {
            lines.truncate(1);
        }
        lines.join(separator)
    }

    fn client_address(&self) -> Option<Vec<u8>> {
        self.client.map(|client| client.to_string().into_bytes())
    }

    fn forwarded_for(&self) -> Value {
        let before = self.field("x_forwarded_for");
        match self.client_address() {
            None => Value::NotEmpty,
            Some(client) if before.is_empty() => Value::known(client),
            Some(client) => Value::known([&before, b", ".as_slice(), &client].concat()),
        }
    }
}
