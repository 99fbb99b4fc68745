//! The formats for CI systems and bots: the same outcome in each, their schemas, their limits, and what is read back.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use lint_finding::{
    Applicability, Baseline, BaselineRow, Confidence, Edit, EndpointName, FileReport, FileStatus, Finding,
    Fix, LabelRole, Notice, NoticeCode, Outcome, Severity, Suppressed, fingerprint_v2,
};
use lint_report::{SarifRun, ToolInfo};
use nginx_syntax::{Place, Span};
use serde_json::Value;

use crate::build::{PLAIN, RULE, concise, file, finding, human, json, label, place};

const TOOL: ToolInfo<'_> = ToolInfo { name: "nginx-ws-lint", version: "0.1.0", commit: None };

/// Writes an outcome in a format.
type Write = fn(&Outcome) -> String;

/// All formats.
const ALL: [(&str, Write); 12] = [
    ("human", |outcome| human(outcome, &PLAIN)),
    ("concise", concise),
    ("json", json),
    ("jsonl", |outcome| written(|out| lint_report::jsonl(outcome, &TOOL, out))),
    ("sarif", sarif),
    ("github", |outcome| written(|out| lint_report::github(outcome, out))),
    ("gitlab", |outcome| written(|out| lint_report::gitlab(outcome, out))),
    ("junit", |outcome| written(|out| lint_report::junit(outcome, out))),
    ("checkstyle", |outcome| written(|out| lint_report::checkstyle(outcome, out))),
    ("rdjson", |outcome| written(|out| lint_report::rdjson(outcome, &TOOL, out))),
    ("markdown", |outcome| written(|out| lint_report::markdown(outcome, out))),
    ("narrated", |outcome| written(|out| lint_report::narrated(outcome, true, out))),
];

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn sarif(outcome: &Outcome) -> String {
    let run = SarifRun { tool: &TOOL, rules: &[&RULE], exit_code: 1 };
    written(|out| lint_report::sarif(outcome, &run, out))
}

