//! What a `proxy_pass` sends that is made of what nginx has decoded: the query is not in it.

use lint_finding::{Applicability, RuleMeta};
use nginx_semantics::pattern::group_names;
use nginx_semantics::{
    ContextKind, Definition, DirectiveName, LocationName, Modifier, Part, PassModule, parts,
};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::verify::with_curl;
use crate::{Context, Edits, FindingBuilder};

/// The path of nginx's own variables, without the query and decoded.
const PATHS: [&str; 2] = ["uri", "document_uri"];

/// Reports that a URI part which is made of the path alone loses the query. With a variable anywhere, the URI part is all
/// that is sent (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_create_request`), and a location is matched against
/// the decoded path (`http/ngx_http_core_module.c:ngx_http_core_find_location`).
pub(crate) fn lost_query<'f>(
    cx: &Context<'_, '_>,
    meta: &'static RuleMeta,
    endpoint: &'f Endpoint<'f>,
    written: &str,
) -> Option<FindingBuilder<'f>> {
    if endpoint.pass.module != PassModule::Proxy || !written.contains('$') {
        return None;
    }
    let uri = uri_part(written)?;
    let line = &endpoint.pass.directive;
    let name = match read(cx, endpoint, uri)? {
        Read::Path(name) => name,
        Read::Nothing(name) => {
            // Where a location is for one path, its clients may have no other.
            let is_for_many = endpoint.location_name().is_some_and(|location| {
                matches!(location.modifier, Modifier::Prefix | Modifier::PriorityPrefix)
                    && location.name.ends_with(b"/")
            });
            let message = format!(
                "the upstream gets neither the client's path nor its query: `{name}` has nothing of them"
            );
            let help = format!("add them: `proxy_pass {}$request_uri;`", written.trim_end_matches('/'));
            let finding = FindingBuilder::argument(meta, line, 0, message).endpoint(endpoint);
            return is_for_many.then(|| finding.help(with_curl(help, endpoint)));
        }
    };
    let message = format!(
        "the upstream gets no query, and the path decoded: `{name}` is what nginx made of the client's path alone"
    );
    let is_same = endpoint.location_name().is_some_and(|location| is_the_path(&location, uri));
    let (title, instead, help) = if is_same {
        let without = written.strip_suffix(uri)?.to_owned();
        let help =
            format!("drop the URI part, so that path and query stay unchanged: `proxy_pass {without};`");
        (format!("write `{without}`"), without, help)
    } else {
        let with_query = format!("{written}$is_args$args");
        let help = format!(
            "add the query: `proxy_pass {with_query};`; `%2F` and `//` in a path come through only where `proxy_pass` has no URI part"
        );
        ("add the query".to_owned(), with_query, help)
    };
    let finding = FindingBuilder::argument(meta, line, 0, message)
        .fix(title, Applicability::Unsafe, Edits::new().argument(line, 0, &instead))
        .endpoint(endpoint);
    Some(finding.help(with_curl(help, endpoint)))
}

/// Whether a URI part puts together again what the location took apart.
fn is_the_path(location: &LocationName<'_>, uri: &str) -> bool {
    if PATHS.iter().any(|path| uri.strip_prefix('$') == Some(path)) {
        return true;
    }
    let is_regex = matches!(location.modifier, Modifier::Regex | Modifier::CaselessRegex);
    is_regex
        && taken_apart(&lossy(&location.name))
            .is_some_and(|known| put_together(uri, &known.1) == Some(known.0))
}

/// A regex of fixed text and groups, with `\0` and the number in place of each group, and the names of the groups.
fn taken_apart(regex: &str) -> Option<(String, Vec<String>)> {
    let body = regex.strip_prefix('^')?;
    let mut rest = body.strip_suffix('$').unwrap_or(body);
    let (mut text, mut names) = (String::new(), Vec::new());
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..)?;
        match first {
            '\\' => {
                let escaped = rest.chars().next().filter(char::is_ascii_punctuation)?;
                text.push(escaped);
                rest = rest.get(1..)?;
            }
            '(' => {
                let (group, behind) = rest.split_once(')')?;
                // Neither one in another, nor one that may be there or not.
                if group.contains(['(', '\\']) || behind.starts_with(['?', '*', '+', '{']) {
                    return None;
                }
                let named = group.strip_prefix("?<").or_else(|| group.strip_prefix("?P<"));
                let name = named.and_then(|named| named.split_once('>')).map_or("", |(name, _)| name);
                if group.starts_with('?') && name.is_empty() {
                    return None;
                }
                names.push(name.to_owned());
                text.push_str(&format!("\0{}", names.len()));
                rest = behind;
            }
            '.' | '*' | '+' | '?' | '[' | ']' | '{' | '}' | '|' | '^' | '$' | ')' => return None,
            other => text.push(other),
        }
    }
    Some((text, names))
}

/// A URI part in the same form.
fn put_together(uri: &str, names: &[String]) -> Option<String> {
    let mut text = String::new();
    for part in parts(uri.as_bytes()) {
        match part {
            Part::Literal(bytes) => text.push_str(std::str::from_utf8(bytes).ok()?),
            Part::Capture(number) => text.push_str(&format!("\0{number}")),
            Part::Variable(name) => {
                let at = names.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
                text.push_str(&format!("\0{}", at + 1));
            }
            Part::Invalid => return None,
        }
    }
    Some(text)
}

