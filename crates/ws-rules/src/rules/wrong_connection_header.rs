//! `wrong-connection-header`: `Connection` is set, but not to something with `upgrade` for a handshake.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::Value;
use nginx_syntax::lossy;
use ws_model::{Browser, Endpoint, Header, Line, has_token};

use crate::given;
use crate::map_entry::{Deciding, safe_for_handshakes};
use crate::repair::{Repair, for_others};
use crate::verify::{ConnectionValue, code, with_curl};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct WrongConnectionHeader;

const META: RuleMeta = RuleMeta {
    name: "wrong-connection-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`Connection` to the back end has no `upgrade` when the client asks for one",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/wrong-connection-header.md"),
};

impl Rule for WrongConnectionHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        // Without `Upgrade` there is one finding with one remedy: `missing-upgrade-header`.
        if !handshake.upgrade.source.is_set() {
            return;
        }
        let Some((browser, line)) = failing(&handshake.connection) else { return };
        let value = line.value(browser);
        let sent = match value.as_known() {
            Some(b"") => "no `Connection`".to_owned(),
            Some(value) if line.directive.may_be_shown() => {
                format!("`Connection: {}`", lossy(value))
            }
            _ => "`Connection` without `upgrade`".to_owned(),
        };
        let only = if browser == Browser::Firefox {
            " for a handshake of Firefox, whose `Connection` is `keep-alive, Upgrade`"
        } else {
            " for a handshake"
        };
        let message = format!("the back end gets {sent}{only}, so it refuses it");
        let deciding = Deciding::of(cx, endpoint, browser, line);
        let finding = blame(cx, deciding.as_ref(), line, message)
            .endpoint(endpoint)
            .assumed(handshake.connection.source.is_assumed());
        let value = ConnectionValue::of(cx, endpoint);
        let applicability =
            deciding.as_ref().map_or(Applicability::Safe, |deciding| safe_for_handshakes(cx, deciding.map));
        let mended = deciding.as_ref().filter(|_| value.map.is_some()).and_then(|map| map.mended(cx));
        out.push(match mended {
            // Only a handshake gets the entry.
            Some((entry, edits)) => finding
                .help(with_curl(format!("write in the map:{}", code(&[entry])), endpoint))
                .fix("give handshakes `upgrade`", applicability, edits),
            None => {
                let help = format!("write:{}{}", code(&[value.line()]), value.in_http());
                let help = given::for_connection(&line.directive).unwrap_or(help);
                let repair = Repair::new(cx, endpoint, handshake).connection(cx, endpoint);
                let repair = repair.at_most(for_others(cx, endpoint, line, &value));
                let title = format!("write `Connection {}`", value.variable);
                repair.fix(finding.help(with_curl(help, endpoint)), title)
            }
        });
    }
}

/// The first browser for which no line has the token, with the first of the lines.
fn failing<'h, 's>(connection: &'h Header<'s>) -> Option<(Browser, &'h Line<'s>)> {
    let has_none = |value: &Value| value.surely(|value| !has_token(value, "upgrade"));
    let first = connection.lines.first()?;
    let fails = |browser: &Browser| connection.lines.iter().all(|line| has_none(line.value(*browser)));
    Browser::ALL.into_iter().find(fails).map(|browser| (browser, first))
}

