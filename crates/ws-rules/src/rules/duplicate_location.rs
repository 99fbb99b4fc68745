//! `duplicate-location`: two locations of one level have the same name.
//!
//! nginx refuses equal names (`http/ngx_http_core_module.c:ngx_http_join_exact_locations`), but takes equal regexes and
//! equal `@names`, of which only the first is ever selected.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextId, ContextKind, LocationName, Modifier, Presence};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct DuplicateLocation;

const META: RuleMeta = RuleMeta {
    name: "duplicate-location",
    group: Group::Configuration,
    severity: Severity::Error,
    summary: "two locations have the same name: nginx refuses to start, or never selects the second",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/duplicate-location.md"),
};

impl Rule for DuplicateLocation {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        for (id, level) in configuration.contexts() {
            if level.presence != Presence::Given {
                continue;
            }
            let locations: Vec<(ContextId, LocationName<'_>)> = configuration
                .children(id)
                .iter()
                .filter(|&&child| configuration.context(child).kind == ContextKind::Location)
                .filter_map(|&child| Some((child, LocationName::of(&configuration.opener(child)?)?)))
                .collect();
            let mut known = std::collections::BTreeMap::new();
            for (location, name) in &locations {
                let key = (kind(name.modifier), &name.name);
                match known.get(&key) {
                    None => drop(known.insert(key, *location)),
                    Some(&first) => report(cx, first, *location, name, out),
                }
            }
        }
    }
}

/// Names of one kind are compared with each other: `^~` is a prefix like any other.
fn kind(modifier: Modifier) -> Modifier {
    if modifier == Modifier::PriorityPrefix { Modifier::Prefix } else { modifier }
}

fn report(
    cx: &Context<'_, '_>,
    first: ContextId,
    second: ContextId,
    name: &LocationName<'_>,
    out: &mut Findings,
) {
    let configuration = cx.configuration();
    let (Some(line), Some(before)) = (configuration.opener(second), configuration.opener(first)) else {
        return;
    };
    let text = if line.may_be_shown() { lossy(&name.name).into_owned() } else { line.arguments_text() };
    if matches!(name.modifier, Modifier::Exact | Modifier::Prefix | Modifier::PriorityPrefix) {
        let mut finding = FindingBuilder::new(
            &META,
            &line,
            format!("nginx refuses to start: duplicate location \"{text}\""),
        );
        if let (Some(include), true) =
            (line.included_by(), line.visible().reference == before.visible().reference)
        {
            finding = finding.because(&include, "this include adds it again");
        }
        out.push(finding.because(&before, "the first one").help("merge the two, or rename one"));
        return;
    }
    let endpoint_of = |context: ContextId| -> Option<&Endpoint<'_>> {
        cx.model
            .endpoints
            .iter()
            .find(|endpoint| configuration.levels(endpoint.context).any(|level| level == context))
    };
    let Some(endpoint) = endpoint_of(second) else { return };
    let serves = |endpoint: &Endpoint<'_>| endpoint.handshake.is_none_or(|handshake| handshake.is_configured);
    if endpoint_of(first).is_some_and(serves) {
        return;
    }
    let message = if name.modifier == Modifier::Named {
        format!("nginx never selects this location: an earlier one has the same name, `{text}`")
    } else {
        "nginx never selects this location: an earlier one has the same regex".to_owned()
    };
    let finding = FindingBuilder::new(&META, &line, message)
        .because(&before, "this one is selected")
        .endpoint(endpoint);
    out.push(finding.help("merge the two, or rename one"));
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found};

    const LINES: &str = "proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; \
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_read_timeout 1h;";

    fn with(text: &str) -> String {
        text.replace('@', LINES)
    }

    #[test]
    fn names_that_nginx_refuses() {
        check(&with(
            r#"
    location /ws/ { @ }
    location ^~ /ws/ { @ }
   #^^^^^^^^^^^^^^^^ error: nginx refuses to start: duplicate location "/ws/"
    location = /x { return 204; }
    location =/x { return 204; }
   #^^^^^^^^^^^^ error: nginx refuses to start: duplicate location "/x"
"#,
        ));
    }

    #[test]
    fn an_include_brings_one_in_again() {
        check_with(
            Options::bare(),
            r#"
events {}
http {
    server {
        include acme.conf;
        location / { return 204; }
        include acme.conf;
    }
}
    #- acme.conf
    location /.well-known/ { return 204; }
   #^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: duplicate location "/.well-known/"
"#,
        );
    }

    #[test]
    fn regexes_and_named_ones_of_which_the_first_wins() {
        check(
            &with(
                r#"
    location ~ ^/ws { return 404; }
    location ~ ^/ws { @ }
   #^^^^^^^^^^^^^^^ error: nginx never selects this location: an earlier one has the same regex
"#,
            )
            .replace('%', "@"),
        );
        check(
            &with(
                r#"
    location / { try_files $uri %up; }
    location %up { return 404; }
    location %up { @ }
   #^^^^^^^^^^^^ error: nginx never selects this location: an earlier one has the same name, `%up`
"#,
            )
            .replace('%', "@"),
        );
    }

    #[test]
    fn silent_where_names_differ_or_nothing_is_lost() {
        for text in [
            "location /ws/ { @ } location = /ws/ { @ }",
            "location /ws/ { @ } location /WS/ { @ }",
            "location ~ ^/ws { @ } location ~ ^/ws { @ }",
            "location ~ ^/ws { @ } location ~* ^/ws { @ }",
            "location ~ x { return 404; } location ~ x { return 403; }",
            "location /a { location /a/b { return 404; } } location /c { location /c/b { return 404; } }",
        ] {
            let findings = found(&with(text));
            assert!(
                findings.iter().all(|one| one.rule.name != "duplicate-location"),
                "{text}: {findings:#?}"
            );
        }
    }
}
