//! The request that `proxy_pass` sends (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_create_request`).

use core::net::IpAddr;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use nginx_syntax::lossy;

use super::cache::Cache;
use super::client::{ClientRequest, Live};
use super::way::{Follower, Next};
use super::{AnsweredBy, Ending, Exchanges, Obstacle, uri};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{ContextId, ContextKind, Directive};
use crate::defaults::{HTTP11_BY_DEFAULT, ONE_HOST_SINCE};
use crate::location::{LocationName, Modifier};
use crate::mistakes::{Mistake, makes};
use crate::upstream::{Pass, Target, down_upstream, is_upstream_at_run_time};
use crate::variables::{Bytes, Evaluator, Gathered, GatheredThen, Value, has_variables};
use crate::version::NginxVersion;

/// Since this version `Proxy-Connection` of the client is not passed on.
pub(super) const PROXY_CONNECTION_SINCE: NginxVersion = NginxVersion::new(1, 31, 0);

/// The fields that nginx sets or takes away by itself, in the order in which it sends them (`ngx_http_proxy_headers`).
const DEFAULTS: [&str; 9] = [
    "Host",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Keep-Alive",
    "Expect",
    "Upgrade",
    "Proxy-Connection",
];

/// What `proxy_pass` sends.
#[derive(Debug, Clone)]
pub struct UpstreamRequest<'s> {
    /// The method.
    pub method: Value,
    /// The request target.
    pub target: Value,
    /// The protocol's version.
    pub version: UpstreamVersion,
    /// The host of the URL, an `upstream` or an address: `host`, `host:port`, `unix:/path`.
    pub peer: Value,
    /// Whether it goes over TLS.
    pub is_tls: bool,
    /// The name that is sent in TLS (SNI), where one is.
    pub server_name: Option<Value>,
    /// What the header fields are made of.
    sender: Box<Sender<'s>>,
}

/// What the header fields of a request are made of, which nobody asks for in most cases: the lines, and what the request
/// was when it was passed on.
#[derive(Debug, Clone)]
struct Sender<'s> {
    request: Arc<ClientRequest>,
    version: NginxVersion,
    context: ContextId,
    /// `proxy_set_header`, as far as it is in effect.
    lines: Vec<Directive<'s>>,
    /// `Content-Length` and `Transfer-Encoding` of the body.
    body: (Value, Value),
    cache: Cache,
    /// `proxy_pass_request_headers`
    passes_clients: bool,
    /// `$proxy_host` and `$proxy_port`.
    proxy: (Bytes, Bytes),
    gathered: GatheredThen,
    client: Option<IpAddr>,
    method: String,
    path: Vec<u8>,
    arguments: Vec<u8>,
    server_name: Arc<str>,
    /// The client's fields that nginx ignores, by their numbers.
    ignored: Vec<usize>,
    /// See [`super::Premises::may_send_more`].
    may_have_more: bool,
    /// See [`super::Premises::is_browser`].
    is_browser: bool,
    /// See [`super::Premises::is_host_open`].
    is_host_open: bool,
    /// See [`Exchanges::captures_on_the_way`].
    captures_on_the_way: OnceLock<bool>,
}

/// The header fields of a request to an upstream.
#[derive(Debug, Clone)]
pub struct UpstreamFields<'s> {
    /// In the order in which they are sent; those whose value is known to be empty are not.
    pub sent: Vec<UpstreamHeader<'s>>,
    /// What is not sent: `proxy_set_header` lines and defaults whose value is empty, and the client's fields that one of
    /// them replaces.
    pub dropped: Vec<UpstreamHeader<'s>>,
}

impl UpstreamFields<'_> {
    /// What is sent of a field, its name in any case: each line.
    pub fn of<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f Value> {
        self.sent.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| &field.value)
    }
}

/// The version of the protocol to the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
}

/// A field that is sent, or would be if its value were not empty.
#[derive(Debug, Clone)]
pub struct UpstreamHeader<'s> {
    /// As sent.
    pub name: Cow<'static, str>,
    /// What is sent.
    pub value: Value,
    /// Where it comes from.
    pub source: HeaderSource<'s>,
}

/// Where a field comes from.
#[derive(Debug, Clone, Copy)]
pub enum HeaderSource<'s> {
    /// This `proxy_set_header`.
    Set(Directive<'s>),
    /// nginx's default.
    Default,
    /// The client.
    Client,
}

