//! What browsers and other clients say.

use super::super::Sign::Text;
use super::super::Symptom;
use super::TRACE;

pub(super) static SYMPTOMS: [Symptom; 7] = [
    Symptom {
        title: "the answer has no `Upgrade` or `Connection`",
        signs: &[
            Text(&["error during websocket handshake:", "'upgrade' header"]),
            Text(&["error during websocket handshake:", "'connection' header"]),
            Text(&["error during websocket handshake:", "'sec-websocket-accept' header"]),
            Text(&["invalid sec-websocket-accept"]),
            Text(&["invalid status line"]),
        ],
        meaning: "The client got an answer that is not a valid 101: something in between removes header fields, caches, or answers itself.",
        causes: &["response-filter", "other-proxy", "cache", "duplicate-handshake-header"],
        next: "`curl -i -N --http1.1` with the header fields of a handshake shows the whole answer",
        source: "Chromium, net/websockets/websocket_basic_handshake_stream.cc; ws for Node, lib/websocket.js",
    },
    Symptom {
        title: "closed before an answer",
        signs: &[
            Text(&["connection closed before receiving a handshake response"]),
            Text(&["err_connection_reset"]),
            Text(&["err_connection_closed"]),
            Text(&["socket hang up"]),
        ],
        meaning: "The connection ended before the handshake was answered: plain text was sent to a TLS port or the other way round, no server has this name, or nginx is told to close (444).",
        causes: &[
            "proxy-scheme",
            "location-not-matched",
            "http2-or-http3",
            "tls-chain",
            "other-proxy",
            "not-nginx",
        ],
        next: TRACE,
        source: "Chromium, net/websockets/websocket_basic_handshake_stream.cc; Node, lib/_http_client.js",
    },
    Symptom {
        title: "the browser cannot connect",
        signs: &[
            Text(&["firefox can't establish a connection to the server at ws"]),
            Text(&["xhr poll error"]),
            Text(&["websocket error"]),
            Text(&["websocket: bad handshake"]),
        ],
        meaning: "The handshake failed, and this message does not say how. Nobody may listen there, or the answer was no 101.",
        causes: &[
            "upgrade-header-missing",
            "connection-header-missing",
            "location-not-matched",
            "tls-chain",
            "redirect-on-handshake",
            "not-nginx",
        ],
        next: "the status of the handshake in the browser's network tab, then `nginx-ws-lint explain STATUS`",
        source: "Firefox, netwerk/locales/en-US/necko.properties; engine.io-client; gorilla/websocket, client.go",
    },
    Symptom {
        title: "nothing answers at the address",
        signs: &[
            Text(&["err_connection_refused"]),
            Text(&["err_connection_timed_out"]),
            Text(&["err_name_not_resolved"]),
            Text(&["err_address_unreachable"]),
            Text(&["econnrefused"]),
            Text(&["enotfound"]),
        ],
        meaning: "The client got no connection at all: nothing listens on this port, a firewall blocks it, or the name points elsewhere.",
        causes: &["not-nginx", "location-not-matched", "other-proxy"],
        next: "the same address from the machine that nginx runs on, and `listen` of the server: IPv4 and IPv6 are two sockets",
        source: "Chromium, net/base/net_error_list.h; Node, errno",
    },
    Symptom {
        title: "no TLS where TLS is spoken",
        signs: &[Text(&["err_ssl_protocol_error"]), Text(&["err_ssl_version_or_cipher_mismatch"])],
        meaning: "The port answers without TLS, or with versions that the client refuses: `listen` lacks `ssl`, or a proxy in front has taken TLS off.",
        causes: &["tls-chain", "proxy-scheme", "other-proxy"],
        next: "what the port speaks: `openssl s_client -connect HOST:443 -servername HOST`",
        source: "Chromium, net/base/net_error_list.h",
    },
    Symptom {
        title: "a page with `https` opens `ws://`",
        signs: &[
            Text(&["mixed content", "ws://"]),
            Text(&["insecure websocket endpoint"]),
            Text(&["an insecure websocket connection may not be initiated"]),
        ],
        meaning: "The page chooses `ws://` although it was loaded over `https`. Most often the back end makes the address, and does not know that the client speaks TLS.",
        causes: &["forwarded-proto-missing", "not-nginx"],
        next: "where the page takes the address from; if from the back end, whether it gets `X-Forwarded-Proto`",
        source: "W3C Mixed Content; Chromium, third_party/blink/renderer/core/loader/mixed_content_checker.cc",
    },
    Symptom {
        title: "the client does not accept the certificate",
        signs: &[
            Text(&["err_cert_"]),
            Text(&["err_ssl_"]),
            Text(&["certificate verify failed"]),
            Text(&["unable to get local issuer certificate"]),
            Text(&["unable to verify the first certificate"]),
            Text(&["x509: certificate"]),
            Text(&["tlsv1 alert unknown ca"]),
            Text(&["alert bad certificate"]),
            Text(&["alert certificate unknown"]),
        ],
        meaning: "The chain is incomplete, expired, or of another name. Browsers complete a chain by themselves; programs do not.",
        causes: &["tls-chain", "proxy-scheme"],
        next: "`openssl s_client -connect HOST:443 -servername HOST` shows the chain that is sent",
        source: "Chromium, net/base/net_error_list.h; OpenSSL, crypto/x509/x509_txt.c; Go, crypto/x509",
    },
];
