//! For each rule the manner in which its Example fails, and what an upstream is to receive then.

use nginx_semantics::NginxVersion;

use crate::Head;

/// Since this release nginx speaks HTTP/1.1 to upstreams and sends no `Connection: close` by default.
const NEW_DEFAULTS: NginxVersion = NginxVersion::new(1, 29, 7);

/// How an Example fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `nginx -t` refuses it with a message that the page quotes.
    Refused,
    /// A browser's handshake gets a status that the page names.
    Status,
    /// The tunnel is closed after the time that the page or the block says.
    Closed,
    /// Handshakes work; ordinary requests pay.
    Ordinary,
    /// Handshakes work; nginx keeps the connection when the client closes it, and logs no line for it.
    Kept,
    /// Handshakes work; no line is logged for them.
    Unlogged,
    /// It needs `stream`, which nginx refuses without the module; where that is there, `-t` accepts the block.
    NotRun,
    /// Handshakes work; [`NOT_SEEN`] has what it costs, and why that is not looked at.
    Works,
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
pub(crate) const EXPECTED: [Expected; 25] = [
    Expected { rule: "access-log-off", manner: Manner::Unlogged, ..ANY },
    Expected { rule: "dead-peer-undetected", manner: Manner::Works, ..ANY },
    Expected {
        rule: "http10-upstream",
        manner: Manner::Status,
        upstream: |_, head| head.protocol() == "HTTP/1.0" && head.has_token("Upgrade", "websocket"),
        ..ANY
    },
    Expected {
        rule: "http2-upstream",
        manner: Manner::Status,
        since: Some(NginxVersion::new(1, 29, 4)),
        upstream: |_, head| head.line == "PRI * HTTP/2.0",
        ..ANY
    },
    Expected { rule: "include-cycle", ..ANY },
    Expected { rule: "include-not-found", ..ANY },
    Expected {
        rule: "keepalive-defeated",
        manner: Manner::Ordinary,
        ordinary: |heads| heads.iter().all(|head| head.has_token("Connection", "close")),
        ..ANY
    },
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
    Expected { rule: "log-format-blind", manner: Manner::Works, ..ANY },
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
    Expected { rule: "no-shutdown-timeout", manner: Manner::Works, ..ANY },
    Expected { rule: "nofile-below-connections", manner: Manner::Works, ..ANY },
    Expected { rule: "short-read-timeout", manner: Manner::Closed, ..ANY },
    Expected { rule: "shutdown-timeout-drops", manner: Manner::Works, ..ANY },
    Expected { rule: "stream-timeout", manner: Manner::NotRun, ..ANY },
    Expected { rule: "syntax-error", ..ANY },
    Expected { rule: "timeouts-not-logged", manner: Manner::Works, ..ANY },
    Expected { rule: "undefined-variable", ..ANY },
    Expected {
        rule: "upgrade-headers-not-inherited",
        manner: Manner::Status,
        upstream: |_, head| head.header("Upgrade").is_none() && !head.has_token("Connection", "upgrade"),
        ..ANY
    },
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
pub(crate) const NOT_SEEN: [(&str, &str, &str); 11] = [
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
        "log-format-blind",
        "a log in nginx's own format lacks the upstream and the duration",
        "the harness adds such a log; what the format of the remedy tells is counted in `nginx-proof/tests/logs.rs`",
    ),
    (
        "no-shutdown-timeout",
        "the old ones end when their last connection does",
        "nginx runs without a master here, and so without reloads",
    ),
    (
        "nofile-below-connections",
        "handshakes fail when the worker may open no more files",
        "only workers below a master set the limit, and here nginx runs without one",
    ),
    (
        "shutdown-timeout-drops",
        "each reload cuts off every client",
        "nginx runs without a master here, and so without reloads",
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
    (
        "worker-connections-budget",
        "new connections are closed when none is left",
        "that is looked at in `nginx-proof/tests/logs.rs`, with connections that `limit_rate` keeps",
    ),
];

/// Blocks that are only tested with `-t`: rule, what is special about the block's text, why.
pub(crate) const NOT_OBSERVED: [(&str, &str, &str); 1] =
    [("short-read-timeout", "uwsgi_pass", "the harness has no back end that speaks uwsgi")];

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
