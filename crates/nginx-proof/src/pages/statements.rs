//! What pages say in words only, as configurations with what has to be seen of them.

use nginx_semantics::NginxVersion;

use crate::Manner;

/// A sentence of a page that a configuration shows to be true.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) rule: &'static str,
    /// As the page has it.
    pub(crate) quote: &'static str,
    /// Like a block of a page.
    pub(crate) text: &'static str,
    pub(crate) manner: Manner,
    /// Whether the linter raises the rule.
    pub(crate) is_raised: bool,
    /// What has to be seen, as in docs/proofs.md.
    pub(crate) seen: fn(NginxVersion) -> &'static str,
}

/// The head of most locations.
macro_rules! location {
    ($($line:literal)*) => {
        concat!(
            "location /ws/ {\nproxy_pass http://127.0.0.1:9000;\nproxy_http_version 1.1;\n",
            $($line, "\n",)* "}\n"
        )
    };
}

/// The same in a server behind a map.
macro_rules! behind_map {
    ($map:literal) => {
        concat!(
            "map $http_upgrade $connection_upgrade {\n",
            $map,
            "\n}\nserver {\nlisten 80;\n",
            location!(
                "proxy_set_header Upgrade $http_upgrade;"
                "proxy_set_header Connection $connection_upgrade;"
                "proxy_read_timeout 3600s;"
            ),
            "}\n"
        )
    };
}

/// Servers that are shared as the lines say, behind a location.
macro_rules! shared {
    ($lines:literal) => {
        concat!(
            "upstream app {\nserver 10.0.0.1:80;\nserver 10.0.0.2:80;\n",
            $lines,
            "\n}\nserver {\nlisten 80;\nlocation /ws/ {\nproxy_pass http://app;\nproxy_http_version 1.1;\n",
            "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n",
            "proxy_read_timeout 3600s;\n}\n}\n"
        )
    };
}

const WORKS: fn(NginxVersion) -> &'static str = |_| "101; open after 60 s";

