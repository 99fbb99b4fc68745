//! What nginx refuses of values and places, line by line, with the remedy: the rest of `directive-not-allowed-here`.

use hashbrown::HashSet;
use nginx_semantics::dispatch::{
    ValueRefusal, refused_entries, refused_http_version, refused_port, refused_prefix, refused_verify,
};
use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, DirectiveRef, NginxVersion, Pass, Target,
    misplaced_location, misplaced_uri,
};
use nginx_syntax::{Place, lossy};

use crate::Context;
use crate::conflicts::refused_together;

/// The label of the block.
pub(crate) const AROUND: &str = "this is the block around it";

/// The help for a location inside another one.
const NESTED: &str = "move it out, or give it a name that begins like that of the location around it";

/// The help for a URI part.
const WITHOUT_URI: &str = "drop what follows host and port: nginx then passes the request unchanged; use `rewrite … break` before it to change the path";

/// The help for the port of an upstream's name.
const WITHOUT_PORT: &str = "drop the port: each `server` line of the block has its own; or rename the block";

/// The help for a back end whose certificate nothing can verify.
const WITH_CERTIFICATE: &str = "add `proxy_ssl_trusted_certificate` with the file of the authorities that the back end's certificate comes from";

/// What distributions brought back to releases that do not have it (Debian, package nginx: a fix that came with it).
const BROUGHT_BACK: [&str; 1] = ["max_headers"];

/// What was removed before is of nobody's nginx any more: NGINX Plus has had a `status` of its own.
const FORGOTTEN: NginxVersion = NginxVersion::new(1, 18, 0);

/// A line for which nginx does not start.
pub(crate) struct Refused<'s> {
    pub(crate) line: Directive<'s>,
    /// The block that it stands in.
    pub(crate) block: ContextId,
    /// In nginx's words.
    pub(crate) message: String,
    /// Another line, and what it is.
    pub(crate) other: Option<(Directive<'s>, &'static str)>,
    /// What nginx's message names, where that is another line.
    pub(crate) named: Option<Place>,
    pub(crate) help: String,
    /// What to write in place of the first word behind the name.
    pub(crate) instead: Option<String>,
}

/// All of them, place by place.
pub(crate) fn refused<'s>(cx: &Context<'_, 's>) -> Vec<Refused<'s>> {
    let configuration = cx.configuration();
    let mut all = Vec::new();
    for id in configuration.of_kind(ContextKind::Location) {
        let around = configuration.context(id).parent;
        if let Some((line, block)) = configuration.opener(id).zip(around) {
            if let Some(nesting) = misplaced_location(configuration, id) {
                let other = configuration.opener(block).map(|opener| (opener, AROUND));
                let (message, help) = (nesting.to_string(), NESTED.to_owned());
                all.push(Refused { line, block, message, other, named: None, help, instead: None });
            }
        }
    }
    for (context, pass) in &cx.model.passes {
        let is_new = |refused: &Refused<'_>, all: &[Refused<'_>]| {
            !all.iter().any(|other| {
                other.line.reference == refused.line.reference && other.message == refused.message
            })
        };
        for refused in of_pass(cx, *context, pass) {
            // One line verifies for many back ends.
            if is_new(&refused, &all) {
                all.push(refused);
            }
        }
    }
    // Many a file with such a line is included all over.
    let mut known: HashSet<DirectiveRef> = HashSet::new();
    for (block, _) in configuration.contexts() {
        for line in configuration.named(block, DirectiveName::PROXY_HTTP_VERSION) {
            if !known.contains(&line.reference) {
                let refused = of_version(cx, block, line);
                if refused.is_none() {
                    known.insert(line.reference);
                }
                all.extend(refused);
            }
        }
    }
    for map in configuration.of_kind(ContextKind::Map) {
        all.extend(refused_entries(configuration, map).into_iter().map(|refused| Refused {
            line: refused.entry,
            block: map,
            message: refused.refusal.to_string(),
            other: Some((refused.first, "this line has it already")),
            named: None,
            help: "remove one of the two lines: nginx ignores case here".to_owned(),
            instead: None,
        }));
    }
    all.extend(refused_together(cx));
    all
}