/// What stands behind host and port: a variable may begin it, and is told from one of those by its name.
fn uri_part(written: &str) -> Option<&str> {
    let (_, rest) = written.split_once("://")?;
    let slash = rest.find('/');
    let path = PATHS.iter().filter_map(|name| rest.find(&format!("${name}"))).min();
    rest.get(slash.into_iter().chain(path).min()?..)
}

/// What a URI part is made of that has nothing of the query.
enum Read {
    /// Of the path, by this variable first.
    Path(String),
    /// Of neither path nor query: this variable first.
    Nothing(String),
}

/// What the variables of a URI part are; `None` where one may have the query, or there is none.
fn read(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, uri: &str) -> Option<Read> {
    if uri.contains('?') || !is_matched_last(cx, endpoint) {
        return None;
    }
    let name = endpoint.location_name()?;
    let is_regex = matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex);
    let groups = if is_regex { group_names(&name.name) } else { Vec::new() };
    let is_path = |name: &[u8]| {
        PATHS.iter().any(|path| path.as_bytes().eq_ignore_ascii_case(name))
            || groups.iter().any(|group| group.as_bytes().eq_ignore_ascii_case(name))
    };
    let (mut of_path, mut of_nothing) = (None, None);
    for part in parts(uri.as_bytes()) {
        match part {
            Part::Literal(_) => {}
            Part::Capture(number) if is_regex => {
                of_path.get_or_insert(format!("${number}"));
            }
            Part::Variable(name) if is_path(name) => {
                of_path.get_or_insert(format!("${}", lossy(name)));
            }
            Part::Variable(name) if is_of_host(cx, name) => {
                of_nothing.get_or_insert(format!("${}", lossy(name)));
            }
            Part::Capture(_) | Part::Variable(_) | Part::Invalid => return None,
        }
    }
    of_path.map(Read::Path).or(of_nothing.map(Read::Nothing))
}

/// Whether a variable has something of the host, and nothing of the path: nginx's own, or what a `server_name` captures.
fn is_of_host(cx: &Context<'_, '_>, name: &[u8]) -> bool {
    const HOSTS: [&str; 5] = ["host", "http_host", "server_name", "server_port", "scheme"];
    let is_captured = |definition: &Definition<'_>| matches!(definition, Definition::Capture(line) if line.name() == DirectiveName::SERVER_NAME);
    match cx.model.variables.definitions(name) {
        [] => HOSTS.iter().any(|host| host.as_bytes().eq_ignore_ascii_case(name)),
        definitions => definitions.iter().all(is_captured),
    }
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
    use lint_finding::Finding;

    use super::*;
    use crate::testing::{check, found, help, with_handshake as with};

    #[test]
    fn what_is_of_the_host_has_neither_path_nor_query() {
        let said = |location: &str, target: &str| {
            let text = format!(
                "server {{ listen 80; server_name ~^(?<sub>.+)[.]t$; location {location} {{ proxy_pass http://127.0.0.1:9000/{target}; @ }} }}"
            );
            let findings = found(&with(&text));
            let finding = findings.iter().find(|one| one.rule.name == "path-rewritten");
            finding.map(|finding| finding.message.split(':').next().unwrap_or_default().to_owned())
        };
        let neither = Some("the upstream gets neither the client's path nor its query".to_owned());
        assert_eq!(said("/ws/", "$sub"), neither);
        assert_eq!(said("/ws/", "x/$host/"), neither);
        let decoded = said("/ws/", "$sub$uri");
        assert!(
            decoded.is_some_and(|text| text.starts_with("the upstream gets no query, and the path decoded"))
        );
        for (location, target) in [
            ("/ws", "$sub"),
            ("= /ws/", "$sub"),
            ("/ws/", "$sub$request_uri"),
            ("/ws/", "$arg_room"),
            ("/ws/", "$sub?$args"),
        ] {
            assert_eq!(said(location, target), None, "{location} {target}");
        }
    }

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
        assert!(help(&findings[1]).contains("`proxy_pass http://127.0.0.1:9000/$rest$is_args$args;`"));
        let edits = |finding: &Finding| finding.fix.as_ref().unwrap().edits[0].replacement.clone();
        let edits: Vec<_> = findings.iter().map(edits).collect();
        let expected =
            ["http://127.0.0.1:9000", "http://127.0.0.1:9000/$rest$is_args$args", "http://127.0.0.1:9000"];
        assert_eq!(edits, expected.map(|text| text.as_bytes().to_vec()));
    }

    #[test]
    fn what_is_put_together_as_it_was() {
        let is_same = |regex: &str, uri: &str| {
            let known = taken_apart(regex);
            known.is_some_and(|(text, names)| put_together(uri, &names) == Some(text))
        };
        for (regex, uri) in [
            ("^/a/(.*)/ws$", "/a/$1/ws"),
            ("^/a/(?<rest>.*)$", "/a/$rest"),
            ("^/a/(?<rest>.*)", "/a/$1"),
            ("^/a\\.b/([a-z]+)/([0-9]+)$", "/a.b/$1/$2"),
        ] {
            assert!(is_same(regex, uri), "{regex} {uri}");
        }
        for (regex, uri) in [
            ("^/a/(.*)/ws$", "/$1/ws"),
            ("^/a/(.*)/(.*)$", "/a/$2/$1"),
            ("/a/(.*)$", "/a/$1"),
            ("^/a/(.*)?$", "/a/$1"),
            ("^/a/((b|c)/d)$", "/a/$1"),
            ("^/(a|b)c.*$", "/$1c"),
            ("^/(c|l)ool", "/$1oolx"),
        ] {
            assert!(!is_same(regex, uri), "{regex} {uri}");
        }
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