/// Sorted by rule.
pub(crate) const STATEMENTS: &[Statement] = &[
    Statement {
        rule: "always-false-upgrade-test",
        quote: "such a test lets all handshakes through",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 3600s;" "if ($http_upgrade!='websocket') { return 403; }"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "101; open after 60 s; `127.0.0.1:9000` got it",
    },
    Statement {
        rule: "always-false-upgrade-test",
        quote: "as in `if ($scheme='http')`, nginx refuses to start instead",
        text: "location /ws/ {\nif ($scheme='http') { return 403; }\n}\n",
        manner: Manner::Strict,
        is_raised: false,
        seen: |_| "refused: `unknown \"scheme='http'\" variable`",
    },
    Statement {
        rule: "balancing-order",
        quote: "a balancing method after `sticky`: clients do not stay on their server",
        text: shared!("sticky cookie route;\nleast_conn;"),
        manner: Manner::Strict,
        is_raised: true,
        seen: |version| {
            if version < NginxVersion::new(1, 29, 6) {
                "refused: `unknown directive \"sticky\" in nginx.conf:6`"
            } else {
                "warned: `load balancing method redefined in nginx.conf:7`; 101; open after 60 s"
            }
        },
    },
    Statement {
        rule: "balancing-order",
        quote: "a second method: only the last one counts",
        text: shared!("ip_hash;\nleast_conn;"),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "warned: `load balancing method redefined in nginx.conf:7`; 101; open after 60 s",
    },
    Statement {
        rule: "cached-handshake",
        quote: "with `proxy_buffering off` it stores nothing",
        text: concat!(
            "map $http_upgrade $connection_upgrade {\ndefault upgrade;\n'' close;\n}\n\
             proxy_cache_path /var/cache/nginx/pages keys_zone=pages:10m;\nserver {\nlisten 80;\n",
            location!(
                "proxy_set_header Upgrade $http_upgrade;"
                "proxy_set_header Connection $connection_upgrade;"
                "proxy_read_timeout 3600s;" "proxy_cache pages;" "proxy_cache_valid 200 10m;"
                "proxy_buffering off;"
            ),
            "}\n"
        ),
        manner: Manner::Strict,
        is_raised: false,
        seen: WORKS,
    },
    Statement {
        rule: "case-sensitive-upgrade-match",
        quote: "Literal keys of a map are case-insensitive",
        text: concat!(
            "map $http_upgrade $backend {\ndefault pages;\nWebSocket sockets;\n}\n",
            "upstream pages {\nserver 127.0.0.1:8000;\n}\nupstream sockets {\nserver 127.0.0.1:9000;\n}\n",
            "server {\nlisten 80;\nlocation /ws/ {\nproxy_pass http://$backend;\nproxy_http_version 1.1;\n",
            "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n",
            "proxy_read_timeout 3600s;\n}\n}\n"
        ),
        manner: Manner::Strict,
        is_raised: false,
        seen: |_| "101; open after 60 s; `127.0.0.1:9000` got it",
    },
    Statement {
        rule: "duplicate-handshake-header",
        quote: "nginx does not send a line with an empty value, so it does no harm, first or last",
        text: location!(
            "proxy_set_header Upgrade '';" "proxy_set_header Upgrade $http_upgrade;"
            "proxy_set_header Connection upgrade;" "proxy_set_header Connection '';" "proxy_read_timeout 3600s;"
        ),
        manner: Manner::Strict,
        is_raised: false,
        seen: |_| "101; open after 60 s; `127.0.0.1:9000` got `Upgrade: websocket`, `Connection: upgrade`",
    },
    Statement {
        rule: "duplicate-location",
        quote: "nginx does not diagnose equal regexes and equal named locations",
        text: "location ~ ^/ws/x {\nreturn 404;\n}\nlocation ~ ^/ws/x {\nproxy_pass http://127.0.0.1:9000;\n\
            proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n\
            proxy_read_timeout 3600s;\n}\nlocation /ws/x {\nreturn 403;\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "404",
    },
    Statement {
        rule: "error-page-hides-upgrade",
        quote: "200 with `=200`",
        text: "location /chat {\nerror_page 418 =200 @ws;\nreturn 418;\n}\nlocation @ws {\n\
            proxy_pass http://127.0.0.1:9000;\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n\
            proxy_set_header Connection upgrade;\nproxy_read_timeout 3600s;\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "200; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: upgrade`",
    },
    Statement {
        rule: "handshake-headers-stripped",
        quote: "`Sec-WebSocket-Key` or `Sec-WebSocket-Version` (an empty `proxy_set_header`)",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_set_header Sec-WebSocket-Key '';" "proxy_read_timeout 3600s;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "400; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: upgrade`",
    },
    Statement {
        rule: "handshake-headers-stripped",
        quote: "`proxy_set_header Sec-WebSocket-Extensions \"\"` only turns compression off",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_set_header Sec-WebSocket-Extensions '';" "proxy_read_timeout 3600s;"
        ),
        manner: Manner::Strict,
        is_raised: false,
        seen: WORKS,
    },
    Statement {
        rule: "http10-upstream",
        quote: "it tunnels over an HTTP/1.0 request if the back end answers 101",
        text: "location /ws/ {\nproxy_pass http://127.0.0.1:9000;\nproxy_http_version 1.0;\nproxy_read_timeout 3600s;\n\
            proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n}\n",
        manner: Manner::Lenient,
        is_raised: true,
        seen: WORKS,
    },
    Statement {
        rule: "include-cycle",
        quote: "a server in it causes `conflicting server name` as many times",
        text: "events {}\nhttp {\ninclude conf.d/*.conf;\n}\n# file: conf.d/all.conf\ninclude conf.d/*.conf;\n\
            server {\nlisten 80;\nlocation /ws/ {\nproxy_pass http://127.0.0.1:9000;\nproxy_http_version 1.1;\n\
            proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n\
            proxy_read_timeout 3600s;\n}\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "warned: `conflicting server name`; 101; open after 60 s",
    },
    Statement {
        rule: "include-not-found",
        quote: "may match nothing, and nginx silently accepts that",
        text: location!("include snippets/no-*.conf;" "proxy_read_timeout 3600s;"),
        manner: Manner::Strict,
        is_raised: false,
        seen: |version| {
            if version < NginxVersion::new(1, 29, 7) {
                "426; upstream got HTTP/1.1, no `Upgrade`, `Connection: close`"
            } else {
                "426; upstream got HTTP/1.1, no `Upgrade`, no `Connection`"
            }
        },
    },
    Statement {
        rule: "limit-rate-leak",
        quote: "nginx sends that many bytes of the 101 and never the rest, so the handshake hangs",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 3600s;" "limit_rate 100;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "no answer; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: upgrade`; kept, not logged",
    },
    Statement {
        rule: "missing-resolver",
        quote: "not even for `localhost`",
        text: "location /ws/ {\nset $backend localhost:9000;\nproxy_pass http://$backend;\nproxy_http_version 1.1;\n\
            proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\nproxy_read_timeout 3600s;\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "502; no upstream was asked",
    },
    Statement {
        rule: "missing-resolver",
        quote: "A port after the name of an `upstream` block makes it a different name",
        text: "upstream app {\nserver 127.0.0.1:9000;\n}\nserver {\nlisten 80;\nlocation /ws/ {\nset $backend app:9000;\n\
            proxy_pass http://$backend;\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n\
            proxy_set_header Connection upgrade;\nproxy_read_timeout 3600s;\n}\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "502; no upstream was asked",
    },
    Statement {
        rule: "missing-upgrade-header",
        quote: "`add_header Upgrade` and `proxy_pass_header Upgrade` do not help",
        text: location!(
            "add_header Upgrade $http_upgrade;" "proxy_pass_header Upgrade;" "proxy_read_timeout 3600s;"
            "proxy_set_header Connection upgrade;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "426; upstream got HTTP/1.1, no `Upgrade`, `Connection: upgrade`",
    },
    Statement {
        rule: "response-filter",
        quote: "nginx never sends the head of the 101",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 3600s;" "ssi on;"
        ),
        manner: Manner::Typed,
        is_raised: true,
        seen: |_| "no answer; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: upgrade`",
    },
    Statement {
        rule: "response-filter",
        quote: "With `postpone_output 0`, nginx always sends the head",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 3600s;" "ssi on;" "postpone_output 0;"
        ),
        manner: Manner::Typed,
        is_raised: false,
        seen: WORKS,
    },
    Statement {
        rule: "shadowed-location",
        quote: "`^~` in a nested location does not stop the regexes of the outer level",
        text: "location /w {\nroot /srv;\nlocation ^~ /ws/ {\nproxy_pass http://127.0.0.1:9000;\n\
            proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n\
            proxy_read_timeout 3600s;\n}\n}\nlocation ~ ^/ws {\nreturn 403;\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "403",
    },
    Statement {
        rule: "short-read-timeout",
        quote: "it expires at once, and nginx answers the handshake with `504 Gateway Time-out`",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 0;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "504",
    },
    Statement {
        rule: "short-read-timeout",
        quote: "`proxy_send_timeout`, `send_timeout` and `keepalive_timeout` do not affect a silent tunnel",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 3600s;" "proxy_send_timeout 10s;" "send_timeout 10s;" "keepalive_timeout 10s;"
        ),
        manner: Manner::Strict,
        is_raised: false,
        seen: WORKS,
    },
    Statement {
        rule: "small-response-buffer",
        quote: "A short head still gets through",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 3600s;" "proxy_buffer_size 1k;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: WORKS,
    },
    Statement {
        rule: "small-response-buffer",
        quote: "in a smaller buffer no WebSocket opens",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection upgrade;"
            "proxy_read_timeout 3600s;" "proxy_buffer_size 96;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "502; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: upgrade`",
    },
    Statement {
        rule: "syntax-error",
        quote: "`directive \"proxy_set_header\" is not terminated by \";\"`",
        text: "server {\nlisten 80;\nproxy_set_header Upgrade $http_upgrade\nlocation /ws/ {\n\
            proxy_pass http://127.0.0.1:9000;\n}\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "refused: `directive \"proxy_set_header\" is not terminated by \";\" in nginx.conf:6`",
    },
    Statement {
        rule: "syntax-error",
        quote: "`unexpected end of file, expecting \"}\"`",
        text: "events {}\nhttp {\nserver {\nlisten 80;\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "refused: `unexpected end of file, expecting \"}\" in nginx.conf:5`",
    },
    Statement {
        rule: "websocket-scheme-in-proxy-pass",
        quote: "nginx accepts the configuration and answers each request with `500 Internal Server Error`",
        text: "location /ws/ {\nproxy_pass ws://127.0.0.1:9000$request_uri;\nproxy_http_version 1.1;\n\
            proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "500",
    },
    Statement {
        rule: "wrong-connection-header",
        quote: "`Connection $http_upgrade` (which sends `Connection: websocket`)",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection $http_upgrade;"
            "proxy_read_timeout 3600s;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "400; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: websocket`",
    },
    Statement {
        rule: "wrong-connection-header",
        quote: "`Connection connection_upgrade` without its `$`",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection connection_upgrade;"
            "proxy_read_timeout 3600s;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "400; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: connection_upgrade`",
    },
    Statement {
        rule: "wrong-connection-header",
        quote: "Literal keys of a map are case-insensitive",
        text: behind_map!("WEBSOCKET upgrade; default close;"),
        manner: Manner::Strict,
        is_raised: false,
        seen: WORKS,
    },
    Statement {
        rule: "wrong-connection-header",
        quote: "regexes after `~` are case-sensitive",
        text: behind_map!("~WEBSOCKET upgrade; default close;"),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "400; upstream got HTTP/1.1, `Upgrade: websocket`, `Connection: close`",
    },
    Statement {
        rule: "wrong-connection-header",
        quote: "`$http_connection` and every map that returns `upgrade` are right",
        text: location!(
            "proxy_set_header Upgrade $http_upgrade;" "proxy_set_header Connection $http_connection;"
            "proxy_read_timeout 3600s;"
        ),
        manner: Manner::Strict,
        is_raised: false,
        seen: WORKS,
    },
    Statement {
        rule: "wrong-upgrade-header",
        quote: "`Upgrade $connection_upgrade`",
        text: "map $http_upgrade $connection_upgrade {\ndefault upgrade;\n'' close;\n}\nserver {\nlisten 80;\n\
            location /ws/ {\nproxy_pass http://127.0.0.1:9000;\nproxy_http_version 1.1;\n\
            proxy_set_header Upgrade $connection_upgrade;\nproxy_set_header Connection upgrade;\n\
            proxy_read_timeout 3600s;\n}\n}\n",
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "400; upstream got HTTP/1.1, `Upgrade: upgrade`, `Connection: upgrade`",
    },
    Statement {
        rule: "wrong-upgrade-header",
        quote: "nginx does not send an empty value at all",
        text: location!(
            "proxy_set_header Upgrade '';" "proxy_set_header Connection upgrade;" "proxy_read_timeout 3600s;"
        ),
        manner: Manner::Strict,
        is_raised: true,
        seen: |_| "426; upstream got HTTP/1.1, no `Upgrade`, `Connection: upgrade`",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ws_rules::RULES;

    #[test]
    fn pages_say_so() {
        for Statement { rule, quote, .. } in STATEMENTS {
            let mut rules = RULES.iter().map(|rule| rule.meta());
            assert!(rules.any(|meta| meta.name == *rule && meta.docs.contains(quote)), "{rule}: {quote}");
        }
    }
}
