//! The codes with which a WebSocket ends (RFC 6455 section 7.4).

use super::super::Sign::{Close, Text};
use super::super::Symptom;

pub(super) static SYMPTOMS: [Symptom; 7] = [
    Symptom {
        title: "1000 or 1005: closed in an ordinary way",
        signs: &[Close(1000), Close(1005)],
        meaning: "One of the two ends closed the WebSocket with a close frame. nginx sends none: it was the page or the back end.",
        causes: &["not-nginx"],
        next: "the code of the page and of the back end that calls `close()`",
        source: "RFC 6455 section 7.4.1",
    },
    Symptom {
        title: "1001: going away",
        signs: &[Close(1001)],
        meaning: "The page was left, or the back end shuts down and says so. nginx sends no close frames.",
        causes: &["not-nginx"],
        next: "the log of the back end at that time",
        source: "RFC 6455 section 7.4.1",
    },
    Symptom {
        title: "1002, 1003, 1007, 1008 or 1010: one end does not accept what the other sends",
        signs: &[Close(1002), Close(1003), Close(1007), Close(1008), Close(1010)],
        meaning: "The back end or the client closed with this code: a frame was wrong, or a policy forbids the client. nginx passes frames on unread and sends no close frames.",
        causes: &["not-nginx"],
        next: "the log of the back end, which chose the code",
        source: "RFC 6455 section 7.4.1",
    },
    Symptom {
        title: "1006: closed without a close frame",
        signs: &[
            Close(1006),
            Text(&["connection to wss://", "was interrupted"]),
            Text(&["connection to ws://", "was interrupted"]),
            Text(&["abnormal closure"]),
            Text(&["no close frame received or sent"]),
        ],
        meaning: "Somebody on the way closed the TCP connection. Before it was open, the handshake failed: the browser says 1006 for that too, and its console has the status. After it was open, it is most often a limit of time: 60 s is nginx's default.",
        causes: &[
            "read-timeout-default",
            "read-timeout-short",
            "outer-layer-timeout",
            "upgrade-header-missing",
            "connection-header-missing",
            "reload-drops",
            "stream-timeout",
            "tls-chain",
            "http-version-missing",
            "not-nginx",
        ],
        next: "how long the connection lived: at once is the handshake, always the same time is a limit, at odd times a reload or the back end",
        source: "RFC 6455 section 7.1.5",
    },
    Symptom {
        title: "1009: message too big",
        signs: &[Close(1009)],
        meaning: "The back end or the client has a limit for messages. nginx passes frames on unread.",
        causes: &["not-nginx"],
        next: "the limit of the back end's WebSocket library",
        source: "RFC 6455 section 7.4.1",
    },
    Symptom {
        title: "1011, 1012 or 1013: the back end has an error, restarts, or is full",
        signs: &[Close(1011), Close(1012), Close(1013)],
        meaning: "The back end sent this code; nginx sends no close frames. 1011 is also what some libraries send where a ping got no answer.",
        causes: &["not-nginx"],
        next: "the log of the back end",
        source: "RFC 6455 section 7.4.1; IANA, WebSocket Close Code Number Registry",
    },
    Symptom {
        title: "1015: TLS failed",
        signs: &[Close(1015)],
        meaning: "The TLS handshake failed before the WebSocket's.",
        causes: &["tls-chain", "proxy-scheme"],
        next: "`openssl s_client -connect HOST:443 -servername HOST` shows the chain that is sent",
        source: "RFC 6455 section 7.4.1",
    },
];
