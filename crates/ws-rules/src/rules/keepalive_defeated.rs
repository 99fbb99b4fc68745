//! `keepalive-defeated`: the usual map sends `Connection: close` for ordinary requests to an upstream with keepalive.
//!
//! A back end that is told `close` closes, and nginx opens a new connection for the next request
//! (`http/ngx_http_upstream.c:ngx_http_upstream_process_connection`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity};
use nginx_semantics::{ContextId, Directive, DirectiveName, Part, defaults, parts, upstream};
use ws_model::{Endpoint, OrdinaryRequest, has_token};

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct KeepaliveDefeated;

const META: RuleMeta = RuleMeta {
    name: "keepalive-defeated",
    group: Group::Capacity,
    severity: Severity::Info,
    summary: "ordinary requests send `Connection: close` to an upstream that keeps connections alive",
    since: "0.1.0",
    fix: FixKind::Sometimes,
    docs: include_str!("keepalive_defeated.md"),
};

impl Rule for KeepaliveDefeated {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &endpoint.handshake else { return };
        let [line] = handshake.connection.lines.as_slice() else { return };
        let Some(keepalive) = keepalive(cx, endpoint).filter(|_| endpoint.may_serve_ordinary_requests())
        else {
            return;
        };
        let [Part::Variable(name)] = parts(&line.written)[..] else { return };
        let evaluator = cx.model.evaluator(&OrdinaryRequest, endpoint.context);
        let sends_close = evaluator.value(&line.written).surely(|value| has_token(value, "close"));
        let Some((_, Some(entry))) = evaluator.deciding_entry(name).filter(|_| sends_close) else { return };
        let message = "nginx sends `Connection: close` with ordinary requests, so the upstream's connections are not kept alive";
        out.push(
            FindingBuilder::new(&META, &entry, message)
                .endpoint(endpoint)
                .because(&line.directive, "`Connection` takes the map's value here")
                .because(&keepalive, "this upstream keeps connections alive")
                .help("write `'' '';`: an empty value sends no `Connection` at all")
                .fix("send no `Connection`", Applicability::Unsafe, Edits::new().argument(&entry, 0, "")),
        );
    }
}

/// The line that makes the upstream keep connections: `keepalive`, or the block itself since nginx 1.29.7.
fn keepalive<'s>(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>) -> Option<Directive<'s>> {
    let block: ContextId = upstream(cx.configuration(), endpoint.context, &endpoint.target.host)?;
    match cx.configuration().named(block, DirectiveName::KEEPALIVE).next() {
        Some(keepalive) => (keepalive.argument(0).as_deref() != Some(b"0")).then_some(keepalive),
        None if cx.versions().all_since(defaults::HTTP11_BY_DEFAULT) => cx.configuration().opener(block),
        None => None,
    }
}
