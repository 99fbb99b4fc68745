//! Whether a configuration is one of NGINX Plus, which has more than its number of a version tells.

use nginx_semantics::Directive;

use crate::Context;

/// Directives that only NGINX Plus has.
const COMMERCIAL: [&[u8]; 9] = [
    b"api",
    b"auth_jwt",
    b"health_check",
    b"keyval",
    b"keyval_zone",
    b"queue",
    b"state",
    b"status_zone",
    b"zone_sync",
];

/// Words that only NGINX Plus takes, behind the name of a directive that others have too.
const WORDS: [(&[u8], &[u8]); 1] = [(b"limit_req_zone", b"sync")];

/// Whether a line has a word that only NGINX Plus takes.
pub(crate) fn has_commercial_word(line: &Directive<'_>) -> bool {
    let name = line.name_bytes();
    let words = WORDS.iter().filter(|(directive, _)| *directive == name.as_ref());
    words.into_iter().any(|(_, word)| line.arguments().any(|argument| argument.as_ref() == *word))
}

/// Whether something else in the configuration tells that it is one of NGINX Plus.
pub(crate) fn is_commercial(cx: &Context<'_, '_>) -> bool {
    let configuration = cx.configuration();
    configuration.contexts().any(|(id, context)| {
        !context.kind.has_entries()
            && configuration.directives(id).any(|line| COMMERCIAL.contains(&line.name_bytes().as_ref()))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn a_word_of_nginx_plus() {
        let text = "events {}\nhttp {\n    limit_req_zone $binary_remote_addr zone=a:10m rate=1r/s sync;\n    server { location / { root /srv; } }\n}\n";
        assert!(found(text).is_empty(), "{:?}", found(text));
    }
}