/// The outcome in all formats, for other tests.
pub(crate) fn in_all(outcome: &Outcome) -> impl Iterator<Item = (&'static str, String)> + '_ {
    ALL.iter().map(move |(name, write)| (*name, write(outcome)))
}

const TEXT: &str =
    "location /é/ {\n    proxy_set_header Upgrade $http_upgrade; # 語\n    proxy_pass http://a;\n}\n";

/// Two findings in two files, one that is suppressed, one that a baseline knows and one that it knew, and what was not read.
pub(crate) fn everything() -> Outcome {
    let mut error = finding(
        label(0, Span::new(20, 59), "is forwarded here"),
        vec![label(0, Span::new(0, 13), "this location"), label(1, Span::new(2, 32), "is not inherited")],
    );
    error.labels[0].role = LabelRole::Context;
    error.help = Some("add to this location:\n    proxy_set_header Connection upgrade;\nverify that it answers 101:\n    curl -i 'http://a.test/%C3%A9/'".into());
    error.verify = Some(Span::new(94, 125));
    error.endpoint = Some(Box::new(EndpointName {
        server: "a.test".to_owned(),
        location: "/é/".to_owned(),
        is_path: false,
        place: None,
    }));
    let edit =
        |at, replacement: &[u8]| Edit { place: place(0, Span::at(at)), replacement: replacement.to_vec() };
    let fix =
        |applicability, edits| Some(Box::new(Fix { title: "add the line".into(), applicability, edits }));
    error.fix = fix(Applicability::Safe, vec![edit(59, b"\n    proxy_set_header Connection upgrade;")]);
    error.unsafe_fix = fix(Applicability::Unsafe, vec![edit(59, b"\n    # caf\xe9")]);
    let mut warning = finding(label(1, Span::new(2, 32), ""), vec![]);
    warning.severity = Severity::Warning;
    warning.confidence = Confidence::Low;
    warning.message = "100% of `it`, a: b\n<b> | @user #1 [x](http://evil.test)".into();
    let mut suppressed = warning.clone();
    suppressed.message = "known and accepted".into();
    let mut unchanged = warning.clone();
    unchanged.message = "known for long".into();
    for (number, finding) in
        [&mut error, &mut warning, &mut suppressed, &mut unchanged].into_iter().enumerate()
    {
        finding.fingerprint_v2 = fingerprint_v2([&[u8::try_from(number).unwrap()][..]]);
    }
    let report = |path: &str, status| FileReport {
        path: path.to_owned(),
        status,
        reason: None,
        part_of: vec!["nginx.conf".to_owned()],
        is_in_part: false,
        adopted_by: None,
        block: None,
    };
    let notice = |place, path: Option<&str>, incomplete| Notice {
        code: NoticeCode::UnreadableFile,
        message: "this file could not be read: it is gone".to_owned(),
        place,
        path: path.map(str::to_owned),
        incomplete,
    };
    let mut outcome = Outcome {
        files: vec![file("conf.d/a b.conf", TEXT), file("proxy.conf", "#\nproxy_set_header Connection x;\n")],
        findings: vec![error, warning],
        suppressed: vec![Suppressed {
            finding: suppressed,
            reason: "we ping".to_owned(),
            comment: place(1, Span::new(0, 1)),
        }],
        baseline: Some(Baseline {
            unchanged: vec![unchanged],
            absent: vec![BaselineRow {
                path: "old.conf".to_owned(),
                rule: RULE.name.to_owned(),
                fingerprint: "v2:00".to_owned(),
                count: 2,
            }],
            is_sarif: false,
        }),
        notices: vec![
            notice(Some(place(0, Span::new(0, 8))), None, false),
            notice(None, Some("gone.conf"), true),
        ],
        reports: vec![
            report("conf.d/a b.conf", FileStatus::Judged),
            report("fine.conf", FileStatus::Included),
            report("proxy.conf", FileStatus::Included),
        ],
        ..Outcome::default()
    };
    outcome.summary.files = 3;
    outcome.summary.errors = 1;
    outcome.summary.warnings = 1;
    outcome.summary.suppressed = 1;
    outcome.summary.known = 1;
    outcome
}

#[test]
fn the_same_in_each_format() {
    for (name, text) in in_all(&everything()) {
        assert_snapshot!(name, text);
    }
}

#[test]
fn sarif_is_as_its_schema_says() {
    let mut schema: Value = serde_json::from_str(include_str!("../data/sarif-2.1.0.schema.json")).unwrap();
    // These two patterns have a bracket too many.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let broken = serde_json::json!({ "version": "2.1.0", "runs": [{ "results": [] }] });
    assert!(!validator.is_valid(&broken), "the schema checks something");
    for outcome in [everything(), Outcome::default()] {
        let value: Value = serde_json::from_str(&sarif(&outcome)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0]);
    }
}

