//! Other directives of `http`.

use super::{Refused, Takes, after, number, regexes, rest, script};
use crate::dispatch::judge::Words;
use crate::{size, time};

/// `http/ngx_http_core_module.c:ngx_http_core_error_page`.
pub(super) fn error_page(statement: &Words<'_>) -> Option<Refused> {
    let count = statement.words.len();
    let before_last = count.checked_sub(2)?;
    let word = statement.c_string(before_last);
    let mut last_code = count - 1;
    if let Some(code) = word.strip_prefix(b"=") {
        if before_last == 1 || !code.is_empty() && number(code).is_none() {
            return Some(Refused::quoted(before_last, Takes::Status, "invalid value", &word));
        }
        last_code = before_last;
    }
    let page = script::refused(statement, count - 1);
    if page.is_some() {
        return page;
    }
    (1..last_code).find_map(|at| {
        let word = statement.c_string(at);
        match number(&word) {
            None | Some(499) => Some(Refused::quoted(at, Takes::Status, "invalid value", &word)),
            Some(code) if !(300..=599).contains(&code) => {
                let message = [b"value \"", word.as_ref(), b"\" must be between 300 and 599"].concat();
                Some(Refused::new(at, Takes::Between(300, 599), message))
            }
            Some(_) => None,
        }
    })
}

/// `http/modules/ngx_http_try_files_module.c:ngx_http_try_files`.
pub(super) fn try_files(statement: &Words<'_>) -> Option<Refused> {
    let last = statement.words.len().checked_sub(1)?;
    let script = (1..=last).find_map(|word| script::refused(statement, word));
    if script.is_some() {
        return script;
    }
    let word = statement.c_string(last);
    // What has variables ends with no NUL, so that nginx leaves the last byte out; nobody writes a code with variables.
    let code = word.strip_prefix(b"=").filter(|code| !code.contains(&b'$'))?;
    let is_code = number(code).is_some_and(|code| code <= 999);
    (!is_code).then(|| Refused::quoted(last, Takes::Status, "invalid code", &word))
}

/// `ngx_http_core_root`.
pub(super) fn root(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(1);
    if !word.contains(&b'$') {
        return None;
    }
    let name = statement.c_string(0);
    for variable in ["document_root", "realpath_root"] {
        let has = |text: String| memchr::memmem::find(&word, text.as_bytes()).is_some();
        if has(format!("${variable}")) || has(format!("${{{variable}}}")) {
            let message = [
                b"the $".as_slice(),
                variable.as_bytes(),
                b" variable cannot be used in the \"",
                &name,
                b"\" directive",
            ]
            .concat();
            return Some(Refused::new(1, Takes::Folder, message));
        }
    }
    script::refused(statement, 1)
}

/// `ngx_http_core_server_name`.
pub(super) fn server_name(statement: &Words<'_>) -> Option<Refused> {
    rest(statement, 1).find_map(|(at, word)| match word.as_ref() {
        [b'*', b'.', _, ..] => None,
        [b'*', ..] | [b'.'] => {
            let message = [b"server name \"", word.as_ref(), b"\" is invalid"].concat();
            Some(Refused::new(at, Takes::ServerName, message))
        }
        [b'~'] => Some(Refused::new(at, Takes::Pattern, "empty regex in server name \"~\"")),
        [b'~', pattern @ ..] => regexes::refused(pattern, at),
        _ => None,
    })
}

/// `http/modules/ngx_http_index_module.c:ngx_http_index_set_index`, which names the first word whichever is empty.
pub(super) fn index(statement: &Words<'_>) -> Option<Refused> {
    rest(statement, 1).find_map(|(at, word)| {
        if word.is_empty() {
            let first = statement.c_string(1);
            let message = [b"index \"".as_slice(), &first, b"\" in \"index\" directive is invalid"];
            return Some(Refused::new(at, Takes::File, message.concat()));
        }
        script::refused(statement, at)
    })
}

/// `ngx_http_disable_symlinks`.
pub(super) fn disable_symlinks(statement: &Words<'_>) -> Option<Refused> {
    const MODES: &[&str] = &["off", "on", "if_not_owner"];
    let is_mode = |word: &[u8]| MODES.iter().any(|mode| mode.as_bytes() == word);
    let known = &["off", "on", "if_not_owner", "from="];
    let other = rest(statement, 1).find(|(_, word)| !is_mode(word) && !word.starts_with(b"from="));
    if let Some((at, _)) = other {
        return Some(Refused::parameter(statement, at, known));
    }
    let has_mode = rest(statement, 1).any(|(_, word)| is_mode(&word));
    let message = "\"disable_symlinks\" must have \"off\", \"on\" or \"if_not_owner\" parameter";
    (!has_mode).then(|| Refused::new(1, Takes::Words(MODES), message))
}

/// `ngx_http_core_pool_size`: the least is that of machines of 64 bits, and about half of it on others.
pub(super) fn pool(statement: &Words<'_>) -> Option<Refused> {
    let size = size::parse(&statement.c_string(1))?;
    let message = match size {
        0..64 => "the pool size must be no less than 112",
        112.. if size % 16 != 0 => "the pool size must be a multiple of 16",
        _ => return None,
    };
    Some(Refused::new(1, Takes::Pool, message))
}

