//! `http2-upstream`: `proxy_http_version 2` has no upgrade.
//!
//! The module for HTTP/2 upstreams (nginx 1.29.4) knows neither 101 nor extended CONNECT
//! (`http/modules/ngx_http_proxy_v2_module.c`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::NginxVersion;
use ws_model::{Endpoint, Source};

use crate::repair::Repair;
use crate::verify::with_curl;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct Http2Upstream;

const META: RuleMeta = RuleMeta {
    name: "http2-upstream",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "nginx speaks HTTP/2 to the back end, and never upgrades there",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/http2-upstream.md"),
};

/// The first version that knows `proxy_http_version 2`.
const SINCE: NginxVersion = NginxVersion::new(1, 29, 4);

impl Rule for Http2Upstream {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let Source::Set { directive, is_here, is_assumed } = handshake.version.source else { return };
        if handshake.version.written.as_deref() != Some("2") {
            return;
        }
        let message = if cx.versions().any_since(SINCE) {
            "no handshake succeeds here: nginx speaks HTTP/2 to the back end, and never upgrades there"
        } else {
            "nginx refuses to start: invalid value \"2\", which it knows since 1.29.4 and in which it never upgrades"
        };
        let finding = FindingBuilder::new(&META, &directive, message).endpoint(endpoint).assumed(is_assumed);
        // The back end may speak nothing but HTTP/2; one that no version of nginx reaches does no harm.
        let applicability =
            if cx.versions().any_since(SINCE) { Applicability::Unsafe } else { Applicability::Safe };
        let repair = Repair::new(cx, endpoint, handshake).version(true).at_most(applicability);
        let finding = repair.fix(finding, "use HTTP/1.1 to the back end");
        let help = if is_here {
            "write `proxy_http_version 1.1;`"
        } else {
            "add `proxy_http_version 1.1;` to this location"
        };
        out.push(finding.help(with_curl(help.to_owned(), endpoint)));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, help};

    #[test]
    fn the_line_of_the_location() {
        let findings = check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 2;
       #^^^^^^^^^^^^^^^^^^^^ error: no handshake succeeds here: nginx speaks HTTP/2 to the back end, and never upgrades there
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_read_timeout 3600s;
    }
"#,
        );
        assert!(findings[0].fix.is_some());
    }

    #[test]
    fn an_inherited_line_is_overridden_in_the_location() {
        let findings = check(
            r#"
server {
    proxy_http_version 2;
   #^^^^^^^^^^^^^^^^^^^^ error: no handshake succeeds here: nginx speaks HTTP/2 to the back end, and never upgrades there
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
        assert!(
            help(&findings[0])
                .starts_with("add `proxy_http_version 1.1;` to this location\nverify that it answers 101:\n")
        );
    }

    #[test]
    fn silent_for_1_1_and_for_what_is_no_endpoint() {
        assert!(found("location /api/ { proxy_pass http://a; proxy_http_version 2; }").is_empty());
    }
}
