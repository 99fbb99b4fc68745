//! What rules call safe and the checker does not.

use lint_finding::{Applicability, RuleMeta};
use nginx_semantics::{ContextId, Pass, Scope, catalogue};
use ws_rules::{Context, Edits, FindingBuilder, Findings, Rule};

use super::{META, memory, report};
use crate::fix::{By, Which, fixed_by, most_checks};
use crate::{Selector, Settings};

static LINE: RuleMeta = RuleMeta { name: "wanted-line", ..META };

/// Adds the lines that a comment of a location names, whatever the location is and whoever asks for it.
struct WantedLine;

impl Rule for WantedLine {
    fn meta(&self) -> &'static RuleMeta {
        &LINE
    }

    fn pass(&self, cx: &Context<'_, '_>, location: ContextId, pass: &Pass<'_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let of = |name: &[u8]| configuration.named(location, catalogue::lookup(name)).next();
        let wanted = of(b"default_type").and_then(|line| line.argument(0).map(|word| word.to_vec()));
        let Some(wanted) = wanted.map(|word| String::from_utf8(word).unwrap()) else { return };
        let name = wanted.split(' ').next().unwrap();
        // As a rule would that sees no more than what was given.
        if configuration
            .named(location, catalogue::lookup(name.as_bytes()))
            .any(|line| line.text_line() == wanted)
        {
            return;
        }
        let edits = Edits::new().after(&pass.directive, &[format!("{wanted};")]);
        let finding = FindingBuilder::new(&LINE, &pass.directive, format!("`{wanted}` is missing"));
        out.push(finding.fix("add it", Applicability::Safe, edits));
    }
}

/// What a rule calls safe goes, where nobody can say what it does: the checker does not trust it.
#[test]
fn the_checker_drops_what_a_rule_calls_safe() {
    const TIME: &str = "proxy_send_timeout 5s";
    const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade";
    const CONNECTION: &str = "proxy_set_header Connection upgrade";
    const MAP: &str = "proxy_set_header Connection $c";
    let gap = "include /not/given/x.conf;";
    let pattern = "include not-given/*.conf;";
    let asks = "auth_request /auth;";
    let unseen = "a file that was not given may have";
    let asked = "a subrequest may ask there";
    let unasked = "requests that want none";
    for (main, http, server, location, wanted, reason) in [
        ("", "", "", "location /a", TIME, None),
        // Beside a gap, and hiding what one further out may say.
        ("", "", "", &*format!("location /a {{ {gap}"), TIME, Some(unseen)),
        ("", "", "", &format!("location /a {{ {pattern}"), TIME, Some(unseen)),
        ("", "", gap, "location /a", TIME, Some(unseen)),
        ("", "", pattern, "location /a", TIME, Some(unseen)),
        ("", gap, "", "location /a", TIME, Some(unseen)),
        // What is nearer hides it already.
        ("", gap, "proxy_send_timeout 9s;", "location /a", TIME, None),
        // A pattern that usually stands for servers may bring anything; the main level takes no such line.
        ("", pattern, "", "location /a", TIME, Some(unseen)),
        (gap, "", "", "location /a", TIME, None),
        (pattern, "", "", "location /a", TIME, None),
        // What a subrequest asks for.
        ("", "", "", "location = /auth", UPGRADE, None),
        ("", "", asks, "location = /auth", UPGRADE, Some(asked)),
        ("", asks, "", "location = /auth", UPGRADE, Some(asked)),
        ("", "", "mirror /auth;", "location = /auth", UPGRADE, Some(asked)),
        ("", "", "mirror /auth;", "location = /auth", TIME, None),
        (
            "",
            "",
            "",
            "location /x { auth_request /auth; proxy_pass http://127.0.0.1:1; } location = /auth",
            MAP,
            Some(asked),
        ),
        // Nobody but a subrequest comes there, and who asks may stand where nobody looked.
        ("", "", &format!("location /x {{ {gap} }}"), "location = /auth { internal;", UPGRADE, Some(asked)),
        // What ordinary requests get.
        ("", "", "", "location /a", MAP, None),
        ("", "", "", "location /a", CONNECTION, Some(unasked)),
        ("", "", "set $c upgrade;", "location /a", MAP, Some(unasked)),
        ("", "", "set $http_upgrade websocket;", "location /a", MAP, Some(unasked)),
        ("", "", "set $http_upgrade websocket;", "location /a", UPGRADE, Some(unasked)),
    ] {
        let block = if location.contains('{') && !location.contains("} ") {
            location.to_owned()
        } else {
            format!("{location} {{")
        };
        let text = format!(
            "{main}\nevents {{}}\nhttp {{\nmap $http_upgrade $c {{ default upgrade; '' close; }}\n{http}\nserver {{\nlisten 80;\n{server}\n\
             {block}\ndefault_type '{wanted}';\nproxy_pass http://127.0.0.1:9000;\n}}\n}}\n}}\n"
        );
        // No other rule speaks against it.
        let rules: [&'static dyn Rule; 1] = [&WantedLine];
        let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
        let settings = Settings { select: vec![Selector::Rule("wanted-line")], ..Settings::default() };
        let files = memory(&[("nginx.conf", text.clone())]);
        let run = |which| {
            fixed_by(
                &By { rules: &rules, most_checks },
                &files,
                &["/t/nginx.conf".into()],
                &scope,
                &settings,
                which,
                &|_, _| Ok(()),
            )
        };
        let fixed = run(Which::Safe);
        let dropped: Vec<_> =
            report(&fixed).dropped.iter().filter_map(|tried| tried.reason.clone()).collect();
        match reason {
            None => assert_eq!((fixed.texts.len(), dropped.len()), (1, 0), "{text}\n{dropped:?}"),
            Some(reason) => {
                assert!(fixed.texts.is_empty(), "{text}");
                assert!(dropped.iter().any(|dropped| dropped.contains(reason)), "{text}\n{dropped:?}");
                // Who takes responsibility for it gets it.
                assert_eq!(run(Which::All).texts.len(), 1, "{text}");
            }
        }
    }
}
