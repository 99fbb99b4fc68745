//! Whether a line carries a secret: no fix copies one unseen, and none writes it into another file.
//!
//! docs/fixes.md names what counts; doubt counts as a secret, which costs no more than a look at the diff.

use std::collections::BTreeMap;

use nginx_semantics::{Directive, Part, parts};

/// Parts of a name that speak of a credential, wherever they stand in it.
const NAMES: [&str; 11] = [
    "authorization",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "cookie",
    "apikey",
    "api-key",
    "jwt",
];

/// Words of a name that do so only as a word, or as the end of one (`X-Ldap-BindPass`, `X-Api-Key`).
const ENDS: [&str; 4] = ["key", "pass", "pwd", "pw"];

/// Names that only look like it: the client's half of the handshake (RFC 6455 section 11.3.1), and what a cache is
/// told.
const HARMLESS: [&str; 2] = ["sec-websocket-key", "bypass"];

/// How a credential begins (RFC 9110 section 11.1, RFC 6750), or a token of a well-known issuer.
const SCHEMES: [&str; 3] = ["basic ", "bearer ", "token "];
const PREFIXES: [&str; 9] = ["eyJ", "ghp_", "gho_", "glpat-", "sk_live_", "sk-", "xoxb-", "AKIA", "hvs."];

/// A shorter word is as likely a name, a version or a colour.
const SHORTEST_RANDOM: usize = 20;

/// Bits for each character: words of a language have fewer, base64 and hexadecimal digits of a random number more.
const LEAST_ENTROPY: f64 = 3.0;

/// Whether a line sets a field, parameter or variable to what looks like a secret, or has one among its words.
pub(crate) fn is_secret(line: &Directive<'_>) -> bool {
    let words: Vec<_> = line.arguments().collect();
    match (line.name().as_str(), words.as_slice()) {
        (name, [field, value]) if SETTERS.iter().any(|end| name.ends_with(end)) => looks_secret(field, value),
        _ => words.iter().any(|word| looks_secret(b"", word)),
    }
}

/// Whether a line of a block looks like a secret, which nobody copies unseen.
pub(crate) fn has_secret(opener: &Directive<'_>) -> bool {
    let Some(file) = opener.file() else { return false };
    file.tree.children(opener.reference.node).any(|node| {
        let mut line = *opener;
        line.reference.node = node;
        is_secret(&line)
    })
}

/// Ends of the directives whose first word is a name, and the second its value.
const SETTERS: [&str; 5] = ["_set_header", "add_header", "add_trailer", "_param", "set"];

/// Whether a field of this name, or this value, looks like a secret.
pub(crate) fn looks_secret(name: &[u8], value: &[u8]) -> bool {
    if value.is_empty() || is_the_clients(value) {
        return false;
    }
    is_secret_name(&String::from_utf8_lossy(name)) || has_secret_text(value)
}

/// Whether it is one variable with what the client itself sent.
fn is_the_clients(value: &[u8]) -> bool {
    let [Part::Variable(name)] = parts(value)[..] else { return false };
    let name = name.to_ascii_lowercase();
    [&b"http_"[..], b"cookie_", b"arg_"].iter().any(|prefix| name.starts_with(prefix))
}

fn is_secret_name(name: &str) -> bool {
    let name = name.trim_start_matches('$').to_ascii_lowercase().replace('_', "-");
    let is_credential = |word: &str| !HARMLESS.contains(&word) && ENDS.iter().any(|end| word.ends_with(end));
    !HARMLESS.contains(&name.as_str())
        && (NAMES.iter().any(|part| name.contains(part)) || name.split('-').any(is_credential))
}

fn has_secret_text(value: &[u8]) -> bool {
    let whole = parts(value);
    let is_fixed = !whole.iter().any(|part| matches!(part, Part::Variable(_) | Part::Capture(_)));
    whole.into_iter().any(|part| {
        let Part::Literal(text) = part else { return false };
        let text = String::from_utf8_lossy(text);
        let lower = text.trim_start().to_ascii_lowercase();
        let has_scheme = SCHEMES.iter().any(|scheme| {
            lower
                .strip_prefix(scheme)
                .is_some_and(|rest| !rest.trim().is_empty() || !is_fixed && rest.len() > 1)
        });
        let is_of_word = |character: char| character.is_ascii_alphanumeric() || "+/=_-.".contains(character);
        let mut words = text.split(|character| !is_of_word(character));
        has_scheme || has_password(&text) || words.any(is_token)
    })
}

