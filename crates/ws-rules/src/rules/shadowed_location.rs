//! `shadowed-location`: nginx serves the endpoint's paths in another location, which cannot upgrade.
//!
//! Regexes go before every prefix that is not `^~`, however long (`http/ngx_http_core_module.c:
//! ngx_http_core_find_location`), and a name without its first slash is the beginning of no path.

use lint_finding::{Applicability, Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextId, Ending, LocationName, Modifier, Way};
use nginx_syntax::lossy;
use ws_model::{Endpoint, Probe, is_partial};

use crate::ways::About;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct ShadowedLocation;

const META: RuleMeta = RuleMeta {
    name: "shadowed-location",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "nginx serves the WebSocket's path in another location, which cannot upgrade",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Elsewhere,
    docs: include_str!("../../pages/shadowed-location.md"),
};

impl Rule for ShadowedLocation {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        if let Some((path, meant)) = cx.caught(endpoint) {
            caught(cx, endpoint, path, meant, out);
            return;
        }
        let Some(name) = endpoint.location_name() else { return };
        if nameless(&name) {
            without_slash(cx, endpoint, &name, out);
            return;
        }
        let probes = cx.walks.probes(endpoint);
        for group in endpoint.groups(&probes) {
            if let Some((location, path)) = other_location(cx, endpoint, &name, group) {
                shadowed(cx, endpoint, &name, location, path, out);
            }
        }
    }
}

/// Whether the name lacks its first slash; a placeholder of a template, in capitals or brackets, is none.
fn nameless(name: &LocationName<'_>) -> bool {
    let is_name = matches!(name.modifier, Modifier::Exact | Modifier::Prefix | Modifier::PriorityPrefix);
    is_name && name.name.first().is_some_and(u8::is_ascii_lowercase)
}

/// The one other location that serves all paths of a group, where none of them can be upgraded there.
fn other_location<'p, 's>(
    cx: &Context<'_, 's>,
    endpoint: &Endpoint<'_>,
    name: &LocationName<'_>,
    group: &'p [Probe<'s>],
) -> Option<(ContextId, &'p str)> {
    let configuration = cx.configuration();
    let is_within =
        |inner: ContextId, outer: ContextId| configuration.levels(inner).any(|level| level == outer);
    let first = group.first()?;
    if cx.walks.straight_to(first) == Some(endpoint.context) {
        return None;
    }
    let ways = || group.iter().flat_map(|probe| &cx.walks.exchange(probe).ways);
    let location = ways().next()?.selected()?;
    let is_same_name =
        configuration.opener(location).and_then(|opener| LocationName::of(&opener)).as_ref() == Some(name);
    let is_other =
        !is_within(endpoint.context, location) && !is_within(location, endpoint.context) && !is_same_name;
    // A redirect, such as that of `try_files` to a named location, may lead to it after all.
    let comes_here = |way: &Way<'_>| matches!(&way.ending, Ending::Passed(passed) if is_within(passed.context, endpoint.context));
    if !is_other || group.iter().any(|probe| cx.walks.exchange(probe).is_cut) {
        return None;
    }
    let is_dead = ways().all(|way| {
        way.selected() == Some(location) && !cx.model.may_upgrade(way) && !is_partial(way) && !comes_here(way)
    });
    // An `error_page` may lead to it what the back end refuses there.
    let is_refused = || group.iter().all(|probe| cx.walks.is_refused(probe));
    (is_dead && is_refused()).then_some((location, first.path.as_str()))
}

fn shadowed(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    name: &LocationName<'_>,
    location: ContextId,
    path: &str,
    out: &mut Findings,
) {
    let configuration = cx.configuration();
    let (Some(opener), Some(own)) = (configuration.opener(location), endpoint.location()) else { return };
    let modifier = LocationName::of(&opener).map(|name| name.modifier);
    let is_regex = matches!(modifier, Some(Modifier::Regex | Modifier::CaselessRegex));
    let message = format!(
        "nginx serves `{path}` in this location, which cannot upgrade, and not in `location {}`",
        own.arguments_text()
    );
    let parent = |context: ContextId| configuration.context(context).parent;
    let is_beside = configuration.context(endpoint.context).opener == Some(own.reference)
        && parent(endpoint.context) == parent(location);
    let mut finding = FindingBuilder::new(&META, &opener, message);
    if is_regex {
        finding = finding.primary("regexes win over every prefix without `^~`");
    }
    let help = if is_regex && is_beside && name.modifier == Modifier::Prefix {
        let text = format!("^~ {}", lossy(&name.name));
        let edits = Edits::new().insert_argument(&own, 0, "^~");
        finding = finding.fix(format!("write `location {text}`"), Applicability::Unsafe, edits);
        format!("write `location {text}`, which wins over regexes")
    } else {
        "add the handshake lines to this location, or narrow what it matches".to_owned()
    };
    out.push(About::Endpoint(endpoint).finish(cx, finding, help, path));
}

fn without_slash(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, name: &LocationName<'_>, out: &mut Findings) {
    let Some(own) = endpoint.location() else { return };
    let name = lossy(&name.name).into_owned();
    let message = format!("nginx never selects this location: no path begins with `{name}`");
    let index = own.arguments().count().saturating_sub(1);
    let help = format!("begin the name with a slash: `/{name}`");
    let is_alone = own.argument(index).is_some_and(|word| word == name.as_bytes());
    let mut finding = FindingBuilder::argument(&META, &own, index, message);
    if is_alone {
        let edits = Edits::new().argument(&own, index, format!("/{name}"));
        finding = finding.fix(format!("write `/{name}`"), Applicability::Unsafe, edits);
    }
    out.push(About::Endpoint(endpoint).finish(cx, finding, help, &format!("/{name}")));
}

