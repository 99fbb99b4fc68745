//! `no-shutdown-timeout`: after a reload, old workers live until their last WebSocket ends.
//!
//! A worker that is to end waits for all connections that are not idle (`os/unix/ngx_process_cycle.c:
//! ngx_worker_process_cycle`, `ngx_event_no_timers_left`), and a tunnel never is. `worker_shutdown_timeout` closes what
//! is left (`core/ngx_cycle.c:ngx_shutdown_timer_handler`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{DirectiveName, time};
use ws_model::Source;

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct NoShutdownTimeout;

const META: RuleMeta = RuleMeta {
    name: "no-shutdown-timeout",
    group: Group::Lifetime,
    severity: Severity::Info,
    summary: "old workers keep running after a reload until their last WebSocket closes",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Expiry,
    docs: include_str!("../../pages/no-shutdown-timeout.md"),
};

impl Rule for NoShutdownTimeout {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let Some(first) = cx.foremost() else { return };
        let (finding, edits) = match cx.model.in_main(DirectiveName::WORKER_SHUTDOWN_TIMEOUT) {
            Source::Set { directive, .. }
                if directive.argument(0).and_then(|time| time::parse_ms(&time)) == Some(0) =>
            {
                let finding = FindingBuilder::new(
                    &META,
                    &directive,
                    "`worker_shutdown_timeout 0` sets no limit: after a reload, old workers run until their last WebSocket closes",
                );
                (finding, Edits::new().argument(&directive, 0, "1h"))
            }
            Source::Default { is_assumed: false } => {
                let Some(events) = cx.model.events() else { return };
                let finding = FindingBuilder::new(
                    &META,
                    &events,
                    "without `worker_shutdown_timeout`, old workers keep running after a reload until their last WebSocket closes",
                );
                (finding, Edits::new().before(&events, &["worker_shutdown_timeout 1h;"]))
            }
            _ => return,
        };
        let title = "write `worker_shutdown_timeout 1h`";
        out.push(finding.endpoint(first).fix(title, Applicability::Unsafe, edits).help(
            "add `worker_shutdown_timeout 1h;` next to `events`: long enough for most WebSockets to close by themselves",
        ));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, REST, check, check_with, fixed, found};

    /// A whole main file with these lines on its top level.
    fn with(main: &str) -> String {
        format!(
            "worker_processes 2;\nerror_log logs/error.log info;\n{main}\nhttp {{
    log_format ws '$status $request_time $upstream_addr';
    access_log logs/access.log ws;
    include sites/*.conf;
    server {{
        location /ws/ {{
            proxy_pass http://127.0.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 1h;
        }}
    }}
}}
"
        )
    }

    #[test]
    fn no_limit() {
        check(&with(
            "    events {
   #^^^^^^ info: without `worker_shutdown_timeout`, old workers keep running after a reload until their last WebSocket closes
    worker_connections 1024; }",
        ));
    }

    #[test]
    fn a_limit_of_none() {
        check(&with(
            "events { worker_connections 1024; }
    worker_shutdown_timeout 0;
   #^^^^^^^^^^^^^^^^^^^^^^^^^ info: `worker_shutdown_timeout 0` sets no limit…",
        ));
    }

    #[test]
    fn silent_with_a_limit() {
        assert!(found(&with("events { worker_connections 1024; }\nworker_shutdown_timeout 5m;")).is_empty());
    }

    #[test]
    fn an_include_that_may_set_it() {
        for include in ["include /opt/main.conf;", "include /opt/main.d/*.conf;"] {
            assert!(
                found(&with(&format!("events {{ worker_connections 1024; }}\n{include}"))).is_empty(),
                "{include}"
            );
        }
        let modules = with("events { worker_connections 1024; }\ninclude /etc/nginx/modules-enabled/*.conf;");
        assert_eq!(found(&modules).len(), 1);
    }

    #[test]
    fn silent_without_an_endpoint_and_in_what_is_no_main_file() {
        assert!(
            found(
                &with("events { worker_connections 1024; }")
                    .replace("/ws/", "/")
                    .replace("proxy_set_header", "#")
            )
            .is_empty()
        );
        let text = with("").replace("worker_processes 2;\nerror_log logs/error.log info;", "");
        check_with(Options::bare(), &text);
    }

    #[test]
    fn the_line_stands_before_events() {
        let after =
            fixed(Applicability::Unsafe, "no-shutdown-timeout", &format!("user a;\nevents {{\n}}\n{REST}"));
        assert_eq!(after, format!("user a;\nworker_shutdown_timeout 1h;\nevents {{\n}}\n{REST}"));
    }
}