fn of_pass<'s>(cx: &Context<'_, 's>, block: ContextId, pass: &Pass<'s>) -> Vec<Refused<'s>> {
    let configuration = cx.configuration();
    let line = pass.directive;
    let mut all = Vec::new();
    let mut add = |line, message: String, other, help: String, instead| {
        all.push(Refused { line, block, message, other, named: None, help, instead });
    };
    let opener = |id| configuration.opener(id);
    if let Some(nesting) = misplaced_uri(configuration, block, pass) {
        let other = opener(block).map(|opener| (opener, AROUND));
        add(line, nesting.to_string(), other, WITHOUT_URI.to_owned(), None);
    }
    let written = || lossy(&pass.target()).into_owned();
    let is_socket = |written: &str| {
        let scheme = written.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        matches!(scheme.as_deref(), Some("ws" | "wss"))
    };
    // `websocket-scheme-in-proxy-pass` has the others.
    if let Some(refusal) = refused_prefix(pass) {
        let written = written();
        if !is_socket(&written) && !is_address_to_fill_in(written.as_bytes()) {
            let rest = match written.split_once(":/") {
                Some((_, rest)) => rest.trim_start_matches('/'),
                None => &written,
            };
            let help = format!("write `proxy_pass http://{rest};`, or `https://`");
            add(line, refusal.to_string(), None, help, None);
        }
    }
    if let Some((refusal, upstream)) = refused_port(configuration, block, pass) {
        let other = opener(upstream).map(|opener| (opener, "this is the block of that name"));
        let written = written();
        let port = Target::parse(written.as_bytes()).port.unwrap_or_default();
        let instead = written.replacen(&format!(":{port}"), "", 1);
        let instead = Some(instead).filter(|text| Target::parse(text.as_bytes()).port.is_none());
        add(line, refusal.to_string(), other, WITHOUT_PORT.to_owned(), instead);
    }
    if let Some(verify) = refused_verify(configuration, block, pass) {
        if let Some(set) = verify.directives.last() {
            let message = ValueRefusal::NoTrustedCertificate.to_string();
            add(*set, message, Some((line, "for this back end")), WITH_CERTIFICATE.to_owned(), None);
        }
    }
    all
}

fn of_version<'s>(cx: &Context<'_, 's>, block: ContextId, line: Directive<'s>) -> Option<Refused<'s>> {
    let refusal = refused_http_version(&line, cx.versions())?;
    if line.argument(0).is_none_or(|word| is_version_to_fill_in(&word)) {
        return None;
    }
    // `http2-upstream` has it then.
    let is_two = refusal == ValueRefusal::HttpVersion("2".to_owned());
    if is_two && cx.model.sent_lines().have_version_of(line.reference) {
        return None;
    }
    let help = "write `proxy_http_version 1.1;`: no other version upgrades".to_owned();
    let (message, instead) = (refusal.to_string(), Some("1.1".to_owned()));
    Some(Refused { line, block, message, other: None, named: None, help, instead })
}

/// Whether a template may put an address in the place of this word: it has signs that no URL has, two `_` in a row, or
/// nothing but capitals.
fn is_address_to_fill_in(word: &[u8]) -> bool {
    let is_of_url = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-:/[]?=&~".contains(byte);
    !word.iter().all(is_of_url)
        || word.windows(2).any(|two| two == b"__")
        || word.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
}

/// Whether a template may put a version in the place of this word: it has no digit, or signs that no version has.
fn is_version_to_fill_in(word: &[u8]) -> bool {
    let is_of_version = |byte: &u8| byte.is_ascii_alphanumeric() || b"./-#,".contains(byte);
    // That of a flag.
    if matches!(word, b"on" | b"off") {
        return false;
    }
    !word.iter().all(is_of_version) || !word.iter().any(u8::is_ascii_digit)
}

/// The help for a directive that the versions which the user names do not have; `None` where they are not named, or
/// another nginx may have it.
pub(crate) fn unknown(cx: &Context<'_, '_>, name: DirectiveName) -> Option<String> {
    cx.model.hints.versions?;
    let word = name.as_str();
    if BROUGHT_BACK.contains(&word) {
        return None;
    }
    let since: NginxVersion = name.rows().iter().map(|row| row.name_since).min()?;
    let instead = match name {
        DirectiveName::LEAST_TIME => ", and NGINX Plus has it: `least_conn` is there in all versions",
        DirectiveName::SSL | DirectiveName::HTTP2 => ": write it after the address in each `listen`",
        _ => "",
    };
    if since > cx.versions().max {
        return Some(format!("nginx has `{word}` since {since}{instead}"));
    }
    let removed = name.rows().iter().filter_map(|row| row.removed).max().filter(|at| *at > FORGOTTEN)?;
    Some(format!("nginx has no `{word}` since {removed}{instead}"))
}

