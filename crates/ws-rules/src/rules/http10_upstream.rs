//! `http10-upstream`: the handshake goes to the upstream as HTTP/1.0.
//!
//! nginx itself does not mind and tunnels if the upstream answers 101; RFC 6455 section 4.1 wants HTTP/1.1.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::defaults;
use ws_model::{Endpoint, Source};

use crate::given;
use crate::repair::Repair;
use crate::verify::{Missing, with_curl};
use crate::{Context, FindingBuilder, Findings, Rule, Stake};

pub(super) struct Http10Upstream;

const META: RuleMeta = RuleMeta {
    name: "http10-upstream",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "nginx sends the handshake as HTTP/1.0, which many back ends refuse",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/http10-upstream.md"),
};

/// What HTTP/1.0 leads to, in one line.
const CONSEQUENCE: &str = "some back ends refuse HTTP/1.0 with 400, 426, 501 or 505";

impl Rule for Http10Upstream {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let missing = Missing::of(cx, handshake);
        let version = &handshake.version;
        let finding = match version.source {
            Source::Set { directive, .. } if version.written.as_deref() == Some("1.0") => {
                let message = "nginx sends this handshake as HTTP/1.0";
                FindingBuilder::new(&META, &directive, message)
            }
            // Where headers are missing too, their finding has the whole remedy.
            Source::Default { .. } if missing.version && !missing.upgrade && !missing.connection => {
                let before = if cx.versions().any_since(defaults::HTTP11_BY_DEFAULT) {
                    " (before 1.29.7)"
                } else {
                    ""
                };
                let message = format!(
                    "nginx sends this handshake as HTTP/1.0 unless `proxy_http_version` is set{before}"
                );
                FindingBuilder::new(&META, &endpoint.pass.directive, message)
            }
            Source::Set { .. } | Source::Default { .. } | Source::Unknown(_) => return,
        };
        let finding = finding.assumed(version.source.is_assumed());
        let refusing =
            endpoint.applications().into_iter().find(|application| application.rejects_http10 == Some(true));
        let always = version.source.is_set() || !cx.versions().any_since(defaults::HTTP11_BY_DEFAULT);
        let (severity, consequence) = match refusing {
            Some(application) if always => {
                (Severity::Error, format!("{} refuses an HTTP/1.0 handshake", application.name))
            }
            Some(application) => {
                (Severity::Warning, format!("{} refuses an HTTP/1.0 handshake", application.name))
            }
            None => (Severity::Warning, CONSEQUENCE.to_owned()),
        };
        // A back end that is known to refuse it refuses every handshake. All the lines for one in the location itself, and
        // not the version, are a handshake that somebody wrote and did not finish.
        let is_unfinished = endpoint.doubt.is_none()
            && handshake.is_here
            && !handshake.upgrade.lines.is_empty()
            && !handshake.connection.lines.is_empty();
        let stake = if refusing.is_some() || is_unfinished { Stake::Handshake } else { Stake::Service };
        let annotation = given::annotation(endpoint, "proxy_http_version", "1.1");
        let remedy = if let Some(annotation) = annotation {
            format!("write {annotation}")
        } else if version.source.is_here() {
            "write `proxy_http_version 1.1;`".to_owned()
        } else {
            format!("add `proxy_http_version 1.1;` to {}", endpoint.location_words())
        };
        let help = format!("{remedy}: {consequence}");
        let repair = Repair::new(cx, endpoint, handshake).version(true);
        let finding = repair.fix(finding, "use HTTP/1.1 to the back end");
        out.push(
            finding.endpoint_at_stake(endpoint, stake).at_most(severity).help(with_curl(help, endpoint)),
        );
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Finding, Severity};

    use crate::testing::{Options, check, check_with, fixed, help, labels};

    /// A location without `proxy_http_version`.
    fn default(version: &'static str, expected: &str) -> Vec<Finding> {
        check_with(
            Options::version(version),
            &format!(
                r#"
    location /ws/ {{
        proxy_pass http://127.0.0.1:9000;
{expected}
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_read_timeout 3600s;
    }}
"#
            ),
        )
    }

    #[test]
    fn the_default_depends_on_the_version() {
        default(
            "1.22.1",
            "       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends this handshake as HTTP/1.0 unless `proxy_http_version` is set",
        );
        default(
            "1.29.6",
            "       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends this handshake as HTTP/1.0 unless `proxy_http_version` is set",
        );
        default("1.29.7", "");
        default("1.30.0", "");
    }

    #[test]
    fn for_an_unknown_version_the_text_says_which_ones() {
        let findings = default(
            "",
            "       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends this handshake as HTTP/1.0 unless `proxy_http_version` is set (before 1.29.7)",
        );
        let text = "add `proxy_http_version 1.1;` to this location: some back ends refuse HTTP/1.0 with 400, 426, 501 or 505\nverify that it answers 101:\n";
        assert!(help(&findings[0]).starts_with(text), "{}", help(&findings[0]));
    }

    #[test]
    fn an_explicit_1_0_on_any_version() {
        for version in ["1.22.1", "1.30.0", ""] {
            let findings = check_with(
                Options::version(version),
                r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.0;
       #^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends this handshake as HTTP/1.0
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_read_timeout 3600s;
    }
"#,
            );
            assert!(findings[0].fix.is_some());
        }
    }

    #[test]
    fn an_inherited_1_0_is_overridden_in_the_location() {
        let findings = check(
            r#"
server {
    proxy_http_version 1.0;
   #^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends this handshake as HTTP/1.0
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        assert_eq!(
            findings[0].fix.as_ref().unwrap().edits[0].replacement,
            b"        proxy_http_version 1.1;\n"
        );
        assert!(help(&findings[0]).starts_with("add `proxy_http_version 1.1;` to this location"));
    }

    #[test]
    fn an_application_that_is_known_to_refuse_makes_it_an_error() {
        let text = |severity: &str| {
            format!(
                r#"
    location / {{
        proxy_pass http://mattermost.lan:8065;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ {severity}: nginx sends this handshake as HTTP/1.0…
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_set_header Host $http_host;
        proxy_read_timeout 3600s;
    }}
"#
            )
        };
        let findings = check_with(Options::version("1.22.1"), &text("error"));
        assert!(help(&findings[0]).contains("Mattermost refuses an HTTP/1.0 handshake"));
        check(&text("warning"));
    }

    #[test]
    fn missing_headers_have_the_whole_remedy() {
        let findings = check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end gets no `Upgrade`…
        proxy_read_timeout 3600s;
    }
"#,
        );
        assert_eq!(findings[0].severity, Severity::Warning);
        assert_eq!(labels(&findings[0]).len(), 1);
    }

    #[test]
    fn the_version_is_added_or_mended() {
        let text = |pass: &str| {
            format!(
                "server {{ location /ws/ {{ {pass} proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }} }}\n"
            )
        };
        for (before, after) in [
            ("proxy_pass http://a;", "proxy_pass http://a; proxy_http_version 1.1;"),
            (
                "proxy_pass http://a; proxy_http_version '1.0';",
                "proxy_pass http://a; proxy_http_version '1.1';",
            ),
        ] {
            assert_eq!(fixed(Applicability::Safe, "http10-upstream", &text(before)), text(after));
        }
    }
}
