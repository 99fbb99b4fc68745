//! For each rule the manner in which its Example fails, and what an upstream is to receive then.

use nginx_semantics::NginxVersion;

use crate::{Framing, Head, Received};

/// Since this release nginx speaks HTTP/1.1 to upstreams and sends no `Connection: close` by default.
const NEW_DEFAULTS: NginxVersion = NginxVersion::new(1, 29, 7);

/// How an Example fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `nginx -t` refuses it with a message that the page quotes, or warns with one.
    Refused,
    /// A browser's handshake gets a status that the page names.
    Status,
    /// nginx itself answers a browser's handshake with a status that the page names: no upstream is asked.
    Answered,
    /// The handshake works with the harness' back ends, which have every path, but asks for another one.
    Path,
    /// Not run; [`NOT_OBSERVED`] says why.
    Unseen,
    /// The tunnel is closed after the time that the page or the block says.
    Closed,
    /// Handshakes work; ordinary requests pay.
    Ordinary,
    /// Handshakes work with the harness' back ends, which take all that RFC 6455 allows; others refuse what they get.
    Sent,
    /// A GET for the same path goes first; its answer with status 200 is the handshake's too.
    Stored,
    /// Beside a tunnel that stays open nginx itself answers another handshake, with a status that the page names.
    Limited,
    /// nginx closes the connection without an answer, and the error log has what the page quotes.
    Unanswered,
    /// Only with back ends of a kind: handshakes work with those of the harness, and what the page says in words is
    /// shown with the others.
    Depends,
    /// Handshakes work; nginx itself answers a POST for the same path with a status that the page names.
    Posts,
    /// Handshakes work; nginx itself answers one with a cookie of 4096 bytes with a status that the page names.
    LongCookie,
    /// A handshake whose 101 sets a long cookie gets a status that the page names, and the error log has what it quotes.
    LongAnswer,
    /// Handshakes work; nginx keeps the connection when the client closes it, and logs no line for it.
    Kept,
    /// Handshakes work; no line is logged for them.
    Unlogged,
    /// It needs `stream`, which nginx refuses without the module; where that is there, `-t` accepts the block.
    NotRun,
    /// Handshakes work; [`NOT_SEEN`] has what it costs, and why that is not looked at.
    Works,
    /// A browser's handshake gets nothing that is an answer in HTTP/1, and no upstream is asked.
    Mute,
    /// Handshakes work; an answer that the back end streams with this framing reaches a client that takes gzip in a burst.
    Streamed(Framing),
    /// Handshakes work; requests of one client reach several back ends.
    Spread,
}

impl Manner {
    /// Whether a browser's handshake gets something else than 101.
    pub(crate) fn is_handshake_failing(self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Answered
                | Self::Stored
                | Self::Limited
                | Self::LongAnswer
                | Self::Unanswered
                | Self::Mute
        )
    }
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
    /// What of a handshake arrives where, for [`Manner::Sent`]: an Example, and no Use instead.
    pub(crate) sent: fn(&Received) -> bool,
    /// The fields that tell, for [`Manner::Sent`].
    pub(crate) telling: &'static [&'static str],
}

const ANY: Expected = Expected {
    rule: "",
    manner: Manner::Refused,
    since: None,
    upstream: |_, _| true,
    ordinary: |_| true,
    sent: |_| true,
    telling: &[],
};

/// Handshakes that arrive at the back end of the pages.
const LED_ASTRAY: Expected =
    Expected { manner: Manner::Sent, sent: |received| received.backend == "127.0.0.1:8000", ..ANY };

