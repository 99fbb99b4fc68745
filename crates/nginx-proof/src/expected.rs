//! For each rule the manner in which its Example fails, and what an upstream is to receive then.

use nginx_semantics::NginxVersion;

use crate::{Framing, Head};

/// Since this release nginx speaks HTTP/1.1 to upstreams and sends no `Connection: close` by default.
const NEW_DEFAULTS: NginxVersion = NginxVersion::new(1, 29, 7);

/// How an Example fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `nginx -t` refuses it with a message that the page quotes.
    Refused,
    /// A browser's handshake gets a status that the page names.
    Status,
    /// A browser's handshake gets nothing that is an answer in HTTP/1, and no upstream is asked.
    Mute,
    /// The tunnel is closed after the time that the page or the block says.
    Closed,
    /// Handshakes work; ordinary requests pay.
    Ordinary,
    /// Handshakes work; an answer that the back end streams with this framing reaches a client that takes gzip in a burst.
    Streamed(Framing),
    /// Handshakes work; requests of one client reach several back ends.
    Spread,
    /// Not run; [`NOT_OBSERVED`] says why.
    Unseen,
    /// Only with back ends of a kind: handshakes work with those of the harness, and what the page says in words is
    /// shown with the others.
    Depends,
}

/// What is expected of a rule's Examples.
pub(crate) struct Expected {
    pub(crate) rule: &'static str,
    pub(crate) manner: Manner,
    /// Before this release nginx refuses the directive, with a message that the page quotes.
    pub(crate) since: Option<NginxVersion>,
    /// The statement of the page about what the upstream receives, in short.
    pub(crate) upstream: fn(NginxVersion, &Head) -> bool,
    /// The same of ordinary requests, for [`Manner::Ordinary`]: first what an Example sends, then a Use instead.
    pub(crate) ordinary: fn(&[Head]) -> bool,
}

const ANY: Expected =
    Expected { rule: "", manner: Manner::Refused, since: None, upstream: |_, _| true, ordinary: |_| true };

/// One for each rule, sorted by name.
pub(crate) const EXPECTED: [Expected; 30] = [
    Expected { rule: "arbitrary-upgrade-protocol", manner: Manner::Depends, ..ANY },
    Expected { rule: "balancing-order", ..ANY },
    Expected { rule: "buffered-endpoint", manner: Manner::Streamed(Framing::UntilClose), ..ANY },
    Expected { rule: "compressed-endpoint", manner: Manner::Streamed(Framing::Chunked), ..ANY },
    Expected {
        rule: "http10-upstream",
        manner: Manner::Status,
        upstream: |_, head| head.protocol() == "HTTP/1.0" && head.has_token("Upgrade", "websocket"),
        ..ANY
    },
    Expected { rule: "http2-only-listener", manner: Manner::Mute, ..ANY },
    Expected {
        rule: "http2-upstream",
        manner: Manner::Status,
        since: Some(NginxVersion::new(1, 29, 4)),
        upstream: |_, head| head.line == "PRI * HTTP/2.0",
        ..ANY
    },
    Expected { rule: "include-cycle", ..ANY },
    Expected { rule: "include-not-found", ..ANY },
    Expected { rule: "ip-hash-behind-proxy", manner: Manner::Depends, ..ANY },
    Expected {
        rule: "keepalive-defeated",
        manner: Manner::Ordinary,
        ordinary: |heads| heads.iter().all(|head| head.has_token("Connection", "close")),
        ..ANY
    },
    Expected {
        rule: "literal-connection-upgrade",
        manner: Manner::Ordinary,
        ordinary: |heads| {
            let is_odd =
                |head: &Head| head.has_token("Connection", "upgrade") && head.header("Upgrade").is_none();
            heads.iter().all(is_odd)
        },
        ..ANY
    },
    Expected {
        rule: "missing-connection-header",
        manner: Manner::Status,
        upstream: |version, head| {
            let sent = if version < NEW_DEFAULTS { Some("close") } else { None };
            head.header("Connection") == sent && head.has_token("Upgrade", "websocket")
        },
        ..ANY
    },
    Expected {
        rule: "missing-upgrade-header",
        manner: Manner::Status,
        upstream: |_, head| head.header("Upgrade").is_none(),
        ..ANY
    },
    Expected {
        rule: "open-connect-tunnel",
        manner: Manner::Unseen,
        since: Some(NginxVersion::new(1, 31, 0)),
        ..ANY
    },
    Expected {
        rule: "origin-stripped",
        manner: Manner::Depends,
        upstream: |_, head| head.header("Origin").is_none(),
        ..ANY
    },
    Expected { rule: "plaintext-to-tls-port", manner: Manner::Depends, ..ANY },
    Expected {
        rule: "quic-only-listener",
        manner: Manner::Unseen,
        since: Some(NginxVersion::new(1, 25, 0)),
        ..ANY
    },
    Expected { rule: "short-read-timeout", manner: Manner::Closed, ..ANY },
    Expected { rule: "stateless-balancing", manner: Manner::Depends, ..ANY },
    Expected { rule: "sticky-unavailable", ..ANY },
    Expected { rule: "syntax-error", ..ANY },
    Expected { rule: "tls-without-certificate", ..ANY },
    Expected { rule: "undefined-variable", ..ANY },
    Expected {
        rule: "upgrade-headers-not-inherited",
        manner: Manner::Status,
        upstream: |_, head| head.header("Upgrade").is_none() && !head.has_token("Connection", "upgrade"),
        ..ANY
    },
    Expected { rule: "upstream-sni-missing", manner: Manner::Depends, ..ANY },
    Expected { rule: "upstream-without-stickiness", manner: Manner::Spread, ..ANY },
    Expected { rule: "websocket-scheme-in-proxy-pass", ..ANY },
    Expected {
        rule: "wrong-connection-header",
        manner: Manner::Status,
        upstream: |_, head| {
            head.has_token("Upgrade", "websocket") && !head.has_token("Connection", "upgrade")
        },
        ..ANY
    },
    Expected {
        rule: "wrong-upgrade-header",
        manner: Manner::Status,
        upstream: |_, head| !head.has_token("Upgrade", "websocket"),
        ..ANY
    },
];

/// What pages say and the harness cannot see: rule, statement, why.
pub(crate) const NOT_SEEN: [(&str, &str, &str); 3] = [
    (
        "http2-upstream",
        "a back end that speaks HTTP/2 refuses the handshake with 400",
        "the back ends speak HTTP/1",
    ),
    (
        "include-cycle",
        "nginx crashes where the limit of descriptors is high",
        "the limit is kept low on purpose",
    ),
    (
        "syntax-error",
        "bodies of Lua blocks are read as OpenResty reads them",
        "none of the binaries is OpenResty",
    ),
];

/// Blocks that are only tested with `-t`: rule, what is special about the block's text, why.
pub(crate) const NOT_OBSERVED: [(&str, &str, &str); 2] = [
    ("quic-only-listener", "listen 443 quic", "the harness speaks no QUIC"),
    ("short-read-timeout", "uwsgi_pass", "the harness has no back end that speaks uwsgi"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use ws_rules::RULES;

    #[test]
    fn every_rule_has_its_row() {
        let rows = EXPECTED.iter().map(|expected| expected.rule);
        assert!(rows.eq(RULES.iter().map(|rule| rule.meta().name)));
    }
}
