//! `directive-not-allowed-here`: nginx knows the directive and refuses it where, or as, it stands.
//!
//! nginx looks a directive up among those of the block, and then asks how it ends and how many words it has, before it
//! looks at any value (`core/ngx_conf_file.c:ngx_conf_handler`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::dispatch::{Build, Refusal, RefusalKind};

use crate::certain::{first_before_error, is_called, is_certain, is_mended};
use crate::commercial::has_commercial_word;
use crate::conflicts::NAMED_BY_NGINX;
use crate::edit::Edits;
use crate::excerpt::{beside_http, has_words_to_fill_in};
use crate::refused::{AROUND, Refused, refused};
use crate::remedies::{remedy, twice};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct DirectiveNotAllowedHere;

const META: RuleMeta = RuleMeta {
    name: "directive-not-allowed-here",
    group: Group::Configuration,
    severity: Severity::Error,
    summary: "nginx does not accept a directive in this block, with this ending, with these arguments, or twice",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/directive-not-allowed-here.md"),
};

/// Names that modules of others have too, with words of their own.
const SHARED: [&str; 1] = ["sticky"];

impl Rule for DirectiveNotAllowedHere {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let build = Build::any(cx.versions());
        for Refusal { directive, context, kind } in cx.model.refusals() {
            let (directive, context) = (configuration.directive(*directive), *context);
            if is_mended(&directive)
                || has_words_to_fill_in(&directive)
                || !is_certain(configuration, context)
                || SHARED.contains(&directive.name().as_str())
                || has_commercial_word(&directive)
                || (matches!(kind, RefusalKind::NotAllowedHere(_)) && is_called(&directive))
            {
                continue;
            }
            let kind_of = configuration.context(context).kind;
            let opener = configuration.opener(context).map_or("", |opener| opener.name().as_str());
            let Some(help) = remedy(cx, &directive, (kind_of, opener), kind) else { continue };
            let beside = beside_http(configuration, context, &directive, kind);
            let severity = beside.as_ref().map_or(Severity::Error, |_| Severity::Info);
            let message = beside.unwrap_or_else(|| format!("nginx refuses to start: {kind}"));
            let mut finding = FindingBuilder::new(&META, &directive, message).at_most(severity);
            let first = configuration.named(context, directive.name()).next();
            if let (RefusalKind::Duplicate(_), Some(first)) = (kind, first) {
                finding = twice(finding, &first, &directive, configuration, context);
            } else if let Some(around) = configuration.opener(context) {
                if !kind.is_about_words() {
                    finding = finding.label(&around, AROUND);
                }
            }
            out.push(finding.help(help));
        }
        if let Some((at, message)) = first_before_error(configuration, &build) {
            let finding = FindingBuilder::at(&META, at, message).fingerprinted([b"first".as_slice()]);
            out.push(finding.help("fix the syntax error in this file first: a brace, quote or semicolon is missing, or there is one too many"));
        }
        for Refused { line, block, message, other, named, help, instead } in refused(cx) {
            if is_mended(&line)
                || has_words_to_fill_in(&line)
                || !is_certain(configuration, block)
                || !line.may_be_shown()
            {
                continue;
            }
            let message = format!("nginx refuses to start: {message}");
            let mut finding = FindingBuilder::new(&META, &line, message).help(help);
            if let Some(instead) = instead {
                let edits = Edits::new().argument(&line, 0, &instead);
                finding = finding.fix(format!("write `{instead}`"), Applicability::Unsafe, edits);
            }
            if let Some((other, text)) = other {
                if other.may_be_shown() {
                    finding = finding.label(&other, text);
                }
            }
            if let Some(named) = named {
                finding = finding.label_at(named, NAMED_BY_NGINX);
            }
            out.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found, help, labels};

    #[test]
    fn lines_for_the_upstream_in_an_if() {
        let findings = check(
            r#"
    location / {
        proxy_pass http://127.0.0.1:9000;
        if ($arg_a) {
            proxy_http_version 1.1;
           #^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_http_version" directive is not allowed here
            proxy_set_header Host $host;
           #^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_set_header" directive is not allowed here
        }
    }
"#,
        );
        assert!(help(&findings[1]).starts_with("move `proxy_set_header` to the location around it"));
        assert_eq!(labels(&findings[1]), ["this is the block around it"]);
    }

