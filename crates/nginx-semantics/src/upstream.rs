//! Where requests go: `proxy_pass` and its kin, and `upstream` blocks.

use core::net::IpAddr;
use std::borrow::Cow;
use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive};
use crate::mistakes::{Mistake, makes};
use crate::variables::has_variables;
use nginx_syntax::lossy;

/// The module that passes a request on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassModule {
    /// `proxy_pass`
    Proxy,
    /// `uwsgi_pass`
    Uwsgi,
    /// `scgi_pass`
    Scgi,
    /// `fastcgi_pass`
    Fastcgi,
    /// `grpc_pass`
    Grpc,
    /// `memcached_pass`
    Memcached,
}

impl PassModule {
    const ALL: [(DirectiveName, Self); 6] = [
        (DirectiveName::PROXY_PASS, Self::Proxy),
        (DirectiveName::UWSGI_PASS, Self::Uwsgi),
        (DirectiveName::SCGI_PASS, Self::Scgi),
        (DirectiveName::FASTCGI_PASS, Self::Fastcgi),
        (DirectiveName::GRPC_PASS, Self::Grpc),
        (DirectiveName::MEMCACHED_PASS, Self::Memcached),
    ];

    /// The module of a directive of this name.
    pub(crate) fn of(name: DirectiveName) -> Option<Self> {
        Self::ALL.into_iter().find(|(own, _)| *own == name).map(|(_, module)| module)
    }
}

/// A `*_pass` that is in effect in a location.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'s> {
    /// The directive.
    pub directive: Directive<'s>,
    /// Its module.
    pub module: PassModule,
}

/// What answers in place of a `*_pass` above it.
const HANDLERS: [DirectiveName; 6] = [
    DirectiveName::STUB_STATUS,
    DirectiveName::EMPTY_GIF,
    DirectiveName::FLV,
    DirectiveName::MP4,
    DirectiveName::PERL,
    DirectiveName::TUNNEL_PASS,
];

impl<'s> Pass<'s> {
    /// The `*_pass` in effect in a location; an `if` or `limit_except` takes that of its location where it has none of
    /// its own, a nested location never does (`ngx_http_proxy_merge_loc_conf`).
    pub fn in_effect(configuration: Configuration<'s>, context: ContextId) -> Option<Self> {
        let own = Self::directly_in(configuration, context);
        let is_pseudo =
            matches!(configuration.context(context).kind, ContextKind::If | ContextKind::LimitExcept)
                || makes(Mistake::PassInherited)
                    && configuration.context(context).kind == ContextKind::Location;
        match own {
            None if is_pseudo => Self::in_effect(configuration, configuration.context(context).parent?),
            own => own,
        }
    }

    /// The `*_pass` that stands in the context itself; of several the last handler wins.
    pub fn directly_in(configuration: Configuration<'s>, context: ContextId) -> Option<Self> {
        let directive = configuration.pass_in(context)?;
        Some(Self { directive, module: PassModule::of(directive.name())? })
    }

    /// Whether no line below it in the same location sets another handler for the content, which then takes the requests
    /// (`clcf->handler`, `http/modules/ngx_http_stub_status_module.c:ngx_http_set_stub_status` and its like).
    pub(crate) fn is_last_handler(&self, configuration: Configuration<'s>, context: ContextId) -> bool {
        if !HANDLERS.iter().any(|&name| configuration.has_any(name)) {
            return true;
        }
        let Some(location) = configuration.enclosing(context, ContextKind::Location) else { return true };
        let mut below = configuration.directives(location);
        let is_own = below.any(|line| line.reference == self.directive.reference);
        !(is_own && below.any(|line| HANDLERS.contains(&line.name())))
    }

    /// Whether it is a `proxy_pass` that has a URI part, and no variables.
    pub(crate) fn has_fixed_uri(&self) -> bool {
        let written = self.target();
        if self.module != PassModule::Proxy || has_variables(&written) {
            return false;
        }
        let target = Target::parse(&written);
        matches!(target.scheme.as_str(), "http" | "https") && target.uri.is_some_and(|uri| !uri.is_empty())
    }

    /// The target as written.
    pub fn target(&self) -> Cow<'s, [u8]> {
        self.directive.argument(0).unwrap_or_default()
    }
}

/// The target of a `proxy_pass`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// In lower case; empty where none is written.
    pub scheme: String,
    /// The host name, address or upstream name; `unix:/path` for a socket.
    pub host: String,
    /// Where one is written.
    pub port: Option<u16>,
    /// The path on, where one is written.
    pub uri: Option<String>,
    /// Whether any part holds a variable.
    pub has_variables: bool,
}

