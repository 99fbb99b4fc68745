//! Lines of `upstream` blocks, and of `split_clients`.

use super::url::{self, For};
use super::{Refused, Takes, after, number, rest, script};
use crate::catalogue::DirectiveName;
use crate::defaults::HTTP11_BY_DEFAULT;
use crate::dispatch::Build;
use crate::dispatch::judge::Words;
use crate::{size, time};

/// Parameters of `server` (`http/ngx_http_upstream.c:ngx_http_upstream_server`).
const SERVER: &[&str] = &["weight=", "max_conns=", "max_fails=", "fail_timeout=", "backup", "down"];

/// Those that newer releases have, or NGINX Plus: they are not refused here.
const ELSEWHERE: [&str; 5] = ["resolve", "drain", "route=", "service=", "slow_start="];

/// The least that a zone may have: eight pages.
pub(super) const LEAST_ZONE: u64 = 8 * 4096;

pub(super) fn server(statement: &Words<'_>) -> Option<Refused> {
    for (at, word) in rest(statement, 2) {
        let digits = |value: &[u8], least: u64| number(value).is_some_and(|number| number >= least);
        let is_taken = if let Some(value) = after(&word, "weight=") {
            digits(value, 1)
        } else if let Some(value) = after(&word, "max_conns=").or_else(|| after(&word, "max_fails=")) {
            digits(value, 0)
        } else if let Some(value) = after(&word, "fail_timeout=") {
            time::parse_seconds(value).is_some()
        } else {
            let is_elsewhere = |name: &&str| match name.strip_suffix('=') {
                Some(_) => word.starts_with(name.as_bytes()),
                None => word.as_ref() == name.as_bytes(),
            };
            matches!(word.as_ref(), b"backup" | b"down") || ELSEWHERE.iter().any(is_elsewhere)
        };
        if !is_taken {
            return Some(Refused::parameter(statement, at, SERVER));
        }
    }
    let address = statement.c_string(1);
    let error = url::error(&address, For::Server)?;
    let message = [error.as_bytes(), b" in upstream \"", &address, b"\""].concat();
    Some(Refused::new(1, Takes::Address, message))
}

pub(super) fn refused(statement: &Words<'_>, build: &Build) -> Option<Refused> {
    let (first, second) = (statement.c_string(1), statement.c_string(2));
    let has_second = statement.words.len() > 2;
    match statement.name {
        DirectiveName::HASH => script::refused(statement, 1).or_else(|| {
            (has_second && second.as_ref() != b"consistent")
                .then(|| Refused::parameter(statement, 2, &["consistent"]))
        }),
        DirectiveName::KEEPALIVE
            if number(&first)
                .is_none_or(|count| count == 0 && !build.versions.any_since(HTTP11_BY_DEFAULT)) =>
        {
            let message = [b"invalid value \"", first.as_ref(), b"\" in \"keepalive\" directive"].concat();
            Some(Refused::new(1, Takes::Number, message))
        }
        DirectiveName::KEEPALIVE => {
            (has_second && second.as_ref() != b"local").then(|| Refused::parameter(statement, 2, &[]))
        }
        DirectiveName::RANDOM => {
            if statement.words.len() > 1 && first.as_ref() != b"two" {
                return Some(Refused::parameter(statement, 1, &["two"]));
            }
            // Newer releases and NGINX Plus have `least_time`.
            let is_known = second.as_ref() == b"least_conn" || second.starts_with(b"least_time");
            (has_second && !is_known).then(|| Refused::parameter(statement, 2, &["least_conn"]))
        }
        DirectiveName::ZONE if first.is_empty() => {
            Some(Refused::new(1, Takes::ZoneName, "invalid zone name \"\""))
        }
        DirectiveName::ZONE if has_second => match size::parse(&second) {
            None => Some(Refused::quoted(2, Takes::Size { gigabytes: false }, "invalid zone size", &second)),
            Some(size) if size < LEAST_ZONE => {
                let message = [b"zone \"", first.as_ref(), b"\" is too small"].concat();
                Some(Refused::new(2, Takes::Size { gigabytes: false }, message))
            }
            Some(_) => None,
        },
        _ => None,
    }
}

/// A share of `split_clients` (`http/modules/ngx_http_split_clients_module.c:ngx_http_split_clients`): up to two digits
/// behind the point, and more than 0.
pub(super) fn percent(entry: &Words<'_>) -> Option<Refused> {
    let word = entry.c_string(0);
    let is_share = |text: &[u8]| {
        let mut parts = text.splitn(2, |byte| *byte == b'.');
        let whole = parts.next().unwrap_or_default();
        let fraction = parts.next().unwrap_or_default();
        let has_digits = !text.is_empty() && whole.iter().chain(fraction).all(u8::is_ascii_digit);
        has_digits && fraction.len() <= 2 && whole.iter().chain(fraction).any(|digit| *digit != b'0')
    };
    let is_known = word.as_ref() == b"*" || word.strip_suffix(b"%").is_some_and(is_share);
    (!is_known).then(|| Refused::quoted(0, Takes::Share, "invalid percent value", &word))
}
