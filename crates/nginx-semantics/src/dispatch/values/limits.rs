//! `limit_req`, `limit_conn` and their zones (`http/modules/ngx_http_limit_req_module.c`, `ngx_http_limit_conn_module.c`).

use super::upstream::LEAST_ZONE;
use super::{Refused, Takes, after, number, rest, script};
use crate::catalogue::DirectiveName;
use crate::dispatch::judge::Words;
use crate::size;

pub(super) fn limit_req(statement: &Words<'_>) -> Option<Refused> {
    let mut has_zone = false;
    for (at, word) in rest(statement, 1) {
        let positive = |value: &[u8]| number(value).is_some_and(|number| number > 0);
        if after(&word, "zone=").is_some() {
            has_zone = true;
        } else if let Some(value) = after(&word, "burst=") {
            if !positive(value) {
                return Some(Refused::quoted(at, Takes::Number, "invalid burst value", &word));
            }
        } else if let Some(value) = after(&word, "delay=") {
            if !positive(value) {
                return Some(Refused::quoted(at, Takes::Number, "invalid delay value", &word));
            }
        } else if word.as_ref() != b"nodelay" {
            return Some(Refused::parameter(statement, at, &["zone=", "burst=", "delay=", "nodelay"]));
        }
    }
    (!has_zone).then(|| no_zone(statement))
}

fn no_zone(statement: &Words<'_>) -> Refused {
    let message = [b"\"", statement.c_string(0).as_ref(), b"\" must have \"zone\" parameter"].concat();
    Refused::new(0, Takes::Zone, message)
}

pub(super) fn limit_conn(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(2);
    match number(&word) {
        None | Some(0) => {
            Some(Refused::quoted(2, Takes::Between(1, 65_535), "invalid number of connections", &word))
        }
        Some(number) if number > 65_535 => {
            Some(Refused::new(2, Takes::Between(1, 65_535), "connection limit must be less 65536"))
        }
        Some(_) => None,
    }
}

/// `limit_req_zone`, `limit_conn_zone`.
pub(super) fn zone(statement: &Words<'_>) -> Option<Refused> {
    let key = script::refused(statement, 1);
    if key.is_some() {
        return key;
    }
    let is_of_requests = statement.name == DirectiveName::LIMIT_REQ_ZONE;
    let mut has_zone = false;
    for (at, word) in rest(statement, 2) {
        if let Some(value) = after(&word, "zone=") {
            let takes = Takes::Size { gigabytes: false };
            let colon = value.iter().position(|byte| *byte == b':');
            let size = colon.and_then(|colon| size::parse(value.get(colon + 1..)?));
            match size {
                None => return Some(Refused::quoted(at, takes, "invalid zone size", &word)),
                Some(size) if size < LEAST_ZONE => {
                    let message = [b"zone \"", word.as_ref(), b"\" is too small"].concat();
                    return Some(Refused::new(at, takes, message));
                }
                Some(_) => has_zone = colon != Some(0),
            }
        } else if let Some(value) = after(&word, "rate=").filter(|_| is_of_requests) {
            let rate = value.strip_suffix(b"r/s").or_else(|| value.strip_suffix(b"r/m")).unwrap_or(value);
            if number(rate).is_none_or(|rate| rate == 0) {
                return Some(Refused::quoted(at, Takes::Words(&["10r/s", "30r/m"]), "invalid rate", &word));
            }
        } else if is_of_requests {
            return Some(Refused::parameter(statement, at, &["zone=", "rate="]));
        } else {
            return Some(Refused::parameter(statement, at, &["zone="]));
        }
    }
    (!has_zone).then(|| no_zone(statement))
}
