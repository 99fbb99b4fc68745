//! `wrong-connection-header`: `Connection` is set, but not to something with `upgrade` for a handshake.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity};
use nginx_semantics::{ContextId, Directive, Part, Value, parts};
use ws_model::{Browser, Endpoint, HandshakeRequest, Header, Line, has_token};

use crate::context::is_literal;
use crate::verify::{ConnectionValue, code, connection_map, with_curl};
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct WrongConnectionHeader;

const META: RuleMeta = RuleMeta {
    name: "wrong-connection-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`Connection` to the upstream has no `upgrade` when the client asks for one",
    since: "0.1.0",
    fix: FixKind::Sometimes,
    docs: include_str!("wrong_connection_header.md"),
};

impl Rule for WrongConnectionHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &endpoint.handshake else { return };
        // Without `Upgrade` there is one finding with one remedy: `missing-upgrade-header`.
        if !handshake.upgrade.source.is_set() {
            return;
        }
        let Some((browser, line)) = failing(&handshake.connection) else { return };
        let value = line.value(browser);
        let sent = match value.as_known() {
            Some(b"") => "no `Connection`".to_owned(),
            Some(value) if line.directive.may_be_shown() => {
                format!("`Connection: {}`", String::from_utf8_lossy(value))
            }
            _ => "`Connection` without `upgrade`".to_owned(),
        };
        let only = if browser == Browser::Firefox {
            " for a handshake of Firefox, whose `Connection` is `keep-alive, Upgrade`"
        } else {
            " for a handshake"
        };
        let message = format!("nginx sends {sent} to the upstream{only}");
        let value = ConnectionValue::of(cx, endpoint);
        let deciding = Deciding::of(cx, endpoint, browser, line);
        let help = match &deciding {
            // The map is the one to mend: a second one for the same variable would win or lose by its place.
            Some(deciding) if value.map.is_some() => {
                format!("write the map as:{}", code(&[connection_map(&deciding.name)]))
            }
            _ => format!("write:{}{}", code(&[value.line()]), value.in_http()),
        };
        let mut finding = blame(cx, deciding.as_ref(), line, message)
            .endpoint(endpoint)
            .assumed(handshake.connection.source.is_assumed())
            .help(with_curl(help, endpoint));
        if is_literal(&line.written) && handshake.is_here {
            let value = if value.map.is_none() { &value.variable } else { "upgrade" };
            let edits = Edits::new().argument(&line.directive, 1, value);
            finding = finding.fix(format!("write `{value}`"), Applicability::Unsafe, edits);
        }
        out.push(finding);
    }
}

/// The first browser for which no line has the token, with the first of the lines.
fn failing<'h, 's>(connection: &'h Header<'s>) -> Option<(Browser, &'h Line<'s>)> {
    let has_none = |value: &Value| value.surely(|value| !has_token(value, "upgrade"));
    let first = connection.lines.first()?;
    let fails = |browser: &Browser| connection.lines.iter().all(|line| has_none(line.value(*browser)));
    Browser::ALL.into_iter().find(fails).map(|browser| (browser, first))
}

/// The map that decides the value, and its entry where one matches.
struct Deciding<'s> {
    /// The variable that it defines, without `$`.
    name: String,
    map: ContextId,
    entry: Option<Directive<'s>>,
}

impl<'s> Deciding<'s> {
    /// Where the value is one variable, and one map defines it.
    fn of(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>, browser: Browser, line: &Line<'_>) -> Option<Self> {
        let [Part::Variable(name)] = parts(&line.written)[..] else { return None };
        let request = HandshakeRequest(browser);
        let (map, entry) = cx.model.evaluator(&request, endpoint.context).deciding_entry(name)?;
        Some(Self { name: String::from_utf8_lossy(name).into_owned(), map, entry })
    }
}

/// The line to blame: that of the map which decides, else the one that sets the header.
fn blame(
    cx: &Context<'_, '_>,
    deciding: Option<&Deciding<'_>>,
    line: &Line<'_>,
    message: String,
) -> FindingBuilder {
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

    use crate::testing::{check, found, help, labels};

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
            assert_eq!(finding.message, format!("nginx sends {sent} to the upstream for a handshake"));
            assert_eq!(finding.fix.is_some(), !value.contains('$'), "{value}");
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
   #^^^^^^^^^^^^^ error: nginx sends `Connection: close` to the upstream for a handshake
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
   #^^^^^^^^^^^^^^^^^^ error: nginx sends `Connection: close` to the upstream for a handshake
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
 #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx sends no `Connection` to the upstream for a handshake
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
        assert!(finding.message.ends_with(firefox), "{}", finding.message);
    }

    #[test]
    fn the_edit_takes_a_map_that_is_there_and_is_unsafe() {
        let findings = judged("map $http_upgrade $conn { default upgrade; '' ''; }", "close");
        let fix = findings[0].fix.as_ref().expect("an edit");
        assert_eq!(
            (fix.applicability, fix.edits[0].replacement.as_slice()),
            (Applicability::Unsafe, &b"$conn"[..])
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
}
