//! `chain-timeouts-misaligned`: of two nginxes in a row one closes a silent WebSocket before the other would.
//!
//! Each has a timer of its own that traffic starts again (`http/ngx_http_upstream.c:
//! ngx_http_upstream_process_upgraded`). The one that ends first closes both sides, and the other follows at once.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::time;
use ws_model::applications::Sure;
use ws_model::chain::{Hop, Link};
use ws_model::{Endpoint, Source};

use crate::{FindingBuilder, Findings, Rule};

pub(super) struct ChainTimeoutsMisaligned;

const META: RuleMeta = RuleMeta {
    name: "chain-timeouts-misaligned",
    group: Group::Layers,
    severity: Severity::Warning,
    summary: "of two nginx servers in a row, one closes the WebSocket before the other would",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/chain-timeouts-misaligned.md"),
};

/// Limits below this are reported by `short-read-timeout`, in milliseconds.
const MINIMUM_MS: u64 = 300_000;

impl Rule for ChainTimeoutsMisaligned {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn link(&self, link: &Link<'_, '_>, out: &mut Findings) {
        let Link { outer, inner } = link;
        let (Some(outside), Some(inside)) = (known(outer), known(inner)) else { return };
        let limit = outside.min(inside);
        if outside == inside || limit == 0 || is_kept_open(link, limit) {
            return;
        }
        let (longer, shorter, which) =
            if outside > inside { (outer, inner, "behind it") } else { (inner, outer, "in front of it") };
        let (own, shown) = (time::display_ms(outside.max(inside)), time::display_ms(limit));
        let name = longer.idle.directive_name.as_str();
        let (directive, what) = match longer.idle.source {
            Source::Set { directive, .. } => (directive, format!("this limit of {own}")),
            _ => (longer.pass.directive, format!("the limit of {own}, the default of `{name}`,")),
        };
        let message = format!(
            "{what} has no effect: the nginx {which} closes the WebSocket after {shown} without traffic"
        );
        let mut finding = FindingBuilder::new(&META, &directive, message);
        if let Some(endpoint) = longer.endpoint.or(shorter.endpoint) {
            finding = finding.endpoint(endpoint);
        }
        let minimum = shorter.model.hints.min_read_timeout_ms.unwrap_or(MINIMUM_MS);
        if limit >= minimum || shorter.endpoint.is_some() {
            // It costs little, or it is said there.
            finding = finding.at_most(Severity::Info);
        }
        let is_assumed = longer.idle.source.is_assumed() || shorter.idle.source.is_assumed();
        finding = match shorter.idle.source {
            Source::Set { directive, .. } => {
                finding.because(&directive, format!("the other closes after {shown}"))
            }
            _ => finding
                .because(&shorter.pass.directive, format!("the other closes after {shown}, by default")),
        };
        let there = shorter.idle.directive_name.as_str();
        let help = format!(
            "set `{there} {own};` there too, or send a ping from either side more often than every {shown}"
        );
        out.push(finding.assumed(is_assumed).help(help));
    }
}

/// The limit of a hop in milliseconds, where it is known.
fn known(hop: &Hop<'_, '_>) -> Option<u64> {
    hop.idle.milliseconds.filter(|_| !matches!(hop.idle.source, Source::Unknown(_)))
}

/// Whether something is known to be sent before the limit.
fn is_kept_open(link: &Link<'_, '_>, limit: u64) -> bool {
    let hops = [&link.outer, &link.inner];
    let told = hops.iter().find_map(|hop| hop.model.hints.heartbeat_ms);
    let in_time = |endpoint: &Endpoint<'_>| {
        endpoint.applications().into_iter().filter_map(|application| application.heartbeat).any(|heartbeat| {
            let seconds = u64::from(heartbeat.seconds);
            seconds > 0 && seconds * 1_000 < limit && heartbeat.sure != Sure::Low
        })
    };
    match told {
        Some(heartbeat) => (1..limit).contains(&heartbeat),
        None => hops.iter().filter_map(|hop| hop.endpoint).any(in_time),
    }
}