/// As in `limit_except` (`ngx_http_core_limit_except`).
const METHODS: &[&str] = &[
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "MKCOL",
    "COPY",
    "MOVE",
    "OPTIONS",
    "PROPFIND",
    "PROPPATCH",
    "LOCK",
    "UNLOCK",
    "PATCH",
    "CONNECT",
];

pub(super) fn limit_except(statement: &Words<'_>) -> Option<Refused> {
    rest(statement, 1).find_map(|(at, word)| {
        let is_known = METHODS.iter().any(|method| method.as_bytes().eq_ignore_ascii_case(&word));
        (!is_known).then(|| Refused::quoted(at, Takes::Words(METHODS), "invalid method", &word))
    })
}

/// `ngx_http_core_keepalive`: the second is for a header, in seconds. `keepalive_timeout` of an upstream has a common
/// setter.
pub(super) fn keepalive_timeout(statement: &Words<'_>) -> Option<Refused> {
    let takes = |seconds| Takes::Time { seconds };
    if time::parse_ms(&statement.c_string(1)).is_none() {
        return Some(Refused::of_directive(statement, 1, takes(false), "invalid value"));
    }
    let is_wrong = statement.words.len() > 2 && time::parse_seconds(&statement.c_string(2)).is_none();
    is_wrong.then(|| Refused::of_directive(statement, 2, takes(true), "invalid value"))
}

/// `http/modules/ngx_http_headers_filter_module.c:ngx_http_headers_add`.
pub(super) fn add_header(statement: &Words<'_>) -> Option<Refused> {
    script::refused(statement, 2).or_else(|| {
        let is_wrong = statement.words.len() > 3 && statement.c_string(3).as_ref() != b"always";
        is_wrong.then(|| Refused::parameter(statement, 3, &["always"]))
    })
}

/// `ngx_http_headers_expires`.
pub(super) fn expires(statement: &Words<'_>) -> Option<Refused> {
    let takes = Takes::Time { seconds: true };
    let is_modified = statement.words.len() == 3;
    if is_modified && statement.c_string(1).as_ref() != b"modified" {
        return Some(Refused::of_directive(statement, 1, Takes::Words(&["modified"]), "invalid value"));
    }
    let at = statement.words.len() - 1;
    let word = statement.c_string(at);
    if word.contains(&b'$') {
        return script::refused(statement, at);
    }
    if !is_modified && matches!(word.as_ref(), b"epoch" | b"max" | b"off") {
        return None;
    }
    let seconds = match word.as_ref() {
        [b'@', ..] if is_modified => {
            let what = "daily time cannot be used with \"modified\" parameter";
            return Some(Refused::of_directive(statement, at, takes, what));
        }
        [b'@' | b'+' | b'-', time @ ..] | time => time::parse_seconds(time),
    };
    match seconds {
        None => Some(Refused::of_directive(statement, at, takes, "invalid value")),
        Some(seconds) if word.first() == Some(&b'@') && seconds > 86_400 => {
            let what = "daily time value must be less than 24 hours";
            Some(Refused::of_directive(statement, at, takes, what))
        }
        Some(_) => None,
    }
}

/// `ngx_http_core_directio`.
pub(super) fn directio(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(1);
    let is_known = word.as_ref() == b"off" || size::parse_offset(&word).is_some();
    (!is_known).then(|| Refused::of_directive(statement, 1, Takes::Size { gigabytes: true }, "invalid value"))
}

/// `ngx_http_core_open_file_cache`.
pub(super) fn open_file_cache(statement: &Words<'_>) -> Option<Refused> {
    let is_taken = |word: &[u8]| {
        if let Some(value) = after(word, "max=") {
            number(value).is_some_and(|number| number > 0)
        } else if let Some(value) = after(word, "inactive=") {
            time::parse_seconds(value).is_some()
        } else {
            word == b"off"
        }
    };
    let known = &["max=", "inactive=", "off"];
    file_cache(statement, is_taken, known, "\"open_file_cache\" must have the \"max\" parameter")
}

/// The words of a cache of files, one of which says how many.
pub(super) fn file_cache(
    statement: &Words<'_>,
    is_taken: impl Fn(&[u8]) -> bool,
    known: &'static [&'static str],
    no_maximum: &str,
) -> Option<Refused> {
    let refused = rest(statement, 1).find(|(_, word)| !is_taken(word));
    if let Some((at, word)) = refused {
        let name = statement.c_string(0);
        let message = [b"invalid \"", name.as_ref(), b"\" parameter \"", &word, b"\""].concat();
        return Some(Refused::new(at, Takes::Parameters(known), message));
    }
    let has = |wanted: &dyn Fn(&[u8]) -> bool| rest(statement, 1).any(|(_, word)| wanted(&word));
    let has_maximum = has(&|word| after(word, "max=").and_then(number).is_some_and(|number| number > 0));
    (!has_maximum && !has(&|word| word == b"off")).then(|| Refused::new(0, Takes::Maximum, no_maximum))
}
