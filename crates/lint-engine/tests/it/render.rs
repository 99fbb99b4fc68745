//! What is said of a template is true of what an engine makes of it: templates are rendered with all values of their
//! conditions, and what is linted then is compared line by line.
//!
//! Each template is written once, in marks of no engine, and given out in those of several. minijinja renders Jinja's; the
//! others put out the same text where it does, so the same must be said of them.

use std::collections::{BTreeMap, BTreeSet};

use lint_engine::{Settings, lint};
use lint_finding::Severity;
use nginx_semantics::{MemoryFiles, Scope};

/// What is compared: the rule and the line.
type Said = BTreeSet<(&'static str, u32)>;

const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade;";
const CONNECTION: &str = "proxy_set_header Connection $connection_upgrade;";
const VERSION: &str = "proxy_http_version 1.1;";
const TIME: &str = "proxy_read_timeout 1h;";

/// The lines of an endpoint with one thing wrong, or nothing.
fn flaws() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("none", vec![VERSION, UPGRADE, CONNECTION, TIME]),
        ("no Connection", vec![VERSION, UPGRADE, TIME]),
        ("no Upgrade", vec![VERSION, TIME]),
        ("HTTP/1.0", vec!["proxy_http_version 1.0;", UPGRADE, CONNECTION, TIME]),
        ("no time", vec![VERSION, UPGRADE, CONNECTION, "proxy_read_timeout 5s;"]),
        ("Connection closed", vec![VERSION, UPGRADE, "proxy_set_header Connection close;", TIME]),
    ]
}

/// Where templates have branches: a text with `BODY` for the lines of the endpoint, and with marks between `<<` and `>>`.
fn structures() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "in a word",
            "server {\nlisten <<if tls>>8443<<else>>80<<end>>;\nlocation /socket.io/ {\nproxy_pass http://<<app>>:3000;\nBODY\n}\n}\n",
        ),
        (
            "around a location",
            "server {\nlisten 80;\n<<if chat>>\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n}\n<<end>>\nlocation / {\nroot /srv;\n}\n}\n",
        ),
        (
            "around the lines",
            "server {\nlisten 80;\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\n<<if chat>>\nBODY\n<<end>>\n}\n}\n",
        ),
        (
            "two of a kind",
            "server {\nlisten 80;\n<<if v2>>\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n}\n<<else>>\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3001;\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\nproxy_read_timeout 1h;\n}\n<<end>>\n}\n",
        ),
        (
            "a server or another",
            "<<if tls>>\nserver {\nlisten 8443;\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n}\n}\n<<elif plain>>\nserver {\nlisten 80;\nlocation /ws/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n}\n}\n<<else>>\nserver {\nlisten 81;\nreturn 404;\n}\n<<end>>\n",
        ),
        (
            "a loop",
            "upstream app {\nip_hash;\n<<for peer in peers>>\nserver <<peer>>:3000;\n<<end>>\n}\nserver {\nlisten 80;\nlocation /socket.io/ {\nproxy_pass http://app;\nBODY\n}\n}\n",
        ),
        (
            "in a branch",
            "server {\nlisten 80;\n<<if chat>>\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\n<<if more>>\nproxy_set_header X-More yes;\n<<end>>\nBODY\n}\n<<end>>\n}\n",
        ),
        (
            "lines of the level around",
            "server {\nlisten 80;\nBODY\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\n<<if own>>\nproxy_set_header Host $host;\n<<end>>\n}\n}\n",
        ),
        (
            "no longer",
            "server {\nlisten 80;\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n<<if not long>>\nproxy_send_timeout 5s;\n<<end>>\n}\n}\n",
        ),
    ]
}

