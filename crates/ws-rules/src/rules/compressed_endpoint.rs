//! `compressed-endpoint`: what a fallback streams stays in the compressor.
//!
//! With buffering nginx does not flush after each part, and zlib keeps what is not flushed
//! (`http/modules/ngx_http_gzip_filter_module.c:ngx_http_gzip_filter_deflate`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{DirectiveName, Effective};
use ws_model::Endpoint;

use crate::setting::set;
use crate::streaming::NOT_THE_WEBSOCKET;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct CompressedEndpoint;

const META: RuleMeta = RuleMeta {
    name: "compressed-endpoint",
    group: Group::Buffering,
    severity: Severity::Warning,
    summary: "nginx compresses the HTTP stream that stands in for a WebSocket, which delays messages",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/compressed-endpoint.md"),
};

/// The type of server-sent events.
const EVENTS: &str = "text/event-stream";
/// The type of `xhr_streaming` in `SockJS`.
const SCRIPT: &str = "application/javascript";

impl Rule for CompressedEndpoint {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let at = |name| endpoint.effective(name);
        let gzip = at(DirectiveName::GZIP);
        let types = at(DirectiveName::GZIP_TYPES);
        let (Effective::Set(gzip_line), Effective::Set(types_line)) = (&gzip, &types) else { return };
        let is_buffered = endpoint.buffering().is_some_and(|(_, value)| value.is_on(true));
        if !is_buffered || !gzip.is_on(false) {
            return;
        }
        let covers = |wanted: &str| {
            let mut words = types_line.directives.iter().flat_map(nginx_semantics::Directive::arguments);
            words.any(|word| *word == *b"*" || word.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let streamed = endpoint
            .streamed_fallback()
            .filter(|(_, fallback)| *fallback == "xhr-streaming" && covers(SCRIPT));
        let (severity, message) = match streamed {
            Some((application, fallback)) => (
                Severity::Warning,
                format!(
                    "clients of {} that fall back to HTTP ({fallback}) get messages only when the response ends: nginx compresses and buffers it",
                    application.name
                ),
            ),
            None if covers(EVENTS) => (
                Severity::Info,
                format!(
                    "clients that fall back to HTTP get messages only when the response ends: nginx compresses and buffers `{EVENTS}` here"
                ),
            ),
            None => return,
        };
        let (Some(line), Some(types)) = (gzip_line.directives.first(), types_line.directives.first()) else {
            return;
        };
        out.push(
            FindingBuilder::new(&META, line, message)
                .endpoint(endpoint)
                .at_most(severity)
                .assumed(gzip_line.is_assumed || types_line.is_assumed)
                .because(types, "this type is compressed")
                .fix("write `gzip off`", Applicability::Unsafe, set(cx, endpoint, "gzip", "off"))
                .help(format!(
                    "add `gzip off;` to {}, or turn its buffering off, so that each part is sent at once; {NOT_THE_WEBSOCKET}",
                    endpoint.location_words()
                )),
        );
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, labels};

    /// A server with a location for a path, more lines in either.
    fn with(server: &str, path: &str, lines: &str) -> String {
        format!(
            "server {{\n{server}\nlocation {path} {{\n{lines}\nproxy_pass http://127.0.0.1:9000;\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\nproxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn a_fallback_that_streams_scripts() {
        let text = "    gzip on;
   #^^^^^^^ warning: clients of SockJS (any server) that fall back to HTTP (xhr-streaming) get messages only when…
    gzip_types text/css application/javascript;";
        let findings = check(&with(text, "/sockjs/", ""));
        assert!(labels(&findings[0]).contains(&"this type is compressed"));
    }

    #[test]
    fn the_location_is_taken_out_of_it() {
        let text = |value: &str| with("", "/ws/", &format!("gzip {value}; # all\ngzip_types *;"));
        let after = fixed(Applicability::Unsafe, "compressed-endpoint", &text("on"));
        assert_eq!(after, text("off"));
    }

    #[test]
    fn events_without_a_known_fallback() {
        for types in ["text/event-stream", "*"] {
            let text = format!(
                "    gzip on;
   #^^^^^^^ info: clients that fall back to HTTP get messages only when the response ends: nginx compresses and buffers `text/event-stream`…
    gzip_types {types};"
            );
            check(&with(&text, "/ws/", ""));
        }
    }

    #[test]
    fn silent_unless_all_comes_together() {
        for (server, path, lines) in [
            ("gzip on;", "/sockjs/", ""),
            ("gzip on; gzip_types application/javascript;", "/ws/", ""),
            ("gzip on; gzip_types *;", "/ws/", "proxy_buffering off;"),
            ("gzip on; gzip_types *;", "/ws/", "gzip off;"),
            ("gzip_types *;", "/ws/", ""),
            ("gzip on; gzip_types *;", "/ws/", "include /opt/elsewhere.conf;"),
        ] {
            let text = with(server, path, lines);
            assert!(found(&text).is_empty(), "{text}");
        }
    }
}
