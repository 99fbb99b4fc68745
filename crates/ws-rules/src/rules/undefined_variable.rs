//! `undefined-variable`: a variable that nothing defines.
//!
//! nginx checks all once `http` is read, and names no line (`http/ngx_http_variables.c:ngx_http_variables_init_vars`).

use std::collections::BTreeMap;

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Configuration, ContextKind, Directive, DirectiveName, FileId, Presence};

use crate::compiled::remedy_of_no_name;
use crate::excerpt::is_excerpt;
use crate::map_place::map_edits;
use crate::undefined::{since, undefined};
use crate::verify::{MapLines, code};
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct UndefinedVariable;

const META: RuleMeta = RuleMeta {
    name: "undefined-variable",
    group: Group::Configuration,
    severity: Severity::Error,
    summary: "a variable is used that nothing defines, and nginx refuses to start",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/undefined-variable.md"),
};

/// As many further uses are pointed at.
const MOST_USES: usize = 4;

impl Rule for UndefinedVariable {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        // What was not given may define it, and so may a module that is not nginx's own.
        if configuration.root().is_none()
            || is_open(configuration)
            || cx.model.variables.third_party().is_some()
        {
            return;
        }
        // All of a file is read for that, and it may have thousands of such variables.
        let mut excerpts: BTreeMap<FileId, bool> = BTreeMap::new();
        for (name, uses) in undefined(cx) {
            let Some((first, more)) = uses.split_first() else { continue };
            // What is left out may define it.
            let leaves_out = || first.0.file().is_some_and(is_excerpt);
            if *excerpts.entry(first.0.reference.file).or_insert_with(leaves_out) {
                continue;
            }
            let message = format!("nginx refuses to start: unknown \"{name}\" variable");
            let mut finding = FindingBuilder::argument(&META, &first.0, first.1, message);
            for (directive, _) in more.iter().take(MOST_USES) {
                finding = finding.label(directive, "used here too");
            }
            let http = configuration.of_kind(ContextKind::Http).next();
            let map = MapLines::connection(cx, http, &name);
            let is_connection = |(directive, _): &(Directive<'_>, usize)| {
                directive.name() == DirectiveName::PROXY_SET_HEADER
                    && directive.argument(0).is_some_and(|field| field.eq_ignore_ascii_case(b"connection"))
            };
            if is_upgrade(&name) && uses.iter().all(is_connection) {
                let edits = http.map(|http| map_edits(configuration, &first.0, http, &map));
                let title = format!("define `${name}` with a map");
                // A file of a well-known name may define it all the same.
                let is_given = configuration.contexts().all(|(_, context)| context.believed.is_empty());
                let applicability = if is_given { Applicability::Safe } else { Applicability::Unsafe };
                finding = finding.fix(title, applicability, edits.unwrap_or_else(Edits::impossible));
            }
            let help = match since(cx, name.as_bytes()) {
                Some(since) => format!("nginx has `${name}` since {since}"),
                None => remedy(&name, &map),
            };
            out.push(finding.help(help));
        }
    }
}

fn is_open(configuration: Configuration<'_>) -> bool {
    let is_http = |kind| {
        !matches!(kind, ContextKind::Events | ContextKind::Stream | ContextKind::Mail | ContextKind::Types)
    };
    configuration.contexts().any(|(_, context)| {
        is_http(context.kind)
            && context.presence == Presence::Given
            && !context.gaps.is_empty()
            && context.kind != ContextKind::Main
    })
}

/// Whether it is the name of a variable for `Connection`.
fn is_upgrade(name: &str) -> bool {
    name.contains("upgrade")
}

