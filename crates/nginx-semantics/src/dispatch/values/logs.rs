//! Logs (`http/modules/ngx_http_log_module.c`, `core/ngx_log.c`).

use super::http::file_cache;
use super::{Refused, Takes, after, number, rest, script};
use crate::dispatch::judge::Words;
use crate::{size, time};

const PARAMETERS: &[&str] = &["buffer=", "flush=", "gzip=", "if="];

/// `ngx_http_log_set_log`, without the question whether there is such a format.
pub(super) fn access_log(statement: &Words<'_>) -> Option<Refused> {
    let path = statement.c_string(1);
    if path.as_ref() == b"off" {
        return (statement.words.len() > 2).then(|| Refused::parameter(statement, 2, &[]));
    }
    let is_syslog = path.starts_with(b"syslog:");
    if !is_syslog {
        if let Some(refused) = script::refused(statement, 1) {
            return Some(refused);
        }
    }
    let (mut has_buffer, mut has_flush) = (false, false);
    for (at, word) in rest(statement, 3) {
        let invalid = |what: &str, takes, value: &[u8]| Some(Refused::quoted(at, takes, what, value));
        if let Some(value) = after(&word, "buffer=") {
            has_buffer = true;
            if size::parse(value).is_none_or(|size| size == 0) {
                return invalid("invalid buffer size", Takes::Size { gigabytes: false }, value);
            }
        } else if let Some(value) = after(&word, "flush=") {
            has_flush = true;
            if time::parse_ms(value).is_none_or(|time| time == 0) {
                return invalid("invalid flush time", Takes::Time { seconds: false }, value);
            }
        } else if let Some(value) = after(&word, "gzip=") {
            has_buffer = true;
            if !number(value).is_some_and(|level| (1..=9).contains(&level)) {
                return invalid("invalid compression level", Takes::Between(1, 9), value);
            }
        } else if word.as_ref() == b"gzip" {
            has_buffer = true;
        } else if let Some(value) = after(&word, "if=") {
            if let Some(refused) = script::in_text(value, at) {
                return Some(refused);
            }
        } else {
            return Some(Refused::parameter(statement, at, PARAMETERS));
        }
    }
    let said = |message: Vec<u8>| Some(Refused::new(1, Takes::Buffer, message));
    if has_flush && !has_buffer {
        said([b"no buffer is defined for access_log \"", path.as_ref(), b"\""].concat())
    } else if has_buffer && path.contains(&b'$') {
        said(b"buffered logs cannot have variables in name".to_vec())
    } else if has_buffer && is_syslog {
        said(b"logs to syslog cannot be buffered".to_vec())
    } else {
        None
    }
}

const LEVELS: &[&str] = &["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"];

/// `ngx_log_set_levels`.
pub(super) fn error_log(statement: &Words<'_>) -> Option<Refused> {
    let mut has_level = false;
    rest(statement, 2).find_map(|(at, word)| {
        // As `debug_http`, of which there may be several.
        if word.starts_with(b"debug_") {
            return None;
        }
        let is_known = LEVELS.iter().any(|level| level.as_bytes() == word.as_ref());
        if !is_known {
            return Some(Refused::quoted(at, Takes::Words(LEVELS), "invalid log level", &word));
        }
        let is_second = std::mem::replace(&mut has_level, true);
        is_second.then(|| Refused::quoted(at, Takes::OneLevel, "duplicate log level", &word))
    })
}

/// `ngx_http_log_compile_format`.
pub(super) fn format(statement: &Words<'_>) -> Option<Refused> {
    let mut first = 2;
    let word = statement.c_string(2);
    if let Some(value) = after(&word, "escape=") {
        if !matches!(value, b"default" | b"json" | b"none") {
            let known = &["default", "json", "none"];
            return Some(Refused::quoted(2, Takes::Words(known), "unknown log format escaping", value));
        }
        first += 1;
    }
    rest(statement, first).find_map(|(at, word)| {
        let refused = script::in_text(&word, at)?;
        // It says so in words of its own, with all that follows the `$`.
        if refused.message != b"invalid variable name" {
            return Some(refused);
        }
        let start = invalid_at(&word);
        let text = word.get(start..).unwrap_or_default();
        Some(Refused::quoted(at, Takes::Script, "invalid parameter", text))
    })
}

/// Where the first `$` stands that begins no name.
fn invalid_at(word: &[u8]) -> usize {
    let mut dollars = memchr::memchr_iter(b'$', word);
    let is_wrong = |at: &usize| {
        let next = memchr::memchr(b'$', word.get(at + 1..).unwrap_or_default());
        let end = next.map_or(word.len(), |next| at + 1 + next);
        script::in_text(word.get(*at..end).unwrap_or_default(), 0).is_some()
    };
    dollars.find(is_wrong).unwrap_or(0)
}

/// `ngx_http_log_open_file_cache`.
pub(super) fn open_log_file_cache(statement: &Words<'_>) -> Option<Refused> {
    let is_taken = |word: &[u8]| {
        if let Some(value) = after(word, "max=").or_else(|| after(word, "min_uses=")) {
            number(value).is_some()
        } else if let Some(value) = after(word, "inactive=").or_else(|| after(word, "valid=")) {
            time::parse_seconds(value).is_some()
        } else {
            word == b"off"
        }
    };
    let known = &["max=", "inactive=", "valid=", "min_uses=", "off"];
    file_cache(statement, is_taken, known, "\"open_log_file_cache\" must have \"max\" parameter")
}
