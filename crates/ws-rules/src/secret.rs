//! Whether a line carries a secret: no fix copies one unseen, and none writes it into another file.
//!
//! docs/fixes.md names what counts; doubt counts as a secret, which costs no more than a look at the diff.

use std::collections::BTreeMap;

use nginx_semantics::catalogue::is_builtin_variable;
use nginx_semantics::{Definition, Directive, Part, parts};
use nginx_syntax::lossy;

use crate::Context;

/// Parts of a name that speak of a credential, wherever they stand in it.
const NAMES: [&str; 20] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "credential",
    "cookie",
    "session",
    "sessid",
    "apikey",
    "jwt",
    "bearer",
    "private",
    "signature",
    "hmac",
    "csrf",
    "xsrf",
    "vault",
    "saml",
];

/// Words that do so as a whole word only.
const WORDS: [&str; 22] = [
    "access", "shared", "security", "sign", "signed", "sig", "pin", "otp", "totp", "mfa", "nonce", "salt",
    "psk", "pat", "ticket", "sso", "sid", "cred", "creds", "digest", "license", "licence",
];

/// Words of a name that do so only as a word, or as the end of one (`X-Ldap-BindPass`, `X-Api-Key`).
const ENDS: [&str; 4] = ["key", "pass", "pwd", "pw"];

/// Words that only look like it.
const HARMLESS: [&str; 4] = ["bypass", "author", "authors", "authority"];

/// How names begin that only look like it: the client's half of the handshake (RFC 6455 section 11.3), CORS, and what
/// browsers are told.
const HARMLESS_NAMES: [&str; 4] =
    ["sec-websocket-", "access-control-", "strict-transport-security", "content-security-policy"];

/// How a credential begins (RFC 9110 section 11.1 and the registry that it names).
const SCHEMES: [&str; 8] =
    ["basic ", "token ", "digest ", "negotiate ", "ntlm ", "apikey ", "hmac ", "aws4-hmac-sha256 "];

/// And a token of a well-known issuer.
const PREFIXES: [&str; 25] = [
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "sk-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "hvs.",
    "SG.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "shpat_",
];

/// A shorter word is as likely a name, a version or a colour.
const SHORTEST_RANDOM: usize = 16;

/// What begins like an issuer's token is one from so many characters on.
const SHORTEST_ISSUED: usize = 12;

/// A word of this length that mixes capitals, small letters and digits is no path, whatever slashes it has.
const LONG: usize = 32;

/// Bits for each character: words of a language have fewer, base64 and hexadecimal digits of a random number more.
const LEAST_ENTROPY: f64 = 3.0;

/// And such a long word.
const LEAST_ENTROPY_OF_LONG: f64 = 4.0;

/// Changes from a small letter to a capital in base64 without a digit; names have fewer.
const LEAST_CHANGES: usize = 4;

/// Whether a line sets a field, parameter or variable to what looks like a secret, or has one among its words.
pub(crate) fn is_secret(line: &Directive<'_>) -> bool {
    let words: Vec<_> = line.arguments().collect();
    match (line.name().as_str(), words.as_slice()) {
        (name, [field, value, ..]) if SETTERS.iter().any(|end| name.ends_with(end)) => {
            looks_secret(field, value)
        }
        _ => words.iter().any(|word| looks_secret(b"", word)),
    }
}

/// Ends of the directives whose first word is a name, and the second its value.
const SETTERS: [&str; 5] = ["_set_header", "add_header", "add_trailer", "_param", "set"];

/// As many values of a variable are looked at; of more than that one may be a secret.
const MOST_VALUES: usize = 256;