/// Ends of names that are no names of the world's.
const PRIVATE: [&str; 7] = [".local", ".internal", ".svc", ".lan", ".home", ".localdomain", ".docker"];

impl Target {
    /// Whether the host is a name of the world's, not an address or a name of one network.
    pub fn is_public(&self) -> bool {
        let is_address = self.host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_name = self.host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        is_name
            && self.host.contains('.')
            && !is_address
            && !PRIVATE.iter().any(|end| self.host.ends_with(end))
    }

    /// The port that is connected to where the host is one.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(if matches!(self.scheme.as_str(), "https" | "grpcs") { 443 } else { 80 })
    }

    /// Whether the host is an address, or the path of a socket.
    pub fn is_address(&self) -> bool {
        self.host.starts_with("unix:") || self.host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    }

    /// Takes `scheme://host:port/uri` apart.
    pub fn parse(text: &[u8]) -> Self {
        let has_variables = has_variables(text);
        let text = lossy(text);
        let (scheme, rest) = split_scheme(&text);
        let scheme = scheme.to_ascii_lowercase();
        if let Some(path) = rest.strip_prefix("unix:") {
            let (socket, uri) =
                path.split_once(':').map_or((path, None), |(socket, uri)| (socket, Some(uri.to_owned())));
            return Self { scheme, host: format!("unix:{socket}"), port: None, uri, has_variables };
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, uri) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            // `$request_uri` and the like follow a port without a slash.
            Some((host, port)) if !port.contains(']') => {
                (host, port.split('$').next().and_then(|port| port.parse().ok()))
            }
            _ => (authority, None),
        };
        let uri = (!uri.is_empty()).then(|| uri.to_owned());
        Self { scheme, host: host.to_ascii_lowercase(), port, uri, has_variables }
    }
}

/// The scheme of a URL, empty where it has none, and the rest.
fn split_scheme(text: &str) -> (&str, &str) {
    let mut colons = memchr::memchr_iter(b':', text.as_bytes());
    let parts = |at: usize| Some((text.get(..at)?, text.get(at..)?.strip_prefix("://")?));
    colons.find_map(parts).unwrap_or(("", text))
}

/// A `server` line of an `upstream`.
#[derive(Debug, Clone)]
pub struct Peer<'s> {
    /// The line.
    pub directive: Directive<'s>,
    /// As written: `host:port`, `unix:/path`.
    pub address: String,
    /// The port, 80 where none is written.
    pub port: u16,
}

impl Peer<'_> {
    /// Its parameters as written: `weight=2`, `backup`, `down`.
    pub fn parameters(&self) -> Vec<String> {
        let words = self.directive.arguments().skip(1);
        words.map(|word| lossy(&word).into_owned()).collect()
    }

    /// Whether a parameter without a value stands there: `backup`, `down`.
    pub fn has(&self, parameter: &str) -> bool {
        self.directive.arguments().skip(1).any(|word| word == parameter.as_bytes())
    }

    /// The host and the port that connections go to.
    pub fn destination(&self) -> (String, u16) {
        if self.address.starts_with("unix:") {
            return (self.address.clone(), 0);
        }
        (Target::parse(self.address.as_bytes()).host, self.port)
    }
}

/// The lines of an `upstream` block that choose among its peers; none: round robin.
pub fn balancing<'s>(configuration: Configuration<'s>, upstream: ContextId) -> Vec<Directive<'s>> {
    use DirectiveName as N;
    configuration
        .named_any(upstream, &[N::HASH, N::IP_HASH, N::LEAST_CONN, N::LEAST_TIME, N::RANDOM, N::STICKY])
}

/// The `upstream` block of a name, compared without case as nginx does; the nearest where fragments have several.
pub fn upstream<'s>(configuration: Configuration<'s>, from: ContextId, name: &str) -> Option<ContextId> {
    let all = configuration.upstreams(name);
    let levels: Vec<ContextId> = configuration.levels(from).collect();
    let is_near = |context: &&ContextId| {
        configuration.context(**context).parent.is_some_and(|http| levels.contains(&http))
    };
    all.iter().find(is_near).or(all.first()).copied()
}

/// The hosts of `*_pass` lines without variables, by host and port.
#[derive(Debug, Default)]
pub(crate) struct Literals(HashMap<(String, u16), BTreeSet<Literal>>);

