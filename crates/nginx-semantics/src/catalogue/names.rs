//! The directive names that code uses, as constants.

use super::DirectiveName;

/// Numbers the names from 1 in the order given, so that they are constants and can be patterns. The table
/// interns [`NAMED`] in the same order.
macro_rules! names {
    ($($id:ident = $text:literal,)*) => {
        /// Counts: the compiler numbers the variants.
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "spelled like the constants")]
        #[repr(u16)]
        enum Number { Unknown, $($id),* }

        const _: () = assert!(Number::Unknown as u16 == DirectiveName::UNKNOWN.0);

        impl DirectiveName {
            $(
                #[doc = concat!("`", $text, "`.")]
                pub const $id: Self = Self(Number::$id as u16);
            )*
        }

        /// The names that have a constant, in the order of their ids.
        pub(super) const NAMED: &[&str] = &[$($text),*];
    };
}

names! {
    // Blocks, and directives of the main level.
    EVENTS = "events",
    HTTP = "http",
    STREAM = "stream",
    MAIL = "mail",
    SERVER = "server",
    LOCATION = "location",
    IF = "if",
    LIMIT_EXCEPT = "limit_except",
    UPSTREAM = "upstream",
    MAP = "map",
    GEO = "geo",
    TYPES = "types",
    SPLIT_CLIENTS = "split_clients",
    CHARSET_MAP = "charset_map",
    INCLUDE = "include",
    LOAD_MODULE = "load_module",
    WORKER_PROCESSES = "worker_processes",
    WORKER_CONNECTIONS = "worker_connections",
    WORKER_RLIMIT_NOFILE = "worker_rlimit_nofile",
    WORKER_SHUTDOWN_TIMEOUT = "worker_shutdown_timeout",

    // Which request goes where.
    LISTEN = "listen",
    SERVER_NAME = "server_name",
    CLIENT_HEADER_BUFFER_SIZE = "client_header_buffer_size",
    LARGE_CLIENT_HEADER_BUFFERS = "large_client_header_buffers",
    MERGE_SLASHES = "merge_slashes",
    UNDERSCORES_IN_HEADERS = "underscores_in_headers",
    IGNORE_INVALID_HEADERS = "ignore_invalid_headers",
    ABSOLUTE_REDIRECT = "absolute_redirect",
    SERVER_NAME_IN_REDIRECT = "server_name_in_redirect",
    PORT_IN_REDIRECT = "port_in_redirect",
    RETURN = "return",
    REWRITE = "rewrite",
    SET = "set",
    BREAK = "break",
    ROOT = "root",
    ALIAS = "alias",
    TRY_FILES = "try_files",
    INDEX = "index",
    AUTOINDEX = "autoindex",
    INTERNAL = "internal",
    AUTH_REQUEST_SET = "auth_request_set",
    ERROR_PAGE = "error_page",
    RECURSIVE_ERROR_PAGES = "recursive_error_pages",
    SATISFY = "satisfy",
    ALLOW = "allow",
    DENY = "deny",
    AUTH_BASIC = "auth_basic",
    AUTH_BASIC_USER_FILE = "auth_basic_user_file",
    AUTH_REQUEST = "auth_request",
    LIMIT_REQ = "limit_req",
    LIMIT_CONN = "limit_conn",
    MIRROR = "mirror",
    STUB_STATUS = "stub_status",
    EMPTY_GIF = "empty_gif",
    PERL = "perl",

    // Handing the request on.
    PROXY_PASS = "proxy_pass",
    UWSGI_PASS = "uwsgi_pass",
    SCGI_PASS = "scgi_pass",
    FASTCGI_PASS = "fastcgi_pass",
    GRPC_PASS = "grpc_pass",
    MEMCACHED_PASS = "memcached_pass",
    PROXY_SET_HEADER = "proxy_set_header",
    PROXY_HTTP_VERSION = "proxy_http_version",
    PROXY_METHOD = "proxy_method",
    PROXY_SET_BODY = "proxy_set_body",
    PROXY_INTERCEPT_ERRORS = "proxy_intercept_errors",
    PROXY_PASS_HEADER = "proxy_pass_header",
    PROXY_PASS_REQUEST_HEADERS = "proxy_pass_request_headers",
    PROXY_SSL_NAME = "proxy_ssl_name",
    TUNNEL_PASS = "tunnel_pass",
    RESOLVER = "resolver",

    // How long a connection may be idle.
    PROXY_READ_TIMEOUT = "proxy_read_timeout",
    PROXY_SEND_TIMEOUT = "proxy_send_timeout",
    PROXY_TIMEOUT = "proxy_timeout",
    UWSGI_READ_TIMEOUT = "uwsgi_read_timeout",
    SCGI_READ_TIMEOUT = "scgi_read_timeout",
    SEND_TIMEOUT = "send_timeout",
    KEEPALIVE_TIMEOUT = "keepalive_timeout",
    PROXY_SOCKET_KEEPALIVE = "proxy_socket_keepalive",
    UWSGI_SOCKET_KEEPALIVE = "uwsgi_socket_keepalive",
    SCGI_SOCKET_KEEPALIVE = "scgi_socket_keepalive",
    LIMIT_RATE = "limit_rate",
    LIMIT_RATE_AFTER = "limit_rate_after",

    // Buffers, caches and bodies.
    PROXY_CACHE = "proxy_cache",
    PROXY_CACHE_BYPASS = "proxy_cache_bypass",
    PROXY_BUFFERING = "proxy_buffering",
    PROXY_REQUEST_BUFFERING = "proxy_request_buffering",
    UWSGI_BUFFERING = "uwsgi_buffering",
    SCGI_BUFFERING = "scgi_buffering",
    PROXY_BUFFER_SIZE = "proxy_buffer_size",
    UWSGI_BUFFER_SIZE = "uwsgi_buffer_size",
    SCGI_BUFFER_SIZE = "scgi_buffer_size",
    GZIP = "gzip",
    GZIP_TYPES = "gzip_types",

    // Upstream groups.
    KEEPALIVE = "keepalive",
    IP_HASH = "ip_hash",
    HASH = "hash",
    LEAST_CONN = "least_conn",
    LEAST_TIME = "least_time",
    RANDOM = "random",
    STICKY = "sticky",
    ZONE = "zone",
    SET_REAL_IP_FROM = "set_real_ip_from",
    REAL_IP_HEADER = "real_ip_header",
    REAL_IP_RECURSIVE = "real_ip_recursive",

    // TLS and protocols.
    SSL_PREREAD = "ssl_preread",
    PROXY_SSL_SERVER_NAME = "proxy_ssl_server_name",
    PROXY_SSL_TRUSTED_CERTIFICATE = "proxy_ssl_trusted_certificate",
    PROXY_SSL_VERIFY = "proxy_ssl_verify",
    SSL = "ssl",
    HTTP2 = "http2",
    SSL_CERTIFICATE = "ssl_certificate",
    SSL_CERTIFICATE_KEY = "ssl_certificate_key",
    SSL_REJECT_HANDSHAKE = "ssl_reject_handshake",
    SSL_VERIFY_CLIENT = "ssl_verify_client",

    // Answers and logs.
    ADD_HEADER = "add_header",
    PROXY_HIDE_HEADER = "proxy_hide_header",
    ACCESS_LOG = "access_log",
    ERROR_LOG = "error_log",
    LOG_FORMAT = "log_format",

    // What is refused of their words, or of several lines together.
    GRPC_SET_HEADER = "grpc_set_header",
    PROXY_CACHE_KEY = "proxy_cache_key",
    SUB_FILTER = "sub_filter",
    PROXY_BIND = "proxy_bind",
    FASTCGI_BIND = "fastcgi_bind",
    UWSGI_BIND = "uwsgi_bind",
    SCGI_BIND = "scgi_bind",
    GRPC_BIND = "grpc_bind",
    PROXY_CACHE_PATH = "proxy_cache_path",
    FASTCGI_CACHE_PATH = "fastcgi_cache_path",
    UWSGI_CACHE_PATH = "uwsgi_cache_path",
    SCGI_CACHE_PATH = "scgi_cache_path",
    PROXY_CACHE_VALID = "proxy_cache_valid",
    FASTCGI_CACHE_VALID = "fastcgi_cache_valid",
    UWSGI_CACHE_VALID = "uwsgi_cache_valid",
    SCGI_CACHE_VALID = "scgi_cache_valid",
    SSL_SESSION_CACHE = "ssl_session_cache",
    FASTCGI_SPLIT_PATH_INFO = "fastcgi_split_path_info",
    GZIP_DISABLE = "gzip_disable",
    VALID_REFERERS = "valid_referers",
    FASTCGI_PARAM = "fastcgi_param",
    UWSGI_PARAM = "uwsgi_param",
    SCGI_PARAM = "scgi_param",
    PROXY_REDIRECT = "proxy_redirect",
    PROXY_COOKIE_PATH = "proxy_cookie_path",
    PROXY_COOKIE_DOMAIN = "proxy_cookie_domain",
    PROXY_COOKIE_FLAGS = "proxy_cookie_flags",
    OPEN_LOG_FILE_CACHE = "open_log_file_cache",
    OPEN_FILE_CACHE = "open_file_cache",
    DIRECTIO = "directio",
    EXPIRES = "expires",
    LIMIT_REQ_ZONE = "limit_req_zone",
    LIMIT_CONN_ZONE = "limit_conn_zone",
    FASTCGI_CACHE = "fastcgi_cache",
    UWSGI_CACHE = "uwsgi_cache",
    SCGI_CACHE = "scgi_cache",
    PROXY_BUFFERS = "proxy_buffers",
    PROXY_BUSY_BUFFERS_SIZE = "proxy_busy_buffers_size",
    PROXY_TEMP_FILE_WRITE_SIZE = "proxy_temp_file_write_size",
    PROXY_MAX_TEMP_FILE_SIZE = "proxy_max_temp_file_size",
    FASTCGI_BUFFERS = "fastcgi_buffers",
    FASTCGI_BUFFER_SIZE = "fastcgi_buffer_size",
    FASTCGI_BUSY_BUFFERS_SIZE = "fastcgi_busy_buffers_size",
    FASTCGI_TEMP_FILE_WRITE_SIZE = "fastcgi_temp_file_write_size",
    FASTCGI_MAX_TEMP_FILE_SIZE = "fastcgi_max_temp_file_size",
    UWSGI_BUFFERS = "uwsgi_buffers",
    UWSGI_BUSY_BUFFERS_SIZE = "uwsgi_busy_buffers_size",
    UWSGI_TEMP_FILE_WRITE_SIZE = "uwsgi_temp_file_write_size",
    UWSGI_MAX_TEMP_FILE_SIZE = "uwsgi_max_temp_file_size",
    SCGI_BUFFERS = "scgi_buffers",
    SCGI_BUSY_BUFFERS_SIZE = "scgi_busy_buffers_size",
    SCGI_TEMP_FILE_WRITE_SIZE = "scgi_temp_file_write_size",
    SCGI_MAX_TEMP_FILE_SIZE = "scgi_max_temp_file_size",

    // Directives that define variables.
    PERL_SET = "perl_set",

    // Directives of common other modules; see [`FOREIGN`].
    JS_SET = "js_set",
    JS_VAR = "js_var",
}

