//! `dead-peer-undetected`: a peer that is gone without a word holds its WebSocket until the idle limit ends.
//!
//! Without a FIN or RST only TCP's own means tell: retransmission where something is sent, keepalive probes where not.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::time;
use ws_model::applications::Sure;
use ws_model::{Endpoint, Source};

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct DeadPeerUndetected;

const META: RuleMeta = RuleMeta {
    name: "dead-peer-undetected",
    group: Group::Lifetime,
    severity: Severity::Pedantic,
    summary: "a peer that vanished keeps its WebSocket open for hours: nothing probes the connection",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Expiry,
    docs: include_str!("../../pages/dead-peer-undetected.md"),
};

/// Up to here an idle limit is short enough by itself, in milliseconds.
const ENOUGH_MS: u64 = 3_600_000;

impl Rule for DeadPeerUndetected {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let (Some(limit), Source::Set { directive, .. }) = (endpoint.idle.milliseconds, endpoint.idle.source)
        else {
            return;
        };
        if limit <= ENOUGH_MS || has_heartbeat(cx, endpoint) {
            return;
        }
        let is_unprobed = |probes: Option<bool>| probes == Some(false);
        let (clients, upstream) =
            (is_unprobed(cx.model.probes_clients(endpoint)), is_unprobed(cx.model.probes_upstream(endpoint)));
        let listen = "`so_keepalive=5m:30s:4` at `listen`";
        let socket = format!(
            "`{}` in {}",
            endpoint.idle.directive_name.as_str().replace("read_timeout", "socket_keepalive on;"),
            endpoint.location_words()
        );
        let (who, help) = match (clients, upstream) {
            (true, true) => ("a client or a back end", format!("{listen} and {socket}")),
            (true, false) => ("a client", listen.to_owned()),
            (false, true) => ("a back end", socket),
            (false, false) => return,
        };
        let message = format!(
            "{who} that vanished without closing keeps its WebSocket open for {}: nothing probes the connection",
            time::display_ms(limit)
        );
        out.push(
            FindingBuilder::new(&META, &directive, message).endpoint(endpoint).help(format!("write {help}")),
        );
    }
}

/// Whether either side is known to send something: what is not acknowledged ends the connection.
fn has_heartbeat(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> bool {
    let applications = endpoint.applications();
    let mut beats = applications.iter().filter_map(|application| application.heartbeat);
    cx.model.hints.heartbeat_ms.is_some() || beats.any(|beat| beat.seconds > 0 && beat.sure != Sure::Low)
}

#[cfg(test)]
mod tests {
    use lint_finding::Finding;

    use crate::testing::{Options, check_with, help};

    #[track_caller]
    fn check(text: &str) -> Vec<Finding> {
        check_with(Options { is_pedantic: true, ..Options::default() }, text)
    }

    fn with(text: &str) -> String {
        text.replace(
            '@',
            "proxy_http_version 1.1; proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade;",
        )
    }

    #[test]
    fn neither_side_is_probed() {
        let findings = check(&with(
            "
    location /ws/ {
        @ proxy_pass http://10.0.0.1:9000;
        proxy_read_timeout 1d;
       #^^^^^^^^^^^^^^^^^^^^^ pedantic: a client or a back end that vanished without closing keeps its WebSocket open for 1d: nothing probes the connection
    }
",
        ));
        assert_eq!(
            help(&findings[0]),
            "write `so_keepalive=5m:30s:4` at `listen` and `proxy_socket_keepalive on;` in this location"
        );
    }

    #[test]
    fn one_side_is_probed() {
        check(&with(
            "
server {
    listen 80 so_keepalive=on;
    location /ws/ {
        @ proxy_pass http://10.0.0.1:9000;
        proxy_read_timeout 2h;
       #^^^^^^^^^^^^^^^^^^^^^ pedantic: a back end that vanished…
    }
    location /websocket {
        @ proxy_pass http://127.0.0.1:9000;
        proxy_read_timeout 1d;
    }
}
server {
    listen 81;
    location /ws/ {
        @ proxy_pass http://10.0.0.1:9000; proxy_socket_keepalive on;
        proxy_read_timeout 1d;
       #^^^^^^^^^^^^^^^^^^^^^ pedantic: a client that vanished…
    }
}
",
        ));
    }

    #[test]
    fn silent_with_a_limit_an_hour_long_a_heartbeat_or_an_unknown_socket() {
        check(&with("location /ws/ { @ proxy_pass http://10.0.0.1; proxy_read_timeout 1h; }"));
        check(&with("location /socket.io/ { @ proxy_pass http://10.0.0.1; proxy_read_timeout 1d; }"));
        check(&with(
            "server { listen 80; location /ws/ { @ proxy_pass http://unix:/run/a; proxy_read_timeout 1d; } }
             server { listen 80 so_keepalive=on; }",
        ));
        check(&with(
            "server { include missing/*.conf; location /ws/ { @ proxy_pass http://unix:/run/a; proxy_read_timeout 1d; } }",
        ));
    }
}
