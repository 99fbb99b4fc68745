//! What is written for programs is as docs/schemas says.

use lint_finding::Outcome;
use lint_report::{BaselineEntry, BaselineFile};
use serde_json::Value;

use crate::build::{RULE, json};
use crate::formats::everything;
use crate::logs::report;
use crate::probe::{empty, ends, report as probed};
use crate::trace::{TOOL, table, trace, written};

const OUTPUT: &str = include_str!("../../../../docs/schemas/output.v1.schema.json");
const ENDPOINTS: &str = include_str!("../../../../docs/schemas/endpoints.v1.schema.json");
const BASELINE: &str = include_str!("../../../../docs/schemas/baseline.v1.schema.json");
const LINES: &str = include_str!("../../../../docs/schemas/lines.v1.schema.json");
const RULES: &str = include_str!("../../../../docs/schemas/rules.v1.schema.json");
const LOGS: &str = include_str!("../../../../docs/schemas/logs.v1.schema.json");
const PROBE: &str = include_str!("../../../../docs/schemas/probe.v1.schema.json");
const TRACE: &str = include_str!("../../../../docs/schemas/trace.v1.schema.json");

fn assert_valid(schema: &str, text: &str) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn every_output_is_as_its_schema_says() {
    for outcome in [Outcome::default(), everything()] {
        assert_valid(OUTPUT, &json(&outcome));
    }
    assert_valid(ENDPOINTS, &written(|out| lint_report::endpoints_json(&table("a"), &TOOL, out)));
    for outcome in [Outcome::default(), everything()] {
        let lines = written(|out| lint_report::jsonl(&outcome, &TOOL, out));
        for line in lines.lines() {
            assert_valid(LINES, line);
        }
    }
    assert_valid(RULES, &written(|out| lint_report::rules_json(&[&RULE], out)));
    let row =
        BaselineEntry { file: "a".to_owned(), rule: "a".to_owned(), fingerprint: "b".to_owned(), count: 1 };
    let baseline = BaselineFile::new(vec!["deploy".to_owned()], vec![row]);
    assert_valid(BASELINE, &written(|out| lint_report::baseline(&baseline, out)));
    for report in [lint_finding::LogReport::default(), report("a")] {
        assert_valid(LOGS, &written(|out| lint_report::logs_json(&report, &TOOL, out)));
    }
    for report in ends("a").map(|end| probed("a", end)).into_iter().chain([empty()]) {
        assert_valid(PROBE, &written(|out| lint_report::probe_json(&report, &TOOL, out)));
    }
    for is_several in [false, true] {
        assert_valid(TRACE, &written(|out| lint_report::trace_json(&trace("a", is_several), &TOOL, out)));
    }
}

/// Else the test above could not fail: what lacks a field, or has it otherwise, is refused.
#[test]
fn another_output_is_refused() {
    let schema: Value = serde_json::from_str(OUTPUT).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let whole: Value = serde_json::from_str(&json(&everything())).unwrap();
    for field in ["findings", "summary", "files", "baseline"] {
        let mut value = whole.clone();
        value.as_object_mut().unwrap().remove(field);
        assert!(!validator.is_valid(&value), "without {field}");
    }
    let mut value = whole;
    value["findings"][0]["severity"] = Value::from(3);
    assert!(!validator.is_valid(&value));
    let lines: Value = serde_json::from_str(LINES).unwrap();
    for line in [r#"{"type": "finding"}"#, r#"{"type": "other", "code": "a"}"#, "{}"] {
        assert!(!jsonschema::is_valid(&lines, &serde_json::from_str(line).unwrap()), "{line}");
    }
}
