//! `small-response-buffer`: the head of the back end's 101 may be longer than the one buffer that nginx reads it into.
//!
//! nginx reads the head of an answer into a single buffer of `proxy_buffer_size`, whatever `proxy_buffers` are there, and
//! answers 502 if that is full before the head ends (`http/ngx_http_upstream.c:ngx_http_upstream_process_header`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{HeaderBuffer, size};
use ws_model::Endpoint;

use crate::verify::with_curl;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct SmallResponseBuffer;

const META: RuleMeta = RuleMeta {
    name: "small-response-buffer",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "nginx answers 502 to handshakes if the 101 has a long header: `proxy_buffer_size` is too small",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/small-response-buffer.md"),
};

/// The shortest head of a 101 that opens a WebSocket (RFC 6455 section 4.2.2), in bytes: the status line without a reason
/// phrase (15; RFC 9112 section 4 has it optional), `Upgrade` (19), `Connection` (20) and `Sec-WebSocket-Accept` (51), none
/// with a blank after its colon, which is optional too (section 5 there: OWS), and the empty line (2).
const SHORTEST: u64 = 107;

/// nginx's default on most machines, a page of memory.
const DEFAULT: u64 = 4 << 10;

impl Rule for SmallResponseBuffer {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let buffer = HeaderBuffer::answer(cx.configuration(), endpoint.context, endpoint.pass.module);
        let Some(HeaderBuffer { bytes: Some(bytes), directive: Some(line), is_assumed }) = buffer else {
            return;
        };
        if bytes >= DEFAULT {
            return;
        }
        let name = line.name().as_str();
        let help = format!("write `{name} 4k;` or more; nginx's default is 4k or 8k, a page of memory");
        let size = size::shown(bytes);
        let (severity, message, help) = if bytes < SHORTEST {
            let message =
                format!("nginx answers 502 to every handshake: no 101 has a header that fits in {size}");
            (Severity::Error, message, with_curl(help, endpoint))
        } else {
            let message = format!(
                "nginx answers 502 to a handshake if the header of the back end's 101 is longer than {size}"
            );
            (Severity::Info, message, help)
        };
        let finding = FindingBuilder::new(&META, &line, message).endpoint(endpoint).at_most(severity);
        out.push(finding.assumed(is_assumed).help(help));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Severity;

    use super::META;
    use crate::testing::{check, found, help, with_handshake};

    fn count(lines: &str) -> usize {
        let text = format!("server {{ listen 80; location /ws/ {{ {lines} @ }} }}");
        found(&with_handshake(&text)).iter().filter(|finding| finding.rule.name == META.name).count()
    }

    #[test]
    fn a_long_head_does_not_fit() {
        let findings = check(&with_handshake(
            r#"
server {
    listen 80;
    proxy_buffers 24 4k;
    proxy_buffer_size 1k;
   #^^^^^^^^^^^^^^^^^^^^ info: nginx answers 502 to a handshake if the header of the back end's 101 is longer than 1k
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        @
    }
}
"#,
        ));
        let expected = "write `proxy_buffer_size 4k;` or more; nginx's default is 4k or 8k, a page of memory";
        assert_eq!(help(&findings[0]), expected);
    }

    #[test]
    fn no_head_fits() {
        check(&with_handshake(
            r#"
server {
    listen 80;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_buffering off;
        proxy_buffer_size 96;
       #^^^^^^^^^^^^^^^^^^^^ error: nginx answers 502 to every handshake: no 101 has a header that fits in 96 bytes
        @
    }
}
"#,
        ));
    }

    #[test]
    fn a_head_of_the_shortest_size_fits() {
        let shortest = [
            "HTTP/1.1 101 ",
            "Upgrade:websocket",
            "Connection:Upgrade",
            "Sec-WebSocket-Accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "",
        ];
        let bytes = shortest.map(|line| format!("{line}\r\n")).concat().len();
        let severity = |bytes: usize| {
            let text = format!(
                "server {{ listen 80; location /ws/ {{ proxy_pass http://a.example; proxy_buffer_size {bytes}; @ }} }}"
            );
            let found = found(&with_handshake(&text));
            found.iter().find(|finding| finding.rule.name == META.name).map(|finding| finding.severity)
        };
        assert_eq!(severity(bytes), Some(Severity::Info));
        assert_eq!(severity(bytes - 1), Some(Severity::Error));
    }

    #[test]
    fn the_buffer_of_the_module_that_passes_on_counts() {
        let uwsgi = "uwsgi_pass 127.0.0.1:9000; uwsgi_read_timeout 1h; # nginx-ws-lint: websocket\n";
        assert_eq!(count(&format!("{uwsgi} uwsgi_buffer_size 2k;")), 1);
        assert_eq!(count(&format!("{uwsgi} proxy_buffer_size 2k;")), 0);
        assert_eq!(count("proxy_pass http://a.example; uwsgi_buffer_size 2k;"), 0);
    }

    #[test]
    fn silent_where_nothing_is_surely_too_small() {
        for lines in [
            "",
            "proxy_buffer_size 4k;",
            "proxy_buffer_size 128K;",
            "proxy_buffer_size 1m;",
            "proxy_buffer_size $size;",
            "proxy_buffer_size {{ size }};",
            "proxy_buffers 8 1k;",
        ] {
            assert_eq!(count(&format!("proxy_pass http://a.example; {lines}")), 0, "{lines}");
        }
        let lines = "proxy_pass http://a.example; proxy_buffer_size 8k;";
        let text = format!("server {{ proxy_buffer_size 1k; location /ws/ {{ {lines} @ }} }}");
        assert!(found(&with_handshake(&text)).iter().all(|finding| finding.rule.name != META.name));
    }
}
