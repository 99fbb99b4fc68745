//! The fallback over HTTP of libraries that bring their own: whether it answers, and whether its second request finds the
//! session of the first.

use lint_finding::{PollingKind, PollingSeen, PollingStep};
use serde_json::Value;

use crate::secrets::Secrets;

/// The library whose WebSocket a target is, if it tells.
#[must_use]
pub fn kind_of(target: &str) -> Option<PollingKind> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.to_ascii_lowercase();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    if path.contains("socket.io") || has("EIO") {
        Some(PollingKind::SocketIo)
    } else if path.contains("sockjs") || is_session_of_sockjs(&path) {
        Some(PollingKind::SockJs)
    } else if path.contains("signalr") || path.ends_with("hub") || path.contains("/hubs/") {
        Some(PollingKind::SignalR)
    } else {
        None
    }
}

/// `/BASE/SERVER/SESSION/websocket`, where the server has three digits.
fn is_session_of_sockjs(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let is_last = parts.next() == Some("websocket");
    let session = parts.next();
    let server = parts.next().unwrap_or_default();
    is_last && session.is_some() && server.len() == 3 && server.bytes().all(|byte| byte.is_ascii_digit())
}

/// A request of a fallback.
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) body: &'static str,
}

/// What came of it.
pub(crate) struct Told {
    pub(crate) status: Option<u16>,
    /// The body, if there is an answer; else why there is none.
    pub(crate) body: String,
    pub(crate) took_ms: u64,
}

/// Tries the fallback; `ask` sends a request.
pub(crate) fn poll(
    kind: PollingKind,
    target: &str,
    secrets: &mut Secrets,
    ask: &mut dyn FnMut(&Ask) -> Told,
) -> PollingSeen {
    let mut polling = Polling { secrets, ask, steps: Vec::new() };
    let works = match kind {
        PollingKind::SocketIo => polling.socket_io(target),
        PollingKind::SockJs => polling.sock_js(target),
        PollingKind::SignalR => polling.signal_r(target),
    };
    PollingSeen { kind, works: works.is_some(), steps: polling.steps }
}

struct Polling<'p> {
    secrets: &'p mut Secrets,
    ask: &'p mut dyn FnMut(&Ask) -> Told,
    steps: Vec<PollingStep>,
}

/// What a status and a body mean, with the session in them if there is one; or what is wrong with them.
type Due<'d> = &'d dyn Fn(u16, &str) -> Result<(String, Option<String>), String>;

/// What a session that another back end has looks like.
const LOST: &str =
    "another back end may have the session: the requests of one client must reach the same one";

