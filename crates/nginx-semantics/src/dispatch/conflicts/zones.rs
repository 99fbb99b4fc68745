//! Zones of shared memory (`core/ngx_cycle.c:ngx_shared_memory_add`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use nginx_syntax::lossy;

use super::{Conflict, Cure, Reported, http_of, is_closed};
use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive};
use crate::size;

/// What makes zones, what uses them, and how the name is written in a line.
const LIMITS: [(DirectiveName, DirectiveName); 2] = [
    (DirectiveName::LIMIT_REQ_ZONE, DirectiveName::LIMIT_REQ),
    (DirectiveName::LIMIT_CONN_ZONE, DirectiveName::LIMIT_CONN),
];

/// The same of caches.
const CACHES: [(DirectiveName, DirectiveName); 4] = [
    (DirectiveName::PROXY_CACHE_PATH, DirectiveName::PROXY_CACHE),
    (DirectiveName::FASTCGI_CACHE_PATH, DirectiveName::FASTCGI_CACHE),
    (DirectiveName::UWSGI_CACHE_PATH, DirectiveName::UWSGI_CACHE),
    (DirectiveName::SCGI_CACHE_PATH, DirectiveName::SCGI_CACHE),
];

type Made<'s> = BTreeMap<Vec<u8>, Directive<'s>>;

pub(super) fn find<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    of_upstreams(configuration, all);
    for (maker, user) in LIMITS {
        if !configuration.has_any(maker) && !configuration.has_any(user) {
            continue;
        }
        let made = made(configuration, maker, "zone=", all);
        used(configuration, &made, user, all);
    }
    for (maker, user) in CACHES {
        if !configuration.has_any(maker) && !configuration.has_any(user) {
            continue;
        }
        let made = made(configuration, maker, "keys_zone=", all);
        cached(configuration, &made, user, all);
    }
}

/// Zones of `upstream` blocks: the same name is the same memory, and one line has to say its size
/// (`http/modules/ngx_http_upstream_zone_module.c:ngx_http_upstream_zone`).
fn of_upstreams<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    if !configuration.has_any(DirectiveName::ZONE) {
        return;
    }
    let mut sizes: BTreeMap<Vec<u8>, (u64, Directive<'s>)> = BTreeMap::new();
    let mut bare: Vec<(ContextId, Directive<'s>, Vec<u8>)> = Vec::new();
    for block in configuration.of_kind(ContextKind::Upstream) {
        if http_of(configuration, block).is_none() {
            continue;
        }
        for line in configuration.named(block, DirectiveName::ZONE).filter(|line| !line.has_unknown()) {
            let Some(name) = line.argument(0) else { continue };
            let Some(size) = line.argument(1) else {
                bare.push((block, line, name.into_owned()));
                continue;
            };
            let Some(size) = size::parse(&size) else { continue };
            let (known, first) = *sizes.entry(name.to_vec()).or_insert((size, line));
            if known != size {
                let message = format!(
                    "the size {size} of shared memory zone \"{}\" conflicts with already declared size {known}",
                    lossy(&name)
                );
                let (other, reported, cure) = (Some(first), Reported::Here, Cure::SameSize);
                all.push(Conflict { line, block, message, other, reported, cure });
            }
        }
    }
    let is_closed = bare.is_empty() || is_closed(configuration);
    for (block, line, name) in bare.into_iter().filter(|_| is_closed) {
        if !sizes.contains_key(&name) {
            let message = format!("zero size shared memory zone \"{}\"", lossy(&name));
            let (other, reported, cure) = (None, Reported::Nowhere, Cure::SizeZone);
            all.push(Conflict { line, block, message, other, reported, cure });
        }
    }
}

/// The zones that lines of a name make; those that two make are refused.
fn made<'s>(
    configuration: Configuration<'s>,
    maker: DirectiveName,
    parameter: &str,
    all: &mut Vec<Conflict<'s>>,
) -> Made<'s> {
    let mut made = Made::new();
    for http in configuration.of_kind(ContextKind::Http) {
        for line in configuration.named(http, maker) {
            let zone = line.arguments().find_map(|word| {
                let value = word.strip_prefix(parameter.as_bytes())?;
                let end = value.iter().position(|byte| *byte == b':')?;
                value.get(..end).map(<[u8]>::to_vec)
            });
            let Some(zone) = zone else { continue };
            let Some(first) = made.insert(zone.clone(), line) else { continue };
            let zone = lossy(&zone);
            let message = if parameter == "zone=" {
                let key = first.argument(0).unwrap_or_default();
                format!("{} \"{zone}\" is already bound to key \"{}\"", maker.as_str(), lossy(&key))
            } else {
                format!("duplicate zone \"{zone}\"")
            };
            all.push(Conflict {
                line,
                block: http,
                message,
                other: Some(first),
                reported: Reported::Here,
                cure: Cure::Rename,
            });
        }
    }
    made
}

