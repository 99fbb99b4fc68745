//! Statuses and close codes in a line: a number alone, or one that its neighbours say is a code.

use super::Sign;

/// What stands before a status.
const BEFORE_STATUS: [&str; 18] = [
    // Chromium, and `ws` for Node
    "unexpected response code:",
    "unexpected server response:",
    // `websockets` for Python, uvicorn, cloudflared
    "http",
    "connection rejected",
    // Java-WebSocket, aiohttp, `tungstenite`, `websocket-client`
    "status code received:",
    "wsserverhandshakeerror:",
    "http error:",
    "handshake status",
    "status code",
    "status code:",
    "status:",
    // JSON, logfmt
    "status\":",
    "status=",
    "status",
    "got",
    "but was",
    // curl
    "refused websockets upgrade:",
    "returned error:",
];

/// What stands before a close code.
const BEFORE_CLOSE: [&str; 8] = [
    "close code",
    "code",
    "code:",
    "code=",
    "close",
    "closed",
    "websocket close with status code",
    "close status",
];

/// The codes of a line in lower case.
pub(super) fn codes_in(line: &str) -> Vec<Sign> {
    let whole = line.trim();
    let mut codes = Vec::new();
    let mut from = 0;
    while let Some(start) = line.get(from..).and_then(|rest| rest.find(|c: char| c.is_ascii_digit())) {
        let start = from + start;
        let rest = line.get(start..).unwrap_or_default();
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        from = start + length;
        let Ok(number) = rest.get(..length).unwrap_or_default().parse::<u16>() else { continue };
        let before = line.get(..start).unwrap_or_default();
        let is_alone = whole.len() == length;
        let sign = match length {
            3 if (100..600).contains(&number) => Sign::Status(number),
            4 if (1000..5000).contains(&number) => Sign::Close(number),
            _ => continue,
        };
        let is_said = match sign {
            Sign::Status(_) => is_behind(before, &BEFORE_STATUS) || is_of_request(before),
            // `websockets` for Python: `received 1001 (going away)`
            _ if rest.get(length..).is_some_and(|rest| rest.starts_with(" (")) => {
                is_behind(before, &BEFORE_CLOSE) || is_behind(before, &["received", "sent"])
            }
            _ => is_behind(before, &BEFORE_CLOSE),
        };
        if (is_alone || is_said) && !codes.contains(&sign) {
            codes.push(sign);
        }
    }
    // 101 beside another status is what was expected.
    let is_other = |code: &Sign| matches!(code, Sign::Status(status) if *status != 101);
    if codes.iter().any(is_other) {
        codes.retain(|code| *code != Sign::Status(101));
    }
    codes
}

/// Whether a text ends with one of these words, but for blanks, brackets and quotes.
fn is_behind(before: &str, words: &[&str]) -> bool {
    let before = before.trim_end_matches([' ', '(', '[', '"', '\'', '#']);
    words.iter().any(|word| {
        before.strip_suffix(word).is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

/// The status of a line of an access log: a request in quotes, and three digits behind it. Fields that a client fills in come
/// later.
pub(super) fn of_access_log(line: &str) -> Option<Sign> {
    let status = |(at, _)| {
        let (_, rest) = line.get(at..)?.split_once("\" ")?;
        let status = rest.split(' ').next().filter(|status| status.len() == 3)?;
        status.parse().ok().map(Sign::Status)
    };
    line.match_indices("http/").find_map(status)
}

/// `HTTP/1.1 426` of an answer, `"GET /ws HTTP/1.1" 426` of an access log, `"WebSocket /ws" 403` of uvicorn's.
fn is_of_request(before: &str) -> bool {
    let before = before.trim_end().trim_end_matches('"');
    if before.rsplit_once('"').is_some_and(|(_, request)| request.starts_with("websocket /")) {
        return true;
    }
    let Some((_, version)) = before.rsplit_once("http/") else { return false };
    !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