/// The argument of `proxy_pass`, its variables evaluated.
struct Url {
    is_tls: bool,
    /// `host`, `host:port` or `unix:/path`.
    peer: Vec<u8>,
    /// `$proxy_host`
    host: Vec<u8>,
    /// `$proxy_port`
    port: Vec<u8>,
    /// Empty where none is written.
    uri: Vec<u8>,
}

impl Url {
    /// `None` where nginx says "invalid URL prefix", "no host" or "invalid port"; the last only of what comes out of
    /// variables, for it does not start with another one.
    fn parse(text: &[u8], is_variable: bool) -> Option<Self> {
        let after = |scheme: &[u8]| {
            let (start, rest) = text.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        };
        let (is_tls, rest) = match (after(b"http://"), after(b"https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return None,
        };
        let default_port: &[u8] = if is_tls { b"443" } else { b"80" };
        if let Some(path) = rest.strip_prefix(b"unix:") {
            let end = path.iter().position(|byte| *byte == b':').unwrap_or(path.len());
            let uri = path.get(end + 1..).unwrap_or_default().to_vec();
            let peer = [b"unix:", path.get(..end).unwrap_or_default()].concat();
            return Some(Self { is_tls, peer, host: b"localhost".to_vec(), port: Vec::new(), uri });
        }
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        let (authority, uri) = rest.split_at_checked(end)?;
        let colon = authority.iter().rposition(|byte| *byte == b':');
        let colon = colon.filter(|&at| !authority.get(at..).unwrap_or_default().contains(&b']'));
        let (host, port) = match colon {
            Some(at) => (authority.get(..at)?, authority.get(at + 1..)?),
            None => (authority, default_port),
        };
        // core/ngx_inet.c:ngx_parse_inet_url
        if host.is_empty() || is_variable && colon.is_some() && !is_port(port) {
            return None;
        }
        // ngx_http_proxy_set_vars: the port is part of it only where it is not the scheme's own.
        let shown = if port == default_port { host } else { authority };
        // ngx_http_proxy_eval: `?args` alone is a URI below `/`; without variables it stays what it is.
        let uri = if is_variable && uri.first() == Some(&b'?') { [b"/", uri].concat() } else { uri.to_vec() };
        Some(Self { is_tls, peer: authority.to_vec(), host: shown.to_vec(), port: port.to_vec(), uri })
    }
}

/// Whether a `proxy_pass` without variables is one that nginx can send a request to.
pub(super) fn is_url(written: &[u8]) -> bool {
    Url::parse(written, false).is_some()
}

/// A number from 1 to 65535, in digits alone (`core/ngx_string.c:ngx_atoi`).
fn is_port(text: &[u8]) -> bool {
    let number = text.iter().try_fold(0_u32, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    });
    number.is_some_and(|number| (1..=65535).contains(&number))
}

