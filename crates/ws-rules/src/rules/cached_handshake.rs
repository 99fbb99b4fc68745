//! `cached-handshake`: a stored answer is served to the handshake.
//!
//! The cache is asked before the upstream, for every GET (`http/ngx_http_upstream.c:ngx_http_upstream_cache`), and its key
//! has no `Upgrade` by default. `proxy_no_cache` decides later, about the answer (`ngx_http_upstream_send_response`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::catalogue::lookup;
use nginx_semantics::{Declared, Directive, Effective, Part, PassModule, Request, parts};
use ws_model::{Browser, Endpoint, HandshakeRequest, OrdinaryRequest};

use crate::setting::past_the_cache;
use crate::verify::{code, with_curl};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct CachedHandshake;

const META: RuleMeta = RuleMeta {
    name: "cached-handshake",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "a handshake may be answered from the cache instead of by the back end",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/cached-handshake.md"),
};

/// How the directives of a module begin that has a cache and carries WebSockets.
fn prefix(module: PassModule) -> Option<&'static str> {
    match module {
        PassModule::Proxy => Some("proxy"),
        PassModule::Uwsgi => Some("uwsgi"),
        PassModule::Scgi => Some("scgi"),
        PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => None,
    }
}

impl Rule for CachedHandshake {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(prefix) = prefix(endpoint.pass.module) else { return };
        let of = |rest: &str| {
            let name = lookup(format!("{prefix}_{rest}").as_bytes());
            endpoint.effective(name)
        };
        let Effective::Set(cache) = of("cache") else { return };
        let Some(zone) = cache.directives.first().copied() else { return };
        let handshakes = Browser::ALL.map(HandshakeRequest);
        let is_off = |word: &[u8]| word.is_empty() || word == b"off";
        // A zone that is not known may be off.
        let is_on = handshakes.iter().all(|request| {
            let value =
                zone.argument(0).map(|word| cx.model.evaluator(request, endpoint.context).value(&word));
            value.is_some_and(|value| value.surely(|value| !is_off(value)))
        });
        // Without buffers nothing is stored (`ngx_http_upstream_send_response`).
        let is_buffered = match of("buffering") {
            Effective::Default { .. } => true,
            Effective::Set(set) => {
                set.directives.iter().all(|line| line.argument(0).as_deref() == Some(b"on"))
            }
            Effective::Unknown(_) => false,
        };
        let bypass = of("cache_bypass");
        let past: Vec<_> = handshakes.iter().map(|request| holds(cx, endpoint, request, &bypass)).collect();
        // One browser that does not get past the cache is one too many.
        let is_asked = past.contains(&Some(false)) && !past.contains(&None);
        let may_store = holds(cx, endpoint, &OrdinaryRequest, &of("no_cache")) == Some(false) && is_buffered;
        if !is_on || !is_asked || !may_store || has_own_key(cx, endpoint, &of("cache_key")) {
            return;
        }
        let message = "nginx answers the handshake from its cache if it has a response with the same key";
        let is_assumed = cache.is_assumed || matches!(bypass, Effective::Default { is_assumed: true });
        let mut finding = FindingBuilder::new(&META, &zone, message).endpoint(endpoint).assumed(is_assumed);
        for line in lines(&bypass) {
            finding = finding.because(line, "this does not make handshakes bypass the cache");
        }
        for line in lines(&of("no_cache")) {
            let text = "this controls what is stored, not what is served from the cache";
            finding = finding.label(line, text);
        }
        let no_cache = of("no_cache");
        let is_out = |request| holds(cx, endpoint, request, &no_cache) == Some(true);
        let also = (!handshakes.iter().all(|request| is_out(request))).then_some(&no_cache);
        let (title, how, edits) = past_the_cache(cx, endpoint, prefix, lines(&bypass), also.map(lines));
        finding = finding.fix(title, how, edits);
        out.push(finding.help(with_curl(remedy(endpoint, prefix, &bypass, also), endpoint)));
    }
}

/// The lines in effect.
fn lines<'e, 's>(effective: &'e Effective<'s>) -> &'e [Directive<'s>] {
    match effective {
        Effective::Set(declared) => &declared.directives,
        Effective::Default { .. } | Effective::Unknown(_) => &[],
    }
}

/// Whether a word of the lines in effect is true for a request, neither empty nor `0`
/// (`http/ngx_http_script.c:ngx_http_test_predicates`).
fn holds(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    request: &dyn Request,
    predicates: &Effective<'_>,
) -> Option<bool> {
    let Declared { directives, gap, .. } = match predicates {
        Effective::Default { .. } => return Some(false),
        Effective::Unknown(_) => return None,
        Effective::Set(declared) => declared,
    };
    let evaluator = cx.model.evaluator(request, endpoint.context);
    let words = directives.iter().flat_map(Directive::arguments);
    let tests: Vec<_> = words
        .map(|word| match evaluator.value(&word) {
            // Whatever is written behind it: a header field that is `0` is not worth the doubt.
            nginx_semantics::Value::NotEmpty => Some(true),
            value => value.test(|value| !matches!(value, b"" | b"0")),
        })
        .collect();
    if tests.contains(&Some(true)) {
        return Some(true);
    }
    let is_whole = gap.is_none() && tests.iter().all(Option::is_some);
    is_whole.then_some(false)
}

