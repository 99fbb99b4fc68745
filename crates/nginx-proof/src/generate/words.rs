//! The words that configurations and requests are made of: few, so that they collide.

/// Names of locations on the server's level; many are prefixes of others, or differ in case or by the final slash.
pub(super) const PATHS: [&str; 12] =
    ["/", "/ws", "/ws/", "/ws/chat", "/w", "/WS", "/a b", "/api/", "/ws/chat/", "/wss", "/x", "//ws"];

/// What the name of a nested location has more than its parent's.
pub(super) const SUFFIXES: [&str; 8] = ["", "/", "chat", "/chat", "s", "/chat/", "b/", "//"];

/// Regexes of locations.
pub(super) const REGEXES: [&str; 10] = [
    "^/w",
    "\\.WS$",
    "ws",
    "^/ws/(.*)$",
    "chat",
    "^/(a|x)",
    "/$",
    "^/[a-z]+s?/?$",
    "S/?$",
    "^/(?<part>[a-z]+)",
];

/// Regexes of `rewrite` and of conditions on the path.
pub(super) const REWRITTEN: [&str; 6] =
    ["^/ws(.*)$", "^/w/?(.*)$", "chat", "^/(x|api)/?(.*)$", "^", "^/ws/(chat)$"];

/// What `rewrite` makes of it.
pub(super) const REPLACEMENTS: [&str; 10] =
    ["/n$uri", "/ws", "/x", "/ws/$1", "/w$1", "/api/?b=2", "/api/?", "/ws?c=$1", "/a%20b", "/$1"];

/// Names of headers; some differ by case only.
pub(super) const HEADERS: [&str; 13] = [
    "Upgrade",
    "upgrade",
    "UPGRADE",
    "Connection",
    "connection",
    "Host",
    "Origin",
    "X-A",
    "x-a",
    "X-B",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Accept",
];

/// Values of headers, of `set` and of map entries; `$c` is what a `set` gives.
pub(super) const VALUES: [&str; 35] = [
    "$http_upgrade",
    "",
    "upgrade",
    "close",
    "websocket",
    "$connection_upgrade",
    "$http_connection",
    "$host",
    "$http_host",
    "$uri",
    "$request_uri",
    "$args",
    "$is_args",
    "$mapped",
    "$c",
    "$1",
    "$2",
    "a $request_method b",
    "keep-alive",
    "$scheme://$host",
    "$http_x_a",
    "$remote_addr",
    "$arg_a",
    "${c}x",
    "$server_name",
    "$http_origin",
    "$document_uri$is_args$args",
    "$part",
    "$sub",
    "$1-$sub",
    "$geo",
    "$told",
    "$split",
    "$hosted",
    "$twice",
];

/// Names of servers that capture.
pub(super) const CAPTURING: [&str; 4] = [
    "~^(?<sub>[a-z]+)\\.(com|test|org)$",
    "none.test ~^none ~^(?<sub>.+)\\.COM$",
    "~^(b\\.)?(?<sub>a)\\.",
    "~^(.)(?<sub>.*)$",
];

/// Targets of `auth_request`, each a location of every server but for the last two.
pub(super) const AUTHS: [&str; 9] = [
    "/auth/204",
    "/auth/200",
    "/auth/401",
    "/auth/403",
    "/auth/302",
    "/auth/sets",
    "/auth/page",
    "/auth/none",
    "/ws",
];

/// What stands there.
pub(super) const AUTH_LOCATIONS: [(&str, &str); 7] = [
    ("/auth/204", "return 204;"),
    ("/auth/200", "internal; return 200 yes;"),
    ("/auth/401", "return 401;"),
    ("/auth/403", "if ($request_method != POST) { return 403; } return 204;"),
    ("/auth/302", "return 302 /login;"),
    ("/auth/sets", "set $c $uri; rewrite ^/(.*)$ /auth/204 last;"),
    ("/auth/page", "error_page 404 = /auth/204; return 404;"),
];

/// Files that are there.
pub(super) const FILES: [&str; 6] =
    ["html/index.html", "html/w", "html/ws/index.html", "html/ws/chat", "html/x/y", "html/api/a.txt"];

