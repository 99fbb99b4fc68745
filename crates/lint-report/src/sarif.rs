//! SARIF 2.1.0, with all that a finding knows: why, fixes, suppressions and what a baseline says of it.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. What GitHub takes of a run is limited
//! (<https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support>): 25,000 results, 1,000
//! locations of a result, 10,000 of a thread flow. Paths are relative to `%SRCROOT%`, the top of the repository.

mod convert;
mod types;
mod uri;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use lint_finding::{BaselineRow, Finding, Notice, Outcome, RuleMeta, Severity, Suppressed};
use serde::{Serialize, Serializer};

use self::convert::{Ids, absent, in_file, level, location, result};
use self::types::Message;
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
    let known = outcome.baseline.iter();
    let mut found: Vec<Found<'_>> = outcome.findings.iter().map(Found::Now).collect();
    found.extend(known.clone().flat_map(|known| &known.unchanged).map(Found::Known));
    found.extend(outcome.suppressed.iter().map(Found::Suppressed));
    found.extend(known.flat_map(|known| &known.absent).map(Found::Absent));
    let left_out = found.len().saturating_sub(MOST_RESULTS);
    if left_out > 0 {
        found.sort_by_key(|one| Reverse(one.severity()));
        found.truncate(MOST_RESULTS);
    }
    let root = "The top of the repository, or the working directory outside of one.";
    let run = types::Run {
        tool: types::Tool { driver: driver(run) },
        invocations: [invocation(outcome, run, left_out)],
        original_uri_base_ids: BTreeMap::from([(
            uri::ROOT,
            types::BaseId { description: Message::new(root) },
        )]),
        column_kind: "unicodeCodePoints",
        results: Results { outcome, found, ids: Ids::new(run.rules) },
    };
    pretty(&types::Log { schema: SCHEMA, version: VERSION, runs: [run] }, out)
}

/// The results, made one at a time while they are written.
struct Results<'a> {
    outcome: &'a Outcome,
    found: Vec<Found<'a>>,
    ids: Ids,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { outcome, found, ids } = self;
        let new = outcome.baseline.is_some().then_some("new");
        serializer.collect_seq(found.iter().map(|one| match *one {
            Found::Now(finding) => result(outcome, finding, ids, new, None),
            Found::Known(finding) => result(outcome, finding, ids, Some("unchanged"), None),
            Found::Suppressed(one) => result(outcome, &one.finding, ids, new, Some(one)),
            Found::Absent(one) => absent(one, ids),
        }))
    }
}

fn driver<'a>(run: &Run<'a>) -> types::Driver<'a> {
    let ToolInfo { name, version, .. } = *run.tool;
    let rules = run.rules.iter().map(|rule| descriptor(rule)).collect();
    types::Driver { name, version, semantic_version: version, rules }
}

/// A rule, with its page for whoever reads the result where there is no repository of ours.
fn descriptor(rule: &'static RuleMeta) -> types::Descriptor {
    let RuleMeta { name, summary, docs, .. } = rule;
    types::Descriptor {
        id: name,
        short_description: Message::new(*summary),
        full_description: Message::new(*summary),
        default_configuration: types::Configuration { level: level(rule.severity) },
        help: types::Help {
            text: format!("{summary}. `nginx-ws-lint explain {name}` prints the page of the rule."),
            markdown: if docs.is_empty() { summary } else { docs },
        },
        properties: types::RuleProperties {
            tags: [rule.group.name(), "nginx", "websocket"],
            precision: "high",
            problem_severity: match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Pedantic => "recommendation",
            },
        },
    }
}

fn invocation<'a>(outcome: &'a Outcome, run: &Run<'_>, left_out: usize) -> types::Invocation<'a> {
    let mut notifications: Vec<types::Notification<'a>> =
        outcome.notices.iter().map(|notice| notification(outcome, notice)).collect();
    if left_out > 0 {
        let left_out = count(left_out, "result");
        let message =
            format!("{left_out} left out, the mildest: readers of SARIF take {MOST_RESULTS} results");
        notifications.push(types::Notification {
            descriptor: None,
            level: "warning",
            message: Message::new(message),
            locations: None,
        });
    }
    types::Invocation {
        execution_successful: !outcome.is_incomplete(),
        exit_code: run.exit_code,
        tool_execution_notifications: notifications,
    }
}

fn notification<'a>(outcome: &'a Outcome, notice: &'a Notice) -> types::Notification<'a> {
    let at = notice.place.map(|place| location(outcome, place, None));
    let at = at.or_else(|| notice.path.as_deref().map(in_file));
    types::Notification {
        descriptor: Some(types::DescriptorReference { id: notice.code.name() }),
        level: if notice.incomplete { "error" } else { "note" },
        message: Message::new(notice.message.as_str()),
        locations: at.map(|at| [at]),
    }
}
