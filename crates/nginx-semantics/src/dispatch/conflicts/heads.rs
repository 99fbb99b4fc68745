//! Buffers for the heads of requests, and TLS without a certificate: what nginx says when it merges its servers
//! (`http/ngx_http_core_module.c:ngx_http_core_merge_srv_conf`, `http/modules/ngx_http_ssl_module.c:ngx_http_ssl_merge_srv_conf`).

use std::collections::BTreeSet;

use super::{Conflict, Cure, Reported, http_of};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive, Presence};
use crate::effective::{Effective, effective};
use crate::size;

/// `connection_pool_size` where it is not set, on machines of 64 bits; half of it on others.
const POOL: u64 = 512;

/// `large_client_header_buffers` where it is not set.
const LARGE: u64 = 8 << 10;

pub(super) fn find<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    // A line that several servers inherit is blamed once.
    let mut seen = BTreeSet::new();
    for server in configuration.of_kind(ContextKind::Server) {
        let is_given = configuration.context(server).presence == Presence::Given;
        let Some(http) = http_of(configuration, server).filter(|_| is_given) else { continue };
        let mut add = |line: Directive<'s>, message: &str, reported, cure| {
            if seen.insert((line.reference.file, line.reference.node, cure == Cure::AddCertificate)) {
                let message = message.to_owned();
                all.push(Conflict { line, block: server, message, other: None, reported, cure });
            }
        };
        if let Some(line) = small_buffers(configuration, server) {
            let message = "the \"large_client_header_buffers\" size must be equal to or greater than \"connection_pool_size\"";
            add(line, message, Reported::AtEndOf(http), Cure::FitPool);
        }
        if let Some(line) = without_certificate(configuration, server) {
            let message = "no \"ssl_certificate\" is defined for the \"ssl\" directive";
            add(line, message, Reported::Here, Cure::AddCertificate);
        }
    }
}

/// The line that makes large buffers smaller than the pool of a connection.
fn small_buffers<'s>(configuration: Configuration<'s>, server: ContextId) -> Option<Directive<'s>> {
    let names = [N::LARGE_CLIENT_HEADER_BUFFERS, N::CONNECTION_POOL_SIZE];
    if !names.into_iter().any(|name| configuration.has_any(name)) {
        return None;
    }
    // The size, with its line where it is set.
    let value = |name, word, default| match effective(configuration, server, name) {
        Effective::Set(declared) if !declared.is_assumed => {
            let line = *declared.directives.first()?;
            Some((size::parse(&line.argument(word)?)?, Some(line)))
        }
        Effective::Default { is_assumed: false } => Some((default, None)),
        _ => None,
    };
    let (large, own) = value(N::LARGE_CLIENT_HEADER_BUFFERS, 1, LARGE)?;
    let (pool, of_pool) = value(N::CONNECTION_POOL_SIZE, 0, POOL)?;
    own.or(of_pool).filter(|_| large < pool)
}

/// The `ssl on` of a server without a certificate; newer releases do not know the directive.
fn without_certificate<'s>(configuration: Configuration<'s>, server: ContextId) -> Option<Directive<'s>> {
    if !configuration.has_any(N::SSL) {
        return None;
    }
    let ssl = effective(configuration, server, N::SSL);
    let is_missing = matches!(
        effective(configuration, server, N::SSL_CERTIFICATE),
        Effective::Default { is_assumed: false }
    );
    match ssl {
        Effective::Set(declared) if is_missing && !declared.is_assumed => {
            let line = declared.directives.first().copied()?;
            line.argument(0)?.eq_ignore_ascii_case(b"on").then_some(line)
        }
        _ => None,
    }
}
