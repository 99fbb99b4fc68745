//! The remedy's words that rules about logs share: an access log that tells what becomes of WebSockets.

use nginx_semantics::{ContextKind, Directive, DirectiveRef};
use nginx_syntax::lossy;
use ws_model::{Endpoint, Fields, fields_of};

use crate::setting::{beside, own};
use crate::verify::code;
use crate::{Context, Edits};

/// What the log needs, in a form that a shell's tools read.
const FORMAT: &str = "'$remote_addr $host [$time_local] \"$request\" $status rt=$request_time out=$bytes_sent up=$upstream_addr us=$upstream_status'";

/// Names for it, in this order: nginx refuses a second format of one name.
const NAMES: [&str; 3] = ["websocket", "websocket_lifetime", "websocket_tunnels"];

/// A log of its own for an endpoint.
pub(crate) struct OwnLog {
    /// A format that the configuration has, or one under a name that is free.
    format: String,
    /// Whether `http` gets it.
    is_new: bool,
}

impl OwnLog {
    pub(crate) fn of(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> Self {
        let formats: Vec<_> = cx.model.log_formats(endpoint.context).collect();
        let name_of = |format: &Directive<'_>| {
            format.argument(0).map(|name| lossy(&name).into_owned()).unwrap_or_default()
        };
        let is_complete = |format: &&Directive<'_>| {
            fields_of(format).is_some_and(Fields::is_complete) && is_above(cx, endpoint, format)
        };
        let complete = formats.iter().find(is_complete);
        let is_free = |name: &&&str| formats.iter().all(|format| name_of(format) != **name);
        let own = NAMES.iter().find(is_free).or(NAMES.last()).copied().unwrap_or_default();
        let format = complete.map_or_else(|| own.to_owned(), name_of);
        Self { format, is_new: complete.is_none() }
    }

    fn value(&self) -> String {
        format!("/var/log/nginx/websocket.log {}", self.format)
    }

    fn format_line(&self) -> String {
        format!("log_format {} {FORMAT};", self.format)
    }

    /// What to add, in words.
    pub(crate) fn help(&self, endpoint: &Endpoint<'_>) -> String {
        let line = format!("access_log {};", self.value());
        let mut help = format!("add to {}:{}", endpoint.location_words(), code(&[line]));
        if self.is_new {
            help.push_str("\nand in `http`, above all that uses it:");
            help.push_str(&code(&[self.format_line()]));
        }
        help
    }

    /// The edits for it: in place of `access_log off`, else beside the logs that are written now, which a line of its own
    /// would drop.
    pub(crate) fn edits(
        &self,
        cx: &Context<'_, '_>,
        endpoint: &Endpoint<'_>,
        current: &[Directive<'_>],
    ) -> Edits {
        let value = self.value();
        let edits = match own(cx, endpoint, "access_log") {
            Some(off) if current.is_empty() => Edits::new().replace(&off, &format!("access_log {value}")),
            _ => beside(cx, endpoint, current, "access_log", &value),
        };
        if !self.is_new {
            return edits;
        }
        let configuration = cx.configuration();
        let http = configuration.enclosing(endpoint.context, ContextKind::Http);
        let http = http.and_then(|http| configuration.opener(http));
        http.map_or_else(Edits::impossible, |http| edits.at_start(&http, &[self.format_line()]))
    }
}

/// Whether nginx meets a line of `http` before the endpoint: `access_log` takes no format that comes later
/// (`http/modules/ngx_http_log_module.c:ngx_http_log_set_log`).
fn is_above(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, format: &Directive<'_>) -> bool {
    let configuration = cx.configuration();
    let Some(http) = configuration.enclosing(endpoint.context, ContextKind::Http) else { return true };
    let server = configuration.enclosing(endpoint.context, ContextKind::Server);
    let Some(server) = server.and_then(|server| configuration.opener(server)) else { return true };
    // The server of a fragment stands nowhere in it: it is included by a file that was not given.
    let is_either = |line: &&DirectiveRef| [server.reference, format.reference].contains(line);
    configuration.references(http).iter().find(is_either) != Some(&server.reference)
}
