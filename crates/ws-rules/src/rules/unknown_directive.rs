//! `unknown-directive`: a directive that no module of nginx has, and whose name is nearly that of another or speaks of
//! WebSockets.
//!
//! nginx refuses to start with a name that no module has (`core/ngx_conf_file.c:ngx_conf_handler`); which modules are built in
//! or loaded, a configuration does not tell.

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextKind, Directive, Hosted};
use nginx_syntax::lossy;

use crate::certain::is_mended;
use crate::excerpt::has_words_to_fill_in;
use crate::misspelt::{Meant, Misspelt};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct UnknownDirective;

const META: RuleMeta = RuleMeta {
    name: "unknown-directive",
    group: Group::Configuration,
    severity: Severity::Warning,
    summary: "nginx has no directive of this name, which looks misspelt or is about WebSockets",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/unknown-directive.md"),
};

impl Rule for UnknownDirective {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let mut misspelt = Misspelt::default();
        for (id, context) in configuration.contexts() {
            for line in configuration.directives(id) {
                let Some(meant) = misspelt.meant(&line, context.kind) else { continue };
                // nginx has taken what `nginx -T` prints: a module provides it, or it is what follows the dump.
                let is_dump = line.file().and_then(|file| file.hosted()).is_some_and(Hosted::is_dump);
                if is_dump || is_mended(&line) || has_words_to_fill_in(&line) || !line.may_be_shown() {
                    continue;
                }
                let name = lossy(&line.name_bytes()).into_owned();
                let message = format!("nginx has no `{name}`: it does not start unless a module provides it");
                let mut finding = FindingBuilder::new(&META, &line, message)
                    .confidence(Confidence::Medium)
                    .help(help(&line, meant));
                if matches!(context.kind, ContextKind::Location | ContextKind::If) {
                    if let Some(location) = configuration.opener(id) {
                        finding = finding.label(&location, "it sets nothing for this location");
                    }
                }
                out.push(finding);
            }
        }
    }
}

fn help(line: &Directive<'_>, meant: Meant) -> String {
    match meant {
        Meant::Like(name) if line.name_bytes().contains(&b'#') => {
            format!("did you mean `{name}`? `#` begins a comment only after a space")
        }
        Meant::Like(name) => format!("did you mean `{name}`?"),
        Meant::WebSocket(Some(name)) => {
            let words = line.arguments_text();
            format!("did you mean `{name} {words};`? For nginx, a WebSocket is an ordinary proxied connection")
        }
        Meant::WebSocket(None) => "remove it: nginx needs no directive of its own for WebSockets, only `proxy_http_version 1.1`, `proxy_set_header Upgrade $http_upgrade` and `proxy_set_header Connection` with `upgrade`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check_with, found, found_with, help, labels};

    fn raised(text: &str) -> Vec<lint_finding::Finding> {
        found(text).into_iter().filter(|one| one.rule.name == "unknown-directive").collect()
    }

    #[test]
    fn names_close_to_others_and_about_websockets() {
        let findings = raised(
            "location /ws/ {\n    proxy_pass http://127.0.0.1:9000;\n    proxy_reed_timeout 1h;\n    websocket_read_timeout 1d;\n    websocket on;\n}\n",
        );
        let messages: Vec<_> = findings.iter().map(|one| one.message.as_ref()).collect();
        assert_eq!(
            messages,
            [
                "nginx has no `proxy_reed_timeout`: it does not start unless a module provides it",
                "nginx has no `websocket_read_timeout`: it does not start unless a module provides it",
                "nginx has no `websocket`: it does not start unless a module provides it",
            ]
        );
        assert_eq!(help(&findings[0]), "did you mean `proxy_read_timeout`?");
        assert!(help(&findings[1]).starts_with("did you mean `proxy_read_timeout 1d;`?"));
        assert!(help(&findings[2]).starts_with("remove it: nginx needs no directive"));
        assert_eq!(labels(&findings[0]), ["it sets nothing for this location"]);
    }

    /// nginx takes a sign that sticks to a name for a part of it.
    #[test]
    fn signs_that_stick_to_a_name() {
        for (name, said) in [
            ("proxy_set_header#", "did you mean `proxy_set_header`? `#` begins a comment only after a space"),
            (
                "proxy_set_header#X",
                "did you mean `proxy_set_header`? `#` begins a comment only after a space",
            ),
            ("proxy_set_header:", "did you mean `proxy_set_header`?"),
            ("root=", "did you mean `root`?"),
        ] {
            let findings =
                raised(&format!("location /ws/ {{ proxy_pass http://127.0.0.1:9000; {name} a b; }}"));
            assert_eq!(findings.iter().map(help).collect::<Vec<_>>(), [said], "{name}");
        }
        assert!(raised("location / { root /srv; echo# a; }").is_empty());
    }

    #[test]
    fn the_location_says_so_too() {
        let text = "server { location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; websocket_read_timeout 1d; } }";
        let all = found(text);
        let short = all.iter().find(|one| one.rule.name == "short-read-timeout").unwrap();
        let said = "nginx has no `websocket_read_timeout`, so this sets nothing";
        assert!(labels(short).contains(&said), "{:?}", labels(short));
        let text = "server { location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_set_headers Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_read_timeout 1d; } }";
        let all = found(text);
        let missing = all.iter().find(|one| one.rule.name == "missing-upgrade-header").unwrap();
        let said = "nginx has no `proxy_set_headers`, so this sets nothing";
        assert!(labels(missing).contains(&said), "{:?}", labels(missing));
    }

    #[test]
    fn silent_about_other_modules_and_what_is_no_directive() {
        for text in [
            "location / { echo hello; root /srv; }",
            "location / { nchan_websocket_ping_interval 10; root /srv; }",
            "map $a $b { proxy_pas 1; }",
            "location / { <proxy_pas>; root /srv; }",
        ] {
            assert!(raised(text).is_empty(), "{text}");
        }
        check_with(Options::bare(), "tcp { server { websocket_pass app; } }\n");
        assert!(
            found_with(Options::bare(), "{{ proxy_pas }}\nserver { location / { root /srv; } }").is_empty()
        );
    }
}