/// The line to blame: that of the map which decides, else the one that sets the header.
fn blame<'f>(
    cx: &Context<'_, 'f>,
    deciding: Option<&Deciding<'f>>,
    line: &Line<'f>,
    message: String,
) -> FindingBuilder<'f> {
    let opener = || deciding.and_then(|deciding| cx.configuration().opener(deciding.map));
    let (blamed, primary) = match deciding.and_then(|deciding| deciding.entry) {
        Some(entry) => (entry, ""),
        None => match opener() {
            Some(map) => (map, "no entry matches and there is no `default`, so the value is empty"),
            None => return FindingBuilder::new(&META, &line.directive, message),
        },
    };
    FindingBuilder::new(&META, &blamed, message)
        .primary(primary)
        .because(&line.directive, "`Connection` takes the map's value here")
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Finding};

    use crate::testing::{check, fixed, found, help, labels};

    /// A complete location with this value for `Connection`, and these blocks before its server.
    fn judged(blocks: &str, value: &str) -> Vec<Finding> {
        found(&format!(
            "server {{ location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h;
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection {value}; }} }}\n{blocks}"
        ))
    }

    #[test]
    fn fixed_values_without_upgrade() {
        for (value, sent) in [
            ("\"\"", "no `Connection`"),
            ("close", "`Connection: close`"),
            ("keep-alive", "`Connection: keep-alive`"),
            ("connection_upgrade", "`Connection: connection_upgrade`"),
            ("$http_upgrade", "`Connection: websocket`"),
            ("'keep-alive, upgraded'", "`Connection: keep-alive, upgraded`"),
        ] {
            let findings = judged("", value);
            let [finding] = findings.as_slice() else { panic!("{value}: {findings:?}") };
            assert_eq!(
                finding.message,
                format!("the back end gets {sent} for a handshake, so it refuses it")
            );
            assert!(finding.fix.is_some(), "{value}");
        }
    }

    #[test]
    fn values_with_upgrade_are_right_whatever_their_case() {
        let map = "map $http_upgrade $c { default upgrade; '' close; }";
        for value in [
            "upgrade",
            "Upgrade",
            "\"UPGRADE\"",
            "'keep-alive, Upgrade'",
            "$http_connection",
            "$c",
            "${c}",
            "$C",
        ] {
            let findings = judged(map, value);
            assert!(findings.is_empty(), "{value}: {findings:?}");
        }
    }

    #[test]
    fn maps_that_yield_upgrade_are_right() {
        for map in [
            "map $http_upgrade $c { default close; websocket upgrade; }",
            "map $http_upgrade $c { default close; WebSocket Upgrade; }",
            "map $http_upgrade $c { ~*^websocket$ upgrade; }",
            "map $http_upgrade $c { '' ''; default 'keep-alive, upgrade'; }",
            "map $http_connection $c { ~*upgrade upgrade; default close; }",
            "map $http_connection $c { default $http_connection; }",
            "map $http_upgrade $d { default upgrade; } map $d $c { upgrade Upgrade; }",
        ] {
            let findings = judged(map, "$c");
            assert!(findings.is_empty(), "{map}: {findings:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_blamed() {
        for (blocks, value) in [
            ("map $http_upgrade $c { include /opt/elsewhere.map; }", "$c"),
            ("map $remote_addr $c { 10.0.0.1 close; default upgrade; }", "$c"),
            ("map $cookie_ws $c { 1 upgrade; default close; }", "$c"),
            ("map $http_upgrade $c { ~(?<=web)socket upgrade; default close; }", "$c"),
            ("include /opt/elsewhere.conf;", "$elsewhere"),
        ] {
            let findings = judged(blocks, value);
            assert!(findings.is_empty(), "{blocks}: {findings:?}");
        }
    }

    #[test]
    fn the_entry_of_the_map_is_blamed() {
        let findings = check(
            r#"
map $http_upgrade $connection_upgrade {
    default close;
   #^^^^^^^^^^^^^ error: the back end gets `Connection: close` for a handshake, so it refuses it
    '' '';
}
server {
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        assert!(labels(&findings[0]).contains(&"`Connection` takes the map's value here"));
    }

    #[test]
    fn a_regex_that_the_browsers_case_does_not_match() {
        check(
            r#"
map $http_upgrade $connection_upgrade {
    ~^WebSocket$ upgrade;
    default      close;
   #^^^^^^^^^^^^^^^^^^ error: the back end gets `Connection: close` for a handshake, so it refuses it
}
server {
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_read_timeout 3600s;
    }
}
"#,
        );
    }

    #[test]
    fn a_map_without_default_is_blamed_as_a_whole() {
        check(
            r#"
  map $http_upgrade $connection_upgrade {
 #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the back end gets no `Connection` for a handshake, so it refuses it
    '' close;
  }
server {
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_read_timeout 3600s;
    }
}
"#,
        );
    }

    #[test]
    fn a_map_on_the_clients_connection_fails_in_firefox_only() {
        let findings = judged("map $http_connection $c { Upgrade upgrade; default close; }", "$c");
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        let firefox = "for a handshake of Firefox, whose `Connection` is `keep-alive, Upgrade`";
        assert!(finding.message.ends_with(&format!("{firefox}, so it refuses it")), "{}", finding.message);
    }

    #[test]
    fn the_edit_takes_a_map_that_is_there() {
        let findings = judged("map $http_upgrade $conn { default upgrade; '' ''; }", "close");
        let fix = findings[0].fix.as_ref().expect("an edit");
        assert_eq!(
            (fix.applicability, fix.edits[0].replacement.as_slice()),
            (Applicability::Safe, &b"$conn"[..])
        );
        assert!(
            help(&findings[0])
                .starts_with("write:\n    proxy_set_header Connection $conn;\nverify that it answers 101:\n")
        );
    }

    #[test]
    fn of_two_lines_one_that_is_right_is_enough() {
        let findings = judged("", "upgrade; proxy_set_header Connection close");
        let names: Vec<_> = findings.iter().map(|finding| finding.rule.name).collect();
        assert_eq!(names, ["duplicate-handshake-header"]);
    }

    #[test]
    fn an_upstream_that_keeps_connections_is_not_told_to_close_them() {
        let upstream = "upstream a { server 127.0.0.1:9000; keepalive 8; }\n";
        let text = |map: &str, value: &str| {
            format!(
                "{upstream}{map}server {{\n  location / {{ proxy_pass http://a; proxy_http_version 1.1; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection {value}; }}\n}}\n"
            )
        };
        let map = "map $http_upgrade $c { default upgrade; '' close; }\n";
        let after = fixed(Applicability::Unsafe, "wrong-connection-header", &text(map, "''"));
        assert_eq!(after, text(map, "'$c'"));
        let new = "map $http_upgrade $connection_upgrade {\n  default upgrade;\n  ''      '';\n}\n\n";
        let after = fixed(Applicability::Safe, "wrong-connection-header", &text("", "''"));
        assert_eq!(after, text(new, "'$connection_upgrade'"));
    }
}