/// Where one of these lines stands.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Literal {
    http: Option<ContextId>,
    /// Whether a port is written.
    has_port: bool,
}

impl Literals {
    pub(crate) fn of(configuration: Configuration<'_>) -> Self {
        let mut this = Self::default();
        for (id, _) in configuration.contexts() {
            let Some(pass) = Pass::directly_in(configuration, id) else { continue };
            let target = Target::parse(&pass.target());
            if target.has_variables {
                continue;
            }
            let http = configuration.enclosing(id, ContextKind::Http);
            let (port, has_port) = (target.port_or_default(), target.port.is_some());
            this.0.entry((target.host, port)).or_default().insert(Literal { http, has_port });
        }
        this
    }
}

/// Whether a host that comes out of variables is an upstream's: that of a block where no port is written, or one that a
/// pass without variables made of the same host and port. Nobody else's addresses are known
/// (`http/ngx_http_upstream.c:ngx_http_upstream_init_request`).
pub fn is_upstream_at_run_time(configuration: Configuration<'_>, from: ContextId, target: &Target) -> bool {
    let is_block = upstream(configuration, from, &target.host).is_some();
    let http = configuration.enclosing(from, ContextKind::Http);
    let literals = || {
        let key = (target.host.clone(), target.port_or_default());
        configuration.literals().0.get(&key).into_iter().flatten()
    };
    // Without a port, the host of a literal is that of a block too.
    (target.port.is_none() && is_block)
        || literals().any(|literal| literal.http == http && (literal.has_port || !is_block))
}

/// Whether every server of an `upstream` block is marked `down`.
pub(crate) fn is_down(configuration: Configuration<'_>, upstream: ContextId) -> bool {
    let is_whole = configuration.context(upstream).unseen().next().is_none();
    let mut all = peers(configuration, upstream).peekable();
    is_whole && all.peek().is_some() && all.all(|peer| peer.has("down"))
}

/// The `upstream` block of which every server is marked `down`, where a `*_pass` to a host means one: 502.
pub(crate) fn down_upstream(
    configuration: Configuration<'_>,
    from: ContextId,
    host: &[u8],
) -> Option<ContextId> {
    let down = configuration.down();
    if down.is_empty() || makes(Mistake::DownIsAsked) {
        return None;
    }
    upstream(configuration, from, &lossy(host)).filter(|group| down.contains(group))
}

/// The `server` lines of an `upstream` block, in order.
pub fn peers<'s>(
    configuration: Configuration<'s>,
    upstream: ContextId,
) -> impl Iterator<Item = Peer<'s>> + use<'s> {
    let peer = |directive: Directive<'s>| {
        let address = lossy(&directive.argument(0)?).into_owned();
        let port = Target::parse(address.as_bytes()).port.unwrap_or(80);
        Some(Peer { directive, address, port })
    };
    configuration.named(upstream, DirectiveName::SERVER).filter_map(peer)
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn names_of_the_world_are_told_from_those_of_a_network() {
        for (text, expected) in [
            ("https://sockets.example.org", true),
            ("http://127.0.0.1:80", false),
            ("http://[::1]:80", false),
            ("http://unix:/run/a.sock", false),
            ("http://app", false),
            ("http://app.default.svc.cluster.local", false),
        ] {
            assert_eq!(Target::parse(text.as_bytes()).is_public(), expected, "{text}");
        }
    }

    #[test]
    fn targets_are_taken_apart() {
        let table = [
            ("http://app", "http|app|None|None"),
            ("HTTPS://App:8443/x?y", "https|app|Some(8443)|Some(\"/x?y\")"),
            ("http://[::1]:80/", "http|[::1]|Some(80)|Some(\"/\")"),
            ("http://[::1]", "http|[::1]|None|None"),
            ("http://unix:/run/a.sock:/uri/", "http|unix:/run/a.sock|None|Some(\"/uri/\")"),
            ("ws://app:1", "ws|app|Some(1)|None"),
            ("http://app:81$request_uri", "http|app|Some(81)|None"),
            ("app:9000", "|app|Some(9000)|None"),
            ("$scheme://$host", "$scheme|$host|None|None"),
        ];
        for (text, expected) in table {
            let target = Target::parse(text.as_bytes());
            let seen = format!("{}|{}|{:?}|{:?}", target.scheme, target.host, target.port, target.uri);
            assert_eq!(seen, expected, "{text}");
        }
    }
}
