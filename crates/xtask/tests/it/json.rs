//! The page about JSON names every field, and no other.

use std::collections::BTreeSet;

use crate::files::{names, read};

/// Words in backticks that are values, not fields.
const VALUES: [&str; 59] = [
    "access",
    "application",
    "assumed",
    "backend",
    "both",
    "client",
    "configured",
    "correctness",
    "declared",
    "default",
    "dockerfile",
    "dump",
    "encoding",
    "error",
    "fails",
    "finding",
    "here",
    "high",
    "html",
    "idle",
    "included",
    "info",
    "inherited",
    "json",
    "judged",
    "logs",
    "lost",
    "low",
    "markup",
    "medium",
    "mixed",
    "named",
    "nginx",
    "nix",
    "no",
    "nobody",
    "notice",
    "null",
    "outside",
    "packed",
    "patch",
    "pedantic",
    "puppet",
    "reload",
    "run",
    "safe",
    "succeeds",
    "suspicious",
    "template",
    "terraform",
    "toml",
    "type",
    "unknown",
    "unreadable",
    "unsafe",
    "warning",
    "xml",
    "yaml",
    "yes",
];

/// The same for the page about logs: words of its tables that are no fields.
const VALUES_OF_LOGS: [&str; 9] =
    ["", "_ms", "access", "combined", "error", "explain", "info", "limit", "unknown"];

#[test]
fn every_field_is_described() {
    assert_described(&["v1", "trace_v1", "endpoints_v1"], "docs/json.md", &VALUES, 40);
}

#[test]
fn every_field_of_logs_is_described() {
    let beside = ["notice", "trace"];
    let values = [&VALUES_OF_LOGS[..], &beside].concat();
    assert_described(&["logs_v1"], "docs/logs.md", &values, 40);
}

/// The same for the page about probes.
const VALUES_OF_PROBES: [&str; 28] = [
    "",
    "_ms",
    "agrees",
    "connected",
    "differs",
    "error",
    "expired",
    "failed",
    "fails",
    "fin",
    "header",
    "idle",
    "info",
    "json",
    "null",
    "predicts",
    "reset",
    "route",
    "signalr",
    "sockjs",
    "trace",
    "unknown",
    "warning",
    "works",
    "notice",
    "probe",
    "upgrade",
    "xhr",
];

#[test]
fn every_field_of_probes_is_described() {
    assert_described(&["probe_v1"], "docs/probe.md", &VALUES_OF_PROBES, 60);
}

/// Each field of a schema is described, and each field that is described is in a schema. What reports share is described
/// once, on the page about JSON.
#[test]
fn schemas_have_the_fields_that_pages_describe() {
    let of_logs = [&VALUES_OF_LOGS[..], &["notice", "trace"]].concat();
    let shared = said("docs/json.md");
    for (schemas, page, values) in [
        (&["output", "lines", "endpoints", "trace"][..], "docs/json.md", &VALUES[..]),
        (&["logs"], "docs/logs.md", &of_logs),
        (&["probe"], "docs/probe.md", &VALUES_OF_PROBES),
    ] {
        let mut fields = BTreeSet::new();
        for schema in schemas {
            let text = read(&format!("docs/schemas/{schema}.v1.schema.json"));
            properties(&serde_json::from_str(&text).unwrap(), &mut fields);
        }
        assert!(fields.len() > 40, "{page}: the fields were found");
        let said = said(page);
        let is_value = |field: &String| values.contains(&field.as_str());
        let missing: Vec<&String> =
            fields.difference(&said).filter(|field| !is_value(field) && !shared.contains(*field)).collect();
        assert_eq!(missing, [""; 0], "{page}: not described");
        let invented = invented(&said, &fields, values);
        assert_eq!(invented, BTreeSet::new(), "{page}: in no schema");
    }
}

/// The names of all properties in a schema.
fn properties(schema: &serde_json::Value, fields: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            if let Some(serde_json::Value::Object(own)) = object.get("properties") {
                fields.extend(own.keys().cloned());
            }
            object.values().for_each(|value| properties(value, fields));
        }
        serde_json::Value::Array(array) => array.iter().for_each(|value| properties(value, fields)),
        _ => {}
    }
}

fn assert_described(frozen: &[&str], page: &str, values: &[&str], least: usize) {
    let frozen: Vec<String> =
        frozen.iter().map(|version| read(&format!("crates/lint-report/src/json/{version}.rs"))).collect();
    let frozen = frozen.join("\n");
    // A field that is flattened gives its own fields in its place.
    let lines = frozen.lines().zip(frozen.lines().skip(1));
    let fields: BTreeSet<String> = lines
        .filter(|(above, _)| !above.contains("serde(flatten)"))
        .filter_map(|(_, line)| line.trim().strip_prefix("pub(crate) ")?.split_once(": "))
        .filter(|(field, _)| !field.contains(' '))
        .map(|(field, _)| field.to_owned())
        .collect();
    assert!(fields.len() > least, "the fields were found");
    let said = said(page);
    let missing: Vec<&String> = fields.difference(&said).collect();
    assert_eq!(missing, [""; 0], "not described");
    let invented = invented(&said, &fields, values);
    assert_eq!(invented, BTreeSet::new(), "described, but no field");
}

/// The words in backticks of a page.
fn said(page: &str) -> BTreeSet<String> {
    read(page).lines().flat_map(names).filter(|word| is_word(word)).collect()
}

/// What is said to be a field and is none, nor a value, nor a directive of nginx.
fn invented(said: &BTreeSet<String>, fields: &BTreeSet<String>, values: &[&str]) -> BTreeSet<String> {
    let rows = read("crates/nginx-semantics/src/catalogue/directives.tsv");
    let directives: BTreeSet<&str> = rows.lines().filter_map(|row| row.split('\t').next()).collect();
    assert!(directives.contains("proxy_pass"), "the directives were found");
    let is_known = |word: &str| values.contains(&word) || directives.contains(word);
    said.difference(fields).filter(|word| !is_known(word)).cloned().collect()
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
