//! `shutdown-timeout-drops`: each reload closes all WebSockets after a short time.
//!
//! When the time is over, `core/ngx_cycle.c:ngx_shutdown_timer_handler` marks every connection of an old worker as
//! closed, whatever it carries.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{DirectiveName, time};
use ws_model::Source;

use crate::{Context, Edits, FindingBuilder, Findings, Rule, given};

pub(super) struct ShutdownTimeoutDrops;

const META: RuleMeta = RuleMeta {
    name: "shutdown-timeout-drops",
    group: Group::Lifetime,
    severity: Severity::Warning,
    summary: "each reload closes all WebSockets within a minute",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Expiry,
    docs: include_str!("../../pages/shutdown-timeout-drops.md"),
};

/// Times below this are reported, in milliseconds: clients have no time to leave one after the other.
const MINIMUM_MS: u64 = 60_000;

impl Rule for ShutdownTimeoutDrops {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let Some(first) = cx.foremost() else { return };
        let source = cx.model.in_main(DirectiveName::WORKER_SHUTDOWN_TIMEOUT);
        let Source::Set { directive, .. } = source else { return };
        let limit = directive.argument(0).and_then(|time| time::parse_ms(&time));
        let Some(limit) = limit.filter(|limit| (1..MINIMUM_MS).contains(limit)) else { return };
        let message =
            format!("nginx closes all WebSockets at once {} after each reload", time::display_ms(limit));
        let finding = FindingBuilder::new(&META, &directive, message).endpoint(first).fix(
            "write `worker_shutdown_timeout 1h`",
            Applicability::Unsafe,
            Edits::new().argument(&directive, 0, "1h"),
        );
        let line =
            given::setting(&directive, "1h").unwrap_or_else(|| "worker_shutdown_timeout 1h;".to_owned());
        out.push(finding.help(format!(
            "write `{line}`, or at least some minutes, so that clients do not all reconnect in the same second"
        )));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{REST, check, fixed, found};

    #[test]
    fn a_short_one() {
        check(&format!(
            "worker_processes 2;
    worker_shutdown_timeout 10s;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes all WebSockets at once 10s after each reload
events {{ worker_connections 1024; }}
{REST}"
        ));
    }

    #[test]
    fn an_hour_takes_its_place() {
        let text = |time: &str| {
            format!(
                "worker_shutdown_timeout {time}; # a reload\nevents {{ worker_connections 1024; }}\n{REST}"
            )
        };
        let after = fixed(Applicability::Unsafe, "shutdown-timeout-drops", &text("10s"));
        assert_eq!(after, text("1h"));
    }

    #[test]
    fn a_minute_is_enough() {
        for time in ["60", "1m", "240s", "1h"] {
            assert!(
                found(&format!(
                    "worker_shutdown_timeout {time};\nevents {{ worker_connections 1024; }}\n{REST}"
                ))
                .is_empty(),
                "{time}"
            );
        }
    }

    #[test]
    fn silent_without_an_endpoint() {
        let text = format!("worker_shutdown_timeout 1s;\nevents {{ }}\n{REST}").replace("/ws/", "/");
        assert!(found(&text.replace("proxy_set_header", "#")).is_empty());
    }
}
