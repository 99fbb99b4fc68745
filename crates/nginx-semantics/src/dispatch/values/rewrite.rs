//! `return`, `rewrite`, and what defines variables (`http/modules/ngx_http_rewrite_module.c`).

use super::{Refused, Takes, number, regexes, script};
use crate::dispatch::Build;
use crate::dispatch::judge::Words;
use crate::version::NginxVersion;

/// `ngx_http_rewrite_return`.
pub(super) fn returned(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(1);
    let is_alone = statement.words.len() == 2;
    match number(&word) {
        None => {
            let starts = [b"http://".as_slice(), b"https://", b"$scheme"];
            if is_alone && starts.iter().any(|start| word.starts_with(start)) {
                return script::refused(statement, 1);
            }
        }
        Some(code) if code <= 999 => {
            return if is_alone { None } else { script::refused(statement, 2) };
        }
        Some(_) => {}
    }
    Some(Refused::quoted(1, Takes::Status, "invalid return code", &word))
}

/// `ngx_http_rewrite`.
pub(super) fn rewritten(statement: &Words<'_>) -> Option<Refused> {
    let replacement = statement.c_string(2);
    if replacement.is_empty() {
        return Some(Refused::new(2, Takes::Replacement, "empty replacement"));
    }
    if let Some(refused) = regexes::refused(&statement.c_string(1), 1) {
        return Some(refused);
    }
    let flags: &[&str] = &["last", "break", "redirect", "permanent"];
    if statement.words.len() > 3 {
        let flag = statement.c_string(3);
        if !flags.iter().any(|known| known.as_bytes() == flag.as_ref()) {
            return Some(Refused::quoted(3, Takes::Words(flags), "invalid parameter", &flag));
        }
    }
    // A last `?` drops the arguments.
    let replacement = replacement.strip_suffix(b"?").unwrap_or(&replacement);
    script::in_text(replacement, 2)
}

/// `ngx_http_rewrite_set`.
pub(super) fn set(statement: &Words<'_>, build: &Build) -> Option<Refused> {
    name(statement, 1, build).or_else(|| script::refused(statement, 2))
}

/// `auth_request_set` (`http/modules/ngx_http_auth_request_module.c:ngx_http_auth_request_set`).
pub(super) fn assigned(statement: &Words<'_>, build: &Build) -> Option<Refused> {
    set(statement, build)
}

/// `map`, `geo`, `split_clients`: the variable is the last word; `source` is what it is made of.
pub(super) fn defined(statement: &Words<'_>, build: &Build, source: Option<usize>) -> Option<Refused> {
    let of_source = source.and_then(|word| match statement.name {
        // That of `geo` is the name of a variable.
        crate::DirectiveName::GEO => (statement.c_string(word).first() != Some(&b'$'))
            .then(|| Refused::quoted(word, Takes::Name, "invalid variable name", &statement.c_string(word))),
        _ => script::refused(statement, word),
    });
    of_source.or_else(|| name(statement, statement.words.len() - 1, build))
}

/// Variables that nginx sets in every build, and nothing else may (`http/ngx_http_variables.c:ngx_http_core_variables`), each
/// with the first release since 1.12 that has it.
const FIXED: [(&str, Option<NginxVersion>); 67] = [
    ("binary_remote_addr", None),
    ("body_bytes_sent", None),
    ("bytes_sent", None),
    ("connection", None),
    ("connection_requests", None),
    ("connection_time", Some(NginxVersion::new(1, 19, 10))),
    ("content_length", None),
    ("content_type", None),
    ("document_root", None),
    ("document_uri", None),
    ("host", None),
    ("hostname", None),
    ("http_cookie", None),
    ("http_host", None),
    ("http_referer", None),
    ("http_user_agent", None),
    ("http_via", None),
    ("http_x_forwarded_for", None),
    ("https", None),
    ("is_args", None),
    ("is_request_port", Some(NginxVersion::new(1, 29, 3))),
    ("msec", None),
    ("nginx_version", None),
    ("pid", None),
    ("pipe", None),
    ("proxy_protocol_addr", None),
    ("proxy_protocol_port", None),
    ("proxy_protocol_server_addr", Some(NginxVersion::new(1, 17, 6))),
    ("proxy_protocol_server_port", Some(NginxVersion::new(1, 17, 6))),
    ("query_string", None),
    ("realpath_root", None),
    ("remote_addr", None),
    ("remote_port", None),
    ("remote_user", None),
    ("request", None),
    ("request_body", None),
    ("request_body_file", None),
    ("request_completion", None),
    ("request_filename", None),
    ("request_id", None),
    ("request_length", None),
    ("request_method", None),
    ("request_port", Some(NginxVersion::new(1, 29, 3))),
    ("request_time", None),
    ("request_uri", None),
    ("scheme", None),
    ("sent_http_cache_control", None),
    ("sent_http_connection", None),
    ("sent_http_content_length", None),
    ("sent_http_content_type", None),
    ("sent_http_keep_alive", None),
    ("sent_http_last_modified", None),
    ("sent_http_link", Some(NginxVersion::new(1, 13, 9))),
    ("sent_http_location", None),
    ("sent_http_transfer_encoding", None),
    ("server_addr", None),
    ("server_name", None),
    ("server_port", None),
    ("server_protocol", None),
    ("status", None),
    ("tcpinfo_rcv_space", None),
    ("tcpinfo_rtt", None),
    ("tcpinfo_rttvar", None),
    ("tcpinfo_snd_cwnd", None),
    ("time_iso8601", None),
    ("time_local", None),
    ("uri", None),
];

/// The name of a variable that is to be set.
fn name(statement: &Words<'_>, word: usize, build: &Build) -> Option<Refused> {
    let written = statement.c_string(word);
    let Some(name) = written.strip_prefix(b"$") else {
        return Some(Refused::quoted(word, Takes::Name, "invalid variable name", &written));
    };
    if name.is_empty() {
        return Some(Refused::new(word, Takes::Name, "invalid variable name \"$\""));
    }
    let name = name.to_ascii_lowercase();
    let at = FIXED.binary_search_by(|(fixed, _)| fixed.as_bytes().cmp(&name)).ok()?;
    let (_, since) = FIXED.get(at)?;
    let is_there = since.is_none_or(|since| build.versions.all_since(since));
    is_there.then(|| {
        Refused::new(word, Takes::OwnName, [b"the duplicate \"", name.as_slice(), b"\" variable"].concat())
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_fixed_variables_are_in_order() {
        assert!(super::FIXED.is_sorted_by_key(|(name, _)| *name));
    }
}
