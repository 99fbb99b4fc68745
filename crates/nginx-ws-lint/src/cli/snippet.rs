//! What `snippet` is asked for, and how its words are read. They become words of nginx, so each is one.

use clap::Args;
use lint_engine::{Application, Preset, applications, layers, similar};
use nginx_semantics::{NginxVersion, VersionRange};

use super::OutputArgs;

/// For what a configuration is printed.
#[derive(Debug, Args)]
pub(crate) struct SnippetArgs {
    /// The path of the WebSocket [default: the application's, or /ws/]
    #[arg(value_parser = path)]
    pub(crate) path: Option<String>,
    /// The servers behind it
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:8080", value_parser = server)]
    pub(crate) servers: Vec<String>,
    /// The servers speak TLS
    #[arg(long)]
    pub(crate) tls: bool,
    /// The host name of the site
    #[arg(long, value_name = "NAME", default_value = "example.com", value_parser = host)]
    pub(crate) server_name: String,
    /// The application on the servers: its path, pings, sessions and checks are taken into account
    #[arg(long = "for", value_name = "APPLICATION", value_parser = application)]
    pub(crate) application: Option<&'static Application>,
    /// A proxy in front of nginx, such as `cloudflare`; several from the outside in
    #[arg(long = "behind", value_name = "LAYER", value_parser = layer)]
    pub(crate) layers: Vec<&'static Preset>,
    /// The nginx that reads it, such as 1.22.1 or 1.18-1.26 [default: all that distributions ship]
    #[arg(long, value_name = "V", value_parser = versions)]
    pub(crate) nginx_version: Option<VersionRange>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"{};\"'\\#$".contains(&byte))
}

fn path(text: &str) -> Result<String, String> {
    match text {
        _ if !text.starts_with('/') => {
            Err("a path begins with `/`; write it before the servers, such as /ws/ 10.0.0.1:3000".to_owned())
        }
        _ if !is_word(text) || text.contains('?') => Err("this is not the path of a URL".to_owned()),
        // nginx compares locations with the decoded path, in which dots and double slashes are resolved.
        _ if text.contains('%') => {
            Err("write the decoded path: nginx decodes it before it selects a location".to_owned())
        }
        _ if text.contains("//") || text.split('/').any(|part| matches!(part, "." | "..")) => {
            Err("no request comes to this path: nginx resolves `//`, `.` and `..` first".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

fn server(text: &str) -> Result<String, String> {
    let is_socket = text.starts_with("unix:/");
    if !is_word(text) || text.contains('/') && !is_socket {
        return Err("write HOST:PORT or unix:/PATH".to_owned());
    }
    if is_socket {
        return Ok(text.to_owned());
    }
    // The rest of an address in brackets may be a port; elsewhere a second colon makes it an address without brackets.
    let (host, port) = match text.rsplit_once(']') {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if !text.starts_with('[') && port.is_some_and(|port| port.contains(':')) {
        return Err("write an IPv6 address in brackets, such as [::1]:8080".to_owned());
    }
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.trim_start_matches('[').is_empty() || port.is_some_and(|port| !is_port(port)) {
        return Err("write HOST:PORT, with a port from 1 to 65535".to_owned());
    }
    Ok(text.to_owned())
}

/// Oldest nginx that passes WebSockets on: 1.3.13 (<https://nginx.org/en/CHANGES>).
fn versions(text: &str) -> Result<VersionRange, String> {
    let range: VersionRange =
        text.parse().map_err(|error: nginx_semantics::ParseVersionError| error.to_string())?;
    if range.min < NginxVersion::new(1, 3, 13) {
        return Err("nginx before 1.3.13 passes no WebSockets on".to_owned());
    }
    Ok(range)
}

fn host(text: &str) -> Result<String, String> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    if text.is_empty() || !is_name {
        return Err("write a host name, such as chat.example.com".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

fn application(text: &str) -> Result<&'static Application, String> {
    let all = applications::all();
    let found = all.iter().find(|application| {
        application.id.eq_ignore_ascii_case(text) || application.name.eq_ignore_ascii_case(text)
    });
    match found {
        Some(application) if application.uses_websocket() == Some(false) => {
            Err(format!("{} uses no WebSocket", application.name))
        }
        Some(application) => Ok(application),
        None => Err(unknown(text, all.iter().map(|application| application.id))),
    }
}

fn layer(text: &str) -> Result<&'static Preset, String> {
    layers::find(text).ok_or_else(|| unknown(text, layers::all().iter().map(|layer| layer.id)))
}

fn unknown(text: &str, names: impl Iterator<Item = &'static str> + Clone) -> String {
    match similar(text, names.clone()) {
        Some(name) => format!("not known; did you mean `{name}`?"),
        None => format!("not known; one of {}", names.collect::<Vec<_>>().join(", ")),
    }
}
