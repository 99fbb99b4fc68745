//! `short-read-timeout`: nginx closes an idle connection after less than the minimum.
//!
//! One timer ends an idle tunnel, `proxy_read_timeout`; traffic in either direction starts it again
//! (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity};
use nginx_semantics::{Directive, DirectiveName, Effective, effective, time};
use ws_model::applications::{Application, Heartbeat, Sure};
use ws_model::{Endpoint, IdleSource};

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct ShortReadTimeout;

const META: RuleMeta = RuleMeta {
    name: "short-read-timeout",
    group: Group::Lifetime,
    severity: Severity::Error,
    summary: "nginx closes a WebSocket that is silent for less than five minutes",
    since: "0.1.0",
    fix: FixKind::Sometimes,
    docs: include_str!("short_read_timeout.md"),
};

/// Limits below this are reported, in milliseconds.
const MINIMUM_MS: u64 = 300_000;

/// Directives that people raise instead; none of them keeps a silent WebSocket open.
const NO_HELP: [DirectiveName; 3] =
    [DirectiveName::PROXY_SEND_TIMEOUT, DirectiveName::SEND_TIMEOUT, DirectiveName::KEEPALIVE_TIMEOUT];

impl Rule for ShortReadTimeout {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(idle) = &endpoint.idle else { return };
        let Some(limit) = idle.milliseconds.filter(|limit| *limit < MINIMUM_MS) else { return };
        let name = idle.directive_name.as_str();
        let shown = time::display_ms(limit);
        let remedy = format!("`{name} 3600s;`");
        let mut finding = match idle.source {
            IdleSource::Set { directive, .. } if limit == 0 => FindingBuilder::new(
                &META,
                &directive,
                format!(
                    "`{name} 0` is no limit switched off but one of no time: nginx answers the handshake with 504 at once"
                ),
            ),
            IdleSource::Set { directive, .. } => FindingBuilder::new(
                &META,
                &directive,
                format!("nginx closes the WebSocket after {shown} without traffic in either direction"),
            ),
            IdleSource::Default { is_assumed } => {
                let message = format!(
                    "nginx closes the WebSocket after {shown} without traffic in either direction, the default of `{name}`"
                );
                FindingBuilder::new(&META, &endpoint.pass.directive, message).assumed(is_assumed)
            }
            IdleSource::Unknown(_) => return,
        };
        finding = finding.endpoint(endpoint);
        let mut help = match idle.source {
            IdleSource::Set { directive, is_here: true } => {
                finding = finding.replace(Applicability::Safe, &directive, 0, "3600s");
                format!("write {remedy}")
            }
            _ => format!("add {remedy} to this location"),
        };
        if limit > 0 {
            let heartbeat =
                endpoint.applications().into_iter().find_map(|application| in_time(application, limit));
            finding = finding.at_most(if heartbeat.is_some() { Severity::Info } else { Severity::Warning });
            help.push_str(&match heartbeat {
                Some((application, seconds)) => {
                    format!(
                        "; {} sends something every {seconds}s by default, which keeps the connection open",
                        application.name
                    )
                }
                None => format!(", or have either side send a ping more often than every {shown}"),
            });
        }
        for directive in NO_HELP.into_iter().filter_map(|name| raised(cx, endpoint, name, limit)) {
            finding = finding.label(&directive, "this does not keep a silent WebSocket open");
        }
        out.push(finding.help(help));
    }
}

/// The application and its interval in seconds, where it is known to send something before the limit.
fn in_time(application: &'static Application, limit: u64) -> Option<(&'static Application, u32)> {
    let Heartbeat { seconds, sure, .. } = application.heartbeat?;
    let is_known = seconds > 0 && sure != Sure::Low;
    (is_known && u64::from(seconds) * 1_000 < limit).then_some((application, seconds))
}

/// The directive in effect for `name`, where it was raised above the limit.
fn raised<'s>(
    cx: &Context<'_, 's>,
    endpoint: &Endpoint<'_>,
    name: DirectiveName,
    limit: u64,
) -> Option<Directive<'s>> {
    let Effective::Set(declared) = effective(cx.configuration(), endpoint.context, name) else { return None };
    let directive = *declared.directives.first()?;
    let value = directive.argument(0).and_then(|time| time::parse_ms(&time))?;
    // The usual 65s of a shipped nginx.conf, or the defaults written down, are no attempt to help.
    (value > limit && value >= MINIMUM_MS).then_some(directive)
}
