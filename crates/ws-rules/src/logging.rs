//! The remedy's words that rules about logs share: an access log that tells what becomes of WebSockets.

use ws_model::{Endpoint, Fields, fields_of};

use crate::Context;
use crate::verify::code;

/// What the log needs, in a form that a shell's tools read.
const FORMAT: &str = "'$remote_addr $host [$time_local] \"$request\" $status rt=$request_time out=$bytes_sent up=$upstream_addr us=$upstream_status'";

/// What to add for a log of its own, with a format that the configuration has or one under a name that is free.
pub(crate) fn own_access_log(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> String {
    let formats: Vec<_> = cx.model.log_formats(endpoint.context).collect();
    let name_of = |format: &nginx_semantics::Directive<'_>| {
        format.argument(0).map(|name| String::from_utf8_lossy(&name).into_owned()).unwrap_or_default()
    };
    let complete = formats.iter().find(|format| fields_of(format).is_some_and(Fields::is_complete));
    let is_taken = formats.iter().any(|format| name_of(format) == "websocket");
    let own = if is_taken { "websocket_lifetime" } else { "websocket" };
    let name = complete.map_or_else(|| own.to_owned(), name_of);
    let line = format!("access_log /var/log/nginx/websocket.log {name};");
    let mut help = format!("add to {}:{}", endpoint.location_words(), code(&[line]));
    if complete.is_none() {
        let format = format!("log_format {name} {FORMAT};");
        help.push_str(&format!("\nand in `http`, above all that uses it:{}", code(&[format])));
    }
    help
}
