//! `path-rewritten`: the upstream is asked for another path than the WebSocket's.
//!
//! The URI part of `proxy_pass` takes the place of the location's name, character for character; with variables it is
//! the whole request target (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_create_request`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Directive, LocationName, Modifier, PassModule, Target};
use nginx_syntax::lossy;
use ws_model::Endpoint;

use crate::asked::Asked;
use crate::given;
use crate::lost_query::lost_query;
use crate::ways::About;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct PathRewritten;

const META: RuleMeta = RuleMeta {
    name: "path-rewritten",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "the URI part of `proxy_pass` makes nginx ask the back end for a path that it probably does not have",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/path-rewritten.md"),
};

impl Rule for PathRewritten {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let written = endpoint.pass.target();
        let lost = lost_query(cx, &META, endpoint, &lossy(&written));
        if let Some(finding) = lost.or_else(|| given::path_lost(cx, &META, endpoint)) {
            out.push(finding);
            return;
        }
        let uri = Target::parse(&written).uri;
        let (PassModule::Proxy, Some(uri), Some(name)) =
            (endpoint.pass.module, uri, endpoint.location_name())
        else {
            return;
        };
        let probes = cx.walks.probes(endpoint);
        for group in endpoint.groups(&probes) {
            let asked: Option<Vec<Asked<'_, '_>>> =
                group.iter().map(|probe| Asked::of(cx.walks, endpoint, probe)).collect();
            let Some(asked) = asked else { continue };
            let case = if nginx_semantics::has_variables(&written) {
                variables(&asked, &name, &uri)
            } else {
                literal(&asked, &name, &uri, endpoint)
            };
            if let Some(case) = case {
                report(cx, endpoint, &case, &uri, &name, out);
            }
        }
    }
}

/// Which mistake.
enum Kind<'s> {
    /// The URI part ends in a slash and the name does not.
    DoubleSlash,
    /// The name ends in a slash and the URI part does not.
    Glued,
    /// A `rewrite … break` makes nginx ignore the URI part.
    Ignored(Directive<'s>),
    /// With variables the URI part is all that is sent.
    Lost,
}

struct Case<'p, 's> {
    path: &'p str,
    target: String,
    kind: Kind<'s>,
}

fn literal<'p, 's>(
    asked: &[Asked<'p, 's>],
    name: &LocationName<'_>,
    uri: &str,
    endpoint: &Endpoint<'_>,
) -> Option<Case<'p, 's>> {
    let last = asked.last()?;
    let case = |kind| Case { path: last.path, target: last.target.clone(), kind };
    if let Some(rewrite) = last.rewritten {
        // A URI part of `/` is what the target begins with anyway.
        let is_ignored = |asked: &Asked<'_, '_>| asked.rewritten.is_some() && !asked.target.starts_with(uri);
        let is_break = rewrite.argument(2).as_deref() == Some(b"break");
        return (is_break && asked.iter().all(is_ignored)).then(|| case(Kind::Ignored(rewrite)));
    }
    let is_prefix = matches!(name.modifier, Modifier::Prefix | Modifier::PriorityPrefix);
    let name = lossy(&name.name);
    let rest = last.path.strip_prefix(&*name).filter(|rest| is_prefix && !rest.is_empty())?;
    let ends_in_word =
        uri.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric()) && !uri.contains('?');
    if rest.starts_with('/') && uri.ends_with('/') {
        // `/ws` itself goes to the right place, so that a path below has to be known.
        return endpoint.knows_path(last.path).then(|| case(Kind::DoubleSlash));
    }
    // `/ws` for `/ws/`, or whatever for `/`, is right for the one path that most endpoints have.
    let is_for_one = name == "/" || name.strip_suffix('/').is_some_and(|name| name.ends_with(uri));
    let is_glued = name.ends_with('/') && ends_in_word && (!is_for_one || endpoint.knows_path(last.path));
    is_glued.then(|| case(Kind::Glued))
}

fn variables<'p, 's>(asked: &[Asked<'p, 's>], name: &LocationName<'_>, uri: &str) -> Option<Case<'p, 's>> {
    let last = asked.last()?;
    if nginx_semantics::has_variables(uri.as_bytes()) {
        return None;
    }
    let is_prefix = matches!(name.modifier, Modifier::Prefix | Modifier::PriorityPrefix);
    let name = lossy(&name.name);
    // An exact name with a path of its own loses its query alone; Socket.IO has its protocol in there.
    let needs_query = ["/socket.io/", "/engine.io/"].iter().any(|path| last.path.contains(path));
    let is_another = last.target != last.path && uri.trim_end_matches('/') != name.trim_end_matches('/');
    // `/ws` for another path is right for clients that ask for `/ws` alone.
    let is_for_one =
        !name.ends_with('/') && uri != "/" && !asked.iter().all(|asked| asked.path.len() > name.len());
    let is_lost = is_prefix && is_another && !is_for_one || needs_query;
    is_lost.then(|| Case { path: last.path, target: last.target.clone(), kind: Kind::Lost })
}