/// A path that is known falls through to `location /`, beside a location that is set up for WebSockets.
fn caught(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    path: &str,
    meant: &Endpoint<'_>,
    out: &mut Findings,
) {
    let (Some(own), Some(other)) = (endpoint.location(), meant.location()) else { return };
    let message = format!(
        "nginx serves `{path}` in this location, which sends no `Upgrade`, and not in `location {}`",
        other.arguments_text()
    );
    let help = format!(
        "rename the location that is set up for WebSockets so that it serves `{path}`, or give the path its own location with the same lines"
    );
    let mut finding = FindingBuilder::new(&META, &own, message)
        .confidence(Confidence::Medium)
        .because(&other, "this location is set up for WebSockets");
    // The path that the user names may as well be the one that is wrong; `/` is that of clients which name none, unless it
    // is that of a whole URL.
    if endpoint.is_declared_catch_all() {
        let is_url = cx.model.arrivals.iter().any(|arrival| arrival.comes_to(endpoint.context));
        let is_vague = path == "/" && !is_url;
        finding = finding.at_most(if is_vague { Severity::Info } else { Severity::Warning });
    }
    out.push(About::Endpoint(endpoint).finish(cx, finding, help, path));
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found, help, with_handshake as with};

    #[test]
    fn a_regex_goes_before_a_prefix() {
        let findings = check(&with(
            r#"
    location /ws/ { proxy_pass http://127.0.0.1:9000; @ }
    location ~ \.js$|^/w {
   #^^^^^^^^^^^^^^^^^^^^ error: nginx serves `/ws/` in this location, which cannot upgrade, and not in `location /ws/`
        proxy_pass http://127.0.0.1:9001;
    }
"#,
        ));
        let fix = findings[0].fix.as_ref().unwrap();
        assert_eq!(fix.edits[0].replacement, b"^~ ");
        assert!(help(&findings[0]).starts_with("write `location ^~ /ws/`"));
    }

    #[test]
    fn an_outer_regex_goes_before_a_nested_priority_prefix() {
        check(&with(
            r#"
    location /w { root /srv; location ^~ /ws { proxy_pass http://127.0.0.1:9000; @ } }
    location ~ ^/ws(/|$) {
   #^^^^^^^^^^^^^^^^^^^^ error: nginx serves `/ws` in this location, which cannot upgrade, and not in `location ^~ /ws`
        return 404;
    }
"#,
        ));
    }

    #[test]
    fn no_path_begins_without_a_slash() {
        check(&with(
            r#"
    location ws/ {
            #^^^ error: nginx never selects this location: no path begins with `ws/`
        proxy_pass http://127.0.0.1:9000;
        @
    }
"#,
        ));
    }

    #[test]
    fn a_named_path_that_falls_through() {
        let options = Options { websocket_path: Some("/hub2"), ..Options::default() };
        check_with(
            options,
            &with(
                r#"
    location /hub { proxy_pass http://127.0.0.1:9000; @ }
    location = /hub2/x { proxy_pass http://127.0.0.1:9000; @ }
    location ^~ /other { proxy_pass http://127.0.0.1:9000; }
"#,
            ),
        );
        check_with(
            Options { websocket_path: Some("/"), ..Options::default() },
            &with(
                r#"
    location /hub { proxy_pass http://127.0.0.1:9000; @ }
    location / {
   #^^^^^^^^^^ info: nginx serves `/` in this location, which sends no `Upgrade`, and not in `location /hub`
        proxy_pass http://127.0.0.1:9001;
        proxy_read_timeout 1h;
    }
"#,
            ),
        );
        // The same upstream: the lines are missing.
        check_with(
            Options { websocket_path: Some("/"), ..Options::default() },
            &with(
                r#"
    location /hub { proxy_pass http://127.0.0.1:9000; @ }
    location / {
        proxy_read_timeout 1h;
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end gets no `Upgrade`, so it refuses the handshake
    }
"#,
            ),
        );
        check_with(
            Options { websocket_path: Some("/events"), ..Options::default() },
            &with(
                r#"
    location /hub { proxy_pass http://127.0.0.1:9000; @ }
    location / {
   #^^^^^^^^^^ warning: nginx serves `/events` in this location, which sends no `Upgrade`, and not in `location /hub`
        proxy_pass http://127.0.0.1:9001;
        proxy_read_timeout 1h;
    }
"#,
            ),
        );
    }

    #[test]
    fn silent_where_a_handshake_may_succeed() {
        for text in [
            "location /ws/ { proxy_pass http://a; @ } location ~ ^/ws { proxy_pass http://b; @ }",
            "location ^~ /ws/ { proxy_pass http://a; @ } location ~ ^/w { proxy_pass http://b; }",
            "location /ws/ { proxy_pass http://a; @ } location ~ /$ { proxy_pass http://b; }",
            "location / { proxy_pass http://a; @ } location = / { root /srv; }",
            "location /ws/ { proxy_pass http://a; @ } location ~ (?=x)^/w { proxy_pass http://b; }",
            "include /opt/unknown.conf; location /ws/ { proxy_pass http://a; @ } location ~ ^/w { proxy_pass http://b; }",
            "location PATHws { proxy_pass http://a; @ }",
            "rewrite ^/ws/(.*)$ /app/$1; location /ws/ { proxy_pass http://a; @ } location /app/ { proxy_pass http://b; }",
        ] {
            let findings = found(&with(text));
            assert!(findings.iter().all(|one| one.rule.name != "shadowed-location"), "{text}: {findings:#?}");
        }
    }
}
