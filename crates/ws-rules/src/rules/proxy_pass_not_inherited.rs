//! `proxy-pass-not-inherited`: a nested location for a WebSocket has no `proxy_pass` of its own.
//!
//! A content handler belongs to its location alone: `http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`
//! copies it into `if` and `limit_except` only, so that the static module takes the request.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Answer, AnsweredBy, DirectiveName, Ending, Target, Way};
use nginx_syntax::lossy;
use ws_model::{Endpoint, EvidenceKind, is_partial};

use crate::edit::copied;
use crate::ways::About;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct ProxyPassNotInherited;

const META: RuleMeta = RuleMeta {
    name: "proxy-pass-not-inherited",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "a nested location does not inherit `proxy_pass`: nginx looks for a file",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Failure,
    docs: include_str!("../../pages/proxy-pass-not-inherited.md"),
};

impl Rule for ProxyPassNotInherited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for endpoint in &cx.model.unproxied {
            let Some(location) = endpoint.location().filter(|_| has_only_files(cx, endpoint)) else {
                continue;
            };
            let pass = &endpoint.pass.directive;
            let name = lossy(&pass.name_bytes()).into_owned();
            let message = format!(
                "this nested location does not inherit `{name}`: nginx looks for a file, and answers 404"
            );
            let mut finding = FindingBuilder::new(&META, &location, message)
                .because(pass, format!("nested locations do not inherit this `{name}`"));
            if endpoint.example_path().is_none() {
                finding = finding.at_most(Severity::Warning);
            }
            let has_uri = Target::parse(&pass.argument(0).unwrap_or_default()).uri.is_some();
            let help = if has_uri {
                format!("add a `{name}` to this location; its URI part replaces this location's name")
            } else {
                let line = copied(pass, location.reference.file);
                let edits =
                    line.map_or_else(Edits::impossible, |line| Edits::new().at_start(&location, &[line]));
                let title = format!("repeat `{}` in this location", pass.text_line());
                finding = finding.fix(title, Applicability::Unsafe, edits);
                format!("add to this location:\n    {};", pass.text_line())
            };
            let path = endpoint.example_path().unwrap_or_else(|| "/".to_owned());
            out.push(About::Endpoint(endpoint).finish(cx, finding, help, &path));
        }
    }
}

/// Whether nothing but files is there: the location's own lines have no other content, and handshakes for its paths end
/// there.
fn has_only_files(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> bool {
    let configuration = cx.configuration();
    let is_content = |name: DirectiveName| {
        use DirectiveName as N;
        let is_own = matches!(
            name,
            N::RETURN
                | N::REWRITE
                | N::TRY_FILES
                | N::IF
                | N::STUB_STATUS
                | N::EMPTY_GIF
                | N::FLV
                | N::MP4
                | N::TUNNEL_PASS
                | N::PERL
        );
        is_own || name.rows().is_empty()
    };
    let mut lines = configuration.directives(endpoint.context);
    // Files of its own are meant, where only the name speaks of WebSockets.
    let is_static = |name: DirectiveName| matches!(name, DirectiveName::ROOT | DirectiveName::ALIAS);
    let is_named_only = endpoint.strongest() == EvidenceKind::Name;
    if !configuration.context(endpoint.context).gaps.is_empty()
        || lines.any(|line| is_content(line.name()) || (is_named_only && is_static(line.name())))
    {
        return false;
    }
    let ends_here = |answer: &Answer<'_>| {
        matches!(answer.by, AnsweredBy::NoFile) && answer.context == endpoint.context && answer.status == 404
    };
    cx.walks.probes(endpoint).iter().all(|probe| {
        let ends = |way: &Way<'_>| matches!(&way.ending, Ending::Answered(answer) if ends_here(answer));
        let ways = &cx.walks.exchange(probe).ways;
        ways.iter().any(ends) && !ways.iter().any(is_partial)
    })
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check, check_with, fixed, found, help, labels, with_handshake as with};

    #[test]
    fn lines_without_a_proxy_pass() {
        let findings = check(&with(
            r#"
    location /app/ {
        proxy_pass http://127.0.0.1:9000;
        location /app/live {
       #^^^^^^^^^^^^^^^^^^ error: this nested location does not inherit `proxy_pass`: nginx looks for a file, and answers 404
            @
        }
    }
"#,
        ));
        assert!(
            help(&findings[0]).starts_with("add to this location:\n    proxy_pass http://127.0.0.1:9000;")
        );
        assert!(labels(&findings[0]).contains(&"nested locations do not inherit this `proxy_pass`"));
    }

    #[test]
    fn a_name_or_a_path_that_the_user_names() {
        check(
            r#"
    location /app/ {
        proxy_pass http://127.0.0.1:9000/;
        location /app/ws { expires off; }
       #^^^^^^^^^^^^^^^^ warning: this nested location does not inherit `proxy_pass`: nginx looks…
    }
"#,
        );
        check_with(
            Options { websocket_path: Some("/app/live"), ..Options::default() },
            r#"
    location /app/ {
        proxy_pass http://127.0.0.1:9000;
        location /app/live { expires off; }
       #^^^^^^^^^^^^^^^^^^ error: this nested location does not inherit `proxy_pass`: nginx looks…
    }
"#,
        );
    }

    #[test]
    fn silent_where_files_or_something_else_is_meant() {
        for text in [
            "location / { proxy_pass http://a; @ location ~ \\.(js|css)$ { expires 1d; } }",
            "location / { proxy_pass http://a; @ location /ws/ { proxy_pass http://b; @ } }",
            "location / { proxy_pass http://a; @ location /ws/ { alias /srv/ws/; } }",
            "location / { proxy_pass http://a; @ location /ws/ { return 404; } }",
            "location / { proxy_pass http://a; @ location /ws/ { include /opt/unknown.conf; } }",
            "location / { proxy_pass http://a; @ location /ws/ { content_by_lua_file x; } }",
        ] {
            let findings = found(&with(text));
            assert!(
                findings.iter().all(|one| one.rule.name != "proxy-pass-not-inherited"),
                "{text}: {findings:#?}"
            );
        }
    }

    #[test]
    fn the_address_is_repeated() {
        let text = |more: &str| {
            with(&format!(
                "server {{\nlocation /app/ {{\n    proxy_pass \"http://127.0.0.1:9000\";\n    location /app/ws/ {{\n{more}        @\n    }}\n}}\n}}\n"
            ))
        };
        let after = fixed(Applicability::Unsafe, "proxy-pass-not-inherited", &text(""));
        assert_eq!(after, text("        proxy_pass \"http://127.0.0.1:9000\";\n"));
    }
}
