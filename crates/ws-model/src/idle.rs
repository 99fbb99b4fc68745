//! How long both sides of a connection may be silent before nginx closes it.
//!
//! Inside a tunnel one timer runs, `proxy_read_timeout` (`uwsgi_`, `scgi_`), and traffic in either direction starts it
//! again (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`).

use nginx_semantics::{Configuration, ContextId, DirectiveName, PassModule, defaults, time};

use crate::source::{Source, effective_or_hedged};

/// The idle limit of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct IdleLimit<'s> {
    /// The directive that counts for the module.
    pub directive_name: DirectiveName,
    /// Milliseconds; `None` where unknown, or where nginx refuses what is written.
    pub milliseconds: Option<u64>,
    /// Where it comes from.
    pub source: Source<'s>,
    /// Whether an include that was not given, around the location, may set it.
    pub is_hedged: bool,
}

impl<'s> IdleLimit<'s> {
    /// Of a location that has no tunnel, so that nothing ends one.
    pub(crate) const NONE: Self = Self {
        directive_name: DirectiveName::PROXY_READ_TIMEOUT,
        milliseconds: None,
        source: Source::Default { is_assumed: true },
        is_hedged: false,
    };

    /// The limit in a context; `None` for modules that have no tunnel.
    pub fn new(configuration: Configuration<'s>, context: ContextId, module: PassModule) -> Option<Self> {
        let directive_name = match module {
            PassModule::Proxy => DirectiveName::PROXY_READ_TIMEOUT,
            PassModule::Uwsgi => DirectiveName::UWSGI_READ_TIMEOUT,
            PassModule::Scgi => DirectiveName::SCGI_READ_TIMEOUT,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => return None,
        };
        let (effective, is_hedged) = effective_or_hedged(configuration, context, directive_name);
        let source = Source::of(&effective);
        let milliseconds = match source {
            Source::Set { directive, .. } => directive.argument(0).and_then(|time| time::parse_ms(&time)),
            Source::Default { .. } => Some(defaults::READ_TIMEOUT_MS),
            Source::Unknown(_) => None,
        };
        Some(Self { directive_name, milliseconds, source, is_hedged })
    }
}