#[cfg(test)]
mod tests {
    use lint_finding::Finding;

    use crate::testing::{Options, check, check_with, found, found_with, help, labels};

    /// What the edit writes.
    fn fix(finding: &Finding) -> Option<&str> {
        let edit = finding.fix.as_ref()?.edits.first()?;
        std::str::from_utf8(&edit.replacement).ok()
    }

    #[test]
    fn versions_that_are_none() {
        for value in ["1.1#x", "1.2", "2.0", "3", "HTTP/1.1"] {
            let text =
                format!("location / {{ proxy_pass http://127.0.0.1:9000; proxy_http_version {value}; }}");
            let findings = found(&text);
            assert_eq!(findings.len(), 1, "{value}");
            assert_eq!(findings[0].message, format!("nginx refuses to start: invalid value \"{value}\""));
            assert!(help(&findings[0]).starts_with("write `proxy_http_version 1.1;`"));
            assert_eq!(fix(&findings[0]), Some("1.1"));
        }
        for value in ["1.0", "1.1", "2", "$version", "VERSION"] {
            let text =
                format!("location / {{ proxy_pass http://127.0.0.1:9000; proxy_http_version {value}; }}");
            assert!(found(&text).is_empty(), "{value}");
        }
    }

    #[test]
    fn http_2_is_said_once_and_only_of_versions_without_it() {
        let text = |path: &str| {
            format!("location {path} {{ proxy_pass http://127.0.0.1:9000; proxy_http_version 2; }}")
        };
        let rules = |version, path: &str| -> Vec<&str> {
            let findings = found_with(Options::version(version), &text(path));
            let said = findings.iter().filter(|one| one.message.contains("invalid value \"2\""));
            said.map(|one| one.rule.name).collect()
        };
        assert_eq!(rules("1.28.3", "/"), ["directive-not-allowed-here"]);
        assert_eq!(rules("1.28.3", "/socket.io/"), ["http2-upstream"]);
        assert!(rules("1.29.4", "/").is_empty());
    }

    #[test]
    fn passes_without_a_scheme() {
        let findings = check(
            r#"
    location /a {
        proxy_pass app1:8000;
       #^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid URL prefix
    }
    location /c {
        proxy_pass http:/app1:8000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid URL prefix
    }
    location /b {
        proxy_pass tcp://app1:8000/b;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: invalid URL prefix
    }
"#,
        );
        assert_eq!(help(&findings[0]), "write `proxy_pass http://app1:8000;`, or `https://`");
        assert_eq!(help(&findings[1]), "write `proxy_pass http://app1:8000;`, or `https://`");
        assert_eq!(help(&findings[2]), "write `proxy_pass http://app1:8000/b;`, or `https://`");
        // In `stream` it is an address.
        let stream = found_with(Options::bare(), "stream { server { listen 1; proxy_pass app1:8000; } }");
        assert!(stream.iter().all(|one| one.rule.name != "directive-not-allowed-here"));
        for pass in ["HTTP://127.0.0.1", "$host", "BACKEND", "__UPSTREAM__", "@up@", "<backend>"] {
            let findings = found(&format!("location / {{ proxy_pass {pass}; }}"));
            assert!(findings.iter().all(|one| one.rule.name != "directive-not-allowed-here"), "{pass}");
        }
    }

    #[test]
    fn upstreams_with_a_port() {
        let findings = check(
            r#"
upstream App { server 127.0.0.1:9000; }
server {
    location / {
        proxy_pass http://app:8000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: upstream "app" may not have port 8000
    }
}
"#,
        );
        assert_eq!(labels(&findings[0]), ["this is the block of that name"]);
        assert_eq!(fix(&findings[0]), Some("http://app"));
        check(
            r#"
server {
    location / {
        proxy_pass http://app:80/x;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: upstream "App" may not have port 80
    }
}
upstream App { server 127.0.0.1:9000; }
"#,
        );
        for pass in ["http://app", "http://app:$arg_p", "http://other:8000", "http://$app:8000"] {
            let text = format!(
                "upstream app {{ server 127.0.0.1:1; }} server {{ set $app app; location / {{ proxy_pass {pass}; }} }}"
            );
            let said = found(&text).iter().any(|one| one.message.contains("may not have port"));
            assert!(!said, "{pass}");
        }
    }

