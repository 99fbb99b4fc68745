//! The names and sockets of a `server`.

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId};

/// The words of all `server_name` lines, in order; empty where none is written.
pub fn server_names(configuration: Configuration<'_>, server: ContextId) -> Vec<String> {
    let lines = configuration.named(server, DirectiveName::SERVER_NAME);
    lines.flat_map(|line| line.arguments()).map(|word| String::from_utf8_lossy(&word).into_owned()).collect()
}

/// The words of each `listen` line, in order; empty where none is written, which means `*:80` for root
/// (`http/ngx_http.c:ngx_http_add_listen`, `http/ngx_http_core_module.c:ngx_http_core_server`).
pub fn listens(configuration: Configuration<'_>, server: ContextId) -> Vec<String> {
    configuration.named(server, DirectiveName::LISTEN).map(|line| line.arguments_text()).collect()
}
