//! `worker-connections-budget`: the WebSockets that are expected need more connections than nginx has, or a worker has few.
//!
//! A proxied WebSocket takes two of a worker's `worker_connections`, one to the client and one to the upstream
//! (`core/ngx_connection.c:ngx_get_connection`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Directive, DirectiveName};
use ws_model::{Source, number};

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct WorkerConnectionsBudget;

const META: RuleMeta = RuleMeta {
    name: "worker-connections-budget",
    group: Group::Capacity,
    severity: Severity::Warning,
    summary: "`worker_connections` is too low for the expected WebSockets",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/worker-connections-budget.md"),
};

/// The client's and the upstream's.
const PER_WEBSOCKET: u64 = 2;

/// What nginx.org's packages are set up with; the default of 512 and Debian's 768 are meant for ordinary requests.
const FEW: u64 = 1024;

/// With `auto` there is a worker for each core, and hardly a machine has more.
const MOST_CORES: u64 = 256;

impl Rule for WorkerConnectionsBudget {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let Some(first) = cx.foremost() else { return };
        let Some((connections, line)) = cx.model.worker_connections() else { return };
        let Some(directive) = line.or_else(|| cx.model.events()) else { return };
        let default = if line.is_none() { ", by default" } else { "" };
        let Some(expected) = cx.model.hints.expected_connections else {
            if connections < FEW {
                let most = connections / PER_WEBSOCKET;
                let message = format!(
                    "a worker holds at most {most} WebSockets: nginx takes two of its {connections} connections for each{default}"
                );
                let help = "set `worker_connections 4096;` in `events` if more may come, or set `expected-connections` in the settings file to compare the two";
                let (title, edits) = raised(cx, line, 4096);
                out.push(
                    FindingBuilder::new(&META, &directive, message)
                        .endpoint(first)
                        .at_most(Severity::Info)
                        .fix(title, Applicability::Unsafe, edits)
                        .help(help),
                );
            }
            return;
        };
        let (workers, processes) = match cx.model.in_main(DirectiveName::WORKER_PROCESSES) {
            Source::Default { is_assumed: false } => (1, None),
            Source::Set { directive, .. } if directive.argument(0).as_deref() == Some(b"auto") => {
                (MOST_CORES, Some(directive))
            }
            Source::Set { directive, .. } => match number(&directive) {
                Some(workers) => (workers, Some(directive)),
                None => return,
            },
            Source::Default { is_assumed: true } | Source::Unknown(_) => return,
        };
        let needed = expected.saturating_mul(PER_WEBSOCKET);
        if needed <= workers.saturating_mul(connections) {
            return;
        }
        let has = match (processes.is_some(), workers) {
            (true, MOST_CORES) => format!("even {MOST_CORES} workers of {connections} do not have"),
            (_, 1) => format!("its only worker has {connections}"),
            (_, workers) => format!("its {workers} workers of {connections} have {}", workers * connections),
        };
        let message = format!(
            "nginx needs {needed} connections for {expected} WebSockets, two for each; {has}{default}"
        );
        let mut finding = FindingBuilder::new(&META, &directive, message).endpoint(first);
        if let Some(processes) = processes {
            finding = finding.because(&processes, "how many workers there are");
        }
        let each = needed.div_ceil(if workers == MOST_CORES { 1 } else { workers.max(1) });
        // The other half is for ordinary requests, for what reconnects, and for workers that get more than their share.
        let enough = each.saturating_add(each / 2).checked_next_power_of_two().unwrap_or(each);
        let help = if workers == MOST_CORES {
            "raise `worker_connections` until all cores together have twice the expected number of WebSockets"
                .to_owned()
        } else {
            let (title, edits) = raised(cx, line, enough);
            finding = finding.fix(title, Applicability::Unsafe, edits);
            format!(
                "write `worker_connections {enough};` in `events`, and `worker_rlimit_nofile {enough};` beside it"
            )
        };
        out.push(finding.help(help));
    }
}

/// So many connections for each worker; where a limit on open files is set it grows with them.
fn raised(cx: &Context<'_, '_>, line: Option<Directive<'_>>, connections: u64) -> (String, Edits) {
    let mut edits = match (line, cx.model.events()) {
        (Some(line), _) => Edits::new().argument(&line, 0, connections.to_string()),
        (None, Some(events)) => {
            Edits::new().at_start(&events, &[format!("worker_connections {connections};")])
        }
        (None, None) => Edits::impossible(),
    };
    if let Source::Set { directive, .. } = cx.model.in_main(DirectiveName::WORKER_RLIMIT_NOFILE) {
        if number(&directive).is_some_and(|files| files < connections) {
            edits = edits.argument(&directive, 0, connections.to_string());
        }
    }
    (format!("write `worker_connections {connections}`"), edits)
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Finding};

    use crate::testing::{Options, REST, check_with, fixed, help};

    #[track_caller]
    fn judged(options: Options, main: &str) -> Vec<Finding> {
        check_with(options, &format!("{main}\nworker_shutdown_timeout 1h;\n{REST}"))
    }

    #[track_caller]
    fn expecting(expected: u64, main: &str) -> Vec<Finding> {
        judged(Options { expected_connections: Some(expected), ..Options::default() }, main)
    }

    #[test]
    fn the_defaults() {
        let findings = expecting(
            300,
            "    events {
   #^^^^^^ warning: nginx needs 600 connections for 300 WebSockets, two for each; its only worker has 512, by default
    }",
        );
        assert!(help(&findings[0]).starts_with("write `worker_connections 1024;` in `events`"));
    }

    #[test]
    fn what_is_set_is_too_little() {
        expecting(
            20_000,
            "worker_processes 4;
    events {
        worker_connections 4096;
       #^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx needs 40000 connections for 20000 WebSockets, two for each; its 4 workers of 4096 have 16384
    }",
        );
        expecting(
            100_000,
            "worker_processes auto;
    events {
   #^^^^^^ warning: nginx needs 200000 connections for 100000 WebSockets, two for each; even 256 workers of 512 do not have, by default
    }",
        );
    }

    #[test]
    fn silent_where_it_is_enough_or_not_known() {
        for main in [
            "worker_processes 4; events { worker_connections 10000; }",
            "worker_processes auto; events { worker_connections 4096; }",
            "worker_processes 1; events { include /opt/events.conf; }",
            "include /opt/main.conf; events { worker_connections 4096; }",
        ] {
            expecting(20_000, main);
        }
        judged(Options::default(), "events { worker_connections 1024; }");
    }

    #[test]
    fn a_worker_that_holds_few() {
        for main in [
            "    events {
   #^^^^^^ info: a worker holds at most 256 WebSockets: nginx takes two of its 512 connections for each, by default
    }",
            "events {
        worker_connections 768;
       #^^^^^^^^^^^^^^^^^^^^^^ info: a worker holds at most 384 WebSockets: nginx takes two of its 768 connections for each
}",
        ] {
            judged(Options::default(), main);
        }
    }

    #[test]
    fn connections_and_files_grow() {
        let text = |files: u32, connections: &str| {
            format!(
                "worker_rlimit_nofile {files};\nworker_shutdown_timeout 1h;\nevents {{{connections}}}\n{REST}"
            )
        };
        let after = fixed(
            Applicability::Unsafe,
            "worker-connections-budget",
            &text(1024, " worker_connections 64; "),
        );
        assert_eq!(after, text(4096, " worker_connections 4096; "));
        assert_eq!(
            fixed(Applicability::Unsafe, "worker-connections-budget", &text(8192, "")),
            text(8192, " worker_connections 4096; ")
        );
    }
}
