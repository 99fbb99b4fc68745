//! How long both sides of a connection may be silent before nginx closes it.
//!
//! Inside a tunnel one timer runs, `proxy_read_timeout` (`uwsgi_`, `scgi_`), and traffic in either direction starts it
//! again (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`).

use nginx_semantics::{
    Configuration, ContextId, Directive, DirectiveName, Effective, Gap, PassModule, defaults, effective, time,
};

/// Where the limit comes from.
#[derive(Debug, Clone, Copy)]
pub enum IdleSource<'s> {
    /// A directive.
    Set {
        /// Which.
        directive: Directive<'s>,
        /// Whether it stands in the location itself.
        is_here: bool,
    },
    /// No level sets it.
    Default {
        /// Whether a file that was not given may.
        is_assumed: bool,
    },
    /// An include that was not given stands where it may be set.
    Unknown(Gap),
}

/// The idle limit of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct IdleLimit<'s> {
    /// The directive that counts for the module.
    pub directive_name: DirectiveName,
    /// Milliseconds; `None` where unknown, or where nginx refuses what is written.
    pub milliseconds: Option<u64>,
    /// Where it comes from.
    pub source: IdleSource<'s>,
}

impl<'s> IdleLimit<'s> {
    /// `None` for modules that have no tunnel.
    pub(crate) fn new(
        configuration: Configuration<'s>,
        context: ContextId,
        module: PassModule,
    ) -> Option<Self> {
        let directive_name = match module {
            PassModule::Proxy => DirectiveName::PROXY_READ_TIMEOUT,
            PassModule::Uwsgi => DirectiveName::UWSGI_READ_TIMEOUT,
            PassModule::Scgi => DirectiveName::SCGI_READ_TIMEOUT,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => return None,
        };
        let (milliseconds, source) = match effective(configuration, context, directive_name) {
            Effective::Unknown(gap) => (None, IdleSource::Unknown(gap)),
            Effective::Default { is_assumed } => {
                (Some(defaults::READ_TIMEOUT_MS), IdleSource::Default { is_assumed })
            }
            Effective::Set(declared) => {
                let directive = *declared.directives.first()?;
                let milliseconds = directive.argument(0).and_then(|time| time::parse_ms(&time));
                (milliseconds, IdleSource::Set { directive, is_here: declared.is_here })
            }
        };
        Some(Self { directive_name, milliseconds, source })
    }
}
