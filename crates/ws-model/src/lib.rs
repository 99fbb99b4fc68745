//! What nginx does with a WebSocket handshake and an idle connection.
