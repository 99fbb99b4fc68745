//! `arbitrary-upgrade-protocol`: the client chooses the protocol to upgrade to.
//!
//! nginx checks nothing about `Upgrade` but that there is one (`http/modules/ngx_http_proxy_module.c:
//! ngx_http_proxy_process_header`), so a back end that takes `h2c` gives a tunnel past all locations.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Request, Step, Value, Way};
use ws_model::{Browser, Endpoint, HandshakeRequest, has_token};

use crate::map_place::map_edits;
use crate::verify::{MapLines, code};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct ArbitraryUpgradeProtocol;

const META: RuleMeta = RuleMeta {
    name: "arbitrary-upgrade-protocol",
    group: Group::Security,
    severity: Severity::Pedantic,
    summary: "any `Upgrade` that a client sends is forwarded, so `h2c` can tunnel past nginx's locations",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/arbitrary-upgrade-protocol.md"),
};

/// A request that asks for HTTP/2 without TLS (RFC 7540 section 3.2).
struct Smuggled;

impl Request for Smuggled {
    fn variable(&self, name: &[u8]) -> Value {
        match name {
            b"http_upgrade" => Value::known("h2c"),
            b"http_connection" => Value::known("Upgrade, HTTP2-Settings"),
            _ => HandshakeRequest(Browser::Chrome).variable(name),
        }
    }
}

impl Rule for ArbitraryUpgradeProtocol {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let ([upgrade], [connection]) = (&handshake.upgrade.lines[..], &handshake.connection.lines[..])
        else {
            return;
        };
        // An `if` may name the protocol, one in a file that was not given too.
        let is_free =
            |way: &Way<'_>| !way.steps.iter().any(|step| matches!(step, Step::If { .. } | Step::NotGiven(_)));
        if !cx.walks.walk_to(endpoint).is_some_and(|exchange| exchange.ways.iter().all(is_free)) {
            return;
        }
        let evaluator = cx.model.evaluator(&Smuggled, endpoint.context);
        let surely = |text: &[u8], token: &str| evaluator.value(text).surely(|value| has_token(value, token));
        if !surely(&upgrade.written, "h2c") || !surely(&connection.written, "upgrade") {
            return;
        }
        let names = ["websocket", "websocket_upgrade", "only_websocket"];
        let name = names.into_iter().find(|name| !cx.model.variables.is_defined(name.as_bytes()));
        let Some(name) = name else { return };
        let map = MapLines::websocket(name);
        let edits = map_edits(cx.configuration(), &upgrade.directive, endpoint.context, &map);
        let edits = edits.argument(&upgrade.directive, 1, format!("${name}"));
        let map = code(&[map.text()]);
        let line = code(&[format!("proxy_set_header Upgrade ${name};")]);
        let help = format!(
            "forward only `websocket`: in `http`, add{map}\nand replace this line with{line}\nA map of `${name}` can set `Connection` in the same way"
        );
        out.push(
            FindingBuilder::argument(
                &META,
                &upgrade.directive,
                1,
                "nginx forwards any `Upgrade` that a client sends, such as `h2c`, and opens a tunnel if the back end agrees",
            )
            .endpoint(endpoint)
            .fix("pass on `websocket` only", Applicability::Unsafe, edits)
            .help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check_with, fixed_with};

    const PEDANTIC: Options = Options { is_pedantic: true, ..Options::version("1.30") };

    /// A server behind a map, with these lines.
    fn with(map: &str, upgrade: &str, connection: &str) -> String {
        format!(
            "map $http_upgrade $value {{ {map} }}\nserver {{\n location /ws/ {{\n{upgrade}\n{connection}\n proxy_pass http://127.0.0.1:9000;\n proxy_http_version 1.1;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn whatever_the_client_sends() {
        let upgrade = "    proxy_set_header Upgrade $http_upgrade;
                            #^^^^^^^^^^^^^ pedantic: nginx forwards any `Upgrade` that a client sends, such as `h2c`, and opens a tunnel if the back end agrees";
        for connection in
            ["proxy_set_header Connection upgrade;", "proxy_set_header Connection $http_connection;"]
        {
            check_with(PEDANTIC, &with("default '';", upgrade, connection));
        }
        let map = "default upgrade; '' close;";
        check_with(PEDANTIC, &with(map, upgrade, "proxy_set_header Connection $value;"));
    }

    #[test]
    fn silent_where_the_protocol_is_named() {
        let map = "default ''; websocket websocket;";
        let upgrade = "proxy_set_header Upgrade";
        let connection = "proxy_set_header Connection";
        for (upgrade, connection) in [
            (format!("{upgrade} $value;"), format!("{connection} upgrade;")),
            (format!("{upgrade} websocket;"), format!("{connection} upgrade;")),
        ] {
            check_with(PEDANTIC, &with(map, &upgrade, &connection));
        }
        let map = "default close; websocket upgrade;";
        check_with(
            PEDANTIC,
            &with(map, &format!("{upgrade} $http_upgrade;"), &format!("{connection} $value;")),
        );
    }
    #[test]
    fn silent_where_the_location_asks_for_the_protocol() {
        let upgrade =
            "proxy_set_header Upgrade $http_upgrade; if ($http_upgrade !~* ^websocket$) { return 400; }";
        check_with(PEDANTIC, &with("default '';", upgrade, "proxy_set_header Connection upgrade;"));
    }

    #[test]
    fn a_map_lets_one_protocol_through() {
        let text = |value: &str| {
            format!(
                "server {{\n  location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_set_header Upgrade {value}; \
             proxy_set_header Connection $http_connection; }}\n}}\n"
            )
        };
        let options = Options { is_pedantic: true, ..Options::default() };
        let after =
            fixed_with(options, Applicability::Unsafe, "arbitrary-upgrade-protocol", &text("$http_upgrade"));
        let map = "map $http_upgrade $websocket {\n  default   '';\n  websocket websocket;\n}\n\n";
        assert_eq!(after, format!("{map}{}", text("$websocket")));
    }
}
