//! nginx's error log, about the way to the back end.

use super::super::Sign::Text;
use super::super::Symptom;
use super::TRACE;

pub(super) static SYMPTOMS: [Symptom; 14] = [
    Symptom {
        title: "silent for too long: nginx closed the WebSocket",
        signs: &[Text(&["upstream timed out", "while proxying upgraded connection"])],
        meaning: "Neither side sent anything for as long as `proxy_read_timeout` says, 60 s where nothing says anything. The line is there at level `info` only.",
        causes: &["read-timeout-default", "read-timeout-short"],
        next: "the limit of the location and how often either side sends something: `nginx-ws-lint endpoints PATHS`",
        source: "ngx_http_upstream.c, ngx_http_upstream_process_upgraded",
    },
    Symptom {
        title: "the back end did not answer the handshake in time",
        signs: &[
            Text(&["upstream timed out", "while reading response header from upstream"]),
            Text(&["upstream timed out", "while sending request to upstream"]),
        ],
        meaning: "nginx reached the back end and got no answer before `proxy_read_timeout`. A back end that waits for a WebSocket and gets an ordinary request, or one that speaks another protocol, can be silent for ever.",
        causes: &[
            "not-nginx",
            "read-timeout-short",
            "wrong-protocol-module",
            "upgrade-header-missing",
            "proxy-scheme",
        ],
        next: "the same handshake sent to the back end directly, without nginx",
        source: "ngx_http_upstream.c, ngx_http_upstream_process_header",
    },
    Symptom {
        title: "the back end cannot be reached in time",
        signs: &[
            Text(&["upstream timed out", "while connecting to upstream"]),
            Text(&["upstream timed out", "while ssl handshaking to upstream"]),
        ],
        meaning: "Nothing answers at the address: a container has another one since it was recreated, or a firewall drops the packets.",
        causes: &["resolver/dns-stale", "not-nginx"],
        next: "whether the address in the line is that of the back end today",
        source: "ngx_http_upstream.c, ngx_http_upstream_connect",
    },
    Symptom {
        title: "nobody listens at the back end's address",
        signs: &[
            Text(&["connect() failed", "connection refused"]),
            Text(&["connect() failed", "no route to host"]),
            Text(&["connect() to unix:", "failed"]),
        ],
        meaning: "The address answers that nobody listens on this port: the back end does not run, listens on 127.0.0.1 of another container, or has another address by now.",
        causes: &["not-nginx", "resolver/dns-stale"],
        next: "whether the address in the line is that of the back end today",
        source: "ngx_http_upstream.c, ngx_event_connect.c",
    },
    Symptom {
        title: "no back end is left",
        signs: &[Text(&["no live upstreams while connecting to upstream"])],
        meaning: "Each server of the group failed `max_fails` times within `fail_timeout`, so nginx asks none of them. The lines before this one say how they failed.",
        causes: &["not-nginx", "resolver/dns-stale"],
        next: "the first failure before this line: `nginx-ws-lint explain 'THE LINE'`",
        source: "ngx_http_upstream.c (NGX_BUSY), ngx_http_upstream_module",
    },
    Symptom {
        title: "the back end closed the connection without an answer",
        signs: &[
            Text(&["upstream prematurely closed connection"]),
            Text(&["recv() failed", "while reading response header from upstream"]),
            Text(&["connection reset by peer", "while reading response header from upstream"]),
        ],
        meaning: "The back end got the request and hung up. Strict ones do that with a handshake in HTTP/1.0 or without its headers; TLS ports do it with plain text.",
        causes: &[
            "http-version-missing",
            "upgrade-header-missing",
            "connection-header-missing",
            "proxy-scheme",
            "not-nginx",
        ],
        next: TRACE,
        source: "ngx_http_upstream.c, ngx_http_upstream_process_header",
    },
    Symptom {
        title: "the back end closed the WebSocket",
        signs: &[
            Text(&["recv() failed", "while proxying upgraded connection"]),
            Text(&["connection reset by peer", "while proxying upgraded connection"]),
            Text(&["broken pipe", "while proxying upgraded connection"]),
        ],
        meaning: "The connection to the back end ended in the middle of the WebSocket: the process was stopped, or something between nginx and it closes silent connections.",
        causes: &["not-nginx", "outer-layer-timeout"],
        next: "the log of the back end at that time",
        source: "ngx_http_upstream.c, ngx_http_upstream_process_upgraded",
    },
    Symptom {
        title: "the client, or a proxy in front, closed first",
        signs: &[
            Text(&["client prematurely closed connection"]),
            Text(&["while proxying upgraded connection", "client timed out"]),
        ],
        meaning: "Not nginx and not the back end: the page was left, or a proxy or load balancer in front closed the connection.",
        causes: &["outer-layer-timeout", "other-proxy", "not-nginx"],
        next: "how old the connections are when that happens: always the same age is the limit of something in front",
        source: "ngx_http_upstream.c, ngx_http_upstream_check_broken_connection",
    },
    Symptom {
        title: "the back end answers with something that is no HTTP",
        signs: &[
            Text(&["upstream sent no valid http/1.0 header"]),
            Text(&["upstream sent invalid header"]),
            Text(&["upstream sent unsupported fastcgi protocol"]),
        ],
        meaning: "nginx and the back end speak different protocols: plain text to a TLS port, HTTP/1.1 to a port that takes HTTP/2 only, or FastCGI.",
        causes: &["proxy-scheme", "http2-or-http3", "wrong-protocol-module", "not-nginx"],
        next: "what the port of the back end speaks: `curl -v` to it",
        source: "ngx_http_proxy_module.c, ngx_http_fastcgi_module.c",
    },
    Symptom {
        title: "the head of the back end's answer is too long",
        signs: &[Text(&["upstream sent too big header"])],
        meaning: "The header fields of the 101 do not fit into `proxy_buffer_size`.",
        causes: &["small-response-buffer"],
        next: "how long the head is: `curl -sD- -o/dev/null` to the back end",
        source: "ngx_http_upstream.c, ngx_http_upstream_process_header",
    },
    Symptom {
        title: "TLS to a back end that speaks plain text",
        signs: &[
            Text(&["wrong version number", "while ssl handshaking to upstream"]),
            Text(&["unknown protocol", "while ssl handshaking to upstream"]),
            Text(&["packet length too long", "while ssl handshaking to upstream"]),
        ],
        meaning: "`proxy_pass https://` leads to a port without TLS.",
        causes: &["proxy-scheme"],
        next: "whether the port speaks TLS: `openssl s_client -connect ADDRESS`",
        source: "OpenSSL, ssl/record; ngx_http_upstream.c",
    },
    Symptom {
        title: "the TLS handshake with the back end fails",
        signs: &[
            Text(&["while ssl handshaking to upstream"]),
            Text(&["upstream ssl certificate verify error"]),
            Text(&["upstream ssl certificate does not match"]),
        ],
        meaning: "The back end chooses its certificate by name, and nginx sends none unless `proxy_ssl_server_name on`; or `proxy_ssl_verify` does not accept what it gets.",
        causes: &["proxy-ssl-sni", "proxy-scheme", "tls-chain", "not-nginx"],
        next: "the same with and without a name: `openssl s_client -connect ADDRESS -servername NAME` and `-noservername`",
        source: "ngx_http_upstream.c, ngx_http_upstream_ssl_handshake",
    },
    Symptom {
        title: "nginx has no resolver for a name",
        signs: &[Text(&["no resolver defined to resolve"])],
        meaning: "`proxy_pass` has a variable, so the name is looked up at each request, and no `resolver` says where.",
        causes: &["resolver/dns-stale"],
        next: "the `resolver` of the location: 127.0.0.11 with Docker, the cluster's DNS with Kubernetes",
        source: "ngx_http_upstream.c",
    },
    Symptom {
        title: "a name is not found",
        signs: &[
            Text(&["could not be resolved"]),
            Text(&["host not found in upstream"]),
            Text(&["send() failed", "while resolving"]),
        ],
        meaning: "The name of the back end has no address. At the start nginx refuses to run for that; later it answers 502.",
        causes: &["resolver/dns-stale", "not-nginx"],
        next: "the name from where nginx runs: `getent hosts NAME` in its container",
        source: "ngx_http_upstream.c, ngx_http_upstream_round_robin.c",
    },
];