/// The zone that a `limit_req` or `limit_conn` names.
fn zone_of<'s>(line: &Directive<'s>) -> Option<Cow<'s, [u8]>> {
    if line.name() == DirectiveName::LIMIT_CONN {
        return line.argument(0);
    }
    let words = line.arguments();
    words.filter_map(|word| word.strip_prefix(b"zone=").map(<[u8]>::to_vec)).last().map(Cow::Owned)
}

/// Lines that name a zone: twice in one block, or one that nothing makes.
fn used<'s>(
    configuration: Configuration<'s>,
    made: &Made<'s>,
    user: DirectiveName,
    all: &mut Vec<Conflict<'s>>,
) {
    if !configuration.has_any(user) {
        return;
    }
    let is_closed = is_closed(configuration);
    for (block, context) in configuration.contexts() {
        if context.kind.has_entries() {
            continue;
        }
        let mut seen: BTreeMap<Cow<'s, [u8]>, Directive<'s>> = BTreeMap::new();
        for line in configuration.named(block, user) {
            if line.has_unknown() {
                continue;
            }
            let Some(zone) = zone_of(&line) else { continue };
            let mut add = |message, other, reported, cure| {
                all.push(Conflict { line, block, message, other, reported, cure });
            };
            if let Some(first) = seen.get(&zone) {
                let message = format!("\"{}\" directive is duplicate", user.as_str());
                add(message, Some(*first), Reported::Here, Cure::DropOne);
            } else if is_closed
                && http_of(configuration, block).is_some()
                && !made.contains_key(zone.as_ref())
            {
                let message = format!("zero size shared memory zone \"{}\"", lossy(&zone));
                add(message, None, Reported::Nowhere, Cure::DefineZone);
            }
            seen.entry(zone).or_insert(line);
        }
    }
}

/// Lines that name a cache which nothing makes (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`).
fn cached<'s>(
    configuration: Configuration<'s>,
    made: &Made<'s>,
    user: DirectiveName,
    all: &mut Vec<Conflict<'s>>,
) {
    if !configuration.has_any(user) || !is_closed(configuration) {
        return;
    }
    for (block, context) in configuration.contexts() {
        if context.kind.has_entries() || !is_merged(configuration, block) {
            continue;
        }
        for line in configuration.named(block, user) {
            let Some(zone) = line.argument(0) else { continue };
            if zone.as_ref() == b"off" || zone.contains(&b'$') || made.contains_key(zone.as_ref()) {
                continue;
            }
            let Some(http) = http_of(configuration, block) else { continue };
            all.push(Conflict {
                line,
                block,
                message: format!("\"{}\" zone \"{}\" is unknown", user.as_str(), lossy(&zone)),
                other: None,
                reported: Reported::AtEndOf(http),
                cure: Cure::DefineCache,
            });
        }
    }
}

/// Whether a level is merged into another: that of `http` into its servers.
pub(super) fn is_merged(configuration: Configuration<'_>, block: ContextId) -> bool {
    let is_server = |server: &ContextId| configuration.context(*server).kind == ContextKind::Server;
    match configuration.context(block).kind {
        ContextKind::Http => configuration.children(block).iter().any(is_server),
        _ => true,
    }
}
