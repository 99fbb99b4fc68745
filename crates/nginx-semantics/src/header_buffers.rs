//! The buffers that heads are read into: of a request (`http/ngx_http_request.c:ngx_http_alloc_large_header_buffer`), and
//! of the upstream's answer, which has one (`http/ngx_http_upstream.c:ngx_http_upstream_process_header`).
//!
//! For requests the first one is made before a host is known, by the server that the connection has until then
//! (`ngx_http_wait_request_handler`). What it does not take to its end goes to large ones, a line to one of them as a
//! whole: those of the same server for the request line, of the server that the host names for the fields behind `Host`.

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, Directive};
use crate::effective::{Effective, effective};
use crate::size;
use crate::upstream::PassModule;

/// How large buffers are.
#[derive(Debug, Clone, Copy)]
pub struct HeaderBuffer<'s> {
    /// Each, in bytes; `None` where it is not known.
    pub bytes: Option<u64>,
    /// What says so; `None` for nginx's default.
    pub directive: Option<Directive<'s>>,
    /// Whether a file that was not given may say something else.
    pub is_assumed: bool,
}

impl<'s> HeaderBuffer<'s> {
    /// `client_header_buffer_size` of the server that a connection has before its host is known.
    pub fn first(configuration: Configuration<'s>, server: ContextId) -> Self {
        Self::of(configuration, server, DirectiveName::CLIENT_HEADER_BUFFER_SIZE, 0, 1 << 10)
    }

    /// One of `large_client_header_buffers`.
    pub fn large(configuration: Configuration<'s>, server: ContextId) -> Self {
        Self::of(configuration, server, DirectiveName::LARGE_CLIENT_HEADER_BUFFERS, 1, 8 << 10)
    }

    /// How many of them there are; `None` where that is not known.
    pub fn most(configuration: Configuration<'s>, server: ContextId) -> Option<u64> {
        Self::of(configuration, server, DirectiveName::LARGE_CLIENT_HEADER_BUFFERS, 0, 4).bytes
    }

    /// `proxy_buffer_size` and its kin, for the answer of a location's upstream; `None` for modules that cannot upgrade.
    pub fn answer(configuration: Configuration<'s>, location: ContextId, module: PassModule) -> Option<Self> {
        let name = match module {
            PassModule::Proxy => DirectiveName::PROXY_BUFFER_SIZE,
            PassModule::Uwsgi => DirectiveName::UWSGI_BUFFER_SIZE,
            PassModule::Scgi => DirectiveName::SCGI_BUFFER_SIZE,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => return None,
        };
        // A page of memory, which has 8k on few machines.
        Some(Self::of(configuration, location, name, 0, 4 << 10))
    }

    fn of(
        configuration: Configuration<'s>,
        level: ContextId,
        name: DirectiveName,
        word: usize,
        default: u64,
    ) -> Self {
        match effective(configuration, level, name) {
            Effective::Set(declared) => {
                let directive = declared.directives.first().copied();
                let bytes = directive.and_then(|line| size::parse(&line.argument(word)?));
                Self { bytes, directive, is_assumed: declared.is_assumed }
            }
            Effective::Default { is_assumed } => Self { bytes: Some(default), directive: None, is_assumed },
            Effective::Unknown(_) => Self { bytes: None, directive: None, is_assumed: true },
        }
    }
}
