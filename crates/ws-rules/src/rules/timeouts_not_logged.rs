//! `timeouts-not-logged`: the error log hides that nginx ended a silent WebSocket.
//!
//! `upstream timed out … while proxying upgraded connection` is of level `info`: the client's connection has
//! `NGX_ERROR_INFO` (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`, `core/ngx_connection.c:
//! ngx_connection_error`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextKind, DirectiveName, Effective};
use nginx_syntax::lossy;
use ws_model::{Endpoint, Source, logs_info};

use crate::setting::beside;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct TimeoutsNotLogged;

const META: RuleMeta = RuleMeta {
    name: "timeouts-not-logged",
    group: Group::Observability,
    severity: Severity::Info,
    summary: "the error log hides that nginx closed a silent WebSocket",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/timeouts-not-logged.md"),
};

impl Rule for TimeoutsNotLogged {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let finding = match cx.model.error_log(endpoint.context) {
            Source::Set { directive, is_assumed: false, .. } if !logs_info(&directive) => {
                let level = directive.argument(1).map(|level| lossy(&level).into_owned());
                let level = level.unwrap_or_else(|| "error".to_owned());
                let message = format!(
                    "nginx logs the timeout of a WebSocket at level `info`, but this log starts at `{level}`"
                );
                FindingBuilder::new(&META, &directive, message)
            }
            Source::Default { is_assumed: false } => {
                let http = configuration.enclosing(endpoint.context, ContextKind::Http);
                let Some(http) = http.and_then(|http| configuration.opener(http)) else { return };
                let message = "nginx logs the timeout of a WebSocket at level `info`, but the error log starts at `error` by default";
                FindingBuilder::new(&META, &http, message)
            }
            _ => return,
        };
        let finding =
            finding.fix("log timeouts to their own file", Applicability::Unsafe, edits(cx, endpoint));
        let words = endpoint.location_words();
        out.push(
            finding
                .endpoint(endpoint)
                .help(format!("add to {words}:\n    error_log /var/log/nginx/websocket_error.log info;")),
        );
    }
}

/// A log of its own, beside those that are written now.
fn edits(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> Edits {
    let configuration = cx.configuration();
    let main = configuration.of_kind(ContextKind::Main).next();
    let of_main = || main.into_iter().flat_map(|main| configuration.named(main, DirectiveName::ERROR_LOG));
    let current: Vec<_> = match endpoint.effective(DirectiveName::ERROR_LOG) {
        Effective::Set(declared) => declared.directives,
        Effective::Default { .. } => of_main().collect(),
        Effective::Unknown(_) => return Edits::impossible(),
    };
    beside(cx, endpoint, &current, "error_log", "/var/log/nginx/websocket_error.log info")
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found};

    const LINES: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; \
        proxy_read_timeout 1h; proxy_pass http://127.0.0.1:9000;";

    /// A main file with these lines, and what tells of WebSockets in `http`.
    fn with(main: &str, http: &str) -> String {
        format!(
            "worker_shutdown_timeout 1h;\nevents {{ worker_connections 1024; }}\n{main}\n{http}\nlog_format w '$status $request_time $upstream_addr'; \
             access_log logs/access.log w;\n}}"
        )
        .replace('@', LINES)
    }

    #[test]
    fn the_default() {
        check(&with(
            "",
            "    http {
   #^^^^ info: nginx logs the timeout of a WebSocket at level `info`, but the error log starts at `error` by default
    server { location /ws/ { @ } location /socket.io/ { @ } }",
        ));
    }

    #[test]
    fn a_level_above_info() {
        check(&with(
            "   error_log logs/error.log;
  #^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx logs the timeout of a WebSocket at level `info`, but this log starts at `error`",
            "http { server { location /ws/ { @ } }",
        ));
        check(&with(
            "error_log logs/error.log info;",
            "http { server {
    error_log logs/ws.log warn;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx logs the timeout of a WebSocket at level `info`, but this log starts at `warn`
    location /ws/ { @ } }",
        ));
    }

    #[test]
    fn silent_where_info_is_logged() {
        let location = "http { server { location /ws/ { @ } }";
        for main in [
            "error_log logs/error.log info;",
            "error_log logs/error.log debug;",
            "error_log logs/a.log; error_log logs/b.log debug_http;",
            "include missing/*.conf;",
        ] {
            assert!(found(&with(main, location)).is_empty(), "{main}");
        }
        let own = "http { server { location /ws/ { @ error_log logs/ws.log info; } }";
        assert!(found(&with("error_log logs/error.log;", own)).is_empty());
        let unknown = "http { server { location /ws/ { @ include /opt/elsewhere.conf; } }";
        assert!(found(&with("error_log logs/error.log;", unknown)).is_empty());
    }

    #[test]
    fn the_logs_that_are_written_stay() {
        let text = |log: &str| {
            crate::testing::with_handshake(&format!(
                "server {{\n    error_log a.log;\n    location /ws/ {{\n        @\n        proxy_pass http://a;{log}\n    }}\n}}\n"
            ))
        };
        let after = fixed(Applicability::Unsafe, "timeouts-not-logged", &text(""));
        assert_eq!(
            after,
            text("\n        error_log a.log;\n        error_log /var/log/nginx/websocket_error.log info;")
        );
    }
}
