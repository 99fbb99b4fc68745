//! What RFC 6455 asks of a server that reads a handshake.

use tungstenite::handshake::derive_accept_key;

use super::backend::Manner;
use super::http::Head;

/// The key of section 1.3, with which the client asks.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a back end answers to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// 101, with the value of `Sec-WebSocket-Accept`.
    Switch(String),
    /// 200 with a small page: the request is no handshake.
    Page,
    /// The handshake is refused with this status line's end.
    Refuse(&'static str),
}

/// Why a client has to fail the connection on this 101, as section 4.1 asks.
pub(crate) fn fault(answer: &Head) -> Option<&'static str> {
    if !answer.has_token("Upgrade", "websocket") {
        Some("no `Upgrade`")
    } else if !answer.has_token("Connection", "upgrade") {
        Some("no `Connection: upgrade`")
    } else if answer.header("Sec-WebSocket-Accept") != Some(derive_accept_key(KEY.as_bytes()).as_str()) {
        Some("no `Sec-WebSocket-Accept` for its key")
    } else {
        None
    }
}

/// Judges a request as section 4.2.1 asks, the points in its order.
pub(crate) fn judge(request: &Head, manner: Manner) -> Reply {
    let asks = request.header("Upgrade").is_some() || request.has_token("Connection", "upgrade");
    if manner == Manner::Telling && !asks {
        // RFC 9112 section 3.2.
        let is_nameless = request.protocol() == "HTTP/1.1" && request.header("Host").is_none();
        return if is_nameless { Reply::Refuse("400 Bad Request") } else { Reply::Page };
    }
    let Some(key) = request.header("Sec-WebSocket-Key") else {
        // Not a handshake at all. One that announces an upgrade and names none is an error to strict servers.
        let is_odd = request.has_token("Connection", "upgrade") && manner != Manner::Lenient;
        return if request.line.starts_with("PRI ") || is_odd {
            Reply::Refuse("400 Bad Request")
        } else {
            Reply::Page
        };
    };
    // What a service that only says who may come in does with whatever asks for no upgrade.
    if request.line.starts_with("GET /auth ") && request.header("Upgrade").is_none() {
        return Reply::Page;
    }
    if !request.line.starts_with("GET ") {
        return Reply::Refuse("405 Method Not Allowed");
    }
    let is_old = !matches!(request.protocol(), "HTTP/1.1");
    if is_old && manner != Manner::Lenient {
        return Reply::Refuse("426 Upgrade Required");
    }
    if request.header("Host").is_none() {
        return Reply::Refuse("400 Bad Request");
    }
    if request.header("Upgrade").is_none() {
        return Reply::Refuse("426 Upgrade Required");
    }
    if !request.has_token("Upgrade", "websocket") || !request.has_token("Connection", "upgrade") {
        return Reply::Refuse("400 Bad Request");
    }
    if request.header("Sec-WebSocket-Version") != Some("13") {
        return Reply::Refuse("426 Upgrade Required");
    }
    // 16 bytes in base64.
    if key.len() != 24 || !key.ends_with("==") {
        return Reply::Refuse("400 Bad Request");
    }
    Reply::Switch(derive_accept_key(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::http::read_head;

    const GOOD: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    fn reply(from: &str, to: &str, manner: Manner) -> Reply {
        let text = GOOD.replace(from, to);
        judge(&read_head(&mut text.as_bytes(), || false).unwrap().unwrap(), manner)
    }

    #[test]
    fn the_key_of_the_standard_is_accepted_as_it_says() {
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        assert_eq!(reply("", "", Manner::Strict), Reply::Switch(accept));
    }

    #[test]
    fn each_fault_is_refused() {
        for (from, to, status) in [
            ("HTTP/1.1", "HTTP/1.0", "426 Upgrade Required"),
            ("Host: a\r\n", "", "400 Bad Request"),
            ("Upgrade: websocket\r\n", "", "426 Upgrade Required"),
            ("Upgrade: websocket\r\n", "Upgrade: upgrade\r\n", "400 Bad Request"),
            ("keep-alive, Upgrade", "close", "400 Bad Request"),
            ("Version: 13", "Version: 8", "426 Upgrade Required"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "abc", "400 Bad Request"),
            ("GET", "POST", "405 Method Not Allowed"),
        ] {
            assert_eq!(reply(from, to, Manner::Strict), Reply::Refuse(status), "{from} {to}");
        }
    }

    #[test]
    fn a_telling_one_asks_ordinary_requests_for_their_host_since_http_1_1() {
        let ordinary =
            |text: &str| judge(&read_head(&mut text.as_bytes(), || false).unwrap().unwrap(), Manner::Telling);
        assert_eq!(ordinary("GET / HTTP/1.0\r\n\r\n"), Reply::Page);
        assert_eq!(ordinary("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Reply::Page);
        assert_eq!(ordinary("GET / HTTP/1.1\r\n\r\n"), Reply::Refuse("400 Bad Request"));
    }

    #[test]
    fn a_lenient_one_takes_http_1_0_only_in_addition() {
        assert!(matches!(reply("HTTP/1.1", "HTTP/1.0", Manner::Lenient), Reply::Switch(_)));
        assert!(matches!(reply("Upgrade: websocket\r\n", "", Manner::Lenient), Reply::Refuse(_)));
    }
}