/// Whether a variable of a line has a value in the configuration that looks like a secret.
pub(crate) fn has_secret_variable(cx: &Context<'_, '_>, line: &Directive<'_>) -> bool {
    let configuration = cx.configuration();
    let is_it = |word: Option<std::borrow::Cow<'_, [u8]>>| word.is_some_and(|word| has_secret_text(&word));
    let is_any = |mut entries: Box<dyn Iterator<Item = Directive<'_>> + '_>| {
        entries.by_ref().take(MOST_VALUES).any(|entry| is_it(entry.argument(0))) || entries.next().is_some()
    };
    let has_secret = |definition: &Definition<'_>| match definition {
        Definition::Set(set, _) => is_it(set.argument(1)),
        Definition::Map(map) => is_any(Box::new(configuration.directives(*map))),
        Definition::Opaque(opener) => {
            let nodes = opener.file().into_iter().flat_map(|file| file.tree.children(opener.reference.node));
            is_any(Box::new(nodes.map(|node| {
                let mut entry = *opener;
                entry.reference.node = node;
                entry
            })))
        }
        Definition::Capture(_) => false,
    };
    line.arguments().any(|word| {
        parts(&word).into_iter().any(|part| match part {
            Part::Variable(name) => cx.model.variables.definitions(name).iter().any(has_secret),
            Part::Literal(_) | Part::Capture(_) | Part::Invalid => false,
        })
    })
}

/// Whether a field of this name, or this value, looks like a secret.
pub(crate) fn looks_secret(name: &[u8], value: &[u8]) -> bool {
    if is_of_nginx(value) {
        return false;
    }
    let mut variables = parts(value).into_iter().filter_map(|part| match part {
        Part::Variable(name) if !is_builtin_variable(name) => Some(name),
        _ => None,
    });
    is_secret_name(&lossy(name))
        || variables.any(|name| is_secret_name(&lossy(name)))
        || has_secret_text(value)
}

/// Whether it has nothing but variables of nginx: what the client sent, or what is known of the request. No word of the
/// configuration's is a secret then.
fn is_of_nginx(value: &[u8]) -> bool {
    parts(value).into_iter().all(|part| match part {
        Part::Variable(name) => is_builtin_variable(name),
        Part::Literal(text) => text.trim_ascii().is_empty(),
        Part::Capture(_) | Part::Invalid => false,
    })
}

fn is_secret_name(name: &str) -> bool {
    let name = name.trim_start_matches('$').to_ascii_lowercase().replace('_', "-");
    let is_credential = |word: &str| {
        !HARMLESS.contains(&word)
            && (word.contains("auth") || WORDS.contains(&word) || ENDS.iter().any(|end| word.ends_with(end)))
    };
    let is_word = |character: char| character.is_ascii_alphanumeric();
    !HARMLESS_NAMES.iter().any(|start| name.starts_with(start))
        && (NAMES.iter().any(|part| name.contains(part))
            || name.split(|one| !is_word(one)).any(is_credential))
}

fn has_secret_text(value: &[u8]) -> bool {
    let whole = parts(value);
    let is_fixed = !whole.iter().any(|part| matches!(part, Part::Variable(_) | Part::Capture(_)));
    let texts = whole.into_iter().filter_map(|part| match part {
        Part::Literal(text) => Some(lossy(text).into_owned()),
        Part::Variable(_) | Part::Capture(_) | Part::Invalid => None,
    });
    let mut texts: Vec<String> = texts.collect();
    // Variables may stand in the middle of it.
    if texts.len() != 1 {
        texts.push(texts.concat());
    }
    texts.iter().any(|text| {
        let lower = text.trim_start().to_ascii_lowercase();
        let has_scheme = SCHEMES.iter().any(|scheme| {
            lower.strip_prefix(scheme).is_some_and(|rest| !rest.trim().is_empty() || !is_fixed)
        });
        // With a blank behind it or not.
        let has_bearer = lower.contains("bearer") && (!is_fixed || lower.trim() != "bearer");
        let is_of_word = |character: char| character.is_ascii_alphanumeric() || "+/=_-.".contains(character);
        let mut words = text.split(|character| !is_of_word(character));
        let is_pem = text.contains("-----BEGIN");
        has_scheme
            || has_bearer
            || is_pem
            || names_secret(text, is_fixed)
            || has_password(text)
            || words.any(is_token)
    })
}

/// Whether it has a parameter whose name speaks of a credential, such as `?token=abc`.
fn names_secret(text: &str, is_fixed: bool) -> bool {
    let mut pairs = text.split(['?', '&', ';', ',', ' ']).filter_map(|pair| pair.split_once('='));
    pairs.any(|(name, value)| is_secret_name(name) && (!value.is_empty() || !is_fixed))
}

