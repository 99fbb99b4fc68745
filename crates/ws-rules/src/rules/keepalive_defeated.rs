//! `keepalive-defeated`: the usual map sends `Connection: close` for ordinary requests to an upstream with keepalive.
//!
//! A back end that is told `close` closes, and nginx opens a new connection for the next request
//! (`http/ngx_http_upstream.c:ngx_http_upstream_process_connection`).

use crate::map_entry::safe_for_handshakes;
use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Part, parts};
use ws_model::{Endpoint, OrdinaryRequest, has_token};

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct KeepaliveDefeated;

const META: RuleMeta = RuleMeta {
    name: "keepalive-defeated",
    group: Group::Capacity,
    severity: Severity::Info,
    summary: "ordinary requests send `Connection: close` to an upstream that keeps connections alive",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/keepalive-defeated.md"),
};

impl Rule for KeepaliveDefeated {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let [line] = handshake.connection.lines.as_slice() else { return };
        let Some(keepalive) = cx.model.keepalive(endpoint).filter(|_| endpoint.may_serve_ordinary_requests())
        else {
            return;
        };
        let [Part::Variable(name)] = parts(&line.written)[..] else { return };
        let evaluator = cx.model.evaluator(&OrdinaryRequest, endpoint.context);
        let sends_close = evaluator.value(&line.written).surely(|value| has_token(value, "close"));
        let Some((map, Some(entry))) = evaluator.deciding_entry(name).filter(|_| sends_close) else { return };
        let message = "nginx sends `Connection: close` with ordinary requests, so the upstream's connections are not kept alive";
        out.push(
            FindingBuilder::new(&META, &entry, message)
                .endpoint(endpoint)
                .because(&line.directive, "`Connection` takes the map's value here")
                .because(&keepalive, "this upstream keeps connections alive")
                .help("write `'' '';`: an empty value sends no `Connection` at all")
                .fix(
                    "send no `Connection`",
                    safe_for_handshakes(cx, map),
                    Edits::new().argument(&entry, 0, ""),
                ),
        );
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::fixed;

    #[test]
    fn the_entry_sends_nothing() {
        let text = |value: &str| {
            format!(
                "map $http_upgrade $c {{ default upgrade; '' {value}; }}\nupstream a {{ server 127.0.0.1:9000; keepalive 8; }}\nserver {{ location / {{ \
             proxy_pass http://a; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $c; }} }}\n"
            )
        };
        assert_eq!(fixed(Applicability::Safe, "keepalive-defeated", &text("close")), text("''"));
    }
}