/// Whether handshakes have a key of their own, or may have.
fn has_own_key(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, key: &Effective<'_>) -> bool {
    let written = match key {
        Effective::Default { .. } => return false,
        Effective::Unknown(_) => return true,
        Effective::Set(declared) => declared.directives.first().and_then(|line| line.argument(0)),
    };
    let written = written.unwrap_or_default();
    let evaluate = |request: &dyn Request, name: &[u8]| {
        cx.model.evaluator(request, endpoint.context).value(&[b"${", name, b"}"].concat())
    };
    parts(&written).into_iter().any(|part| {
        let Part::Variable(name) = part else { return false };
        let of_page = evaluate(&OrdinaryRequest, name);
        let is_own = |request: &HandshakeRequest| match (evaluate(request, name), &of_page) {
            (value, page) if value == *page => {
                // The same unknown: nginx's own say nothing of a handshake, those of the configuration may.
                value.alternatives().is_none() && !cx.model.variables.definitions(name).is_empty()
            }
            _ => true,
        };
        Browser::ALL.map(HandshakeRequest).iter().any(is_own)
    })
}

fn remedy(
    endpoint: &Endpoint<'_>,
    prefix: &str,
    bypass: &Effective<'_>,
    no_cache: Option<&Effective<'_>>,
) -> String {
    let at = endpoint.location_words();
    // Lines of its own drop what the location inherits.
    let kept = |predicates: &Effective<'_>| match predicates {
        Effective::Set(declared) if !declared.is_here => {
            declared.directives.iter().map(|line| format!(" {}", line.arguments_text())).collect()
        }
        _ => String::new(),
    };
    let mut lines = vec![format!("{prefix}_cache_bypass{} $http_upgrade;", kept(bypass))];
    lines.extend(no_cache.map(|lines| format!("{prefix}_no_cache{} $http_upgrade;", kept(lines))));
    format!("add to {at}:{}", code(&lines))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found, help, labels};

    /// A location with these lines beside all that a handshake needs.
    fn with(lines: &str) -> String {
        format!(
            "location /ws/ {{ proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; {lines} }}"
        )
    }

    #[test]
    fn the_line_that_switches_the_cache_on_is_blamed() {
        let findings = check(
            r#"
server {
    proxy_cache pages;
   #^^^^^^^^^^^^^^^^^ warning: nginx answers the handshake from its cache if it has a response with the same key
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
    }
}
"#,
        );
        assert!(
            help(&findings[0])
                .starts_with("add to this location:\n    proxy_cache_bypass $http_upgrade;\n    proxy_no_cache $http_upgrade;\nverify that")
        );
    }

    #[test]
    fn a_location_for_everything_keeps_its_cache_and_its_bypass() {
        let findings = check(
            r#"
server {
    proxy_cache pages;
   #^^^^^^^^^^^^^^^^^ warning: nginx answers the handshake from its cache…
    proxy_cache_bypass $cookie_nocache $arg_nocache;
    proxy_no_cache $http_upgrade;
    location / {
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
        proxy_cache_bypass "";
    }
}
"#,
        );
        assert!(
            help(&findings[0]).contains("    proxy_cache_bypass $http_upgrade;"),
            "{}",
            help(&findings[0])
        );
        let text = "this controls what is stored, not what is served from the cache";
        assert!(labels(&findings[0]).contains(&text));
    }

    #[test]
    fn silent_where_handshakes_get_past_it() {
        for lines in [
            "proxy_cache off;",
            "proxy_cache $zone;",
            "proxy_cache a; proxy_cache_bypass $http_upgrade;",
            "proxy_cache a; proxy_cache_bypass $cookie_a $http_upgrade;",
            "proxy_cache a; proxy_cache_bypass $http_sec_websocket_key;",
            "proxy_cache a; proxy_cache_bypass $http_cache_control;",
            "proxy_cache a; proxy_cache_bypass 1;",
            "set $no 0; if ($http_upgrade) { set $no 1; } proxy_cache a; proxy_cache_bypass $no;",
            // Nobody knows.
            "proxy_cache a; proxy_cache_bypass $cookie_a;",
            "proxy_cache a; include /opt/x.conf;",
        ] {
            let text = with(lines).replace("$zone", "$http_x_zone");
            assert!(found(&text).is_empty(), "{lines} {:?}", found(&text));
        }
    }

    #[test]
    fn silent_where_handshakes_have_a_key_of_their_own_or_nothing_is_stored() {
        for lines in [
            "proxy_cache_key $request_uri$http_upgrade;",
            "proxy_cache_key $uri$http_connection;",
            "proxy_cache_key $uri$http_sec_websocket_key;",
            "set $key $http_upgrade; proxy_cache_key $uri$key;",
            "proxy_no_cache 1;",
            "proxy_buffering off;",
            "proxy_no_cache $cookie_a;",
        ] {
            assert!(found(&with(&format!("proxy_cache a; {lines}"))).is_empty(), "{lines}");
        }
        let text = with("proxy_cache a; proxy_cache_key $scheme$host$uri$is_args$args;");
        assert_eq!(found(&text).len(), 1);
    }

    #[test]
    fn the_other_modules_have_caches_of_their_own() {
        check(
            r#"
    location /ws/ {
        uwsgi_pass 127.0.0.1:9000;
        uwsgi_read_timeout 1h;
        proxy_cache pages;
        uwsgi_cache answers;
       #^^^^^^^^^^^^^^^^^^^ warning: nginx answers the handshake from its cache…
    }
"#,
        );
    }

    #[test]
    fn in_a_fragment_a_file_that_was_not_given_may_set_it() {
        let text = format!(
            "server {{\n proxy_cache a;\n#^^^^^^^^^^^^^ warning: nginx answers the handshake from its cache…\n{}\n}}\n",
            with("")
        );
        let findings = check_with(Options::bare(), &text);
        assert!(findings[0].message.ends_with("(unless a file that was not given sets it)"));
    }
}