/// The file of passwords: that of `u` is `p`.
pub(super) const USERS: (&str, &str) = ("users", "u:{PLAIN}p\n");

/// Those that only a `proxy_set_header` may have: nothing is behind them before there is an upstream.
pub(super) const UPSTREAM_VALUES: [&str; 2] = ["$proxy_host", "$proxy_add_x_forwarded_for"];

/// Sources of maps.
pub(super) const SOURCES: [&str; 9] = [
    "$http_upgrade",
    "$http_upgrade",
    "$http_upgrade",
    "$http_connection",
    "$uri",
    "$request_method",
    "$c",
    "$http_upgrade$http_origin",
    "$args",
];

/// Keys of maps.
pub(super) const KEYS: [&str; 17] = [
    "websocket",
    "WebSocket",
    "",
    "upgrade",
    "~*^web",
    "~^Web",
    "~keep",
    "~*UPGRADE",
    "~^(w.*)$",
    "~.",
    "GET",
    "post",
    "/ws",
    "~^/ws/(.*)$",
    "h2c",
    "a=1",
    "\\default",
];

/// Values of map entries.
pub(super) const MAPPED: [&str; 10] =
    ["upgrade", "close", "", "websocket", "keep-alive", "$http_connection", "$1", "x$1", "$mapped", "$host"];

/// Conditions of `if`.
pub(super) const CONDITIONS: [&str; 20] = [
    "$http_upgrade",
    "$http_upgrade = websocket",
    "$http_upgrade != WebSocket",
    "$http_upgrade ~* ^web",
    "$http_connection ~ Upgrade",
    "$http_connection !~* keep",
    "$request_method = POST",
    "$request_method != GET",
    "$c",
    "$c = upgrade",
    "$args",
    "$arg_a = 1",
    "$http_origin ~ ^http://(.*)$",
    "$uri ~ ^/ws(.*)$",
    "$request_uri !~ chat",
    "$connection_upgrade = upgrade",
    "-f $request_filename",
    "!-f $request_filename",
    "!-e $request_filename",
    "-d $document_root$uri",
];

/// Targets of `proxy_pass` without URI.
pub(super) const PLAIN_TARGETS: [&str; 8] = [
    "http://app",
    "http://b:8001",
    "http://api",
    "http://c",
    "http://two",
    "http://spare",
    "http://local",
    "https://c",
];

/// With one.
pub(super) const URI_TARGETS: [&str; 9] = [
    "http://app/",
    "http://app/y",
    "http://api/y/",
    "http://b:8001/",
    "http://app/a%20b",
    "http://app/?z=1",
    "http://b:8001/ws/",
    "https://b:8001/s",
    "http://last/",
];

/// With variables.
pub(super) const VARIABLE_TARGETS: [&str; 9] = [
    "http://app$request_uri",
    "http://app$uri$is_args$args",
    "http://$backend",
    "http://$backend/y",
    "http://app/$1",
    "http://api/y$is_args$args",
    "http://$backend$uri",
    "$scheme://app",
    "http://app/$sub",
];

/// Where `try_files` and `error_page` go.
pub(super) const TARGETS: [&str; 8] = ["@x", "@y", "@x", "/ws", "/ws/chat", "/w?d=4", "/api/", "/none"];

/// Paths of requests besides those of the locations, as sent.
pub(super) const ASKED: [&str; 16] = [
    "/",
    "/ws",
    "/ws/",
    "/ws/chat",
    "/w",
    "/wsx",
    "/a%20b",
    "/none",
    "/x.WS",
    "/ws/chat/",
    "/ws%2Fchat",
    "/ws/%zz",
    "/../ws",
    "/ws//../chat",
    "/ws/%2f%2Fchat/",
    "/ws?x#y",
];

/// Values of `Host`; empty for none.
pub(super) const HOSTS: [&str; 6] = ["example.com", "Example.COM:8080", "a.test", "b.a.test.", "www.org", ""];

/// Words of `server_name`.
pub(super) const SERVER_NAMES: [&str; 9] = [
    "www.test",
    "www.test",
    "example.com",
    "*.test a.test",
    ".a.test",
    "www.* EXAMPLE.com",
    "~^[ab]\\.",
    "_",
    "",
];