/// GitHub takes 25,000 results of a run; those that are left out are the mildest, and are counted.
#[test]
fn sarif_stays_below_the_limits_of_its_readers() {
    let one = |severity: Severity| Finding { severity, ..finding(label(0, Span::new(0, 8), ""), vec![]) };
    let mut outcome = Outcome { files: vec![file("a.conf", TEXT)], ..Outcome::default() };
    outcome.findings = vec![one(Severity::Info); 25_001];
    outcome.findings.push(one(Severity::Error));
    let many = (0..1_100).map(|_| label(0, Span::new(0, 8), "x")).collect();
    outcome.findings.push(Finding { labels: many, ..one(Severity::Error) });
    let value: Value = serde_json::from_str(&sarif(&outcome)).unwrap();
    let run = &value["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!(results.iter().filter(|result| result["level"] == "error").count(), 2);
    assert!(
        results
            .iter()
            .all(|result| result["relatedLocations"].as_array().is_none_or(|all| all.len() <= 1_000))
    );
    let said = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(said, "3 results left out, the mildest: readers of SARIF take 25000 results");
}

/// `IssueComment` of GitHub takes 65,536 characters.
#[test]
fn a_comment_fits_into_one() {
    let mut outcome = everything();
    outcome.findings = vec![outcome.findings[0].clone(); 500];
    let (_, text) = in_all(&outcome).find(|(name, _)| *name == "markdown").unwrap();
    assert!(text.chars().count() <= 65_536);
    let shown = text.matches("<details>").count();
    assert!(
        shown > 20 && text.contains(&format!("and {} findings, which do not fit", 500 - shown)),
        "{shown}"
    );
}

/// One that is too long keeps no other out.
#[test]
fn a_finding_that_fits_into_no_comment_is_counted() {
    let mut outcome = everything();
    outcome.findings[0].message = "x".repeat(70_000).into();
    let (_, text) = in_all(&outcome).find(|(name, _)| *name == "markdown").unwrap();
    assert!(text.chars().count() <= 65_536);
    assert!(text.contains("proxy.conf:2") && text.contains("and 1 finding, which does not fit"), "{text}");
}

/// GitLab's required fields, and fingerprints that are there once.
#[test]
fn gitlab_has_what_it_requires() {
    let (_, text) = in_all(&everything()).find(|(name, _)| *name == "gitlab").unwrap();
    let issues: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut fingerprints: Vec<&str> = Vec::new();
    for issue in &issues {
        for field in ["description", "check_name"] {
            assert!(issue[field].as_str().is_some_and(|text| !text.is_empty()), "{issue}");
        }
        assert!(
            ["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap())
        );
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() > 0);
        assert!(!issue["location"]["path"].as_str().unwrap().starts_with("./"));
        fingerprints.push(issue["fingerprint"].as_str().unwrap());
    }
    let count = fingerprints.len();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!((fingerprints.len(), count), (2, 2));
}

/// reviewdog counts columns in bytes of UTF-8 and takes suggestions for the file of the diagnostic alone.
#[test]
fn rdjson_counts_bytes() {
    let mut outcome = everything();
    let text = "set $é ‹› x;\n";
    let at = u32::try_from(text.find('‹').unwrap()).unwrap();
    outcome.files[0] = file("a.conf", text);
    outcome.findings[0].primary.place.span = Span::at(at);
    outcome.findings[0].fix.as_mut().unwrap().edits[0].place.span = Span::at(at);
    let rdjson = |outcome: &Outcome| -> Value {
        let (_, text) = in_all(outcome).find(|(name, _)| *name == "rdjson").unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let first = &rdjson(&outcome)["diagnostics"][0];
    assert_eq!(first["location"]["range"]["start"]["column"], at + 1);
    assert_eq!(first["suggestions"].as_array().map(Vec::len), Some(1));
    outcome.findings[0].fix.as_mut().unwrap().edits[0].place.file.0 = 1;
    assert_eq!(rdjson(&outcome)["diagnostics"][0].get("suggestions"), None);
}

/// reviewdog offers only suggestions with the same lines as the first one.
#[test]
fn the_edits_of_a_fix_are_one_suggestion() {
    let mut outcome = everything();
    let text = "location /é {\n    b;\n    c;\n}\n";
    outcome.files[0] = file("a.conf", text);
    let at = |word: &str| u32::try_from(text.find(word).unwrap()).unwrap();
    let finding = &mut outcome.findings[0];
    finding.primary.place.span = Span::at(at("location"));
    let edit = &mut finding.fix.as_mut().unwrap().edits;
    let file = finding.primary.place.file;
    let new = |start, end, text: &str| Edit {
        place: Place { file, span: Span::new(start, end) },
        replacement: text.into(),
    };
    *edit = vec![new(at("c;"), at("c;") + 2, "d;"), new(at("b;"), at("b;"), "a;\n    ")];
    let (_, text) = in_all(&outcome).find(|(name, _)| *name == "rdjson").unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let range = |line, column, last, end| serde_json::json!({ "start": { "line": line, "column": column }, "end": { "line": last, "column": end } });
    let suggestions = serde_json::json!([{ "range": range(2, 5, 3, 7), "text": "a;\n    b;\n    d;" }]);
    assert_eq!(value["diagnostics"][0]["suggestions"], suggestions);
}

/// Of each format the findings are read back as rule, file and line.
#[test]
fn findings_are_read_back() {
    let outcome = everything();
    let expected = [(RULE.name, "conf.d/a b.conf", 2), (RULE.name, "proxy.conf", 2)];
    let expected: Vec<(String, String, u64)> =
        expected.iter().map(|(rule, path, line)| ((*rule).to_owned(), (*path).to_owned(), *line)).collect();
    let row = |rule: &Value, path: &Value, line: &Value| {
        (rule.as_str().unwrap().to_owned(), path.as_str().unwrap().to_owned(), line.as_u64().unwrap())
    };
    for (name, text) in in_all(&outcome) {
        let json = || -> Value { serde_json::from_str(&text).unwrap() };
        let mut read: Vec<(String, String, u64)> = match name {
            "jsonl" => text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .filter(|line| line["type"] == "finding")
                .map(|line| row(&line["rule"], &line["file"], &line["range"]["start"]["line"]))
                .collect(),
            "sarif" => json()["runs"][0]["results"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|result| result["baselineState"] == "new" && result.get("suppressions").is_none())
                .map(|result| {
                    let at = &result["locations"][0]["physicalLocation"];
                    let uri = at["artifactLocation"]["uri"].as_str().unwrap().replace("%20", " ");
                    row(&result["ruleId"], &Value::from(uri), &at["region"]["startLine"])
                })
                .collect(),
            "gitlab" => json()
                .as_array()
                .unwrap()
                .iter()
                .map(|one| {
                    row(&one["check_name"], &one["location"]["path"], &one["location"]["lines"]["begin"])
                })
                .collect(),
            "rdjson" => json()["diagnostics"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| {
                    let at = &one["location"];
                    row(&one["code"]["value"], &at["path"], &at["range"]["start"]["line"])
                })
                .collect(),
            "github" => text
                .lines()
                .filter_map(|line| {
                    let (head, _) = line.split_once(' ')?.1.split_once("::")?;
                    let field = |name: &str| {
                        let mut fields = head.split(',').filter_map(|field| field.split_once('='));
                        fields.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
                    };
                    Some((field("title")?, field("file")?, field("line")?.parse().ok()?))
                })
                .collect(),
            "checkstyle" => xml(&text, "error", &["source", "/name", "line"])
                .into_iter()
                .map(|fields| {
                    (fields[0].replace("nginx-ws-lint.", ""), fields[1].clone(), fields[2].parse().unwrap())
                })
                .collect(),
            "junit" => xml(&text, "testcase", &["name", "classname"])
                .into_iter()
                .filter_map(|fields| {
                    let (rule, at) = fields[0].split_once(" at ")?;
                    Some((rule.to_owned(), fields[1].clone(), at.split_once(':')?.0.parse().ok()?))
                })
                .collect(),
            "json" => json()["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| row(&one["rule"], &one["file"], &one["range"]["start"]["line"]))
                .collect(),
            // `path:2:5: error[rule] message`; what was not done has no column.
            "concise" => text
                .lines()
                .filter_map(|line| {
                    let (place, rest) = line.split_once(": ")?;
                    let (at, _column) = place.rsplit_once(':')?;
                    let (path, line) = at.rsplit_once(':')?;
                    let rule = rest.split_once('[')?.1.split_once(']')?.0;
                    Some((rule.to_owned(), path.to_owned(), line.parse().ok()?))
                })
                .collect(),
            // `error[rule]: message`, and its excerpt.
            "human" => between(&text, "]: ", "─[", "]").collect(),
            "markdown" => text
                .split("<details>")
                .skip(1)
                .map(|one| {
                    let place = one.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0;
                    let (path, line) = place.rsplit_once(':').unwrap();
                    let rule = one.split_once("\nRule <code>").unwrap().1.split_once('<').unwrap().0;
                    (rule.to_owned(), path.to_owned(), line.parse().unwrap())
                })
                .collect(),
            "narrated" => text
                .split("\n\n")
                .filter_map(|one| {
                    let place = one.split_once("\nFile ")?.1.lines().next()?;
                    let (path, rest) = place.split_once(", line ")?;
                    let rule = one.split_once("\nRule ")?.1.split_once('.')?.0;
                    Some((rule.to_owned(), path.to_owned(), rest.split_once(',')?.0.parse().ok()?))
                })
                .collect(),
            name => panic!("{name} is not read back"),
        };
        read.sort();
        assert_eq!(read, expected, "{name}");
    }
}

/// In output for people the rule of each excerpt, with the path and the line of its head.
fn between(
    text: &str,
    rule_end: &str,
    start: &str,
    end: &str,
) -> impl Iterator<Item = (String, String, u64)> {
    let mut rule = String::new();
    text.lines().filter_map(move |line| {
        if let Some((head, _)) = line.split_once(rule_end).filter(|_| !line.starts_with(' ')) {
            head.split_once('[')?.1.clone_into(&mut rule);
            return None;
        }
        let (place, _) = line.split_once(start)?.1.split_once(end)?;
        let mut parts = place.rsplitn(3, ':').skip(1);
        let (line, path) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
        Some((rule.clone(), path, line))
    })
}

/// What `rdjson`'s schema (`reviewdog/proto/rdf/reviewdog.proto`) requires or knows.
#[test]
fn rdjson_has_what_it_requires() {
    let (_, text) = in_all(&everything()).find(|(name, _)| *name == "rdjson").unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value["source"]["name"].is_string(), "{text}");
    let diagnostics = value["diagnostics"].as_array().unwrap();
    assert_eq!(diagnostics.len(), 2);
    for one in diagnostics {
        assert!(one["message"].as_str().is_some_and(|text| !text.is_empty()), "{one}");
        assert!(["ERROR", "WARNING", "INFO"].contains(&one["severity"].as_str().unwrap()), "{one}");
        let path = one["location"]["path"].as_str().unwrap();
        assert!(!path.is_empty() && !path.starts_with("./"), "{one}");
        for edit in one["suggestions"].as_array().into_iter().flatten() {
            assert!(
                edit["text"].is_string() && edit["range"]["start"]["line"].as_u64().unwrap() > 0,
                "{edit}"
            );
            assert!(edit["range"]["end"].is_object(), "{edit}");
        }
    }
}

/// One command a line, of the three kinds that GitHub shows, each with what it needs to stand at a line.
#[test]
fn github_has_what_it_requires() {
    let (_, text) = in_all(&everything()).find(|(name, _)| *name == "github").unwrap();
    for line in text.lines() {
        let (command, rest) = line.strip_prefix("::").unwrap().split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&command), "{line}");
        let (properties, message) = rest.split_once("::").unwrap();
        assert!(!message.is_empty() && message.len() < 65_536, "{line}");
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&name), "{line}");
            assert!(!value.is_empty() && !value.contains([':', '\r', '\n']), "{line}");
        }
    }
    assert!(text.lines().count() >= 3, "{text}");
}

