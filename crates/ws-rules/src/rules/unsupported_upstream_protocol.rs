//! `unsupported-upstream-protocol`: the location's module has no way to upgrade.
//!
//! Only the proxy, uwsgi and scgi modules set `u->upgrade` when the upstream answers 101
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_process_header` and its kin); fastcgi, grpc and memcached never
//! do.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::PassModule;
use nginx_syntax::lossy;

use crate::given;
use crate::ways::About;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct UnsupportedUpstreamProtocol;

const META: RuleMeta = RuleMeta {
    name: "unsupported-upstream-protocol",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`fastcgi_pass`, `grpc_pass` and `memcached_pass` cannot carry a WebSocket",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Failure,
    docs: include_str!("../../pages/unsupported-upstream-protocol.md"),
};

impl Rule for UnsupportedUpstreamProtocol {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for endpoint in &cx.model.unsupported {
            let pass = &endpoint.pass.directive;
            let name = lossy(&pass.name_bytes()).into_owned();
            let message = match endpoint.pass.module {
                PassModule::Fastcgi => {
                    format!(
                        "`{name}` cannot carry a WebSocket: nothing that the client sends reaches the application"
                    )
                }
                PassModule::Grpc => {
                    format!(
                        "`{name}` cannot carry a WebSocket: HTTP/2 has no `Upgrade`, and nginx opens no tunnel"
                    )
                }
                _ => format!("`{name}` cannot carry a WebSocket: nginx opens no tunnel"),
            };
            let help = "serve the WebSocket from a back end that speaks HTTP and pass the path to it with `proxy_pass`, or use \
                `uwsgi_pass` or `scgi_pass`, which can upgrade";
            let help = given::for_protocol(endpoint).unwrap_or_else(|| help.to_owned());
            let path = endpoint.example_path().unwrap_or_else(|| "/".to_owned());
            let finding = FindingBuilder::new(&META, pass, message);
            out.push(About::Endpoint(endpoint).finish(cx, finding, help, &path));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found};

    #[test]
    fn modules_without_an_upgrade() {
        check(
            r#"
    location /socket.io/ {
        fastcgi_pass 127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: `fastcgi_pass` cannot carry a WebSocket: nothing that the client sends reaches the application
    }
    location /live {
        grpc_pass grpc://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: `grpc_pass` cannot carry a WebSocket: HTTP/2 has no `Upgrade`, and nginx opens no tunnel
        grpc_set_header Upgrade $http_upgrade;
    }
    location /websocket/x {
        memcached_pass 127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: `memcached_pass` cannot carry a WebSocket: nginx opens no tunnel
    }
"#,
        );
    }

    #[test]
    fn a_path_that_the_user_names() {
        check_with(
            Options { websocket_path: Some("/chat"), ..Options::default() },
            r#"
    location /chat {
        fastcgi_pass 127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: `fastcgi_pass` cannot carry…
    }
"#,
        );
    }

    #[test]
    fn silent_where_it_may_be_plain_http() {
        for text in [
            "location ~ /websocket/.*\\.php$ { fastcgi_pass 127.0.0.1:9000; }",
            "location /ws/ { fastcgi_pass 127.0.0.1:9000; }",
            "location /x/ { fastcgi_pass websocket; }",
            "location /socket.io/ { uwsgi_pass 127.0.0.1:9000; uwsgi_read_timeout 1h; }",
            "# nginx-ws-lint: not-websocket\nlocation /socket.io/ { fastcgi_pass 127.0.0.1:9000; }",
            "proxy_set_header Upgrade $http_upgrade; location /api { fastcgi_pass 127.0.0.1:9000; }",
        ] {
            let findings = found(text);
            assert!(findings.is_empty(), "{text}: {findings:#?}");
        }
    }
}
