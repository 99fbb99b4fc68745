//! `unused-named-location`: lines for WebSockets stand in a named location that nothing leads to.
//!
//! A client's path never begins with `@`: only `try_files`, `error_page` and their like lead to a named location
//! (`http/ngx_http_core_module.c:ngx_http_named_location`).

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextKind, LocationName};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::verify::with_curl_for;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct UnusedNamedLocation;

const META: RuleMeta = RuleMeta {
    name: "unused-named-location",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "nothing leads to a named location that has lines for WebSockets",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Failure,
    docs: include_str!("../../pages/unused-named-location.md"),
};

impl Rule for UnusedNamedLocation {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        if !cx.model.is_named_by_nothing(endpoint) {
            return;
        }
        let configuration = cx.configuration();
        let location = configuration.enclosing(endpoint.context, ContextKind::Location);
        let Some(line) = location.and_then(|location| configuration.opener(location)) else { return };
        let Some(LocationName { name, .. }) = endpoint.location_name() else { return };
        let name = lossy(&name);
        let path = format!("/{}", name.trim_start_matches('@'));
        let message = format!("no request comes here: nothing in this server leads to `{name}`");
        let help = format!(
            "end the location that gets the handshakes with `try_files $uri {name};`, or use a path such as `{path}` instead of `{name}`"
        );
        let finding = FindingBuilder::new(&META, &line, message).confidence(Confidence::Medium);
        let help = with_curl_for(help, &endpoint.server_names, &endpoint.listens, &path);
        out.push(finding.endpoint(endpoint).help(help));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, with_handshake};

    /// With `SOCKET;` for the lines of a handshake, for `@` stands in names here.
    fn with(text: &str) -> String {
        text.replace("SOCKET;", &format!("proxy_pass http://127.0.0.1:9000; {}", with_handshake("@")))
    }

    #[test]
    fn a_named_location_beside_the_one_that_is_asked() {
        check(&with(
            r#"
server {
    listen 80;
    location / { root /srv; try_files $uri =404; }
    location @ws {
   #^^^^^^^^^^^^ warning: no request comes here: nothing in this server leads to `@ws`
        SOCKET;
    }
}
"#,
        ));
    }

    #[test]
    fn silent_where_something_leads_there_or_may() {
        let is_said = |http: &str, server: &str| {
            let text = with(&format!(
                "{http} server {{ listen 80; server_name a; {server} location @ws {{ SOCKET; }} }}"
            ));
            found(&text).iter().any(|finding| finding.rule.name == "unused-named-location")
        };
        let other = "server { listen 80; server_name b; location / { error_page 404 @ws; } }";
        assert!(is_said("", "location / { root /srv; }"));
        assert!(is_said("", "location / { try_files $uri /index.html; }"));
        assert!(is_said(other, ""));
        for (http, server) in [
            ("", "location / { try_files $uri @ws; }"),
            ("", "location / { if ($http_upgrade) { error_page 418 = @ws; return 418; } }"),
            ("", "error_page 426 = @ws;"),
            ("error_page 426 @ws;", ""),
            ("", "location / { error_page 404 = $fallback; set $fallback @ws; }"),
            ("", "location / { try_files $uri $fallback; set $fallback @other; }"),
            ("", "location / { echo_exec @ws; }"),
            ("", "location / { content_by_lua_block { ngx.exec('@ws') } }"),
            ("", "location / { js_content main.route; }"),
            ("", "include /not/given/extra.conf;"),
        ] {
            assert!(!is_said(http, server), "{http} {server}");
        }
    }
}