fn report(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    case: &Case<'_, '_>,
    uri: &str,
    name: &LocationName<'_>,
    out: &mut Findings,
) {
    let Case { path, target, kind } = case;
    let line = &endpoint.pass.directive;
    let written = lossy(&line.argument(0).unwrap_or_default()).into_owned();
    let without = written.strip_suffix(uri).unwrap_or(&written).to_owned();
    let name = lossy(&name.name).into_owned();
    let message = match kind {
        Kind::Lost => format!(
            "nginx asks the back end for `{target}` whatever the client asks for: path and query of `{path}` are lost"
        ),
        _ => format!("nginx asks the back end for `{target}` when the client asks for `{path}`"),
    };
    let mut finding = FindingBuilder::argument(&META, line, 0, message);
    let title = format!("write `{without}`");
    let help = match kind {
        Kind::DoubleSlash | Kind::Glued if name.trim_end_matches('/') == uri.trim_end_matches('/') => {
            finding = finding.fix(title, Applicability::Unsafe, Edits::new().argument(line, 0, &without));
            format!("drop the URI part, so that the path stays as it is: `proxy_pass {without};`")
        }
        Kind::DoubleSlash | Kind::Glued => {
            let slash = |text: &str| format!("{}/", text.trim_end_matches('/'));
            format!(
                "end both the location and the URI part with a slash: `location {}` and `proxy_pass {};`",
                slash(&name),
                slash(&written)
            )
        }
        Kind::Ignored(rewrite) => {
            finding = finding.because(rewrite, "`break` here makes nginx ignore the URI part");
            format!("write `{uri}` into the `rewrite`, and `proxy_pass {without};`")
        }
        Kind::Lost => {
            finding = finding.fix(title, Applicability::Unsafe, Edits::new().argument(line, 0, &without));
            format!(
                "drop the URI part, so that nginx passes the request unchanged: `proxy_pass {without};`; to change its beginning, use `rewrite … break` before it"
            )
        }
    };
    out.push(About::Endpoint(endpoint).finish(cx, finding, help, path));
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found, help, labels, with_handshake as with};

    #[test]
    fn slashes_that_do_not_fit() {
        let findings = check(&with(
            r#"
    location /socket.io {
        proxy_pass http://127.0.0.1:9000/socket.io/;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx asks the back end for `/socket.io//` when the client asks for `/socket.io/`
        @
    }
    location /ws/ {
        proxy_pass http://127.0.0.1:9000/app;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx asks the back end for `/appa/b` when the client asks for `/ws/a/b`
        @
    }
"#,
        ));
        assert_eq!(findings[0].fix.as_ref().unwrap().edits[0].replacement, b"http://127.0.0.1:9000");
        assert!(
            help(&findings[1]).contains("`proxy_pass http://127.0.0.1:9000/app/;`"),
            "{}",
            help(&findings[1])
        );
    }

    #[test]
    fn a_path_below_that_the_user_names() {
        check_with(
            Options { websocket_path: Some("/ws/chat"), ..Options::default() },
            &with(
                r#"
    location /ws {
        proxy_pass http://127.0.0.1:9000/;
                  #^^^^^^^^^^^^^^^^^^^^^^ warning: nginx asks the back end for `//chat` when the client asks for `/ws/chat`
        @
    }
"#,
            ),
        );
    }

    #[test]
    fn variables_lose_the_path_and_rewrites_the_uri_part() {
        let findings = check(&with(
            r#"
    set $up 127.0.0.1:9000;
    location /ws/ {
        proxy_pass http://$up/;
                  #^^^^^^^^^^^ warning: nginx asks the back end for `/` whatever the client asks for: path and query of `/ws/a/b` are lost
        @
    }
    location /wss/ {
        rewrite ^/wss/(.*)$ /$1 break;
        proxy_pass http://127.0.0.1:9000/app/;
                  #^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx asks the back end for `/a/b` when the client asks for `/wss/a/b`
        @
    }
"#,
        ));
        assert!(labels(&findings[1]).contains(&"`break` here makes nginx ignore the URI part"));
    }

    #[test]
    fn silent_where_the_path_may_be_meant() {
        for text in [
            "location /ws { proxy_pass http://127.0.0.1:1/; @ }",
            "location /ws/ { proxy_pass http://127.0.0.1:1/; @ }",
            "location /ws/ { proxy_pass http://127.0.0.1:1/ws; @ }",
            "location /ws/ { proxy_pass http://127.0.0.1:1/proxy?path=; @ }",
            "location /ws/ { proxy_pass http://127.0.0.1:1; @ }",
            "location / { proxy_pass http://127.0.0.1:1/ws; @ }",
            "location /ws { set $up 127.0.0.1:1; proxy_pass http://$up/socket; @ }",
            "location = /ws { set $up 127.0.0.1:1; proxy_pass http://$up/socket; @ }",
            "location /ws/ { set $up 127.0.0.1:1; proxy_pass http://$up; @ }",
            "location /ws/ { set $up 127.0.0.1:1; proxy_pass http://$up$request_uri; @ }",
            "location /ws/ { rewrite ^/ws/(.*)$ /$1 break; proxy_pass http://127.0.0.1:1/; @ }",
            "location /ws/ { rewrite ^/ws/(.*)$ /app/$1 break; proxy_pass http://127.0.0.1:1; @ }",
        ] {
            let findings = found(&with(text));
            assert!(findings.is_empty(), "{text}: {findings:#?}");
        }
    }
}