/// Whether a URL names a user, who may be a token, or a password (RFC 3986 section 3.2.1).
fn has_password(text: &str) -> bool {
    let mut authorities = text.split("://").skip(1).filter_map(|rest| rest.split(['/', '?', ' ']).next());
    authorities.any(|authority| authority.contains('@'))
}

fn is_token(word: &str) -> bool {
    if word.len() >= SHORTEST_ISSUED && PREFIXES.iter().any(|prefix| word.starts_with(prefix)) {
        return true;
    }
    let has = |is: fn(&char) -> bool| word.chars().any(|character| is(&character));
    let is_all = has(char::is_ascii_digit) && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
    let is_path = word.starts_with('/') || word.contains('.');
    if word.len() >= LONG && is_all && !is_path && entropy(word) >= LEAST_ENTROPY_OF_LONG {
        return true;
    }
    // base64 ends in `=`, parameters have it in the middle.
    let start = word.trim_end_matches('=').rfind('=').map_or(0, |at| at + 1);
    let (names, last) = word.split_at(start);
    let is_base64 = last.contains('+') || last.ends_with('=');
    // Host names, paths and versions have dots or slashes between words.
    is_base64 && !is_path && is_random(last)
        || [names, last].iter().flat_map(|part| part.split(['.', '/', '='])).any(is_random)
}

fn is_random(word: &str) -> bool {
    let has = |is: fn(&char) -> bool| word.chars().any(|character| is(&character));
    let changes = word.as_bytes().windows(2).filter(|pair| match pair {
        [one, next] => one.is_ascii_lowercase() && next.is_ascii_uppercase(),
        _ => false,
    });
    let is_mixed = has(char::is_ascii_alphabetic)
        && (has(char::is_ascii_digit) || has(|one| "+=".contains(*one)) || changes.count() >= LEAST_CHANGES);
    word.len() >= SHORTEST_RANDOM && is_mixed && entropy(word) >= LEAST_ENTROPY
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
            ("X-A", "https://0a1b2c@b.example/"),
            ("X-Auth", "abc"),
            ("X-Api-Auth", "abc"),
            ("Proxy-Auth", "abc"),
            ("X-Internal-Auth", "1"),
            ("X-OAuth2", "abc"),
            ("X-Signature", "abc"),
            ("X-Hub-Signature-256", "abc"),
            ("X-Sig", "abc"),
            ("X-Hmac", "abc"),
            ("X-Access", "abc"),
            ("X-Session", "abc"),
            ("X-Session-Id", "abc"),
            ("X-PHPSESSID", "abc"),
            ("X-CSRF", "abc"),
            ("X-XSRF", "abc"),
            ("X-Vault-Namespace", "abc"),
            ("X-Amz-Security-Context", "abc"),
            ("X-Private", "abc"),
            ("X-Shared", "abc"),
            ("X-Pin", "1234"),
            ("X-Otp", "123456"),
            ("X-User-Creds", "abc"),
            ("Cookie2", "abc"),
            ("X-Session", "$own_session"),
            ("X-A", "$own_api_token"),
            ("X-A", "Bearer $token"),
            ("X-A", "Bearer$x"),
            ("X-A", "bearer:abc"),
            ("X-A", "BearerAbc"),
            ("X-A", "Token $x"),
            ("X-A", "token=abc"),
            ("X-A", "/verify?api_key=abc"),
            ("X-A", "/verify?a=1&token=${own}"),
            ("X-A", "SID=31d4d96e407aad42"),
            ("X-A", "31d4d96e407aad42"),
            ("X-A", "9f86d081${host}884c7d65"),
            ("X-A", "mQ+a/bZ/cX/dYabcdefgh="),
            ("X-A", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("X-A", "aGVsbG9Xb3JsZEhlbGxv"),
            ("X-A", "a.b0c1d2e3f4a5b6c7.d"),
            ("X-A", "-----BEGIN PRIVATE KEY-----"),
            ("X-A", "AIzaSyA-0123"),
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
            ("Access-Control-Allow-Origin", "*"),
            ("X-Author", "abc"),
            ("X-Forwarded-Proto", "$own_scheme"),
            // What the client sent, or nginx knows, is no secret of the configuration's.
            ("X-Session-Id", "$request_id"),
            ("X-Auth-User", "$remote_user $remote_addr"),
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
