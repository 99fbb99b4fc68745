//! `nofile-below-connections`: a worker may open fewer files than it has connections.
//!
//! Each connection is a descriptor. `worker_rlimit_nofile` sets both limits of a worker
//! (`os/unix/ngx_process_cycle.c:ngx_worker_process_init`); nginx warns at its start at best
//! (`event/ngx_event.c:ngx_event_module_init`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::DirectiveName;
use ws_model::{Source, number};

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct NofileBelowConnections;

const META: RuleMeta = RuleMeta {
    name: "nofile-below-connections",
    group: Group::Capacity,
    severity: Severity::Warning,
    summary: "`worker_rlimit_nofile` allows fewer connections than `worker_connections`",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/nofile-below-connections.md"),
};

impl Rule for NofileBelowConnections {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let Some(first) = cx.foremost() else { return };
        let Source::Set { directive, .. } = cx.model.in_main(DirectiveName::WORKER_RLIMIT_NOFILE) else {
            return;
        };
        let (Some(files), Some((connections, line))) = (number(&directive), cx.model.worker_connections())
        else {
            return;
        };
        if files >= connections {
            return;
        }
        let message = format!(
            "a worker may open {files} files, fewer than its {connections} connections, so nginx turns clients away early"
        );
        let mut finding = FindingBuilder::new(&META, &directive, message).endpoint(first);
        if let Some(line) = line.or_else(|| cx.model.events()) {
            finding = finding.because(&line, "how many connections a worker has");
        }
        // Logs and files that are served are open beside the connections.
        let enough = connections.saturating_mul(2);
        let title = format!("write `worker_rlimit_nofile {enough}`");
        let edits = Edits::new().argument(&directive, 0, enough.to_string());
        finding = finding.fix(title, Applicability::Unsafe, edits);
        out.push(finding.help(format!("write `worker_rlimit_nofile {enough};`")));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{REST, check, fixed, help};

    #[test]
    fn fewer_files_than_connections() {
        let findings = check(&format!(
            "    worker_rlimit_nofile 1024;
   #^^^^^^^^^^^^^^^^^^^^^^^^^ warning: a worker may open 1024 files, fewer than its 4096 connections, so nginx turns clients away early
events {{ worker_connections 4096; }}
worker_shutdown_timeout 1h;
{REST}"
        ));
        assert_eq!(help(&findings[0]), "write `worker_rlimit_nofile 8192;`");
    }

    #[test]
    fn silent_where_they_are_enough_or_not_known() {
        for main in [
            "worker_rlimit_nofile 8192; events { worker_connections 4096; }",
            "worker_rlimit_nofile 1024; events { worker_connections 1024; }",
            "events { worker_connections 4096; }",
            "worker_rlimit_nofile 100; events { include /opt/events.conf; }",
        ] {
            check(&format!("{main}\nworker_shutdown_timeout 1h;\n{REST}"));
        }
        let plain = REST.replace("/ws/", "/").replace("proxy_set_header", "#");
        check(&format!("worker_rlimit_nofile 100; events {{ worker_connections 1024; }}\n{plain}"));
    }

    #[test]
    fn twice_as_many_files() {
        let text = |files: u32| {
            format!(
                "worker_rlimit_nofile {files};\nworker_shutdown_timeout 1h;\nevents {{ worker_connections 4096; }}\n{REST}"
            )
        };
        assert_eq!(fixed(Applicability::Unsafe, "nofile-below-connections", &text(1024)), text(8192));
    }
}
