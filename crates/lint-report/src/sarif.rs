//! SARIF 2.1.0, with all that a finding knows: why, fixes, suppressions and what a baseline says of it.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. What GitHub takes of a run is limited
//! (<https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support>): 25,000 results, 1,000
//! locations of a result, 10,000 of a thread flow. Paths are relative to `%SRCROOT%`, the top of the repository.

mod convert;
mod uri;

use std::cmp::Reverse;
use std::io::{self, Write};

use lint_finding::{BaselineRow, Finding, Notice, Outcome, RuleMeta, Severity, Suppressed};
use serde_json::{Value, json};
use serde_sarif::sarif;

use self::convert::{Ids, absent, location, result};
use crate::ToolInfo;
use crate::json::pretty;
use crate::summary::count;

/// As many results of a run GitHub takes.
const MOST_RESULTS: usize = 25_000;

/// The version of the format.
const VERSION: &str = "2.1.0";

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What a report says beside the outcome.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Who made it.
    pub tool: &'a ToolInfo<'a>,
    /// All rules that the program has.
    pub rules: &'a [&'static RuleMeta],
    /// The exit code of the program.
    pub exit_code: u8,
}

/// How a result got there.
#[derive(Clone, Copy)]
enum Found<'a> {
    Now(&'a Finding),
    Known(&'a Finding),
    Suppressed(&'a Suppressed),
    Absent(&'a BaselineRow),
}

impl Found<'_> {
    fn severity(self) -> Severity {
        match self {
            Found::Now(finding) | Found::Known(finding) => finding.severity,
            Found::Suppressed(one) => one.finding.severity,
            Found::Absent(_) => Severity::Pedantic,
        }
    }
}

pub(crate) fn write(outcome: &Outcome, run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let ids = Ids::new(run.rules);
    let known = outcome.baseline.iter();
    let mut all: Vec<Found<'_>> = outcome.findings.iter().map(Found::Now).collect();
    all.extend(known.clone().flat_map(|known| &known.unchanged).map(Found::Known));
    all.extend(outcome.suppressed.iter().map(Found::Suppressed));
    all.extend(known.flat_map(|known| &known.absent).map(Found::Absent));
    let left_out = all.len().saturating_sub(MOST_RESULTS);
    if left_out > 0 {
        all.sort_by_key(|one| Reverse(one.severity()));
        all.truncate(MOST_RESULTS);
    }
    let has_baseline = outcome.baseline.is_some();
    let results: Vec<sarif::Result> = all
        .into_iter()
        .map(|one| match one {
            Found::Now(finding) => {
                let state = has_baseline.then_some("new");
                result(outcome, finding, &ids, state, None)
            }
            Found::Known(finding) => result(outcome, finding, &ids, Some("unchanged"), None),
            Found::Suppressed(one) => {
                let state = has_baseline.then_some("new");
                result(outcome, &one.finding, &ids, state, Some(one))
            }
            Found::Absent(one) => absent(one, &ids),
        })
        .collect();
    let root = json!({ "description": { "text": "The top of the repository, or the working directory outside of one." } });
    let sarif = json!({
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [{
            "tool": { "driver": driver(run) },
            "invocations": [invocation(outcome, run, left_out)],
            "originalUriBaseIds": { uri::ROOT: root },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    pretty(&sarif, out)
}

fn driver(run: &Run<'_>) -> sarif::ToolComponent {
    let rules: Vec<_> = run.rules.iter().map(|rule| descriptor(rule)).collect();
    sarif::ToolComponent::builder()
        .name(run.tool.name)
        .version(run.tool.version)
        .semantic_version(run.tool.version)
        .rules(rules)
        .build()
}

/// A rule, with its page for whoever reads the result where there is no repository of ours.
fn descriptor(rule: &RuleMeta) -> sarif::ReportingDescriptor {
    let text = |text: &str| sarif::MultiformatMessageString::builder().text(text).build();
    let configuration = serde_json::from_value(json!({ "level": level(rule.severity) })).ok();
    let problem = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Pedantic => "recommendation",
    };
    let properties = json!({
        "tags": [rule.group.name(), "nginx", "websocket"],
        "precision": "high",
        "problem.severity": problem,
    });
    let help = sarif::MultiformatMessageString::builder()
        .text(format!("{}. `nginx-ws-lint explain {}` prints the page of the rule.", rule.summary, rule.name))
        .markdown(if rule.docs.is_empty() { rule.summary } else { rule.docs })
        .build();
    let mut descriptor = sarif::ReportingDescriptor::builder()
        .id(rule.name)
        .short_description(text(rule.summary))
        .full_description(text(rule.summary))
        .help(help)
        .build();
    descriptor.properties = serde_json::from_value(properties).ok();
    descriptor.default_configuration = configuration;
    descriptor
}

/// The level of a severity, as SARIF calls it.
fn level(severity: Severity) -> Value {
    Value::from(match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Pedantic => "note",
    })
}

fn invocation(outcome: &Outcome, run: &Run<'_>, left_out: usize) -> Value {
    let mut notifications: Vec<Value> =
        outcome.notices.iter().map(|notice| notification(outcome, notice)).collect();
    if left_out > 0 {
        let message = format!(
            "{} left out, the mildest: readers of SARIF take {MOST_RESULTS} results",
            count(left_out, "result")
        );
        notifications.push(json!({ "level": "warning", "message": { "text": message } }));
    }
    json!({
        "executionSuccessful": !outcome.is_incomplete(),
        "exitCode": run.exit_code,
        "toolExecutionNotifications": notifications,
    })
}

fn notification(outcome: &Outcome, notice: &Notice) -> Value {
    let mut value = json!({
        "descriptor": { "id": notice.code.name() },
        "level": if notice.incomplete { "error" } else { "note" },
        "message": { "text": notice.message },
    });
    let at = match (notice.place, &notice.path) {
        (Some(place), _) => serde_json::to_value(location(outcome, place, None)).ok(),
        (None, Some(path)) => {
            Some(json!({ "physicalLocation": { "artifactLocation": uri::artifact(path) } }))
        }
        (None, None) => None,
    };
    if let Some((at, fields)) = at.zip(value.as_object_mut()) {
        fields.insert("locations".to_owned(), Value::Array(vec![at]));
    }
    value
}
