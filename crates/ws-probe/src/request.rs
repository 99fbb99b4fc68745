//! The request as a browser sends it, and what a browser asks of the answer.

use data_encoding::BASE64;
use lint_finding::{ProbeFailure, ProbeFault};
use tungstenite::handshake::derive_accept_key;

use crate::head::Head;
use crate::plan::{Browser, Plan};
use crate::secrets::Secrets;

/// The extension that browsers offer. What is compressed is not unpacked here.
const DEFLATE: &str = "permessage-deflate";

/// A request, as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    /// Its bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }

    /// The fields as they may be shown.
    pub(crate) fn shown(&self, secrets: &Secrets) -> Vec<(String, String)> {
        self.headers.iter().map(|(name, value)| (name.clone(), secrets.field(name, value))).collect()
    }
}

/// The handshake with a key.
pub(crate) fn handshake(plan: &Plan, key: &str) -> Request {
    let own = format!("{}://{}", if plan.is_tls { "https" } else { "http" }, plan.authority);
    let origin = plan.origin.clone().unwrap_or(own);
    let (host, agent) = (("Host", plan.authority.as_str()), ("User-Agent", plan.agent.as_str()));
    let mut fields: Vec<(&str, &str)> = match plan.browser {
        Browser::Chrome => vec![
            host,
            ("Connection", "Upgrade"),
            ("Pragma", "no-cache"),
            ("Cache-Control", "no-cache"),
            agent,
            ("Upgrade", "websocket"),
            ("Origin", &origin),
            ("Sec-WebSocket-Version", "13"),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
            ("Accept-Language", "en-US,en;q=0.9"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ],
        Browser::Firefox => vec![
            host,
            agent,
            ("Accept", "*/*"),
            ("Accept-Language", "en-US,en;q=0.5"),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
            ("Sec-WebSocket-Version", "13"),
            ("Origin", &origin),
            ("Sec-WebSocket-Extensions", DEFLATE),
            ("Sec-WebSocket-Key", key),
            ("Connection", "keep-alive, Upgrade"),
            ("Sec-Fetch-Dest", "empty"),
            ("Sec-Fetch-Mode", "websocket"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Pragma", "no-cache"),
            ("Cache-Control", "no-cache"),
            ("Upgrade", "websocket"),
        ],
    };
    let protocols = plan.subprotocols.join(", ");
    if !protocols.is_empty() {
        fields.push(("Sec-WebSocket-Protocol", &protocols));
    }
    with_own(plan, &fields, format!("GET {} HTTP/1.1", plan.target), String::new())
}

/// The fields of the handshake as they are sent, for whoever follows the request; those that were taken away are empty.
#[must_use]
pub fn sent(plan: &Plan) -> Vec<(String, String)> {
    // The sample of RFC 6455 section 1.3: no one asks which key it is.
    let mut all = handshake(plan, "dGhlIHNhbXBsZSBub25jZQ==").headers;
    all.extend(plan.headers.iter().filter(|(_, value)| value.is_empty()).cloned());
    all
}

/// A request of a fallback, as a script sends it, on a connection of its own.
pub(crate) fn ordinary(plan: &Plan, method: &str, target: &str, body: &str) -> Request {
    let length = body.len().to_string();
    let own = format!("{}://{}", if plan.is_tls { "https" } else { "http" }, plan.authority);
    let origin = plan.origin.clone().unwrap_or(own);
    let mut fields: Vec<(&str, &str)> = vec![
        ("Host", &plan.authority),
        ("Connection", "close"),
        ("User-Agent", &plan.agent),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
    ];
    if method == "POST" {
        fields.push(("Origin", &origin));
        fields.push(("Content-Type", "text/plain;charset=UTF-8"));
        fields.push(("Content-Length", &length));
    }
    with_own(plan, &fields, format!("{method} {target} HTTP/1.1"), body.to_owned())
}

/// With cookies and credentials, then with what the user wants instead.
fn with_own(plan: &Plan, fields: &[(&str, &str)], line: String, body: String) -> Request {
    let mut headers: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if !plan.cookies.is_empty() {
        let all: Vec<String> = plan.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        headers.push(("Cookie".to_owned(), all.join("; ")));
    }
    if let Some((user, password)) = &plan.credentials {
        let word = BASE64.encode(format!("{user}:{password}").as_bytes());
        headers.push(("Authorization".to_owned(), format!("Basic {word}")));
    }
    let is_asked = |name: &str| plan.headers.iter().any(|(wanted, _)| wanted.eq_ignore_ascii_case(name));
    headers.retain(|(name, _)| !is_asked(name));
    headers.extend(plan.headers.iter().filter(|(_, value)| !value.is_empty()).cloned());
    Request { line, headers, body }
}

/// Why a browser opens no WebSocket by this answer; `None` if it does.
pub(crate) fn fault(request: &Request, head: &Head, secrets: &Secrets) -> Option<ProbeFailure> {
    let failure = |kind, text: String| Some(ProbeFailure { kind, text });
    let bad = |text: String| failure(ProbeFault::BadHandshake, text);
    if matches!(head.status, 301 | 302 | 303 | 307 | 308) {
        let to = head.all("Location").next().map(|value| secrets.field("Location", value));
        let to = to.map(|to| format!(" to `{to}`")).unwrap_or_default();
        return failure(
            ProbeFault::Redirected,
            format!(
                "the answer is {}, a redirect{to}: browsers do not follow it for a WebSocket, and neither does this",
                head.status
            ),
        );
    }
    if head.status != 101 {
        return failure(ProbeFault::OtherStatus, format!("the answer is {}, not 101", head.status));
    }
    let sent = |name: &str| request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    if head.version == "HTTP/1.0" {
        return bad("the 101 is an answer of HTTP/1.0: browsers refuse it".to_owned());
    }
    if let Some(text) = bad_upgrade(head, secrets) {
        return bad(text);
    }
    if !head.has_token("Connection", "upgrade") {
        return bad("the 101 lacks `Connection: upgrade`: browsers refuse it".to_owned());
    }
    let due = sent("Sec-WebSocket-Key").map(|(_, key)| derive_accept_key(key.as_bytes()));
    let accepts: Vec<&str> = head.all("Sec-WebSocket-Accept").collect();
    if accepts.len() > 1 {
        return bad(format!(
            "`Sec-WebSocket-Accept` is {} times in the 101: browsers refuse more than one",
            accepts.len()
        ));
    }
    match (accepts.first(), due) {
        (Some(value), Some(due)) if value.trim() == due => {}
        (_, None) => {}
        (None, _) => return bad("the 101 lacks `Sec-WebSocket-Accept`: browsers refuse it".to_owned()),
        (Some(_), _) => {
            return bad("`Sec-WebSocket-Accept` of the 101 does not fit the key: browsers refuse it. It may come from a cache, or a proxy changes the key".to_owned());
        }
    }
    let offer = sent("Sec-WebSocket-Extensions").map(|(_, value)| value.as_str());
    if let Some(text) = bad_extensions(head, offer) {
        return bad(text);
    }
    let offered: Vec<&str> = sent("Sec-WebSocket-Protocol")
        .map(|(_, value)| value.split(',').map(str::trim).collect())
        .unwrap_or_default();
    let mut chosen = head.all("Sec-WebSocket-Protocol").flat_map(|value| value.split(',')).map(str::trim);
    let first = chosen.next();
    if chosen.next().is_some() {
        return bad("the 101 chooses more than one protocol: browsers refuse it".to_owned());
    }
    match first {
        Some(chosen) if !offered.contains(&chosen) => bad(format!(
            "the 101 has the protocol `{}`, which was not offered: browsers refuse it",
            secrets.hide(&short(chosen))
        )),
        None if !offered.is_empty() => {
            bad("the 101 chooses none of the protocols that were offered: browsers refuse it".to_owned())
        }
        _ => None,
    }
}

/// No value of a server is told further in a sentence, in characters.
const LONGEST_TOLD: usize = 80;

fn short(value: &str) -> String {
    match value.char_indices().nth(LONGEST_TOLD) {
        Some((end, _)) => format!("{}...", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// What is wrong with `Upgrade`: it must be `websocket` alone (RFC 6455 section 4.1). Chrome takes no second value
/// (`net/websockets/websocket_basic_handshake_stream.cc:ValidateUpgrade`), Firefox looks for one that is right
/// (`netwerk/protocol/websocket/WebSocketChannel.cpp:OnStartRequest`).
fn bad_upgrade(head: &Head, secrets: &Secrets) -> Option<String> {
    let is_list = head.all("Upgrade").count() == 1;
    let values = head.all("Upgrade").flat_map(|value| value.split(',')).map(str::trim);
    let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
    let told = || secrets.hide(&short(&values.join(", ")));
    let is_it = |value: &&str| value.eq_ignore_ascii_case("websocket");
    match values.as_slice() {
        [] => Some("the 101 lacks `Upgrade: websocket`: browsers refuse it".to_owned()),
        [one] if is_it(one) => None,
        all if is_list && all.iter().any(is_it) => Some(format!(
            "the 101 has `Upgrade: {}`, and Chrome takes `websocket` alone, as does RFC 6455 section 4.1: whoever answers lists what else it speaks",
            told()
        )),
        all if all.len() > 1 && all.iter().any(is_it) => Some(format!(
            "the 101 has more than one `Upgrade` (`{}`): Chrome refuses it, and so does RFC 6455 section 4.1. An `add_header Upgrade ... always` in nginx adds a second one",
            told()
        )),
        _ => Some(format!(
            "the 101 has `Upgrade: {}` in place of `Upgrade: websocket`: browsers refuse it",
            told()
        )),
    }
}

/// What is wrong with the extensions that a server chooses: browsers offer one, and take no second one, no parameter that
/// RFC 7692 section 7.1 does not know, and no `client_max_window_bits` that was not offered.
fn bad_extensions(head: &Head, offer: Option<&str>) -> Option<String> {
    let chosen = head.all("Sec-WebSocket-Extensions").flat_map(|value| value.split(',')).map(str::trim);
    let mut has_deflate = false;
    for one in chosen.filter(|one| !one.is_empty()) {
        let mut words = one.split(';').map(str::trim);
        let is_deflate = words.next().is_some_and(|name| name.eq_ignore_ascii_case(DEFLATE));
        if !is_deflate || offer.is_none() {
            return Some(format!(
                "the 101 has the extension `{}`, which was not offered: browsers refuse it",
                short(one)
            ));
        }
        if std::mem::replace(&mut has_deflate, true) {
            return Some(format!("the 101 has the extension `{DEFLATE}` twice: browsers refuse it"));
        }
        let mut known: Vec<&str> = Vec::new();
        for word in words {
            let (name, value) =
                word.split_once('=').map_or((word, None), |(name, value)| (name.trim(), Some(value.trim())));
            let is_window = value.map(|value| value.trim_matches('"')).is_some_and(|value| {
                matches!(value.parse::<u8>(), Ok(8..=15)) && !value.starts_with(['0', '+'])
            });
            let is_right = match name {
                "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
                "server_max_window_bits" => is_window,
                "client_max_window_bits" => {
                    is_window && offer.is_some_and(|offer| offer.contains("client_max_window_bits"))
                }
                _ => false,
            };
            if !is_right || known.contains(&name) {
                return Some(format!(
                    "the 101 has the extension `{}`, whose parameter `{}` browsers refuse",
                    short(one),
                    short(word)
                ));
            }
            known.push(name);
        }
    }
    None
}

/// Whether an answer agrees to compressed messages.
pub(crate) fn is_deflate(head: &Head) -> bool {
    let chosen = head.all("Sec-WebSocket-Extensions").flat_map(|value| value.split(','));
    let mut names = chosen.filter_map(|one| one.split(';').next());
    names.any(|name| name.trim().eq_ignore_ascii_case(DEFLATE))
}