/// Whether a URL names a user and a password (RFC 3986 section 3.2.1).
fn has_password(text: &str) -> bool {
    let authorities = text.split("://").skip(1).filter_map(|rest| rest.split(['/', '?', ' ']).next());
    authorities.filter_map(|authority| authority.rsplit_once('@')).any(|(user, _)| user.contains(':'))
}

fn is_token(word: &str) -> bool {
    let long = word.len() >= SHORTEST_RANDOM;
    if long && PREFIXES.iter().any(|prefix| word.starts_with(prefix)) {
        return true;
    }
    // Host names, paths and versions have dots or slashes between words.
    let has = |is: fn(&char) -> bool| word.chars().any(|character| is(&character));
    let is_mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let is_path = word.starts_with('/') || word.contains('.') || word.matches('/').count() > 2;
    long && is_mixed && !is_path && entropy(word) >= LEAST_ENTROPY
}

/// Shannon's entropy of the characters, in bits for each.
fn entropy(word: &str) -> f64 {
    let mut counts: BTreeMap<char, u32> = BTreeMap::new();
    word.chars().for_each(|character| *counts.entry(character).or_default() += 1);
    let all = f64::from(counts.values().sum::<u32>());
    let of = |count: u32| {
        let share = f64::from(count) / all;
        -share * share.log2()
    };
    counts.into_values().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::looks_secret;

    #[test]
    fn names_and_values_that_look_like_secrets() {
        for (name, value) in [
            ("Authorization", "x"),
            ("Proxy-Authorization", "$proxy_auth"),
            ("X-Ldap-BindPass", "hunter2"),
            ("X-Ldap-Bind-Pass", "hunter2"),
            ("X_LDAP_BINDPASS", "hunter2"),
            ("X-Api-Key", "abc"),
            ("X-ApiKey", "abc"),
            ("apikey", "$key"),
            ("Ocp-Apim-Subscription-Key", "abc"),
            ("X-Key", "abc"),
            ("X-Auth-Token", "$token"),
            ("X-CSRFToken", "abc"),
            ("X-Shared-Secret", "abc"),
            ("X-ClientSecret", "abc"),
            ("X-Password", "abc"),
            ("X-Db-Pwd", "abc"),
            ("Cookie", "session=1"),
            ("X-User-Credentials", "abc"),
            ("X-A", "Basic dXNlcjpwYXNz"),
            ("X-A", "basic abc"),
            ("X-A", "Bearer abc"),
            ("X-A", "eyJhbGciOiJIUzI1NiJ9.e30.abc"),
            ("X-A", "9f86d081884c7d659a2feaa0c55ad015"),
            ("X-A", "550e8400-e29b-41d4-a716-446655440000"),
            ("X-A", "id=Zm9vYmFyYmF6cXV4MTIzNDU2"),
            ("X-A", "http://user:pass@b.example/"),
        ] {
            assert!(looks_secret(name.as_bytes(), value.as_bytes()), "{name}: {value}");
        }
    }

    #[test]
    fn what_is_none() {
        for (name, value) in [
            ("Host", "$host"),
            ("Host", "app-1.internal.long-name.example.com:8443"),
            ("X-Forwarded-For", "$proxy_add_x_forwarded_for"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Client-Cert", "$ssl_client_escaped_cert"),
            ("X-Keyboard", "qwertz"),
            ("X-Bypass", "1"),
            ("X-Passenger", "1"),
            ("Sec-WebSocket-Key", "$http_sec_websocket_key"),
            ("Sec-WebSocket-Key", "dGhl"),
            ("Accept-Encoding", ""),
            ("Authorization", ""),
            // What the client sent is no secret of the configuration's.
            ("Authorization", "$http_authorization"),
            ("Cookie", "$http_cookie"),
            ("X-Api-Key", "${arg_key}"),
            ("X-A", "max-age=31536000; includeSubDomains"),
            ("X-A", "/srv/app/releases/20240102/public"),
            ("X-A", "http://b.example:8080/a@b"),
            ("X-A", "$remote_addr"),
            ("X-A", "basic"),
            ("Upgrade", "$http_upgrade"),
            ("Connection", "$connection_upgrade"),
        ] {
            assert!(!looks_secret(name.as_bytes(), value.as_bytes()), "{name}: {value}");
        }
    }
}
