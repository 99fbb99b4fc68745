//! From what is seen to the rules: a status, a close code, a line of a log or of a browser's console.
//!
//! [`symptoms`] has what nginx, browsers and back ends say, each with its source; docs/causes.md has the causes. What people
//! paste is a whole line with a date and a name, so a text is looked for inside of it.

mod catalogue;
mod causes;
mod codes;

use lint_finding::RuleMeta;

pub use self::catalogue::symptoms;
pub use self::causes::{CAUSES_PAGE, Cause, causes};
use self::codes::{codes_in, of_access_log};

/// Something that is seen where WebSockets fail.
#[derive(Debug, PartialEq, Eq)]
pub struct Symptom {
    /// What it is called.
    pub title: &'static str,
    /// How it is known.
    pub signs: &'static [Sign],
    /// What has happened then, in a sentence or two.
    pub meaning: &'static str,
    /// Keys of causes, the likeliest first; the name of a rule where none of its causes has a key.
    pub causes: &'static [&'static str],
    /// What to look at next.
    pub next: &'static str,
    /// Who says so, and where.
    pub source: &'static str,
}

impl Symptom {
    /// Whether it is what is said of a code of which nothing else is known.
    fn is_general(&self) -> bool {
        self.signs.iter().all(|sign| matches!(sign, Sign::StatusIn(..) | Sign::CloseIn(..)))
    }
}

/// How a symptom is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The status of the answer to the handshake.
    Status(u16),
    /// The code of the closed WebSocket (RFC 6455 section 7.4).
    Close(u16),
    /// Any status from one to another, if no other symptom has it.
    StatusIn(u16, u16),
    /// Any such code from one to another, if no other symptom has it.
    CloseIn(u16, u16),
    /// These texts one behind the other in one line, whatever their case.
    Text(&'static [&'static str]),
    /// The same, of a text that only says that it failed: a code in the same line says more.
    Vague(&'static [&'static str]),
    /// A line of an access log with this status, and these texts one behind the other in its request.
    Logged(u16, &'static [&'static str]),
    /// What a person says of it. In a line of a log the same words may be about something else.
    Said(&'static str),
    /// The same with a number, which says more than all words around it.
    SaidNumber(&'static str),
}

/// The longest line that a person says, in bytes.
const LONGEST_SAID: usize = 80;

impl Sign {
    /// How much of a line it explains, in bytes; `None` where it is not there. `line` is in lower case.
    fn weight(self, line: &str, codes: &[Sign]) -> Option<usize> {
        match self {
            Self::Status(_) | Self::Close(_) => codes.contains(&self).then_some(1),
            Self::StatusIn(from, to) => {
                let is_in = |code: &Sign| matches!(code, Sign::Status(code) if (from..=to).contains(code));
                codes.iter().any(is_in).then_some(0)
            }
            Self::CloseIn(from, to) => {
                let is_in = |code: &Sign| matches!(code, Sign::Close(code) if (from..=to).contains(code));
                codes.iter().any(is_in).then_some(0)
            }
            Self::Text(pieces) => weight(line, pieces),
            Self::Vague(pieces) => weight(line, pieces).map(|_| 0),
            Self::Logged(status, pieces) => {
                let (_, rest) = line.split_once('"')?;
                let (request, _) = rest.split_once('"')?;
                weight(request, pieces).filter(|_| codes.contains(&Sign::Status(status)))
            }
            Self::Said(words) => (is_said(line) && line.contains(words)).then_some(words.len()),
            Self::SaidNumber(words) => {
                let is_whole = |(at, _)| {
                    let before = line.get(..at).and_then(|before| before.chars().next_back());
                    !before.is_some_and(|last| last.is_ascii_digit() || last == '.')
                };
                (is_said(line) && line.match_indices(words).any(is_whole))
                    .then_some(LONGEST_SAID + words.len())
            }
        }
    }
}

/// Whether a line, in lower case, may be what a person says.
fn is_said(line: &str) -> bool {
    line.len() <= LONGEST_SAID && !line.contains(['[', '{']) && !line.contains("http/")
}

/// The bytes of these texts and one, if they follow each other in a line.
fn weight(line: &str, pieces: &[&str]) -> Option<usize> {
    let mut rest = line;
    let mut weight = 1;
    for piece in pieces {
        let piece = piece.to_lowercase();
        rest = rest.split_once(&*piece)?.1;
        weight += piece.len();
    }
    Some(weight)
}

/// What is looked at of a line: nothing that a program logs tells more behind it.
const LONGEST: usize = 4096;

/// The symptoms that a line or a number shows, the one that explains most of it first. At most 4 KiB of the line are looked
/// at.
pub fn symptoms_of(line: &str) -> Vec<&'static Symptom> {
    let end = (0..=line.len().min(LONGEST)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    // Typographic quotes are a browser's, straight ones a keyboard's; a byte order mark is an editor's.
    let line = line.get(..end).unwrap_or_default().trim_start_matches('\u{feff}').to_lowercase();
    let line = line.replace(['\u{2018}', '\u{2019}'], "'").replace(['\u{201c}', '\u{201d}'], "\"");
    // What follows in nginx's error log is about the request: a client may have written anything there.
    let line = line.split(", client: ").next().unwrap_or_default();
    let logged = of_access_log(line);
    let codes = logged.map_or_else(|| codes_in(line), |status| vec![status]);
    let is_text =
        |sign: &&Sign| matches!(sign, Sign::Text(_) | Sign::Vague(_) | Sign::Said(_) | Sign::SaidNumber(_));
    let weighed = symptoms().filter_map(|symptom| {
        let signs = symptom.signs.iter().filter(|sign| logged.is_none() || !is_text(sign));
        Some((signs.filter_map(|sign| sign.weight(line, &codes)).max()?, symptom))
    });
    let mut weighed: Vec<(usize, &Symptom)> = weighed.collect();
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    if weighed.iter().any(|(_, symptom)| !symptom.is_general()) {
        weighed.retain(|(_, symptom)| !symptom.is_general());
    }
    weighed.into_iter().map(|(_, symptom)| symptom).collect()
}

/// The cause of a key.
pub fn cause(key: &str) -> Option<&'static Cause> {
    causes().iter().find(|cause| cause.key == key)
}

