//! What is said of a template is true of what an engine makes of it: templates are rendered with all values of their
//! conditions, and what is linted then is compared line by line.
//!
//! Each template is written once, in marks of no engine, and given out in those of several. minijinja renders Jinja's, Ruby's
//! own ERB those of ERB and envsubst its own, where the machine has them; the others put out the same text where minijinja
//! does, so the same must be said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

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
            "one of two values",
            "server {\nlisten 80;\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\n<<if mode == 'a'>>\nBODY\n<<end>>\n<<if mode != 'a'>>\nproxy_http_version 1.1;\nproxy_read_timeout 1h;\n<<end>>\n}\n}\n",
        ),
        (
            "on one line",
            "server {\nlisten 80;\n<<if small>>client_max_body_size 1m;<<end>><<if not small>> client_max_body_size 2m;<<end>>\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\n<<if slow>>proxy_send_timeout 1h;<<end>> <<if buffered>>proxy_buffering on;<<end>>\nBODY\n}\n}\n",
        ),
        (
            "both at once or neither",
            "server {\n<<if tls and public>>\nlisten 8443;\n<<end>>\n<<if not (tls and public)>>\nlisten 80;\n<<end>>\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\n<<if not tls or not public>>\nBODY\n<<else>>\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\nproxy_read_timeout 1h;\n<<end>>\n}\n}\n",
        ),
        (
            "three values",
            "server {\nlisten 80;\nlocation /socket.io/ {\n<<if mode == 'a'>>\nproxy_pass http://127.0.0.1:3000;\n<<elif mode == 'b'>>\nproxy_pass http://127.0.0.1:3001;\n<<else>>\nproxy_pass http://127.0.0.1:3002;\n<<end>>\n<<if mode != 'b'>>\nBODY\n<<end>>\n<<if mode == 'b'>>\nproxy_http_version 1.1;\nproxy_read_timeout 1h;\n<<end>>\n}\n}\n",
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

/// A condition of a template with each of its words as an engine writes it: variables, values and `and`, `or`, `not`.
fn condition(text: &str, word: impl Fn(&str) -> String) -> String {
    let spaced = text.replace('(', "( ").replace(')', " )");
    let words: Vec<String> = spaced.split(' ').map(word).collect();
    words.join(" ").replace("( ", "(").replace(" )", ")").replace("! ", "!")
}

fn is_variable(word: &str) -> bool {
    !matches!(word, "and" | "or" | "not" | "(" | ")" | "==" | "!=") && !word.starts_with('\'')
}

/// In the words of C, with variables under another name.
fn in_signs(text: &str, variable: impl Fn(&str) -> String) -> String {
    condition(text, |word| match word {
        "and" => "&&".to_owned(),
        "or" => "||".to_owned(),
        "not" => "!".to_owned(),
        word if is_variable(word) => variable(word),
        word => word.to_owned(),
    })
}

fn erb(template: &str) -> String {
    let of = |text: &str| in_signs(text, |word| format!("@{word}"));
    written(template, |mark, _| match mark {
        Mark::If(condition) => format!("<% if {} -%>", of(condition)),
        Mark::Elif(condition) => format!("<% elsif {} -%>", of(condition)),
        Mark::Else => "<% else -%>".to_owned(),
        Mark::For(one, all) => format!("<% @{all}.each do |{one}| -%>"),
        Mark::End => "<% end -%>".to_owned(),
        Mark::Value(name) => format!("<%= {name} %>"),
    })
}

fn ejs(template: &str) -> String {
    let of = |text: &str| in_signs(text, str::to_owned);
    written(template, |mark, _| match mark {
        Mark::If(condition) => format!("<% if ({}) {{ %>", of(condition)),
        Mark::Elif(condition) => format!("<% }} else if ({}) {{ %>", of(condition)),
        Mark::Else => "<% } else { %>".to_owned(),
        Mark::For(one, all) => format!("<% {all}.forEach(function ({one}) {{ %>"),
        Mark::End => "<% } %>".to_owned(),
        Mark::Value(name) => format!("<%- {name} %>"),
    })
}

/// A condition in Go, whose operators come first; `None` for one with parentheses.
fn in_go(text: &str) -> Option<String> {
    if text.contains('(') {
        return None;
    }
    let part = |part: &str| {
        let (part, is_negated) = part.strip_prefix("not ").map_or((part, false), |rest| (rest, true));
        let plain = match (part.split_once(" == "), part.split_once(" != ")) {
            (Some((name, value)), _) => format!("eq .{name} {}", value.replace('\'', "\"")),
            (_, Some((name, value))) => format!("ne .{name} {}", value.replace('\'', "\"")),
            _ => format!(".{part}"),
        };
        if is_negated { format!("not {plain}") } else { plain }
    };
    let join = |by: &str, word: &str| {
        let parts: Vec<String> = text.split(by).map(|one| format!("({})", part(one))).collect();
        (parts.len() > 1).then(|| format!("{word} {}", parts.join(" ")))
    };
    Some(join(" or ", "or").or_else(|| join(" and ", "and")).unwrap_or_else(|| part(text)))
}

fn go(template: &str, open: &'static str, close: &'static str) -> String {
    let of = |text: &str| in_go(text).expect("a condition that Go has");
    written(template, move |mark, _| match mark {
        Mark::If(condition) => format!("{open} if {} {close}", of(condition)),
        Mark::Elif(condition) => format!("{open} else if {} {close}", of(condition)),
        Mark::Else => format!("{open} else {close}"),
        Mark::For(one, all) => format!("{open} range ${one} := .{all} {close}"),
        Mark::End => format!("{open} end {close}"),
        Mark::Value(name) => format!("{open} .{name} {close}"),
    })
}

fn handlebars(template: &str) -> String {
    written(template, |mark, around| match mark {
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
    })
}

/// The same in the marks of other engines, with a name of a file for each.
fn others(template: &str) -> Vec<(&'static str, String)> {
    let conditions = conditions(template);
    let mut all = vec![("a.conf.erb", erb(template)), ("a.conf.ejs", ejs(template))];
    if conditions.iter().all(|text| in_go(text).is_some()) {
        all.push(("a.conf.tmpl", go(template, "{{", "}}")));
        all.push(("a.conf.tpl", go(template, "[[", "]]")));
    }
    // It has no operators.
    if conditions.iter().all(|text| !text.trim_start_matches("not ").contains(' ')) {
        all.push(("a.conf.hbs", handlebars(template)));
    }
    all
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

/// The conditions of a template.
fn conditions(template: &str) -> Vec<&str> {
    let inner = template.split("<<").skip(1).map(|part| part.split_once(">>").expect("its end").0);
    let condition = |inner: &'_ str| match inner.split_once(' ') {
        Some(("if" | "elif", _)) => inner.split_once(' ').map(|(_, condition)| condition.len()),
        _ => None,
    };
    inner.filter_map(|inner| inner.get(inner.len() - condition(inner)?..)).collect()
}

/// A value of a variable that a condition asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Given {
    Truth(bool),
    Text(&'static str),
}

/// The values of variables.
type Values = BTreeMap<String, Given>;

/// All sets of values that differ for the conditions of a template, three of them at least: one may be there twice.
fn sets(template: &str) -> Vec<Values> {
    // Whether it is compared with a text.
    let mut variables: BTreeMap<String, bool> = BTreeMap::new();
    for text in conditions(template) {
        let spaced = text.replace(['(', ')'], " ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        for (at, word) in words.iter().enumerate().filter(|(_, word)| is_variable(word)) {
            let is_compared = words.get(at + 1).is_some_and(|next| matches!(*next, "==" | "!="));
            *variables.entry((*word).to_owned()).or_default() |= is_compared;
        }
    }
    let mut sets = vec![Values::new()];
    for (name, is_compared) in variables {
        let values: &[Given] = if is_compared {
            &[Given::Text("a"), Given::Text("b"), Given::Text("c")]
        } else {
            &[Given::Truth(true), Given::Truth(false)]
        };
        let with = |(set, value): (&Values, &Given)| {
            let mut set = set.clone();
            set.insert(name.clone(), *value);
            set
        };
        sets = sets.iter().flat_map(|set| values.iter().map(move |value| (set, value))).map(with).collect();
    }
    let count = sets.len().max(3);
    sets.iter().cycle().take(count).cloned().collect()
}

/// Each line of text with a comment that says which it is, as long as it is more than one mark.
fn numbered(template: &str, open: &str, close: &str) -> String {
    let number = |(line, number): (&str, u32)| {
        let is_mark = line.starts_with(open) && line.ends_with(close) && line.matches(open).count() == 1;
        if is_mark { format!("{line}\n") } else { format!("{line} #@{number}\n") }
    };
    template.lines().zip(1..).map(number).collect()
}

/// The line of the template that each line comes from.
fn lines_of(text: &str) -> Vec<u32> {
    let number =
        |line: &str| line.rsplit_once("#@").map_or(0, |(_, number)| number.trim().parse().expect("a number"));
    text.lines().map(number).collect()
}

/// What Jinja makes of a template.
fn by_jinja(template: &str, set: &Values) -> String {
    let value = |given: &Given| match given {
        Given::Truth(holds) => minijinja::Value::from(*holds),
        Given::Text(text) => minijinja::Value::from(*text),
    };
    let mut values: BTreeMap<&str, minijinja::Value> =
        set.iter().map(|(name, given)| (name.as_str(), value(given))).collect();
    values.insert("app", "127.0.0.1".into());
    values.insert("peers", vec!["10.0.0.1", "10.0.0.2"].into());
    minijinja::Environment::new().render_str(&numbered(template, "{%", "%}"), values).expect("a template")
}

/// Renders the templates of standard input, each behind its values in Ruby; NUL stands between all of them.
const RUBY: &str = r#"
require "erb"
STDIN.read.split("\0").each_slice(2) do |values, template|
  given = Object.new
  eval(values).each { |name, value| given.instance_variable_set("@" + name, value) }
  given.instance_variable_set("@peers", ["10.0.0.1", "10.0.0.2"])
  names = given.instance_eval { binding }
  names.local_variable_set(:app, "127.0.0.1")
  print ERB.new(template, trim_mode: "-").result(names), "\0"
end
"#;

/// What Ruby's ERB makes of templates, in order; `None` where the machine has no Ruby.
fn by_erb(jobs: &[(&str, &Values)]) -> Option<Vec<String>> {
    let of = |(template, set): &(&str, &Values)| {
        let values = set.iter().map(|(name, given)| match given {
            Given::Truth(holds) => format!("[{name:?}, {holds}]"),
            Given::Text(text) => format!("[{name:?}, {text:?}]"),
        });
        let values: Vec<String> = values.collect();
        format!("[{}]\0{}", values.join(", "), numbered(template, "<%", "%>"))
    };
    let input: Vec<String> = jobs.iter().map(of).collect();
    let output = piped(Command::new("ruby").args(["-e", RUBY]), input.join("\0"))?;
    let texts: Vec<String> = output.split_terminator('\0').map(str::to_owned).collect();
    assert_eq!(texts.len(), jobs.len(), "one text for each template");
    Some(texts)
}

/// What a program makes of a text; `None` where there is no such program, unless everything is to be proven.
fn piped(command: &mut Command, input: String) -> Option<String> {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let is_required = env::var_os("NGINX_PROOF_REQUIRED").is_some();
    assert!(started.is_ok() || !is_required, "{command:?} cannot be run: {started:?}");
    let mut child = started.ok()?;
    let mut stdin = child.stdin.take().expect("its input");
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("its output");
    writer.join().expect("no panic").expect("all was read");
    assert!(output.status.success(), "{command:?}");
    Some(String::from_utf8(output.stdout).expect("text"))
}

/// What is said of the renderings of one template.
#[derive(Default)]
struct Renderings {
    of_any: Said,
    errors_in_all: Option<Said>,
    count: usize,
}

impl Renderings {
    /// Adds one, whose lines say which lines of the template they come from.
    fn add(&mut self, text: &str) {
        let lines = lines_of(text);
        let mapped = |said: Said| -> Said {
            said.into_iter()
                .map(|(rule, line)| (rule, *lines.get(line as usize - 1).expect("a line")))
                .collect()
        };
        self.of_any.extend(mapped(said("a.conf", text, Severity::Warning)));
        let errors = mapped(said("a.conf", text, Severity::Error));
        let all = match self.errors_in_all.take() {
            Some(all) => all.intersection(&errors).copied().collect(),
            None => errors,
        };
        self.errors_in_all = Some(all);
        self.count += 1;
    }

    /// Panics where the template has what no rendering has, or lacks what each of them has; how much is said of it.
    fn compare(&self, name: &str, template: &str) -> usize {
        let of_template = said(name, template, Severity::Warning);
        let untrue: Vec<_> = of_template.difference(&self.of_any).collect();
        assert!(untrue.is_empty(), "no rendering has {untrue:?} of {name}:\n{template}");
        let errors = said(name, template, Severity::Error);
        let missed: Vec<_> =
            self.errors_in_all.iter().flatten().filter(|one| !errors.contains(*one)).collect();
        assert!(missed.is_empty(), "each rendering has {missed:?} of {name}:\n{template}");
        assert!(self.count >= 3, "{name}:\n{template}");
        of_template.len()
    }
}

/// All templates with branches, in marks of no engine.
fn templates() -> Vec<String> {
    let mut all = Vec::new();
    for (_, structure) in structures() {
        for (_, lines) in flaws() {
            let template = structure.replace("BODY", &lines.join("\n"));
            all.push(format!(
                "map $http_upgrade $connection_upgrade {{\ndefault upgrade;\n'' close;\n}}\n{template}"
            ));
        }
    }
    all
}

#[test]
fn what_is_said_of_templates_is_said_of_what_they_become() {
    let (mut count, mut told) = (0, 0);
    for template in templates() {
        let in_jinja = jinja(&template);
        let mut renderings = Renderings::default();
        sets(&template).iter().for_each(|set| renderings.add(&by_jinja(&in_jinja, set)));
        told += renderings.compare("a.conf.j2", &in_jinja);
        let of_template = said("a.conf.j2", &in_jinja, Severity::Warning);
        for (name, text) in others(&template) {
            assert_eq!(said(name, &text, Severity::Warning), of_template, "{name}\n{text}");
        }
        count += 1;
    }
    assert!(count >= 40 && told > count, "{count} templates, {told} warnings and errors");
}

/// What comes out where a loop has nothing to go through is an alternative to the loop.
#[test]
fn what_is_said_of_an_else_of_a_loop_is_said_of_what_jinja_makes_of_it() {
    let structures = [
        "server {\nlisten 80;\n{% for peer in peers %}\nlocation /{{ peer }}/ {\nroot /srv;\n}\n{% else %}\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n}\n{% endfor %}\n}\n",
        "server {\nlisten 80;\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\n{% for peer in peers %}\nadd_header X-{{ peer }} 1;\n{% else %}\nproxy_send_timeout 1h;\n{% endfor %}\n{% if peers %}\nBODY\n{% else %}\nproxy_http_version 1.1;\n{% endif %}\n}\n}\n",
    ];
    for structure in structures {
        for (_, lines) in flaws() {
            let map = "map $http_upgrade $connection_upgrade {\ndefault upgrade;\n'' close;\n}\n";
            let template = format!("{map}{}", structure.replace("BODY", &lines.join("\n")));
            let mut renderings = Renderings::default();
            for peers in [vec![], vec!["a"], vec!["a", "b"]] {
                let text = numbered(&template, "{%", "%}");
                let values = BTreeMap::from([("peers", peers)]);
                renderings.add(&minijinja::Environment::new().render_str(&text, values).expect("a template"));
            }
            renderings.compare("a.conf.j2", &template);
        }
    }
}

#[test]
fn what_is_said_of_templates_of_erb_is_said_of_what_ruby_makes_of_them() {
    let all: Vec<(String, Vec<Values>)> =
        templates().iter().map(|template| (erb(template), sets(template))).collect();
    let jobs: Vec<(&str, &Values)> =
        all.iter().flat_map(|(template, sets)| sets.iter().map(|set| (template.as_str(), set))).collect();
    let Some(texts) = by_erb(&jobs) else {
        eprintln!("not proven: there is no `ruby` here");
        return;
    };
    let mut renderings: BTreeMap<&str, Renderings> = BTreeMap::new();
    for ((template, _), text) in jobs.iter().zip(&texts) {
        renderings.entry(template).or_default().add(text);
    }
    let told: usize = renderings.iter().map(|(template, of)| of.compare("a.conf.erb", template)).sum();
    let count = renderings.len();
    assert!(count >= 40 && told > count, "{count} templates, {told} warnings and errors");
}

/// A name that envsubst fills in, and what it may be.
type Filled = (&'static str, [&'static str; 3]);

