//! `small-header-buffers`: a cookie that browsers keep is longer than any buffer for the head of the handshake.
//!
//! Two servers have a say: the first buffer is that of the server that the connection has until the host is known, the
//! large ones are those of the server that the host names. See [`HeaderBuffer`].

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::size::shown;
use nginx_semantics::{ContextId, HeaderBuffer};
use nginx_syntax::lossy;
use ws_model::{Endpoint, Listening};

use crate::edit::Edits;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct SmallHeaderBuffers;

const META: RuleMeta = RuleMeta {
    name: "small-header-buffers",
    group: Group::Handshake,
    severity: Severity::Info,
    summary: "nginx answers 400 to handshakes with a long cookie: `large_client_header_buffers` are too small",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/small-header-buffers.md"),
};

/// What browsers keep of a cookie at least, in bytes (RFC 6265 section 6.1).
const COOKIE: u64 = 4 << 10;

impl Rule for SmallHeaderBuffers {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(listening) = cx.model.listening(endpoint) else { return };
        let large = HeaderBuffer::large(cx.configuration(), listening.server);
        let (Some(directive), Some(bytes)) = (large.directive, large.bytes) else { return };
        // nginx takes no buffers of 0 bytes (`core/ngx_conf_file.c:ngx_conf_set_bufs_slot`).
        if bytes == 0 || bytes >= COOKIE {
            return;
        }
        let Some(first) = largest_first(cx, &listening) else { return };
        let first_bytes = first.bytes.unwrap_or(COOKIE);
        if first_bytes >= COOKIE {
            return;
        }
        let message = format!(
            "nginx answers 400 to a handshake with a header line longer than {}; browsers keep cookies of {}",
            shown(bytes.max(first_bytes)),
            shown(COOKIE)
        );
        let mut finding = FindingBuilder::new(&META, &directive, message)
            .endpoint(endpoint)
            .assumed(large.is_assumed || first.is_assumed)
            .fix("use buffers of 8k", Applicability::Unsafe, Edits::new().argument(&directive, 1, "8k"));
        if let Some(line) = first.directive.filter(|_| first_bytes > bytes) {
            finding = finding.because(&line, "lines that fit there use the first buffer");
        }
        let number = directive.argument(0).unwrap_or_default();
        let number = lossy(&number).into_owned();
        let help = format!("write `large_client_header_buffers {number} 8k;`, nginx's default size");
        out.push(finding.help(help));
    }
}

/// The largest of the buffers that the head of a handshake may come to first; `None` where one is not known.
fn largest_first<'s>(cx: &Context<'_, 's>, listening: &Listening<'s>) -> Option<HeaderBuffer<'s>> {
    let mut largest: Option<HeaderBuffer<'s>> = None;
    let mut is_assumed = false;
    let readers = listening.sockets.iter().flat_map(|open| {
        let default = open.socket.default().map(|listen| listen.server);
        // Over TLS it is the server of the name that the client asks for.
        let own: Option<ContextId> = open.is_tls.then_some(listening.server);
        default.into_iter().chain(own)
    });
    for reader in readers {
        let first = HeaderBuffer::first(cx.configuration(), reader);
        first.bytes?;
        is_assumed |= first.is_assumed;
        if largest.is_none_or(|largest| first.bytes > largest.bytes) {
            largest = Some(first);
        }
    }
    largest.map(|largest| HeaderBuffer { is_assumed, ..largest })
}

#[cfg(test)]
mod tests {
    use super::META;
    use crate::testing::{Options, check, check_with, found, help, labels};

    /// A location that works but for the buffers.
    fn with(text: &str) -> String {
        text.replace(
            '@',
            "location /ws/ { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
             proxy_set_header Connection upgrade; proxy_read_timeout 1h; proxy_pass http://127.0.0.1:9000; }",
        )
    }

    fn count(text: &str) -> usize {
        found(&with(text)).iter().filter(|finding| finding.rule.name == META.name).count()
    }

    #[test]
    fn no_line_of_a_cookie_fits() {
        let findings = check(&with(
            r#"
server {
    listen 80;
    client_header_buffer_size 512;
    large_client_header_buffers 2 1k;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx answers 400 to a handshake with a header line longer than 1k; browsers keep cookies of 4k
    @
}
"#,
        ));
        assert_eq!(help(&findings[0]), "write `large_client_header_buffers 2 8k;`, nginx's default size");
        assert!(findings[0].fix.is_some());
    }

    #[test]
    fn an_inherited_size_and_a_larger_first_buffer() {
        let findings = check(&with(
            r#"
map $http_upgrade $x { default 1; }
    large_client_header_buffers 4 1000;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx answers 400 to a handshake with a header line longer than 2k; browsers…
server {
    listen 80;
    client_header_buffer_size 2k;
    @
}
"#,
        ));
        assert!(labels(&findings[0]).contains(&"lines that fit there use the first buffer"));
    }

    #[test]
    fn the_first_buffer_is_that_of_the_default_server() {
        let first = "client_header_buffer_size 8k;";
        let large = "server_name b.example.com; large_client_header_buffers 4 1k; @";
        for (servers, expected) in [
            (format!("server {{ listen 80; {first} }} server {{ listen 80; {large} }}"), 0),
            (format!("server {{ listen 80; }} server {{ listen 80; {first} {large} }}"), 1),
            // Over TLS the server of the name may be the one, without a name the default one.
            (format!("server {{ listen 443 ssl; }} server {{ listen 443 ssl; {first} {large} }}"), 0),
            (format!("server {{ listen 443 ssl; {first} }} server {{ listen 443 ssl; {large} }}"), 0),
        ] {
            let servers = servers.replace("ssl; ", "ssl; ssl_certificate c.pem; ssl_certificate_key k.pem; ");
            assert_eq!(count(&servers), expected, "{servers}");
        }
    }

    #[test]
    fn the_large_buffers_are_those_of_the_named_server() {
        let large = "large_client_header_buffers 4 1k;";
        assert_eq!(count(&format!("server {{ {large} }} server {{ server_name b.example.com; @ }}")), 0);
        assert_eq!(count(&format!("server {{ }} server {{ server_name b.example.com; {large} @ }}")), 1);
        assert_eq!(count(&format!("server {{ {large} return 204; }}")), 0);
    }

    #[test]
    fn silent_where_nothing_is_surely_too_small() {
        for lines in [
            "",
            "large_client_header_buffers 4 4k;",
            "large_client_header_buffers 4 16k;",
            "large_client_header_buffers 4 0;",
            "large_client_header_buffers 4 $size;",
            "client_header_buffer_size 512;",
            "client_header_buffer_size 4k; large_client_header_buffers 4 1k;",
            "client_header_buffer_size $size; large_client_header_buffers 4 1k;",
            "include /opt/elsewhere.conf; large_client_header_buffers 4 1k;",
        ] {
            assert_eq!(count(&format!("server {{ {lines} @ }}")), 0, "{lines}");
        }
        let nearer = "large_client_header_buffers 4 1k; server { large_client_header_buffers 4 8k; @ }";
        assert_eq!(count(&format!("map $http_upgrade $x {{ default 1; }} {nearer}")), 0);
    }

    #[test]
    fn in_a_fragment_a_file_that_was_not_given_may_have_the_first_buffer() {
        check_with(
            Options::bare(),
            &with(
                r#"
server {
    large_client_header_buffers 4 1k;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx answers 400 to a handshake with a header line longer than 1k; browsers keep cookies of 4k (unless a file that was not given sets it)
    @
}
"#,
            ),
        );
    }
}