/// What is about another line than the finding's says which: under an annotation of `http`, "this location" means nothing.
#[test]
fn a_remedy_names_its_place_wherever_people_read_it() {
    let mut outcome = everything();
    let is_named = |text: &str| !text.contains("add to this location");
    assert!(in_all(&outcome).filter(|(name, _)| *name == "github").all(|(_, text)| !is_named(&text)));
    outcome.findings[0].endpoint.as_mut().unwrap().place = Some(place(0, Span::new(0, 13)));
    for (name, text) in in_all(&outcome) {
        // The fields of JSON are as they were; these formats have no remedies.
        if !matches!(name, "json" | "jsonl" | "concise" | "gitlab" | "checkstyle") {
            assert!(is_named(&text) && text.contains("a b.conf:1"), "{name}: {text}");
        }
    }
}

/// Readers of XML make a blank of a line break in an attribute.
#[test]
fn no_attribute_has_a_line_break() {
    let mut outcome = everything();
    for finding in &mut outcome.findings {
        finding.message = "one\ntwo\tthree".into();
    }
    let all: BTreeMap<&str, String> = in_all(&outcome).collect();
    for (name, element, attribute) in [("checkstyle", "error", "message"), ("junit", "failure", "message")] {
        let text = all.get(name).unwrap();
        let rows = xml(text, element, &[attribute]);
        assert!(!rows.is_empty(), "{text}");
        for row in rows {
            assert_eq!(row, ["one\\ntwo\\tthree"], "{name}");
        }
    }
}

/// Attributes of the elements of a name; with a slash those of the one around it.
fn xml(text: &str, element: &str, attributes: &[&str]) -> Vec<Vec<String>> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut rows, mut outer) = (Vec::new(), None);
    loop {
        let tag = match reader.read_event().unwrap() {
            Event::Eof => return rows,
            Event::Start(tag) | Event::Empty(tag) => tag,
            _ => continue,
        };
        let value = |tag: &quick_xml::events::BytesStart<'_>, name: &str| {
            let found = tag.try_get_attribute(name).unwrap();
            found
                .map(|found| found.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned())
                .unwrap_or_default()
        };
        if tag.name().as_ref() == element.as_bytes() {
            let one = |name: &&str| match name.strip_prefix('/') {
                Some(name) => value(outer.as_ref().unwrap(), name),
                None => value(&tag, name),
            };
            rows.push(attributes.iter().map(one).collect());
        } else {
            outer = Some(tag.into_owned());
        }
    }
}
