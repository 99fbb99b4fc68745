//! `sticky-unavailable`: `sticky` in an nginx that does not know it.
//!
//! Open-source nginx has it since 1.29.6 (`http/modules/ngx_http_upstream_sticky_module.c`), NGINX Plus has had it for
//! long.

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Balancing, ContextKind, DirectiveName, NginxVersion};

use crate::commercial::is_commercial;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct StickyUnavailable;

const META: RuleMeta = RuleMeta {
    name: "sticky-unavailable",
    group: Group::Balancing,
    severity: Severity::Error,
    summary: "`sticky` is used with a version that does not know it, and nginx refuses to start",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/sticky-unavailable.md"),
};

/// The first open-source version with `sticky`.
const SINCE: NginxVersion = NginxVersion::new(1, 29, 6);

impl Rule for StickyUnavailable {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        // Where the version is not known, `sticky` itself tells that it is 1.29.6 or newer.
        let versions = cx.versions();
        if versions.all_since(SINCE) {
            return;
        }
        let (severity, before) = if versions.any_since(SINCE) {
            (Severity::Warning, " before 1.29.6")
        } else {
            (Severity::Error, "")
        };
        if !cx.configuration().has_any(DirectiveName::STICKY) || is_commercial(cx) {
            return;
        }
        for upstream in cx.configuration().of_kind(ContextKind::Upstream) {
            // A `sticky` without one of the three words is another module's.
            for sticky in Balancing::of(cx.configuration(), upstream).sticky {
                let message = format!("nginx{before} refuses to start: unknown directive \"sticky\"");
                out.push(
                    FindingBuilder::new(&META, &sticky, message)
                        .at_most(severity)
                        .confidence(Confidence::Medium)
                        .help("write `ip_hash;` or `hash $cookie_NAME consistent;` above the `server` lines, or use nginx 1.29.6 or newer, or NGINX Plus"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check_with, found_with};

    const TEXT: &str = "
upstream app {
    server 10.0.0.1:80;
    server 10.0.0.2:80;
    sticky cookie route;
}
";

    fn judge(version: &'static str, expected: &str) {
        check_with(
            Options::version(version),
            &TEXT.replace("route;\n", &format!("route;\n   #^^^^^^^^^^^^^^^^^^^ {expected}\n")),
        );
    }

    #[test]
    fn the_version_decides() {
        judge("1.22.1", "error: nginx refuses to start: unknown directive \"sticky\"");
        judge("1.29.5", "error: nginx refuses to start: unknown directive \"sticky\"");
        judge("1.28-1.30", "warning: nginx before 1.29.6 refuses to start: unknown directive \"sticky\"");
    }

    #[test]
    fn silent_where_nginx_has_it() {
        for version in ["", "1.29.6", "1.30"] {
            check_with(Options::version(version), TEXT);
        }
    }

    #[test]
    fn silent_about_other_modules() {
        check_with(Options::version("1.22"), &TEXT.replace("sticky cookie route", "sticky name=route"));
        check_with(Options::version("1.22"), &TEXT.replace("sticky cookie route", "sticky"));
        let text = TEXT.replace("sticky", "queue 10;\n    sticky");
        let said = found_with(Options::version("1.22"), &text);
        assert!(said.iter().all(|one| one.rule.name == "commercial-directive"), "{said:?}");
    }
}
