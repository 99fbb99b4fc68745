//! Patterns (`core/ngx_regex.c:ngx_regex_compile`).

use super::{Refused, Takes, rest};
use crate::dispatch::judge::Words;
use crate::pattern::{certain_error, count_captures};

/// Why PCRE surely refuses a pattern. What nginx puts behind that, ` at "…"`, depends on the release of PCRE and is left out.
pub(super) fn refused(pattern: &[u8], word: usize) -> Option<Refused> {
    let error = certain_error(pattern)?;
    let message = [b"pcre2_compile() failed: ", error.as_bytes(), b" in \"", pattern, b"\""].concat();
    Some(Refused::new(word, Takes::Pattern, message))
}

/// `location` (`http/ngx_http_core_module.c:ngx_http_core_location`).
pub(super) fn location(statement: &Words<'_>) -> Option<Refused> {
    let (first, second) = (statement.c_string(1), statement.c_string(2));
    match (first.as_ref(), statement.words.len()) {
        (b"~" | b"~*", 3) => refused(&second, 2),
        ([b'~', b'*', pattern @ ..] | [b'~', pattern @ ..], 2) => refused(pattern, 1),
        _ => None,
    }
}

/// `http/modules/ngx_http_fastcgi_module.c:ngx_http_fastcgi_split_path_info`.
pub(super) fn split_path_info(statement: &Words<'_>) -> Option<Refused> {
    let pattern = statement.c_string(1);
    refused(&pattern, 1).or_else(|| {
        let captures = count_captures(&pattern)?;
        let message = [b"pattern \"", pattern.as_ref(), b"\" must have 2 captures"].concat();
        (captures != 2).then(|| Refused::new(1, Takes::Pattern, message))
    })
}

/// `http/ngx_http_core_module.c:ngx_http_gzip_disable`.
pub(super) fn gzip_disable(statement: &Words<'_>) -> Option<Refused> {
    rest(statement, 1)
        .filter(|(_, word)| word.as_ref() != b"msie6" && word.as_ref() != b"degradation")
        .find_map(|(at, word)| refused(&word, at))
}

/// `http/modules/ngx_http_referer_module.c:ngx_http_valid_referers`.
pub(super) fn valid_referers(statement: &Words<'_>) -> Option<Refused> {
    rest(statement, 1).find_map(|(at, word)| match word.as_ref() {
        [b'~'] => Some(Refused::new(at, Takes::Pattern, "empty regex in \"~\"")),
        [b'~', pattern @ ..] => refused(pattern, at),
        _ => None,
    })
}

/// The key of a `map` (`http/modules/ngx_http_map_module.c:ngx_http_map`).
pub(super) fn map_key(entry: &Words<'_>) -> Option<Refused> {
    match entry.c_string(0).as_ref() {
        [b'~', b'*', pattern @ ..] | [b'~', pattern @ ..] => refused(pattern, 0),
        _ => None,
    }
}
