//! Formats of logs, and upstreams.

use std::collections::BTreeMap;

use nginx_syntax::lossy;

use super::{Conflict, Cure, Reported, http_of, is_closed};
use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextKind, Directive};

pub(super) fn find<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    if configuration.has_any(DirectiveName::LOG_FORMAT) || configuration.has_any(DirectiveName::ACCESS_LOG) {
        formats(configuration, all);
    }
    upstreams(configuration, all);
}

/// `http/modules/ngx_http_log_module.c:ngx_http_log_set_format` and `ngx_http_log_set_log`.
fn formats<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    let mut made: BTreeMap<Vec<u8>, Directive<'s>> = BTreeMap::new();
    for block in configuration.of_kind(ContextKind::Http) {
        for line in configuration.named(block, DirectiveName::LOG_FORMAT) {
            let Some(name) = line.argument(0) else { continue };
            let first = made.insert(name.to_vec(), line);
            if first.is_some() || name.as_ref() == b"combined" {
                let message = format!("duplicate \"log_format\" name \"{}\"", lossy(&name));
                all.push(Conflict {
                    line,
                    block,
                    message,
                    other: first,
                    reported: Reported::Here,
                    cure: Cure::Rename,
                });
            }
        }
    }
    if !configuration.has_any(DirectiveName::ACCESS_LOG) || !is_closed(configuration) {
        return;
    }
    // Names are compared without case where they are used.
    let in_lower_case: BTreeMap<Vec<u8>, Directive<'s>> =
        made.iter().map(|(name, line)| (name.to_ascii_lowercase(), *line)).collect();
    for (block, context) in configuration.contexts() {
        if context.kind.has_entries() || http_of(configuration, block).is_none() {
            continue;
        }
        for line in configuration.named(block, DirectiveName::ACCESS_LOG) {
            let Some(name) = line.argument(1).filter(|_| !line.has_unknown()) else { continue };
            let format = in_lower_case.get(&name.to_ascii_lowercase()).copied();
            // What is written below in the same file nginx has not read yet.
            let is_later = |format: &Directive<'_>| {
                format.reference.file == line.reference.file
                    && format.included_by().is_none()
                    && line.included_by().is_none()
                    && format.at().span.start > line.at().span.start
            };
            if name.eq_ignore_ascii_case(b"combined") || format.is_some_and(|format| !is_later(&format)) {
                continue;
            }
            if line.argument(0).is_some_and(|path| path.as_ref() == b"off") {
                continue;
            }
            let message = format!("unknown log format \"{}\"", lossy(&name));
            all.push(Conflict {
                line,
                block,
                message,
                other: format,
                reported: Reported::Here,
                cure: Cure::DefineFormat,
            });
        }
    }
}

/// `http/ngx_http_upstream.c:ngx_http_upstream`, and for backups `ngx_http_upstream_round_robin.c:
/// ngx_http_upstream_init_round_robin`.
fn upstreams<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    let mut seen: BTreeMap<Vec<u8>, Directive<'s>> = BTreeMap::new();
    for upstream in configuration.of_kind(ContextKind::Upstream) {
        let Some((line, block)) = configuration.opener(upstream).zip(configuration.context(upstream).parent)
        else {
            continue;
        };
        let Some(name) = line.argument(0) else { continue };
        let mut add = |message, other, reported, cure| {
            all.push(Conflict { line, block, message, other, reported, cure });
        };
        if let Some(first) = seen.insert(name.to_ascii_lowercase(), line) {
            let message = format!("duplicate upstream \"{}\"", lossy(&name));
            add(message, Some(first), Reported::Here, Cure::Rename);
            continue;
        }
        let mut servers = configuration.named(upstream, DirectiveName::SERVER).peekable();
        // Another module may have lines of its own for servers.
        let is_foreign = |line: Directive<'_>| line.name().rows().is_empty();
        let has_all = configuration.context(upstream).unseen().next().is_none()
            && !configuration.directives(upstream).any(is_foreign);
        if !has_all {
            continue;
        }
        if servers.peek().is_none() {
            add(
                "no servers are inside upstream".to_owned(),
                None,
                Reported::AtEndOf(upstream),
                Cure::AddServer,
            );
            continue;
        }
        let is_backup = |server: &Directive<'_>| {
            server.has_unknown() || server.arguments().skip(1).any(|word| word.as_ref() == b"backup")
        };
        let has_unknown = configuration.named(upstream, DirectiveName::SERVER).any(|line| line.has_unknown());
        if !has_unknown && servers.all(|server| is_backup(&server)) {
            let message = format!("no servers in upstream \"{}\"", lossy(&name));
            add(message, None, Reported::Here, Cure::AddPrimary);
        }
    }
}