fn remedy(name: &str, map: &MapLines) -> String {
    if is_upgrade(name) {
        format!("define it in `http`:{}", code(&[map.text()]))
    } else if let Some(help) = remedy_of_no_name(name) {
        help.to_owned()
    } else {
        format!("define `${name}` with `map`, `set` or the module it belongs to, or correct its name")
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check, check_with, fixed, found, help, labels};

    #[test]
    fn the_first_use_is_blamed_and_the_others_are_labelled() {
        let findings = check(
            r#"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
                                   #^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: unknown "connection_upgrade" variable
        proxy_read_timeout 3600s;
    }
    location /websocket {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_read_timeout 3600s;
    }
"#,
        );
        assert_eq!(labels(&findings[0]), ["used here too"]);
        assert_eq!(
            help(&findings[0]),
            "define it in `http`:\n    map $http_upgrade $connection_upgrade { default upgrade; '' close; }"
        );
    }

    #[test]
    fn a_name_that_has_nothing_to_do_with_upgrades() {
        let findings = check(
            r#"
    location / {
        proxy_set_header X-Tenant $tenant;
                                 #^^^^^^^ error: nginx refuses to start: unknown "tenant" variable
        proxy_pass http://127.0.0.1:9000;
    }
"#,
        );
        assert!(help(&findings[0]).starts_with("define `$tenant` with `map`, `set` or"));
    }

    #[test]
    fn in_a_condition() {
        check(
            r#"
    location / {
        if ($maintenance = 1) { return 503; }
          #^^^^^^^^^^^^^ error: nginx refuses to start: unknown "maintenance" variable
    }
"#,
        );
        assert!(
            found("location / { if ($uri ~* ^/a$) { return 503; } if (-f $x) { return 503; } set $x 1; }")
                .is_empty()
        );
    }

    #[test]
    fn each_way_to_define_one_counts() {
        for text in [
            "map $http_upgrade $x { default a; } server { location / { proxy_set_header X $x; proxy_pass http://a; } }",
            "server { set $x 1; location / { proxy_set_header X $X; proxy_pass http://a; } }",
            "server { location ~ ^/(?<x>a) { proxy_set_header X $x; proxy_pass http://a; } }",
            "server { server_name ~^(?<x>.+)\\.example$; location / { proxy_set_header X $x; proxy_pass http://a; } }",
            "server { location / { if ($uri ~ ^/(?P<x>a)) { return 200 $x; } proxy_pass http://a; } }",
            "server { location / { auth_request /a; auth_request_set $x $upstream_http_x; proxy_set_header X $x; proxy_pass http://a; } }",
            "map $uri $m { ~^/(?<x>.+)$ 1; } server { location / { proxy_set_header X $x$m; proxy_pass http://a; } }",
            "server { location / { proxy_redirect ~^/(?<x>.+)$ /$x; proxy_set_header X $x; proxy_pass http://a; } }",
            "server { location / { proxy_redirect ~*^/(?<x>.+)$ /b; proxy_set_header X $x; proxy_pass http://a; } }",
            "server { location / { proxy_cookie_domain ~^(?<x>.+)$ $x; proxy_set_header X $x; proxy_pass http://a; } }",
            "server { location / { proxy_cookie_path ~*^/(?<x>.+)$ /$x; proxy_set_header X $x; proxy_pass http://a; } }",
            "server { location / { proxy_cookie_flags ~^(?<x>.+)$ secure; proxy_set_header X $x; proxy_pass http://a; } }",
            "server { location / { proxy_set_header X $http_x$arg_x$cookie_x$sent_http_x$upstream_http_x; proxy_pass http://a; } }",
            "server { location / { proxy_set_header X $1$host; proxy_pass http://a; } }",
        ] {
            let findings = found(text);
            assert!(findings.is_empty(), "{text}: {findings:?}");
        }
    }

    /// Seen on nginx 1.22.1, 1.26.3 and 1.30.6: these do not start.
    #[test]
    fn groups_of_what_is_no_regex_or_compiled_otherwise_define_nothing() {
        for line in [
            "server_name 'a(?<x>b)';",
            "location '/a(?<x>b)' { root /srv; }",
            "if ($uri = '(?<x>a)') { return 204; }",
            "rewrite ^/a '/(?<x>a)';",
            "valid_referers ~^(?<x>.+)$;",
            "gzip_disable 'a(?<x>b)';",
            "location ~ ^/p { fastcgi_split_path_info ^(?<x>.+)(/.*)$; fastcgi_pass a; }",
            "location /p { proxy_redirect '/(?<x>a)' /b; proxy_pass http://a; }",
        ] {
            let text =
                format!("server {{ {line} location / {{ proxy_set_header X $x; proxy_pass http://a; }} }}");
            let is_said = found(&text).iter().any(|one| one.rule.name == "undefined-variable");
            assert!(is_said, "{line}");
        }
    }

    #[test]
    fn silent_where_something_that_was_not_given_may_define_it() {
        for text in [
            "events {} http { include /opt/maps.conf; server { location / { proxy_set_header X $x; proxy_pass http://a; } } }",
            "events {} http { include maps/*.conf; server { location / { proxy_set_header X $x; proxy_pass http://a; } } }",
            "events {} http { server { location / { include /opt/x.conf; proxy_set_header X $x; proxy_pass http://a; } } }",
        ] {
            let findings = found(text);
            assert!(findings.is_empty(), "{text}: {findings:?}");
        }
        check_with(Options::bare(), "server { location / { proxy_set_header X $x; proxy_pass http://a; } }");
    }

    #[test]
    fn silent_in_fragments_that_the_root_does_not_include() {
        let root = "events {}\nhttp { server { return 204; } }\n";
        for fragment in [
            "location / { rewrite ^ /$x/; }",
            "if ($uri ~ a) { rewrite ^ /$x/; }",
            "server { location / { rewrite ^ /$x/; } }",
            "server { location / { proxy_set_header Connection $connection_upgrade; proxy_pass http://a; } }",
        ] {
            let is_said = |text: &str| found(text).iter().any(|one| one.rule.name == "undefined-variable");
            assert!(!is_said(&format!("{root}#- global/x.conf\n{fragment}\n")), "{fragment}");
            // What the root includes nginx reads.
            let level = if fragment.starts_with("server") { "http" } else { "http { server" };
            let ends = if fragment.starts_with("server") { "" } else { "}" };
            let text = format!(
                "events {{}}\n{level} {{ include global/x.conf; }} {ends}\n#- global/x.conf\n{fragment}\n"
            );
            assert!(is_said(&text), "{text}");
        }
    }

    #[test]
    fn silent_beside_modules_that_are_not_nginxs_own() {
        let text =
            "location / { set_by_lua_block $y { return 1 } proxy_set_header X $x; proxy_pass http://a; }";
        assert!(found(text).is_empty());
    }

    #[test]
    fn a_map_for_connection_is_added() {
        let text = |before: &str, file: &str| {
            format!(
                "events {{}}\nhttp {{\n  log_format x '';\n{before}  include a.conf;\n}}\n#- a.conf\n{file}"
            )
        };
        let file = "server { location /ws/ { proxy_pass http://a; proxy_set_header Connection $connection_upgrade; } }\n";
        let map =
            "  map $http_upgrade $connection_upgrade {\n    default upgrade;\n    ''      close;\n  }\n\n";
        assert_eq!(fixed(Applicability::Safe, "undefined-variable", &text("", file)), text(map, file));
    }

    /// Seen on nginx 1.22.1, 1.26.3 and 1.30.6: these start.
    #[test]
    fn silent_about_what_nginx_never_compiles() {
        for (line, own) in [
            ("proxy_set_header X $nowhere;", "proxy_set_header Y 1;"),
            ("fastcgi_param X $nowhere;", "fastcgi_param Y 1;"),
            ("grpc_set_header X $nowhere;", "grpc_set_header Y 1;"),
            ("proxy_set_body $nowhere;", "proxy_set_body x;"),
        ] {
            let text = |own: &str| format!("events {{}} http {{ {line} server {{ {own} return 204; }} }}");
            let count =
                |text: &str| found(text).iter().filter(|one| one.rule.name == "undefined-variable").count();
            assert_eq!(count(&text(own)), 0, "{line}");
            assert_eq!(count(&format!("events {{}} http {{ {line} }}")), 0, "{line}");
            assert_eq!(count(&text("")), 1, "{line}");
            // One server that inherits it is enough.
            let two = text(own).replace("return 204; }", "return 204; } server { return 204; }");
            assert_eq!(count(&two), 1, "{line}");
        }
        // These nginx compiles where it reads them.
        for line in ["proxy_cache_bypass $nowhere;", "add_header X $nowhere;", "proxy_method $nowhere;"] {
            let text =
                format!("events {{}} http {{ {line} server {{ {} }} }}", line.replace("$nowhere", "x"));
            assert!(found(&text).iter().any(|one| one.rule.name == "undefined-variable"), "{line}");
        }
    }
}