    #[test]
    fn maps_that_say_a_value_twice() {
        let findings = check(
            r#"
map $http_upgrade $connection_upgrade {
    default upgrade;
    ''      close;
    ''      upgrade;
   #^^^^^^^^^^^^^^^ error: nginx refuses to start: conflicting parameter ""
    ~a      1;
    ~a      2;
    WebSocket  upgrade;
    \websocket upgrade;
   #^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: conflicting parameter "websocket"
    default close;
   #^^^^^^^^^^^^^ error: nginx refuses to start: duplicate default map parameter
}
"#,
        );
        assert_eq!(labels(&findings[0])[0], "this line has it already");
        // A map is one wherever it is included.
        check_with(
            Options::bare(),
            "map $a $b {\n    a 1;\n    a 2;\n   #^^^ error: nginx refuses to start: conflicting parameter \"a\"\n}\n",
        );
    }

    #[test]
    fn certificates_verified_against_none() {
        let findings = check(
            r#"
server {
    proxy_ssl_verify on;
   #^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: no proxy_ssl_trusted_certificate for proxy_ssl_verify
    location / { proxy_pass https://127.0.0.1:8443; }
}
"#,
        );
        assert_eq!(labels(&findings[0]), ["for this back end"]);
        for lines in [
            "proxy_ssl_trusted_certificate ca.pem; proxy_ssl_verify on; proxy_pass https://127.0.0.1;",
            "proxy_ssl_verify on; proxy_pass http://127.0.0.1;",
            "proxy_ssl_verify off; proxy_pass https://127.0.0.1;",
            "include /opt/tls.conf; proxy_ssl_verify on; proxy_pass https://127.0.0.1;",
        ] {
            let text = format!("location / {{ {lines} }}");
            let said = found(&text).iter().any(|one| one.message.contains("trusted_certificate"));
            assert!(!said, "{lines}");
        }
        let text = "location / { proxy_ssl_verify on; proxy_pass https://127.0.0.1; }";
        let said = found_with(Options::bare(), text);
        assert!(said.iter().all(|one| one.rule.name != "directive-not-allowed-here"));
    }

    #[test]
    fn directives_that_a_version_does_not_have() {
        let text = "upstream a { least_time header; server 127.0.0.1:1; server 127.0.0.1:2; } \
                    server { http2 on; location / { proxy_pass http://a; } }";
        let said = |version, text: &str| -> Vec<String> {
            let findings = found_with(Options::version(version), text);
            let unknown = findings.iter().filter(|one| one.message.contains("unknown directive"));
            unknown.map(|one| format!("{}; {}", one.message, help(one))).collect()
        };
        assert_eq!(
            said("1.22.1", text),
            [
                "nginx refuses to start: unknown directive \"least_time\"; nginx has `least_time` since 1.31.0, and NGINX \
                 Plus has it: `least_conn` is there in all versions",
                "nginx refuses to start: unknown directive \"http2\"; nginx has `http2` since 1.25.1: write it after the \
                 address in each `listen`",
            ]
        );
        assert_eq!(said("1.26.3", text).len(), 1);
        assert!(said("1.31.5", text).is_empty());
        assert!(said("1.24-1.26", "server { http2 on; }").is_empty());
        assert!(
            said("1.22.1", "server { max_headers 5; more_set_headers a; location / { status; } }").is_empty()
        );
        assert!(said("1.22.1", &text.replace("least_time", "zone a 1m; state /a; least_time")).is_empty());
        assert_eq!(
            said("1.26.3", "server { ssl on; }"),
            [
                "nginx refuses to start: unknown directive \"ssl\"; nginx has no `ssl` since 1.25.1: write it after the \
                 address in each `listen`"
            ]
        );
        assert!(said("", text).is_empty());
    }
}
