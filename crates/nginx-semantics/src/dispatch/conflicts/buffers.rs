//! Buffers for answers (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf` and its kin).

use std::collections::BTreeSet;

use super::{Conflict, Cure, Reported, http_of, zones};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive, Presence};
use crate::effective::{Effective, effective};
use crate::size;

/// The lines of a module.
struct Module {
    prefix: &'static str,
    buffers: N,
    buffer: N,
    busy: N,
    write: N,
    most: N,
}

const MODULES: [Module; 4] = [
    Module {
        prefix: "proxy",
        buffers: N::PROXY_BUFFERS,
        buffer: N::PROXY_BUFFER_SIZE,
        busy: N::PROXY_BUSY_BUFFERS_SIZE,
        write: N::PROXY_TEMP_FILE_WRITE_SIZE,
        most: N::PROXY_MAX_TEMP_FILE_SIZE,
    },
    Module {
        prefix: "fastcgi",
        buffers: N::FASTCGI_BUFFERS,
        buffer: N::FASTCGI_BUFFER_SIZE,
        busy: N::FASTCGI_BUSY_BUFFERS_SIZE,
        write: N::FASTCGI_TEMP_FILE_WRITE_SIZE,
        most: N::FASTCGI_MAX_TEMP_FILE_SIZE,
    },
    Module {
        prefix: "uwsgi",
        buffers: N::UWSGI_BUFFERS,
        buffer: N::UWSGI_BUFFER_SIZE,
        busy: N::UWSGI_BUSY_BUFFERS_SIZE,
        write: N::UWSGI_TEMP_FILE_WRITE_SIZE,
        most: N::UWSGI_MAX_TEMP_FILE_SIZE,
    },
    Module {
        prefix: "scgi",
        buffers: N::SCGI_BUFFERS,
        buffer: N::SCGI_BUFFER_SIZE,
        busy: N::SCGI_BUSY_BUFFERS_SIZE,
        write: N::SCGI_TEMP_FILE_WRITE_SIZE,
        most: N::SCGI_MAX_TEMP_FILE_SIZE,
    },
];

/// A page of memory, which is larger on few machines: what does not fit there either may fit with their defaults.
const PAGE: u64 = 4 << 10;

pub(super) fn find<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    // A line that several blocks inherit is blamed once for each message.
    let mut seen = BTreeSet::new();
    for module in MODULES {
        let names = [module.buffers, module.buffer, module.busy, module.write, module.most];
        // The defaults fit.
        if !names.iter().any(|name| configuration.has_any(*name)) {
            continue;
        }
        for (block, context) in configuration.contexts() {
            let is_level = matches!(
                context.kind,
                ContextKind::Server | ContextKind::Location | ContextKind::If | ContextKind::LimitExcept
            );
            let declares = names.iter().any(|name| configuration.named(block, *name).next().is_some());
            // A level that has none of the lines is like the one around it.
            if !is_level
                || !declares && context.kind != ContextKind::Server
                || context.presence != Presence::Given
            {
                continue;
            }
            let Some(http) = http_of(configuration, block) else { continue };
            let Some((message, line)) = refused(configuration, block, &module) else { continue };
            let place = (line.reference.file, line.reference.node, message.clone());
            if zones::is_merged(configuration, block) && seen.insert(place) {
                all.push(Conflict {
                    line,
                    block,
                    message,
                    other: None,
                    reported: Reported::AtEndOf(http),
                    cure: Cure::FitBuffers(module.prefix),
                });
            }
        }
    }
}

/// What is in effect of a line, with its words as sizes or numbers.
enum Value<'s> {
    Set(Directive<'s>, Vec<u64>),
    Default,
}

fn value<'s>(configuration: Configuration<'s>, block: ContextId, name: N) -> Option<Value<'s>> {
    match effective(configuration, block, name) {
        Effective::Set(declared) if !declared.is_assumed => {
            let line = *declared.directives.first()?;
            let words: Option<Vec<u64>> = line.arguments().map(|word| size::parse(&word)).collect();
            Some(Value::Set(line, words?))
        }
        Effective::Default { is_assumed: false } => Some(Value::Default),
        _ => None,
    }
}

fn refused<'s>(
    configuration: Configuration<'s>,
    block: ContextId,
    module: &Module,
) -> Option<(String, Directive<'s>)> {
    let value = |name| value(configuration, block, name);
    let (buffers, buffer, busy, write, most) = (
        value(module.buffers)?,
        value(module.buffer)?,
        value(module.busy)?,
        value(module.write)?,
        value(module.most)?,
    );
    let prefix = module.prefix;
    let line = |value: &Value<'s>| match value {
        Value::Set(line, _) => Some(*line),
        Value::Default => None,
    };
    let first = |value: &Value<'_>, default: u64| match value {
        Value::Set(_, words) => words.first().copied(),
        Value::Default => Some(default),
    };
    let (count, each) = match &buffers {
        Value::Set(_, words) => (*words.first()?, *words.get(1)?),
        Value::Default => (8, PAGE),
    };
    if count < 2 {
        return Some((format!("there must be at least 2 \"{prefix}_buffers\""), line(&buffers)?));
    }
    let least = first(&buffer, PAGE)?.max(each);
    // The innermost line is to blame for what it is set to.
    let blamed = || [&busy, &buffer, &buffers].into_iter().find_map(line);
    let of_both =
        format!("the maximum of the value of \"{prefix}_buffer_size\" and one of the \"{prefix}_buffers\"");
    let in_use = first(&busy, least.checked_mul(2)?)?;
    if in_use < least {
        let message = format!("\"{prefix}_busy_buffers_size\" must be equal to or greater than {of_both}");
        return Some((message, line(&busy)?));
    }
    if in_use > (count - 1).checked_mul(each)? {
        let message = format!(
            "\"{prefix}_busy_buffers_size\" must be less than the size of all \"{prefix}_buffers\" minus one buffer"
        );
        return Some((message, blamed()?));
    }
    if first(&write, least.checked_mul(2)?)? < least {
        let message = format!("\"{prefix}_temp_file_write_size\" must be equal to or greater than {of_both}");
        return Some((message, line(&write)?));
    }
    let largest = first(&most, 1 << 30)?;
    if largest != 0 && largest < least {
        let message = format!(
            "\"{prefix}_max_temp_file_size\" must be equal to zero to disable temporary files usage or must be equal to or greater than {of_both}"
        );
        return Some((message, line(&most)?));
    }
    None
}
