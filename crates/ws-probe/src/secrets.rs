//! What is never shown: credentials that were given, and those that a server sends.

/// What stands in the place of what is hidden.
const HIDDEN: &str = "(hidden)";

/// Shorter ones are not looked for: they would be found in ordinary words. No one can log in with them either.
const SHORTEST: usize = 4;

/// Fields whose values are credentials.
const FIELDS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "set-cookie2"];

/// Parts of a name that speak of a credential.
const NAMES: [&str; 12] = [
    "token",
    "secret",
    "passw",
    "passwd",
    "credential",
    "session",
    "apikey",
    "api-key",
    "api_key",
    "jwt",
    "csrf",
    "signature",
];

/// The same, for whole words only.
const WORDS: [&str; 14] = [
    "key",
    "auth",
    "authorization",
    "sid",
    "sig",
    "code",
    "ticket",
    "pass",
    "pwd",
    "pw",
    "otp",
    "access",
    "state",
    "nonce",
];

/// The fields of a handshake (RFC 6455 section 11.3): none is a credential, but for the protocol, which may carry one.
const HANDSHAKE: &str = "sec-websocket-";

/// What is never shown.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Hides a text wherever it stands.
    pub(crate) fn add(&mut self, text: &str) {
        let text = text.trim();
        if text.len() >= SHORTEST && !self.0.iter().any(|known| known == text) {
            self.0.push(text.to_owned());
            // Whatever holds another one is hidden as a whole.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// Adds the values of a query, and of parameters of the path (`;jsessionid=`), that look like credentials.
    pub(crate) fn add_query(&mut self, target: &str) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // A path goes on behind its parameter.
        let of_path = path.split('/').flat_map(|segment| segment.split(';').skip(1));
        let pairs = of_path.chain(query.split(['&', ';'])).filter_map(|pair| pair.split_once('='));
        for (_, value) in pairs.filter(|(name, _)| is_secret(name)) {
            self.add(value);
        }
    }

    /// Adds the subprotocols that are tokens: browsers can send one nowhere else.
    pub(crate) fn add_protocols(&mut self, offered: &str) {
        let mut before = "";
        for one in offered.split(',').map(str::trim) {
            if is_token(before, one) {
                self.add(one);
            }
            before = one;
        }
    }

    /// A text without what is known to be secret, and without the values of a query that look so.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), HIDDEN);
            }
        }
        text
    }

    /// The value of a field, as it may be shown.
    pub(crate) fn field(&self, name: &str, value: &str) -> String {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "cookie" => {
                let names = value.split(';').map(|one| hidden_pair(one.trim()));
                names.collect::<Vec<_>>().join("; ")
            }
            "set-cookie" | "set-cookie2" => {
                let (cookie, attributes) = match value.split_once(';') {
                    Some((cookie, attributes)) => (cookie, format!(";{attributes}")),
                    None => (value, String::new()),
                };
                format!("{}{}", hidden_pair(cookie.trim()), self.hide(&attributes))
            }
            "location" | "referer" | "content-location" | "refresh" | "link" => {
                self.hide(&without_query(&crate::without_user(value).0))
            }
            name if FIELDS.contains(&name) || is_secret(name) && !name.starts_with(HANDSHAKE) => {
                HIDDEN.to_owned()
            }
            "sec-websocket-protocol" => {
                let mut all = self.clone();
                all.add_protocols(value);
                all.hide(value)
            }
            _ => self.hide(value),
        }
    }
}

/// Whether a subprotocol is a credential: it stands behind a name for one (`access_token, …`), or is too long and too odd for
/// a name. The registered ones have up to 44 letters, and no digits but a version
/// (<https://www.iana.org/assignments/websocket/websocket.xhtml>).
fn is_token(before: &str, one: &str) -> bool {
    let digits = one.bytes().filter(u8::is_ascii_digit).count();
    is_secret(before) || before.eq_ignore_ascii_case("bearer") || one.len() >= 20 && digits >= 4
}

/// `name=(hidden)`
fn hidden_pair(text: &str) -> String {
    let name = text.split_once('=').map_or("", |(name, _)| name);
    format!("{name}={HIDDEN}")
}

/// A URL whose query is hidden: what redirects carry there is often good for a login.
fn without_query(url: &str) -> String {
    match url.split_once('?') {
        Some((before, _)) => format!("{before}?{HIDDEN}"),
        None => url.to_owned(),
    }
}

/// Whether a name is that of a credential.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    NAMES.iter().any(|part| name.contains(part)) || words.any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden_wherever_they_stand() {
        let mut secrets = Secrets::default();
        secrets.add("hunter22");
        secrets.add("abc");
        secrets.add_query("/ws?token=t0k3n&room=lobby&access_token=zzzz");
        assert_eq!(
            secrets.hide("/ws?token=t0k3n&room=lobby&access_token=zzzz hunter22 abc"),
            "/ws?token=(hidden)&room=lobby&access_token=(hidden) (hidden) abc"
        );
    }

    #[test]
    fn parameters_of_a_path_are_credentials_too() {
        let mut secrets = Secrets::default();
        secrets.add_query("/ws;jsessionid=A1B2C3/room;v=2");
        assert_eq!(
            secrets.hide("GET /ws;jsessionid=A1B2C3/room;v=2"),
            "GET /ws;jsessionid=(hidden)/room;v=2"
        );
    }

    #[test]
    fn fields_keep_what_is_no_secret() {
        let secrets = Secrets::default();
        for (name, value, shown) in [
            ("Cookie", "a=1; sid=2", "a=(hidden); sid=(hidden)"),
            ("Set-Cookie", "route=abc; Path=/; HttpOnly", "route=(hidden); Path=/; HttpOnly"),
            ("Set-Cookie", "abc", "=(hidden)"),
            ("Authorization", "Basic abcd", "(hidden)"),
            ("X-Api-Key", "abcd", "(hidden)"),
            ("X-Auth-Token", "abcd", "(hidden)"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Location", "https://u:p@b/login?code=1", "https://b/login?(hidden)"),
            ("Server", "nginx", "nginx"),
            ("Sec-WebSocket-Protocol", "graphql-transport-ws", "graphql-transport-ws"),
            ("Sec-WebSocket-Protocol", "access_token, s3cr", "access_token, (hidden)"),
            ("Sec-WebSocket-Protocol", "bearer, hunter22", "bearer, (hidden)"),
            (
                "Sec-WebSocket-Protocol",
                "v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.ZXlKaGJHY2lPaUpTVXpJMU5",
                "v4.channel.k8s.io, (hidden)",
            ),
        ] {
            assert_eq!(secrets.field(name, value), shown, "{name}: {value}");
        }
    }
}
