//! `forwarded-proto-missing`: TLS ends at nginx, and the upstream is not told.
//!
//! nginx adds no `X-Forwarded-*` by itself; a line has to (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_headers`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{Endpoint, Handshake};

use super::proxy_headers_not_inherited::is_dropped;
use crate::repair::Repair;
use crate::verify::{code, with_curl_of_page};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct ForwardedProtoMissing;

const META: RuleMeta = RuleMeta {
    name: "forwarded-proto-missing",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "the back end does not learn that the client came over TLS: `X-Forwarded-Proto` is missing",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/forwarded-proto-missing.md"),
};

/// Fields that tell the scheme, to one back end or another.
const TELLING: [&str; 9] = [
    "X-Forwarded-Proto",
    "X-Forwarded-Protocol",
    "X-Forwarded-Scheme",
    "X-Forwarded-Ssl",
    "X-Forwarded-Https",
    "X-Scheme",
    "X-Url-Scheme",
    "Front-End-Https",
    "Forwarded",
];

impl Rule for ForwardedProtoMissing {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        // Where the upgrade is not forwarded, or the field was and is dropped, another rule has the remedy.
        if !handshake.upgrade.source.is_set()
            || !handshake.unset.is_default()
            || TELLING.into_iter().any(|name| is_dropped(handshake, name))
            || is_told(handshake)
        {
            return;
        }
        // An upstream that is asked over TLS takes that for what the page came over.
        if endpoint.target.scheme != "http"
            || endpoint.target.has_variables
            || !cx.walks.has_page_over_tls(endpoint)
        {
            return;
        }
        let application =
            endpoint.applications().into_iter().find(|one| one.needs_forwarded_proto == Some(true));
        let severity = match application {
            Some(_) => Severity::Warning,
            None if tells_the_rest(endpoint, handshake) => Severity::Info,
            None => return,
        };
        let message =
            "the back end does not learn that the client came over TLS: nginx sends no `X-Forwarded-Proto`";
        let who = match application {
            Some(application) => format!("{} needs it to know its own address", application.name),
            None => "without it, a back end that builds URLs or checks `Origin` assumes `http` and `ws://`"
                .to_owned(),
        };
        let mut lines = vec!["proxy_set_header X-Forwarded-Proto $scheme;".to_owned()];
        // A line of its own drops what the location inherits, so the remedy repeats it.
        lines.extend(handshake.inherited_lines().map(|line| format!("{};", line.directive.text_line())));
        let help = format!("add to {}:{}\n{who}", endpoint.location_words(), code(&lines));
        let finding = FindingBuilder::new(&META, &endpoint.pass.directive, message)
            .endpoint(endpoint)
            .at_most(severity)
            .assumed(handshake.unset.is_assumed());
        let help = if severity > Severity::Info { with_curl_of_page(help, endpoint) } else { help };
        let repair = Repair::new(cx, endpoint, handshake).header("X-Forwarded-Proto", "$scheme");
        out.push(repair.fix(finding.help(help), "tell the upstream of TLS"));
    }
}

fn is_told(handshake: &Handshake<'_>) -> bool {
    TELLING.into_iter().any(|name| handshake.lines_for(name).next().is_some())
}

/// Whether the other fields for a back end that nobody knows are there, so that this one was forgotten.
fn tells_the_rest(endpoint: &Endpoint<'_>, handshake: &Handshake<'_>) -> bool {
    let has = |name| handshake.lines_for(name).next().is_some();
    let is_unknown = endpoint.applications().is_empty() && !handshake.unset.is_assumed();
    is_unknown && has("Host") && has("X-Forwarded-For")
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help};

    /// With a complete handshake for `@`.
    fn with(text: &str) -> String {
        text.replace('@', "proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host;")
    }

    #[test]
    fn an_application_that_needs_it() {
        let findings = check(&with(
            r#"
server {
    listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    server_name git.example.com;
    location /-/cable {
        @
        proxy_pass http://gitlab.lan:8181;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end does not learn that the client came over TLS: nginx sends no `X-Forwarded-Proto`
    }
}
"#,
        ));
        let help = help(&findings[0]);
        assert!(
            help.starts_with("add to this location:\n    proxy_set_header X-Forwarded-Proto $scheme;\n"),
            "{help}"
        );
        assert!(help.contains("GitLab"), "{help}");
    }

    #[test]
    fn one_that_is_not_known_where_the_other_fields_are_sent() {
        check(&with(
            r#"
server {
    listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    location /ws/ {
        @
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: the back end does not learn that the client came over TLS: nginx sends no `X-Forwarded-Proto`
    }
}
"#,
        ));
    }

    const TLS: &str = "443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key";

    #[test]
    fn silent_where_it_is_told_or_nobody_asks() {
        let more = "proxy_set_header X-Forwarded-For $remote_addr;";
        for (listen, lines) in [
            (TLS, format!("{more} proxy_pass http://gitlab.lan; proxy_set_header x-forwarded-proto https;")),
            (TLS, format!("{more} proxy_pass http://gitlab.lan; proxy_set_header X-Forwarded-Ssl on;")),
            (TLS, format!("{more} proxy_pass https://gitlab.lan;")),
            ("80", format!("{more} proxy_pass http://gitlab.lan;")),
            (TLS, format!("{more} proxy_pass http://gitlab.lan; include /opt/elsewhere.conf;")),
        ] {
            let text = with(&format!(
                "server {{ listen {listen}; server_name a.example.com; location /-/cable {{ @ {lines} }} }}"
            ));
            let findings = found(&text);
            assert!(findings.is_empty(), "{text}: {findings:?}");
        }
        let unknown = with(
            "server { listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; location /ws/ { @ proxy_pass http://127.0.0.1:9000; } }",
        );
        assert!(found(&unknown).is_empty());
    }

    #[test]
    fn the_line_is_added_with_those_that_it_would_drop() {
        let text = |lines: &str| {
            format!(
                "server {{\n  listen 443 ssl;\n  ssl_certificate c.pem;\n  server_name a.example;\n  proxy_set_header Host $host;\n  \
             proxy_set_header X-Forwarded-For $remote_addr;\n  proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection upgrade;\n  \
             location / {{ proxy_pass http://10.0.0.1;{lines} }}\n}}\n"
            )
        };
        let lines = " proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; \
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
        assert_eq!(fixed(Applicability::Unsafe, "forwarded-proto-missing", &text("")), text(lines));
    }
}