impl<'s> Follower<'_, 's> {
    /// The request that is sent, or the answer that nginx gives because there is nobody to send it to.
    pub(super) fn proxied(&mut self, pass: Pass<'s>) -> Result<UpstreamRequest<'s>, Next<'s>> {
        let written = pass.target();
        let is_variable = has_variables(&written);
        let evaluated = self.value(&written);
        let Some(text) = evaluated.as_known() else {
            return Err(Next::End(Ending::CannotSay(Obstacle::Value(pass.directive))));
        };
        let Some(url) = Url::parse(text, is_variable) else {
            return Err(self.refuse(500, AnsweredBy::NoUpstream(pass.directive)));
        };
        if is_variable && !self.can_be_asked(&url) {
            return Err(self.refuse(502, AnsweredBy::NoUpstream(pass.directive)));
        }
        if let Some(group) = down_upstream(self.all.configuration, self.context, &url.peer) {
            return Err(self.refuse(502, AnsweredBy::AllDown(group)));
        }
        let target = self.target(pass, &url, is_variable);
        let version = self.http_version();
        let cache = self.cache();
        let method = match self.in_effect(N::PROXY_METHOD).first().and_then(|line| line.argument(0)) {
            _ if cache.asks_by_get => Value::known("GET"),
            Some(method) => self.value(&method),
            None => Value::known(self.method.clone()),
        };
        let lines = self.in_effect(N::PROXY_SET_HEADER);
        if let Some(line) = self.measured_first() {
            return Err(Next::End(Ending::CannotSay(Obstacle::Defect(line))));
        }
        let body = self.body(version);
        let passes_clients = self.flag(N::PROXY_PASS_REQUEST_HEADERS, true);
        if url.is_tls && self.all.variables.has_regex_in_map() {
            // The name is asked for behind them (`http/ngx_http_upstream.c:ngx_http_upstream_ssl_name`).
            lines.iter().for_each(|line| drop(self.value(&line.argument(1).unwrap_or_default())));
        }
        let server_name = if url.is_tls { self.server_name_in_tls(&url) } else { None };
        // Nothing follows, so that this takes what the request was.
        let sender = Sender {
            request: Arc::clone(self.request),
            version: self.all.version,
            context: self.context,
            lines,
            body,
            cache,
            passes_clients,
            proxy: (Bytes::from_vec(url.host), Bytes::from_vec(url.port)),
            gathered: self.gathered.take(),
            client: self.client,
            method: self.main_method.take().unwrap_or_else(|| std::mem::take(&mut self.method)),
            path: std::mem::take(&mut self.path),
            arguments: std::mem::take(&mut self.arguments),
            server_name: Arc::clone(&self.server_name),
            ignored: self.ignored.clone(),
            may_have_more: self.all.premises.may_send_more,
            is_browser: self.all.premises.is_browser,
            is_host_open: self.all.premises.is_host_open(),
            captures_on_the_way: OnceLock::new(),
        };
        let request = UpstreamRequest {
            method,
            target: Value::known(target),
            version,
            peer: Value::known(url.peer),
            is_tls: url.is_tls,
            server_name,
            sender: Box::new(sender),
        };
        match self.all.overrun(&request) {
            Some(line) => Err(Next::End(Ending::CannotSay(Obstacle::Defect(line)))),
            None => Ok(request),
        }
    }

    /// The name for the upstream's TLS, without port; an address is not sent
    /// (`http/ngx_http_upstream.c:ngx_http_upstream_ssl_name`).
    fn server_name_in_tls(&mut self, url: &Url) -> Option<Value> {
        if !self.flag(N::PROXY_SSL_SERVER_NAME, false) {
            return None;
        }
        let name = match self.in_effect(N::PROXY_SSL_NAME).first().and_then(|line| line.argument(0)) {
            Some(name) => self.value(&name),
            None => Value::known(url.peer.to_ascii_lowercase()),
        };
        let Some(names) = name.alternatives() else { return Some(name) };
        let bare = |name: &Bytes| {
            let host = lossy(name.split(|byte| *byte == b':').next()?).into_owned();
            let is_sent = !host.is_empty() && !host.starts_with('[') && host.parse::<IpAddr>().is_err();
            is_sent.then(|| Value::known(host))
        };
        names.iter().filter_map(bare).reduce(Value::or)
    }

    /// With variables the host is looked up for each request: among the `upstream` blocks, else by the resolver
    /// (`http/ngx_http_upstream.c:ngx_http_upstream_init_request`).
    fn can_be_asked(&mut self, url: &Url) -> bool {
        let scheme: &[u8] = if url.is_tls { b"https://" } else { b"http://" };
        let target = Target::parse(&[scheme, &url.peer].concat());
        target.is_address()
            || is_upstream_at_run_time(self.all.configuration, self.context, &target)
            || !self.in_effect(N::RESOLVER).is_empty()
    }

    /// The request target (semantics of `ngx_http_proxy_create_request`): the URI of the directive replaces the
    /// location's name, unless a `rewrite … break` has made the path something else; with variables it is the whole.
    fn target(&self, pass: Pass<'s>, url: &Url, is_variable: bool) -> Vec<u8> {
        if is_variable && !url.uri.is_empty() {
            return url.uri.clone();
        }
        if url.uri.is_empty() && self.is_unchanged {
            return self.request.uri().to_vec();
        }
        let replaces = self.is_below_location && !url.uri.is_empty();
        let name = if replaces { self.location_name(pass).len() } else { 0 };
        let rest = self.path.get(name..).unwrap_or_default();
        let (sent, _) = uri::split(self.request.uri());
        let is_quoted = sent.contains(&b'%');
        let rest = if is_quoted || self.is_internal { uri::Escape::Path.apply(rest) } else { rest.to_vec() };
        let path = if replaces { [url.uri.as_slice(), &rest].concat() } else { rest };
        uri::join(&path, &self.arguments)
    }

    /// The name of the location that the directive stands in; a regex and `@name` replace nothing.
    fn location_name(&self, pass: Pass<'s>) -> Vec<u8> {
        let configuration = self.all.configuration;
        let stands_in = configuration.levels(self.context).find(|&level| {
            let is_location = configuration.context(level).kind == ContextKind::Location;
            is_location && Pass::in_effect(configuration, level).is_some_and(|own| own.module == pass.module)
        });
        let opener = stands_in.and_then(|location| configuration.opener(location));
        match opener.and_then(|opener| LocationName::of(&opener)) {
            Some(LocationName {
                modifier: Modifier::Exact | Modifier::Prefix | Modifier::PriorityPrefix,
                name,
            }) => name.into_owned(),
            _ => Vec::new(),
        }
    }

    fn http_version(&mut self) -> UpstreamVersion {
        let line = self.in_effect(N::PROXY_HTTP_VERSION).first().copied();
        match line.and_then(|line| line.argument(0)).as_deref() {
            Some(b"1.0") => UpstreamVersion::Http10,
            Some(b"2") => UpstreamVersion::Http2,
            Some(_) => UpstreamVersion::Http11,
            None if is_new(self.all.version) => UpstreamVersion::Http11,
            None => UpstreamVersion::Http10,
        }
    }

    /// A `proxy_set_body` with captures of a regex where the fields may run another one: it is measured before them, and
    /// written behind them (`ngx_http_proxy_create_request`), so that its length may be wrong.
    fn measured_first(&mut self) -> Option<Directive<'s>> {
        let line = self.in_effect(N::PROXY_SET_BODY).first().copied()?;
        let text = line.argument(0)?;
        let has_capture = text.windows(2).any(|two| matches!(two, [b'$', b'0'..=b'9']));
        (has_capture && self.all.variables.has_regex_in_map()).then_some(line)
    }

    /// `Content-Length` and `Transfer-Encoding` of the body: that of `proxy_set_body`, else the client's. One that comes in
    /// chunks is read as a whole first and has a length then, unless `proxy_request_buffering` is off.
    fn body(&mut self, version: UpstreamVersion) -> (Value, Value) {
        let set = self.in_effect(N::PROXY_SET_BODY).first().and_then(|line| line.argument(0));
        if let Some(body) = set.filter(|_| !makes(Mistake::BodyHasNoLength)) {
            let body = self.value(&body);
            let lengths = body.alternatives().map(|all| {
                let lengths = all.iter().map(|body| Value::known(body.len().to_string()));
                lengths.reduce(Value::or).unwrap_or(Value::NotEmpty)
            });
            return (lengths.unwrap_or(Value::NotEmpty), Value::empty());
        }
        let is_chunked = self.request.field("transfer-encoding").next().is_some();
        let length = self.request.field("content-length").next();
        match is_chunked {
            false => (length.map_or_else(Value::empty, Value::known), Value::empty()),
            true if version == UpstreamVersion::Http11 && !self.flag(N::PROXY_REQUEST_BUFFERING, true) => {
                (Value::empty(), Value::known("chunked"))
            }
            // Of a subrequest nobody has read it (`ngx_http_subrequest`).
            true if self.is_subrequest => (Value::empty(), Value::empty()),
            true => (Value::NotEmpty, Value::empty()),
        }
    }
}

