//! What a `proxy_pass` sends that is made of what nginx has decoded: the query is not in it.

use lint_finding::{Applicability, RuleMeta};
use nginx_semantics::pattern::group_names;
use nginx_semantics::{ContextKind, DirectiveName, Modifier, Part, PassModule, parts};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::verify::with_curl;
use crate::{Context, Edits, FindingBuilder};

/// The path of nginx's own variables, without the query and decoded.
const PATHS: [&str; 2] = ["uri", "document_uri"];

/// Reports that a URI part which is made of the path alone loses the query. With a variable anywhere, the URI part is all
/// that is sent (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_create_request`), and a location is matched against
/// the decoded path (`http/ngx_http_core_module.c:ngx_http_core_find_location`).
pub(crate) fn lost_query(
    cx: &Context<'_, '_>,
    meta: &'static RuleMeta,
    endpoint: &Endpoint<'_>,
    written: &str,
) -> Option<FindingBuilder> {
    if endpoint.pass.module != PassModule::Proxy || !written.contains('$') {
        return None;
    }
    let name = path_variable(cx, endpoint, uri_part(written)?)?;
    let line = &endpoint.pass.directive;
    let message = format!(
        "the upstream gets no query, and the path decoded: `{name}` is what nginx made of the client's path alone"
    );
    let with_query = format!("{written}$is_args$args");
    let help = format!(
        "add the query: `proxy_pass {with_query};`; `%2F` and `//` in a path come through only where `proxy_pass` has no URI part"
    );
    let finding = FindingBuilder::argument(meta, line, 0, message)
        .fix("add the query", Applicability::Unsafe, Edits::new().argument(line, 0, &with_query))
        .endpoint(endpoint);
    Some(finding.help(with_curl(help, endpoint)))
}

/// What stands behind host and port: a variable may begin it, and is told from one of those by its name.
fn uri_part(written: &str) -> Option<&str> {
    let (_, rest) = written.split_once("://")?;
    let slash = rest.find('/');
    let path = PATHS.iter().filter_map(|name| rest.find(&format!("${name}"))).min();
    rest.get(slash.into_iter().chain(path).min()?..)
}

/// The first variable of a URI part that has nothing but parts of the path in it.
fn path_variable(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, uri: &str) -> Option<String> {
    if uri.contains('?') || !is_matched_last(cx, endpoint) {
        return None;
    }
    let name = endpoint.location_name()?;
    let is_regex = matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex);
    let groups = if is_regex { group_names(&name.name) } else { Vec::new() };
    let mut first = None;
    for part in parts(uri.as_bytes()) {
        let text = match part {
            Part::Literal(_) => continue,
            Part::Capture(number) if is_regex => format!("${number}"),
            Part::Variable(name)
                if PATHS.iter().any(|path| path.as_bytes().eq_ignore_ascii_case(name))
                    || groups.iter().any(|group| group.as_bytes().eq_ignore_ascii_case(name)) =>
            {
                format!("${}", lossy(name))
            }
            Part::Capture(_) | Part::Variable(_) | Part::Invalid => return None,
        };
        first.get_or_insert(text);
    }
    first
}

/// Whether no `if` or `rewrite` of the location may have taken the place of what the location itself matched, or changed
/// what the path is.
fn is_matched_last(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> bool {
    let configuration = cx.configuration();
    configuration.context(endpoint.context).kind == ContextKind::Location
        && configuration.context(endpoint.context).gaps.iter().all(|gap| gap.is_pattern)
        && !configuration
            .directives(endpoint.context)
            .any(|line| matches!(line.name(), DirectiveName::REWRITE | DirectiveName::IF))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, help, with_handshake as with};

    #[test]
    fn what_a_location_captured_has_no_query() {
        let findings = check(&with(
            r#"
    location ~ ^/app/(.*)/ws$ {
        proxy_pass http://127.0.0.1:9000/app/$1/ws;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the upstream gets no query, and the path decoded: `$1` is what nginx made of the client's path alone
        @
    }
    location ~ "^/b/ws/(?<rest>.*)$" {
        proxy_pass http://127.0.0.1:9000/$rest;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the upstream gets no query, and the path decoded: `$rest` is what nginx made of the client's path alone
        @
    }
    location /c/ws/ {
        proxy_pass http://127.0.0.1:9000$uri;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the upstream gets no query, and the path decoded: `$uri` is what nginx made of the client's path alone
        @
    }
"#,
        ));
        assert!(help(&findings[0]).contains("`proxy_pass http://127.0.0.1:9000/app/$1/ws$is_args$args;`"));
        let edit = &findings[0].fix.as_ref().unwrap().edits[0];
        assert_eq!(edit.replacement, b"http://127.0.0.1:9000/app/$1/ws$is_args$args");
    }

    #[test]
    fn silent_where_the_query_may_be_there() {
        for text in [
            "location ~ ^/ws/(.*)$ { proxy_pass http://127.0.0.1:1/$1$is_args$args; @ }",
            "location ~ ^/ws/(.*)$ { proxy_pass http://127.0.0.1:1/$1?$query_string; @ }",
            "location ~ ^/ws/(.*)$ { proxy_pass http://127.0.0.1:1/$1?token=$arg_token; @ }",
            "location ~ ^/ws/(.*)$ { proxy_pass http://127.0.0.1:1$request_uri; @ }",
            "location ~ ^/ws/(.*)$ { proxy_pass http://127.0.0.1:1; @ }",
            "location ~ ^/ws/([0-9]+)$ { proxy_pass http://127.0.0.1:900$1; @ }",
            "location ~ ^/ws/ { if ($request_uri ~ ^/ws/(.*)$) { set $rest $1; } proxy_pass http://127.0.0.1:1/$rest; @ }",
            "location ~ ^/ws/ { if ($request_uri ~ ^/ws/(.*)$) { proxy_pass http://127.0.0.1:1/$1; } proxy_pass http://127.0.0.1:1; @ }",
            "location ~ ^/ws/(.*)$ { rewrite ^/ws/(.*)$ /$1 break; proxy_pass http://127.0.0.1:1$uri$is_args$args; @ }",
        ] {
            let findings = found(&with(text));
            let said = findings.iter().any(|finding| finding.rule.name == "path-rewritten");
            assert!(!said, "{text}: {findings:#?}");
        }
    }
}
