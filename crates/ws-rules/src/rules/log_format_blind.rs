//! `log-format-blind`: the access log does not show what becomes of WebSockets.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::ContextKind;
use ws_model::{AccessLogs, Endpoint, Fields};

use crate::logging::OwnLog;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct LogFormatBlind;

const META: RuleMeta = RuleMeta {
    name: "log-format-blind",
    group: Group::Observability,
    severity: Severity::Info,
    summary: "the access log lacks the status, the duration or the upstream of WebSockets",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/log-format-blind.md"),
};

impl Rule for LogFormatBlind {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let mut current = Vec::new();
        let (fields, directive, format) = match cx.model.access_logs(endpoint.context) {
            AccessLogs::Off(_) | AccessLogs::Unknown => return,
            AccessLogs::Default => {
                let http = cx.configuration().enclosing(endpoint.context, ContextKind::Http);
                (Some(Fields::combined()), http.and_then(|http| cx.configuration().opener(http)), None)
            }
            AccessLogs::To(logs) => {
                current = logs.iter().map(|(line, _)| *line).collect();
                let all = logs.iter().map(|(_, format)| format.fields);
                let fields = all.reduce(|all, one| Some(all?.or(one?))).flatten();
                let (directive, format) =
                    logs.first().map(|(line, format)| (*line, format.directive)).unzip();
                (fields, directive, format.flatten())
            }
        };
        let (Some(fields), Some(directive)) = (fields.filter(|fields| !fields.is_complete()), directive)
        else {
            return;
        };
        let missing: Vec<&str> = [
            (fields.status, "the status of the handshake"),
            (fields.duration, "how long the WebSocket lived"),
            (fields.upstream, "which server of the upstream had it"),
        ]
        .into_iter()
        .filter_map(|(is_there, text)| (!is_there).then_some(text))
        .collect();
        let shown = match missing.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
            _ => missing.concat(),
        };
        let message = format!("the access log does not show {shown}");
        let mut finding = FindingBuilder::new(&META, &directive, message).endpoint(endpoint);
        finding = match format {
            Some(format) => finding.because(&format, "its format"),
            None if directive.name_bytes().as_ref() == b"http" => {
                finding.primary("by default the log has nginx's own format, `combined`")
            }
            None => finding.primary("in nginx's own format, `combined`"),
        };
        let log = OwnLog::of(cx, endpoint);
        let edits = log.edits(cx, endpoint, &current);
        finding = finding.fix("log WebSockets to their own file", Applicability::Unsafe, edits);
        out.push(finding.help(log.help(endpoint)));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help, labels};

    const LINES: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; \
        proxy_read_timeout 1h; proxy_pass http://127.0.0.1:9000;";

    /// A main file with these lines in `http`.
    fn with(text: &str) -> String {
        format!("worker_shutdown_timeout 1h;\nerror_log logs/error.log info;\nevents {{ worker_connections 1024; }}\n{text}")
            .replace('@', LINES)
    }

    #[test]
    fn the_default() {
        let findings = check(&with(
            "    http {
   #^^^^ info: the access log does not show how long the WebSocket lived and which server of the upstream had it
    log_format websocket '$time_local';
    server { location /ws/ { @ } location /socket.io/ { @ } } }",
        ));
        let help = help(&findings[0]);
        assert!(help.contains("access_log /var/log/nginx/websocket.log websocket_lifetime;"), "{help}");
        assert!(help.contains("log_format websocket_lifetime '$remote_addr"), "{help}");
    }

    #[test]
    fn a_format_that_lacks_something() {
        let findings = check(&with(
            "http {
    log_format short escape=json '$remote_addr '
                                 '$request_time';
    access_log logs/access.log short;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: the access log does not show the status of the handshake and which server of the upstream had it
    server { location /ws/ { @ } } }",
        ));
        assert_eq!(labels(&findings[0])[1], "its format");
    }

    #[test]
    fn silent_where_it_tells_all_or_that_is_not_known() {
        for lines in [
            "log_format a '$status $request_time $upstream_status'; access_log l a;",
            "log_format a '$upstream_status $upstream_response_time'; access_log l a;",
            "log_format a '$status $mine'; map $uri $mine { default ''; } access_log l a;",
            "access_log l elsewhere; include missing/*.conf;",
            "log_format a '$status'; log_format b '$request_time $upstream_addr'; access_log l a; access_log m b;",
            "include missing/*.conf;",
        ] {
            let text = with(&format!("http {{ {lines} server {{ location /ws/ {{ @ }} }} }}"));
            assert!(found(&text).is_empty(), "{lines}");
        }
    }

    /// nginx refuses `access_log` with a format that comes later.
    #[test]
    fn a_format_below_the_server_is_none_to_use() {
        let server = "server { access_log l; location /ws/ { @ } }";
        let format = "log_format full '$status $request_time $upstream_addr';";
        for (http, name) in [
            (format!("{format} {server}"), "full"),
            (format!("{server} {format}"), "websocket"),
            (format!("log_format websocket '$status'; {server} {format}"), "websocket_lifetime"),
            (
                format!("log_format websocket a; {server} log_format websocket_lifetime b; {format}"),
                "websocket_tunnels",
            ),
        ] {
            let before = with(&format!("http {{ {http} }}"));
            let findings = found(&before);
            let finding = findings.iter().find(|one| one.rule.name == "log-format-blind").expect("one");
            let line = format!("websocket.log {name};");
            assert!(help(finding).contains(&line), "{http}: {}", help(finding));
            let after = fixed(Applicability::Unsafe, "log-format-blind", &before);
            assert!(after.contains(&line), "{after}");
        }
    }

    #[test]
    fn the_logs_that_are_written_stay() {
        let text = |log: &str| {
            crate::testing::with_handshake(&format!(
                "server {{\nlocation /ws/ {{\n    proxy_pass http://a;\n    access_log logs/a.log;\n{log}    @\n}}\n}}\n"
            ))
        };
        let after = fixed(Applicability::Unsafe, "log-format-blind", &text(""));
        assert_eq!(after, text("    access_log /var/log/nginx/websocket.log websocket;\n"));
    }
}