/// Where envsubst fills in: a text with `BODY` for the lines of the endpoint.
fn filled_in() -> Vec<(&'static str, Vec<Filled>)> {
    let port = ("PORT", ["80", "8080", "127.0.0.1:81"]);
    let host = ("HOST", ["a.test", "b.test c.test", "*.d.test"]);
    let back_end = ("BACK_END", ["127.0.0.1:1", "[::1]:80", "10.0.0.1"]);
    vec![
        (
            "server {\nlisten ${PORT};\nserver_name $HOST;\nlocation /socket.io/ {\nproxy_pass http://${BACK_END};\nBODY\n}\n}\n",
            vec![port, host, back_end],
        ),
        (
            "server {\nlisten 80;\nlocation ${FOLDER}/socket.io/ {\nproxy_pass http://${BACK_END};\nBODY\n}\n}\n",
            vec![("FOLDER", ["", "/app", "/a/b"]), back_end],
        ),
        (
            "upstream app {\nip_hash;\nserver ${BACK_END};\nserver 10.0.0.9:80;\n}\nserver {\nlisten ${PORT};\nlocation /socket.io/ {\nproxy_pass http://app;\nBODY\n}\n}\n",
            vec![back_end, port],
        ),
        (
            "server {\nlisten 80;\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\nproxy_send_timeout ${TIME};\n}\n}\n",
            vec![("TIME", ["5s", "60s", "1h"])],
        ),
        (
            "server {\nlisten 80;\nproxy_read_timeout ${TIME};\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n}\nlocation /ws/ {\nproxy_pass http://127.0.0.1:3001;\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection ${CONNECTION};\n}\n}\n",
            vec![("TIME", ["5s", "2m", "1d"]), ("CONNECTION", ["upgrade", "close", "$http_connection"])],
        ),
        (
            "server {\nlisten 80;\nlocation /socket.io/ {\nproxy_pass http://127.0.0.1:3000;\nBODY\n${MORE}\n}\n}\n",
            vec![(
                "MORE",
                [
                    "",
                    "proxy_set_header X-A b;",
                    "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
                ],
            )],
        ),
        (
            "server {\nlisten ${PORT};\nlocation /socket.io/ {\nproxy_pass ${SCHEME}://${BACK_END};\nBODY\n}\nlocation / {\nroot ${FOLDER};\n}\n}\n",
            vec![port, ("SCHEME", ["http", "http", "https"]), back_end, ("FOLDER", ["/srv", "html", "/a/b"])],
        ),
    ]
}