impl<'s> Exchanges<'_, 's> {
    /// The header fields of a request that is passed on.
    pub fn fields(&self, request: &UpstreamRequest<'s>) -> UpstreamFields<'s> {
        self.evaluated(request, None)
    }

    /// Some of them alone, their names in any case.
    pub fn some_fields(&self, request: &UpstreamRequest<'s>, names: &[&str]) -> UpstreamFields<'s> {
        self.evaluated(request, Some(names))
    }

    /// What is gathered when a request has been sent: all of its fields were evaluated.
    pub(super) fn gathered_after(&self, request: &UpstreamRequest<'s>) -> Gathered {
        let gathered = request.sender.gathered.resume();
        drop(self.evaluated_with(request, None, &gathered));
        gathered
    }

    fn evaluated(&self, request: &UpstreamRequest<'s>, wanted: Option<&[&str]>) -> UpstreamFields<'s> {
        self.evaluated_with(request, wanted, &request.sender.gathered.resume())
    }

    /// The line behind which nginx writes more than it has measured: it evaluates all lines to know how long they are, and
    /// again to write them, and what maps capture meanwhile is another value then (`ngx_http_proxy_create_request`).
    fn overrun(&self, request: &UpstreamRequest<'s>) -> Option<Directive<'s>> {
        if !self.variables.has_group_in_map() {
            return None;
        }
        let sender = &*request.sender;
        let values: Vec<_> = sender.lines.iter().map(|line| line.argument(1).unwrap_or_default()).collect();
        if !self.is_measured_first(values.iter().map(|value| &**value)) {
            return None;
        }
        let live = sender.live();
        let evaluator = Evaluator::new(self.configuration, self.variables, &live, sender.context);
        let gathered = sender.gathered.resume();
        let length = |(line, value): (&Directive<'_>, &Cow<'_, [u8]>)| {
            let name = line.argument(0).unwrap_or_default().len();
            match evaluator.value_with(value, &gathered).as_known() {
                Some(b"") => Some(0),
                Some(known) => Some(name + known.len()),
                None => None,
            }
        };
        let measured: Option<usize> = sender.lines.iter().zip(&values).map(length).sum();
        let mut left = measured?;
        for (line, value) in sender.lines.iter().zip(&values) {
            match left.checked_sub(length((line, value))?) {
                Some(less) => left = less,
                None => return Some(*line),
            }
        }
        None
    }

    /// What is sent and what is not: the lines in effect, the defaults for what they do not name, then the client's
    /// fields that neither names (`ngx_http_proxy_init_headers`).
    fn evaluated_with(
        &self,
        request: &UpstreamRequest<'s>,
        wanted: Option<&[&str]>,
        gathered: &Gathered,
    ) -> UpstreamFields<'s> {
        let sender = &*request.sender;
        let is_wanted_of = |name: &[u8]| {
            wanted.is_none_or(|names| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes())))
        };
        let is_wanted = |name: &str| is_wanted_of(name.as_bytes());
        let mut all: Vec<UpstreamHeader<'s>> = Vec::new();
        let (host, _) = &sender.proxy;
        let live = sender.live();
        let evaluator = Evaluator::new(self.configuration, self.variables, &live, sender.context);
        // What one line captures takes the place of what those behind it read.
        let runs_all = wanted.is_some()
            && *sender.captures_on_the_way.get_or_init(|| self.captures_on_the_way(&sender.lines));
        // They are measured first, and what maps capture then is there when they are written.
        if self.variables.has_group_in_map() {
            let values: Vec<_> = sender.lines.iter().filter_map(|line| line.argument(1)).collect();
            if self.is_measured_first(values.iter().map(|value| &**value)) {
                values.iter().for_each(|value| drop(evaluator.value_with(value, gathered)));
            }
        }
        for line in &sender.lines {
            let name = line.argument(0).unwrap_or_default();
            let is_wanted = is_wanted_of(&name);
            if !is_wanted && !runs_all {
                continue;
            }
            let value = evaluator.value_with(&line.argument(1).unwrap_or_default(), gathered);
            if is_wanted {
                let name = lossy(&name).into_owned();
                all.push(UpstreamHeader { name: name.into(), value, source: HeaderSource::Set(*line) });
            }
        }
        let has = |all: &[UpstreamHeader<'_>], name: &str| {
            all.iter().any(|header| header.name.eq_ignore_ascii_case(name))
        };
        if sender.version >= ONE_HOST_SINCE {
            one_host(&mut all, request.version, host);
        }
        for &name in DEFAULTS.iter().chain(sender.cache.fields()) {
            if is_wanted(name) && !has(&all, name) {
                if let Some(value) = sender.default(name, request.version) {
                    all.push(UpstreamHeader { name: name.into(), value, source: HeaderSource::Default });
                }
            }
        }
        let is_passed = |index: &usize, name: &str| {
            sender.passes_clients && !has(&all, name) && !sender.ignored.contains(index)
        };
        let clients = sender.request.headers.iter().enumerate().filter(|(_, (name, _))| is_wanted(name));
        let clients: Vec<_> =
            clients.map(|(index, (name, value))| (name, value, is_passed(&index, name))).collect();
        let (mut sent, mut dropped): (Vec<_>, Vec<_>) = all.into_iter().partition(|header| {
            let is_set = matches!(header.source, HeaderSource::Set(_));
            is_set && makes(Mistake::EmptyHeaderSent) || !header.value.surely(<[u8]>::is_empty)
        });
        for (name, value, is_passed) in clients {
            let header = UpstreamHeader {
                name: name.clone().into(),
                value: Value::known(value),
                source: HeaderSource::Client,
            };
            if is_passed { &mut sent } else { &mut dropped }.push(header);
        }
        UpstreamFields { sent, dropped }
    }
}