/// A mark.
#[derive(Debug, Clone, PartialEq)]
enum Mark<'t> {
    If(&'t str),
    Elif(&'t str),
    Else,
    For(&'t str, &'t str),
    End,
    Value(&'t str),
}

/// In the marks of an engine.
fn written(template: &str, mark: impl Fn(&Mark<'_>, Option<&Mark<'_>>) -> String) -> String {
    let mut text = String::new();
    let mut open: Vec<Mark<'_>> = Vec::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("<<") {
        let (inner, behind) = behind.split_once(">>").expect("its end");
        let words: Vec<&str> = inner.splitn(2, ' ').collect();
        let one = match words[..] {
            ["if", condition] => Mark::If(condition),
            ["elif", condition] => Mark::Elif(condition),
            ["else"] => Mark::Else,
            ["for", of] => {
                let (one, all) = of.split_once(" in ").expect("a loop");
                Mark::For(one, all)
            }
            ["end"] => Mark::End,
            _ => Mark::Value(inner),
        };
        text.push_str(before);
        let around = open.last().cloned();
        text.push_str(&mark(&one, around.as_ref()));
        match one {
            Mark::If(_) | Mark::For(..) => open.push(one),
            Mark::End => drop(open.pop()),
            _ => {}
        }
        rest = behind;
    }
    text + rest
}

fn jinja(template: &str) -> String {
    written(template, |mark, around| match mark {
        Mark::If(condition) => format!("{{% if {condition} %}}"),
        Mark::Elif(condition) => format!("{{% elif {condition} %}}"),
        Mark::Else => "{% else %}".to_owned(),
        Mark::For(one, all) => format!("{{% for {one} in {all} %}}"),
        Mark::End if matches!(around, Some(Mark::For(..))) => "{% endfor %}".to_owned(),
        Mark::End => "{% endif %}".to_owned(),
        Mark::Value(name) => format!("{{{{ {name} }}}}"),
    })
}

/// The same in the marks of other engines, with a name of a file for each.
fn others(template: &str) -> Vec<(&'static str, String)> {
    let negated =
        |condition: &str, word: &str| condition.strip_prefix("not ").map(|rest| format!("{word}{rest}"));
    let erb = written(template, |mark, _| match mark {
        Mark::If(condition) => {
            format!("<% if {} -%>", negated(condition, "!@").unwrap_or(format!("@{condition}")))
        }
        Mark::Elif(condition) => format!("<% elsif @{condition} -%>"),
        Mark::Else => "<% else -%>".to_owned(),
        Mark::For(one, all) => format!("<% @{all}.each do |{one}| -%>"),
        Mark::End => "<% end -%>".to_owned(),
        Mark::Value(name) => format!("<%= {name} %>"),
    });
    let ejs = written(template, |mark, _| match mark {
        Mark::If(condition) => {
            format!("<% if ({}) {{ %>", negated(condition, "!").unwrap_or((*condition).to_owned()))
        }
        Mark::Elif(condition) => format!("<% }} else if ({condition}) {{ %>"),
        Mark::Else => "<% } else { %>".to_owned(),
        Mark::For(one, all) => format!("<% {all}.forEach(function ({one}) {{ %>"),
        Mark::End => "<% } %>".to_owned(),
        Mark::Value(name) => format!("<%- {name} %>"),
    });
    let go = |open: &'static str, close: &'static str| {
        written(template, move |mark, _| match mark {
            Mark::If(condition) => format!(
                "{open} if {} {close}",
                negated(condition, "not .").unwrap_or(format!(".{condition}"))
            ),
            Mark::Elif(condition) => format!("{open} else if .{condition} {close}"),
            Mark::Else => format!("{open} else {close}"),
            Mark::For(one, all) => format!("{open} range ${one} := .{all} {close}"),
            Mark::End => format!("{open} end {close}"),
            Mark::Value(name) => format!("{open} .{name} {close}"),
        })
    };
    let handlebars = written(template, |mark, around| match mark {
        Mark::If(condition) => match condition.strip_prefix("not ") {
            Some(condition) => format!("{{{{#unless {condition}}}}}"),
            None => format!("{{{{#if {condition}}}}}"),
        },
        Mark::Elif(condition) => format!("{{{{else if {condition}}}}}"),
        Mark::Else => "{{else}}".to_owned(),
        Mark::For(_, all) => format!("{{{{#each {all}}}}}"),
        Mark::End if matches!(around, Some(Mark::For(..))) => "{{/each}}".to_owned(),
        Mark::End => "{{/if}}".to_owned(),
        Mark::Value(name) => format!("{{{{{name}}}}}"),
    });
    vec![
        ("a.conf.erb", erb),
        ("a.conf.ejs", ejs),
        ("a.conf.tmpl", go("{{", "}}")),
        ("a.conf.tpl", go("[[", "]]")),
        ("a.conf.hbs", handlebars),
    ]
}

/// Warnings and errors of one file, by line.
fn said(name: &str, text: &str, least: Severity) -> Said {
    let mut files = MemoryFiles::new();
    files.insert(format!("/t/{name}"), text);
    let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
    let outcome = lint(&files, &[format!("/t/{name}").into()], &scope, &Settings::default());
    assert!(!outcome.is_incomplete(), "{:?}\n{text}", outcome.notices);
    let findings = outcome.findings.iter().filter(|finding| finding.severity >= least);
    let line =
        |place: lint_finding::Place| outcome.file(place.file).expect("a file").source.line(place.span.start);
    findings.map(|finding| (finding.rule.name, line(finding.primary.place))).collect()
}

/// The conditions and the values of a template.
fn names(template: &str) -> (Vec<&str>, BTreeSet<&str>) {
    let mut conditions: Vec<&str> = Vec::new();
    let mut values = BTreeSet::new();
    for part in template.split("<<").skip(1) {
        let inner = part.split_once(">>").expect("its end").0;
        match inner.split_once(' ') {
            Some(("if" | "elif", condition)) => conditions.push(condition.trim_start_matches("not ")),
            Some(_) => {}
            None if matches!(inner, "else" | "end") => {}
            None => drop(values.insert(inner)),
        }
    }
    (conditions, values)
}

/// What the engine makes of a template, with the line of the template that each line comes from.
fn rendered(template: &str, truths: &BTreeMap<&str, bool>) -> (String, Vec<u32>) {
    // Each line of text says which it is; nginx takes that as a comment.
    let numbered: String = template
        .lines()
        .zip(1..)
        .map(
            |(line, number)| {
                if line.starts_with("{%") { format!("{line}\n") } else { format!("{line} #@{number}\n") }
            },
        )
        .collect();
    let mut values: BTreeMap<&str, minijinja::Value> =
        truths.iter().map(|(name, holds)| (*name, minijinja::Value::from(*holds))).collect();
    values.insert("app", "127.0.0.1".into());
    values.insert("peers", vec!["10.0.0.1", "10.0.0.2"].into());
    let environment = minijinja::Environment::new();
    let text = environment.render_str(&numbered, values).expect("a template");
    let number =
        |line: &str| line.rsplit_once("#@").map_or(0, |(_, number)| number.trim().parse().expect("a number"));
    let lines = text.lines().map(number).collect();
    (text, lines)
}

#[test]
fn what_is_said_of_templates_is_said_of_what_they_become() {
    let (mut count, mut told) = (0, 0);
    for (structure, text) in structures() {
        for (flaw, lines) in flaws() {
            let template = text.replace("BODY", &lines.join("\n"));
            let template = format!(
                "map $http_upgrade $connection_upgrade {{\ndefault upgrade;\n'' close;\n}}\n{template}"
            );
            let (conditions, _) = names(&template);
            let in_jinja = jinja(&template);
            let of_template = said("a.conf.j2", &in_jinja, Severity::Warning);
            let errors = said("a.conf.j2", &in_jinja, Severity::Error);
            let (mut of_any, mut in_all): (Said, Option<Said>) = (Said::new(), None);
            // At least three sets of values: one and the same may be given twice.
            for bits in 0..(1_u32 << conditions.len()).max(4) {
                let truths =
                    conditions.iter().zip(0..).map(|(name, at)| (*name, bits & (1 << at) != 0)).collect();
                let (text, lines) = rendered(&in_jinja, &truths);
                let mapped = |said: Said| -> Said {
                    said.into_iter().map(|(rule, line)| (rule, lines[line as usize - 1])).collect()
                };
                of_any.extend(mapped(said("a.conf", &text, Severity::Warning)));
                let errors = mapped(said("a.conf", &text, Severity::Error));
                in_all = Some(
                    in_all.map_or(errors.clone(), |all: Said| all.intersection(&errors).copied().collect()),
                );
            }
            let context = format!("{structure}, {flaw}:\n{in_jinja}");
            let untrue: Vec<_> = of_template.difference(&of_any).collect();
            assert!(untrue.is_empty(), "no rendering has {untrue:?}, {context}");
            let missed: Vec<_> = in_all.iter().flatten().filter(|one| !errors.contains(*one)).collect();
            assert!(missed.is_empty(), "each rendering has {missed:?}, {context}");
            for (name, text) in others(&template) {
                assert_eq!(said(name, &text, Severity::Warning), of_template, "{name}, {context}\n{text}");
            }
            count += 1;
            told += of_template.len();
        }
    }
    assert!(count >= 40 && told > count, "{count} templates, {told} warnings and errors");
}

/// envsubst replaces words alone, so all of a template is judged.
#[test]
fn what_is_said_before_envsubst_is_said_after_it() {
    for (flaw, lines) in flaws() {
        let template = format!(
            "server {{\nlisten ${{PORT}};\nserver_name $HOST ${{OTHER_HOST}};\nlocation /socket.io/ {{\nproxy_pass http://${{BACKEND}};\n{}\n}}\n}}\n",
            lines.join("\n").replace("$connection_upgrade", "upgrade")
        );
        let of_template = said("a.conf.template", &template, Severity::Warning);
        for values in [
            ["80", "a.test", "b.test", "127.0.0.1:1"],
            ["81", "c.test", "d.test", "[::1]:80"],
            ["8080", "e.test", "e.test f.test", "10.0.0.1"],
        ] {
            let names = ["${PORT}", "$HOST", "${OTHER_HOST}", "${BACKEND}"];
            let text = names
                .iter()
                .zip(values)
                .fold(template.clone(), |text, (name, value)| text.replace(name, value));
            assert_eq!(said("a.conf", &text, Severity::Warning), of_template, "{flaw}\n{text}");
        }
    }
}
