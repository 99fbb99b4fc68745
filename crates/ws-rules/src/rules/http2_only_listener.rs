//! `http2-only-listener`: a port without TLS on which old versions speak HTTP/2 only.
//!
//! Before nginx 1.25.1 `listen … http2` without `ssl` takes every connection for one of HTTP/2 with prior knowledge
//! (`http/ngx_http_request.c:ngx_http_init_connection` sets `ngx_http_v2_init`); since then it looks at the first bytes.

use std::sync::Arc;

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextId, Directive, DirectiveName, Effective, NginxVersion, effective};
use ws_model::{Endpoint, OpenSocket};

use super::certificate_without_tls::is_meant_for_tls;
use crate::edit::copied;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct Http2OnlyListener;

const META: RuleMeta = RuleMeta {
    name: "http2-only-listener",
    group: Group::Protocol,
    severity: Severity::Error,
    summary: "a port without TLS speaks only HTTP/2, so no handshake succeeds there (before nginx 1.25.1)",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Socket,
    docs: include_str!("../../pages/http2-only-listener.md"),
};

/// The first version that speaks HTTP/1.1 on such a port too.
const BOTH: NginxVersion = NginxVersion::new(1, 25, 1);

impl Rule for Http2OnlyListener {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        if cx.versions().all_since(BOTH) {
            return;
        }
        let Some(listening) = cx.model.listening(endpoint) else { return };
        let is_closed = |socket: &&Arc<OpenSocket<'_>>| {
            let has_tls =
                |server: ContextId| effective(cx.configuration(), server, DirectiveName::SSL).is_on(false);
            !socket.is_tls
                && socket.http2.is_some()
                && !socket.socket.listens.iter().any(|listen| has_tls(listen.server))
        };
        let is_only_some = cx.versions().any_since(BOTH);
        let is_everywhere = listening.sockets.iter().all(|socket| is_closed(&socket));
        for socket in listening.sockets.iter().filter(is_closed) {
            let own = socket.socket.listens.iter().filter(|listen| listen.server == listening.server);
            let own: Vec<_> = own.filter_map(|listen| listen.directive).collect();
            let Some(setting) = socket.http2 else { continue };
            if is_meant_for_tls(cx, socket, listening.server) {
                // `certificate-without-tls` has it: `http2` is right, and `ssl` is missing.
                continue;
            }
            let here = own.iter().find(|line| line.arguments().any(|word| *word == *b"http2"));
            let line = here.copied().unwrap_or(setting);
            let before = if is_only_some { " before 1.25.1" } else { "" };
            let message = format!(
                "no handshake succeeds on this port: nginx{before} speaks only HTTP/2 here, and there is no TLS"
            );
            // With another port for HTTP/1.1 this one may well be meant for those who know.
            let severity = match (is_everywhere, is_only_some) {
                (false, _) => Severity::Info,
                (true, true) => Severity::Warning,
                (true, false) => Severity::Error,
            };
            out.push(
                FindingBuilder::new(&META, &line, message)
                    .endpoint(endpoint)
                    .at_most(severity)
                    .assumed(matches!(
                        effective(cx.configuration(), listening.server, DirectiveName::SSL),
                        Effective::Default { is_assumed: true }
                    ))
                    .fix("take `http2` away", Applicability::Unsafe, without_http2(&line))
                    .help("remove `http2`: browsers use HTTP/2 only over TLS, and a proxy in front must use HTTP/1.1 for WebSockets"),
            );
        }
    }
}

/// The `listen` line without the word, or `http2` switched off.
fn without_http2(line: &Directive<'_>) -> Edits {
    if line.name() != DirectiveName::LISTEN {
        return Edits::new().argument(line, 0, "off");
    }
    let Some(text) = copied(line, line.reference.file) else { return Edits::impossible() };
    let words = text.trim_end_matches(';').split(' ').filter(|word| *word != "http2");
    Edits::new().replace(line, &words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check, check_with, fixed_with};

    /// A server with these lines and a complete location.
    fn with(lines: &str) -> String {
        format!(
            "server {{\n{lines}\n location /ws/ {{\n proxy_pass http://127.0.0.1:9000;\n proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn the_version_decides() {
        let text = with(
            "    listen 80 http2;
   #^^^^^^^^^^^^^^^ error: no handshake succeeds on this port: nginx speaks only HTTP/2 here, and there is no TLS",
        );
        check_with(Options::version("1.22"), &text);
        let some = text.replace(
            "error: no handshake succeeds on this port: nginx",
            "warning: no handshake succeeds on this port: nginx before 1.25.1",
        );
        check(&some);
        check_with(Options::version("1.25.1"), &with("listen 80 http2;"));
    }

    #[test]
    fn one_of_two_ports() {
        check_with(
            Options::version("1.22"),
            &with(
                "    listen 8080; listen
 80 http2;",
            )
            .replace("listen\n 80 http2;", "\n    listen 80 http2;\n   #^^^^^^^^^^^^^^^ info: no handshake succeeds on this port: nginx speaks only HTTP/2…"),
        );
    }

    #[test]
    fn another_server_of_the_port_counts() {
        let text = with("listen 80;")
            + "server {
    listen 80 http2;
   #^^^^^^^^^^^^^^^ error: no handshake succeeds on this port: nginx speaks only HTTP/2…
    return 404;
}
";
        check_with(Options::version("1.22"), &text);
    }

    #[test]
    fn silent_over_tls() {
        let tls = "ssl_certificate c.pem; ssl_certificate_key k.pem;";
        for listen in ["listen 443 ssl http2;", "listen 443 http2; ssl on;"] {
            check_with(Options::version("1.22"), &with(&format!("{listen} {tls}")));
        }
        check_with(Options::version("1.22"), &with("listen 80 http2; include /opt/elsewhere.conf;"));
    }

    #[test]
    fn the_word_goes_and_the_others_stay() {
        let text = |word: &str| {
            crate::testing::with_handshake(&format!(
                "server {{\n    listen 80{word} default_server;\n    location /ws/ {{ proxy_pass http://a; @ }}\n}}\n"
            ))
        };
        let after = fixed_with(
            Options::version("1.22.1"),
            Applicability::Unsafe,
            "http2-only-listener",
            &text(" http2"),
        );
        assert_eq!(after, text(""));
    }
}