/// One for each rule, sorted by name.
pub(crate) const EXPECTED: &[Expected] = &[
    Expected { rule: "access-log-off", manner: Manner::Unlogged, ..ANY },
    Expected { rule: "always-false-upgrade-test", ..LED_ASTRAY },
    Expected { rule: "arbitrary-upgrade-protocol", manner: Manner::Depends, ..ANY },
    Expected { rule: "balancing-order", ..ANY },
    Expected { rule: "buffered-endpoint", manner: Manner::Streamed(Framing::UntilClose), ..ANY },
    Expected { rule: "cached-handshake", manner: Manner::Stored, ..ANY },
    Expected { rule: "case-sensitive-upgrade-match", ..LED_ASTRAY },
    Expected { rule: "certificate-without-tls", manner: Manner::Works, ..ANY },
    Expected { rule: "chain-timeouts-misaligned", manner: Manner::Works, ..ANY },
    Expected { rule: "commercial-directive", ..ANY },
    Expected { rule: "compressed-endpoint", manner: Manner::Streamed(Framing::Chunked), ..ANY },
    Expected { rule: "conflicting-server", manner: Manner::Answered, ..ANY },
    Expected { rule: "dead-peer-undetected", manner: Manner::Works, ..ANY },
    Expected { rule: "directive-not-allowed-here", ..ANY },
    Expected {
        rule: "duplicate-handshake-header",
        manner: Manner::Sent,
        sent: |received| {
            let is_sent_twice = |name: &str| received.head.all(name).count() == 2;
            is_sent_twice("Upgrade") || is_sent_twice("Connection")
        },
        telling: &["Upgrade", "Connection"],
        ..ANY
    },
    Expected { rule: "duplicate-location", ..ANY },
    Expected {
        rule: "duplicate-map",
        manner: Manner::Ordinary,
        ordinary: |heads| heads.iter().all(|head| head.has_token("Connection", "close")),
        ..ANY
    },
    Expected {
        rule: "error-page-hides-upgrade",
        manner: Manner::Status,
        upstream: |_, head| head.has_token("Upgrade", "websocket") && head.has_token("Connection", "upgrade"),
        ..ANY
    },
    Expected {
        rule: "forwarded-proto-missing",
        manner: Manner::Sent,
        sent: |received| received.head.header("X-Forwarded-Proto").is_none(),
        telling: &["X-Forwarded-Proto"],
        ..ANY
    },
    Expected { rule: "handshake-fails", manner: Manner::Answered, ..ANY },
    Expected {
        rule: "handshake-headers-stripped",
        manner: Manner::Status,
        upstream: |_, head| head.has_token("Upgrade", "websocket") && head.has_token("Connection", "upgrade"),
        ..ANY
    },
    Expected { rule: "handshake-intercepted", manner: Manner::Answered, ..ANY },
    Expected { rule: "handshake-limited", manner: Manner::Limited, ..ANY },
    Expected { rule: "handshake-redirected", manner: Manner::Answered, ..ANY },
    Expected {
        rule: "host-not-forwarded",
        manner: Manner::Sent,
        sent: |received| {
            // The client's `Origin` is that of its own `Host`.
            let origin = received.head.header("Origin").and_then(|origin| origin.split_once("://"));
            origin.map(|(_, host)| host) != received.head.header("Host")
        },
        telling: &["Host", "Origin"],
        ..ANY
    },
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
    Expected { rule: "incomplete-certificate-chain", manner: Manner::Works, ..ANY },
    Expected { rule: "ip-hash-behind-proxy", manner: Manner::Depends, ..ANY },
    Expected {
        rule: "keepalive-defeated",
        manner: Manner::Ordinary,
        ordinary: |heads| heads.iter().all(|head| head.has_token("Connection", "close")),
        ..ANY
    },
    Expected { rule: "layer-without-websocket", manner: Manner::Works, ..ANY },
    Expected { rule: "limit-rate-leak", manner: Manner::Kept, ..ANY },
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
        rule: "literal-upgrade-value",
        manner: Manner::Ordinary,
        ordinary: |heads| {
            let is_handshake = |head: &Head| {
                head.has_token("Upgrade", "websocket") && head.has_token("Connection", "upgrade")
            };
            heads.iter().all(is_handshake)
        },
        ..ANY
    },
    Expected { rule: "log-format-blind", manner: Manner::Works, ..ANY },
    Expected { rule: "missing-address-family", manner: Manner::Works, ..ANY },
    Expected {
        rule: "missing-connection-header",
        manner: Manner::Status,
        upstream: |version, head| {
            let sent = if version < NEW_DEFAULTS { Some("close") } else { None };
            head.header("Connection") == sent && head.has_token("Upgrade", "websocket")
        },
        ..ANY
    },
    Expected { rule: "missing-resolver", manner: Manner::Answered, ..ANY },
    Expected { rule: "missing-tls-server", manner: Manner::Works, ..ANY },
    Expected {
        rule: "missing-upgrade-header",
        manner: Manner::Status,
        upstream: |_, head| head.header("Upgrade").is_none(),
        ..ANY
    },
    Expected { rule: "no-shutdown-timeout", manner: Manner::Works, ..ANY },
    Expected { rule: "nofile-below-connections", manner: Manner::Works, ..ANY },
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
    Expected { rule: "outer-layer-closes-first", manner: Manner::Works, ..ANY },
    Expected {
        rule: "path-rewritten",
        manner: Manner::Path,
        upstream: |_, head| {
            let target = head.line.split(' ').nth(1).unwrap_or_default();
            matches!(target, "/socket.io//" | "/appchat" | "/" | "/chat" | "/app/a/b/ws")
        },
        ..ANY
    },
    Expected { rule: "plaintext-to-tls-port", manner: Manner::Depends, ..ANY },
    Expected { rule: "polling-forbidden", manner: Manner::Posts, ..ANY },
    Expected {
        rule: "proxy-headers-not-inherited",
        manner: Manner::Sent,
        sent: |received| {
            let head = &received.head;
            head.header("Host") == Some(&received.backend) && head.header("X-Forwarded-Proto").is_none()
        },
        telling: &["Host", "X-Forwarded-Proto"],
        ..ANY
    },
    Expected { rule: "proxy-pass-not-inherited", manner: Manner::Answered, ..ANY },
    Expected {
        rule: "quic-only-listener",
        manner: Manner::Unseen,
        since: Some(NginxVersion::new(1, 25, 0)),
        ..ANY
    },
    Expected { rule: "response-filter", manner: Manner::Depends, ..ANY },
    Expected {
        rule: "shadowed-location",
        manner: Manner::Status,
        upstream: |_, head| head.header("Upgrade").is_none(),
        ..ANY
    },
    Expected { rule: "short-read-timeout", manner: Manner::Closed, ..ANY },
    Expected { rule: "shutdown-timeout-drops", manner: Manner::Works, ..ANY },
    Expected { rule: "small-header-buffers", manner: Manner::LongCookie, ..ANY },
    Expected { rule: "small-response-buffer", manner: Manner::LongAnswer, ..ANY },
    Expected { rule: "stale-upstream-address", manner: Manner::Works, ..ANY },
    Expected { rule: "stateless-balancing", manner: Manner::Depends, ..ANY },
    Expected { rule: "sticky-unavailable", ..ANY },
    Expected { rule: "stream-timeout", manner: Manner::NotRun, ..ANY },
    Expected { rule: "syntax-error", ..ANY },
    Expected { rule: "timeouts-not-logged", manner: Manner::Works, ..ANY },
    Expected { rule: "tls-without-certificate", ..ANY },
    Expected { rule: "undefined-variable", ..ANY },
    Expected { rule: "unknown-directive", ..ANY },
    Expected { rule: "unsupported-upstream-protocol", manner: Manner::Unseen, ..ANY },
    Expected { rule: "unused-named-location", manner: Manner::Answered, ..ANY },
    Expected { rule: "unused-suppression", manner: Manner::Works, ..ANY },
    Expected {
        rule: "upgrade-headers-not-inherited",
        manner: Manner::Status,
        upstream: |_, head| head.header("Upgrade").is_none() && !head.has_token("Connection", "upgrade"),
        ..ANY
    },
    Expected {
        rule: "upgrade-in-subrequest",
        manner: Manner::Unanswered,
        upstream: |_, head| head.has_token("Upgrade", "websocket") && head.has_token("Connection", "upgrade"),
        ..ANY
    },
    Expected { rule: "upstream-sni-missing", manner: Manner::Depends, ..ANY },
    Expected { rule: "upstream-without-stickiness", manner: Manner::Spread, ..ANY },
    Expected { rule: "websocket-scheme-in-proxy-pass", ..ANY },
    Expected { rule: "worker-connections-budget", manner: Manner::Works, ..ANY },
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
pub(crate) const NOT_SEEN: &[(&str, &str, &str)] = &[
    (
        "certificate-without-tls",
        "a client that speaks TLS gets 400 in plain text",
        "clients of the harness speak TLS where `listen` has `ssl`; one that does so here is in `nginx-proof/tests/certificates.rs`",
    ),
    (
        "chain-timeouts-misaligned",
        "the shorter limit of two closes",
        "a block runs as one nginx; two in a row are looked at in `nginx-proof/tests/chains.rs`",
    ),
    (
        "dead-peer-undetected",
        "a client that loses its network is not noticed",
        "client and nginx are one machine here, where no connection is lost without a word",
    ),
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
        "incomplete-certificate-chain",
        "a client that has only the root refuses the connection",
        "the harness puts a certificate of its own in place of each; what nginx sends, and refuses to load, is looked at in `nginx-proof/tests/certificates.rs`",
    ),
    (
        "layer-without-websocket",
        "a proxy in front drops the handshake",
        "the products that the presets are about are not here",
    ),
    (
        "log-format-blind",
        "a log in nginx's own format lacks the upstream and the duration",
        "the harness adds such a log; what the format of the remedy tells is counted in `nginx-proof/tests/logs.rs`",
    ),
    ("missing-address-family", "over IPv6 another server answers", "the harness connects over IPv4"),
    (
        "missing-tls-server",
        "the default server of the socket takes the request",
        "the harness asks one server of a block; which one takes a name is tried in `nginx-proof/tests/names.rs`",
    ),
    (
        "no-shutdown-timeout",
        "the old ones end when their last connection does",
        "that is looked at in `nginx-proof/tests/shutdown.rs`, below a master that reloads",
    ),
    (
        "nofile-below-connections",
        "handshakes fail when the worker may open no more files",
        "only workers below a master set the limit, and here nginx runs without one",
    ),
    (
        "outer-layer-closes-first",
        "a proxy in front closes first",
        "no proxy stands in front of a block; with another nginx there it is looked at in `nginx-proof/tests/chains.rs`",
    ),
    (
        "shutdown-timeout-drops",
        "each reload cuts off every client",
        "that is looked at in `nginx-proof/tests/shutdown.rs`, below a master that reloads",
    ),
    (
        "stale-upstream-address",
        "every handshake goes to the old address",
        "addresses are those of the harness here; names that change are looked at in `nginx-proof/tests/names.rs`",
    ),
    (
        "stream-timeout",
        "a silent connection closes after `proxy_timeout`",
        "Debian's nginx has the stream module as a package of its own",
    ),
    (
        "syntax-error",
        "bodies of Lua blocks are read as OpenResty reads them",
        "none of the binaries is OpenResty",
    ),
    (
        "timeouts-not-logged",
        "an error log of another level has not a word about it",
        "the harness keeps one log of level `info` in place of all; that the line is of this level is seen at short-read-timeout",
    ),
    ("unused-suppression", "a comment hides what the next change breaks", "nginx reads no comments"),
    (
        "upgrade-in-subrequest",
        "the 101 of a mirror ends the request before, right after or long after its own 101",
        "which of them is chance",
    ),
    (
        "worker-connections-budget",
        "new connections are closed when none is left",
        "that is looked at in `nginx-proof/tests/logs.rs`, with connections that `limit_rate` keeps",
    ),
];

/// Blocks that are only tested with `-t`: rule, what is special about the block's text, why.
pub(crate) const NOT_OBSERVED: &[(&str, &str, &str)] = &[
    ("quic-only-listener", "listen 443 quic", "the harness speaks no QUIC"),
    ("short-read-timeout", "uwsgi_pass", "the harness has no back end that speaks uwsgi"),
    ("unsupported-upstream-protocol", "fastcgi_pass", "the harness has no back end that speaks FastCGI"),
    ("unsupported-upstream-protocol", "grpc_pass", "the harness has no back end that speaks gRPC"),
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
