//! `missing-connection-header`: `Upgrade` is forwarded, `Connection` is not.
//!
//! Without a line nginx sends `Connection: close` before 1.29.7 and none since
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_headers`); RFC 6455 section 4.2.1 wants the token `Upgrade`.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::defaults;
use ws_model::{Browser, Endpoint, Source};

use crate::repair::Repair;
use crate::verify::{Missing, add_lines, dropped_lines, with_curl};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct MissingConnectionHeader;

const META: RuleMeta = RuleMeta {
    name: "missing-connection-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`Upgrade` is forwarded to the back end, but `Connection: upgrade` is not",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/missing-connection-header.md"),
};

impl Rule for MissingConnectionHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let Source::Set { is_here, .. } = handshake.upgrade.source else { return };
        let Some(line) = handshake.upgrade.lines.first() else { return };
        // An `Upgrade` that is taken away on purpose needs no `Connection`.
        let is_sent = !line.value(Browser::Chrome).surely(<[u8]>::is_empty);
        if !handshake.connection.source.is_default() || !dropped_lines(handshake).is_empty() || !is_sent {
            return;
        }
        let versions = cx.versions();
        let message = if versions.all_since(defaults::HTTP11_BY_DEFAULT) {
            "the back end gets `Upgrade` without any `Connection`, so it refuses the handshake"
        } else if versions.any_since(defaults::HTTP11_BY_DEFAULT) {
            "the back end gets `Upgrade` without `Connection: upgrade`, so it refuses the handshake"
        } else {
            "the back end gets `Upgrade` with `Connection: close`, so it refuses the handshake"
        };
        let missing = Missing::of(cx, handshake);
        let help = add_lines(cx, endpoint, handshake, missing);
        let blamed = if is_here { &line.directive } else { &endpoint.pass.directive };
        let mut finding = FindingBuilder::new(&META, blamed, message)
            .endpoint(endpoint)
            .assumed(handshake.connection.source.is_assumed());
        if !is_here {
            finding = finding.because(&line.directive, "`Upgrade` is inherited from here");
        }
        let repair = Repair::new(cx, endpoint, handshake).missing(cx, endpoint, missing);
        finding = repair.fix(finding, "add the handshake lines");
        out.push(finding.help(with_curl(help, endpoint)));
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check, check_with, fixed, found, labels};

    #[test]
    fn the_own_upgrade_line_is_blamed() {
        check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets `Upgrade` without `Connection: upgrade`, so it refuses the handshake
        proxy_read_timeout 3600s;
    }
"#,
        );
    }

    #[test]
    fn one_version_is_told_what_it_sends() {
        for (version, sent) in
            [("1.22.1", "with `Connection: close`"), ("1.30.0", "without any `Connection`")]
        {
            let text = format!(
                r#"
    location /ws/ {{
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets `Upgrade` {sent}, so it refuses the handshake
        proxy_read_timeout 3600s;
    }}
"#
            );
            check_with(Options::version(version), &text);
        }
    }

    #[test]
    fn an_inherited_upgrade_line_is_a_label() {
        let findings = check(
            r#"
server {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets `Upgrade` with…
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        assert!(labels(&findings[0]).contains(&"`Upgrade` is inherited from here"));
    }

    #[test]
    fn the_http_version_is_part_of_the_remedy() {
        let findings = found(
            "location /ws/ { proxy_pass http://a; proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 1h; }",
        );
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert!(crate::testing::help(finding).contains("proxy_http_version 1.1;"));
    }

    #[test]
    fn an_outer_upgrade_that_is_dropped_does_not_hide_it() {
        check(
            r#"
server {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets `Upgrade` with…
        proxy_read_timeout 3600s;
    }
}
"#,
        );
    }

    #[test]
    fn silent_where_an_include_was_not_given() {
        let text = "location /ws/ { proxy_pass http://a; proxy_set_header Upgrade $http_upgrade; include /opt/x.conf; }";
        assert!(found(text).is_empty());
    }

    #[test]
    fn silent_where_upgrade_is_taken_away() {
        let text = "location /socket.io/ { proxy_pass http://a; proxy_set_header Upgrade ''; proxy_read_timeout 1h; }";
        assert!(found(text).iter().all(|finding| finding.rule.name == "wrong-upgrade-header"));
    }

    /// The client's `Upgrade` must decide, whatever the variable is called.
    #[test]
    fn a_map_that_may_say_upgrade_to_ordinary_requests_is_not_used() {
        for map in [
            "$http_connection $connection_upgrade { '' upgrade; default $http_connection; }",
            "$http_connection $connection_upgrade { default upgrade; close close; keep-alive keep-alive; }",
            "$http_sec_websocket_key $connection_upgrade { default upgrade; '' close; }",
            "$http_upgrade$http_x_mode $connection_upgrade { default upgrade; '' close; }",
            "$http_upgrade $connection_upgrade { default upgrade; '' $http_x_mode; }",
        ] {
            let before = format!(
                "map {map}\nserver {{\n  location /ws/ {{\n    proxy_pass http://a;\n    proxy_http_version 1.1;\n    \
                 proxy_set_header Upgrade $http_upgrade;\n  }}\n}}\n"
            );
            let after = fixed(Applicability::Safe, "missing-connection-header", &before);
            assert!(after.contains("map $http_upgrade $websocket_connection {"), "{after}");
            assert!(after.contains("proxy_set_header Connection $websocket_connection;"), "{after}");
        }
    }

    #[test]
    fn what_the_author_sets_decides_nothing_safely() {
        let finding = |server: &str, map: &str| {
            let text = format!(
                "{map}\nserver {{ {server} location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h; \
                 proxy_set_header Upgrade $http_upgrade; }} }}"
            );
            let found = found(&text).into_iter().find(|one| one.rule.name == "missing-connection-header");
            found.and_then(|one| one.fix).map(|fix| {
                let uses = |name: &str| {
                    fix.edits.iter().any(|edit| String::from_utf8_lossy(&edit.replacement).contains(name))
                };
                (fix.applicability, uses("$c;"))
            })
        };
        let map = "map $http_upgrade $c { default upgrade; '' close; }";
        assert_eq!(finding("", map), Some((Applicability::Safe, true)));
        assert_eq!(finding("set $http_upgrade websocket;", map), Some((Applicability::Unsafe, false)));
        assert_eq!(finding("set $http_upgrade websocket;", ""), Some((Applicability::Unsafe, false)));
        assert_eq!(finding("set $c upgrade;", map), Some((Applicability::Safe, false)));
        assert_eq!(finding("if ($arg_a) { set $c upgrade; }", map), Some((Applicability::Safe, false)));
    }

    #[test]
    fn the_line_stands_behind_its_like() {
        let text = |more: &str| {
            format!(
                "map $http_upgrade $c {{ default upgrade; '' close; }}\nserver {{\n  location /ws/ {{\n    \
             proxy_pass http://a;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade $http_upgrade;\n{more}  }}\n}}\n"
            )
        };
        let after = fixed(Applicability::Safe, "missing-connection-header", &text(""));
        assert_eq!(after, text("    proxy_set_header Connection $c;\n"));
    }
}
