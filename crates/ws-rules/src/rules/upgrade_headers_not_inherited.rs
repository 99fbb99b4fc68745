//! `upgrade-headers-not-inherited`: an outer level sets the upgrade lines, and a line of the location's own drops them.
//!
//! `proxy_set_header` is inherited whole (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{Endpoint, Handshake, Line};

use crate::repair::{Repair, is_for_handshakes};
use crate::verify::{
    Missing, code, dropped_lines, missing_lines, most_telling, names, own_connection, with_curl,
};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct UpgradeHeadersNotInherited;

const META: RuleMeta = RuleMeta {
    name: "upgrade-headers-not-inherited",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "a `proxy_set_header` in the location stops it from inheriting the upgrade headers",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/upgrade-headers-not-inherited.md"),
};

impl Rule for UpgradeHeadersNotInherited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let Some(lost) = &handshake.lost else { return };
        let dropped = dropped_lines(handshake);
        if dropped.is_empty() {
            return;
        }
        let said = most_telling(&dropped);
        let message =
            format!("this `proxy_set_header` stops the location from inheriting {}", names(&dropped));
        let mut finding = FindingBuilder::new(&META, &lost.dropped_by, message)
            .endpoint(endpoint)
            .assumed(handshake.upgrade.source.is_assumed());
        if let Some(include) = lost.dropped_by.included_by() {
            finding = finding.because(&include, "the line comes from this include");
        }
        for line in &said {
            finding = finding.because(&line.directive, format!("`{}` is set here, but lost", line.name));
        }
        let whole = repair(cx, endpoint, handshake, &dropped);
        let as_written = || said.iter().map(|line| format!("{};", line.directive.text_line())).collect();
        let mut lines = missing_lines(cx, endpoint, missing(cx, handshake, &dropped));
        lines.extend(whole.repeated_lines().unwrap_or_else(as_written));
        let mut help = format!("repeat these lines in this location:{}", code(&lines));
        if let Some((own, instead)) = own_connection(cx, endpoint, handshake) {
            finding = finding.because(&own, "this has no `upgrade`, which a handshake needs too");
            help.push_str(&instead);
        }
        // Ordinary requests get nothing new by these. One that is to be written otherwise takes the other with it.
        let is_safe = |line: &&&Line<'_>| is_for_handshakes(cx, endpoint, line);
        let is_usual = |line: &&&Line<'_>| line.written.as_ref() == b"$http_upgrade";
        let is_whole = dropped.iter().filter(|line| line.is("connection")).all(|line| is_safe(&line));
        let safe = dropped.iter().filter(|line| is_safe(line) && (is_whole || !is_usual(line)));
        let safe: Vec<_> = safe.copied().collect();
        let title = "repeat the dropped lines";
        let back = "repeat the handshake lines";
        finding = match safe.len() == dropped.len() {
            true => whole.fix(finding, title),
            false => whole.unsafe_fix(repair(cx, endpoint, handshake, &safe).fix(finding, back), title),
        };
        out.push(finding.help(with_curl(help, endpoint)));
    }
}

/// What the location lacks beside the lost lines that come back: the outer level may lack it too, and the rules for it
/// stand aside.
fn missing(cx: &Context<'_, '_>, handshake: &Handshake<'_>, kept: &[&Line<'_>]) -> Missing {
    let is_kept = |name: &str| kept.iter().any(|line| line.is(name));
    let missing = Missing::of(cx, handshake);
    Missing {
        upgrade: missing.upgrade && !is_kept("upgrade"),
        connection: missing.connection && !is_kept("connection"),
        ..missing
    }
}

