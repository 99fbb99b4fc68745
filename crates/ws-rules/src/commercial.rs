//! Whether a configuration is one of NGINX Plus, which has more than its number of a version tells.

use std::borrow::Cow;

use nginx_semantics::{Directive, DirectiveName};

use crate::Context;

/// Directives that only NGINX Plus has.
const COMMERCIAL: [&[u8]; 33] = [
    b"api",
    b"auth_jwt",
    b"auth_jwt_claim_set",
    b"auth_jwt_header_set",
    b"auth_jwt_key_cache",
    b"auth_jwt_key_file",
    b"auth_jwt_key_request",
    b"auth_jwt_leeway",
    b"auth_jwt_require",
    b"auth_jwt_type",
    b"f4f",
    b"health_check",
    b"hls",
    b"hls_buffers",
    b"hls_forward_args",
    b"hls_fragment",
    b"hls_mp4_buffer_size",
    b"keyval",
    b"keyval_zone",
    b"license_token",
    b"mgmt",
    b"ntlm",
    b"oidc_provider",
    b"queue",
    b"session_log",
    b"session_log_format",
    b"session_log_zone",
    b"state",
    b"status_zone",
    b"upstream_conf",
    b"zone_sync",
    b"zone_sync_buffers",
    b"zone_sync_server",
];

/// Words that only NGINX Plus takes, behind the name of a directive that others have too; `=` ends those with a value.
const WORDS: [(DirectiveName, &[u8]); 6] = [
    (DirectiveName::LIMIT_REQ_ZONE, b"sync"),
    (DirectiveName::LIMIT_CONN_ZONE, b"sync"),
    (DirectiveName::SERVER, b"slow_start="),
    (DirectiveName::RESOLVER, b"status_zone="),
    (DirectiveName::PROXY_CACHE_PATH, b"purger="),
    (DirectiveName::FASTCGI_CACHE_PATH, b"purger="),
];

/// Whether only NGINX Plus has a directive. All lines of a configuration ask.
pub(crate) fn is_commercial_directive(line: &Directive<'_>) -> bool {
    line.name() == DirectiveName::UNKNOWN && COMMERCIAL.binary_search(&line.name_bytes().as_ref()).is_ok()
}

/// The word of a line that only NGINX Plus takes. All lines of a configuration ask.
pub(crate) fn commercial_word<'s>(line: &Directive<'s>) -> Option<Cow<'s, [u8]>> {
    let name = line.name();
    WORDS.iter().find(|(directive, _)| *directive == name)?;
    let is_meant = |argument: &[u8]| {
        WORDS.iter().any(|(directive, word)| {
            *directive == name
                && if word.ends_with(b"=") { argument.starts_with(word) } else { argument == *word }
        })
    };
    line.arguments().skip(1).find(|argument| is_meant(argument))
}

/// Whether a line has a word that only NGINX Plus takes.
pub(crate) fn has_commercial_word(line: &Directive<'_>) -> bool {
    commercial_word(line).is_some()
}

/// Whether something else in the configuration tells that it is one of NGINX Plus.
pub(crate) fn is_commercial(cx: &Context<'_, '_>) -> bool {
    let configuration = cx.configuration();
    configuration.contexts().any(|(id, context)| {
        !context.kind.has_entries() && configuration.directives(id).any(|line| is_commercial_directive(&line))
    })
}

#[cfg(test)]
mod tests {
    use super::COMMERCIAL;
    use crate::testing::found;

    #[test]
    fn names_are_in_order() {
        assert!(COMMERCIAL.is_sorted());
        for name in COMMERCIAL {
            assert!(nginx_semantics::catalogue::lookup(name) == nginx_semantics::DirectiveName::UNKNOWN);
        }
    }

    #[test]
    fn a_word_of_nginx_plus() {
        let text = "events {}\nhttp {\n    limit_req_zone $binary_remote_addr zone=a:10m rate=1r/s sync;\n    server { location / { root /srv; } }\n}\n";
        assert!(found(text).iter().all(|one| one.rule.name == "commercial-directive"), "{:?}", found(text));
    }
}
