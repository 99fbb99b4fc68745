//! What back ends say.

use super::super::Sign::Text;
use super::super::Symptom;
use super::TRACE;

pub(super) static SYMPTOMS: [Symptom; 6] = [
    Symptom {
        title: "the back end sees no `Upgrade`",
        signs: &[
            Text(&["failed to upgrade to websocket", "http_upgrade: )"]),
            Text(&["failed to upgrade to websocket"]),
            Text(&["can \"upgrade\" only to \"websocket\""]),
            Text(&["'websocket' token not found in 'upgrade' header"]),
            Text(&["no websocket upgrade hdr"]),
            Text(&["invalid upgrade header: null"]),
            Text(&["missing upgrade header"]),
            Text(&["invalid upgrade header"]),
            Text(&["expected websocket upgrade"]),
            Text(&["not a websocket handshake"]),
        ],
        meaning: "nginx passes `Upgrade` and `Connection` on only where lines say so, and one `proxy_set_header` in a location drops all that it would inherit.",
        causes: &[
            "upgrade-header-missing",
            "headers-lost-by-inheritance",
            "upgrade-header-wrong",
            "map-wrong",
            "location-not-matched",
            "other-proxy",
        ],
        next: TRACE,
        source: "Rails, action_cable/connection/base.rb; Tornado, websocket.py; gorilla/websocket, server.go; aiohttp, web_ws.py; Spring, AbstractHandshakeHandler.java; websockets, server.py",
    },
    Symptom {
        title: "the back end sees no `Connection: upgrade`",
        signs: &[
            Text(&["failed to upgrade to websocket", "http_connection: close", "http_upgrade: websocket"]),
            Text(&["'upgrade' token not found in 'connection' header"]),
            Text(&["\"connection\" must be \"upgrade\""]),
            Text(&["no connection upgrade hdr"]),
            Text(&["invalid connection header"]),
            Text(&["missing connection header"]),
        ],
        meaning: "`Upgrade` gets there, `Connection` does not: nginx sends `close`, or nothing, unless a line says otherwise.",
        causes: &[
            "connection-header-missing",
            "connection-header-wrong",
            "map-wrong",
            "headers-lost-by-inheritance",
        ],
        next: TRACE,
        source: "gorilla/websocket, server.go; Tornado, websocket.py; aiohttp, web_ws.py; Spring, AbstractHandshakeHandler.java; websockets, server.py",
    },
    Symptom {
        title: "the back end lacks another field of the handshake",
        signs: &[
            Text(&["sec-websocket-key", "missing"]),
            Text(&["missing sec-websocket"]),
            Text(&["invalid sec-websocket-key"]),
            Text(&["unsupported websocket version"]),
            Text(&["request method is not get"]),
            Text(&["cannot have content in the request body"]),
        ],
        meaning: "A line takes header fields of the handshake away, changes the method, or a proxy in front does.",
        causes: &[
            "handshake-header-stripped",
            "upgrade-in-subrequest",
            "other-proxy",
            "connection-header-wrong",
        ],
        next: TRACE,
        source: "RFC 6455 section 4.2.1; gorilla/websocket, server.go; websockets, server.py",
    },
    Symptom {
        title: "the back end does not accept the origin",
        signs: &[
            Text(&["failed to upgrade to websocket", "http_connection: upgrade", "http_upgrade: websocket"]),
            Text(&["request origin not allowed"]),
            Text(&["origin not allowed"]),
            Text(&["could not check origin for phoenix.socket transport"]),
            Text(&["cross origin websockets not allowed"]),
            Text(&["blocking cross origin websocket"]),
            Text(&["invalid origin"]),
        ],
        meaning: "The back end compares `Origin` with `Host`, port and scheme, and gets other ones than the browser's page has.",
        causes: &["host-header", "forwarded-proto-missing", "headers-lost-by-inheritance"],
        next: "which `Host` the back end receives: `nginx-ws-lint trace URL PATHS`",
        source: "gorilla/websocket, server.go; Rails, action_cable/connection/base.rb; Phoenix, lib/phoenix/socket/transport.ex; Tornado, websocket.py",
    },
    Symptom {
        title: "the back end does not know the session",
        signs: &[
            Text(&["session id unknown"]),
            Text(&["unknown sid"]),
            Text(&["connection id is not present on the server"]),
            Text(&["no connection with that id"]),
        ],
        meaning: "Socket.IO, SignalR and SockJS begin with ordinary requests, all of which have to reach one back end. With several of them, something has to be sticky.",
        causes: &["upstream-not-sticky", "ip-hash-behind-proxy"],
        next: "whether it works with one back end",
        source: "engine.io, lib/server.ts; ASP.NET Core SignalR, HttpConnection.ts and HttpConnectionDispatcher.cs",
    },
    Symptom {
        title: "the client gave up a silent connection",
        signs: &[
            Text(&["ping timeout"]),
            Text(&["transport close"]),
            Text(&["server timeout elapsed without receiving a message"]),
            Text(&["keepalive ping timeout"]),
        ],
        meaning: "Pings or their answers did not come through in time: the connection was already closed on the way, or one end was too busy.",
        causes: &["read-timeout-default", "outer-layer-timeout", "buffering", "not-nginx"],
        next: "how long the connections live: always the same time is a limit of somebody on the way",
        source: "socket.io-client, engine.io; ASP.NET Core SignalR, HubConnection.ts; websockets, protocol.py",
    },
];
