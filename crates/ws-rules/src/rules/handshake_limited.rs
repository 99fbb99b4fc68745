//! `handshake-limited`: `limit_conn` or `limit_req` counts WebSockets.
//!
//! The slot of `limit_conn` is held as long as the tunnel is open; `limit_req` counts handshakes alone. See
//! [`ws_model::Limit`].

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::time;
use ws_model::{Endpoint, Limit, Most};

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct HandshakeLimited;

const META: RuleMeta = RuleMeta {
    name: "handshake-limited",
    group: Group::Capacity,
    severity: Severity::Warning,
    summary: "`limit_conn` or `limit_req` counts WebSockets, and nginx answers 503 to those above the limit",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/handshake-limited.md"),
};

/// So many requests at once are what a page brings along; a burst of as many leaves room for them.
const ROOM: u32 = 5;
/// So few connections for everybody are a mistake rather than a limit.
const FEW: u32 = 20;
/// Handshakes of one client that come sooner after another are no everyday matter, in milliseconds.
const SOON_MS: u64 = 100;

impl Rule for HandshakeLimited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        for limit in cx.model.limits(endpoint) {
            let said = match limit.most {
                Most::Connections(most) => connections(&limit, most),
                Most::Requests { interval_ms, burst } if burst < ROOM && interval_ms >= SOON_MS => {
                    requests(&limit, interval_ms, burst, endpoint)
                }
                Most::Requests { .. } => continue,
            };
            let finding = FindingBuilder::new(&META, &limit.directive, said.message)
                .at_most(said.severity)
                .endpoint(endpoint)
                .assumed(limit.is_assumed)
                .label(&limit.zone, "what is counted");
            out.push(finding.help(said.help));
        }
        slots(cx, endpoint, out);
    }
}

/// The connections that `max_conns` allows to the servers of the upstream.
fn slots(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
    let Some(balancing) = endpoint.named_block().and_then(|block| cx.model.balancing(block)) else { return };
    let Some(peer) = balancing.peers.first().filter(|_| !balancing.may_differ) else { return };
    let Some(all) = balancing.most_connections() else { return };
    let message = format!(
        "each open WebSocket uses one of the {all} connections that `max_conns` allows, and nginx answers 502 to the next one"
    );
    let severity = if all == 1 { Severity::Warning } else { Severity::Info };
    let finding = FindingBuilder::new(&META, &peer.directive, message).at_most(severity).endpoint(endpoint);
    out.push(finding.help("raise `max_conns` to the number of WebSockets that a server should hold"));
}

/// What is said of a limit.
struct Said {
    severity: Severity,
    message: String,
    help: String,
}

fn connections(limit: &Limit<'_>, most: u32) -> Said {
    let (per, status) = (counted(limit), &limit.status);
    let held =
        if most == 1 { "the only connection".to_owned() } else { format!("one of the {most} connections") };
    let message = format!(
        "each open WebSocket uses {held} that `limit_conn` allows {per}, and nginx answers {status} to the next one"
    );
    // A page that is loaded again asks before nginx has seen the end of the connection before.
    let severity =
        if most <= if limit.is_shared { FEW } else { 1 } { Severity::Warning } else { Severity::Info };
    let help = "set `limit_conn` only in locations for ordinary requests, or raise it to allow for tabs, clients behind one \
                address, and dead connections that last until `proxy_read_timeout`";
    Said { severity, message, help: help.to_owned() }
}

fn requests(limit: &Limit<'_>, interval: u64, burst: u32, endpoint: &Endpoint<'_>) -> Said {
    let (what, status) = (counted(limit), &limit.status);
    let shown = time::display_ms(interval);
    let message = match burst {
        0 => format!("nginx answers {status} to a handshake less than {shown} after another request {what}"),
        _ => format!(
            "nginx allows one request {what} every {shown} and queues {burst} more; it answers {status} to a handshake \
             beyond that"
        ),
    };
    let poller = endpoint.applications().into_iter().find(|application| application.polls());
    let mut help = format!("add `burst={} nodelay` to `limit_req`", 2 * ROOM);
    if let Some(poller) = poller {
        help.push_str(&format!(
            "; {} opens a connection with several requests at once, and keeps sending them if it gets no WebSocket",
            poller.name
        ));
    }
    let severity = if poller.is_some() { Severity::Warning } else { Severity::Info };
    Said { severity, message, help }
}

