//! `handshake-limited`: `limit_conn` or `limit_req` counts WebSockets.
//!
//! The slot of `limit_conn` is given back when the request ends, for a tunnel when that is closed
//! (`http/modules/ngx_http_limit_conn_module.c:ngx_http_limit_conn_handler`, its cleanup). `limit_req` counts the
//! handshake and nothing after it. A key that is empty counts nothing.

use lint_finding::{FixKind, Group, RuleMeta, Severity};
use nginx_semantics::catalogue::{is_builtin_variable, lookup};
use nginx_semantics::{
    ContextKind, Directive, DirectiveName, Effective, Part, Value, effective, parts, time,
};
use ws_model::{Browser, Endpoint, HandshakeRequest};

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct HandshakeLimited;

const META: RuleMeta = RuleMeta {
    name: "handshake-limited",
    group: Group::Capacity,
    severity: Severity::Warning,
    summary: "`limit_conn` or `limit_req` counts WebSockets, and nginx answers 503 to those above the limit",
    since: "0.1.0",
    fix: FixKind::None,
    docs: include_str!("handshake_limited.md"),
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
        for name in [DirectiveName::LIMIT_CONN, DirectiveName::LIMIT_REQ] {
            let of = |name| effective(cx.configuration(), endpoint.context, name);
            let Effective::Set(declared) = of(name) else { continue };
            // With a dry run nothing is refused.
            let is_dry = match of(lookup(format!("{}_dry_run", name.as_str()).as_bytes())) {
                Effective::Default { .. } => false,
                Effective::Unknown(_) => true,
                Effective::Set(dry) => {
                    !dry.directives.iter().all(|line| line.argument(0).as_deref() == Some(b"off"))
                }
            };
            if is_dry {
                continue;
            }
            let status = match of(lookup(format!("{}_status", name.as_str()).as_bytes())) {
                Effective::Set(set) => set.directives.first().and_then(|line| text(line, 0)),
                Effective::Default { .. } | Effective::Unknown(_) => None,
            };
            let status = status.unwrap_or_else(|| "503".to_owned());
            for line in &declared.directives {
                let limit = if name == DirectiveName::LIMIT_CONN {
                    connections(cx, endpoint, line, &status)
                } else {
                    requests(cx, endpoint, line, &status)
                };
                let Some(Limit { severity, message, help, zone }) = limit else { continue };
                let finding = FindingBuilder::new(&META, line, message)
                    .at_most(severity)
                    .endpoint(endpoint)
                    .assumed(declared.is_assumed)
                    .label(&zone, "what is counted");
                out.push(finding.help(help));
            }
        }
    }
}

/// What a line means for WebSockets.
struct Limit<'s> {
    severity: Severity,
    message: String,
    help: String,
    zone: Directive<'s>,
}

/// A `limit_conn`.
fn connections<'s>(
    cx: &Context<'_, 's>,
    endpoint: &Endpoint<'_>,
    line: &Directive<'_>,
    status: &str,
) -> Option<Limit<'s>> {
    let most: u32 = text(line, 1)?.parse().ok()?;
    let zone = zone(cx, "limit_conn_zone", &text(line, 0)?)?;
    let Key { words: per, is_shared } = counted(cx, endpoint, &zone)?;
    let most_of_all = if is_shared { FEW } else { 1 };
    let message = format!(
        "an open WebSocket holds one of the {most} connections that `limit_conn` allows {per}, and nginx answers {status} to \
         the next one"
    );
    // A page that is loaded again asks before nginx has seen the end of the connection before.
    let severity = if most <= most_of_all { Severity::Warning } else { Severity::Info };
    let help = "set `limit_conn` in the locations of ordinary requests, or as high as tabs, clients behind one address and \
                connections that linger until `proxy_read_timeout` need";
    Some(Limit { severity, message, help: help.to_owned(), zone })
}

/// A `limit_req`.
fn requests<'s>(
    cx: &Context<'_, 's>,
    endpoint: &Endpoint<'_>,
    line: &Directive<'_>,
    status: &str,
) -> Option<Limit<'s>> {
    let zone = zone(cx, "limit_req_zone", &option(line, "zone=")?)?;
    let burst = option(line, "burst=").map_or(Some(0), |burst| burst.parse::<u32>().ok())?;
    let interval = interval_ms(&option(&zone, "rate=")?)?;
    if burst >= ROOM || interval < SOON_MS {
        return None;
    }
    let what = counted(cx, endpoint, &zone)?.words;
    let shown = time::display_ms(interval);
    let message = match burst {
        0 => format!("nginx answers {status} to a handshake less than {shown} after another request {what}"),
        _ => format!(
            "nginx lets one request {what} through every {shown} and holds {burst} back; it answers {status} to a handshake \
             beyond that"
        ),
    };
    let poller = endpoint.applications().into_iter().find(|application| application.polls());
    let mut help = format!("add `burst={} nodelay` to `limit_req`", 2 * ROOM);
    if let Some(poller) = poller {
        help.push_str(&format!(
            "; {} opens a connection with several requests at a time, and goes on with them where no WebSocket is to be had",
            poller.name
        ));
    }
    let severity = if poller.is_some() { Severity::Warning } else { Severity::Info };
    Some(Limit { severity, message, help, zone })
}

