//! The remedy's words that several rules share: the lines to add, and the command that verifies a handshake.

use nginx_semantics::{ContextKind, listens};
use ws_model::{Endpoint, Handshake, Line};

use crate::Context;

/// The map that gives `Connection` its value for handshakes and for other requests alike.
const MAP: &str = "map $http_upgrade $connection_upgrade { default upgrade; '' close; }";

/// What is to be added for a complete handshake, in words; `connection` and `version` say which lines are missing
/// besides `Upgrade`.
pub(crate) fn add_lines(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    handshake: &Handshake<'_>,
    missing: Missing,
) -> String {
    let mut lines = missing_lines(cx, endpoint, missing);
    if missing.upgrade || missing.connection {
        // A line of its own drops what the location inherits, so the remedy repeats it.
        lines.extend(handshake.inherited_lines().map(|line| format!("{};", line.directive.text_line())));
    }
    let mut help = format!("add to this location:{}", code(&lines));
    if missing.connection && cx.connection_variable(endpoint).is_none() {
        help.push_str(&format!("\nand in `http`:{}", code(&[MAP.to_owned()])));
    }
    help
}

/// The lines themselves.
pub(crate) fn missing_lines(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, missing: Missing) -> Vec<String> {
    let mut lines = Vec::new();
    if missing.version {
        lines.push("proxy_http_version 1.1;".to_owned());
    }
    if missing.upgrade {
        lines.push("proxy_set_header Upgrade $http_upgrade;".to_owned());
    }
    if missing.connection {
        let variable = cx.connection_variable(endpoint);
        lines.push(format!(
            "proxy_set_header Connection {};",
            variable.as_deref().unwrap_or("$connection_upgrade")
        ));
    }
    lines
}

/// Lines to copy, each on a line of its own, indented.
pub(crate) fn code(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n    {line}")).collect()
}

/// Which handshake lines are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Missing {
    pub(crate) upgrade: bool,
    pub(crate) connection: bool,
    pub(crate) version: bool,
}

impl Missing {
    /// What is surely not there, or only in a file that was not given.
    pub(crate) fn of(cx: &Context<'_, '_>, handshake: &Handshake<'_>) -> Self {
        Self {
            upgrade: handshake.upgrade.is_default(),
            connection: handshake.connection.is_default(),
            version: handshake.sends_http10_by_default(cx.versions()),
        }
    }
}

/// The lines of an outer level that a nearer level drops and does not set itself; none unless the handshake misses one.
pub(crate) fn dropped_lines<'h, 's>(handshake: &'h Handshake<'s>) -> Vec<&'h Line<'s>> {
    let Some(lost) = &handshake.lost else { return Vec::new() };
    let own =
        [&handshake.upgrade.lines, &handshake.connection.lines, &handshake.host.lines, &handshake.others];
    let is_set =
        |line: &Line<'_>| own.into_iter().flatten().any(|other| other.name.eq_ignore_ascii_case(&line.name));
    let is_missed = |line: &&Line<'_>| match line.name.to_ascii_lowercase().as_str() {
        "upgrade" => handshake.upgrade.is_default(),
        "connection" => handshake.connection.is_default(),
        _ => false,
    };
    let dropped: Vec<_> = lost.lines.iter().filter(|line| !is_set(line)).collect();
    if dropped.iter().any(is_missed) { dropped } else { Vec::new() }
}

/// The command that shows whether the handshake works, as the last line of a help text.
pub(crate) fn with_curl(help: String, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> String {
    let Some(path) = endpoint.example_path() else { return help };
    let server = cx.configuration().enclosing(endpoint.context, ContextKind::Server);
    let listens = server.map(|server| listens(cx.configuration(), server)).unwrap_or_default();
    let tls = listens.iter().find(|listen| listen.split(' ').any(|word| word == "ssl"));
    let is_tls = tls.is_some();
    let is_host =
        |name: &&String| !name.contains(['*', '~', '$', '<']) && name.contains('.') && !name.starts_with('.');
    let host =
        endpoint.server_names().iter().find(is_host).cloned().unwrap_or_else(|| "localhost".to_owned());
    // The port has to be that of the scheme: `listen 80; listen 443 ssl;` is no `https` on port 80.
    let port = tls
        .or(listens.first())
        .and_then(|listen| port_of(listen))
        .filter(|port| !matches!((is_tls, *port), (true, 443) | (false, 80)));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = if is_tls { "https" } else { "http" };
    format!(
        "{help}\nverify that it answers 101:\n    curl -i -N --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
         -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ==' '{scheme}://{host}{port}{path}'"
    )
}

fn port_of(listen: &str) -> Option<u16> {
    let address = listen.split(' ').next()?;
    address.rsplit(':').next()?.parse().ok()
}
