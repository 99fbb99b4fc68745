//! What `snippet` is asked for, and how its words are read. They become words of nginx, so each is one.

use clap::Args;
use lint_engine::{Application, Preset, applications, layers, similar};
use nginx_semantics::VersionRange;

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
    #[arg(long, value_name = "V")]
    pub(crate) nginx_version: Option<VersionRange>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"{};\"'\\#$".contains(&byte))
}

fn path(text: &str) -> Result<String, String> {
    match text {
        _ if !text.starts_with('/') => Err("a path begins with `/`".to_owned()),
        _ if !is_word(text) || text.contains('?') => Err("this is not the path of a URL".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

fn server(text: &str) -> Result<String, String> {
    let is_socket = text.starts_with("unix:/");
    if !is_word(text) || text.contains('/') && !is_socket {
        return Err("write HOST:PORT or unix:/PATH".to_owned());
    }
    Ok(text.to_owned())
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