/// The line that defines a zone.
fn zone<'s>(cx: &Context<'_, 's>, directive: &str, name: &str) -> Option<Directive<'s>> {
    let name_of = |line: &Directive<'_>| {
        option(line, "zone=").and_then(|zone| zone.split(':').next().map(str::to_owned))
    };
    let configuration = cx.configuration();
    let mut lines = configuration
        .of_kind(ContextKind::Http)
        .flat_map(|http| configuration.named(http, lookup(directive.as_bytes())));
    lines.find(|line| name_of(line).as_deref() == Some(name))
}

/// What a zone counts.
struct Key {
    words: String,
    /// Whether all clients have the same.
    is_shared: bool,
}

/// Variables that are the same for all clients of a path.
const SHARED: [&str; 10] = [
    "$server_name",
    "$server_addr",
    "$server_port",
    "$hostname",
    "$host",
    "$http_host",
    "$scheme",
    "$uri",
    "$document_uri",
    "$request_method",
];

/// What the zone counts; `None` where a handshake is not counted.
fn counted(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, zone: &Directive<'_>) -> Option<Key> {
    let key = zone.argument(0)?;
    let request = HandshakeRequest(Browser::Chrome);
    let value = cx.model.evaluator(&request, endpoint.context).value(&key);
    let is_own = |part: Part<'_>| matches!(part, Part::Variable(name) if !is_builtin_variable(name));
    // nginx's own variables that matter here are never empty; others may be for a handshake.
    if value.surely(<[u8]>::is_empty) || (value == Value::Unknown && parts(&key).into_iter().any(is_own)) {
        return None;
    }
    let key = String::from_utf8_lossy(&key).replace(['{', '}'], "");
    let names = key.split('$').skip(1).map(|name| {
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        format!("${}", name.get(..end).unwrap_or_default())
    });
    let is_shared = names.into_iter().all(|name| SHARED.contains(&name.as_str()));
    let words = match key.as_str() {
        "$binary_remote_addr" | "$remote_addr" => "for one client address".to_owned(),
        "$server_name" => "for the whole server".to_owned(),
        key if is_shared => format!("for all clients with the same `{key}`"),
        key => format!("with the same `{key}`"),
    };
    Some(Key { words, is_shared })
}

/// The time between two requests at a rate such as `10r/s`.
fn interval_ms(rate: &str) -> Option<u64> {
    let (number, unit) = match (rate.strip_suffix("r/s"), rate.strip_suffix("r/m")) {
        (Some(number), _) => (number, 1_000),
        (None, Some(number)) => (number, 60_000),
        (None, None) => return None,
    };
    let number: u64 = number.parse().ok()?;
    (number > 0).then(|| unit / number)
}

/// What stands behind `prefix` in the word that starts with it.
fn option(line: &Directive<'_>, prefix: &str) -> Option<String> {
    let words = line.arguments().map(|word| String::from_utf8_lossy(&word).into_owned());
    words.filter_map(|word| word.strip_prefix(prefix).map(str::to_owned)).next()
}

fn text(line: &Directive<'_>, index: usize) -> Option<String> {
    line.argument(index).map(|word| String::from_utf8_lossy(&word).into_owned())
}

#[cfg(test)]
mod tests {
    use super::interval_ms;
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
   #^^^^^^^^^^^^^^^^^^^^^ info: an open WebSocket holds one of the 500 connections that `limit_conn` allows for the whole server, and nginx answers 503 to the next one
    limit_conn addr 1;
   #^^^^^^^^^^^^^^^^^ warning: an open WebSocket holds one of the 1 connections that `limit_conn` allows for one client address, and nginx answers 503 to the next one
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
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx lets one request for one client address through every 2s and holds 1 back; it answers 503…
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
            assert!(found(&with(lines)).is_empty(), "{lines} {:?}", found(&with(lines)));
        }
        let shared = with("limit_conn a 5;").replace("$binary_remote_addr zone=a", "$host$uri zone=a");
        assert_eq!(found(&shared)[0].severity, lint_finding::Severity::Warning);
        let text = with("limit_conn a 5; limit_conn_dry_run off;");
        assert_eq!(found(&text).len(), 1);
    }

    #[test]
    fn rates() {
        assert_eq!(interval_ms("10r/s"), Some(100));
        assert_eq!(interval_ms("30r/m"), Some(2_000));
        assert_eq!(interval_ms("0r/s"), None);
        assert_eq!(interval_ms("$rate"), None);
    }
}
