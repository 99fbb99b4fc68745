//! `missing-resolver`: the host comes out of variables, and nginx has no DNS server to ask for it.
//!
//! A `proxy_pass` with a variable anywhere is evaluated for each request (`http/modules/ngx_http_proxy_module.c:
//! ngx_http_proxy_eval`). Its host is then looked for among the upstreams, and else given to the resolver: `no resolver
//! defined to resolve …`, 502 (`http/ngx_http_upstream.c:ngx_http_upstream_init_request`). `nginx -t` says nothing.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{
    Directive, DirectiveName, Effective, Part, PassModule, Step, Target, is_upstream_at_run_time, parts,
    placeholder, upstream,
};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::verify::with_curl;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct MissingResolver;

const META: RuleMeta = RuleMeta {
    name: "missing-resolver",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "the host of `proxy_pass` is in a variable and no `resolver` is set, so nginx answers 502",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Failure,
    docs: include_str!("../../pages/missing-resolver.md"),
};

impl Rule for MissingResolver {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let target = &endpoint.target;
        let line = &endpoint.pass.directive;
        let written = endpoint.pass.target();
        // A placeholder is no variable to nginx, which gets the file with a value in its place.
        let known = placeholder::known_text(&written);
        let is_evaluated = parts(&known).iter().any(|part| !matches!(part, Part::Literal(_)));
        if endpoint.pass.module != PassModule::Proxy || !is_evaluated || !is_name(target, &written) {
            return;
        }
        // A file that was not given may have it, or an `upstream` of this name.
        let resolver = endpoint.effective(DirectiveName::RESOLVER);
        if !matches!(resolver, Effective::Default { is_assumed: false })
            || is_upstream_at_run_time(configuration, endpoint.context, target)
        {
            return;
        }
        let is_host_written = !Target::parse(&written).host.contains('$');
        if !is_host_written && has_lua(cx, endpoint) {
            return;
        }
        let walk = cx.walks.walk_to(endpoint);
        let mut steps = walk.iter().flat_map(|walk| &walk.ways).flat_map(|way| &way.steps);
        let is_replaced = |step: &Step<'_>| matches!(step, Step::ErrorPage { status: 502, .. });
        if steps.clone().any(is_replaced) {
            return;
        }
        let host = &target.host;
        let why = if is_host_written {
            ", which it looks up for each request because `proxy_pass` has variables"
        } else {
            ", which is in a variable"
        };
        let message = format!("nginx answers 502: it has no `resolver` to look up `{host}`{why}");
        let mut finding = FindingBuilder::argument(&META, line, 0, message).endpoint(endpoint);
        let set = steps.find_map(|step| match step {
            Step::Set { directive, .. } if !is_host_written && is_asked(directive, &written) => {
                Some(directive)
            }
            _ => None,
        });
        if let Some(set) = set {
            finding = finding.because(set, "the name comes from here");
        }
        out.push(finding.help(with_curl(help(cx, endpoint, &written), endpoint)));
    }
}

/// Whether the host is known to be a name, and none that is yet to be written.
fn is_name(target: &Target, written: &[u8]) -> bool {
    let host = target.host.as_bytes();
    let is_plain = host.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte));
    // A template puts an address in place of `BACKEND` or `__BACKEND__`.
    let is_capital = written
        .windows(host.len().max(1))
        .any(|word| word.eq_ignore_ascii_case(host) && !word.iter().any(u8::is_ascii_lowercase));
    is_plain
        && matches!(target.scheme.as_str(), "http" | "https")
        && !target.is_address()
        && host.iter().any(u8::is_ascii_alphabetic)
        && !target.host.contains("__")
        && !is_capital
}

