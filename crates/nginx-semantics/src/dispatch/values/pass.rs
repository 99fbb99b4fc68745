//! `proxy_pass` and its kin, and what they do with answers.

use super::url::{self, For};
use super::{Refused, Takes, regexes, script};
use crate::catalogue::DirectiveName;
use crate::dispatch::judge::Words;

/// What is refused of the target. The scheme of a `proxy_pass` is another question.
pub(super) fn refused(statement: &Words<'_>) -> Option<Refused> {
    let target = statement.c_string(1);
    if target.contains(&b'$') {
        return script::refused(statement, 1);
    }
    let (schemes, what): (&[&str], _) = match statement.name {
        DirectiveName::PROXY_PASS => (&["https://", "http://"], For::Pass),
        DirectiveName::GRPC_PASS => (&["grpcs://", "grpc://"], For::Server),
        DirectiveName::UWSGI_PASS => (&["suwsgi://", "uwsgi://"], For::Server),
        _ => (&[], For::Server),
    };
    let scheme = schemes.iter().find(|scheme| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    });
    let scheme = match scheme {
        Some(scheme) => scheme.len(),
        None if statement.name == DirectiveName::PROXY_PASS => return None,
        None => 0,
    };
    let rest = target.get(scheme..).unwrap_or_default();
    let error = url::error(rest, what)?;
    let message = [error.as_bytes(), b" in upstream \"", rest, b"\""].concat();
    Some(Refused::new(1, Takes::Url, message))
}

/// `proxy_redirect`, `proxy_cookie_path` and `proxy_cookie_domain`
/// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_redirect` and its kin).
pub(super) fn rewritten(statement: &Words<'_>) -> Option<Refused> {
    let first = statement.c_string(1);
    let is_redirect = statement.name == DirectiveName::PROXY_REDIRECT;
    if statement.words.len() == 2 {
        let is_known = first.as_ref() == b"off" || is_redirect && first.as_ref() == b"default";
        let known: &[&str] = if is_redirect { &["off", "default"] } else { &["off"] };
        return (!is_known).then(|| Refused::quoted(1, Takes::Words(known), "invalid parameter", &first));
    }
    let of_first = match first.as_ref() {
        [b'~', b'*', pattern @ ..] if statement.name != DirectiveName::PROXY_COOKIE_DOMAIN => {
            regexes::refused(pattern, 1)
        }
        [b'~', pattern @ ..] => regexes::refused(pattern, 1),
        _ => script::refused(statement, 1),
    };
    of_first.or_else(|| script::refused(statement, 2))
}

/// `proxy_bind` and its kin (`http/ngx_http_upstream.c:ngx_http_upstream_bind_set_slot`).
pub(super) fn bind(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(1);
    if statement.words.len() == 2 && word.as_ref() == b"off" {
        return None;
    }
    if word.contains(&b'$') {
        if let Some(refused) = script::refused(statement, 1) {
            return Some(refused);
        }
    } else if !is_address(&word) {
        return Some(Refused::quoted(1, Takes::Address, "invalid address", &word));
    }
    let is_wrong = statement.words.len() > 2 && statement.c_string(2).as_ref() != b"transparent";
    is_wrong.then(|| Refused::parameter(statement, 2, &["transparent"]))
}

/// An address that may have a port (`core/ngx_inet.c:ngx_parse_addr_port`).
fn is_address(text: &[u8]) -> bool {
    if url::inet_address(text).is_some() || url::inet6_address(text).is_some() {
        return true;
    }
    let is_port = |port: &[u8]| super::number(port).is_some_and(|port| (1..=65_535).contains(&port));
    if let [b'[', rest @ ..] = text {
        let Some(close) = rest.iter().position(|byte| *byte == b']') else { return false };
        let (host, tail) = (rest.get(..close).unwrap_or_default(), rest.get(close + 1..).unwrap_or_default());
        let is_tail = match tail {
            [] => true,
            [b':', port @ ..] => is_port(port),
            _ => false,
        };
        return is_tail && (url::inet6_address(host).is_some() || url::inet_address(host).is_some());
    }
    let Some(colon) = text.iter().position(|byte| *byte == b':') else { return false };
    let host = text.get(..colon).unwrap_or_default();
    text.get(colon + 1..).is_some_and(is_port) && url::inet_address(host).is_some()
}
