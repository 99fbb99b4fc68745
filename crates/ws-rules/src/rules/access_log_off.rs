//! `access-log-off`: nothing is written about the WebSockets of a location.
//!
//! A tunnel is logged once, when it ends (`http/ngx_http_request.c:ngx_http_log_request`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{AccessLogs, Endpoint};

use crate::logging::OwnLog;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct AccessLogOff;

const META: RuleMeta = RuleMeta {
    name: "access-log-off",
    group: Group::Observability,
    severity: Severity::Info,
    summary: "the access log is off, so handshakes and disconnects leave no trace",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/access-log-off.md"),
};

impl Rule for AccessLogOff {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let AccessLogs::Off(directive) = cx.model.access_logs(endpoint.context) else { return };
        let message = "nginx logs no handshake and no disconnect here";
        let finding = FindingBuilder::new(&META, &directive, message).endpoint(endpoint);
        let log = OwnLog::of(cx, endpoint);
        let edits = log.edits(cx, endpoint, &[]);
        let finding = finding.fix("log WebSockets to their own file", Applicability::Unsafe, edits);
        out.push(finding.help(log.help(endpoint)));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help};

    const LINES: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; \
        proxy_read_timeout 1h; proxy_pass http://127.0.0.1:9000;";

    #[test]
    fn off_in_the_location() {
        let findings = check(
            &r#"
    location /ws/ {
        @
        access_log off;
       #^^^^^^^^^^^^^^ info: nginx logs no handshake and no disconnect here
    }
"#
            .replace('@', LINES),
        );
        // The format of the main file is good enough.
        assert_eq!(
            help(&findings[0]),
            "add to this location:\n    access_log /var/log/nginx/websocket.log websocket;"
        );
    }

    #[test]
    fn inherited_or_to_nowhere() {
        check(
            &r#"
server {
    access_log /dev/null;
   #^^^^^^^^^^^^^^^^^^^^ info: nginx logs no handshake and no disconnect here
    location /ws/ { @ }
    location /socket.io/ { @ }
}
"#
            .replace('@', LINES),
        );
    }

    #[test]
    fn silent_where_something_is_or_may_be_written() {
        for lines in [
            "access_log off; location /ws/ { @ access_log logs/ws.log websocket; }",
            "access_log off; location /ws/ { @ include missing/*.conf; }",
            "access_log off; location /ws/ { @ include missing.conf; }",
            "access_log /dev/null; access_log logs/ws.log websocket; location /ws/ { @ }",
            "location / { access_log off; proxy_pass http://127.0.0.1:9000; }",
        ] {
            let text = format!("server {{ listen 80; {lines} }}").replace('@', LINES);
            let names: Vec<_> = found(&text).iter().map(|finding| finding.rule.name).collect();
            assert!(!names.contains(&"access-log-off"), "{lines}");
        }
    }

    #[test]
    fn the_line_becomes_a_log_of_a_format_that_is_there() {
        let text = |log: &str| {
            crate::testing::with_handshake(&format!(
                "server {{\nlocation /ws/ {{\n    proxy_pass http://a;\n    access_log {log};\n    @\n}}\n}}\n"
            ))
        };
        let after = fixed(Applicability::Unsafe, "access-log-off", &text("off"));
        assert_eq!(after, text("/var/log/nginx/websocket.log websocket"));
    }
}