impl Exchanges<'_, '_> {
    /// Whether some values are measured before they are written, and a map that one of them reads may capture what another
    /// one reads.
    pub(super) fn is_measured_first<'v>(&self, values: impl IntoIterator<Item = &'v [u8]> + Clone) -> bool {
        self.variables.has_group_in_map() && {
            let mut running = values.clone().into_iter();
            running.any(|value| self.variables.may_run_regex(self.configuration, value))
                && values.into_iter().any(|value| self.variables.reads_capture(value))
        }
    }

    /// Whether one of these lines runs a regex when it is evaluated, and one reads what a regex captured.
    fn captures_on_the_way(&self, lines: &[Directive<'_>]) -> bool {
        self.variables.has_regex_in_map() && {
            let values: Vec<_> = lines.iter().filter_map(|line| line.argument(1)).collect();
            values.iter().any(|value| self.variables.may_run_regex(self.configuration, value))
                && values.iter().any(|value| self.variables.reads_capture(value))
        }
    }
}

impl Sender<'_> {
    /// nginx's own variables when the request is sent.
    fn live(&self) -> Live<'_> {
        let (host, port) = &self.proxy;
        Live {
            may_have_more: self.may_have_more,
            is_browser: self.is_browser,
            is_host_open: self.is_host_open,
            request: &self.request,
            version: self.version,
            client: self.client,
            method: &self.method,
            path: &self.path,
            arguments: &self.arguments,
            server_name: &self.server_name,
            ignored: &self.ignored,
            upstream: Some((Value::known(host), Value::known(port))),
        }
    }

    /// nginx's own value of a field that no line names; `None` where this nginx does not know the field.
    fn default(&self, name: &str, version: UpstreamVersion) -> Option<Value> {
        Some(match name {
            "Host" => Value::known(&self.proxy.0),
            // 1.29.4 to 1.29.6 know HTTP/2, where there is no such field.
            "Connection" if is_new(self.version) || version == UpstreamVersion::Http2 => Value::empty(),
            "Connection" => Value::known("close"),
            "Content-Length" => self.body.0.clone(),
            "Transfer-Encoding" => self.body.1.clone(),
            "Proxy-Connection" if self.version < PROXY_CONNECTION_SINCE => return None,
            name if self.cache.fields().contains(&name) => self.cache.value(name),
            _ => Value::empty(),
        })
    }
}

/// Whether HTTP/1.1 is the default of a version.
fn is_new(version: NginxVersion) -> bool {
    version >= HTTP11_BY_DEFAULT || makes(Mistake::NewDefaultsEverywhere)
}

/// Leaves the last line for `Host` and puts it first; one that is empty is the default, but for HTTP/1.0.
fn one_host(all: &mut Vec<UpstreamHeader<'_>>, version: UpstreamVersion, default: &[u8]) {
    let is_host = |header: &UpstreamHeader<'_>| header.name.eq_ignore_ascii_case("host");
    let Some(at) = all.iter().rposition(is_host) else { return };
    let last = all.remove(at);
    all.retain(|header| !is_host(header));
    let is_default = version != UpstreamVersion::Http10 && last.value.surely(<[u8]>::is_empty);
    all.insert(
        0,
        if is_default {
            UpstreamHeader { value: Value::known(default), source: HeaderSource::Default, ..last }
        } else {
            last
        },
    );
}