impl Polling<'_> {
    /// One request. `due` says what is right in an answer: what it means, or what is wrong with it.
    fn step(
        &mut self,
        method: &'static str,
        target: String,
        body: &'static str,
        due: Due<'_>,
    ) -> Option<Option<String>> {
        let ask = Ask { method, target, body };
        let told = (self.ask)(&ask);
        let judged = match told.status {
            Some(status @ 300..400) => {
                Err(format!("the answer is {status}, a redirect, which is not followed"))
            }
            Some(status) => due(status, &told.body),
            None => Err(told.body),
        };
        let (text, found) = match judged {
            Ok((text, found)) => (text, Some(found)),
            Err(text) => (text, None),
        };
        self.steps.push(PollingStep {
            request: self.secrets.hide(&format!("{method} {}", ask.target)),
            status: told.status,
            text: self.secrets.hide(&text),
            is_ok: found.is_some(),
            took_ms: told.took_ms,
        });
        found
    }

    /// A session that must not be shown from now on, nor where it was used.
    fn session(&mut self, id: Option<String>) -> Option<String> {
        let id = id?;
        self.secrets.add(&id);
        let encoded = encoded(&id);
        self.secrets.add(&encoded);
        Some(encoded)
    }

    fn socket_io(&mut self, target: &str) -> Option<()> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let kept = kept(query, &["transport", "sid", "t"]);
        let kept = if kept.contains("EIO=") { kept } else { joined(&["EIO=4", &kept]) };
        let query = joined(&[&kept, "transport=polling"]);
        let id =
            self.step("GET", format!("{path}?{query}"), "", &|status, body| match (status, json(body)) {
                (200, Some(open)) => match text_of(&open, "sid") {
                    Some(id) => {
                        let upgrades =
                            open.get("upgrades").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
                        let note = if upgrades {
                            "and offers the WebSocket"
                        } else {
                            "and offers no WebSocket: its transports lack it"
                        };
                        Ok((format!("it opens a session {note}"), Some(id)))
                    }
                    None => Err("the answer is JSON without a session: this is no Socket.IO".to_owned()),
                },
                (200, None) => {
                    Err("the answer is a page or something else, not Socket.IO's: another location answers"
                        .to_owned())
                }
                (status, _) => Err(format!("the answer is {status}, not 200")),
            })?;
        let id = self.session(id)?;
        let target = format!("{path}?{query}&sid={id}");
        let lost = |status: u16, body: &str| {
            let why = if body.contains("Session ID unknown") {
                format!("`Session ID unknown`: {LOST}")
            } else {
                LOST.to_owned()
            };
            Err(format!("the answer is {status}: {why}"))
        };
        self.step("POST", target.clone(), "40", &|status, body| match status {
            200 => Ok(("the session is known".to_owned(), None)),
            400 => lost(status, body),
            403 | 405 => Err(format!("the answer is {status}: POST is not let through")),
            status => Err(format!("the answer is {status}, not 200")),
        })?;
        self.step("GET", target, "", &|status, body| match status {
            200 => Ok(("messages come".to_owned(), None)),
            400 => lost(status, body),
            status => Err(format!("the answer is {status}, not 200")),
        })?;
        Some(())
    }

    fn sock_js(&mut self, target: &str) -> Option<()> {
        let path = target.split('?').next().unwrap_or_default();
        let base = path.strip_suffix("/websocket").unwrap_or(path);
        let base =
            if is_session_of_sockjs(path) { base.rsplitn(3, '/').nth(2).unwrap_or_default() } else { base };
        let base = base.trim_end_matches('/');
        self.step("GET", format!("{base}/info"), "", &|status, body| match (status, json(body)) {
            (200, Some(info)) => match info.get("websocket").and_then(Value::as_bool) {
                Some(true) => Ok(("it offers the WebSocket".to_owned(), None)),
                Some(false) => Ok(("the server has its WebSocket switched off".to_owned(), None)),
                None => Err("the answer is JSON without `websocket`: this is no SockJS".to_owned()),
            },
            (200, None) => {
                Err("the answer is a page or something else, not SockJS's: another location answers"
                    .to_owned())
            }
            (status, _) => Err(format!("the answer is {status}, not 200")),
        })?;
        // Any three digits and any word are a new session; digits and a word of its own keep probes apart.
        let word: String = tungstenite::handshake::client::generate_key()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(8)
            .collect();
        let session = format!("{base}/000/{word}");
        self.step("POST", format!("{session}/xhr"), "", &|status, body| match status {
            200 if body.starts_with('o') => Ok(("it opens a session".to_owned(), None)),
            200 => Err("the answer opens no session: this is no SockJS".to_owned()),
            status => Err(format!("the answer is {status}, not 200")),
        })?;
        self.step("POST", format!("{session}/xhr_send"), "[]", &|status, _| match status {
            200 | 204 => Ok(("the session is known".to_owned(), None)),
            404 => Err(format!("the answer is 404: {LOST}")),
            status => Err(format!("the answer is {status}, not 204")),
        })?;
        Some(())
    }

    fn signal_r(&mut self, target: &str) -> Option<()> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let base = path.trim_end_matches('/');
        let kept = kept(query, &["id", "negotiateVersion"]);
        let query = joined(&["negotiateVersion=1", &kept]);
        let id = self.step("POST", format!("{base}/negotiate?{query}"), "", &|status, body| match (
            status,
            json(body),
        ) {
            (200, Some(open)) => match text_of(&open, "connectionToken")
                .or_else(|| text_of(&open, "connectionId"))
            {
                Some(id) => {
                    let transports = open.get("availableTransports").and_then(Value::as_array);
                    let is_web =
                        |one: &Value| one.get("transport").and_then(Value::as_str) == Some("WebSockets");
                    let offers = transports.is_some_and(|all| all.iter().any(is_web));
                    let note = if offers { "and offers the WebSocket" } else { "and offers no WebSocket" };
                    Ok((format!("it opens a connection {note}"), Some(id)))
                }
                None if open.get("url").is_some() => {
                    Err("the answer sends clients to another URL, which is not followed".to_owned())
                }
                None => Err("the answer is JSON without a connection: this is no SignalR".to_owned()),
            },
            (200, None) => {
                Err("the answer is a page or something else, not SignalR's: another location answers"
                    .to_owned())
            }
            (status, _) => Err(format!("the answer is {status}, not 200")),
        })?;
        let id = self.session(id)?;
        let query = joined(&[&format!("id={id}"), &kept]);
        self.step("GET", format!("{base}?{query}"), "", &|status, _| match status {
            200 | 204 => Ok(("the connection is known".to_owned(), None)),
            404 => Err(format!("the answer is 404: {LOST}")),
            status => Err(format!("the answer is {status}, not 200")),
        })?;
        Some(())
    }
}