/// The rules that a key of a symptom leads to: those of the cause, or the one of the name.
pub fn rules_of(key: &str) -> Vec<&'static RuleMeta> {
    let all = || crate::RULES.iter().map(|rule| rule.meta());
    match cause(key) {
        Some(cause) => all().filter(|rule| cause.rules.contains(&rule.name)).collect(),
        None => all().filter(|rule| rule.name == key).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(line: &str) -> Option<&'static str> {
        symptoms_of(line).first().map(|symptom| symptom.title)
    }

    /// Codes that nothing is known of in particular, and none beside those that something is known of.
    #[test]
    fn every_code_means_something() {
        let titles = |text: &str| symptoms_of(text).iter().map(|one| one.title).collect::<Vec<_>>();
        for code in (100..600).chain(1000..5000) {
            assert!(!symptoms_of(&code.to_string()).is_empty(), "{code}");
        }
        assert_eq!(titles("4001"), ["4000 to 4999: a code of the application"]);
        assert_eq!(
            titles("websocket closed with code 3008")[..1],
            ["3000 to 3999: a code of a library or framework"]
        );
        assert_eq!(titles("1004"), ["1000 to 2999: a code that no standard gives a meaning"]);
        assert_eq!(titles("418"), ["an ordinary answer in place of 101"]);
        assert!(titles("426").iter().chain(&titles("1006")).all(|title| !title.starts_with("an ordinary")));
        assert!(symptoms_of("5000").is_empty() && symptoms_of("999").is_empty());
    }

    #[test]
    fn every_key_is_known_and_every_symptom_is_found_by_its_own_signs() {
        for symptom in symptoms() {
            for key in symptom.causes {
                assert!(cause(key).is_some() || !rules_of(key).is_empty(), "{}: {key}", symptom.title);
            }
            assert!(!symptom.causes.is_empty() && !symptom.signs.is_empty(), "{}", symptom.title);
            for sign in symptom.signs {
                let line = match sign {
                    Sign::Status(code)
                    | Sign::Close(code)
                    | Sign::StatusIn(_, code)
                    | Sign::CloseIn(_, code) => code.to_string(),
                    Sign::Text(pieces) | Sign::Vague(pieces) => pieces.join(" x "),
                    Sign::Said(words) | Sign::SaidNumber(words) => (*words).to_owned(),
                    Sign::Logged(status, pieces) => {
                        format!("\"GET /{} HTTP/1.1\" {status} 0", pieces.join("x"))
                    }
                };
                assert!(symptoms_of(&line).contains(&symptom), "{line}: {:?}", first(&line));
            }
        }
    }

    #[test]
    fn every_cause_has_a_symptom() {
        let named: Vec<&str> = symptoms().flat_map(|symptom| symptom.causes.iter().copied()).collect();
        let missing: Vec<&str> =
            causes().iter().map(|cause| cause.key).filter(|key| !named.contains(key)).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn sixty_seconds_are_no_other_time() {
        for said in [
            "closes after 60 seconds",
            "closes after exactly 60 s",
            "disconnects every 60 seconds",
            "websocket disconnects after 60 seconds",
            "connection drops after 1 minute",
            "WebSocket closes after 60s",
            "our chat drops every minute",
        ] {
            assert_eq!(first(said), Some("closes after 60 seconds"), "{said}");
        }
        for said in [
            "closes after 360 seconds",
            "closes after 100 s",
            "drops after 10 minutes",
            "closes after 1.60 s",
        ] {
            assert_eq!(first(said), Some("closes at the same age every time"), "{said}");
        }
    }

    /// Lines as they are found in logs, consoles and reports, with the first cause that they lead to.
    #[test]
    fn lines_as_people_paste_them() {
        for (line, key) in [
            // nginx's error log
            (
                "2024/05/01 10:00:00 [info] 31#31: *5 upstream timed out (110: Connection timed out) while proxying upgraded connection, client: 10.0.0.9, server: chat.example.com, request: \"GET /ws HTTP/1.1\", upstream: \"http://127.0.0.1:9000/ws\", host: \"chat.example.com\"",
                "read-timeout-default",
            ),
            (
                "2024/05/01 10:00:00 [error] 31#31: *5 upstream prematurely closed connection while reading response header from upstream, client: 10.0.0.9",
                "http-version-missing",
            ),
            ("nginx: [emerg] invalid URL prefix in /etc/nginx/conf.d/app.conf:12", "proxy-scheme"),
            ("nginx: [emerg] unknown \"connection_upgrade\" variable", "map-missing"),
            (
                "[alert] 7#7: 768 worker_connections are not enough while connecting to upstream",
                "worker-connections",
            ),
            (
                "[crit] SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream",
                "proxy-scheme",
            ),
            ("[error] no resolver defined to resolve app.internal", "resolver/dns-stale"),
            ("[error] limiting connections by zone \"perip\", client: 10.0.0.1", "limit-req/limit-conn"),
            (
                "[info] epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too while proxying upgraded connection",
                "outer-layer-timeout",
            ),
            // nginx's access log
            (
                "10.0.0.9 - - [01/May/2024:10:00:00 +0000] \"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\" 400 34 \"-\" \"Mozilla/5.0\"",
                "upgrade-header-missing",
            ),
            (
                "10.0.0.9 - - [01/May/2024:10:00:00 +0000] \"GET /ws HTTP/1.1\" 301 169 \"-\" \"-\"",
                "redirect-on-handshake",
            ),
            (
                "10.0.0.9 - - [01/May/2024:10:00:00 +0000] \"GET /ws HTTP/2.0\" 400 34 \"-\" \"Mozilla/5.0\"",
                "http2-or-http3",
            ),
            (
                "10.0.0.9 - - [01/May/2024:10:00:00 +0000] \"POST /socket.io/?EIO=4&transport=polling&t=x&sid=AAAA HTTP/1.1\" 400 41 \"-\" \"-\"",
                "upstream-not-sticky",
            ),
            ("{\"time\":\"x\",\"status\":\"426\",\"uri\":\"/ws\"}", "upgrade-header-missing"),
            ("level=info method=GET path=/ws status=426", "upgrade-header-missing"),
            (
                "[info] 7#7: *5 client timed out (110: Connection timed out) while proxying upgraded connection, client: 10.0.0.9",
                "outer-layer-timeout",
            ),
            ("[alert] 7#7: *5 open socket #12 left in connection 3", "reload-drops"),
            // what a client writes explains nothing
            (
                "10.0.0.9 - - [01/May/2024:10:00:00 +0000] \"GET /ws HTTP/1.1\" 502 157 \"-\" \"Unexpected response code: 400, ping timeout\"",
                "not-nginx",
            ),
            (
                "[error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, referrer: \"http://a/upstream prematurely closed connection while reading response header\"",
                "not-nginx",
            ),
            ("expected handshake response status code 101 but got 400", "upgrade-header-missing"),
            ("The server returned status code '403' when status code '101' was expected.", "host-header"),
            ("[emerg] duplicate location \"/ws\" in /etc/nginx/conf.d/a.conf:7", "location-not-matched"),
            (
                "[error] 7#7: *1 upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to upstream",
                "proxy-ssl-sni",
            ),
            (
                "Failed to upgrade to WebSocket (REQUEST_METHOD: GET, HTTP_CONNECTION: close, HTTP_UPGRADE: websocket)",
                "connection-header-missing",
            ),
            (
                "[error] 7#7: *1 connect() to 127.0.0.1:9000 failed (13: Permission denied) while connecting to upstream",
                "not-nginx",
            ),
            ("net::ERR_CONNECTION_REFUSED", "not-nginx"),
            ("Upgrade Required", "upgrade-header-missing"),
            // consoles
            (
                "WebSocket connection to 'wss://chat.example.com/ws' failed: Error during WebSocket handshake: Unexpected response code: 400",
                "upgrade-header-missing",
            ),
            ("Error: Unexpected server response: 502", "not-nginx"),
            (
                "WebSocket connection to 'ws://host/' failed: Error during WebSocket handshake: Unexpected response code: 200",
                "location-not-matched",
            ),
            (
                "Mixed Content: The page at 'https://a/' was loaded over HTTPS, but attempted to connect to the insecure WebSocket endpoint 'ws://a/'. This request has been blocked",
                "forwarded-proto-missing",
            ),
            (
                "The workbench failed to connect to the server (Error: WebSocket close with status code 1006)",
                "read-timeout-default",
            ),
            (
                "websockets.exceptions.InvalidStatus: server rejected WebSocket connection: HTTP 403",
                "host-header",
            ),
            ("net::ERR_CERT_AUTHORITY_INVALID", "tls-chain"),
            (
                "WebSocket connection to 'wss://a/' failed: Error during WebSocket handshake: Incorrect 'Sec-WebSocket-Accept' header value",
                "cache",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Error during WebSocket handshake: 'Sec-WebSocket-Accept' header is missing",
                "response-filter",
            ),
            ("WebSocket connection to 'wss://a/' failed: Invalid frame header", "not-nginx"),
            (
                "WebSocket connection to 'wss://a/' failed: A server must not mask any frames that it sends to the client.",
                "not-nginx",
            ),
            (
                "[error] 7#7: *5 upstream timed out (110: Connection timed out) while reading upstream, client: 10.0.0.9",
                "read-timeout-default",
            ),
            (
                "[error] 7#7: *5 upstream prematurely closed connection while reading upstream, client: 10.0.0.9",
                "not-nginx",
            ),
            (
                "java.net.ProtocolException: Expected HTTP 101 response but was '400 Bad Request'",
                "upgrade-header-missing",
            ),
            (
                "java.net.ProtocolException: Expected 'Connection' header value 'Upgrade' but was 'null'",
                "response-filter",
            ),
            (
                "aiohttp.client_exceptions.WSServerHandshakeError: 403, message='Invalid response status', url=URL('http://a/ws')",
                "host-header",
            ),
            ("websocket: bad handshake (HTTP 403)", "host-header"),
            ("HTTP error: 426 Upgrade Required", "upgrade-header-missing"),
            ("WebSocket protocol error: No \"Connection: upgrade\" header", "connection-header-missing"),
            ("WebSocket protocol error: HTTP version must be 1.1 or higher", "http-version-missing"),
            (
                "WebSocket protocol violation: Connection header \"close\" does not contain Upgrade",
                "connection-header-missing",
            ),
            (
                "failed to WebSocket dial: WebSocket protocol violation: Connection header \"\" does not contain Upgrade",
                "response-filter",
            ),
            (
                "Invalid status code received: 400 Status line: HTTP/1.1 400 Bad Request",
                "upgrade-header-missing",
            ),
            (
                "WebSocketException: Connection to 'https://a/ws' was not upgraded to websocket, HTTP status code: 404",
                "path-rewrite",
            ),
            ("INFO:     127.0.0.1:5000 - \"WebSocket /ws\" 403", "host-header"),
            ("INFO:     connection rejected (403 Forbidden)", "host-header"),
            ("WARNING:  Unsupported upgrade request.", "not-nginx"),
            (
                "Refused to connect to 'wss://a/ws' because it violates the following Content Security Policy directive: \"connect-src 'self'\".",
                "not-nginx",
            ),
            (
                "nginx: [emerg] \"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside \"if\" statement, or inside \"limit_except\" block in /etc/nginx/conf.d/a.conf:7",
                "directive-not-allowed-here",
            ),
            (
                "nginx: [emerg] cannot load certificate \"/etc/letsencrypt/live/a/fullchain.pem\": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)",
                "tls-chain",
            ),
            // back ends
            (
                "Failed to upgrade to WebSocket (REQUEST_METHOD: GET, HTTP_CONNECTION: close, HTTP_UPGRADE: )",
                "upgrade-header-missing",
            ),
            ("Can \"Upgrade\" only to \"WebSocket\".", "upgrade-header-missing"),
            (
                "websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header",
                "connection-header-missing",
            ),
            ("websocket: request origin not allowed by Upgrader.CheckOrigin", "host-header"),
            ("{\"code\":1,\"message\":\"Session ID unknown\"}", "upstream-not-sticky"),
            ("[error] Could not check origin for Phoenix.Socket transport.", "host-header"),
        ] {
            let found = symptoms_of(line);
            let Some(symptom) = found.first() else { panic!("nothing for {line}") };
            assert_eq!(symptom.causes.first(), Some(&key), "{line}: {}", symptom.title);
        }
    }

    #[test]
    fn titles_say_who_did_it() {
        for (line, title) in [
            // Chromium, Firefox and Safari
            ("WebSocket connection to 'wss://a/ws' failed:", "the browser cannot connect"),
            ("WebSocket connection to 'wss://a/ws' failed: ", "the browser cannot connect"),
            ("WebSocket connection to 'wss://a/' failed: WebSocket opening handshake timed out", "hangs"),
            (
                "WebSocket connection to 'wss://a/' failed: Error in connection establishment: net::ERR_TIMED_OUT",
                "hangs",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Error in connection establishment: net::ERR_INTERNET_DISCONNECTED",
                "nothing answers",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Error in connection establishment: net::ERR_TUNNEL_CONNECTION_FAILED",
                "own proxy",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Error in connection establishment: net::ERR_INSUFFICIENT_RESOURCES",
                "too many",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: HTTP Authentication failed; no valid credentials available",
                "401",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Error during WebSocket handshake: Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received",
                "subprotocol",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Error during WebSocket handshake: 'Sec-WebSocket-Protocol' header value 'x' in response does not match any of sent values",
                "subprotocol",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Error during WebSocket handshake: net::ERR_INVALID_HTTP_RESPONSE",
                "not HTTP/1.1",
            ),
            ("WebSocket connection to 'wss://a/' failed: Close received after close", "a frame came"),
            ("NS_ERROR_WEBSOCKET_CONNECTION_REFUSED", "the browser cannot connect"),
            ("NS_ERROR_NET_RESET", "closed before an answer"),
            ("SecurityError: The operation is insecure.", "opens `ws://`"),
            (
                "WebSocket connection to 'wss://a/' failed: The operation couldn\u{2019}t be completed. Socket is not connected",
                "1006",
            ),
            ("WebSocket connection to 'wss://a/' failed: The network connection was lost.", "1006"),
            (
                "WebSocket connection to 'wss://a/' failed: The certificate for this server is invalid.",
                "certificate",
            ),
            (
                "WebSocket connection to 'wss://a/' failed: Could not connect to the server.",
                "nothing answers",
            ),
            ("WebSocket connection to 'wss://a/' failed: The request timed out.", "hangs"),
            ("WebSocket connection to 'wss://a/' failed: WebSocket is closed due to suspension.", "1001"),
            // Node
            ("Error: Opening handshake has timed out", "hangs"),
            ("Error: WebSocket was closed before the connection was established", "hangs"),
            ("Error: read ECONNRESET", "1006"),
            ("Error: connect ETIMEDOUT 192.0.2.1:443", "nothing answers"),
            ("Error: getaddrinfo EAI_AGAIN a", "nothing answers"),
            (
                "Error: write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number",
                "no TLS",
            ),
            ("Error: self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)", "certificate"),
            (
                "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames",
                "certificate",
            ),
            ("Error: certificate has expired", "certificate"),
            ("Error: Server sent no subprotocol", "subprotocol"),
            ("TypeError: Received network error or non-101 status code.", "the browser cannot connect"),
            ("Error: Parse Error: Expected HTTP/, RTSP/ or ICE/", "not HTTP/1.1"),
            // curl
            (
                "curl: (7) Failed to connect to a port 443 after 2 ms: Couldn't connect to server",
                "nothing answers",
            ),
            ("curl: (6) Could not resolve host: a", "nothing answers"),
            ("curl: (22) Refused WebSockets upgrade: 400", "400"),
            ("curl: (22) The requested URL returned error: 403", "403"),
            ("curl: (35) error:0A00010B:SSL routines::wrong version number", "no TLS"),
            (
                "curl: (35) TLS connect error: error:0A000458:SSL routines::tlsv1 unrecognized name",
                "refuses the TLS",
            ),
            ("curl: (35) Recv failure: Connection reset by peer", "closed before an answer"),
            ("curl: (56) Recv failure: Connection reset by peer", "closed before an answer"),
            ("curl: (28) Operation timed out after 5001 milliseconds with 0 bytes received", "hangs"),
            (
                "curl: (60) SSL: no alternative certificate subject name matches target host name 'a'",
                "certificate",
            ),
            ("curl: (1) Received HTTP/0.9 when not allowed", "not HTTP/1.1"),
            ("curl: (92) HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR (err 1)", "not HTTP/1.1"),
            // Python
            ("websockets.exceptions.InvalidMessage: did not receive a valid HTTP response", "not HTTP/1.1"),
            ("TimeoutError: timed out during opening handshake", "hangs"),
            (
                "websockets.exceptions.ConnectionClosedOK: received 1001 (going away); then sent 1001 (going away)",
                "1001",
            ),
            ("EOFError: connection closed while reading HTTP status line", "closed before an answer"),
            ("ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 443)", "nothing answers"),
            ("OSError: [Errno 113] No route to host", "nothing answers"),
            ("socket.gaierror: [Errno -2] Name or service not known", "nothing answers"),
            (
                "websocket._exceptions.WebSocketConnectionClosedException: Connection to remote host was lost.",
                "1006",
            ),
            // Go
            ("dial tcp: lookup a: no such host", "nothing answers"),
            ("dial tcp 192.0.2.1:443: connect: connection refused", "nothing answers"),
            ("dial tcp 192.0.2.1:443: i/o timeout", "nothing answers"),
            ("read tcp 10.0.0.1:5000->192.0.2.1:443: read: connection reset by peer", "1006"),
            ("tls: first record does not look like a TLS handshake", "no TLS"),
            ("remote error: tls: unrecognized name", "refuses the TLS"),
            ("failed to get reader: failed to read frame header: EOF", "1006"),
            // Rust, Java and .NET
            ("WebSocket protocol error: Connection reset without closing handshake", "1006"),
            ("WebSocket protocol error: Handshake not finished", "closed before an answer"),
            ("java.net.SocketTimeoutException: timeout", "hangs"),
            ("javax.net.ssl.SSLHandshakeException: PKIX path building failed", "certificate"),
            (
                "System.Net.WebSockets.WebSocketException (0x80004005): The remote party closed the WebSocket connection without completing the close handshake.",
                "1006",
            ),
            // nginx
            ("connect() failed (111: Connection refused) while connecting to upstream", "nothing listens"),
            ("connect() failed (113: No route to host) while connecting to upstream", "no way leads"),
            (
                "connect() to [2001:db8::1]:80 failed (101: Network is unreachable) while connecting to upstream",
                "no way leads",
            ),
            (
                "upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream",
                "the TLS handshake with the back end fails",
            ),
            ("Incorrect 'Sec-WebSocket-Accept' header value", "does not fit the key"),
            ("Error: Invalid Sec-WebSocket-Accept header", "does not fit the key"),
            ("Invalid frame header", "a frame came that browsers refuse"),
            ("RangeError: Invalid WebSocket frame: RSV1 must be clear", "a frame came that browsers refuse"),
            ("upstream timed out while reading upstream", "nginx broke off"),
            ("upstream prematurely closed connection while reading upstream", "the back end broke off"),
        ] {
            assert!(first(line).is_some_and(|found| found.contains(title)), "{line}: {:?}", first(line));
        }
    }

    #[test]
    fn numbers_are_codes_where_they_are_said_to_be() {
        assert_eq!(first("426"), first("HTTP/1.1 426 Upgrade Required"));
        assert_eq!(first("1006"), first("closed with code: 1006"));
        for line in [
            "",
            "hello",
            "worker 400 started",
            "10.0.0.1",
            "2024/05/01 10:00:00 [notice] 502#502: exit",
            "port 1006",
            "received 1024 bytes",
            "recv() failed (104: Connection reset by peer) while reading client request line",
        ] {
            assert_eq!(first(line), None, "{line}");
        }
    }
}
