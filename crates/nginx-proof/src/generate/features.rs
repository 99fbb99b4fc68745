//! What the table of coverage counts.

/// Something of a configuration, in the words of the table.
pub type Feature = &'static str;

macro_rules! features {
    ($($name:ident = $words:literal;)*) => {
        $(pub(crate) const $name: Feature = $words;)*

        /// All, in the order of the table.
        pub const FEATURES: &[Feature] = &[$($name),*];
    };
}

features! {
    SERVERS = "several servers on a socket";
    DEFAULT_SERVER = "`default_server` among several";
    HEADERS_HTTP = "`proxy_set_header` in `http`";
    HEADERS_SERVER = "`proxy_set_header` in `server`";
    HEADERS_LOCATION = "`proxy_set_header` in a location";
    HEADERS_NESTED = "`proxy_set_header` in a nested location";
    HEADERS_REPLACED = "`proxy_set_header` on a level below another with it";
    HEADERS_INCLUDED = "such lines in an included file";
    HEADER_TWICE = "the same header twice on a level";
    HEADER_EMPTY = "a header with an empty value";
    HTTP_VERSION = "`proxy_http_version`";
    MAP_LITERAL = "map: literal key";
    MAP_EMPTY_KEY = "map: empty key";
    MAP_REGEX = "map: regex";
    MAP_CASELESS = "map: regex without case";
    MAP_CAPTURE = "map: what a regex captured";
    MAP_DEFAULT = "map: `default`";
    MAP_NO_DEFAULT = "map: no `default`";
    MAP_VOLATILE = "map: `volatile`";
    MAP_INCLUDED = "map: entries in an included file";
    LOCATION_PREFIX = "location: prefix";
    LOCATION_EXACT = "location: `=`";
    LOCATION_PRIORITY = "location: `^~`";
    LOCATION_REGEX = "location: `~`";
    LOCATION_CASELESS = "location: `~*`";
    LOCATION_NAMED = "location: `@name`";
    NESTED_PREFIX = "nested location: prefix";
    NESTED_EXACT = "nested location: `=`";
    NESTED_PRIORITY = "nested location: `^~`";
    NESTED_REGEX = "nested location: regex";
    INTERNAL = "`internal`";
    NO_PASS = "location without `proxy_pass`";
    PASS_PLAIN = "`proxy_pass` without URI";
    PASS_URI = "`proxy_pass` with URI";
    PASS_VARIABLES = "`proxy_pass` with variables";
    IF_SERVER = "`if` in `server`";
    IF_LOCATION = "`if` in a location";
    IF_PASS = "`if` with `proxy_pass`";
    LIMIT_EXCEPT = "`limit_except`";
    SET = "`set`";
    SET_OWN = "`set` of nginx's own variable";
    BREAK = "`break`";
    RETURN = "`return`";
    REWRITE_LAST = "`rewrite … last`, or without flag";
    REWRITE_BREAK = "`rewrite … break`";
    REWRITE_REDIRECT = "`rewrite … redirect` or `permanent`";
    TRY_FILES = "`try_files`";
    ERROR_PAGE_NAMED = "`error_page` to `@name`";
    ERROR_PAGE_PATH = "`error_page` to a path";
    PASSWORD = "`auth_basic`";
    MERGE_SLASHES = "`merge_slashes off`";
    REDIRECT_URL = "`absolute_redirect` and its kin";
    ACCESS = "`allow`, `deny`";
    CAPTURES = "`server_name` that captures";
    FIELDS = "`underscores_in_headers`, `ignore_invalid_headers`";
    BODY = "`proxy_set_body`";
    DOWN = "an upstream whose servers are all down";
    AUTH = "`auth_request`";
    FILES = "files that are there";
    INTERCEPT = "`proxy_intercept_errors`";
    ANY = "`satisfy any`";
    SOCKETS = "several sockets, with TLS and without";
    REAL_IP = "`set_real_ip_from`";
    ANSWERS = "`proxy_redirect`, `proxy_cookie_path`, `proxy_hide_header`, `gzip` and their kin";
    MIRROR = "`mirror`";
    LIMITS = "`limit_req`, `limit_conn`";
    ERROR_PAGES = "`recursive_error_pages`, `error_page` with variables or a URL";
    PEERS = "upstreams with several servers, a backup, a UNIX socket";
    TLS_PEER = "a back end that speaks TLS";
    ROOTS = "`root` and `alias` on several levels, `if (-f …)`";
    PASSWORDS = "passwords that are right";
    OTHER_VARIABLES = "`geo`, `split_clients`";
    HOSTNAMES = "map: `hostnames`; several maps of one name";
    BUFFERS = "small header buffers";
    CACHE = "`proxy_cache`";
    RESOLVER = "`resolver`";
    VERSION_2 = "`proxy_http_version 2`, on nginx that has it";
    HTTP10 = "a request of HTTP/1.0";
    NO_HOST = "a request without `Host`, or with fields before it";
    WITH_BODY = "a request with a body";
    ABSOLUTE = "a request with an absolute URI";
}
