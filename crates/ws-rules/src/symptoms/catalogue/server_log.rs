//! nginx's error log, about its limits and about the way to the location.

use super::super::Sign::{Logged, Text};
use super::super::Symptom;
use super::TRACE;

pub(super) static SYMPTOMS: [Symptom; 9] = [
    Symptom {
        title: "a worker ended with connections open",
        signs: &[Text(&["open socket #", "left in connection"])],
        meaning: "After a reload the old worker ended while WebSockets were open, so it closed them: `worker_shutdown_timeout` had passed, or the worker was killed.",
        causes: &["reload-drops"],
        next: "how often nginx is reloaded, and by whom",
        source: "ngx_process_cycle.c, ngx_worker_process_exit",
    },
    Symptom {
        title: "nginx has no connection left",
        signs: &[
            Text(&["worker_connections are not enough"]),
            Text(&["worker_connections exceed open file resource limit"]),
        ],
        meaning: "Each WebSocket takes two connections of a worker, one to the client and one to the back end.",
        causes: &["worker-connections", "capacity"],
        next: "how many WebSockets are open at once, and whether the clients reconnect without a pause",
        source: "ngx_connection.c, ngx_get_connection; ngx_event.c",
    },
    Symptom {
        title: "the process has no file left",
        signs: &[Text(&["too many open files"])],
        meaning: "Each connection is an open file, and the limit of the process is lower than `worker_connections`.",
        causes: &["capacity"],
        next: "`grep 'open files' /proc/PID/limits` of a worker",
        source: "accept(2), EMFILE; ngx_event_accept.c",
    },
    Symptom {
        title: "a limit of nginx refuses the handshake",
        signs: &[
            Text(&["limiting connections by zone"]),
            Text(&["limiting requests", "excess"]),
            Text(&["delaying request", "excess"]),
        ],
        meaning: "`limit_conn` counts an open WebSocket for as long as it lives, `limit_req` each attempt to reconnect.",
        causes: &["limit-req/limit-conn"],
        next: "how many clients share one address: tabs, offices, and everyone if there is a proxy in front and no `real_ip`",
        source: "ngx_http_limit_conn_module.c, ngx_http_limit_req_module.c",
    },
    Symptom {
        title: "access is forbidden",
        signs: &[
            Text(&["access forbidden by rule"]),
            Text(&["no user/password was provided for basic authentication"]),
            Text(&["user", "was not found in"]),
            Text(&["password mismatch"]),
            Text(&["auth request unexpected status"]),
            Text(&["client sent no required ssl certificate"]),
            Text(&["client ssl certificate verify error"]),
        ],
        meaning: "A check of addresses, passwords or certificates refuses the handshake before it reaches the back end.",
        causes: &["auth-on-handshake"],
        next: TRACE,
        source: "ngx_http_access_module.c, ngx_http_auth_basic_module.c, ngx_http_auth_request_module.c, ngx_http_request.c",
    },
    Symptom {
        title: "the handshake is looked up as a file",
        signs: &[
            Text(&["open() \"", "failed (2: no such file or directory)"]),
            Text(&["directory index of", "is forbidden"]),
        ],
        meaning: "A location that serves files got the handshake.",
        causes: &["location-not-matched", "path-rewrite"],
        next: TRACE,
        source: "ngx_http_static_module.c, ngx_http_index_module.c",
    },
    Symptom {
        title: "plain HTTP to a TLS port",
        signs: &[
            Text(&["the plain http request was sent to https port"]),
            Text(&["client sent plain http request to https port"]),
            Text(&["client sent an http request to an https server"]),
        ],
        meaning: "Somebody speaks HTTP where TLS is expected: a client with `ws://`, or nginx itself to a back end.",
        causes: &["proxy-scheme"],
        next: "whose error it is: nginx's own log has the line if a client did it, the back end's answer has it if nginx did",
        source: "ngx_http_request.c (NGX_HTTP_TO_HTTPS); Go, net/http/server.go",
    },
    Symptom {
        title: "the request came over HTTP/2 or HTTP/3",
        signs: &[
            Text(&["client sent invalid", "upgrade", "http/2"]),
            Text(&["client sent connect method"]),
            Text(&["not a valid websocket request"]),
            Text(&["http/2", "does not support websocket"]),
            Text(&["connection", "header", "in http/2"]),
            Logged(400, &["http/2"]),
            Logged(400, &["http/3"]),
            Logged(426, &["http/2"]),
            Logged(426, &["http/3"]),
        ],
        meaning: "HTTP/2 and HTTP/3 have no `Upgrade`. nginx takes no WebSockets over them: a client has to use HTTP/1.1, which browsers do by themselves.",
        causes: &["http2-or-http3"],
        next: "whether the client, or a proxy in front, speaks HTTP/2 to nginx: `$server_protocol` in the access log",
        source: "RFC 8441; ngx_http_v2.c has no extended CONNECT",
    },
    Symptom {
        title: "an old answer out of a cache",
        signs: &[Text(&["x-cache-status: hit"]), Text(&["cf-cache-status: hit"])],
        meaning: "The handshake was answered from a cache: the back end heard nothing of it.",
        causes: &["cache"],
        next: TRACE,
        source: "ngx_http_upstream.c, $upstream_cache_status",
    },
];
