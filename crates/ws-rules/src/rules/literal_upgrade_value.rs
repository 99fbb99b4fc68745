//! `literal-upgrade-value`: `Upgrade: websocket` for ordinary requests too.
//!
//! A fixed value is sent whatever the client asks for. With `Connection: upgrade` beside it each page is a handshake
//! without `Sec-WebSocket-Key`, which RFC 6455 section 4.2.1 lets servers refuse.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{Browser, Endpoint, EvidenceKind, Handshake, OrdinaryRequest, has_token};

use crate::context::is_literal;
use crate::setting::safe_if_given;
use crate::verify::{ConnectionValue, code, is_as_sent, with_curl};
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct LiteralUpgradeValue;

const META: RuleMeta = RuleMeta {
    name: "literal-upgrade-value",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "`Upgrade: websocket` is sent for ordinary requests too",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/literal-upgrade-value.md"),
};

impl Rule for LiteralUpgradeValue {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let [line] = handshake.upgrade.lines.as_slice() else { return };
        if !is_sent_for_pages(endpoint, handshake) {
            return;
        }
        let request = OrdinaryRequest;
        let evaluator = cx.model.evaluator(&request, endpoint.context);
        let announces = handshake
            .connection
            .lines
            .iter()
            .any(|line| evaluator.value(&line.written).surely(|value| has_token(value, "upgrade")));
        let message = if announces {
            "nginx turns every request into a handshake: `Upgrade: websocket` with `Connection: upgrade`"
        } else {
            "nginx sends `Upgrade: websocket` to the back end with every request, even with ordinary ones"
        };
        // Any other location may be one for WebSockets, though its name does not say so.
        let serves_pages = endpoint.is_catch_all()
            && !endpoint.evidence.iter().any(|evidence| evidence.kind == EvidenceKind::Name);
        let severity = if announces && serves_pages { Severity::Warning } else { Severity::Info };
        let mut finding =
            FindingBuilder::new(&META, &line.directive, message).endpoint(endpoint).at_most(severity);
        let mut edits = Edits::new().argument(&line.directive, 1, "$http_upgrade");
        let mut lines = vec!["proxy_set_header Upgrade $http_upgrade;".to_owned()];
        let mut in_http = String::new();
        if announces {
            let value = ConnectionValue::of(cx, endpoint);
            lines.push(value.line());
            in_http = value.in_http();
            let literal = handshake.connection.lines.first().filter(|line| is_literal(&line.written));
            if let (Some(line), Some(map)) = (literal, value.map_edits(cx, endpoint)) {
                edits = map.and(edits).argument(&line.directive, 1, &value.variable);
            }
        }
        if is_as_sent(cx) {
            finding = finding.fix("send them for handshakes only", safe_if_given(endpoint), edits);
        }
        let help = format!("write:{}{in_http}", code(&lines));
        out.push(finding.help(if severity > Severity::Info { with_curl(help, endpoint) } else { help }));
    }
}

/// Whether a fixed `Upgrade: websocket` goes out with the pages of a location.
pub(super) fn is_sent_for_pages(endpoint: &Endpoint<'_>, handshake: &Handshake<'_>) -> bool {
    let [line] = handshake.upgrade.lines.as_slice() else { return false };
    let is_websocket = line.value(Browser::Chrome).surely(|value| value.eq_ignore_ascii_case(b"websocket"));
    is_literal(&line.written) && is_websocket && endpoint.may_serve_ordinary_requests()
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help};

    #[test]
    fn every_page_becomes_a_handshake() {
        let findings = check(
            r#"
    location / {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade websocket;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx turns every request into a handshake: `Upgrade: websocket` with `Connection: upgrade`
        proxy_set_header Connection Upgrade;
        proxy_read_timeout 3600s;
    }
"#,
        );
        assert!(help(&findings[0]).contains("map $http_upgrade $connection_upgrade"));
        assert!(findings[0].fix.is_some());
    }

    #[test]
    fn without_connection_it_is_odd_only() {
        let findings = check(
            r#"
map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
}
server {
    proxy_set_header Upgrade "WebSocket";
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends `Upgrade: websocket` to the back end with every request…
    proxy_set_header Connection $connection_upgrade;
    location / {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        assert_eq!(help(&findings[0]), "write:\n    proxy_set_header Upgrade $http_upgrade;");
        // Whether it changes other locations is seen when it is applied.
        assert_eq!(findings[0].fix.as_ref().unwrap().edits[0].replacement, b"\"$http_upgrade\"");
    }

    #[test]
    fn another_location_may_be_one_for_websockets() {
        check(
            r#"
    location /stream {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade websocket;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx turns every request into a handshake…
        proxy_set_header Connection Upgrade;
        proxy_read_timeout 3600s;
    }
"#,
        );
    }

    #[test]
    fn silent_where_no_page_is_served_or_nothing_fixed_sent() {
        let lines = "proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h;";
        for text in [
            format!(
                "location /ws/ {{ {lines} proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade; }}"
            ),
            format!(
                "location /ws/ {{ {lines} proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}"
            ),
        ] {
            let findings = found(&text);
            assert!(findings.is_empty(), "{text}: {findings:?}");
        }
    }

    #[test]
    fn both_lines_follow_the_client() {
        let text = |upgrade: &str, connection: &str| {
            format!(
                "map $http_upgrade $c {{ default upgrade; '' close; }}\nserver {{ location / {{ proxy_pass http://a; proxy_http_version 1.1; \
             proxy_set_header Upgrade {upgrade}; proxy_set_header Connection {connection}; }} }}\n"
            )
        };
        let after = fixed(Applicability::Safe, "literal-upgrade-value", &text("websocket", "'upgrade'"));
        assert_eq!(after, text("$http_upgrade", "'$c'"));
    }
}