/// Whether Lua of OpenResty runs before the pass: it may set any variable.
fn has_lua(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> bool {
    let configuration = cx.configuration();
    let is_lua = |line: Directive<'_>| line.name_bytes().windows(7).any(|word| word == b"_by_lua");
    configuration.levels(endpoint.context).any(|level| configuration.directives(level).any(is_lua))
}

/// Whether a `set` gives a variable that the pass asks for.
fn is_asked(set: &Directive<'_>, written: &[u8]) -> bool {
    let name = set.argument(0).unwrap_or_default();
    let name = name.strip_prefix(b"$").unwrap_or(&name);
    parts(written)
        .iter()
        .any(|part| matches!(part, Part::Variable(asked) if asked.eq_ignore_ascii_case(name)))
}

fn help(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, written: &[u8]) -> String {
    let target = &endpoint.target;
    let host = &target.host;
    if target.port.is_some() && upstream(cx.configuration(), endpoint.context, host).is_some() {
        return format!("drop the port: with it, `{host}` is not the `upstream` block of that name");
    }
    if host == "localhost" {
        return "write `127.0.0.1` instead of `localhost`".to_owned();
    }
    let resolver = format!(
        "add `resolver ADDRESS valid=10s;` to `http`, with the address of a DNS server that knows `{host}` (`127.0.0.11` in \
         a Docker container)"
    );
    let written = lossy(written);
    match written.strip_suffix("$request_uri") {
        Some(rest) if !rest.contains('$') && !rest.ends_with('/') => format!(
            "write `proxy_pass {rest};`: without a URI part nginx passes the request unchanged and looks the name up when it \
             starts; or {resolver}"
        ),
        _ => resolver,
    }
}

#[cfg(test)]
mod tests {
    use super::META;
    use crate::testing::{Options, check, found, found_with, help, labels, with_handshake as with};

    #[test]
    fn a_name_out_of_a_variable() {
        let findings = check(&with(
            "
    location /ws/ {
        @
        set $backend backend.internal:8000;
        proxy_pass http://$backend;
                  #^^^^^^^^^^^^^^^ error: nginx answers 502: it has no `resolver` to look up `backend.internal`, which is in a variable
    }
",
        ));
        assert!(labels(&findings[0]).contains(&"the name comes from here"));
        assert!(
            help(&findings[0])
                .starts_with("add `resolver ADDRESS valid=10s;` to `http`, with the address of")
        );
        assert!(help(&findings[0]).contains("\nverify that it answers 101:\n"));
    }

    #[test]
    fn set_for_the_server_or_by_a_map() {
        check(&with(
            "
map $http_upgrade $url {
    default   http://pages.internal:80;
    websocket http://sockets.internal:80;
}
server {
    set $backend backend.internal;
    location /ws/ {
        @
        proxy_pass http://$backend:8000;
                  #^^^^^^^^^^^^^^^^^^^^ error: nginx answers 502: it has no `resolver` to look up `backend.internal`…
    }
    location /websocket/ {
        @
        proxy_pass $url;
                  #^^^^ error: nginx answers 502: it has no `resolver` to look up `sockets.internal`…
    }
}
",
        ));
    }

    #[test]
    fn a_variable_behind_the_name() {
        let findings = check(&with(
            "
    location /ws/ {
        @
        proxy_pass http://backend:8000$request_uri;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx answers 502: it has no `resolver` to look up `backend`, which it looks up for each request because `proxy_pass` has variables
    }
    location /websocket/ {
        @
        proxy_pass http://localhost:8000/x?$args;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx answers 502: it has no `resolver` to look up `localhost`…
    }
",
        ));
        assert!(
            help(&findings[0]).starts_with("write `proxy_pass http://backend:8000;`: without a URI part")
        );
        assert!(help(&findings[1]).starts_with("write `127.0.0.1` instead of `localhost`"));
    }

    #[test]
    fn a_port_behind_the_name_of_a_block() {
        let findings = check(&with(
            "
upstream app { server 127.0.0.1:9000; }
server {
    location /ws/ {
        @
        proxy_pass http://app:8000$request_uri;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx answers 502: it has no `resolver` to look up `app`…
    }
}
",
        ));
        assert!(help(&findings[0]).starts_with("drop the port: with it, `app` is not the `upstream`"));
    }

    #[test]
    fn silent_where_nginx_may_know_the_address() {
        let http = "map $cookie_a $some { default a.internal; b b.internal; } upstream app { server 127.0.0.1:9000; }";
        for lines in [
            "resolver 127.0.0.11; set $b b.internal; proxy_pass http://$b;",
            "set $b 127.0.0.1:9000; proxy_pass http://$b;",
            "set $b [::1]:9000; proxy_pass http://$b;",
            "set $b unix:/run/b.sock; proxy_pass http://$b;",
            "set $b App; proxy_pass http://$b;",
            "set $b app; proxy_pass http://$b$request_uri;",
            "set $b literal:9001; proxy_pass http://$b;",
            "set $b b.internal; if ($arg_x) { set $b 127.0.0.1; } proxy_pass http://$b;",
            "set $b b.internal; include /opt/b.conf; proxy_pass http://$b;",
            "set $b b.internal; access_by_lua_file b.lua; proxy_pass http://$b;",
            "set $b b.internal; proxy_pass http://$b; error_page 502 = @fallback;",
            "proxy_pass http://$some;",
            "proxy_pass http://$host;",
            "proxy_pass http://$arg_x;",
            "proxy_pass http://$undefined;",
            "proxy_pass http://BACKEND:9000$request_uri;",
            "proxy_pass http://__backend__:9000$request_uri;",
            "proxy_pass http://backend:9000;",
        ] {
            let text = with(&format!(
                "{http} server {{ location /ws/ {{ @ {lines} }} location /x {{ proxy_pass http://literal:9001; }} \
                 location @fallback {{ @ proxy_pass http://app; }} }}"
            ));
            assert!(found(&text).iter().all(|one| one.rule.name != META.name), "{lines}");
        }
        let text = with("server { location /ws/ { @ set $b b.internal; proxy_pass http://$b; } }");
        for text in [text.clone(), format!("map $a $b {{ a b; }} include conf.d/*.conf; {text}")] {
            let findings = found_with(Options::bare(), &text);
            assert!(findings.iter().all(|one| one.rule.name != META.name), "{text}");
        }
    }
}