/// Directives of common other modules (njs, lua-nginx-module, headers-more): without rows, but no typing errors either.
pub(super) const FOREIGN: &[&str] = &[
    "js_import",
    "js_content",
    "js_access",
    "js_preread",
    "js_filter",
    "js_header_filter",
    "js_body_filter",
    "set_by_lua",
    "set_by_lua_block",
    "set_by_lua_file",
    "rewrite_by_lua",
    "rewrite_by_lua_block",
    "rewrite_by_lua_file",
    "access_by_lua",
    "access_by_lua_block",
    "access_by_lua_file",
    "content_by_lua",
    "content_by_lua_block",
    "content_by_lua_file",
    "header_filter_by_lua",
    "header_filter_by_lua_block",
    "header_filter_by_lua_file",
    "body_filter_by_lua",
    "body_filter_by_lua_block",
    "body_filter_by_lua_file",
    "log_by_lua",
    "log_by_lua_block",
    "log_by_lua_file",
    "balancer_by_lua_block",
    "balancer_by_lua_file",
    "init_by_lua",
    "init_by_lua_block",
    "init_by_lua_file",
    "init_worker_by_lua",
    "init_worker_by_lua_block",
    "init_worker_by_lua_file",
    "ssl_certificate_by_lua_block",
    "ssl_certificate_by_lua_file",
    "preread_by_lua_block",
    "preread_by_lua_file",
    "more_set_headers",
    "more_clear_headers",
    "more_set_input_headers",
    "more_clear_input_headers",
];