    #[test]
    fn locations_around_that_do_not_suit() {
        let findings = check(
            r#"
    location ~ ^/a { proxy_pass http://127.0.0.1:9000/; }
                    #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block
    location /b { proxy_pass http://127.0.0.1:9000/; limit_except GET { proxy_pass http://127.0.0.1:9000; } }
    location /c { location /d { root /srv; } }
                 #^^^^^^^^^^^ error: nginx refuses to start: location "/d" is outside location "/c"
    location =~ ^/e { proxy_pass http://127.0.0.1:9000; }
   #^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid location modifier "=~"
    location /your path { proxy_pass http://127.0.0.1:9000; }
    location /f { proxy_pass 127.0.0.1:9000; }
                 #^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid URL prefix
    location /g { proxy_pass ws://127.0.0.1:9000; }
                            #^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: `invalid URL prefix`
    location /h { proxy_pass BACKEND_ADDRESS; }
"#,
        );
        assert!(help(&findings[0]).starts_with("drop what follows host and port"));
        let helps: Vec<_> = findings.iter().map(help).collect();
        for start in ["put `=`, `^~`, `~`, `~*`", "write `proxy_pass http://127.0.0.1:9000;`"] {
            assert!(helps.iter().any(|help| help.starts_with(start)), "{start}: {helps:?}");
        }
        assert_eq!(labels(&findings[0]), ["this is the block around it"]);
    }

    #[test]
    fn blocks_and_passes_at_the_wrong_level() {
        let findings = check(
            r#"
server {
    map $http_upgrade $connection_upgrade { default upgrade; }
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "map" directive is not allowed here
    proxy_pass http://127.0.0.1:9000;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_pass" directive is not allowed here
    location / { root /srv; }
}
"#,
        );
        assert_eq!(help(&findings[0]), "nginx takes `map` in: http");
        assert_eq!(help(&findings[1]), "move `proxy_pass` to a `location` of the server");
    }

    #[test]
    fn ends_and_numbers_of_words() {
        let findings = check(
            r#"
map $http_upgrade $connection_upgrade {
    default upgrade close;
   #^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid number of the map parameters
    websocket {
   #^^^^^^^^^ error: nginx refuses to start: unexpected "{"
    }
}
server {
    location /ws;
   #^^^^^^^^^^^^ error: nginx refuses to start: directive "location" has no opening "{"
    location / {
        proxy_read_timeout 60 s;
       #^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid number of arguments in "proxy_read_timeout" directive
        proxy_set_header Host;
       #^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid number of arguments in "proxy_set_header" directive
        proxy_set_header X y {
       #^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: directive "proxy_set_header" is not terminated by ";"
        }
    }
}
"#,
        );
        let helps: Vec<_> = findings.iter().map(help).collect();
        assert_eq!(
            helps,
            [
                "each line of `map` is a value and what comes of it, two words",
                "only lines that end with `;` are allowed in this block",
                "`location` opens a block: write `{ … }` instead of `;`",
                "`proxy_read_timeout` takes 1 word; quote words that belong together",
                "`proxy_set_header` takes 2 words; quote words that belong together",
                "`proxy_set_header` opens no block: end it with `;`",
            ]
        );
    }

    #[test]
    fn a_second_one_in_one_block() {
        let findings = check(
            r#"
server {
    include timeouts.conf;
    location /a/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_read_timeout 1h;
        proxy_pass http://127.0.0.1:9001;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_pass" directive is duplicate
        proxy_read_timeout 2h;
       #^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_read_timeout" directive is duplicate
        proxy_next_upstream error; proxy_next_upstream timeout;
        proxy_redirect http://a/ /; proxy_redirect http://b/ /;
        if ($request_method = GET) { gzip on; gzip off; }
                                             #^^^^^^^^ error: nginx refuses to start: "gzip" directive is duplicate
    }
    proxy_read_timeout 1h;
   #^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_read_timeout" directive is duplicate
}
    #- timeouts.conf
    proxy_read_timeout 1h;
"#,
        );
        assert!(findings.iter().all(|finding| help(finding) == "leave only one of the two"));
        assert!(findings.iter().all(|finding| labels(finding) == ["this one came first"]));
        let words: Vec<_> = findings.iter().map(|finding| finding.fix.is_some()).collect();
        assert_eq!(words, [false, false, false, true]);
    }

    #[test]
    fn the_same_file_twice_in_one_block() {
        let findings = check(
            r#"
server {
    include timeouts.conf;
    include timeouts.conf;
}
    #- timeouts.conf
    proxy_read_timeout 1h;
   #^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_read_timeout" directive is duplicate
"#,
        );
        assert_eq!(labels(&findings[0]), ["this include brings it in again"]);
        assert!(findings[0].fix.is_none());
    }

    #[test]
    fn silent_about_what_others_may_know() {
        let text = "upstream a { server b; sticky; } server { location / { more_set_headers 'a: b' c; zstd { x; } \
                    content_by_lua_block { ngx.say(1) } } vhost_traffic_status_zone { location / { } } }";
        assert!(found(text).is_empty(), "{:?}", found(text));
    }

    #[test]
    fn in_a_fragment_only_what_its_own_blocks_say() {
        // A file that some `if`, `http` or `stream` may include.
        check_with(
            Options::bare(),
            "proxy_pass http://a;\nproxy_set_header Host $host;\nmap $a $b { default 1; }\n",
        );
        check_with(
            Options::bare(),
            r#"
upstream a {
    server b;
    proxy_set_header Host $host;
}
location /a {
    server_name b;
   #^^^^^^^^^^^^^ error: nginx refuses to start: "server_name" directive is not allowed here
}
"#,
        );
    }

    #[test]
    fn silent_behind_a_syntax_error() {
        let text = "server { location / { root /srv } } proxy_pass http://a; }";
        let rules: Vec<_> = found(text).iter().map(|finding| finding.rule.name).collect();
        assert!(!rules.contains(&"directive-not-allowed-here"), "{rules:?}");
    }
}
