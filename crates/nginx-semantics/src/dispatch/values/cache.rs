//! Caches (`http/ngx_http_file_cache.c`), and that of TLS sessions.

use super::upstream::LEAST_ZONE;
use super::{Refused, Takes, after, number, rest};
use crate::dispatch::judge::Words;
use crate::{size, time};

const PARAMETERS: &[&str] = &[
    "levels=",
    "use_temp_path=",
    "keys_zone=",
    "inactive=",
    "max_size=",
    "min_free=",
    "loader_files=",
    "loader_sleep=",
    "loader_threshold=",
    "manager_files=",
    "manager_sleep=",
    "manager_threshold=",
];

/// The least that a zone of keys may have: two pages.
const LEAST_KEYS: u64 = 2 * 4096;

/// `ngx_http_file_cache_set_slot`.
pub(super) fn path(statement: &Words<'_>) -> Option<Refused> {
    let mut has_keys = false;
    for (at, word) in rest(statement, 2) {
        let refused = |before: &str, takes| Some(Refused::quoted(at, takes, before, &word));
        let size = Takes::Size { gigabytes: true };
        let milliseconds = Takes::Time { seconds: false };
        let value = |name: &str| after(&word, name);
        if let Some(value) = value("levels=") {
            if !is_levels(value) {
                return refused("invalid \"levels\"", Takes::Words(&["1:2"]));
            }
        } else if let Some(value) = value("use_temp_path=") {
            if !matches!(value, b"on" | b"off") {
                let message =
                    [b"invalid use_temp_path value \"", word.as_ref(), b"\", it must be \"on\" or \"off\""];
                return Some(Refused::new(at, Takes::Words(&["on", "off"]), message.concat()));
            }
        } else if let Some(value) = value("keys_zone=") {
            let colon = value.iter().position(|byte| *byte == b':');
            match colon.and_then(|colon| size::parse(value.get(colon + 1..)?)) {
                None => return refused("invalid keys zone size", Takes::Size { gigabytes: false }),
                Some(size) if size < LEAST_KEYS => {
                    let message = [b"keys zone \"", word.as_ref(), b"\" is too small"].concat();
                    return Some(Refused::new(at, Takes::Size { gigabytes: false }, message));
                }
                Some(_) => has_keys = colon != Some(0),
            }
        } else if let Some(value) = value("inactive=") {
            if time::parse_seconds(value).is_none() {
                return refused("invalid inactive value", Takes::Time { seconds: true });
            }
        } else if let Some(value) = value("max_size=") {
            if size::parse_offset(value).is_none() {
                return refused("invalid max_size value", size);
            }
        } else if let Some(value) = value("min_free=") {
            if size::parse_offset(value).is_none() {
                return refused("invalid min_free value", size);
            }
        } else if let Some(name) = ["loader_files", "manager_files"]
            .iter()
            .find(|name| word.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'=')))
        {
            if number(word.get(name.len() + 1..).unwrap_or_default()).is_none() {
                return refused(&format!("invalid {name} value"), Takes::Number);
            }
        } else if let Some(name) = ["loader_sleep", "loader_threshold", "manager_sleep", "manager_threshold"]
            .iter()
            .find(|name| word.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'=')))
        {
            if time::parse_ms(word.get(name.len() + 1..).unwrap_or_default()).is_none() {
                return refused(&format!("invalid {name} value"), milliseconds);
            }
        } else if !word.starts_with(b"purger") {
            // NGINX Plus has `purger` and its kin.
            return Some(Refused::parameter(statement, at, PARAMETERS));
        }
    }
    let name = statement.c_string(0);
    let message = || [b"\"".as_slice(), &name, b"\" must have \"keys_zone\" parameter"].concat();
    (!has_keys).then(|| Refused::new(0, Takes::KeysZone, message()))
}

/// One to three digits that are 1 or 2, with colons between.
fn is_levels(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b':');
    value.is_empty() || value.len() <= 5 && parts.all(|part| matches!(part, b"1" | b"2"))
}

/// `ngx_http_file_cache_valid_set_slot`.
pub(super) fn valid(statement: &Words<'_>) -> Option<Refused> {
    let last = statement.words.len().checked_sub(1)?;
    let word = statement.c_string(last);
    if time::parse_seconds(&word).is_none() {
        return Some(Refused::quoted(last, Takes::Time { seconds: true }, "invalid time value", &word));
    }
    (1..last).find_map(|at| {
        let word = statement.c_string(at);
        let is_status = number(&word).is_some_and(|status| (100..=599).contains(&status));
        (word.as_ref() != b"any" && !is_status)
            .then(|| Refused::quoted(at, Takes::Status, "invalid status", &word))
    })
}

/// `ssl_session_cache` (`http/modules/ngx_http_ssl_module.c:ngx_http_ssl_session_cache`).
pub(super) fn tls_sessions(statement: &Words<'_>) -> Option<Refused> {
    rest(statement, 1).find_map(|(at, word)| {
        let takes = Takes::Words(&["off", "none", "builtin", "builtin:1000", "shared:NAME:10m"]);
        let invalid = || Some(Refused::quoted(at, takes, "invalid session cache", &word));
        if matches!(word.as_ref(), b"off" | b"none" | b"builtin") {
            return None;
        }
        if let Some(value) = after(&word, "builtin:").filter(|value| !value.is_empty()) {
            return number(value).map_or_else(invalid, |_| None);
        }
        let Some(value) = after(&word, "shared:") else { return invalid() };
        let colon = value.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0);
        match colon.and_then(|colon| size::parse(value.get(colon + 1..)?)) {
            None => invalid(),
            Some(size) if size < LEAST_ZONE => {
                let message = [b"session cache \"", word.as_ref(), b"\" is too small"].concat();
                Some(Refused::new(at, takes, message))
            }
            Some(_) => None,
        }
    })
}