/// For whom, in words.
fn counted(limit: &Limit<'_>) -> String {
    let key = limit.key.replace(['{', '}'], "");
    match key.as_str() {
        "$binary_remote_addr" | "$remote_addr" => "for one client address".to_owned(),
        "$server_name" => "for the whole server".to_owned(),
        key if limit.is_shared => format!("for all clients with the same `{key}`"),
        key => format!("with the same `{key}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::META;
    use crate::testing::{check, found, help, labels};

    /// `http` with zones, and a location with these lines beside all that a handshake needs.
    fn with(lines: &str) -> String {
        format!(
            "map $http_upgrade $key {{ default ''; '' $binary_remote_addr; }} \
             limit_conn_zone $binary_remote_addr zone=a:1m; limit_conn_zone $key zone=none:1m; \
             limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/s; limit_req_zone $a zone=fast:1m rate=50r/s; \
             server {{ location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; {lines} }} }}"
        )
        .replace("$a ", "$binary_remote_addr ")
    }

    #[test]
    fn a_slot_is_held_as_long_as_the_tunnel() {
        let findings = check(
            r#"
map $http_upgrade $x { default 1; }
limit_conn_zone $binary_remote_addr zone=addr:10m;
limit_conn_zone $server_name zone=server:10m;
server {
    limit_conn server 500;
   #^^^^^^^^^^^^^^^^^^^^^ info: each open WebSocket uses one of the 500 connections that `limit_conn` allows for the whole server, and nginx answers 503 to the next one
    limit_conn addr 1;
   #^^^^^^^^^^^^^^^^^ warning: each open WebSocket uses the only connection that `limit_conn` allows for one client address, and nginx answers 503 to the next one
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
    }
}
"#,
        );
        assert!(labels(&findings[0]).contains(&"what is counted"));
    }

    #[test]
    fn slots_of_the_servers() {
        for (servers, count) in
            [("10.0.0.1:80 max_conns=1", 1), ("10.0.0.1:80 max_conns=100; server 10.0.0.2:80", 0)]
        {
            let text = with("").replace("http://a;", "http://app;");
            let text = format!("upstream app {{ least_conn; server {servers}; }} {text}");
            let mut findings = found(&text);
            findings.retain(|one| one.rule.name == META.name);
            assert_eq!(findings.len(), count, "{findings:?}");
            assert!(findings.iter().all(|one| one.message.contains("uses one of the 1 connections")));
        }
    }

    #[test]
    fn a_rate_counts_handshakes() {
        let findings = check(
            r#"
map $http_upgrade $x { default 1; }
limit_req_zone $binary_remote_addr zone=slow:10m rate=30r/m;
server {
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
        limit_req zone=slow;
       #^^^^^^^^^^^^^^^^^^^ info: nginx answers 429 to a handshake less than 2s after another request for one client address
        limit_req_status 429;
    }
    location /socket.io/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
        limit_req zone=slow burst=1;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx allows one request for one client address every 2s and queues 1 more; it answers 503…
    }
}
"#,
        );
        assert_eq!(help(&findings[0]), "add `burst=10 nodelay` to `limit_req`");
        assert!(help(&findings[1]).contains("Socket.IO opens a connection with several requests"));
    }

    #[test]
    fn silent_where_there_is_room_or_nothing_is_counted() {
        for lines in [
            "limit_req zone=slow burst=5;",
            "limit_req zone=slow burst=20 nodelay;",
            "limit_req zone=fast;",
            "limit_req zone=slow; limit_req_dry_run on;",
            "limit_req zone=elsewhere;",
            "limit_conn none 1;",
            "limit_conn elsewhere 1;",
            "limit_conn a 1; limit_conn_dry_run on;",
        ] {
            let said = found(&with(lines));
            assert!(said.iter().all(|one| one.rule.name != "handshake-limited"), "{lines} {said:?}");
        }
        let shared = with("limit_conn a 5;").replace("$binary_remote_addr zone=a", "$host$uri zone=a");
        assert_eq!(found(&shared)[0].severity, lint_finding::Severity::Info);
        let shared = shared.replace("/ws/", "/app/");
        assert_eq!(found(&shared)[0].severity, lint_finding::Severity::Warning);
        let text = with("limit_conn a 5; limit_conn_dry_run off;");
        assert_eq!(found(&text).len(), 1);
    }
}