fn repair<'s>(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'s>,
    handshake: &Handshake<'s>,
    kept: &[&Line<'s>],
) -> Repair<'s> {
    let missing = missing(cx, handshake, kept);
    let repair = Repair::new(cx, endpoint, handshake).missing(cx, endpoint, missing);
    repair.repeat(cx, endpoint, kept.iter().copied())
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help, labels};

    #[test]
    fn dropped_by_a_line_of_the_location() {
        let findings = check(
            r#"
server {
    proxy_http_version 1.1;
    proxy_read_timeout 3600s;
    proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_set_header X-Real-IP $remote_addr;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header X-Real-IP $remote_addr;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: this `proxy_set_header` stops the location from inheriting `Host`, `Upgrade`, `Connection`
        proxy_set_header X-Other 1;
    }
}
"#,
        );
        let finding = &findings[0];
        assert!(help(finding).starts_with("repeat these lines in this location:\n    proxy_set_header Host $host;\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection \"upgrade\";\nverify"), "{}", help(finding));
        let dropped = labels(finding).into_iter().filter(|text| text.ends_with("is set here, but lost"));
        assert_eq!(dropped.count(), 3);
    }

    #[test]
    fn dropped_by_an_include_in_the_location() {
        check(
            r#"
server {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    location /socket.io/ {
        include headers.conf;
        proxy_pass http://127.0.0.1:9000;
        proxy_read_timeout 3600s;
    }
}
    #- headers.conf
    proxy_set_header Host $host;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: this `proxy_set_header` stops the location from inheriting `Upgrade`, `Connection`
"#,
        );
    }

    #[test]
    fn http_level_lines_dropped_by_the_server() {
        let findings = check(
            r#"
events {}
http {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    server {
        proxy_set_header Host $host;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: this `proxy_set_header` stops the location from inheriting `Upgrade`, `Connection`
        location /socket.io/ {
            proxy_pass http://127.0.0.1:9000;
            proxy_read_timeout 3600s;
        }
    }
}
"#,
        );
        assert_eq!(findings[0].labels.len(), 3);
    }

    #[test]
    fn lines_of_an_outer_location_dropped_by_the_inner_one() {
        check(
            r#"
    location /app/ {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        location /app/socket.io/ {
            proxy_pass http://127.0.0.1:9000;
            proxy_set_header Host $host;
           #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: this `proxy_set_header` stops the location from inheriting `Upgrade`, `Connection`
            proxy_read_timeout 3600s;
        }
    }
"#,
        );
    }

    #[test]
    fn connection_alone_dropped_beside_an_own_upgrade() {
        check(
            r#"
server {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: this `proxy_set_header` stops the location from inheriting `Connection`
        proxy_read_timeout 3600s;
    }
}
"#,
        );
    }

    #[test]
    fn an_include_in_place_of_a_line_that_it_has_too() {
        let findings = check(
            r#"
server {
    include websocket.conf;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $host;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: this `proxy_set_header` stops the location from inheriting `Upgrade`, `Connection`
    }
}
    #- websocket.conf
    proxy_http_version 1.1;
    proxy_read_timeout 3600s;
    proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
"#,
        );
        let lines = "include websocket.conf;\n    # instead of proxy_set_header Host $host;\nverify";
        assert!(help(&findings[0]).contains(lines), "{}", help(&findings[0]));
    }

    #[test]
    fn what_the_outer_level_lacks_too_is_part_of_the_remedy() {
        let findings = check(
            r#"
server {
    proxy_set_header Upgrade $http_upgrade;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $host;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: this `proxy_set_header` stops the location from inheriting `Upgrade`
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        for line in ["proxy_http_version 1.1;", "proxy_set_header Connection $connection_upgrade;"] {
            assert!(help(&findings[0]).contains(line), "{}", help(&findings[0]));
        }
    }

    #[test]
    fn silent_where_the_location_repeats_them_or_is_no_endpoint() {
        let outer = "server { proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
        for location in [
            "location /ws/ { proxy_pass http://a; proxy_set_header upgrade $http_upgrade; proxy_set_header CONNECTION upgrade; proxy_set_header Host $host; }",
            "location /ws/ { proxy_pass http://a; }",
            "location /ws/ { proxy_pass http://a; proxy_set_header X-A 1; include /opt/elsewhere.conf; }",
            "location /ws/ { proxy_pass http://a; } location /api/ { proxy_pass http://a; proxy_set_header X-A 1; }",
        ] {
            let findings = found(&format!("{outer} {location} }}"));
            assert!(findings.is_empty(), "{location}: {findings:?}");
        }
    }

    #[test]
    fn all_lost_lines_are_repeated_as_they_are_written() {
        let outer = "server {\r\n\tproxy_http_version 1.1;\r\n\tproxy_set_header X-A  '1';\r\n\tproxy_set_header Upgrade $http_upgrade;\r\n\t\
                     proxy_set_header Connection \"upgrade\";\r\n\tlocation /ws/ {\r\n\t\tproxy_set_header Host $host;\r\n";
        let rest = "\t\tproxy_pass http://a;\r\n\t}\r\n}\r\n";
        let other = "\t\tproxy_set_header X-A '1';\r\n";
        let lines =
            "\t\tproxy_set_header Upgrade $http_upgrade;\r\n\t\tproxy_set_header Connection \"upgrade\";\r\n";
        let (rule, before) = ("upgrade-headers-not-inherited", format!("{outer}{rest}"));
        let after = fixed(Applicability::Unsafe, rule, &before);
        assert_eq!(after, format!("{outer}{other}{lines}{rest}"));
        // The other line would be news to ordinary requests, and so would `upgrade` without an upgrade.
        let after = fixed(Applicability::Safe, rule, &before);
        let mapped = lines.replace("\"upgrade\"", "$connection_upgrade");
        assert!(after.ends_with(&format!("{outer}{mapped}{rest}")), "{after}");
    }

    #[test]
    fn lines_that_the_server_dropped_go_into_the_location_with_those_of_the_server() {
        let text = |lines: &str| {
            format!(
                "events {{}}\nhttp {{\n  proxy_http_version 1.1;\n  proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection $http_connection;\n  \
             server {{\n    proxy_set_header Host $host;\n    location /socket.io/ {{ proxy_pass http://a;{lines} }}\n  }}\n}}\n"
            )
        };
        let lines = " proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_set_header Host $host;";
        assert_eq!(fixed(Applicability::Safe, "upgrade-headers-not-inherited", &text("")), text(lines));
    }
}
