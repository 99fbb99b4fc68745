//! `proxy-headers-not-inherited`: the location's own lines for the upgrade drop `Host` and `X-Forwarded-*` of an outer
//! level.
//!
//! `proxy_set_header` is inherited all or not at all
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{Endpoint, Handshake, Line};

use crate::repair::Repair;
use crate::verify::{code, dropped_lines, most_telling, names, with_curl_of_page};
use crate::{Context, FindingBuilder, Findings, Rule, Stake};

pub(super) struct ProxyHeadersNotInherited;

const META: RuleMeta = RuleMeta {
    name: "proxy-headers-not-inherited",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "a `proxy_set_header` in the location stops it from inheriting outer `Host` or `X-Forwarded-*` lines",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/proxy-headers-not-inherited.md"),
};

impl Rule for ProxyHeadersNotInherited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        // Where the upgrade is dropped too, `upgrade-headers-not-inherited` lists all lines.
        if !handshake.unset.is_default() || !dropped_lines(handshake).is_empty() {
            return;
        }
        let dropped = missed(handshake);
        let Some(by) = handshake.dropped.as_ref().map(|dropped| dropped.dropped_by) else { return };
        if !dropped.iter().any(|line| tells_of_client(line)) {
            return;
        }
        let said = most_telling(&dropped);
        let message =
            format!("this `proxy_set_header` stops the location from inheriting {}", names(&dropped));
        let severity = if may_fail(cx, endpoint, &dropped) { Severity::Warning } else { Severity::Info };
        let mut finding = FindingBuilder::new(&META, &by, message)
            .endpoint_at_stake(endpoint, Stake::Service)
            .at_most(severity)
            .assumed(handshake.unset.is_assumed());
        if let Some(include) = by.included_by() {
            finding = finding.because(&include, "the line comes from this include");
        }
        for line in &said {
            finding = finding.because(&line.directive, format!("`{}` is set here, but lost", line.name));
        }
        let repair = Repair::new(cx, endpoint, handshake).repeat(cx, endpoint, dropped.iter().copied());
        let as_written = || said.iter().map(|line| format!("{};", line.directive.text_line())).collect();
        let lines: Vec<String> = repair.repeated_lines().unwrap_or_else(as_written);
        finding = repair.fix(finding, "repeat the dropped lines");
        let help = format!("repeat these lines in this location:{}", code(&lines));
        out.push(finding.help(if severity > Severity::Info {
            with_curl_of_page(help, endpoint)
        } else {
            help
        }));
    }
}