/// The first value of JSON in a body, wherever it begins: Engine.IO has numbers before it.
fn json(body: &str) -> Option<Value> {
    let start = body.get(body.find('{')?..)?;
    // A page of HTML has braces too.
    if body.len() - start.len() > 16 {
        return None;
    }
    serde_json::Deserializer::from_str(start).into_iter::<Value>().next()?.ok()
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?;
    (!text.is_empty() && text.len() <= 4096).then(|| text.to_owned())
}

/// A query without some of its names.
fn kept(query: &str, without: &[&str]) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let all: Vec<&str> =
        pairs.filter(|pair| !without.contains(&pair.split('=').next().unwrap_or_default())).collect();
    all.join("&")
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("&")
}

/// As a value of a query: whatever a server sends, it stays one.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_tell_their_library() {
        for (target, kind) in [
            ("/socket.io/?EIO=4&transport=websocket", Some(PollingKind::SocketIo)),
            ("/live?EIO=4", Some(PollingKind::SocketIo)),
            ("/sockjs/info", Some(PollingKind::SockJs)),
            ("/echo/123/abc/websocket", Some(PollingKind::SockJs)),
            ("/chathub", Some(PollingKind::SignalR)),
            ("/ws", None),
            ("/app/websocket", None),
        ] {
            assert_eq!(kind_of(target), kind, "{target}");
        }
    }

    /// What is asked, and what each answer is.
    fn polled(kind: PollingKind, target: &str, answers: &[(u16, &str)]) -> (Vec<String>, PollingSeen) {
        let mut answers = answers.iter();
        let mut asked = Vec::new();
        let mut secrets = Secrets::default();
        let seen = poll(kind, target, &mut secrets, &mut |ask| {
            asked.push(format!("{} {} {}", ask.method, ask.target, ask.body));
            let (status, body) = answers.next().unwrap();
            Told { status: Some(*status), body: (*body).to_owned(), took_ms: 1 }
        });
        (asked, seen)
    }

    #[test]
    fn socket_io_keeps_its_session() {
        let open = "0{\"sid\":\"a/b&c\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000}";
        let target = "/socket.io/?EIO=4&transport=websocket&room=1";
        let (asked, seen) = polled(PollingKind::SocketIo, target, &[(200, open), (200, "ok"), (200, "40{}")]);
        assert_eq!(
            asked,
            [
                "GET /socket.io/?EIO=4&room=1&transport=polling ",
                "POST /socket.io/?EIO=4&room=1&transport=polling&sid=a%2Fb%26c 40",
                "GET /socket.io/?EIO=4&room=1&transport=polling&sid=a%2Fb%26c ",
            ]
        );
        assert!(seen.works);
        let lost = "{\"code\":1,\"message\":\"Session ID unknown\"}";
        let (_, seen) = polled(PollingKind::SocketIo, target, &[(200, open), (400, lost)]);
        assert!(!seen.works && seen.steps[1].text.contains("another back end"), "{seen:?}");
        let (_, seen) = polled(PollingKind::SocketIo, target, &[(200, "<!doctype html><style>a{}</style>")]);
        assert!(!seen.works && seen.steps[0].text.contains("page"), "{seen:?}");
    }

    #[test]
    fn sock_js_is_asked_at_its_base() {
        let answers = [(200, "{\"websocket\":true}"), (200, "o\n"), (204, "")];
        for target in ["/echo/websocket", "/echo/123/abc/websocket", "/echo/", "/echo"] {
            let (asked, seen) = polled(PollingKind::SockJs, target, &answers);
            assert!(seen.works && asked[0] == "GET /echo/info ", "{target}: {asked:?}");
            assert!(asked[1].starts_with("POST /echo/000/") && asked[1].ends_with("/xhr "), "{asked:?}");
        }
    }

    #[test]
    fn signal_r_negotiates() {
        let open = "{\"connectionToken\":\"t0k3n\",\"availableTransports\":[{\"transport\":\"WebSockets\"}]}";
        let (asked, seen) = polled(PollingKind::SignalR, "/hub?id=old&room=1", &[(200, open), (404, "")]);
        assert_eq!(asked, ["POST /hub/negotiate?negotiateVersion=1&room=1 ", "GET /hub?id=t0k3n&room=1 "]);
        assert!(!seen.works);
        assert!(seen.steps[1].request.contains("id=(hidden)"), "{seen:?}");
    }
}
