//! What `nginx -t` says.

use super::super::Sign::Text;
use super::super::Symptom;
use super::TRACE;

pub(super) static SYMPTOMS: [Symptom; 8] = [
    Symptom {
        title: "a URL that nginx does not take",
        signs: &[Text(&["invalid url prefix"])],
        meaning: "`proxy_pass` takes `http://` and `https://` only, for WebSockets too: the upgrade is asked for by header fields.",
        causes: &["proxy-scheme"],
        next: "write `http://` instead of `ws://`, and `https://` instead of `wss://`",
        source: "ngx_http_proxy_module.c, ngx_http_proxy_pass",
    },
    Symptom {
        title: "a path in `proxy_pass` where nginx allows none",
        signs: &[Text(&["cannot have uri part in location"])],
        meaning: "nginx refuses to start, or to reload and keeps the old configuration. In a regex or named location, `if` or `limit_except`, `proxy_pass` takes an address without a path, not even `/`.",
        causes: &["directive-not-allowed-here"],
        next: "drop the path behind the address, and change the path with `rewrite … break` if the back end needs another one",
        source: "ngx_http_proxy_module.c, ngx_http_proxy_pass",
    },
    Symptom {
        title: "a certificate or key that nginx cannot load",
        signs: &[
            Text(&["cannot load certificate"]),
            Text(&["no \"ssl_certificate\" is defined"]),
            Text(&["key values mismatch"]),
        ],
        meaning: "nginx refuses to start, or to reload and keeps the old certificate, so clients fail when that expires.",
        causes: &["tls-chain"],
        next: "whether the file is there and its key belongs to it: `openssl x509 -noout -enddate -pubkey -in FILE`",
        source: "ngx_event_openssl.c, ngx_ssl_certificate; ngx_http_ssl_module.c",
    },
    Symptom {
        title: "a variable that nothing defines",
        signs: &[Text(&["unknown \"", "\" variable"])],
        meaning: "nginx refuses to start. `$connection_upgrade` is not built in: a `map` in `http` makes it.",
        causes: &["map-missing"],
        next: "`nginx-ws-lint explain undefined-variable`",
        source: "ngx_http_variables.c",
    },
    Symptom {
        title: "a directive in the wrong place",
        signs: &[Text(&["directive is not allowed here"]), Text(&["directive is duplicate"])],
        meaning: "nginx refuses to start, or to reload and keeps the old configuration. `map` and `upstream` belong in `http`, `location` in `server`.",
        causes: &["headers-in-wrong-context"],
        next: "which file includes this one, and in which block",
        source: "ngx_conf_file.c",
    },
    Symptom {
        title: "nginx does not read the file",
        signs: &[
            Text(&["[emerg]", "unexpected"]),
            Text(&["unexpected \"", "\" in /"]),
            Text(&["no port in upstream"]),
            Text(&["invalid port in upstream"]),
            Text(&["unknown directive"]),
            Text(&["invalid number of arguments in"]),
            Text(&["is not terminated by"]),
            Text(&["has no opening"]),
            Text(&["[emerg]", "invalid value"]),
            Text(&["[emerg]", "invalid parameter"]),
        ],
        meaning: "nginx refuses to start, or to reload and keeps the old configuration: your change is not in effect.",
        causes: &["syntax-error", "http-version-wrong", "unknown-directive", "headers-in-wrong-context"],
        next: "`nginx-ws-lint PATHS` shows the line and most often the edit",
        source: "ngx_conf_file.c",
    },
    Symptom {
        title: "one location or default server twice",
        signs: &[Text(&["duplicate location"]), Text(&["a duplicate default server"])],
        meaning: "nginx refuses to start, or to reload and keeps the old configuration.",
        causes: &["location-not-matched", "syntax-error"],
        next: "which two files have it: the line names one, `nginx-ws-lint PATHS` shows both",
        source: "ngx_http_core_module.c, ngx_http.c",
    },
    Symptom {
        title: "one name in two servers",
        signs: &[Text(&["conflicting server name"])],
        meaning: "nginx uses one of the two. A later server of the same name and address gets no request.",
        causes: &["location-not-matched"],
        next: TRACE,
        source: "ngx_http.c, ngx_http_core_module.c",
    },
];