/// Whether a handshake may depend on one of the fields: the host, unless nothing compares it with `Origin`, and the scheme
/// where it is not what the upstream takes it for anyway.
fn may_fail(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, dropped: &[&Line<'_>]) -> bool {
    let is = |names: &[&str]| dropped.iter().any(|line| names.iter().any(|name| line.is(name)));
    let is_host = is(&["Host", "X-Forwarded-Host", "Forwarded"]) && endpoint.origin_checker().is_some();
    let is_tls = || cx.walks.has_page_over_tls(endpoint);
    is_host || (is(&["X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "Forwarded"]) && is_tls())
}

/// The lines of the next outer level that send something and that no line in effect replaces.
fn missed<'h, 's>(handshake: &'h Handshake<'s>) -> Vec<&'h Line<'s>> {
    let Some(dropped) = &handshake.dropped else { return Vec::new() };
    let is_missed = |line: &&Line<'_>| {
        let is_default = line.is("host") && line.written.as_ref() == b"$proxy_host";
        !line.written.is_empty() && !is_default && handshake.lines_for(&line.name).next().is_none()
    };
    dropped.lines.iter().filter(is_missed).collect()
}

/// Whether a line tells the upstream what it cannot know behind a proxy: the host, scheme or address of the client.
fn tells_of_client(line: &Line<'_>) -> bool {
    let name = line.name.to_ascii_lowercase();
    name == "host" || name == "forwarded" || name.starts_with("x-forwarded-")
}

/// Whether a line for the field is dropped, so that this rule speaks about it.
pub(super) fn is_dropped(handshake: &Handshake<'_>, name: &str) -> bool {
    missed(handshake).iter().any(|line| line.is(name))
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Confidence};

    use crate::testing::{Options, check, check_with, fixed, found, help, labels};

    #[test]
    fn dropped_by_the_upgrade_lines_of_the_location() {
        let findings = check(
            r#"
server {
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Real-IP $remote_addr;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: this `proxy_set_header` stops the location from inheriting `Host`, `X-Forwarded-Proto`, `X-Real-IP`
        proxy_set_header Connection upgrade;
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        let finding = &findings[0];
        assert!(help(finding).starts_with(
            "repeat these lines in this location:\n    proxy_set_header Host $http_host;\n    \
             proxy_set_header X-Forwarded-Proto $scheme;\n    proxy_set_header X-Real-IP $remote_addr;\nverify"
        ));
        assert_eq!(labels(finding).iter().filter(|text| text.ends_with("is set here, but lost")).count(), 3);
    }

    #[test]
    fn dropped_by_an_include_in_the_location() {
        check(
            r#"
server {
    proxy_set_header Host $http_host;
    location /ws/ {
        include websocket.conf;
        proxy_pass http://127.0.0.1:9000;
    }
}
    #- websocket.conf
    proxy_http_version 1.1;
    proxy_read_timeout 3600s;
    proxy_set_header Upgrade $http_upgrade;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: this `proxy_set_header` stops the location from inheriting `Host`
    proxy_set_header Connection upgrade;
"#,
        );
    }

    #[test]
    fn http_level_lines_dropped_by_the_server() {
        let findings = check(
            r#"
events {}
http {
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    server {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: this `proxy_set_header` stops the location from inheriting `X-Forwarded-For`
        proxy_set_header Connection upgrade;
        location /ws/ {
            proxy_pass http://127.0.0.1:9000;
            proxy_read_timeout 3600s;
        }
    }
}
"#,
        );
        // What the server has goes too with the location's first line.
        assert_eq!(
            help(&findings[0]),
            "repeat these lines in this location:\n    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n    \
             proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection upgrade;"
        );
    }

    #[test]
    fn a_pattern_that_matches_nothing_may_bring_them_back() {
        let findings = check_with(
            Options::default(),
            r#"
server {
    proxy_set_header Host $http_host;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: this `proxy_set_header` stops the location from inheriting `Host` (unless a file that was not given sets it)
        proxy_set_header Connection upgrade;
        proxy_read_timeout 3600s;
        include more/*.conf;
    }
}
"#,
        );
        assert_eq!(findings[0].confidence, Confidence::Medium);
    }

    #[test]
    fn silent_where_nothing_is_lost_or_known() {
        let lines = "proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
        for (outer, more) in [
            // Repeated, in any case, or taken away on purpose.
            ("proxy_set_header Host $http_host;", "proxy_set_header HOST $host;"),
            ("proxy_set_header X-Forwarded-Proto $scheme;", "proxy_set_header X-Forwarded-Proto '';"),
            // The default by another name, nothing, and what says nothing of the client.
            ("proxy_set_header Host $proxy_host;", ""),
            ("proxy_set_header X-Forwarded-Host '';", ""),
            ("proxy_set_header X-Trace $request_id;", ""),
            // Something that was not given.
            ("proxy_set_header Host $http_host;", "include /opt/elsewhere.conf;"),
        ] {
            let text =
                format!("server {{ {outer} location /ws/ {{ proxy_pass http://a; {lines} {more} }} }}");
            let findings = found(&text);
            assert!(findings.is_empty(), "{text}: {findings:?}");
        }
    }

    #[test]
    fn the_dropped_lines_are_repeated() {
        let text = |lines: &str| {
            format!(
                "server {{\n  proxy_set_header Host $host;\n  location /ws/ {{\n    proxy_pass http://10.0.0.1;\n    proxy_http_version 1.1;\n    \
             proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection upgrade;\n{lines}  }}\n}}\n"
            )
        };
        let after = fixed(Applicability::Unsafe, "proxy-headers-not-inherited", &text(""));
        assert_eq!(after, text("    proxy_set_header Host $host;\n"));
    }
}
