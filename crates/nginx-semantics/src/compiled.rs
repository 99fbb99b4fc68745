//! When nginx compiles the variables of a line.

use crate::catalogue::DirectiveName as N;
use crate::configuration::{Configuration, ContextId, ContextKind};

/// What nginx keeps as text until it merges levels: of `http` it compiles it only for a server that inherits it
/// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`, `ngx_http_proxy_init_headers`,
/// `ngx_http_fastcgi_init_params` and its kin). All else it compiles where it reads it. With the 0-based number of the
/// word behind the name that has variables.
pub(crate) const COMPILED_LATE: [(N, usize); 6] = [
    (N::PROXY_SET_HEADER, 1),
    (N::PROXY_SET_BODY, 0),
    (N::FASTCGI_PARAM, 1),
    (N::UWSGI_PARAM, 1),
    (N::SCGI_PARAM, 1),
    (N::GRPC_SET_HEADER, 1),
];

/// Whether nginx compiles the directives of a name that stand in a context.
pub fn is_compiled(configuration: Configuration<'_>, id: ContextId, name: N) -> bool {
    if configuration.context(id).kind != ContextKind::Http
        || !COMPILED_LATE.iter().any(|(late, _)| *late == name)
    {
        return true;
    }
    let is_below = |server: &ContextId| configuration.levels(*server).any(|level| level == id);
    let mut servers = configuration.of_kind(ContextKind::Server).filter(is_below);
    servers.any(|server| configuration.named(server, name).next().is_none())
}