/// What envsubst makes of a template, with the names that there are values for, as the official image calls it; `None`
/// where the machine has none.
fn by_envsubst(template: &str, values: &[(&str, &str)]) -> Option<String> {
    let names: Vec<String> = values.iter().map(|(name, _)| format!("${{{name}}}")).collect();
    piped(Command::new("envsubst").arg(names.join(" ")).envs(values.iter().copied()), template.to_owned())
}

#[test]
fn what_is_said_before_envsubst_is_said_after_it() {
    let (mut count, mut told) = (0, 0);
    for (structure, names) in filled_in() {
        for (_, lines) in flaws() {
            let template =
                structure.replace("BODY", &lines.join("\n")).replace("$connection_upgrade", "upgrade");
            let mut renderings = Renderings::default();
            for round in 0..3 {
                let values: Vec<(&str, &str)> =
                    names.iter().map(|(name, values)| (*name, values[round])).collect();
                let Some(text) = by_envsubst(&numbered(&template, "\0", "\0"), &values) else {
                    eprintln!("not proven: there is no `envsubst` here");
                    return;
                };
                renderings.add(&text);
            }
            told += renderings.compare("a.conf.template", &template);
            count += 1;
        }
    }
    assert!(count >= 40 && told * 2 > count, "{count} templates, {told} warnings and errors");
}
