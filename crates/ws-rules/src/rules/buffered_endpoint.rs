//! `buffered-endpoint`: what a fallback streams is held back until a buffer is full.
//!
//! Chunks are passed on one by one; of an answer without framing nginx passes on whole buffers only, until it ends
//! (`event/ngx_event_pipe.c:ngx_event_pipe_copy_input_filter`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::Effective;
use ws_model::{Endpoint, Unframed};

use crate::setting::set;
use crate::streaming::NOT_THE_WEBSOCKET;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct BufferedEndpoint;

const META: RuleMeta = RuleMeta {
    name: "buffered-endpoint",
    group: Group::Buffering,
    severity: Severity::Warning,
    summary: "nginx buffers the HTTP stream that stands in for a WebSocket",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/buffered-endpoint.md"),
};

impl Rule for BufferedEndpoint {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some((name, value)) = endpoint.buffering().filter(|(_, value)| value.is_on(true)) else {
            return;
        };
        let (line, is_here, is_assumed) = match &value {
            Effective::Set(declared) => {
                (declared.directives.first().copied(), declared.is_here, declared.is_assumed)
            }
            Effective::Default { is_assumed } => (None, false, *is_assumed),
            Effective::Unknown(_) => return,
        };
        let known = cx.walks.unframed(endpoint).zip(endpoint.streamed_fallback());
        let (severity, message) = match (known, line) {
            (Some((unframed, (application, fallback))), _) => {
                let before = if unframed == Unframed::Before { " before 1.29.7" } else { "" };
                let message = format!(
                    "clients of {} that fall back to HTTP ({fallback}) get messages late: nginx{before} buffers responses that have no framing",
                    application.name
                );
                (Severity::Warning, message)
            }
            (None, Some(_)) => (
                Severity::Info,
                "clients that fall back to HTTP get messages late if responses have no framing: nginx buffers here"
                    .to_owned(),
            ),
            // The default alone tells nothing.
            (None, None) => return,
        };
        let mut finding =
            FindingBuilder::new(&META, line.as_ref().unwrap_or(&endpoint.pass.directive), message)
                .endpoint(endpoint)
                .assumed(is_assumed)
                .at_most(severity);
        let name = name.as_str();
        let edits = set(cx, endpoint, name, "off");
        finding = finding.fix(format!("write `{name} off`"), Applicability::Unsafe, edits);
        let remedy = match line.filter(|_| is_here) {
            Some(_) => format!("write `{name} off;`"),
            None => format!("add `{name} off;` to {}", endpoint.location_words()),
        };
        out.push(finding.help(format!(
            "{remedy}, or have the back end send `X-Accel-Buffering: no`; {NOT_THE_WEBSOCKET}"
        )));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found, help};

    const LINES: &str = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_read_timeout 3600s;";

    #[test]
    fn written_down_without_a_known_fallback() {
        let text = r#"
    location /ws/ {
        @ proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:9000;
        proxy_buffering on;
       #^^^^^^^^^^^^^^^^^^ info: clients that fall back to HTTP get messages late if responses have no framing: nginx buffers here
    }
"#;
        let findings = check(&text.replace('@', LINES));
        assert!(help(&findings[0]).starts_with("write `proxy_buffering off;`, or have"));
        assert!(findings[0].fix.is_some());
    }

    #[test]
    fn a_fallback_that_streams_without_framing() {
        check(
            r#"
    location /sockjs/ {
        uwsgi_pass 127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^ warning: clients of SockJS (any server) that fall back to HTTP (xhr-streaming) get messages late: nginx buffers…
        uwsgi_read_timeout 3600s;
    }
"#,
        );
        let text = r#"
    location /sockjs/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: clients of SockJS (any server) that fall back to HTTP (xhr-streaming) get messages late: nginx before 1.29.7…
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends this handshake as HTTP/1.0…
    }
"#;
        check_with(Options::default(), &text.replace('@', LINES));
    }

    #[test]
    fn silent_with_framing_or_without_buffers() {
        for lines in [
            "proxy_http_version 1.1;",
            "proxy_http_version 1.1; proxy_buffering off;",
            "proxy_http_version 1.1; include /opt/elsewhere.conf;",
        ] {
            let text = format!("location /sockjs/ {{ {LINES} {lines} proxy_pass http://127.0.0.1:9000; }}");
            assert!(found(&text).is_empty(), "{lines}");
        }
    }

    #[test]
    fn silent_about_polling_whose_answers_end() {
        assert!(
            found("location /socket.io/ { uwsgi_pass 127.0.0.1:9000; uwsgi_read_timeout 3600s; }").is_empty()
        );
    }
}
