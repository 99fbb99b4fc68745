//! Where nginx compiles variables, and which of its lines it never does.

use std::sync::LazyLock;

use nginx_semantics::catalogue::{ModuleKind, Setter};
use nginx_semantics::{ContextKind, Directive, DirectiveName, Part, catalogue, parts};

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
        N::IF | N::PROXY_PASS | N::ROOT | N::ALIAS | N::RETURN | N::PROXY_CACHE_BYPASS | N::TRY_FILES => true,
        N::MAP
        | N::HASH
        | N::SPLIT_CLIENTS
        | N::PROXY_BIND
        | N::FASTCGI_BIND
        | N::UWSGI_BIND
        | N::SCGI_BIND
        | N::GRPC_BIND => index == 0,
        N::PROXY_SET_HEADER | N::ADD_HEADER | N::SET | N::REWRITE | N::AUTH_REQUEST_SET => index == 1,
        name => SCRIPTS.binary_search(&name).is_ok(),
    }
}

/// The names of variables in the 0-based `index`th word of a directive in which nginx evaluates them.
pub(crate) fn names_in(directive: &Directive<'_>, index: usize, word: &[u8]) -> Vec<Vec<u8>> {
    let of_text = |text: &[u8]| {
        let parts = parts(text);
        let names = parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.to_vec()),
            _ => None,
        });
        names.collect()
    };
    let is_pattern = |word: &[u8]| word.first() == Some(&b'~');
    match directive.name() {
        DirectiveName::IF => in_condition(directive, index, word).map_or_else(Vec::new, |what| match what {
            InCondition::Name(name) => vec![name],
            InCondition::Text(text) => of_text(&text),
        }),
        // The `$` of a pattern is its end.
        DirectiveName::PROXY_REDIRECT
        | DirectiveName::PROXY_COOKIE_PATH
        | DirectiveName::PROXY_COOKIE_DOMAIN
            if index == 0 && is_pattern(word) =>
        {
            Vec::new()
        }
        _ => of_text(word),
    }
}

/// What helps where something stands for the name of a variable that cannot be one; `None` for names.
pub(crate) fn remedy_of_no_name(name: &str) -> Option<&'static str> {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        Some(
            "only `$1` to `$9` in text are groups of a pattern: name the group, `(?<name>…)`, and write `$name`",
        )
    } else if name.contains(['=', '~', '<', '>', '\'', '"']) {
        Some("put a space on either side of `=`, `!=` or `~`")
    } else {
        None
    }
}

/// What a word of an `if` is (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_if_condition`).
enum InCondition {
    /// The name of a variable: all that is behind the `$`, whatever it is.
    Name(Vec<u8>),
    /// Text with variables.
    Text(Vec<u8>),
}

fn in_condition(directive: &Directive<'_>, index: usize, word: &[u8]) -> Option<InCondition> {
    let count = directive.arguments().count();
    let is_last = index + 1 == count;
    let inner = word.strip_suffix(b")").filter(|_| is_last).unwrap_or(word);
    let before = index.checked_sub(1).and_then(|before| directive.argument(before));
    match before.as_deref() {
        None | Some(b"(") => {
            let inner = inner.strip_prefix(b"(").unwrap_or(inner);
            inner.strip_prefix(b"$").map(|name| InCondition::Name(name.to_vec()))
        }
        Some(b"=" | b"!=") => Some(InCondition::Text(inner.to_vec())),
        Some(before) => {
            let test = before.strip_prefix(b"(").unwrap_or(before);
            let is_file = matches!(test, [b'-', _] | [b'!', b'-', _]);
            is_file.then(|| InCondition::Text(inner.to_vec()))
        }
    }
}

/// Directives all of whose words that have a `$` are evaluated, in order.
static SCRIPTS: LazyLock<Vec<DirectiveName>> = LazyLock::new(|| {
    let mut names: Vec<_> = SCRIPT_NAMES.iter().map(|name| catalogue::lookup(name.as_bytes())).collect();
    let compiles = |setter| matches!(setter, Setter::Script | Setter::ScriptSize | Setter::Scripts);
    let rows = catalogue::directives().iter();
    names.extend(rows.filter(|row| row.kind == ModuleKind::Http && compiles(row.setter)).map(|row| row.id));
    names.sort_unstable();
    names.dedup();
    names
});

const SCRIPT_NAMES: &[&str] = &[
    "access_log",
    "auth_basic",
    "error_page",
    "expires",
    "fastcgi_cache",
    "fastcgi_cache_key",
    "fastcgi_pass",
    "fastcgi_param",
    "grpc_pass",
    "grpc_set_header",
    "index",
    "limit_conn_zone",
    "limit_rate",
    "limit_req_zone",
    "log_format",
    "memcached_pass",
    "proxy_cache",
    "proxy_cache_key",
    "proxy_cookie_domain",
    "proxy_cookie_path",
    "proxy_method",
    "proxy_no_cache",
    "proxy_redirect",
    "proxy_set_body",
    "scgi_cache",
    "scgi_cache_key",
    "scgi_param",
    "scgi_pass",
    "sub_filter",
    "uwsgi_cache",
    "uwsgi_cache_key",
    "uwsgi_param",
    "uwsgi_pass",
];
