//! What setters and merges refuse: values that nginx's dispatcher has handed on, of the directives that decide whether a
//! WebSocket gets through.

use std::collections::BTreeMap;

use thiserror::Error;

use nginx_syntax::lossy;

use super::refusal::RefusalKind;
use super::values::host_key::HostKey;
use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, Directive, Presence};
use crate::effective::{Declared, Effective, effective};
use crate::upstream::{Pass, PassModule, Target, upstream};
use crate::version::{NginxVersion, VersionRange};

/// Why nginx refuses a value; the text is its message without ` in FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueRefusal {
    /// `proxy_http_version` takes the words of a list (`core/ngx_conf_file.c:ngx_conf_set_enum_slot`).
    #[error("invalid value \"{0}\"")]
    HttpVersion(String),
    /// The name of an `upstream` block stands for its servers, which have ports of their own
    /// (`http/ngx_http_upstream.c:ngx_http_upstream_add`).
    #[error("upstream \"{name}\" may not have port {port}")]
    UpstreamPort {
        /// As the line has it that comes first.
        name: String,
        /// As the pass has it.
        port: u16,
    },
    /// A second `default` in a `map` (`http/modules/ngx_http_map_module.c:ngx_http_map`).
    #[error("duplicate default map parameter")]
    MapDefault,
    /// A second line for a value, whatever its case (`core/ngx_hash.c:ngx_hash_add_key`).
    #[error("conflicting parameter \"{}\"", .0.escape_ascii())]
    MapKey(Vec<u8>),
    /// Certificates of upstreams are to be verified, and against none
    /// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_set_ssl`).
    #[error("no proxy_ssl_trusted_certificate for proxy_ssl_verify")]
    NoTrustedCertificate,
}

/// The first release that takes `proxy_http_version 2` (nginx's CHANGES).
const HTTP_2: NginxVersion = NginxVersion::new(1, 29, 4);

/// What is refused of a `proxy_http_version` by all of these versions.
pub fn refused_http_version(directive: &Directive<'_>, versions: VersionRange) -> Option<ValueRefusal> {
    let word = directive.argument(0)?;
    let is_known = match word.as_ref() {
        b"1.0" | b"1.1" => true,
        b"2" => versions.any_since(HTTP_2),
        _ => false,
    };
    (!is_known).then(|| ValueRefusal::HttpVersion(lossy(&word).into_owned()))
}

/// What is refused of the beginning of a `proxy_pass`. With variables it is looked at for each request.
pub fn refused_prefix(pass: &Pass<'_>) -> Option<RefusalKind> {
    let word = pass.target();
    (pass.module == PassModule::Proxy && !word.contains(&b'$') && !has_url_prefix(&word))
        .then_some(RefusalKind::UrlPrefix)
}

/// Whether a URL begins as `proxy_pass` wants it (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_pass`).
pub(super) fn has_url_prefix(url: &[u8]) -> bool {
    let begins =
        |scheme: &[u8]| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins(b"http://") || begins(b"https://")
}

/// What is refused of a pass to an `upstream` block of the same `http`, with that block.
pub fn refused_port(
    configuration: Configuration<'_>,
    context: ContextId,
    pass: &Pass<'_>,
) -> Option<(ValueRefusal, ContextId)> {
    let written = pass.target();
    // Nothing but a scheme has a colon where there is no port.
    let colons = written.iter().filter(|byte| **byte == b':').count();
    if colons <= usize::from(written.windows(3).any(|three| three == b"://")) {
        return None;
    }
    let target = Target::parse(&written);
    let port = target.port.filter(|_| !target.has_variables)?;
    let block = upstream(configuration, context, &target.host)?;
    let around = configuration.context(block);
    let beside =
        configuration.levels(context).find(|&level| configuration.context(level).parent == around.parent)?;
    if around.presence != Presence::Given {
        return None;
    }
    // Blocks are numbered in the order of the files; nginx names the one that it met first (`ngx_http_upstream_add`).
    let of_block = || Some(lossy(&configuration.opener(block)?.argument(0)?).into_owned());
    let of_pass = || {
        let text = lossy(&written).into_owned();
        let at = text.to_ascii_lowercase().find(&target.host)?;
        text.get(at..at + target.host.len()).map(str::to_owned)
    };
    let name = if block < beside { of_pass() } else { of_block() }?;
    Some((ValueRefusal::UpstreamPort { name, port }, block))
}

/// A line of `map` that nginx refuses, with the line before it that takes the same value.
#[derive(Debug, Clone)]
pub struct RefusedEntry<'s> {
    /// The later one.
    pub entry: Directive<'s>,
    /// The earlier one.
    pub first: Directive<'s>,
    /// Why.
    pub refusal: ValueRefusal,
}

/// The lines of a `map` whose value another line of it has already. Regexes may repeat.
pub fn refused_entries<'s>(configuration: Configuration<'s>, map: ContextId) -> Vec<RefusedEntry<'s>> {
    let mut known: BTreeMap<Option<HostKey>, Directive<'s>> = BTreeMap::new();
    let mut refused = Vec::new();
    let mut has_hostnames = false;
    for entry in configuration.directives(map) {
        let name = entry.name_bytes();
        has_hostnames |= name.as_ref() == b"hostnames" && entry.arguments().next().is_none();
        if entry.arguments().count() != 1 || name.as_ref() == b"include" {
            continue;
        }
        let literal = match name.as_ref() {
            b"default" => None,
            [b'~', ..] => continue,
            [b'\\', literal @ ..] | literal => Some(literal.to_ascii_lowercase()),
        };
        let keys: Vec<Option<HostKey>> = match &literal {
            None => vec![None],
            Some(literal) if has_hostnames => {
                let Some(key) = HostKey::of(literal) else { continue };
                key.tables().into_iter().map(Some).collect()
            }
            Some(literal) => vec![Some(HostKey::Exact(literal.clone()))],
        };
        if let Some(&first) = keys.iter().find_map(|key| known.get(key)) {
            let refusal = literal.map_or(ValueRefusal::MapDefault, ValueRefusal::MapKey);
            refused.push(RefusedEntry { entry, first, refusal });
        } else {
            known.extend(keys.into_iter().map(|key| (key, entry)));
        }
    }
    refused
}

/// The `proxy_ssl_verify` in effect for a pass that nginx refuses because no certificate is trusted. A pass with
/// variables counts as one to `https`.
pub fn refused_verify<'s>(
    configuration: Configuration<'s>,
    context: ContextId,
    pass: &Pass<'s>,
) -> Option<Declared<'s>> {
    // Nearly no tree has the line.
    if !configuration.has_any(DirectiveName::PROXY_SSL_VERIFY) {
        return None;
    }
    let target = Target::parse(&pass.target());
    if pass.module != PassModule::Proxy || !(target.has_variables || target.scheme == "https") {
        return None;
    }
    let trusted = effective(configuration, context, DirectiveName::PROXY_SSL_TRUSTED_CERTIFICATE);
    let verify = effective(configuration, context, DirectiveName::PROXY_SSL_VERIFY);
    match (verify, trusted) {
        (Effective::Set(declared), Effective::Default { is_assumed: false }) => {
            let value = declared.directives.last()?.argument(0)?;
            value.eq_ignore_ascii_case(b"on").then_some(declared)
        }
        _ => None,
    }
}
