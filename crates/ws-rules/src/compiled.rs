//! Where nginx compiles variables, and which of its lines it never does.

use std::sync::LazyLock;

use nginx_semantics::{Configuration, ContextId, ContextKind, DirectiveName, catalogue};

/// What nginx keeps as text until it merges levels: of `http` it compiles it only for a server that inherits it
/// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`, `ngx_http_fastcgi_init_params` and its kin).
/// All else it compiles where it reads it.
const COMPILED_LATE: [&str; 6] =
    ["proxy_set_header", "proxy_set_body", "fastcgi_param", "uwsgi_param", "scgi_param", "grpc_set_header"];

/// Whether nginx compiles the directives of a name that stand in a context.
pub(crate) fn is_compiled(configuration: Configuration<'_>, id: ContextId, name: DirectiveName) -> bool {
    if configuration.context(id).kind != ContextKind::Http || !COMPILED_LATE.contains(&name.as_str()) {
        return true;
    }
    let is_below = |server: &ContextId| configuration.levels(*server).any(|level| level == id);
    let mut servers = configuration.of_kind(ContextKind::Server).filter(is_below);
    servers.any(|server| configuration.named(server, name).next().is_none())
}

/// Whether nginx evaluates variables in blocks of a kind.
pub(crate) fn is_evaluated(kind: ContextKind) -> bool {
    use ContextKind as K;
    matches!(
        kind,
        K::Http | K::Server | K::Location | K::If | K::ServerIf | K::LimitExcept | K::Upstream | K::Map
    )
}

/// Whether nginx evaluates variables in any word of a directive of this name. All lines of a configuration ask.
pub(crate) fn may_be_script(name: DirectiveName, kind: ContextKind) -> bool {
    /// By the number of a name, outside of `map`.
    static ANY: LazyLock<Vec<bool>> = LazyLock::new(|| {
        let names = DirectiveName::all();
        names.map(|name| (0..=1).any(|index| is_script(name, ContextKind::Location, index))).collect()
    });
    kind == ContextKind::Map || ANY.get(name.index()).copied().unwrap_or(false)
}

/// Whether nginx evaluates variables in the 0-based `index`th word behind the name.
pub(crate) fn is_script(name: DirectiveName, kind: ContextKind, index: usize) -> bool {
    use DirectiveName as N;
    if kind == ContextKind::Map {
        return index == 0;
    }
    match name {
        N::PROXY_PASS | N::ROOT | N::ALIAS | N::RETURN | N::PROXY_CACHE_BYPASS | N::TRY_FILES => true,
        N::MAP | N::HASH | N::IF => index == 0,
        N::PROXY_SET_HEADER | N::ADD_HEADER | N::SET | N::REWRITE => index == 1,
        name => SCRIPTS.binary_search(&name).is_ok(),
    }
}

/// Directives all of whose words that have a `$` are evaluated, in order.
static SCRIPTS: LazyLock<Vec<DirectiveName>> = LazyLock::new(|| {
    let mut names: Vec<_> = SCRIPT_NAMES.iter().map(|name| catalogue::lookup(name.as_bytes())).collect();
    names.sort_unstable();
    names
});

const SCRIPT_NAMES: &[&str] = &[
    "access_log",
    "auth_basic",
    "error_page",
    "fastcgi_param",
    "grpc_set_header",
    "limit_conn_zone",
    "limit_rate",
    "limit_req_zone",
    "log_format",
    "proxy_cache_key",
    "proxy_method",
    "proxy_no_cache",
    "proxy_set_body",
    "scgi_param",
    "sub_filter",
    "uwsgi_param",
];
